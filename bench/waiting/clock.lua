--- A platform on a clock that only sleep moves, for any number of tasks: a year of waiting takes seconds.
-- SPDX-License-Identifier: MIT

local queue = require "fnf.queue"
local runs = require "waiting.runs"

local clock = {}

local WALL = 1790000000 -- seconds since 1970 at the beginning

--- Run functions as coroutines, each resumed when its time has come.
local function gather(self, functions)
  for _, body in ipairs(functions) do
    self.due:put(self.seconds, coroutine.create(body))
  end
  local alive = #functions
  while alive > 0 do
    local thread, time = self.due:take()
    self.seconds = math.max(self.seconds, time)
    self.thread = thread
    local done, wish = coroutine.resume(thread)
    assert(done, wish)
    if coroutine.status(thread) == "dead" then
      alive = alive - 1
    else
      self.due:put(self.seconds + wish, thread)
    end
  end
  return {}
end

--- A platform; `seconds` is its time.
---@param seed integer
---@return fnf.Platform
function clock.new(seed)
  local self = { seconds = 0, due = queue.new() }
  local nonces = 0
  local platform = { random = runs.random(seed), close = function() end }
  function platform.now()
    return self.seconds
  end
  function platform.time()
    return WALL + self.seconds
  end
  function platform.nonce()
    nonces = nonces + 1
    return ("%032x"):format(nonces)
  end
  function platform.getenv() end
  function platform.readable()
    return true
  end
  function platform.sleep(seconds)
    if self.thread and self.thread == coroutine.running() then
      coroutine.yield(seconds)
    else
      self.seconds = self.seconds + seconds
    end
    return true
  end
  function platform.gather(functions)
    return gather(self, functions)
  end
  return platform
end

--- The time of day as the service writes it, so many seconds after the beginning.
function clock.rfc3339(seconds)
  local whole = math.floor(WALL + seconds)
  return os.date("!%Y-%m-%dT%H:%M:%S", whole) .. ("%.3fZ"):format(WALL + seconds - whole):sub(2)
end

return clock
