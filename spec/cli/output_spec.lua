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
    assert.equal("ItemCounts.Total  3\nStatus            Running\n", output.text(run, { format = "table" }))
    assert.equal("Status  Running\nGone\n", output.text(run, { format = "table", fields = { "Status", "Gone" } }))
    assert.equal("ItemCounts.Total\tStatus\n3\tRunning\n", output.text(run, { format = "tsv" }))
    assert.equal("ItemCounts.Total  Status\n3                 Running\n",
      output.text({ Runs = { run } }, { format = "table", items = "Runs" }))
  end)

  it("cuts the long texts of a list between characters, unless they were asked for", function()
    local long = ("\228\184\173"):rep(61)
    local list = { Executions = { { Input = long }, { Input = ("x"):rep(60) } } }
    assert.equal(("Input\n%s...\n%s\n"):format(("\228\184\173"):rep(57), ("x"):rep(60)),
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
