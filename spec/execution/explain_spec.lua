--- Why items of a MapRun failed, in one report.
-- SPDX-License-Identifier: MIT

local failed_run = require "spec.support.failed_run"
local fake_platform = require "spec.support.fake_platform"

local function explain(cloud, options)
  return cloud:client { rate_limit = false }:explain_map_run(fake_platform.names, options)
end

--- Three kinds: every tenth a full disk, every odd one a timeout, the rest bad orders.
local function kinds(name)
  local number = tonumber(name:match("%d+"))
  if number % 10 == 0 then
    return '{"error":"DiskFull"}'
  elseif number % 2 == 1 then
    return ('{"error":"Timeout","cause":"no answer from 10.0.0.%d in %d ms"}'):format(number % 250, 3000 + number)
  end
  return ('{"error":"BadOrder","cause":"order \\"A-%d\\" has no price"}'):format(number)
end

local function lines(text)
  local _, count = text:gsub("\n", "")
  return count + 1
end

describe("explain_map_run", function()
  it("counts by error and common form, with examples", function()
    local report = assert(explain(failed_run.new { failed = 100, history = kinds,
      run = { ToleratedFailedCount = 50 } }))
    local groups = {}
    for index, group in ipairs(report.groups) do
      groups[index] = ("%d %s %s, %d examples"):format(group.count, group.Error, group.form, #group.examples)
    end
    assert.same({ "50 Timeout no answer from N in N ms, 3 examples",
      "40 BadOrder order '...' has no price, 3 examples", "10 DiskFull , 3 examples" }, groups)
    assert.same({ "child:1", '{"id":1}', "no answer from 10.0.0.1 in 3001 ms" }, { report.groups[1].examples[1].Name,
      report.groups[1].examples[1].Input, report.groups[1].examples[1].Cause })
    assert.same({ 100, 100, false, true, {} }, { report.failed, report.sampled, report.even, report.complete,
      report.warnings })
    assert.same({ 50, 2 }, { report.tolerated, report.tolerance_used })
    assert.same({ "2026-11-28T01:00:01.000Z", "2026-11-28T01:00:59.000Z", 1 }, { report.first_failure,
      report.last_failure, report.first_after })
    assert.same({ 59, 3, "child:58" }, { report.slowest[1].seconds, #report.slowest, report.slowest[1].Name })
  end)

  it("is a text of a screen", function()
    local text = tostring(assert(explain(failed_run.new { failed = 100, history = kinds,
      run = { ToleratedFailedCount = 50 } })))
    assert.truthy(text:find("100 of 1000 items failed", 1, true), text)
    assert.truthy(text:find("200 %", 1, true), text)
    assert.truthy(text:find('  50  Timeout: no answer from N in N ms\n       such as child:1  {"id":1}', 1, true),
      text)
  end)

  for _, stopped in ipairs { "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59+14:00" } do
    it("3: is a text of a child that stopped at " .. stopped, function()
      local report = require("fnf.execution.report").new(fake_platform.names)
      report:see { Name = "child", StoppedTime = stopped }
      assert.equal(stopped, report.last_failure)
      assert.truthy(tostring(report:finish()):find("last at " .. stopped, 1, true))
    end)
  end

  it("is a text, whatever number of items the service tolerates", function()
    for given, shown in pairs { [2.25] = "2", [1e300] = "4503599627370496" } do
      local text = tostring(assert(explain(failed_run.new { failed = 1, history = kinds,
        run = { ToleratedFailedCount = given } })))
      assert.truthy(text:find("tolerated: " .. shown, 1, true), text)
    end
  end)

  it("compares with any number of failed items that the service tells", function()
    for told, shown in pairs { [2.25] = "1 of 2 ", [1e300] = "1 of 1" } do
      local report = assert(explain(failed_run.new { failed = 1, history = kinds,
        run = { ItemCounts = { Total = 5, Failed = told } } }))
      assert.truthy(report.warnings[1]:find("ListExecutions lists " .. shown, 1, true), report.warnings[1])
    end
  end)

  it("stays a screen however long, many and odd the causes are", function()
    local steering = ("\\u001b[31m\\u0007\\u009b"):rep(300)
    local report = assert(explain(failed_run.new { failed = 200, history = function(name)
      local letter = string.char(65 + tonumber(name:match("%d+")) % 26)
      return ('{"error":"E%s %s","cause":"%s"}'):format(letter, steering, steering)
    end }))
    local text = tostring(report)
    assert.is_true(lines(text) <= 24, lines(text) .. " lines")
    for line in text:gmatch("[^\n]+") do
      assert.is_true(#line <= 113, line)
      assert.is_nil(line:find("%c"))
      assert.is_nil(line:find("\194[\128-\159]"))
    end
    assert.truthy(text:find("more kinds", 1, true))
  end)

  it("looks at an even sample beyond the limit, and says so", function()
    local cloud = failed_run.new { failed = 500, history = kinds }
    local report = assert(explain(cloud, { limit = 50 }))
    assert.same({ 500, 50, true, 50 }, { report.failed, report.sampled, report.even, cloud.asked.GetExecutionHistory })
    assert.truthy(tostring(report):find("50 of the 500 failed ones, evenly chosen", 1, true))
  end)

  it("is empty where nothing failed", function()
    local report = assert(explain(failed_run.new {}))
    assert.same({ 0, {}, {} }, { report.failed, report.groups, report.slowest })
    assert.truthy(tostring(report):find("no failed items", 1, true))
  end)

  it("takes items that timed out for failed ones where the counts say there are more", function()
    local late = failed_run.child(3, { Status = "TimedOut" })
    local cloud = failed_run.new { children = { failed_run.child(1), failed_run.child(2), late },
      history = function(name)
        return name == "child:3" and '{"x":1}' or nil
      end }
    local report = assert(explain(cloud))
    assert.same({ 3, "Timeout", "TimedOut" }, { report.failed, report.groups[1].Error, report.groups[2].Error })
    cloud = failed_run.new { failed = 3 }
    assert(explain(cloud))
    assert.equal(1, cloud.asked.ListExecutions)
  end)

  it("hands on what the list lacks and what may not be read", function()
    local report = assert(explain(failed_run.new { failed = 2, run = { Status = "Running",
      ItemCounts = { Failed = 5, Total = 9 } }, history = function()
        return fake_platform.refusal(403, "AccessDenied")
      end }))
    assert.equal(3, #report.warnings)
    assert.same({ 2, "Failed" }, { report.groups[1].count, report.groups[1].Error })
    assert.truthy(tostring(report):find("warning: ListExecutions lists 2 of 5", 1, true))
  end)

  it("survives descriptions and children without sense", function()
    local report = assert(explain(failed_run.new {
      run = { ItemCounts = "odd", StartedTime = 3, ToleratedFailedCount = "x" },
      children = { failed_run.child(1, { Input = false, StartedTime = "x", StoppedTime = 7 }),
        failed_run.child(2, { StoppedTime = "2020-01-01T00:00:00Z" }) } }))
    assert.same({ 2, 2, nil }, { report.failed, report.sampled, report.tolerated })
    assert.is_string(tostring(report))
  end)

  it("survives any value in the place of any other", function()
    for _, odd in ipairs { 5, true, "x", {}, { {} }, { Failed = {}, Total = false } } do
      local child = failed_run.child(1, { Error = odd, Cause = odd, Input = odd, Status = odd, StartedTime = odd })
      local report = assert(explain(failed_run.new { run = { ItemCounts = odd, ToleratedFailedCount = odd },
        answer = function(query)
          return query.Action == "ListExecutions" and { body = { RequestId = "r", Executions = { child } } } or nil
        end }))
      assert.equal("string", type(report.groups[1].Error))
      assert.is_string(tostring(report))
    end
  end)

  it("ends with what was found when the time is up, and with nothing where nothing was", function()
    local cloud = failed_run.new { failed = 400, history = kinds }
    local report, err = cloud:client():explain_map_run(fake_platform.names, { timeout = 30 })
    assert.same({ nil, "timeout" }, { report, err.kind })
    assert.is_true(cloud.clock <= 1030)
    assert.is_true(err.report.sampled > 150 and err.report.sampled < 210, err.report.sampled)
    assert.same({ 400, false }, { err.report.failed, err.report.complete })
    assert.truthy(tostring(err.report):find("not complete", 1, true))
    report, err = explain(failed_run.new { answer = function()
      return fake_platform.refusal(404, "ExecutionNotExists")
    end })
    assert.same({ nil, "ExecutionNotExists", nil }, { report, err.code, err.report })
  end)

  it("can be cancelled at any moment", function()
    for moment = 1, 40, 3 do
      local asked = 0
      local report, err = explain(failed_run.new { failed = 12 }, { cancel = function()
        asked = asked + 1
        return asked > moment
      end })
      assert.is_true(report ~= nil or err.kind == "cancelled")
      assert.is_true(report ~= nil or err.report == nil or err.report.complete == false)
    end
  end)

  it("takes linear time and flat memory for ten thousand failures with long causes", function()
    local cause = ("word 17 'x' "):rep(340)
    local function cost(failed)
      local cloud = failed_run.new { failed = failed, history = function()
        return ('{"error":"E","cause":"%s"}'):format(cause)
      end }
      local client = cloud:client { rate_limit = false, on_event = function()
        cloud.events = {}
      end }
      collectgarbage()
      collectgarbage()
      local before, count, most = collectgarbage "count", 0, 0
      debug.sethook(function() count = count + 1 end, "", 1000)
      local report = assert(client:explain_map_run(fake_platform.names, { limit = 200,
        on_progress = function(_, _, read)
          if read == 200 then
            debug.sethook()
            collectgarbage()
            most = collectgarbage "count" - before
          end
        end }))
      debug.sethook()
      assert.same({ failed, 200, 1 }, { report.failed, report.sampled, #report.groups })
      return count, most
    end
    local few, little = cost(2000)
    local many, more = cost(10000)
    if not rawget(_G, "jit") then -- what is compiled calls no hook
      assert.is_true(many < 5.5 * few, ("%d instructions become %d"):format(few, many))
    end
    assert.is_true(more < little + 1000, ("%.0f KiB become %.0f"):format(little, more))
  end)

  it("checks its options", function()
    local client = failed_run.new {}:client()
    for _, wrong in ipairs { { limit = 0 }, { examples = -1 }, { limits = 3 } } do
      assert.is_false((pcall(client.explain_map_run, client, fake_platform.names, wrong)))
    end
  end)
end)
