--- The README's table of operations, out of the rows; `make rows` writes it anew.
-- SPDX-License-Identifier: MIT

local operations = require "fnf.operations"

local table_of = {}

local function sorted(set)
  local names = {}
  for name in pairs(set) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function parameters(row)
  local required, optional = {}, {}
  for _, name in ipairs(sorted(row.parameters)) do
    local list = row.parameters[name].required and required or optional
    list[#list + 1] = name
  end
  return table.concat(required, ", "), table.concat(optional, ", ")
end

local function repeated(name, row)
  return name == "start_execution" and "by its name" or row.repeatable and "yes" or "no"
end

local function quota(row)
  return ("%d + %d/s"):format(row.quota.burst, row.quota.rate)
end

--- The lines of the table, with a newline after each.
---@return string
function table_of.text()
  local lines = {
    "| method | required | optional | repeated | quota |",
    "| --- | --- | --- | --- | --- |",
  }
  for _, name in ipairs(sorted(operations)) do
    local row = operations[name]
    local required, optional = parameters(row)
    local cells = { "`" .. name .. "`", required, optional, repeated(name, row), quota(row) }
    lines[#lines + 1] = "| " .. table.concat(cells, " | ") .. " |"
  end
  return (table.concat(lines, "\n"):gsub("|  |", "| |")) .. "\n"
end

local BEFORE, AFTER = "by spec/support/operations_table.lua -->\n", "<!-- end of the rows -->"

--- The table that a text holds between its marks, and the text with another table there.
---@param text string
---@return string held
---@return string renewed
function table_of.replace(text)
  local from = assert(select(2, text:find(BEFORE, 1, true))) + 1
  local to = assert(text:find(AFTER, from, true)) - 1
  return text:sub(from, to), text:sub(1, from - 1) .. table_of.text() .. text:sub(to + 1)
end

if arg and arg[0]:find("operations_table.lua", 1, true) then
  local _, renewed = table_of.replace(io.read "*a")
  io.write(renewed)
end

return table_of
