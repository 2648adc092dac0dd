--- Starting an execution so that a lost reply never starts a second one.
-- SPDX-License-Identifier: MIT
--
-- The name is what makes StartExecution repeatable: the service answers a repeated start with the running execution of
-- that name, or with ExecutionAlreadyExists once it has ended (API.md section 5). So an execution always gets a name.
-- No page says that the service compares Input; so after an attempt that may have been carried out we do.

local errors = require "fnf.errors"
local json = require "fnf.json"
local operations = require "fnf.operations"

local start = {}

local REPEATABLE = {}
for key, value in pairs(operations.start_execution) do
  REPEATABLE[key] = value
end
REPEATABLE.repeatable = true

--- What is sent: a copy with a name, and with the Input as the text that every attempt sends.
local function complete(params, platform)
  local wanted = {}
  for name, value in pairs(params) do
    wanted[name] = value
  end
  if not wanted.ExecutionName then
    local nonce, _, message = platform.nonce()
    if not nonce then
      return nil, errors.memory(message, false)
    end
    wanted.ExecutionName = "fnf-" .. nonce
  end
  if type(wanted.Input) == "table" then
    wanted.Input = json.encode(wanted.Input)
  end
  return wanted
end

local function equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not equal(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

--- JSON as what it says: the service may write it anew, and an absent Input as an empty one.
local function meaning(input)
  if input == nil or input == "" then
    return {}
  end
  local value = json.decode(input)
  if value == nil then
    return input
  end
  return value
end

---@param a string|nil
---@param b string|nil
---@return boolean
function start.same_input(a, b)
  return a == b or equal(meaning(a), meaning(b))
end

local function describe(client, wanted, limits)
  return client:perform(operations.describe_execution,
    { FlowName = wanted.FlowName, ExecutionName = wanted.ExecutionName }, limits)
end

--- After an attempt of unknown outcome: the execution that is there, if it is the one that was to be started.
local function adopt(client, wanted, limits, found, err)
  if err and err.code == "ExecutionAlreadyExists" or found and found.Input == nil then
    found, err = describe(client, wanted, limits)
  end
  if found and not start.same_input(found.Input, wanted.Input) then
    return nil, errors.new { kind = "service", code = "ExecutionAlreadyExists", operation = REPEATABLE.action,
      message = ("execution %s is there already, with another Input"):format(wanted.ExecutionName), retryable = false }
  end
  return found, err
end

--- Start an execution. A failure that leaves open whether it was started says so, and names it.
---@param client fnf.Client
---@param params table as StartExecution; without ExecutionName one is made
---@param options table
---@return table|nil execution
---@return fnf.Error|nil err with `execution_name` if it may have been started
function start.run(client, params, options)
  local platform = client:choose_platform()
  local limits = client:limits(options, platform)
  local wanted, problem = complete(params, platform)
  if not wanted then
    return nil, problem
  end
  local found, err, outcome_unknown = client:perform(REPEATABLE, wanted, limits, platform)
  if found and not outcome_unknown or err and not err.outcome_unknown then
    return found, err
  end
  found, err = adopt(client, wanted, limits, found, err)
  if err and err.code ~= "ExecutionAlreadyExists" then
    err.outcome_unknown, err.execution_name = true, wanted.ExecutionName
    err.message = ("%s; it may have been started as %s"):format(err.message, wanted.ExecutionName)
  end
  return found, err
end

return start
