--- The service's forms of a moment, from and to seconds since 1970 (UTC).
-- SPDX-License-Identifier: MIT

local timestamp = {}

local floor = math.floor

-- Days since 1970-01-01 of a date of the proleptic Gregorian calendar; os.time would use the local zone.
local function days(year, month, day)
  local y = month <= 2 and year - 1 or year
  local era = floor(y / 400)
  local of_era = y - era * 400
  local of_year = floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468
end

--- Reads the form that requests are signed with, `YYYY-MM-DDThh:mm:ssZ` and nothing else.
---@param text any
---@return integer? seconds nil if it has another form or names no real moment
function timestamp.parse(text)
  if type(text) ~= "string" then return nil end
  local parts = { text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)Z$") }
  for index = 1, 6 do
    parts[index] = tonumber(parts[index])
    if not parts[index] then return nil end
  end
  local year, month, day, hour, minute, second = parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]
  if month < 1 or month > 12 or day < 1 or hour > 23 or minute > 59 or second > 59 then return nil end
  local start = days(year, month, 1)
  if start + day > days(month == 12 and year + 1 or year, month % 12 + 1, 1) then return nil end
  return (start + day - 1) * 86400 + hour * 3600 + minute * 60 + second
end

--- `2019-03-15T04:05:06Z`
---@param seconds number
---@return string
function timestamp.utc(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", floor(seconds))
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
  return os.date("!%Y-%m-%dT%H:%M:%S+08:00", floor(seconds) + 8 * 3600)
end

--- `Fri, 15 Mar 2019 04:05:06 GMT`, the form of HTTP headers.
---@param seconds number
---@return string
function timestamp.http(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", floor(seconds))
end

return timestamp
