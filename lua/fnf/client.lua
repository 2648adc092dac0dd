--- A client: settings checked once, then every operation of the service as a method.
-- SPDX-License-Identifier: MIT

local attempt = require "fnf.call.attempt"
local errors = require "fnf.errors"
local retry = require "fnf.call.retry"
local settings = require "fnf.settings"

local client = {}


client.VERSION = "0.1.0"
local API_VERSION = "2019-03-15"

---@class fnf.Client
---@field package target fnf.Target
---@field package provider fnf.CredentialsProvider
---@field package settings fnf.Settings
---@field share? fnf.Share answers and quota with other processes
---@field package budget fnf.Budget
---@field on_event? fun(name: string, fields: table) tells all listeners; nil if there is none
---@field package traceparent? string W3C Trace Context that requests carry
---@field package listeners fun(name: string, fields: table)[] the one added last first
local Client = { __name = "fnf.Client" }
Client.__index = Client

local NO_OPTIONS = {}
local MOST_SKEW = 86400 -- seconds: a Date further off is the mistake
local SKEW_TOLERANCE = 60 -- seconds between two readings of the service's clock: answers take their time
-- So much of a quota's burst is left alone: requests do not arrive at the distances they were sent at, and those of
-- many processes less so.
local MARGIN = 1 -- requests
local SHARED_MARGIN = 1 -- seconds' worth of requests

---- making one ----

--- A client, or what is wrong with the options; the caller raises it.
---@param options table as `fnf.new`
---@param platform fnf.Platform
---@return fnf.Client|nil
---@return string|nil problem
function client.new(options, platform)
  local read, provider = settings.read(options, platform)
  if not read then
    return nil, provider --[[@as string]]
  end
  local made = setmetatable({
    settings = read,
    target = { endpoint = read.endpoint, algorithm = read.signature, version = API_VERSION,
      headers = setmetatable({}, { __mode = "k" }),
      -- A proxy of the environment is not meant for this machine; one among the options is.
      direct = read.endpoint.loopback and not options.proxy or nil,
      user_agent = options.user_agent or ("fnf-lua/%s (%s)"):format(client.VERSION, _VERSION) },
    provider = provider,
    transport = options.transport,
    traceparent = options.traceparent,
    listeners = { options.on_event },
    on_event = options.on_event,
    budget = retry.budget(),
    skew = 0,
    rate_limiters = {},
    platform = platform,
  }, Client)
  made.share = read.share and require("fnf.share").new(read.share, made)
  if read.endpoint.doubt then
    made:tell("warning", { message = read.endpoint.doubt })
  end
  return made
end

---- what a call needs ----

--- The platform this call runs on.
---@return fnf.Platform
function Client:choose_platform()
  if self.platform.choose then
    return self.platform.choose()
  end
  return self.platform
end

--- The host that is asked.
---@return string
function Client:host()
  return self.target.endpoint.host
end

--- What is told to each of several, or to one without a loop; nil if there is none.
local function fan_out(listeners)
  if #listeners < 2 then
    return listeners[1]
  end
  return function(name, fields)
    for _, listener in ipairs(listeners) do
      listener(name, fields)
    end
  end
end

