--- SECURITY.md promises no more than specs hold; the list of what is shipped names what the rockspecs name; what CI
--- fetches is pinned.
-- SPDX-License-Identifier: MIT

local file = require "pl.file"
local json = require "fnf.json"
local shell = require "fnf.emulator.shell"

local MOST = 12

describe("SECURITY.md", function()
  local count = 0
  for promise, path, words in file.read("SECURITY.md"):gmatch "\n| ([^|]+) | (spec/[^ |]+) | ([^|]+) |" do
    count = count + 1
    it("promises what a spec holds: " .. promise, function()
      assert.is_truthy(file.read(path):find(words:gsub("`", ""), 1, true), path .. " says nothing of: " .. words)
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

describe("what CI fetches", function()
  local FOLDERS = { "spec/browser", "spec/conformance" } -- with packages of npm

  it("by npm is named by its version and by the sum of its bytes", function()
    for _, folder in ipairs(FOLDERS) do
      for name, version in pairs(assert(json.decode(file.read(folder .. "/package.json"))).dependencies) do
        assert.matches("^%d+%.%d+%.%d+$", version, nil, name)
      end
      local count = 0
      for name, package in pairs(assert(json.decode(file.read(folder .. "/package-lock.json"))).packages) do
        if name ~= "" then
          count = count + 1
          assert.matches("^sha512%-", package.integrity, nil, name)
        end
      end
      assert.is_true(count > 0, folder)
    end
  end)

  it("comes by nothing but npm's locks and the packages of the system's release", function()
    for _, path in ipairs { ".ci/run", ".ci/deps", ".ci/fresh", "Makefile", "spec/long.mk" } do
      for line in file.read(path):gmatch "[^\n]+" do
        line = line:gsub("^%s*#.*", "")
        assert.is_nil(line:match "npm install" or line:match "npm i " or line:match "npx " or line:match "pip3? install"
          or line:match "[%s|]wget " or line:match "[%s|(]curl %-" or line:match "https?://", path .. ": " .. line)
        -- luarocks builds what is here, and fetches only for a rock with dependencies, which the library has not.
        assert.is_true(not line:match "luarocks.-install" or line:match "luarocks install lua%-cjson" ~= nil, path)
        assert.is_true(not line:match "npm ci" or line:match "npm ci %-%-ignore%-scripts" ~= nil, path .. ": " .. line)
        assert.is_true(not line:match "git clone" or line:match "git clone %-q %. " ~= nil, path .. ": " .. line)
      end
    end
  end)

  it("for the library's rock is nothing: it depends on Lua alone", function()
    local list = file.read "fnf-scm-1.rockspec":match "\ndependencies = (%b{})"
    assert.equal('{"lua >= 5.1, < 5.6, ~= 5.2",}', (list:gsub("\n%s*", "")))
  end)
end)
