--- Which nginx of this machine runs Lua, and the module files it must load for that.
-- SPDX-License-Identifier: MIT

local shell = require "fnf.emulator.shell"

local nginx_binary = {}

local candidates = { "nginx", "/usr/sbin/nginx", "openresty", "/usr/local/openresty/nginx/sbin/nginx" }

local folders = { "/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules" }

-- In the order in which they must be loaded.
local modules = { "ndk_http_module.so", "ngx_http_lua_module.so" }

local function all_modules(folder)
  local files = {}
  for index, name in ipairs(modules) do
    files[index] = folder .. "/" .. name
    local file = io.open(files[index])
    if not file then
      return nil
    end
    file:close()
  end
  return files
end

-- One added as a dynamic module is a file to load, however its folder is called; that of streams is another module.
local function is_built_in(about)
  for folder in about:gmatch "%s'?%-%-add%-module=(%S+)" do
    if not folder:find "stream" and (folder:find "lua[-_]nginx[-_]module" or folder:find "ngx[-_]lua") then
      return true
    end
  end
  return false
end

local function modules_for(about)
  if not about:find("nginx version: ", 1, true) then
    return nil
  elseif is_built_in(about) then
    return {}
  end
  local found = all_modules(about:match "%-%-modules%-path=(%S+)" or "/nonexistent")
  for _, folder in ipairs(folders) do
    found = found or all_modules(folder)
  end
  return found
end

--- Finds an nginx that can run Lua: the one that FNF_NGINX names, else a usual one.
---@return string? path
---@return string[]|string modules files to load, none if Lua is built in; or a message that says what to install
function nginx_binary.find()
  local named = os.getenv "FNF_NGINX"
  for _, name in ipairs(named and { named } or candidates) do
    local found, about = shell.run('path=$(command -v "$1") && echo "$path" && "$path" -V', name)
    local files = found and modules_for(about)
    if files then
      return about:match "^[^\n]+", files
    end
  end
  return nil, named and ("FNF_NGINX: '%s' is no nginx with the Lua module"):format(named)
    or "no nginx with the Lua module was found; on Debian: apt install nginx libnginx-mod-http-lua lua-resty-core "
    .. "lua-cjson lua-yaml; or set FNF_NGINX to an OpenResty binary"
end

return nginx_binary
