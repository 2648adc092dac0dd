--- The command `fnf`: words in, an exit code out. A module is loaded when a command needs it.
-- SPDX-License-Identifier: MIT

local exit = require "fnf.cli.exit"
local output = require "fnf.cli.output"

local cli = { VERSION = "0.1.0" } -- of fnf.client, which need not be loaded to tell it; a spec holds them equal

local function complain(text, code)
  io.stderr:write("fnf: ", text, "\n")
  if code == exit.USAGE then
    io.stderr:write("fnf: see fnf --help, or the command's own --help\n")
  end
  return code
end

--- What was raised, without the place in our sources.
local function plain(problem)
  return (tostring(problem):gsub("^[^%s:]+:%d+: ", ""))
end

local function make_client(options)
  local fnf = require "fnf"
  local given = { region = options.region, endpoint = options.endpoint, max_attempts = options.max_attempts,
    ca_file = options.ca_file or os.getenv "FNF_CA_FILE" }
  if options.profile then
    given.credentials = fnf.credentials.profile(options.profile)
  end
  local client, err = fnf.new(given)
  return client or error(err, 0)
end

--- All entries of a list, or the first so many.
local function list(client, line, row)
  local pages = require "fnf.call.pages"
  local items, most = {}, line.options.limit or math.huge
  for item in pages.items(client, row, line.params, { timeout = line.options.timeout }) do
    items[#items + 1] = item
    if #items >= most then -- before the next page is asked for
      break
    elseif #items % 500 == 0 then
      io.stderr:write("fnf: ", #items, " entries so far\n")
    end
  end
  return { [row.items] = items }, nil, row.items
end

local function map_runs(client, line)
  local found = {}
  for map_run in client:map_runs(line.params, { timeout = line.options.timeout }) do
    found[#found + 1] = map_run
  end
  return { MapRuns = found }, nil, "MapRuns"
end

--- Flags in the words of the one who is missing them.
local function with_flags(problem)
  local missing = problem:match("missing parameter (.*)$")
  if not missing then
    return problem
  end
  local first = missing:match("^%w+")
  return ("%s; give it as %s VALUE or %s=VALUE"):format(problem, require("fnf.cli.command").flag_of(first), first)
end

local METHODS = { list = false, map_runs = "map_runs", wait_execution = "wait_execution", run = "run" }
local WAITS = { wait = "map_runs", watch = "map_runs", resume = "resume", wait_execution = "execution",
  run = "execution" }
local AFTER = { explain = true, failures = true, retry = true }

--- What is wrong with the parameters, or nil.
local function validate(client, line)
  local does, name = line.entry.does, line.entry.operation
  if line.rest[1] then
    local command = require "fnf.cli.command"
    return ("what is %q? %s expected"):format(line.rest[1], command.shape_of(line.entry))
  elseif line.names[2] then
    return "one name expected, not several"
  elseif name then
    return require("fnf.methods").validate(METHODS[does] or name, client, line.params,
      { timeout = line.options.timeout })
  end
  return require("fnf.methods").validate("call", client, line.params, {}, line.action)
end

--- Send one call, or those of a list; its answer, or raise the error it is.
local function send(client, line)
  local does, name = line.entry.does, line.entry.operation
  local options = { timeout = line.options.timeout }
  local answer, err, items
  if does == "list" then
    answer, err, items = list(client, line, require("fnf.operations")[name])
  elseif does == "map_runs" then
    answer, err, items = map_runs(client, line)
  elseif name then
    answer, err = client[name](client, line.params, options)
  else
    answer, err = client:call(line.action, line.params, options)
  end
  if not answer then
    error(err, 0)
  end
  return answer, items
end

local function print_out(text)
  output.put(text)
  return exit.OK
end

--- What does the line's work: a function that returns a code, or nil and what is wrong with the line.
local function worker(line)
  local does = line.entry.does
  if WAITS[does] then
    return require("fnf.cli.wait")[WAITS[does]]
  elseif AFTER[does] then
    return require("fnf.cli.failures")[does]
  end
  return function(client)
    local answer, items = send(client, line)
    return print_out(output.text(answer, { format = line.options.format,
      fields = line.options.fields, items = items }))
  end
end

--- Print what the first request would be; of a wait, its poll.
local function show_request(client, line)
  local preview = require "fnf.cli.preview"
  local params = WAITS[line.entry.does] and line.names[1] or line.params
  local request, err = preview.request(client, params, function()
    if WAITS[line.entry.does] then
      client[line.entry.operation](client, params)
    else
      send(client, line)
    end
  end)
  if not request then
    error(err, 0)
  end
  return print_out(preview.text(request, line.options.format))
end

--- The work that the line asks for, or what is wrong with it.
local function perform(client, line)
  local does = line.entry.does
  local is_named_later = does == "wait" or does == "watch" or does == "resume" or AFTER[does]
  if not is_named_later then
    for key, value in pairs(line.names[1] or {}) do
      line.params[key] = value
    end
  end
  local problem = not is_named_later and validate(client, line)
    or line.options.preview and line.names[2] and "--dry-run shows one request: one name expected, not several"
  if problem then
    return nil, with_flags(problem)
  elseif line.options.generate then
    return function()
      return print_out(require("fnf.cli.generate").lua(line))
    end
  elseif line.options.debug then
    require("fnf.cli.preview").debug(client, line.params)
  end
  return line.options.preview and show_request or worker(line)
end

--- Lua turns Ctrl-C into an error; who started us is to see the signal itself.
local function end_by_interrupt()
  io.stdout:flush()
  io.popen("kill -INT $PPID"):close()
  return exit.INTERRUPTED
end

local function of_raised(problem, limited)
  if require("fnf.errors").is(problem) then
    return complain(tostring(problem), exit.of_error(problem, limited))
  elseif tostring(problem):find("interrupted!", 1, true) then
    return end_by_interrupt()
  end
  return complain(with_flags(plain(problem)), exit.USAGE)
end

local function examine(options)
  local doctor = require "fnf.cli.doctor"
  local found = doctor.examine(options, make_client)
  output.put(doctor.text(found, options.format))
  return doctor.code(found)
end

local function run(words)
  local line, problem = require("fnf.cli.command").parse(words)
  if not line then
    return complain(problem, exit.USAGE)
  end
  if line.options.fields then
    local fields = {}
    for field in line.options.fields:gmatch("[^,%s]+") do
      fields[#fields + 1] = field
    end
    line.options.fields = fields
  end
  if line.entry.does == "doctor" then
    return examine(line.options)
  elseif line.entry.does == "completion" then
    local parser = require("fnf.cli.command").parser()
    return print_out(parser["get_" .. line.options.shell .. "_complete"](parser))
  elseif line.options.skeleton then
    return print_out(require("fnf.cli.generate").skeleton(line.entry.operation))
  end
  local made, client = pcall(make_client, line.options)
  if not made then
    return complain(plain(client), exit.CONFIGURATION)
  end
  local work
  work, problem = perform(client, line)
  if not work then
    return complain(problem, exit.USAGE)
  end
  local done, code, wrong = pcall(work, client, line)
  if not done then
    return of_raised(code, line.options.timeout ~= nil)
  end
  return code or complain(with_flags(wrong), exit.USAGE)
end

local function obey(words)
  local first = words[1]
  if first == "--version" then
    output.put("fnf " .. cli.VERSION .. "\n")
    return exit.OK
  elseif first == "emulator" then
    local found, emulator = pcall(require, "fnf.emulator.command")
    if not found then
      return complain("the emulator is a package of its own; install fnf-emulator", exit.CONFIGURATION)
    end
    return emulator.run({ (table.unpack or unpack)(words, 2) }) -- luacheck: ignore 113 143
  elseif first == "help" and words[2] == "exit-codes" then
    output.put(exit.help)
    return exit.OK
  elseif first == "help" and words[2] == "manual" and pcall(require, "argparse") then
    return print_out(require("fnf.cli.manual").text())
  elseif first == nil or first == "help" then
    words = { "--help" }
  end
  if not pcall(require, "argparse") then
    return complain("argparse is missing: install lua-argparse, or `luarocks install argparse`", exit.CONFIGURATION)
  end
  local done, code = pcall(run, { (table.unpack or unpack)(words) }) -- luacheck: ignore 113 143
  return done and code or of_raised(code)
end

local BROKEN_PIPE, NOT_OPEN = 32, 9 -- EPIPE and EBADF, of Linux, the BSDs and macOS

local held = {} -- luacheck: ignore 241 (kept open, in the places of stdin and stderr)

--- A stream that the host has closed leaves its number to the next socket, into which our words would go. Why nothing
--- can be printed, or nil.
local function fill_places()
  for _, name in ipairs { "stdin", "stderr" } do
    if select(3, io[name]:seek()) == NOT_OPEN then
      held[name] = io.open("/dev/null", "r+")
    end
  end
  local _, reason, number = io.stdout:seek()
  return number == NOT_OPEN and { reason = reason, number = number } or nil
end

--- Carry out a command line.
---@param words string[] without the program's name
---@return integer code
function cli.main(words)
  local failure = fill_places()
  local code = not failure and obey(words)
  failure = failure or output.failure
  if not failure then
    return code
  elseif failure.number == BROKEN_PIPE then
    return exit.CLOSED_PIPE
  end
  return complain("cannot print the result: " .. tostring(failure.reason), exit.CONFIGURATION)
end

return cli
