--- The table of faults is true: each row's spec is there, and docs/faults.md says what the table says.
-- SPDX-License-Identifier: MIT

local faults = require "spec.faults.table"
local file = require "pl.file"
local page = require "spec.faults.page"

describe("the table of faults", function()
  for _, group in ipairs(faults) do
    for _, row in ipairs(group[2]) do
      it("names the spec of: " .. row[1], function()
        assert.equal(5, #row)
        assert.is_truthy(file.read(row[4]):find(row[5], 1, true), row[4] .. " says nothing of: " .. row[5])
      end)
    end
  end

  it("is what docs/faults.md shows: `make rows` writes that anew", function()
    assert.equal(page.text(), file.read "docs/faults.md")
  end)
end)
