--- What the C modules return where memory, the system or a library fails; run by spec/c/glue/main.c alone.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local curl = require "fnf.curl"
local failing = require "failing"
local found, redis = pcall(require, "fnf.redis")

local EMFILE, EAGAIN, EINVAL, ENOMEM = 24, 11, 22, 12
local MALLOC_FAILURE = 786688 -- ERR_R_MALLOC_FAILURE of OpenSSL 3
local OUT_OF_MEMORY = 27 -- CURLE_OUT_OF_MEMORY

--- nil, a status and words, whatever came before of them.
local function fails(status, words, ...)
  local result, got_status, got_words = ...
  assert.is_nil(result)
  assert.same({ status, words }, { got_status, got_words })
end

--- What holds after each: nothing fails any more, and all that was taken is given back.
local before
before_each(function()
  collectgarbage()
  collectgarbage()
  before = failing.in_use()
end)
after_each(function()
  failing.stop()
  collectgarbage()
  collectgarbage()
  assert.equal(before, failing.in_use())
end)

--- Let all allocations fail from the first, the second, ... on until none does. What came of it each time, by its
--- words, where it was not done all the same, and how often something failed.
local function each_allocation(act)
  local seen, n = {}, 0
  repeat
    n = n + 1
    failing.memory(n, true)
    local done, result, status, words = pcall(act)
    local failed = failing.stop()
    assert.is_true(done)
    if failed > 0 and not result then
      assert.equal("no memory", status)
      seen[words] = (seen[words] or 0) + 1
    end
  until failed == 0
  return seen, n - 1
end

