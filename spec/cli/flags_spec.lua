--- What the library says of its options, told by the command: `fnf.cli.flags`.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local flags = require "fnf.cli.flags"
local run_again = require "fnf.execution.run_again"
local shell = require "fnf.emulator.shell"

describe("a text of the library's", function()
  --- The sources of the library, texts over several lines made one; without those of the command.
  local function library()
    local _, text = shell.run [[find lua -name '*.lua' ! -path '*/cli/*' -exec cat {} +]]
    return (text:gsub('"%s*%.%. "', ""):gsub("\\\"", '"'))
  end

  it("is one that the library still says", function()
    local text = library()
    for _, row in ipairs(flags.words) do
      local option = row[1]:match "^option (%S+)" -- told by fnf.check, of an option there is
      assert.truthy(text:find(row[1], 1, true) or option and run_again.options[option], row[1])
    end
  end)

  it("is told with the command's flags", function()
    for _, row in ipairs(flags.words) do
      assert.equal("a " .. row[2] .. " b", flags.tell("a " .. row[1] .. " b"))
    end
    assert.equal("x: missing parameter FlowName, Name; give it as --flow-name VALUE or FlowName=VALUE",
      flags.tell "x: missing parameter FlowName, Name")
    assert.equal("--max-concurrency", flags.of "MaxConcurrency")
  end)

  it("is told so of an error too; what the service says stays as it is", function()
    local fields = { kind = "protocol", operation = "run_again", message = "2 items; split = true starts 2 executions" }
    assert.equal("run_again: protocol: 2 items; --split starts 2 executions", flags.tell(errors.new(fields)))
    fields = { kind = "service", message = "split = true, missing parameter FlowName" }
    assert.matches("split = true, missing parameter FlowName$", flags.tell(errors.new(fields)))
  end)
end)
