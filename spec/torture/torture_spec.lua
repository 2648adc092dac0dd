--- A sample of the torture: describe_map_run with memory and system calls failing. `make torture` does all of it.
-- SPDX-License-Identifier: MIT

local shell = require "fnf.emulator.shell"

describe("describe_map_run where memory or a system call fails", function()
  it("never crashes, hangs or answers wrongly, and works again afterwards", function()
    local host = "build/torture/5.4"
    if _VERSION ~= "Lua 5.4" then
      return pending "the host of `make torture` is of Lua 5.4"
    elseif not shell.run("make -s build/torture/5.4 2>&1") then
      return pending "build/torture/5.4 cannot be made here: it needs gcc and glibc"
    end
    local done, said = shell.run('timeout 500 "$1" spec/torture/run.lua "$2" 2 "$(date +%j)" 2>&1', "lua5.4", host)
    assert.is_truthy(done, said)
    assert.is_true(tonumber(said:match "(%d+) runs: no crash") >= 30, said)
  end)
end)
