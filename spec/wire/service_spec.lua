--- The client's view of the whole service, held against the emulator over the real transport.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"

local DEFINITION = [[
Type: StateMachine
SpecVersion: v1
Name: orders
StartAt: Each
States:
  - Type: Map
    Name: Each
    ProcessorConfig: { ExecutionMode: Express }
    ItemsPath: $Input.items
  - Type: Map
    Name: Again
    ProcessorConfig: { ExecutionMode: Standard }
    ItemsPath: $Input.items
]]

describe("the client and the whole service", function()
  local emulator, client

  setup(function()
    emulator = assert(require("fnf.emulator").start())
    client = assert(fnf.new { endpoint = emulator.url, access_key_id = emulator.access_key_id,
      access_key_secret = emulator.access_key_secret })
  end)

  teardown(function()
    client:close()
    emulator:stop()
  end)

  before_each(function()
    emulator:reset()
    emulator:clock { rate = 20 }
    assert(client:create_flow { Name = "orders", Type = "FDL", Description = "d", Definition = DEFINITION,
      Environment = { Variables = { { Name = "a", Value = "b" } } } })
  end)

  after_each(function()
    assert.equal("", emulator:error_log())
  end)

  local function collect(iterator)
    local list = {}
    for entry in iterator do
      list[#list + 1] = entry
    end
    return list
  end

  local function start(name)
    return assert(client:start_execution { FlowName = "orders", ExecutionName = name, Input = { items = { 1, 2, 3 } } })
  end

  it("keeps a flow from its creation to its end", function()
    local flow = assert(client:describe_flow { Name = "orders" })
    assert.same({ DEFINITION, "b" }, { flow.Definition, flow.Environment.Variables[1].Value })
    assert.equal("new", assert(client:update_flow { Name = "orders", Description = "new" }).Description)
    assert.equal("1", assert(client:publish_flow_version { FlowName = "orders" }).Version)
    local routes = { { Version = "1", Weight = 100 } }
    assert(client:create_flow_alias { FlowName = "orders", Name = "live", RoutingConfigurations = routes })
    assert.same({ { Version = "1", Weight = 100 } },
      collect(client:aliases { FlowName = "orders" })[1].RoutingConfigurations)
    assert.equal("1", collect(client:versions { FlowName = "orders" })[1].Version)
    assert(client:create_schedule { FlowName = "orders", ScheduleName = "daily", CronExpression = "0 0 9 * * *",
      Enable = true, Payload = { a = 1 } })
    assert.is_true(collect(client:schedules { FlowName = "orders" })[1].Enable)
    assert(client:delete_flow { Name = "orders" })
    assert.same({}, collect(client:flows()))
    local _, err = client:describe_flow { Name = "orders" }
    assert.equal("FlowNotExists", err.code)
  end)

  it("walks through pages of every size", function()
    for number = 1, 6 do
      start("e" .. number)
    end
    for _, limit in ipairs { 1, 4, 99 } do
      local names = {}
      for execution in client:executions { FlowName = "orders", Limit = limit, MetadataOnly = true } do
        names[#names + 1] = execution.Name
      end
      assert.equal("e6 e5 e4 e3 e2 e1", table.concat(names, " "))
    end
  end)

  it("starts an execution once although the reply is lost", function()
    emulator:fault { kind = "drop_reply", action = "StartExecution" }
    local execution = assert(client:start_execution { FlowName = "orders", Input = { items = { 1 } } })
    assert.matches("^fnf%-", execution.Name)
    assert.equal(1, #collect(client:executions { FlowName = "orders" }))
  end)

  it("refuses to adopt what was started with another input", function()
    start("e1")
    emulator:fault { kind = "drop_reply", action = "StartExecution" }
    local execution, err = client:start_execution { FlowName = "orders", ExecutionName = "e1", Input = { items = {} } }
    assert.is_nil(execution)
    assert.equal("ExecutionAlreadyExists", err.code)
  end)

  it("adopts what ended before the second attempt", function()
    emulator:script { step_duration = 0 }
    emulator:fault { kind = "drop_reply", action = "StartExecution" }
    local execution = assert(client:start_execution { FlowName = "orders", ExecutionName = "e1",
      Input = { items = {} } })
    assert.equal("Succeeded", execution.Status)
  end)

  it("reads the history with details that are texts", function()
    start("e1")
    assert(client:wait_execution({ FlowName = "orders", ExecutionName = "e1" }, { timeout = 30 }))
    local events = collect(client:events { FlowName = "orders", ExecutionName = "e1", Limit = 4 })
    assert.same({ "ExecutionStarted", "ExecutionSucceeded" }, { events[1].Type, events[#events].Type })
    assert.same({ items = { 1, 2, 3 } }, fnf.decode(events[1].EventDetail).input)
  end)

  it("waits for an execution by looks that are held open", function()
    start("e1")
    local execution = assert(client:wait_execution({ FlowName = "orders", ExecutionName = "e1" }, { timeout = 30 }))
    assert.equal("Succeeded", execution.Status)
    assert.is_true(emulator:requests().answers.DescribeExecution["200"] <= 2)
  end)

  for name, shape in pairs {
    ["an object"] = '{"output":{"MapRunName":"$MapRunName"}}',
    ["a text"] = [[{"output":"{\"MapRunName\":\"$MapRunName\"}"}]],
    ["spelt otherwise"] = '{"Output":{"mapRunName":"$MapRunName"}}',
    ["deep down"] = '{"output":{"x":[{"y":{"MAPRUNNAME":"$MapRunName"}}]}}',
    ["without an output"] = '{"local":{},"MapRunName":"$MapRunName"}',
  } do
    it("finds MapRuns whose event has its output as " .. name, function()
      emulator:script { map_run_started = shape }
      start("e1")
      assert(client:wait_execution({ FlowName = "orders", ExecutionName = "e1" }, { timeout = 30 }))
      local found = collect(client:map_runs { FlowName = "orders", ExecutionName = "e1" })
      assert.same({ 2, "Each", "Again" }, { #found, found[1].StepName, found[2].StepName })
      for _, each in ipairs(found) do
        assert.equal(3, assert(client:describe_map_run { FlowName = "orders", ExecutionName = "e1",
          MapRunName = each.MapRunName }).ItemCounts.Succeed)
      end
    end)
  end

  it("runs a flow: starts it, finds its MapRuns and stays to the end", function()
    local seen = 0
    local execution, map_runs = client:run { FlowName = "orders", Input = { items = { 1, 2, 3, 4 } }, timeout = 60,
      on_progress = function()
        seen = seen + 1
      end }
    assert(execution, map_runs)
    assert.equal("Succeeded", execution.Status)
    assert.same({ 2, "Each", "Succeeded", "Again", "Succeeded" }, { #map_runs, map_runs[1].StepName,
      map_runs[1].Status, map_runs[2].StepName, map_runs[2].Status })
    assert.is_true(seen > 0)
  end)

  it("stops what it runs when the caller gives up", function()
    emulator:clock { rate = 1 }
    emulator:script { step_duration = 600, steps = 1 }
    local looks = 0
    local execution, err = client:run { FlowName = "orders", ExecutionName = "e1", stop_on_cancel = true,
      on_progress = function()
        looks = looks + 1
      end,
      cancel = function()
        return looks > 0
      end }
    assert.is_nil(execution)
    assert.same({ "cancelled", true }, { err.kind, err.stopped })
    assert.equal("Stopped", assert(client:describe_execution { FlowName = "orders", ExecutionName = "e1" }).Status)
  end)

  it("reports tasks", function()
    emulator:script { tasks = { "Approve" }, step_duration = 0 }
    start("e1")
    emulator:clock { advance = 60 }
    local token = emulator:tasks().tasks[1].TaskToken
    assert.is_number(assert(client:report_task_succeeded { TaskToken = token, Output = { ok = true } }).EventId)
    assert.equal("Succeeded", assert(client:describe_execution { FlowName = "orders", ExecutionName = "e1" }).Status)
    local _, err = client:report_task_failed { TaskToken = token, Error = "late" }
    assert.equal("TaskAlreadyCompleted", err.code)
  end)

  it("runs in sync", function()
    local execution = assert(client:start_sync_execution { FlowName = "orders", Input = { items = { 1 } } })
    assert.equal("Succeeded", execution.Status)
  end)

  it("knows the regions", function()
    assert.equal(7, #assert(client:describe_regions()).Regions.Region)
  end)
end)
