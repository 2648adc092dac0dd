--- What a test says about executions to come: how long, with what end, with which MapRuns and waiting tasks.
-- SPDX-License-Identifier: MIT

local plan = require("fnf.emulator.plan")
local json = require("fnf.emulator.json")

local script = {}

local function text(value) return type(value) == "string" end

local function seconds(value) return type(value) == "number" and value >= 0 and value < 1e9 end

local function count(value) return type(value) == "number" and value % 1 == 0 and value >= 0 and value <= 5000 end

local outcomes = { Succeeded = true, Failed = true, TimedOut = true, Running = true }

local function are_names(value)
  if type(value) ~= "table" then return false end
  for key, name in pairs(value) do
    if type(key) ~= "number" or not text(name) then return false end
  end
  return true
end

local function row(default, valid, wanted) return { default = default, valid = valid, wanted = wanted } end

local fields = {
  FlowName = row(nil, text, "a name"),
  starting = row(0, seconds, "seconds, 0 or more"),
  step_duration = row(0.1, seconds, "seconds, 0 or more"),
  stopping = row(0, seconds, "seconds, 0 or more"),
  steps = row(0, count, "a whole number from 0 to 5000"),
  outcome = row("Succeeded", function(value) return outcomes[value] end, "Succeeded, Failed, TimedOut or Running"),
  Output = row(nil, function(value) return text(value) and json.valid(value) end, "a text that holds JSON"),
  Error = row(nil, text, "text"),
  Cause = row(nil, text, "text"),
  tasks = row({}, are_names, "a list of names"),
  map_runs = row({}, function(value) return type(value) == "table" end, "a list of MapRun specifications"),
  map_run_started = row('{"output":{"MapRunName":"$MapRunName"}}', text, "the text of an EventDetail"),
}

local function check_map_runs(list)
  for key, specification in pairs(list) do
    if type(key) ~= "number" or type(specification) ~= "table" then return "map_runs must be a list of objects" end
    local complete, message = plan.read(specification)
    if not complete then return message end
  end
end

--- A complete script out of a given one.
---@param given table
---@return table? complete
---@return string? message the field that is wrong and what it should be
function script.read(given)
  local complete = {}
  for name, value in pairs(given) do
    local field = fields[name]
    if not field then return nil, ("unknown field '%s'"):format(tostring(name)) end
    if not field.valid(value) then return nil, ("%s must be %s"):format(name, field.wanted) end
    complete[name] = value
  end
  local message = check_map_runs(given.map_runs or {})
  if message then return nil, message end
  for name, field in pairs(fields) do
    if complete[name] == nil then complete[name] = field.default end
  end
  return complete
end

return script
