--- What a MapRun's counts mean, and when to poll again. Pure: polls and random numbers come in, nothing else.
-- SPDX-License-Identifier: MIT
--
-- A MapRun is a queue worked off by so many places. While items are pending, their number and the rate tell when the
-- last one starts; then the time an item takes (those running over the rate, by Little's law) tells when it ends.
-- Where the end is uncertain by w seconds, polls cost least for the lag they save at distances that grow with the
-- root of w. The figures below were found by simulation: bench/waiting.lua.
--
-- An example: 1,000 items on 10 places, two a second, so an item takes 10 / 2 = 5 s (`item`).
--   At 100.5 s 201 are done, 10 run, 789 are pending. Chance moves the end of these by NOISE * sqrt(789) = 8 items, so
--   the last one starts in (789 - 8) / 2 = 390 s at the earliest, and ends SHORTEST_ITEM * 5 = 1.8 s later. APPROACH of
--   those 392 s are slept through: 220 s, or `max_delay`, 120 s.
--   At 492.5 s 985 are done and 5 pending: the earliest end is in 3.9 s, APPROACH of which are 2.2 s. The end may come
--   at any time within UNCERTAIN_ITEM * 5 = 4.5 s and 0.3 s of noise; had its time come, the next poll would follow
--   after DENSITY * sqrt(4.8) = 0.7 s.
--   At 520 s one still runs, and nothing ended since 500 s: with one place taken ends come (LONGEST_GAP + 0.1 *
--   GAP_OF_PLACES) * 5 = 9.3 s apart at most, so the end is overdue by 10.7 s: PATIENCE * sqrt(10.7) = 6.5 s.

local operations = require "fnf.operations"
local tolerance = require "fnf.wait.tolerance"

local huge, max, min, sqrt = math.huge, math.max, math.min, math.sqrt

---@class fnf.ProgressModule
local progress = {}

local FINAL = operations.describe_map_run.final

---@class fnf.Progress
---@field polls integer answers seen
---@field total? integer items; nil while the counts say nothing
---@field done? integer items that succeeded, failed or were aborted
---@field share? number of the items that are done, 0 to 1
---@field failed? integer
---@field rate? number items a second of late
---@field tolerated? integer items that may fail by the tighter of the run's two limits
---@field private over? boolean the last answer was that of a run that has ended
---@field private aborted integer items that did neither succeed nor fail: they tell of no rate
---@field private batch integer what the counts seen so far share as a divisor: items that start and end together
---@field private first? number when `seconds` began
---@field at? number the last answer
---@field private base? integer items worked at `first`
---@field private running? integer
---@field private most? integer items that ran at once
---@field private item? number seconds an item takes
---@field private moved? number when a poll last found an item started
---@field private ended? number when a poll last found an item ended
---@field private wave? number share of an item's time by which it is uncertain, while all places end theirs together
local Progress = { aborted = 0, batch = 1, base = 0, tolerated = 0 } -- most runs': sixteen own fields are a small table
Progress.__index = Progress

local MEMORY = 0.07 -- of the seconds so far: what "of late" means
local SLOWER = 2.4 -- an item takes at most so much longer than the mean so far
local APPROACH = 0.56 -- of the way to the earliest end is slept through
local TRUST = 6.6 -- of the time seen so far is the most that is foreseen
local DENSITY = 0.3 -- seconds between polls for an end uncertain by one second
local LONGEST_ITEM = 3.5 -- mean times; with nothing started for longer, an item straggles
local LONGEST_GAP = 1.85 -- mean times between ends when few items are left; with all places taken
local GAP_OF_PLACES = 0.07 -- more
local PATIENCE = 2 -- seconds between polls after one second that something is overdue
local BLIND = 1.9 -- seconds between polls after one second when nothing can be foreseen
local JITTER = 0.1 -- of an interval, either way: many waits must not poll in step
local DRAIN = 2 -- of the fewest items that must end after each other, when none is pending
local UNCERTAIN_ITEM = 0.9 -- of an item's time
local NOISE = 0.29 -- of the root of the items pending
local SHORTEST_ITEM = 0.35 -- mean times
local SOONER, LATER = 0.5, 1.6 -- of the ends by the rates: a run may accelerate or slow down
local SLOWEST = 0.1 -- of the higher rate: the least that is reckoned with
local MOST_DOUBLINGS = 20 -- of an interval after misses
local HONEST = 3 -- items done before an end is foretold
local MOST_ITEMS = 2 ^ 52 -- a larger figure counts nothing, and sums of it would be rounded
local NARROW = 0.3 -- of an item's time between two polls: all places that end theirs within do it together
local WAVE_DOUBT = 0.05 -- of an item's time is uncertain after one wave at least, the less the more have come
local SLACK = 1 -- seconds by which times may be off: the service's have no fraction
local UNSEEN = 0.5 -- of a failed item is reckoned with in what is foretold

---@return fnf.Progress
function progress.new()
  return setmetatable({ polls = 0 }, Progress)
end

---- what is seen ----

--- A number that can count items, else 0.
local function figure(value)
  return type(value) == "number" and value > 0 and value <= MOST_ITEMS and value or 0
end

--- The greatest number that divides both.
local function common_divisor(a, b)
  while b > 0 do
    a, b = b, a % b
  end
  return a
end

--- Items that succeeded or failed.
local function worked_of(self)
  return self.done - self.aborted
end

--- Begin to measure: nothing is known of the rate before.
local function begin(self, now, worked, age)
  self.base, self.rate, self.most, self.item, self.batch = not age and worked > 0 and worked or nil, nil, nil, nil, 0
  self.first, self.wave = age and now - age or self.first, nil
  self.moved, self.ended = now, worked == 0 and self.first or now
  if age and age > 0 and worked > 0 then
    self.rate = worked / age
  end
end

--- Whether items go in waves from the start on, all that places work on ending together; then the end of each wave,
--- and that the next one has not come, bound the time of an item from both sides.
local function bound_item(self, now, worked, passed)
  local waves, ended, age = worked / self.most, worked - worked_of(self), now - self.first
  local least, most = age / (waves + 1), huge
  if ended > 0 then
    least, most = (age - passed) / waves, age / waves
  end
  if self.wave then
    least, most = max(least, self.item * (1 - self.wave)), min(most, self.item * (1 + self.wave))
  elseif ended < self.most or passed > NARROW * (now - self.ended) then
    return false
  end
  if waves % 1 ~= 0 or self.base ~= 0 or (least - most) * waves > SLACK then
    return false
  end
  most = max(least, most)
  self.item, self.wave, self.rate = (least + most) / 2, (most - least) / (least + most), 2 * self.most / (least + most)
  return true
end

--- Take the rate since the last poll into that of late.
local function weigh(self, now, ended, passed)
  local weight = 1 - math.exp(-passed / max(1, MEMORY * (now - self.first)))
  local latest = ended / passed
  self.rate = self.rate and self.rate + weight * (latest - self.rate) or latest
end

--- Take in what moved since the last poll.
local function measure(self, now, worked, done, running)
  local passed = now - self.at
  if passed <= 0 then
    return
  elseif not bound_item(self, now, worked, passed) then
    self.wave = nil
    weigh(self, now, worked - worked_of(self), passed)
  end
  if done > self.done then
    self.ended = now
  end
  if done + running > self.done + self.running then
    self.moved = now
  end
end

--- Items a second since the beginning, or nil.
---@return number|nil
function Progress:overall_rate()
  local worked = self.done and worked_of(self) - self.base or 0
  return worked > 0 and self.at > self.first and worked / (self.at - self.first) or nil
end

--- The time an item takes, while the places are full. Silence tells nothing of it: else what hangs would seem slow.
local function time_items(self)
  local overall = self:overall_rate()
  self.most = max(self.most or 0, self.running)
  if overall and not self.wave and (self:pending() > 0 and self:idle() == 0 or not self.item) then
    local rate = self.rate or overall
    self.item = min(rate > 0 and self.most / rate or huge, SLOWER * self.most / overall)
  end
end

--- Items that have not started.
function Progress:pending()
  return self.total and max(0, self.total - self.done - self.running)
end

--- Seconds from the start, if it is known, else from the first poll, to the last answer.
---@return number
function Progress:seconds()
  return self.at and self.at - self.first or 0
end

--- Take in an answer.
---@param run table as DescribeMapRun answers
---@param now number monotonic seconds
---@param age? number seconds since the run started, if that is known
function Progress:see(run, now, age)
  self.polls, self.over = self.polls + 1, FINAL[run.Status]
  self.first = self.first or now
  local counts = type(run.ItemCounts) == "table" and run.ItemCounts or {}
  local total = figure(counts.Total)
  if total == 0 then
    self.total, self.done, self.share, self.failed = nil, nil, nil, nil
    self.at = now
    return
  end
  local failed, running = figure(counts.Failed), figure(counts.Running)
  local worked = min(total, figure(counts.Succeed) + failed)
  local done = min(total, worked + figure(counts.Aborted))
  running = min(running, total - done)
  if not self.total or done < self.done or worked < worked_of(self) then
    begin(self, now, worked, age)
  else
    measure(self, now, worked, done, running)
  end
  self.total, self.done, self.share, self.failed = total, done, done / total, failed
  self.aborted = done > worked and done - worked or nil
  self.running, self.at = running, now
  if self.batch ~= 1 and (self.batch == 0 or done + running < total) then -- the last batch may be a smaller one
    local shared = common_divisor(common_divisor(self.batch, done), running)
    self.batch = shared ~= 1 and shared or nil
  end
  local tolerated = tolerance.of(run, total)
  self.tolerated = tolerated > 0 and tolerated or nil
  time_items(self)
end

---- what is foreseen ----

--- The lower and the higher of the two rates, or nil.
local function rates(self)
  local overall = self.done and self:overall_rate()
  if overall then
    local late = self.rate or overall
    return min(late, overall), max(late, overall)
  end
end

--- Seconds by which something should have happened since and has not; 0 or less if nothing is missing.
local function overdue(self, item)
  local busy = self.running / max(1, self.most)
  return max(self.at - self.moved - LONGEST_ITEM * item,
    self.at - self.ended - (LONGEST_GAP + GAP_OF_PLACES * busy) * item)
end

--- The same where items go in waves, each as long as an item takes.
local function foresee_waves(self)
  local whole = self.item * math.ceil(self.total / self.most)
  local doubt = max(self.wave, WAVE_DOUBT * self.most / max(self.most, self.done))
  return max(0, whole * (1 - doubt) - (self.at - self.first)), 2 * doubt * whole
end

--- Seconds from the last poll to the earliest time at which all items are likely done, and by how many it is uncertain.
local function foresee_done(self, low, high)
  if self.wave then
    return foresee_waves(self)
  end
  local batch = self.batch >= 2 and self.batch or 1 -- batches are reckoned with, not their items
  local pending, item = self:pending() / batch, self.item
  low, high = low / batch, high / batch
  local fast = self.most / batch / high -- the time of an item by the higher rate
  local noise = NOISE * sqrt(pending)
  local uncertain = pending / max(low, SLOWEST * high) - pending / high + UNCERTAIN_ITEM * item + noise / high
  if pending > 0 then
    return (pending - noise) / high + SHORTEST_ITEM * fast, uncertain
  end
  local left = (self.total - self.done) / batch
  local drained = DRAIN * (left - 1 - NOISE * sqrt(left)) / high
  return max(self.moved + SHORTEST_ITEM * fast - self.at, drained), uncertain
end

--- The same of the end, which comes sooner if too many items fail.
local function foresee(self, low, high)
  local earliest, uncertain = foresee_done(self, low, high)
  local soonest, doubt = tolerance.foresee(self, high)
  if soonest and soonest < earliest then
    return soonest, min(doubt, earliest + uncertain)
  end
  return earliest, uncertain
end

--- Seconds to the next poll of a run whose counts tell enough, `since` so many seconds.
local function planned(self, low, high, limits, jitter, since)
  local earliest, uncertain = foresee(self, low, high)
  local factor = sqrt(limits.stretch or 1)
  local density = DENSITY * sqrt(max(0, uncertain)) * factor
  local patience = max(PATIENCE, factor) * sqrt(max(0, overdue(self, self.item)))
  local delay = max(APPROACH * (earliest - since), density * jitter, patience * jitter)
  return min(delay, max(limits.min_delay, TRUST * self:seconds()))
end

--- Seconds from this poll to the next. A missed poll takes away nothing of what is known: the plan goes on, its
--- intervals doubled by each miss up to those of a wait that knows nothing.
---@param misses integer failed polls since the last answer
---@param limits { min_delay: number, max_delay: number, stretch?: number } stretch: as RateLimiter:limits (1)
---@param random number from [0, 1)
---@param since? number seconds from the last answer to this poll, if that was missed (0)
---@return number
function Progress:next_poll(misses, limits, random, since)
  local jitter = 1 - JITTER + 2 * JITTER * random
  local low, high = rates(self)
  local blind = BLIND * sqrt((self:seconds() + 1) * (limits.stretch or 1)) * jitter
  local delay = low and planned(self, low, high, limits, jitter, since or 0) or blind
  if misses > 0 then
    delay = max(delay, min(delay * 2 ^ min(misses, MOST_DOUBLINGS), blind))
  end
  return max(limits.min_delay, min(limits.max_delay, delay))
end

--- Seconds from the last poll to the end, as a range; nil while that would be a guess.
---@return number|nil earliest
---@return number|nil latest
function Progress:estimate()
  local low, high = rates(self)
  if not low or self.over or low < high / 4 or worked_of(self) - self.base < HONEST or overdue(self, self.item) > 0 then
    return nil
  end
  local earliest, pending = foresee_done(self, low, high), self:pending()
  local latest = LATER * (pending + 2 * sqrt(pending)) / low + LONGEST_ITEM * self.item - (self.at - self.moved)
  earliest = max(0, SOONER * min(earliest, tolerance.foresee(self, high, UNSEEN) or earliest))
  return earliest, max(earliest, latest)
end

--- Seconds for which nothing has moved although something should have; nil while all is well.
---@return number|nil
function Progress:stalled()
  local low = rates(self)
  local idle = self:idle()
  if low and idle > 0 and not self.over and self.done < self.total and overdue(self, self.item) > 0 then
    return idle
  end
end

--- Seconds for which no item started or ended, by the last poll; nil while the counts say nothing.
---@return number|nil
function Progress:idle()
  return self.total and self.at - max(self.moved, self.ended)
end

--- Items that may still fail by the tighter limit, and the seconds until they have at this rate; nil where unknown or
--- where the end comes first.
---@return integer|nil left
---@return number|nil breaks_in
function Progress:tolerance()
  local left = self.total and self.tolerated - self.failed
  local low, high = rates(self)
  if not left or self.over then
    return left
  elseif left < 0 then
    return left, 0
  elseif low then
    local fatal, share = tolerance.threat(self)
    return left, fatal and fatal / (share * max(self.rate or low, SLOWEST * high))
  end
  return left
end

--- Whether more items have failed than may, whatever the limits mean together.
---@param run table the answer that was taken in last
---@return boolean
function Progress:is_broken(run)
  return self.total ~= nil and self.failed > select(2, tolerance.of(run, self.total))
end

---@class fnf.Report
---@field polls integer
---@field seconds number from the start, if it is known, else from the first poll, to the last
---@field total? integer
---@field done? integer
---@field share? number of the items that are done, 0 to 1
---@field failed? integer
---@field failed_share? number of those that are done
---@field rate? number items a second of late
---@field overall_rate? number items a second since the beginning
---@field earliest? number seconds to the end at least; nil until it can be said
---@field latest? number seconds to the end at most
---@field stalled? number seconds for which nothing has moved although something should have
---@field tolerance_left? integer items that may still fail
---@field breaks_in? number seconds until those have failed at this rate; nil if the end comes first

--- All that is known, as plain values in a new table.
---@return fnf.Report
function Progress:report()
  local earliest, latest = self:estimate()
  local left, breaks_in = self:tolerance()
  return {
    polls = self.polls, seconds = self:seconds(), total = self.total, done = self.done, share = self.share,
    failed = self.failed, failed_share = self.done and self.done > 0 and self.failed / self.done or nil,
    rate = self.rate, overall_rate = self:overall_rate(),
    earliest = earliest, latest = latest, stalled = self:stalled(),
    tolerance_left = left, breaks_in = breaks_in,
  }
end

return progress
