--- ReportTaskSucceeded and ReportTaskFailed.
-- SPDX-License-Identifier: MIT

local errors = require("fnf.emulator.errors")
local events = require("fnf.emulator.events")
local execution = require("fnf.emulator.execution")
local store = require("fnf.emulator.store")

-- Since when the task waits for its report, if it does.
local function submitted(task, course)
  for _, passage in ipairs(course.passages) do
    if passage.step == task.step then return passage.from + task.step.duration end
  end
  return math.huge
end

local function find(token, now)
  local task = store.tasks[token]
  local parent = task and store.find_execution(task.execution.FlowName, task.execution.Name)
  if not parent or parent ~= task.execution then
    return nil, errors.refuse("InvalidArgument", "No task has this TaskToken.")
  end
  local course = execution.course(parent, now)
  if task.step.report or course.over then return nil, errors.refuse("TaskAlreadyCompleted", token) end
  if now < submitted(task, course) then return nil, errors.refuse("TaskInvalidState") end
  return task
end

local function report(values)
  local now = store.simulated()
  local task, refusal = find(values.TaskToken, now)
  if not task then return nil, refusal end
  task.step.report = { at = now, Output = values.Output, Error = values.Error, Cause = values.Cause }
  for number, event in ipairs(events.of(task.execution, now)) do
    if event.token == values.TaskToken then return { EventId = number } end
  end
  return {}
end

-- In the query although these are POSTs.
local function token() return { "TaskToken", place = "query", required = true } end

return {
  ReportTaskSucceeded = {
    method = "POST", writes = true, carry_out = report,
    parameters = { token(), { "Output", type = "json", required = true } },
  },
  ReportTaskFailed = {
    method = "POST", writes = true, carry_out = report,
    parameters = {
      token(), { "Error", required = true, characters = { 1, 128 } }, { "Cause", characters = { 1, 4096 } },
    },
  },
}
