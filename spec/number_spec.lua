--- Numbers to text and back, with a decimal point.
-- SPDX-License-Identifier: MIT

local effort = require "spec.support.effort"
local number = require "fnf.number"

describe("a number", function()
  it("is written as the shortest text that says it", function()
    for text, value in pairs { ["0"] = 0, ["-3"] = -3, ["5"] = 5.0, ["2.5"] = 2.5, ["0.1"] = 0.1,
      ["1000000000000000"] = 1e15,
      ["0.30000000000000004"] = 0.1 + 0.2, ["1e+300"] = 1e300, ["1700000000000000"] = 1.7e15 } do
      assert.equal(text, number.write(value))
    end
  end)

  it("is read from decimal digits only", function()
    for text, value in pairs { ["0"] = 0, ["1.5"] = 1.5, [" 12 "] = 12, ["-2.25"] = -2.25, ["007"] = 7 } do
      assert.equal(value, number.read(text))
    end
    for _, text in ipairs { "", "x", "1,5", "0x10", "inf", "nan", "1e5", ".5", "1.5.5", "1 2" } do
      assert.is_nil(number.read(text))
    end
    assert.is_nil(number.read(5))
    assert.is_nil(number.read(nil))
  end)

  for _, odd in ipairs { { "1", "x" }, { "1", ".x" }, { " ", "1 x" }, { "1.", "" }, { "-", "1" }, { "1 ", "" } } do
    it(("12.4: is read, or not, in linear time from many %q before %q"):format(odd[1], odd[2]), function()
      assert.is_nil(effort.find_excess(number.read, function(length)
        return odd[1]:rep(length / #odd[1]) .. odd[2]
      end))
    end)
  end

  it("is formatted by any pattern of string.format", function()
    assert.equal("2.50", number.format("%.2f", 2.5))
    assert.equal("no end in 0.5 seconds", number.format("no end in %g seconds", 0.5))
  end)
end)
