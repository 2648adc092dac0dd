--- Numbers to text and back as JSON, HTTP and messages have them, whatever the host's locale. Pure.
-- SPDX-License-Identifier: MIT
--
-- Where LC_NUMERIC has a decimal comma, string.format and tostring write one, and Lua 5.1's tonumber wants one.

local number = {}

local kind = math.type or function() end -- "integer" or "float" where Lua has both
local EXACT = 2 ^ 53 -- from here on a float may stand for a neighbour
local INTEGERS_END = 2 ^ 64 -- from here on no whole number is meant to its last digit

--- Whether a finite number is surely the one that was meant. A whole float from 2^53 to 2^64 may have lost digits.
---@param value number
---@return boolean
function number.is_exact(value)
  return kind(value) == "integer" or value % 1 ~= 0 or (value > -EXACT and value < EXACT) or value >= INTEGERS_END
    or value <= -INTEGERS_END
end

--- Whether it is neither infinite nor NaN.
---@param value number
---@return boolean
function number.is_finite(value)
  return value == value and value ~= math.huge and value ~= -math.huge
end

--- string.format of one number, with a decimal point.
---@param pattern string such as "%.2f"
---@param value number
---@return string
function number.format(pattern, value)
  return (pattern:format(value):gsub("(%d)[^%w%s+-]+(%d)", "%1.%2"))
end

--- A number as JSON and queries have it, from which the same one is read again: digits if it is whole, else a
--- fraction of as many digits as it takes, which is 17 at the most.
---@param value number
---@return string
function number.write(value)
  if kind(value) == "integer" or (value % 1 == 0 and value > -EXACT and value < EXACT) then
    return ("%d"):format(value)
  end
  local text = ("%.15g"):format(value)
  if tonumber(text) ~= value then
    text = ("%.17g"):format(value)
  end
  return (text:gsub("[^%w+-]+", "."))
end

--- The number that a decimal text with a point is; nil of any other text.
---@param text any
---@return number|nil
function number.read(text)
  if type(text) ~= "string" then
    return nil
  end
  -- Step by step: one pattern for all of it takes the square of the time for digits with something behind them.
  local first = text:find("%S") or 1
  local _, last = text:find("^[+-]?%d+", first)
  if not last then
    return nil
  end
  local _, stop = text:find("^%.%d*", last + 1)
  if text:find("%S", (stop or last) + 1) then
    return nil
  end
  local whole, rest = text:sub(first, last), text:sub(last + 1, stop or last)
  local value = tonumber(whole .. rest)
  if value or rest == "" then
    return value
  end
  local point = ("%.1f"):format(0.5):match("^0(.+)5$") -- Lua 5.1 reads by the locale
  return tonumber(whole .. point .. rest:sub(2))
end

--- What a stranger gives as a number of a range; nil of anything else.
---@param value any a number or its text
---@param least number
---@param most number
---@return number|nil
function number.within(value, least, most)
  value = tonumber(value)
  return value and value >= least and value <= most and value or nil
end

return number
