--- Starts the emulator's nginx in a directory of its own, and makes sure that it never outlives the process that asked.
-- SPDX-License-Identifier: MIT

local directories = require "fnf.emulator.directory"
local nginx_binary = require "fnf.emulator.nginx_binary"
local ports = require "fnf.emulator.ports"
local shell = require "fnf.emulator.shell"

local launch = {}

local ATTEMPTS = 4

-- The supervisor's standard input is a pipe whose other end only the launching process holds. However that process
-- ends, the pipe closes, and the supervisor ends nginx and clears up; no signal that a terminal or a service manager
-- sends to the whole group ends the supervisor before. It is there before the directory is, and begins at the word
-- `start`. Any other word it answers by `tick` half a second later, so that who waits for an event can notice a signal
-- of its own. Events are opened for reading and writing, so that no side ever waits for the other to open them. A
-- single-process nginx misses a signal that comes just before it begins to wait, so the signal is repeated until it is
-- gone.
local supervisor = [[
trap '' INT HUP TERM QUIT
umask 077
clean() {
  if [ "$3" = keep ]; then rm -f settings.json server.key events stopped nginx.pid; return; fi
  cd /
  tries=0
  until rm -rf "$1" 2>/dev/null || [ "$tries" -gt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
}
[ "$3" = keep ] || mkdir "$1" || exit 1
cd "$1" && mkfifo events || { clean "$@"; exit 1; }
unset LUA_PATH LUA_CPATH
ulimit -n 8192 2>/dev/null
exec 4<&0 5<>events
word=
read -r word <&4
if [ "$word" != start ]; then clean "$@"; exit; fi
"$2" -p "$1/" -c nginx.conf </dev/null >nginx.out 2>&1 4<&- &
nginx=$!
{
  while read -r word <&4 && [ "$word" != stop ]; do sleep 0.5; echo tick >&5; done
  [ "$word" != stop ] || : >stopped
  while kill -TERM $nginx 2>/dev/null; do sleep 0.1; done
} &
watcher=$!
wait $nginx
kill -KILL $watcher 2>/dev/null
echo ended >&5
if [ ! -e stopped ]; then while read -r word <&4 && [ "$word" != stop ]; do :; done; fi
clean "$@"
]]

---@class fnf.emulator.Process a running nginx
---@field directory string
---@field port integer
---@field https_port integer
---@field ca_file string
---@field pipe? file* closing it ends nginx
---@field events file*

-- Absolute search patterns, since nginx runs in another directory.
local function absolute(patterns)
  local _, here = shell.run "pwd"
  local list = {}
  for pattern in patterns:gmatch "[^;]+" do
    list[#list + 1] = pattern:sub(1, 1) == "/" and pattern or here .. "/" .. pattern:gsub("^%./", "")
  end
  return list
end

-- The same patterns for nginx's Lua, that is 5.1: lib/lua/5.4/?.so becomes lib/lua/5.1/?.so.
local function for_lua_51(patterns)
  local version, list = _VERSION:match "%d%.%d":gsub("%.", "%%."), {}
  for index, pattern in ipairs(absolute(patterns)) do
    list[index] = pattern:gsub("/" .. version .. "/", "/5.1/")
  end
  return table.concat(list, ";")
end

-- Where nginx finds what this Lua found: our own files in the same place. What others made (lua-cjson, lyaml) it looks
-- for in its own places first, since another nginx's libraries do not fit it, and behind them where this Lua would.
local function search_paths()
  local own = ""
  for _, pattern in ipairs(absolute(package.path)) do
    local file = io.open((pattern:gsub("%?", "fnf/emulator/server")))
    if file then
      file:close()
      own = pattern
      break
    end
  end
  return own .. ";;" .. for_lua_51(package.path), ";;" .. for_lua_51(package.cpath)
end

-- Closes what an attempt has opened; the supervisor clears up then.
local function give_up(attempt)
  if attempt.pipe then
    attempt.pipe:close()
  end
  if attempt.events then
    attempt.events:close()
  end
end

---@param attempt { number: integer, binary: string, settings: table } gets pipe and events as they are opened
---@return fnf.emulator.Process? process
---@return string? message
local function try(attempt, options)
  local directory, message = directories.choose(options.directory)
  if not directory then
    return nil, message
  end
  attempt.pipe = assert(io.popen(shell.command(supervisor, directory, attempt.binary,
    options.directory and "keep" or "drop"), "w"))
  local port, https_port = ports.free_pair(directory .. attempt.number)
  attempt.settings.port, attempt.settings.https_port = options.port or port, options.https_port or https_port
  local done
  done, message = directories.await(directory)
  if done then
    done, message = directories.fill(directory, options.settings, attempt.settings)
  end
  if not done then
    return nil, message
  end
  attempt.events, message = io.open(directory .. "/events", "r+")
  if not attempt.events then
    return nil, message
  end
  attempt.pipe:write "start\n"
  attempt.pipe:flush()
  if attempt.events:read "*l" ~= "ready" then
    return nil, directories.read(directory, "nginx.out") .. directories.read(directory, "error.log")
  end
  return {
    directory = directory, pipe = attempt.pipe, events = attempt.events, ca_file = directory .. "/ca.pem",
    port = attempt.settings.port, https_port = attempt.settings.https_port,
  }
end

--- Whether another pair of ports may do: one of those that were chosen here is in use, and none that was given.
local function is_worth_another(message, options)
  for _, port in ipairs { options.port or false, options.https_port or false } do
    if port and message:find((":%d failed"):format(port), 1, true) then
      return false
    end
  end
  return not (options.port and options.https_port) and message:find("Address already in use", 1, true) ~= nil
end

--- Starts nginx and returns once its ports are open.
---@param options { settings: string, port?: integer, https_port?: integer, directory?: string } settings: store.lua's
---@return fnf.emulator.Process? process
---@return string? message
function launch.start(options)
  local binary, modules = nginx_binary.find()
  if not binary then
    return nil, modules --[[@as string]]
  end
  local lua_path, lua_cpath = search_paths()
  local message
  for number = 1, ATTEMPTS do
    local attempt = {
      number = number, binary = binary, settings = { modules = modules, lua_path = lua_path, lua_cpath = lua_cpath },
    }
    local done, process
    done, process, message = pcall(try, attempt, options)
    if process and done then
      return process
    end
    give_up(attempt)
    if not done then
      error(process, 0) -- as Ctrl-C is in a standalone Lua
    end
    if not is_worth_another(message, options) then
      break
    end
  end
  return nil, "the emulator's nginx did not start:\n" .. message
end

--- What nginx has logged so far.
---@param process fnf.emulator.Process
---@return string
function launch.error_log(process)
  return directories.read(process.directory, "error.log")
end

--- Waits until nginx has ended, by whatever cause.
---@param process fnf.emulator.Process
function launch.wait(process)
  repeat
    process.pipe:write "wait\n"
    process.pipe:flush()
    local event = process.events:read "*l"
  until event == "ended" or not event
end

--- Ends nginx and returns once it is gone, with its directory unless the caller had named one.
---@param process fnf.emulator.Process
function launch.stop(process)
  if not process.pipe then
    return
  end
  process.pipe:write "stop\n" -- another child of this process may hold the other end of the pipe
  process.pipe:close()
  process.events:close()
  process.pipe = nil
end

return launch
