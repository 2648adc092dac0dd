--- The EventDetail of an event, read whatever shape it has: the pages show few, and promise none. Pure.
-- SPDX-License-Identifier: MIT
--
-- A string that holds JSON; keys in any case; what is looked for may lie deeper, or in a string that holds JSON again
-- (API.md section 3). Of several the one that lies least deep counts.

local ascii = require "fnf.ascii"
local json = require "fnf.json"

local event_detail = {}

--- Keys in an order that is the same every time.
local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  return keys
end

--- A table, or that which a string of JSON holds; nil for all else.
---@param value any
---@return table|nil
function event_detail.open(value)
  if type(value) == "string" then
    value = json.decode(value)
  end
  return type(value) == "table" and value or nil
end

--- The value under a key, whatever its case.
---@param object table
---@param name string in lower case
---@return any
function event_detail.member(object, name)
  for _, key in ipairs(sorted_keys(object)) do
    if ascii.lower(tostring(key)) == name then
      return object[key]
    end
  end
end

--- The text under one of these names that lies least deep; on one level the first name goes before the others.
---@param object table
---@param names string[] in lower case
---@return string|nil
function event_detail.search(object, names)
  local level = { object }
  while #level > 0 do
    local deeper = {}
    for _, each in ipairs(level) do
      for _, name in ipairs(names) do
        local value = event_detail.member(each, name)
        if type(value) == "string" and value ~= "" then
          return value
        end
      end
      for _, key in ipairs(sorted_keys(each)) do
        if type(each[key]) == "table" then
          deeper[#deeper + 1] = each[key]
        end
      end
    end
    level = deeper
  end
end

return event_detail
