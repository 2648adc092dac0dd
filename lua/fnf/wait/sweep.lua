--- Which executions of a flow still run: page after page of its list, a page of which tells of 99.
-- SPDX-License-Identifier: MIT
--
-- A name counts as gone only if it was seen running before: a list may be late, and need not know what has just begun.
-- Since nothing else is known of how the list is ordered, each sweep is a whole one, over the time between the starts
-- of the first and the last execution that is looked for. It never ends a wait; who is gone is to be polled.

local operations = require "fnf.operations"
local source = require "fnf.wait.source"

local sweep = {}

local ROW = operations.list_executions
local PAGE = 99 -- executions
local PAGE_EVERY = 1 -- seconds between two pages: half of the quota is left to others
local SWEEP_EVERY = 5 -- seconds between two beginnings at least
local FRUITLESS = 4 -- pages beyond those that would hold a tenth of what is looked for: then it does not pay
local DATE = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$"

---@class fnf.Sweep: fnf.Pollable
---@field context fnf.WaitContext of its requests
---@field executions fnf.ParentExecutions of all flows
---@field flow fnf.KnownFlow
---@field by_name table<string, fnf.ParentExecution> those of this flow that are not known to be over
---@field number integer of this sweep
---@field pages integer of it so far
---@field begun number
---@field token? string of the next page
---@field from? string StartedTimeBegin
---@field to? string StartedTimeEnd
---@field gone fun(parent: fnf.ParentExecution) called for each that is listed no more
local Sweep = {}
Sweep.__index = Sweep

--- Forget those that have no open run; how many are left.
local function count_open(self)
  local open = 0
  for name, parent in pairs(self.by_name) do
    if parent.open == 0 or parent.over then
      self.by_name[name] = nil
    else
      open = open + 1
    end
  end
  return open
end

local function take_in(self, page)
  for _, entry in ipairs(type(page[ROW.items]) == "table" and page[ROW.items] or {}) do
    local parent = type(entry) == "table" and self.by_name[entry.Name]
    if parent and (entry.Status == "Running" or entry.Status == nil) then
      parent.listed = self.number
      parent.started = type(entry.StartedTime) == "string" and entry.StartedTime:match(DATE) or nil
    end
  end
end

--- The last page has been seen: who is gone, and between which starts to look next.
local function close(self)
  local from, to, whole = nil, nil, true
  for _, parent in pairs(self.by_name) do
    if parent.listed == self.number then
      whole = whole and parent.started ~= nil
      from = whole and (not from or parent.started < from) and parent.started or from
      to = whole and (not to or parent.started > to) and parent.started or to
    elseif parent.listed then
      parent.listed = nil
      self.gone(parent)
    else
      whole = false -- it may be listed later
    end
  end
  self.from, self.to = whole and from or nil, whole and to or nil
  self.number, self.pages, self.token = self.number + 1, 0, nil
end

local function ask(self)
  local context = self.context
  self.polls, self.pages = self.polls + 1, self.pages + 1
  return context.client:perform(ROW, { FlowName = self.flow.name, Status = "Running", MetadataOnly = true,
    Limit = PAGE, NextToken = self.token, StartedTimeBegin = self.from, StartedTimeEnd = self.to }, {
    cancel = self.executions.halt, max_attempts = 1, rate_limiter = context.rate_limiter,
    deadline = context.deadline or math.huge }, context.platform)
end

--- Ask for a page.
---@return boolean ended
---@return number|nil delay
function Sweep:step()
  local context, executions = self.context, self.executions
  local now, open = context.platform.now(), count_open(self)
  if open == 0 or executions.context.open <= executions.places or source.is_off(self.flow, ROW, now) then
    return true -- there is a hold for each
  elseif self.pages == 0 then
    self.begun = now
  end
  local page, err = ask(self)
  if not page then
    local again = source.missed(self.flow, ROW, context, err)
    return again == nil, again
  end
  source.worked(self.flow, ROW)
  take_in(self, page)
  local token = page.NextToken
  if token ~= nil and token ~= "" then
    self.token = tostring(token)
    return self.pages > FRUITLESS + open * 10 / PAGE, PAGE_EVERY
  end
  close(self)
  return false, math.max(PAGE_EVERY, self.begun + SWEEP_EVERY - context.platform.now())
end

--- A sweep for each flow.
---@param context fnf.WaitContext of its requests
---@param executions fnf.ParentExecutions
---@param gone fun(parent: fnf.ParentExecution)
---@return fnf.Sweep[]
function sweep.of(context, executions, gone)
  local list, by_flow = {}, {}
  for _, parent in ipairs(executions.list) do
    local one = by_flow[parent.flow]
    if not one then
      one = setmetatable({ context = context, executions = executions, flow = parent.flow, by_name = {}, polls = 0,
        number = 1, pages = 0, gone = gone }, Sweep)
      by_flow[parent.flow], list[#list + 1] = one, one
    end
    one.by_name[parent.name] = parent
  end
  return list
end

return sweep
