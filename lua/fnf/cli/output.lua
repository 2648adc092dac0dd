--- What is printed of an answer: table, json, jsonl, tsv or yaml, whole or some fields of it.
-- SPDX-License-Identifier: MIT

local output = { formats = { "json", "jsonl", "table", "tsv", "yaml" } }

local LISTS = { Flows = true, Executions = true, Events = true, Schedules = true, Versions = true, Aliases = true,
  RoutingConfigurations = true, Regions = true, MapRuns = true, Variables = true }

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(text)
  return '"' .. text:gsub('[%c"\\]', function(byte)
    return ESCAPES[byte] or ("\\u%04x"):format(byte:byte())
  end) .. '"'
end

local function scalar(value)
  if type(value) == "number" and value % 1 == 0 and math.abs(value) < 2 ^ 53 then
    return ("%d"):format(value)
  elseif type(value) == "number" then
    return ("%.14g"):format(value)
  end
  return type(value) == "string" and quote(value) or tostring(value)
end

--- The keys of an object in one order, or nil: it is a list.
local function keys_of(value, name)
  if value[1] ~= nil or next(value) == nil and LISTS[name] then
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
local function json(value, indent, name)
  if type(value) ~= "table" then
    return scalar(value)
  end
  local keys, parts, deeper = keys_of(value, name), {}, indent and indent .. "  "
  for index, key in ipairs(keys or value) do
    parts[index] = (deeper or "") .. (keys and quote(key) .. (indent and ": " or ":") .. json(value[key], deeper, key)
      or json(key, deeper))
  end
  local open, close = keys and "{" or "[", keys and "}" or "]"
  if #parts == 0 then
    return open .. close
  end
  return indent and open .. "\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. close
    or open .. table.concat(parts, ",") .. close
end

--- YAML in blocks; every text is quoted, so that none is taken for something else.
local function yaml(value, indent, lines, name)
  local keys = keys_of(value, name)
  for _, key in ipairs(keys or value) do
    local inner, head = key, indent .. "-"
    if keys then
      inner, head = value[key], indent .. (key:find("^%a[%w_]*$") and key or quote(key)) .. ":"
    end
    if type(inner) ~= "table" or next(inner) == nil then
      lines[#lines + 1] = head .. " " .. json(inner, nil, keys and key)
    else
      lines[#lines + 1] = head
      yaml(inner, indent .. "  ", lines, keys and key)
    end
  end
  return lines
end

--- A value in one cell. What could steer a terminal is shown, not obeyed.
local function cell(value)
  if value == nil then
    return ""
  end
  local text = type(value) == "table" and json(value) or type(value) == "string" and value or scalar(value)
  return (text:gsub("%c", function(byte)
    return ESCAPES[byte] or ("\\x%02x"):format(byte:byte())
  end):gsub("\194[\128-\159]", function(control)
    return ("\\x%02x"):format(control:byte(2))
  end))
end
output.cell = cell

--- The value at a path such as ItemCounts.Succeed.
local function find(value, path)
  for name in path:gmatch("[^.]+") do
    value = type(value) == "table" and (value[name] == nil and value[tonumber(name)] or value[name]) or nil
    if value == nil then
      return nil
    end
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

--- The columns of rows: those asked for, else all that hold a plain value.
local function columns(rows, fields)
  if fields then
    return fields
  end
  local seen, names = {}, {}
  for _, row in ipairs(rows) do
    for name, value in pairs(row) do
      if not seen[name] and type(value) ~= "table" and name ~= "Definition" then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  table.sort(names)
  return names
end

local function width(text)
  local _, count = text:gsub("[^\128-\191]", "")
  return count
end

local function print_table(rows, fields)
  local names, lines, widths = columns(rows, fields), {}, {}
  lines[1] = names
  for _, row in ipairs(rows) do
    local line = {}
    for index, name in ipairs(names) do
      line[index] = cell(find(row, name))
    end
    lines[#lines + 1] = line
  end
  for _, line in ipairs(lines) do
    for index, text in ipairs(line) do
      widths[index] = math.max(widths[index] or 0, width(text))
    end
  end
  for index, line in ipairs(lines) do
    local padded = {}
    for place, text in ipairs(line) do
      padded[place] = text .. (" "):rep(widths[place] - width(text))
    end
    lines[index] = table.concat(padded, "  "):match("^.*[^ ]") or ""
  end
  return table.concat(lines, "\n")
end

local function print_tsv(rows, fields)
  local names, lines = columns(rows, fields), {}
  lines[1] = table.concat(names, "\t")
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
---@param text string
---@return boolean written
function output.put(text)
  local written, reason, number = io.stdout:write(text)
  if written then
    written, reason, number = io.stdout:flush()
  end
  if not written then
    output.failure = output.failure or { reason = reason, number = number }
  end
  return written ~= nil
end

--- The text of an answer; of a list the entries are its rows.
---@param value table
---@param options { format?: string, fields?: string[], items?: string }
---@return string
function output.text(value, options)
  local format, fields = options.format or "json", options.fields
  local rows, picked = options.items and value[options.items] or { value }, value
  if fields then
    local list = {}
    for index, row in ipairs(rows) do
      list[index] = pick(row, fields)
    end
    picked = options.items and { [options.items] = list } or list[1]
  end
  if format == "table" or format == "tsv" then
    return (format == "table" and print_table or print_tsv)(rows, fields) .. "\n"
  elseif format == "yaml" then
    return table.concat(yaml(picked, "", {}), "\n") .. "\n"
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
