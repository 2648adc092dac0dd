--- The service's own request quota as a token bucket, shared by all waits of a client. Pure: the time comes in.
-- SPDX-License-Identifier: MIT
--
-- Permits are handed out in the order of asking, and a wait asks when its poll is due: so what is due first is polled
-- first, and where the quota is too small all are late alike. That the quota goes to the runs whose end is near comes
-- from the plan (fnf.wait.progress): with more waits than it can serve, the polls that a far end needs are stretched.

local rate_limiter = {}

---@class fnf.RateLimiter
---@field rate number requests a second at present
---@field private contexts table<fnf.WaitContext, boolean> whose waits share it
---@field private most number the configured rate
---@field private burst number
---@field private permits integer handed out so far
---@field private granted number permits that may have come so far; `burst` more than handed out at most
---@field private at? number when that was right
local RateLimiter = {}
RateLimiter.__index = RateLimiter

local SLOWEST = 1 / 16 -- of the configured rate, however often the service throttles
local RECOVERY = 1 / 100 -- of the configured rate, won back by a success
local NEAR, FAR = 1 / 50, 2 -- of a round: the least and the most between two polls of a run when many are waited for
local EAGER = 0.65 -- of the time that first polls of many take: what is known of none goes before what is of some
local CALM_ROUND = 8 -- seconds a round may take before polls are spared
local ROUNDING = 1e-6 -- of a permit: a time that is too short to be slept
local CALM = 1 -- seconds after a halving in which further throttling is its echo

---@param quota { rate: number, burst: number } requests a second, and at once
---@return fnf.RateLimiter
function rate_limiter.new(quota)
  return setmetatable({ rate = quota.rate, most = quota.rate, burst = quota.burst, permits = 0,
    granted = quota.burst, contexts = setmetatable({}, { __mode = "k" }) }, RateLimiter)
end

local function refill(self, now)
  self.granted = math.min(self.permits + self.burst, self.granted + math.max(0, now - (self.at or now)) * self.rate)
  self.at = now
end

---- load ----

--- Count the waits of a context (`open` of them) while it lasts.
---@param context fnf.WaitContext
function RateLimiter:join(context)
  self.contexts[context] = true
end

--- Seconds that one poll of every wait takes.
local function round(self)
  local waits = 0
  for context in pairs(self.contexts) do
    waits = waits + context.open
  end
  return waits / self.rate
end

--- The limits of a wait's delays, stretched where the quota is too small for them. `max_delay` holds as long as a round
--- fits into it, and grows to two rounds, so that up to half of the quota is left to runs whose end is near.
---@param limits { min_delay: number, max_delay: number }
---@return { min_delay: number, max_delay: number, thrift?: number }
function RateLimiter:limits(limits)
  local span = round(self)
  local thrift = span / CALM_ROUND
  if thrift <= 1 then
    return limits
  end
  return { min_delay = math.max(limits.min_delay, span * NEAR),
    max_delay = math.max(limits.max_delay, span * FAR - limits.max_delay), thrift = thrift }
end

--- Seconds until the n-th of many waits that begin together is due to be polled first.
---@param place integer
---@return number
function RateLimiter:first_poll(place)
  return EAGER * math.max(0, place - self.burst) / self.rate
end

---- permits ----

--- Take a permit. When it comes is for `pause` to say, again and again: the rate may change until then.
---@param now number monotonic seconds
---@return integer permit
function RateLimiter:take(now)
  refill(self, now)
  self.permits = self.permits + 1
  return self.permits
end

--- Seconds until a permit comes, at the present rate.
---@param permit integer
---@param now number
---@return number
function RateLimiter:pause(permit, now)
  refill(self, now)
  local missing = permit - self.granted
  return missing > ROUNDING and missing / self.rate or 0
end

--- Give back a permit that was not used: all later ones come sooner.
function RateLimiter:give_back()
  self.granted = math.min(self.permits + self.burst, self.granted + 1)
end

--- The service throttled: half the rate, and nothing at once.
---@param now number
function RateLimiter:throttled(now)
  refill(self, now)
  if self.halved and now - self.halved < CALM then
    return
  end
  self.halved = now
  self.rate = math.max(self.most * SLOWEST, self.rate / 2)
  self.granted = math.min(self.permits, self.granted)
end

--- The service answered.
---@param now number
function RateLimiter:succeeded(now)
  if self.rate < self.most then
    refill(self, now)
    self.rate = math.min(self.most, self.rate + self.most * RECOVERY)
  end
end

return rate_limiter
