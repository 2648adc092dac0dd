--- MapRuns out of the event history of their execution.
-- SPDX-License-Identifier: MIT

local map_runs = require "fnf.execution.map_runs"
local service = require "spec.support.service"

local M = "5f2c8d1e0a7b4c3d9e6f8a1b2c3d4e5f"

describe("the name in a MapRunStarted", function()
  for _, case in ipairs {
    { "is in the output", '{"output":{"MapRunName":"' .. M .. '"}}' },
    { "is in an output that is text", '{"output":"{\\"MapRunName\\":\\"' .. M .. '\\"}"}' },
    { "may be spelt otherwise", '{"Output":{"mapRunName":"' .. M .. '"}}' },
    { "may lie deep in the output", '{"output":{"a":[{"b":{"maprunname":"' .. M .. '"}}]}}' },
    { "may be beside the output", '{"output":{"x":1},"MapRunName":"' .. M .. '"}' },
    { "may be there without an output", '{"local":{"MAPRUNNAME":"' .. M .. '"}}' },
    { "in the output goes before one elsewhere",
      '{"input":{"MapRunName":"other"},"output":{"MapRunName":"' .. M .. '"}}' },
    { "that lies less deep goes first", '{"output":{"a":{"MapRunName":"other"},"z":0,"MapRunName":"' .. M .. '"}}' },
    { "is found past an output that is no JSON", '{"output":"text","x":{"MapRunName":"' .. M .. '"}}' },
    { "is no number or empty text",
      '{"output":{"MapRunName":"","a":{"MapRunName":7,"b":{"MapRunName":"' .. M .. '"}}}}' },
    { "may come as a table", { output = { MapRunName = M } } },
  } do
    it(case[1], function()
      assert.equal(M, map_runs.name_in(case[2]))
    end)
  end

  it("is nil where there is none", function()
    for _, detail in ipairs { "", "text", "{}", "[]", "null", "17", '{"output":{}}', '{"output":"' .. M .. '"}',
      '{"output":{"MapRunName":{}}}', '{"output":{"MapRunName":null}}' } do
      assert.is_nil(map_runs.name_in(detail))
    end
    assert.is_nil(map_runs.name_in(nil))
    assert.is_nil(map_runs.name_in(5))
  end)
end)

describe("client:map_runs", function()
  local PARENT = { FlowName = "f", ExecutionName = "e" }

  local function cloud_with(list)
    local cloud = service.new()
    cloud.executions["f/e"] = { Name = "e", FlowName = "f", started = cloud.clock - 1000, lasts = 5000,
      status = "Succeeded", map_runs = list }
    return cloud
  end

  it("yields name, step and start time of each, in order", function()
    local cloud = cloud_with { { name = "a1", step = "first", from = 10, to = 20 },
      { name = "b2", step = "second", from = 30, to = 40 }, { name = "c3", step = "later", from = 2000, to = 2010 } }
    local found = {}
    for map_run in cloud:client():map_runs(PARENT) do
      found[#found + 1] = map_run
    end
    assert.equal(2, #found)
    assert.same({ "a1", "first", "f", "e", 3 },
      { found[1].MapRunName, found[1].StepName, found[1].FlowName, found[1].ExecutionName, found[1].EventId })
    assert.equal("b2", found[2].MapRunName)
    assert.truthy(found[2].StartedTime:find("^%d%d%d%d%-%d%d%-%d%dT"))
  end)

  it("reads a history of many pages", function()
    local list = {}
    for i = 1, 200 do
      list[i] = { name = "m" .. i, step = "s", from = i, to = i + 1 }
    end
    local cloud, count = cloud_with(list), 0
    for map_run in cloud:client():map_runs(PARENT) do
      count = count + 1
      assert.equal("m" .. count, map_run.MapRunName)
    end
    assert.equal(200, count)
    assert.equal(7, #cloud.log)
  end)

  it("yields none where none has been started", function()
    assert.is_nil(cloud_with({}):client():map_runs(PARENT)())
  end)

  it("raises an error at a MapRunStarted without a name", function()
    local cloud = cloud_with { { name = "a1", step = "s", from = 1, to = 2 },
      { step = "s", from = 2, to = 3, detail = '{"output":{}}' } }
    local next_run = cloud:client():map_runs(PARENT)
    assert.equal("a1", next_run().MapRunName)
    local done, err = pcall(next_run)
    assert.is_false(done)
    assert.equal("protocol", err.kind)
    assert.truthy(err.message:find("event 5", 1, true))
  end)

  it("raises the service's error as an object", function()
    local done, err = pcall(service.new():client():map_runs(PARENT))
    assert.is_false(done)
    assert.equal("ExecutionNotExists", err.code)
  end)
end)
