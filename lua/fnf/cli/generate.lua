--- A command line as a program in Lua, and an operation's parameters as JSON with their rules.
-- SPDX-License-Identifier: MIT

local operations = require "fnf.operations"
local output = require "fnf.cli.output"

local generate = {}

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while"):gmatch "%a+" do
  KEYWORDS[word] = true
end

local CONTROLS = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"' }

--- A value as Lua reads it, in every version.
local function literal(value, indent)
  if type(value) == "string" then
    return '"' .. value:gsub('[%c\\"]', function(byte)
      return CONTROLS[byte] or ("\\%03d"):format(byte:byte())
    end) .. '"'
  elseif type(value) ~= "table" then
    return output.plain(value)
  end
  local keys, lines, deeper = {}, {}, indent .. "  "
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then
      return a < b
    end
    return type(a) == "number"
  end)
  for _, key in ipairs(keys) do
    local name = type(key) == "string" and key:find "^[%a_][%w_]*$" and not KEYWORDS[key] and key
      or "[" .. literal(key, "") .. "]"
    lines[#lines + 1] = deeper .. (type(key) == "number" and key <= #value and "" or name .. " = ")
      .. literal(value[key], deeper) .. ",\n"
  end
  return #lines == 0 and "{}" or "{\n" .. table.concat(lines) .. indent .. "}"
end

--- What fnf.new is given: what the flags say, and nothing secret.
local function settings_of(options)
  local given = { region = options.region, endpoint = options.endpoint, ca_file = options.ca_file,
    max_attempts = options.max_attempts }
  local text = literal(given, "")
  if options.profile then
    text = (text == "{}" and "{\n}" or text):gsub("}$", function()
      return "  credentials = fnf.credentials.profile(" .. literal(options.profile, "") .. "),\n}"
    end)
  end
  return text == "{}" and "local client = fnf.new {} -- key and region of the environment"
    or "local client = fnf.new " .. text
end

local METHODS = { wait = "wait_map_run", watch = "wait_map_run", wait_execution = "wait_execution", run = "run",
  map_runs = "map_runs", resume = "resume" }

local ANSWER = [[
if not answer then
  error(tostring(err), 0)
end
for name, value in pairs(answer) do
  print(name, value)
end
]]

local EACH = [[
  for name, value in pairs(entry) do
    print(name, value)
  end
]]

local LIMIT = [[
  left = left - 1
  if left == 0 then
    break
  end
]]

--- The program that does what the line says.
---@param line fnf.CommandLine
---@return string
function generate.lua(line)
  local does, given = line.entry.does, line.options
  local options = literal({ timeout = given.timeout, stall_after = given.stall_after, fail_fast = given.fail_fast }, "")
  local behind = options == "{}" and "" or ", " .. options
  local head = 'local fnf = require "fnf"\n' .. settings_of(given) .. "\n\n"
  local is_wait = does == "wait" or does == "watch"
  local params = is_wait and line.names[1] or line.params
  if does == "list" or does == "map_runs" then
    local method = does == "list" and operations[line.entry.operation].each or METHODS[does]
    return ("%s%sfor entry in client:%s(%s%s) do\n%s%send\n"):format(head,
      given.limit and ("local left = %d\n"):format(given.limit) or "", method, literal(params, ""), behind, EACH,
      given.limit and LIMIT or "")
  elseif is_wait and given.any then
    local any = (options == "{}" and "{\n}" or options):gsub("}$", "  any = true,\n}")
    return ("%slocal place, answer, err = client:wait_map_runs(%s, %s)\nprint(place)\n%s"):format(head,
      literal(line.names[1] and line.names or { params }, ""), any, ANSWER)
  elseif is_wait and #line.names > 1 then
    local each = (options == "{}" and "{\n}" or options):gsub("}$", "  each = true,\n}")
    return ("%sfor place, entry, err in client:wait_map_runs(%s, %s) do\n%send\n"):format(head,
      literal(line.names, ""), each, "  print(place, entry and entry.Status, err)\n")
  elseif does == "resume" then
    return ("%slocal answer, err = client:resume(%s%s)\n%s"):format(head, literal(line.rest[1] or "", ""), behind,
      ANSWER)
  elseif does == "call" and not line.entry.operation then
    return ("%slocal answer, err = client:call(%s, %s%s)\n%s"):format(head, literal(line.action, ""),
      literal(params, ""), behind, ANSWER)
  end
  return ("%slocal answer, err = client:%s(%s%s)\n%s"):format(head, METHODS[does] or line.entry.operation,
    literal(params, ""), behind, ANSWER)
end

--- The parameters of an operation as JSON: each with its rule, the shape of --params.
---@param operation string|nil nil: one that has no row
---@return string
function generate.skeleton(operation)
  local rules = {}
  for name, row in pairs(operation and operations[operation].parameters or {}) do
    rules[name] = require("fnf.cli.command").rule_of(row)
  end
  return output.text(rules, { format = "json" })
end

return generate
