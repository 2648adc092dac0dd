--- How the items of a MapRun finish over the time, and which of them fail: curves and rules, both in whole items.
-- SPDX-License-Identifier: MIT

local shape = {}

--- Corner points { share of the busy time, share of the items }. A curve that does not reach { 1, 1 } never ends.
shape.shapes = {
  linear = { { 1, 1 } },
  slowing = { { 0.25, 0.5 }, { 0.55, 0.8 }, { 1, 1 } },
  accelerating = { { 0.45, 0.2 }, { 0.75, 0.5 }, { 1, 1 } },
  straggling = { { 0.5, 0.98 }, { 1, 1 } },
  stalling = { { 0.4, 0.5 }, { 0.7, 0.5 }, { 1, 1 } },
  stuck = { { 0.5, 0.5 } },
}

local ORIGIN = { 0, 0 }

--- Is this a list of corners that goes forward in time and never back in items?
---@param corners any
---@return boolean
function shape.valid(corners)
  if type(corners) ~= "table" or #corners == 0 then
    return false
  end
  local last = ORIGIN
  for _, corner in ipairs(corners) do
    local x, y = type(corner) == "table" and corner[1], type(corner) == "table" and corner[2]
    if type(x) ~= "number" or type(y) ~= "number" then
      return false
    end
    if not (x > last[1] and x <= 1 and y >= last[2] and y <= 1) then
      return false
    end
    last = corner
  end
  return true
end

--- The share of items finished once this share of the busy time is over.
---@param corners number[][]
---@param time number 0 or more; 1 is the end of the busy time
---@return number share 0 to 1
function shape.share(corners, time)
  local last = ORIGIN
  for _, corner in ipairs(corners) do
    if time < corner[1] then
      return last[2] + (corner[2] - last[2]) * (time - last[1]) / (corner[1] - last[1])
    end
    last = corner
  end
  return last[2]
end

--- The inverse: the earliest share of the busy time at which this share of the items is finished.
---@param corners number[][]
---@param share number 0 to 1
---@return number? time nil when the curve never gets there
function shape.time(corners, share)
  local last = ORIGIN
  for _, corner in ipairs(corners) do
    if share <= last[2] then
      return last[1]
    end
    if share <= corner[2] then
      return last[1] + (corner[1] - last[1]) * (share - last[2]) / (corner[2] - last[2])
    end
    last = corner
  end
  return nil
end

local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min

--- Each rule: among(k, failed, items) = failed ones among the first k finished items, and
--- position(j, failed, items) = which finished item is the j-th failed one. All inputs are integers below 2^26.
shape.rules = {
  spread = {
    among = function(k, failed, items)
      if items == 0 then
        return 0
      end
      return floor((2 * k * failed + items) / (2 * items))
    end,
    position = function(j, failed, items)
      return ceil((2 * j - 1) * items / (2 * failed))
    end,
  },
  first = {
    among = function(k, failed)
      return min(k, failed)
    end,
    position = function(j)
      return j
    end,
  },
  last = {
    among = function(k, failed, items)
      return max(0, k - (items - failed))
    end,
    position = function(j, failed, items)
      return items - failed + j
    end,
  },
}

--- The rule of failures that are named.
---@param numbers integer[] in their order: the n-th finished item of each
---@return table
function shape.listed(numbers)
  return {
    among = function(k)
      local low, high = 0, #numbers
      while low < high do
        local middle = ceil((low + high) / 2)
        if numbers[middle] <= k then
          low = middle
        else
          high = middle - 1
        end
      end
      return low
    end,
    position = function(j)
      return numbers[j]
    end,
  }
end

return shape
