--- How a wait is told line by line: whatever the service says.
-- SPDX-License-Identifier: MIT

local progress = require "fnf.cli.progress"
local wait_progress = require "fnf.wait.progress"

local NAMES = { FlowName = "orders", ExecutionName = "nightly-1", MapRunName = "5f2c8d1e" }

--- What is written to stderr of a wait that has been answered so.
local function told(mode, run)
  local stderr, written = io.stderr, {}
  io.stderr = { write = function(_, ...) written[#written + 1] = table.concat { ... } end } -- luacheck: ignore 122
  local seen = wait_progress.new()
  seen:see(run, 0)
  local done, problem = pcall(function()
    progress.new(nil, mode, { NAMES }):changed(run, seen, { params = NAMES })
  end)
  io.stderr = stderr -- luacheck: ignore 122
  assert(done, problem)
  return table.concat(written)
end

describe("the progress of a wait", function()
  it("is a line of its counts", function()
    assert.equal("Running  50 %  2 of 4 done, 1 failed, 2 running\n", told("plain", { Status = "Running",
      ItemCounts = { Total = 4, Succeed = 1, Failed = 1, Running = 2 } }))
    assert.equal("Running  0 of ? done, 0 failed, 0 running\n", told("plain", { Status = "Running" }))
  end)

  it("is one line that steers no terminal, whatever stands in the place of a count", function()
    for _, odd in ipairs { 5, -1, 0.5, 1e300, true, false, "x", "\27[2J\n", {}, { 1 }, { { "\27]0;x\7" } } } do
      for _, counts in ipairs { odd, { Total = odd, Failed = odd, Running = odd, Succeed = odd } } do
        for _, mode in ipairs { "plain", "json" } do
          local text = told(mode, { Status = odd, ItemCounts = counts })
          assert.truthy(text:find "^[^%c\127]+\n$", text)
          assert.is_nil(text:find("table: ", 1, true), text)
        end
      end
    end
  end)
end)
