--- Text from outside as it may be written to a terminal: what could steer it is shown, not obeyed; and its width there.
-- SPDX-License-Identifier: MIT

local text = {}

--- A pattern of one character of UTF-8; a byte that begins none is passed over.
text.CHARACTER = "[%z\1-\127\194-\255][\128-\191]*"

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local QUOTED = { ['"'] = '\\"', ["\\"] = "\\\\" }

--- What steers a terminal that reads UTF-8, or turns the order of what follows: C1, marks and overrides of direction,
--- separators of lines.
local STEERING = { { 0x80, 0x9f }, { 0x61c, 0x61c }, { 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 } }

--- Characters that take two columns, and those that take none.
local WIDE = { { 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F },
  { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1FAFF }, { 0x20000, 0x3FFFD } }
local ZERO = { { 0x300, 0x36F }, { 0x200B, 0x200F }, { 0xFE00, 0xFE0F } }

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

--- Bytes beyond ASCII, with those shown that are no UTF-8 or steer, as `show` has them.
local function show_beyond(bytes, show)
  local parts, at = {}, 1
  while at <= #bytes do
    local code, length = decode(bytes, at)
    local part = bytes:sub(at, at + length - 1)
    parts[#parts + 1], at = show(part, code), at + length
  end
  return table.concat(parts)
end

local function show_in_words(part, code)
  if not code then
    return show_bytes(part)
  elseif is_among(code, STEERING) then
    return code < 0x100 and ("\\x%02x"):format(code) or ("\\u%04x"):format(code)
  end
  return part
end

local function show_in_json(part, code)
  return code and is_among(code, STEERING) and ("\\u%04x"):format(code) or part
end

--- A text as it may be written to a terminal, in one line.
---@param value any
---@return string
function text.safe(value)
  return (tostring(value):gsub("%c", function(byte)
    return ESCAPES[byte] or ("\\x%02x"):format(byte:byte())
  end):gsub("[\128-\255]+", function(bytes)
    return show_beyond(bytes, show_in_words)
  end))
end

--- A text as a string of JSON, which YAML reads, too: what would steer is written by its number, which means the same.
---@param value string
---@return string
function text.json(value)
  return '"' .. value:gsub('[%c"\\]', function(byte)
    return ESCAPES[byte] or QUOTED[byte] or ("\\u%04x"):format(byte:byte())
  end):gsub("[\128-\255]+", function(bytes)
    return show_beyond(bytes, show_in_json)
  end) .. '"'
end

--- Columns that a text takes.
---@param shown string without control characters
---@return integer
function text.width(shown)
  if not shown:find "[\128-\255]" then
    return #shown
  end
  local width = 0
  for character in shown:gmatch(text.CHARACTER) do
    local code = decode(character, 1) or 0
    width = width + (is_among(code, ZERO) and 0 or is_among(code, WIDE) and 2 or 1)
  end
  return width
end

return text
