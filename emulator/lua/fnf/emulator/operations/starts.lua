--- StartExecution and StartSyncExecution.
-- SPDX-License-Identifier: MIT

local errors = require("fnf.emulator.errors")
local execution = require("fnf.emulator.execution")
local description = require("fnf.emulator.description")
local flow = require("fnf.emulator.flow")
local hold = require("fnf.emulator.hold")
local store = require("fnf.emulator.store")

-- An Express execution may take 5 minutes.
local LONGEST = 300

-- Which version an alias leads to: by weight, turn and turn about, so that a test can tell.
local function route(found, alias)
  local routes = alias.RoutingConfigurations
  local total = 0
  for _, each in ipairs(routes) do total = total + each.Weight end
  local turn = total > 0 and #found.started % total or 0
  return turn < routes[1].Weight and routes[1].Version or routes[#routes].Version
end

-- What of the flow is executed: the version that the qualifier leads to, else the flow as it is.
local function settings(found, qualifier)
  if (qualifier or "") == "" then return flow.settings(found) end
  local alias = found.aliases[qualifier]
  local version, refusal = flow.version(found, alias and route(found, alias) or qualifier)
  if not version then return nil, refusal end
  local frozen = flow.settings(version)
  frozen.Version, frozen.Qualifier = version.Version, qualifier
  return frozen
end

-- No code is documented for either; these say what they mean to a client.
local function check_resources(values)
  local limits = store.quota and store.quota.resources
  if not limits then return nil end
  if #(values.Input or "") > limits.event_bytes then return errors.refuse("EntityTooLarge", limits.event_bytes) end
  if not store.has_room(limits.running_executions) then return errors.refuse("ResourceThrottled") end
end

local function begin(values, found, name)
  local refusal = check_resources(values)
  if refusal then return nil, refusal end
  local start
  start, refusal = settings(found, values.Qualifier)
  if not start then return nil, refusal end
  start.Name, start.Input = name, values.Input ~= "" and values.Input or nil
  return store.add_execution(found, start)
end

local function start(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  local name = values.ExecutionName or store.next_name()
  local running = found.executions[name]
  if running and execution.course(running, store.simulated()).over then
    return nil, errors.refuse("ExecutionAlreadyExists", name, found.Name)
  end
  -- That the service compares Input is not documented, so a running one of the name is the answer whatever it has.
  if not running then running, refusal = begin(values, found, name) end
  if not running then return nil, refusal end
  return description.of(running)
end

local function uuid() return (store.next_name():gsub("^(........)(....)(....)(....)(.*)$", "%1-%2-%3-%4-%5")) end

local function start_sync(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  local running
  running, refusal = begin(values, found, (values.ExecutionName or store.next_name()) .. ":" .. uuid())
  if not running then return nil, refusal end
  hold.until_over(running, LONGEST)
  local answer = description.of(running)
  answer.FlowDefinition, answer.Input = nil, nil
  local problem = execution.course(running, store.simulated()).problem
  if problem and answer.StoppedTime then answer.ErrorCode, answer.ErrorMessage = problem.Error, problem.Cause end
  return answer
end

local function rows(...)
  return {
    { "FlowName", required = true }, { "ExecutionName", type = "name" }, { "Input", type = "object" },
    { "Qualifier" }, ...
  }
end

return {
  StartExecution = {
    method = "POST", carry_out = start,
    -- Accepted and not acted upon: no task is called back.
    parameters = rows({ "CallbackFnFTaskToken" }),
  },
  StartSyncExecution = { method = "POST", carry_out = start_sync, parameters = rows() },
}
