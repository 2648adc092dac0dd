--- The platform outside nginx: clocks, sleep, files, and HTTP by libcurl.
-- SPDX-License-Identifier: MIT

local plain = require "fnf.platform.plain"

local function listen()
  local server = assert(io.popen("build/c/server"))
  return server, "http://127.0.0.1:" .. assert(server:read("*l"), "build/c/server is missing: make build/c/server")
end

local function request(url, fields)
  local made = { method = "GET", url = url, headers = {}, timeout = 10, connect_timeout = 5 }
  for name, value in pairs(fields or {}) do
    made[name] = value
  end
  return made
end

describe("the platform", function()
  local platform

  before_each(function()
    platform = plain.new { no_proxy = "*" }
  end)

  after_each(function()
    platform.close()
  end)

  it("sleeps as long as it is told", function()
    local started = platform.now()
    assert.is_true(platform.sleep(0.03))
    local took = platform.now() - started
    assert.is_true(took >= 0.03 and took < 1)
    assert.is_true(platform.sleep(0))
  end)

  it("sleeps no longer than until it is cancelled, and asks before it sleeps", function()
    local started, asked = platform.now(), 0
    assert.is_false(platform.sleep(60, function()
      asked = asked + 1
      return asked > 2
    end))
    assert.is_true(platform.now() - started < 2)
    assert.is_false(platform.sleep(60, function()
      return true
    end))
  end)

  it("takes for certificates only what is a file with something in it", function()
    local fnf = require "fnf"
    local path = os.tmpname()
    local function problem()
      local _, reason = pcall(fnf.new, { region = "x", ca_file = path })
      return reason
    end
    assert.matches("cannot read " .. path, problem(), 1, true)
    local file = assert(io.open(path, "w"))
    file:write("x")
    file:close()
    assert(fnf.new { region = "x", ca_file = path }):close()
    os.remove(path)
    for _, gone in ipairs { path, "/", "lua" } do
      path = gone
      assert.matches("cannot read " .. path, problem(), 1, true)
    end
  end)

  it("may be closed twice, and used again", function()
    platform.close()
    platform.close()
    assert.is_true(platform.now() > 0)
  end)

  it("says of a port where nobody listens that nothing was sent, and that it may pass", function()
    local server, base = listen()
    server:close()
    local answer, err = platform.send(request(base .. "/?Signature=Secret"))
    assert.is_nil(answer)
    assert.same({ "network", true, false }, { err.kind, err.retryable, err.sent })
    assert.is_nil(tostring(err):find("Secret", 1, true))
  end)

  it("says why it cannot send at all", function()
    local curl = require "fnf.curl"
    local pool = curl.pool
    function curl.pool()
      return nil, "no memory", "no memory for a pool"
    end
    local answer, err = platform.send(request "http://127.0.0.1:1/")
    curl.pool = pool
    assert.same({ nil, "memory", false }, { answer, err.kind, err.sent })
  end)

  it("says of an impossible request that it will not pass, without sending it", function()
    local answer, err = platform.send(request("http://127.0.0.1:1/\n"))
    assert.is_nil(answer)
    assert.same({ false, false }, { err.retryable, err.sent })
  end)

  it("never tells the password of a proxy", function()
    for _, proxy in ipairs { "http://user:Secret@127.0.0.1:1", "http://user:Secret@no.such.host.invalid:3128",
      "user:Secret@", "http://user:p@s/Secret@h:1", "bad://user:Secret@h" } do
      local proxied = plain.new { proxy = proxy }
      local answer, err = proxied.send(request("http://127.0.0.2:1/", { timeout = 5 }))
      proxied.close()
      assert.is_nil(answer)
      assert.is_nil(tostring(err):find("Secret", 1, true), tostring(err))
    end
  end)
end)

describe("an exchange", function()
  local server, base, platform

  setup(function()
    server, base = listen()
    platform = plain.new { no_proxy = "*" }
  end)

  teardown(function()
    platform.close()
    server:close()
  end)

  it("brings status, header lines and body", function()
    local answer = assert(platform.send(request(base .. "/nul")))
    assert.same({ 200, "a\0b\0" }, { answer.status, answer.body })
    assert.is_truthy(answer.headers:find("Server: spec\r\n", 1, true))
  end)

  it("brings each its own where one blocks in a coroutine of its task's", function()
    local results = assert(platform.gather {
      function() return assert(platform.send(request(base .. "/nul"))).status end,
      function()
        return coroutine.wrap(function()
          local _, err = platform.send(request(base .. "/hang", { timeout = 0.3 }))
          return err.kind
        end)()
      end,
    })
    assert.same({ 200, "timeout" }, results)
  end)

  local ROWS = {
    { "/hang", { timeout = 0.2 }, "timeout", true },
    { "/empty", {}, "network", true },
    { "/reset", {}, "network", true },
  }
  for _, row in ipairs(ROWS) do
    it(("that fails at %s is of kind %s, was sent, and may pass"):format(row[1], row[3]), function()
      local answer, err = platform.send(request(base .. row[1], row[2]))
      assert.is_nil(answer)
      assert.same({ row[3], row[4], true }, { err.kind, err.retryable, err.sent ~= false })
    end)
  end

  it("12.1: that begins with a folded line ends so, on a used connection too, and the process goes on", function()
    for _ = 1, 3 do
      assert(platform.send(request(base .. "/headers/1000")))
      local answer, err = platform.send(request(base .. "/folded-first"))
      assert.is_nil(answer)
      assert.equal("protocol", err.kind)
    end
  end)

  it("12.2: is not answered by what came over a connection that idled", function()
    for _ = 1, 3 do
      assert.equal("good", assert(platform.send(request(base .. "/twofold"))).body)
      local answer = assert(platform.send(request(base .. "/echo", { method = "POST", body = "mine" })))
      assert.matches("mine$", answer.body)
    end
  end)

  it("12.5: whose answer was cut or can be read in two ways is of kind protocol, and may pass", function()
    for _, path in ipairs { "/cut-head/5", "/cut-head/17", "/cut-head/40", "/cut-chunked", "/cut/1000" } do
      local answer, err = platform.send(request(base .. path))
      assert.is_nil(answer)
      assert.same({ path, "protocol", true }, { path, err.kind, err.retryable })
    end
  end)

  it("12.7: that a proxy refuses with 407 will not pass, and was not sent", function()
    local proxied = plain.new { proxy = base:gsub("//", "//user:Secret@") }
    for _, url in ipairs { "https://fnf.invalid/echo", "http://fnf.invalid/status/407" } do
      local answer, err = proxied.send(request(url))
      assert.is_nil(answer)
      assert.same({ "network", false, false }, { err.kind, err.retryable, err.sent })
      assert.matches("407", err.message, 1, true)
      assert.is_nil(tostring(err):find("Secret", 1, true))
    end
    proxied.close()
  end)

  it("ends soon after it is cancelled, and leaves the platform fit for the next", function()
    local started = platform.now()
    local answer, err = platform.send(request(base .. "/hang"), function()
      return platform.now() - started > 0.1
    end)
    assert.is_nil(answer)
    assert.equal("cancelled", err.kind)
    assert.is_true(platform.now() - started < 2)
    assert.equal(200, assert(platform.send(request(base .. "/nul"))).status)
  end)
end)
