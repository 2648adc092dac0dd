--- The service's forms of a moment, from and to seconds since 1970 (UTC).
-- SPDX-License-Identifier: MIT

local time = require("fnf.time")

local timestamp = {}

local floor = math.floor

--- Reads the form that requests are signed with, `YYYY-MM-DDThh:mm:ssZ` and nothing else.
---@param text any
---@return integer? seconds nil if it has another form or names no real moment
function timestamp.parse(text)
  local seconds = time.from_rfc3339(text)
  return seconds and time.timestamp(seconds) == text and seconds or nil
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
