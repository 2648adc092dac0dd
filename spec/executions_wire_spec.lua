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
end)
