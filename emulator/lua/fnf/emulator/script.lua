--- What an execution will do: what a script says about it, and the steps that its definition and the script make.
-- SPDX-License-Identifier: MIT

local definition = require "fnf.emulator.definition"
local fields = require "fnf.emulator.fields"
local json = require "fnf.emulator.json"
local map_run = require "fnf.emulator.map_run"

local script = {}

local outcomes = { Succeeded = true, Failed = true, TimedOut = true, Running = true }

local rows = {
  FlowName = fields.name(),
  starting = fields.seconds(0),
  step_duration = fields.seconds(0.1),
  stopping = fields.seconds(0),
  steps = fields.whole(0, 5000, nil, 0),
  outcome = fields.one_of(outcomes, "Succeeded, Failed, TimedOut or Running", "Succeeded"),
  Output = fields.custom(function(value)
    return fields.is_text(value) and json.valid(value)
  end, "a text that holds JSON"),
  Error = fields.text(),
  Cause = fields.text(),
  tasks = fields.list(fields.is_text, "a list of names", {}),
  map_runs = fields.list(function(value)
    return type(value) == "table"
  end, "a list of objects", {}),
  list_delay = fields.seconds(0),
  history_delay = fields.seconds(0),
  step_ends = fields.flag(true),
  map_run_started = fields.custom(fields.is_text, "the text of an EventDetail",
    '{"output":{"MapRunName":"$MapRunName"}}'),
}

--- A complete script out of a given one.
---@param given table
---@return table? complete
---@return string? problem the field that is wrong and what it should be
function script.read(given)
  local problem = fields.validate(given, rows)
  if problem then
    return nil, problem
  end
  for _, specification in ipairs(given.map_runs or {}) do
    local complete
    complete, problem = map_run.read(specification)
    if not complete then
      return nil, problem
    end
  end
  return fields.complete(given, rows)
end

---@class fnf.emulator.Step
---@field name string
---@field kind "plain"|"map"|"task"|"fail"
---@field duration number seconds; of a task: until it is submitted
---@field specification? table of a Map's MapRun
---@field inputs? string[] of its items, JSON
---@field run? fnf.emulator.MapRun once it has begun
---@field token? string of a task
---@field report? { at: number, Output?: string, Error?: string, Cause?: string }
---@field Error? string
---@field Cause? string

local function plain(name, duration)
  return { name = name, kind = "plain", duration = duration }
end

local function task(name, said, next_name)
  return { name = name, kind = "task", duration = said.step_duration, token = next_name() }
end

-- What the script says goes before what the definition says.
local function map(name, given, specification, next_name)
  local complete = {}
  for key, value in pairs(given) do
    complete[key] = value
  end
  for key, value in pairs(specification) do
    complete[key] = value
  end
  complete.StepName = name
  complete.MapRunName = complete.MapRunName or next_name()
  return { name = name, kind = "map", duration = 0, specification = complete }
end

local function of_map(state, scripted, execution, next_name)
  local found = state.map
  local inputs = definition.items(found, execution.Input)
  local step = map(state.Name, {
    Concurrency = found.Concurrency, ToleratedFailedCount = found.ToleratedFailedCount,
    ToleratedFailedPercentage = found.ToleratedFailedPercentage, items = inputs and #inputs,
  }, scripted or {}, next_name)
  step.inputs = not (scripted and scripted.Input) and inputs or nil
  return step
end

local function of_state(state, scripted, execution, next_name)
  local said = execution.script
  if scripted.map_runs[state.Name] or state.map then
    return of_map({ Name = state.Name, map = state.map or {} }, scripted.map_runs[state.Name], execution, next_name)
  elseif scripted.tasks[state.Name] or state.waits then
    return task(state.Name, said, next_name)
  end
  local step = plain(state.Name, state.duration or said.step_duration)
  if state.Type == "Fail" then
    step.kind, step.Error, step.Cause = "fail", state.Error or "Fail", state.Cause
  end
  return step
end

-- The script's tasks and MapRuns by name; those that meet no state of the definition become steps behind it.
local function scripted_by_name(said)
  local by_name = { tasks = {}, map_runs = {} }
  for _, name in ipairs(said.tasks) do
    by_name.tasks[name] = true
  end
  for _, specification in ipairs(said.map_runs) do
    by_name.map_runs[map_run.read(specification).StepName] = specification
  end
  return by_name
end

--- The steps of an execution that begins, in their order.
---@param execution { Definition?: string, Input?: string, script: table }
---@param next_name fun(): string
---@return fnf.emulator.Step[]
function script.steps(execution, next_name)
  local said, list, met = execution.script, {}, {}
  local by_name = scripted_by_name(said)
  for _, state in ipairs(definition.read(execution.Definition or "").states) do
    list[#list + 1] = of_state(state, by_name, execution, next_name)
    met[state.Name] = true
  end
  for _, name in ipairs(said.tasks) do
    if not met[name] then
      list[#list + 1] = task(name, said, next_name)
    end
  end
  for _, specification in ipairs(said.map_runs) do
    local name = map_run.read(specification).StepName
    if not met[name] then
      list[#list + 1] = map(name, {}, specification, next_name)
    end
  end
  for number = 1, said.steps do
    list[#list + 1] = plain("step" .. number, said.step_duration)
  end
  return list[1] and list or { plain("step", said.step_duration) }
end

return script
