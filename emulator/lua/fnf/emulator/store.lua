--- Everything the emulator remembers between requests, in the one Lua VM of its one process.
-- SPDX-License-Identifier: MIT

local clock = require "fnf.emulator.clock"
local errors = require "fnf.emulator.errors"
local course = require("fnf.emulator.execution").course
local faults = require "fnf.emulator.faults"
local flow = require "fnf.emulator.flow"
local journal = require "fnf.emulator.journal"
local map_run = require "fnf.emulator.map_run"
local quota = require "fnf.emulator.quota"
local script = require "fnf.emulator.script"

---@class fnf.emulator.Store
---@field flows table<string, fnf.emulator.Flow>
---@field scripts table what is said about executions to come: by flow, and [1] for any other
---@field running fnf.emulator.Execution[] and some that have ended
---@field tasks table<string, { execution: fnf.emulator.Execution, step: fnf.emulator.Step }> by token
---@field keys table<string, fnf.emulator.Key>
---@field token string that the control URL asks for
---@field quota table? nil when no quota is enforced
---@field identity? fnf.emulator.Identity made by identity.lua
---@field sample? fnf.emulator.Flow that nobody has asked for yet
local store = {}

local initial

local function copy(list)
  local result = {}
  for index, entry in ipairs(list) do
    result[index] = {}
    for name, value in pairs(entry) do
      result[index][name] = value
    end
  end
  return result
end

-- What there is to look at without a script, by the names of the README: a flow with a Map state, and three executions
-- of it that begin when the flow is first asked for, one to succeed, one to fail and one to go on.
local SAMPLE = {
  flow = { Name = "orders", Type = "FDL", Description = "each order of a night", Definition = [[
Type: StateMachine
SpecVersion: v1
Name: orders
StartAt: Each
States:
  - Type: Map
    Name: Each
    ProcessorConfig: { ExecutionMode: Express }
    End: true
]] },
  executions = {
    ["nightly-1"] = { items = 300, Concurrency = 20, failure_share = 0.02, ToleratedFailedPercentage = 5 },
    ["nightly-2"] = { items = 300, Concurrency = 20, failure_share = 0.2, ToleratedFailedPercentage = 5 },
    ["nightly-3"] = { items = 100000, Concurrency = 10, ToleratedFailedPercentage = 5 },
  },
  MapRunName = "5f2c8d1e0a7b4c3d9e6f8a1b2c3d4e5f",
}

--- Forgets everything: the state right after the start.
---@param now number wall time, seconds
function store.reset(now)
  store.clock = clock.new(now)
  store.faults = faults.new()
  store.journal = journal.new(now)
  store.quota = initial.quota and quota.new() or nil
  store.gateway, store.identity = initial.gateway, nil
  store.flows, store.keys, store.serial = {}, {}, 0
  store.running, store.tasks, store.scripts = {}, {}, { script.read {} }
  for _, key in ipairs(copy(initial.keys)) do
    store.keys[key.id] = key
  end
  store.sample = initial.sample and store.add_flow(SAMPLE.flow) or nil
end

-- Begins the executions of the sample, once.
local function begin_sample()
  store.sample = nil
  for name, run in pairs(SAMPLE.executions) do
    local specification = { FlowName = SAMPLE.flow.Name, ExecutionName = name, MapRunName = SAMPLE.MapRunName,
      StepName = "Each" }
    for field, value in pairs(run) do
      specification[field] = value
    end
    assert(store.add_map_run(specification))
  end
end

--- Sets up the state that a reset goes back to.
---@param settings { token: string, keys: fnf.emulator.Key[], quota: boolean, gateway: boolean, sample: boolean }
---@param now number wall time, seconds
function store.open(settings, now)
  initial, store.token = settings, settings.token
  store.reset(now)
end

--- Simulated seconds now.
---@return number
function store.simulated()
  return clock.simulated(store.clock, ngx.now())
