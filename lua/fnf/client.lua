--- A client: settings checked once, then every operation of the service as a method.
-- SPDX-License-Identifier: MIT

local credentials = require "fnf.credentials"
local errors = require "fnf.errors"
local json = require "fnf.json"
local request = require "fnf.request"
local response = require "fnf.response"
local retry = require "fnf.retry"
local settings = require "fnf.settings"
local time = require "fnf.time"

local client = {}

client.VERSION = "0.1.0"
local API_VERSION = "2019-03-15"

---@class fnf.Client
---@field package target fnf.Target
---@field package settings fnf.Settings
---@field package budget fnf.Budget
---@field on_event? fun(name: string, fields: table)
local Client = { __name = "fnf.Client" }
Client.__index = Client

local NO_OPTIONS = {}

---- making one ----

--- A client, or what is wrong with the options; the caller raises it.
---@param options table as `fnf.new`
---@param platform fnf.Platform
---@return fnf.Client|nil
---@return string|nil complaint
function client.new(options, platform)
  local read, complaint = settings.read(options, platform)
  if not read then
    return nil, complaint
  end
  local made = setmetatable({
    settings = read,
    target = { endpoint = read.endpoint, algorithm = read.signature, version = API_VERSION,
      headers = setmetatable({}, { __mode = "k" }),
      user_agent = options.user_agent or ("fnf-lua/%s (%s)"):format(client.VERSION, _VERSION) },
    provider = options.access_key_id and credentials.static(options) or credentials.env(),
    transport = options.transport,
    on_event = options.on_event,
    budget = retry.budget(),
    skew = 0,
    world = platform,
  }, Client)
  if read.endpoint.doubt then
    made:tell("warning", { message = read.endpoint.doubt })
  end
  return made
end

---- what a call needs ----

--- The platform this call runs on.
---@return fnf.Platform
function Client:platform()
  return self.world
end

--- Tell the listener, if there is one.
---@param name string
---@param fields table
function Client:tell(name, fields)
  if self.on_event then
    self.on_event(name, fields)
  end
end

--- Take the server's word for the time of day.
---@param date number|nil seconds since 1970
---@return boolean
function Client:correct_clock(date)
  if not date then
    return false
  end
  self.skew = date - self.world.time()
  self:tell("warning", { message = ("this machine's clock is off by %d seconds; corrected for signing"):format(
    math.floor(self.skew + 0.5)) })
  return true
end

--- The key to sign with; made anew only when the credentials changed.
local function key_of(self, platform)
  local found, err = self.provider(platform)
  if not found then
    return nil, err
  elseif self.credentials_used ~= found then
    local key, reason = request.key(self.target.algorithm, found)
    if not key then
      return nil, errors.new { kind = "credentials", message = ("the key cannot sign by %s: %s"):format(
        self.target.algorithm, reason) }
    end
    self.key, self.credentials_used = key, found
  end
  return self.key
end

--- Text of the service's clock now; the same string for all signatures of one second.
local function timestamp(self, platform)
  local second = math.floor(platform.time() + self.skew)
  if second ~= self.second then
    self.second, self.second_text = second, time.timestamp(second)
  end
  return self.second_text
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

--- The service's refusal of a signature, with the one thing it lets us find out: it echoes the text it signed.
local function explain_signature(self, key, call, answer, err)
  if err.code ~= "SignatureDoesNotMatch" and err.code ~= "SignatureNotMatch" then
    return
  end
  call.stages = {}
  request.sign(self.target, key, call)
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

--- Sign, send, read.
local function exchange(call, key, left)
  local self, platform = call.client, call.platform
  call.timestamp, call.nonce = timestamp(self, platform), platform.nonce()
  local signed = request.sign(self.target, key, call)
  signed.timeout = math.min(call.timeout, left)
  signed.connect_timeout = math.min(self.settings.connect_timeout, signed.timeout)
  local answer, err, result
  if self.transport then
    answer, err = send_by(self.transport, signed)
  else
    answer, err = platform.send(signed, call.cancel)
  end
  if not answer then
    return nil, err
  end
  result, err = response.read(call.row, call.params, answer)
  if err then
    explain_signature(self, key, call, answer, err)
  end
  return result, err, answer.status
end

--- One attempt, if there is leave, time and a key for it.
local function attempt(call)
  local self, platform = call.client, call.platform
  local now = platform.now()
  local left = call.deadline and call.deadline - now or math.huge
  if self.closed then
    return nil, errors.new { kind = "cancelled", message = "the client was closed", sent = false }
  elseif call.cancel and call.cancel() then
    local err = errors.cancelled()
    err.sent = false
    return nil, err
  elseif left <= 0 then
    return nil, errors.new { kind = "timeout", message = "the deadline passed before it was sent", sent = false }
  end
  local key, refused = key_of(self, platform)
  if not key then
    return nil, refused
  end
  local used = self.credentials_used
  if self.on_event then
    self.on_event("request", { operation = call.row.action, attempt = call.attempt, host = self.target.endpoint.host })
  end
  local result, err, status = exchange(call, key, left)
  if err then -- an answer, or a transport of the caller's, may repeat what it was sent
    errors.hide(err, used.access_key_secret)
    errors.hide(err, used.security_token)
  end
  if self.on_event then
    self.on_event("response", { operation = call.row.action, attempt = call.attempt, status = status,
      seconds = platform.now() - now, error = err })
  end
  return result, err
end

local HOLD_MARGIN = 10 -- seconds between the end of a request that the service holds open and giving it up

--- Seconds an attempt may take: the client's setting, unless the operation itself takes its time.
local function attempt_timeout(self, row, params)
  local held = row.holds and tonumber(params[row.holds]) or 0
  if held > 0 then
    return held + HOLD_MARGIN
  end
  return math.max(self.settings.timeout, row.timeout or 0)
end

--- Carry out an operation whose parameters and options are checked.
---@param row fnf.Operation
---@param params table
---@param options? table
---@param platform? fnf.Platform
---@return table|nil
---@return fnf.Error|nil
---@return boolean|nil doubtful see retry.run
function Client:perform(row, params, options, platform)
  options, platform = options or NO_OPTIONS, platform or self:platform()
  return retry.run({
    client = self, row = row, params = params, platform = platform, attempt = 0,
    max_attempts = options.max_attempts or self.settings.max_attempts,
    timeout = options.timeout or attempt_timeout(self, row, params),
    deadline = options.deadline and platform.now() + options.deadline,
    cancel = options.cancel,
  }, attempt)
end

---- the class ----

--- What is wrong with calling `name` on this, or nil.
---@param self any
---@param name string
---@return string|nil
function client.refuse(self, name)
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
  if not self.closed then
    self.closed = true
    self.key, self.credentials_used = nil, nil
    self.world.close()
  end
end

Client.__close = Client.close

function Client:__tostring()
  return ("fnf.Client (%s%s)"):format(self.target.endpoint.host, self.closed and ", closed" or "")
end

return client
