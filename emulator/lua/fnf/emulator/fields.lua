--- Tables that come from outside: rows that say what each field must be, one check of them, and their defaults.
-- SPDX-License-Identifier: MIT

local fields = {}

---@class fnf.emulator.Field
---@field valid fun(value: any): any is it good
---@field wanted string what it must be, in words
---@field default? any
---@field required? boolean

-- Nothing that is counted in seconds here is longer (31 years), and sums of such stay moments that have a date.
local LONGEST = 1e9

local function row(valid, wanted)
  return function(default)
    return { valid = valid, wanted = wanted, default = default }
  end
end

--- A row of one's own.
---@param valid fun(value: any): any
---@param wanted string
---@param default? any
---@return fnf.emulator.Field
function fields.custom(valid, wanted, default)
  return { valid = valid, wanted = wanted, default = default }
end

local function is_text(value)
  return type(value) == "string"
end

local function is_number(value, low, high)
  return type(value) == "number" and value >= low and value <= high -- which NaN is not
end

fields.text = row(is_text, "text")

--- A text that is not empty.
fields.name = row(function(value)
  return is_text(value) and value ~= ""
end, "a name")

fields.flag = row(function(value)
  return type(value) == "boolean"
end, "true or false")

--- Seconds that may be none.
fields.seconds = row(function(value)
  return is_number(value, 0, LONGEST)
end, "seconds, 0 or more")

--- Seconds in either direction.
fields.shift = row(function(value)
  return is_number(value, -LONGEST, LONGEST)
end, "seconds")

--- Seconds that have to pass: some.
fields.duration = row(function(value)
  return is_number(value, 1e-9, LONGEST)
end, "seconds above 0")

--- A number of this range.
---@param low number
---@param high number
---@param wanted? string
---@param default? number
---@return fnf.emulator.Field
function fields.number(low, high, wanted, default)
  return fields.custom(function(value)
    return is_number(value, low, high)
  end, wanted or ("a number from %g to %g"):format(low, high), default)
end

--- A whole number of this range.
---@param low integer
---@param high integer
---@param wanted? string
---@param default? integer
---@return fnf.emulator.Field
function fields.whole(low, high, wanted, default)
  return fields.custom(function(value)
    return is_number(value, low, high) and value % 1 == 0
  end, wanted or ("a whole number from %d to %d"):format(low, high), default)
end

--- One of the keys of a table.
---@param choices table<string, any>
---@param wanted string
---@param default? string
---@return fnf.emulator.Field
function fields.one_of(choices, wanted, default)
  return fields.custom(function(value)
    return value ~= nil and choices[value] ~= nil
  end, wanted, default)
end

--- A list whose entries are good.
---@param valid fun(entry: any): any
---@param wanted string
---@param default? table
---@return fnf.emulator.Field
function fields.list(valid, wanted, default)
  return fields.custom(function(value)
    if type(value) ~= "table" then
      return false
    end
    for key, entry in pairs(value) do
      if type(key) ~= "number" or not valid(entry) then
        return false
      end
    end
    return true
  end, wanted, default)
end

fields.is_text = is_text

--- What is wrong with a table, in words; nil if nothing is.
---@param given any
---@param rows table<string, fnf.emulator.Field>
---@param word? string what a field is called; "field" by default
---@return string|nil problem
function fields.validate(given, rows, word)
  if type(given) ~= "table" then
    return "an object is wanted"
  end
  for name, value in pairs(given) do
    local known = rows[name]
    if not known then
      return ("unknown %s '%s'"):format(word or "field", tostring(name))
    elseif not known.valid(value) then
      return ("%s must be %s"):format(name, known.wanted)
    end
  end
  for name, known in pairs(rows) do
    if known.required and given[name] == nil then
      return ("%s must be %s"):format(name, known.wanted)
    end
  end
  return nil
end

--- A copy with the defaults of what is absent.
---@param given table
---@param rows table<string, fnf.emulator.Field>
---@return table
function fields.complete(given, rows)
  local complete = {}
  for name, known in pairs(rows) do
    complete[name] = given[name]
    if complete[name] == nil then
      complete[name] = known.default
    end
  end
  return complete
end

return fields
