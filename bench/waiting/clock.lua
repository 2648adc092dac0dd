--- A platform on a clock that only sleep moves, for any number of tasks: a year of waiting takes seconds.
-- SPDX-License-Identifier: MIT

local heap = require "fnf.wait.heap"
local runs = require "waiting.runs"

local clock = {}

local WALL = 1790000000 -- seconds since 1970 at the beginning

--- Resume a task until it sleeps again; whether it has ended.
local function resume(self, task, slept)
  self.thread, task.at, task.cancel = task.thread, nil, nil
  local done, seconds, cancel = coroutine.resume(task.thread, slept)
  assert(done, seconds)
  if coroutine.status(task.thread) == "dead" then
    return true
  end
  task.at, task.cancel = self.seconds + seconds, cancel
  self.due:put(task.at, task)
  return false
end

--- Wake those whose `cancel` says so now, as real platforms do a tenth of a second later; how many of them ended.
local function wake(self, tasks)
  local ended = 0
  for _, task in ipairs(tasks) do
    if task.cancel and task.cancel() then
      ended = ended + (resume(self, task, false) and 1 or 0)
    end
  end
  return ended
end

--- Run functions as coroutines, each resumed when its time has come.
local function gather(self, functions)
  local tasks = {}
  for i, body in ipairs(functions) do
    tasks[i] = { thread = coroutine.create(body), at = self.seconds }
    self.due:put(self.seconds, tasks[i])
  end
  local alive = #functions
  while alive > 0 do
    local task, time = self.due:take()
    if task.at == time then
      self.seconds = math.max(self.seconds, time)
      alive = alive - (resume(self, task, true) and 1 or 0)
      alive = alive - wake(self, tasks)
    end
  end
  return {}
end

--- A platform; `seconds` is its time.
---@param seed integer
---@return fnf.Platform
function clock.new(seed)
  local self = { seconds = 0, due = heap.new() }
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
  function platform.sleep(seconds, cancel)
    if self.thread and self.thread == coroutine.running() then
      return coroutine.yield(seconds, cancel)
    end
    self.seconds = self.seconds + seconds
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
