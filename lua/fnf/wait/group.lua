--- Many waits at once: polled in the order of the times they are due by a few workers, and how they end.
-- SPDX-License-Identifier: MIT
--
-- What waits is a small record in a heap, not a coroutine. A worker takes the one that is due first, sleeps until then,
-- has it poll, and puts it back with its next time; so what the workers hold is due before what is in the heap, unless
-- something is to be polled now. No worker comes round twice without a poll, a sleep or an end, whatever a `step` says.
-- One subject: what is due, who works it off, and what the caller gets.

local check = require "fnf.check"
local checkpoint = require "fnf.wait.checkpoint"
local errors = require "fnf.errors"
local heap = require "fnf.wait.heap"
local parent_execution = require "fnf.wait.parent_execution"
local wait = require "fnf.wait.wait"

local group = {}

local MOST_WORKERS, FEWEST_WORKERS = 32, 4 -- polls in flight at most, and at least for a small quota
local SHORTEST = 0.01 -- seconds until a step follows one that did not poll
local TICK = 1e-6 -- seconds: tells what is due first of what is due at once

---- what is due ----

---@class fnf.Pollable what a heap of due times holds: a wait, or the execution of several
---@field step fun(self: fnf.Pollable): boolean, any, fnf.Error|nil poll once; true, outcome, or false, seconds
---@field polls integer so far
---@field at? number when it is due; nil while it polls, and at its end
---@field overtaken? boolean it is to be polled again at once
---@field rests? number not to be polled before: `min_delay` after the last poll

---@class fnf.PollQueue
---@field context fnf.WaitContext
---@field due fnf.Heap of fnf.Pollable
---@field settle fun(one: fnf.Pollable, outcome: any, err?: fnf.Error) called at the end of each
---@field wakeable? boolean some of it may be polled before it is due: sleep lightly
local PollQueue = {}
PollQueue.__index = PollQueue

---@param context fnf.WaitContext
---@param settle fun(one: fnf.Pollable, outcome: any, err?: fnf.Error)
---@return fnf.PollQueue
function group.queue(context, settle)
  return setmetatable({ context = context, settle = settle, due = heap.new() }, PollQueue)
end

--- Put one in, or in another place.
---@param time number by the platform's clock
---@param one fnf.Pollable
function PollQueue:put(time, one)
  one.at = time
  self.due:put(time, one)
end

--- Have one poll before all others: as soon as `min_delay` allows, or once more if it is polling now.
---@param one fnf.Pollable
function PollQueue:poll_now(one)
  local soonest = (one.rests or 0) > self.context.platform.now() and one.rests or 0
  if not one.at then
    one.overtaken = true
  elseif soonest < one.at then -- never two entries of one time, for both would count
    self:put(soonest, one)
  end
end

--- Take out the one that is due first. What has been put in another place since is passed over.
---@return fnf.Pollable|nil
---@return number|nil due
function PollQueue:take()
  local one, due
  repeat
    one, due = self.due:take()
  until not one or one.at == due
  return one, due
end

--- Sleep until one is due. False if the work is to stop, or something has overtaken it.
local function sleep_until(self, due, halt)
  local platform = self.context.platform
  local delay = math.min(due, self.context.deadline or due) - platform.now()
  if delay <= 0 then
    return true
  elseif not self.wakeable then
    return platform.sleep(delay, halt)
  end
  return platform.sleep(delay, function()
    return self.context.open == 0 or (self.due:first() or due) < due or halt and halt()
  end)
end

--- When one is due again that did not end. Where no time passed, or nothing was polled, some will; nil past the
--- deadline, where nothing is slept any more.
local function next_due(self, one, begun, polls, delay)
  local context = self.context
  local now = context.platform.now()
  if begun >= (context.deadline or math.huge) then
    return nil
  elseif one.polls > polls then
    local rests = now + context.limits.min_delay
    if self.wakeable then -- else nothing overtakes it, and a wait that may be one of ten thousand has a field less
      one.rests = rests
    end
    if one.overtaken then
      return rests
    end
  end
  local least = (one.polls == polls or now <= begun) and SHORTEST or 0
  return now + (delay >= least and delay or least)
end

