--- A caller's table against rows of names and types: the first problem, in words, or nil.
-- SPDX-License-Identifier: MIT
--
-- Nothing here raises: the public function does, at its caller's line. A row is { type = ..., required = true, ... };
-- `types` says what there is.

local json = require "fnf.json"
local nearest = require "fnf.nearest"
local numbers = require "fnf.number"

local check = {}

local CONTROL = "[%z\1-\31\127]" -- %c takes in bytes of UTF-8 where the locale is of one byte

---@class fnf.Row
---@field type string one of `check.types`
---@field required? boolean
---@field minimum? number
---@field maximum? number
---@field values? string[] the only strings allowed
---@field pattern? string a Lua pattern the text must match
---@field rule? string that pattern in words
---@field characters? integer[] the least and the most a text may have
---@field fields? table<string, fnf.Row> of an object that becomes JSON
---@field entries? table<string, fnf.Row> of every object in a list
---@field count? integer[] the fewest and the most entries

local function in_range(value, row)
  if row.minimum and value < row.minimum then
    return ("must be at least %s, is %s"):format(numbers.write(row.minimum), numbers.write(value))
  elseif row.maximum and value > row.maximum then
    return ("must be at most %s, is %s"):format(numbers.write(row.maximum), numbers.write(value))
  elseif not numbers.is_exact(value) then
    return "is a whole number of which digits may be lost already"
  end
end

local function number(value, row)
  if type(value) ~= "number" then
    return "must be a number"
  elseif not numbers.is_finite(value) then
    return "must be finite"
  end
  return in_range(value, row)
end

local function characters(value, row)
  local least, most = row.characters[1], row.characters[2]
  local _, count = value:gsub("[^\128-\191]", "") -- UTF-8: all but the first byte of a character lie between
  if count < least or count > most then
    return ("must have %d to %d characters, has %d"):format(least, most, count)
  end
end

local function text(value, row)
  local problem = type(value) ~= "string" and "must be a string" or row.characters and characters(value, row)
  if problem then
    return problem
  elseif row.pattern and not value:find(row.pattern) then
    return "must be " .. row.rule
  end
  if not row.values then
    return nil
  end
  for _, allowed in ipairs(row.values) do
    if value == allowed then
      return nil
    end
  end
  return 'must be one of "' .. table.concat(row.values, '", "') .. '"'
end

--- A key or token: one word. Pasted with a blank or line break it would be refused as if it were wrong.
local function secret(value)
  if type(value) ~= "string" then
    return "must be a string"
  elseif value == "" then
    return "is empty"
  elseif value:find("^%s") or value:find("%s$") then
    return "begins or ends with a blank or line break (was it read from a file, or pasted?)"
  elseif value:find("[%s%c]") then
    return "holds a blank or control character (was it pasted with something else?)"
  elseif value:find("[\"'`]") or value:find("\226\128[\152-\159]") then -- the latter as word processors write it
    return "holds a quote (was it copied with the quotes around it?)"
  end
end

local HEX = "[0-9a-f]"
local TRACEPARENT = ("^(%s)%%-(%s)%%-(%s)%%-%s(.*)$"):format(HEX:rep(2), HEX:rep(32), HEX:rep(16), HEX:rep(2))

--- W3C Trace Context: version, trace, parent and flags; a later version may go on behind them.
local function traceparent(value)
  if type(value) ~= "string" then
    return "must be a string"
  end
  local version, trace, parent, more = value:match(TRACEPARENT)
  if not version or version == "ff" or not trace:find("[^0]") or not parent:find("[^0]")
    or more ~= "" and (version == "00" or not more:find("^%-[!-~]*$")) then
    return "must be a W3C traceparent such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  end
end

local function of_type(wanted)
  return function(value)
    if type(value) ~= wanted then
      return "must be a " .. wanted
    end
  end
end

