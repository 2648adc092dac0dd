--- The simulation's results as Markdown, row by row as they come.
-- SPDX-License-Identifier: MIT

local alone = require "waiting.alone"
local crowd = require "waiting.crowd"
local runs = require "waiting.runs"

local tables = {}

local ALONE = { "| progress | strategy | polls | lag, mean | lag, 95 % | lag of the duration, mean | 95 % |",
  "| --- | --- | ---: | ---: | ---: | ---: | ---: |" }
local WATCHING = { "| progress | strategy | polls | at its execution | lag, mean | lag, 95 % |",
  "| --- | --- | ---: | ---: | ---: | ---: |" }
local CROWD = { "| runs | start | strategy | polls a run | others asked | told after, mean | lag, mean | lag, 95 % |",
  "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |" }

--- One strategy on the runs of one shape.
function tables.alone_row(shape, row)
  return ("| %s | %s | %.1f | %.2f s | %.2f s | %.1f %% | %.1f %% |"):format(shape, row.strategy, row.polls, row.lag,
    row.lag_p95, 100 * row.share, 100 * row.share_p95)
end

--- The same where the execution is polled, too.
function tables.watching_row(shape, row)
  return ("| %s | %s | %.1f | %.1f | %.2f s | %.2f s |"):format(shape, row.strategy, row.polls, row.held, row.lag,
    row.lag_p95)
end

--- One strategy on crowds of one size.
function tables.crowd_row(count, start, row)
  return ("| %d | %s | %s | %.1f | %.1f | %.1f s | %.1f s | %.1f s |"):format(count, start, row.strategy, row.polls,
    row.asked, row.told, row.lag, row.lag_p95)
end

--- Lines of the first table: all strategies on `count` runs of every shape.
---@param count integer
---@param seed integer
---@return fun(): string|nil
function tables.alone(count, seed)
  return coroutine.wrap(function()
    coroutine.yield(ALONE[1])
    coroutine.yield(ALONE[2])
    for _, shape in ipairs(runs.shapes) do
      for _, row in ipairs(alone.measure(shape, count, seed)) do
        coroutine.yield(tables.alone_row(shape, row))
      end
    end
  end)
end

--- Lines of the second: what it saves to know that a run is the last step of its execution.
---@param count integer
---@param seed integer
---@return fun(): string|nil
function tables.watching(count, seed)
  return coroutine.wrap(function()
    coroutine.yield(WATCHING[1])
    coroutine.yield(WATCHING[2])
    for _, shape in ipairs(runs.shapes) do
      for _, row in ipairs(alone.measure(shape, count, seed, alone.watching)) do
        coroutine.yield(tables.watching_row(shape, row))
      end
    end
  end)
end

--- Lines of the third: crowds under the quota, each kind `count` times.
---@param count integer
---@param seed integer
---@return fun(): string|nil
function tables.crowds(count, seed)
  return coroutine.wrap(function()
    coroutine.yield(CROWD[1])
    coroutine.yield(CROWD[2])
    for _, size in ipairs { 100, 1000 } do
      for _, start in ipairs { "under way", "begun" } do
        for _, row in ipairs(crowd.measure(size, start, count, seed)) do
          coroutine.yield(tables.crowd_row(size, start, row))
        end
      end
    end
  end)
end

return tables
