--- The headers by which a server says how long to stay away, out of a fault's fields.
-- SPDX-License-Identifier: MIT

local timestamp = require("fnf.emulator.timestamp")

local hints = {}

-- The form of the shared gateway; the service documents none of its own.
local function rate_limit(milliseconds, now)
  return ("Limit:10,Remain:0,TimeLeft:%d,Reset:%d"):format(milliseconds, math.floor(now + milliseconds / 1000))
end

local rows = {
  retry_after_ms = { "x-acs-retry-after", function(value) return ("%d"):format(value) end },
  retry_after = { "Retry-After", function(value) return ("%d"):format(value) end },
  retry_at = { "Retry-After", function(value, now) return timestamp.http(now + value) end },
  rate_limit_user = { "x-ratelimit-user", rate_limit },
  rate_limit_api = { "x-ratelimit-user-api", rate_limit },
}

--- Adds what the fault asks for.
---@param headers table<string, string>
---@param fault table
---@param now number the service's wall time, seconds
function hints.add(headers, fault, now)
  for field, row in pairs(rows) do
    if fault[field] then headers[row[1]] = row[2](fault[field], now) end
  end
  for name, value in pairs(fault.headers or {}) do headers[name] = value end
end

return hints