describe("fnf.core", function()
  it("has no nonce where libcrypto has no bytes, and numbers all the same", function()
    for _ = 1, 200 do -- so that less than a nonce is left of what is in stock
      assert(core.nonce())
    end
    local failed = 0
    for reason, words in pairs { [1] = "libcrypto has no random bytes", [MALLOC_FAILURE] = "no memory for a nonce" } do
      failing.call("RAND_bytes", 1, reason, true)
      local nonce, status, message = true, nil, nil
      for _ = 1, 200 do
        if nonce then
          nonce, status, message = core.nonce()
        end
      end
      for _ = 1, 300 do
        local number = core.random()
        assert.is_true(number >= 0 and number < 1)
      end
      failed = failed + failing.stop()
      fails(reason == 1 and "crypto" or "no memory", words, nonce, status, message)
      assert.equal(32, #assert(core.nonce()))
    end
    assert.is_true(failed > 4)
  end)

  it("tells of a signer that cannot be made", function()
    failing.call("EVP_MD_fetch", 1, 1, true)
    fails("unsupported", "libcrypto lacks the algorithm", core.signer("HMAC-SHA1", "id", "secret"))
    assert.is_true(failing.stop() > 0)
    failing.call("libcrypto", 2, 1, true)
    fails("crypto", "libcrypto failed", core.signer("HMAC-SHA1", "id", "secret"))
    assert.is_true(failing.stop() > 0)
    local seen = each_allocation(function() return core.signer("HMAC-SHA1", "id", "secret") end)
    assert.is_true(seen["no memory to sign with"] >= 2)
  end)

  it("tells of a signature that cannot be made, of each kind", function()
    local kinds = {
      plan = function(key) return key:plan("GET", "http://a/?", { "a", "b" }, { "c", "d" }) end,
      sign = function(key)
        local sign, status, words = key:plan("GET", "http://a/?", { "a", "b" }, { "c", "d" })
        if not sign then
          return nil, status, words
        end
        return sign {}
      end,
      hash = function(key) return key:hash "text" end,
      acs3 = function(key) return key:acs3("GET", { "a", "b" }, { "host", "a" }, "hash") end,
    }
    for name, act in pairs(kinds) do
      local seen, count = each_allocation(function()
        local key, status, words = core.signer("ACS3-HMAC-SHA256", "id", "secret")
        if not key then
          return nil, status, words
        end
        local first, second, third = act(key)
        key:close()
        return first, second, third
      end)
      assert.same({ ["no memory to sign with"] = count }, seen)
      assert.is_true(count > 3, name)
      local key = assert(core.signer("ACS3-HMAC-SHA256", "id", "secret"))
      failing.call("libcrypto", 1, 1, true)
      if name == "plan" then -- which signs nothing yet
        assert(act(key))
      else
        fails("crypto", "libcrypto failed", act(key))
      end
      failing.stop()
      assert(act(key))
      key:close()
    end
    failing.memory(1, true)
    fails("no memory", "no memory to sign with", core.encode { "a", "b" })
  end)

  it("tells of a program that cannot be started", function()
    failing.memory(1)
    fails("no memory", "no memory for its output", core.process({ "true" }, 10))
    failing.call("pipe", 1, EMFILE)
    fails("system", "Too many open files", core.process({ "true" }, 10))
    failing.stop()
    failing.call("posix_spawnattr_init", 1, ENOMEM)
    fails("no memory", "Cannot allocate memory", core.process({ "true" }, 10))
  end)

  it("tells of a program that another has reaped", function()
    local process = assert(core.process({ "true" }, 10))
    failing.call("waitpid", 1, 10) -- ECHILD
    local ended, status, words
    repeat
      ended, status, words = process:look()
    until ended ~= false
    fails("system", "this program reaps its children itself, so how it ended is unknown", ended, status, words)
    process:close()
  end)
end)

describe("fnf.curl", function()
  local request = { method = "GET", url = "http://127.0.0.1:1/", timeout = 1, connect_timeout = 1 }

  it("has no pool without libcurl, or without memory", function()
    failing.call("pthread_mutex_lock", 1, EINVAL)
    fails("unsupported", "libcurl could not be set up", curl.pool())
    failing.stop()
    local seen = each_allocation(function() return curl.pool { ca_file = "ca.pem" } end)
    assert.is_true(seen["no memory for connections"] >= 2)
  end)

  it("begins nothing that libcurl does not take", function()
    local pool = assert(curl.pool { no_proxy = "*" })
    failing.call("curl_easy_setopt", 1, OUT_OF_MEMORY)
    fails("no memory", "no memory for a transfer", pool:start(request))
    failing.call("curl_easy_setopt", 1, 48) -- CURLE_UNKNOWN_OPTION
    fails("unsupported", "libcurl cannot do what is asked of it", pool:exchange(request, 0))
    assert.equal(0, pool:in_flight())
    assert(pool:start(request))
    pool:close()
  end)

  it("finds no address without memory", function()
    failing.call("getaddrinfo", 1, -10) -- EAI_MEMORY of glibc
    local addresses, status, words = curl.resolve "127.0.0.1"
    assert.same({ "nil", "no memory", "string" }, { tostring(addresses), status, type(words) })
    failing.stop()
    assert.same({ "127.0.0.1" }, curl.resolve "127.0.0.1")
  end)
end)

describe("fnf.redis", function()
  if not found then
    return pending "fnf.redis is not linked in: it needs hiredis"
  end
  local server, address

  setup(function()
    server = assert(io.popen "build/c/server") -- which speaks HTTP, and so answers nothing that Redis would
    address = { host = "127.0.0.1", port = tonumber(server:read "*l"), timeout = 10 }
  end)
  teardown(function()
    server:close()
  end)

  it("cannot connect without memory, or where no time can be set", function()
    failing.call("redisConnectWithTimeout", 1, 0)
    fails("no memory", "no connection to Redis", redis.connect(address))
    failing.call("redisSetTimeout", 1, 0)
    fails("network", "no connection to Redis", redis.connect(address))
    assert.equal(2, failing.stop())
  end)

  it("closes a connection whose answer is none, and goes on where SIGPIPE cannot be kept away", function()
    local connection = assert(redis.connect(address))
    failing.call("pthread_sigmask", 1, EAGAIN)
    local reply, status, words = connection:command "GET / HTTP/1.1\r\n\r\n"
    assert.equal(1, failing.stop())
    assert.same({ "nil", "protocol" }, { tostring(reply), status })
    assert.matches("Protocol error", words)
    fails("network", "the connection is closed", connection:command "PING")
    connection:close()
    connection:close()
  end)

  it("says what keeps a command from leaving, or its answer from coming", function()
    local connection = assert(redis.connect(address))
    failing.call("redisAppendCommandArgv", 1, 0)
    fails("no memory", "no command", connection:command "PING")
    failing.stop()
    connection = assert(redis.connect(address))
    failing.call("redisBufferRead", 1, 0)
    fails("network", "the server has gone", connection:command "PING")
  end)

  it("sends a command in pieces, for as long as one may take", function()
    local connection = assert(redis.connect(address))
    failing.call("redisBufferWrite", 1, 0)
    local _, status = connection:command "GET / HTTP/1.1\r\n\r\n"
    assert.same({ 1, "protocol" }, { failing.stop(), status })
    connection = assert(redis.connect(address))
    failing.call("redisBufferWrite", 1, 0)
    failing.call("clock_gettime", 2, 3600) -- an hour passes
    _, status = connection:command "PING"
    assert.same({ 2, "timeout" }, { failing.stop(), status })
  end)

  it("leaves a connection to the process that made it", function()
    local connection = assert(redis.connect(address))
    assert.is_true(failing.fork(function()
      local reply, status, words = connection:command "PING"
      return not connection:is_open() and reply == nil and status == "network" and words == "the connection is closed"
    end))
    assert.is_true(failing.fork(function()
      return not connection:is_open()
    end))
    local _, status = connection:command "GET / HTTP/1.1\r\n\r\n"
    assert.equal("protocol", status)
    connection:close()
  end)

  it("speaks no TLS to what speaks none", function()
    local connection, status, words = redis.connect { host = address.host, port = address.port, timeout = 10,
      tls = true }
    assert.is_nil(connection)
    assert.is_true(status == "unsupported" or status == "tls", status)
    assert.is_string(words)
  end)
end)
