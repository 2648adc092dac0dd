--- The service's own request quota as a token bucket, shared by all waits of a client. Pure: the time comes in.
-- SPDX-License-Identifier: MIT
--
-- Permits are handed out in the order of asking, and a wait asks when its poll is due: so what is due first is polled
-- first, and where the quota is too small all are late alike. That the quota goes to the runs whose end is near comes
-- from the plan (fnf.wait.progress): with more waits than it can serve, the polls that a far end needs are stretched.
-- The quota is the configured one until the service tells its own, which may be larger or smaller (RateLimiter:told).

local rate_limiter = {}

---@class fnf.RateLimiter
---@field rate number requests a second at present
---@field contexts table<fnf.WaitContext, boolean> whose waits share it
---@field private configured number
---@field load? number runs that all processes wait for that share the quota, where that is known
---@field most number the rate without throttling: the configured one, or what the service tells
---@field private burst number
---@field private probe? boolean grow above that while no throttle comes
---@field private planned? number the rate by which those that were told plan
---@field private answered? number when an answer came last
---@field private limit? integer requests of a window, as last told
---@field private window? number seconds of it: the most that were told to be left
---@field private trust? number share of a larger quota that is used: halved by each throttle above the configured rate
---@field private permits integer handed out so far
---@field private sent integer the last permit that came
---@field private granted number permits that may have come so far; `burst` more than handed out at most
---@field private at? number when that was right
local RateLimiter = {}
RateLimiter.__index = RateLimiter

local SLOWEST = 1 / 16 -- of the configured rate, however often the service throttles
local RECOVERY = 1 / 100 -- of the configured rate a second, won back while answers come
local LONGEST_RECOVERY = 10 -- seconds between two answers that count for it: silence proves nothing
local NEAR, FAR = 1 / 50, 2 -- of a round: the least and the most between two polls of a run when many are waited for
local EAGER = 0.65 -- of the time that first polls of many take: what is known of none goes before what is of some
local CALM_ROUND = 8 -- seconds a round may take before polls are spared
local ROUNDING = 1e-6 -- of a permit: a time that is too short to be slept
local SHORTEST_WINDOW, FASTEST = 1, 1e5 -- seconds, and requests a second, that are believed
local NEWS = 1.5 -- times the rate that is known: then those who planned by it plan anew
local LONGEST_WAY = 0.25 -- seconds that the first request of many may take longer to the service than those that follow
local CALM = 1 -- seconds after a halving in which further throttling is its echo

--- One that begins `empty` lets nothing at once in the beginning.
---@param quota { rate: number, burst: number, probe?: boolean, empty?: boolean } requests a second, and at once
---@return fnf.RateLimiter
function rate_limiter.new(quota)
  return setmetatable({ rate = quota.rate, configured = quota.rate, most = quota.rate, burst = quota.burst,
    probe = quota.probe, permits = 0, sent = 0, granted = quota.empty and 0 or quota.burst,
    contexts = setmetatable({}, { __mode = "k" }) }, RateLimiter)
end

local function refill(self, now)
  local at = math.min(self.at or now, now + LONGEST_WAY) -- whatever the clock does
  self.granted = math.min(self.permits + self.burst, self.granted + math.max(0, now - at) * self.rate)
  self.at = math.max(at, now)
end

---- load ----

--- Count the waits of a context (`open` of them) while it lasts.
---@param context fnf.WaitContext
function RateLimiter:join(context)
  self.contexts[context] = true
end

--- Waits of this process.
local function own_load(self)
  local waits = 0
  for context in pairs(self.contexts) do
    waits = waits + context.open
  end
  return waits
end

--- Seconds that one poll of every wait takes.
local function round(self)
  return (self.load or own_load(self)) / self.rate
end

