-- SPDX-License-Identifier: MIT
local definition = require "fnf.emulator.definition"

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

  it("reads what YAML has: quotes, comments, block texts, anchors, tags, several lines", function()
    local states = definition.read([[
%YAML 1.1
---
# a comment
Name: "a: #b"   # and another
States:
- &wait
  Type: Wait
  Name: 'it''s'
  Duration: 5
- <<: *wait
  Name: >
    two
    words
- Type: !!str Fail
  Name: yes
  Cause: "\u4e2d\n"
  Detail: |
    Type: Map
- {Type: Wait, Name: 010,
   Duration: 1e1}
- Type: Task
  Name: ~
]]).states
    local seen = {}
    for index, state in ipairs(states) do
      seen[index] = { state.Type, state.Name, state.duration or state.Cause }
    end
    assert.same({ { "Wait", "it's", 5 }, { "Wait", "two words\n", 5 }, { "Fail", "yes", "中\n" }, { "Wait", "10", 10 },
      { "Task", "Task5" } }, seen)
  end)

  it("follows the transitions that need no computing", function()
    local function passed(text)
      local names = {}
      for index, state in ipairs(definition.read(text).states) do
        names[index] = state.Name
      end
      return table.concat(names, " ")
    end
    for text, names in pairs {
      ["States: [{Name: a, End: true}, {Name: failed, Type: Fail}]"] = "a",
      ["steps: [{name: a}, {name: b, end: true}, {name: failed, type: fail}]"] = "a b",
      ["States: [{Name: a, Type: Succeed}, {Name: failed, Type: Fail}]"] = "a",
      ["StartAt: b\nStates: [{Name: a}, {Name: b, Next: d}, {Name: c}, {Name: d, Next: a}]"] = "b d a",
      ["States: [{Name: a, Type: Choice, Choices: [{Next: b}], Default: c}, {Name: b}, {Name: c}]"] = "a c",
      ["States: [{Name: a, Next: a}, {Name: b}]"] = "a",
      ["States: [{Name: a, Type: [x], Next: {b: c}}, {Name: [], Default: []}, 5, {Name: c}]"] = "a Pass2 c",
      ["StartAt: none\nStates: [{Name: a, Next: none}, {Name: b, End: false}, {Name: c}]"] = "a b c",
    } do
      assert.equal(names, passed(text), text)
    end
  end)

  it("reads JSON, also what libyaml would not take", function()
    local read = definition.read('{"Name":"\\ud83d\\ude80\\/","States":[{"Type":"Wait","Duration":null,"Name":"w",\n\t"'
      .. ("k"):rep(2000) .. '":1}]}')
    assert.same({ "🚀/", "w" }, { read.Name, read.states[1].Name })
    assert.is_nil(read.states[1].duration)
  end)

  it("takes what it cannot read for nothing, however much there is of it", function()
    for _, text in ipairs { "", "x", "\0", "- a", "{", "[", "a:\n b\n\tc: d", "]}", "- - - a: b", "\255\254", "%",
      "&a [*a]", "*none", "--- a\n--- b", ("{a:"):rep(10000), ("[ "):rep(10000), ("- "):rep(10000), ("x:\n"):rep(1000),
      "States: ~", "null", "5", "false" } do
      assert.same({ states = {} }, definition.read(text), text:sub(1, 20))
    end
  end)

  it("leaves out settings that make no sense", function()
    local map = definition.read("States:\n- Type: Map\n  ProcessorConfig: x\n  MaxConcurrency: many\n"
      .. "  ToleratedFailurePercentage: 101\n  ToleratedFailureCount: -1\n").states[1].map
    assert.same({ reads = false }, map)
    for _, text in ipairs { "States: 5", "States: [1, 2]", "", "x" } do
      assert.same({ states = {} }, definition.read(text))
    end
  end)

  it("counts the items of an input", function()
    local function items(path, input)
      return definition.items({ ItemsPath = path }, input)
    end
    assert.same({ "1", "2", "3" }, items("$Input.a.b", '{"a":{"b":[1,2,3]}}'))
    assert.same({ "1", "2" }, items("$.a", '{"a":[1,2],"c":[1]}'))
    assert.same({ "1", "2" }, items(nil, '{"x":1,"a":[1,2]}'))
    assert.same({ "[]", '{"id":1234567890123456789, "t":"],\\"}"}', "null", '"a"', "true", "-1.50" }, items("$.a.b",
      ' { "a" : {"c":[1], "\\u0062" : [ [] ,{"id":1234567890123456789, "t":"],\\"}"},null , "a",true,-1.50 ] } } '))
    for _, case in ipairs { { nil, '{"a":[1],"b":[2]}' }, { "$.none", "{}" }, { "$.a.b", '{"a":1}' },
      { "$.a.b", '{"a":[1]}' }, { "$.a", nil }, { "$.a", '{"a":[]}' }, { "$.a", "no JSON" } } do
      assert.same({}, items(case[1], case[2]))
    end
    assert.is_nil(definition.items({ reads = true }, "{}"))
  end)
end)
