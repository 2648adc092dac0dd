--- Ten thousand groups of waits drawn from seeds: no end is lost, nothing is late, too close, spins or raises.
-- SPDX-License-Identifier: MIT
--
-- `FNF_SCHEDULES=1000000 luajit spec/run.lua spec/wait/schedules_spec.lua` draws more of them (`make env LUA=luajit`).

package.path = "./bench/?.lua;" .. package.path

local clock = require "waiting.clock"
local errors = require "fnf.errors"
local group = require "fnf.wait.group"
local operations = require "fnf.operations"
local rate_limiter = require "fnf.call.rate_limiter"
local runs = require "waiting.runs"

local SCHEDULES = tonumber(os.getenv "FNF_SCHEDULES" or 10000)
local FIRST = tonumber(os.getenv "FNF_FIRST_SCHEDULE" or 1)
local FOUND = { 977066 } -- what larger draws have found
local MOST_QUESTIONS = 20000 -- for the time, by one instant: who asks more often spins
local PERMITS = 3 -- seconds: what the polls of five runs and of their executions wait for permits at most
local GRAIN = 1e-6 -- seconds: sums of binary fractions

--- What is to happen: every choice comes from the seed.
local function draw(seed)
  local random = runs.random(seed)
  local function one_of(...)
    return (select(math.floor(random() * select("#", ...)) + 1, ...))
  end
  local plan = { seed = seed, random = random, one_of = one_of, runs = {}, executions = {},
    options = { last_step = one_of(true, false, false), others = one_of(nil, nil, false),
      timeout = one_of(nil, false, 0.5, 3, 10 * random(), 40) or nil,
      min_delay = one_of(false, 0.01, 2) or nil, max_delay = one_of(false, 2, 5) or nil,
      initial_delay = one_of(false, false, 3) or nil },
    way = one_of("all", "all", "each", "any"), faults = one_of(0, 0, 0.1, 0.5), latency = one_of(0, 0.02, 0.3, 6),
    limited = one_of(true, false), transport = one_of(false, false, true) }
  local count, places = one_of(1, 1, 2, 5, 24), one_of(1, 2, 5, 24)
  plan.limited = plan.limited and count <= 5 -- more of them wait for permits
  for i = 1, count do
    local name = tostring(i % places)
    local run = { name = tostring(i), execution = name, ending = one_of(0, 1, 10, 40) * random(),
      items = one_of(0, 1, 30, 300), hangs = random() < 0.1 }
    plan.runs[i] = run
    local execution = plan.executions[name] or { ending = 0, refused = random() < 0.1, holds = random() < 0.8,
      goes_on = one_of(0, 0.5, 30), dies = random() < 0.1 and 20 * random() or nil }
    execution.ending = execution.dies or math.max(execution.ending, run.ending + execution.goes_on)
    plan.executions[name] = execution
  end
  plan.late = { list = one_of(0, 0, 10), history = one_of(0, 0, 10) }
  plan.form = one_of("StepExited", "StepSucceeded", "MapRunSucceeded", "Nothing")
  plan.wrong = one_of(nil, nil, nil, { Events = 1, Executions = "no" }, { Events = { 1, { EventId = "x" } },
    Executions = { 5, {} }, NextToken = "again" })
  plan.cancel_at = random() < 0.15 and 20 * random() or nil
  return plan
end

local function failure(plan)
  return errors.new(plan.one_of({ kind = "network", message = "reset", retryable = true },
    { kind = "service", code = "ResourceThrottled", status = 429, retryable = true, retry_after = plan.one_of(nil, 1) },
    { kind = "timeout", message = "no answer in time" }))
end

local function state_of(run, now)
  local share = math.min(run.hangs and 0.5 or 1, now / math.max(run.ending, GRAIN))
  local done = math.floor(run.items * share)
  return { Status = now >= run.ending and "Succeeded" or "Running", MapRunName = run.name, ItemCounts = run.items > 0
    and { Total = run.items, Succeed = done, Running = math.min(run.items - done, 3) } or nil }
