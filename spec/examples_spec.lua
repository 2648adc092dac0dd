--- The examples, run on the fake service and on the emulator.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"
local service = require "spec.support.service"

--- Run an example in a world of its own, where fnf.new gives this client; the lines it prints.
local function run(path, client, ...)
  local lines = {}
  local world = setmetatable({
    arg = { ... },
    print = function(...)
      local words = { ... }
      for i, word in ipairs(words) do
        words[i] = tostring(word)
      end
      lines[#lines + 1] = table.concat(words, " ")
    end,
    require = function(name)
      return name == "fnf" and { new = function() return client end } or require(name)
    end,
  }, { __index = _G })
  local chunk
  if setfenv then -- luacheck: ignore 113
    chunk = setfenv(assert(loadfile(path)), world) -- luacheck: ignore 113
  else
    chunk = assert(loadfile(path, "t", world))
  end
  chunk()
  return lines
end

describe("the example map_runs.lua", function()
  it("waits for each MapRun as it appears, in at most 25 lines", function()
    local cloud = service.new { plan = function(execution)
      execution.lasts = 60
      execution.map_runs = { { name = "a1", step = "first", from = 0, to = 20 },
        { name = "b2", step = "second", from = 30, to = 50, status = "Failed" } }
    end }
    local lines = run("examples/map_runs.lua", cloud:client(), "orders")
    assert.equal("first a1 Succeeded 10 of 10", lines[1])
    assert.equal("second b2 Failed 10 of 10", lines[2])
    assert.truthy(lines[3]:find("^fnf%-%x+ Succeeded$"))
    assert.equal(3, #lines)
    local count = 0
    for _ in io.lines("examples/map_runs.lua") do
      count = count + 1
    end
    assert.is_true(count <= 25)
  end)

  it("does so on the emulator", function()
    local emulator = assert(require("fnf.emulator").start())
    local client = fnf.new { endpoint = emulator.url, access_key_id = emulator.access_key_id,
      access_key_secret = emulator.access_key_secret }
    assert(client:create_flow { Name = "orders", Type = "FDL", Description = "with a Map state", Definition = [[
Type: StateMachine
SpecVersion: v1
Name: orders
StartAt: Each
States:
  - Type: Map
    Name: Each
    ProcessorConfig: { ExecutionMode: Express }
    End: true
]] })
    local lines = run("examples/map_runs.lua", client, "orders")
    emulator:stop()
    assert.equal(2, #lines)
    assert.truthy(lines[1]:find("^Each %x+ Succeeded 3 of 3$"), lines[1])
    assert.truthy(lines[2]:find("^fnf%-%x+ Succeeded$"), lines[2])
  end)
end)
