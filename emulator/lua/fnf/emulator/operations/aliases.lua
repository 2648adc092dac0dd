--- CreateFlowAlias, UpdateFlowAlias, DescribeFlowAlias, ListFlowAliases, DeleteFlowAlias.
-- SPDX-License-Identifier: MIT

local errors = require("fnf.emulator.errors")
local flow = require("fnf.emulator.flow")
local paging = require("fnf.emulator.paging")
local store = require("fnf.emulator.store")
local timestamp = require("fnf.emulator.timestamp")
local json = require("fnf.emulator.json")

local function is_route(route)
  if type(route) ~= "table" or type(route.Version) ~= "string" then return false end
  return type(route.Weight) == "number" and route.Weight % 1 == 0 and route.Weight >= 0
end

-- One or two versions that exist, with whole weights. No upper bound of a weight is documented.
local function routes(found, text)
  local list = json.decode(text)
  local count = type(list) == "table" and #list or 0
  if count < 1 or count > 2 then
    return nil, errors.refuse("InvalidArgument", "RoutingConfigurations must be a list of one or two.")
  end
  for _, route in ipairs(list) do
    if not is_route(route) then
      return nil, errors.refuse("InvalidArgument", "Each RoutingConfiguration needs Version (a text) and Weight.")
    end
    local version, refusal = flow.version(found, route.Version)
    if not version then return nil, refusal end
  end
  return list
end

-- CreatedTime has two forms in the documentation: that of versions after an update and in the list.
local function description(alias, form)
  return {
    Name = alias.Name, Description = alias.Description, RoutingConfigurations = alias.RoutingConfigurations,
    CreatedTime = form(store.shown(alias.created)),
  }
end

local function find(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  local alias
  alias, refusal = flow.alias(found, values.Name)
  return alias, refusal, found
end

local function create(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  -- No code for a second alias of the name is documented.
  if found.aliases[values.Name] then
    return nil, errors.refuse("FlowAlreadyExists", values.FlowName .. ":" .. values.Name)
  end
  local list
  list, refusal = routes(found, values.RoutingConfigurations)
  if not list then return nil, refusal end
  local alias = {
    Name = values.Name, Description = values.Description, RoutingConfigurations = list, created = store.simulated(),
  }
  found.aliases[alias.Name] = alias
  local answer = description(alias, timestamp.milliseconds)
  answer.FlowName = found.Name
  return answer
end

local function update(values)
  local alias, refusal, found = find(values)
  if not alias then return nil, refusal end
  if values.RoutingConfigurations then
    local list
    list, refusal = routes(found, values.RoutingConfigurations)
    if not list then return nil, refusal end
    alias.RoutingConfigurations = list
  end
  alias.Description = values.Description or alias.Description
  return { Alias = description(alias, timestamp.china) }
end

local function describe(values)
  local alias, refusal = find(values)
  if not alias then return nil, refusal end
  return { Alias = description(alias, timestamp.milliseconds) }
end

-- Weight is a text in this one answer.
local function listed(alias)
  local answer = description(alias, timestamp.china)
  answer.RoutingConfigurations = {}
  for index, route in ipairs(alias.RoutingConfigurations) do
    answer.RoutingConfigurations[index] = { Version = route.Version, Weight = ("%d"):format(route.Weight) }
  end
  return answer
end

local function list(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  local aliases, token = paging.by_name(values, found.aliases, listed)
  if not aliases then return nil, token end
  return { Aliases = aliases, NextToken = token }
end

local function delete(values)
  local alias, refusal, found = find(values)
  if not alias then return nil, refusal end
  found.aliases[values.Name] = nil
  return {}
end

local function rows(...) return { { "FlowName", required = true }, { "Name", required = true }, ... } end

return {
  CreateFlowAlias = {
    method = "POST", carry_out = create,
    parameters = rows({ "RoutingConfigurations", required = true }, { "Description" }),
  },
  UpdateFlowAlias = {
    method = "POST", carry_out = update, parameters = rows({ "RoutingConfigurations" }, { "Description" }),
  },
  DescribeFlowAlias = { method = "GET", carry_out = describe, parameters = rows() },
  ListFlowAliases = {
    method = "GET", list = "Aliases", carry_out = list,
    parameters = { { "FlowName", required = true }, paging.parameters() },
  },
  DeleteFlowAlias = { method = "POST", carry_out = delete, parameters = rows() },
}
