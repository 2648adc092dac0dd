--- The README's table of operations, out of the rows: `lua5.4 spec/operations_table.lua` prints it.
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

if arg and arg[0]:find("operations_table.lua", 1, true) then
  io.write(table_of.text())
end

return table_of
