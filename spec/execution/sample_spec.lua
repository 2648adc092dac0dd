--- An even sample of a list of any length.
-- SPDX-License-Identifier: MIT

local sample = require "fnf.execution.sample"

local function of(count, limit)
  local taken = sample.new(limit)
  for i = 1, count do
    taken:add(i)
  end
  return taken:take(), taken
end

describe("a sample", function()
  it("is all of a short list", function()
    assert.same({}, (of(0, 3)))
    assert.same({ 1, 2, 3 }, (of(3, 3)))
    assert.same({ 1 }, (of(5, 1)))
  end)

  for _, limit in ipairs { 1, 2, 7, 100, 1000 } do
    it(("of %d is even, in order and complete for every length"):format(limit), function()
      for _, count in ipairs { limit, limit + 1, 2 * limit - 1, 2 * limit, 5 * limit + 3, 10000 } do
        local taken = of(count, limit)
        assert.equal(math.min(limit, count), #taken)
        local before = 0
        for index, entry in ipairs(taken) do
          local even = (index - 1) * count / #taken
          assert.is_true(entry > before and math.abs(entry - 1 - even) <= 2 * count / #taken + 1,
            ("%d of %d: %d"):format(index, count, entry))
          before = entry
        end
      end
    end)
  end

  it("holds no more than twice as many entries as are wanted", function()
    local _, taken = of(100000, 10)
    assert.is_true(#taken.kept < 20)
    assert.equal(100000, taken.seen)
  end)
end)
