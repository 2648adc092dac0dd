--- JSON as results have it: null is absent, integers are integers. lua-cjson with settings of our own.
-- SPDX-License-Identifier: MIT

local found, cjson = pcall(require, "cjson")
if not found then
  error("fnf needs lua-cjson: install your system's package lua-cjson, or `luarocks install lua-cjson`", 0)
end

local core = require "fnf.core"

local json = {}

local MAX_DEPTH = 32 -- of an answer: deeper ones are refused

local codec = cjson.new() -- an instance: the module's own settings belong to the host
codec.decode_max_depth(MAX_DEPTH)
codec.decode_invalid_numbers(false)

local to_integer = math.tointeger -- nil where Lua has one number type
local null = cjson.null

--- Absent instead of null, integers instead of 1.0 (lua-cjson makes every number a float), in place.
---@param value table
---@param expected? fnf.Expected fields that are no integers, or are although they come as text
---@return table value
function json.tidy(value, expected)
  return core.tidy(value, expected and expected.floats, expected and expected.integers)
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
  elseif value == null then
    return nil, "null"
  elseif to_integer and type(value) == "number" then
    return to_integer(value) or value
  end
  return value, reason
end

local DIGITS = "%.14g" -- what lua-cjson writes of a number

local function find_inexact(value)
  for _, field in pairs(value) do
    local inner = type(field) == "table" and find_inexact(field)
    if inner then
      return inner
    elseif type(field) == "number" and field % 1 == 0 and tonumber(DIGITS:format(field)) ~= field then
      return field
    end
  end
end

--- Why a table cannot be written, in words; nil if it can.
---@param value table
---@return string|nil
function json.validate(value)
  local done, reason = pcall(codec.encode, value)
  if not done then
    return tostring(reason)
  end
  local inexact = find_inexact(value)
  return inexact and ("the integer %s would lose digits; give JSON as a string"):format(tostring(inexact)) or nil
end

--- Compact JSON text of a Lua value.
---@param value any
---@return string
function json.encode(value)
  return codec.encode(value)
end

return json
