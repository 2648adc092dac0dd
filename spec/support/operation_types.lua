--- The LuaCATS classes of the operations, out of the rows and the reference of the service.
-- SPDX-License-Identifier: MIT
--
-- `make rows` writes them anew, to lua/fnf/types.

local json = require "fnf.json"
local methods = require "fnf.methods"
local operations = require "fnf.operations"

local operation_types = {}

local TYPES = { string = "string", name = "string", integer = "integer", number = "number", boolean = "boolean",
  json = "table|string", list = "table[]" }

local function read_reference()
  local file = assert(io.open("spec/reference/fnf-2019-03-15.json", "rb"))
  local text = file:read("*a")
  file:close()
  return assert(json.decode(text))
end

local function sorted(set)
  local names = {}
  for name in pairs(set) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function quoted(values)
  local list = {}
  for i, value in ipairs(values) do
    list[i] = ('"%s"'):format(value)
  end
  return table.concat(list, "|")
end

local function head(purpose)
  return { "---@meta", "-- " .. purpose, "-- SPDX-License-Identifier: MIT", "",
    "-- Written by spec/support/operation_types.lua; read by editors, required by nobody." }
end

---- parameters ----

local function range(row)
  if row.minimum or row.maximum then
    return (" %s to %s"):format(row.minimum or "any", row.maximum or "any")
  elseif row.characters then
    return (" %d to %d characters"):format(row.characters[1], row.characters[2])
  end
  return row.type == "json" and " a table is written as JSON" or ""
end

function operation_types.parameters()
  local lines = head "What the operations take."
  for _, name in ipairs(sorted(operations)) do
    local row = operations[name]
    lines[#lines + 1] = ""
    lines[#lines + 1] = ("---@class fnf.%sParameters"):format(row.action)
    for _, parameter in ipairs(sorted(row.parameters)) do
      local rule = row.parameters[parameter]
      lines[#lines + 1] = ("---@field %s%s %s%s"):format(parameter, rule.required and "" or "?",
        rule.values and quoted(rule.values) or TYPES[rule.type], range(rule))
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

---- results ----

local SINGULAR = { Aliases = "Alias" }

--- Whether a class has all of these fields, with these types.
local function covers(class, properties)
  for field, kind in pairs(properties) do
    if class[field] ~= kind then
      return false
    end
  end
  return true
end

--- A nested record is called as its field, of a list in the singular; where one covers another they are one class.
local function nested_name(field, known, properties, is_list)
  local name = "fnf." .. (is_list and (SINGULAR[field] or field:gsub("s$", "")) or field)
  while known[name] and not covers(known[name], properties) do
    name = name .. "Entry"
  end
  return name
end

local function write(out, name, properties)
  local lines = { ("\n---@class %s"):format(name) }
  for _, field in ipairs(sorted(properties)) do
    lines[#lines + 1] = ("---@field %s? %s"):format(field, properties[field])
  end
  out.known[name] = properties
  out.lines[#out.lines + 1] = table.concat(lines, "\n")
end

local types_of

local function type_of(field, property, out)
  if field == "Weight" then
    return "integer" -- although one answer declares it a string: see the rows
  elseif property.enum then
    return quoted(property.enum)
  elseif not property.properties and not property.items then
    return property.type
  end
  local properties = types_of(property.properties or property.items.properties, out)
  local name = nested_name(field, out.known, properties, property.items)
  if not out.known[name] then
    write(out, name, properties)
  end
  return name .. (property.items and "[]" or "")
end

function types_of(response, out)
  local properties = {}
  for _, field in ipairs(sorted(response)) do
    properties[field] = type_of(field, response[field], out)
  end
  return properties
end

--- What an operation that has nothing to tell answers.
local function tells_nothing(response)
  return response.RequestId and next(response, next(response)) == nil
end

function operation_types.results()
  local out = { lines = head "What the operations answer; any field may be absent.", known = {} }
  write(out, "fnf.Done", { RequestId = "string" })
  for _, operation in ipairs(read_reference().operations) do
    if not tells_nothing(operation.response) then
      write(out, ("fnf.%sResult"):format(operation.action), types_of(operation.response, out))
    end
  end
  return table.concat(out.lines, "\n") .. "\n"
end

---- methods ----

function operation_types.methods()
  local lines, results = head "The operations as methods of a client.", {}
  for _, operation in ipairs(read_reference().operations) do
    results[operation.action] = tells_nothing(operation.response) and "Done" or operation.action .. "Result"
  end
  lines[#lines + 1] = "\n---@class fnf.Client"
  for _, name in ipairs(sorted(operations)) do
    local action = operations[name].action
    lines[#lines + 1] = ("---@field %s fun(self: fnf.Client, params: fnf.%sParameters, options?: fnf.CallOptions): "
      .. "fnf.%s|nil, fnf.Error|nil"):format(name, action, results[action])
  end
  return table.concat(lines, "\n") .. "\n"
end

---- the functions of the module ----

--- The methods that lua/fnf/types/client.lua annotates, by name: the lines of each, and what it takes.
local function annotated_methods()
  local file = assert(io.open("lua/fnf/types/client.lua", "rb"))
  local found, block = {}, {}
  for line in file:lines() do
    local name, taken = line:match "^function Client:([%w_]+)(%b()) end$"
    if name then
      found[name] = { lines = block, taken = taken }
    end
    if line:find "^%-%-%-" then
      block[#block + 1] = line
    else
      block = {}
    end
  end
  file:close()
  return found
end

--- `fnf.NAME(...)` takes what `client:NAME(...)` does.
function operation_types.module()
  local lines, results = head "The functions of the module, as methods of a client made of the environment.", {}
  for _, operation in ipairs(read_reference().operations) do
    results[operation.action] = tells_nothing(operation.response) and "Done" or operation.action .. "Result"
  end
  lines[#lines + 1] = "\n---@class fnf.Module"
  for _, name in ipairs(sorted(operations)) do
    local action = operations[name].action
    lines[#lines + 1] = ("---@field %s fun(params: fnf.%sParameters, options?: fnf.CallOptions): "
      .. "fnf.%s|nil, fnf.Error|nil"):format(name, action, results[action])
  end
  lines[#lines + 1] = "local Module = {}"
  local others = annotated_methods()
  for _, name in ipairs(sorted(others)) do
    if methods.rows[name] then
      lines[#lines + 1] = ("\n%s\nfunction Module.%s%s end"):format(table.concat(others[name].lines, "\n"), name,
        others[name].taken)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

if arg and arg[0]:find("operation_types.lua", 1, true) then
  io.write(operation_types[arg[1]]())
end

return operation_types
