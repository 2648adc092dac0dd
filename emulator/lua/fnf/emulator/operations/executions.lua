--- Executions: StartExecution, StartSyncExecution, DescribeExecution, StopExecution, ListExecutions.
-- SPDX-License-Identifier: MIT

local children = require "fnf.emulator.children"
local errors = require "fnf.emulator.errors"
local execution = require "fnf.emulator.execution"
local flow = require "fnf.emulator.flow"
local hold = require "fnf.emulator.hold"
local paging = require "fnf.emulator.paging"
local store = require "fnf.emulator.store"
local timestamp = require "fnf.emulator.timestamp"

local function shown(seconds)
  return seconds and timestamp.milliseconds(store.shown(seconds))
end

local function environment(self)
  if not self.Environment then
    return nil
  end
  local variables = {}
  for index, variable in ipairs(self.Environment.Variables) do
    variables[index] = { Name = variable.Name, Value = variable.Value }
  end
  return { Variables = variables }
end

-- The fields that DescribeExecution, ListExecutions and StartExecution share.
local function description(self, now)
  local course = execution.course(self, now or store.simulated())
  return {
    FlowName = self.FlowName, Name = self.Name, Status = course.Status, FlowDefinition = self.Definition,
    Input = self.Input, Output = course.Status == "Succeeded" and execution.output(self) or nil,
    Environment = environment(self), StartedTime = shown(self.starts),
    StoppedTime = course.over and shown(course.ends) or nil,
  }
end

local function describe_child(child)
  return {
    FlowName = child.FlowName, Name = child.Name, Status = child.Status, Input = child.Input, Output = child.Output,
    StartedTime = shown(child.started), StoppedTime = shown(child.stopped),
  }
end

-- An Express execution may take 5 minutes.
local LONGEST = 300

