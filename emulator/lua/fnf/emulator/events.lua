--- The history of an execution: its events up to a moment, in the documented form with lower-case keys in the details.
-- SPDX-License-Identifier: MIT

local execution = require "fnf.emulator.execution"
local json = require "fnf.emulator.json"

local events = {}

---@class fnf.emulator.Event
---@field at number seconds on the emulator's clock
---@field type string
---@field step string
---@field detail string JSON
---@field token? string of the task it tells the end of

-- Texts of JSON are put in as they are: written anew, an empty list would become an object.
local function with(name, text)
  return ('{"%s":%s}'):format(name, text)
end

local function problem_detail(problem)
  return json.encode { error = problem.Error, cause = problem.Cause }
end

local function middle(self, passage, add)
  local step, from = passage.step, passage.from
  if step.kind == "map" and step.run then
    local detail = self.script.map_run_started:gsub("%$MapRunName", (step.run.MapRunName:gsub("%%", "%%%%")))
    add(from, "MapRunStarted", step, detail)
  elseif step.kind == "task" then
    add(from, "TaskScheduled", step, "{}")
    add(from, "TaskStarted", step, "{}")
    add(from + step.duration, "TaskSubmitted", step, "{}")
    local report = step.report
    if report and report.Error then
      add(report.at, "TaskFailed", step, problem_detail(report), step.token)
    end
    if report and not report.Error then
      add(report.at, "TaskSucceeded", step, with("output", report.Output), step.token)
    end
  end
end

local function pass(self, passage, add)
  local step, input = passage.step, self.Input or "{}"
  add(passage.from, "StepEntered", step, ('{"input":%s,"local":{}}'):format(input))
  add(passage.from, "StepStarted", step, with("input", input))
  middle(self, passage, add)
  if not passage.to or step.kind == "map" and not self.script.step_ends then
    return
  end
  if passage.problem then
    add(passage.to, "StepFailed", step, problem_detail(passage.problem))
  else
    add(passage.to, "StepSucceeded", step, with("output", step.report and step.report.Output or "{}"))
  end
  add(passage.to, "StepExited", step, with("local", "{}"))
end

-- Attached MapRuns stand behind the steps, so their events have to find their place in time.
local function in_order(list)
  for index, event in ipairs(list) do
    event.order = index
  end
  table.sort(list, function(a, b)
    if a.at ~= b.at then
      return a.at < b.at
    end
    return a.order < b.order
  end)
  return list
end

--- All events so far; the number of one is its EventId and never changes.
---@param self fnf.emulator.Execution
---@param now number seconds on the emulator's clock
---@return fnf.emulator.Event[]
function events.of(self, now)
  local course = execution.course(self, now)
  local list, limit = {}, math.min(now, course.ends or now)
  local function add(at, kind, step, detail, token)
    if at > limit then
      return
    end
    list[#list + 1] = { at = at, type = kind, step = step and step.name or "", detail = detail, token = token }
  end
  add(self.starts, "ExecutionStarted", nil, with("input", self.Input or "{}"))
  for _, passage in ipairs(course.passages) do
    pass(self, passage, add)
  end
  if self.attached[1] then
    in_order(list)
  end
  if course.over then
    local detail = course.problem and problem_detail(course.problem) or with("output", execution.output(self))
    add(course.ends, "Execution" .. course.status, nil, detail)
  end
  return list
end

--- Those of a child execution, whose one step works at its item. An Input that is no JSON stands there as text.
---@param child fnf.emulator.Child
---@return fnf.emulator.Event[]
function events.of_child(child)
  local list, step = {}, { name = "Item" }
  local function add(at, kind, of, detail)
    list[#list + 1] = { at = at, type = kind, step = of and of.name or "", detail = detail }
  end
  local input = with("input", json.valid(child.Input) and child.Input or json.encode(child.Input))
  add(child.started, "ExecutionStarted", nil, input)
  add(child.started, "StepEntered", step, input)
  add(child.started, "StepStarted", step, input)
  if child.stopped then
    local detail = child.problem and problem_detail(child.problem) or with("output", child.Output)
    if child.Status ~= "Stopped" then
      add(child.stopped, "Step" .. child.Status, step, detail)
      add(child.stopped, "StepExited", step, with("local", "{}"))
    end
    add(child.stopped, "Execution" .. child.Status, nil, detail)
  end
  return list
end

return events
