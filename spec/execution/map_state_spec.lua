--- Where a flow reads the items of a Map state.
-- SPDX-License-Identifier: MIT

local map_state = require "fnf.execution.map_state"

local has_yaml = pcall(require, "lyaml")

local function flow(state, more)
  return ('{"StartAt":"Each","States":[{"Type":"Map","Name":"Each","ProcessorConfig":{}%s}%s]}'):format(state,
    more or "")
end

describe("the path of a Map state's items", function()
  for _, row in ipairs {
    { "$Input.orders", { "orders" }, false }, { "$.a.b-c", { "a", "b-c" }, false }, { "$Input", {}, false },
    { "$", {}, false }, { '$Context.Execution.Input["a b"].c', { "a b", "c" }, true },
    { "$Context.Execution.Input", {}, true }, { "$Input['订单']", { "订单" }, false }, { "$Input.订单", { "订单" }, false },
  } do
    it("is read from " .. row[1], function()
      local names, whole = map_state.read_path(row[1])
      assert.same({ row[2], row[3] }, { names, whole })
    end)
  end

  for _, path in ipairs { "", "orders", "$.a[0]", "$.a[*]", "$.a..b", "$Inputs", "$.split($.a)", "$.a.", "$Local.a",
    "$.a b", "$[a]" } do
    it("is none: " .. path, function()
      assert.is_nil((map_state.read_path(path)))
    end)
  end

  it("is found by the state's name, or as the only distributed Map", function()
    assert.same({ "orders" }, map_state.items_path(flow ',"ItemsPath":"$Input.orders"', "Each"))
    assert.same({ "orders" }, map_state.items_path(flow(',"ItemsPath":"$Input.orders"', ',{"Type":"Pass","Name":"x"}')))
    assert.is_false(map_state.items_path(flow "", "Each"))
    assert.same({ "a" }, map_state.items_path(
      '{"states":[{"type":"map","name":"Each","itemsPath":"$.a","processorConfig":{}}]}', "Each"))
  end)

  it("may begin anywhere at the Input of the execution, else only in the first state", function()
    local before = '{"StartAt":"x","States":[{"Type":"Pass","Name":"x"},{"Type":"Map","Name":"Each","ItemsPath":"%s"}]}'
    assert.same({ "a" }, map_state.items_path(before:format("$Context.Execution.Input.a"), "Each"))
    assert.truthy(select(2, map_state.items_path(before:format("$Input.a"), "Each")):find("states before it", 1, true))
    local unnamed = '{"States":[{"Type":"Pass"},{"Type":"Map","Name":"Each","ItemsPath":"$.a"}]}'
    assert.truthy(select(2, map_state.items_path(unnamed, "Each")):find("states before it", 1, true))
  end)

  for _, row in ipairs {
    { flow ',"ItemReader":{}', "ItemReader" }, { flow ',"ItemBatcher":{}', "ItemBatcher" },
    { flow ',"ItemConstructor":{}', "ItemConstructor" }, { flow ',"InputConstructor":{}', "InputConstructor" },
    { flow ',"itemBatcher":{}', "ItemBatcher" }, { flow ',"ItemsPath":"$.a[*]"', "no plain path" },
    { flow ',"ItemsPath":{"a":1}', "no plain path" },
    { flow(',"ItemsPath":"$.a"'):gsub("Each", "Other"), "no such state" },
    { '{"States":[]}', "no such state" }, { "{}", "no such state" }, { "[]", "no such state" },
    { "3", "neither" }, { "", "neither" }, { "a: [", "neither" },
  } do
    it("is refused in words: " .. row[1], function()
      local path, reason = map_state.items_path(row[1], "Each")
      assert.is_nil(path)
      assert.truthy(reason:find(has_yaml and row[3] or row[2], 1, true) or reason:find("lyaml", 1, true), reason)
    end)
  end

  it("is refused where the history does not say which of two Maps it was", function()
    local _, reason = map_state.items_path(flow("", ',{"Type":"Map","Name":"Two","ProcessorConfig":{}}'))
    assert.truthy(reason:find("several", 1, true))
  end)

  it("is read from YAML once lyaml can be loaded: it was taken for not installed for good", function()
    local loaded, preload = package.loaded.lyaml, package.preload.lyaml
    package.loaded.lyaml, package.preload.lyaml = nil, function() error("module 'lyaml' not found:", 0) end
    local _, reason = map_state.items_path("States: later", "Each")
    assert.matches("lyaml is not installed", reason, 1, true)
    package.loaded.lyaml, package.preload.lyaml = nil, function() -- Lua 5.1 keeps a mark of what raised
      return { load = function() return { States = {} } end }
    end
    _, reason = map_state.items_path("States: later", "Each")
    package.loaded.lyaml, package.preload.lyaml = loaded, preload
    assert.matches("no such state", reason, 1, true)
  end)

  if has_yaml then
    it("is read from YAML", function()
      assert.same({ "orders" }, map_state.items_path([[
Type: StateMachine
StartAt: Each
States:
  - Type: Map
    Name: Each
    ItemsPath: $Input.orders
    ItemReader: ~
    ProcessorConfig: { ExecutionMode: Express }
]], "Each"))
    end)
  end
end)
