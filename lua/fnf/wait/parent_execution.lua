--- The executions of MapRuns that are waited for: one look held open at each, whose end announces theirs.
-- SPDX-License-Identifier: MIT
--
-- Where a MapRun is the last step of its execution, the end of one is the end of the other; and the service holds a
-- DescribeExecution open until then, under a quota of its own (API.md section 6). So the run itself need be looked at
-- for its counts only. Nothing here ever ends a wait: an execution that cannot be watched is left alone, one that goes
-- on after its runs costs the lag of rarer looks, and the end of one only hurries the next look at its runs.

local line = require "fnf.wait.line"
local operations = require "fnf.operations"
local waiter = require "fnf.wait.waiter"

local parents = {}

local ROW = operations.describe_execution
local PLACES = 16 -- looks held open at most: half of a client's connections, where those are not said
local LONGEST = 60 -- seconds the service holds a look at most (API.md section 6)
local SHORTEST = 4 -- seconds: so long is one held that cannot be held for long
local TICK = 1e-6 -- seconds: tells what is due first of what is due at once
local RESERVE = 1 -- seconds between the end of a hold and the deadline
local ROUND = 30 -- seconds between two looks at most, where they cannot be held all the time
local SOON = 1 -- seconds: a hold is not put off for less
local THRIFT = 16 -- looks at a run that its execution speaks for are spared as those of a crowd of so many rounds

---@class fnf.Parent: fnf.Looker
---@field crew fnf.Parents
---@field params { FlowName: string, ExecutionName: string }
---@field runs fnf.Wait[] those that have not ended
---@field over? boolean it announces nothing any more
local Parent = {}
Parent.__index = Parent

---@class fnf.Parents
---@field context fnf.WaitContext
---@field line fnf.Line
---@field hold number seconds a look is held open, as far as the way to the service allows
---@field places integer
---@field halt fun(): any
local Parents = {}
Parents.__index = Parents

---- one of them ----

--- Seconds until an end of one of the runs may be near; nil if all have ended.
local function until_near(self, now)
  local soonest
  for _, run in ipairs(self.runs) do
    local earliest = run.progress:estimate()
    local near = earliest and run.progress.at + earliest - now or 0
    soonest = math.min(soonest or near, near)
  end
  return soonest
end

--- How many seconds the service is to hold a look.
local function hold_of(self)
  local crew, context = self.crew, self.crew.context
  local hold = context.open <= crew.places and crew.hold or math.min(crew.hold, SHORTEST)
  local left = context.deadline and context.deadline - context.platform.now() - RESERVE or hold
  return math.max(0, math.floor(math.min(hold, left)))
end

--- A look that failed after so many seconds. Something on the way may not let a silent connection live for so long.
local function miss(self, err, took)
  local crew, client = self.crew, self.crew.context.client
  if err.kind == "cancelled" then
    return
  end
  client:tell("warning", { operation = ROW.action, error = err })
  if took > SHORTEST then
    crew.hold = math.max(SHORTEST, crew.hold / 2)
  end
  self.over = not waiter.may_heal(err)
end

--- One attempt only: the next look is another.
local function look(self, now)
  local context = self.crew.context
  self.params.WaitTimeSeconds = hold_of(self)
  return context.client:perform(ROW, self.params, { cancel = self.crew.halt, max_attempts = 1,
    rate_limiter = context.rate_limiter, deadline = context.deadline or math.huge }, context.platform)
end

--- Look, if an end may be near.
---@return boolean ended
---@return boolean|number outcome whether it announces an end; or seconds to the next look
function Parent:step()
  local context = self.crew.context
  local begun = context.platform.now()
  local near = until_near(self, begun)
  if not near then
    return true, false
  elseif near > SOON then
    return false, near
  end
  local execution, err = look(self, begun)
  local now = context.platform.now()
  if err then
    miss(self, err, now - begun)
  else
    self.over = ROW.final[execution.Status]
  end
  if self.over then
    return true, execution ~= nil
  elseif err and self.crew.halt() then -- it was cut short by us: go on with it as soon as work does
    return false, 0
  end
  local delay = math.min(ROUND, math.sqrt(now - context.started + 1)) - (now - begun)
  return false, math.max(0, delay, math.min(err and err.retry_after or 0, 2 * ROUND))
end

--- The limits of a run's delays, while its end would be announced.
---@param limits { min_delay: number, max_delay: number, thrift?: number }
---@return { min_delay: number, max_delay: number, thrift?: number }
function Parent:limits(limits)
  if self.over then
    return limits
  end
  return { min_delay = limits.min_delay, max_delay = limits.max_delay, thrift = THRIFT * (limits.thrift or 1) }
end

--- A run has ended.
---@param run fnf.Wait
function Parent:release(run)
  for i, other in ipairs(self.runs) do
    if other == run then
      table.remove(self.runs, i)
    end
  end
end

---- all of them ----

local function parent_of(self, found, params)
  local key = ("%d:%s%s"):format(#params.FlowName, params.FlowName, params.ExecutionName)
  if not found[key] then
    found[key] = setmetatable({ crew = self, runs = {},
      params = { FlowName = params.FlowName, ExecutionName = params.ExecutionName } }, Parent)
  end
  return found[key]
end

--- The executions of these waits.
---@param context fnf.WaitContext of the waits
---@param runs fnf.Wait[] each gets its execution as `parent`
---@param first number when to look first; at the last of them first, for the runs are looked at in their order
---@param hurry fun(run: fnf.Wait) called for each run of an execution that has ended
---@return fnf.Parents|nil none where the client has no connection to spare for them
function parents.new(context, runs, first, hurry)
  local client, found = context.client, {}
  local places = math.floor(math.min(PLACES, (client.settings.max_connections or 2 * PLACES) / 2))
  if places == 0 then
    return nil
  end
  -- A transport of the caller's would hold up everything else.
  local self = setmetatable({ hold = client.transport and 0 or LONGEST, places = places }, Parents)
  self.context = waiter.context(client, ROW, {})
  self.context.deadline, self.context.open = context.deadline, 0
  self.line = line.new(self.context, function(parent, announced)
    parent.over = true
    self.context.open = self.context.open - 1
    for _, run in ipairs(announced and parent.runs or {}) do
      hurry(run)
    end
  end)
  self.line.restless = true
  for i, run in ipairs(runs) do
    local parent = parent_of(self, found, run.params)
    run.parent = parent
    table.insert(parent.runs, run)
    if not parent.at then
      self.context.open = self.context.open + 1
      self.line:put(first - i * TICK, parent)
    end
  end
  return self
end

--- Tasks that look at them, until `halt` says so.
---@param halt fun(): any
---@param tasks function[] to add them to
function Parents:staff(halt, tasks)
  self.halt = halt
  self.line:staff(self.places, halt, tasks)
end

return parents
