--- Real nginxes for the specs: started in a directory of their own, gone with the process that asked for them.
-- SPDX-License-Identifier: MIT

local binary = require "fnf.emulator.nginx_binary"
local core = require "fnf.core"
local ports = require "fnf.emulator.ports"
local shell = require "fnf.emulator.shell"

local nginx = {}

local Nginx = {}
Nginx.__index = Nginx

local PATIENCE = 60 -- seconds: only a bound; nginx in valgrind on a busy machine needs its time

local TEMPLATE = [[
daemon off;
$main
pid nginx.pid;
error_log error.log $log;
$modules
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path unused;
  fastcgi_temp_path unused;
  uwsgi_temp_path unused;
  scgi_temp_path unused;
  lua_package_path "$root/lua/?.lua;$root/emulator/lua/?.lua;$root/?.lua;;";
  lua_package_cpath "$root/build/5.1/?.so;;";
  lua_socket_log_errors off;
  keepalive_requests 1000000;
$http
}
]]

-- Its standard input is a pipe whose other end only this process holds: however it ends, nginx ends too.
local RUNNER = [[
cd "$1" || exit 1
unset LUA_PATH LUA_CPATH
trap '' INT
ulimit -n 8192 2>/dev/null
exec 4<&0
$3 "$2" -p "$1/" -c nginx.conf </dev/null >nginx.out 2>&1 4<&- &
nginx=$!
{
  cat <&4 >/dev/null
  kill -TERM $nginx 2>/dev/null
  for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 $nginx 2>/dev/null || exit; sleep 0.5; done
  kill -KILL $nginx
} &
wait $nginx
cat <&4 >/dev/null
]]

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = io.open(path)
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

--- Ask until there is an answer, and fail if none comes.
function nginx.until_true(ask, what)
  local ending = core.now() + PATIENCE
  repeat
    local found = ask()
    if found then
      return found
    end
    core.sleep(0.01)
  until core.now() > ending
  error((what or "what was waited for") .. " never came", 2)
end

local function substitute(text, values)
  return (text:gsub("%$([%w_]+)", values))
end

--- Start one. `http` and `main` are configuration; $port and $other stand for two free ports, $root for the checkout,
--- $directory for its own, and `values` has more. `prepare` is a script that makes
--- files in that directory, `wrapper` a command that runs the binary (valgrind).
--- `whole` is all of a configuration, as a user has it, but for `daemon`, the port and root's workers, which stay
--- root's: a checkout may lie where nobody else reads.
function nginx.start(options)
  local found, modules = binary.find()
  assert(found, modules)
  local _, root = shell.run "pwd"
  local _, directory = shell.run 'umask 077; mktemp -d "${TMPDIR:-/tmp}/fnf-openresty.XXXXXXXXXX"'
  local port, other = ports.free_pair(directory)
  local values = { port = port, other = other, root = root, directory = directory, log = options.log or "notice" }
  for name, value in pairs(options.values or {}) do
    values[name] = value
  end
  local _, id = shell.run "id -u"
  local user = id == "0" and "user root;\n" or ""
  values.main = (user .. substitute(options.main or "master_process off;", values))
  values.http = substitute(options.http or "", values)
  local loads = {}
  for _, file in ipairs(modules) do
    loads[#loads + 1] = ("load_module %s;"):format(file)
  end
  values.modules = table.concat(loads, "\n")
  if options.prepare then
    assert(shell.run(options.prepare, directory))
  end
  write(directory .. "/nginx.conf", options.whole and user .. "daemon off;\n" .. options.whole:gsub("127.0.0.1:8088",
    "127.0.0.1:" .. port) or substitute(TEMPLATE, values))
  local self = setmetatable({ port = port, other = other, directory = directory, root = root }, Nginx)
  self.url = "http://127.0.0.1:" .. port
  self.http = assert(require("fnf.curl").pool { no_proxy = "*" })
  self.pipe = assert(io.popen(shell.command(RUNNER, directory, found, options.wrapper or ""), "w"))
  local done, message = pcall(nginx.until_true, function()
    return self:get "/ready"
  end, "nginx")
  if not done then
    message = message .. "\n" .. read(directory .. "/nginx.out") .. self:log()
    self:stop()
    error(message, 2)
  end
  return self
end

--- Begin a request; `finish` brings its answer. Many may be under way.
function Nginx:begin(path, options)
  options = options or {}
  return assert(self.http:start { method = options.method or "GET", url = options.url or (self.url .. path),
    headers = options.headers, body = options.body, timeout = options.timeout or PATIENCE, connect_timeout = 5 })
end

--- The next answer: its id, status, headers and body; or its id, nil, a word and a message.
function Nginx:finish()
  while true do
    local id, status, a, b = self.http:take()
    if id then
      return id, status, a, b
    end
    self.http:wait(1)
  end
end

--- GET, to the end: body, status, headers; or nil and why there is none.
function Nginx:get(path, options)
  local id = self:begin(path, options)
  local ended, status, headers, body
  repeat
    ended, status, headers, body = self:finish()
  until ended == id
  if status then
    return body, status, headers
  end
  return nil, body
end

function Nginx:log()
  return read(self.directory .. "/error.log")
end

local function is_expected(line, patterns)
  for _, pattern in ipairs(patterns or {}) do
    if line:find(pattern) then
      return true
    end
  end
end

--- Lines of the log that must not be there; `expected` are patterns of those that must.
function Nginx:errors(expected)
  local lines = {}
  for line in self:log():gmatch "[^\n]+" do
    local level = line:match "%[(%l+)%]"
    if (level == "error" or level == "alert" or level == "crit" or level == "emerg")
      and not is_expected(line, expected) then
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, "\n")
end

--- Process id of the master, or of the one process there is.
function Nginx:master()
  return read(self.directory .. "/nginx.pid"):match "%d+"
end

--- Process ids of the workers, oldest first; the process itself without a master.
function Nginx:workers()
  local master = self:master()
  local _, children = shell.run('cat /proc/$1/task/$1/children', master)
  local list = {}
  for id in children:gmatch "%d+" do
    list[#list + 1] = id
  end
  return #list > 0 and list or { master }
end

function Nginx:signal(name, pid)
  assert(shell.run('kill -"$1" "$2"', name, pid or self:master()))
end

--- Start new workers from the same configuration and return once they serve; the old ones may still be ending.
function Nginx:reload()
  local before = {}
  for _, pid in ipairs(self:workers()) do
    before[pid] = true
  end
  self:signal "HUP"
  nginx.until_true(function()
    for _, pid in ipairs(self:workers()) do
      if not before[pid] then
        return true
      end
    end
  end, "a new worker")
end

function Nginx:stop()
  if self.pipe then
    self.pipe:close()
    self.pipe = nil
    self.http:close()
    shell.run('rm -rf "$1"', self.directory)
  end
end

return nginx
