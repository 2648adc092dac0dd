--- Tasks: functions that run at the same time in one thread, taking turns whenever one sleeps or sends.
-- SPDX-License-Identifier: MIT
--
-- One scheduler serves a Lua state. A task that is cancelled (another of its group failed, or the caller gave up) finds
-- its next sleep or transfer cancelled; if it goes on all the same, the one after that raises. Lua 5.1 cannot suspend
-- across pcall, a metamethod or an iterator written in C; later Luas do, or block where they cannot either.

local cancellable = require "fnf.platform.cancellable"
local core = require "fnf.core"
local errors = require "fnf.errors"
local heap = require "fnf.wait.heap"

local scheduler = {}

local LONGEST = 1 -- seconds in C at a time: so often Lua's own signal hook may run

--- What passes the time while no task is ready. Transfers put themselves here: they need tasks to resume, and tasks
--- need them only to wait.
scheduler.io = { wait = core.sleep, abandon = function() end }

---- tasks ----

---@class fnf.Task a coroutine that is suspended while it sleeps or waits for an answer
---@field thread thread
---@field on_end fun(task: fnf.Task, done: boolean, result: any, reason: any)
---@field cancelled? boolean|string it is to end; "heard" once it knows
---@field alarm? number when it is to be resumed, if nothing else does it
---@field transfer? integer the number of the last it waited for
---@field busy boolean it runs, or has ended

local is_yieldable = rawget(coroutine, "isyieldable") -- not in Lua 5.1
local alarms, ready = heap.new(), {}
local current -- the task that runs now
local PARKED = {} -- what a task yields, and no function of the user's

--- The task whose function this is part of; nil outside of one, and where it cannot be suspended.
---@return fnf.Task|nil
function scheduler.current()
  if current and current.thread == coroutine.running() and (not is_yieldable or is_yieldable()) then
    return current
  end
end

--- Suspend the running task until something resumes it, at `alarm` at the latest. It may be for nothing.
---@param task fnf.Task
---@param alarm? number by the monotonic clock
---@return any ... what it was resumed with
function scheduler.park(task, alarm)
  task.alarm = alarm
  if alarm then
    alarms:put(alarm, task)
  end
  return coroutine.yield(PARKED)
end

