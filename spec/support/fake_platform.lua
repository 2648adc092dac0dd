--- A fake platform that all pure specs share: scripted answers, recorded sends and sleeps, a clock moved by hand.
-- SPDX-License-Identifier: MIT
--
--   local cloud = fake_platform.new { { status = 500 }, fake_platform.run { Status = "Succeeded" } }
--   local client = cloud:client()
--   ... cloud.sent[1].query.Action, cloud.sleeps[1], cloud.clock
--
-- A row of the script is one answer:
--   status, headers, body     what comes back; a table as body becomes JSON; status is 200 unless given
--   fault = kind, message     or an error of the transport; retryable unless `retryable = false`
--   takes                     seconds the exchange lasts; more than the request's timeout is a timeout
--   times                     how often the row is used before the next one is; `math.huge` for ever
-- or a function(request, fake) that returns such a row. A send that no row is left for raises.

local client = require "fnf.client"
local errors = require "fnf.errors"
local json = require "fnf.json"
require "fnf.methods"

local fake_platform = {}

local Scripted = {}
Scripted.__index = Scripted

--- What the specs ask about.
fake_platform.names = { FlowName = "orders", ExecutionName = "nightly-1",
  MapRunName = "5f2c8d1e0a7b4c3d9e6f8a1b2c3d4e5f" }
fake_platform.secret = "S3cretOfTheSpec"
fake_platform.token = "TokenOfTheSpec/+=="

local CANCEL_SLICE = 0.1 -- seconds: as often as the real platform asks
local WALL = 1790000000 -- seconds since 1970 when a fake begins

---- rows ----

--- An answer about a MapRun: that of `fake_platform.names` unless the fields say otherwise.
function fake_platform.run(fields, row)
  local names = fake_platform.names
  local run = { MapRunName = names.MapRunName, ExecutionName = names.ExecutionName, Status = "Running",
    RequestId = "request-of-the-run" }
  for name, value in pairs(fields or {}) do
    run[name] = value
  end
  row = row or {}
  row.body = run
  return row
end

--- A refusal in the service's envelope.
function fake_platform.refusal(status, code, message, headers)
  return { status = status, headers = headers,
    body = { Code = code, Message = message or "refused", RequestId = "request-of-the-refusal", HostId = "host" } }
end

--- The same row any number of times.
function fake_platform.passing(row, times)
  local copy = { times = times }
  for name, value in pairs(row) do
    copy[name] = value
  end
  return copy
end

---- the platform ----

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

--- The parameters of a query or a form, by name.
function fake_platform.parameters(text)
  local found = {}
  for name, value in (text or ""):gmatch("([^&=]+)=([^&]*)") do
    found[unescape(name)] = unescape(value)
  end
  return found
end

local function record(self, request)
  local headers = {}
  for name, value in pairs(request.headers) do
    headers[name] = value
  end
  local sent = { at = self.clock, method = request.method, url = request.url, headers = headers, body = request.body,
    timeout = request.timeout, connect_timeout = request.connect_timeout,
    query = fake_platform.parameters(request.url:match("%?(.*)$")), form = fake_platform.parameters(request.body) }
  self.sent[#self.sent + 1] = sent
  return sent
end

local function next_row(self, sent)
  local row = self.script[1]
  if row == nil then
    error(("no answer is scripted for send %d"):format(#self.sent), 0)
  elseif type(row) == "function" then
    return row(sent, self)
  end
  self.used = self.used + 1
  if self.used >= (row.times or 1) then
    table.remove(self.script, 1)
    self.used = 0
  end
  return row
end

local function answer(self, request)
  local row = next_row(self, record(self, request))
  local takes = row.takes or 0
  self.clock = self.clock + math.min(takes, request.timeout)
  if takes >= request.timeout then
    return nil, errors.new { kind = "timeout", message = "no answer in time", retryable = true, sent = true }
  elseif row.fault then
    return nil, errors.new { kind = row.fault, message = row.message, retryable = row.retryable ~= false,
      sent = row.sent }
  end
  local body = type(row.body) == "table" and json.encode(row.body) or row.body or ""
  return { status = row.status or 200, headers = row.headers or {}, body = body }
end

local function sleep(self, seconds, cancel)
  assert(seconds >= 0 and seconds < math.huge, "a sleep of no length")
  self.sleeps[#self.sleeps + 1] = seconds
  local ending = self.clock + seconds
  repeat
    if cancel and cancel() then
      return false
    end
    self.clock = cancel and math.min(ending, self.clock + CANCEL_SLICE) or ending
  until self.clock >= ending
  return true
end

--- The platform of what answers by `send(self, request, cancel)`, the one that all fakes share. `self` gets what it has
--- not: clock, wall (seconds since 1970 are wall + clock), chance, environment, files, and what is recorded: sleeps,
--- events, closes.
function fake_platform.of(self, send)
  for name, value in pairs { clock = 1000, wall = WALL - 1000, chance = 0.5, nonces = 0, closes = 0 } do
    self[name] = self[name] or value
  end
  for _, name in ipairs { "sleeps", "events", "environment", "files" } do
    self[name] = self[name] or {}
  end
  return {
    now = function() return self.clock end,
    time = function() return self.wall + self.clock end,
    random = function() return self.chance end,
    nonce = function()
      self.nonces = self.nonces + 1
      return ("%032x"):format(self.nonces)
    end,
    getenv = function(name) return self.environment[name] end,
    read = function(path) return self.files[path] end,
    sleep = function(seconds, cancel) return sleep(self, seconds, cancel) end,
    send = function(request, cancel) return send(self, request, cancel) end,
    close = function() self.closes = self.closes + 1 end,
  }
end

--- A client on a fake's platform, with a key and a region unless the options say otherwise; its events are recorded.
function fake_platform.client_of(self, options)
  local all = { region = "cn-hangzhou", access_key_id = "KeyOfTheSpec", access_key_secret = fake_platform.secret,
    on_event = function(name, fields)
      self.events[#self.events + 1] = { name = name, fields = fields }
    end }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  if all.credentials then -- instead of the key
    all.access_key_id, all.access_key_secret = nil, nil
  end
  return assert(client.new(all, self.platform))
end

--- The fields of every event of that name, in order.
function fake_platform.heard(self, name)
  local found = {}
  for _, event in ipairs(self.events) do
    found[#found + 1] = event.name == name and event.fields or nil
  end
  return found
end

--- A platform that answers by the script. Fields to read: sent, sleeps, events, clock, closes; to set: chance,
--- environment, files, wall.
function fake_platform.new(script)
  local self = setmetatable({ script = script or {}, used = 0, sent = {} }, Scripted)
  self.platform = fake_platform.of(self, answer)
  return self
end

Scripted.client = fake_platform.client_of
Scripted.heard = fake_platform.heard

--- Wait for the run of `fake_platform.names` on a platform of its own: that, then what the wait returns.
function fake_platform.wait(script, options, client_options)
  local self = fake_platform.new(script)
  local run, err = self:client(client_options):wait_map_run(fake_platform.names, options)
  return self, run, err
end

--- Seconds slept so far.
function Scripted:slept()
  local sum = 0
  for _, seconds in ipairs(self.sleeps) do
    sum = sum + seconds
  end
  return sum
end

return fake_platform
