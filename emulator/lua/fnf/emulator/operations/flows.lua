--- Flows: CreateFlow, UpdateFlow, DeleteFlow, DescribeFlow, ListFlows.
-- SPDX-License-Identifier: MIT

local definition = require "fnf.emulator.definition"
local errors = require "fnf.emulator.errors"
local flow = require "fnf.emulator.flow"
local paging = require "fnf.emulator.paging"
local store = require "fnf.emulator.store"
local timestamp = require "fnf.emulator.timestamp"

local function shown(seconds)
  return timestamp.milliseconds(store.shown(seconds))
end

local function description(found)
  local answer = flow.settings(found)
  answer.Name, answer.Id, answer.ResourceGroupId = found.Name, found.Id, found.ResourceGroupId
  answer.ExecutionMode = found.ExecutionMode
  answer.CreatedTime, answer.LastModifiedTime = shown(found.created), shown(found.modified)
  return answer
end

-- Reads what is more than a text; the name inside a definition must be the flow's.
local function check(values)
  local environment, message = flow.environment(values.Environment)
  values.Environment = environment
  local inner = values.Definition and definition.read(values.Definition).Name
  if inner and inner ~= values.Name then
    message = "The name in Definition must be that of the flow."
  end
  return message and errors.refuse("InvalidArgument", message)
end

local function create(values)
  local refusal = check(values)
  if refusal then
    return nil, refusal
  end
  if store.flows[values.Name] then
    return nil, errors.refuse("FlowAlreadyExists", values.Name)
  end
  return description(store.add_flow(values))
end

local function update(values)
  local found, refusal = store.find_flow(values.Name)
  local given = values.Environment
  refusal = refusal or check(values)
  if refusal then
    return nil, refusal
  end
  flow.update(found, values, store.simulated())
  -- One without variables takes away the one there was.
  if given and not values.Environment then
    found.Environment = nil
  end
  local answer = description(found)
  -- The two answers differ in the documentation too.
  answer.ExecutionMode, answer.ExternalStorageLocation = nil, found.ExternalStorageLocation
  return answer
end

local function delete(values)
  local found, refusal = store.find_flow(values.Name)
  if not found then
    return nil, refusal
  end
  store.flows[values.Name] = nil
  return {}
end

local function describe(values)
  local found, refusal = store.find_flow(values.Name)
  if not found then
    return nil, refusal
  end
  local answer = description(found)
  if (values.FlowVersion or "") == "" then
    return answer
  end
  local version
  version, refusal = flow.version(found, values.FlowVersion)
  if not version then
    return nil, refusal
  end
  for name, value in pairs(flow.settings(version)) do
    answer[name] = value
  end
  return answer
end

local function list(values)
  local group = values.ResourceGroupId
  local flows, token = paging.by_name(values, store.flows, function(found)
    return (not group or group == found.ResourceGroupId) and description(found)
  end)
  if not flows then
    return nil, token
  end
  return { Flows = flows, NextToken = token }
end

local TYPE = { "FDL" }

return {
  CreateFlow = {
    method = "POST", carry_out = create,
    parameters = {
      { "Name", type = "name", required = true }, { "Definition", required = true },
      { "Description", required = true }, { "Type", required = true, values = TYPE }, { "Environment" },
      { "ExecutionMode", values = { "Standard", "Express", "" } }, { "ExternalStorageLocation" },
      { "ResourceGroupId" }, { "RoleArn" },
    },
  },
  UpdateFlow = {
    method = "POST", carry_out = update,
    parameters = {
      { "Name", required = true }, { "Definition" }, { "Description" }, { "Type", values = TYPE }, { "Environment" },
      { "RoleArn" },
    },
  },
  DeleteFlow = {
    method = "POST", former_method = "GET", writes = true, carry_out = delete,
    parameters = { { "Name", required = true } },
  },
  DescribeFlow = {
    method = "GET", carry_out = describe, parameters = { { "Name", required = true }, { "FlowVersion" } },
  },
  ListFlows = {
    method = "GET", list = "Flows", carry_out = list,
    parameters = { { "ResourceGroupId" }, paging.parameters(999) },
  },
}