--- The limits of a wait's delays, stretched where the quota is too small for them: by the root of `stretch`, rounds in
--- the time of a calm one, the plan spares the polls of a far end. `max_delay` holds as long as a round fits into it,
--- and grows to two rounds, so that up to half of the quota is left to runs whose end is near.
---@param limits { min_delay: number, max_delay: number }
---@return { min_delay: number, max_delay: number, stretch?: number }
function RateLimiter:limits(limits)
  local span = round(self)
  local stretch = span / CALM_ROUND
  if stretch <= 1 then
    return limits
  end
  return { min_delay = math.max(limits.min_delay, span * NEAR),
    max_delay = math.max(limits.max_delay, span * FAR - limits.max_delay), stretch = stretch }
end

--- Seconds until the n-th of many waits that begin together is due to be polled first; between two of them come the
--- polls of other processes that share the quota.
---@param place integer
---@return number
function RateLimiter:first_poll(place)
  local step = self.load and math.max(1, self.load / math.max(1, own_load(self))) or 1
  return EAGER * math.max(0, 1 + (place - 1) * step - self.burst) / self.rate
end

---- permits ----

--- Take a permit. When it comes is for `pause` to say, again and again: the rate may change until then. The service's
--- bucket, full as this one, refills only from when the first request has come there, over a connection that is new.
---@param now number monotonic seconds
---@return integer permit
function RateLimiter:take(now)
  refill(self, now)
  if self.granted >= self.permits + self.burst then
    self.at = now + math.min(LONGEST_WAY, (self.burst - 1) / self.rate / 4)
  end
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
  if missing > ROUNDING then
    return self.at - now + missing / self.rate
  end
  self.sent = math.max(self.sent, permit)
  return 0
end

--- Give back a permit that was not used: all later ones come sooner.
function RateLimiter:give_back()
  self.granted = math.min(self.permits + self.burst, self.granted + 1)
end

---- what the service says ----

--- The service throttled: half the rate, and nothing at once.
---@param now number
function RateLimiter:throttled(now)
  refill(self, now)
  if self.halved and now - self.halved < CALM then
    return
  end
  if self.rate > self.configured then
    self.trust = (self.trust or 1) / 2
  end
  self.halved, self.answered = now, now
  self.rate = math.max(self.most * SLOWEST, self.rate / 2)
  self.granted = math.min(self.permits, self.granted)
end

--- The service answered. The rate grows by the time, not by the answer: what has been halved more often than another
--- program would else never catch up with it. With `probe` it grows on as long as permits are waited for.
---@param now number
function RateLimiter:succeeded(now)
  local passed = math.max(0, math.min(LONGEST_RECOVERY, now - (self.answered or now)))
  self.answered = now
  local most = self.probe and self.permits + 1 > self.granted and FASTEST or self.most
  if self.rate < most then
    refill(self, now)
    self.rate = math.min(most, self.rate + self.configured * RECOVERY * passed)
  end
end

--- Have those who planned by a much lower rate plan anew.
local function tell_contexts(self)
  if self.rate < NEWS * (self.planned or self.configured) then
    return
  end
  self.planned = self.rate
  for context in pairs(self.contexts) do
    if context.plan_anew then
      context.plan_anew()
    end
  end
end

---@class fnf.Quota what the service tells of it: requests of a window
---@field limit integer in all
---@field remain integer left in this one
---@field left number seconds until the next

--- The service told the quota: a larger one is used, as far as it throttles nothing that it allows, and a smaller one
--- kept. How long a window is is not told, but the most that was ever left of one is nearly that.
---@param quota fnf.Quota
---@param now number
function RateLimiter:told(quota, now)
  refill(self, now)
  if quota.limit ~= self.limit then
    self.limit, self.window = quota.limit, SHORTEST_WINDOW
  end
  self.window = math.max(self.window, quota.left)
  local most = math.min(FASTEST, self.limit / self.window)
  most = math.min(most, self.configured + math.max(0, most - self.configured) * (self.trust or 1))
  self.rate = self.rate < self.most and math.min(self.rate, most) or math.max(most, self.probe and self.rate or 0)
  self.most = most
  tell_contexts(self)
  -- Of a whole window all may be sent at once; the less is left of it, the more evenly it is spread over the rest.
  local used = 1 - math.min(1, quota.remain / quota.limit)
  self.granted = math.min(self.granted, self.sent + quota.remain - self.rate * quota.left * used)
end

return rate_limiter
