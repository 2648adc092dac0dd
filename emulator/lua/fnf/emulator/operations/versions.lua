--- PublishFlowVersion, ListFlowVersions, DeleteFlowVersion.
-- SPDX-License-Identifier: MIT

local flow = require("fnf.emulator.flow")
local paging = require("fnf.emulator.paging")
local store = require("fnf.emulator.store")
local timestamp = require("fnf.emulator.timestamp")

local function description(version)
  return {
    Version = version.Version, Description = version.published_as,
    CreatedTime = timestamp.china(store.shown(version.created)),
  }
end

-- Every publish makes a new number, also when nothing has changed: whether the service does so is not documented.
local function publish(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  local version = flow.settings(found)
  found.newest = found.newest + 1
  version.Version, version.created = ("%d"):format(found.newest), store.simulated()
  version.published_as = values.Description
  found.versions[found.newest] = version
  local answer = description(version)
  answer.FlowName = found.Name
  return answer
end

local function list(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  local mark
  mark, refusal = paging.number(values.NextToken)
  if refusal then return nil, refusal end
  local versions, last = paging.gather(values.Limit, { (mark or 0) + 1, found.newest, 1 }, function(number)
    return found.versions[number] and description(found.versions[number])
  end)
  return { FlowVersions = versions, NextToken = last and paging.token(last) }
end

local function delete(values)
  local found, refusal = store.find_flow(values.FlowName)
  if not found then return nil, refusal end
  local version
  version, refusal = flow.version(found, values.FlowVersion)
  if not version then return nil, refusal end
  found.versions[tonumber(values.FlowVersion)] = nil
  return {}
end

return {
  PublishFlowVersion = {
    method = "POST", carry_out = publish, parameters = { { "FlowName", required = true }, { "Description" } },
  },
  ListFlowVersions = {
    method = "GET", list = "FlowVersions", carry_out = list,
    parameters = { { "FlowName", required = true }, paging.parameters() },
  },
  DeleteFlowVersion = {
    method = "POST", carry_out = delete,
    parameters = { { "FlowName", required = true }, { "FlowVersion", required = true } },
  },
}
