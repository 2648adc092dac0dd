--- A fake CloudFlow as a platform: executions and MapRuns that live by a clock moved by hand, lists in pages, and
--- faults where a spec wants them.
-- SPDX-License-Identifier: MIT
--
--   local cloud = service.new { plan = function(execution) execution.lasts = 30 end }
--   local client = cloud:client()
--
-- plan(execution)          gives a new execution its life: `lasts` (seconds), `status` (at the end), and `map_runs`, a
--                          list of { name, step, from, to, status, detail }, in seconds after the start
-- fault(params, cloud)     "before" or "after" the operation is carried out the exchange breaks; "500 before" and
--                          "500 after" answer so; "ended" lets all that is known run to its end first
-- pages[action]            a function(params) -> answer, for lists

local errors = require "fnf.errors"
local fake_platform = require "spec.support.fake_platform"
local json = require "fnf.json"
local time = require "fnf.time"

local service = {}

local Service = {}
Service.__index = Service

local SLICE = 0.1 -- seconds between looks at `cancel`
local ALWAYS = 1e9 -- seconds: the life of what no plan ends

local function parameters(request)
  local found = fake_platform.parameters(request.url:match("%?(.*)$"))
  for name, value in pairs(fake_platform.parameters(request.body)) do
    found[name] = value
  end
  return found
end

local function refusal(status, code)
  return { Code = code, Message = code .. " of the fake service", RequestId = "r" }, status
end

---- executions ----

local function status_of(self, execution)
  if execution.stopped then
    return "Stopped"
  elseif self.clock >= execution.started + execution.lasts then
    return execution.status
  end
  return "Running"
end

local function describe(self, execution)
  return { Name = execution.Name, FlowName = execution.FlowName, Input = execution.Input, RequestId = "r",
    Status = status_of(self, execution), StartedTime = time.timestamp(execution.started) }
end

local function find(self, params)
  local execution = self.executions[params.FlowName .. "/" .. params.ExecutionName]
  if not execution then
    return nil, refusal(404, "ExecutionNotExists")
  end
  return execution
end

local actions = {}

function actions.StartExecution(self, params)
  local name = params.ExecutionName or "made-" .. self.created
  local key = params.FlowName .. "/" .. name
  local execution = self.executions[key]
  if execution and status_of(self, execution) == "Running" then
    return describe(self, execution)
  elseif execution then
    return refusal(400, "ExecutionAlreadyExists")
  end
  execution = { Name = name, FlowName = params.FlowName, Input = params.Input, started = self.clock, lasts = ALWAYS,
    status = "Succeeded", map_runs = {} }
  self.plan(execution)
  self.executions[key] = execution
  self.created = self.created + 1
  self.inputs[params.Input or ""] = (self.inputs[params.Input or ""] or 0) + 1
  return describe(self, execution)
end

--- Holds the request as the service does: until the end, or the time is over.
function actions.DescribeExecution(self, params, cancel)
  local execution, refused, status = find(self, params)
  if not execution then
    return refused, status
  end
  local ending = self.clock + (self.holds and tonumber(params.WaitTimeSeconds) or 0)
  while status_of(self, execution) == "Running" and self.clock < ending do
    if cancel and cancel() then
      return nil, "cancelled"
    end
    self.clock = self.clock + SLICE
  end
  return describe(self, execution)
end

function actions.StopExecution(self, params)
  local execution, refused, status = find(self, params)
  if not execution then
    return refused, status
  elseif status_of(self, execution) ~= "Running" then
    return refusal(400, "ExecutionAlreadyCompleted")
  end
  execution.stopped = self.clock
  return describe(self, execution)
end

---- events and MapRuns ----

local function events_of(self, execution)
  local events = { { Type = "ExecutionStarted", StepName = "", EventDetail = '{"input":{}}', at = 0 } }
  for _, run in ipairs(execution.map_runs) do
    local detail = run.detail or ('{"output":{"MapRunName":"%s"}}'):format(run.name)
    events[#events + 1] = { Type = "StepEntered", StepName = run.step, EventDetail = '{"input":{}}', at = run.from }
    events[#events + 1] = { Type = "MapRunStarted", StepName = run.step, EventDetail = detail, at = run.from }
  end
  local seen = {}
  for _, event in ipairs(events) do
    if execution.started + event.at <= self.clock then
      event.EventId, event.Time = #seen + 1, time.timestamp(execution.started + event.at)
      event.at = nil
      seen[#seen + 1] = event
    end
  end
  return seen
end

function actions.GetExecutionHistory(self, params)
  local execution, refused, status = find(self, params)
  if not execution then
    return refused, status
  end
  local events, page = events_of(self, execution), {}
  local from, limit = tonumber(params.NextToken or 0), tonumber(params.Limit or 60)
  for i = from + 1, math.min(#events, from + limit) do
    page[#page + 1] = events[i]
  end
  return { RequestId = "r", Events = page, NextToken = #events > from + limit and tostring(from + limit) or nil }
end

function actions.DescribeMapRun(self, params)
  local execution, refused, status = find(self, params)
  if not execution then
    return refused, status
  end
  for _, run in ipairs(execution.map_runs) do
    if run.name == params.MapRunName then
      local over = self.clock >= execution.started + run.to
      return { RequestId = "r", MapRunName = run.name, ExecutionName = execution.Name,
        Status = over and (run.status or "Succeeded") or execution.stopped and "Aborted" or "Running",
        ItemCounts = { Total = 10, Succeed = over and 10 or 5, Running = over and 0 or 5, Failed = 0 } }
    end
  end
  return refusal(400, "InvalidArgument")
end

---- the exchange ----

local function broken()
  return nil, errors.new { kind = "network", message = "the connection was reset", retryable = true, sent = true }
end

local function answer(object, status)
  return { status = status or 200, headers = {}, body = json.encode(object) }
end

local function run_to_the_end(self)
  for _, execution in pairs(self.executions) do
    execution.lasts = math.min(execution.lasts, self.clock - execution.started)
  end
end

local function send(self, request, cancel)
  local params = parameters(request)
  self.log[#self.log + 1] = { action = params.Action, params = params, at = self.clock, timeout = request.timeout }
  self.clock = self.clock + self.latency
  local fault = self.fault(params, self)
  if fault == "ended" then
    run_to_the_end(self)
  elseif fault == "before" then
    return broken()
  elseif fault == "500 before" then
    return answer(refusal(500, "InternalServerError"))
  elseif type(fault) == "table" then
    return fault
  end
  local object, status
  if self.pages[params.Action] then
    object, status = self.pages[params.Action](params)
  else
    object, status = actions[params.Action](self, params, cancel)
  end
  if fault == "after" then
    return broken()
  elseif fault == "500 after" then
    return answer(refusal(500, "InternalServerError"))
  elseif status == "cancelled" then
    return nil, errors.cancelled()
  end
  return answer(object, status)
end

local function nothing() end

--- A service with the fields above, and `log`, `clock`, `executions`, `created`, `inputs` (starts by Input) to look at.
function service.new(fields)
  local self = setmetatable({ latency = 0.01, log = {}, executions = {}, inputs = {}, created = 0,
    clock = 1000, wall = 1790000000, holds = true, plan = nothing, fault = nothing, pages = {} }, Service)
  for name, value in pairs(fields or {}) do
    self[name] = value
  end
  self.platform = fake_platform.of(self, send)
  return self
end

Service.client = fake_platform.client_of

--- How often an operation was asked for.
function Service:asked(action)
  local count = 0
  for _, entry in ipairs(self.log) do
    count = count + (entry.action == action and 1 or 0)
  end
  return count
end

return service
