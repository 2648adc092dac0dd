--- Failed items that a MapRun tolerates, and when there will be too many.
-- SPDX-License-Identifier: MIT

local progress = require "fnf.wait.progress"
local tolerance = require "fnf.wait.tolerance"

local ROWS = { -- count, percentage, items, tighter, looser
  { nil, nil, 200, 0, 0 },
  { 0, 0, 200, 0, 0 },
  { 5, nil, 200, 5, 5 },
  { nil, 5.5, 2000, 110, 110 },
  { 5, 10, 200, 5, 20 },
  { 50, 10, 200, 20, 50 },
  { nil, 0.4, 200, 0, 0 },
  { nil, 29, 100, 29, 29 },
  { nil, 300, 200, 200, 200 },
  { "5", {}, 200, 0, 0 },
  { 1 / 0, 0 / 0, 200, 0, 0 },
  { -1, -1, 200, 0, 0 },
}

--- Progress of a run of 1,000 items, ten a second, of which so many have failed by the poll of `seconds`.
local function seen(seconds, failed, tolerated)
  local made = progress.new()
  for poll = 0, 1 do
    made:see({ Status = "Running", ToleratedFailedCount = tolerated, ItemCounts = { Total = 1000, Running = 10,
      Failed = poll * failed, Succeed = poll * (10 * seconds - failed) } }, poll * seconds, poll == 0 and 0.001 or nil)
  end
  return made
end

describe("a tolerance", function()
  for i, row in ipairs(ROWS) do
    it(("is the tighter and the looser of two limits, row %d"):format(i), function()
      assert.same({ row[4], row[5] },
        { tolerance.of({ ToleratedFailedCount = row[1], ToleratedFailedPercentage = row[2] }, row[3]) })
    end)
  end

  it("is no threat while too few fail, none have, or more have than are tolerated", function()
    for _, run in ipairs { seen(20, 2, 20), seen(20, 0, 20), seen(20, 0, 0), seen(20, 30, 20), seen(20, 4) } do
      assert.is_nil(tolerance.threat(run))
      assert.is_nil(tolerance.foresee(run, 10))
    end
  end)

  it("breaks when one more has failed, at this rate", function()
    local run = seen(20, 10, 20) -- half an item a second
    assert.same({ 11, 10 / 200 }, { tolerance.threat(run) })
    local left, breaks_in = run:tolerance()
    assert.equal(10, left)
    assert.is_true(math.abs(breaks_in - 22) < 0.1, breaks_in)
    local earliest, uncertain = tolerance.foresee(run, 10)
    assert.is_true(earliest > 0 and earliest < 22 and earliest + uncertain > 22)
  end)

  it("breaks by the rate of late, and by a tenth of the mean where that is less", function()
    for _, of_late in ipairs { 2.5, 30, 0 } do -- items a second after 20 s with ten
      local run = seen(20, 10, 20)
      for poll = 1, 20 do
        run:see({ Status = "Running", ToleratedFailedCount = 20, ItemCounts = { Total = 1000, Running = 10,
          Failed = 10, Succeed = 190 + of_late * poll / 4 } }, 20 + poll / 4)
      end
      assert.equal(of_late == 0, run.rate < run:overall_rate() / 10)
      local rate = of_late > 0 and run.rate or run:overall_rate() / 10
      local _, breaks_in = run:tolerance()
      assert.is_true(math.abs(breaks_in - 11 / (10 / run.done * rate)) < 1e-6, breaks_in)
    end
  end)

  it("breaks by this law, and is the more uncertain the fewer have failed", function()
    local run = seen(20, 10, 20)
    local noise, rate = math.sqrt(11 + 11 * 11 / 10), 10 / 200 * 10 -- of 11 failures to come, after 10; a second
    local earliest, uncertain = tolerance.foresee(run, 10)
    assert.is_true(math.abs(earliest - (11 - 0.9 * noise) / rate) < 1e-9, earliest)
    assert.is_true(math.abs(uncertain - 4 * noise / rate) < 1e-9, uncertain)
  end)

  it("is compared with the items that were worked, not with those that were aborted", function()
    local run = progress.new()
    run:see({ Status = "Running", ToleratedFailedCount = 20, ItemCounts = { Total = 1000, Running = 10,
      Succeed = 190, Failed = 10, Aborted = 100 } }, 20, 20)
    assert.same({ 11, 10 / 200 }, { tolerance.threat(run) })
  end)

  it("is used up before it is broken", function()
    local left, breaks_in = seen(20, 10, 10):tolerance()
    assert.equal(0, left)
    assert.is_true(breaks_in > 0, breaks_in)
    assert.same({ -1, 0 }, { seen(20, 11, 10):tolerance() })
  end)

  it("that few failures tell of is reckoned with where one foretells the end", function()
    local run = seen(2, 0, 4)
    assert.is_nil(tolerance.threat(run))
    assert.same({ 5, 0.5 / (20 + 0.5) }, { tolerance.threat(run, 0.5) })
    assert.is_nil(tolerance.threat(seen(2, 0, 0), 0.5))
    assert.equal(2, (tolerance.threat(seen(2, 0, 1), 0.5)))
  end)
end)

describe("a run that will break its tolerance", function()
  local LIMITS = { min_delay = 0.4, max_delay = 120 }

  it("is polled when it may, not when its items would be done", function()
    local delays = {}
    for _, tolerated in ipairs { 500, 20, 11, 10 } do
      delays[#delays + 1] = seen(20, 10, tolerated):next_poll(0, LIMITS, 0.5)
    end
    assert.is_true(delays[1] > 30)
    assert.is_true(delays[2] < 10 and delays[3] < 5 and delays[4] < 5, table.concat(delays, " "))
  end)

  it("has an end foretold that may come sooner", function()
    assert.is_true(seen(20, 10, 20):estimate() < 12 and seen(20, 10, 500):estimate() > 30)
  end)
end)
