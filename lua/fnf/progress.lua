--- What a MapRun's counts mean, and when to look again. Pure: looks and random numbers come in, nothing else.
-- SPDX-License-Identifier: MIT

local progress = {}

---@class fnf.Progress
---@field looks integer answers seen
---@field total? integer items
---@field done? integer items that succeeded, failed or were aborted
---@field share? number of the items that are done, 0 to 1; nil while it is not known
---@field seconds number since the first look
local Progress = {}
Progress.__index = Progress

local GROWTH = 1.6 -- of the interval from one look to the next
local JITTER = 0.15 -- of the interval, either way: many waits must not look in step

---@return fnf.Progress
function progress.new()
  return setmetatable({ looks = 0, seconds = 0 }, Progress)
end

local function count(counts, name)
  local value = counts[name]
  return type(value) == "number" and value >= 0 and value or 0
end

--- Take in an answer.
---@param run table as DescribeMapRun answers
---@param now number monotonic seconds
function Progress:see(run, now)
  self.looks = self.looks + 1
  self.first = self.first or now
  self.seconds = now - self.first
  local counts = type(run.ItemCounts) == "table" and run.ItemCounts or {}
  local total = counts.Total
  self.total, self.done, self.share = nil, nil, nil
  if type(total) == "number" and total > 0 then
    self.total = total
    self.done = math.min(total, count(counts, "Succeed") + count(counts, "Failed") + count(counts, "Aborted"))
    self.share = self.done / total
  end
end

--- Seconds from this look to the next.
---@param misses integer failed looks since the last answer
---@param limits { min_delay: number, max_delay: number }
---@param random number from [0, 1)
---@return number
function Progress:next_look(misses, limits, random)
  local interval = limits.min_delay * GROWTH ^ math.min(self.looks + misses, 40)
  interval = math.min(interval, limits.max_delay) * (1 - JITTER + 2 * JITTER * random)
  return math.max(limits.min_delay, math.min(limits.max_delay, interval))
end

return progress
