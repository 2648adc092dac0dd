--- JSON as results have it: null is absent, integers are integers. lua-cjson with settings of our own.
-- SPDX-License-Identifier: MIT

local found, cjson = pcall(require, "cjson")
if not found then
  error("fnf needs lua-cjson: install your system's package lua-cjson, or `luarocks install lua-cjson`", 0)
end

local json = {}

local MAX_DEPTH = 32 -- of an answer: deeper ones are refused

local codec = cjson.new() -- an instance: the module's own settings belong to the host
codec.decode_max_depth(MAX_DEPTH)
codec.decode_invalid_numbers(false)

local to_integer = math.tointeger -- nil where Lua has one number type

--- Absent instead of null, integers instead of 1.0 (lua-cjson makes every number a float), in place.
---@param value table
---@param floats? table<string, boolean> names of fields that are no integers
---@return table value
function json.tidy(value, floats)
  for name, field in pairs(value) do
    local kind = type(field)
    if kind == "table" then
      json.tidy(field, floats)
    elseif field == cjson.null then
      value[name] = nil
    elseif to_integer and kind == "number" and not (floats and floats[name]) then
      value[name] = to_integer(field) or field
    end
  end
  return value
end

--- A text as lua-cjson has it, untidied.
---@param text string
---@return any|nil
---@return string|nil reason
function json.parse(text)
  local done, value = pcall(codec.decode, text)
  if not done then
    return nil, tostring(value)
  end
  return value
end

--- A text as Lua values, tidied.
---@param text string
---@return any|nil
---@return string|nil reason
function json.decode(text)
  local value, reason = json.parse(text)
  if type(value) == "table" then
    return json.tidy(value)
  elseif value == cjson.null then
    return nil, "null"
  elseif to_integer and type(value) == "number" then
    return to_integer(value) or value
  end
  return value, reason
end

--- Compact JSON text of a Lua value.
---@param value any
---@return string
function json.encode(value)
  return codec.encode(value)
end

return json
