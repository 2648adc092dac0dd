--- Which items of a MapRun fail: rules with whole numbers only, so that counts are exact and no item is looped over.
-- A hash of each item's index would need a table of prefix sums and give "about 3 %"; these give the exact number.
-- SPDX-License-Identifier: MIT

local failures = {}

local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min

--- Each rule: among(k, failed, items) = failed ones among the first k finished items, and
--- position(j, failed, items) = which finished item is the j-th failed one. All inputs are integers below 2^26.
failures.rules = {
  spread = {
    among = function(k, failed, items)
      if items == 0 then return 0 end
      return floor((2 * k * failed + items) / (2 * items))
    end,
    position = function(j, failed, items) return ceil((2 * j - 1) * items / (2 * failed)) end,
  },
  first = {
    among = function(k, failed) return min(k, failed) end,
    position = function(j) return j end,
  },
  last = {
    among = function(k, failed, items) return max(0, k - (items - failed)) end,
    position = function(j, failed, items) return items - failed + j end,
  },
}

return failures
