--- The simulation's results as Markdown, row by row as they come.
-- SPDX-License-Identifier: MIT

local alone = require "waiting.alone"
local crowd = require "waiting.crowd"
local frontier = require "waiting.frontier"
local queues = require "waiting.queues"
local runs = require "waiting.runs"

local tables = {}

local ALONE = { "| progress | strategy | polls | lag, mean | lag, 95 % | lag of the duration, mean | 95 % |",
  "| --- | --- | ---: | ---: | ---: | ---: | ---: |" }
local WATCHING = { "| progress | strategy | polls | at its execution | lag, mean | lag, 95 % |",
  "| --- | --- | ---: | ---: | ---: | ---: |" }
local CROWD = { "| runs | start | strategy | polls a run | others asked | told after, mean | lag, mean | lag, 95 % |",
  "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |" }

local MOST_OF_FRONTIER = 200 -- runs that the frontier is drawn from: it takes long

--- What all strategies come to on queues of a shape: polls and mean lag by name, and the frontier's line where the
--- law is all there is to know.
---@return table<string, { polls: number, lag: number }>
function tables.measure_queue(shape, count, seed)
  local found, drawn = {}, {}
  for _, row in ipairs(alone.measure(shape, count, seed, alone.references, queues.new)) do
    found[row.strategy] = row
  end
  if not (shape.stopped or shape.updated) then
    for i = 1, math.min(count, MOST_OF_FRONTIER) do
      drawn[i] = queues.new(shape, seed + i)
    end
    found.line = frontier.line(drawn)
  end
  return found
end

--- All strategies on the queues of one shape.
function tables.queue_row(shape, found)
  local cells = { shape.name }
  for _, strategy in ipairs(alone.references) do
    local row = found[strategy.name]
    cells[#cells + 1] = ("%.1f / %.2f s"):format(row.polls, row.lag)
  end
  local polls = found["fnf, polls alone"].polls
  cells[#cells + 1] = found.line and ("%.2f s"):format(frontier.lag_at(found.line, polls)) or "-"
  return "| " .. table.concat(cells, " | ") .. " |"
end

--- Lines of the table of queues: `count` runs of every shape.
---@param count integer
---@param seed integer
---@param keep? fun(shape: table, found: table) called with each row's figures
---@return fun(): string|nil
function tables.queues(count, seed, keep)
  return coroutine.wrap(function()
    local names = { "queue" }
    for _, strategy in ipairs(alone.references) do
      names[#names + 1] = strategy.name
    end
    names[#names + 1] = "frontier there"
    coroutine.yield("| " .. table.concat(names, " | ") .. " |")
    coroutine.yield("| --- |" .. (" ---: |"):rep(#names - 1))
    for _, shape in ipairs(queues.shapes) do
      local found = tables.measure_queue(shape, count, seed)
      if keep then
        keep(shape, found)
      end
      coroutine.yield(tables.queue_row(shape, found))
    end
  end)
end

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
