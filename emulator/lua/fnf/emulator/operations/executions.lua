--- DescribeExecution, StopExecution, ListExecutions.
-- SPDX-License-Identifier: MIT

local children = require("fnf.emulator.children")
local description = require("fnf.emulator.description")
local errors = require("fnf.emulator.errors")
local execution = require("fnf.emulator.execution")
local hold = require("fnf.emulator.hold")
local paging = require("fnf.emulator.paging")
local store = require("fnf.emulator.store")

local function describe(values)
  local found, refusal = store.find_execution(values.FlowName, values.ExecutionName)
  if not found then return nil, refusal end
  if values.WaitTimeSeconds > 0 then
    hold.until_over(found, values.WaitTimeSeconds)
    found, refusal = store.find_execution(values.FlowName, values.ExecutionName)
    if not found then return nil, refusal end
  end
  return description.of(found)
end

local function stop(values)
  local found, refusal = store.find_execution(values.FlowName, values.ExecutionName)
  if not found then return nil, refusal end
  -- As in the documented example the answer still says Running.
  local answer = description.of(found)
  answer.RoleArn, answer.Environment = found.RoleArn, nil
  if not execution.halt(found, values, store.simulated()) then
    return nil, errors.refuse("ExecutionAlreadyCompleted", values.ExecutionName, values.FlowName)
  end
  return answer
end

-- Whole ones, as times are shown: a filter may be the StartedTime of an answer.
local function milliseconds(seconds) return math.floor(seconds * 1000 + 0.5) end

local function is_within(values, started)
  local from, to = values.StartedTimeBegin, values.StartedTimeEnd
  if from and milliseconds(started) < milliseconds(from) then return false end
  return not to or milliseconds(started) <= milliseconds(to)
end

-- Both ends of the time count, as far as that is not documented.
local function is_wanted(values, found)
  local prefix = values.ExecutionNamePrefix
  local qualifier = values.Qualifier
  if prefix and found.Name:sub(1, #prefix) ~= prefix then return false end
  if qualifier and qualifier ~= found.Qualifier and qualifier ~= found.Version then return false end
  if not is_within(values, store.shown(found.starts)) then return false end
  return not values.Status or values.Status == execution.course(found, store.simulated()).Status
end

local function entry(values, found)
  local answer = description.of(found)
  if values.MetadataOnly then answer.FlowDefinition, answer.Input, answer.Output = nil, nil, nil end
  return answer
end

-- The latest first. Executions are numbered as they start, and none goes before its flow does.
local function list(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  local mark
  mark, refusal = paging.number(values.NextToken)
  if refusal then return nil, refusal end
  if values.MapRunName then return children.list(found, values, mark or 0) end
  local newest = math.min(mark or math.huge, #found.started + 1) - 1
  local entries, last = paging.gather(values.Limit, { newest, 1, -1 }, function(number)
    return is_wanted(values, found.started[number]) and entry(values, found.started[number])
  end)
  return { Executions = entries, NextToken = last and paging.token(last) }
end

local STATUSES = { "Starting", "Running", "Stopped", "Succeeded", "Failed", "TimedOut" }

local function rows(...) return { { "ExecutionName", required = true }, { "FlowName", required = true }, ... } end

return {
  DescribeExecution = {
    method = "GET", carry_out = describe,
    parameters = rows({ "WaitTimeSeconds", type = "integer", minimum = 0, maximum = 60, default = 0 }),
  },
  StopExecution = {
    method = "POST", writes = true, carry_out = stop,
    parameters = rows({ "Cause", characters = { 1, 4096 } }, { "Error", characters = { 1, 128 } }),
  },
  ListExecutions = {
    method = "GET", list = "Executions", carry_out = list,
    parameters = {
      { "FlowName", required = true }, { "ExecutionNamePrefix" }, { "MapRunName" },
      { "MetadataOnly", type = "boolean" }, { "Qualifier" }, { "StartedTimeBegin", type = "time" },
      { "StartedTimeEnd", type = "time" }, { "Status", values = STATUSES }, paging.parameters(99),
    },
  },
}
