--- Module fnf.curl: the glue around the connection pool, against the loopback server of the C specs.
-- SPDX-License-Identifier: MIT

local curl = require "fnf.curl"

local function set_collector(name, value)
  if _VERSION == "Lua 5.5" then
    return collectgarbage("param", name, value)
  end
  return collectgarbage("set" .. name, value)
end

local function raises(pattern, call)
  local done, message = pcall(call)
  assert.is_false(done)
  assert.matches(pattern, message)
end

describe("a pool", function()
  local server, base, pool

  setup(function()
    server = assert(io.popen("build/c/server"))
    base = "http://127.0.0.1:" .. assert(server:read("*l"), "build/c/server is missing: make build/c/server")
  end)

  teardown(function()
    server:close()
  end)

  before_each(function()
    pool = assert(curl.pool { no_proxy = "*" })
  end)

  after_each(function()
    pool:close()
  end)

  local function request(path, more)
    local made = { method = "GET", url = base .. path, timeout = 20, connect_timeout = 10 }
    for key, value in pairs(more or {}) do
      made[key] = value
    end
    return made
  end

  --- The answer to a request, as pool:take gives it, without the id.
  local function exchange(path, more)
    local id = assert(pool:start(request(path, more)))
    local function answer(ended, ...)
      assert.equal(id, ended)
      return ...
    end
    while pool:in_flight() > 0 do
      pool:wait(1)
    end
    return answer(pool:take())
  end

  it("brings status, header lines and body", function()
    local status, headers, body = exchange("/nul")
    assert.equal(200, status)
    assert.equal("Server: spec\r\nContent-Length: 4\r\n", headers)
    assert.equal("a\0b\0", body)
    assert.equal("200", tostring(status))
  end)

  it("sends method, headers and body", function()
    local _, _, echo = exchange("/echo", { method = "PUT", body = "a\0b", headers = { ["x-acs-date"] = "today" } })
    assert.matches("^PUT /echo HTTP/1%.1\r\n", echo)
    assert.matches("\r\nx%-acs%-date: today\r\n", echo)
    assert.equal("a\0b", echo:sub(-3))
  end)

  it("tells a failure by its name, in words, and whether it was sent", function()
    local status, name, message, sent = exchange("/empty")
    assert.is_nil(status)
    assert.equal("network", name)
    assert.is_true(#message > 0)
    assert.is_true(sent)
    status, name, message, sent = exchange("", { url = "http://127.0.0.1:1/" })
    assert.same({ "network", false }, { name, sent })
    assert.is_nil(status)
    assert.is_true(#message > 0)
  end)

  it("tells the times of the transfer that was taken last, until another begins in its place", function()
    assert.equal(0, select("#", pool:times()))
    assert.equal(200, (exchange "/echo"))
    local name, connect, tls, first_byte, total = pool:times()
    assert.is_true(0 < connect and name <= connect and connect <= first_byte and first_byte <= total, total)
    assert.equal(0, tls)
    local id = assert(pool:start(request "/echo"))
    assert.equal(0, select("#", pool:times()))
    pool:cancel(id)
    assert.equal(0, select("#", pool:times()))
  end)

  it("gives one nil when nothing has ended", function()
    assert.equal(1, select("#", pool:take()))
    assert.is_nil((pool:take()))
    pool:wait(0)
    assert.equal(0, pool:in_flight())
  end)

  it("cancels, and shrugs at numbers it never gave out", function()
    local id = pool:start(request("/hang"))
    for _, odd in ipairs { 0, -1, 1e300, -1e300, math.huge, 0 / 0, id + 1, id + 65536 } do
      pool:cancel(odd)
    end
    assert.equal(1, pool:in_flight())
    pool:cancel(id)
    assert.equal(0, pool:in_flight())
  end)

  it("refuses requests that are none, naming what is wrong", function()
    raises("bad argument #1 to 'start'", function() pool:start() end)
    local urlless = { method = "GET", timeout = 1, connect_timeout = 1 }
    raises("bad argument #1 to 'start' %(method and url", function() pool:start(urlless) end)
    for field, odd in pairs { method = 5, url = {}, body = 5, headers = "a: b", timeout = "1", connect_timeout = {} } do
      local made = request("/", { [field] = odd })
      raises("bad argument #1 to 'start' %(" .. field .. ":", function() pool:start(made) end)
    end
    raises("timeout: seconds expected", function() pool:start { method = "GET", url = base, connect_timeout = 1 } end)
    raises("headers: at most 31", function() pool:start(request("/", { headers = { "list" } })) end)
    raises("headers: at most 31", function() pool:start(request("/", { headers = { x = 5 } })) end)
    assert.equal(0, pool:in_flight())
  end)

  it("takes 31 headers and refuses 32", function()
    local headers = {}
    for i = 1, 31 do
      headers["x-" .. i] = "v"
    end
    assert.equal(200, (exchange("/echo", { headers = headers })))
    headers["x-32"] = "v"
    raises("headers: at most 31", function() pool:start(request("/", { headers = headers })) end)
  end)

  it("returns control characters as bad input", function()
    for _, odd in ipairs { { url = base .. "/a b" }, { method = "GE\r\nT" }, { headers = { x = "a\nb" } },
      { headers = { ["x\r\ny"] = "z" } }, { url = base .. "/\0" } } do
      local id, name, message = pool:start(request("/", odd))
      assert.is_nil(id)
      assert.equal("bad input", name)
      assert.matches("control character", message)
    end
  end)

  it("takes a span of time that is none for the shortest", function()
    for _, odd in ipairs { 0, -1, 0 / 0, -math.huge } do
      local _, name = exchange("/hang", { timeout = odd })
      assert.equal("timeout", name)
    end
    assert.equal(200, (exchange("/count", { timeout = math.huge, connect_timeout = math.huge })))
  end)

  it("refuses to wait for no span of time", function()
    for _, odd in ipairs { -1, 0 / 0, "x" } do
      raises("bad argument #1 to 'wait'", function() pool:wait(odd) end)
    end
  end)

  it("raises once it is closed, and may be closed again with transfers in flight", function()
    pool:start(request("/hang"))
    pool:wait(0)
    pool:close()
    pool:close()
    for _, method in ipairs { "start", "wait", "take", "cancel", "in_flight" } do
      raises("pool is closed", function() pool[method](pool, 1) end)
    end
  end)

  it("hides its metatable and refuses another object as itself", function()
    assert.equal("locked", getmetatable(pool))
    for _, other in ipairs { io.stdout, {}, "text" } do
      assert.is_false(pcall(pool.take, other))
    end
  end)

  it("survives a collector that never rests", function()
    local pause, mul = set_collector("pause", 1), set_collector("stepmul", 10000)
    for i = 1, 15 do
      local other = assert(curl.pool { user_agent = "agent " .. i, no_proxy = "*" })
      other:start(request("/hang"))
      local _, _, echo = exchange("/echo", { headers = { ["x-" .. i] = "v" .. i }, method = "POST", body = "b" .. i })
      assert.matches("\r\nx%-" .. i .. ": v" .. i .. "\r\n", echo)
      assert.matches("b" .. i .. "$", echo)
    end
    set_collector("pause", pause)
    set_collector("stepmul", mul)
    collectgarbage()
  end)
end)

describe("curl.pool", function()
  it("refuses options of another kind", function()
    raises("bad argument #1 to 'pool'", function() curl.pool("x") end)
    for _, name in ipairs { "ca_file", "cert_file", "key_file", "proxy", "no_proxy", "user_agent" } do
      raises(name .. ": string expected", function() curl.pool { [name] = 5 } end)
      raises(name .. ": a NUL byte", function() curl.pool { [name] = "a\0b" } end)
    end
    for _, odd in ipairs { 0, -1, "x", 0 / 0 } do
      raises("max_connections: at least 1", function() curl.pool { max_connections = odd } end)
    end
  end)

  it("makes a pool of nothing but defaults", function()
    local pool = assert(curl.pool())
    assert.equal(0, pool:in_flight())
    pool:close()
  end)
end)
