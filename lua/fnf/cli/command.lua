--- The words of the command `fnf` and their flags, made of the rows of the operations; read by argparse.
-- SPDX-License-Identifier: MIT
--
-- One subject: a word or flag is written down, offered and read here, and nowhere else.

local argparse = require "argparse"
local check = require "fnf.check"
local flags = require "fnf.cli.flags"
local nearest = require "fnf.nearest"
local operations = require "fnf.operations"
local output = require "fnf.cli.output"
local progress = require "fnf.cli.progress"

local command = {}

-- The parameters that a word such as flow/execution/map-run stands for.
local FLOW, EXECUTION = { "FlowName" }, { "FlowName", "ExecutionName" }
local MAP_RUN = { "FlowName", "ExecutionName", "MapRunName" }
local NAME, VERSION = { "Name" }, { "FlowName", "FlowVersion" }
local ALIAS, SCHEDULE = { "FlowName", "Name" }, { "FlowName", "ScheduleName" }

local WAIT = { operation = "describe_map_run", does = "wait", names = MAP_RUN }

--- What each pair of words does: an operation of the rows, or more than one request (`does`); and which parameters a
--- word without a = names.
---@type table<string, table<string, { operation: string, does?: string, names?: string[], summary?: string }>>
command.words = {
  flow = { create = { operation = "create_flow", names = NAME }, update = { operation = "update_flow", names = NAME },
    delete = { operation = "delete_flow", names = NAME }, describe = { operation = "describe_flow", names = NAME },
    list = { operation = "list_flows", does = "list" } },
  version = { publish = { operation = "publish_flow_version", names = FLOW },
    delete = { operation = "delete_flow_version", names = VERSION },
    list = { operation = "list_flow_versions", does = "list", names = FLOW } },
  alias = { create = { operation = "create_flow_alias", names = ALIAS },
    update = { operation = "update_flow_alias", names = ALIAS },
    delete = { operation = "delete_flow_alias", names = ALIAS },
    describe = { operation = "describe_flow_alias", names = ALIAS },
    list = { operation = "list_flow_aliases", does = "list", names = FLOW } },
  execution = { start = { operation = "start_execution", names = EXECUTION },
    ["start-sync"] = { operation = "start_sync_execution", names = EXECUTION },
    stop = { operation = "stop_execution", names = EXECUTION },
    describe = { operation = "describe_execution", names = EXECUTION },
    list = { operation = "list_executions", does = "list", names = FLOW },
    history = { operation = "get_execution_history", does = "list", names = EXECUTION },
    wait = { operation = "describe_execution", does = "wait_execution", names = EXECUTION,
      summary = "wait until an execution has ended" },
    run = { operation = "start_execution", does = "run", names = EXECUTION,
      summary = "start an execution and wait until it has ended" } },
  ["map-run"] = { describe = { operation = "describe_map_run", names = MAP_RUN },
    update = { operation = "update_map_run", names = MAP_RUN },
    list = { operation = "get_execution_history", does = "map_runs", names = EXECUTION,
      summary = "the MapRuns of an execution" },
    wait = { operation = WAIT.operation, does = WAIT.does, names = MAP_RUN,
      summary = "wait until MapRuns have ended: flow/execution/map-run ..., or - for a list on stdin" },
    watch = { operation = WAIT.operation, does = "watch", names = MAP_RUN, summary = "wait, and tell what changes" },
    resume = { operation = WAIT.operation, does = "resume",
      summary = "go on with a wait: 'CHECKPOINT', or - for one on stdin" },
    explain = { operation = WAIT.operation, does = "explain", names = MAP_RUN,
      summary = "why items failed: counts by error, examples, the slowest" },
    failures = { operation = WAIT.operation, does = "failures", names = MAP_RUN,
      summary = "the items that failed, a line of JSON each" },
    retry = { operation = WAIT.operation, does = "retry", names = MAP_RUN,
      summary = "start an execution with the items that failed" } },
  schedule = { create = { operation = "create_schedule", names = SCHEDULE },
    update = { operation = "update_schedule", names = SCHEDULE },
    delete = { operation = "delete_schedule", names = SCHEDULE },
    describe = { operation = "describe_schedule", names = SCHEDULE },
    list = { operation = "list_schedules", does = "list", names = FLOW } },
  task = { succeed = { operation = "report_task_succeeded" }, fail = { operation = "report_task_failed" } },
  region = { list = { operation = "describe_regions", items = "Regions.Region" } },
}

