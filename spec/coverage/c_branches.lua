--- Which branches of the C files were taken, by gcov.
-- SPDX-License-Identifier: MIT

local cjson = require "cjson"
local shell = require "fnf.emulator.shell"

local c_branches = {}

---@class fnf.Branches
---@field path string
---@field branches integer
---@field missed integer[] lines of branches that were never taken, one a branch

local function read(object)
  local pipe = assert(io.popen("gcov --json-format --stdout --branch-probabilities " .. shell.quote(object)
    .. " 2>/dev/null"))
  local text = pipe:read "*a"
  pipe:close()
  return text ~= "" and cjson.decode(text) or { files = {} }
end

--- Of each C file that was built with --coverage.
---@param objects string[] what gcov left of them (.gcda)
---@return fnf.Branches[]
function c_branches.missed(objects)
  local rows = {}
  for _, object in ipairs(objects) do
    for _, file in ipairs(read(object).files) do
      if file.file:find "^csrc/.*%.c$" then
        local row = { path = file.file, branches = 0, missed = {} }
        for _, line in ipairs(file.lines) do
          for _, branch in ipairs(line.branches) do
            row.branches = row.branches + 1
            row.missed[#row.missed + 1] = branch.count == 0 and math.floor(line.line_number) or nil
          end
        end
        rows[#rows + 1] = row
      end
    end
  end
  return rows
end

return c_branches
