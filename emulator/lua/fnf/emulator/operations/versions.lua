--- Versions of flows and the aliases that lead to them: PublishFlowVersion, ListFlowVersions, DeleteFlowVersion, and
-- Create-, Update-, Describe- and DeleteFlowAlias, ListFlowAliases.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"
local flow = require "fnf.emulator.flow"
local json = require "fnf.emulator.json"
local paging = require "fnf.emulator.paging"
local store = require "fnf.emulator.store"
local timestamp = require "fnf.emulator.timestamp"

local function version_description(version)
  return {
    Version = version.Version, Description = version.published_as,
    CreatedTime = timestamp.china(store.shown(version.created)),
  }
end

-- Every publish makes a new number, also when nothing has changed: whether the service does so is not documented.
local function publish(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local version = flow.settings(found)
  found.newest = found.newest + 1
  version.Version, version.created = ("%d"):format(found.newest), store.simulated()
  version.published_as = values.Description
  found.versions[found.newest] = version
  local answer = version_description(version)
  answer.FlowName = found.Name
  return answer
end

local function list_versions(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local mark
  mark, refusal = paging.number(values.NextToken)
  if refusal then
    return nil, refusal
  end
  local versions, last = paging.gather(values.Limit, { (mark or 0) + 1, found.newest, 1 }, function(number)
    return found.versions[number] and version_description(found.versions[number])
  end)
  return { FlowVersions = versions, NextToken = last and paging.token(last) }
end

local function delete_version(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local version
  version, refusal = flow.version(found, values.FlowVersion)
  if not version then
    return nil, refusal
  end
  found.versions[tonumber(values.FlowVersion)] = nil
  return {}
end

-- Whole numbers are exact below it.
local MOST = 2 ^ 53

local function is_route(route)
  if type(route) ~= "table" or type(route.Version) ~= "string" then
    return false
  end
  return type(route.Weight) == "number" and route.Weight % 1 == 0 and route.Weight >= 0 and route.Weight <= MOST
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
    if not version then
      return nil, refusal
    end
  end
  return list
end

-- CreatedTime has two forms in the documentation: that of versions after an update and in the list.
local function alias_description(alias, form)
  return {
    Name = alias.Name, Description = alias.Description, RoutingConfigurations = alias.RoutingConfigurations,
    CreatedTime = form(store.shown(alias.created)),
  }
end

local function find_alias(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local alias
  alias, refusal = flow.alias(found, values.Name)
  return alias, refusal, found
end

local function create_alias(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  -- No code for a second alias of the name is documented.
  if found.aliases[values.Name] then
    return nil, errors.refuse("FlowAlreadyExists", values.FlowName .. ":" .. values.Name)
  end
  local list
  list, refusal = routes(found, values.RoutingConfigurations)
  if not list then
    return nil, refusal
  end
  local alias = {
    Name = values.Name, Description = values.Description, RoutingConfigurations = list, created = store.simulated(),
  }
  found.aliases[alias.Name] = alias
  local answer = alias_description(alias, timestamp.milliseconds)
  answer.FlowName = found.Name
  return answer
end

local function update_alias(values)
  local alias, refusal, found = find_alias(values)
  if not alias then
    return nil, refusal
  end
  if values.RoutingConfigurations then
    local list
    list, refusal = routes(found, values.RoutingConfigurations)
    if not list then
      return nil, refusal
    end
    alias.RoutingConfigurations = list
  end
  alias.Description = values.Description or alias.Description
  return { Alias = alias_description(alias, timestamp.china) }
end

local function describe_alias(values)
  local alias, refusal = find_alias(values)
  if not alias then
    return nil, refusal
  end
  return { Alias = alias_description(alias, timestamp.milliseconds) }
end

-- Weight is a text in this one answer.
local function listed_alias(alias)
  local answer = alias_description(alias, timestamp.china)
  answer.RoutingConfigurations = {}
  for index, route in ipairs(alias.RoutingConfigurations) do
    answer.RoutingConfigurations[index] = { Version = route.Version, Weight = ("%d"):format(route.Weight) }
  end
  return answer
end

local function list_aliases(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then
    return nil, refusal
  end
  local aliases, token = paging.by_name(values, found.aliases, listed_alias)
  if not aliases then
    return nil, token
  end
  return { Aliases = aliases, NextToken = token }
end

local function delete_alias(values)
  local alias, refusal, found = find_alias(values)
  if not alias then
    return nil, refusal
  end
  found.aliases[values.Name] = nil
  return {}
end

local function alias_rows(...)
  return { { "FlowName", required = true }, { "Name", required = true }, ... }
end

return {
  PublishFlowVersion = {
    method = "POST", carry_out = publish, parameters = { { "FlowName", required = true }, { "Description" } },
  },
  ListFlowVersions = {
    method = "GET", list = "FlowVersions", carry_out = list_versions,
    parameters = { { "FlowName", required = true }, paging.parameters() },
  },
  DeleteFlowVersion = {
    method = "POST", carry_out = delete_version,
    parameters = { { "FlowName", required = true }, { "FlowVersion", required = true } },
  },
  CreateFlowAlias = {
    method = "POST", carry_out = create_alias,
    parameters = alias_rows({ "RoutingConfigurations", required = true }, { "Description" }),
  },
  UpdateFlowAlias = {
    method = "POST", carry_out = update_alias, parameters = alias_rows({ "RoutingConfigurations" }, { "Description" }),
  },
  DescribeFlowAlias = { method = "GET", carry_out = describe_alias, parameters = alias_rows() },
  ListFlowAliases = {
    method = "GET", list = "Aliases", carry_out = list_aliases,
    parameters = { { "FlowName", required = true }, paging.parameters() },
  },
  DeleteFlowAlias = { method = "POST", carry_out = delete_alias, parameters = alias_rows() },
}
