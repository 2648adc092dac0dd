--- What a wait would come to that knows the law of its items, and how old each of those is that run: by dynamic
--- programming, for any worth of a second of lag in polls.
-- SPDX-License-Identifier: MIT
--
-- While items are pending the end cannot come, and the start of the last one is foreseen by their number; then the
-- chance that all that run have ended by a time is the product of theirs, and the best times of the polls to come, if
-- these saw nothing but that the end has not come yet, follow backwards from the last. Each poll plans anew.

local unpack = table.unpack or unpack -- luacheck: ignore 113 143
local heap = require "fnf.wait.heap"

local frontier = {}

frontier.worths = { 0.01, 0.1, 1, 10, 100 } -- polls that a second of lag is worth, along the line

local GRID = 40 -- times that a poll may follow at
local SHORTEST = 0.05 -- seconds to the first of them
local CERTAIN = 1e-3 -- chance that is left beyond the last
local SLACK = 1 -- deviations before the likely start of the last item
local WAY = 0.8 -- of that is slept through
local HALVINGS = 20

--- Ages of what runs, and how many items are pending.
local function state(run, time)
  local ages, pending = {}, 0
  for item, started in ipairs(run.items_started) do
    if started > time then
      pending = pending + 1
    elseif run.items_ended[item] > time then
      ages[#ages + 1] = (time - started) / run.mean
    end
  end
  return ages, pending
end

--- The chance that all have ended so many seconds from now.
local function chance(run, ages, left, seconds)
  local all = 1
  for i, age in ipairs(ages) do
    if left[i] > 0 then
      all = all * (1 - run.shape.law.survival(age + seconds / run.mean) / left[i])
    end
  end
  return all
end

--- Times and chances of a grid that grows geometrically.
local function grid_of(run, ages)
  local left, last = {}, SHORTEST
  for i, age in ipairs(ages) do
    left[i] = run.shape.law.survival(age)
  end
  while chance(run, ages, left, last) < 1 - CERTAIN and last < 1e6 do
    last = last * 1.6
  end
  local times, chances = {}, {}
  for i = 1, GRID do
    times[i] = SHORTEST * (last / SHORTEST) ^ ((i - 1) / (GRID - 1))
    chances[i] = i == GRID and 1 or chance(run, ages, left, times[i])
  end
  times[0], chances[0] = 0, 0
  return times, chances
end

--- Seconds to the best next poll, where a second of lag is worth so many polls.
local function best(run, ages, worth)
  if run.shape.law.spread == 0 then
    return math.max(SHORTEST / 50, (1 - math.min(unpack(ages))) * run.mean)
  end
  local times, chances = grid_of(run, ages)
  local cost, next_one = { [GRID] = 0 }, {}
  for i = GRID - 1, 0, -1 do
    local lag, least = 0, math.huge
    for k = i + 1, GRID do
      -- What ends between two times of the grid does so in their middle.
      local ended = chances[k] - chances[i]
      lag = lag + (times[k] - times[k - 1]) * ((chances[k - 1] - chances[i]) + (chances[k] - chances[k - 1]) / 2)
      local remains = 1 - chances[i]
      local total = remains <= 0 and 0 or 1 + (worth * lag + (remains - ended) * cost[k]) / remains
      if total < least then
        least, next_one[i] = total, k
      end
    end
    cost[i] = least
  end
  return times[next_one[0]]
end

--- Mean times that an item of this age still takes, in the middle.
local function residual(law, age)
  local low, high, half = 0, 1, law.survival(age) / 2
  while law.survival(age + high) > half and high < 1e6 do
    high = high * 2
  end
  for _ = 1, HALVINGS do
    local middle = (low + high) / 2
    if law.survival(age + middle) > half then
      low = middle
    else
      high = middle
    end
  end
  return high
end

--- Seconds until the last pending item starts, if all takes as long as it does in the middle or the mean.
local function last_start(run, ages, pending)
  local free, time = heap.new(), 0
  for place = 1, math.max(run.places, #ages) do
    free:put(ages[place] and residual(run.shape.law, ages[place]) or 0, place)
  end
  for _ = 1, pending do
    local place
    place, time = free:take()
    free:put(time + 1, place)
  end
  return time * run.mean
end

--- Seconds to sleep while items are pending.
local function approach(run, ages, pending)
  local start, spread = last_start(run, ages, pending), run.shape.law.spread
  if spread == 0 then
    return start
  end
  local turn = run.mean / run.places
  start = WAY * math.min(start, pending * turn) - SLACK * spread * math.sqrt(pending) * turn
  return math.max(start, 0.3 * turn, SHORTEST)
end

--- Polls and seconds of a wait.
---@param run waiting.Queue
---@param worth number polls that a second of lag is worth
---@return integer polls
---@return number seconds
function frontier.wait(run, worth)
  local polls, seconds = 1, 0
  while seconds < run.duration do
    local ages, pending = state(run, seconds + run.joined)
    local delay
    if pending > 0 then
      delay = approach(run, ages, pending)
    else
      delay = best(run, ages, worth)
    end
    seconds, polls = seconds + delay, polls + 1
  end
  return polls, seconds
end

--- Polls and lag of the best waits, in the mean over runs, from the cheapest to the soonest.
---@param drawn waiting.Queue[]
---@return { polls: number, lag: number }[]
function frontier.line(drawn)
  local points = {}
  for i, worth in ipairs(frontier.worths) do
    local point = { polls = 0, lag = 0 }
    for _, run in ipairs(drawn) do
      local polls, seconds = frontier.wait(run, worth)
      point.polls = point.polls + polls / #drawn
      point.lag = point.lag + (seconds - run.duration) / #drawn
    end
    points[i] = point
  end
  return points
end

--- The lag on such a line at so many polls; that of its ends beyond them.
---@param points { polls: number, lag: number }[]
---@param polls number
---@return number
function frontier.lag_at(points, polls)
  local before = points[1]
  for _, point in ipairs(points) do
    if point.polls >= polls then
      local share = point.polls > before.polls
        and math.log(polls / before.polls) / math.log(point.polls / before.polls) or 0
      return before.lag * (point.lag / before.lag) ^ math.max(0, share)
    end
    before = point
  end
  return before.lag
end

return frontier
