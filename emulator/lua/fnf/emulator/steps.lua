--- The steps of an execution, out of the definition of its flow, its input and its script.
-- SPDX-License-Identifier: MIT

local definition = require("fnf.emulator.definition")
local plan = require("fnf.emulator.plan")

local steps = {}

---@class fnf.emulator.Step
---@field name string
---@field kind "plain"|"map"|"task"|"fail"
---@field duration number seconds; of a task: until it is submitted
---@field specification? table of a Map's MapRun
---@field run? fnf.emulator.MapRun once it has begun
---@field token? string of a task
---@field report? { at: number, Output?: string, Error?: string, Cause?: string }
---@field Error? string
---@field Cause? string

local function plain(name, duration) return { name = name, kind = "plain", duration = duration } end

local function task(name, script, next_name)
  return { name = name, kind = "task", duration = script.step_duration, token = next_name() }
end

-- What the script says goes before what the definition says.
local function map(name, given, specification, next_name)
  local complete = {}
  for key, value in pairs(given) do complete[key] = value end
  for key, value in pairs(specification) do complete[key] = value end
  complete.StepName = name
  complete.MapRunName = complete.MapRunName or next_name()
  return { name = name, kind = "map", duration = 0, specification = complete }
end

local function of_map(state, scripted, execution, next_name)
  local found = state.map
  return map(state.Name, {
    Concurrency = found.Concurrency, ToleratedFailedCount = found.ToleratedFailedCount,
    ToleratedFailedPercentage = found.ToleratedFailedPercentage, items = definition.items(found, execution.Input),
  }, scripted or {}, next_name)
end

local function of_state(state, scripted, execution, next_name)
  local script = execution.script
  if scripted.map_runs[state.Name] or state.map then
    return of_map({ Name = state.Name, map = state.map or {} }, scripted.map_runs[state.Name], execution, next_name)
  elseif scripted.tasks[state.Name] or state.waits then
    return task(state.Name, script, next_name)
  end
  local step = plain(state.Name, state.duration or script.step_duration)
  if state.Type == "Fail" then
    step.kind, step.Error, step.Cause = "fail", state.Error or "Fail", state.Cause
  end
  return step
end

-- The script's tasks and MapRuns by name; those that meet no state of the definition become steps behind it.
local function scripted_by_name(script)
  local by_name = { tasks = {}, map_runs = {} }
  for _, name in ipairs(script.tasks) do by_name.tasks[name] = true end
  for _, specification in ipairs(script.map_runs) do
    by_name.map_runs[plan.read(specification).StepName] = specification
  end
  return by_name
end

--- The steps of an execution that begins, in their order.
---@param execution { Definition?: string, Input?: string, script: table }
---@param next_name fun(): string
---@return fnf.emulator.Step[]
function steps.of(execution, next_name)
  local script, list, met = execution.script, {}, {}
  local by_name = scripted_by_name(script)
  for _, state in ipairs(definition.read(execution.Definition or "").states) do
    list[#list + 1] = of_state(state, by_name, execution, next_name)
    met[state.Name] = true
  end
  for _, name in ipairs(script.tasks) do
    if not met[name] then list[#list + 1] = task(name, script, next_name) end
  end
  for _, specification in ipairs(script.map_runs) do
    local name = plan.read(specification).StepName
    if not met[name] then list[#list + 1] = map(name, {}, specification, next_name) end
  end
  for number = 1, script.steps do list[#list + 1] = plain("step" .. number, script.step_duration) end
  return list[1] and list or { plain("step", script.step_duration) }
end

return steps
