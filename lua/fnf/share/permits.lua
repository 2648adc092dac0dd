--- A rate limiter whose bucket lies in Redis: one for each account and operation, for all processes.
-- SPDX-License-Identifier: MIT
--
-- It has the methods of fnf.RateLimiter. Tokens go to the polls that are most late, whoever makes them: each that waits
-- for one asks Redis again, until it is its turn. While Redis is away it is a limiter with this process's fair share of
-- the quota, by the processes last known.

local number = require "fnf.number"
local rate_limiter = require "fnf.call.rate_limiter"
local script = require "fnf.share.script"

local permits = {}

-- The most that is believed of what Redis says: microseconds, processes, runs, millionths.
local MOST = { 86400 * 1e6, 1e6, 1e6, 1e6 }
local SLICE, LONGEST_SLICE = 1, 5 -- seconds of a pause in which Redis is not asked again: the least, and the most

---@class fnf.SharedPermit
---@field asker string its name in Redis
---@field due number when the poll was due
---@field own? integer of the limiter that stands in
---@field of? fnf.RateLimiter that one
---@field comes? number when it comes, by the last answer
---@field ask_at number when Redis is asked again: others may be more late, and the rate may have changed

---@class fnf.SharedRateLimiter : fnf.RateLimiter
---@field private share fnf.Share
---@field private action string
---@field private own fnf.RateLimiter knows what the service tells, and the load
---@field private alone? fnf.RateLimiter stands in while Redis is away
---@field private processes integer as last known; 1 before Redis has answered
---@field private asked? boolean Redis has answered
---@field private askers integer permits asked for so far
---@field private spent integer permits that came without Redis, of which it is told once it is back
---@field last_pause? number seconds until a permit comes, as last told
---@field private news? string what Redis is told with the next question
local SharedRateLimiter = {}
SharedRateLimiter.__index = SharedRateLimiter

---@param share fnf.Share
---@param action string
---@param quota { rate: number, burst: number, probe?: boolean }
---@return fnf.SharedRateLimiter
function permits.new(share, action, quota)
  return setmetatable({ share = share, action = action, own = rate_limiter.new(quota), rate = quota.rate,
    burst = quota.burst, processes = 1, askers = 0, spent = 0 }, SharedRateLimiter)
end

--- What Redis says: pause (microseconds), processes, runs, share of the rate (millionths); nil while it is away, or
--- makes no sense.
---@param told? string
---@param permit? fnf.SharedPermit
---@param now? number
---@return number[]|nil
local function ask(self, told, permit, now)
  local action, most = self.action, self.own.most
  local reply = self.share:run(script.permit, { "permits:" .. action, "askers:" .. action, "asked:" .. action,
    "processes:" .. action, "waits:" .. action }, { permit and permit.asker or "",
    number.format("%.6f", permit and now and math.max(0, now - permit.due) or 0), number.format("%.6f", most),
    number.format("%.6f", self.burst), told or self.news or "",
    number.format("%.6f", self.asked and 0 or self.burst), -- one that was lost may just have been emptied
    ("%d"):format(self.spent) })
  if not reply then
    return nil
  end
  self.news = nil
  local found = {}
  for i, most_of_it in ipairs(MOST) do
    found[i] = type(reply) == "table" and number.within(reply[i], 0, most_of_it)
    if not found[i] then
      return self.share:doubt("permits")
    end
  end
  self.asked, self.spent, self.alone, self.processes = true, 0, nil, math.max(1, found[2])
  self.own.load, self.own.rate = found[3], math.max(most / 16, most * found[4] / 1e6)
  self.rate = self.own.rate
  return found
end

--- The limiter that stands in, made anew for each time that Redis is away. What all have sent may have emptied the
--- service's bucket, so it begins with nothing, unless nobody else is known.
local function alone(self)
  if not self.alone then
    self.alone = rate_limiter.new { rate = self.own.most / self.processes,
      burst = math.max(1, self.burst / self.processes), empty = self.asked }
    for context in pairs(self.own.contexts) do
      self.alone:join(context)
    end
  end
  return self.alone
end

function SharedRateLimiter:join(context)
  self.own:join(context)
  if self.alone then
    self.alone:join(context)
  end
end

--- Runs that all processes wait for, as told.
---@param runs number
function SharedRateLimiter:weigh(runs)
  self.own.load = runs
end

function SharedRateLimiter:limits(limits)
  return (self.alone or self.own):limits(limits)
end

function SharedRateLimiter:first_poll(place)
  return (self.alone or self.own):first_poll(place)
end

--- Take a permit; Redis is asked for it by the first `pause`.
---@return fnf.SharedPermit
function SharedRateLimiter:take(now, due)
  self.askers = self.askers + 1
  return { asker = ("%s:%d"):format(self.share:name(), self.askers), due = due or now, ask_at = -math.huge }
end

function SharedRateLimiter:pause(permit, now)
  if not permit.own then
    if now < permit.ask_at then
      return permit.comes - now
    end
    local found = ask(self, nil, permit, now)
    if found then
      local pause = found[1] / 1e6
      self.last_pause = pause
      permit.comes = now + pause
      permit.ask_at = now + math.max(math.min(SLICE, pause), math.min(LONGEST_SLICE, pause / 2))
      return pause
    end
    permit.of = alone(self)
    permit.own = permit.of:take(now)
  end
  local pause = permit.of:pause(permit.own, now)
  if pause == 0 then
    self.spent = self.spent + 1
  end
  return pause
end

function SharedRateLimiter:give_back(permit)
  if permit.own then
    permit.of:give_back()
  elseif permit.comes then
    ask(self, "left", permit)
  end
end

function SharedRateLimiter:throttled(now)
  self.own:throttled(now)
  if self.alone then
    self.alone:throttled(now)
  end
  ask(self, "throttled")
end

function SharedRateLimiter:succeeded(now)
  self.own:succeeded(now)
  if self.alone then
    self.alone:succeeded(now)
  end
  self.news = "answered"
end

function SharedRateLimiter:told(quota, now)
  self.own:told(quota, now)
end

return permits
