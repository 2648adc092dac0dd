--- A sleep that its caller can cancel: the one promise of "ten times a second", for every platform.
-- SPDX-License-Identifier: MIT
--
-- How to pause differs (a task is suspended, a thread sleeps, nginx yields), so the platform hands in its pause.

local core = require "fnf.core"

local cancellable = {}

--- Seconds between two questions to a `cancel`, in sleeps and in transfers.
cancellable.SLICE = 0.1

--- Sleep, asking `cancel` before, meanwhile and at the end.
---@param seconds number
---@param cancel? fun(): any true once the caller has given up
---@param pause fun(seconds: number): boolean|nil sleeps for at most that long; false: it was cancelled in another way
---@return boolean slept false if it was cancelled
function cancellable.sleep(seconds, cancel, pause)
  local ending = core.now() + seconds
  while not (cancel and cancel()) do
    local left = ending - core.now()
    if left <= 0 then
      return true
    elseif pause(cancel and math.min(left, cancellable.SLICE) or left) == false then
      return false
    end
  end
  return false
end

return cancellable