end

--- The wall time at which a simulated moment is shown.
---@param simulated number
---@return number
function store.shown(simulated)
  return clock.shown(store.clock, simulated)
end

--- A new name, like those in the service's examples: 32 hexadecimal digits, here counted and not drawn.
---@return string
function store.next_name()
  store.serial = store.serial + 1
  return ("%032x"):format(store.serial)
end

--- The flow of this name.
---@param name string
---@return fnf.emulator.Flow? found
---@return fnf.emulator.Refusal?
function store.find_flow(name)
  local found = store.flows[name]
  if not found then
    return nil, errors.refuse("FlowNotExists", name)
  elseif found == store.sample then
    begin_sample()
  end
  return found
end

--- Adds a flow.
---@param values table the parameters of CreateFlow
---@return fnf.emulator.Flow
function store.add_flow(values)
  local added = flow.new(values, store.next_name(), store.simulated())
  store.flows[values.Name] = added
  return added
end

--- The execution of this name.
---@param flow_name string
---@param name string
---@return fnf.emulator.Execution? found
---@return fnf.emulator.Refusal?
function store.find_execution(flow_name, name)
  local parent, refusal = store.find_flow(flow_name)
  if not parent then
    return nil, refusal
  end
  local found = parent.executions[name]
  if not found then
    return nil, errors.refuse("ExecutionNotExists", name, flow_name)
  end
  return found
end

-- Puts the execution where it is found again, and its tasks where their tokens lead.
local function keep(parent, execution)
  parent.executions[execution.Name] = execution
  parent.started[#parent.started + 1] = execution
  store.running[#store.running + 1] = execution
  for _, step in ipairs(execution.steps) do
    if step.token then
      store.tasks[step.token] = { execution = execution, step = step }
    end
  end
  return execution
end

local function begin(parent, values)
  local execution_script = store.scripts[parent.Name] or store.scripts[1]
  return {
    FlowName = parent.Name, Name = values.Name, Input = values.Input, Qualifier = values.Qualifier,
    Version = values.Version, Definition = values.Definition, Environment = values.Environment,
    RoleArn = values.RoleArn, script = execution_script, starts = store.simulated() + execution_script.starting,
    steps = {}, attached = {}, map_runs = {},
  }
end

local function is_running(execution)
  return store.find_execution(execution.FlowName, execution.Name) == execution
    and not course(execution, store.simulated()).over
end

--- Are fewer executions running than this? Those that have ended are forgotten only once the limit seems reached.
---@param limit integer
---@return boolean
function store.has_room(limit)
  if #store.running < limit then
    return true
  end
  local running = {}
  for _, execution in ipairs(store.running) do
    if is_running(execution) then
      running[#running + 1] = execution
    end
  end
  store.running = running
  return #running < limit
end

--- Starts an execution.
---@param parent fnf.emulator.Flow
---@param values { Name: string, Input?: string, Qualifier?: string, Version?: string, Definition?: string }
---@return fnf.emulator.Execution
function store.add_execution(parent, values)
  local execution = begin(parent, values)
  execution.steps = script.steps(execution, store.next_name)
  return keep(parent, execution)
end

--- Adds a MapRun, with the flow and the execution it belongs to.
---@param specification table
---@return fnf.emulator.MapRun? run
---@return string? message
function store.add_map_run(specification)
  local run, message = map_run.new(specification, store.simulated())
  if not run then
    return nil, message
  end
  run.MapRunName = run.MapRunName or store.next_name()
  local parent = store.flows[run.FlowName] or store.add_flow { Name = run.FlowName, Type = "FDL" }
  local execution = parent.executions[run.ExecutionName] or keep(parent, begin(parent, { Name = run.ExecutionName }))
  execution.map_runs[run.MapRunName] = run
  execution.attached[#execution.attached + 1] = { name = run.StepName, kind = "map", run = run }
  return run
end

return store
