--- SECURITY.md promises no more than specs hold; the list of what is shipped names what the rockspecs name.
-- SPDX-License-Identifier: MIT

local json = require "fnf.json"
local shell = require "fnf.emulator.shell"

local MOST = 12

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

describe("SECURITY.md", function()
  local count = 0
  for promise, path, words in read("SECURITY.md"):gmatch "\n| ([^|]+) | (spec/[^ |]+) | ([^|]+) |" do
    count = count + 1
    it("promises what a spec holds: " .. promise, function()
      assert.is_truthy(read(path):find(words:gsub("`", ""), 1, true), path .. " says nothing of: " .. words)
    end)
  end

  it("makes a dozen promises at most", function()
    assert.is_true(count >= 10 and count <= MOST, count .. " promises")
  end)
end)

describe("the bill of materials", function()
  it("names each rock and what it needs, the same each time", function()
    local command = 'LUA_PATH="$1" LUA_CPATH="$2" lua5.4 spec/supply/sbom.lua 2>&1'
    if _VERSION ~= "Lua 5.4" then
      return pending "it is written by Lua 5.4"
    end
    local _, text = shell.run(command, package.path, package.cpath)
    local _, again = shell.run(command, package.path, package.cpath)
    assert.equal(text, again)
    local found = {}
    for _, component in ipairs(assert(json.decode(text), text).components) do
      found[component.name] = true
    end
    for _, name in ipairs { "fnf", "fnf-cli", "fnf-emulator", "lua", "lua-cjson", "libcurl", "openssl" } do
      assert.is_true(found[name], name)
    end
  end)
end)