end

--- Let time pass in a call, no longer than until its deadline.
local function pass(cloud, seconds, options)
  local platform = cloud.platform
  local left = (options.deadline or math.huge) - platform.now()
  if left <= 0 then
    return errors.new { kind = "timeout", message = "no time is left" }
  elseif seconds > 0 and not platform.sleep(math.min(seconds, left), options.cancel) then
    return errors.cancelled()
  elseif seconds >= left then
    return errors.new { kind = "timeout", message = "no answer in time" }
  end
end

--- Wait for a permit, as every attempt does.
local function permit(cloud, options)
  local limiter, platform = options.rate_limiter, cloud.platform
  if limiter then
    return pass(cloud, limiter:pause(limiter:take(platform.now()), platform.now()), options)
  end
end

local function describe_execution(cloud, params, options)
  local plan, platform = cloud.plan, cloud.platform
  local execution = plan.executions[params.ExecutionName]
  if execution.refused then
    return nil, errors.new { kind = "service", status = 403, code = "AccessDenied" }
  end
  local held = execution.holds and math.min(params.WaitTimeSeconds, execution.ending - platform.now()) or 0
  local err = pass(cloud, math.max(0, held), options)
  return not err and { Status = platform.now() >= execution.ending and "Succeeded" or "Running" } or nil, err
end

