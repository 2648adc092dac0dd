--- Everything impure outside nginx: clocks, randomness, environment, sleep, and HTTP by libcurl.
-- SPDX-License-Identifier: MIT
--
-- The one seam between the library and the world. What uses it is pure given one of these tables, so a spec hands in a
-- table of its own, with a clock moved by hand.

local ascii = require "fnf.ascii"
local cancellable = require "fnf.platform.cancellable"
local core = require "fnf.core"
local errors = require "fnf.errors"
local program = require "fnf.platform.program"
local scheduler = require "fnf.platform.scheduler"
local transfers = require "fnf.platform.transfers"

local plain = { gather = scheduler.gather }

---@class fnf.Platform
---@field now fun(): number monotonic seconds
---@field time fun(): number seconds since 1970
---@field random fun(): number from [0, 1)
---@field nonce fun(): string?, string?, string? 32 hexadecimal digits, or nil, fnf.core's status and why
---@field forks? fun(): integer forks so far: a process has another number than the one it was forked from
---@field getenv fun(name: string): string|nil
---@field environment_hint? fun(names: string[]): string what to do where it may hide variables from us
---@field read fun(path: string, limit: integer): string?, integer|string, string? text and permission bits, or nil,
---  fnf.core's status and why not
---@field run? fun(words: string[], limits: table, cancel?: fun(): any): string?, string|fnf.Error|nil see program.run
---@field sleep fun(seconds: number, cancel?: fun(): any): boolean, fnf.Error|nil false if cancelled, or why it may not
---@field send fun(request: fnf.Request, cancel?: fun(): any): fnf.Answer|nil, fnf.Error|nil
---@field gather fun(functions: function[], cancel?: fun(): any): any[]|nil, any see `scheduler.gather`
---@field times? fun(): number?, number?, number?, number?, number? seconds from the start of the last exchange to its
---  address, connection, TLS, first byte and end; 0 where there was none of it
---@field close fun()
---@field digest fun(text: string): string a hash in hexadecimal digits
---@field redis fun(settings: fnf.RedisSettings): fnf.RedisCommand commands to a Redis, over connections of its own
---@field no_redis_tls? fun(): string|nil why its connections to Redis know no TLS
---@field choose? fun(): fnf.Platform the platform of this very call, where that differs
---@field waitless? boolean nothing may wait in it, so `send` and `sleep` refuse, and Redis is not asked
---@field unsupported? table<string, string> options it cannot honour, and what does the same there

local LONGEST = 1 -- seconds in C at a time: so often Lua's own signal hook may run

--- fnf_status names of csrc/fnf.h to kinds of errors, and whether the failure may pass by itself.
local KINDS = {
  network = { "network", true },
  timeout = { "timeout", true },
  tls = { "tls", true },
  certificate = { "tls", false },
  protocol = { "protocol", true },
  proxy = { "network", false },
  ["no memory"] = { "memory", true },
}

local AUTHORITY = "nobody this machine trusts has signed it; give its authority as ca_file, or as FNF_CA_FILE"
local NO_TLS = "what listens there does not speak TLS; is the port another, or the endpoint http://?"

--- What libcurl or its TLS says, what there is to do about it, and whether it means that the address is wrong.
local HINTS = {
  { "^could not resolve ", nil, true },
  { "unable to get .*issuer certificate", AUTHORITY },
  { "unable to verify the first certificate", AUTHORITY },
  { "self.signed certificate", AUTHORITY },
  { "certificate issuer is unknown", AUTHORITY }, -- GnuTLS
  { "wrong version number", NO_TLS, true },
  { "packet length too long", NO_TLS, true },
  { "unexpected tls packet", NO_TLS, true },
}

local function failure(status, message, sent)
  local kind = KINDS[status] or { "network", false }
  local made = { kind = kind[1], message = message, retryable = kind[2], sent = sent }
  for _, hint in ipairs(HINTS) do
    if ascii.lower(message):find(hint[1]) then
      made.message = hint[2] and ("%s (%s)"):format(message, hint[2]) or message
      made.misaddressed = hint[3]
      break
    end
  end
  return errors.new(made)
