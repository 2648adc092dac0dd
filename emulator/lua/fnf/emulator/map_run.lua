--- A simulated MapRun: status and counts as a pure function of its specification, its settings so far and the time.
-- Items finish evenly, one every item_duration / concurrency seconds, or along another curve of the same length;
-- a look costs the number of settings changes, never the number of items.
-- SPDX-License-Identifier: MIT

local fields = require "fnf.emulator.fields"
local shape = require "fnf.emulator.shape"

local map_run = {}

local floor, max, min, huge = math.floor, math.max, math.min, math.huge

-- { ["3"] = { Error =, Cause = } }: items by number.
local function are_failures(value)
  if type(value) ~= "table" then
    return false
  end
  for number, problem in pairs(value) do
    number = tonumber(number)
    if not number or number < 1 or number % 1 ~= 0 or type(problem) ~= "table"
      or not fields.is_text(problem.Error or "") or not fields.is_text(problem.Cause or "") then
      return false
    end
  end
  return true
end

-- 10 million items: ten times the most that the service gives on request, and the sums stay exact in a double.
local rows = {
  FlowName = fields.name "flow",
  ExecutionName = fields.name "execution",
  MapRunName = fields.name(),
  StepName = fields.name "Map",
  items = fields.whole(0, 10000000, nil, 100),
  Concurrency = fields.whole(1, 1000000, nil, 10),
  ToleratedFailedCount = fields.whole(0, 10000000),
  ToleratedFailedPercentage = fields.number(0, 100),
  item_duration = fields.duration(1),
  pending = fields.seconds(0),
  abort_after = fields.seconds(),
  failure_share = fields.number(0, 1, "a share from 0 to 1", 0),
  failures = fields.one_of(shape.rules, "spread, first or last", "spread"),
  shape = fields.custom(function(value)
    return shape.shapes[value] ~= nil or shape.valid(value)
  end, "the name of a shape or a list of corners [time share, item share]", "linear"),
  counts = fields.flag(true),
  fail = fields.custom(are_failures, 'items by number with what ends them: { ["3"] = { Error =, Cause = } }'),
  Error = fields.text "ItemFailed",
  Cause = fields.text "Item $Number failed.",
  Input = fields.text '{"item":$Number}',
  Output = fields.text "{}",
  list_lag = fields.seconds(0),
  listed = fields.flag(true),
}

--- A complete specification out of a given one.
---@param specification table
---@return table? complete every field set or absent by default
---@return string? problem the field that is wrong and what it should be
function map_run.read(specification)
  local problem = fields.validate(specification, rows)
  if problem then
    return nil, problem
  end
  return fields.complete(specification, rows)
end

-- An item counts as finished this share of an item early, so that rounding never hides one that is due exactly now.
local EARLY = 1e-4

---@class fnf.emulator.Settings what UpdateMapRun may change, and since when
---@field at number seconds on the emulator's clock
---@field Concurrency integer
---@field ToleratedFailedCount? integer
---@field ToleratedFailedPercentage? number

---@class fnf.emulator.MapRun
---@field FlowName string
---@field ExecutionName string
---@field MapRunName string
---@field StepName string of the Map state
---@field created number seconds on the emulator's clock
---@field starts number when it leaves Pending
---@field items integer
---@field failed integer how many of the items fail if all are worked off
---@field aborted_at? number
---@field history fnf.emulator.Settings[] oldest first, never empty

