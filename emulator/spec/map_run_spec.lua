-- SPDX-License-Identifier: MIT
local map_run = require "fnf.emulator.map_run"
local shapes = require "fnf.emulator.shape"

local function run(specification, now)
  return assert(map_run.new(specification, now or 0))
end

local function counts(self, time)
  return map_run.describe(self, time).ItemCounts
end

describe("a simulated MapRun", function()
  it("finishes one item every item_duration / concurrency seconds", function()
    local self = run { items = 2000, Concurrency = 100, item_duration = 5 }
    assert.same({ Pending = 1900, Running = 100, Succeed = 0, Failed = 0, Aborted = 0, Total = 2000 }, counts(self, 0))
    assert.same({ Pending = 899, Running = 100, Succeed = 1001, Failed = 0, Aborted = 0, Total = 2000 },
      counts(self, 50.05))
    assert.equal(99, counts(self, 95.05).Running)
    assert.same({ Pending = 0, Running = 0, Succeed = 2000, Failed = 0, Aborted = 0, Total = 2000 }, counts(self, 100))
    assert.same({ 100, "Succeeded" }, { map_run.ending(self) })
  end)

  it("takes one item's duration when every item fits at once", function()
    assert.equal(5, (map_run.ending(run { items = 3, Concurrency = 10, item_duration = 5 })))
  end)

  it("is Pending, Running and then over, with the times of both changes", function()
    local self = run({ items = 10, Concurrency = 10, item_duration = 4, pending = 3 }, 100)
    local pending, running, over = map_run.describe(self, 102), map_run.describe(self, 103), map_run.describe(self, 107)
    assert.same({ "Pending", "Running", "Succeeded" }, { pending.Status, running.Status, over.Status })
    assert.same({ Pending = 10, Running = 0, Succeed = 0, Failed = 0, Aborted = 0, Total = 10 }, pending.ItemCounts)
    assert.is_nil(pending.started)
    assert.equal(103, running.started)
    assert.is_nil(running.stopped)
    assert.equal(107, over.stopped)
    assert.same(over, map_run.describe(self, 1e6))
  end)

  it("succeeds at once without items", function()
    local self = run({ items = 0, pending = 2 }, 5)
    assert.same({ 7, "Succeeded" }, { map_run.ending(self) })
    assert.same({ Pending = 0, Running = 0, Succeed = 0, Failed = 0, Aborted = 0, Total = 0 }, counts(self, 7))
  end)

  it("counts are whole, never go back and add up to the total at every moment of every shape", function()
    for shape in pairs(shapes.shapes) do
      local self = run { items = 997, Concurrency = 13, failure_share = 0.1, ToleratedFailedCount = 997,
        shape = shape }
      local finished = 0
      for tick = 0, 1000 do
        local now = counts(self, tick / 10)
        assert.equal(997, now.Pending + now.Running + now.Succeed + now.Failed + now.Aborted)
        assert.is_true(now.Succeed + now.Failed >= finished and now.Pending >= 0 and now.Running >= 0)
        finished = now.Succeed + now.Failed
        assert.equal(math.floor(finished), finished)
      end
      assert.equal(shape == "stuck" and 498 or 997, finished)
    end
  end)

  it("every shape but stuck ends at the same moment", function()
    for shape in pairs(shapes.shapes) do
      local ends = map_run.ending(run { items = 1000, Concurrency = 50, item_duration = 3, shape = shape })
      if shape == "stuck" then assert.is_nil(ends) else assert.near(60, ends, 1e-9) end
    end
  end)

  it("follows corners of the caller's own", function()
    local self = run { items = 100, Concurrency = 10, item_duration = 1, shape = { { 0.5, 0.9 }, { 1, 1 } } }
    assert.equal(90, counts(self, 5).Succeed)
    assert.equal(95, counts(self, 7.5).Succeed)
  end)

  it("hides its counts until the end when told to", function()
    local self = run { items = 10, Concurrency = 10, counts = false }
    assert.is_nil(counts(self, 0.5))
    assert.equal(10, counts(self, 1).Succeed)
  end)

  it("stays cheap with ten million items", function()
    local self = run { items = 10000000, Concurrency = 100000, failure_share = 0.5, ToleratedFailedCount = 10000000 }
    local before = os.clock()
    for tick = 1, 2000 do
      counts(self, tick / 20)
    end
    assert.is_true(os.clock() - before < 1)
    assert.same({ 5000000, 5000000 }, { counts(self, 100).Succeed, counts(self, 100).Failed })
  end)
end)

