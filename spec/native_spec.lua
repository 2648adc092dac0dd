--- What is said where the C module cannot be loaded.
-- SPDX-License-Identifier: MIT

local native = require "fnf.native"

local MISSING = "module 'fnf.core' not found:\n\tno field package.preload['fnf.core']\n\tno file './fnf/core.so'"
local PATH = "/opt/lib/fnf/core.so"

local function loading(reason)
  return ("error loading module 'fnf.core' from file '%s':\n\t%s"):format(PATH, reason)
end

describe("a C module that cannot be loaded", function()
  it("15.2: is told to be there for another Lua, in the words of every loader", function()
    for _, reason in ipairs {
      PATH .. ": undefined symbol: lua_newuserdatauv", -- glibc
      PATH .. ': Undefined symbol "lua_newuserdatauv"', -- FreeBSD
      "Error relocating " .. PATH .. ": lua_newuserdatauv: symbol not found", -- musl
      "dlopen(" .. PATH .. ", 0x0006): symbol not found in flat namespace '_lua_newuserdatauv'", -- macOS
    } do
      local said = native.explain("fnf.core", loading(reason))
      assert.truthy(said:find(PATH .. " was built for another Lua than this one (Lua", 1, true), said)
      assert.truthy(said:find("it lacks lua_newuserdatauv", 1, true), said)
      assert.truthy(said:find("make LUA=", 1, true) and said:find("luarocks --lua-version=", 1, true), said)
      assert.is_nil(said:find("\n", 1, true))
    end
  end)

  it("is told to be missing, or what the loader says of it, in one line", function()
    local said = native.explain("fnf.core", MISSING)
    assert.truthy(said:find("without its C modules", 1, true) and said:find("make LUA=", 1, true), said)
    assert.is_nil(said:find("\n", 1, true))
    assert.equal(PATH .. " cannot be loaded: libcrypto.so.3: cannot open shared object file: No such file",
      native.explain("fnf.core", loading "libcrypto.so.3: cannot open shared object file: No such file"))
  end)

  it("stops `require \"fnf\"` with that line", function()
    local other = _VERSION == "Lua 5.1" and "5.4" or "5.1"
    if not io.open(("build/%s/fnf/core.so"):format(other)) then
      return pending("nothing is built for Lua " .. other)
    end
    local core = package.loaded["fnf.core"]
    local path = package.cpath
    package.loaded["fnf.core"], package.loaded["fnf.native"] = nil, nil
    package.cpath = ("./build/%s/?.so"):format(other)
    local done, message = pcall(require, "fnf.native")
    package.cpath, package.loaded["fnf.core"], package.loaded["fnf.native"] = path, core, native
    assert.is_false(done)
    assert.truthy(tostring(message):find("was built for another Lua than this one", 1, true), tostring(message))
  end)
end)
