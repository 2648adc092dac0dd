--- A function in a light thread that ends when the time is over or the caller has given up, even if it would not.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"

local SLICE = 0.25 -- seconds between two looks at `cancel`
local TICK = 0.001 -- seconds: less is none to nginx, whose own clock stands still meanwhile

--- Wait until there is a reason to give up.
local function watch(ending, cancel)
  while true do
    if cancel and cancel() then
      return "cancelled"
    end
    local left = ending - core.now()
    if left <= 0 then
      return "timeout"
    end
    ngx.sleep(math.max(TICK, cancel and math.min(left, SLICE) or left))
  end
end

--- What pcall gave, with the error raised anew.
local function hand_on(done, ...)
  if not done then
    error((...), 0)
  end
  return ...
end

--- Run `work`, but not for longer than that.
---@param work fun(): ... its results are handed on, its errors too
---@param seconds number
---@param cancel? fun(): any
---@return any ... what `work` returned; nil and "timeout" or "cancelled"
return function(work, seconds, cancel)
  local results
  local worker = ngx.thread.spawn(function()
    results = { pcall(work) }
  end)
  if not results then
    local ending, over, reason = core.now() + seconds, nil, nil
    local watcher = ngx.thread.spawn(function()
      over, reason = pcall(watch, ending, cancel)
    end)
    ngx.thread.wait(worker, watcher)
    ngx.thread.kill(watcher)
    if not results then
      ngx.thread.kill(worker)
      return nil, hand_on(over, reason)
    end
  end
  return hand_on(unpack(results, 1, 4))
end
