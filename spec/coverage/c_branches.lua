--- Which branches of the C files were taken, by gcov.
-- SPDX-License-Identifier: MIT

local cjson = require "cjson"
local shell = require "fnf.emulator.shell"
local unreached = require "spec.coverage.unreached"

local c_branches = {}

---@class fnf.Branches
---@field path string
---@field lua? string the Lua that the glue was built for
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
        local row = { path = file.file, lua = object:match "/(5%.%d)/[^/]*$", branches = 0, missed = {} }
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

--- Why lines that were missed are no spec's to take, one text a line; and rows of unreached.lua that are about no line.
---@param rows fnf.Branches[]
---@return string[] reasons
---@return string[] about_none
function c_branches.reasons(rows)
  local reasons, about_none, known = {}, {}, {}
  for _, one in ipairs(unreached) do
    local number, found = 0, nil
    for line in io.lines(one.path) do
      number = number + 1
      if line:match "^%s*(.-)%s*$" == one.line then
        found = found or number
        known[one.path .. ":" .. number] = one.reason
      end
    end
    about_none[#about_none + 1] = not found and one.path .. ": " .. one.line or nil
  end
  for _, row in ipairs(rows) do
    for index, number in ipairs(row.missed) do
      local place = row.path .. ":" .. number
      if known[place] and row.missed[index - 1] ~= number then
        reasons[#reasons + 1] = place .. (row.lua and " in Lua " .. row.lua or "") .. ": " .. known[place]
      end
    end
  end
  return reasons, about_none
end

return c_branches
