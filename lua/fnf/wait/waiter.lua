--- Ask until the answer is final.
-- SPDX-License-Identifier: MIT

local wait = require "fnf.wait.wait"

local waiter = { may_heal = wait.may_heal }

---@class fnf.WaitOptions
---@field timeout? number seconds for the whole wait; none by default
---@field initial_delay? number seconds before the first look (0)
---@field min_delay? number seconds between two looks at least (0.4)
---@field max_delay? number seconds between two looks at most (120; 30 where the service holds looks open)
---@field max_polls? integer looks at most
---@field stall_after? number seconds without an item that started or ended, after which the wait gives up
---@field fail_fast? boolean return the run, still Running, once more items failed than it tolerates
---@field until_status? string|string[] statuses that end the wait besides the final ones
---@field on_progress? fun(run: table, progress: fnf.Progress, wait: fnf.Wait) called after every answer
---@field cancel? fun(): any asked ten times a second; true ends the wait

-- Seconds. The bucket of ten and the two looks a second of the quota serve several waits near their end at once.
local MIN_DELAY, MAX_DELAY = 0.4, 120
local HOLD = 30 -- seconds the service is asked to keep a look open: less than middlemen let a silent connection live
local SHORTEST = 0.01 -- seconds: a look that would follow sooner is none worth making

--- Rows of `fnf.check` for those options.
---@type table<string, fnf.Row>
waiter.options = {
  timeout = { type = "seconds" },
  initial_delay = { type = "seconds", zero = true },
  min_delay = { type = "seconds", minimum = SHORTEST },
  max_delay = { type = "seconds", minimum = SHORTEST },
  max_polls = { type = "integer", minimum = 1 },
  stall_after = { type = "seconds" },
  fail_fast = { type = "boolean" },
  until_status = { type = "any" },
  on_progress = { type = "function" },
  cancel = { type = "function" },
}

---@class fnf.WaitContext what several waits have in common
---@field client fnf.Client
---@field row fnf.Operation
---@field options fnf.WaitOptions
---@field platform fnf.Platform
---@field rate_limiter? fnf.RateLimiter
---@field open integer waits that have not ended
---@field started number
---@field deadline? number
---@field ending table<string, boolean> statuses that end a wait
---@field hold number seconds the service is asked to keep a look open, where it does
---@field limits { min_delay: number, max_delay: number }
---@field max_attempts? integer attempts of a look; the client's own unless given

---- before the first look ----

local function ending_set(final, until_status)
  local set = {}
  for name in pairs(final) do
    set[name] = true
  end
  for _, name in ipairs(type(until_status) == "table" and until_status or { until_status }) do
    set[name] = true
  end
  return set
end

--- What is wrong with the options beyond the type of each, or nil.
---@param options fnf.WaitOptions
---@return string|nil
function waiter.validate(options)
  local names = options.until_status
  if options.min_delay and options.max_delay and options.min_delay > options.max_delay then
    return "option min_delay is greater than max_delay"
  elseif names ~= nil and type(names) ~= "string" and type(names) ~= "table" then
    return "option until_status must be a string or a list of strings"
  end
  for key, name in pairs(type(names) == "table" and names or {}) do
    if type(key) ~= "number" or type(name) ~= "string" then
      return "option until_status must be a string or a list of strings"
    end
  end
end

--- What all waits of a call have in common.
---@param client fnf.Client
---@param row fnf.Operation one with final statuses
---@param options fnf.WaitOptions checked
---@return fnf.WaitContext
function waiter.context(client, row, options)
  local platform = client:choose_platform()
  local started = platform.now()
  local min = options.min_delay or math.min(MIN_DELAY, options.max_delay or MIN_DELAY)
  local context = {
    client = client, row = row, options = options, platform = platform, started = started,
    rate_limiter = options.rate_limiter == nil and client:rate_limiter(row) or options.rate_limiter or nil,
    deadline = options.deadline or options.timeout and started + options.timeout,
    max_attempts = options.max_attempts, ending = ending_set(row.final, options.until_status),
    hold = HOLD, limits = { min_delay = min,
      max_delay = options.max_delay or math.max(row.holds and HOLD or MAX_DELAY, min) },
    open = 1,
  }
  if context.rate_limiter then
    context.rate_limiter:join(context)
  end
  return context
end

--- Wait for the end of what an operation describes.
---@param client fnf.Client
---@param row fnf.Operation one with final statuses
---@param params table checked
---@param options fnf.WaitOptions checked
---@return table|nil run the final description
---@return fnf.Error|nil
function waiter.wait(client, row, params, options)
  local context = waiter.context(client, row, options)
  return wait.new(context, params):finish()
end

return waiter
