--- Everything the emulator remembers between requests, in the one Lua VM of its one process.
-- SPDX-License-Identifier: MIT

local clock = require "fnf.emulator.clock"
local definition = require "fnf.emulator.definition"
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

-- What there is to look at without a script, by the names of the documentation: a flow with a Map state, and executions
-- of it that begin when the flow is first asked for: one to succeed, one to fail, one to go on, and one whose failed
-- items have causes.
local SAMPLE = {
  flow = { Name = "orders", Type = "FDL", Description = "each order of a night", Definition = [[
Type: StateMachine
SpecVersion: v1
Name: orders
StartAt: Each
States:
  - Type: Map
    Name: Each
    ItemsPath: $Input.orders
    ProcessorConfig: { ExecutionMode: Express }
    End: true
]] },
  executions = {
    { ExecutionName = "nightly-1", items = 300, failure_share = 0.02 },
    { ExecutionName = "nightly-2", items = 300, failure_share = 0.2 },
    { ExecutionName = "nightly-3", items = 100000, Concurrency = 10 },
    { ExecutionName = "nightly-4", items = 300, MapRunName = "c4a760a8dbcf4e14a39d6c5b7f1e2d30", fail = {
      ["17"] = { Error = "Timeout", Cause = "no answer from 10.0.0.7:443 in 3000 ms" },
      ["59"] = { Error = "Timeout", Cause = "no answer from 10.0.0.9:443 in 3002 ms" },
      ["104"] = { Error = "BadOrder", Cause = "order 1104 has no price" },
      ["105"] = { Error = "BadOrder", Cause = "order 1105 has no price" },
      ["106"] = { Error = "BadOrder", Cause = "order 1106 has no price" },
      ["260"] = { Error = "DiskFull", Cause = "no space left on device" },
    } },
  },
  of_each = { FlowName = "orders", StepName = "Each", MapRunName = "5f2c8d1e0a7b4c3d9e6f8a1b2c3d4e5f",
    Concurrency = 20, ToleratedFailedPercentage = 5 },
}

-- The input of so many orders.
local function orders(count)
  local list = {}
  for number = 1, count do
    list[number] = ('{"order":%d}'):format(1000 + number)
  end
  return ('{"orders":[%s]}'):format(table.concat(list, ","))
end

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
  for _, run in ipairs(SAMPLE.executions) do
    local specification = {}
    for _, fields in ipairs { SAMPLE.of_each, run } do
      for field, value in pairs(fields) do
        specification[field] = value
      end
    end
    assert(store.add_map_run(specification, run.fail and orders(run.items)))
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
---@param input? string of an execution that begins with it: JSON with one list in it, the items
---@return fnf.emulator.MapRun? run
---@return string? message
function store.add_map_run(specification, input)
  local run, message = map_run.new(specification, store.simulated(), input and definition.items({}, input))
  if not run then
    return nil, message
  end
  run.MapRunName = run.MapRunName or store.next_name()
  local parent = store.flows[run.FlowName] or store.add_flow { Name = run.FlowName, Type = "FDL" }
  local execution = parent.executions[run.ExecutionName]
    or keep(parent, begin(parent, { Name = run.ExecutionName, Input = input }))
  execution.map_runs[run.MapRunName] = run
  execution.attached[#execution.attached + 1] = { name = run.StepName, kind = "map", run = run }
  return run
end

return store
