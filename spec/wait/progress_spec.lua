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

  it("tells a run broken by the first item that fails beyond those it tolerates", function()
    for failed, is_broken in pairs { [2] = false, [3] = true } do
      local seen, run = progress.new(), { ToleratedFailedCount = 2, ItemCounts = { Total = 10, Failed = failed } }
      seen:see(run, 100)
      assert.equal(is_broken, seen:is_broken(run))
    end
  end)

  it("forgets what the last answer no longer says", function()
    local seen = progress.new()
    seen:see({ ItemCounts = { Succeed = 1, Total = 2 } }, 100)
    seen:see({}, 107)
    assert.is_nil(seen.share or seen.total or seen.done or seen:overall_rate())
    assert.same({ 2, 7 }, { seen.polls, seen:seconds() })
  end)

  it("tells the share that failed of what is done, once something is", function()
    for _, row in ipairs { { 0, 0 }, { 0, 1, 1 }, { 3, 1, 0.25 }, { 4, 0, 0 } } do
      local seen = progress.new()
      seen:see({ Status = "Running", ItemCounts = { Succeed = row[1], Failed = row[2], Total = 9 } }, 100)
      assert.equal(row[3], seen:report().failed_share)
    end
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

  --- All that is told, and the next poll, without what a sum loses of great numbers.
  local function written(seen)
    local report = seen:report()
    report.delay = seen:next_poll(0, LIMITS, 0.5)
    for name, value in pairs(report) do
      report[name] = ("%.6f"):format(value)
    end
    return report
  end

  it("tells the same of the same answers, whenever they came", function()
    for case = 1, 200 do
      local early, late, now = progress.new(), progress.new(), 0
      local random, state = runs.random(case), { total = 900 + case, done = 0 }
      for poll = 1, 20 do
        local run, age = draw(random, state), poll == 1 and random() < 0.5 and 64 or nil
        early:see(run, now, age)
        late:see(run, now + 4096, age)
        assert.same(written(early), written(late), "case " .. case)
        now = now + math.floor(8 * random()) / 4
      end
    end
  end)

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

describe("a run that hangs", function()
  for _, items in ipairs { 4, 12, 40, 100, 300, 499, 5000 } do
    for _, share in ipairs { 0.3, 0.95 } do
      it(("13.3: is seen to stall: %d items, %g of them done"):format(items, share), function()
        local seen, now, hangs, told = progress.new(), 0, math.max(1, math.floor(share * items)), false
        local places = math.min(10, math.ceil(items / 4))
        while now < 3600 do -- an item takes four seconds
          local done = math.min(hangs, math.floor(now * places / 4))
          seen:see({ Status = "Running", ItemCounts = { Total = items, Succeed = done,
            Running = math.min(items - done, places) } }, now)
          told = told or seen:stalled() ~= nil and now > hangs * 4 / places
          now = now + seen:next_poll(0, { min_delay = 0.4, max_delay = 120 }, 0.5)
        end
        assert.is_true(told)
        assert.is_true(seen:report().stalled > 3000 - hangs * 4 / places)
        assert.is_nil(seen:estimate())
      end)
    end
  end

  it("is seen to stall within a second where items take a hundredth", function()
    local seen = progress.new()
    for poll = 0, 8 do
      seen:see({ Status = "Running", ItemCounts = { Total = 10000, Succeed = 400 * math.min(poll, 6), Running = 10 } },
        100 + 0.4 * poll)
    end
    assert.is_true(math.abs((seen:stalled() or 0) - 0.8) < 1e-6, seen:stalled())
  end)

  it("is seen to stall by the time items took while all places were taken, however slow the last ones are", function()
    local seen = progress.new()
    for poll, done in ipairs { 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 91, 92, 93, 93, 93, 93 } do -- ten take 5 s
      local counts = { Total = 100, Succeed = done, Running = math.min(10, 100 - done) }
      seen:see({ Status = "Running", ItemCounts = counts }, 5 * poll)
    end
    assert.equal(15, seen:stalled())
  end)

  it("does not stall while items go on starting, though none ends", function()
    local seen = progress.new()
    for poll = 0, 80 do -- two of ten end a second, until none does
      seen:see({ Status = "Running", ItemCounts = { Total = 2000, Succeed = 20 * math.min(poll, 50),
        Running = 10 + math.max(0, poll - 50) } }, 10 * poll)
      assert.is_nil(seen:stalled())
    end
  end)

  it("does not stall once all are done, for what is missing then is no item", function()
    local seen = progress.new()
    for poll = 0, 60 do
      seen:see({ Status = "Running", ItemCounts = { Total = 100, Succeed = 10 * math.min(poll, 10) } }, 10 * poll)
      assert.is_nil(seen:stalled())
    end
  end)

  it("13.3: does not stall while items go on ending", function()
    for seed = 1, 20 do
      local run, seen, now = runs.new("linear", 300 + seed), progress.new(), 0
      local polls, stalls = 0, 0
      while now < run.duration do
        seen:see(run:describe(now), now)
        polls, stalls = polls + 1, stalls + (seen:stalled() and 1 or 0)
        now = now + seen:next_poll(0, { min_delay = 0.4, max_delay = 120 }, 0.5)
      end
      assert.is_true(stalls <= 0.1 * polls + 1, ("%d of %d"):format(stalls, polls))
    end
  end)
end)

describe("what is missing", function()
  --- Progress of items that end one after the other, ten seconds apart, on so many places; the last of them runs on
  --- for some seconds.
  local function awaited(places, seconds)
    local seen = progress.new()
    for done = 0, 99 do
      seen:see({ Status = "Running", ItemCounts = { Total = 100, Succeed = done, Running = math.min(places,
        100 - done) } }, 10 * done, done == 0 and 0 or nil)
    end
    seen:see({ Status = "Running", ItemCounts = { Total = 100, Succeed = 99, Running = 1 } }, 990 + seconds)
    return seen
  end

  it("is an end, after 1.85 times of an item and 0.07 more for all the places that are taken", function()
    for places, share in pairs { [1] = 1, [4] = 1 / 4 } do
      local limit = (1.85 + 0.07 * share) * 10 * places
      assert.is_nil(awaited(places, limit - 0.01):stalled())
      assert.is_true(math.abs((awaited(places, limit + 0.01):stalled() or 0) - limit - 0.01) < 1e-6)
    end
  end)

  it("is no stall while items start, though none ends", function()
    local seen = progress.new()
    for seconds = 0, 100, 10 do
      seen:see({ Status = "Running", ItemCounts = { Total = 5000, Succeed = 10 * seconds, Running = 10 } }, seconds,
        seconds == 0 and 0 or nil)
    end
    for running = 9, 10 do
      seen:see({ Status = "Running", ItemCounts = { Total = 5000, Succeed = 1000, Running = running } },
        110 + 10 * (running - 9))
      assert.equal(running == 9 and 10 or nil, (seen:stalled()))
    end
  end)

  it("is asked for at distances that grow with the root of the seconds, two after the first", function()
    for _, late in ipairs { 0.64, 4 } do
      for random, jitter in pairs { [0] = 0.9, [0.5] = 1 } do
        local seen = awaited(1, 19.2 + late)
        for stretch, patience in pairs { [1] = 2, [9] = 3 } do
          local delay = seen:next_poll(0, { min_delay = 0.01, max_delay = 120, stretch = stretch }, random)
          local planned = 0.3 * math.sqrt(0.9 * 10 * stretch)
          assert.is_true(math.abs(delay - math.max(planned, patience * math.sqrt(late)) * jitter) < 1e-6, delay)
        end
      end
    end
  end)
end)

describe("the plan", function()
  local LIMITS_OF_PLAN = { min_delay = 0.01, max_delay = 1e6 }
  local TEN, TOTAL = 10, 1000

  --- Progress of a run on ten places by polls of { seconds, done[, failed] }.
  local function after(polls, total, fields)
    local seen = progress.new()
    for _, poll in ipairs(polls) do
      local run = { Status = "Running", ItemCounts = { Total = total or TOTAL, Succeed = poll[2] - (poll[3] or 0),
        Failed = poll[3], Running = TEN } }
      for name, value in pairs(fields or {}) do
        run[name] = value
      end
      seen:see(run, poll[1], poll[1] == 0 and 0 or nil)
    end
    return seen
  end

  local function assert_near(expected, value)
    assert.is_true(math.abs(expected - value) < 1e-6 * math.max(1, expected), ("%g, not %g"):format(value, expected))
  end

  local EVEN = { { 0, 0 }, { 100.5, 201 } } -- two a second; an item takes five
  local SLOWED = { { 0, 0 }, { 100.5, 201 }, { 130.5, 217 } }
  local STOPPED = { { 0, 0 }, { 100.5, 201 }, { 125.5, 201 } }
  local LATE, OVERALL = 2 + (1 - math.exp(-30 / (0.07 * 130.5))) * (16 / 30 - 2), 217 / 130.5 -- the two rates of SLOWED

  it("sleeps through the most of the way to the earliest end of a run that goes evenly", function()
    local noise = 0.29 * math.sqrt(789)
    assert_near(0.56 * ((789 - noise) / 2 + 0.35 * 5), after(EVEN):next_poll(0, LIMITS_OF_PLAN, 0.5))
    assert_near(0.56 * ((789 - noise) / 2 + 0.35 * 5 - 60), after(EVEN):next_poll(0, LIMITS_OF_PLAN, 0.5, 60))
  end)

  it("adds no time for an item where no count says that one runs", function()
    local seen = progress.new()
    for _, poll in ipairs { { 0, 0 }, { 100.5, 201 }, { 150.5, 301 } } do
      seen:see({ Status = "Running", ItemCounts = { Total = TOTAL, Succeed = poll[2] } }, poll[1],
        poll[1] == 0 and 0 or nil)
    end
    assert_near(0.56 * (699 - 0.29 * math.sqrt(699)) / 2, seen:next_poll(0, LIMITS_OF_PLAN, 0.5))
  end)

  it("trusts no further than 6.6 times what was seen", function()
    assert_near(6.6 * 3, after({ { 0, 0 }, { 3, 2 } }, 1e6):next_poll(0, LIMITS_OF_PLAN, 0.5))
  end)

  it("has the rate of late, by a memory of 7 % of the time", function()
    assert_near(LATE, after(SLOWED).rate)
    assert_near(OVERALL, after(SLOWED):overall_rate())
  end)

  it("foretells an end between half of the way by the higher rate and 1.6 of it by the lower", function()
    local earliest, latest = after(EVEN):estimate()
    assert_near(0.5 * ((789 - 0.29 * math.sqrt(789)) / 2 + 0.35 * 5), earliest)
    assert_near(1.6 * (789 + 2 * math.sqrt(789)) / 2 + 3.5 * 5, latest)
    earliest, latest = after(SLOWED):estimate()
    assert_near(0.5 * ((773 - 0.29 * math.sqrt(773)) / OVERALL + 0.35 * TEN / OVERALL), earliest)
    assert_near(1.6 * (773 + 2 * math.sqrt(773)) / LATE + 3.5 * 2.4 * TEN / OVERALL, latest)
  end)

  it("counts the silence since something started off the time of the last items", function()
    local low = 2 * math.exp(-1 / (0.07 * 101.5))
    local _, latest = after({ { 0, 0 }, { 100.5, 201 }, { 101.5, 201 } }):estimate()
    assert_near(1.6 * (789 + 2 * math.sqrt(789)) / low + 3.5 * 5 - 1, latest)
  end)

  it("reckons with pairs where all counts are even, as with longer batches", function()
    assert_near(0.56 * (394 - 0.29 * math.sqrt(394) + 0.35 * 5),
      after({ { 0, 0 }, { 101, 202 } }):next_poll(0, LIMITS_OF_PLAN, 0.5))
  end)

  it("foretells no end before three items are done, nor where the rate fell to less than a quarter", function()
    assert.is_nil(after({ { 0, 0 }, { 10, 2 } }):estimate())
    assert.is_truthy(after({ { 0, 0 }, { 10, 3 } }):estimate())
    assert.is_nil(after({ { 10, 100 }, { 20, 102 } }):estimate()) -- of those before the first poll nothing is known
    assert.is_truthy(after({ { 10, 100 }, { 20, 103 } }):estimate())
    assert.is_nil(after(STOPPED):estimate())
    assert.is_truthy(after({ { 0, 0 }, { 100.5, 201 }, { 125.5, 210 } }):estimate())
  end)

  it("reckons with half of a failed item besides those that it saw", function()
    local seen = after({ { 0, 0 }, { 100.5, 201, 1 } }, TOTAL, { ToleratedFailedCount = 9 })
    local share = 1.5 / 201.5
    assert.is_truthy(1000 * share < 9)
    assert_near(0.5 * ((789 - 0.29 * math.sqrt(789)) / 2 + 0.35 * 5), (seen:estimate()))
    seen = after({ { 0, 0 }, { 100.5, 201, 1 } }, TOTAL, { ToleratedFailedCount = 7 })
    assert_near(0.5 * math.max(0, 7 - 0.9 * math.sqrt(7 + 49)) / (share * 2), (seen:estimate()))
  end)

  --- Seconds to the next poll of a run whose earliest end has come.
  local function due(seen)
    return seen:next_poll(0, LIMITS_OF_PLAN, 0.5, 1e5)
  end

  it("polls the closer the more certain the end is, once it may have come", function()
    assert_near(0.3 * math.sqrt(0.9 * 5 + 0.29 * math.sqrt(789) / 2), due(after(EVEN)))
    local item = 2.4 * TEN / OVERALL
    for pending = 1, 2 do
      local slowing, noise = pending / LATE - pending / OVERALL, 0.29 * math.sqrt(pending) / OVERALL
      assert_near(0.3 * math.sqrt(slowing + 0.9 * item + noise), due(after(SLOWED, 217 + TEN + pending)))
    end
  end)

  it("doubles its intervals with each poll that is missed", function()
    local seen = after(EVEN)
    for misses = 1, 3 do
      assert_near(2 ^ misses * due(seen), seen:next_poll(misses, LIMITS_OF_PLAN, 0.5, 1e5))
    end
    assert.equal(seen:overall_rate(), seen:report().overall_rate)
  end)

  it("reckons with a tenth of the higher rate at least", function()
    local overall = 201 / 125.5
    assert_near(0.3 * math.sqrt(789 / (0.1 * overall) - 789 / overall + 0.9 * 5
      + 0.29 * math.sqrt(789) / overall), due(after(STOPPED)))
  end)

  it("of a run that tells nothing grows with the root of its time, with the jitter of a tenth", function()
    local seen = progress.new()
    seen:see({ Status = "Running" }, 0)
    for _, now in ipairs { 0, 8, 99 } do
      seen:see({ Status = "Running" }, now)
      for random, jitter in pairs { [0] = 0.9, [0.5] = 1, [1] = 1.1 } do
        for _, stretch in ipairs { 1, 4 } do
          assert_near(1.9 * math.sqrt((now + 1) * stretch) * jitter,
            seen:next_poll(0, { min_delay = 0.01, max_delay = 1e6, stretch = stretch }, random))
        end
      end
    end
  end)

  it("sees a straggler 3.5 times of an item after the last one started", function()
    for late, stalls in pairs { [139.9] = false, [140.1] = true } do
      local seen = progress.new()
      for done = 0, 96 do -- four places, an item takes 40 s
        seen:see({ Status = "Running", ItemCounts = { Total = 100, Succeed = done, Running = 4 } }, 10 * done,
          done == 0 and 0 or nil)
      end
      for _, poll in ipairs { { 50, 97 }, { 100, 98 }, { late, 98 } } do
        seen:see({ Status = "Running", ItemCounts = { Total = 100, Succeed = poll[2], Running = 100 - poll[2] } },
          960 + poll[1])
      end
      assert.equal(stalls, seen:stalled() ~= nil)
    end
  end)

  it("takes items for a wave where two polls are close around its end, and all its ends fit within a second", function()
    local function waves(polls)
      local seen = progress.new()
      for i, poll in ipairs(polls) do
        seen:see({ Status = "Running", ItemCounts = { Total = 200, Succeed = poll[2], Running = 20 } }, poll[1],
          i == 1 and poll[1] or nil)
      end
      return seen.rate
    end
    for _, before in ipairs { 213.5, 214 } do
      assert_near(2 * 20 / (before + 305), waves { { 1, 0 }, { before, 0 }, { 305, 20 } })
    end
    assert_near((1 - math.exp(-92 / (0.07 * 305))) * 20 / 92, waves { { 1, 0 }, { 213, 0 }, { 305, 20 } })
    local first = { { 1, 0 }, { 290, 0 }, { 305, 20 } }
    assert_near(20 / 306, waves { first[1], first[2], first[3], { 612, 20 } })
    assert.is_true(waves { first[1], first[2], first[3], { 612.2, 20 } } < 0.001)
  end)
end)

describe("the age of a run", function()
  it("tells the rate of what was done by the first poll, however little", function()
    for _, row in ipairs { { 1, 1, 1 }, { 1, 0.5, 2 }, { 0, 5 }, { 3, 0 } } do
      local seen = progress.new()
      seen:see({ Status = "Running", ItemCounts = { Total = 9, Succeed = row[1], Running = 1 } }, 100, row[2])
      assert.equal(row[3], seen.rate)
    end
  end)
end)

describe("what counts do not tell", function()
  --- Progress of the second of two answers, ten seconds apart.
  local function after(counts, status, first)
    local seen = progress.new()
    seen:see({ Status = "Running", ItemCounts = first or { Total = 1000, Succeed = 100, Running = 10 } }, 100)
    seen:see({ Status = status or "Running", ItemCounts = counts }, 110)
    return seen
  end

  it("13.3: is a rate, where items are aborted", function()
    local seen = after { Total = 1000, Succeed = 120, Aborted = 800, Running = 10 }
    assert.same({ 920, 2, 2 }, { seen.done, seen.rate, seen:overall_rate() })
  end)

  it("is a rate, where items are taken back: it is measured anew", function()
    for _, counts in ipairs { { Succeed = 90, Aborted = 20 }, { Succeed = 95, Aborted = 1 }, { Aborted = 100 } } do
      counts.Total, counts.Running = 1000, 10
      local seen = after(counts, nil, { Total = 1000, Succeed = 100, Aborted = 5, Running = 10 })
      assert.same({}, { seen.rate, seen:overall_rate() })
      counts.Succeed = (counts.Succeed or 0) + 30
      seen:see({ Status = "Running", ItemCounts = counts }, 120)
      assert.equal(3, seen.rate)
    end
  end)

  it("13.3: is an end to come, once the run has ended", function()
    for _, status in ipairs { "Succeeded", "Failed", "Aborted" } do
      local report = after({ Total = 1000, Succeed = 200, Failed = 20 }, status):report()
      assert.same({}, { report.earliest, report.latest, report.stalled, report.breaks_in })
    end
  end)

  it("13.3: is anything that no count can be", function()
    for _, total in ipairs { 1e308, 2 ^ 60, 1e16, 2 ^ 53 } do
      local counts = { Total = total, Succeed = 500, Running = 10 }
      local seen = after(counts, nil, { Total = total, Succeed = 100, Running = 10 })
      assert.is_nil(seen.total)
    end
    local most = after({ Total = 2 ^ 52, Succeed = 500 }, nil, { Total = 2 ^ 52, Succeed = 100 })
    assert.equal(2 ^ 52, most.total)
    for name, value in pairs(most:report()) do
      assert.is_true(value == value and value < math.huge, name)
    end
  end)
end)

describe("the example of the module's header", function()
  local function after(polls)
    local seen = progress.new()
    for i, poll in ipairs(polls) do
      seen:see({ Status = "Running", ItemCounts = { Total = 1000, Succeed = poll[2], Running = poll[3] } }, poll[1],
        i == 1 and poll[1] or nil)
    end
    return seen
  end

  local FAR, NEAR = { 100.5, 201, 10 }, { 492.5, 985, 10 }
  local ROWS = { { 219.6, { FAR } }, { 2.2, { FAR, NEAR } },
    { 6.5, { FAR, NEAR, { 495, 990, 10 }, { 500, 999, 1 }, { 520, 999, 1 } } } }
  for i, row in ipairs(ROWS) do
    it(("is what the module does, row %d"):format(i), function()
      local delay = after(row[2]):next_poll(0, { min_delay = 0.4, max_delay = 1e4 }, 0.5)
      assert.is_true(math.abs(delay - row[1]) < 0.05 * row[1], delay)
    end)
  end
end)

describe("items of which none is pending", function()
  it("are reckoned to end one after the other, but for noise, at twice the rate", function()
    for _, left in ipairs { 25, 100 } do
      local seen = progress.new()
      for poll = 0, 1 do -- ten a second
        seen:see({ Status = "Running", ItemCounts = { Total = 200 + left, Succeed = 200 * poll,
          Running = poll == 0 and 1 or left } }, 20 * poll, poll == 0 and 0 or nil)
      end
      local delay = seen:next_poll(0, { min_delay = 0.4, max_delay = 120 }, 0.5)
      assert.is_true(math.abs(delay - 0.56 * 2 * (left - 1 - 0.29 * math.sqrt(left)) / 10) < 1e-6, delay)
    end
  end)
end)

describe("items in batches", function()
  it("are reckoned with as batches: the end of the last one may come at once, not item by item", function()
    local limits, delays = { min_delay = 0.4, max_delay = 120 }, {}
    for _, size in ipairs { 1, 50 } do
      local seen = progress.new()
      for poll = 0, 19 do
        local done = poll == 19 and 0 or 1
        seen:see({ Status = "Running", ItemCounts = { Total = 20 * size, Succeed = poll * size,
          Running = (1 + done) * size } }, 10 * poll)
      end
      delays[#delays + 1] = seen:next_poll(0, limits, 0.5)
    end
    assert.equal(delays[1], delays[2])
  end)
end)

describe("13.2: items that take equally long", function()
  --- Polls as planned of a run of that many items on places, 300 s each; seconds it is seen too late, and polls.
  local function follow(items, places)
    local seen, now, polls = progress.new(), 0, 0
    local ending = 300 * math.ceil(items / places)
    while now < ending do
      local waves = math.floor(now / 300)
      local done = math.min(items, waves * places)
      seen:see({ Status = "Running", ItemCounts = { Total = items, Succeed = done,
        Running = math.min(places, items - done) } }, now, now > 0 and polls == 0 and now or nil)
      now, polls = now + seen:next_poll(0, { min_delay = 0.4, max_delay = 120 }, 0.5), polls + 1
    end
    return now - ending, polls
  end

  it("are awaited as the waves they come in, not as stragglers", function()
    for _, run in ipairs { { 40, 20 }, { 43, 20 }, { 101, 17 }, { 20, 7 }, { 1000, 100 } } do
      local late, polls = follow(run[1], run[2])
      assert.is_true(late < 5 and polls < 100, ("%d on %d: %g s, %d polls"):format(run[1], run[2], late, polls))
    end
  end)

  it("have the mean of the times that one wave allows, and are awaited that long for each", function()
    for before, doubt in pairs { [290] = 0.05, [250] = 55 / 555 } do -- of an item's time, of which 5 % are uncertain
      local seen = progress.new()
      for _, now in ipairs { 1, before, 305 } do
        seen:see({ Status = "Running", ItemCounts = { Total = 190, Succeed = now == 305 and 20 or 0, Running = 20 } },
          now, now == 1 and 1 or nil)
      end
      local took = (before + 305) / 2
      local whole = 10 * took
      assert.is_true(math.abs(seen.rate - 20 / took) < 1e-9, seen.rate)
      local delay = seen:next_poll(0, { min_delay = 0.4, max_delay = 1e4 }, 0.5)
      assert.is_true(math.abs(delay - 0.56 * (whole * (1 - doubt) - 305)) < 1e-6, delay)
    end
  end)

  it("have the time that all their waves allow, the closer the more there were", function()
    local seen, before, shortest, longest = progress.new(), 0, 0, math.huge
    for _, now in ipairs { 1, 290, 305, 590, 610, 895, 915, 1190, 1220 } do -- a wave of 20 each 300 s
      local waves = math.floor(now / 300)
      seen:see({ Status = "Running", ItemCounts = { Total = 200, Succeed = 20 * waves, Running = 20 } }, now,
        now == 1 and now or nil)
      if waves > math.floor(before / 300) then
        shortest, longest = math.max(shortest, before / waves), math.min(longest, now / waves)
        local took = 20 / seen.rate
        assert.is_true(took > shortest and took < longest, ("%d waves: %g s"):format(waves, took))
      end
      before = now
    end
  end)
end)

describe("a missed poll", function()
  it("13.4: leaves the plan as it was, and doubles its intervals", function()
    local limits, seen = { min_delay = 0.4, max_delay = 120 }, progress.new()
    for poll = 0, 40 do
      seen:see({ Status = "Running", ItemCounts = { Total = 1000, Succeed = 24 * poll, Running = 10 } }, 25 * poll)
    end
    local known = seen:next_poll(0, limits, 0.5)
    assert.is_true(known < 20, known)
    assert.is_true(seen:next_poll(1, limits, 0.5, known) <= 2 * known)
    local last = 0
    for misses = 1, 12 do
      local delay = seen:next_poll(misses, limits, 0.5, known)
      assert.is_true(delay >= last and delay <= 1.9 * math.sqrt(1001))
      last = delay
    end
    assert.is_true(last > 50)
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
