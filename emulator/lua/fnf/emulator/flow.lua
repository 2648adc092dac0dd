--- A flow: its definition, and all that belongs to it.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"
local json = require "fnf.emulator.json"

local flow = {}

---@class fnf.emulator.Flow
---@field Name string
---@field Id string
---@field Definition? string
---@field Environment? table
---@field created number seconds on the emulator's clock
---@field modified number
---@field versions table<integer, table> frozen definitions by number, holes where one was deleted
---@field newest integer the number of the latest version there ever was
---@field aliases table<string, table>
---@field schedules table<string, table>
---@field executions table<string, fnf.emulator.Execution>
---@field started fnf.emulator.Execution[] the same in the order of their starts

-- What UpdateFlow may change and a version freezes.
local SETTINGS = { "Definition", "Description", "Environment", "RoleArn", "Type" }

--- What a version keeps of the flow, or an execution of its definition.
---@param self table
---@return table
function flow.settings(self)
  local copy = {}
  for _, name in ipairs(SETTINGS) do
    copy[name] = self[name]
  end
  return copy
end

---@param values table the parameters of CreateFlow
---@param id string
---@param now number seconds on the emulator's clock
---@return fnf.emulator.Flow
function flow.new(values, id, now)
  local self = flow.settings(values)
  self.Name, self.Id, self.created, self.modified = values.Name, id, now, now
  self.ExecutionMode, self.ResourceGroupId = values.ExecutionMode, values.ResourceGroupId
  self.ExternalStorageLocation = values.ExternalStorageLocation
  self.versions, self.newest, self.aliases, self.schedules = {}, 0, {}, {}
  self.executions, self.started = {}, {}
  return self
end

--- Changes what is given.
---@param self fnf.emulator.Flow
---@param values table
---@param now number
function flow.update(self, values, now)
  for name, value in pairs(flow.settings(values)) do
    self[name] = value
  end
  self.modified = now
end

--- A version of the flow by its number as text.
---@param self fnf.emulator.Flow
---@param number string
---@return table? version
---@return fnf.emulator.Refusal? no code for this case is documented
function flow.version(self, number)
  local version = number:find "^%d+$" and self.versions[tonumber(number)]
  if not version then
    return nil, errors.refuse("FlowNotExists", self.Name .. ":" .. number)
  end
  return version
end

--- An alias of the flow.
---@param self fnf.emulator.Flow
---@param name string
---@return table? alias
---@return fnf.emulator.Refusal? no code for this case is documented
function flow.alias(self, name)
  local alias = self.aliases[name]
  if not alias then
    return nil, errors.refuse("FlowNotExists", self.Name .. ":" .. name)
  end
  return alias
end

local function is_variable(variable)
  if type(variable) ~= "table" then
    return false
  end
  for name, value in pairs(variable) do
    local known = name == "Name" or name == "Value" or name == "Description"
    if not known or type(value) ~= "string" then
      return false
    end
  end
  return true
end

--- Reads an Environment: {"Variables":[{"Name","Value","Description"}]}. One without variables is none.
---@param text? string
---@return table? environment
---@return string? message what is wrong with it
function flow.environment(text)
  if (text or "") == "" then
    return nil
  end
  local environment = json.decode(text)
  local variables = type(environment) == "table" and (environment.Variables or {})
  if type(variables) ~= "table" then
    return nil, "Environment must be an object with a list Variables."
  end
  for key, variable in pairs(variables) do
    if type(key) ~= "number" or not is_variable(variable) then
      return nil, "Environment.Variables must be a list of { Name, Value, Description }."
    end
  end
  return #variables > 0 and { Variables = variables } or nil
end

return flow
