--- Real processes, a real Redis and the emulator with its quota enforced: what a crowd costs the account.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local emulator = require "fnf.emulator"
local json = require "fnf.json"
local redis_server = require "spec.support.redis_server"

local PROCESSES, WAITS, FEW = 4, 25, 3
-- Seven and a half times the documented quota, so that a crowd takes seconds and not minutes. Of a burst a client that
-- shares leaves alone what comes in one second: two requests of the documented one, fifteen here.
local RATE, BURST, OURS = 15, 75, 60

local missing = redis_server.missing()

describe("processes that share through Redis", function()
  if missing then
    pending(missing)
    return
  end

  local clouds, redis

  setup(function()
    clouds = {}
    for i = 1, 3 do
      clouds[i] = assert(emulator.start())
      assert(clouds[i]:quota { enforce = true, limits = i < 3 and { DescribeMapRun = { refill = RATE, size = BURST } }
        or nil })
    end
    redis = redis_server.start()
  end)
  teardown(function()
    redis:stop()
    for _, cloud in ipairs(clouds) do
      cloud:stop()
    end
  end)

  local function new_runs(cloud, count, seconds)
    local runs = {}
    for i = 1, count do
      local run = cloud:map_run { FlowName = "crowd", ExecutionName = ("%s-%d"):format(core.nonce():sub(1, 8), i),
        items = 40, Concurrency = 4, item_duration = seconds / 10 }
      run.ends_at = core.time() + run.ends_after
      runs[i] = run
    end
    return runs
  end

  --- So many processes, each with runs of its own list.
  local function start(cloud, lists, share, is_documented)
    local pipes = {}
    for i, runs in ipairs(lists) do
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(json.encode { endpoint = cloud.url, id = cloud.access_key_id, secret = cloud.access_key_secret,
        share = share, redis_timeout = 1, runs = runs, timeout = 60,
        rate_limit = not is_documented and { rate = RATE, burst = OURS } or nil })
      file:close()
      local command = ("%s spec/support/shared_waits.lua < %s"):format(arg[-1], path)
      pipes[i] = { path = path, pipe = assert(io.popen(command)) }
    end
    return pipes
  end

  --- What they say, in sum.
  local function finish(pipes)
    local all = { requests = 0, throttled = 0, ended = 0 }
    for _, each in ipairs(pipes) do
      local said = assert(json.decode(each.pipe:read("*a")))
      each.pipe:close()
      os.remove(each.path)
      all.requests, all.throttled = all.requests + said.requests, all.throttled + said.throttled
      all.ended = all.ended + (said.ended.Succeeded or 0)
    end
    return all
  end

  local function deal(runs, count)
    local lists = {}
    for i, run in ipairs(runs) do
      local place = (i - 1) % count + 1
      lists[place] = lists[place] or {}
      table.insert(lists[place], run)
    end
    return lists
  end

  it("see all ends of 4 x 25 runs for hardly more polls than one, throttled less than one in a hundred", function()
    local alone = start(clouds[1], { new_runs(clouds[1], PROCESSES * WAITS, 5) })
    local documented = start(clouds[3], deal(new_runs(clouds[3], PROCESSES * FEW, 5), PROCESSES), redis.url, true)
    local many = finish(start(clouds[2], deal(new_runs(clouds[2], PROCESSES * WAITS, 5), PROCESSES), redis.url))
    local one, few = finish(alone), finish(documented)
    assert.same({ 100, 100, PROCESSES * FEW }, { one.ended, many.ended, few.ended })
    assert.is_true(many.throttled < 0.01 * many.requests, many.throttled .. " throttled of " .. many.requests)
    assert.is_true(many.requests < 1.2 * one.requests, many.requests .. " polls, one " .. one.requests)
    assert.equal(0, few.throttled) -- by the documented quota, of few requests
  end)

  it("poll the same 25 runs hardly more often than one process does", function()
    local alone = start(clouds[1], { new_runs(clouds[1], WAITS, 4) })
    local runs = new_runs(clouds[2], WAITS, 4)
    local many = finish(start(clouds[2], { runs, runs, runs, runs }, redis.url))
    local one = finish(alone)
    assert.same({ 25, 100 }, { one.ended, many.ended })
    assert.is_true(many.throttled < 0.01 * many.requests, many.throttled .. " throttled of " .. many.requests)
    assert.is_true(many.requests < 1.3 * one.requests, many.requests .. " polls, one " .. one.requests)
  end)
end)
