--- The executions of MapRuns that are waited for: one poll held open at each, whose end announces theirs.
-- SPDX-License-Identifier: MIT
--
-- An execution that has ended has ended its runs, whether they were its last step or it was stopped; and the service
-- holds a DescribeExecution open until then, under a quota of its own (API.md section 6). Nothing here ever ends a
-- wait: an execution that cannot be watched is left alone, and the end of one only brings the next poll of its runs
-- forward. Where there are fewer places than executions, or `last_step` promises that nothing but the ends of the runs
-- is to be awaited, the hold at an execution whose runs end far from now is put off.

local operations = require "fnf.operations"
local source = require "fnf.wait.source"
local wait = require "fnf.wait.wait"

local parent_execution = {}

local ROW = operations.describe_execution
local PLACES = 16 -- polls held open at most: half of a client's connections, where those are not said
local LONGEST = 60 -- seconds the service holds a poll at most (API.md section 6)
local SHORTEST = 4 -- seconds: so long is one held that cannot be held for long
local RESERVE = 1 -- seconds between the end of a hold and the deadline
local ROUND = 30 -- seconds between two polls at most, where they cannot be held all the time
local SOON = 1 -- seconds: a hold is not put off for less
local STRETCH = 16 -- polls of a run that its execution speaks for are spared as those of a crowd of so many rounds

---@class fnf.ParentExecution: fnf.Pollable
---@field all fnf.ParentExecutions
---@field flow fnf.KnownFlow
---@field name string
---@field context? fnf.WaitContext of their polls, where their answers are shared
---@field params? table that name it, there
---@field place integer of its first run in the list
---@field runs fnf.Wait[] in the order of the list, some that have ended among them
---@field open integer those of them that have not
---@field over? boolean it announces nothing any more
---@field listed? integer the last sweep that found it running
---@field started? string the time the service says it started
local ParentExecution = {}
ParentExecution.__index = ParentExecution

---@class fnf.ParentExecutions what those of a group have in common
---@field context fnf.WaitContext of their polls; `open`: those that may still announce something
---@field list fnf.ParentExecution[]
---@field by_place fnf.ParentExecution[] by the places of the runs
---@field ended table<integer, any> what has ended by the places of the runs
---@field last_step? boolean nothing follows the runs in their executions
---@field hold number seconds a poll is held open, as far as the way to the service allows
---@field places integer polls held open at most
---@field halt? fun(): any whether the work is to stop, while there is work

---- one of them ----

