--- What is printed of an answer: table, json, jsonl, tsv or yaml, whole or some fields of it.
-- SPDX-License-Identifier: MIT

local ascii = require "fnf.ascii"
local read_json = require "fnf.json"
local number = require "fnf.number"
local text = require "fnf.cli.text"
local time = require "fnf.time"

local output = { formats = { "json", "jsonl", "table", "tsv", "yaml" } }

local LATEST = 253402300800 -- seconds since 1970: the year 10000, which a C library may not tell
local MOST_WIDTH = 60 -- places of a column in the table of a list

local function scalar(value)
  if type(value) == "number" then
    return number.write(value)
  end
  return type(value) == "string" and text.json(value) or value == nil and "null" or tostring(value)
end

--- How many entries a list has, nulls included: those are holes.
local function length_of(list)
  local length = #list
  for place in pairs(list) do
    length = math.max(length, type(place) == "number" and place or 0)
  end
  return length
end

--- The keys of an object in one order, or nil: it is a list.
local function keys_of(value)
  if value[1] ~= nil or read_json.is_list(value) then
    return nil
  end
  local keys = {}
  for key in pairs(value) do
    keys[#keys + 1] = tostring(key)
  end
  table.sort(keys)
  return keys
end

--- JSON whose keys are in order; with an indent, over several lines.
local function json(value, indent)
  if type(value) ~= "table" then
    return scalar(value)
  end
  local keys, parts, deeper = keys_of(value), {}, indent and indent .. "  "
  for index = 1, keys and #keys or length_of(value) do
    local key = keys and keys[index]
    parts[index] = (deeper or "") .. (key and text.json(key) .. (indent and ": " or ":") .. json(value[key], deeper)
      or json(value[index], deeper))
  end
  local open, close = keys and "{" or "[", keys and "}" or "]"
  if #parts == 0 then
    return open .. close
  end
  return indent and open .. "\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. close
    or open .. table.concat(parts, ",") .. close
end

local WORDS_OF_YAML = { y = true, n = true, yes = true, no = true, on = true, off = true, ["true"] = true,
  ["false"] = true, null = true } -- in any case: 1.1 and 1.2 disagree on them

local function is_plain_key(key)
  return key:find "^[%a_][%w_]*$" and not WORDS_OF_YAML[ascii.lower(key)]
end

--- YAML in blocks; every text is quoted, so that none is taken for something else.
local function yaml(value, indent, lines)
  local keys = keys_of(value)
  for index = 1, keys and #keys or length_of(value) do
    local key, inner, head = keys and keys[index], value[index], indent .. "-"
    if key then
      inner, head = value[key], indent .. (is_plain_key(key) and key or text.json(key)) .. ":"
    end
    if type(inner) ~= "table" or next(inner) == nil then
      lines[#lines + 1] = head .. " " .. json(inner)
    else
      lines[#lines + 1] = head
      yaml(inner, indent .. "  ", lines)
    end
  end
  return lines
end

--- A value as words.
---@param value any
---@return string
function output.plain(value)
  if value == nil then
    return ""
  end
  return type(value) == "table" and json(value) or type(value) == "string" and value or scalar(value)
end

--- A value in one cell. What could steer a terminal is shown, not obeyed.
local function cell(value)
  return text.safe(output.plain(value))
end
output.cell = cell

--- The value at a path such as ItemCounts.Succeed.
local function find(value, path)
  for name in path:gmatch("[^.]+") do
    if type(value) ~= "table" then
      return nil
    end
    local inner = value[name]
    if inner == nil then
      inner = value[tonumber(name)]
    end
    value = inner
  end
  return value
end

--- Some fields of a row as an object of their own.
local function pick(row, fields)
  if not fields then
    return row
  end
  local picked = {}
  for _, field in ipairs(fields) do
    picked[field] = find(row, field)
  end
  return picked
end

--- The columns of rows: those asked for, else all, those of an object by their path.
local function columns(rows, fields)
  if fields then
    return fields
  end
  local seen, names = {}, {}
  local function add(value, path)
    for name, inner in pairs(value) do
      name = path .. tostring(name)
      if type(inner) == "table" and path == "" and keys_of(inner) then
        add(inner, name .. ".")
      elseif not seen[name] and name ~= "Definition" then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  for _, row in ipairs(rows) do
    if type(row) == "table" then
      add(row, "")
    end
  end
  table.sort(names)
  return names
end

local function heads(names)
  local shown = {}
  for index, name in ipairs(names) do
    shown[index] = text.safe(name)
  end
  return shown
end

--- The beginning of a text that is wider than a column shall be.
local function cut(shown)
  if text.width(shown) <= MOST_WIDTH then
    return shown
  end
  local kept, left = {}, MOST_WIDTH - 3
  for character in shown:gmatch(text.CHARACTER) do
    left = left - text.width(character)
    if left < 0 then
      break
    end
    kept[#kept + 1] = character
  end
  return table.concat(kept) .. "..."
end

--- A cell of a table, which is for people: a time in their zone.
local function table_cell(value, name)
  local at = name:find "Time$" and type(value) == "string" and time.from_rfc3339(value)
  if at and at >= 0 and at < LATEST then
    return os.date("%Y-%m-%d %H:%M:%S %z", math.floor(at)) --[[@as string]]
  end
  return cell(value)
end

--- Lines of cells, one below the other.
local function align(lines)
  local widths = {}
  for _, line in ipairs(lines) do
    for index, shown in ipairs(line) do
      widths[index] = math.max(widths[index] or 0, text.width(shown))
    end
  end
  for index, line in ipairs(lines) do
    local padded = {}
    for place, shown in ipairs(line) do
      padded[place] = shown .. (" "):rep(widths[place] - text.width(shown))
    end
    lines[index] = table.concat(padded, "  "):match("^.*[^ ]") or ""
  end
  return table.concat(lines, "\n")
end

--- A line an entry; long texts are cut unless they were asked for.
local function print_list(rows, fields)
  local names, lines = columns(rows, fields), {}
  lines[1] = heads(names)
  for _, row in ipairs(rows) do
    local line = {}
    for index, name in ipairs(names) do
      local shown = table_cell(find(row, name), name)
      line[index] = fields and shown or cut(shown)
    end
    lines[#lines + 1] = line
  end
  return align(lines)
end

--- A line a field of one answer.
local function print_answer(answer, fields)
  local names, lines = columns({ answer }, fields), {}
  for index, head in ipairs(heads(names)) do
    lines[index] = { head, table_cell(find(answer, names[index]), names[index]) }
  end
  return align(lines)
end

local function print_tsv(rows, fields)
  local names, lines = columns(rows, fields), {}
  lines[1] = table.concat(heads(names), "\t")
  for _, row in ipairs(rows) do
    local line = {}
    for index, name in ipairs(names) do
      line[index] = cell(find(row, name))
    end
    lines[#lines + 1] = table.concat(line, "\t")
  end
  return table.concat(lines, "\n")
end

--- Print what was asked for, at once. A full disk or a closed pipe is kept as `output.failure`: what was to be printed
--- is lost, whatever else went well.
---@param printed string
---@return boolean written
function output.put(printed)
  local written, reason, code = io.stdout:write(printed)
  if written then
    written, reason, code = io.stdout:flush()
  end
  if not written then
    output.failure = output.failure or { reason = reason, number = code }
  end
  return written ~= nil
end

--- The text of an answer; of a list the entries are its rows.
---@param value table
---@param options { format?: string, fields?: string[], items?: string }
---@return string
function output.text(value, options)
  local format, fields = options.format or "json", options.fields
  local rows, picked = { value }, value
  if options.items then
    rows, picked = find(value, options.items) or {}, {}
    for name, entry in pairs(value) do
      picked[name] = name == options.items and read_json.list(entry) or entry
    end
  end
  if fields then
    local list = {}
    for index, row in ipairs(rows) do
      list[index] = pick(row, fields)
    end
    picked = options.items and { [options.items] = read_json.list(list) } or list[1]
  end
  if options.items and not (rows[1] or fields) and (format == "table" or format == "tsv") then
    return "" -- no entry tells of columns
  elseif format == "table" then
    return (options.items and print_list(rows, fields) or print_answer(value, fields)) .. "\n"
  elseif format == "tsv" then
    return print_tsv(rows, fields) .. "\n"
  elseif format == "yaml" then
    return (next(picked) == nil and json(picked) or table.concat(yaml(picked, "", {}), "\n")) .. "\n"
  elseif format == "jsonl" then
    local lines = {}
    for index, row in ipairs(rows) do
      lines[index] = json(pick(row, fields)) .. "\n"
    end
    return table.concat(lines)
  end
  return json(picked, "") .. "\n"
end

return output
