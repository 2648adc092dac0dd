--- How a wait ends without the end of its run: at the deadline, after so many polls, cancelled.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local fake_platform = require "spec.support.fake_platform"
local operations = require "fnf.operations"

local wait, passing = fake_platform.wait, fake_platform.passing
local START = 1000
local ENDLESS = math.huge

describe("the deadline of a wait", function()
  it("ends it as a timeout, with the last answer and what was seen", function()
    local w, run, err = wait({ fake_platform.run { Status = "Pending" }, { status = 500, times = 3 },
      fake_platform.run({ Concurrency = 7 }, { times = ENDLESS }) }, { timeout = 60 })
    assert.is_nil(run)
    assert.same({ "timeout", "DescribeMapRun", true }, { err.kind, err.operation, err.retryable })
    assert.same({ 7, "Running" }, { err.last.Concurrency, err.last.Status })
    local observed = err.observed
    assert.same({ 1, 1 }, { observed.failures, observed.statuses.Pending })
    assert.equal(observed.polls, observed.statuses.Running + observed.statuses.Pending + observed.failures)
    assert.same({ protocol = 1 }, observed.errors)
    assert.is_truthy(tostring(err):find("no end in 60 seconds, still Running", 1, true), tostring(err))
    assert.equal(err, w:heard("done")[1].error)
  end)

  it("names the last trouble if there was never an answer", function()
    local _, run, err = wait({ { kind = "network", message = "connection refused", times = ENDLESS } },
      { timeout = 30 })
    assert.is_nil(run)
    assert.is_nil(err.last)
    assert.is_truthy(tostring(err):find("connection refused", 1, true), tostring(err))
  end)

  local NEVER = {
    { "a run that never ends", fake_platform.run() },
    { "a run that answers slowly", fake_platform.run({}, { takes = 0.7 }) },
    { "a server that hangs", { takes = 1e9 } },
    { "a throttle with a long hint", fake_platform.refusal(429, "X", "x", { ["retry-after"] = "500" }) },
    { "an outage", { status = 503 } },
    { "an unreachable host", { kind = "network", message = "x", takes = 0.2 } },
  }
  for _, row in ipairs(NEVER) do
    it("is never passed, nor far from reached: " .. row[1], function()
      for timeout = 0.05, 130, 6.13 do
        for _, min_delay in ipairs { 0.01, 3, 40 } do
          local w, run, err = wait({ passing(row[2], ENDLESS) }, { timeout = timeout, min_delay = min_delay })
          assert.is_nil(run)
          assert.equal("timeout", err.kind)
          local took = w.clock - START
          assert.is_true(took <= timeout + 1e-6, ("%g > %g"):format(took, timeout))
          assert.is_true(took >= timeout - 1 - 1e-6 or took >= timeout * 0.89, ("%g << %g"):format(took, timeout))
          assert.is_true(#w.sent >= 1)
          for _, sent in ipairs(w.sent) do
            assert.is_true(sent.at + sent.timeout <= START + timeout + 1e-6)
          end
        end
      end
    end)
  end

  it("is reached in sleep by an initial delay that is longer", function()
    local w, run, err = wait({}, { timeout = 5, initial_delay = 50 })
    assert.is_nil(run)
    assert.same({ "timeout", 0, START + 5 }, { err.kind, #w.sent, w.clock })
  end)

  it("is preceded by a last poll", function()
    local w = wait({ fake_platform.run({}, { times = ENDLESS }) }, { timeout = 100, min_delay = 30, max_delay = 30 })
    assert.is_true(START + 100 - w.sent[#w.sent].at <= 1.5)
    for timeout, reserve in pairs { [95] = 1, [5] = 0.5 } do -- a second, or the tenth of a short wait
      local polled = wait({ fake_platform.run({}, { times = ENDLESS }) },
        { timeout = timeout, min_delay = 30, max_delay = 30 })
      assert.is_true(math.abs(START + timeout - reserve - polled.sent[#polled.sent].at) < 1e-6)
    end
  end)

  it("lets a hint put off the next poll, by a minute at most", function()
    for hint, seconds in pairs { ["45"] = 45, ["59"] = 59, ["3600"] = 60 } do
      local w = wait({ fake_platform.refusal(429, "ResourceThrottled", "x", { ["retry-after"] = hint }),
        fake_platform.run { Status = "Succeeded" } }, { max_delay = 5 }, { max_attempts = 1 })
      assert.same({ seconds }, w.sleeps)
    end
  end)

  it("is absent unless given, except for a wait that never had one answer", function()
    local w, run, err = wait { { kind = "network", message = "refused", times = ENDLESS } }
    assert.is_nil(run)
    assert.equal("timeout", err.kind)
    assert.is_true(w.clock - START >= 300 and w.clock - START < 400)
  end)

  it("is five minutes then, and ten seconds for a name that nobody knows", function()
    for fault, seconds in pairs { refused = 300, unresolved = 10 } do
      local script, each_second = { { fault = fault, times = ENDLESS } }, { min_delay = 1, max_delay = 1 }
      local w, run = wait(script, each_second, { max_attempts = 1 })
      assert.is_nil(run)
      assert.equal(START + seconds, w.clock)
    end
  end)
end)

describe("the polls of a wait", function()
  for _, most in ipairs { 1, 2, 5 } do
    it(("are at most %d if told so, without a sleep after the last"):format(most), function()
      local w, run, err = wait({ fake_platform.run({}, { times = ENDLESS }) }, { max_polls = most })
      assert.is_nil(run)
      assert.same({ "timeout", most, most - 1, most }, { err.kind, #w.sent, #w.sleeps, err.observed.polls })
      assert.equal("Running", err.last.Status)
    end)
  end
end)

--- Answers of a run whose counts at the n-th poll are `counts(n)`; a poll takes a broken part of a second.
local function counted(counts, fields)
  local polls = 0
  return { function()
    polls = polls + 1
    local run = { ItemCounts = counts(polls) }
    for name, value in pairs(fields or {}) do
      run[name] = value
    end
    return fake_platform.run(run, { takes = 0.137 })
  end }
end

describe("a wait told how long a run may stall", function()
  local function frozen() return { Total = 10, Succeed = 3, Running = 2 } end

  for _, seconds in ipairs { 1.5, 60, 601 } do
    it(("gives up once nothing has moved for %g s"):format(seconds), function()
      local w, run, err = wait(counted(frozen), { stall_after = seconds, max_delay = 20 })
      assert.is_nil(run)
      assert.same({ "timeout", "Running", true }, { err.kind, err.last.Status, err.retryable })
      assert.is_truthy(tostring(err):find("no item started or ended in %d+ seconds, still Running"), tostring(err))
      local took = w.clock - START
      assert.is_true(took >= seconds and took <= seconds + 25, took)
    end)
  end

  it("gives up at that very second", function()
    local w, _, err = wait({ fake_platform.run({ ItemCounts = frozen() }, { times = ENDLESS }) },
      { stall_after = 6, min_delay = 2, max_delay = 2 })
    assert.same({ START + 6, true }, { w.clock, err.stalled })
  end)

  it("goes on while items start or end, and where there are no counts", function()
    local function moving(poll) return { Total = 1000, Succeed = poll, Running = 2 } end
    local function starting(poll) return { Total = 1000, Succeed = 3, Running = 2 + poll } end
    for _, counts in ipairs { moving, starting, function() end } do
      local _, _, err = wait(counted(counts), { stall_after = 10, max_delay = 4, timeout = 300 })
      assert.is_truthy(tostring(err):find("no end in 300 seconds", 1, true), tostring(err))
    end
  end)

  it("says so in a field, too", function()
    local function freezing(poll) return { Total = 999, Succeed = 50 * math.min(poll, 6), Running = 5 } end
    local _, _, err = wait(counted(freezing), { stall_after = 60, max_delay = 3 })
    assert.same({ "timeout", true }, { err.kind, err.stalled })
  end)

  it("is told of a stall before that", function()
    local stalled = {}
    local function freezing(poll) return { Total = 999, Succeed = 50 * math.min(poll, 6), Running = 5 } end
    local w = wait(counted(freezing), { stall_after = 60, max_delay = 3, on_progress = function(_, progress)
      stalled[#stalled + 1] = progress:stalled()
    end })
    assert.equal(#stalled, #w:heard "stall")
    assert.is_true(stalled[1] < 40 and stalled[#stalled] >= 60, stalled[1])
  end)
end)

describe("a wait that is to fail fast", function()
  local function failing(poll) return { Total = 100, Succeed = 10 * poll, Failed = 2 * poll, Running = 5 } end

  local ROWS = { -- limits of the run, failed items when it ends (nil: it does not)
    { { ToleratedFailedCount = 3 }, 4 },
    { { ToleratedFailedPercentage = 5 }, 6 },
    { { ToleratedFailedCount = 3, ToleratedFailedPercentage = 7 }, 8 }, -- how the two combine is not documented
    { {}, 2 },
    { { ToleratedFailedCount = 99 }, nil },
  }
  for i, row in ipairs(ROWS) do
    it(("returns the run as soon as more items failed than it may tolerate, row %d"):format(i), function()
      local _, run, err = wait(counted(failing, row[1]), { fail_fast = true, timeout = 20, max_delay = 2 })
      if row[2] then
        assert.same({ "Running", row[2] }, { run.Status, run.ItemCounts.Failed })
      else
        assert.equal("timeout", err.kind)
      end
      local _, unasked = wait(counted(failing, row[1]), { timeout = 20, max_delay = 2 })
      assert.is_nil(unasked)
    end)
  end
end)

describe("a cancelled wait", function()
  it("has not polled if it was cancelled before", function()
    local w, run, err = wait({}, { cancel = function() return true end })
    assert.is_nil(run)
    assert.same({ 0, "cancelled", true }, { #w.sent, err.kind, errors.is(err) })
  end)

  it("ends within a fifth of a second of sleep, and counts no failure", function()
    local w = fake_platform.new { fake_platform.run({ Concurrency = 3 }, { times = ENDLESS }) }
    local run, err = w:client():wait_map_run(fake_platform.names, { cancel = function()
      return w.clock >= START + 77
    end })
    assert.is_nil(run)
    assert.same({ "cancelled", 3, 0, "DescribeMapRun" },
      { err.kind, err.last.Concurrency, err.observed.failures, err.operation })
    assert.is_true(w.clock - START - 77 <= 0.2)
    assert.same({}, w:heard "warning")
  end)

  it("ends between the attempts of one poll, too", function()
    local w = fake_platform.new { fake_platform.refusal(429, "X", "x", { ["retry-after"] = "50" }) }
    local run, err = w:client():wait_map_run(fake_platform.names, { cancel = function()
      return w.clock >= START + 20
    end })
    assert.is_nil(run)
    assert.equal("cancelled", err.kind)
    assert.is_true(w.clock - START <= 20.2)
  end)
end)

describe("a wait observes", function()
  it("12.14: clock refusals on either side of another fault as misses", function()
    local skewed = fake_platform.refusal(403, "RequestTimeTooSkewed", "x", { Date = "Mon, 21 Sep 2026 20:49:37 GMT" })
    for _, code in ipairs { "clock", "nonce" } do
      local refused = code == "clock" and skewed or fake_platform.refusal(400, "SignatureNonceUsed")
      local w, run, err = wait({ fake_platform.run(), refused, { status = 503 }, refused, fake_platform.run(),
        fake_platform.run { Status = "Succeeded" } })
      assert.equal("Succeeded", run and run.Status, tostring(err))
      assert.equal(6, #w.sent)
    end
  end)

  it("12.14: a clock that no Date mends as what cannot heal, after a few", function()
    local w, run, err = wait({ fake_platform.run(), fake_platform.passing(fake_platform.refusal(403,
      "RequestTimeTooSkewed", "x", { Date = "Mon, 21 Sep 2026 20:49:37 GMT" }), 100) }, {})
    assert.is_nil(run)
    assert.same({ "RequestTimeTooSkewed", 3, 4 }, { err.code, err.observed.failures, err.observed.polls })
    assert.is_true(#w.sent <= 8, #w.sent)
  end)

  it("12.16: sixteen different statuses and codes by name, the others as other, and cuts long names", function()
    local script, checkpoint = {}, nil
    for i = 1, 60 do
      script[#script + 1] = fake_platform.run { Status = "S" .. i .. ("x"):rep(10000) }
      script[#script + 1] = fake_platform.refusal(503, "C" .. i .. ("\195\164"):rep(5000))
    end
    local w = fake_platform.new(script)
    local _, err = w:client { max_attempts = 1 }:wait_map_run(fake_platform.names, { max_polls = 120,
      on_progress = function(_, _, waiting)
        checkpoint = waiting:checkpoint()
      end })
    for _, counts in ipairs { err.observed.statuses, err.observed.errors } do
      local names, sum = 0, 0
      for name, count in pairs(counts) do
        names, sum = names + 1, sum + count
        assert.is_true(#name <= 64)
      end
      assert.same({ 17, 60, 44 }, { names, sum, counts.other })
      local cut = counts == err.observed.statuses and "S1" .. ("x"):rep(62) or "C1" .. ("\195\164"):rep(30)
      assert.equal(1, counts[cut])
    end
    assert.is_true(#checkpoint < 8192, #checkpoint)
    local later = fake_platform.new { fake_platform.run { Status = "Succeeded" } }
    local run, why = later:client():resume(checkpoint)
    assert.equal("Succeeded", run and run.Status, tostring(why))
  end)
end)

describe("12.19: until_status", function()
  local SLIPS = { { "Succeded", "Succeeded" }, { "Suceded", "Succeeded" }, { "Succeed", "Succeeded" },
    { "succeeded", "Succeeded" }, { "Runnign", "Running" }, { "FAILED", "Failed" } }
  for i, row in ipairs(SLIPS) do
    it(("that is almost a known status raises with that one, row %d"):format(i), function()
      local done, message = pcall(function()
        fake_platform.new({}):client():wait_map_run(fake_platform.names, { until_status = { "Running", row[1] } })
      end)
      assert.is_false(done)
      assert.is_truthy(message:find("^%S*wait_end_spec%.lua:%d+: wait_map_run: option until_status"), message)
      assert.is_truthy(message:find(("did you mean %s?"):format(row[2]), 1, true), message)
    end)
  end

  it("may be a status that is newer than this library", function()
    for _, status in ipairs { "Suspended", "Skipped", "Paused", "Pausing", "Aborting", "Stopping", "Started", "Waiting",
      "Cancelled", "Queued", "Abort", "", "Retrying", "Aborteded" } do
      local _, run = wait({ fake_platform.run { Status = status ~= "" and status or "Succeeded" } },
        { until_status = status })
      assert.is_truthy(run)
    end
  end)

  it("is held to the statuses of what is polled", function()
    local client = fake_platform.new({}):client()
    local function raised(name, ...)
      return select(2, pcall(client[name], client, ...))
    end
    local names = { FlowName = "f", ExecutionName = "e" }
    local message = raised("wait_execution", names, { until_status = "Stoped" })
    assert.is_truthy(message:find("did you mean Stopped?", 1, true))
    assert.is_truthy(raised("resume", "x", { until_status = "Succeded" }):find("did you mean Succeeded?", 1, true))
    assert.is_truthy(raised("wait_map_runs", {}, { until_status = "Faild" }):find("did you mean Failed?", 1, true))
  end)
end)

describe("a wait for a wrong address", function()
  it("15.2: ends in seconds, with or without a timeout, with what is wrong", function()
    for _, options in ipairs { {}, { timeout = 3600 } } do
      local w, run, err = wait({ { fault = "unresolved", times = ENDLESS } }, options)
      assert.is_nil(run)
      assert.equal("network", err.kind)
      assert.truthy(tostring(err):find("Could not resolve host", 1, true))
      assert.is_true(w.clock - START >= 10 and w.clock - START < 30, w.clock - START)
      assert.is_true(err.observed.polls >= 3)
    end
  end)

  it("goes on where it has no limit to its first answer, as in the background of a machine that starts", function()
    local cloud = fake_platform.new { { fault = "unresolved", times = 20 }, fake_platform.run { Status = "Succeeded" } }
    local client = cloud:client { max_attempts = 1 }
    local run = require("fnf.wait.wait").run(client, operations.describe_map_run, fake_platform.names,
      { first_answer = math.huge })
    assert.equal("Succeeded", run and run.Status)
    assert.is_true(cloud.clock - START > 30)
  end)

  it("gives name servers some seconds to come back, and as long as it likes once it was answered", function()
    local _, run = wait({ { fault = "unresolved", times = 4 }, fake_platform.run { Status = "Succeeded" } }, {})
    assert.equal("Succeeded", run.Status)
    _, run = wait({ fake_platform.run(), { fault = "unresolved", times = 60 },
      fake_platform.run { Status = "Succeeded" } }, {})
    assert.equal("Succeeded", run.Status)
  end)
end)
