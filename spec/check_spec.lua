--- A table against rows: the first problem, naming the key.
-- SPDX-License-Identifier: MIT

local check = require "fnf.check"

local NAN, INF = 0 / 0, math.huge

describe("a value", function()
  local ROWS = { -- row, what is right, what is wrong
    { { type = "string" }, { "", "x", "a\nb" }, { 1, true, {}, print } },
    { { type = "string", values = { "a", "b" } }, { "a", "b" }, { "", "c", "A", "aa" } },
    { { type = "string", pattern = "^%d+$", rule = "digits" }, { "1", "007" }, { "", "x", "1\n" } },
    { { type = "number" }, { 0, -1.5, 1e300 }, { "1", NAN, INF, -INF, {} } },
    { { type = "number", minimum = 0, maximum = 100 }, { 0, 100, 0.5 }, { -1e-9, 100.1, NAN } },
    { { type = "integer" }, { 0, -3, 3.0, 1e15 }, { 1.5, "1", NAN, INF, -INF } },
    { { type = "integer", minimum = 1, maximum = 100 }, { 1, 100 }, { 0, 101, -1, 1.5 } },
    { { type = "boolean" }, { true, false }, { 0, "true", {} } },
    { { type = "function" }, { print }, { "print", {}, true } },
    { { type = "table" }, { {} }, { "x", 1, print } },
    { { type = "any" }, { 1, "x", {}, print, true }, {} },
    { { type = "seconds" }, { 1, 0.001, 1e9 }, { 0, -1, NAN, INF, -INF, "1", true } },
    { { type = "seconds", zero = true }, { 0, 1 }, { -0.001, NAN, INF } },
    { { type = "seconds", maximum = 10 }, { 10 }, { 10.5 } },
    { { type = "name" }, { "x", "状态", "a b" }, { "", 1, true, {}, "a\nb", "a\r", "\0", "a\127", "a\0b", "\t" } },
    { { type = "name", pattern = "^%S+$", rule = "one word" }, { "x" }, { "a b", " x", "x " } },
    { { type = "json" }, { {}, "{}" }, { 1, true, print } },
  }
  for _, row in ipairs(ROWS) do
    local wanted, right, wrong = row[1], row[2], row[3]
    local title = wanted.type .. (wanted.values and " of a list" or wanted.pattern and " by a pattern" or "")
    it(("that is a right %s passes"):format(title), function()
      for _, value in ipairs(right) do
        assert.is_nil(check.table({ key = value }, { key = wanted }, "option"))
      end
      assert.equal(check.types[wanted.type] and #right, #right)
    end)
    it(("that is no %s is refused by its key"):format(title), function()
      for _, value in ipairs(wrong) do
        local problem = check.table({ key = value }, { key = wanted }, "option")
        assert.is_truthy(problem and problem:find("^option key %a"), tostring(value))
      end
    end)
  end

  it("that has lost digits already is refused, and so is what is no list", function()
    assert.equal("option key is a whole number of which digits may be lost already",
      check.table({ key = 2 ^ 60 }, { key = { type = "number" } }, "option"))
    for _, value in ipairs { 5, "a", true, { a = 1 }, { [1.5] = 1 }, { [3] = 1 }, { nil, {} }, { {}, nil, {} } } do
      assert.equal("option key must be a list", check.table({ key = value }, { key = { type = "list" } }, "option"))
    end
  end)

  it("is never repeated in the problem, for it may be secret", function()
    for _, wanted in ipairs { { type = "name" }, { type = "name", pattern = "^%S+$", rule = "one word" },
      { type = "number" }, { type = "string", values = { "a" } } } do
      local problem = check.table({ key = "Secret of\nmine" }, { key = wanted }, "option")
      assert.is_nil(problem:find("Secret", 1, true))
    end
  end)

  it("with a line break is asked where it comes from", function()
    assert.equal("option key holds a control character (a line break: was it read from a file?)",
      check.table({ key = "abc\n" }, { key = { type = "name" } }, "option"))
  end)
end)

describe("a table", function()
  local ROWS = { FlowName = { type = "name", required = true }, MapRunName = { type = "name", required = true },
    Limit = { type = "integer" } }

  it("with all that is required and nothing unknown is right", function()
    assert.is_nil(check.table({ FlowName = "f", MapRunName = "m" }, ROWS, "parameter"))
    assert.is_nil(check.table({}, {}, "option"))
  end)

  local WRONG = {
    { {}, "missing parameter FlowName, MapRunName" },
    { { FlowName = "f" }, "missing parameter MapRunName" },
    { { FlowName = "f", MapRunname = "m" }, "unknown parameter MapRunname (did you mean MapRunName?)" },
    { { FlowName = "f", MapRunName = "m", limit = 1 }, "unknown parameter limit (did you mean Limit?)" },
    { { FlowName = "f", MapRunName = "m", Colour = 1 }, "unknown parameter Colour" },
    { { FlowName = "f", MapRunName = "m", [1] = 1 }, "unknown parameter 1" },
    { { FlowName = "f", MapRunName = "m", [true] = 1 }, "unknown parameter true" },
    { { FlowName = "f", MapRunName = 7 }, "parameter MapRunName must be a string" },
    { { FlowName = false, MapRunName = "m" }, "parameter FlowName must be a string" },
    { "text", "a table of parameters expected, got string" },
    { 5, "a table of parameters expected, got number" },
  }
  for _, row in ipairs(WRONG) do
    it("is refused: " .. row[2], function()
      assert.equal(row[2], check.table(row[1], ROWS, "parameter"))
    end)
  end

  it("that is none is refused", function()
    assert.equal("a table of options expected, got nil", check.table(nil, ROWS, "option"))
  end)

  it("keeps an unknown name to one line, whatever it is", function()
    local problem = check.table({ FlowName = "f", MapRunName = "m", [("x\n"):rep(5000)] = 1 }, ROWS, "parameter")
    assert.is_nil(problem:find("%c"))
    assert.is_true(#problem < 200)
  end)
end)
