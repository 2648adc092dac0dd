--- The emulator's own reading of the vendor's signature rules, held to the vectors: in LuaJIT, where it runs.
-- SPDX-License-Identifier: MIT
local shell = require "fnf.emulator.shell"

describe("the emulator's reading of the signature rules", function()
  it("agrees with every vector of an algorithm that it takes, stage by stage", function()
    local script = 'LUA_PATH="$1;;" luajit emulator/spec/support/signatures.lua spec/vectors/signing.json'
    local _, printed = shell.run(script, package.path)
    assert.equal("64 signatures agree", printed)
  end)

  it("finds libcrypto in a process that has none yet, without the files for developers", function()
    local _, printed = shell.run('LUA_PATH="$1;;" luajit -e "$2"', package.path, [[
      local asked = {}
      local ffi = require "ffi"
      local load = ffi.load
      ffi.load = function(name) asked[#asked + 1] = name return load(name) end
      local crypto = require "fnf.emulator.crypto"
      print(crypto.hex(crypto.digest("SHA256", "")), crypto.has "SM3", crypto.has "SM9")
      for _, name in ipairs(asked) do print(name:match "%.so%.%d" or name:match "%.%d") end]])
    assert.matches("^e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\ttrue\tfalse\n%.", printed)
    assert.is_nil(printed:find("nil", 1, true), printed)
  end)
end)
