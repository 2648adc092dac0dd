--- The service as data: one row an operation. Adding an operation is adding a row.
-- SPDX-License-Identifier: MIT
--
-- A row, and where its facts come from (sections of API.md; spec/operations_spec.lua holds the rows against them):
--   action       the service's name of it
--   method       HTTP method; GET carries its parameters in the query, POST in the form body (section 1)
--   parameters   name -> row of `fnf.check`, plus query = true for what stays in the query of a POST
--   repeatable   true: twice does what once does, so an unclear attempt may be repeated (section 5)
--   writes       true: it changes something
--   quota        requests at once and per second, for the whole account (section 6)
--   attempt_timeout  seconds an attempt may take, where the client's own setting is too short
--   holds        the parameter that tells the service how many seconds to keep the request open
--   items        the field that holds the list of a page; NextToken asks for the next page
--   each         the method that walks through the items of all pages
--   final        values of Status after which what it describes changes no more
--   answer       what a sensible answer has: see fnf.Operation

---@class fnf.Operation
---@field action string
---@field method "GET"|"POST"
---@field parameters table<string, fnf.Row>
---@field repeatable boolean
---@field writes? boolean
---@field quota { burst: integer, rate: number }
---@field attempt_timeout? number seconds
---@field holds? string
---@field items? string
---@field each? string
---@field final? table<string, boolean> values of Status after which what is described changes no more
---@field answer? fnf.Expected

---@class fnf.Expected
---@field must? string a field that is there, as a string
---@field same? table<string, string> field -> parameter: where both are there they are equal
---@field floats? table<string, boolean> fields that are no integers
---@field integers? table<string, boolean> fields that are integers though they may come as text

local OTHER = { burst = 10, rate = 2 }
local STARTS = { burst = 100, rate = 100 }
local EXECUTION_READS = { burst = 50, rate = 5 }

local function need(row)
  local copy = { required = true }
  for key, value in pairs(row) do
    copy[key] = value
  end
  return copy
end

local WORD = { type = "name" }
local TEXT = { type = "string" }
local FLAG = { type = "boolean" }
local COUNT = { type = "integer", minimum = 0 }
local TIME = { type = "string", pattern = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.?%d*Z$",
  rule = "a time in UTC such as 2020-12-02T02:39:20.402Z" }

-- The rule for names holds where one is made. Names read back may be wider: a synchronous execution is called
-- "name:UUID", and the form of MapRun and child names is not promised (sections 3 and 5).
local NAME = need(WORD)
local NEW_NAME = { type = "name", characters = { 1, 128 }, pattern = "^[A-Za-z_][A-Za-z0-9_-]*$",
  rule = "letters, digits, _ and -, beginning with a letter or _" }
local ERROR = { type = "string", characters = { 1, 128 } }
local CAUSE = { type = "string", characters = { 1, 4096 } }

-- Input, Output and Payload are strings that hold JSON; a table is written as one. Results keep them strings.
local JSON = { type = "json" }
local ENVIRONMENT = { type = "json",
  fields = { Variables = { type = "list", entries = { Name = TEXT, Value = TEXT, Description = TEXT } } } }
local ROUTES = { type = "json", count = { 1, 2 }, entries = { Version = need(TEXT), Weight = need(COUNT) } }
local CHANGED_ROUTES = { type = "json", count = { 1, 2 }, entries = { Version = TEXT, Weight = COUNT } }

-- Where sources give two upper bounds of Limit, the lower one, which both allow (section 6).
local function limit(most)
  return { type = "integer", minimum = 1, maximum = most }
end

-- A success says which request it answers; more is not asked for, since the write has been done whatever else the
-- answer lacks. Only a wait cannot do without the Status of what it polls.
local ANY = { must = "RequestId" }
local FLOW = { must = "RequestId", same = { Name = "Name" } }
local SCHEDULE = { must = "RequestId", same = { ScheduleName = "ScheduleName" } }
local ALIAS = { must = "RequestId", integers = { Weight = true } }
local EXECUTION = { must = "RequestId", same = { Name = "ExecutionName" } }
local POLLED_EXECUTION = { must = "Status", same = { Name = "ExecutionName" } }
local TOLERANCE = { ToleratedFailedPercentage = true }

