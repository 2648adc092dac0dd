--- The directory that an emulator lives in: settings, certificate, the configuration of its nginx, its log.
-- SPDX-License-Identifier: MIT

local shell = require "fnf.emulator.shell"

local directory = {}

local function write(path, text)
  local file, message = io.open(path, "w")
  if not file then
    return nil, message
  end
  file:write(text)
  file:close()
  return true
end

--- The text of a file in it; empty if there is none.
---@param path string
---@param name string
---@return string
function directory.read(path, name)
  local file = io.open(path .. "/" .. name)
  if not file then
    return ""
  end
  local text = file:read "*a"
  file:close()
  return text
end

-- The CA's key is dropped at once: nothing else will ever be signed with it.
local script = [[
set -e
umask 077
cd "$1"
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $ec -days 30 -subj "/CN=fnf emulator CA" -keyout ca.key -out ca.pem \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -new $ec -subj "/CN=localhost" -keyout server.key -out server.csr
printf '%s\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' 'basicConstraints=CA:FALSE' \
  'keyUsage=digitalSignature' 'extendedKeyUsage=serverAuth' >server.ext
openssl x509 -req -days 30 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile server.ext -out server.pem
rm -f ca.key ca.srl server.csr server.ext
]]

-- Writes ca.pem, server.pem and server.key into the directory.
local function write_certificate(path)
  local done, printed = shell.run(script, path)
  if done then
    return true
  end
  return nil, "openssl could not make a certificate: " .. printed
end

local template = [[
# Written by the fnf emulator at its start; gone at its end.
daemon off;
master_process off;
pid nginx.pid;
error_log error.log warn;
$modules
events { worker_connections 4096; }
http {
  access_log off;
  server_tokens off;
  default_type application/json;
  keepalive_timeout 75s;
  keepalive_requests 1000000;
  client_max_body_size 16m;
  client_body_buffer_size 16m;
  large_client_header_buffers 8 1100k;
  client_body_temp_path body;
  proxy_temp_path unused;
  fastcgi_temp_path unused;
  uwsgi_temp_path unused;
  scgi_temp_path unused;
  lua_package_path $lua_path;
  lua_package_cpath $lua_cpath;
  init_by_lua_block { require("fnf.emulator.server").open() }
  init_worker_by_lua_block { require("fnf.emulator.server").ready() }
  server {
$listen
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { content_by_lua_block { require("fnf.emulator.server").serve() } }
    location /latest/ { content_by_lua_block { require("fnf.emulator.identity").serve() } }
    location /_fnf/ { content_by_lua_block { require("fnf.emulator.control").serve() } }
    location @reset {
      reset_timedout_connection on;
      return 444;
    }
  }
}
]]

local function quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

---@class fnf.emulator.NginxSettings
---@field modules string[] files to load
---@field lua_path string
---@field lua_cpath string
---@field port integer
---@field https_port integer
---@field ipv6 boolean is there an IPv6 loopback

local function nginx_conf(settings)
  local modules, listen = {}, {}
  for _, file in ipairs(settings.modules) do
    modules[#modules + 1] = "load_module " .. quoted(file) .. ";"
  end
  for _, address in ipairs { "127.0.0.1", settings.ipv6 and "[::1]" or nil } do
    listen[#listen + 1] = ("    listen %s:%d;"):format(address, settings.port)
    listen[#listen + 1] = ("    listen %s:%d ssl http2;"):format(address, settings.https_port)
  end
  local values = {
    modules = table.concat(modules, "\n"), listen = table.concat(listen, "\n"),
    lua_path = quoted(settings.lua_path), lua_cpath = quoted(settings.lua_cpath),
  }
  return (template:gsub("%$([%w_]+)", values))
end

local function has_ipv6_loopback()
  return ("\n" .. directory.read("/proc/net", "if_inet6")):find("\n" .. ("0"):rep(31) .. "1 ") ~= nil
end

--- 32 hexadecimal digits that nobody can guess.
---@return string
function directory.random_digits()
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(16)
  file:close()
  return (bytes:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

--- Where the directory is to be. A named one is there afterwards, without the ends of what went on before; a fresh one
--- is made by the supervisor, since nobody else would remove it if this process ended now.
---@param named? string a fresh one if nil
---@return string? path absolute
---@return string? message
function directory.choose(named)
  local done, path
  if named then
    done, path = shell.run([[umask 077; mkdir -p "$1" && cd "$1" && pwd &&
      rm -f events stopped error.log nginx.out settings.json server.key]], named)
  else
    done, path = shell.run [[cd "${TMPDIR:-/tmp}" && pwd && { [ -w . ] || { echo "cannot be written to"; exit 1; } }]]
    path = done and path:gsub("/$", "") .. "/fnf-emulator." .. directory.random_digits():sub(1, 12) or path
  end
  if not done then
    return nil, "no directory for the emulator: " .. path
  end
  return path
end

--- Waits until the supervisor has made it.
---@param path string
---@return true? done
---@return string? message
function directory.await(path)
  local done = shell.run([[tries=0
    until [ -p "$1/events" ] || [ "$tries" -gt 500 ]; do tries=$((tries + 1)); sleep 0.02; done; [ -p "$1/events" ]
  ]], path)
  if done then
    return true
  end
  return nil, "no directory for the emulator: " .. path .. " could not be made"
end

-- A file that only its owner can read, whoever could read one of its name before. Its text is in nobody's arguments.
local function write_secret(path, name, text)
  local pipe = assert(io.popen(shell.command('umask 077; cd "$1" && rm -f "$2" && cat >"$2"', path, name), "w"))
  pipe:write(text)
  pipe:close()
  if directory.read(path, name) ~= text then
    return nil, ("%s could not be written to %s"):format(name, path)
  end
  return true
end

--- Puts into it what nginx needs: settings, certificate, configuration.
---@param path string
---@param secrets string the settings that the emulator reads
---@param settings fnf.emulator.NginxSettings
---@return true? done
---@return string? message
function directory.fill(path, secrets, settings)
  settings.ipv6 = has_ipv6_loopback()
  local done, message = write_secret(path, "settings.json", secrets)
  if done then
    done, message = write_certificate(path)
  end
  if done then
    done, message = write(path .. "/nginx.conf", nginx_conf(settings))
  end
  return done, message
end

return directory
