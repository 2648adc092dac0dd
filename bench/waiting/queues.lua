--- MapRuns as queues in their own time: items with a service time each, on so many places, and what disturbs them.
-- SPDX-License-Identifier: MIT
--
-- Unlike the runs of waiting.runs nothing is stretched: how long a run takes follows from its items. Each shape is one
-- law and one disturbance.

local clock = require "waiting.clock"
local heap = require "fnf.wait.heap"
local laws = require "waiting.laws"
local runs = require "waiting.runs"

local queues = {}

local SHORTEST, LONGEST = 10, 7200 -- seconds that a run is to take, about; log-uniform
local FEWEST, MOST, PLACES = 20, 3000, 100 -- items, and at once at most; log-uniform
local COLD = 5 -- mean times that the first item of a place takes longer
local RAMP = 0.3 -- of the time until all places are there
local GROWING = 0.5 -- of the time until all items are known
local BATCH = { 2, 50 } -- items, log-uniform

local function log_uniform(random, least, most)
  return least * (most / least) ^ random()
end

--- All shapes, in the order of the table. `law` of the items; and what is not as usual.
queues.shapes = {
  { name = "equal", law = laws.equal },
  { name = "log-normal 0.3", law = laws.narrow },
  { name = "log-normal 1", law = laws.wide },
  { name = "log-normal 2", law = laws.widest },
  { name = "Pareto 1.5", law = laws.pareto },
  { name = "bimodal", law = laws.bimodal },
  { name = "rare long", law = laws.rare },
  { name = "in batches", law = laws.narrow, batches = true },
  { name = "ramp-up", law = laws.narrow, ramp = true },
  { name = "cold start", law = laws.narrow, cold = true },
  { name = "retried", law = laws.retried(runs.random(1)) },
  { name = "counts every 5 s", law = laws.narrow, every = 5 },
  { name = "counts every 10 s", law = laws.narrow, every = 10 },
  { name = "counts 10 s behind", law = laws.narrow, behind = 10 },
  { name = "Total grows", law = laws.narrow, grows = true },
  { name = "updated in the middle", law = laws.narrow, updated = true },
  { name = "joined late", law = laws.narrow, joined = true },
  { name = "stopped by hand", law = laws.narrow, stopped = true },
  { name = "hung, then stopped", law = laws.narrow, stopped = true, hangs = true },
}

---- items on places ----

--- When places become free first, and the time from which there are fewer, with how many.
local function open_places(random, drawn)
  local shape, free, places = drawn.shape, heap.new(), drawn.places
  for place = 1, places do
    free:put(shape.ramp and drawn.expected * RAMP * (place - 1) / places or 0, place)
  end
  if not shape.updated then
    return free
  elseif random() < 0.5 then
    for place = 1, places do
      free:put(drawn.expected / 2, places + place)
    end
    return free
  end
  return free, drawn.expected / 2, math.max(1, math.floor(places / 2))
end

--- Starts and ends of all items, each by its place in the order.
local function work_off(random, drawn)
  local shape, starts, ends, seen = drawn.shape, {}, {}, {}
  local free, fewer_from, fewer = open_places(random, drawn)
  local open = free.size
  for item = 1, drawn.items do
    local place, time = free:take()
    while fewer_from and time > fewer_from and open > fewer do
      open = open - 1
      place, time = free:take()
    end
    local arrives = shape.grows and drawn.expected * GROWING * item / drawn.items or 0
    starts[item] = math.max(time, arrives)
    local length = shape.law.draw(random) + (shape.cold and not seen[place] and COLD or 0)
    seen[place] = true
    ends[item] = starts[item] + length * drawn.mean
    free:put(ends[item], place)
  end
  return starts, ends
end

---- what a poll sees ----

---@class waiting.Queue
---@field shape table
---@field duration number seconds until the end, from when the wait begins
---@field joined number seconds it had run by then
---@field starts number[] sorted
---@field ends number[] sorted
---@field items_started number[] and
---@field items_ended number[] the same, item by item
---@field places integer
---@field mean number seconds an item takes
local Queue = {}
Queue.__index = Queue

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

--- The time whose counts are shown.
local function shown_at(self, time)
  local shape = self.shape
  time = shape.every and math.floor(time / shape.every) * shape.every or time
  time = math.max(0, time - (shape.behind or 0))
  return shape.hangs and math.min(time, self.hangs_at) or time
end

--- What DescribeMapRun answers so many seconds after the wait began.
---@param seconds number
---@return table
function Queue:describe(seconds)
  local time, batch, total = seconds + self.joined, self.batch, #self.ends
  local at = shown_at(self, time)
  local over = seconds >= self.duration
  if self.shape.grows then
    total = math.min(total, 1 + math.floor(total * at / (self.expected * GROWING)))
  end
  local started, done = until_time(self.starts, at), until_time(self.ends, at)
  if over and not self.shape.stopped then
    started, done = total, total
  end
  return { Status = over and (self.shape.stopped and "Aborted" or "Succeeded") or "Running", StartedTime = self.started,
    ItemCounts = { Total = batch * total, Succeed = batch * done, Running = over and 0 or batch * (started - done),
      Pending = over and 0 or batch * (total - started), Aborted = over and batch * (total - done) or 0, Failed = 0 } }
end

local function sorted(times)
  local copy = {}
  for i, time in ipairs(times) do
    copy[i] = time
  end
  table.sort(copy)
  return copy
end

--- A run of that shape.
---@param shape table one of `queues.shapes`
---@param seed integer
---@return waiting.Queue
function queues.new(shape, seed)
  local random = runs.random(seed)
  local self = setmetatable({ shape = shape, joined = 0 }, Queue)
  self.expected = log_uniform(random, SHORTEST, LONGEST)
  self.batch = shape.batches and math.floor(log_uniform(random, BATCH[1], BATCH[2])) or 1
  self.items = math.floor(log_uniform(random, FEWEST, MOST) / (shape.batches and 5 or 1)) + 1
  self.places = math.floor(log_uniform(random, 1, math.max(1, math.min(PLACES, self.items / 2))))
  self.mean = self.expected * self.places / self.items
  self.items_started, self.items_ended = work_off(random, self)
  self.starts, self.ends = sorted(self.items_started), sorted(self.items_ended)
  self.duration = self.ends[#self.ends]
  if shape.hangs then
    self.hangs_at = self.duration * (0.1 + 0.8 * random())
    self.duration = self.hangs_at + self.duration * (0.2 + 0.8 * random())
  elseif shape.stopped then
    self.duration = self.duration * (0.1 + 0.8 * random())
  elseif shape.joined then
    self.joined = self.duration * (0.1 + 0.8 * random())
    self.duration = self.duration - self.joined
  end
  self.started = clock.rfc3339(-self.joined)
  return self
end

return queues
