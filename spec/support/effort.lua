--- What something costs: the instructions of Lua that it takes, its seconds of the processor, and those of the clock.
-- SPDX-License-Identifier: MIT

local effort = {}

local EVERY = 100 -- instructions: how often they are counted
local SHORT, LONG, LONGEST = 10000, 40000, 60000 -- bytes
local MOST = 0.5 -- seconds for the longest; what takes the square of it takes several

--- The instructions that a call takes. Those within C, such as a pattern's, are not counted; `seconds` tells of them.
---@param run function
---@return integer
function effort.instructions(run, ...)
  local count, compiler = 0, rawget(_G, "jit")
  if compiler then -- what is compiled calls no hook
    compiler.off()
    compiler.flush()
  end
  debug.sethook(function() count = count + EVERY end, "", EVERY)
  run(...)
  debug.sethook()
  if compiler then
    compiler.on()
  end
  return count
end

---@param run function
---@return number
function effort.seconds(run, ...)
  local started = os.clock()
  run(...)
  return os.clock() - started
end

local TRIES = 5

--- The seconds that something takes, the least of some tries: whatever else the machine does only adds to them. The
--- first that takes less than `enough` is the last.
---@param enough number seconds
---@param try fun(): number
---@return number
function effort.least(enough, try)
  local least = math.huge
  for _ = 1, TRIES do
    least = math.min(least, try())
    if least < enough then
      break
    end
  end
  return least
end

--- What shows that reading texts takes more than their length, or nil.
---@param read fun(text: string)
---@param make fun(length: integer): string
---@return string|nil
function effort.find_excess(read, make)
  local seconds = effort.seconds(read, make(LONGEST))
  if seconds > MOST then
    return ("%d bytes take %.1f s"):format(LONGEST, seconds)
  end
  local short, long = effort.instructions(read, make(SHORT)), effort.instructions(read, make(LONG))
  if long > short * LONG / SHORT * 1.1 + 1000 then
    return ("%d instructions become %d"):format(short, long)
  end
end

return effort
