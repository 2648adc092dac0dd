--- Faults that change the way it goes: connections, time, and whether the operation was carried out.
-- SPDX-License-Identifier: MIT
local asker = require "spec.support.signed_requests"
local cjson = require "cjson"
local core = require "fnf.core"

describe("a fault of the emulator", function()
  local emulator, client, secure, run

  setup(function()
    emulator = assert(require("fnf.emulator").start())
  end)

  teardown(function() emulator:stop() end)

  -- Fresh connections: libcurl by itself sends again what is lost on one that it had used before.
  before_each(function()
    client, secure = asker.new(emulator), asker.new(emulator, { https = true })
    emulator:reset()
    emulator:clock { freeze = true, advance = 5 }
    run = emulator:map_run { FlowName = "f", ExecutionName = "e" }
  end)

  after_each(function()
    assert.equal("", emulator:error_log())
    assert.equal(1, emulator:fault().waiting)
    client:close()
    secure:close()
  end)

  local function request()
    return { action = "DescribeMapRun",
      query = { FlowName = "f", ExecutionName = "e", MapRunName = run.MapRunName } }
  end

  local function wire()
    return asker.wire(client:prepare(request()))
  end

  local function head_and_body(text)
    return text:match "^(.-\r\n)\r\n(.*)$"
  end

  local function timed(ask)
    local started = core.now()
    local status, second = ask()
    return core.now() - started, status, second
  end

  -- What an update does to the settings tells whether it was carried out.
  local function update()
    local asked = request()
    asked.action, asked.query.Concurrency = "UpdateMapRun", "77"
    return client:ask(asked)
  end

  local function was_carried_out()
    local _, look = client:describe(run)
    return look.Concurrency == 77
  end

  describe("on the connection", function()
    it("can reset it before any byte", function()
      emulator:fault { kind = "reset", times = 3 }
      assert.matches("^cat: .*reset by peer", wire())
      assert.equal("network", select(2, client:send(client:prepare(request()))))
      assert.equal("network", select(2, secure:send(secure:prepare(request()))))
      local log = emulator:requests()
      assert.same({ nil, "reset" }, { log.requests[1].status, log.requests[1].fault })
      assert.same({ reset = 3 }, log.answers.DescribeMapRun)
    end)

    it("can close it before any byte", function()
      emulator:fault { kind = "close", times = 3 }
      assert.equal("", wire())
      assert.equal("network", select(2, client:send(client:prepare(request()))))
      assert.equal("network", select(2, secure:send(secure:prepare(request()))))
    end)

    it("can cut the body short of its length", function()
      emulator:fault { kind = "cut", times = 3 }
      local head, body = head_and_body(wire())
      assert.equal(math.floor(tonumber(head:match "Content%-Length: (%d+)") / 2), #body)
      for _, asking in ipairs { client, secure } do
        local status, name = asking:send(asking:prepare(request()))
        assert.is_nil(status)
        assert.is_true(name == "network" or name == "protocol", name)
      end
    end)

    it("can send more than the length says", function()
      emulator:fault { kind = "wrong_length" }
      local head, body = head_and_body(wire())
      assert.equal(10, #body - tonumber(head:match "Content%-Length: (%d+)"))
    end)

    it("can spoil the status line", function()
      emulator:fault { kind = "bad_status_line", times = 2 }
      assert.matches("^HTTP/1.1 OK\r\n", wire())
      assert.is_nil((client:send(client:prepare(request()))))
    end)

    it("can send chunks with an extension and a trailer, which are legal", function()
      emulator:fault { kind = "trailers", times = 2 }
      local _, body = head_and_body(wire())
      assert.matches("^%x+;extension=1\r\n{.*}\r\n0\r\nX%-Fnf%-Trailer: end\r\n\r\n$", body)
      local status, object = client:describe(run)
      assert.same({ 200, run.MapRunName }, { status, object.MapRunName })
    end)

    it("is a reset where HTTP/2 knows no such thing, and says so in the log", function()
      for _, kind in ipairs { "trailers", "bad_status_line" } do
        emulator:fault { kind = kind }
        assert.is_nil((secure:send(secure:prepare(request()))))
        local log = emulator:requests().requests
        assert.equal("not possible in HTTP/2", log[#log].note)
      end
    end)
  end)

  describe("in time", function()
    it("can hold any answer back", function()
      emulator:fault { kind = "delay", delay = 0.3 }
      local seconds, status = timed(function() return client:describe(run) end)
      assert.is_true(seconds >= 0.3 and status == 200)
      emulator:fault { status = 429, delay = 0.3 }
      seconds, status = timed(function() return client:describe(run) end)
      assert.is_true(seconds >= 0.3 and status == 429)
    end)

    it("does not hold up others meanwhile", function()
      emulator:fault { kind = "delay", delay = 30 }
      local prepared = client:prepare(request())
      prepared.timeout = 0.2
      assert.equal("timeout", select(2, client:send(prepared)))
      local seconds, status = timed(function() return client:describe(run) end)
      assert.is_true(seconds < 20 and status == 200)
    end)

    it("can stall in the middle of the body", function()
      emulator:fault { kind = "stall", seconds = 0.3 }
      local seconds, status, object = timed(function() return client:describe(run) end)
      assert.is_true(seconds >= 0.3)
      assert.same({ 200, run.MapRunName }, { status, object.MapRunName })
    end)

    it("can skew the service's clock for its request alone", function()
      emulator:fault { kind = "skew", seconds = -3600 }
      local status, object, headers = client:describe(run)
      assert.same({ 403, "RequestTimeTooSkewed" }, { status, object.Code })
      local _, _, after = client:describe(run)
      assert.is_true(headers.date ~= after.date)
      assert.equal(200, (client:describe(run)))
    end)
  end)

  describe("and the operation", function()
    it("is carried out where only the reply is lost", function()
      emulator:fault { kind = "drop_reply", action = "UpdateMapRun" }
      assert.is_nil((update()))
      assert.is_true(was_carried_out())
    end)

    it("is carried out where the reply is spoilt on its way", function()
      for _, kind in ipairs { "cut", "truncated", "gzip" } do
        emulator:reset()
        run = emulator:map_run { FlowName = "f", ExecutionName = "e", items = 1000 }
        emulator:fault { kind = kind }
        update()
        assert.is_true(was_carried_out(), kind)
      end
    end)

    it("is not carried out where something else answers", function()
      for _, kind in ipairs { "status", "html", "empty", "redirect", "reset", "close", "huge" } do
        emulator:fault { kind = kind }
        update()
        assert.is_false(was_carried_out(), kind)
      end
    end)

    it("is refused first if the request is signed wrongly", function()
      emulator:fault { kind = "html" }
      local status, object = client:describe(run, { secret = "wrong" })
      assert.same({ 403, "SignatureNotMatch" }, { status, object.Code })
    end)
  end)

  it("uses up the nonce, so that a copy of the request is found out", function()
    emulator:fault { status = 500 }
    local prepared = client:prepare(request())
    assert.equal(500, (client:send(prepared)))
    local status, _, text = client:send(prepared)
    assert.same({ 400, "SignatureNonceUsed" }, { status, cjson.decode(text).Code })
  end)

  it("strikes its operation after as many requests as it says", function()
    emulator:fault { status = 429, action = "DescribeMapRun", after = 1, times = 2 }
    local seen = { (update()) }
    for _ = 1, 4 do
      seen[#seen + 1] = client:describe(run)
    end
    assert.same({ 200, 200, 429, 429, 200 }, seen)
  end)
end)
