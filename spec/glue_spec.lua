--- What the C modules refuse of a caller, by the words that they raise; nothing of it may be done in part.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local curl = require "fnf.curl"
local found, redis = pcall(require, "fnf.redis")

local function signer()
  return assert(core.signer("HMAC-SHA1", "id", "secret"))
end

local function closed(object)
  object:close()
  return object
end

local function open_pool(options)
  return assert(curl.pool(options))
end

local function request_of(more)
  local request = { method = "GET", url = "http://127.0.0.1:1/", timeout = 1, connect_timeout = 1 }
  for name, value in pairs(more) do
    request[name] = value ~= "" and value or nil
  end
  return request
end

local function many(count, value)
  local list = {}
  for index = 1, count do
    list[index] = index % 2 == 1 and "a" or value
  end
  return list
end

--- Each raises what its name says.
local core_calls = {
  ["seconds from 0 to 86400 expected"] = {
    function() core.sleep(-1) end,
    function() core.sleep(86401) end,
    function() core.sleep(0 / 0) end,
  },
  ["bytes from 0 to 16 MiB expected"] = {
    function() core.read("/dev/null", -1) end,
    function() core.process({ "true" }, 16 * 1024 * 1024 + 1) end,
  },
  ["a path with a NUL byte"] = { function() core.read("/dev/null\0", 1) end },
  ["1 to 1024 words expected"] = {
    function() core.process({}, 1) end,
    function() core.process(many(1025, "a"), 1) end,
  },
  ["not an array of strings"] = {
    function() core.process({ "true", 1 }, 1) end,
    function() core.encode { "a", 1 } end,
    function() signer():plan("GET", "http://a/?", { 1, "a" }) end,
    function() signer():plan("GET", "http://a/?", { "a", 1 }) end,
  },
  ["a word with a NUL byte"] = { function() core.process({ "true", "a\0" }, 1) end },
  ["process is closed"] = {
    function() closed(assert(core.process({ "true" }, 10))):look() end,
  },
  ["unknown algorithm"] = { function() core.signer("HMAC-MD5", "id", "secret") end },
  ["signer is closed"] = {
    function() closed(signer()):hash "" end,
    function() closed(signer()):plan("GET", "http://a/?", {}) end,
    function() closed(signer()):acs3("GET", {}, {}, "") end,
    function()
      local key = signer()
      local sign = key:plan("GET", "http://a/?", {})
      key:close()
      sign {}
    end,
  },
  ["a value is missing"] = {
    function() core.encode { "a" } end,
    function() signer():acs3("GET", {}, { "a", "b", "c" }, "") end,
  },
  ["too many values that come later"] = {
    function() signer():plan("GET", "http://a/?", many(2 * 65536, false)) end,
  },
  ["a set expected"] = {
    function() core.normalize({}, 1) end,
    function() core.normalize({}, nil, 1) end,
    function() core.normalize({}, {}, true) end,
  },
}

local curl_calls = {
  ["pool is closed"] = {
    function() closed(open_pool()):take() end,
    function() open_pool():wait(0, closed(open_pool())) end,
  },
  ["max_connections: at least 1 expected"] = {
    function() curl.pool { max_connections = 0 } end,
    function() curl.pool { max_connections = "many" } end,
  },
  ["ca_file: a NUL byte"] = { function() curl.pool { ca_file = "a\0" } end },
  ["headers: table expected"] = { function() open_pool():start(request_of { headers = "a: b" }) end },
  ["method and url expected"] = {
    function() open_pool():start(request_of { method = "" }) end,
    function() open_pool():start(request_of { url = "" }) end,
  },
  ["timeout: seconds expected"] = { function() open_pool():start(request_of { timeout = "1" }) end },
  ["seconds expected"] = {
    function() open_pool():wait(-1) end,
    function() open_pool():wait(0 / 0) end,
    function() open_pool():exchange(request_of {}, -1) end,
  },
  ["a host's name expected"] = {
    function() curl.resolve "" end,
    function() curl.resolve(("a"):rep(256)) end,
    function() curl.resolve "127.0.0.1\0" end,
  },
}

local redis_calls = {
  ["timeout: seconds expected"] = {
    function() redis.connect { path = "/nowhere" } end,
    function() redis.connect { path = "/nowhere", timeout = 3601 } end,
  },
  ["a NUL byte"] = { function() redis.connect { path = "/nowhere\0", timeout = 1 } end },
  ["host or path expected"] = { function() redis.connect { timeout = 1 } end },
  ["port: 1 to 65535 expected"] = {
    function() redis.connect { host = "127.0.0.1", timeout = 1 } end,
    function() redis.connect { host = "127.0.0.1", port = 65536, timeout = 1 } end,
  },
  ["tls: a host expected, not a path"] = {
    function() redis.connect { path = "/nowhere", timeout = 1, tls = true } end,
  },
}

local function raises(calls)
  for message, each in pairs(calls) do
    it("raises: " .. message, function()
      for index, call in ipairs(each) do
        local done, raised = pcall(call)
        assert.is_false(done, message .. " " .. index)
        assert.is_truthy(tostring(raised):find(message, 1, true), index .. ": " .. tostring(raised))
      end
    end)
  end
end

describe("fnf.core", function()
  raises(core_calls)

  it("keeps no large text of a signature for the next one", function()
    local key = signer()
    local large = core.encode { "a", ("x"):rep(100000) }
    local sign = assert(key:plan("GET", "http://a/?", { "a", ("x"):rep(100000) }))
    local first = assert(sign {})
    assert.is_truthy(first:find(large, 1, true))
    assert.equal(first, sign {})
    key:close()
  end)
end)

describe("fnf.curl", function()
  raises(curl_calls)

  it("waits for others, for itself once, and for as long as an integer holds", function()
    local pool, other = open_pool { no_proxy = "*" }, open_pool { no_proxy = "*" }
    assert(other:start(request_of {}))
    pool:wait(1e9, pool, other)
    while other:in_flight() > 0 do
      pool:wait(1, pool, other)
    end
    local _, code, status = other:take()
    assert.is_nil(code)
    assert.equal("network", status)
    pool:close()
    other:close()
  end)

  it("exchanges, by as many connections as it may", function()
    local pool = open_pool { no_proxy = "*", max_connections = 2 }
    local id, taken, code, status, _, sent = pool:exchange(request_of {}, 10)
    assert.equal(id, taken)
    assert.same({ "nil", "network", false }, { tostring(code), status, sent })
    pool:close()
  end)

  it("says what it cannot begin", function()
    local pool = open_pool()
    local id, status, message = pool:start(request_of { body = ("x"):rep(16 * 1024 * 1024) })
    assert.same({ "nil", "too big" }, { tostring(id), status })
    assert.matches("a body of more than 16 MiB", message)
    id, status, message = pool:start(request_of { url = "http://127.0.0.1:1/ " })
    assert.same({ "nil", "bad input" }, { tostring(id), status })
    assert.matches("a control character or blank", message)
    assert.equal(0, pool:in_flight())
    pool:close()
  end)
end)

describe("fnf.redis", function()
  if not found then
    return pending "fnf.redis is not built: make redis"
  end
  raises(redis_calls)

  it("says that nobody listens", function()
    local connection, status, message = redis.connect { path = "/nowhere/redis.sock", timeout = 1 }
    assert.same({ "nil", "network" }, { tostring(connection), status })
    assert.is_string(message)
  end)
end)
