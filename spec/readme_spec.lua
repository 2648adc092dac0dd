--- What the README says of the operations, held against their rows.
-- SPDX-License-Identifier: MIT

local methods = require "fnf.methods"
local operation_types = require "spec.support.operation_types"
local operations_table = require "spec.support.operations_table"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local readme = read "README.md"

describe("the README", function()
  it("has the table of operations that the rows give", function()
    assert.equal(operations_table.text(), (operations_table.replace(readme)))
  end)

  it("names every public method", function()
    for name in pairs(methods.rows) do
      assert.truthy(readme:find("[^%w_]" .. name .. "[^%w_]"), name)
    end
  end)

  it("names every option of fnf.new and of a call, and none by a former name", function()
    for _, options in ipairs { require("fnf.settings").options, methods.call_options } do
      for name in pairs(options) do
        assert.truthy(readme:find("`" .. name .. "`", 1, true), name)
      end
    end
    for _, former in ipairs { "`deadline`", "`pace`", "wait:token", "err.doubtful" } do
      assert.is_nil(readme:find(former, 1, true), former)
    end
  end)

  it("shows Lua that compiles", function()
    local count = 0
    for code in readme:gmatch("```lua\n(.-)```") do
      count = count + 1
      assert((loadstring or load)(code)) -- luacheck: ignore 113
    end
    assert.is_true(count >= 2)
  end)
end)

describe("the classes for editors", function()
  it("know every public method", function()
    local text = read "lua/fnf/types/methods.lua" .. read "lua/fnf/types/client.lua"
    for name in pairs(methods.rows) do
      local known = text:find("field " .. name .. " fun", 1, true) or text:find("Client:" .. name .. "(", 1, true)
      assert.truthy(known, name)
    end
  end)

  for _, name in ipairs { "parameters", "results", "methods" } do
    it("of the " .. name .. " are those that the rows and the reference give", function()
      assert.equal(operation_types[name](), read("lua/fnf/types/" .. name .. ".lua"))
    end)
  end
end)
