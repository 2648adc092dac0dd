--- What has happened in an execution, as events: GetExecutionHistory, ReportTaskSucceeded, ReportTaskFailed.
-- SPDX-License-Identifier: MIT

local children = require "fnf.emulator.children"
local errors = require "fnf.emulator.errors"
local events = require "fnf.emulator.events"
local execution = require "fnf.emulator.execution"
local paging = require "fnf.emulator.paging"
local store = require "fnf.emulator.store"
local timestamp = require "fnf.emulator.timestamp"

-- Each event was led to by the one before it: true of one step after the other, and no more is documented.
local function described(number, event)
  return {
    EventId = number, ScheduleEventId = number - 1, Type = event.type, StepName = event.step,
    Time = timestamp.milliseconds(store.shown(event.at)), EventDetail = event.detail,
  }
end

-- The token of this list is documented as the number of an event.
local function get_history(values)
  local child, found, refusal = children.find(values.FlowName, values.ExecutionName), nil, nil
  if not child then
    found, refusal = store.find_execution(values.FlowName, values.ExecutionName)
  end
  if refusal then
    return nil, refusal
  end
  local token = values.NextToken or ""
  if not token:find "^%d*$" then
    return nil, errors.refuse("InvalidArgument", "NextToken is not from an answer of this list.")
  end
  local list = child and events.of_child(child) or events.of(found, store.simulated() - found.script.history_delay)
  local page, last = paging.gather(values.Limit, { (tonumber(token) or 0) + 1, #list, 1 }, function(number)
    return described(number, list[number])
  end)
  return { Events = page, NextToken = last and tostring(last) }
end

-- Since when the task waits for its report, if it does.
local function submitted(task, course)
  for _, passage in ipairs(course.passages) do
    if passage.step == task.step then
      return passage.from + task.step.duration
    end
  end
  return math.huge
end

local function find_task(token, now)
  local task = store.tasks[token]
  local parent = task and store.find_execution(task.execution.FlowName, task.execution.Name)
  if not parent or parent ~= task.execution then
    return nil, errors.refuse("InvalidArgument", "No task has this TaskToken.")
  end
  local course = execution.course(parent, now)
  if task.step.report or course.over then
    return nil, errors.refuse("TaskAlreadyCompleted", token)
  end
  if now < submitted(task, course) then
    return nil, errors.refuse "TaskInvalidState"
  end
  return task
end

local function report(values)
  local now = store.simulated()
  local task, refusal = find_task(values.TaskToken, now)
  if not task then
    return nil, refusal
  end
  task.step.report = { at = now, Output = values.Output, Error = values.Error, Cause = values.Cause }
  for number, event in ipairs(events.of(task.execution, now)) do
    if event.token == values.TaskToken then
      return { EventId = number }
    end
  end
  return {}
end

-- In the query although these are POSTs; the vendor's clients before 2.0 send it in the form.
local function task_token()
  return { "TaskToken", place = "query", former = "form", required = true }
end

return {
  GetExecutionHistory = {
    method = "GET", list = "Events", carry_out = get_history,
    parameters = { { "ExecutionName", required = true }, { "FlowName", required = true }, paging.parameters(999) },
  },
  ReportTaskSucceeded = {
    method = "POST", writes = true, carry_out = report,
    parameters = { task_token(), { "Output", type = "json", required = true } },
  },
  ReportTaskFailed = {
    method = "POST", writes = true, carry_out = report,
    parameters = {
      task_token(), { "Error", required = true, characters = { 1, 128 } }, { "Cause", characters = { 1, 4096 } },
    },
  },
}
