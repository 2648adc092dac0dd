--- JSON as the emulator reads and writes it: null is absent, whole numbers are integers where Lua has them.
-- SPDX-License-Identifier: MIT

local found, cjson = pcall(require, "cjson")
if not found then
  error("the emulator needs lua-cjson: install your system's package lua-cjson, or `luarocks install lua-cjson`", 0)
end

local json = {}

local MAX_DEPTH = 1000 -- of what is read; a definition may nest deeper than any answer does

local codec = cjson.new() -- an instance: the module's own settings belong to the host
codec.decode_max_depth(MAX_DEPTH)
codec.decode_invalid_numbers(false)

local to_integer = math.tointeger or function()
  return nil
end

local null = cjson.null

--- Absent instead of null, 1 instead of 1.0, in place.
local function plain(value)
  if type(value) == "table" then
    for key, field in pairs(value) do
      value[key] = plain(field)
    end
  elseif type(value) == "number" then
    return to_integer(value) or value
  elseif value == null then
    return nil
  end
  return value
end

--- Is this text JSON at all? A null is.
---@param text string
---@return boolean
function json.valid(text)
  return (pcall(codec.decode, text))
end

--- A text as Lua values.
---@param text string
---@return any|nil value nil too for the text `null`
---@return string|nil reason
function json.decode(text)
  local done, value = pcall(codec.decode, text)
  if not done then
    return nil, tostring(value)
  end
  return plain(value)
end

--- Compact JSON text of a Lua value.
---@param value any
---@return string
function json.encode(value)
  return codec.encode(value)
end

return json
