--- The parameters of an operation: out of query or form by its row, checked by the documented rules.
-- SPDX-License-Identifier: MIT

local errors = require("fnf.emulator.errors")

local parameters = {}

---@class fnf.emulator.Parameter
---@field name string
---@field place "query"|"form"
---@field type "string"|"integer"|"number"
---@field required? boolean
---@field minimum? number
---@field maximum? number

local function numeric(wanted, valid)
  return function(text, parameter)
    local value = text:find(valid) and tonumber(text)
    local low, high = parameter.minimum or -math.huge, parameter.maximum or math.huge
    if not value then return nil, ("%s must be %s."):format(parameter.name, wanted) end
    if value < low then return nil, ("%s must be at least %g."):format(parameter.name, low) end
    if value > high then return nil, ("%s must be at most %g."):format(parameter.name, high) end
    return value
  end
end

local readers = {
  string = function(text) return text end,
  integer = numeric("an integer", "^%-?%d+$"),
  number = numeric("a number", "^%-?%d+%.?%d*$"),
}

--- Reads every parameter of the row.
---@param row { parameters: fnf.emulator.Parameter[] }
---@param request fnf.emulator.Request
---@return table<string, any>? values
---@return fnf.emulator.Refusal? refusal
function parameters.read(row, request)
  local values = {}
  for _, parameter in ipairs(row.parameters) do
    local text = request[parameter.place][parameter.name]
    if parameter.required and (text or "") == "" then
      return nil, errors.refuse("MissingRequiredParams", parameter.name)
    end
    if text then
      local value, message = readers[parameter.type](text, parameter)
      if value == nil then return nil, errors.refuse("InvalidArgument", message) end
      values[parameter.name] = value
    end
  end
  return values
end

return parameters
