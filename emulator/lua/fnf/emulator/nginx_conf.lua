--- The configuration file of the emulator's nginx, as text.
-- SPDX-License-Identifier: MIT

local nginx_conf = {}

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
  init_by_lua_block { require("fnf.emulator.start").open() }
  init_worker_by_lua_block { require("fnf.emulator.start").ready() }
  server {
$listen
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { content_by_lua_block { require("fnf.emulator.server").serve() } }
    location /latest/ { content_by_lua_block { require("fnf.emulator.metadata").serve() } }
    location /_fnf/ { content_by_lua_block { require("fnf.emulator.control").serve() } }
    location @reset {
      reset_timedout_connection on;
      return 444;
    }
  }
}
]]

local function quoted(text) return '"' .. text:gsub('[\\"]', "\\%0") .. '"' end

---@class fnf.emulator.NginxSettings
---@field modules string[] files to load
---@field lua_path string
---@field lua_cpath string
---@field port integer
---@field https_port integer
---@field ipv6 boolean is there an IPv6 loopback

---@param settings fnf.emulator.NginxSettings
---@return string
function nginx_conf.text(settings)
  local modules, listen = {}, {}
  for _, file in ipairs(settings.modules) do modules[#modules + 1] = "load_module " .. quoted(file) .. ";" end
  for _, address in ipairs({ "127.0.0.1", settings.ipv6 and "[::1]" or nil }) do
    listen[#listen + 1] = ("    listen %s:%d;"):format(address, settings.port)
    listen[#listen + 1] = ("    listen %s:%d ssl http2;"):format(address, settings.https_port)
  end
  local values = {
    modules = table.concat(modules, "\n"), listen = table.concat(listen, "\n"),
    lua_path = quoted(settings.lua_path), lua_cpath = quoted(settings.lua_cpath),
  }
  return (template:gsub("%$([%w_]+)", values))
end

return nginx_conf
