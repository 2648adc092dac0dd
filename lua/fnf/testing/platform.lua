--- A platform moved by hand: its clock goes on with each sleep, its randomness, environment and files are tables.
-- SPDX-License-Identifier: MIT
--
-- A fake is any table; `platform.of` gives it what it has not, and makes the platform that a client runs on.

local client = require "fnf.client"
require "fnf.methods"

local platform = {}

---@class fnf.FakePlatform
---@field clock number seconds; sleeps and answers that take time move it, and so may a test
---@field wall number seconds since 1970 when `clock` was 0
---@field chance number from 0 to 1: what every draw of the retry's delay gives
---@field environment table<string, string> the only variables that the client sees
---@field files table<string, string> the only files that it can read, by path
---@field sleeps number[] seconds of each sleep so far
---@field events { name: fnf.EventName, fields: fnf.EventFields }[] all that `on_event` heard
---@field closes integer how often a client on it was closed
---@field platform fnf.Platform
---@field heard fun(self: fnf.Fake, name: fnf.EventName): fnf.EventFields[] of each event of that name
---@field slept fun(self: fnf.Fake): number seconds of all sleeps

local WALL = 1790000000 -- seconds since 1970: a day in September 2026
local PRIVATE = 384 -- 0600: the permission bits of every file
local CANCEL_SLICE = 0.1 -- seconds: as often as the real platform asks
local DEFAULTS = { clock = 0, wall = WALL, chance = 0.5, nonces = 0, closes = 0 }

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

--- The platform of a fake that answers by `send(self, request, cancel)`.
---@param self table
---@param send fun(self: table, request: fnf.Request, cancel?: fun(): any): fnf.Answer|nil, fnf.Error|nil
---@return fnf.Platform
function platform.of(self, send)
  for name, value in pairs(DEFAULTS) do
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
    digest = function(text) return (text:gsub("[^%w]", "_")) end,
    getenv = function(name) return self.environment[name] end,
    read = function(path)
      local text = self.files[path]
      if text then
        return text, PRIVATE
      end
      return nil, "system", "No such file or directory"
    end,
    sleep = function(seconds, cancel) return sleep(self, seconds, cancel) end,
    send = function(request, cancel) return send(self, request, cancel) end,
    close = function() self.closes = self.closes + 1 end,
  }
end

--- A client on a fake's platform, with a key and a region unless the options say otherwise; its events are recorded.
---@param self fnf.FakePlatform
---@param options? fnf.Options
---@return fnf.Client|nil
---@return string|nil problem
function platform.client_of(self, options)
  if options ~= nil and type(options) ~= "table" then
    return nil, "a table of options expected, got " .. type(options)
  end
  local all = { region = "cn-hangzhou", access_key_id = "KeyOfTheTest", access_key_secret = "SecretOfTheTest" }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  if all.credentials then -- instead of the key
    all.access_key_id, all.access_key_secret = nil, nil
  end
  local told = all.on_event
  if told == nil or type(told) == "function" then
    all.on_event = function(name, fields)
      self.events[#self.events + 1] = { name = name, fields = fields }
      return told and told(name, fields)
    end
  end
  return client.new(all, self.platform)
end

--- The fields of every event of that name, in order.
---@param self fnf.FakePlatform
---@param name fnf.EventName
---@return fnf.EventFields[]
function platform.heard(self, name)
  local found = {}
  for _, event in ipairs(self.events) do
    found[#found + 1] = event.name == name and event.fields or nil
  end
  return found
end

--- Seconds slept so far.
---@param self fnf.FakePlatform
---@return number
function platform.slept(self)
  local sum = 0
  for _, seconds in ipairs(self.sleeps) do
    sum = sum + seconds
  end
  return sum
end

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

--- The parameters of a query or a form, by name.
---@param text? string
---@return table<string, string>
function platform.parameters(text)
  local found = {}
  for name, value in (text or ""):gmatch("([^&=]+)=([^&]*)") do
    found[unescape(name)] = unescape(value)
  end
  return found
end

return platform
