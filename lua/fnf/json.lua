--- JSON as results have it: null is absent, whole numbers are exact, an empty list stays one. Reads by lua-cjson, with
--- settings of our own; writes by itself.
-- SPDX-License-Identifier: MIT
--
-- A whole number that Lua cannot hold exactly (beyond 64 bits where it has integers, from 2^53 on where it has not) is
-- the text of its digits when it is read, and refused as a number when a caller gives it. Fractions keep 17 digits.
-- C modules are loaded by the first text that is read: what merely requires this module stays pure.

local errors = require "fnf.errors"
local number = require "fnf.number"

local json = {}

local READ_DEPTH = 32 -- of an answer: deeper ones are refused
local WRITE_DEPTH = 1000 -- of a caller's: what goes deeper is a table within itself

local core, cjson, answers, texts -- the modules, and lua-cjson for answers and for what callers give

--- Why there is no lua-cjson, in words.
local function why_not(reason)
  reason = tostring(reason)
  local path, linker = reason:match("from file '([^']*)':%s*(.*)")
  local symbol = linker and linker:find("symbol", 1, true) and linker:match("%f[%w]luaL?_%w+")
  if symbol then
    return ("fnf needs lua-cjson for %s, and %s is built for another Lua (there is no %s in this one): install that of "
      .. "%s, or put it first in LUA_CPATH"):format(_VERSION, path, symbol, _VERSION)
  elseif reason:find("module 'cjson' not found", 1, true) then
    return "fnf needs lua-cjson: install your system's package lua-cjson, or `luarocks install lua-cjson`"
  end
  return "fnf needs lua-cjson, and the module cjson that is found cannot serve: " .. reason
end

--- Load what reading needs; raises in words where lua-cjson is missing.
function json.load()
  if answers then
    return
  end
  local found, module = pcall(require, "cjson")
  if found and (type(module) ~= "table" or type(module.new) ~= "function") then
    found, module = false, "it is another module of that name"
  end
  if not found then
    error(why_not(module), 0)
  end
  core, cjson = require "fnf.core", module
  local function codec(depth)
    local made = cjson.new() -- an instance: the module's own settings belong to the host
    made.decode_max_depth(depth)
    made.decode_invalid_numbers(false)
    return made
  end
  texts, answers = codec(WRITE_DEPTH), codec(READ_DEPTH)
end

local function read(codec, text)
  if type(text) ~= "string" then
    return nil, "it is no text"
  end
  local marked, reason = core.mark(text)
  if not marked then
    return nil, reason
  end
  local done, value = pcall(codec.decode, marked)
  if errors.is_interrupt(not done and value) then
    error(value, 0)
  elseif not done then
    return nil, tostring(value)
  end
  return value
end

--- A text as Lua values. Anything may come: what is no JSON, or not all of it, is nil and a reason.
---@param text any
---@param expected? fnf.Expected fields that are no integers, or are although they come as text
---@return any|nil
---@return string|nil reason "null" if that is all it says
function json.decode(text, expected)
  json.load()
  local value, reason = read(answers, text)
  if value == nil then
    return nil, reason
  elseif value == cjson.null then
    return nil, "null"
  end
  local box = type(value) == "table" and value or { value }
  local done
  done, reason = core.normalize(box, expected and expected.floats, expected and expected.integers)
  if not done then
    return nil, reason
  end
  return box == value and value or box[1]
end

--- What keeps a text from being JSON, in words; nil if it is.
---@param text string
---@return string|nil
function json.problem(text)
  json.load()
  local value, reason = read(texts, text)
  return value == nil and reason or nil
end

--- Whether a table was read as a list, if only an empty one.
---@param value table
---@return boolean
function json.is_list(value)
  return core ~= nil and getmetatable(value) == core.list
end

--- The table as a list, if it is empty, too; a copy.
---@param value table
---@return table
function json.list(value)
  json.load()
  local copy = setmetatable({}, core.list)
  for index, entry in ipairs(value) do
    copy[index] = entry
  end
  return copy
