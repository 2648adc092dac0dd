--- Waiting for the end of an execution by polls that the service holds open.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local service = require "spec.support.service"

--- A running execution "f/e" that ends after so many seconds.
local function running(lasts, fields)
  local cloud = service.new(fields)
  cloud.executions["f/e"] = { Name = "e", FlowName = "f", started = cloud.clock, lasts = lasts,
    status = fields and fields.status or "Succeeded", map_runs = {} }
  return cloud
end

local NAMES = { FlowName = "f", ExecutionName = "e" }

describe("wait_execution", function()
  it("has the service hold the poll, and sees the end when it comes", function()
    local cloud = running(100)
    local began = cloud.clock
    local execution = assert(cloud:client():wait_execution(NAMES))
    assert.equal("Succeeded", execution.Status)
    assert.is_true(cloud.clock - began < 101, "seen " .. cloud.clock - began .. " s after the start")
    assert.is_true(#cloud.log <= 6, #cloud.log .. " polls")
    assert.equal("30", cloud.log[1].params.WaitTimeSeconds)
    assert.equal(40, cloud.log[1].timeout)
  end)

  it("asks again at once where a poll was held for longer than the plan would have waited", function()
    local cloud = running(100)
    assert(cloud:client():wait_execution(NAMES))
    for i = 2, 4 do
      local seconds = cloud.log[i].at - cloud.log[i - 1].at
      assert.is_true(seconds >= 30 and seconds < 30.2, seconds)
    end
  end)

  it("returns any end", function()
    for _, status in ipairs { "Failed", "TimedOut", "Stopped", "Succeeded" } do
      assert.equal(status, assert(running(5, { status = status }):client():wait_execution(NAMES)).Status)
    end
  end)

  it("holds as long as the caller says, or not at all", function()
    for _, seconds in ipairs { 60, 5, 0 } do
      local cloud = running(20)
      assert(cloud:client():wait_execution { FlowName = "f", ExecutionName = "e", WaitTimeSeconds = seconds })
      assert.equal(tostring(seconds), cloud.log[1].params.WaitTimeSeconds)
    end
  end)

  it("polls growing intervals at a service that does not hold", function()
    local cloud = running(300, { holds = false })
    assert(cloud:client():wait_execution(NAMES))
    for i = 2, #cloud.log do
      assert.is_true(cloud.log[i].at - cloud.log[i - 1].at >= 1)
    end
    assert.is_true(#cloud.log < 25, #cloud.log .. " polls")
  end)

  it("keeps the service from holding a poll past the deadline", function()
    for _, timeout in ipairs { 0.5, 3, 10, 31, 47.5, 90 } do
      local cloud = running(1000)
      local began = cloud.clock
      local execution, err = cloud:client():wait_execution(NAMES, { timeout = timeout })
      assert.is_nil(execution)
      assert.equal("timeout", err.kind)
      assert.equal("Running", err.last.Status)
      assert.is_true(cloud.clock - began <= timeout + 0.02)
      for _, entry in ipairs(cloud.log) do
        assert.is_true(entry.at + entry.timeout <= began + timeout + 1e-9)
      end
    end
  end)

  it("ends when the caller cancels between two polls, or may not sleep there", function()
    for _, refusal in ipairs { false, errors.new { kind = "network", message = "no sleep in this phase" } } do
      local cloud = running(1000, { holds = false })
      local began, sleep = cloud.clock, cloud.platform.sleep
      function cloud.platform.sleep(...)
        if refusal and #cloud.log > 2 then
          return nil, refusal
        end
        return sleep(...)
      end
      local _, err = cloud:client():wait_execution(NAMES, { cancel = function() return cloud.clock > began + 50 end })
      assert.equal(refusal and "network" or "cancelled", err.kind)
      assert.equal("Running", err.last.Status)
      assert.is_true(cloud.clock < began + 51)
    end
  end)

  it("ends when the caller cancels, within a poll", function()
    local cloud = running(1000)
    local began = cloud.clock
    local _, err = cloud:client():wait_execution(NAMES, { cancel = function()
      return cloud.clock > began + 7
    end })
    assert.equal("cancelled", err.kind)
    assert.is_true(cloud.clock < began + 8)
  end)

  it("takes no guard of items, which an execution has not", function()
    local client = running(1):client()
    for name, value in pairs { stall_after = 1, fail_fast = true } do
      local done, problem = pcall(client.wait_execution, client, NAMES, { [name] = value })
      assert.same({ false, "wait_execution: unknown option " .. name }, { done, problem:match "wait_execution: .*$" })
    end
  end)

  it("survives faults, and does not survive a refusal", function()
    local cloud = running(50)
    local count = 0
    cloud.fault = function()
      count = count + 1
      return count % 2 == 1 and "before" or nil
    end
    assert.equal("Succeeded", assert(cloud:client():wait_execution(NAMES)).Status)
    local _, err = running(50):client():wait_execution { FlowName = "f", ExecutionName = "other" }
    assert.equal("ExecutionNotExists", err.code)
  end)
end)