local function list_executions(cloud)
  local plan, found = cloud.plan, {}
  if plan.wrong then
    return plan.wrong
  end
  for name, execution in pairs(plan.executions) do
    if cloud.platform.now() - plan.late.list < execution.ending then
      found[#found + 1] = { Name = name, Status = "Running", StartedTime = "2026-01-01T00:00:00.000Z" }
    end
  end
  return { Executions = found }
end

local function read_history(cloud, params)
  local plan, events = cloud.plan, {}
  local now = cloud.platform.now() - plan.late.history
  if plan.wrong then
    return plan.wrong
  end
  local function add(kind, run)
    events[#events + 1] = { EventId = #events + 1, Type = kind, StepName = run.name,
      EventDetail = ('{"output":{"MapRunName":"%s"}}'):format(run.name) }
  end
  for _, run in ipairs(plan.runs) do
    if run.execution == params.ExecutionName and now >= 0 then
      add("MapRunStarted", run)
      if now >= run.ending then
        add(plan.form, run)
      end
    end
  end
  return { Events = events }
end

local OTHERS = { [operations.describe_execution] = describe_execution, [operations.list_executions] = list_executions,
  [operations.get_execution_history] = read_history }

local function describe_map_run(cloud, params)
  local place, now = tonumber(params.MapRunName), cloud.platform.now()
  local run = cloud.plan.runs[place]
  local answer = state_of(run, now)
  if answer.Status == "Succeeded" then
    cloud.seen[place] = now
  end
  return answer
end

--- A client whose calls are answered by the plan; `polls` are the times of each run's: begun, over.
local function new_cloud(plan)
  local cloud = { plan = plan, platform = clock.new(plan.seed), polls = {}, seen = {}, told = {} }
  local now, asked, at = cloud.platform.now, 0, nil
  function cloud.platform.now()
    local time = now()
    asked, at = time == at and asked + 1 or 0, time
    assert(asked < MOST_QUESTIONS, "it spins")
    return time
  end
  local limiter = plan.limited and rate_limiter.new { rate = 2, burst = 10 } or nil
  cloud.client = { settings = { max_connections = plan.one_of(nil, 1, 4, 4) }, transport = plan.transport,
    tell = function() end, rate_limiter = function() return limiter end,
    choose_platform = function() return cloud.platform end, time = function() return cloud.platform.time() end }
  function cloud.client.perform(_, row, params, options)
    local begun = cloud.platform.now()
    local err = permit(cloud, options) or pass(cloud, plan.latency * plan.random(), options)
      or plan.random() < plan.faults and failure(plan) or nil
    local answer
    if not err and OTHERS[row] then
      answer, err = OTHERS[row](cloud, params, options)
    elseif not err then
      answer = describe_map_run(cloud, params)
    end
    if params.MapRunName then
      local polls = cloud.polls[params.MapRunName] or {}
      polls[#polls + 1] = { begun = begun, over = cloud.platform.now(), hint = err and err.retry_after or 0 }
      cloud.polls[params.MapRunName] = polls
    end
    return answer, err
  end
  return cloud
end

--- Wait as the plan says; the ends by their places, and the time when it was over.
local function wait_for(cloud)
  local plan, list, ends = cloud.plan, {}, {}
  for i, run in ipairs(plan.runs) do
    list[i] = { FlowName = "f", ExecutionName = run.execution, MapRunName = run.name }
  end
  local options = { cancel = plan.cancel_at and function()
    return cloud.platform.now() >= plan.cancel_at
  end }
  for name, value in pairs(plan.options) do
    options[name] = value
  end
  function options.on_end(place, how)
    assert(list[place] and not cloud.told[place], "an end was told twice")
    cloud.told[place] = how
  end
  options.each, options.any = plan.way == "each" or nil, plan.way == "any" or nil
  local first, second, third = group.run(cloud.client, operations.describe_map_run, list, options)
  if plan.way == "any" then
    ends[first] = second or third
  elseif plan.way == "each" then
    for place, run, err in first do
      assert(ends[place] == nil, "an end was told twice")
      ends[place] = run or err
    end
  else
    for place = 1, #list do
      ends[place] = first[place] or second[place]
    end
  end
  return ends
end

local function check_ends(cloud, ends)
  local plan, count, now = cloud.plan, 0, cloud.platform.now()
  for place, found in pairs(ends) do
    count = count + 1
    if errors.is(found) then
      assert(found.kind == "timeout" and plan.options.timeout or found.kind == "cancelled" and plan.cancel_at,
        "an end was lost: " .. tostring(found))
    else
      assert(found.Status == "Succeeded" and found.MapRunName == tostring(place), "another's end")
      assert(cloud.told[place], "an end was not told")
    end
  end
  assert(count == (plan.way == "any" and 1 or #plan.runs), "an end was lost")
  assert(now <= (plan.options.timeout or math.huge) + GRAIN, "a deadline was missed")
end

--- Between polls of a run: not too close, but for the last one before the deadline; not too far apart.
local function check_gaps(cloud)
  local options = cloud.plan.options
  local least = options.min_delay or math.min(0.4, options.max_delay or 0.4)
  local most = math.max(options.max_delay or 120, least)
  local timeout = options.timeout or math.huge
  -- An iterator tells an end once the polls in flight are over, and polls nothing meanwhile.
  local slack = GRAIN + (cloud.plan.way == "each" and cloud.plan.latency + PERMITS or 0)
  for _, polls in pairs(cloud.polls) do
    for i = 2, #polls do
      local gap = polls[i].begun - polls[i - 1].over
      local is_last = polls[i].begun >= timeout - math.min(1, timeout / 10) - GRAIN
      assert(is_last or gap >= least - GRAIN, ("%g s are too close"):format(gap))
      -- 32 workers serve as many runs: nobody has to wait for one.
      assert(gap <= math.max(most, polls[i - 1].hint) + slack, ("%g s are too far apart"):format(gap))
    end
  end
end

local function play(seed)
  local cloud = new_cloud(draw(seed))
  check_ends(cloud, wait_for(cloud))
  check_gaps(cloud)
end

describe("groups of waits", function()
  it("lose no end where one was lost before", function()
    for _, seed in ipairs(FOUND) do
      play(seed)
    end
  end)

  it(("13.1: lose no end, are never late or too close, nor spin or raise: %d schedules"):format(SCHEDULES), function()
    for seed = FIRST, FIRST + SCHEDULES - 1 do
      local done, reason = pcall(play, seed)
      assert.is_true(done, ("schedule %d: %s"):format(seed, tostring(reason)))
    end
  end)
end)