-- Which version an alias leads to: by weight, turn and turn about, so that a test can tell.
local function route(found, alias)
  local routes = alias.RoutingConfigurations
  local total = 0
  for _, each in ipairs(routes) do
    total = total + each.Weight
  end
  local turn = total > 0 and #found.started % total or 0
  return turn < routes[1].Weight and routes[1].Version or routes[#routes].Version
end

-- What of the flow is executed: the version that the qualifier leads to, else the flow as it is.
local function settings_of(found, qualifier)
  if (qualifier or "") == "" then
    return flow.settings(found)
  end
  local alias = found.aliases[qualifier]
  local version, refusal = flow.version(found, alias and route(found, alias) or qualifier)
  if not version then
    return nil, refusal
  end
  local frozen = flow.settings(version)
  frozen.Version, frozen.Qualifier = version.Version, qualifier
  return frozen
end

-- No code is documented for either; these say what they mean to a client.
local function check_resources(values)
  local limits = store.quota and store.quota.resources
  if not limits then
    return nil
  end
  if #(values.Input or "") > limits.event_bytes then
    return errors.refuse("EntityTooLarge", limits.event_bytes)
  end
  if not store.has_room(limits.running_executions) then
    return errors.refuse "ResourceThrottled"
  end
end

local function begin(values, found, name)
  local refusal = check_resources(values)
  if refusal then
    return nil, refusal
  end
  local start
  start, refusal = settings_of(found, values.Qualifier)
  if not start then
    return nil, refusal
  end
  start.Name, start.Input = name, values.Input ~= "" and values.Input or nil
  return store.add_execution(found, start)
end

local function start_execution(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local name = values.ExecutionName or store.next_name()
  local running = found.executions[name]
  if running and execution.course(running, store.simulated()).over then
    return nil, errors.refuse("ExecutionAlreadyExists", name, found.Name)
  end
  -- That the service compares Input is not documented, so a running one of the name is the answer whatever it has.
  if not running then
    running, refusal = begin(values, found, name)
  end
  if not running then
    return nil, refusal
  end
  return description(running)
end

local function uuid()
  return (store.next_name():gsub("^(........)(....)(....)(....)(.*)$", "%1-%2-%3-%4-%5"))
end

local function start_sync(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local running
  running, refusal = begin(values, found, (values.ExecutionName or store.next_name()) .. ":" .. uuid())
  if not running then
    return nil, refusal
  end
  hold.until_over(running, LONGEST)
  local answer = description(running)
  answer.FlowDefinition, answer.Input = nil, nil
  local problem = execution.course(running, store.simulated()).problem
  if problem and answer.StoppedTime then
    answer.ErrorCode, answer.ErrorMessage = problem.Error, problem.Cause
  end
  return answer
end

local function start_rows(...)
  return {
    { "FlowName", required = true }, { "ExecutionName", type = "name" }, { "Input", type = "object" },
    { "Qualifier" }, ...
  }
end

local function describe_execution(values)
  local child = children.find(values.FlowName, values.ExecutionName)
  if child then
    return describe_child(child)
  end
  local found, refusal = store.find_execution(values.FlowName, values.ExecutionName)
  if not found then
    return nil, refusal
  end
  if values.WaitTimeSeconds > 0 then
    hold.until_over(found, values.WaitTimeSeconds)
    found, refusal = store.find_execution(values.FlowName, values.ExecutionName)
    if not found then
      return nil, refusal
    end
  end
  return description(found)
end

local function stop_execution(values)
  local found, refusal = store.find_execution(values.FlowName, values.ExecutionName)
  if not found then
    return nil, refusal
  end
  -- As in the documented example the answer still says Running.
  local answer = description(found)
  answer.RoleArn, answer.Environment = found.RoleArn, nil
  if not execution.halt(found, values, store.simulated()) then
    return nil, errors.refuse("ExecutionAlreadyCompleted", values.ExecutionName, values.FlowName)
  end
  return answer
end

-- Whole ones, as times are shown: a filter may be the StartedTime of an answer.
local function milliseconds(seconds)
  return math.floor(seconds * 1000 + 0.5)
end

local function is_within(values, started)
  local from, to = values.StartedTimeBegin, values.StartedTimeEnd
  if from and milliseconds(started) < milliseconds(from) then
    return false
  end
  return not to or milliseconds(started) <= milliseconds(to)
end

-- What a list knows is as old as the script has it.
local function listed_at(found)
  return store.simulated() - found.script.list_delay
end

-- Both ends of the time count, as far as that is not documented.
local function is_wanted(values, found)
  local prefix = values.ExecutionNamePrefix
  local qualifier = values.Qualifier
  if prefix and found.Name:sub(1, #prefix) ~= prefix then
    return false
  end
  if qualifier and qualifier ~= found.Qualifier and qualifier ~= found.Version then
    return false
  end
  local now = listed_at(found)
  if not is_within(values, store.shown(found.starts)) or now < found.starts - found.script.starting then
    return false
  end
  return not values.Status or values.Status == execution.course(found, now).Status
end

local function entry(values, found)
  local answer = description(found, listed_at(found))
  if values.MetadataOnly then
    answer.FlowDefinition, answer.Input, answer.Output = nil, nil, nil
  end
  return answer
end

-- A page of ListExecutions with a MapRunName: those that have begun, in the order of their ends.
local function list_children(parent, values, mark)
  local listed = children.of(parent, values.MapRunName)
  if not listed then
    return { Executions = {} }
  end
  local prefix, status = values.ExecutionNamePrefix or "", values.Status
  local entries, last = paging.gather(values.Limit, { mark + 1, listed.begun, 1 }, function(number)
    if status and status ~= children.status(listed, number)
      or children.name(listed, number):sub(1, #prefix) ~= prefix then
      return nil
    end
    local child = describe_child(children.describe(listed, number))
    if values.MetadataOnly then
      child.Input, child.Output = nil, nil
    end
    return child
  end)
  return { Executions = entries, NextToken = last and paging.token(last) }
end

-- The latest first. Executions are numbered as they start, and none goes before its flow does.
local function list_executions(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local mark
  mark, refusal = paging.number(values.NextToken)
  if refusal then
    return nil, refusal
  end
  if values.MapRunName then
    return list_children(found, values, mark or 0)
  end
  local newest = math.min(mark or math.huge, #found.started + 1) - 1
  local entries, last = paging.gather(values.Limit, { newest, 1, -1 }, function(number)
    return is_wanted(values, found.started[number]) and entry(values, found.started[number])
  end)
  return { Executions = entries, NextToken = last and paging.token(last) }
end

local STATUSES = { "Starting", "Running", "Stopped", "Succeeded", "Failed", "TimedOut" }

local function rows(...)
  return { { "ExecutionName", required = true }, { "FlowName", required = true }, ... }
end

return {
  StartExecution = {
    method = "POST", carry_out = start_execution,
    -- Accepted and not acted upon: no task is called back.
    parameters = start_rows { "CallbackFnFTaskToken" },
  },
  StartSyncExecution = { method = "POST", carry_out = start_sync, parameters = start_rows() },
  DescribeExecution = {
    method = "GET", carry_out = describe_execution,
    parameters = rows { "WaitTimeSeconds", type = "integer", minimum = 0, maximum = 60, default = 0 },
  },
  StopExecution = {
    method = "POST", writes = true, carry_out = stop_execution,
    parameters = rows({ "Cause", characters = { 1, 4096 } }, { "Error", characters = { 1, 128 } }),
  },
  ListExecutions = {
    method = "GET", list = "Executions", carry_out = list_executions,
    parameters = {
      { "FlowName", required = true }, { "ExecutionNamePrefix" }, { "MapRunName" },
      { "MetadataOnly", type = "boolean" }, { "Qualifier" }, { "StartedTimeBegin", type = "time" },
      { "StartedTimeEnd", type = "time" }, { "Status", values = STATUSES }, paging.parameters(99),
    },
  },
}
