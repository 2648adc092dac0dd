--- Waiting until something may have changed, without keeping the worker: for answers that the service holds back.
-- SPDX-License-Identifier: MIT

local changes = {}

local waiting = {}

--- Waits for a change, or for this many seconds if none comes.
---@param seconds number
function changes.wait(seconds)
  local semaphore = assert(require("ngx.semaphore").new(0))
  waiting[semaphore] = true
  semaphore:wait(math.max(0.001, seconds))
  waiting[semaphore] = nil
end

--- Lets all that wait look again.
function changes.tell()
  for semaphore in pairs(waiting) do semaphore:post(1) end
end

return changes
