--- Causes: read out of events of any shape, and brought to a common form.
-- SPDX-License-Identifier: MIT

local cause = require "fnf.execution.cause"
local effort = require "spec.support.effort"

local function ending(...)
  local read = cause.ending()
  for _, event in ipairs { ... } do
    read:see(event)
  end
  return read.Error, read.Cause
end

local function event(kind, detail)
  return { Type = kind, EventDetail = detail }
end

describe("the end of an execution", function()
  for name, detail in pairs {
    ["as events show it"] = '{"error":"Timeout","cause":"no answer"}',
    ["in capitals"] = '{"Error":"Timeout","Cause":"no answer"}',
    ["in other words"] = '{"errorCode":"Timeout","errorMessage":"no answer"}',
    ["within its output"] = '{"output":{"Error":"Timeout","Cause":"no answer"}}',
    ["within JSON within JSON"] = '{"output":"{\\"error\\":\\"Timeout\\",\\"cause\\":\\"no answer\\"}"}',
    ["deep inside"] = '{"a":{"b":[{"ERROR":"Timeout","CAUSE":"no answer"}]}}',
    ["beside numbers and nulls of those names"] = '{"error":null,"code":3,"x":{"error":"Timeout","cause":"no answer"}}',
  } do
    it("is read " .. name, function()
      assert.same({ "Timeout", "no answer" }, { ending(event("ExecutionStarted", '{"input":{"error":"x"}}'),
        event("ExecutionFailed", detail)) })
    end)
  end

  it("goes before that of a step, a later step before an earlier one", function()
    assert.same({ "B" }, { ending(event("StepFailed", '{"error":"A"}'), event("TaskFailed", '{"error":"B"}')) })
    assert.same({ "C" }, { ending(event("StepFailed", '{"error":"A"}'), event("ExecutionTimedOut", '{"error":"C"}'),
      event("StepFailed", '{"error":"D"}')) })
  end)

  it("is completed by the step where it leaves something open", function()
    assert.same({ "E", "why" }, { ending(event("StepFailed", '{"error":"A","cause":"why"}'),
      event("ExecutionFailed", '{"error":"E"}')) })
    assert.same({ "A", "why" }, { ending(event("StepFailed", '{"error":"A","cause":"why"}'),
      event("ExecutionFailed", "{}")) })
  end)

  it("is the text itself where that is no JSON", function()
    assert.same({ nil, "boom" }, { ending(event("executionfailed", "boom")) })
  end)

  it("is unknown where events are none, or say nothing", function()
    for _, odd in ipairs { 1, "x", {}, { Type = 3 }, event("ExecutionFailed"), event("ExecutionFailed", " "),
      event("ExecutionFailed", "{}"), event("ExecutionFailed", "[]"), event("ExecutionSucceeded", '{"error":"x"}') } do
      assert.same({}, { ending(odd) })
    end
  end)
end)

describe("the common form of causes", function()
  for _, row in ipairs {
    { "no answer from 10.0.0.7:443 in 3001 ms", "no answer from N in N ms" },
    { 'no order "A-17" in table `x` of \'joe\'', "no order '...' in table '...' of '...'" },
    { "it's a dog's life, don't 9", "it's a dog's life, don't N" },
    { "request 5f2c8d1e0a7b4c3d of 550e8400-e29b-41d4-a716-446655440000 in order2",
      "request ID of ID in orderN" },
    { "at 2024-01-01T00:00:00.123Z after 1,234.5 s", "at TIME after N s" },
    { "two\n  lines\tand\0more", "two lines and more" },
    { '{"errorMessage":"order 17 has no price","stack":"..."}', "order N has no price" },
    { '{"cause":{"message":"order 9 has no price"}}', "order N has no price" },
    { '{"x":1}', "{'...':N}" },
    { "", "" }, { nil, "" },
  } do
    it("of " .. tostring(row[1]):gsub("%c", " "), function()
      assert.equal(row[2], cause.form(row[1]))
    end)
  end

  it("is short, and breaks no character", function()
    local form = cause.form(("é"):rep(1000))
    assert.is_true(#form <= 163)
    assert.is_nil(form:find("[\192-\255]%.%.%."))
  end)

  for name, unit in pairs { words = "word 17 ", quotes = '"', apostrophes = "'", ["single quotes"] = " '", digits = "7",
    hashes = "a7", points = "1.", dates = "2024-01-01", dashes = "a-", json = '{"a":' } do
    it("takes linear time for long " .. name, function()
      assert.is_nil(effort.find_excess(cause.form, function(length)
        return unit:rep(math.ceil(length / #unit))
      end))
    end)
    it("is read out of long " .. name .. " in linear time", function()
      assert.is_nil(effort.find_excess(function(text)
        ending(event("ExecutionFailed", text))
      end, function(length)
        return unit:rep(math.ceil(length / #unit))
      end))
    end)
  end
end)