--- Its runs that have not ended.
---@return fnf.Wait[]
function ParentExecution:open_runs()
  if #self.runs > 2 * self.open then
    local left = {}
    for _, run in ipairs(self.runs) do
      left[#left + 1] = not self.all.ended[run.place] and run or nil
    end
    self.runs = left
  end
  local open = {}
  for _, run in ipairs(self.runs) do
    open[#open + 1] = not self.all.ended[run.place] and run or nil
  end
  return open
end

--- Seconds until one of its runs may end: the first, or the last.
---@param which fun(a: number, b: number): number math.min, or math.max
---@return number
function ParentExecution:until_near(which)
  local found
  local now = self.all.context.platform.now()
  for _, run in ipairs(self:open_runs()) do
    local earliest = run.progress:estimate()
    local near = math.max(0, earliest and run.progress.at + earliest - now or 0)
    found = which(found or near, near)
  end
  return found or 0
end

--- Whether there are places for all.
local function is_roomy(all)
  return all.context.open <= all.places
end

--- How many seconds the service is to hold a poll.
local function hold_of(self)
  local all, context = self.all, self.all.context
  local hold = is_roomy(all) and all.hold or math.min(all.hold, SHORTEST)
  local left = context.deadline and context.deadline - context.platform.now() - RESERVE or hold
  return math.max(0, math.floor(math.min(hold, left)))
end

--- Whether another process has seen it end; else seconds to look again, while another holds a poll open there.
local function look(self)
  local answers = self.all.context.answers
  local answer, delay
  repeat
    answer, delay = answers:look(self)
  until not answer or ROW.final[answer.run.Status]
  return answer ~= nil, delay
end

--- One attempt only: the next poll is another.
local function poll(self)
  local context = self.all.context
  self.polls = self.polls + 1
  local params = { FlowName = self.flow.name, ExecutionName = self.name, WaitTimeSeconds = hold_of(self) }
  local function cancel()
    return self.open == 0 or self.all.halt()
  end
  return context.client:perform(ROW, params, { cancel = cancel, max_attempts = 1,
    rate_limiter = context.rate_limiter, deadline = context.deadline or math.huge }, context.platform)
end

--- A poll that failed after so many seconds; seconds to the next, or nil. Something on the way may not let a silent
--- connection live for so long: that is no silence of the service's.
local function miss(self, err, took)
  local all = self.all
  if took > SHORTEST and all.hold > SHORTEST and err.kind ~= "cancelled" then
    all.hold = math.max(SHORTEST, all.hold / 2)
    all.context.client:tell("warning", { operation = ROW.action, error = err })
    return wait.may_heal(err) and 0 or nil
  end
  return source.missed(self.flow, ROW, all.context, err)
end

--- Poll, if an end may be near.
---@return boolean ended
---@return boolean|number outcome whether it announces an end; or seconds to the next poll
function ParentExecution:step()
  local all, context = self.all, self.all.context
  local begun = context.platform.now()
  if self.open == 0 or source.is_off(self.flow, ROW, begun) then
    return true, false
  end
  local near = (all.last_step or not is_roomy(all)) and self:until_near(math.max) or 0
  if near > SOON then
    return false, near
  end
  if context.answers then
    local is_over, again = look(self)
    if is_over or again then
      return is_over, is_over or again
    end
  end
  local execution, err = poll(self)
  if context.answers then
    context.answers:put(self, execution)
  end
  local now = context.platform.now()
  local delay = math.min(ROUND, math.sqrt(now - context.started + 1)) - (now - begun)
  if execution and ROW.final[execution.Status] then
    return true, true
  elseif execution then
    source.worked(self.flow, ROW)
    return false, math.max(0, delay)
  end
  local again = miss(self, err, now - begun)
  if not again then
    return true, false
  elseif err.kind == "cancelled" or all.halt() then -- it was cut short by us: go on with it as soon as work does
    return false, 0
  end
  return false, math.max(delay, again)
end

--- The limits of a run's delays, while its end would be announced: that of the last one that goes on only.
---@param limits { min_delay: number, max_delay: number, stretch?: number }
---@return { min_delay: number, max_delay: number, stretch?: number }
function ParentExecution:limits(limits)
  if self.over or self.open > 1 or not self.all.last_step then
    return limits
  end
  return { min_delay = limits.min_delay, max_delay = limits.max_delay, stretch = STRETCH * (limits.stretch or 1) }
end

--- It has ended, or tells of nothing.
function ParentExecution:finish()
  self.over = true
  self.all.context.open = self.all.context.open - 1
end

---@class fnf.ParentExecutions
local ParentExecutions = {}
ParentExecutions.__index = ParentExecutions

--- None is waited for any more.
function ParentExecutions:leave()
  if self.context.answers then
    local left = {}
    for _, parent in ipairs(self.list) do
      left[#left + 1] = not parent.over and parent or nil
    end
    self.context.answers:leave(left)
  end
end

---- all of them ----

local function parent_of(self, found, run)
  local params = run.params
  local key = ("%d:%s%s"):format(#params.FlowName, params.FlowName, params.ExecutionName)
  if not found[key] then
    found[key] = setmetatable({ all = self, runs = {}, open = 0, polls = 0, place = run.place,
      flow = source.flow(self.context.client, params.FlowName), name = params.ExecutionName }, ParentExecution)
    if self.context.answers then -- else ten thousand of them need not have these
      found[key].context = self.context
      found[key].params = { FlowName = params.FlowName, ExecutionName = params.ExecutionName }
    end
    self.list[#self.list + 1] = found[key]
  end
  return found[key]
end

--- The executions of these waits.
---@param context fnf.WaitContext of the waits
---@param runs fnf.Wait[] each with its place
---@param ended table<integer, any> what has ended by its place, as it comes
---@return fnf.ParentExecutions|nil none where the client has no connection to spare for them
function parent_execution.of(context, runs, ended)
  local client, found = context.client, {}
  local places = math.floor(math.min(PLACES, (client.settings.max_connections or 2 * PLACES) / 2))
  if places == 0 then
    return nil
  end
  -- A transport of the caller's would hold up everything else.
  local self = setmetatable({ hold = client.transport and 0 or LONGEST, places = places, list = {}, by_place = {},
    ended = ended, last_step = context.options.last_step }, ParentExecutions)
  self.context = wait.context(client, ROW, { deadline = context.deadline, max_attempts = 1 })
  self.context.hold = self.hold
  for place, run in ipairs(runs) do
    local parent = parent_of(self, found, run)
    self.by_place[place], parent.open = parent, parent.open + 1
    table.insert(parent.runs, run)
  end
  self.context.open = #self.list
  return self
end

return parent_execution
