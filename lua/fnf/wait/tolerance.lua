--- Failed items that a MapRun tolerates, and when there will be too many. Pure.
-- SPDX-License-Identifier: MIT
--
-- One more than tolerated fails the run long before its items are worked off (API.md section 4), so that moment is
-- foreseen beside the end. How many have yet to fail is known; that many failures come as far apart as chance has it,
-- and the share of items that fails is the less known the fewer have.

local floor, max, min, sqrt = math.floor, math.max, math.min, math.sqrt

local tolerance = {}

-- In standard deviations of the number of items until then; found by simulation: bench/waiting.lua.
local SOONER = 0.9 -- the earliest likely moment
local DOUBT = 4 -- how uncertain it is
local ROUNDING = 1e-9 -- of an item: percentages are no binary fractions
local MOST = floor(2 ^ 52) -- items: sums of more would be rounded, and no checkpoint holds them

--- A limit that says something, or nil: absent and zero both may mean that none was set.
local function set(value)
  return type(value) == "number" and value > 0 and value < math.huge and min(value, MOST) or nil
end

--- Items that may fail by the tighter limit, and by the looser: how the service combines the two is not documented.
--- Without any a single failed item fails the step.
---@param run table as DescribeMapRun answers
---@param total integer items
---@return integer tighter
---@return integer looser
function tolerance.of(run, total)
  local number, percentage = set(run.ToleratedFailedCount), set(run.ToleratedFailedPercentage)
  local part = percentage and floor(total * min(100, percentage) / 100 + ROUNDING)
  return min(number or part or 0, part or number or 0), max(number or part or 0, part or number or 0)
end

--- How many more failures end the run, and the share of items that fails; nil while it is not to be feared, and where
--- the run goes on although more have failed: then the limit is not what we take it for.
---@param seen fnf.Progress with items worked
---@param unseen? number of failures to reckon with, besides those seen, where any are tolerated
---@return integer|nil fatal
---@return number|nil share
function tolerance.threat(seen, unseen)
  local more = seen.tolerated > 0 and unseen or 0
  local fatal, share = seen.tolerated - seen.failed + 1, (seen.failed + more) / ((seen.done - seen.aborted) + more)
  if fatal >= 1 and share * seen.total > seen.tolerated then
    return fatal, share
  end
end

--- Seconds from the last poll to the earliest likely moment at which too many have failed, and by how many it is
--- uncertain; nil while that is not to be feared.
---@param seen fnf.Progress with items worked
---@param rate number items a second
---@param unseen? number as above
---@return number|nil earliest
---@return number|nil uncertain
function tolerance.foresee(seen, rate, unseen)
  local fatal, share = tolerance.threat(seen, unseen)
  if fatal then
    local noise, failures = sqrt(fatal + fatal * fatal / max(1, seen.failed)), share * rate
    return max(0, fatal - SOONER * noise) / failures, DOUBT * noise / failures
  end
end

return tolerance
