--- What is printed of an answer.
-- SPDX-License-Identifier: MIT

local json = require "fnf.json"
local output = require "fnf.cli.output"

describe("the output of the command", function()
  it("keeps an empty list one, whatever its name, and an empty object", function()
    local answer = assert(json.decode '{"Anything":[],"Object":{},"Flows":[{"Tags":[]}]}')
    assert.equal('{"Anything":[],"Flows":[{"Tags":[]}],"Object":{}}\n', output.text(answer, { format = "jsonl" }))
    assert.equal('Anything: []\nFlows:\n  -\n    Tags: []\nObject: {}\n', output.text(answer, { format = "yaml" }))
    assert.equal('{\n  "Names": []\n}\n', output.text({ Names = {} }, { items = "Names" }))
    assert.equal('{\n  "Names": []\n}\n', output.text({ Names = {} }, { items = "Names", fields = { "A" } }))
  end)

  it("prints a list whole that has nulls in it", function()
    local value = { Lists = json.decode '[[null,1,null,{"a":[1,null,2]}],[null]]' }
    assert.equal('{"Lists":[[null,1,null,{"a":[1,null,2]}],[]]}\n', output.text(value, { format = "jsonl" }))
    assert.equal("Lists:\n  -\n    - null\n    - 1\n    - null\n    -\n      a:\n"
      .. "        - 1\n        - null\n        - 2\n  - []\n", output.text(value, { format = "yaml" }))
    assert.truthy(json.decode(output.text(value, {})))
  end)

  it("prints false, and whole numbers with all their digits", function()
    local answer = assert(json.decode '{"No":false,"Big":9007199254740991,"Half":0.5,"Counts":{"Zero":0}}')
    local fields = { "No", "Big", "Half", "Counts.Zero", "Counts.Zero.Deeper" }
    assert.equal("No\tBig\tHalf\tCounts.Zero\tCounts.Zero.Deeper\nfalse\t9007199254740991\t0.5\t0\t\n",
      output.text(answer, { format = "tsv", fields = fields }))
    if math.type then
      assert.equal('{"Big":9223372036854775807}\n', output.text(assert(json.decode '{"Big":9223372036854775807}'),
        { format = "jsonl" }))
    end
  end)

  it("stands in columns whatever room a character takes", function()
    local night = "\230\175\143\230\153\154"
    local rows = { { A = night, B = "x" }, { A = "e\204\129", B = "x" }, { A = "abcd", B = "x" } }
    assert.equal("A     B\n" .. night .. "  x\ne\204\129     x\nabcd  x\n",
      output.text({ Rows = rows }, { format = "table", items = "Rows" }))
  end)

  it("shows, in JSON and YAML too, what would turn the order of a terminal's characters", function()
    local answer = { D = "a\226\128\174b\226\128\168\194\155\216\156\127\226\129\166\"\\\255\230\175\143" }
    local shown = [["a\u202eb\u2028\u009b\u061c\u007f\u2066\"\\]] .. "\255\230\175\143\""
    assert.equal('{"D":' .. shown .. '}\n', output.text(answer, { format = "jsonl" }))
    assert.equal("D: " .. shown .. "\n", output.text(answer, { format = "yaml" }))
    assert.equal([[D  a\u202eb\u2028\x9b\u061c\x7f\u2066"\\xff]] .. "\230\175\143\n",
      output.text(answer, { format = "table" }))
  end)

  it("is YAML where nothing was found, and where a key would be taken for something else", function()
    assert.equal("{}\n", output.text({ Name = "orders" }, { format = "yaml", fields = { "Nope" } }))
    assert.equal("a_b: 1\n\"no\": 1\n\"null\": 1\n",
      output.text({ no = 1, null = 1, a_b = 1 }, { format = "yaml" }))
  end)

  it("prints no empty line for a list without entries, and the head if its fields are known", function()
    for _, format in ipairs { "table", "tsv" } do
      assert.equal("", output.text({ Rows = {} }, { format = format, items = "Rows" }))
      assert.equal("A\n", output.text({ Rows = {} }, { format = format, items = "Rows", fields = { "A" } }))
    end
  end)

  it("finds the entries of a list that stands deeper", function()
    local regions = assert(json.decode '{"Regions":{"Region":[{"RegionId":"a"},{"RegionId":"b"}]},"RequestId":"r"}')
    local options = { format = "tsv", items = "Regions.Region" }
    assert.equal("RegionId\na\nb\n", output.text(regions, options))
    assert.equal('{"RegionId":"a"}\n{"RegionId":"b"}\n',
      output.text(regions, { format = "jsonl", items = options.items }))
    assert.equal("", output.text({ RequestId = "r" }, options))
    assert.same(regions, json.decode(output.text(regions, { items = options.items })))
  end)

  it("tells times of tables in the zone of who reads, and elsewhere as they were served", function()
    local served = "2025-10-24T14:11:26+08:00"
    local shown = os.date("%Y-%m-%d %H:%M:%S %z", 1761286286)
    assert.equal("StartedTime  " .. shown .. "\n", output.text({ StartedTime = served }, { format = "table" }))
    assert.equal("StartedTime\n" .. served .. "\n", output.text({ StartedTime = served }, { format = "tsv" }))
    assert.equal('{"StartedTime":"' .. served .. '"}\n', output.text({ StartedTime = served }, { format = "jsonl" }))
    for _, odd in ipairs { "soon", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00Z", "" } do
      assert.equal(("EndTime  " .. odd):match "^.*%S" .. "\n", output.text({ EndTime = odd }, { format = "table" }))
    end
  end)

  it("tells one answer by a line a field, and a list by a line an entry", function()
    local run = assert(json.decode [[{"Status":"Running","ItemCounts":{"Total":3,"Failed":{"A":1}},"List":[1],"N":{}}]])
    assert.equal(
      "ItemCounts.Failed  {\"A\":1}\nItemCounts.Total   3\nList               [1]\nStatus             Running\n",
      output.text(run, { format = "table" }))
    assert.equal("Status  Running\nGone\n", output.text(run, { format = "table", fields = { "Status", "Gone" } }))
    run.ItemCounts.Failed = 0
    assert.equal("ItemCounts.Failed\tItemCounts.Total\tList\tStatus\n0\t3\t[1]\tRunning\n",
      output.text(run, { format = "tsv" }))
    assert.equal("ItemCounts.Failed  ItemCounts.Total  List  Status\n"
      .. "0                  3                 [1]   Running\n",
      output.text({ Runs = { run } }, { format = "table", items = "Runs" }))
  end)

  it("cuts the long texts of a list between characters, unless they were asked for", function()
    local long = ("\228\184\173"):rep(61)
    local list = { Executions = { { Input = long }, { Input = ("x"):rep(60) } } }
    assert.equal(("Input\n%s...\n%s\n"):format(("\228\184\173"):rep(28), ("x"):rep(60)),
      output.text(list, { format = "table", items = "Executions" }))
    assert.equal("Input\n" .. long .. "\n" .. ("x"):rep(60) .. "\n",
      output.text(list, { format = "table", items = "Executions", fields = { "Input" } }))
  end)

  it("shows what could steer a terminal, and does not obey it", function()
    for steering, shown in pairs {
      ["\27[2J"] = "\\x1b[2J", ["a\nb"] = "a\\nb", ["\194\155m"] = "\\x9bm", ["\155m"] = "\\x9bm",
      ["\226\128\174abc"] = "\\u202eabc", ["\226\129\166"] = "\\u2066", ["\127"] = "\\x7f", ["\0"] = "\\x00",
      ["\237\160\128"] = "\\xed\\xa0\\x80", ["\192\155"] = "\\xc0\\x9b", ["\240\159\152\128 \228\184\173"] =
        "\240\159\152\128 \228\184\173", ["caf\195\169"] = "caf\195\169", ["\226\130"] = "\\xe2\\x82",
    } do
      assert.equal(shown, output.cell(steering))
      assert.is_nil(output.text({ A = steering, [steering] = 1 }, { format = "table" }):find "[\27\155\127%z]")
    end
    assert.equal('{"A":"\\u001b\\u009b"}\n', output.text({ A = "\27\194\155" }, { format = "jsonl" }))
  end)

  it("raises on nothing that may come", function()
    for _, format in ipairs(output.formats) do
      for _, answer in ipairs { {}, { Flows = { 1, "a", true } }, { Flows = { {} } } } do
        assert.is_string(output.text(answer, { format = format, items = answer.Flows and "Flows" }))
        assert.is_string(output.text(answer, { format = format, items = answer.Flows and "Flows",
          fields = { "a.b", "" } }))
      end
    end
  end)
end)
