--- One wait at a time: polls spent and lag after the end, of fixed and exponential intervals and of ours.
-- SPDX-License-Identifier: MIT

local clock = require "waiting.clock"
local errors = require "fnf.errors"
local runs = require "waiting.runs"
local group = require "fnf.wait.group"

local alone = {}

local NAMES = { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
local ROW = { action = "DescribeMapRun", parameters = { FlowName = {}, ExecutionName = {} },
  quota = { rate = 2, burst = 10 }, final = { Succeeded = true, Failed = true, Aborted = true } }

--- Polls and time of a strategy that does not care what it sees.
local function blind(interval)
  return function(run)
    local polls, seconds = 1, 0
    while seconds < run.duration do
      seconds = seconds + interval(polls)
      polls = polls + 1
    end
    return polls, seconds
  end
end

--- DescribeExecution of an execution that ends so many seconds after its run.
local function hold(run, later, platform, seconds, cancel)
  local ending = run.duration + later
  local left = math.min(seconds, ending - platform.now())
  if left > 0 and not platform.sleep(left, cancel) then
    return nil, errors.cancelled()
  end
  return { Status = platform.now() >= ending and "Succeeded" or "Running" }
end

--- The library's own wait, on a clock that only sleep moves. What is between it and the service is left out. `later`
--- is how many seconds after its run an execution ends that may be polled, too.
---@param last_step? boolean the wait is told that nothing follows the run
---@return integer polls
---@return number seconds
---@return integer held polls of the execution
function alone.ours(run, seed, later, last_step)
  local platform, held = clock.new(seed), 0
  local client = { tell = function() end, rate_limiter = function() end, settings = {} }
  function client.choose_platform()
    return platform
  end
  function client.time()
    return platform.time()
  end
  function client.perform(_, row, params, options)
    if row.action == "DescribeMapRun" then
      return run:describe(platform.now())
    end
    held = held + 1
    return hold(run, later, platform, params.WaitTimeSeconds, options.cancel)
  end
  local polls = 0
  assert(group.one(client, ROW, NAMES, { last_step = last_step, others = later ~= nil, on_progress = function()
    polls = polls + 1
  end }))
  return polls, platform.now(), held
end

--- The same beside an execution that ends so many seconds after its run.
local function watching(later, last_step)
  return function(run, seed)
    return alone.ours(run, seed, later, last_step)
  end
end

alone.strategies = {
  { name = "fixed 5 s", wait = blind(function() return 5 end) },
  { name = "fixed 30 s", wait = blind(function() return 30 end) },
  { name = "exponential 1 to 60 s", wait = blind(function(polls) return math.min(60, 2 ^ (polls - 1)) end) },
  { name = "fnf, polls alone", wait = function(run, seed) return alone.ours(run, seed) end },
}

-- An execution takes a moment to end after its last step; of one that goes on the end says nothing.
alone.watching = {
  alone.strategies[4],
  { name = "fnf", wait = watching(0.5) },
  { name = "the same, goes on", wait = watching(3600) },
  { name = "fnf, `last_step`", wait = watching(0.5, true) },
  { name = "the same, wrongly", wait = watching(3600, true) },
}

--- What the waiters of a well-known SDK do: from 2 to 120 s, doubled each time, a random share of it.
local function like_sdk(run, seed)
  local random = runs.random(seed)
  return blind(function(polls)
    return 2 + random() * (math.min(120, 2 ^ polls) - 2)
  end)(run)
end

--- What one writes in twenty lines: half of the time that the rest takes at the rate so far, from 1 to 30 s.
local function twenty_lines(run)
  local polls, seconds = 1, 0
  while seconds < run.duration do
    local counts = run:describe(seconds).ItemCounts
    local done = counts and counts.Succeed + counts.Failed or 0
    local delay = done > 0 and (counts.Total - done) / (done / seconds) / 2 or seconds / 4
    seconds, polls = seconds + math.max(1, math.min(30, delay)), polls + 1
  end
  return polls, seconds
end

--- What others may do, and ours: polls alone, and beside an execution that ends half a second after its run.
alone.references = {
  alone.strategies[1],
  alone.strategies[3],
  { name = "SDK's waiter", wait = like_sdk },
  { name = "twenty lines", wait = twenty_lines },
  alone.strategies[4],
  alone.watching[2],
}

local function summary(name, polls, held, lags, shares)
  table.sort(lags)
  table.sort(shares)
  local count, lag, share = #lags, 0, 0
  for i = 1, count do
    lag, share = lag + lags[i], share + shares[i]
  end
  local late = math.ceil(0.95 * count)
  return { strategy = name, polls = polls / count, held = held / count, lag = lag / count, lag_p95 = lags[late],
    share = share / count, share_p95 = shares[late] }
end

--- Strategies on `count` runs of a shape.
---@param shape any of those that `draw` knows
---@param count integer
---@param seed integer
---@param strategies? table[] those of the first table unless given
---@param draw? fun(shape: any, seed: integer): table one of the stretched runs unless given
---@return table[] one row a strategy
function alone.measure(shape, count, seed, strategies, draw)
  local drawn, rows = {}, {}
  for i = 1, count do
    drawn[i] = (draw or runs.new)(shape, seed + i)
  end
  for _, strategy in ipairs(strategies or alone.strategies) do
    local polls, held, lags, shares = 0, 0, {}, {}
    for i, run in ipairs(drawn) do
      local spent, seconds, holds = strategy.wait(run, seed + i)
      polls, held = polls + spent, held + (holds or 0)
      lags[i], shares[i] = seconds - run.duration, (seconds - run.duration) / run.duration
    end
    rows[#rows + 1] = summary(strategy.name, polls, held, lags, shares)
  end
  return rows
end

return alone