---@type table<string, fnf.Operation>
local operations = {
  ---- flows ----

  create_flow = {
    action = "CreateFlow", method = "POST", writes = true, repeatable = false, quota = OTHER, answer = FLOW,
    parameters = { Name = need(NEW_NAME), Type = { type = "string", values = { "FDL" }, required = true },
      Definition = need(TEXT), Description = need(TEXT), Environment = ENVIRONMENT,
      ExecutionMode = { type = "string", values = { "Standard", "Express", "" } }, -- empty means Standard
      ExternalStorageLocation = TEXT, ResourceGroupId = TEXT, RoleArn = TEXT },
  },
  update_flow = {
    action = "UpdateFlow", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = FLOW,
    parameters = { Name = NAME, Type = { type = "string", values = { "FDL" } }, Definition = TEXT, Description = TEXT,
      Environment = ENVIRONMENT, RoleArn = TEXT },
  },
  delete_flow = {
    action = "DeleteFlow", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = ANY,
    parameters = { Name = NAME },
  },
  describe_flow = {
    action = "DescribeFlow", method = "GET", repeatable = true, quota = OTHER, answer = FLOW,
    parameters = { Name = NAME, FlowVersion = WORD },
  },
  list_flows = {
    action = "ListFlows", method = "GET", repeatable = true, quota = OTHER, answer = ANY,
    items = "Flows", each = "flows",
    parameters = { Limit = limit(999), NextToken = TEXT, ResourceGroupId = TEXT },
  },

  ---- versions and aliases of a flow ----

  publish_flow_version = {
    action = "PublishFlowVersion", method = "POST", writes = true, repeatable = false, quota = OTHER,
    parameters = { FlowName = NAME, Description = TEXT },
    answer = { must = "RequestId", same = { FlowName = "FlowName" } },
  },
  list_flow_versions = {
    action = "ListFlowVersions", method = "GET", repeatable = true, quota = OTHER, answer = ANY,
    items = "FlowVersions", each = "versions",
    -- Every source declares this Limit a string. It is a number like the other lists' here, and travels as digits.
    parameters = { FlowName = NAME, Limit = limit(), NextToken = TEXT },
  },
  delete_flow_version = {
    action = "DeleteFlowVersion", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = ANY,
    parameters = { FlowName = NAME, FlowVersion = NAME },
  },
  create_flow_alias = {
    action = "CreateFlowAlias", method = "POST", writes = true, repeatable = false, quota = OTHER,
    parameters = { FlowName = NAME, Name = NAME, RoutingConfigurations = need(ROUTES), Description = TEXT },
    answer = { must = "RequestId", same = { Name = "Name", FlowName = "FlowName" }, integers = { Weight = true } },
  },
  update_flow_alias = {
    action = "UpdateFlowAlias", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = ALIAS,
    -- An English page calls both names optional; the SDK and the metadata require them, and so would any service.
    parameters = { FlowName = NAME, Name = NAME, RoutingConfigurations = CHANGED_ROUTES, Description = TEXT },
  },
  describe_flow_alias = {
    action = "DescribeFlowAlias", method = "GET", repeatable = true, quota = OTHER, answer = ALIAS,
    parameters = { FlowName = NAME, Name = NAME },
  },
  list_flow_aliases = {
    -- Weight is declared a string in this answer alone; it is an integer in all of ours.
    action = "ListFlowAliases", method = "GET", repeatable = true, quota = OTHER, answer = ALIAS,
    items = "Aliases", each = "aliases",
    parameters = { FlowName = NAME, Limit = limit(), NextToken = TEXT },
  },
  delete_flow_alias = {
    action = "DeleteFlowAlias", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = ANY,
    parameters = { FlowName = NAME, Name = NAME },
  },

  ---- executions ----

  start_execution = {
    -- Repeatable with an ExecutionName only: fnf.start gives it one, and repeats.
    action = "StartExecution", method = "POST", writes = true, repeatable = false, quota = STARTS, answer = EXECUTION,
    parameters = { FlowName = NAME, ExecutionName = NEW_NAME, Input = JSON, Qualifier = WORD,
      CallbackFnFTaskToken = WORD },
  },
  start_sync_execution = {
    -- The service adds a UUID to the name, so every call runs the flow again. It answers when the execution has ended,
    -- within the 5 minutes an Express execution may take.
    action = "StartSyncExecution", method = "POST", writes = true, repeatable = false, quota = OTHER,
    attempt_timeout = 310,
    parameters = { FlowName = NAME, ExecutionName = NEW_NAME, Input = JSON, Qualifier = WORD },
    answer = ANY,
  },
  stop_execution = {
    action = "StopExecution", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = EXECUTION,
    parameters = { FlowName = NAME, ExecutionName = NAME, Error = ERROR, Cause = CAUSE },
  },
  describe_execution = {
    action = "DescribeExecution", method = "GET", repeatable = true, quota = EXECUTION_READS,
    answer = POLLED_EXECUTION,
    holds = "WaitTimeSeconds",
    parameters = { FlowName = NAME, ExecutionName = NAME,
      WaitTimeSeconds = { type = "integer", minimum = 0, maximum = 60 } },
    -- Inferred from the names and from the events that tell the end (section 4).
    final = { Stopped = true, Succeeded = true, Failed = true, TimedOut = true },
  },
  list_executions = {
    action = "ListExecutions", method = "GET", repeatable = true, quota = OTHER, answer = ANY,
    items = "Executions", each = "executions",
    parameters = { FlowName = NAME, ExecutionNamePrefix = TEXT, MapRunName = WORD, MetadataOnly = FLAG,
      Qualifier = WORD, StartedTimeBegin = TIME, StartedTimeEnd = TIME, Limit = limit(99), NextToken = TEXT,
      Status = { type = "string", values = { "Starting", "Running", "Stopped", "Succeeded", "Failed", "TimedOut" } } },
  },
  get_execution_history = {
    action = "GetExecutionHistory", method = "GET", repeatable = true, quota = EXECUTION_READS, answer = ANY,
    items = "Events", each = "events",
    parameters = { FlowName = NAME, ExecutionName = NAME, Limit = limit(999), NextToken = TEXT },
  },

  ---- MapRuns ----

  describe_map_run = {
    action = "DescribeMapRun", method = "GET", repeatable = true, quota = OTHER,
    parameters = { FlowName = NAME, ExecutionName = NAME, MapRunName = NAME, RequestId = WORD },
    -- The page lists the statuses, not their meaning (section 4); one we do not know is not final.
    final = { Succeeded = true, Failed = true, Aborted = true },
    answer = { must = "Status", same = { MapRunName = "MapRunName" }, floats = TOLERANCE },
  },
  update_map_run = {
    -- A write that travels as a GET. Its numbers have no documented range, except the percentage.
    action = "UpdateMapRun", method = "GET", writes = true, repeatable = true, quota = OTHER,
    parameters = { FlowName = NAME, ExecutionName = NAME, MapRunName = NAME, RequestId = WORD, Concurrency = COUNT,
      ToleratedFailedCount = COUNT,
      ToleratedFailedPercentage = { type = "number", minimum = 0, maximum = 100 } },
    answer = { must = "RequestId", same = { MapRunName = "MapRunName" }, floats = TOLERANCE },
  },

  ---- tasks that wait for a callback ----

  report_task_succeeded = {
    action = "ReportTaskSucceeded", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = ANY,
    parameters = { TaskToken = { type = "name", required = true, query = true }, Output = need(JSON) },
  },
  report_task_failed = {
    action = "ReportTaskFailed", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = ANY,
    parameters = { TaskToken = { type = "name", required = true, query = true }, Error = need(ERROR), Cause = CAUSE },
  },

  ---- schedules ----

  create_schedule = {
    action = "CreateSchedule", method = "POST", writes = true, repeatable = false, quota = OTHER, answer = SCHEDULE,
    -- The SDK has a parameter SignatureVersion too, which its own signer overwrites; the metadata dropped it.
    parameters = { FlowName = NAME, ScheduleName = need(NEW_NAME), CronExpression = NAME, Description = TEXT,
      Enable = FLAG, Payload = JSON },
  },
  update_schedule = {
    action = "UpdateSchedule", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = SCHEDULE,
    parameters = { FlowName = NAME, ScheduleName = NAME, CronExpression = WORD, Description = TEXT, Enable = FLAG,
      Payload = JSON },
  },
  delete_schedule = {
    action = "DeleteSchedule", method = "POST", writes = true, repeatable = true, quota = OTHER, answer = ANY,
    parameters = { FlowName = NAME, ScheduleName = NAME },
  },
  describe_schedule = {
    action = "DescribeSchedule", method = "GET", repeatable = true, quota = OTHER, answer = SCHEDULE,
    parameters = { FlowName = NAME, ScheduleName = NAME },
  },
  list_schedules = {
    action = "ListSchedules", method = "GET", repeatable = true, quota = OTHER, answer = ANY,
    items = "Schedules", each = "schedules",
    parameters = { FlowName = NAME, Limit = limit(1000), NextToken = TEXT },
  },

  ---- regions ----

  describe_regions = {
    -- Reads, although it is a POST.
    action = "DescribeRegions", method = "POST", repeatable = true, quota = OTHER, answer = ANY,
    parameters = { AcceptLanguage = { type = "string", values = { "zh-CN", "en-US" } } },
  },
}

return operations
