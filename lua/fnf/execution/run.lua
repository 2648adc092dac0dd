--- Start an execution, find its MapRuns as they appear, and stay until all has ended.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local map_runs = require "fnf.execution.map_runs"
local operations = require "fnf.operations"
local pages = require "fnf.call.pages"
local start = require "fnf.execution.start"
local wait = require "fnf.wait.wait"

local run = {}

---@class fnf.RunOptions
---@field on_progress? fun(execution: table, map_runs: table[]) called after every poll
---@field timeout? number seconds for all of it; none by default
---@field cancel? fun(): any true once the caller gives up
---@field stop_on_cancel? boolean stop the execution then
---@field traceparent? string W3C Trace Context that its requests carry; the client's own unless given

--- Rows of `fnf.check` for those options.
---@type table<string, fnf.Row>
run.options = {
  on_progress = { type = "function" },
  timeout = { type = "seconds" },
  cancel = { type = "function" },
  stop_on_cancel = { type = "boolean" },
  traceparent = { type = "traceparent" },
}

--- Rows for `client:run{...}`, whose one table holds the parameters of StartExecution and the options.
---@type table<string, fnf.Row>
run.parameters = {}
for _, rows in ipairs { operations.start_execution.parameters, run.options } do
  for name, row in pairs(rows) do
    run.parameters[name] = row
  end
end

local HOLD = 5 -- seconds the service may hold a poll: as old as the news of a MapRun may get
local PER_POLL = 5 -- MapRuns described at a poll: half of what the account's quota refills meanwhile
local AFTERMATH = 60 -- seconds a MapRun may take to end after its execution
local READINGS = 5 -- tries to read the history once the execution has ended
local STOP_TIME = 30 -- seconds for the stop of an execution given up

local HISTORY = operations.get_execution_history
local FINAL = operations.describe_map_run.final

---- what is seen ----

