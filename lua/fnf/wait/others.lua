--- Others who know of the ends of MapRuns: their executions held, the histories of those, and the lists of the flows.
-- SPDX-License-Identifier: MIT
--
-- Each has a quota of its own, and none ends a wait: what it tells only brings the next poll of a run forward. Held are
-- as many executions as there are places; histories and lists are read where there are more runs than that.

local history = require "fnf.wait.history"
local operations = require "fnf.operations"
local parent_execution = require "fnf.wait.parent_execution"
local poll_queue = require "fnf.wait.poll_queue"
local sweep = require "fnf.wait.sweep"
local wait = require "fnf.wait.wait"

local others = {}

local TICK = 1e-6 -- seconds: tells what is due first of what is due at once
local READERS = 4 -- histories read at a time

---@class fnf.Others
---@field executions fnf.ParentExecutions
---@field queues { queue: fnf.PollQueue, workers: integer }[]
---@field histories? table<fnf.KnownFlow, fnf.Histories>
---@field readings? fnf.PollQueue of them
local Others = {}
Others.__index = Others

local function add_queue(self, queue, workers)
  queue.wakeable = true
  self.queues[#self.queues + 1] = { queue = queue, workers = workers }
  return queue
end

local function context_of(context, row)
  return wait.context(context.client, row, { deadline = context.deadline, max_attempts = 1 })
end

local function hold(self, first, announce)
  local executions = self.executions
  local queue = add_queue(self, poll_queue.new(executions.context, function(parent, has_ended)
    parent:finish()
    for _, run in ipairs(has_ended and parent:open_runs() or {}) do
      announce(run, "execution")
    end
  end), executions.places)
  for _, parent in ipairs(executions.list) do
    queue:put(first - TICK * parent.place, parent)
  end
end

local function list(self, context, first, announce)
  local own = context_of(context, operations.list_executions)
  local queue = add_queue(self, poll_queue.new(own, function()
    own.open = own.open - 1
  end), 1)
  local sweeps = sweep.of(own, self.executions, function(parent)
    for _, run in ipairs(parent:open_runs()) do
      announce(run, "list")
    end
  end)
  own.open = #sweeps
  for place, one in ipairs(sweeps) do
    queue:put(first + TICK * place, one)
  end
end

local function read(self, context, first, announce)
  local own = context_of(context, operations.get_execution_history)
  local queue = add_queue(self, poll_queue.new(own, function()
    own.open = own.open - 1
  end), READERS)
  self.readings = queue
  own.open = 0
  self.histories = history.of(own, self.executions, {
    over = function(run)
      announce(run, "history")
    end,
    begin = function(one)
      own.open = own.open + 1
      queue:put(own.platform.now() + TICK * one.parent.place, one)
    end,
  })
  for _, one in pairs(self.histories) do
    own.open = own.open + 1
    queue:put(first, one)
  end
end

--- Those who may tell of these waits' ends.
---@param context fnf.WaitContext of the waits
---@param runs fnf.Wait[] each with its place
---@param ended table<integer, any> what has ended by its place, as it comes
---@param first number when the first is polled
---@param announce fun(run: fnf.Wait, how: string) called when one is known to be over
---@return fnf.Others|nil none where there is nothing to hold a poll with
function others.of(context, runs, ended, first, announce)
  local options = context.options
  local on = options.others
  if on == nil then -- a transport of the caller's may have no answer to what he did not ask for
    on = options.last_step or not context.client.transport
  end
  local executions = on and context.platform.gather and parent_execution.of(context, runs, ended)
  if not executions then
    return nil
  end
  local self = setmetatable({ executions = executions, queues = {} }, Others)
  hold(self, first, announce)
  if #executions.list > executions.places then
    list(self, context, first, announce)
  end
  if #runs > executions.places then
    read(self, context, first, announce)
  end
  return self
end

--- The limits of a run's delays.
---@param run fnf.Wait
---@param limits { min_delay: number, max_delay: number, stretch?: number }
---@return { min_delay: number, max_delay: number, stretch?: number }
function Others:limits(run, limits)
  return self.executions.by_place[run.place]:limits(limits)
end

--- A run has ended.
---@param run fnf.Wait
---@param described boolean by its own description, so that others can be learnt from
function Others:release(run, described)
  local parent = self.executions.by_place[run.place]
  parent.open = parent.open - 1
  local histories = described and self.histories and self.histories[parent.flow]
  if histories and histories:prove(parent, run) then
    self.readings:poll_now(histories)
  end
end

--- Have them work.
---@param halt fun(): any
---@param tasks function[] to add theirs to
function Others:add_workers(halt, tasks)
  self.executions.halt = halt
  for _, each in ipairs(self.queues) do
    each.queue:add_workers(each.workers, halt, tasks)
  end
end

--- Weigh no more on the rate limiters.
function Others:leave()
  for _, each in ipairs(self.queues) do
    each.queue.context.open = 0
  end
  self.executions:leave()
end

return others
