--- Everything the emulator remembers between requests, in the one Lua VM of its one process.
-- SPDX-License-Identifier: MIT

local clock = require("fnf.emulator.clock")
local errors = require("fnf.emulator.errors")
local faults = require("fnf.emulator.faults")
local flow = require("fnf.emulator.flow")
local journal = require("fnf.emulator.journal")
local map_run = require("fnf.emulator.map_run")
local nonces = require("fnf.emulator.nonces")
local quota = require("fnf.emulator.quota")

---@class fnf.emulator.Store
---@field flows table<string, fnf.emulator.Flow>
---@field keys table<string, fnf.emulator.Key>
---@field quota table? nil when no quota is enforced
---@field identity? fnf.emulator.Identity made by identity.lua
local store = {}

local initial

local function copy(list)
  local result = {}
  for index, entry in ipairs(list) do
    result[index] = {}
    for name, value in pairs(entry) do result[index][name] = value end
  end
  return result
end

--- Forgets everything: the state right after the start.
---@param now number wall time, seconds
function store.reset(now)
  store.clock = clock.new(now)
  store.nonces = nonces.new(now)
  store.faults = faults.new()
  store.journal = journal.new(now)
  store.quota = initial.quota and quota.new() or nil
  store.gateway, store.identity = initial.gateway, nil
  store.flows, store.keys, store.serial = {}, {}, 0
  for _, key in ipairs(copy(initial.keys)) do store.keys[key.id] = key end
end

--- Sets up the state that a reset goes back to.
---@param settings { keys: fnf.emulator.Key[], quota: boolean, gateway: boolean }
---@param signer function fnf.core's signer
---@param now number wall time, seconds
function store.open(settings, signer, now)
  initial, store.signer = settings, signer
  store.reset(now)
end

--- Simulated seconds now.
---@return number
function store.simulated() return clock.simulated(store.clock, ngx.now()) end

--- The wall time at which a simulated moment is shown.
---@param simulated number
---@return number
function store.shown(simulated) return clock.shown(store.clock, simulated) end

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
  if not found then return nil, errors.refuse("FlowNotExists", name) end
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

--- Adds a MapRun, with the flow and the execution it belongs to.
---@param specification table
---@return fnf.emulator.MapRun? run
---@return string? message
function store.add_map_run(specification)
  local run, message = map_run.new(specification, store.simulated())
  if not run then return nil, message end
  run.MapRunName = run.MapRunName or store.next_name()
  local parent = store.flows[run.FlowName] or store.add_flow({ Name = run.FlowName, Type = "FDL" })
  local execution = parent.executions[run.ExecutionName] or { map_runs = {} }
  parent.executions[run.ExecutionName] = execution
  execution.map_runs[run.MapRunName] = run
  return run
end

return store
