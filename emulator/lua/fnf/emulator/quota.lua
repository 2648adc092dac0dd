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

--- What there may be at once for the account, and in one event. Same source. The limits of MapRuns are not among them:
--- the pages disagree on them, and say nothing of what happens beyond.
quota.resources = { running_executions = 10000, event_bytes = 64 * 1024 }

local function with(documented, given)
  local complete = {}
  for name, limit in pairs(documented) do complete[name] = limit end
  for name, limit in pairs(given or {}) do complete[name] = limit end
  return complete
end

---@param limits? table<string, fnf.emulator.Bucket> instead of the documented ones, by operation or "other"
---@param resources? table<string, integer> instead of the documented ones
---@return table
function quota.new(limits, resources)
  return { limits = with(quota.documented, limits), resources = with(quota.resources, resources), level = {} }
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

--- Checks resource limits that came from outside.
---@param resources any
---@return string? message what is wrong with them
function quota.wrong_resources(resources)
  if type(resources) ~= "table" then return "resources must be an object" end
  for name, limit in pairs(resources) do
    if not quota.resources[name] then return ("unknown resource '%s'"):format(tostring(name)) end
    if type(limit) ~= "number" or limit < 0 then return name .. " must be a number, 0 or more" end
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
