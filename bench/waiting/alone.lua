--- One wait at a time: looks spent and lag after the end, of fixed and exponential intervals and of ours.
-- SPDX-License-Identifier: MIT

local clock = require "waiting.clock"
local runs = require "waiting.runs"
local waiter = require "fnf.waiter"

local alone = {}

local ROW = { action = "DescribeMapRun", parameters = {}, quota = { rate = 2, burst = 10 },
  final = { Succeeded = true, Failed = true, Aborted = true } }

--- Looks and time of a strategy that does not care what it sees.
local function blind(interval)
  return function(run)
    local looks, seconds = 1, 0
    while seconds < run.duration do
      seconds = seconds + interval(looks)
      looks = looks + 1
    end
    return looks, seconds
  end
end

--- The library's own wait, on a clock that only sleep moves. What is between it and the service is left out.
local function ours(run, seed)
  local platform = clock.new(seed)
  local client = { tell = function() end, pace = function() end }
  function client.platform()
    return platform
  end
  function client.perform()
    return run:describe(platform.now())
  end
  local looks = 0
  assert(waiter.wait(client, ROW, {}, { on_progress = function()
    looks = looks + 1
  end }))
  return looks, platform.now()
end

alone.strategies = {
  { name = "fixed 5 s", wait = blind(function() return 5 end) },
  { name = "fixed 30 s", wait = blind(function() return 30 end) },
  { name = "exponential 1 to 60 s", wait = blind(function(looks) return math.min(60, 2 ^ (looks - 1)) end) },
  { name = "fnf", wait = ours },
}

local function summary(name, looks, lags, shares)
  table.sort(lags)
  table.sort(shares)
  local count, lag, share = #lags, 0, 0
  for i = 1, count do
    lag, share = lag + lags[i], share + shares[i]
  end
  local late = math.ceil(0.95 * count)
  return { strategy = name, looks = looks / count, lag = lag / count, lag_p95 = lags[late], share = share / count,
    share_p95 = shares[late] }
end

--- All strategies on `count` runs of a shape.
---@param shape string
---@param count integer
---@param seed integer
---@return table[] one row a strategy
function alone.measure(shape, count, seed)
  local drawn, rows = {}, {}
  for i = 1, count do
    drawn[i] = runs.new(shape, seed + i)
  end
  for _, strategy in ipairs(alone.strategies) do
    local looks, lags, shares = 0, {}, {}
    for i, run in ipairs(drawn) do
      local spent, seconds = strategy.wait(run, seed + i)
      looks = looks + spent
      lags[i], shares[i] = seconds - run.duration, (seconds - run.duration) / run.duration
    end
    rows[#rows + 1] = summary(strategy.name, looks, lags, shares)
  end
  return rows
end

return alone
