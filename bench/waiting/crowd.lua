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

local function summary(lags, polls, asked, told)
  table.sort(lags)
  local sum, known = 0, 0
  for i, lag in ipairs(lags) do
    sum, known = sum + lag, known + (told and told[i] or lag)
  end
  return { polls = polls / #lags, asked = (asked or 0) / #lags, told = known / #lags, lag = sum / #lags,
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

---- the service, by the platform's own clock ----

local function answer(object, headers)
  return { status = 200, headers = headers, body = json.encode(object) }
end

local THROTTLED = '{"Code":"ResourceThrottled","Message":"m","RequestId":"r"}'

--- A quota of windows, which answers tell: so many requests in so many seconds.
local function window_gate(platform, window)
  local number, used = -1, 0
  return function()
    local now = platform.now()
    if math.floor(now / window.seconds) ~= number then
      number, used = math.floor(now / window.seconds), 0
    end
    local passes = used < window.limit
    used = passes and used + 1 or used
    local left = math.floor(1000 * (window.seconds - now % window.seconds))
    return passes, window.told and { ["x-ratelimit-user-api"] = ("Limit:%d,Remain:%d,TimeLeft:%d,Reset:1"):format(
      window.limit, window.limit - used, left) } or {}
  end
end

--- What is left of the account's quota, where other programs use it, too: so many requests a second, none saved up at
--- the beginning. Without `spare` nothing is ever refused.
local function gate(platform, spare)
  local level, at = 0, 0
  return function()
    if not spare then
      return true, {}
    end
    local now = platform.now()
    level, at = math.min(QUOTA.burst, level + spare * (now - at)), now
    local passes = level >= 1
    level = passes and level - 1 or level
    return passes, {}
  end
end

local actions = {}

function actions.DescribeMapRun(served, params, now)
  local one, seen = served.drawn[tonumber(params.MapRunName)], served.seen
  local run, last = describe(one, params.MapRunName, now), seen.last[params.MapRunName]
  seen.gap = math.max(seen.gap, now - (last or now))
  seen.last[params.MapRunName] = now
  if run.Status ~= "Running" then
    seen.lags[#seen.lags + 1] = now - ending(one)
  end
  return run
end

--- Held open until the execution ends, or its time is over.
function actions.DescribeExecution(served, params, now, cancel)
  local execution = served.executions[tonumber(params.ExecutionName)]
  local left = math.min(tonumber(params.WaitTimeSeconds), execution.ending - now)
  if left > 0 and not served.platform.sleep(left, cancel) then
    return nil, errors.cancelled()
  end
  return { Name = params.ExecutionName,
    Status = served.platform.now() >= execution.ending and "Succeeded" or "Running" }
end

--- Its Map steps begin together, each with a run, and exit when that has ended.
function actions.GetExecutionHistory(served, params, now)
  local events = {}
  local function add(place, kind, at)
    if at <= now then
      events[#events + 1] = { at = at, Type = kind, StepName = "s" .. place,
        EventDetail = ('{"output":{"MapRunName":"%d"}}'):format(place) }
    end
  end
  for _, place in ipairs(served.executions[tonumber(params.ExecutionName)].places) do
    local one = served.drawn[place]
    add(place, "MapRunStarted", one.started)
    add(place, "StepExited", ending(one))
  end
  table.sort(events, function(a, b)
    return a.at < b.at
  end)
  for i, event in ipairs(events) do
    event.EventId = i
  end
  return { RequestId = "r", Events = events }
end

function actions.ListExecutions(served, params, now)
  local found, from = {}, tonumber(params.NextToken or 0)
  for name = from + 1, #served.executions do
    local execution = served.executions[name]
    if execution.ending > now then
      if #found == tonumber(params.Limit) then
        return { RequestId = "r", Executions = found, NextToken = tostring(name - 1) }
      end
      found[#found + 1] = { Name = tostring(name), Status = "Running", StartedTime = clock.rfc3339(execution.started) }
    end
  end
  return { RequestId = "r", Executions = found }
end

local function parameters(url)
  local found = {}
  for name, value in url:gmatch("([%w]+)=([^&]*)") do
    found[name] = value
  end
  return found
end

--- Answer the requests of a client; `passes` is asked whether the quota of DescribeMapRun allows one.
local function serve(served, passes)
  local seen, platform = served.seen, served.platform
  return function(request, cancel)
    local params = parameters(request.url)
    local headers = {}
    if params.Action ~= "DescribeMapRun" then
      seen.asked = seen.asked + 1
    else
      seen.polls = seen.polls + 1
      local passed
      passed, headers = passes()
      if not passed then
        seen.throttled = seen.throttled + 1
        return { status = 429, headers = headers, body = THROTTLED }
      end
    end
    local object, err = actions[params.Action](served, params, platform.now(), cancel)
    return object and answer(object, headers), err
  end
end

--- Executions of so many runs each, which go on for so many seconds after the last of these.
local function executions_of(drawn, together, goes_on)
  local executions = {}
  for i, one in ipairs(drawn) do
    local place = math.ceil(i / together)
    local execution = executions[place] or { places = {}, started = one.started, ending = 0 }
    executions[place] = execution
    table.insert(execution.places, i)
    execution.started = math.min(execution.started, one.started)
    execution.ending = math.max(execution.ending, ending(one) + goes_on)
  end
  return executions
end

---@class waiting.World what there is besides the runs
---@field window? { limit: integer, seconds: number, told?: boolean } another quota, and whether answers tell it
---@field spare? number requests a second that other programs leave of the quota; all of it unless given
---@field together? integer runs an execution (1)
---@field goes_on? number seconds from the end of its last run to that of an execution (0)

--- Wait for them with `client:wait_map_runs`, its defaults and these options. Also gives what was seen: polls, those
--- that were `throttled`, and `gap`, the longest time between two polls of a run.
---@param options table
---@param world? waiting.World
function crowd.ours(options, world)
  world = world or {}
  return function(drawn, seed)
    local platform, list, given = clock.new(seed), {}, {}
    local together = world.together or 1
    local served = { drawn = drawn, platform = platform,
      executions = executions_of(drawn, together, world.goes_on or 0),
      seen = { lags = {}, told = {}, polls = 0, asked = 0, last = {}, gap = 0, throttled = 0 } }
    platform.send = serve(served, world.window and window_gate(platform, world.window)
      or gate(platform, world.spare))
    local waiting = assert(client.new({ region = "cn-hangzhou", access_key_id = "id", access_key_secret = "secret" },
      platform))
    for i in ipairs(drawn) do
      list[i] = { FlowName = "f", ExecutionName = tostring(math.ceil(i / together)), MapRunName = tostring(i) }
    end
    for name, value in pairs(options) do
      given[name] = value
    end
    function given.on_end(place)
      served.seen.told[place] = platform.now() - ending(drawn[place])
    end
    local _, failures = waiting:wait_map_runs(list, given)
    assert(not failures, "a wait failed")
    local seen = served.seen
    return summary(seen.lags, seen.polls, seen.asked, seen.told), seen
  end
end

local POLLS_ALONE = { others = false }

crowd.strategies = {
  { name = "each in turn", wait = round_robin },
  { name = "fnf, polls alone", wait = crowd.ours(POLLS_ALONE) },
  { name = "fnf", wait = crowd.ours {} },
  { name = "fnf, executions of 5 that go on", wait = crowd.ours({}, { together = 5, goes_on = 3600 }) },
  { name = "knowing ends after a poll", wait = informed },
}

--- All strategies on `count` crowds of that size: means over the crowds.
---@return table[] one row a strategy
function crowd.measure(size, start, count, seed)
  local rows = {}
  for i, strategy in ipairs(crowd.strategies) do
    rows[i] = { strategy = strategy.name, polls = 0, asked = 0, told = 0, lag = 0, lag_p95 = 0 }
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
