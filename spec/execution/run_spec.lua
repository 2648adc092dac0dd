--- client:run: start an execution, find its MapRuns, stay until all has ended.
-- SPDX-License-Identifier: MIT

local service = require "spec.support.service"

--- A life of 60 seconds with three MapRuns, the last of which ends 5 seconds after its execution.
local function plan(execution)
  execution.lasts = 60
  execution.map_runs = {
    { name = "a1", step = "first", from = 8, to = 20 },
    { name = "b2", step = "second", from = 22, to = 50, status = "Failed" },
    { name = "c3", step = "third", from = 55, to = 65 },
  }
end

local function statuses(list)
  local found = {}
  for i, map_run in ipairs(list) do
    found[i] = ("%s %s %s"):format(map_run.MapRunName or "?", map_run.StepName, map_run.Status or "?")
  end
  return found
end

local ENDED = { "a1 first Succeeded", "b2 second Failed", "c3 third Succeeded" }

describe("client:run", function()
  it("returns the execution and its MapRuns, all ended", function()
    local cloud = service.new { plan = plan }
    local began = cloud.clock
    local execution, found = cloud:client():run { FlowName = "f", Input = { a = 1 } }
    assert.equal("Succeeded", execution.Status)
    assert.equal('{"a":1}', execution.Input)
    assert.same(ENDED, statuses(found))
    assert.equal(10, found[1].ItemCounts.Succeed)
    assert.equal("f", found[1].FlowName)
    assert.equal(1, cloud.created)
    assert.is_true(cloud.clock - began < 70)
  end)

  it("tells the progress of every MapRun as it appears", function()
    local cloud = service.new { plan = plan }
    local began, seen = cloud.clock, {}
    cloud:client():run { FlowName = "f", on_progress = function(execution, found)
      assert.is_string(execution.Status)
      for _, map_run in ipairs(found) do
        local key = map_run.MapRunName .. " " .. map_run.Status
        seen[key] = seen[key] or cloud.clock - began
      end
    end }
    assert.is_true(seen["a1 Running"] <= 15)
    assert.is_true(seen["a1 Succeeded"] <= 27)
    assert.is_true(seen["b2 Running"] <= 29)
    assert.is_true(seen["c3 Running"] <= 61)
    assert.is_true(seen["c3 Succeeded"] < 70)
  end)

  it("asks no more of a MapRun that has ended, and reads on in the history", function()
    local cloud = service.new { plan = plan }
    cloud:client():run { FlowName = "f" }
    local last = {}
    for _, entry in ipairs(cloud.log) do
      last[entry.params.MapRunName or entry.action] = entry.at - cloud.log[1].at
    end
    assert.is_true(last.a1 <= 27)
    assert.is_true(cloud:asked("GetExecutionHistory") <= cloud:asked("DescribeExecution"))
    assert.is_true(cloud:asked("DescribeExecution") <= 15)
  end)

  it("finds the MapRuns of a history of many pages, each page read once", function()
    local cloud = service.new { plan = function(execution)
      execution.lasts = 100
      for i = 1, 95 do
        execution.map_runs[i] = { name = "m" .. i, step = "s", from = i, to = i }
      end
    end }
    local _, found = cloud:client():run { FlowName = "f" }
    assert.equal(95, #found)
    local first_page = 0
    for _, entry in ipairs(cloud.log) do
      first_page = first_page + (entry.action == "GetExecutionHistory" and not entry.params.NextToken and 1 or 0)
    end
    assert.is_true(first_page <= 8, first_page .. " readings of the first page")
  end)

  it("begins the history anew where the service refuses an old token", function()
    local cloud = service.new { plan = function(execution)
      execution.lasts = 100
      for i = 1, 95 do
        execution.map_runs[i] = { name = "m" .. i, step = "s", from = i, to = i }
      end
    end }
    local asked = 0
    cloud.fault = function(params)
      asked = asked + (params.NextToken and 1 or 0)
      return params.NextToken and asked % 9 == 0 and { status = 400, headers = {}, body = '{"Code":"InvalidArgument"}' }
        or nil
    end
    local _, found = cloud:client():run { FlowName = "f" }
    assert.equal(95, #found)
    assert.is_true(asked > 18)
  end)

  it("survives faults of every exchange", function()
    local count = 0
    local cloud = service.new { plan = plan, fault = function()
      count = count + 1
      return count % 3 == 0 and "after" or count % 3 == 1 and "500 before" or nil
    end }
    local execution, found = cloud:client():run { FlowName = "f" }
    assert.equal("Succeeded", execution.Status)
    assert.same(ENDED, statuses(found))
    assert.equal(1, cloud.created)
  end)

  it("reads the history to its end although it was down when the execution ended", function()
    local cloud = service.new { plan = plan }
    cloud.fault = function(params)
      return params.Action == "GetExecutionHistory" and cloud.clock < 1075 and "before" or nil
    end
    local _, found = cloud:client():run { FlowName = "f" }
    assert.same(ENDED, statuses(found))
  end)

  it("returns a MapRun that never ends as it was last seen, a minute after its execution", function()
    local cloud = service.new { plan = function(execution)
      execution.lasts = 10
      execution.map_runs = { { name = "a1", step = "s", from = 1, to = 1e6 } }
    end }
    local execution, found = cloud:client():run { FlowName = "f" }
    assert.equal("Succeeded", execution.Status)
    assert.same({ "a1 s Running" }, statuses(found))
    assert.is_true(cloud.clock < 1000 + 10 + 65)
  end)

  it("gives all MapRuns the same minute to end, and asks for few of many at a look", function()
    local cloud = service.new { plan = function(execution)
      execution.lasts = 30
      for i = 1, 12 do
        execution.map_runs[i] = { name = "m" .. i, step = "s", from = 1, to = 1e6 }
      end
    end }
    local _, found = cloud:client():run { FlowName = "f" }
    assert.equal(12, #found)
    for _, map_run in ipairs(found) do
      assert.equal("Running", map_run.Status)
    end
    assert.is_true(cloud.clock < 1000 + 30 + 70)
    local before = 0
    for _, entry in ipairs(cloud.log) do
      before = before + (entry.action == "DescribeMapRun" and entry.at < 1030 and 1 or 0)
    end
    assert.is_true(before <= 35, before .. " looks in 30 s")
  end)

  it("returns a MapRun whose name could not be read without a Status, and warns", function()
    local cloud = service.new { plan = function(execution)
      execution.lasts = 30
      execution.map_runs = { { name = "a1", step = "s", from = 1, to = 2, detail = '{"output":{}}' } }
    end }
    local _, found = cloud:client():run { FlowName = "f" }
    assert.same({ "? s ?" }, statuses(found))
    local warnings = 0
    for _, event in ipairs(cloud.events) do
      warnings = warnings + (event.name == "warning" and 1 or 0)
    end
    assert.equal(1, warnings)
  end)

  it("ends at once where the history is refused, with what it has", function()
    local cloud = service.new { plan = plan, fault = function(params)
      return params.Action == "GetExecutionHistory" and { status = 403, headers = {}, body = '{"Code":"AccessDenied"}' }
        or nil
    end }
    local execution, err = cloud:client():run { FlowName = "f" }
    assert.is_nil(execution)
    assert.equal("AccessDenied", err.code)
    assert.equal("Running", err.last.Status)
    assert.is_string(err.execution_name)
    assert.is_true(cloud.clock < 1010)
  end)

  it("ends at once where a MapRun may not be described, before the execution's end or after it", function()
    for _, from in ipairs { 1000, 1060 } do
      local cloud = service.new { plan = plan }
      cloud.fault = function(params)
        return params.Action == "DescribeMapRun" and cloud.clock >= from
          and { status = 403, headers = {}, body = '{"Code":"AccessDenied"}' } or nil
      end
      local execution, err = cloud:client():run { FlowName = "f" }
      assert.same({ nil, "AccessDenied" }, { execution, err.code })
      assert.is_true(cloud.clock < 1070)
    end
  end)

  it("ends with the reason where the history is down to the end, or the caller gives up meanwhile", function()
    for kind, patience in pairs { network = math.huge, cancelled = 62 } do
      local cloud = service.new { plan = plan }
      cloud.fault = function(params)
        return params.Action == "GetExecutionHistory" and "before" or nil
      end
      local execution, err = cloud:client():run { FlowName = "f", cancel = function()
        return cloud.clock > 1000 + patience
      end }
      assert.same({ nil, kind }, { execution, err.kind }, tostring(err))
    end
  end)

  it("gives up at the timeout, with what was seen, and does not stop the execution", function()
    local cloud = service.new { plan = plan }
    local execution, err = cloud:client():run { FlowName = "f", timeout = 30, stop_on_cancel = true }
    assert.is_nil(execution)
    assert.equal("timeout", err.kind)
    assert.same({ "a1 first Succeeded", "b2 second Running" }, statuses(err.map_runs))
    assert.is_true(cloud.clock <= 1030.1)
    assert.equal(0, cloud:asked("StopExecution"))
  end)

  it("stops the execution when the caller cancels, if asked to", function()
    for _, stop in ipairs { true, false } do
      local cloud = service.new { plan = plan }
      local execution, err = cloud:client():run { FlowName = "f", stop_on_cancel = stop, cancel = function()
        return cloud.clock > 1012
      end }
      assert.is_nil(execution)
      assert.equal("cancelled", err.kind)
      assert.equal("Running", err.last.Status)
      assert.equal(stop and 1 or 0, cloud:asked("StopExecution"))
      assert.equal(stop or nil, err.stopped)
      assert.equal(stop, cloud.executions["f/" .. err.execution_name].stopped ~= nil)
    end
  end)

  it("says so where the stop fails", function()
    local cloud = service.new { plan = plan, fault = function(params)
      return params.Action == "StopExecution" and { status = 403, headers = {}, body = '{"Code":"AccessDenied"}' }
        or nil
    end }
    local _, err = cloud:client():run { FlowName = "f", stop_on_cancel = true, cancel = function()
      return cloud.clock > 1012
    end }
    assert.is_false(err.stopped)
    assert.truthy(err.message:find("AccessDenied", 1, true))
  end)

  it("stops what a cancelled start may have started", function()
    local cloud = service.new { plan = plan, fault = function(params)
      return params.Action == "StartExecution" and "after" or nil
    end }
    local _, err = cloud:client():run { FlowName = "f", stop_on_cancel = true, cancel = function()
      return #cloud.log == 1
    end }
    assert.equal("cancelled", err.kind)
    assert.is_true(err.stopped)
  end)

  it("starts nothing where the flow refuses", function()
    local cloud = service.new { fault = function()
      return { status = 404, headers = {}, body = '{"Code":"FlowNotExists"}' }
    end }
    local execution, err = cloud:client():run { FlowName = "f" }
    assert.is_nil(execution)
    assert.equal("FlowNotExists", err.code)
    assert.equal(1, #cloud.log)
  end)

  it("takes its options beside the parameters or after them, and refuses others at the caller's line", function()
    local cloud = service.new { plan = plan }
    local client = cloud:client()
    local _, err = client:run({ FlowName = "f" }, { timeout = 10 })
    assert.equal("timeout", err.kind)
    for _, case in ipairs {
      { { FlowName = "f", timeuot = 1 }, "did you mean timeout" },
      { {}, "missing parameter FlowName" },
      { { FlowName = "f", on_progress = 5 }, "on_progress must be a function" },
    } do
      local done, message = pcall(function()
        client:run(case[1])
      end)
      assert.is_false(done)
      assert.truthy(message:find("run_spec%.lua:%d+: run: "), message)
      assert.truthy(message:find(case[2], 1, true), message)
    end
  end)
end)
