--- The documented request quotas: one token bucket per operation for the whole account.
-- SPDX-License-Identifier: MIT

local quota = {}

---@class fnf.emulator.Bucket
---@field size number tokens when full
---@field refill number tokens per second

--- Source: the Limits page of the service (2026-03-11).
---@type table<string, fnf.emulator.Bucket>
quota.documented = {
  StartExecution = { size = 100, refill = 100 },
  DescribeExecution = { size = 50, refill = 5 },
  GetExecutionHistory = { size = 50, refill = 5 },
  other = { size = 10, refill = 2 },
}

---@param limits? table<string, fnf.emulator.Bucket> instead of the documented ones, by operation or "other"
---@return table
function quota.new(limits)
  local complete = {}
  for action, limit in pairs(quota.documented) do complete[action] = limit end
  for action, limit in pairs(limits or {}) do complete[action] = limit end
  return { limits = complete, level = {} }
end

--- Checks limits that came from outside.
---@param limits any
---@return string? message what is wrong with them
function quota.wrong(limits)
  if type(limits) ~= "table" then return "limits must be an object" end
  for action, limit in pairs(limits) do
    local size, refill = type(limit) == "table" and limit.size, type(limit) == "table" and limit.refill
    if type(size) ~= "number" or size < 1 or type(refill) ~= "number" or refill < 0 then
      return ("the limit of %s must be { size = 1 or more, refill = tokens per second }"):format(tostring(action))
    end
  end
end

--- Takes a token for one request.
---@param self table
---@param action string
---@param now number seconds, never going back
---@return boolean granted
function quota.take(self, action, now)
  local limit = self.limits[action] or self.limits.other
  local bucket = self.level[action]
  if not bucket then
    bucket = { tokens = limit.size, at = now }
    self.level[action] = bucket
  end
  bucket.tokens = math.min(limit.size, bucket.tokens + math.max(0, now - bucket.at) * limit.refill)
  bucket.at = math.max(now, bucket.at)
  if bucket.tokens < 1 then return false end
  bucket.tokens = bucket.tokens - 1
  return true
end

return quota
