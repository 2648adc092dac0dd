--- Whose turn it is, by the scripts of a real Redis: tokens are put into the bucket by hand, and no time has to pass.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local fnf = require "fnf"
local redis_server = require "spec.support.redis_server"

local missing = redis_server.missing()
local ROW = { action = "Act" }
local SLOW = { rate = 0.001, burst = 5 } -- no token comes by itself while a spec runs

describe("permits in Redis", function()
  if missing then
    pending(missing)
    return
  end

  local redis

  setup(function()
    redis = redis_server.start()
  end)
  before_each(function()
    redis:cli("FLUSHALL")
  end)
  teardown(function()
    redis:stop()
  end)

  local function new_client()
    return fnf.new { endpoint = "http://127.0.0.1:1", access_key_id = "i", access_key_secret = "s",
      share = fnf.share.redis { url = redis.url, timeout = 5 }, transport = function(request)
        return { status = 200, headers = {}, body = ('{"RequestId":"r","Status":"Succeeded","MapRunName":"%s"}'):format(
          request.url:match("MapRunName=(%w+)")) }
      end }
  end

  local function new_limiter(quota)
    return new_client().share:rate_limiter(ROW, quota or SLOW)
  end

  local function key_of(name)
    return redis:cli("--raw KEYS '*" .. name .. "'")
  end

  --- Put so many tokens there; nothing more is waited for than that.
  local function fill(tokens)
    redis:cli(("HSET '%s' tokens %d"):format(key_of "permits:Act", tokens))
  end

  --- Ask at once, whatever pause was told.
  local function ask(limiter, permit)
    permit.ask_at = -math.huge
    return limiter:pause(permit, core.now()) == 0
  end

  it("go to the poll that is most late, whoever asked first", function()
    local now = core.now()
    local one, other = new_limiter(), new_limiter()
    local late, later, latest = one:take(now, now - 1), other:take(now, now - 5), one:take(now, now - 9)
    assert.is_true(ask(one, one:take(now, now)))
    fill(0)
    assert.same({ false, false, false }, { ask(one, late), ask(other, later), ask(one, latest) })
    fill(1)
    assert.same({ false, false, true }, { ask(one, late), ask(other, later), ask(one, latest) })
    assert.is_false(ask(other, later)) -- that was the only one
    fill(2)
    assert.same({ true, true }, { ask(one, late), ask(other, later) }) -- one is kept for who is later
  end)

  it("pass over who has left", function()
    local now = core.now()
    local one, other = new_limiter(), new_limiter()
    assert.is_true(ask(one, one:take(now)))
    fill(0)
    local late, later = one:take(now, now - 1), other:take(now, now - 5)
    assert.same({ false, false }, { ask(one, late), ask(other, later) })
    other:give_back(later)
    fill(1)
    assert.is_true(ask(one, late))
  end)

  it("begin with the burst, but with none where a bucket was lost", function()
    local one = new_limiter { rate = 0.001, burst = 2 }
    local now = core.now()
    assert.same({ true, true, false }, { ask(one, one:take(now)), ask(one, one:take(now)), ask(one, one:take(now)) })
    redis:cli("FLUSHALL")
    assert.is_false(ask(one, one:take(now)))
  end)

  it("are paid for once Redis is back, where some were had without", function()
    local one, now = new_limiter(), core.now()
    assert.is_true(ask(one, one:take(now)))
    one.spent = 3
    fill(5)
    assert.same({ true, true, false }, { ask(one, one:take(now)), ask(one, one:take(now)), ask(one, one:take(now)) })
    assert.equal(0, one.spent)
  end)

  it("count the processes, and halve the rate of all where one is throttled", function()
    local one, other = new_limiter(), new_limiter()
    local now = core.now()
    ask(one, one:take(now))
    ask(other, other:take(now))
    one:throttled(now)
    ask(other, other:take(now))
    assert.equal(SLOW.rate / 2, other.rate)
    assert.equal("2", redis:cli(("ZCARD '%s'"):format(key_of "processes:Act")))
  end)

  it("are planned for by the runs that are waited for, each counted once, and no more once a wait is over", function()
    local function run_of(name)
      return { FlowName = "f", ExecutionName = "e", MapRunName = name }
    end
    local one, other, most = new_client(), new_client(), 0
    local function count()
      return tonumber(redis:cli(("ZCARD '%s'"):format(key_of "waits:DescribeMapRun"))) or 0
    end
    local function listen()
      most = math.max(most, count())
    end
    other:listen(listen)
    one:listen(function(name)
      if name == "poll" and most == 0 then
        assert(other:wait_map_runs({ run_of "b", run_of "c" }, { any = true }))
      end
    end)
    assert(one:wait_map_runs({ run_of "a", run_of "b" }, { any = true }))
    assert.same({ 3, 0 }, { most, count() })
  end)
end)

describe("a permit while Redis is away", function()
  local warnings, replies

  before_each(function()
    warnings, replies = {}, {}
  end)

  local function new_limiter(quota)
    local client = fnf.new { region = "x", credentials = function()
      return { access_key_id = "i", access_key_secret = "s" }
    end, on_event = function(name, fields)
      warnings[#warnings + 1] = name == "warning" and fields.message or nil
    end, share = { command = function(name)
      if name == "SCRIPT" then
        return "hash"
      end
      return replies[1], not replies[1] and "away" or nil
    end } }
    return client.share:rate_limiter(ROW, quota)
  end

  it("comes of this process's own quota; one that is given back lets the next come sooner", function()
    local now = core.now()
    local limiter = new_limiter { rate = 0.01, burst = 1 }
    local first, second = limiter:take(now), limiter:take(now)
    assert.equal(0, limiter:pause(first, now))
    local pause = limiter:pause(second, now)
    assert.is_true(pause > 50)
    limiter:give_back(second)
    assert.is_true(math.abs(pause - limiter:pause(limiter:take(now), now)) < 1)
    assert.equal(1, #warnings)
  end)

  it("comes half as fast once the service has throttled, and waits join meanwhile", function()
    local now = core.now()
    local limiter = new_limiter { rate = 1, burst = 1 }
    assert.equal(0, limiter:pause(limiter:take(now), now))
    limiter:join { open = 5 }
    local second = limiter:take(now)
    local pause = limiter:pause(second, now)
    limiter:throttled(now)
    assert.is_true(math.abs(2 * pause - limiter:pause(second, now)) < 0.5)
  end)

  it("asks no more of a Redis whose answer makes no sense than of one that is away, and says so", function()
    local now = core.now()
    local limiter = new_limiter { rate = 1, burst = 1 }
    for _, reply in ipairs { "OK", {}, { 1, 2, 3, "x" } } do
      replies[1] = reply
      limiter:pause(limiter:take(now), now)
    end
    assert.is_truthy(warnings[1]:find("makes no sense", 1, true), warnings[1])
  end)

  it("knows the quota that the service has told", function()
    local limiter = new_limiter { rate = 2, burst = 10 }
    limiter:told({ limit = 1000, remain = 1000, left = 1 }, core.now())
    replies[1] = { 0, 1, 1, 1000000 }
    assert.equal(0, limiter:pause(limiter:take(core.now()), core.now()))
    assert.is_true(limiter.rate > 2, limiter.rate)
  end)
end)
