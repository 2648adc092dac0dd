--- An even sample of a list whose length nobody knows before its end, in constant memory. Pure.
-- SPDX-License-Identifier: MIT
--
-- Every n-th entry is kept; when twice as many are there as are wanted, every other one goes and n doubles.

local sample = {}

---@class fnf.Sample
---@field seen integer entries so far
---@field private limit integer
---@field private stride integer
---@field private kept any[]
local Sample = {}
Sample.__index = Sample

---@param limit integer entries that are wanted at most
---@return fnf.Sample
function sample.new(limit)
  return setmetatable({ seen = 0, limit = limit, stride = 1, kept = {} }, Sample)
end

--- Take in the next entry.
---@param entry any
function Sample:add(entry)
  if self.seen % self.stride == 0 then
    self.kept[#self.kept + 1] = entry
  end
  self.seen = self.seen + 1
  if #self.kept >= 2 * self.limit then
    local fewer = {}
    for index = 1, #self.kept, 2 do
      fewer[#fewer + 1] = self.kept[index]
    end
    self.kept, self.stride = fewer, self.stride * 2
  end
end

--- The sample: all entries while there are no more than `limit`, else that many of them, evenly spread.
---@return any[]
function Sample:take()
  local kept, limit = self.kept, self.limit
  if #kept <= limit then
    return kept
  end
  local list = {}
  for index = 1, limit do
    list[index] = kept[math.floor((index - 1) * #kept / limit) + 1]
  end
  return list
end

return sample
