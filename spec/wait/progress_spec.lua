--- What a MapRun's counts mean, and when to poll again.
-- SPDX-License-Identifier: MIT

package.path = "./bench/?.lua;" .. package.path

local progress = require "fnf.wait.progress"
local runs = require "waiting.runs"

local LIMITS = { min_delay = 1, max_delay = 30 }

describe("progress", function()
  local ROWS = { -- counts, total, done, share
    { { Succeed = 5, Failed = 3, Aborted = 2, Running = 4, Pending = 6, Total = 20 }, 20, 10, 0.5 },
    { { Succeed = 20, Total = 20 }, 20, 20, 1 },
    { { Total = 20 }, 20, 0, 0 },
    { { Succeed = 25, Total = 20 }, 20, 20, 1 }, -- counts of two moments
    { { Succeed = -1, Failed = 2, Total = 4 }, 4, 2, 0.5 },
    { { Succeed = 0, Total = 0 }, nil, nil, nil },
    { { Succeed = 3 }, nil, nil, nil },
    { { Succeed = "3", Total = 6 }, 6, 0, 0 },
    { {}, nil, nil, nil },
    { nil, nil, nil, nil },
    { "many", nil, nil, nil },
    { { Total = "20" }, nil, nil, nil },
  }
  for i, row in ipairs(ROWS) do
    it(("of counts is their total, what is done, and its share, row %d"):format(i), function()
      local seen = progress.new()
      seen:see({ Status = "Running", ItemCounts = row[1] }, 100)
      assert.same({ total = row[2], done = row[3], share = row[4] },
        { total = seen.total, done = seen.done, share = seen.share })
      assert.equal(1, seen.polls)
    end)
  end

  it("forgets what the last answer no longer says", function()
    local seen = progress.new()
    seen:see({ ItemCounts = { Succeed = 1, Total = 2 } }, 100)
    seen:see({}, 107)
    assert.is_nil(seen.share or seen.total or seen.done)
    assert.same({ 2, 7 }, { seen.polls, seen.seconds })
  end)

  local NAMES = { "Total", "Succeed", "Failed", "Aborted", "Running", "Pending" }
  local ODD = { 0, -1, 1, 1e300, 0 / 0, math.huge, -math.huge, "5", true, {}, 2 ^ 53, 0.5 }

  --- What a service might answer next: mostly sense, now and then a step back, another total or rubbish.
  local function draw(random, state)
    local function pick(list)
      return list[math.floor(random() * #list) + 1]
    end
    local run = { ItemCounts = {}, ToleratedFailedCount = random() < 0.3 and pick(ODD) or nil,
      ToleratedFailedPercentage = random() < 0.3 and pick(ODD) or nil }
    if random() < 0.1 then
      for _, name in ipairs(NAMES) do
        run.ItemCounts[name] = pick(ODD)
      end
    elseif random() < 0.9 then
      state.total = random() < 0.1 and math.floor(random() * 80) or state.total
      state.done = random() < 0.1 and 0 or math.min(state.total, state.done + math.floor(random() * 6))
      run.ItemCounts = { Total = state.total, Succeed = state.done - math.min(state.done, 2),
        Failed = math.min(state.done, 2), Running = math.floor(random() * 6) }
    end
    return run
  end

  local function assert_sense(seen, case)
    local report = seen:report()
    for name, value in pairs(report) do
      assert.is_true(value == value and math.abs(value) < math.huge and (value >= 0 or name == "tolerance_left"),
        ("case %d: %s is %s"):format(case, name, tostring(value)))
    end
    assert.is_true((report.share or 0) <= 1 and (report.earliest or 0) <= (report.latest or 0))
    local delay = seen:next_poll(0, LIMITS, 0.5)
    assert.is_true(delay >= LIMITS.min_delay and delay <= LIMITS.max_delay)
  end

  it("of whatever counts come tells no nonsense", function()
    for case = 1, 1000 do
      local random = runs.random(case)
      local seen, now, state = progress.new(), 0, { total = math.floor(random() * 50), done = 0 }
      for poll = 1, 8 do
        seen:see(draw(random, state), now, poll == 1 and random() < 0.5 and 100 * random() or nil)
        assert_sense(seen, case)
        now = now + (random() < 0.1 and 0 or 30 * random())
      end
    end
  end)
end)

describe("the next poll", function()
  it("is never out of the limits, whatever was seen, missed and drawn", function()
    for _, limits in ipairs { LIMITS, { min_delay = 0.01, max_delay = 0.01 }, { min_delay = 5, max_delay = 3600 } } do
      local seen = progress.new()
      for poll = 1, 200 do
        for _, misses in ipairs { 0, 1, 50, 1e6 } do
          for _, chance in ipairs { 0, 0.5, 0.999999 } do
            local delay = seen:next_poll(misses, limits, chance)
            assert.is_true(delay >= limits.min_delay and delay <= limits.max_delay, delay)
          end
        end
        seen:see({ Status = "Running", ItemCounts = { Succeed = poll, Total = 1000 } }, 100 + poll)
      end
    end
  end)

  it("differs between waits that have seen the same", function()
    local seen = progress.new()
    for poll = 1, 3 do
      seen:see({ Status = "Running" }, 100 + poll)
    end
    assert.are_not.equal(seen:next_poll(0, LIMITS, 0.1), seen:next_poll(0, LIMITS, 0.9))
  end)
end)