end

---- writing ----

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["/"] = "\\/", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
  ["\r"] = "\\r", ["\t"] = "\\t" }
for byte = 0, 31 do
  local character = string.char(byte)
  ESCAPES[character] = ESCAPES[character] or ("\\u%04x"):format(byte)
end
ESCAPES["\127"] = "\\u007f"

local ESCAPED = '[%z\1-\31"\\/\127]'

local function quoted(text)
  return '"' .. (text:find(ESCAPED) and text:gsub(ESCAPED, ESCAPES) or text) .. '"'
end

local function is_null(value)
  return type(value) == "userdata" and cjson ~= nil and value == cjson.null
end

--- The length of a list, holes included, or nil if the table is an object or has more holes than a list may.
local function list_length(value)
  local count, most = 0, 0
  for key in pairs(value) do
    if type(key) ~= "number" or key < 1 or key % 1 ~= 0 then
      return nil
    end
    count, most = count + 1, math.max(most, key)
  end
  local is_list = json.is_list(value)
  if count == 0 then
    return is_list and 0 or nil
  end
  return (is_list and most <= 2 ^ 22 or most <= 10 or most <= 2 * count) and most or nil, "a list with too many holes"
end

local write -- of any value: appends its text to `out`, or returns what is wrong with it

local function write_list(out, value, length, depth)
  out[#out + 1] = "["
  for i = 1, length do
    if i > 1 then
      out[#out + 1] = ","
    end
    local field = value[i]
    local problem
    if field == nil then
      out[#out + 1] = "null"
    else
      problem = write(out, field, depth)
    end
    if problem then
      return problem
    end
  end
  out[#out + 1] = "]"
end

local function write_object(out, value, depth)
  local opening = "{"
  for key, field in pairs(value) do
    local kind = type(key)
    if kind ~= "string" and not (kind == "number" and number.is_finite(key)) then
      return "a key must be a string or a number, is a " .. kind
    end
    out[#out + 1] = opening .. quoted(kind == "number" and number.write(key) or key) .. ":"
    opening = ","
    local problem = write(out, field, depth)
    if problem then
      return problem
    end
  end
  out[#out + 1] = opening == "{" and "{}" or "}"
end

local function write_table(out, value, depth)
  if depth >= WRITE_DEPTH then
    return "it is too deep, or a table within itself"
  end
  local length, problem = list_length(value)
  if length then
    return write_list(out, value, length, depth + 1)
  elseif problem then
    return problem
  end
  return write_object(out, value, depth + 1)
end

function write(out, value, depth)
  local kind = type(value)
  if kind == "string" then
    out[#out + 1] = quoted(value)
  elseif kind == "number" then
    if not number.is_finite(value) then
      return "a number must be finite"
    end
    out[#out + 1] = number.write(value)
  elseif kind == "table" then
    return write_table(out, value, depth)
  elseif kind == "boolean" then
    out[#out + 1] = tostring(value)
  elseif is_null(value) then
    out[#out + 1] = "null"
  else
    return "a " .. kind .. " has no place in JSON"
  end
end

--- Compact JSON text of a Lua value. Never raises; all that was decoded can be written.
---@param value any
---@return string|nil
---@return string|nil reason
function json.encode(value)
  local out = {}
  local problem = write(out, value, 0)
  if problem then
    return nil, problem
  end
  return table.concat(out)
end

local function find_inexact(value)
  for _, field in pairs(value) do
    local inner
    if type(field) == "table" then
      inner = find_inexact(field)
    elseif type(field) == "number" and not number.is_exact(field) then
      inner = field
    end
    if inner then
      return inner
    end
  end
end

--- Why a caller's value cannot be written, in words; nil if it can.
---@param value any
---@return string|nil
function json.validate(value)
  local text, reason = json.encode(value)
  if not text then
    return reason
  end
  local inexact = find_inexact { value }
  return inexact and ("the whole number %s would lose digits; give its digits or the JSON as a string"):format(
    number.write(inexact)) or nil
end

return json
