-- SPDX-License-Identifier: MIT
local emulated = require "fnf.emulator.operations"
local json = require "fnf.json"
local request = require "fnf.emulator.request"
local rows = require "fnf.operations"

-- Two readings of the same pages, made apart: the client's rows, the emulator's, and the reference they are both from.
describe("the emulator's operations", function()
  local reference = {}

  setup(function()
    local file = assert(io.open "spec/reference/fnf-2019-03-15.json")
    for _, operation in ipairs(json.decode(file:read "*a").operations) do
      reference[operation.action] = operation
    end
    file:close()
  end)

  local function by_name(list)
    local named = {}
    for _, parameter in ipairs(list) do
      named[parameter.name] = parameter
    end
    return named
  end

  it("are all 29, and as documented", function()
    local count = 0
    for action, documented in pairs(reference) do
      local operation = assert(emulated[action], action)
      assert.equal(documented.http_method, operation.method, action)
      local named = by_name(operation.parameters)
      for _, parameter in ipairs(documented.parameters) do
        local name = action .. " " .. parameter.name
        -- The one that the SDK's own signer overwrites, and that the metadata dropped.
        if name ~= "CreateSchedule SignatureVersion" then
          local mine = assert(named[parameter.name], name)
          assert.equal(parameter["in"] == "body" and "form" or "query", request.place(mine, operation.method),
            name)
          assert.equal(parameter.required, mine.required or false, name)
          assert.equal(parameter.limits and parameter.limits.maximum, mine.maximum, name)
          assert.same(parameter.limits and parameter.limits.max_length, (mine.characters or {})[2], name)
          if mine.type == "name" then
            assert.equal("name_rule", parameter.limits.ref, name)
          end
          named[parameter.name] = nil
        end
      end
      assert.is_nil(next(named), action)
      count = count + 1
    end
    assert.equal(29, count)
  end)

  it("take what the client sends, and need no more", function()
    for name, row in pairs(rows) do
      local operation = assert(emulated[row.action], name)
      assert.equal(row.method, operation.method, name)
      local named = by_name(operation.parameters)
      for parameter, wanted in pairs(row.parameters) do
        local mine = assert(named[parameter], name .. " " .. parameter)
        assert.equal(wanted.required or false, mine.required or false, name .. " " .. parameter)
        assert.equal((row.method == "GET" or wanted.query) and "query" or "form",
          request.place(mine, operation.method), name .. " " .. parameter)
        named[parameter] = nil
      end
      assert.is_nil(next(named), name)
    end
  end)

  it("name the list of a page as the client does", function()
    for name, row in pairs(rows) do
      assert.equal(row.items, emulated[row.action].list, name)
    end
  end)
end)
