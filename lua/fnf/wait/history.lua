--- The history of an execution: one reading tells which of its MapRuns are over.
-- SPDX-License-Identifier: MIT
--
-- While a MapRun runs, its Map step cannot exit; so what tells the end of the step whose MapRunStarted named the run
-- tells that of the run. How the service tells it is not documented (API.md section 3): after the first run that
-- DescribeMapRun calls ended the history is read for that, and what it says is trusted from then on, for that flow.
-- Never is more than two pages read at a time. It never ends a wait; what is over is to be polled.

local ascii = require "fnf.ascii"
local map_runs = require "fnf.execution.map_runs"
local operations = require "fnf.operations"
local source = require "fnf.wait.source"

local history = {}

local ROW = operations.get_execution_history
local PAGES = 2 -- read at a time
local LIMIT = 999 -- events of a page
local EVERY = 2 -- seconds between two readings at least
local APPROACH = 0.56 -- of the way to the earliest end is slept through, as by who polls the run
local IDLE = 5 -- seconds between two looks for something to learn
local LESSONS = { 2, 10, 60 } -- seconds after an end that the history does not tell, before it is read again

--- The forms in which an end may be told, by types of events: the first that is seen is trusted. Each counts once.
local FORMS = {
  { name = "MapRun", of = { maprunsucceeded = true, maprunfailed = true, maprunaborted = true, mapruntimedout = true,
    maprunstopped = true, maprunexited = true, mapruncompleted = true } },
  { name = "outcome", of = { stepsucceeded = true, stepfailed = true } },
  { name = "exit", of = { stepexited = true } },
}

--- What an event's type tells: the name of a form, or nil.
local function form_of(event)
  local kind = ascii.lower(tostring(event.Type))
  for _, form in ipairs(FORMS) do
    if form.of[kind] then
      return form.name
    end
  end
end

---- what the events of an execution tell ----

---@class fnf.HistoryReader
---@field params table of GetExecutionHistory
---@field last integer number of the last event seen
---@field more? boolean the last reading stopped before the end
---@field running table<string, string[]> names of MapRuns by their step
---@field ends table<string, table<string, integer>> by step and form: ends while several ran
local Reader = {}
Reader.__index = Reader

local function new_reader(parent)
  return setmetatable({ params = { FlowName = parent.flow.name, ExecutionName = parent.name, Limit = LIMIT },
    last = 0, running = {}, ends = {} }, Reader)
end

--- Take in an event; names of MapRuns that it tells to be over, and in which form.
local function take_in(self, event, form)
  local step, found = tostring(event.StepName), map_runs.read(event, self.params)
  if found then
    self.running[step] = self.running[step] or {}
    table.insert(self.running[step], found.MapRunName or "")
    return nil
  end
  local told, running = form_of(event), self.running[step]
  if not told or not running or form and told ~= form then
    return nil
  end
  local ends = self.ends[step] or {}
  ends[told] = (ends[told] or 0) + 1
  if ends[told] < #running then -- of several at a time it is not said which
    self.ends[step] = ends
    return nil
  end
  self.running[step], self.ends[step] = nil, nil
  return running, told
end

--- Read on: names that are over, each with the form in which that was told.
---@param context fnf.WaitContext
---@param halt fun(): any
---@param form? string the only one that is trusted
---@return table<string, string>|nil
---@return fnf.Error|nil
function Reader:read(context, halt, form)
  local over = {}
  self.more = true
  for _ = 1, PAGES do
    local page, err = context.client:perform(ROW, self.params, { cancel = halt, max_attempts = 1,
      rate_limiter = context.rate_limiter, deadline = context.deadline or math.huge }, context.platform)
    if not page then
      self.params.NextToken = err.status ~= 400 and self.params.NextToken or nil -- it may be too old
      return nil, err
    end
    for _, event in ipairs(type(page[ROW.items]) == "table" and page[ROW.items] or {}) do
      local number = type(event) == "table" and tonumber(event.EventId)
      if number and number > self.last then
        self.last = number
        local names, told = take_in(self, event, form)
        for _, name in ipairs(names or {}) do
          over[name] = told
        end
      end
    end
    if page.NextToken == nil or page.NextToken == "" then
      self.more = false
      break
    end
    self.params.NextToken = tostring(page.NextToken)
  end
  return over
