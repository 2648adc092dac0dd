--- Points in time as text: what the service and HTTP write, and what a signature needs.
-- SPDX-License-Identifier: MIT

local number = require "fnf.number"

local time = {}

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11,
  Dec = 12 }

--- Days from 1970-01-01 to a date of the Gregorian calendar; March is the first month, so a leap day is the last.
local function days(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leaps + math.floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
end

local function days_of_month(year, month)
  return days(month == 12 and year + 1 or year, month % 12 + 1, 1) - days(year, month, 1)
end

local function epoch(year, month, day, hour, minute, second)
  if month < 1 or month > 12 or day < 1 or day > days_of_month(year, month) or hour > 23 or minute > 59
    or second > 60 then
    return nil
  end
  return days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
end

--- Seconds since 1970 of a Date header ("Sun, 06 Nov 1994 08:49:37 GMT"), or nil.
---@param text any
---@return number|nil
function time.from_http(text)
  local day, name, year, hour, minute, second =
    tostring(text):match("^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  local month = MONTHS[name]
  if not month then
    return nil
  end
  return epoch(tonumber(year), month, tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
end

--- Seconds since 1970 of an RFC 3339 time, or nil. Any offset, any number of fraction digits: the service writes
--- "2019-01-01T01:01:01.001Z" in one answer and "2025-10-24T14:11:26+08:00" in another (API.md section 7).
---@param text any
---@return number|nil
function time.from_rfc3339(text)
  local year, month, day, hour, minute, rest =
    tostring(text):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(.+)$")
  local seconds, zone = (rest or ""):match("^(%d%d%.?%d*)(.+)$")
  local second = number.read(seconds)
  if not second then
    return nil
  end
  local sign, offset_hours, offset_minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
  if not sign and zone ~= "Z" and zone ~= "z" then
    return nil
  end
  local offset = sign and (tonumber(offset_hours) * 60 + tonumber(offset_minutes)) * 60 or 0
  local at = epoch(tonumber(year), tonumber(month), tonumber(day), tonumber(hour), tonumber(minute), second)
  return at and (sign == "-" and at + offset or at - offset)
end

--- "2026-11-23T09:04:56Z" of seconds since 1970: the form both signature families take.
---@param seconds number
---@return string
function time.timestamp(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds)) --[[@as string]]
end

return time
