--- The simulated waits of bench/waiting, shortened, against their aims; and the page that shows them in full.
-- SPDX-License-Identifier: MIT

package.path = "./bench/?.lua;" .. package.path

local alone = require "waiting.alone"
local crowd = require "waiting.crowd"
local progress = require "fnf.wait.progress"
local runs = require "waiting.runs"

local RUNS, SEED = 300, 1000

local function by_name(rows)
  local found = {}
  for _, row in ipairs(rows) do
    found[row.strategy] = row
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

--- What is aimed at, of a strategy's figures: polls and lag at most, as shares of another strategy's.
local AIMS = {
  linear = { "fixed 5 s", 1 / 5, 1 / 4 },
  slowing = { "fixed 5 s", 1 / 5, 1 / 4 },
  accelerating = { "fixed 5 s", 1 / 5, 1 / 4 },
  failing = { "exponential 1 to 60 s", 1.5, 1 / 3 },
  straggling = { "exponential 1 to 60 s", 1.65, 0.75 }, -- a tenth more polls than 1.5 times, for a third less lag
  stalling = { "exponential 1 to 60 s", 1.5, 1 },
  batched = { "fixed 5 s", 1 / 5, 3 / 4 },
  ["count-less"] = { "exponential 1 to 60 s", 1.5, 1 },
}

local function assert_aim(aim, rows)
  local other, ours = rows[aim[1]], rows.fnf
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
      local rows = by_name(alone.measure(shape, RUNS, SEED, alone.watching))
      local plain, watching = rows.fnf, rows["fnf, `last_step`"]
      assert.is_true(watching.polls <= 0.85 * plain.polls, ("%g polls, %g"):format(watching.polls, plain.polls))
      assert.is_true(watching.polls + watching.held <= 1.2 * plain.polls, watching.held)
      assert.is_true(watching.lag <= math.max(1.5, plain.lag / 2), watching.lag)
    end)
  end

  it("begun together, for last steps, have half the lag of polling each in turn", function()
    local rows = by_name(crowd.measure(100, "begun", 1, SEED))
    assert.is_true(rows["fnf, `last_step`"].lag <= rows["each in turn"].lag / 2)
    assert.is_true(rows["fnf, `last_step`"].polls < rows.fnf.polls)
  end)

  it("13.2: of which five end with an execution have less lag for knowing it, and fewer polls", function()
    for _, start in ipairs { "under way", "begun" } do
      local drawn = crowd.draw(100, start, SEED)
      local plain, watching = crowd.ours(false, nil, 5)(drawn, SEED), crowd.ours(true, nil, 5)(drawn, SEED)
      assert.is_true(watching.lag <= 1.02 * plain.lag, ("%g s, %g s"):format(watching.lag, plain.lag))
      assert.is_true(watching.polls + watching.held <= 1.05 * plain.polls)
    end
  end)

  it("under the quota have half the lag of polling each in turn, and less than the quota's polls", function()
    local rows = by_name(crowd.measure(100, "under way", 1, SEED))
    assert.is_true(rows.fnf.lag <= rows["each in turn"].lag / 2)
    assert.is_true(rows.fnf.polls < rows["each in turn"].polls)
    assert.is_true(rows["knowing ends after a poll"].lag <= rows.fnf.lag)
  end)

  it("leave no run alone for longer than max_delay while the quota allows it", function()
    for _, size in ipairs { 100, 240 } do
      local _, seen = crowd.ours(false)(crowd.draw(size, "under way", SEED), SEED)
      assert.is_true(seen.gap > 100 and seen.gap < 1.2 * 120, seen.gap)
    end
  end)

  it("that have half of the quota are seldom throttled, and see ends sooner than each in turn with all", function()
    local drawn = crowd.draw(100, "under way", SEED)
    local row, seen = crowd.ours(false, 1)(drawn, SEED)
    local turns = crowd.strategies[1].wait(drawn)
    assert.is_true(seen.throttled > 0 and seen.throttled <= 0.03 * seen.polls, seen.throttled)
    assert.is_true(row.lag <= 0.75 * turns.lag, ("%g s, %g s"):format(row.lag, turns.lag))
  end)

  it("are the same wherever they are run", function()
    local first, second = alone.measure("linear", 20, 5)[4], alone.measure("linear", 20, 5)[4]
    assert.same(first, second)
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
