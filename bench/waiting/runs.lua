--- MapRuns to practise waiting on: each is drawn from a seed, and shows nothing but its counts at a time.
-- SPDX-License-Identifier: MIT
--
-- A run is a queue: its items start in order on `concurrency` places and take times drawn at random, so the counts are
-- as rough as those of a real one. The whole is then stretched to the run's duration, which nobody but the bench knows.

local runs = {}

runs.SHORTEST, runs.LONGEST = 3, 7200 -- seconds; durations are log-uniform between
local FEWEST, MOST = 100, 10000 -- items, log-uniform; the most is the service's default limit (API.md section 6)
local PLACES = 100 -- items at once at most, by the same source
local SPREAD = 0.5 -- sigma of the log-normal time of an item
local FAILED = 0.03 -- share of the items, except where too many fail
local BATCH = { 2, 50 } -- items of a batch, log-uniform
local BREAKING = { 0.01, 0.1 } -- the same there: at least, and more

--- Random numbers from [0, 1), the same in every Lua (Park and Miller's generator).
---@param seed integer
---@return fun(): number
function runs.random(seed)
  local state = seed % 2147483646 + 1
  for _ = 1, 8 do
    state = state * 16807 % 2147483647
  end
  return function()
    state = state * 16807 % 2147483647
    return (state - 1) / 2147483646
  end
end

local function log_uniform(random, least, most)
  return least * (most / least) ^ random()
end

--- By the sum of six: pairs of this generator's numbers depend on each other too much for a transform of two.
local function normal(random)
  return (random() + random() + random() + random() + random() + random() - 3) * math.sqrt(2)
end

---- how long an item takes, by its place in the order (0 to 1) ----

local WEIGHT = {
  slowing = function(place) return 1 + 3 * place end,
  accelerating = function(place) return 4 - 3 * place end,
}

--- Starts and ends of all items on `places` places, each free place taking the next item.
local function work_off(random, items, places, weight)
  local starts, ends, free = {}, {}, {}
  for place = 1, places do
    free[place] = 0
  end
  for item = 1, items do
    local soonest = 1
    for place = 2, places do
      if free[place] < free[soonest] then
        soonest = place
      end
    end
    local length = math.exp(SPREAD * normal(random)) * (weight and weight(item / items) or 1)
    starts[item] = free[soonest]
    ends[item] = free[soonest] + length
    free[soonest] = ends[item]
  end
  return starts, ends
end

--- The last few items take long: the rest is done at some half to nine tenths of the time.
local function straggle(random, starts, ends, finish)
  local late = math.max(1, math.floor(#ends * 0.005))
  local whole = finish / (0.5 + 0.4 * random())
  for item = #ends - late + 1, #ends do
    ends[item] = math.max(ends[item], finish + (whole - finish) * random())
  end
  ends[#ends] = whole
  return starts, ends
end

--- Nothing moves for a fifth to three fifths of the time, from some moment on.
local function stall(random, starts, ends, finish)
  local from = finish * (0.1 + 0.8 * random())
  local share = 0.2 + 0.4 * random()
  local pause = finish * share / (1 - share)
  for item = 1, #ends do
    starts[item] = starts[item] > from and starts[item] + pause or starts[item]
    ends[item] = ends[item] > from and ends[item] + pause or ends[item]
  end
  return starts, ends
end

local CHANGE = { straggling = straggle, stalling = stall }

--- Times at which items fail, drawn at random, and how many are tolerated: one more ends the run at a tenth to nine
--- tenths of them.
local function fail(random, ends)
  local share, fails = BREAKING[1] + BREAKING[2] * random(), {}
  for item = 1, #ends do
    if random() < share or item > #ends - 2 and #fails < 2 then
      fails[#fails + 1] = ends[item]
    end
  end
  return fails, math.floor(#fails * (0.1 + 0.8 * random()))
end

--- All shapes, in the order of the tables.
runs.shapes = { "linear", "slowing", "accelerating", "failing", "straggling", "stalling", "count-less", "batched" }

local Run = {}
Run.__index = Run

--- How many of sorted `times` are not after `time`.
local function until_time(times, time)
  local low, high = 0, #times
  while low < high do
    local middle = math.floor((low + high + 1) / 2)
    if times[middle] <= time then
      low = middle
    else
      high = middle - 1
    end
  end
  return low
end

--- What DescribeMapRun answers so many seconds after the start.
---@param seconds number
---@return table
function Run:describe(seconds)
  local started, done = until_time(self.starts, seconds), until_time(self.ends, seconds)
  local answer = { Status = seconds < self.duration and "Running" or self.fails and "Failed" or "Succeeded",
    ToleratedFailedCount = self.tolerated }
  if self.shape ~= "count-less" then
    local total = #self.ends
    local failed = self.fails and until_time(self.fails, seconds) or math.floor(done * FAILED)
    local batch = self.batch -- whose items start and end together; the last one is smaller
    local missing = started == total and done < total and self.missing or 0
    answer.ItemCounts = { Total = batch * total - self.missing,
      Pending = math.max(0, batch * (total - started) - self.missing), Running = batch * (started - done) - missing,
      Succeed = batch * (done - failed) - (done == total and self.missing or 0), Failed = batch * failed, Aborted = 0 }
  end
  return answer
end

local function latest(times)
  local found = 0
  for _, time in ipairs(times) do
    found = math.max(found, time)
  end
  return found
end

local function stretch(times, factor)
  for i, time in ipairs(times) do
    times[i] = time * factor
  end
end

--- A run of that shape.
---@param shape string one of `runs.shapes`
---@param seed integer
function runs.new(shape, seed)
  local random = runs.random(seed)
  local duration = log_uniform(random, runs.SHORTEST, runs.LONGEST)
  local items = math.floor(log_uniform(random, FEWEST, MOST) / (shape == "batched" and 10 or 1))
  local places = math.floor(log_uniform(random, 1, math.max(1, math.min(PLACES, items / 10))))
  local starts, ends = work_off(random, items, places, WEIGHT[shape])
  if CHANGE[shape] then
    starts, ends = CHANGE[shape](random, starts, ends, latest(ends))
  end
  table.sort(starts)
  table.sort(ends)
  local fails, tolerated
  if shape == "failing" then
    fails, tolerated = fail(random, ends)
  end
  local batch = shape == "batched" and math.floor(log_uniform(random, BATCH[1], BATCH[2])) or 1
  local missing = batch > 1 and math.floor(batch * random()) or 0
  local factor = duration / (fails and fails[tolerated + 1] or ends[#ends])
  for _, times in ipairs { starts, ends, fails } do
    stretch(times, factor)
  end
  return setmetatable({ shape = shape, duration = duration, starts = starts, ends = ends, fails = fails,
    tolerated = tolerated, batch = batch, missing = missing }, Run)
end

return runs