local WAITS = { wait = true, watch = true, resume = true, wait_execution = true, run = true }

--- What a word may be: flow/execution/map-run or so, and Name=value.
---@param entry { names?: string[] }
---@return string
function command.shape_of(entry)
  local parts = {}
  for index, name in ipairs(entry.names or {}) do
    parts[index] = flags.of(name):match "^%-%-(.*)$":gsub("(.)%-name$", "%1")
  end
  return (parts[1] and table.concat(parts, "/") .. " or " or "") .. "Name=value"
end

local function sorted(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

--- What a parameter must be, in a few words.
local function rule_of(row)
  local rule = row.values and "one of " .. table.concat(row.values, ", ") or row.rule or row.type
  if row.minimum and row.maximum then
    rule = ("%s from %s to %s"):format(rule, row.minimum, row.maximum)
  elseif row.minimum or row.maximum then
    rule = ("%s, at %s %s"):format(rule, row.minimum and "least" or "most", row.minimum or row.maximum)
  end
  return rule .. (row.required and "; required" or "")
end
command.rule_of = rule_of

local SECONDS, ATTEMPTS = { type = "seconds" }, { type = "integer", minimum = 1, maximum = 100 }
local COUNT, COUNT_OR_NONE = { type = "integer", minimum = 1 }, { type = "integer", minimum = 0 }

--- A flag with a number that its row allows.
local function add_number(parser, flag, text, row)
  parser:option(flag, text):target("_" .. flag:sub(3):gsub("%-", "_")):convert(function(given)
    local value = tonumber(given)
    local problem = not value and "must be a number" or check.types[row.type](value, row)
    if problem then
      return nil, flag .. " " .. problem
    end
    return value
  end)
end

local function read_fields(text)
  local fields = {}
  for field in text:gmatch("[^,%s]+") do
    fields[#fields + 1] = field
  end
  if not fields[1] then
    return nil, "--fields names no field"
  end
  return fields
end

--- The flags that say where to ask.
local function add_address(parser)
  parser:option("--profile", "profile of the vendor's configuration file"):target "_profile"
  parser:option("--region", "region, such as cn-hangzhou"):target "_region"
  parser:option("--endpoint", "address to ask instead of the region's"):target "_endpoint"
  parser:option("--ca-file", "certificates to trust"):target "_ca_file"
  add_number(parser, "--max-attempts", "attempts of a request", ATTEMPTS)
end

--- The flags that say how to print. One that an operation's own parameter is called by is left to that: see add_input,
--- too.
local function add_output(parser, parameters)
  parser:option(parameters.Output and "-o" or "-o --output",
    "how to print: " .. table.concat(output.formats, ", ")):target "_format"
    :choices(output.formats)
  parser:option("--fields", "fields to print: A,B.C"):target "_fields":convert(read_fields)
end

--- The flags of every command.
local function add_common(parser, parameters)
  add_address(parser)
  add_number(parser, "--timeout", "seconds for the whole", SECONDS)
  add_output(parser, parameters)
end

--- The flag of all parameters in one; --input is an operation's own Input where it has one.
local function add_input(parser, parameters)
  parser:option(parameters.Input and "--params" or "--params --input",
    "parameters as JSON: @FILE, - for stdin, or the text itself"):target "_input"
end

--- Flags that show a call instead of, or besides, making it.
local function add_preview(parser, entry)
  local is_several = entry.does == "explain" or entry.does == "failures" or entry.does == "retry" -- requests
  if not is_several and entry.does ~= "resume" then
    parser:flag("--dry-run", "print the signed request, secrets masked, and send nothing"):target "_preview"
  end
  parser:flag("--debug", "tell on stderr how each request is signed, and how long its steps take"):target "_debug"
  if not is_several then
    parser:option("--generate", "print the call as a program, and send nothing: lua"):target "_generate"
      :choices { "lua" }
  end
end

local function add_wait(parser, does)
  parser:flag("--exit-zero", "end with 0 however the run ended"):target "_exit_zero"
  parser:option("--on-done", "shell command to run at each end; FNF_STATUS, FNF_MAP_RUN and so on tell it of what")
    :target "_on_done"
  if does == "wait" or does == "watch" then
    parser:flag("--any", "end with the first that ends"):target "_any"
  end
  if does ~= "run" and does ~= "wait_execution" then
    add_number(parser, "--stall-after", "seconds without any item after which to give up", SECONDS)
    parser:option("--progress", "how to follow it: " .. table.concat(progress.modes, ", ")):target "_progress"
      :choices(progress.modes)
    parser:flag("--fail-fast", "give up once more has failed than is tolerated"):target "_fail_fast"
  end
end

local AFTER = { explain = true, failures = true, retry = true }

local function add_failures(parser, does)
  if does == "explain" then
    add_number(parser, "--examples", "examples of each kind (3)", COUNT_OR_NONE)
    add_number(parser, "--limit", "children whose causes are read at most (1000)", COUNT)
    return
  end
  parser:option("--status", "of the children: " .. table.concat(operations.list_executions.parameters.Status.values,
    ", ") .. "; those that failed by default"):target "_status"
  if does == "failures" then
    parser:flag("--causes", "read Error and Cause of each out of its history"):target "_causes"
    parser:flag("--items", "print the items alone"):target "_items"
    return
  end
  parser:flag("--dry-run", "print what would be sent, and start nothing"):target "_dry_run"
  parser:flag("--split", "start several executions where one Input would pass 64 KiB"):target "_split"
  parser:option("--items-path", "where the flow reads its items, such as $Input.orders"):target "_items_path"
  parser:option("--as", "name of the new execution"):target "_as"
end

--- Flags that are ours in every command or in lists: a parameter of such a name is given as Name=value.
local OURS = { ["--limit"] = true }

--- The flags of one command.
local function fill(parser, entry)
  local parameters = entry.does == "resume" and {} or operations[entry.operation].parameters
  add_common(parser, parameters)
  add_input(parser, parameters)
  add_preview(parser, entry)
  for _, name in ipairs(sorted(parameters)) do
    if not OURS[flags.of(name)] then
      parser:option(flags.of(name), rule_of(parameters[name])):target(name):overwrite(false)
    end
  end
  if entry.does == "list" then
    add_number(parser, "--limit", "entries to print at most", COUNT)
  elseif WAITS[entry.does] then
    add_wait(parser, entry.does)
  elseif AFTER[entry.does] then
    add_failures(parser, entry.does)
  end
  parser:argument("words", entry.does == "resume" and "the checkpoint" or command.shape_of(entry)):args "*"
end

--- Have --help of a parser and of its commands, which argparse would print and end by itself, told as any result is.
local function redirect_help(parser, asked)
  parser:add_help { action = function()
    asked.help = parser:get_help() .. "\n"
    error(asked) -- the words behind it do not count
  end }
  for _, inner in ipairs(parser._commands) do
    redirect_help(inner, asked)
  end
end

--- The parser: of one command line with the flags of its command only, or whole.
---@param words string[]|nil
---@return table of argparse
function command.parser(words)
  local parser = argparse("fnf", "Alibaba Cloud CloudFlow in a shell."):command_target "_noun"
    :epilog "fnf COMMAND --help tells more; fnf help exit-codes tells what it ends with."
  parser:flag("--version", "print the version")
  for _, noun in ipairs(sorted(command.words)) do
    local group = parser:command(noun):command_target "_verb"
    group:summary(table.concat(sorted(command.words[noun]), ", "))
    if not words or words[1] == noun then
      for _, verb in ipairs(sorted(command.words[noun])) do
        local entry = command.words[noun][verb]
        local leaf = group:command(verb):summary(entry.summary or operations[entry.operation].action)
        if not words or words[2] == verb then
          fill(leaf, entry)
        end
      end
    end
  end
  local call = parser:command("call"):summary "any operation: fnf call ACTION Name=value ..."
  call:argument("action", "such as DescribeMapRun"):target "_action"
  call:argument("words", "Name=value"):args "*"
  call:flag("--unlisted", "ask for an operation that this version does not know"):target "_unlisted"
  call:flag("--skeleton", "print the parameters as JSON, each with its rule"):target "_skeleton"
  add_common(call, {})
  add_input(call, {})
  add_preview(call, {})
  local doctor = parser:command("doctor"):summary "find out what stands between this machine and the service"
  doctor:option("--nginx", "look at an nginx configuration instead: FILE, or - for stdin"):target "_nginx"
  add_address(doctor)
  add_output(doctor, {})
  parser:command("completion"):summary "print what makes a shell complete fnf: bash, zsh or fish"
    :argument("shell"):target "_shell":choices { "bash", "zsh", "fish" }
  parser:command("emulator"):summary "a CloudFlow on this machine"
  parser:command("help"):summary "exit-codes: what fnf ends with; manual: this as a man page"
    :argument("topic"):target "_topic":choices { "exit-codes", "manual" }:args "?"
  return parser
end

--- A text as what its row wants; what cannot be is left to the check.
local function convert(text, row)
  if type(text) ~= "string" or not row then
    return text
  elseif row.type == "boolean" and (text == "true" or text == "false") then
    return text == "true"
  elseif row.type == "integer" or row.type == "number" or row.type == "seconds" then
    local number = tonumber(text)
    return number and (math.tointeger and math.tointeger(number) or number) or text
  end
  return text
end

--- Read a word such as flow/execution/map-run into parameters; nil if it is no such word.
---@param word string
---@param names string[] parameters, in order
---@return table|nil
function command.read_name(word, names)
  local found, count = {}, 0
  for part in (word .. "/"):gmatch "([^/]*)/" do
    count = count + 1
    if part == "" or not names[count] then
      return nil
    end
    found[names[count]] = part
  end
  return found
end

--- What a word leaves open, by the parameters that are given besides.
---@param names table
---@param params table
---@return table names
function command.complete(names, params)
  for name, value in pairs(params) do
    if names[name] == nil then
      names[name] = value
    end
  end
  return names
end

--- A text itself, of @FILE, or of stdin.
local function read_text(text, flag)
  if text == "-" then
    return io.read "*a"
  elseif text:sub(1, 1) ~= "@" then
    return text
  end
  local path = text:sub(2)
  if path == "" then
    return nil, flag .. ": the name of a file expected behind @"
  end
  local file, reason = io.open(path, "rb")
  local content
  if file then
    content, reason = file:read "*a"
    file:close()
    reason = path .. ": " .. tostring(reason) -- which io.open says itself
  end
  if not content then
    return nil, ("%s: %s"):format(flag, output.cell(reason))
  end
  return content
end

--- The JSON of all parameters, or what is wrong with it.
local function read_input(text)
  local content, problem = read_text(text, "--params")
  if not content then
    return nil, problem
  end
  local json = require "fnf.json"
  local value, reason = json.decode(content)
  if type(value) ~= "table" or value[1] ~= nil or json.is_list(value) then
    return nil, "--params: no JSON object" .. (value == nil and ": " .. tostring(reason) or "")
  end
  return value
end

--- Whether a parameter is long enough for a file.
local function is_document(name, row)
  return row.type == "json" or name == "Definition"
end

---@class fnf.CommandLine
---@field action? string of `call`
---@field entry table of command.words
---@field params table
---@field names table[] what words such as flow/execution/map-run name
---@field rest string[] other words
---@field options table the flags of our own, without their underscore
---@field help? string what --help asks for, instead of all the others

--- The value of a parameter that was given as a text, or nil and what is wrong with it.
local function value_of(name, text, row, flag)
  local problem
  if row and is_document(name, row) and type(text) == "string" then
    text, problem = read_text(text, flag)
  end
  if text == nil then
    return nil, problem
  end
  return convert(text, row)
end

--- What one place names otherwise than another, in words; nil if nothing is.
local function contradiction(names, named)
  for name, value in pairs(names) do
    if named[name] ~= nil and named[name] ~= value then
      return ("%s is given twice: %s and %s"):format(name, output.cell(named[name]), output.cell(value))
    end
  end
end

--- Sort what argparse has found.
local function sort_out(parsed, entry, rows)
  local line = { entry = entry, action = parsed._action, params = {}, names = {}, rest = {}, options = {} }
  if parsed._input then
    local params, problem = read_input(parsed._input)
    if not params then
      return nil, problem
    end
    line.params = params
  end
  local named = {}
  for name, value in pairs(parsed) do
    if name:sub(1, 1) == "_" then
      line.options[name:sub(2)] = value
    elseif rows[name] then -- argparse notes the commands' own words, too
      local problem
      named[name], problem = value_of(name, value, rows[name], flags.of(name))
      if problem then
        return nil, problem
      end
    end
  end
  for _, word in ipairs(parsed.words or {}) do
    local name, value = word:match("^([%w_.]+)=(.*)$")
    if name then
      local given, problem = value_of(name, value, rows[name], name)
      problem = problem or contradiction({ [name] = given }, named)
      if problem then
        return nil, problem
      end
      named[name] = given
    else
      local names = entry.names and word ~= "-" and command.read_name(word, entry.names)
      local list = names and line.names or line.rest
      list[#list + 1] = names or word
    end
  end
  for name, value in pairs(named) do
    line.params[name] = value
  end
  for _, names in ipairs(line.names) do
    local problem = contradiction(names, named)
    if problem then
      return nil, problem
    end
    command.complete(names, line.params)
  end
  return line
end

local function find_action(parsed)
  local names = {}
  for name, row in pairs(operations) do
    names[row.action] = name
  end
  local action = parsed._action
  if action == "" then
    return nil, "the name of an operation expected, such as DescribeMapRun"
  elseif not names[action] and not parsed._unlisted then
    local meant = nearest.find(action, names)
    return nil, ("unknown operation %s%s; --unlisted asks for it all the same"):format(output.cell(action),
      meant and (" (did you mean %s?)"):format(meant) or "")
  end
  return { operation = names[action], does = "call" }
end

--- Read the words of a command line.
---@param words string[]
---@return fnf.CommandLine|nil
---@return string|nil problem
function command.parse(words)
  local parser, asked = command.parser(words), {}
  redirect_help(parser, asked)
  local whole, done, parsed = pcall(parser.pparse, parser, words)
  if asked.help then
    return asked
  elseif not whole then
    error(done, 0)
  elseif not done then
    return nil, output.cell(parsed):gsub("\\n", "; ")
  end
  local entry, problem = (command.words[parsed._noun] or {})[parsed._verb], nil
  if parsed._action then
    entry, problem = find_action(parsed)
  elseif parsed.doctor or parsed.completion then
    entry = { does = parsed.doctor and "doctor" or "completion" }
  end
  if not entry then
    return nil, problem or "a command expected; fnf --help lists them"
  end
  return sort_out(parsed, entry, entry.operation and operations[entry.operation].parameters or {})
end

return command
