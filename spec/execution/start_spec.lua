--- Starting an execution safely.
-- SPDX-License-Identifier: MIT

local service = require "spec.support.service"
local start = require "fnf.execution.start"

local STARTS = 10000

--- Faults by a small generator of our own: the same in every Lua.
local function random(seed)
  local state = seed
  return function()
    state = (state * 16807) % 2147483647
    return state / 2147483647
  end
end

--- The faults of a list, one for each exchange.
local function in_turn(list)
  local at = 0
  return function()
    at = at + 1
    return list[at]
  end
end

describe("start_execution", function()
  it("gives an execution a name where the caller gave none", function()
    local cloud = service.new()
    local execution = assert(cloud:client():start_execution { FlowName = "f" })
    assert.truthy(execution.Name:find("^fnf%-%x+$"))
    assert.equal(36, #execution.Name)
    assert.equal(execution.Name, cloud.log[1].params.ExecutionName)
  end)

  it("keeps the caller's name, and the caller's tables as they are", function()
    local cloud = service.new()
    local params = { FlowName = "f", ExecutionName = "mine", Input = { a = 1 } }
    assert.equal("mine", assert(cloud:client():start_execution(params)).Name)
    assert.same({ FlowName = "f", ExecutionName = "mine", Input = { a = 1 } }, params)
    assert.equal('{"a":1}', cloud.log[1].params.Input)
  end)

  it("starts exactly one execution each, 10,000 times, with replies lost at random", function()
    local draw = random(20190315)
    local cloud = service.new { fault = function(params)
      local chance = draw()
      if params.Action ~= "StartExecution" then
        return chance < 0.1 and "before" or nil
      end
      return chance < 0.12 and "after" or chance < 0.2 and "before" or chance < 0.3 and "500 after"
        or chance < 0.4 and "500 before" or chance < 0.6 and "ended" or nil
    end }
    local asked = 0
    for i = 1, STARTS do
      cloud.log, cloud.events, cloud.executions = {}, {}, {}
      local input = ('{"order":%d}'):format(i)
      local execution, err = cloud:client { max_attempts = 60 }:start_execution { FlowName = "f", Input = input }
      assert.is_nil(err)
      assert.equal(input, execution.Input)
      assert.equal(1, cloud.inputs[input])
      asked = asked + #cloud.log
    end
    assert.equal(STARTS, cloud.created)
    assert.is_true(asked > STARTS * 1.5, "the faults were not there")
  end)

  it("adopts what an attempt of unknown outcome has started, running or ended", function()
    for _, faults in ipairs {
      { "after" }, { "500 after" }, { "after", "ended" }, { "500 after", "before", "ended" },
    } do
      local cloud = service.new { fault = in_turn(faults) }
      local execution = assert(cloud:client():start_execution { FlowName = "f", Input = '{"a":[1,{"b":null}]}' })
      assert.equal(1, cloud.created)
      assert.equal('{"a":[1,{"b":null}]}', execution.Input)
    end
  end)

  it("does not adopt another's execution, running or ended", function()
    for _, faults in ipairs { { nil, "before" }, { nil, "500 before" }, { nil, "before", "ended" } } do
      local cloud = service.new { fault = in_turn(faults) }
      local client = cloud:client()
      assert(client:start_execution { FlowName = "f", ExecutionName = "nightly", Input = '{"a":1}' })
      local execution, err = client:start_execution { FlowName = "f", ExecutionName = "nightly", Input = '{"a":2}' }
      assert.is_nil(execution)
      assert.equal("ExecutionAlreadyExists", err.code)
      assert.equal("StartExecution", err.operation)
      assert.is_false(err.retryable)
      assert.equal(1, cloud.created)
    end
  end)

  it("answers as the service does where the outcome of every attempt is known", function()
    local cloud = service.new { fault = in_turn { nil, nil, "ended" } }
    local client = cloud:client()
    local first = assert(client:start_execution { FlowName = "f", ExecutionName = "nightly", Input = '{"a":1}' })
    local second = assert(client:start_execution { FlowName = "f", ExecutionName = "nightly", Input = '{"a":2}' })
    assert.equal(first.Input, second.Input)
    local third, err = client:start_execution { FlowName = "f", ExecutionName = "nightly", Input = '{"a":1}' }
    assert.is_nil(third)
    assert.equal("ExecutionAlreadyExists", err.code)
    assert.equal(400, err.status)
    assert.is_nil(err.outcome_unknown)
    assert.equal(0, cloud:asked("DescribeExecution"))
  end)

  it("says under which name it may have been started where it cannot find out", function()
    local cloud = service.new { fault = in_turn { "after", "after", "after" } }
    local execution, err = cloud:client():start_execution { FlowName = "f" }
    assert.is_nil(execution)
    assert.equal("network", err.kind)
    assert.is_true(err.outcome_unknown)
    assert.is_table(cloud.executions["f/" .. err.execution_name])
    assert.truthy(err.message:find(err.execution_name, 1, true))
    local again = assert(cloud:client():start_execution { FlowName = "f", ExecutionName = err.execution_name })
    assert.equal(err.execution_name, again.Name)
    assert.equal(1, cloud.created)
  end)

  it("says so, too, where the description of what is there fails", function()
    local cloud = service.new { fault = in_turn { "after", "ended", "before", "before", "before" } }
    local _, err = cloud:client():start_execution { FlowName = "f" }
    assert.equal("DescribeExecution", err.operation)
    assert.is_true(err.outcome_unknown)
    assert.is_string(err.execution_name)
  end)

  it("keeps to the deadline with all its exchanges", function()
    local cloud = service.new { latency = 2, chance = 0, fault = in_turn { "after", "ended", "before", "before" } }
    local began = cloud.clock
    local _, err = cloud:client { max_attempts = 10 }:start_execution({ FlowName = "f" }, { timeout = 5 })
    assert.is_true(err.outcome_unknown)
    for _, entry in ipairs(cloud.log) do
      assert.is_true(entry.at + entry.timeout <= began + 5 + 1e-9)
    end
  end)
end)

describe("the Input of two starts", function()
  it("is the same where it says the same", function()
    for _, case in ipairs {
      { nil, nil, true }, { nil, "", true }, { nil, "{}", true }, { "", " { } ", true },
      { '{"a":1,"b":[1,2]}', '{ "b": [1.0, 2], "a": 1 }', true }, { "text", "text", true },
      { '{"a":1}', '{"a":2}', false }, { '{"a":1}', '{"a":1,"b":1}', false }, { '{"a":1,"b":1}', '{"a":1}', false },
      { '{"a":"1"}', '{"a":1}', false }, { nil, '{"a":1}', false }, { "text", "other", false },
      { '{"a":[1,2]}', '{"a":[2,1]}', false }, { "text", '{"a":1}', false }, { "false", "true", false },
    } do
      assert.equal(case[3], start.same_input(case[1], case[2]), tostring(case[1]) .. " and " .. tostring(case[2]))
      assert.equal(case[3], start.same_input(case[2], case[1]))
    end
  end)
end)
