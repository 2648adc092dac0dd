--- What a call and a start cost, in instructions counted by valgrind: a bar that what was won is not lost by the way.
-- SPDX-License-Identifier: MIT
--
-- Counted in units of what lua-cjson takes for the answer, in the same run: so the figures are those of no one machine.
-- The exchange is left out, for it is libcurl's; `make bench` counts it. A bar is a tenth above the best reached; who
-- makes a call cheaper lowers it.

local shell = require "fnf.emulator.shell"

local BEST = { ["Lua 5.4"] = { call = 3.66, require = 715 } }
local SLACK = 1.1
local FEW, MANY = 50, 250

local function count(program)
  local file = assert(io.popen(("valgrind --tool=callgrind --callgrind-out-file=/dev/null %s %s 2>&1"):format(
    arg[-1], program)))
  local text = file:read("*a")
  file:close()
  return assert(tonumber(text:match("Collected : (%d+)")), text)
end

--- The instructions of one turn: start and end of the process cancel out.
local function per_turn(what)
  local few = count(("spec/support/hot_path.lua %s %d"):format(what, FEW))
  return (count(("spec/support/hot_path.lua %s %d"):format(what, MANY)) - few) / (MANY - FEW)
end

describe("the instructions", function()
  local unit

  local function ready()
    if not shell.run "command -v valgrind" then
      return pending "needs valgrind: .ci/deps bench"
    elseif rawget(_G, "jit") or not BEST[_VERSION] then
      return pending "counted in Lua 5.4 alone: one Lua shows what there is to see"
    end
    unit = unit or per_turn "decode"
    return true
  end

  it("of a call are no more than a tenth above the best reached", function()
    if ready() then
      local ratio = per_turn "call" / unit
      assert.is_true(ratio <= BEST[_VERSION].call * SLACK, ("%.2f times those of decoding"):format(ratio))
    end
  end)

  it("of require are no more than a tenth above the best reached", function()
    if ready() then
      local ratio = (count [[-e 'require "fnf"']] - count "-e ''") / unit
      assert.is_true(ratio <= BEST[_VERSION].require * SLACK, ("%.0f times those of decoding"):format(ratio))
    end
  end)
end)
