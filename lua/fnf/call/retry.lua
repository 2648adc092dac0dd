--- Whether, and how long to wait, before the next attempt; and the one loop that does it.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"

local retry = {}

-- Codes by what they mean, of CloudFlow itself and of the common gateway before it (API.md section 8, SIGNING.md
-- section 5). 429 and a code with "Throttling" in it are throttling whatever else they say.
local THROTTLE = { ResourceThrottled = true }
local CLOCK = { RequestTimeTooSkewed = true, ["InvalidTimeStamp.Expired"] = true }
local NONCE = { SignatureNonceUsed = true }
local EXPIRED = { ["InvalidSecurityToken.Expired"] = true }
-- Refused before anything was done, with a text that asks to try again.
local REFUSED = { ConcurrentUpdateError = true, TaskInvalidState = true }
local MENDED = { clock = true, nonce = true, expired = true } -- reasons with a cure, tried at once
local FAULT = { InternalServerError = true, InternalError = true, ServiceUnavailable = true }
-- A write that was refused because the thing has changed would overwrite that change: its caller must look first.
local CHANGED = { PreconditionFailed = true }
local FAULT_STATUS = { [408] = true, [425] = true } -- besides all from 500 on

local LONGEST_HINT = 60 -- seconds: a hint above it is taken for a mistake
local SHORTEST_HINT = 0.1 -- seconds: one below it, or of 0, is no leave to ask as fast as a loop runs
local DELAYS = { -- seconds: first, and most, of the window a delay is drawn from
  throttle = { 1, 30 }, -- the documented quota refills two a second for the whole account
  fault = { 0.25, 10 },
}
local PERMIT_SLICE = 1 -- seconds between two questions when a permit comes: the rate may have changed
local PERMIT_JITTER = 0.1 -- of such a pause at most is slept in addition: programs in lockstep would starve each other
-- As many retries as do not multiply an outage's load: a call that succeeds after a retry gives back what that retry
-- cost, one that needed none earns a little (the retry quota of botocore's standard mode).
local BUDGET = { most = 500, retry = 5, success = 1 }

---@alias fnf.Reason "throttle"|"fault"|"clock"|"nonce"|"expired"

--- Why an attempt may be followed by another; nil if it may not. An error after which the same call could succeed
--- later, by itself, is also marked `retryable`.
---@param row fnf.Operation
---@param err fnf.Error
---@return fnf.Reason|nil
function retry.reason(row, err)
  local code = err.code or ""
  if err.status == 429 or THROTTLE[code] or code:find("Throttling", 1, true) then
    return "throttle"
  elseif CLOCK[code] then
    return "clock"
  elseif EXPIRED[code] then
    return "expired"
  elseif REFUSED[code] or (err.sent == false and err.retryable) then
    return "fault"
  elseif not row.repeatable then
    return nil
  elseif NONCE[code] then
    return "nonce"
  elseif CHANGED[code] then
    return not row.writes and "fault" or nil
  elseif err.retryable or FAULT[code] or FAULT_STATUS[err.status] or (err.status or 0) >= 500 then
    return "fault"
  end
end

--- Whether a failed attempt may have been carried out all the same.
---@param err fnf.Error
---@return boolean
function retry.leaves_outcome_unknown(err)
  if err.sent == false or err.kind == "credentials" then
    return false
  end
  return err.kind ~= "service" or NONCE[err.code] == true or (err.status or 500) >= 500 or err.status == 408
end

--- Seconds before the next attempt: the service's hint, else a random share of a window that doubles (full jitter).
---@param reason fnf.Reason
---@param attempt integer the one that failed, from 1
---@param err fnf.Error
---@param random number from [0, 1)
---@return number
function retry.delay(reason, attempt, err, random)
  if MENDED[reason] then
    return 0
  end
  local hint, window = err.retry_after or 0, DELAYS[reason]
  if hint >= SHORTEST_HINT then
    return math.min(hint, LONGEST_HINT)
  end
  return math.max(hint, random * math.min(window[2], window[1] * 2 ^ (attempt - 1)))
end

---@class fnf.Budget retries a client may still make; refilled by success
---@field tokens number

---@return fnf.Budget
function retry.budget()
  return { tokens = BUDGET.most }
end

local function spend(budget)
  if budget.tokens < BUDGET.retry then
    return false
  end
  budget.tokens = budget.tokens - BUDGET.retry
  return true
end

local function earn(budget, attempt)
  if budget.tokens < BUDGET.most then
    budget.tokens = math.min(BUDGET.most, budget.tokens + (attempt > 1 and BUDGET.retry or BUDGET.success))
  end
end

---@class fnf.Call one operation on its way: what retry.run needs of it
---@field client fnf.Client
---@field row fnf.Operation
---@field params table
---@field platform fnf.Platform
---@field attempt integer
---@field max_attempts integer
---@field attempt_timeout number seconds of one attempt
---@field deadline? number of the whole call, by platform.now
---@field target? fnf.Target another product's; the client's own by default
---@field provider? fnf.CredentialsProvider whose key signs
---@field credentials? fnf.Credentials the last attempt was signed with
---@field cancel? fun(): any true once the caller has given up
---@field rate_limiter? fnf.RateLimiter to keep
---@field due? number when it was to be made, by platform.now; now unless given
---@field quota? fnf.Quota what the last answer told of it
---@field outcome_unknown? boolean a write of which a failed attempt may have been carried out

--- A clock, nonce or token that was refused is mended once; a second refusal has another cause.
local function mend(call, reason, err)
  if call.mended == reason then
    return false
  end
  call.mended = reason
  if reason == "clock" then
    return call.client:correct_clock(err.date)
  elseif reason == "expired" then
    return call.provider ~= nil and call.provider:reject(call.credentials)
  end
  return true
end

--- Seconds until the next attempt, or nil if this was the last.
local function next_attempt(call, err)
  local reason = retry.reason(call.row, err)
  err.retryable = reason ~= nil
  if MENDED[reason] and not mend(call, reason, err) then
    err.retryable = false
    return nil
  elseif not reason or call.attempt >= call.max_attempts then
    return nil
  end
  local delay = retry.delay(reason, call.attempt, err, call.platform.random())
  if call.deadline and call.platform.now() + delay >= call.deadline then
    return nil
  end
  return spend(call.client.budget) and delay or nil, reason
end

--- Wait for the permit that the rate limiter gives to an attempt; an error if it will not come in time.
local function take_permit(call)
  local platform, rate_limiter = call.platform, call.rate_limiter
  local now = platform.now()
  local permit = rate_limiter:take(now, call.due)
  local pause, refusal = rate_limiter:pause(permit, now), nil
  while pause > 0 and not refusal do
    if call.deadline and now + pause >= call.deadline then
      refusal = errors.new { kind = "timeout", retryable = true, sent = false,
        message = "the request quota leaves no permit before the deadline" }
    else
      pause = math.min(pause, PERMIT_SLICE)
      local longer = pause * (1 + PERMIT_JITTER * platform.random())
      local slept, why = platform.sleep(now + longer < (call.deadline or math.huge) and longer or pause, call.cancel)
      refusal = not slept and (why or errors.cancelled()) or nil
      now = platform.now()
      pause = rate_limiter:pause(permit, now)
    end
  end
  if refusal then
    rate_limiter:give_back(permit)
  end
  return refusal
end

--- An attempt when its permit comes; the rate limiter hears how it went.
local function limited(call, attempt)
  local late = take_permit(call)
  if late then
    return nil, late
  end
  local result, err = attempt(call)
  local rate_limiter, now = call.rate_limiter, call.platform.now()
  if result then
    rate_limiter:succeeded(now)
  elseif retry.reason(call.row, err) == "throttle" then
    rate_limiter:throttled(now)
  end
  if call.quota then
    rate_limiter:told(call.quota, now)
    call.quota = nil
  end
  return result, err
end

--- Attempt a call until it succeeds, cannot, or may not any more.
---@param call fnf.Call
---@param attempt fun(call: fnf.Call): table|nil, fnf.Error|nil
---@return table|nil
---@return fnf.Error|nil
---@return boolean|nil outcome_unknown a failed attempt of this write may have been carried out
function retry.run(call, attempt)
  local client = call.client
  while true do
    call.attempt = call.attempt + 1
    local result, err
    if call.rate_limiter then
      result, err = limited(call, attempt)
    else
      result, err = attempt(call)
    end
    if result then
      earn(client.budget, call.attempt)
      return result, nil, call.outcome_unknown
    end
    call.outcome_unknown = call.outcome_unknown or call.row.writes and retry.leaves_outcome_unknown(err) or nil
    err.operation, err.attempts, err.outcome_unknown = call.row.action, call.attempt, call.outcome_unknown
    local delay, reason = next_attempt(call, err)
    if not delay then
      return nil, err
    end
    if client.on_event then
      client.on_event(reason == "throttle" and "throttle" or "retry", {
        operation = call.row.action, attempt = call.attempt, delay = delay, reason = reason, error = err })
    end
    local slept, refusal = call.platform.sleep(delay, call.cancel)
    if not slept then
      err = refusal or errors.cancelled()
      err.operation, err.attempts, err.outcome_unknown = call.row.action, call.attempt, call.outcome_unknown
      return nil, err
    end
  end
end

return retry
