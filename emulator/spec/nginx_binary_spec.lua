--- Which nginx can run Lua, told by what it says of how it was built.
-- SPDX-License-Identifier: MIT

local shell = require "fnf.emulator.shell"

local interpreter -- which runs this
for i = -1, -20, -1 do
  interpreter = arg[i] or interpreter
end

local PROGRAM = [[
local path, files = require "fnf.emulator.nginx_binary".find()
print(path and #files or "none: " .. files)
for _, file in ipairs(path and files or {}) do print((file:gsub("^.*/", ""))) end
]]

--- What is found of an nginx with these arguments of its configuration, and these files in its folder of modules.
local function find(arguments, files)
  local _, folder = shell.run "mktemp -d"
  for _, name in ipairs(files) do
    shell.run('touch "$1"', folder .. "/" .. name)
  end
  shell.run([[printf '#!/bin/sh\necho "nginx version: nginx/1.26.3\nconfigure arguments: %s" >&2\n' "$2" > "$1/nginx"
    chmod 755 "$1/nginx"]], folder, "--modules-path=" .. folder .. " " .. arguments)
  local _, printed = shell.run('FNF_NGINX="$1/nginx" LUA_PATH="$2" "$3" -e "$4"', folder, package.path, interpreter,
    PROGRAM)
  shell.run('rm -rf "$1"', folder)
  return printed
end

local FILES = { "ndk_http_module.so", "ngx_http_lua_module.so" }
local LOADED = "2\nndk_http_module.so\nngx_http_lua_module.so"

describe("an nginx", function()
  for _, row in ipairs {
    { "--add-module=../ngx_devel_kit-0.3.3 --add-module=../ngx_lua-0.10.26", {}, "0" },
    { "--add-module=/usr/src/lua-nginx-module", {}, "0" },
    { "--add-dynamic-module=/build/nginx/debian/modules/http-lua", FILES, LOADED },
    { "--add-dynamic-module=/build/ngx_lua", FILES, LOADED },
    { "--add-dynamic-module=/build/lua-nginx-module", FILES, LOADED },
    { "--prefix=/opt/openresty-like --add-dynamic-module=/build/ngx_lua", FILES, LOADED },
    { "--add-module=/build/stream-lua-nginx-module", FILES, LOADED },
  } do
    it("15.6: has Lua in it, or in files to load: " .. row[1], function()
      assert.equal(row[3], find(row[1], row[2]))
    end)
  end
end)
