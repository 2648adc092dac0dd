--- The command `fnf`: words in, an exit code out. A module is loaded when a command needs it.
-- SPDX-License-Identifier: MIT

local exit = require "fnf.cli.exit"
local flags = require "fnf.cli.flags"
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
    ca_file = require("fnf.platform.plain").ca_file(options.ca_file) } -- as an option, so that it is looked at now
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
  local limits = client:limits({ timeout = line.options.timeout }, client:choose_platform()) -- of all pages together
  for item in pages.items(client, row, line.params, limits) do
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
  for map_run in require("fnf.cli.wait").each_map_run(client, line.params, line.options) do
    found[#found + 1] = map_run
  end
  return { MapRuns = found }, nil, "MapRuns"
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
  return answer, items or line.entry.items
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

--- What is wrong with a wait that is to be shown and not made, or nil.
local function problem_of_shown(client, line)
  if line.options.preview and line.names[2] then
    return "--dry-run shows one request: one name expected, not several"
  elseif line.entry.does ~= "wait" and line.entry.does ~= "watch" then
    return nil
  elseif line.rest[1] then
    return ("what is %q? flow/execution/map-run expected of a wait that is shown"):format(line.rest[1])
  end
  return require("fnf.methods").validate("wait_map_runs", client, line.names[1] and line.names or { line.params })
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
  local is_shown = line.options.preview or line.options.generate
  local problem = not is_named_later and validate(client, line) or is_shown and problem_of_shown(client, line)
  if problem then
    return nil, problem
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
  local errors = require "fnf.errors"
  if errors.is(problem) then
    return complain(flags.tell(problem), exit.of_error(problem, limited))
  elseif errors.is_interrupt(problem) then
    return end_by_interrupt()
  end
  return complain(flags.tell(plain(problem)), exit.USAGE)
end

--- Tell why there is no client: a flag that is wrong, or this machine's configuration.
local function of_options(problem, options)
  problem = flags.tell(problem):gsub("^fnf%.credentials%.profile: the name", "fnf.new: option profile")
  local name, reason = problem:match "^fnf%.new: option ([%w_]+):? (.*)$"
  if name and options[name] ~= nil then
    return complain(("--%s: %s"):format(name:gsub("_", "-"), reason), exit.USAGE)
  end
  return complain((problem:gsub("^fnf%.new: ", ""):gsub("^option ca_file", "FNF_CA_FILE")), exit.CONFIGURATION)
end

local function examine(options)
  local doctor = require "fnf.cli.doctor"
  local found = doctor.examine(options, make_client)
  output.put(doctor.text(found, options))
  return doctor.code(found)
end

local function run(words)
  local line, problem = require("fnf.cli.command").parse(words)
  if not line then
    return complain(problem, exit.USAGE)
  elseif line.help then
    return print_out(line.help)
  elseif line.entry.does == "doctor" then
    return examine(line.options)
  elseif line.entry.does == "completion" then
    local parser = require("fnf.cli.command").parser()
    return print_out(parser["get_" .. line.options.shell .. "_complete"](parser))
  elseif line.options.skeleton then
    return print_out(require("fnf.cli.generate").skeleton(line.entry.operation))
  end
  local made, client = pcall(make_client, line.options)
  if not made then
    return require("fnf.errors").is_interrupt(client) and end_by_interrupt() or of_options(plain(client), line.options)
  end
  local work
  work, problem = perform(client, line)
  if not work then
    return complain(flags.tell(problem), exit.USAGE)
  end
  local done, code, wrong = pcall(work, client, line)
  if not done then
    return of_raised(code, line.options.timeout ~= nil)
  end
  return code or complain(flags.tell(wrong), exit.USAGE)
end

--- Whether a module can be loaded, and it; raises what is not about it.
local function load(name)
  local loaded, module = pcall(require, name)
  if not loaded and require("fnf.errors").is_interrupt(module) then
    error(module, 0)
  end
  return loaded, module
end

local function obey(words)
  local first = words[1]
  if first == "--version" then
    output.put("fnf " .. cli.VERSION .. "\n")
    return exit.OK
  elseif first == "emulator" then
    local found, emulator = load "fnf.emulator.command"
    if not found then
      return complain("the emulator is a package of its own; install fnf-emulator", exit.CONFIGURATION)
    end
    return emulator.run({ (table.unpack or unpack)(words, 2) }) -- luacheck: ignore 113 143
  elseif first == "help" and words[2] == "exit-codes" then
    output.put(exit.help)
    return exit.OK
  elseif first == "help" and words[2] == "manual" and load "argparse" then
    return print_out(require("fnf.cli.manual").text())
  elseif first == nil or first == "help" then -- of a command too: fnf help map-run wait
    words = { (table.unpack or unpack)(words, 2) } -- luacheck: ignore 113 143
    words[#words + 1] = "--help"
  end
  if not load "argparse" then
    return complain("argparse is missing: install lua-argparse, or `luarocks install argparse`", exit.CONFIGURATION)
  end
  return run { (table.unpack or unpack)(words) } -- luacheck: ignore 113 143
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
  local done, code
  if not failure then
    done, code = pcall(obey, words)
    code = done and code or of_raised(code)
    failure = output.failure
  end
  if not failure then
    return code
  elseif failure.number == BROKEN_PIPE then
    return exit.CLOSED_PIPE
  end
  return complain("cannot print the result: " .. tostring(failure.reason), exit.CONFIGURATION)
end

return cli