--- Note the MapRun an event tells of, once.
local function note(self, event)
  local found = map_runs.read(event, self.names)
  local key = found and (found.MapRunName or found.EventId or #self.found)
  if not found or self.known[key] then
    return
  end
  self.known[key] = true
  self.found[#self.found + 1] = found
  if not found.MapRunName then
    self.client:tell("warning", { operation = HISTORY.action,
      message = ("event %s is a MapRunStarted without a MapRunName"):format(tostring(found.EventId)) })
  end
end

--- Read on in the history, from its last page that was seen.
---@return fnf.Error|nil
local function read_history(self)
  local rewound = false
  while true do
    local page, err = self.walk:next(self.limits)
    if err and err.status == 400 and not rewound and self.walk:rewind() then
      rewound = true -- it may be the token that is too old
    elseif err then
      return err
    elseif not page then
      self.walk:again()
      return nil
    else
      for _, event in ipairs(page[HISTORY.items] or {}) do
        note(self, event)
      end
    end
  end
end

--- A new description in the place of the old one; what only the event told stays.
local function renew(self, i, described)
  local before = self.found[i]
  described.FlowName, described.StepName, described.EventId = before.FlowName, before.StepName, before.EventId
  described.StartedTime = described.StartedTime or before.StartedTime
  self.found[i] = described
end

local function names_of(found)
  return { FlowName = found.FlowName, ExecutionName = found.ExecutionName, MapRunName = found.MapRunName }
end

local function is_open(found)
  return found.MapRunName and not FINAL[found.Status]
end

--- Describe the open MapRuns, a few at a poll and all in turn.
local function describe_open(self)
  local few, last = PER_POLL, self.described
  for step = 1, #self.found do
    local i = (last + step - 1) % #self.found + 1
    if few > 0 and is_open(self.found[i]) then
      few, self.described = few - 1, i
      local described, err = self.client:perform(operations.describe_map_run, names_of(self.found[i]), self.limits)
      if described then
        renew(self, i, described)
      elseif not wait.may_heal(err) then
        return err
      end
    end
  end
end

local function tell_progress(self)
  if self.options.on_progress then
    self.options.on_progress(self.execution, self.found)
  end
end

--- After each poll of the execution: what its MapRuns do. What may heal is polled again; what cannot ends the run.
local function describe_map_runs(self, execution)
  self.execution = execution
  local err = read_history(self)
  self.unread = err
  if not err or wait.may_heal(err) then
    err = describe_open(self)
  end
  if err and err.kind ~= "cancelled" then
    self.fatal = err
  elseif not err then
    tell_progress(self)
  end
end

---- the end ----

local function left(self)
  return (self.limits.deadline or math.huge) - self.platform.now()
end

--- The history to its end, although the last reading failed.
local function read_to_the_end(self)
  for attempt = 1, READINGS do
    if not self.unread then
      return nil
    elseif not self.platform.sleep(math.max(0, math.min(2 ^ attempt, left(self))), self.limits.cancel) then
      return errors.cancelled()
    end
    self.unread = read_history(self)
  end
  return self.unread
end

--- The execution has ended; its MapRuns are given a little time to do so. What a stop does to them is not documented,
--- so one that never ends is returned as it was last seen.
local function wait_for_map_runs(self)
  local news, ending = false, math.min(self.platform.now() + AFTERMATH, self.limits.deadline or math.huge)
  for i, found in ipairs(self.found) do
    if is_open(found) and self.platform.now() < ending then
      local described, err = wait.run(self.client, operations.describe_map_run, names_of(found),
        { deadline = ending, cancel = self.limits.cancel })
      if not described and err.kind ~= "timeout" then
        return err
      end
      described = described or err.last
      if described then
        renew(self, i, described)
        news = true
      end
    end
  end
  if news then
    tell_progress(self)
  end
end

--- Stop what the caller has given up; `err.stopped` tells whether that was accepted.
local function stop(self, err)
  local stopped, reason = self.client:perform(operations.stop_execution, { FlowName = self.names.FlowName,
    ExecutionName = self.names.ExecutionName, Error = "Cancelled", Cause = "The caller gave up waiting." },
    { timeout = STOP_TIME })
  err.stopped = stopped ~= nil
  if reason then
    err.message = ("%s; stopping the execution failed: %s"):format(err.message, tostring(reason))
  end
end

local function give_up(self, err)
  err.last, err.map_runs, err.execution_name = self.execution, self.found, self.names.ExecutionName
  if err.kind == "cancelled" and self.options.stop_on_cancel then
    stop(self, err)
  end
  return nil, err
end

---- the whole ----

--- A caller's one table and options, as parameters and options.
local function split(given, options)
  local params, all = {}, {}
  for name, value in pairs(given) do
    (run.options[name] and all or params)[name] = value
  end
  for name, value in pairs(options) do
    all[name] = value
  end
  return params, all
end

local function new(client, options)
  local platform = client:choose_platform()
  local self = { client = client, platform = platform, options = options, found = {}, known = {}, described = 0 }
  self.limits = {
    deadline = options.timeout and platform.now() + options.timeout,
    cancel = function()
      return self.fatal or options.cancel and options.cancel()
    end,
  }
  return self
end

--- Stay with an execution until it and its MapRuns have ended.
local function follow(self)
  self.walk = pages.walk(self.client, HISTORY, self.names)
  local execution, err = wait.run(self.client, operations.describe_execution,
    { FlowName = self.names.FlowName, ExecutionName = self.names.ExecutionName, WaitTimeSeconds = HOLD },
    { deadline = self.limits.deadline, cancel = self.limits.cancel, max_delay = HOLD, on_progress = function(seen)
      describe_map_runs(self, seen)
    end })
  err = self.fatal or err
  if not err then
    err = read_to_the_end(self) or wait_for_map_runs(self)
  end
  if err then
    return give_up(self, err)
  end
  return execution, self.found
end

--- Start an execution and stay with it.
---@param client fnf.Client
---@param given table the parameters of StartExecution, and options
---@param options fnf.RunOptions
---@return table|nil execution its final description
---@return table[]|fnf.Error map_runs the descriptions of its MapRuns, each with StepName; or the error, with `last`,
---  `map_runs`, `execution_name` and, where the execution was to be stopped, `stopped`
function run.run(client, given, options)
  local params
  params, options = split(given, options)
  local self = new(client, options)
  local execution, err = start.run(client, params, self.limits)
  if not execution then
    self.names = { FlowName = params.FlowName, ExecutionName = err.execution_name }
    if not err.outcome_unknown then
      return nil, err
    end
    return give_up(self, err)
  end
  self.execution = execution
  self.names = { FlowName = params.FlowName, ExecutionName = execution.Name or params.ExecutionName }
  return follow(self)
end

return run
