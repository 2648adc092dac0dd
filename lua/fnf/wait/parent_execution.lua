--- The executions of MapRuns that are waited for: one poll held open at each, whose end announces theirs.
-- SPDX-License-Identifier: MIT
--
-- Where a MapRun is the last step of its execution, the end of one is the end of the other; and the service holds a
-- DescribeExecution open until then, under a quota of its own (API.md section 6). So the run itself need be polled
-- for its counts only. Nothing here ever ends a wait: an execution that cannot be watched is left alone, one that goes
-- on after its runs costs the lag of rarer polls, and the end of one only brings the next poll of its runs forward.

local operations = require "fnf.operations"
local wait = require "fnf.wait.wait"

local parent_execution = {}

local ROW = operations.describe_execution
local PLACES = 16 -- polls held open at most: half of a client's connections, where those are not said
local LONGEST = 60 -- seconds the service holds a poll at most (API.md section 6)
local SHORTEST = 4 -- seconds: so long is one held that cannot be held for long
local RESERVE = 1 -- seconds between the end of a hold and the deadline
local ROUND = 30 -- seconds between two polls at most, where they cannot be held all the time
local SOON = 1 -- seconds: a hold is not put off for less
local THRIFT = 16 -- polls of a run that its execution speaks for are spared as those of a crowd of so many rounds

---@class fnf.ParentExecution: fnf.Pollable
---@field all fnf.ParentExecutions
---@field params { FlowName: string, ExecutionName: string, WaitTimeSeconds?: integer }
---@field place integer of its first run in the list
---@field runs fnf.Wait[] those that have not ended
---@field over? boolean it announces nothing any more
local ParentExecution = {}
ParentExecution.__index = ParentExecution

---@class fnf.ParentExecutions what those of a group have in common
---@field context fnf.WaitContext of their polls; `open`: those that may still announce something
---@field list fnf.ParentExecution[]
---@field hold number seconds a poll is held open, as far as the way to the service allows
---@field places integer polls held open at most
---@field halt? fun(): any whether the work is to stop, while there is work

---- one of them ----

--- Seconds until its end may be near, which comes after those of all its runs; nil if they have all ended.
local function until_near(self, now)
  local latest
  for _, run in ipairs(self.runs) do
    local earliest = run.progress:estimate()
    latest = math.max(latest or 0, earliest and run.progress.at + earliest - now or 0)
  end
  return latest
end

--- How many seconds the service is to hold a poll.
local function hold_of(self)
  local all, context = self.all, self.all.context
  local hold = context.open <= all.places and all.hold or math.min(all.hold, SHORTEST)
  local left = context.deadline and context.deadline - context.platform.now() - RESERVE or hold
  return math.max(0, math.floor(math.min(hold, left)))
end

--- A poll that failed after so many seconds. Something on the way may not let a silent connection live for so long.
local function miss(self, err, took)
  local all, client = self.all, self.all.context.client
  if err.kind == "cancelled" then
    return
  end
  client:tell("warning", { operation = ROW.action, error = err })
  if took > SHORTEST then
    all.hold = math.max(SHORTEST, all.hold / 2)
  end
  self.over = not wait.may_heal(err)
end

--- One attempt only: the next poll is another.
local function poll(self)
  local context = self.all.context
  self.polls = self.polls + 1
  self.params.WaitTimeSeconds = hold_of(self)
  return context.client:perform(ROW, self.params, { cancel = self.all.halt, max_attempts = 1,
    rate_limiter = context.rate_limiter, deadline = context.deadline or math.huge }, context.platform)
end

--- Poll, if an end may be near.
---@return boolean ended
---@return boolean|number outcome whether it announces an end; or seconds to the next poll
function ParentExecution:step()
  local context = self.all.context
  local begun = context.platform.now()
  local near = until_near(self, begun)
  if not near then
    return true, false
  elseif near > SOON then
    return false, near
  end
  local execution, err = poll(self)
  local now = context.platform.now()
  if err then
    miss(self, err, now - begun)
  else
    self.over = ROW.final[execution.Status]
  end
  if self.over then
    return true, execution ~= nil
  elseif err and self.all.halt() then -- it was cut short by us: go on with it as soon as work does
    return false, 0
  end
  local delay = math.min(ROUND, math.sqrt(now - context.started + 1)) - (now - begun)
  return false, math.max(0, delay, math.min(err and err.retry_after or 0, 2 * ROUND))
end

--- The limits of a run's delays, while its end would be announced: that of the last one that goes on only.
---@param limits { min_delay: number, max_delay: number, thrift?: number }
---@return { min_delay: number, max_delay: number, thrift?: number }
function ParentExecution:limits(limits)
  if self.over or #self.runs > 1 then
    return limits
  end
  return { min_delay = limits.min_delay, max_delay = limits.max_delay, thrift = THRIFT * (limits.thrift or 1) }
end

--- A run has ended.
---@param run fnf.Wait
function ParentExecution:release(run)
  for i, other in ipairs(self.runs) do
    if other == run then
      table.remove(self.runs, i)
    end
  end
end

--- It has ended, or tells of nothing: the runs that are to be polled at once.
---@param announced boolean
---@return fnf.Wait[]
function ParentExecution:finish(announced)
  self.over = true
  self.all.context.open = self.all.context.open - 1
  return announced and self.runs or {}
end

---- all of them ----

local function parent_of(self, found, params)
  local key = ("%d:%s%s"):format(#params.FlowName, params.FlowName, params.ExecutionName)
  if not found[key] then
    found[key] = setmetatable({ all = self, runs = {}, polls = 0,
      params = { FlowName = params.FlowName, ExecutionName = params.ExecutionName } }, ParentExecution)
    self.list[#self.list + 1] = found[key]
  end
  return found[key]
end

--- The executions of these waits.
---@param context fnf.WaitContext of the waits
---@param runs fnf.Wait[] each gets its execution as `parent`
---@return fnf.ParentExecutions|nil none where the client has no connection to spare for them
function parent_execution.of(context, runs)
  local client, found = context.client, {}
  local places = math.floor(math.min(PLACES, (client.settings.max_connections or 2 * PLACES) / 2))
  if places == 0 then
    return nil
  end
  -- A transport of the caller's would hold up everything else.
  local self = { hold = client.transport and 0 or LONGEST, places = places, list = {} }
  self.context = wait.context(client, ROW, { deadline = context.deadline, max_attempts = 1 })
  for place, run in ipairs(runs) do
    local parent = parent_of(self, found, run.params)
    run.parent, parent.place = parent, parent.place or place
    table.insert(parent.runs, run)
  end
  self.context.open = #self.list
  return self
end

return parent_execution
