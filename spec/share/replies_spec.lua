--- Module fnf.redis: what a real Redis answers, as Lua has it.
-- SPDX-License-Identifier: MIT

local redis_server = require "spec.support.redis_server"

local missing = redis_server.missing()

describe("a connection to Redis", function()
  if missing then
    return pending(missing)
  end
  local redis = require "fnf.redis"
  local server, connection

  setup(function()
    server = redis_server.start()
    connection = assert(redis.connect { path = server.path, timeout = 10 })
  end)
  teardown(function()
    connection:close()
    server:stop()
  end)

  it("has a string, an integer, nothing, and lists of those for what a command answers", function()
    assert.equal("PONG", connection:command "PING")
    assert.equal("a\0b", connection:command("ECHO", "a\0b"))
    assert.equal(3, connection:command("RPUSH", "list", "1", "2", "3"))
    assert.is_false(connection:command("GET", "nobody"))
    assert.same({ "1", "2", "3" }, connection:command("LRANGE", "list", "0", "-1"))
    assert.same({}, connection:command("LRANGE", "nobody", "0", "-1"))
    assert.same({ 1, "two", false, false }, connection:command("EVAL", "return {1, 'two', false, {1}}", "0"))
    assert.same({ "a refusal in a list" },
      connection:command("EVAL", "return {redis.error_reply('a refusal in a list')}", "0"))
  end)

  it("stays usable after a refusal", function()
    local reply, status, words = connection:command "NOSUCHCOMMAND"
    assert.same({ "nil", "bad input" }, { tostring(reply), status })
    assert.matches("^ERR unknown command", words)
    assert.equal("PONG", connection:command "PING")
  end)

  it("survives a server that has ended the connection", function()
    local other = assert(redis.connect { path = server.path, timeout = 10 })
    assert.equal(1, connection:command("CLIENT", "KILL", "ID", tostring(other:command("CLIENT", "ID")):match "%d+"))
    local reply, status, words = other:command "PING" -- to a socket that is closed: SIGPIPE would end this process
    assert.same({ "nil", "network", "string" }, { tostring(reply), status, type(words) })
    other:close()
  end)

  it("knows that the server has ended it, before anything is sent", function()
    local other = assert(redis.connect { path = server.path, timeout = 10 })
    assert.is_true(other:is_open())
    local id = tostring(other:command("CLIENT", "ID")):match "%d+"
    assert.is_true(other:is_open())
    assert.equal(1, connection:command("CLIENT", "KILL", "ID", id))
    assert.is_true(redis_server.await(function() return not other:is_open() end))
    other:close()
    assert.is_false(other:is_open())
  end)

  it("raises misuse and sends nothing of it", function()
    for _, words in ipairs { {}, { 1 }, { "ECHO", true } } do
      assert.is_false(pcall(connection.command, connection, words[1], words[2]))
    end
    assert.is_false(pcall(connection.command, connection))
    assert.equal("PONG", connection:command "PING")
  end)
end)

describe("a connection to what answers as no Redis does", function()
  if missing then
    return pending(missing)
  end
  local redis = require "fnf.redis"
  local core = require "fnf.core"
  local server, port

  setup(function()
    server = assert(io.popen "build/c/server")
    local line = assert(server:read "*l", "build/c/server is missing: make build/c/server")
    port = tonumber(line)
  end)
  teardown(function()
    server:close()
  end)

  --- A connection, and what it gets for a command with this path in it.
  local function ask(path, timeout)
    local connection = assert(redis.connect { host = "127.0.0.1", port = port, timeout = timeout or 10 })
    local reply, status, words = connection:command(("GET %s HTTP/1.1\r\n\r\n"):format(path))
    return connection, reply, status, words
  end

  local function is_closed(connection)
    local reply, status, words = connection:command "PING"
    assert.same({ "nil", "network", "the connection is closed" }, { tostring(reply), status, words })
  end

  it("16: waits no longer for an answer that drips than for one that is late", function()
    local began = core.now()
    local connection, reply, status, words = ask("/redis-drip", 0.3)
    assert.same({ "nil", "timeout", "no whole answer in time" }, { tostring(reply), status, words })
    assert.is_true(core.now() - began < 5) -- it would go on for ever
    is_closed(connection)
  end)

  for _, path in ipairs { "/redis-list/65537", "/redis-list/1000000000", "/redis-list/2147483647",
    "/redis-endless/3000000", "/redis-many/3000" } do
    it("16: makes no room for what is too long: " .. path, function()
      local connection, reply, status = ask(path)
      assert.same({ "nil", "too big" }, { tostring(reply), status })
      is_closed(connection)
    end)
  end

  it("16: takes an answer that nobody asked for as none to the next command", function()
    local connection, reply = ask "/redis-twice"
    assert.equal("one", reply)
    local second, status, words = connection:command "PING"
    assert.same({ "nil", "protocol", "an answer that nobody asked for" }, { tostring(second), status, words })
    is_closed(connection)
  end)
end)