--- What a value of each type must be; each answers a problem or nil.
---@type table<string, fun(value: any, row: fnf.Row): string|nil>
check.types = {
  string = text,
  secret = secret,
  traceparent = traceparent,
  number = number,
  boolean = of_type("boolean"),
  ["function"] = of_type("function"),
  table = of_type("table"),
  any = function() end,
  integer = function(value, row)
    if type(value) ~= "number" or not numbers.is_finite(value) or value % 1 ~= 0 then
      return "must be an integer"
    end
    return in_range(value, row)
  end,
  -- A time span that something is given to happen in.
  seconds = function(value, row)
    local problem = number(value, row)
    if not problem and (value < 0 or (value == 0 and not row.zero)) then
      return "must be a positive number of seconds"
    end
    return problem
  end,
  -- A word that becomes part of a header, a URL or a name: never empty, never with what could end the line.
  name = function(value, row)
    if type(value) ~= "string" then
      return "must be a string"
    elseif value == "" then
      return "is empty"
    elseif value:find(CONTROL) then
      return "holds a control character" .. (value:find("[\r\n]") and " (a line break: was it read from a file?)" or "")
    end
    return text(value, row)
  end,
}

local function unknown(name, rows, what)
  local meant = nearest.find(name, rows)
  local shown = tostring(name):sub(1, nearest.LONGEST):gsub(CONTROL, " ")
  return ("unknown %s %s%s"):format(what, shown, meant and (" (did you mean %s?)"):format(meant) or "")
end

local function missing(given, rows, what)
  local names = {}
  for name, row in pairs(rows) do
    if row.required and given[name] == nil then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names[1] and ("missing %s %s"):format(what, table.concat(names, ", "))
end

--- The first problem about `given`, or nil. Unknown names come before missing ones: a misspelt name is both.
---@param given any
---@param rows table<string, fnf.Row>
---@param what string what an entry is called: "parameter", "option"
---@return string|nil
function check.table(given, rows, what)
  if type(given) ~= "table" then
    return ("a table of %ss expected, got %s"):format(what, type(given))
  end
  local lacking
  for name, row in pairs(rows) do
    local value = given[name]
    if value == nil then
      lacking = lacking or row.required
    else
      local problem = check.types[row.type](value, row)
      if problem then
        return ("%s %s %s"):format(what, name, problem)
      end
    end
  end
  for name in pairs(given) do
    if not rows[name] then
      return unknown(name, rows, what)
    end
  end
  return lacking and missing(given, rows, what) or nil
end

--- Whether a table is a list: its keys are the numbers from 1 on, and none is left out. Whoever walks through one with
--- a hole, such as { nil, "x" }, would stop at it in silence.
---@param value table
---@return boolean
function check.is_list(value)
  local count, most = 0, 0
  for key in pairs(value) do
    if type(key) ~= "number" or key < 1 or key % 1 ~= 0 then
      return false
    end
    count, most = count + 1, key > most and key or most
  end
  return count == most
end

---- what becomes JSON ----

local function of_fields(value, rows)
  local problem = rows and check.table(value, rows, "field")
  return problem and "holds an object with " .. problem
end

--- Whether a table without entries was read from a JSON text as a list.
local function is_empty_list(value)
  return json.encode(value) == "[]"
end

local function list(value, row)
  if type(value) ~= "table" or not check.is_list(value) then
    return "must be a list"
  end
  local length = #value
  if length == 0 and not is_empty_list(value) then
    return "is an empty list, which Lua cannot tell from an empty object; give fnf.decode \"[]\", or JSON text"
  elseif row.count and (length < row.count[1] or length > row.count[2]) then
    return ("must have %d to %d entries, has %d"):format(row.count[1], row.count[2], length)
  end
  for _, entry in ipairs(value) do
    local problem = of_fields(entry, row.entries)
    if problem then
      return problem
    end
  end
end

check.types.list = list

--- What the service takes as JSON text: a table of ours or text of the caller's. An empty text is as good as none.
function check.types.json(value, row)
  if type(value) == "string" then
    local reason = value ~= "" and json.problem(value)
    return reason and "must be a table, or JSON as a string: " .. reason or nil
  elseif type(value) ~= "table" then
    return "must be a table, or JSON as a string"
  end
  local reason = json.validate(value)
  if reason then
    return "cannot be written as JSON: " .. reason
  elseif row.entries then
    return list(value, row)
  end
  return of_fields(value, row.fields)
end

return check
