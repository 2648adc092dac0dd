--- What is to be polled, in the order of the times it is due, and the workers that do it.
-- SPDX-License-Identifier: MIT
--
-- What waits is a small record in a heap, not a coroutine. A worker takes the one that is due first, sleeps until then,
-- has it poll, and puts it back with its next time; so what the workers hold is due before what is in the heap, unless
-- something is to be polled now. No worker comes round twice without a poll, a sleep or an end, whatever a `step` says.

local heap = require "fnf.wait.heap"

local poll_queue = {}

local SHORTEST = 0.01 -- seconds until a step follows one that did not poll

---@class fnf.Pollable what a heap of due times holds: a wait, or the execution of several
---@field step fun(self: fnf.Pollable, due: number): boolean, any, fnf.Error|nil poll once; true, outcome, or false,
---  seconds; `due` is when it was to
---@field polls integer so far
---@field at? number when it is due; nil while it polls, and at its end
---@field overtaken? boolean it is to be polled again at once

---@class fnf.PollQueue
---@field context fnf.WaitContext
---@field due fnf.Heap of fnf.Pollable
---@field settle fun(one: fnf.Pollable, outcome: any, err?: fnf.Error) called at the end of each
---@field wakeable? boolean some of it may be polled before it is due: sleep lightly
---@field private rests table<fnf.Pollable, number> not to be polled before: `min_delay` after the last poll
local PollQueue = {}
PollQueue.__index = PollQueue

---@param context fnf.WaitContext
---@param settle fun(one: fnf.Pollable, outcome: any, err?: fnf.Error)
---@return fnf.PollQueue
function poll_queue.new(context, settle)
  return setmetatable({ context = context, settle = settle, due = heap.new(), rests = {} }, PollQueue)
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
  local rests = self.rests[one] or 0
  local soonest = rests > self.context.platform.now() and rests or 0
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

--- Take out all that are left, each once, also what was put in the same place twice.
---@return fun(): fnf.Pollable|nil
function PollQueue:drain()
  return function()
    local one = self:take()
    if one then
      one.at = nil
    end
    return one
  end
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
    if self.wakeable then -- else nothing overtakes it
      self.rests[one] = rests
    end
    if one.overtaken then
      return rests
    end
  end
  local least = (one.polls == polls or now <= begun) and SHORTEST or 0
  return now + (delay >= least and delay or least)
end

local function poll(self, one)
  local at = one.at
  one.at = nil
  local begun, polls = self.context.platform.now(), one.polls
  local ended, outcome, err = one:step(at)
  local due = not ended and next_due(self, one, begun, polls, outcome)
  one.overtaken = nil
  if due then
    self:put(due, one)
  else
    self.rests[one] = nil
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

return poll_queue