end

local function sleep(seconds, cancel)
  local task = scheduler.current()
  if task then
    return scheduler.sleep(task, seconds, cancel)
  end
  return cancellable.sleep(seconds, cancel, function(left)
    core.sleep(math.min(left, LONGEST))
  end)
end

--- Send a request outside of a task, and wait for what comes of it, as `transfers.send` does.
local function exchange(pool, request, cancel)
  local slice = cancel and cancellable.SLICE or LONGEST
  local id, ended, status, a, b, sent = pool:exchange(request, slice)
  if not id then
    return nil, ended, status, false
  end
  while ended ~= id do
    if ended then
      transfers.deliver(pool, ended, status, a, b, sent)
    elseif cancel and cancel() then
      pool:cancel(id)
      return false
    end
    pool:wait(slice)
    ended, status, a, b, sent = pool:take()
  end
  return status, a, b, sent
end

--- A hash that tells texts apart, as hexadecimal digits; it hides none that can be guessed.
---@param text string
---@return string
function plain.digest(text)
  local signer = assert(core.signer("ACS3-HMAC-SHA256", "none", "none"))
  local found = assert(signer:hash(text))
  signer:close()
  return found
end

--- The authorities to trust: FNF_CA_FILE stands in for an absent `ca_file`, unless it was emptied.
---@param given? string the option
---@return string|nil PEM file; nil: the system's own
function plain.ca_file(given)
  local inherited = os.getenv "FNF_CA_FILE"
  return given or inherited ~= "" and inherited or nil
end

--- A platform with connections of its own, opened at the first send.
---@param options fnf.Options of a client, unchecked; one that is to reach Redis has the option `share`
---@return fnf.Platform
function plain.new(options)
  local pool
  local settings = {
    ca_file = plain.ca_file(options.ca_file),
    cert_file = options.cert_file,
    key_file = options.key_file,
    proxy = options.proxy,
    no_proxy = options.no_proxy,
    max_connections = options.max_connections,
  }
  local platform = { now = core.now, time = core.time, random = core.random, nonce = core.nonce, getenv = os.getenv,
    forks = core.forks, read = core.read, sleep = sleep, gather = scheduler.gather, digest = plain.digest }

  -- Now: when a wait first asks Redis there may be no descriptor left to read it by.
  local redis = options.share and require "fnf.platform.plain_redis"

  function platform.redis(redis_settings)
    return redis.open(redis_settings, settings.ca_file)
  end

  function platform.no_redis_tls()
    return redis.no_tls()
  end

  function platform.send(request, cancel)
    if not pool then
      local loaded, curl = pcall(require, "fnf.curl")
      if errors.is_interrupt(curl) then
        error(curl, 0)
      elseif not loaded then -- there may be no descriptor left to read it by
        return nil, failure("not loaded", errors.words_of_loader(curl), false)
      end
      local status, message
      pool, status, message = curl.pool(settings)
      if not pool then
        return nil, failure(status, message, false)
      end
    end
    local task = scheduler.current()
    local status, a, b, sent
    if task then
      status, a, b, sent = transfers.send(task, pool, request, cancel)
    else
      status, a, b, sent = exchange(pool, request, cancel)
    end
    if status then
      return { status = status, headers = a, body = b }
    elseif status == false then
      return nil, errors.cancelled()
    end
    return nil, failure(a, b, sent)
  end

  function platform.times()
    if pool then
      return pool:times()
    end
  end

  function platform.run(words, limits, cancel)
    return program.run(words, limits, function(seconds)
      return platform.sleep(seconds, cancel)
    end)
  end

  function platform.close()
    if pool then
      transfers.close_pool(pool)
      pool:close()
      pool = nil
    end
  end

  return platform
end

--- The addresses of a host by the system's resolver, which blocks: for finding out what is wrong.
---@param host string
---@return string[]|nil
---@return string|nil status
---@return string|nil reason
function plain.resolve(host)
  return require("fnf.curl").resolve(host)
end

--- Versions of libcurl and of its TLS.
---@return string libcurl
---@return string tls
function plain.versions()
  return require("fnf.curl").versions()
end

return plain
