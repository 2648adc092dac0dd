--- The simulated waits of bench/waiting, shortened, against their aims; and the page that shows them in full.
-- SPDX-License-Identifier: MIT

package.path = "./bench/?.lua;" .. package.path

local alone = require "waiting.alone"
local crowd = require "waiting.crowd"
local frontier = require "waiting.frontier"
local progress = require "fnf.wait.progress"
local queues = require "waiting.queues"
local runs = require "waiting.runs"

local RUNS, SEED = 300, 1000

local function by_name(rows)
  local found = {}
  for _, row in ipairs(rows) do
    found[row.strategy] = row
  end
  return found
end

--- Those of these names.
local function pick(strategies, ...)
  local found = {}
  for _, name in ipairs { ... } do
    for _, strategy in ipairs(strategies) do
      found[#found + 1] = strategy.name == name and strategy or nil
    end
  end
  assert(#found == select("#", ...), "a strategy has another name")
  return found
end

--- What these strategies come to on a crowd, by name.
local function crowd_by_name(size, start, ...)
  local drawn, found = crowd.draw(size, start, SEED), {}
  for _, strategy in ipairs(pick(crowd.strategies, ...)) do
    found[strategy.name] = strategy.wait(drawn, SEED)
  end
  return found
end

--- The same table out of docs/waiting.md, by shape and strategy.
local function documented()
  local file = assert(io.open("docs/waiting.md", "rb"))
  local found = {}
  for line in file:lines() do
    local shape, strategy, polls, lag = line:match("^| ([%a-]+) | ([^|]+) | ([%d.]+) | ([%d.]+) s |")
    if shape then
      found[shape] = found[shape] or {}
      found[shape][strategy] = { polls = tonumber(polls), lag = tonumber(lag) }
    end
  end
  file:close()
  return found
end

--- The figures of the table of queues, by shape and strategy.
local function documented_queues()
  local file, found, names = assert(io.open("docs/waiting.md", "rb")), {}, nil
  for line in file:lines() do
    local cells = {}
    for cell in line:gmatch("| ([^|]-) %f[|]") do
      cells[#cells + 1] = cell
    end
    if cells[1] == "queue" then
      names = cells
    elseif names and #cells == #names and cells[2]:find(" / ", 1, true) then
      local row = {}
      for i = 2, #cells - 1 do
        local polls, lag = cells[i]:match("^([%d.]+) / ([%d.]+) s$")
        row[names[i]] = { polls = tonumber(polls), lag = tonumber(lag) }
      end
      found[cells[1]] = row
    end
  end
  file:close()
  return found
end

--- What is aimed at, of a strategy's figures: polls and lag at most, as shares of another strategy's.
local AIMS = {
  linear = { "fixed 5 s", 1 / 5, 1 / 4 },
  slowing = { "fixed 5 s", 1 / 5, 1 / 4 },
  accelerating = { "fixed 5 s", 1 / 5, 1 / 4 },
  failing = { "exponential 1 to 60 s", 1.5, 1 / 3 },
  straggling = { "exponential 1 to 60 s", 1.7, 0.6 }, -- a poll more for each three seconds less of lag
  stalling = { "exponential 1 to 60 s", 1.5, 1 },
  batched = { "fixed 5 s", 1 / 5, 3 / 4 },
  ["count-less"] = { "exponential 1 to 60 s", 1.5, 1 },
}

local function assert_aim(aim, rows)
  local other, ours = rows[aim[1]], rows["fnf, polls alone"]
  assert.is_true(ours.polls <= aim[2] * other.polls, ("%g polls, %g"):format(ours.polls, other.polls))
  assert.is_true(ours.lag <= aim[3] * other.lag, ("%g s of lag, %g s"):format(ours.lag, other.lag))
end

describe("simulated waits", function()
  for shape, aim in pairs(AIMS) do
    it(("for %s runs spend few polls and see the end soon"):format(shape), function()
      assert_aim(aim, by_name(alone.measure(shape, RUNS, SEED)))
    end)
  end

  for _, shape in ipairs(runs.shapes) do
    it(("for %s runs that end their executions spare polls, and all but none is late"):format(shape), function()
      local rows = by_name(alone.measure(shape, RUNS / 3, SEED, pick(alone.watching, "fnf, polls alone", "fnf",
        "fnf, `last_step`")))
      local plain, watching = rows["fnf, polls alone"], rows["fnf, `last_step`"]
      local held = rows.fnf
      assert.is_true(held.lag <= 0.5 and held.polls <= plain.polls + 0.5, ("%g s"):format(held.lag))
      assert.is_true(watching.polls <= 0.85 * plain.polls, ("%g polls, %g"):format(watching.polls, plain.polls))
      assert.is_true(watching.polls + watching.held <= 1.2 * plain.polls, watching.held)
      assert.is_true(watching.lag <= math.max(1.5, plain.lag / 2), watching.lag)
    end)
  end

  it("13.3: begun together have a third of the lag of polling each in turn, and a tenth until they are told", function()
    local rows = crowd_by_name(100, "begun", "each in turn", "fnf", "fnf, executions of 5 that go on")
    assert.is_true(rows.fnf.lag <= rows["each in turn"].lag / 3)
    assert.is_true(rows.fnf.told <= rows["each in turn"].lag / 10)
    local going_on = rows["fnf, executions of 5 that go on"]
    assert.is_true(going_on.lag <= rows["each in turn"].lag / 2 and going_on.told <= rows["each in turn"].lag / 8)
  end)

  it("13.2: of which five end with an execution have less lag for knowing it, and fewer polls", function()
    for _, start in ipairs { "under way", "begun" } do
      local drawn = crowd.draw(100, start, SEED)
      local world = { together = 5 }
      local plain = crowd.ours({ others = false }, world)(drawn, SEED)
      local watching = crowd.ours({ last_step = true }, world)(drawn, SEED)
      assert.is_true(watching.lag <= 1.02 * plain.lag, ("%g s, %g s"):format(watching.lag, plain.lag))
      assert.is_true(watching.polls <= plain.polls)
    end
  end)

  it("under way have a third of the lag of polling each in turn, an eighth with others asked, and fewer polls",
    function()
    local rows = crowd_by_name(100, "under way", "each in turn", "fnf, polls alone", "fnf", "knowing ends after a poll")
    local polls_alone = rows["fnf, polls alone"]
    assert.is_true(polls_alone.lag <= rows["each in turn"].lag / 3)
    assert.is_true(polls_alone.polls < rows["each in turn"].polls)
    assert.is_true(rows["knowing ends after a poll"].lag <= polls_alone.lag)
    assert.is_true(rows.fnf.lag <= rows["each in turn"].lag / 8)
  end)

  it("leave no run alone for longer than max_delay while the quota allows it", function()
    for _, size in ipairs { 100, 240 } do
      local _, seen = crowd.ours { others = false }(crowd.draw(size, "under way", SEED), SEED)
      assert.is_true(seen.gap > 100 and seen.gap < 1.2 * 120, seen.gap)
    end
  end)

  it("that have half of the quota are seldom throttled, and see ends sooner than each in turn with all", function()
    local drawn = crowd.draw(100, "under way", SEED)
    local row, seen = crowd.ours({ others = false }, { spare = 1 })(drawn, SEED)
    local turns = crowd.strategies[1].wait(drawn)
    assert.is_true(seen.throttled > 0 and seen.throttled <= 0.03 * seen.polls, seen.throttled)
    assert.is_true(row.lag <= 0.75 * turns.lag, ("%g s, %g s"):format(row.lag, turns.lag))
  end)

  it("13.4: use a larger quota that is told, and are not throttled into a smaller one", function()
    local drawn = crowd.draw(100, "begun", SEED)
    local function lag(limit, told)
      return crowd.ours({ others = false }, { window = { limit = limit, seconds = 10, told = told } })(drawn, SEED)
    end
    local untold, told = lag(100), lag(100, true)
    assert.is_true(told.lag <= untold.lag / 4, ("%g s, %g s"):format(told.lag, untold.lag))
    local row, blind = lag(10)
    local small, seen = lag(10, true)
    assert.is_true(blind.throttled > 20 and seen.throttled == 0, ("%d, %d"):format(blind.throttled, seen.throttled))
    assert.is_true(small.lag <= row.lag)
  end)

  it("are the same wherever they are run", function()
    local first, second = alone.measure("linear", 20, 5)[4], alone.measure("linear", 20, 5)[4]
    assert.same(first, second)
  end)
end)

--- Of the queues: what waits that hold the execution come to beside others, and what polls alone do where the law of
--- the items is narrow.
local function assert_queue_aims(name, rows)
  local other, lines, ours, plain = rows["exponential 1 to 60 s"], rows["twenty lines"], rows.fnf,
    rows["fnf, polls alone"]
  assert.is_true(ours.lag < other.lag and ours.lag < lines.lag, name)
  assert.is_true(ours.polls <= 1.5 * other.polls, ("%s: %g polls, %g"):format(name, ours.polls, other.polls))
  if name:find("stopped", 1, true) then
    assert.is_true(ours.lag <= 2, ours.lag)
  elseif name == "equal" then
    assert.is_true(plain.lag <= rows["fixed 5 s"].lag, plain.lag)
  end
end

describe("simulated queues", function()
  for _, place in ipairs { 1, 3, 7, 8, 17, 18, 19 } do -- the page has all
    local shape = queues.shapes[place]
    it(("13.5: of %s items, or runs: the aims are kept"):format(shape.name), function()
      assert_queue_aims(shape.name, by_name(alone.measure(shape, 25, SEED, pick(alone.references,
        "fixed 5 s", "exponential 1 to 60 s", "twenty lines", "fnf, polls alone", "fnf"), queues.new)))
    end)
  end

  it("13.5: have a frontier that gives less lag for more polls, and that polls of ours do not cross", function()
    for _, shape in ipairs { queues.shapes[2], queues.shapes[3] } do
      local drawn = {}
      for i = 1, 15 do
        drawn[i] = queues.new(shape, SEED + i)
      end
      local line = frontier.line(drawn)
      for i = 2, #line do
        assert.is_true(line[i].polls > line[i - 1].polls and line[i].lag < line[i - 1].lag)
      end
      local row = by_name(alone.measure(shape, 15, SEED, pick(alone.references, "fnf, polls alone"),
        queues.new))["fnf, polls alone"]
      assert.is_true(row.lag >= 0.8 * frontier.lag_at(line, row.polls), shape.name)
    end
  end)
end)

describe("the page about waiting", function()
  local page = documented()

  for shape, aim in pairs(AIMS) do
    it(("shows %s runs, within the aims"):format(shape), function()
      assert.is_truthy(page[shape])
      for _, strategy in ipairs(alone.strategies) do
        assert.is_truthy(page[shape][strategy.name], strategy.name)
      end
      assert_aim(aim, page[shape])
    end)
  end

  it("13.5: shows each queue, within the aims", function()
    local found = documented_queues()
    for _, shape in ipairs(queues.shapes) do
      assert.is_truthy(found[shape.name], shape.name)
      assert_queue_aims(shape.name, found[shape.name])
    end
  end)

  it("shows what a shorter simulation finds, as far as chance allows", function()
    local found = by_name(alone.measure("linear", RUNS, SEED))
    for name, row in pairs(page.linear) do
      assert.is_true(math.abs(found[name].polls / row.polls - 1) < 0.25, name)
    end
  end)
end)

describe("a foretold end", function()
  local SHARES = { linear = 0.9, slowing = 0.8, accelerating = 0.9, failing = 0.8, stalling = 0.6, batched = 0.8 }
  for shape, share in pairs(SHARES) do
    it(("is a range that holds the end of %s runs"):format(shape), function()
      local inside, told = 0, 0
      for seed = 1, 60 do
        local run, seen, now = runs.new(shape, 7000 + seed), progress.new(), 0
        while now < run.duration do
          seen:see(run:describe(now), now)
          local earliest, latest = seen:estimate()
          if earliest then
            told = told + 1
            inside = inside + (now + earliest <= run.duration and run.duration <= now + latest and 1 or 0)
          end
          now = now + seen:next_poll(0, { min_delay = 0.4, max_delay = 120 }, 0.5)
        end
      end
      assert.is_true(told > 300)
      assert.is_true(inside / told >= share, inside / told)
    end)
  end
end)