--- Add a listener of the events, beside the option `on_event`. The one added last hears first: an `on_event` that
--- raises keeps nobody else from hearing.
---@param listener fun(name: string, fields: table)
---@return fun() stop ends it
function Client:listen(listener)
  if getmetatable(self) ~= Client then
    error("fnf.Client: call it with a colon: client:listen(listener)", 2)
  elseif type(listener) ~= "function" then
    error("fnf.Client:listen: the listener must be a function, not a " .. type(listener), 2)
  end
  local function hear(name, fields) -- its own, so that the same function may listen twice
    return listener(name, fields)
  end
  -- A new list each time: one may be added or leave while an event is told.
  local all = { hear }
  for _, other in ipairs(self.listeners) do
    all[#all + 1] = other
  end
  self.listeners = all
  self.on_event = fan_out(self.listeners)
  return function()
    local others = {}
    for _, other in ipairs(self.listeners) do
      others[#others + 1] = other ~= hear and other or nil
    end
    self.listeners = others
    self.on_event = fan_out(others)
  end
end

--- A client like this one, with its settings, provider and listeners, that goes on when this one is closed: for what
--- works in the background with a client that was only lent to it.
---@return fnf.Client
function Client:outliving()
  local copy = {}
  for name, value in pairs(self) do
    copy[name] = value
  end
  copy.closed = nil
  if self.on_event then
    copy.on_event = function(name, fields)
      return self:tell(name, fields) -- whoever listens then, not now
    end
  end
  return setmetatable(copy, Client)
end

--- This client, but that its requests carry another traceparent; all it knows and learns is this one's.
---@param traceparent string
---@return fnf.Client
function Client:traced(traceparent)
  return setmetatable({ traceparent = traceparent }, { __index = self, __newindex = self })
end

--- Tell the listeners, if there are any.
---@param name string
---@param fields table
function Client:tell(name, fields)
  if self.on_event then
    self.on_event(name, fields)
  end
end

--- The rate_limiter that all waits by this operation share, or nil if there is to be none.
---@param row fnf.Operation
---@return fnf.RateLimiter|nil
function Client:rate_limiter(row)
  local quota = self.settings.rate_limit
  if quota ~= false and not self.rate_limiters[row.action] then
    local margin = self.share and SHARED_MARGIN * row.quota.rate or MARGIN
    quota = { rate = quota and quota.rate or row.quota.rate,
      burst = quota and quota.burst or math.max(1, row.quota.burst - margin), probe = quota and quota.probe }
    self.rate_limiters[row.action] = self.share and self.share:rate_limiter(row, quota)
      or require("fnf.call.rate_limiter").new(quota) -- which only waits need
  end
  return self.rate_limiters[row.action]
end

--- The service's time of day, as far as it is known.
---@param platform fnf.Platform
---@return number seconds since 1970
function Client:time(platform)
  return platform.time() + self.skew
end

--- Seconds since 1970 by which a key's end is judged: of this machine's clock and the service's the earlier, so that
--- a wrong correction never takes a good key for ended. One that has is refused by the service, and renewed then.
---@param platform fnf.Platform
---@return number
function Client:key_time(platform)
  local skew = self.skew
  return platform.time() + (skew < 0 and skew or 0)
end

--- Take the server's word for the time of day, unless it is absurd.
---@param date number|nil seconds since 1970
---@return boolean
function Client:correct_clock(date)
  local skew = date and date - self.platform.time()
  if not skew or math.abs(skew) > MOST_SKEW then
    return false
  end
  self.skew = skew
  self:tell("warning", { message = ("this machine's clock is off by %d seconds; corrected for signing"):format(
    math.floor(self.skew + 0.5)) })
  return true
end

--- A good answer's Date puts right what an earlier, wrong one has spoilt.
---@param date number|nil seconds since 1970
function Client:confirm_clock(date)
  local skew = date and date - self.platform.time()
  if skew and math.abs(skew) <= MOST_SKEW and math.abs(skew - self.skew) > SKEW_TOLERANCE then
    self.skew = skew
  end
end

---- the way of a call ----

--- A transport of the caller's: whatever it answers becomes an answer or an error.
local function send_by(transport, signed)
  local headers = {}
  for name, value in pairs(signed.headers) do -- a copy: ours serve the next request, too
    headers[name] = value
  end
  signed.headers = headers
  local answer, reason = transport(signed)
  local status = type(answer) == "table" and type(answer.body) == "string" and answer.status
  if type(status) == "number" and status % 1 == 0 then
    return { status = math.floor(status), headers = answer.headers, body = answer.body }
  elseif errors.is(reason) then
    return nil, reason
  elseif answer then
    return nil, errors.new { kind = "protocol", retryable = true,
      message = "the transport answered without a numeric status and a body" }
  end
  local text = tostring(reason or "the transport gave no reason")
  return nil, errors.new { kind = text:find("timeout") and "timeout" or "network", message = text, retryable = true }
end

--- Send a request by the caller's transport, else by the platform.
---@param signed fnf.Request
---@param platform fnf.Platform
---@param cancel? fun(): any
---@return fnf.Answer|nil
---@return fnf.Error|nil
function Client:send(signed, platform, cancel)
  if self.transport then
    return send_by(self.transport, signed)
  end
  return platform.send(signed, cancel)
end

local HOLD_MARGIN = 10 -- seconds between the end of a request that the service holds open and giving it up

---@class fnf.Limits what bounds a call, or several that belong together
---@field deadline? number of the whole, by platform.now
---@field attempt_timeout? number seconds of one attempt
---@field max_attempts? integer
---@field cancel? fun(): any

--- The caller's options as limits: here the seconds of the whole become an instant, once.
---@param options { timeout?: number, attempt_timeout?: number, max_attempts?: integer, cancel?: fun(): any }
---@param platform fnf.Platform
---@return fnf.Limits
function Client:limits(options, platform)
  local timeout = options.timeout or self.settings.timeout
  return { deadline = options.deadline or timeout and platform.now() + timeout, cancel = options.cancel,
    attempt_timeout = options.attempt_timeout, max_attempts = options.max_attempts }
end

--- Seconds an attempt may take: the client's setting, unless the operation itself takes its time.
local function attempt_timeout(self, row, params)
  local held = row.holds and tonumber(params[row.holds]) or 0
  if held > 0 then
    return held + HOLD_MARGIN
  end
  local usual, own = self.settings.attempt_timeout, row.attempt_timeout
  return own and own > usual and own or usual
end

--- Carry out an operation whose parameters and options are checked: a caller's, with `timeout` in seconds, or
--- fnf.Limits, with `deadline`. `options.product` is who else is asked, and whose key signs: { target =, provider = }.
---@param row fnf.Operation
---@param params table
---@param options? table
---@param platform? fnf.Platform
---@return table|nil
---@return fnf.Error|nil
---@return boolean|nil outcome_unknown see retry.run
function Client:perform(row, params, options, platform)
  options, platform = options or NO_OPTIONS, platform or self:choose_platform()
  local product, timeout = options.product or self, options.timeout or self.settings.timeout
  return retry.run({
    client = self, row = row, params = params, platform = platform, attempt = 0,
    max_attempts = options.max_attempts or self.settings.max_attempts,
    attempt_timeout = options.attempt_timeout or attempt_timeout(self, row, params),
    deadline = options.deadline or timeout and platform.now() + timeout,
    target = product.target, provider = product.provider,
    cancel = options.cancel,
    rate_limiter = options.rate_limiter, due = options.due,
  }, attempt.make)
end

---- the class ----

--- What is wrong with calling `name` on this, or nil.
---@param self any
---@param name string
---@return string|nil
function client.validate(self, name)
  if getmetatable(self) ~= Client then
    return ("call it with a colon: client:%s{...}"):format(name)
  elseif self.closed then
    return "the client is closed"
  end
end

--- Make a function a method of every client.
---@param name string
---@param method function
function client.add(name, method)
  Client[name] = method
end

--- Close the connections. A call afterwards raises.
function Client:close()
  if getmetatable(self) ~= Client then
    error("fnf.Client: call it with a colon: client:close()", 2)
  elseif not self.closed then
    self.closed = true
    self.key, self.credentials_used = nil, nil
    self.platform.close()
  end
end

Client.__close = Client.close

function Client:__tostring()
  return ("fnf.Client (%s%s)"):format(self.target.endpoint.host, self.closed and ", closed" or "")
end

return client
