--- Holding an answer back until an execution is over.
-- SPDX-License-Identifier: MIT

local changes = require("fnf.emulator.changes")
local execution = require("fnf.emulator.execution")
local store = require("fnf.emulator.store")

local hold = {}

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
    if found ~= running or course.over then return end
    changes.wait(math.min(deadline - ngx.now(), seconds_until(course.ends, now)))
  end
end

return hold
