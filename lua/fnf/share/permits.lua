--- A rate limiter whose bucket lies in Redis: one for each account and operation, for all processes.
-- SPDX-License-Identifier: MIT
--
-- It has the methods of fnf.RateLimiter. While Redis is away it is one with this process's fair share of the quota, by
-- the processes last known.

local rate_limiter = require "fnf.call.rate_limiter"
local script = require "fnf.share.script"

local permits = {}

local SLICE = 1 -- seconds of a pause in which Redis is not asked again

---@class fnf.SharedPermit
---@field number? integer in Redis
---@field own? integer of the limiter that stands in
---@field of? fnf.RateLimiter that one
---@field due number when it comes, by the last answer
---@field ask_at number when Redis is asked again: the rate may have changed

---@class fnf.SharedRateLimiter : fnf.RateLimiter
---@field private share fnf.Share
---@field private action string
---@field private own fnf.RateLimiter knows what the service tells, and the load
---@field private quota { rate: number, burst: number }
---@field private alone? fnf.RateLimiter stands in while Redis is away
---@field private processes integer as last known
---@field last_pause? number seconds until a permit came, as last told
---@field private news? string what Redis is told with the next question
local SharedRateLimiter = {}
SharedRateLimiter.__index = SharedRateLimiter

---@param share fnf.Share
---@param action string
---@param quota { rate: number, burst: number, probe?: boolean }
---@return fnf.SharedRateLimiter
function permits.new(share, action, quota)
  return setmetatable({ share = share, action = action, quota = quota, own = rate_limiter.new(quota), rate = quota.rate,
    burst = quota.burst, processes = 1 }, SharedRateLimiter)
end

--- Waits of this process, counted by the part of their polls that is its own.
local function load_of(self)
  local open = 0
  for context in pairs(self.own.contexts) do
    open = open + context.open
  end
  return math.ceil(open * self.share:own_part(self.action))
end

--- What Redis says; nil while it is away, or makes no sense.
local function ask(self, told, permit)
  local most = self.own.most
  local reply = self.share:run(script.permit, { "permits:" .. self.action, "processes:" .. self.action }, {
    tostring(load_of(self)), ("%.6f"):format(most), ("%.6f"):format(self.burst), told or self.news or "",
    ("%.0f"):format(permit or 0), permit and "1" or "0" })
  if not reply then
    return nil
  end
  self.news = nil
  local found = {}
  for i = 1, 5 do
    found[i] = type(reply) == "table" and tonumber(reply[i])
    if not found[i] then
      return self.share:doubt("permits")
    end
  end
  self.alone, self.processes = nil, math.max(1, found[3])
  self.own.load, self.own.rate = found[4], math.max(most / 16, most * found[5] / 1e6)
  self.rate = self.own.rate
  return found
end

--- The limiter that stands in, made anew for each time that Redis is away.
local function alone(self)
  if not self.alone then
    self.alone = rate_limiter.new { rate = self.own.most / self.processes,
      burst = math.max(1, self.burst / self.processes) }
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

function SharedRateLimiter:limits(limits)
  return (self.alone or self.own):limits(limits)
end

function SharedRateLimiter:first_poll(place)
  return (self.alone or self.own):first_poll(place)
end

--- Take a permit; Redis is asked for it by the first `pause`.
---@return fnf.SharedPermit
function SharedRateLimiter:take() -- luacheck: ignore self
  return { ask_at = -math.huge }
end

function SharedRateLimiter:pause(permit, now)
  if not permit.own then
    if now < permit.ask_at then
      return math.max(0, permit.due - now)
    end
    local found = ask(self, nil, permit.number or 0)
    if found then
      local pause = found[2] / 1e6
      permit.number, permit.due, self.last_pause = found[1], now + pause, pause
      permit.ask_at = now + math.max(math.min(SLICE, pause), pause / 2)
      return pause
    end
    permit.of = alone(self)
    permit.own = permit.of:take(now)
  end
  return permit.of:pause(permit.own, now)
end

function SharedRateLimiter:give_back(permit)
  if permit.own then
    permit.of:give_back()
  elseif permit.number then
    ask(self, "given back")
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