local function poll(self, one)
  one.at = nil
  local begun, polls = self.context.platform.now(), one.polls
  local ended, outcome, err = one:step()
  local due = not ended and next_due(self, one, begun, polls, outcome)
  one.overtaken = nil
  if due then
    self:put(due, one)
  else
    self.settle(one, ended and outcome, err)
  end
end

--- Poll what is due, one after the other, until nothing is left or `halt` says so.
---@param halt? fun(): any
---@return boolean true
function PollQueue:work(halt)
  while not (halt and halt()) do
    local one, due = self:take()
    if not one then
      return true
    elseif sleep_until(self, due, halt) then
      if one.at == due then -- not polled by another worker, at once, meanwhile
        poll(self, one)
      end
    else
      if one.at == due then
        self.due:put(due, one)
      end
      if (self.due:first() or due) >= due then
        return true
      end
    end
  end
  return true
end

--- Tasks that work at the same time.
---@param count integer
---@param halt? fun(): any
---@param tasks function[] to add them to
function PollQueue:add_workers(count, halt, tasks)
  for _ = 1, math.min(self.due.size, count) do
    tasks[#tasks + 1] = function()
      return self:work(halt)
    end
  end
end

---- the group ----

---@class fnf.WaitGroup
---@field context fnf.WaitContext
---@field queue fnf.PollQueue of the waits
---@field parents? fnf.PollQueue of their executions, where these may tell of the ends
---@field executions? fnf.ParentExecutions
---@field runs (table|false)[] final descriptions by their place in the list; false: it could not be found out
---@field failures table<integer, fnf.Error>
---@field ended integer[] places in the order of their ends
local WaitGroup = {}
WaitGroup.__index = WaitGroup

---@class fnf.RunWaitOptions: fnf.WaitOptions
---@field last_step? boolean the MapRun is the last step of its execution, whose end then announces its own

---@class fnf.WaitsOptions: fnf.RunWaitOptions
---@field any? boolean return when the first has ended
---@field each? boolean return an iterator over the ends

--- Options of a wait for a MapRun: those of any wait, and one.
---@type table<string, fnf.Row>
group.of_one = { last_step = { type = "boolean" } }

--- Options of a wait for many: two more.
---@type table<string, fnf.Row>
group.options = { any = { type = "boolean" }, each = { type = "boolean" }, last_step = group.of_one.last_step }

for name, row in pairs(wait.options) do
  group.of_one[name], group.options[name] = row, row
end

--- The first problem about a list of parameters, or nil.
local function validate_list(list, rows)
  if type(list) ~= "table" then
    return "a list of parameters expected, got " .. type(list)
  end
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key > #list then
      return "a list of parameters expected, got a table with the key " .. tostring(key)
    end
  end
  for place, params in ipairs(list) do
    local problem = check.table(params, rows, "parameter")
    if problem then
      return ("entry %d: %s"):format(place, problem)
    end
  end
end

--- What is wrong with a list of parameters or the options beyond the type of each, or nil.
---@param list any
---@param options fnf.WaitsOptions
---@param row fnf.Operation that is polled
---@return string|nil
function group.validate(list, options, row)
  return validate_list(list, row.parameters) or wait.validate(options, row)
    or options.any and options.each and "options any and each exclude each other" or nil
end

local function settle(self, one, run, err)
  self.runs[one.place], self.failures[one.place] = run or false, err
  self.ended[#self.ended + 1] = one.place
  self.context.open = self.context.open - 1
  if one.parent then
    one.parent:release(one)
  end
end

--- The executions' ends are to announce those of the runs; the first is polled just before the first run.
local function watch_parents(self, list, first)
  local executions = parent_execution.of(self.context, list)
  if not executions then
    return
  end
  self.executions, self.queue.wakeable = executions, true
  self.parents = group.queue(executions.context, function(parent, announced)
    for _, one in ipairs(parent:finish(announced)) do
      self.queue:poll_now(one)
    end
  end)
  self.parents.wakeable = true
  for _, parent in ipairs(executions.list) do
    self.parents:put(first - TICK * parent.place, parent)
  end
end

---@param context fnf.WaitContext
---@param list fnf.Wait[]
---@return fnf.WaitGroup
function group.new(context, list)
  local self = setmetatable({ context = context, runs = {}, failures = {}, ended = {} }, WaitGroup)
  self.queue = group.queue(context, function(one, run, err)
    settle(self, one, run, err)
  end)
  local first = context.started + (context.options.initial_delay or 0)
  for place, one in ipairs(list) do
    one.place = place
    self.queue:put(first + (context.rate_limiter and context.rate_limiter:first_poll(place) or 0), one)
  end
  context.open = #list
  if context.options.last_step and context.platform.gather then
    watch_parents(self, list, first)
  end
  return self
end

---- working it off ----

local function worker_count(rate_limiter)
  local useful = rate_limiter and math.max(FEWEST_WORKERS, rate_limiter.burst, rate_limiter.rate) or MOST_WORKERS
  return math.min(MOST_WORKERS, math.ceil(useful))
end

--- Have all workers work; false if they were ended.
local function run_workers(self, halt)
  local gather, tasks = self.context.platform.gather, {}
  if not gather then -- one poll after the other
    return self.queue:work(halt)
  end
  self.queue:add_workers(worker_count(self.context.rate_limiter), halt, tasks)
  if self.parents then
    self.executions.halt = halt
    self.parents:add_workers(self.executions.places, halt, tasks)
  end
  return gather(tasks) ~= nil
end

local function cancel_all(self)
  local one = self.queue:take()
  while one do
    local _, run, err = one:give_up(errors.cancelled())
    settle(self, one, run, err)
    one = self.queue:take()
  end
end

--- Work until all waits have ended, or `enough` says so.
---@param enough? fun(): boolean
function WaitGroup:work(enough)
  local cancel, context = self.context.options.cancel, self.context
  local halt = cancel
  if enough or self.parents then
    function halt()
      return context.open == 0 or enough and enough() or cancel and cancel()
    end
  end
  if not run_workers(self, halt) or cancel and cancel() then
    cancel_all(self)
  end
end

--- Weigh no more on the rate limiter.
function WaitGroup:leave()
  self.context.open = 0
  if self.parents then
    self.executions.context.open = 0
  end
end

--- Each end as it comes: place, run, error.
local function iterate(self)
  local given = 0
  return function()
    given = given + 1
    if not self.ended[given] and self.context.open > 0 then
      self:work(function()
        return self.ended[given] ~= nil
      end)
    end
    local place = self.ended[given]
    if place then
      return place, self.runs[place] or nil, self.failures[place]
    end
  end
end

--- Wait for all; for the first; or get an iterator over the ends.
---@param client fnf.Client
---@param row fnf.Operation
---@param list table[] checked
---@param options table checked
---@return table|function|integer|nil
---@return any
---@return any
function group.run(client, row, list, options)
  local context, all = wait.context(client, row, options), {}
  for place, params in ipairs(list) do
    all[place] = wait.new(context, params)
  end
  local waits = group.new(context, all)
  if options.each then
    return iterate(waits)
  elseif options.any then
    local place, run, err = iterate(waits)()
    waits:leave()
    return place, run, err
  end
  waits:work()
  waits:leave()
  return waits.runs, next(waits.failures) and waits.failures or nil
end

---- one ----

local function finish(one)
  if not one.context.options.last_step then
    return one:finish()
  end
  local waits = group.new(one.context, { one })
  waits:work()
  waits:leave()
  return waits.runs[1] or nil, waits.failures[1]
end

--- Wait for one.
---@param client fnf.Client
---@param row fnf.Operation
---@param params table checked
---@param options fnf.RunWaitOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil
function group.one(client, row, params, options)
  return finish(wait.new(wait.context(client, row, options), params))
end

--- Go on with the wait that a checkpoint tells of.
---@param client fnf.Client
---@param row fnf.Operation
---@param text string what `wait:checkpoint()` gave, here or in another process
---@param options fnf.RunWaitOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil kind "protocol" for a checkpoint that is damaged or not of this client's host
function group.resume(client, row, text, options)
  local found, err = checkpoint.read(wait.context(client, row, options), text)
  if not found then
    return nil, err
  end
  return finish(found)
end

return group
