--- Holds what a source gave, and has it renewed ahead of its end, by one caller at a time.
-- SPDX-License-Identifier: MIT
--
-- Any number of coroutines may ask at once; whatever yields them yields in the context's send and sleep. One of them
-- refreshes, which is to ask the source; the others go on with what is held while that is good, else await its refresh.
-- One whose coroutine was killed, or unwound by an error, is taken over.

local errors = require "fnf.errors"

local provider = {}

---@class fnf.Source
---@field name string such as "env"
---@field fetch fun(context: fnf.CallContext): fnf.Credentials|nil, fnf.Error|nil
---@field region? fun(context: fnf.CallContext): string|nil the region its configuration names
---@field settings? table what it was made with: two of one name and the same settings give the same account's keys
---@field fixed? boolean true: asking again gives the same
---@field patience? number seconds that asking may take (20)

---@class fnf.CredentialsProvider what `fnf.credentials` functions return: a source, and what it gave
---@field source fnf.Source
---@field package held? fnf.Credentials
---@field package renew_at? number seconds since 1970; nil: never
---@field package under_way? table the refresh of whoever asks now
---@field package failures integer since the last success
---@field package next_try number monotonic seconds
local Provider = { __name = "fnf.Credentials" }
Provider.__index = Provider

local EARLY, EARLY_IF_SHORT, SHORT = 900, 180, 1800 -- seconds: renewed so long before its end (section 8)
local LONGEST_PAUSE = 10 -- seconds between two tries while the old ones are good
local PATIENCE = 20 -- seconds: connecting and reading, and a little
local INTERVAL = 0.05 -- seconds between two checks of another's refresh

---@param source fnf.Source
---@param held? fnf.Credentials what a fixed source gives
---@return fnf.CredentialsProvider
function provider.new(source, held)
  return setmetatable({ source = source, failures = 0, next_try = 0, held = held }, Provider)
end

---@param value any
---@return boolean
function provider.is(value)
  return getmetatable(value) == Provider
end

local function is_good(self, now)
  local held = self.held
  return held and not held.single_use and (not held.expires or now < held.expires)
end

--- When to renew credentials that came at `now`: never if they do not end, next time if they are for one use.
local function renewal(found, now)
  if found.single_use then
    return 0
  elseif not found.expires then
    return nil
  end
  local lifetime = found.expires - now
  return found.expires - (lifetime >= SHORT and EARLY or math.min(EARLY_IF_SHORT, lifetime / 2))
end

--- The held ones, if nothing needs to be asked for them.
---@param now number seconds since 1970
---@return fnf.Credentials|nil
function Provider:current(now)
  local renew_at = self.renew_at
  if not renew_at or now < renew_at then
    return self.held
  end
end

local function take_in(self, found, context, now)
  self.held, self.renew_at, self.failures = found, renewal(found, now), 0
  if not self.source.fixed then
    context.tell("refresh", { source = found.source, expires = found.expires })
  end
  return found
end

--- A failure: the old ones stay in use while they are good, and the next try waits a while.
local function keep_stale(self, err, context, now)
  self.failures = self.failures + 1
  local window = math.min(LONGEST_PAUSE, 2 ^ (self.failures - 1))
  self.next_try = context.now() + 1 + context.random() * (window - 1)
  context.tell("refresh", { source = self.source.name, error = err })
  if is_good(self, now) then
    return self.held
  end
  return nil, err
end

local function out_of_time(what)
  return errors.new { kind = "timeout", sent = false, message = "the deadline passed while " .. what }
end

--- Ask the source, while others wait.
local function refresh(self, context)
  local mine = { overdue = context.now() + (self.source.patience or PATIENCE), thread = coroutine.running() }
  self.under_way = mine
  local found, err = self.source.fetch(context)
  local now = context.time()
  if found and found.expires and found.expires <= now then
    found, err = nil, errors.credentials(("%s gave credentials that have expired already; is the clock right?"):format(
      self.source.name))
  end
  -- What only this caller's limits have ended says nothing to the others.
  local own = not found and (errors.is_own(err) or context.left() <= 0)
  if own and not errors.is_own(err) then
    err = out_of_time("looking for a key: " .. err.message)
  end
  mine.done, mine.found, mine.err = true, found, not own and err or nil
  if self.under_way == mine then
    self.under_way = nil
  end
  if found then
    return take_in(self, found, context, now)
  elseif own then
    return nil, err
  end
  return keep_stale(self, err, context, now)
end

local function is_running(other, context)
  return other and not other.done and context.now() < other.overdue and other.thread ~= coroutine.running()
end

--- Wait for another's refresh; true, or why this caller cannot.
local function await_refresh(other, context)
  while is_running(other, context) do
    if context.left() <= 0 then
      return nil, out_of_time("waiting for a key")
    end
    local slept, refused = context.sleep(INTERVAL)
    if not slept then
      return nil, refused or errors.cancelled()
    end
  end
  return true
end

--- Credentials to sign with now.
---@param context fnf.CallContext
---@return fnf.Credentials|nil
---@return fnf.Error|nil
function Provider:get(context)
  while true do
    local now, other = context.time(), self.under_way
    local current = self:current(now)
    if current then
      return current
    elseif is_good(self, now) and (is_running(other, context) or context.now() < self.next_try) then
      return self.held
    elseif not is_running(other, context) then
      return refresh(self, context)
    end
    local joined, err = await_refresh(other, context)
    if not joined then
      return nil, err
    elseif other.found then
      return other.found
    elseif other.err then
      return nil, errors.copy(other.err)
    end
  end
end

--- Take back what the service refuses as expired; whether asking the source again may give better.
---@param used fnf.Credentials
---@return boolean
function Provider:reject(used)
  if self.source.fixed then
    return false
  elseif self.held == used then
    self.held, self.renew_at = nil, nil
  end
  return true
end

function Provider:__tostring()
  return ("fnf.Credentials (%s)"):format(self.source.name)
end

return provider
