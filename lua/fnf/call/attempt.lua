--- One attempt of a call: a key, a signature of its own, the exchange, and what the answer means.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local json = require "fnf.json"
local request = require "fnf.call.request"
local response = require "fnf.call.response"
local time = require "fnf.time"

local attempt = {}

local floor, huge = math.floor, math.huge
local SHORTEST = 0.001 -- seconds that an exchange is given at least

--- Why there is no signature.
local function unsigned(call, status, message)
  if status == "no memory" then
    return errors.memory(message, false)
  end
  return errors.credentials(("the key cannot sign by %s: %s"):format(call.target.algorithm, message))
end

--- The key to sign with, made anew only when the credentials changed; neither key nor error for an unsigned call.
local function key_of(call)
  local self, provider = call.client, call.provider
  if not provider then
    return nil
  end
  local found = provider:current(self:key_time(call.platform))
  if not found then
    local err
    found, err = provider:get(require("fnf.call.context").of(call)) -- which a key that is given needs not
    if not found then
      return nil, err
    end
  end
  call.credentials = found
  local own = call.target == self.target
  if own and self.credentials_used == found then
    return self.key
  end
  local key, status, message = request.key(call.target.algorithm, found)
  if not key then
    return nil, unsigned(call, status, message)
  elseif own then
    self.key, self.credentials_used = key, found
  end
  return key
end

--- Text of the service's clock now; the same string for all signatures of one second.
local function timestamp(self, platform)
  local second = floor(platform.time() + self.skew)
  if second ~= self.second then
    self.second, self.second_text = second, time.timestamp(second)
  end
  return self.second_text
end

--- The service's refusal of a signature, with the one thing it lets us find out: it echoes the text it signed.
local function explain_signature(key, call, answer, err)
  if not key or (err.code ~= "SignatureDoesNotMatch" and err.code ~= "SignatureNotMatch") then
    return -- without a key nothing was signed, whatever the answer says
  end
  call.stages = {}
  if not request.sign(call.target, key, call) then
    return
  end
  local mine = call.stages.string_to_sign:match("[^\n]*$")
  local object = json.decode(answer.body)
  local echo = tostring(object and object.Message or ""):match("[Ss]tring%s?[Tt]o%s?[Ss]ign%s+is(.*)")
  if echo then
    err.message = err.message .. (echo:find(mine, 1, true)
      and "; it signed the same text, so access_key_secret is wrong"
      or "; it signed another text: something between changed the request")
  else
    err.message = err.message .. " (usually: access_key_secret does not belong to access_key_id)"
  end
end

local function left(call)
  return call.deadline and call.deadline - call.platform.now() or huge
end

--- Why a call may not go on, or nil.
local function is_over(call)
  if call.client.closed then
    return errors.new { kind = "cancelled", message = "the client was closed", sent = false }
  elseif call.cancel and call.cancel() then
    local err = errors.cancelled()
    err.sent = false
    return err
  elseif left(call) <= 0 then
    return errors.new { kind = "timeout", message = "the deadline passed before it was sent", sent = false }
  end
end

--- The headers with a traceparent, which no signature covers: of both families only x-acs-* and a few must be signed.
local function traced(headers, traceparent)
  local all = { traceparent = traceparent }
  for name, value in pairs(headers) do -- a copy: these may serve the next request, too
    all[name] = value
  end
  return all
end

--- Sign, send, read.
local function exchange(call, key)
  local self, platform = call.client, call.platform
  local status, message, signed
  call.timestamp = timestamp(self, platform)
  call.nonce, status, message = platform.nonce()
  call.stages = self.stages -- a table where somebody wants to see how it is signed (fnf --debug)
  if call.nonce then
    signed, status, message = request.sign(call.target, key, call)
  end
  if not signed then
    return nil, unsigned(call, status, message)
  end
  if self.traceparent and call.target == self.target then
    signed.headers = traced(signed.headers, self.traceparent)
  end
  -- Getting the key may have taken all the time there was.
  local timeout, connect_timeout, rest = call.attempt_timeout, self.settings.connect_timeout, left(call)
  timeout = rest < timeout and rest or timeout
  timeout = timeout < SHORTEST and SHORTEST or timeout
  signed.timeout, signed.connect_timeout = timeout, connect_timeout < timeout and connect_timeout or timeout
  signed.repeatable = call.row.repeatable == true
  local answer, err, result
  answer, err = self:send(signed, platform, call.cancel)
  if not answer then
    return nil, err
  end
  call.quota = call.rate_limiter and response.quota(answer.headers)
  result, err = response.read(call.row, call.params, answer)
  if err then
    explain_signature(key, call, answer, err)
  elseif self.skew ~= 0 then
    self:confirm_clock(time.from_http(response.header(answer.headers, "date")))
  end
  return result, err, answer.status
end

--- An answer, or a transport of the caller's, may repeat what it was sent.
local function hide_secrets(call, err)
  for _, field in ipairs { "access_key_secret", "security_token" } do
    errors.hide(err, call.credentials and call.credentials[field])
  end
  errors.hide(err, call.params.OIDCToken)
end

--- One attempt, if there is leave, time and a key for it.
---@param call fnf.Call
---@return table|nil
---@return fnf.Error|nil
function attempt.make(call)
  local self, platform = call.client, call.platform
  local over = is_over(call)
  if over then
    return nil, over
  end
  local key, refused = key_of(call)
  if refused then
    return nil, refused
  end
  local begun
  if self.on_event then
    begun = platform.now()
    self.on_event("request", { operation = call.row.action, attempt = call.attempt, host = call.target.endpoint.host })
  end
  local result, err, status = exchange(call, key)
  if err then
    local doubt = call.target.endpoint.doubt -- about the name of a region, say
    if doubt and err.kind == "network" and err.sent == false then
      err.message = ("%s; %s"):format(err.message, doubt)
    end
    hide_secrets(call, err)
  end
  if self.on_event then
    self.on_event("response", { operation = call.row.action, attempt = call.attempt, status = status,
      seconds = begun and platform.now() - begun or 0, error = err })
  end
  return result, err
end

return attempt
