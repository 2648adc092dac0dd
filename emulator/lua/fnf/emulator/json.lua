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

---- texts of JSON as they are written ----

-- Where the value ends that begins here. The text is JSON, so only brackets and quotes need to be looked at.
local function skip(text, at)
  if not text:find('^["%[{]', at) then
    return text:find("[%s,%]}]", at) and text:find("[%s,%]}]", at) - 1 or #text
  end
  local depth = 0
  repeat
    at = text:find('["%[%]{}]', at)
    local mark = text:sub(at, at)
    if mark == '"' then
      repeat
        at = text:find('["\\]', at + 1)
        local escapes = text:sub(at, at) == "\\"
        at = escapes and at + 1 or at
      until not escapes
    else
      depth = depth + ((mark == "[" or mark == "{") and 1 or -1)
    end
    at = at + 1
  until depth == 0
  return at - 1
end

-- Calls visit(text of the value, key) for each part of the object or list.
local function each_part(text, visit)
  local at, is_object = text:find("[^%s]", 2), text:find "^{"
  while at and not text:find("^[%]}]", at) do
    local key
    if is_object then
      local stop = skip(text, at)
      key, at = json.decode(("[%s]"):format(text:sub(at, stop)))[1], text:find("[^%s:]", stop + 1)
    end
    local stop = skip(text, at)
    visit(text:sub(at, stop), key)
    at = text:find("[^%s,]", stop + 1)
  end
end

--- The values of an object or the entries of a list, each as it is written.
---@param text string
---@return string[]? nil if it is no object, no list, or no JSON
function json.parts(text)
  if not text:find "^[%[{]" or not json.valid(text) then
    return nil
  end
  local parts = {}
  each_part(text, function(value)
    parts[#parts + 1] = value
  end)
  return parts
end

--- A member of an object as it is written.
---@param text string
---@param name string
---@return string?
function json.member(text, name)
  local member
  if text:find "^{" and json.valid(text) then
    each_part(text, function(value, key)
      member = key == name and value or member
    end)
  end
  return member
end

--- Compact JSON text of a Lua value.
---@param value any
---@return string
function json.encode(value)
  return codec.encode(value)
end

return json
