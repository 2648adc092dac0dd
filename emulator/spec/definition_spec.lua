-- SPDX-License-Identifier: MIT
local definition = require("fnf.emulator.definition")
local outline = require("fnf.emulator.outline")

describe("the emulator's outline", function()
  it("reads blocks, lists, collections, quotes, comments and block texts", function()
    assert.same({
      Name = "a b", Number = 5, Flag = true, Quoted = "x: #y", List = { 1, "two", { three = 3 } },
      Below = { { a = 1, b = { c = "d" } }, { "x", "y" }, "plain" }, Text = "", After = "z",
      Flow = { k = "v", n = { 1, 2 }, ["q r"] = "s,t" },
    }, outline.read([[
# a comment
---
Name: a b   # and another
Number: 5
Flag: true
Quoted: "x: #y"  # and a third
List: [1, two, {three: 3}]
Below:
- a: 1
  b:
    c: d
- [x, y]
- plain
Text: |
  Not: read
    at: all
After: 'z'
Flow: { k: v,
  n: [1, 2], "q r": "s,t" }
]]))
  end)

  it("reads JSON", function()
    assert.same({ a = { b = { 1, { c = "d:e" } } }, f = false }, outline.read('{"a":{"b":[1,{"c":"d:e"}]},"f":false}'))
  end)

  it("takes what it cannot read for nothing, however much there is of it", function()
    for _, text in ipairs({ "", "x", "\0", "- a", "{", "[", "a:\n b\n\tc: d", "]}", "- - - a: b",
      ("{a:"):rep(10000), ("[ "):rep(10000), ("- "):rep(10000), (("x:\n"):rep(1000)) }) do
      assert.is_table(outline.read(text))
    end
    local deep = {}
    for level = 0, 500 do deep[#deep + 1] = (" "):rep(level) .. "a:" end
    assert.is_table(outline.read(table.concat(deep, "\n")))
  end)
end)

describe("the emulator's reading of a definition", function()
  it("finds states and what their simulation needs", function()
    local read = definition.read([[
Type: StateMachine
Name: orders
StartAt: Each
States:
  - Type: Map
    Name: Each
    ProcessorConfig:
      ExecutionMode: Express
    ItemsPath: $Input.orders
    MaxConcurrency: 5
    ToleratedFailurePercentage: 2.5
    ToleratedFailureCount: 3
    Processor:
      StartAt: Inner
      States:
        - Type: Pass
          Name: Inner
          End: true
    Next: Inline
  - Type: Map
    Name: Inline
    Next: Pause
  - Type: Wait
    Name: Pause
    Duration: 30
  - Type: Task
    Name: Ask
    TaskMode: WaitForCustomCallback
  - { Type: Fail, Name: Bad, Code: Mine, Detail: my cause }
]])
    assert.equal("orders", read.Name)
    local states = read.states
    local each, inline, pause, ask, bad = states[1], states[2], states[3], states[4], states[5]
    assert.same({ Concurrency = 5, ToleratedFailedCount = 3, ToleratedFailedPercentage = 2.5,
      ItemsPath = "$Input.orders", reads = false }, each.map)
    assert.same({ "Inline", 30, true, "Mine", "my cause" },
      { inline.Name, pause.duration, ask.waits, bad.Error, bad.Cause })
    assert.is_nil(inline.map)
    assert.equal(5, #read.states)
  end)

  it("knows the old dialect", function()
    local read = definition.read("version: v1\ntype: flow\nname: old\nsteps:\n- type: task\n  name: ask\n"
      .. "  pattern: waitForCallback\n- type: pass\n  name: on\n")
    assert.same({ "old", 2, true, "on" }, { read.Name, #read.states, read.states[1].waits, read.states[2].Name })
  end)

  it("leaves out settings that make no sense", function()
    local map = definition.read("States:\n- Type: Map\n  ProcessorConfig: x\n  MaxConcurrency: many\n"
      .. "  ToleratedFailurePercentage: 101\n  ToleratedFailureCount: -1\n").states[1].map
    assert.same({ reads = false }, map)
    for _, text in ipairs({ "States: 5", "States: [1, 2]", "", "x" }) do
      assert.same({ states = {} }, definition.read(text))
    end
  end)

  it("counts the items of an input", function()
    local function items(path, input) return definition.items({ ItemsPath = path }, input) end
    assert.equal(3, items("$Input.a.b", '{"a":{"b":[1,2,3]}}'))
    assert.equal(2, items("$.a", '{"a":[1,2],"c":[1]}'))
    assert.equal(2, items(nil, '{"x":1,"a":[1,2]}'))
    for _, case in ipairs({ { nil, '{"a":[1],"b":[2]}' }, { "$.none", "{}" }, { "$.a.b", '{"a":1}' }, { "$.a", nil },
      { "$.a", '{"a":[]}' } }) do
      assert.equal(0, items(case[1], case[2]))
    end
    assert.is_nil(definition.items({ reads = true }, "{}"))
  end)
end)