-- Which of the finished items fail, and how many if all are worked off.
local function failures(spec)
  if not spec.fail then
    return shape.rules[spec.failures], floor(spec.items * spec.failure_share + 0.5)
  end
  local numbers = {}
  for number in pairs(spec.fail) do
    number = tonumber(number)
    numbers[#numbers + 1] = number <= spec.items and number or nil
  end
  table.sort(numbers)
  return shape.listed(numbers), #numbers
end

--- A MapRun from its specification (see emulator/README.md for the fields).
---@param specification table
---@param now number seconds on the emulator's clock
---@param inputs? string[] JSON of its items, where they are known
---@return fnf.emulator.MapRun? run
---@return string? message what is wrong with the specification
function map_run.new(specification, now, inputs)
  local spec, message = map_run.read(specification)
  if not spec then
    return nil, message
  end
  local rule, failed = failures(spec)
  return {
    FlowName = spec.FlowName, ExecutionName = spec.ExecutionName, MapRunName = spec.MapRunName,
    StepName = spec.StepName, created = now, starts = now + spec.pending,
    items = spec.items, item_duration = spec.item_duration,
    failed = failed, rule = rule, fail = spec.fail or {}, inputs = inputs or {}, texts = spec,
    list_lag = spec.list_lag, listed = spec.listed,
    corners = shape.shapes[spec.shape] or spec.shape,
    counts = spec.counts,
    aborted_at = spec.abort_after and now + spec.abort_after,
    history = { {
      at = now, Concurrency = spec.Concurrency,
      ToleratedFailedCount = spec.ToleratedFailedCount,
      ToleratedFailedPercentage = spec.ToleratedFailedPercentage,
    } },
  }
end

-- How many failed items are still tolerated. The service does not document how the two limits combine nor whether
-- the bound is inclusive; here the run fails when either limit is exceeded, and being equal to it is not exceeding.
-- Without any limit no failure is tolerated (documented for a Map state without a policy).
local function tolerated(run, settings)
  local count, percentage = settings.ToleratedFailedCount, settings.ToleratedFailedPercentage
  if not count and not percentage then
    return 0
  end
  return min(count or huge, percentage and floor(percentage * run.items / 100 + 1e-9) or huge)
end

-- Items per second of the linear curve while these settings are in force.
local function speed(run, settings)
  return max(1, min(settings.Concurrency, run.items)) / run.item_duration
end

-- Effort is busy time times speed: the number of items that the linear curve would have finished.
local function effort_for(run, finished)
  if run.items == 0 then
    return 0
  end
  local share = shape.time(run.corners, finished / run.items)
  return share and share * run.items
end

-- The effort at which these settings end the run, and how; nil if they never do.
local function goal(run, settings)
  local limit = tolerated(run, settings)
  if limit < run.failed then
    local effort = effort_for(run, run.rule.position(limit + 1, run.failed, run.items))
    return effort, effort and "Failed"
  end
  local effort = effort_for(run, run.items)
  return effort, effort and "Succeeded"
end

-- Calls visit(settings, from, to, effort at from) for each stretch of equal settings until it returns true.
local function each_stretch(run, visit)
  local effort = 0
  for index, settings in ipairs(run.history) do
    local following = run.history[index + 1]
    local from = max(settings.at, run.starts)
    local to = following and max(following.at, run.starts) or huge
    if visit(settings, from, to, effort) or not following then
      return
    end
    effort = effort + speed(run, settings) * (to - from)
  end
end

--- When and how the run ends if nothing more happens to it.
---@param run fnf.emulator.MapRun
---@return number? at nil if it never ends
---@return string? status "Succeeded", "Failed" or "Aborted"
function map_run.ending(run)
  local at, status
  each_stretch(run, function(settings, from, to, effort)
    local target, outcome = goal(run, settings)
    local reached = target and from + max(0, target - effort) / speed(run, settings)
    if reached and reached <= to then
      at, status = reached, outcome
    end
    return at
  end)
  if run.aborted_at and run.aborted_at <= (at or huge) then
    return run.aborted_at, "Aborted"
  end
  return at, status
end

--- When so many items are finished, if nothing more happens to the run.
---@param run fnf.emulator.MapRun
---@param finished integer
---@return number? at seconds on the emulator's clock; nil if that never comes
function map_run.finished_when(run, finished)
  local target, at = effort_for(run, finished), nil
  each_stretch(run, function(settings, from, to, effort)
    local reached = target and from + max(0, target - effort) / speed(run, settings)
    if reached and reached <= to then
      at = reached
    end
    return at
  end)
  return at
end

local function finished_at(run, time)
  local finished = 0
  if run.items == 0 then
    return 0
  end
  each_stretch(run, function(settings, from, to, effort)
    if time < from then
      return true
    end
    local now = effort + speed(run, settings) * (min(time, to) - from)
    finished = floor(shape.share(run.corners, now / run.items) * run.items + EARLY)
    return time <= to
  end)
  return finished
end

local function settings_at(run, time)
  local current = run.history[1]
  for _, settings in ipairs(run.history) do
    if settings.at <= time then
      current = settings
    end
  end
  return current
end

local function item_counts(run, time, status, concurrency)
  local finished = finished_at(run, time)
  local failed = run.rule.among(finished, run.failed, run.items)
  local left = run.items - finished
  local open = status == "Running" and min(concurrency, left) or 0
  local over = status ~= "Running" and status ~= "Pending"
  return {
    Succeed = finished - failed, Failed = failed, Total = run.items,
    Running = open,
    Pending = over and 0 or left - open,
    Aborted = over and left or 0,
  }
end

---@class fnf.emulator.Look what a MapRun is at one moment; times in seconds on the emulator's clock
---@field Status string
---@field ItemCounts? table<string, integer> nil for a run that shows no counts before its end
---@field started? number
---@field stopped? number
---@field settings fnf.emulator.Settings

--- What the run is at this moment.
---@param run fnf.emulator.MapRun
---@param time number seconds on the emulator's clock
---@return fnf.emulator.Look
function map_run.describe(run, time)
  local stops, outcome = map_run.ending(run)
  local over = stops and time >= stops
  local status = over and outcome or time < run.starts and "Pending" or "Running"
  local moment = over and stops or time
  local settings = settings_at(run, moment)
  return {
    Status = status,
    ItemCounts = (over or run.counts) and item_counts(run, moment, status, settings.Concurrency) or nil,
    started = moment >= run.starts and run.starts or nil,
    stopped = over and stops or nil,
    settings = settings,
  }
end

--- Does the n-th item to finish fail?
---@param run fnf.emulator.MapRun
---@param number integer
---@return boolean
function map_run.fails(run, number)
  return run.rule.among(number, run.failed, run.items) > run.rule.among(number - 1, run.failed, run.items)
end

local function of_number(text, number)
  return (text:gsub("%$Number", ("%d"):format(number)))
end

--- What ends an item that fails.
---@param run fnf.emulator.MapRun
---@param number integer
---@return fnf.emulator.Problem
function map_run.problem(run, number)
  local said = run.fail[("%d"):format(number)] or run.fail[number] or {}
  return { Error = said.Error or run.texts.Error, Cause = of_number(said.Cause or run.texts.Cause, number) }
end

--- The input of an item: that of the list, where it is known.
---@param run fnf.emulator.MapRun
---@param number integer
---@return string
function map_run.input(run, number)
  return run.inputs[number] or of_number(run.texts.Input, number)
end

---@param run fnf.emulator.MapRun
---@param number integer
---@return string
function map_run.output(run, number)
  return of_number(run.texts.Output, number)
end

--- Changes settings from now on; what is absent keeps its value (inferred, the service's page does not say).
---@param run fnf.emulator.MapRun
---@param changes { Concurrency?: integer, ToleratedFailedCount?: integer, ToleratedFailedPercentage?: number }
---@param now number seconds on the emulator's clock
---@return fnf.emulator.Settings? settings nil when the run has ended
function map_run.update(run, changes, now)
  local stops = map_run.ending(run)
  if stops and now >= stops then
    return nil
  end
  local last = run.history[#run.history]
  local settings = { at = max(now, last.at) }
  for _, name in ipairs { "Concurrency", "ToleratedFailedCount", "ToleratedFailedPercentage" } do
    settings[name] = changes[name] == nil and last[name] or changes[name]
  end
  run.history[#run.history + 1] = settings
  return settings
end

--- Ends the run now, unless it has ended before.
---@param run fnf.emulator.MapRun
---@param now number seconds on the emulator's clock
function map_run.abort(run, now)
  local stops = map_run.ending(run)
  if not stops or now < stops then
    run.aborted_at = now
  end
end

return map_run
