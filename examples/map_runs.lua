--- Starts a flow with a Map state and waits for each of its MapRuns as it appears: `lua examples/map_runs.lua FLOW`.
-- SPDX-License-Identifier: MIT
-- Key, region and endpoint come from the environment, as `bin/fnf emulator` prints them.
local client = require("fnf").new()
local flow = arg[1] or "orders"
local execution = assert(client:start_execution { FlowName = flow, Input = { items = { 1, 2, 3 } } })
local parent, seen = { FlowName = flow, ExecutionName = execution.Name }, {}

repeat
  execution = assert(client:describe_execution(parent))
  for found in client:map_runs(parent) do
    if not seen[found.MapRunName] then
      seen[found.MapRunName] = true
      local run = assert(client:wait_map_run({ FlowName = flow, ExecutionName = execution.Name,
        MapRunName = found.MapRunName }, { timeout = 600 }))
      print(found.StepName, run.MapRunName, run.Status, run.ItemCounts.Succeed .. " of " .. run.ItemCounts.Total)
    end
  end
  assert(client:describe_execution { FlowName = flow, ExecutionName = execution.Name, WaitTimeSeconds = 1 })
until execution.Status ~= "Starting" and execution.Status ~= "Running"
print(execution.Name, execution.Status)
client:close()
