--- A binary heap by time: what is due first comes out first. Pure.
-- SPDX-License-Identifier: MIT

local floor = math.floor

local heap = {}

---@class fnf.Heap
---@field size integer
---@field private times number[]
---@field private items any[]
local Heap = {}
Heap.__index = Heap

---@return fnf.Heap
function heap.new()
  return setmetatable({ size = 0, times = {}, items = {} }, Heap)
end

--- Put an item in.
---@param time number
---@param item any
function Heap:put(time, item)
  local times, items, at = self.times, self.items, self.size + 1
  self.size = at
  while at > 1 do
    local above = floor(at / 2)
    if times[above] <= time then
      break
    end
    times[at], items[at] = times[above], items[above]
    at = above
  end
  times[at], items[at] = time, item
end

--- The earliest time, or nil.
---@return number|nil
function Heap:first()
  return self.times[1]
end

--- Move the hole at the top down to where an item of that time belongs.
local function sink(times, items, size, time)
  local at = 1
  while true do
    local below = 2 * at
    if below < size and times[below + 1] < times[below] then
      below = below + 1
    end
    if below > size or times[below] >= time then
      return at
    end
    times[at], items[at] = times[below], items[below]
    at = below
  end
end

--- Take the earliest item out.
---@return any item
---@return number|nil time nil if there was none
function Heap:take()
  local times, items, size = self.times, self.items, self.size
  local time, item = times[1], items[1]
  if size == 0 then
    return nil
  end
  local last, mover = times[size], items[size]
  times[size], items[size] = nil, nil
  self.size = size - 1
  if size > 1 then
    local at = sink(times, items, size - 1, last)
    times[at], items[at] = last, mover
  end
  return item, time
end

return heap
