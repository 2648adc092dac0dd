--- Starts the emulator's nginx in a directory of its own, and makes sure that it never outlives the process that asked.
-- SPDX-License-Identifier: MIT

local directories = require "fnf.emulator.directory"
local nginx_binary = require "fnf.emulator.nginx_binary"
local ports = require "fnf.emulator.ports"
local shell = require "fnf.emulator.shell"

local launch = {}

local ATTEMPTS = 4

-- The keeper's standard input is a pipe whose other end only the launching process holds. However that process ends,
-- the pipe closes, and the keeper ends nginx. Events are opened for reading and writing, so that no side ever waits
-- for the other to open them. A single-process nginx misses a signal that comes just before it begins to wait, so the
-- signal is repeated until it is gone.
local keeper = [[
cd "$1" || exit 1
trap '' INT
unset LUA_PATH LUA_CPATH
ulimit -n 8192 2>/dev/null
exec 4<&0 5<>events
"$2" -p "$1/" -c nginx.conf </dev/null >nginx.out 2>&1 4<&- &
nginx=$!
{ cat <&4 >/dev/null; while kill -TERM $nginx 2>/dev/null; do sleep 0.1; done; } &
watcher=$!
wait $nginx
kill $watcher 2>/dev/null
echo ended >&5
cat <&4 >/dev/null
[ "$3" = keep ] || rm -rf "$1"
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

local function run(directory, binary, keep)
  local events, message = io.open(directory .. "/events", "r+")
  if not events then
    return nil, message
  end
  local pipe = assert(io.popen(shell.command(keeper, directory, binary, keep and "keep" or "drop"), "w"))
  local process = { directory = directory, pipe = pipe, events = events, ca_file = directory .. "/ca.pem" }
  if events:read "*l" == "ready" then
    return process
  end
  return nil, directories.read(directory, "nginx.out") .. directories.read(directory, "error.log"), pipe
end

--- Starts nginx and returns once its ports are open.
---@param options { settings: string, port?: integer, https_port?: integer, directory?: string } settings: start.lua's
---@return fnf.emulator.Process? process
---@return string? message
function launch.start(options)
  local binary, modules = nginx_binary.find()
  if not binary then
    return nil, modules
  end
  local lua_path, lua_cpath = search_paths()
  local message
  for attempt = 1, ATTEMPTS do
    local directory
    directory, message = directories.prepare(options)
    if not directory then
      return nil, message
    end
    local port, https_port = ports.free_pair(directory .. attempt)
    port, https_port = options.port or port, options.https_port or https_port
    directories.configure(directory, {
      modules = modules, lua_path = lua_path, lua_cpath = lua_cpath, port = port, https_port = https_port,
    })
    local process, pipe
    process, message, pipe = run(directory, binary, options.directory)
    if process then
      process.port, process.https_port = port, https_port
      return process
    end
    if pipe then
      pipe:close()
    end
    if options.port and options.https_port or not message:find("Address already in use", 1, true) then
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
  repeat local event = process.events:read "*l" until event == "ended" or not event
end

--- Ends nginx and returns once it is gone, with its directory unless the caller had named one.
---@param process fnf.emulator.Process
function launch.stop(process)
  if not process.pipe then
    return
  end
  process.pipe:close()
  process.events:close()
  process.pipe = nil
end

return launch
