--- Answers that the service holds back: waiting for a change or for an execution's end, without keeping the worker.
-- SPDX-License-Identifier: MIT

local execution = require "fnf.emulator.execution"
local store = require "fnf.emulator.store"

local hold = {}

local waiting = {}

--- Waits for a change, or for this many seconds if none comes.
---@param seconds number
function hold.wait(seconds)
  local semaphore = assert(require("ngx.semaphore").new(0))
  waiting[semaphore] = true
  semaphore:wait(math.max(0.001, seconds))
  waiting[semaphore] = nil
end

--- Lets all that wait look again.
function hold.tell()
  for semaphore in pairs(waiting) do
    semaphore:post(1)
  end
end

-- Where simulated time stands still, only a change ends the wait.
local function seconds_until(moment, now)
  local rate = store.clock.rate
  return moment and rate > 0 and (moment - now) / rate or math.huge
end

--- Returns once the execution is over, or is no more, or this many real seconds have passed.
---@param running fnf.emulator.Execution
---@param seconds number
function hold.until_over(running, seconds)
  ngx.update_time()
  local deadline = ngx.now() + seconds
  while ngx.now() < deadline do
    local found = store.find_execution(running.FlowName, running.Name)
    local now = store.simulated()
    local course = execution.course(running, now)
    if found ~= running or course.over then
      return
    end
    hold.wait(math.min(deadline - ngx.now(), seconds_until(course.ends, now)))
  end
end

return hold
