--- The service's own request quota as a token bucket, shared by all waits of a client. Pure: the time comes in.
-- SPDX-License-Identifier: MIT
--
-- Turns are handed out in the order of asking, and a wait asks when its look is due: so what is due first is looked at
-- first, and where the quota is too small all are late alike. That the budget goes to the runs whose end is near comes
-- from the plan (fnf.progress): with more waits than the quota can serve, the looks that a far end needs are stretched.

local pace = {}

---@class fnf.Pace
---@field rate number requests a second at present
---@field private errands table<fnf.Errand, boolean> whose waits share it
---@field private most number the configured rate
---@field private burst number
---@field private turns integer handed out so far
---@field private granted number turns that may have come so far; `burst` more than handed out at most
---@field private at? number when that was right
local Pace = {}
Pace.__index = Pace

local SLOWEST = 1 / 16 -- of the configured rate, however often the service throttles
local RECOVERY = 1 / 100 -- of the configured rate, won back by a success
local NEAR, FAR = 1 / 50, 2 -- of a round: the least and the most between two looks at a run when many are waited for
local EAGER = 0.65 -- of the time that first looks at many take: what is known of none goes before what is of some
local CALM_ROUND = 8 -- seconds a round may take before looks are spared
local ROUNDING = 1e-6 -- of a turn: a time that is too short to be slept
local CALM = 1 -- seconds after a halving in which further throttling is its echo

---@param quota { rate: number, burst: number } requests a second, and at once
---@return fnf.Pace
function pace.new(quota)
  return setmetatable({ rate = quota.rate, most = quota.rate, burst = quota.burst, turns = 0,
    granted = quota.burst, errands = setmetatable({}, { __mode = "k" }) }, Pace)
end

local function refill(self, now)
  self.granted = math.min(self.turns + self.burst, self.granted + math.max(0, now - (self.at or now)) * self.rate)
  self.at = now
end

---- load ----

--- Count the waits of an errand (`open` of them) while it lasts.
---@param errand fnf.Errand
function Pace:join(errand)
  self.errands[errand] = true
end

--- Seconds that one look at every wait takes.
local function round(self)
  local waits = 0
  for errand in pairs(self.errands) do
    waits = waits + errand.open
  end
  return waits / self.rate
end

--- The limits of a wait's delays, stretched where the quota is too small for them. `max_delay` holds as long as a round
--- fits into it, and grows to two rounds, so that up to half of the quota is left to runs whose end is near.
---@param limits { min_delay: number, max_delay: number }
---@return { min_delay: number, max_delay: number, thrift?: number }
function Pace:limits(limits)
  local span = round(self)
  local thrift = span / CALM_ROUND
  if thrift <= 1 then
    return limits
  end
  return { min_delay = math.max(limits.min_delay, span * NEAR),
    max_delay = math.max(limits.max_delay, span * FAR - limits.max_delay), thrift = thrift }
end

--- Seconds until the n-th of many waits that begin together is due to look first.
---@param place integer
---@return number
function Pace:first_look(place)
  return EAGER * math.max(0, place - self.burst) / self.rate
end

---- turns ----

--- Take a turn. When it comes is for `pause` to say, again and again: the rate may change until then.
---@param now number monotonic seconds
---@return integer turn
function Pace:take(now)
  refill(self, now)
  self.turns = self.turns + 1
  return self.turns
end

--- Seconds until a turn comes, at the present rate.
---@param turn integer
---@param now number
---@return number
function Pace:pause(turn, now)
  refill(self, now)
  local missing = turn - self.granted
  return missing > ROUNDING and missing / self.rate or 0
end

--- Give back a turn that was not used: all later ones come sooner.
function Pace:give_back()
  self.granted = math.min(self.turns + self.burst, self.granted + 1)
end

--- The service throttled: half the rate, and nothing at once.
---@param now number
function Pace:throttled(now)
  refill(self, now)
  if self.halved and now - self.halved < CALM then
    return
  end
  self.halved = now
  self.rate = math.max(self.most * SLOWEST, self.rate / 2)
  self.granted = math.min(self.turns, self.granted)
end

--- The service answered.
---@param now number
function Pace:succeeded(now)
  if self.rate < self.most then
    refill(self, now)
    self.rate = math.min(self.most, self.rate + self.most * RECOVERY)
  end
end

return pace
