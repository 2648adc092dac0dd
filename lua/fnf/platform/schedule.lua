--- What runs next: tasks that are ready, and those that are due. One schedule serves a Lua state.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local errors = require "fnf.errors"
local queue = require "fnf.wait.heap"

local schedule = {}

---@class fnf.Task a coroutine that is suspended while it sleeps or waits for an answer
---@field thread thread
---@field on_end fun(task: fnf.Task, done: boolean, result: any, reason: any)
---@field told? boolean|string it is to end; "once" when it has heard of it
---@field alarm? number when it is to be resumed, if nothing else does it

local is_yieldable = rawget(coroutine, "isyieldable") -- not in Lua 5.1
local alarms, ready = queue.new(), {}
local current -- the task that runs now

--- The task whose function this is part of; nil outside of one, and where it cannot be suspended.
---@return fnf.Task|nil
function schedule.current()
  if current and current.thread == coroutine.running() and (not is_yieldable or is_yieldable()) then
    return current
  end
end

--- Suspend the running task until something resumes it, at `alarm` at the latest. It may be for nothing.
---@param task fnf.Task
---@param alarm? number by the monotonic clock
---@return any ... what it was resumed with
function schedule.park(task, alarm)
  task.alarm = alarm
  if alarm then
    alarms:put(alarm, task)
  end
  return coroutine.yield()
end

--- Resume a task soon.
---@param task fnf.Task
function schedule.wake(task)
  ready[#ready + 1] = task
end

--- Whether the running task is to end. Raises at the second time of asking: it did not listen.
---@param task fnf.Task
---@return boolean|nil
function schedule.is_told(task)
  if task.told == "once" then
    error(errors.cancelled(), 0)
  elseif task.told then
    task.told = "once"
    return true
  end
end

--- Resume a task now, unless it runs or has ended.
---@param task fnf.Task
---@param ... any what its `park` returns
function schedule.resume(task, ...)
  if coroutine.status(task.thread) ~= "suspended" then
    return
  end
  local before = current
  current, task.alarm = task, nil
  local done, result, reason = coroutine.resume(task.thread, ...)
  current = before
  if coroutine.status(task.thread) == "dead" then
    task.on_end(task, done, result, reason)
  end
end

--- Resume what is ready, then what is due.
function schedule.run()
  local batch = ready
  ready = {}
  for _, task in ipairs(batch) do
    schedule.resume(task)
  end
  local now = core.now()
  while (alarms:first() or math.huge) <= now do
    local task, time = alarms:take()
    if task.alarm == time then
      schedule.resume(task)
    end
  end
end

--- Seconds until something is to run.
---@return number
function schedule.pause()
  return ready[1] and 0 or math.max(0, (alarms:first() or math.huge) - core.now())
end

--- What began outside of all tasks has ended: forget the alarms that nobody waited for.
function schedule.rest()
  if not current then
    alarms, ready = queue.new(), {}
  end
end

--- Forget all tasks.
function schedule.abandon()
  alarms, ready, current = queue.new(), {}, nil
end

return schedule
