--- Many waits under the account's quota: lag of ours and of polling each in turn.
-- SPDX-License-Identifier: MIT

local client = require "fnf.client"
local clock = require "waiting.clock"
local errors = require "fnf.errors"
local json = require "fnf.json"
local rate_limiter = require "fnf.call.rate_limiter"
local heap = require "fnf.wait.heap"
local runs = require "waiting.runs"
require "fnf.methods"

local crowd = {}

local QUOTA = { rate = 2, burst = 10 } -- API.md section 6
local SHAPES = { "linear", "slowing", "accelerating" }

--- So many runs, and when each started, by the beginning of the waits. "begun": all at the beginning. "under way": what
--- one meets who begins to wait while runs come and go.
---@param count integer
---@param start "begun"|"under way"
---@param seed integer
---@return { run: table, started: number }[]
function crowd.draw(count, start, seed)
  local random, drawn, i = runs.random(seed), {}, 0
  while #drawn < count do
    i = i + 1
    local run = runs.new(SHAPES[i % #SHAPES + 1], seed + i)
    if start == "begun" then
      drawn[#drawn + 1] = { run = run, started = 0 }
    elseif random() < run.duration / runs.LONGEST then -- the longer, the likelier it is under way
      drawn[#drawn + 1] = { run = run, started = -random() * run.duration }
    end
  end
  return drawn
end

local function ending(one)
  return one.started + one.run.duration
end

local function summary(lags, polls, held)
  table.sort(lags)
  local sum = 0
  for _, lag in ipairs(lags) do
    sum = sum + lag
  end
  return { polls = polls / #lags, held = (held or 0) / #lags, lag = sum / #lags,
    lag_p95 = lags[math.ceil(0.95 * #lags)] }
end

--- Each in turn, as fast as the quota allows.
local function round_robin(drawn)
  local bucket, now, polls, lags = rate_limiter.new(QUOTA), 0, 0, {}
  local open, place = {}, 1
  for i, one in ipairs(drawn) do
    open[i] = one
  end
  while open[1] do
    now = now + bucket:pause(bucket:take(now), now)
    polls = polls + 1
    local one = open[place]
    if ending(one) <= now then
      lags[#lags + 1] = now - ending(one)
      table.remove(open, place)
    else
      place = place + 1
    end
    place = place > #open and 1 or place
  end
  return summary(lags, polls)
end

--- Who knows a run's end once it has polled it: hardly anything that learns by polls alone can be better.
local function informed(drawn)
  local bucket, now, polls, lags = rate_limiter.new(QUOTA), 0, 0, {}
  local known, unseen = heap.new(), 1
  while #lags < #drawn do
    if not drawn[unseen] then
      now = math.max(now, known:first())
    end
    now = now + bucket:pause(bucket:take(now), now)
    polls = polls + 1
    local one
    if (known:first() or math.huge) <= now then
      one = known:take()
    else
      one, unseen = drawn[unseen], unseen + 1
    end
    if ending(one) <= now then
      lags[#lags + 1] = now - ending(one)
    else
      known:put(ending(one), one)
    end
  end
  return summary(lags, polls)
end

local function describe(one, name, now)
  local run = one.run:describe(now - one.started)
  run.MapRunName, run.StartedTime = name, clock.rfc3339(one.started)
  return run
end

--- Every execution ends with the last of its MapRuns.
local function hold(finish, request, platform, cancel)
  local left = math.min(tonumber(request.url:match("WaitTimeSeconds=(%d+)")), finish - platform.now())
  if left > 0 and not platform.sleep(left, cancel) then
    return nil, errors.cancelled()
  end
  return { Name = request.url:match("ExecutionName=(%w+)"),
    Status = platform.now() >= finish and "Succeeded" or "Running" }
end

local function answer(object)
  return { status = 200, headers = {}, body = json.encode(object) }
end

local THROTTLED = { status = 429, headers = {}, body = '{"Code":"ResourceThrottled","Message":"m","RequestId":"r"}' }

--- What is left of the account's quota, where other programs use it, too: so many requests a second, none saved up at
--- the beginning. Without `spare` nothing is ever refused.
local function gate(platform, spare)
  local level, at = 0, 0
  return function()
    if not spare then
      return true
    end
    local now = platform.now()
    level, at = math.min(QUOTA.burst, level + spare * (now - at)), now
    local passes = level >= 1
    level = passes and level - 1 or level
    return passes
  end
end

--- Answer requests by the platform's own clock.
local function serve(drawn, platform, seen, passes)
  function platform.send(request, cancel)
    if request.url:find("Action=DescribeExecution", 1, true) then
      seen.held = seen.held + 1
      local finish = seen.finish[request.url:match("ExecutionName=(%w+)")]
      local execution, err = hold(finish, request, platform, cancel)
      return execution and answer(execution), err
    end
    local name = request.url:match("MapRunName=(%w+)")
    local one = drawn[tonumber(name)]
    local now = platform.now()
    seen.polls = seen.polls + 1
    if not passes() then
      seen.throttled = seen.throttled + 1
      return THROTTLED
    end
    seen.gap = math.max(seen.gap, now - (seen.last[name] or now))
    seen.last[name] = now
    local run = describe(one, name, now)
    if run.Status ~= "Running" then
      seen.lags[#seen.lags + 1] = now - ending(one)
    end
    return answer(run)
  end
end

--- `client:wait_map_runs` with its defaults, and that option. The strategy also gives what was seen: polls, those that
--- were `throttled`, and `gap`, the longest time between two polls of a run.
---@param last_step boolean
---@param spare? number requests a second that other programs leave of the quota; all of it unless given
---@param together? integer runs an execution (1)
function crowd.ours(last_step, spare, together)
  return function(drawn, seed)
    local platform, list = clock.new(seed), {}
    local seen = { lags = {}, polls = 0, held = 0, last = {}, gap = 0, throttled = 0, finish = {} }
    serve(drawn, platform, seen, gate(platform, spare))
    local waiting = assert(client.new({ region = "cn-hangzhou", access_key_id = "id", access_key_secret = "secret" },
      platform))
    for i, one in ipairs(drawn) do
      local execution = tostring(math.ceil(i / (together or 1)))
      list[i] = { FlowName = "f", ExecutionName = execution, MapRunName = tostring(i) }
      seen.finish[execution] = math.max(seen.finish[execution] or 0, ending(one))
    end
    local _, failures = waiting:wait_map_runs(list, { last_step = last_step })
    assert(not failures, "a wait failed")
    return summary(seen.lags, seen.polls, seen.held), seen
  end
end

crowd.strategies = {
  { name = "each in turn", wait = round_robin },
  { name = "fnf", wait = crowd.ours(false) },
  { name = "fnf, `last_step`", wait = crowd.ours(true) },
  { name = "knowing ends after a poll", wait = informed },
}

--- All strategies on `count` crowds of that size: means over the crowds.
---@return table[] one row a strategy
function crowd.measure(size, start, count, seed)
  local rows = {}
  for i, strategy in ipairs(crowd.strategies) do
    rows[i] = { strategy = strategy.name, polls = 0, held = 0, lag = 0, lag_p95 = 0 }
  end
  for i = 1, count do
    local drawn = crowd.draw(size, start, seed + 100000 * i)
    for k, strategy in ipairs(crowd.strategies) do
      for name, value in pairs((strategy.wait(drawn, seed + i))) do
        rows[k][name] = rows[k][name] + value / count
      end
    end
  end
  return rows
end

return crowd
