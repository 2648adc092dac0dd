--- A MapRun whose items failed, on the scripted platform: its description, its children in pages, their histories.
-- SPDX-License-Identifier: MIT
--
--   local cloud = failed_run.new { failed = 6 }
--   cloud:client():explain_map_run(cloud.names)
--
-- Fields, all optional: `failed` (so many children, made up), or `children` (entries of ListExecutions); `run` (fields
-- of its description); `history(name)` (EventDetail of a child's end, or a row of fake_platform); `execution` (fields
-- of the parent's description); `history_of_parent` (its events); `answer(query, cloud)` (a row instead of another).

local fake_platform = require "spec.support.fake_platform"
local json = require "fnf.json"

local failed_run = {}

local NAMES = fake_platform.names

failed_run.DEFINITION = json.encode { Type = "StateMachine", Name = NAMES.FlowName, StartAt = "Each",
  States = { { Type = "Map", Name = "Each", ItemsPath = "$Input.orders",
    ProcessorConfig = { ExecutionMode = "Express" }, End = true } } }

--- A child that failed at its item.
function failed_run.child(number, fields)
  local child = { Name = ("child:%d"):format(number), FlowName = NAMES.FlowName, Status = "Failed",
    Input = ('{"id":%d}'):format(number), StartedTime = "2026-11-28T01:00:00.000Z",
    StoppedTime = ("2026-11-28T01:00:%02d.000Z"):format(1 + number % 59) }
  for name, value in pairs(fields or {}) do
    child[name] = value
  end
  return child
end

local function input_of(children)
  local texts = {}
  for index, child in ipairs(children) do
    texts[index] = tostring(child.Input)
  end
  return ('{"orders":[%s],"day":1}'):format(table.concat(texts, ","))
end

local function with(fields, more)
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
  return fields
end

local answers = {}

function answers.DescribeMapRun(self)
  local failed = #self.children
  return fake_platform.run(with({ Status = "Failed", StartedTime = "2026-11-28T09:00:00+08:00",
    ItemCounts = { Total = 1000, Succeed = 1000 - failed, Failed = failed, Running = 0, Pending = 0, Aborted = 0 } },
    self.run))
end

function answers.ListExecutions(self, query)
  local page, first, limit = {}, tonumber(query.NextToken or 0), tonumber(query.Limit or 60)
  local last = first
  while last < #self.children and #page < limit do
    last = last + 1
    local child = self.children[last]
    page[#page + 1] = (not query.Status or query.Status == child.Status) and child or nil
  end
  return { body = { RequestId = "r", Executions = page, NextToken = last < #self.children and tostring(last) or nil } }
end

function answers.GetExecutionHistory(self, query)
  if query.ExecutionName == NAMES.ExecutionName then
    return { body = { RequestId = "r", Events = self.history_of_parent or { { Type = "MapRunStarted", EventId = 2,
      StepName = "Each", EventDetail = ('{"output":{"MapRunName":"%s"}}'):format(NAMES.MapRunName) } } } }
  end
  local said = self.history
  if type(said) == "function" then
    said = said(query.ExecutionName, self)
  end
  if type(said) == "table" then
    return said
  end
  return { body = { RequestId = "r", Events = { { Type = "ExecutionStarted", EventId = 1, EventDetail = '{"input":1}' },
    { Type = "ExecutionFailed", EventId = 2, EventDetail = said or '{"error":"Timeout","cause":"no answer"}' } } } }
end

function answers.DescribeExecution(self, query)
  for _, started in ipairs(self.started) do
    if started.Name == query.ExecutionName then
      return { body = with({ RequestId = "r", Status = "Succeeded" }, started) }
    end
  end
  return { body = with({ RequestId = "r", Name = NAMES.ExecutionName, FlowName = NAMES.FlowName, Status = "Failed",
    Input = input_of(self.children), FlowDefinition = failed_run.DEFINITION }, self.execution) }
end

function answers.DescribeFlow()
  return { body = { RequestId = "r", Name = NAMES.FlowName, Definition = failed_run.DEFINITION } }
end

function answers.StartExecution(self, _, form)
  for _, started in ipairs(self.started) do
    if started.Name == form.ExecutionName then
      return { body = with({ RequestId = "r", Status = "Running" }, started) }
    end
  end
  self.started[#self.started + 1] = { Name = form.ExecutionName, FlowName = form.FlowName, Input = form.Input,
    Qualifier = form.Qualifier }
  return { body = with({ RequestId = "r", Status = "Running" }, self.started[#self.started]) }
end

--- The platform; `started` holds what StartExecution began, `asked` how often each operation was.
function failed_run.new(fields)
  local cloud = with(fake_platform.new(), fields)
  cloud.names, cloud.started, cloud.asked = NAMES, {}, {}
  cloud.children = cloud.children or {}
  for number = 1, cloud.failed or 0 do
    cloud.children[number] = failed_run.child(number)
  end
  cloud.answers[1] = function(sent)
    local action = sent.query.Action
    cloud.asked[action] = (cloud.asked[action] or 0) + 1
    cloud.last = sent
    local row = cloud.answer and cloud.answer(sent.query, cloud)
    cloud.sent = {} -- ten thousand requests are no part of what is measured
    return row or answers[action](cloud, sent.query, sent.form)
  end
  return cloud
end

return failed_run
