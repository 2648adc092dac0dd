--- The service's forms of a moment, from and to seconds since 1970 (UTC).
-- SPDX-License-Identifier: MIT

local timestamp = {}

local floor = math.floor

--- Days of the Gregorian calendar before the first day of a year, counted from year 1.
local function days_before_year(year)
  local past = year - 1
  return past * 365 + floor(past / 4) - floor(past / 100) + floor(past / 400)
end

local EPOCH = days_before_year(1970)

local LENGTHS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function length_of(month, year)
  local is_leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return month == 2 and is_leap and 29 or LENGTHS[month]
end

--- Seconds since 1970 of a date; nil if there is no such day.
local function seconds_of_date(year, month, day)
  if year < 1 or month < 1 or month > 12 or day < 1 or day > length_of(month, year) then
    return nil
  end
  local days = days_before_year(year) - EPOCH + day - 1
  for earlier = 1, month - 1 do
    days = days + length_of(earlier, year)
  end
  return days * 86400
end

--- Seconds east of UTC of "Z", "+08:00" or "+0800"; nil for anything else.
local function offset_of(zone)
  if zone == "Z" or zone == "z" then
    return 0
  end
  local sign, hours, minutes = zone:match "^([+-])(%d%d):?(%d%d)$"
  if not sign then
    return nil
  end
  return (hours * 60 + minutes) * (sign == "-" and -60 or 60)
end

--- Reads a time of RFC 3339, with any offset and any fraction: a filter may be the time of an answer.
---@param text any
---@return number|nil seconds nil if it is none, or names no real moment
function timestamp.from_rfc3339(text)
  local year, month, day, hour, minute, second, zone =
    tostring(text):match "^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.+)$"
  local fraction = zone and zone:match "^%.%d+" or ""
  local offset = zone and offset_of(zone:sub(#fraction + 1))
  local date = offset and seconds_of_date(tonumber(year), tonumber(month), tonumber(day))
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  if not date or hour > 23 or minute > 59 or second > 60 then
    return nil
  end
  local whole = date + hour * 3600 + minute * 60 + second - offset
  return fraction == "" and whole or whole + tonumber("0" .. fraction)
end

--- Reads the form that requests are signed with, `YYYY-MM-DDThh:mm:ssZ` and nothing else.
---@param text any
---@return integer|nil seconds nil if it has another form or names no real moment
function timestamp.parse(text)
  local seconds = timestamp.from_rfc3339(text)
  return seconds and timestamp.utc(seconds) == text and seconds or nil
end

--- `2019-03-15T04:05:06Z`, the form of signatures and of the end of a temporary key.
---@param seconds number
---@return string
function timestamp.utc(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", floor(seconds)) --[[@as string]]
end

--- `2019-03-15T04:05:06.007Z`, the form of flows, executions and events.
---@param seconds number
---@return string
function timestamp.milliseconds(seconds)
  local whole = floor(seconds * 1000 + 0.5)
  return os.date("!%Y-%m-%dT%H:%M:%S", floor(whole / 1000)) .. (".%03dZ"):format(whole % 1000)
end

--- `2019-03-15T12:05:06+08:00`, the form of MapRuns and versions.
---@param seconds number
---@return string
function timestamp.china(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%S+08:00", floor(seconds) + 8 * 3600) --[[@as string]]
end

--- `Fri, 15 Mar 2019 04:05:06 GMT`, the form of HTTP headers.
---@param seconds number
---@return string
function timestamp.http(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", floor(seconds)) --[[@as string]]
end

return timestamp
