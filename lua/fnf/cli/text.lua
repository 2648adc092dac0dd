--- Text from outside as it may be written to a terminal: what could steer it is shown, not obeyed.
-- SPDX-License-Identifier: MIT

local text = {}

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

--- What steers a terminal that reads UTF-8, or turns the order of what follows: C1, marks and overrides of direction,
--- separators of lines.
local STEERING = { { 0x80, 0x9f }, { 0x61c, 0x61c }, { 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 } }

local function is_among(code, ranges)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then
      return true
    end
  end
  return false
end

--- The code point that begins at a byte and its length; nil and 1 where none does.
local function decode(bytes, at)
  local lead = bytes:byte(at)
  local length = lead < 0x80 and 1 or lead >= 0xc2 and lead < 0xe0 and 2 or lead >= 0xe0 and lead < 0xf0 and 3
    or lead >= 0xf0 and lead < 0xf5 and 4
  if not length then
    return nil, 1
  end
  local code = length == 1 and lead or lead % 2 ^ (7 - length)
  for place = at + 1, at + length - 1 do
    local byte = bytes:byte(place) or 0
    if byte < 0x80 or byte > 0xbf then
      return nil, 1
    end
    code = code * 64 + byte % 64
  end
  if length == 3 and (code < 0x800 or code >= 0xd800 and code < 0xe000)
    or length == 4 and (code < 0x10000 or code > 0x10ffff) then
    return nil, 1
  end
  return code, length
end

local function show_bytes(bytes)
  return (bytes:gsub(".", function(byte)
    return ("\\x%02x"):format(byte:byte())
  end))
end

--- Bytes beyond ASCII, with those shown that are no UTF-8 or steer.
local function show_beyond(bytes)
  local parts, at = {}, 1
  while at <= #bytes do
    local code, length = decode(bytes, at)
    local part = bytes:sub(at, at + length - 1)
    if not code then
      part = show_bytes(part)
    elseif is_among(code, STEERING) then
      part = code < 0x100 and ("\\x%02x"):format(code) or ("\\u%04x"):format(code)
    end
    parts[#parts + 1], at = part, at + length
  end
  return table.concat(parts)
end

--- A text as it may be written to a terminal, in one line.
---@param value any
---@return string
function text.safe(value)
  return (tostring(value):gsub("%c", function(byte)
    return ESCAPES[byte] or ("\\x%02x"):format(byte:byte())
  end):gsub("[\128-\255]+", show_beyond))
end

return text
