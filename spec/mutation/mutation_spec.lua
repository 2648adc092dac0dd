--- The tool that breaks the code: which mutants it makes, and that it tells a spec that notices from one that does not.
-- SPDX-License-Identifier: MIT

local equivalent = require "spec.mutation.equivalent"
local file = require "pl.file"
local mutants = require "spec.mutation.mutants"
local shell = require "fnf.emulator.shell"

local TOY = [[
local toy = {}

--- Whether a < b, "or" not.
function toy.is_less(a, b)
  return a < b
end

return toy
]]
local SPEC = [[
local toy = require "toy"
describe("a toy", function()
  it("compares", function()
    assert.is_true(toy.is_less(1, 2))%s
  end)
end)
]]

local function changes(path, text)
  local words = {}
  for i, mutant in ipairs(mutants.of(path, text)) do
    words[i] = mutant.what
    assert.are_not.equal(text, mutants.apply(text, mutant))
  end
  return words
end

describe("the mutants of a text", function()
  local ROWS = { -- file, line, what is changed in it
    { "a.lua", "  local b = c and not d", { "and becomes or", "not becomes nothing" } },
    { "a.lua", "  self.at = now + 2", { "+ becomes -", "2 becomes 3", "the statement is dropped" } },
    { "a.lua", "  if a == 'b' then", { "== becomes ~=", "the condition is negated" } },
    { "a.lua", "  return math.min(a, -b), 'c < 1' -- a < b", { "math.min becomes math.max" } },
    { "a.lua", "  local a = require \"b\" or 1", {} },
    { "a.c", "  int a = b >= 10 && c->d;", { ">= becomes >", "&& becomes ||", "10 becomes 11" } },
    { "a.c", "  if (!a)", { "the condition is negated" } },
    { "a.c", "  free(a); /* b < c */", { "the statement is dropped" } },
    { "a.c", "#define A 1", {} },
  }
  for i, row in ipairs(ROWS) do
    it(("are a change each of what it does, not of its words, row %d"):format(i), function()
      assert.same(row[3], changes(row[1], row[2] .. "\n"))
    end)
  end

  it("say where they are, and what they make of it", function()
    local made = mutants.of("toy.lua", TOY)
    assert.equal(1, #made)
    assert.same({ 5, "return a < b", "< becomes <=" }, { made[1].line, made[1].text, made[1].what })
    assert.equal((TOY:gsub("return a < b", "return a <= b")), mutants.apply(TOY, made[1]))
  end)
end)

describe("a mutant", function()
  --- What a lane says of the toy's mutant, with a spec that has this line more; and the toy as it leaves it.
  local function tried(checking)
    local _, place = shell.run [[place=$(mktemp -d) && mkdir "$place/lua" "$place/spec" &&
      cp spec/run.lua "$place/spec/" && echo "$place"]]
    local path, mutant = "lua/toy.lua", mutants.of("lua/toy.lua", TOY)[1]
    local plan = { 7, path, mutant.from, mutant.to, mutant.becomes, "spec/toy_spec.lua=1\n" }
    for name, text in pairs { [path] = TOY, ["spec/toy_spec.lua"] = SPEC:format(checking),
      plan = table.concat(plan, "\t") } do
      assert(file.write(place .. "/" .. name, text))
    end
    local _, printed = shell.run([[LUA_PATH='./?.lua;./emulator/lua/?.lua;;' \
      lua5.4 spec/mutation/lane.lua "$1" "$1/plan"]], place)
    local left = file.read(place .. "/" .. path)
    shell.run([[rm -rf "$1"]], place)
    return printed, left
  end

  it("dies by a spec that checks what it changes, and survives one that does not", function()
    local checked, left = tried "\n    assert.is_false(toy.is_less(2, 2))"
    assert.equal("7\tkilled\tspec/toy_spec.lua", checked)
    assert.equal(TOY, left)
    assert.equal("7\tsurvived", (tried ""))
  end)

  it("is explained by a row about its file, its line and its change alone", function()
    local mutant = mutants.of("toy.lua", TOY)[1]
    local function reason(path, line, change)
      return mutants.explain(mutant, { { path = path, line = line, change = change, reason = "nobody does that" } })
    end
    assert.equal("nobody does that", reason("toy.lua", "return a < b", "< becomes <="))
    assert.is_nil(reason("other.lua", "return a < b", "< becomes <="))
    assert.is_nil(reason("toy.lua", "return b < a", "< becomes <="))
    assert.is_nil(reason("toy.lua", "return a < b", "< becomes >"))
  end)

  it("that is explained is one of the code as it is", function()
    local texts = {}
    for _, row in ipairs(equivalent) do
      texts[row.path] = texts[row.path] or mutants.of(row.path, file.read(row.path))
      local found = false
      for _, mutant in ipairs(texts[row.path]) do
        found = found or mutants.explain(mutant, { row }) ~= nil
      end
      assert(found, ("no mutant of %s is \"%s\" in: %s"):format(row.path, row.change, row.line))
    end
  end)
end)