end

---- one execution ----

---@class fnf.History: fnf.Pollable
---@field of fnf.Histories
---@field parent fnf.ParentExecution
---@field reader fnf.HistoryReader
local History = {}
History.__index = History

--- Read on, if a run may be over.
---@return boolean ended
---@return number|nil delay
function History:step()
  local context, parent = self.of.context, self.parent
  if parent.open == 0 or source.is_off(parent.flow, ROW, context.platform.now()) then
    return true
  end
  local near = self.reader.more and 0 or parent:until_near(math.min)
  if near > EVERY then
    return false, APPROACH * near
  end
  self.polls = self.polls + 1
  local over, err = self.reader:read(context, self.of.executions.halt, parent.flow.ending)
  if not over then
    local again = source.missed(parent.flow, ROW, context, err)
    return again == nil, again
  end
  source.worked(parent.flow, ROW)
  for _, run in ipairs(next(over) and parent:open_runs() or {}) do
    if over[run.params.MapRunName] then
      self.of.over(run)
    end
  end
  return false, self.reader.more and EVERY or math.max(EVERY, APPROACH * parent:until_near(math.min))
end

---- a flow, until it is known how its histories tell an end ----

---@class fnf.Histories: fnf.Pollable
---@field context fnf.WaitContext
---@field executions fnf.ParentExecutions
---@field flow fnf.KnownFlow
---@field proof? { name: string, reader: fnf.HistoryReader } a run that has ended
---@field over fun(run: fnf.Wait) called for each run that a history tells to be over
---@field begin fun(one: fnf.History) called for each execution, once it is known how
local Histories = {}
Histories.__index = Histories

--- Read how the history of a run that has ended tells it; seconds to the next attempt, or nil.
local function learn(self)
  local context, flow, proof = self.context, self.flow, self.proof
  self.polls = self.polls + 1
  local over, err = proof.reader:read(context, self.executions.halt)
  if not over then
    return source.missed(flow, ROW, context, err)
  end
  source.worked(flow, ROW)
  flow.ending = over[proof.name]
  if flow.ending or proof.reader.more then
    return flow.ending and 0 or EVERY
  end
  flow.lessons = flow.lessons + 1
  if LESSONS[flow.lessons] then
    return LESSONS[flow.lessons]
  end
  source.turn_off(flow, ROW, context, math.huge, "the history of an execution does not tell the end of a MapRun")
end

local function begin_all(self)
  for _, parent in ipairs(self.executions.list) do
    if parent.flow == self.flow and parent.open > 0 and not parent.over then
      self.begin(setmetatable({ of = self, parent = parent, reader = new_reader(parent), polls = 0 }, History))
    end
  end
end

--- Learn, as soon as there is something to learn from.
---@return boolean ended
---@return number|nil delay
function Histories:step()
  if source.is_off(self.flow, ROW, self.context.platform.now()) then
    return true
  elseif self.flow.ending then
    begin_all(self)
    return true
  elseif not self.proof then
    return false, IDLE
  end
  local again = learn(self)
  return again == nil, again
end

--- A run has ended, by its own description.
---@param parent fnf.ParentExecution
---@param run fnf.Wait
---@return boolean whether there is something to learn from it
function Histories:prove(parent, run)
  if self.proof or self.flow.ending then
    return false
  end
  self.proof = { name = run.params.MapRunName, reader = new_reader(parent) }
  return true
end

--- One for each flow.
---@param context fnf.WaitContext of its requests
---@param executions fnf.ParentExecutions
---@param calls { over: fun(run: fnf.Wait), begin: fun(one: fnf.History) }
---@return table<fnf.KnownFlow, fnf.Histories>
function history.of(context, executions, calls)
  local found = {}
  for _, parent in ipairs(executions.list) do
    found[parent.flow] = found[parent.flow] or setmetatable({ context = context, executions = executions,
      flow = parent.flow, polls = 0, over = calls.over, begin = calls.begin }, Histories)
  end
  return found
end

return history
