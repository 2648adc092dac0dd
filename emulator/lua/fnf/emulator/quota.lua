--- The documented request quotas: one token bucket per operation for the whole account.
-- SPDX-License-Identifier: MIT

local fields = require "fnf.emulator.fields"

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
  for name, limit in pairs(documented) do
    complete[name] = limit
  end
  for name, limit in pairs(given or {}) do
    complete[name] = limit
  end
  return complete
end

---@param limits? table<string, fnf.emulator.Bucket> instead of the documented ones, by operation or "other"
---@param resources? table<string, integer> instead of the documented ones
---@return table
function quota.new(limits, resources)
  return { limits = with(quota.documented, limits), resources = with(quota.resources, resources), level = {} }
end

local bucket_rows = {
  size = fields.number(1, 1e9), refill = fields.number(0, 1e9),
}
bucket_rows.size.required, bucket_rows.refill.required = true, true

local rows = {
  enforce = fields.flag(),
  limits = fields.custom(function(value)
    return type(value) == "table"
  end, "an object"),
  resources = fields.custom(function(value)
    return type(value) == "table"
  end, "an object"),
}
rows.enforce.required = true

local resource_rows = {}
for name in pairs(quota.resources) do
  resource_rows[name] = fields.number(0, 1e9, "a number, 0 or more")
end

--- What is wrong with settings that came from outside: `enforce`, `limits` by operation, `resources` by name.
---@param settings table
---@return string|nil problem
function quota.validate(settings)
  local problem = fields.validate(settings, rows)
  problem = problem or fields.validate(settings.resources or {}, resource_rows, "resource")
  if problem then
    return problem
  end
  for action, limit in pairs(settings.limits or {}) do
    if fields.validate(limit, bucket_rows) then
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
  if bucket.tokens < 1 then
    return false
  end
  bucket.tokens = bucket.tokens - 1
  return true
end

return quota
