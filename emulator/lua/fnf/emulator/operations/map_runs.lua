--- DescribeMapRun and UpdateMapRun.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"
local execution = require "fnf.emulator.execution"
local map_run = require "fnf.emulator.map_run"
local store = require "fnf.emulator.store"
local timestamp = require "fnf.emulator.timestamp"

local function rows(...)
  return {
    { "ExecutionName", required = true }, { "FlowName", required = true }, { "MapRunName", required = true },
    { "RequestId" }, ...
  }
end

local function named(values)
  local parent, refusal = store.find_execution(values.FlowName, values.ExecutionName)
  if not parent then
    return nil, refusal
  end
  local run = execution.find_run(parent, values.MapRunName, store.simulated())
  -- No code for an unknown MapRun is documented; this one says "not found" and cannot heal, as it should.
  if not run then
    return nil, errors.refuse("ExecutionNotExists", values.MapRunName, values.FlowName)
  end
  return run
end

local function shown(seconds)
  return seconds and timestamp.china(store.shown(seconds))
end

local function describe(values)
  local run, refusal = named(values)
  if not run then
    return nil, refusal
  end
  local look = map_run.describe(run, store.simulated())
  return {
    ExecutionName = values.ExecutionName, MapRunName = run.MapRunName,
    Status = look.Status, ItemCounts = look.ItemCounts,
    StartedTime = shown(look.started), StoppedTime = shown(look.stopped),
    Concurrency = look.settings.Concurrency,
    ToleratedFailedCount = look.settings.ToleratedFailedCount,
    ToleratedFailedPercentage = look.settings.ToleratedFailedPercentage,
  }
end

local function update(values)
  local run, refusal = named(values)
  if not run then
    return nil, refusal
  end
  local settings = map_run.update(run, values, store.simulated())
  -- What the service answers for a run that has ended is not documented.
  if not settings then
    return nil, errors.refuse "PreconditionFailed"
  end
  return {
    FlowName = values.FlowName, ExecutionName = values.ExecutionName, MapRunName = run.MapRunName,
    Concurrency = settings.Concurrency,
    ToleratedFailedCount = settings.ToleratedFailedCount,
    ToleratedFailedPercentage = settings.ToleratedFailedPercentage,
  }
end

return {
  DescribeMapRun = { method = "GET", carry_out = describe, parameters = rows() },
  UpdateMapRun = {
    method = "GET", writes = true, carry_out = update,
    parameters = rows(
      { "Concurrency", type = "integer", minimum = 1 },
      { "ToleratedFailedCount", type = "integer", minimum = 0 },
      { "ToleratedFailedPercentage", type = "number", minimum = 0, maximum = 100 }
    ),
  },
}