describe("failing items", function()
  local function total(items, share)
    return counts(run { items = items, failure_share = share, ToleratedFailedPercentage = 100 }, 1e9).Failed
  end

  it("are exactly the asked share, rounded", function()
    assert.same({ 60, 7, 29, 1, 0, 100 }, {
      total(2000, 0.03), total(100, 0.07), total(100, 0.29), total(3, 0.3), total(1, 0.4), total(100, 1),
    })
  end)

  it("sit where each rule says: position is the first index at which the count is reached", function()
    for name, rule in pairs(shapes.rules) do
      for _, case in ipairs { { 10, 3 }, { 7, 7 }, { 1, 1 }, { 2000, 60 }, { 997, 499 }, { 1000000, 29 } } do
        local items, failed = case[1], case[2]
        assert.equal(failed, rule.among(items, failed, items), name)
        for j = 1, failed do
          local at = rule.position(j, failed, items)
          assert.equal(j, rule.among(at, failed, items))
          assert.equal(j - 1, rule.among(at - 1, failed, items))
        end
      end
    end
  end)
end)

describe("tolerances", function()
  local function outcome(fields)
    local specification = { items = 1000, Concurrency = 10, item_duration = 1, failure_share = 0.1 }
    for name, value in pairs(fields) do
      specification[name] = value
    end
    local self = run(specification)
    local ends, status = map_run.ending(self)
    local final = counts(self, ends)
    return status, final.Failed, final.Aborted
  end

  it("allow no failure where none is set", function()
    assert.same({ "Failed", 1, 995 }, { outcome {} })
  end)

  it("are inclusive: as many failures as tolerated still succeed, one more ends the run", function()
    assert.same({ "Succeeded", 100, 0 }, { outcome { ToleratedFailedCount = 100 } })
    assert.same({ "Failed", 100, 5 }, { outcome { ToleratedFailedCount = 99 } })
    assert.same({ "Succeeded", 100, 0 }, { outcome { ToleratedFailedPercentage = 10 } })
    assert.same({ "Failed", 100, 5 }, { outcome { ToleratedFailedPercentage = 9.9 } })
  end)

  it("end the run when either of the two is exceeded", function()
    assert.same({ "Failed", 6, 945 }, { outcome { ToleratedFailedCount = 5, ToleratedFailedPercentage = 50 } })
    assert.same({ "Failed", 11, 895 }, { outcome { ToleratedFailedCount = 500, ToleratedFailedPercentage = 1 } })
  end)

  it("break at the moment the one failure too many happens, and the items that are left are Aborted", function()
    local self = run { items = 100, Concurrency = 10, item_duration = 1, failure_share = 0.1, failures = "first",
      ToleratedFailedCount = 4 }
    assert.equal("Running", map_run.describe(self, 0.49).Status)
    local over = map_run.describe(self, 0.5)
    assert.equal("Failed", over.Status)
    assert.same({ Pending = 0, Running = 0, Succeed = 0, Failed = 5, Aborted = 95, Total = 100 }, over.ItemCounts)
  end)

  it("can break with the very last item", function()
    assert.same({ "Failed", 100, 0 }, { outcome { failures = "last", ToleratedFailedCount = 99 } })
  end)
end)

