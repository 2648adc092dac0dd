--- Waits: what they survive, and what ends them at once.
-- SPDX-License-Identifier: MIT

local fake_platform = require "spec.support.fake_platform"
local operations = require "fnf.operations"

local wait, passing = fake_platform.wait, fake_platform.passing
local START = 1000

local function counts(done, total)
  return { Succeed = done, Failed = 0, Aborted = 0, Running = 1, Pending = total - done - 1, Total = total }
end

local DONE = fake_platform.run { Status = "Succeeded", ItemCounts = counts(9, 10) }

describe("a wait", function()
  for _, status in ipairs { "Succeeded", "Failed", "Aborted" } do
    it("returns the description of a run that has " .. status, function()
      local w, run = wait { fake_platform.run(), fake_platform.run { Status = "Pending" },
        fake_platform.run { Status = status } }
      assert.equal(status, run.Status)
      assert.equal(3, #w.sent)
      assert.same({ "DescribeMapRun", status, 3 },
        { w:heard("done")[1].operation, w:heard("done")[1].status, w:heard("done")[1].polls })
    end)
  end

  it("counts the polls that failed since the last answer, and all that did", function()
    local w, run, err = wait({ { status = 503, times = 3 }, fake_platform.run(), { status = 503 },
      fake_platform.run({}, { times = math.huge }) }, { timeout = 90 }, { max_attempts = 1 })
    assert.is_nil(run)
    local misses = {}
    for i, warning in ipairs(w:heard "warning") do
      misses[i] = warning.misses
    end
    assert.same({ { 1, 2, 3, 1 }, 4 }, { misses, err.observed.failures })
    assert.equal("no end in 90 seconds, still Running", err.message)
  end)

  it("goes on with its plan after a poll that failed, from when it was last answered", function()
    local cloud = fake_platform.new {}
    local started = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(cloud.platform.time() - 100))
    local run = { StartedTime = started, ItemCounts = counts(500, 1000) }
    local w = wait({ fake_platform.run(run), { status = 503 }, DONE }, {}, { max_attempts = 1 })
    local seen, limits, random = require("fnf.wait.progress").new(), { min_delay = 0.4, max_delay = 120 },
      cloud.platform.random()
    seen:see(run, 0, 100)
    assert.is_true(math.abs(w.sleeps[1] - seen:next_poll(0, limits, random, 0)) < 1e-6)
    assert.is_true(math.abs(w.sleeps[2] - seen:next_poll(1, limits, random, w.sleeps[1])) < 1e-6)
    assert.is_true(w.sleeps[2] < w.sleeps[1]) -- which is twice what is left of the way
  end)

  it("knows the age of a run that began five seconds to a year ago, by what the service says", function()
    for _, row in ipairs { { 4, 0 }, { 5, 5 }, { 100, 100 }, { 366 * 86400, 0 }, { -50, 0 } } do
      local seen
      local cloud = fake_platform.new {}
      local started = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(cloud.platform.time() - row[1]))
      wait({ fake_platform.run { StartedTime = started, ItemCounts = counts(1, 10) },
        fake_platform.run { Status = "Succeeded", ItemCounts = counts(9, 10) } },
        { on_progress = function(_, progress) seen = seen or progress:seconds() end })
      assert.is_true(math.abs(seen - row[2]) < 1, seen)
    end
  end)

  it("takes no status for an end that it does not know", function()
    local _, run = wait { fake_platform.run { Status = "Pausing" }, fake_platform.run { Status = "succeeded" },
      fake_platform.run { Status = "TimedOut" }, DONE }
    assert.equal("Succeeded", run.Status)
  end)

  it("leaves the quota to others once it has ended, while somebody still looks at it", function()
    local ended, kept = fake_platform.run { Status = "Succeeded", Name = "nightly-1" }, nil
    local client = fake_platform.new { ended }:client { rate_limit = { rate = 0.1, burst = 10 } }
    assert(client:wait_execution({ FlowName = "orders", ExecutionName = "nightly-1" }, {
      on_progress = function(_, _, waiting)
        kept = waiting
      end }))
    local limits = { min_delay = 0.4, max_delay = 120 }
    assert.is_true(kept and client:rate_limiter(operations.describe_execution):limits(limits) == limits)
  end)

  it("polls once, and does not sleep when the first poll is the last", function()
    local w = wait { DONE }
    assert.same({ 1, 0, START }, { #w.sent, #w.sleeps, w.sent[1].at })
  end)

  it("trusts no age of a run that is mostly the rounding of its StartedTime", function()
    local started = require("fnf.time").timestamp(fake_platform.new().wall + START - 1.4)
    local w = wait { fake_platform.run { StartedTime = started, ItemCounts = counts(7, 600) }, DONE }
    assert.is_true(w.sleeps[1] <= 3, w.sleeps[1])
  end)

  it("of six hours takes a moment, and few polls", function()
    local started = os.clock()
    local ending = START + 6 * 3600
    local w, run = wait { function(_, self)
      return self.clock >= ending and DONE or fake_platform.run { ItemCounts = counts(1, 10) }
    end }
    assert.equal("Succeeded", run.Status)
    assert.is_true(os.clock() - started < 1)
    assert.is_true(#w.sent < 6 * 3600 / 20 and #w.sent > 100)
    assert.is_true(w.clock - ending <= 120)
    table.sort(w.sleeps)
    assert.equal(120, w.sleeps[#w.sleeps])
  end)

  local UNTIL = { { "Running", 1 }, { { "Running" }, 1 }, { { "Pending", "Running" }, 1 }, { {}, 2 }, { "Paused", 2 } }
  for i, row in ipairs(UNTIL) do
    it(("ends at a status it was told, besides the final ones, row %d"):format(i), function()
      local w, run = wait({ fake_platform.run(), DONE }, { until_status = row[1] })
      assert.same({ row[2], row[2] == 1 and "Running" or "Succeeded" }, { #w.sent, run.Status })
    end)
  end

  it("leaves between polls what the options say", function()
    local w = wait({ fake_platform.run({}, { times = 40 }), DONE }, { initial_delay = 7, min_delay = 2, max_delay = 9 })
    assert.same({ START + 7, 7 }, { w.sent[1].at, w.sleeps[1] })
    for i = 2, #w.sleeps do
      assert.is_true(w.sleeps[i] >= 2 and w.sleeps[i] <= 9)
    end
    assert.is_true(w.sleeps[#w.sleeps] > 5)
  end)

  it("leaves 0.4 s between polls, though items end in less", function()
    local w, run = wait { function(_, cloud) -- a thousand a second
      local done = math.min(10000, math.floor(1000 * (cloud.clock - START)))
      return cloud.clock >= START + 11 and DONE
        or fake_platform.run { ItemCounts = { Total = 10000, Succeed = done, Running = math.min(10, 10000 - done) } }
    end }
    assert.equal("Succeeded", run and run.Status)
    table.sort(w.sleeps)
    assert.is_true(math.abs(w.sleeps[1] - 0.4) < 1e-6)
  end)

  it("goes on at the shortest of delays", function()
    local w, run = wait({ fake_platform.run({}, { times = 3 }), DONE }, { min_delay = 0.01, max_delay = 0.01 })
    assert.same({ 4, 3, "Succeeded" }, { #w.sent, #w.sleeps, run and run.Status })
  end)

  it("tells of every answer, with the counts", function()
    local seen = {}
    local w = wait({ fake_platform.run { ItemCounts = counts(2, 10) }, { status = 500 },
      fake_platform.run { ItemCounts = counts(5, 10) }, DONE }, { on_progress = function(run, progress)
      seen[#seen + 1] = ("%s %d/%d"):format(run.Status, progress.done, progress.total)
    end })
    assert.same({ "Running 2/10", "Running 5/10", "Succeeded 9/10" }, seen)
    assert.same({ 3, 3 }, { #w:heard "progress", #w:heard "poll" })
  end)

  it("lets an error of on_progress through, as it was raised", function()
    local w = fake_platform.new { fake_platform.run() }
    local done, raised = pcall(w:client().wait_map_run, w:client(), fake_platform.names, { on_progress = function()
      error { mine = true }
    end })
    assert.is_false(done)
    assert.same({ mine = true }, raised)
  end)

  it("ends although on_progress or a listener changes what it is given", function()
    for _, way in ipairs { "on_progress", "on_event" } do
      local cloud = fake_platform.new { fake_platform.run { Status = "Running" },
        fake_platform.run { Status = "Succeeded" } }
      local client = cloud:client { on_event = way == "on_event" and function(_, fields)
        if fields.run then
          fields.run.Status, fields.run.ItemCounts = "done", false
        end
      end or nil }
      local run = assert(client:wait_map_run(fake_platform.names, { timeout = 60, on_progress = way == "on_progress"
        and function(seen) seen.Status, seen.ItemCounts = "done", false end or nil }))
      assert.same({ "done", 2 }, { run.Status, #cloud.sent })
    end
  end)

  it("4: goes by the options it was given, inherited ones too, whatever becomes of their table", function()
    for _, others in ipairs { true, false } do
      local options = setmetatable({ others = others, stall_after = 1000 }, { __index = { max_polls = 3 } })
      function options.on_progress()
        options.stall_after, options.until_status, options.fail_fast, options.cancel = "never", 5, "yes", true
        options.max_polls, options.on_progress = 1, 7
      end
      local w = fake_platform.new { fake_platform.passing(fake_platform.run { ItemCounts = { Total = 9 } }, 9) }
      local _, err = w:client():wait_map_run(fake_platform.names, options)
      assert.equal("no end after 3 polls, still Running", err.message)
    end
  end)

  it("takes options whose metatable is hidden", function()
    local options = setmetatable({}, { __index = { max_polls = 2 }, __metatable = "hidden" })
    local w = fake_platform.new { fake_platform.passing(fake_platform.run { ItemCounts = { Total = 9 } }, 9) }
    local _, err = w:client():wait_map_run(fake_platform.names, options)
    assert.equal("no end after 2 polls, still Running", err.message)
  end)

  it("leaves the caller's tables as they are, and asks for what was asked first", function()
    local params = { FlowName = "orders", ExecutionName = "nightly-1", MapRunName = fake_platform.names.MapRunName }
    local options = { timeout = 100, until_status = { "Paused" }, on_progress = function()
      params.MapRunName = "another"
    end }
    local w = fake_platform.new { fake_platform.run(), DONE }
    assert(w:client():wait_map_run(params, options))
    assert.same({ "Paused" }, options.until_status)
    assert.equal(fake_platform.names.MapRunName, w.sent[2].query.MapRunName)
  end)
end)

describe("counts that somebody wrote down", function()
  local wait_module = require "fnf.wait.wait"

  local function named(names, size)
    local counts_by_name = {}
    for i = 1, names do
      counts_by_name[("x"):rep(size - 2) .. ("%02d"):format(i)] = i
    end
    return counts_by_name
  end

  it("are those of a wait up to sixteen names and the others, of 64 bytes, and up to 2^52", function()
    for _, counted in ipairs { {}, named(17, 64), { a = 0 }, { a = 2 ^ 52 } } do
      assert.is_true(wait_module.are_counts(counted))
    end
    for _, counted in ipairs { named(18, 64), named(1, 65), { a = -1 }, { a = 2 ^ 52 + 1 }, { a = 0.5 }, { a = "1" },
      { 1 } } do
      assert.is_false(wait_module.are_counts(counted))
    end
  end)
end)

describe("a wait survives", function()
  local PASSING = {
    { "500", { status = 500 } },
    { "500 in HTML", { status = 500, body = "<html>" } },
    { "502", { status = 502, body = "<html>Bad Gateway" } },
    { "503", fake_platform.refusal(503, "ServiceUnavailable") },
    { "InternalServerError", fake_platform.refusal(500, "InternalServerError") },
    { "PreconditionFailed", fake_platform.refusal(412, "PreconditionFailed") },
    { "a reset", { kind = "network", message = "connection reset by peer" } },
    { "a name that cannot be resolved", { kind = "network", message = "no such host", sent = false } },
    { "a timeout", { takes = 1e6 } },
    { "a TLS handshake cut short", { kind = "tls", message = "EOF" } },
    { "ResourceThrottled", fake_platform.refusal(429, "ResourceThrottled") },
    { "Throttling.User", fake_platform.refusal(400, "Throttling.User") },
    { "429 of nobody we know", { status = 429, body = "slow down" } },
    { "a hint of a day", fake_platform.refusal(429, "ResourceThrottled", "x", { ["retry-after"] = "86400" }) },
    { "HTML", { body = "<html><title>Login</title>" } },
    { "nothing", { body = "" } },
    { "a cut answer", { body = '{"Status":"Succee' } },
    { "a cut connection", { kind = "protocol", message = "transfer closed with 12 bytes remaining" } },
    { "another MapRun", fake_platform.run { Status = "Succeeded", MapRunName = "other" } },
    { "a deep answer", { body = '{"Status":"Succeeded","D":' .. ("["):rep(1000) .. ("]"):rep(1000) .. "}" } },
    { "a huge answer", { kind = "protocol", message = "a body of more than 8 MiB" } },
    { "an array", { body = '[{"Status":"Succeeded"}]' } },
    { "no status", { body = '{"MapRunName":"' .. fake_platform.names.MapRunName .. '"}' } },
    { "a redirect", { status = 302, headers = { location = "https://elsewhere/" } } },
    { "a nonce taken for used", fake_platform.refusal(400, "SignatureNonceUsed") },
  }
  for _, row in ipairs(PASSING) do
    for _, times in ipairs { 1, 8 } do
      if not (row[1]:find("nonce") and times > 1) then
        it(("%s, %d times, before the first answer and after it"):format(row[1], times), function()
          local first, end_of_first, why = wait { passing(row[2], times), DONE }
          assert.equal("Succeeded", end_of_first and end_of_first.Status, tostring(why))
          assert.equal(times + 1, #first.sent)
          local w, run, err = wait { fake_platform.run(), passing(row[2], times), DONE }
          assert.equal("Succeeded", run and run.Status, tostring(err))
          assert.equal(times + 2, #w.sent)
        end)
      end
    end
  end

  it("any of them all in a row, for as long as it takes", function()
    local script = { fake_platform.run() }
    for _, row in ipairs(PASSING) do
      if not row[1]:find("nonce") then
        script[#script + 1] = passing(row[2], 3)
        script[#script + 1] = fake_platform.run()
      end
    end
    script[#script + 1] = DONE
    local _, run, err = wait(script)
    assert.equal("Succeeded", run and run.Status, tostring(err))
  end)

  it("a clock that was set wrong in its middle, even with a single attempt a poll", function()
    local w, run = wait({ fake_platform.run(),
      fake_platform.refusal(403, "RequestTimeTooSkewed", "x", { Date = "Mon, 21 Sep 2026 20:49:37 GMT" }), DONE }, {},
      { max_attempts = 1 })
    assert.equal("Succeeded", run and run.Status)
    assert.is_truthy(w.sent[3].query.Timestamp:find("^2026%-09%-21T2"))
  end)
end)

describe("a page of something between", function()
  local PAGE = { status = 403, body = "<html>blocked</html>" }

  it("12.16: ends a wait that had no answer yet, with one request", function()
    local cloud, run, err = wait { PAGE }
    assert.is_nil(run)
    assert.same({ "protocol", 403, 1 }, { err.kind, err.status, #cloud.sent })
  end)

  it("12.16: does not end one that the service has answered", function()
    local cloud, run = wait { fake_platform.run(), PAGE, PAGE, DONE }
    assert.equal("Succeeded", run and run.Status)
    assert.equal(4, #cloud.sent)
  end)
end)

describe("a wait ends at once", function()
  local ENDING = {
    { "403 AccessDenied", fake_platform.refusal(403, "AccessDenied"), "service" },
    { "403 InvalidAccessKeyID", fake_platform.refusal(403, "InvalidAccessKeyID"), "service" },
    { "403 SignatureNotMatch", fake_platform.refusal(403, "SignatureNotMatch"), "service" },
    { "403 of an unknown code", fake_platform.refusal(403, "Odd"), "service" },
    { "403 RequestTimeTooSkewed that no Date mends", fake_platform.refusal(403, "RequestTimeTooSkewed"), "service" },
    { "400 InvalidArgument", fake_platform.refusal(400, "InvalidArgument"), "service" },
    { "400 MissingRequiredParams", fake_platform.refusal(400, "MissingRequiredParams"), "service" },
    { "404 FlowNotExists", fake_platform.refusal(404, "FlowNotExists"), "service" },
    { "404 ExecutionNotExists", fake_platform.refusal(404, "ExecutionNotExists"), "service" },
    { "415 UnsupportedMediaType", fake_platform.refusal(415, "UnsupportedMediaType"), "service" },
    { "a bad certificate", { kind = "tls", message = "self-signed certificate", retryable = false }, "tls" },
  }
  for _, row in ipairs(ENDING) do
    it("by " .. row[1], function()
      local w, run, err = wait({ row[2] }, { timeout = 600 })
      assert.is_nil(run)
      assert.same({ row[3], 1, 0 }, { err.kind, #w.sent, #w.sleeps })
      assert.same({ polls = 1, failures = 1, statuses = {}, errors = { [err.code or err.kind] = 1 } }, err.observed)
      assert.is_nil(err.last)
      assert.equal(err, w:heard("done")[1].error)
    end)
    it(("by %s, with the last answer"):format(row[1]), function()
      local w, run, err = wait({ fake_platform.run { Status = "Running", Concurrency = 5 }, row[2] }, { timeout = 600 })
      assert.is_nil(run)
      assert.same({ 2, 5, "DescribeMapRun" }, { #w.sent, err.last.Concurrency, err.operation })
      assert.same({ Running = 1 }, err.observed.statuses)
    end)
  end
end)
