--- Indented text into tables: as much of YAML as flow definitions are written in.
-- Blocks of mappings and lists, collections in braces and brackets, quoted texts, comments, block texts. What it cannot
-- read it passes over: the emulator looks for states and their settings, and checks nobody's YAML.
-- SPDX-License-Identifier: MIT

local outline = {}

-- Deeper ones are passed over, so that no text can exhaust the stack.
local DEEPEST = 60

local function scalar(text)
  local quoted = text:match('^"(.*)"$') or text:match("^'(.*)'$")
  if quoted then return quoted end
  if text == "true" or text == "false" then return text == "true" end
  if text == "" or text == "~" or text == "null" then return nil end
  return text:find("^[+-]?%d") and tonumber(text) or text
end

local collection

-- A value inside braces or brackets that ends at one of the characters in `ends`.
local function piece(text, position, ends, depth)
  position = text:find("%S", position) or #text + 1
  local first = text:sub(position, position)
  if first == "{" or first == "[" then return collection(text, position, depth + 1) end
  local quoted = (first == '"' or first == "'") and text:match("^" .. first .. "[^" .. first .. "]*" .. first, position)
  local found = quoted or text:match("^[^" .. ends .. "]*", position)
  return scalar((found:gsub("%s+$", ""))), position + #found
end

-- From an opening brace or bracket to behind the closing one.
function collection(text, position, depth)
  local list = text:sub(position, position) == "["
  local result = {}
  position = position + 1
  while depth < DEEPEST do
    position = text:find("[^%s,]", position)
    if not position or text:find("^[%]}]", position) then break end
    local key, value
    if list then
      value, position = piece(text, position, ",%]}", depth)
      key = #result + 1
    else
      key, position = piece(text, position, ":,%]}", depth)
      position = text:match("^%s*:()", position) or position
      value, position = piece(text, position, ",%]}", depth)
    end
    if key ~= nil then result[key] = value end
  end
  return result, (position or #text) + 1
end

-- Without the comment behind it; a # inside of quotes or a word is none.
local function bare(text)
  local quoted = text:match('^"[^"]*"') or text:match("^'[^']*'")
  if quoted then return quoted end
  if text:find("^[{%[]") then return (text:gsub("%s+$", "")) end
  return (text:gsub("%s+#.*$", ""):gsub("%s+$", ""))
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("[^\r\n]+") do
    local indent, rest = line:match("^( *)(.*)$")
    if rest ~= "" and not rest:find("^#") and not rest:find("^%-%-%-") then
      lines[#lines + 1] = { indent = #indent, text = rest }
    end
  end
  return lines
end

local block

-- The lines that are deeper than this indent, as text; a list may stand as deep as its key.
local function skip(lines, at, indent)
  while lines[at] and lines[at].indent > indent do at = at + 1 end
  return at
end

-- What follows a key: on its line, or in the lines below it.
local function value_of(lines, at, text, depth)
  local indent = lines[at].indent
  text = bare(text)
  if text:find("^[|>]") then return "", skip(lines, at + 1, indent) end
  if text:find("^[{%[]") then
    local after = skip(lines, at + 1, indent)
    for index = at + 1, after - 1 do text = text .. " " .. lines[index].text end
    return (collection(text, 1, depth)), after
  end
  if text ~= "" then return scalar(text), skip(lines, at + 1, indent) end
  local below = lines[at + 1]
  local is_block = below and (below.indent > indent or below.indent == indent and below.text:find("^%- "))
  if not is_block then return nil, at + 1 end
  return block(lines, at + 1, depth + 1)
end

-- A line "- text" is a line "text" that is two deeper.
local function open_item(line)
  local dash = line.text:match("^%-%s*")
  line.indent, line.text = line.indent + #dash, line.text:sub(#dash + 1)
end

local function list(lines, at, depth)
  local indent, result = lines[at].indent, {}
  while lines[at] and lines[at].indent == indent and lines[at].text:find("^%-%s*%S") do
    open_item(lines[at])
    if lines[at].text:find("^[%w_.-]+:%s") or lines[at].text:find("^[%w_.-]+:$") then
      result[#result + 1], at = block(lines, at, depth + 1)
    else
      result[#result + 1], at = value_of(lines, at, lines[at].text, depth)
    end
    at = skip(lines, at, indent)
  end
  return result, at
end

local function mapping(lines, at, depth)
  local indent, result = lines[at].indent, {}
  while lines[at] and lines[at].indent == indent and not lines[at].text:find("^%- ") do
    local key, rest = lines[at].text:match("^[\"']?([%w_.-]+)[\"']?:%s*(.*)$")
    if key then
      result[key], at = value_of(lines, at, rest, depth)
    else
      at = at + 1
    end
    at = skip(lines, at, indent)
  end
  return result, at
end

function block(lines, at, depth)
  if depth > DEEPEST then return nil, skip(lines, at, lines[at].indent - 1) end
  if lines[at].text:find("^%-%s") then return list(lines, at, depth) end
  return mapping(lines, at, depth)
end

--- Reads a text. Never fails: what is no outline is an empty table.
---@param text string
---@return table
function outline.read(text)
  if text:find("^%s*{") then return (collection(text, text:find("{"), 0)) end
  local lines = lines_of(text)
  return lines[1] and block(lines, 1, 0) or {}
end

return outline
