--- Executions, their MapRuns and lists over the real transport to the emulator.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"

local STARTS = 40

local DEFINITION = [[
Type: StateMachine
SpecVersion: v1
Name: orders
StartAt: Each
States:
  - Type: Map
    Name: Each
    ProcessorConfig: { ExecutionMode: Express }
    End: true
]]

describe("executions on the emulator", function()
  local emulator, client

  setup(function()
    emulator = assert(require("fnf.emulator").start())
  end)

  teardown(function()
    emulator:stop()
  end)

  before_each(function()
    emulator:reset()
    client = fnf.new { endpoint = emulator.url, access_key_id = emulator.access_key_id,
      access_key_secret = emulator.access_key_secret }
    assert(client:create_flow { Name = "orders", Type = "FDL", Definition = DEFINITION, Description = "d" })
  end)

  after_each(function()
    client:close()
  end)

  local function count(iterator)
    local found = 0
    for _ in iterator do
      found = found + 1
    end
    return found
  end

  it("are run to their end, with the MapRuns they start", function()
    local looks = 0
    local execution, map_runs = client:run { FlowName = "orders", Input = { items = { 1, 2, 3 } }, timeout = 60,
      on_progress = function()
        looks = looks + 1
      end }
    assert.equal("Succeeded", execution and execution.Status, tostring(map_runs))
    assert.equal(1, #map_runs)
    assert.equal("Each Succeeded 3", ("%s %s %d"):format(map_runs[1].StepName, map_runs[1].Status,
      map_runs[1].ItemCounts.Succeed))
    assert.is_true(looks >= 1)
  end)

  it("are started once each although every second reply is lost, and listed page by page", function()
    for i = 1, STARTS do
      if i % 2 == 0 then
        emulator:fault { kind = "drop_reply", action = "StartExecution" }
      end
      local input = ('{"order":%d}'):format(i)
      local execution = assert(client:start_execution({ FlowName = "orders", Input = input }))
      assert.equal(input, execution.Input)
    end
    assert.equal(STARTS, count(client:executions { FlowName = "orders", Limit = 15, MetadataOnly = true }))
  end)

  it("are waited for by looks that the service holds open", function()
    local names = { FlowName = "orders", ExecutionName = "held" }
    assert(client:start_execution { FlowName = "orders", ExecutionName = "held", Input = { items = { 1, 2 } } })
    assert.equal("Succeeded", assert(client:wait_execution(names, { timeout = 60 })).Status)
    local asked = 0
    for _, request in ipairs(emulator:requests().requests) do
      asked = asked + (request.action == "DescribeExecution" and 1 or 0)
    end
    assert.equal(1, asked)
  end)

  local function answers(action)
    return (emulator:requests().answers[action] or {})["200"]
  end

  it("announce the ends of the MapRuns that are their last steps", function()
    -- Runs of one item: nothing foretells their ends, so each would be looked at several times.
    emulator:script { map_runs = { { StepName = "Each", items = 1, item_duration = 4 } }, step_duration = 0 }
    local list = {}
    for i = 1, 3 do
      local names = { FlowName = "orders", ExecutionName = "e" .. i }
      assert(client:start_execution(names))
      while not names.MapRunName do
        for run in client:map_runs { FlowName = "orders", ExecutionName = names.ExecutionName } do
          names.MapRunName = run.MapRunName
        end
      end
      list[i] = names
    end
    local runs, failures = client:wait_map_runs(list, { last_step = true, timeout = 60, min_delay = 3 })
    assert.is_nil(failures)
    for i = 1, 3 do
      assert.equal("Succeeded", runs[i].Status)
    end
    assert.equal(3, answers "DescribeExecution")
    assert.is_true(answers "DescribeMapRun" <= 6, answers "DescribeMapRun")
  end)

  it("are asked no longer once nobody waits for them", function()
    emulator:script { map_runs = { { StepName = "Each", items = 1, item_duration = 600 } }, step_duration = 0 }
    local names = { FlowName = "orders", ExecutionName = "long" }
    assert(client:start_execution(names))
    for run in client:map_runs { FlowName = "orders", ExecutionName = "long" } do
      names.MapRunName = run.MapRunName
    end
    local core = require "fnf.core"
    local began = core.now()
    local run, err = client:wait_map_run(names, { last_step = true, cancel = function()
      return core.now() - began > 0.5
    end })
    assert.is_nil(run)
    assert.equal("cancelled", err.kind)
    assert.is_true(core.now() - began < 20, core.now() - began) -- the service would have held it for 30
  end)
end)