describe("a change while it runs", function()
  it("of the concurrency changes the speed from then on", function()
    local self = run { items = 1000, Concurrency = 10, item_duration = 1 }
    assert.equal(20, map_run.update(self, { Concurrency = 20 }, 50).Concurrency)
    assert.same({ 75, "Succeeded" }, { map_run.ending(self) })
    assert.equal(400, counts(self, 40).Succeed)
    assert.equal(10, counts(self, 40).Running)
    assert.equal(700, counts(self, 60).Succeed)
    assert.equal(20, counts(self, 60).Running)
  end)

  it("keeps what it does not name", function()
    local self = run { items = 1000, Concurrency = 10, ToleratedFailedCount = 3 }
    local settings = map_run.update(self, { ToleratedFailedPercentage = 7.5 }, 1)
    assert.same({ at = 1, Concurrency = 10, ToleratedFailedCount = 3, ToleratedFailedPercentage = 7.5 }, settings)
  end)

  it("to a smaller tolerance ends a run that is beyond it already, at once", function()
    local self = run { items = 1000, Concurrency = 10, failure_share = 0.1, ToleratedFailedCount = 1000 }
    map_run.update(self, { ToleratedFailedCount = 5 }, 50)
    assert.same({ 50, "Failed" }, { map_run.ending(self) })
    assert.equal(50, counts(self, 60).Failed)
  end)

  it("to a larger tolerance saves a run that would have broken", function()
    local self = run { items = 1000, Concurrency = 10, failure_share = 0.1, ToleratedFailedCount = 50 }
    assert.equal("Failed", select(2, map_run.ending(self)))
    map_run.update(self, { ToleratedFailedCount = 100 }, 20)
    assert.equal("Succeeded", select(2, map_run.ending(self)))
  end)

  it("before it starts counts from the start", function()
    local self = run { items = 100, Concurrency = 1, item_duration = 1, pending = 10 }
    map_run.update(self, { Concurrency = 100 }, 5)
    assert.equal(11, (map_run.ending(self)))
  end)

  it("is refused once the run has ended", function()
    local self = run { items = 10, Concurrency = 10, item_duration = 1 }
    assert.is_nil(map_run.update(self, { Concurrency = 1 }, 1))
    assert.equal(1, #self.history)
  end)
end)

describe("an abort", function()
  it("stops the run where it is and aborts what is left", function()
    local self = run { items = 100, Concurrency = 10, item_duration = 1, abort_after = 5 }
    local over = map_run.describe(self, 6)
    assert.same({ "Aborted", 5 }, { over.Status, over.stopped })
    assert.same({ Pending = 0, Running = 0, Succeed = 50, Failed = 0, Aborted = 50, Total = 100 }, over.ItemCounts)
  end)

  it("before the start leaves no start time", function()
    local over = map_run.describe(run { pending = 5, abort_after = 1 }, 10)
    assert.equal("Aborted", over.Status)
    assert.is_nil(over.started)
    assert.equal(100, over.ItemCounts.Aborted)
  end)

  it("after the end changes nothing", function()
    local self = run { items = 10, Concurrency = 10, item_duration = 1 }
    map_run.abort(self, 2)
    assert.equal("Succeeded", map_run.describe(self, 3).Status)
  end)
end)

describe("a specification", function()
  local SHAPE = "shape must be the name of a shape or a list of corners [time share, item share]"
  local cases = {
    { { item = 1 }, "unknown field 'item'" },
    { { items = -1 }, "items must be a whole number from 0 to 10000000" },
    { { items = 1.5 }, "items must be a whole number from 0 to 10000000" },
    { { items = "3" }, "items must be a whole number from 0 to 10000000" },
    { { Concurrency = 0 }, "Concurrency must be a whole number from 1 to 1000000" },
    { { item_duration = 0 }, "item_duration must be seconds above 0" },
    { { item_duration = 1 / 0 }, "item_duration must be seconds above 0" },
    { { pending = -1 }, "pending must be seconds, 0 or more" },
    { { abort_after = 0 / 0 }, "abort_after must be seconds, 0 or more" },
    { { failure_share = 1.1 }, "failure_share must be a share from 0 to 1" },
    { { ToleratedFailedPercentage = 101 }, "ToleratedFailedPercentage must be a number from 0 to 100" },
    { { failures = "often" }, "failures must be spread, first or last" },
    { { shape = "round" }, SHAPE },
    { { shape = {} }, SHAPE },
    { { shape = { { "0.5", 1 } } }, SHAPE },
    { { shape = { 0.5, 1 } }, SHAPE },
    { { shape = { { 0.5, 0.9 }, { 0.4, 1 } } }, SHAPE },
    { { shape = { { 0.5, 0.9 }, { 1, 0.8 } } }, SHAPE },
    { { FlowName = "" }, "FlowName must be a name" },
    { { counts = 1 }, "counts must be true or false" },
  }

  it("that makes no sense is refused with its field and what that should be", function()
    for _, case in ipairs(cases) do
      local made, message = map_run.new(case[1], 0)
      assert.is_nil(made)
      assert.equal(case[2], message)
    end
  end)
end)