--- Resume a task soon.
---@param task fnf.Task
function scheduler.wake(task)
  ready[#ready + 1] = task
end

--- Whether the running task is to end. Raises at the second time of asking: it did not listen.
---@param task fnf.Task
---@return boolean|nil
function scheduler.is_cancelled(task)
  if task.cancelled == "heard" then
    error(errors.cancelled(), 0)
  elseif task.cancelled then
    task.cancelled = "heard"
    return true
  end
end

local YIELDED = "a callback, or a function of fnf.gather, called coroutine.yield: what runs as a task is suspended by "
  .. "its calls alone (a wait with others = false is none)"

--- What is wrong with a task that yielded by itself, with the place where it did.
local function yielded(task)
  local at = debug.getinfo(task.thread, 1, "Sl")
  return at and at.currentline > 0 and ("%s:%d: %s"):format(at.short_src, at.currentline, YIELDED) or YIELDED
end

--- Resume a task now, unless it runs or has ended. One that yielded by itself has ended: nobody would ever resume it.
---@param task fnf.Task
---@param ... any what its `park` returns
function scheduler.resume(task, ...)
  if task.busy then
    return
  end
  local before = current
  current, task.alarm, task.busy = task, nil, true
  local done, result, reason = coroutine.resume(task.thread, ...)
  current = before
  if result == PARKED then
    task.busy = false
  elseif coroutine.status(task.thread) == "dead" then
    task.on_end(task, done, result, reason)
  else
    task.on_end(task, false, yielded(task))
  end
end

--- Resume what is ready, then what is due.
local function run_ready()
  local batch = ready
  ready = {}
  for _, task in ipairs(batch) do
    scheduler.resume(task)
  end
  local now = core.now()
  while (alarms:first() or math.huge) <= now do
    local task, time = alarms:take()
    if task.alarm == time then
      scheduler.resume(task)
    end
  end
end

--- Seconds until something is to run.
local function until_next()
  return ready[1] and 0 or math.max(0, (alarms:first() or math.huge) - core.now())
end

--- What began outside of all tasks has ended: forget the alarms that nobody waited for.
local function rest()
  if not current then
    alarms, ready = heap.new(), {}
  end
end

--- Forget all tasks.
local function abandon()
  alarms, ready, current = heap.new(), {}, nil
end

---@class fnf.Group functions that run together
---@field parent fnf.Task the task that waits for them
---@field members table<fnf.Task, boolean> those that have not ended
---@field alive integer how many those are
---@field results table the first result of each function
---@field failure? { reason: any, raised: boolean } why all are to end

--- Sleep in a task.
---@param task fnf.Task the running one
---@param seconds number
---@param cancel? fun(): any
---@return boolean done false if it was cancelled
function scheduler.sleep(task, seconds, cancel)
  if scheduler.is_cancelled(task) then
    return false
  end
  return cancellable.sleep(seconds, cancel, function(left)
    scheduler.park(task, core.now() + left)
    return not scheduler.is_cancelled(task)
  end)
end

---- groups ----

local function fail(group, reason, raised)
  group.failure = group.failure or { reason = reason, raised = raised }
end

local function spawn(group, index, body)
  local task = { thread = coroutine.create(function() -- Lua 5.1 makes none of a function in C
    return body()
  end), busy = false }
  function task.on_end(_, done, result, reason)
    group.members[task] = nil
    group.alive = group.alive - 1
    if not done then
      fail(group, result, true)
    elseif result == nil and reason ~= nil then
      fail(group, reason, false)
    else
      group.results[index] = result
    end
    if group.failure or group.alive == 0 then
      scheduler.wake(group.parent)
    end
  end
  group.members[task] = true
  group.alive = group.alive + 1
  scheduler.wake(task)
end

local function cancel_all(group)
  for task in pairs(group.members) do
    task.cancelled = task.cancelled or true
    scheduler.wake(task)
  end
end

--- Wait in a task for the end of its group.
local function await(group, cancel)
  local parent, is_over = group.parent, false
  while group.alive > 0 do
    if not group.failure and (parent.cancelled or cancel and cancel()) then
      fail(group, errors.cancelled(), false)
    end
    if group.failure and not is_over then
      is_over = true
      cancel_all(group)
    end
    scheduler.park(parent, cancel and not is_over and core.now() + cancellable.SLICE)
  end
end

local function gather(parent, functions, cancel)
  local group = { parent = parent, members = {}, alive = 0, results = {} }
  for index, body in ipairs(functions) do
    spawn(group, index, body)
  end
  await(group, cancel)
  if not group.failure then
    return group.results
  elseif group.failure.raised then
    error(group.failure.reason, 0)
  end
  return nil, group.failure.reason
end

---- outside of a task ----

local function drive(root)
  while not root.over do
    run_ready()
    if not root.over then
      scheduler.io.wait(math.min(LONGEST, until_next()))
    end
  end
end

--- Run a function as a task that nobody waits for but this loop.
local function run(body)
  local root = { thread = coroutine.create(body), busy = false }
  function root.on_end(_, done, result, reason)
    root.over, root.done, root.result, root.reason = true, done, result, reason
  end
  scheduler.wake(root)
  local done, trouble = pcall(drive, root)
  if not done then -- by a signal's hook, say: without the loop nothing would ever be resumed
    scheduler.io.abandon()
    abandon()
    error(trouble, 0)
  end
  rest()
  if not root.done then
    error(root.result, 0)
  end
  return root.result, root.reason
end

--- Run functions at the same time, until all have ended. What one of them raises, or returns after nil, ends the
--- others.
---@param functions (fun(): any, any)[]
---@param cancel? fun(): any asked ten times a second; true ends all of them
---@return any[]|nil results the first result of each, in their order
---@return any err what a function returned after nil; an error of kind "cancelled"
function scheduler.gather(functions, cancel)
  local task = scheduler.current()
  if task then
    return gather(task, functions, cancel)
  end
  return run(function()
    return gather(scheduler.current(), functions, cancel)
  end)
end

return scheduler
