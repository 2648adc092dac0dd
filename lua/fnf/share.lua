--- What the clients of one account share through Redis: answers, and permits of the request quota.
-- SPDX-License-Identifier: MIT
--
--   local client = fnf.new{ share = fnf.share.redis{ url = "redis://:password@host:6379/0" } }
--
-- All keys of an account have one hash tag, a hash of its key's id and the endpoint; nothing secret goes to Redis.
-- docs/many-machines.md has the keys, their lifetimes and what happens in each failure.

local answers = require "fnf.share.answers"
local check = require "fnf.check"
local connection = require "fnf.share.connection"
local context = require "fnf.call.context"
local permits = require "fnf.share.permits"

local share = {}

local PREFIX, TIMEOUT = "fnf:", 0.05
local LAST_DATABASE = 2 ^ 31 - 1 -- as Redis reads its number
local DOUBT_PAUSE = 5 -- seconds between two warnings of senseless values

---- the option ----

local COMMON = {
  prefix = { type = "name" },
  account = { type = "name" },
}

local REDIS = { url = { type = "secret", required = true }, timeout = { type = "seconds", maximum = 60 },
  prefix = COMMON.prefix, account = COMMON.account }
local COMMAND = { command = { type = "function", required = true }, prefix = COMMON.prefix, account = COMMON.account }

---@class fnf.RedisSettings where Redis is, and who we are there
---@field host? string
---@field port? integer
---@field path? string of a socket, instead
---@field tls boolean
---@field user? string
---@field password? string
---@field database integer
---@field timeout number seconds to connect, and for a command

---@class fnf.ShareOption
---@field redis? fnf.RedisSettings
---@field command? fnf.RedisCommand instead
---@field prefix? string of all keys ("fnf:")
---@field account? string a name for the account, instead of its key's id: for keys that change by the hour

local Option = { __name = "fnf.share" } -- so that no table of the caller's passes for one
Option.__index = Option

local function unescape(text)
  return text and text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end)
end

--- The parts of a URL, or what is wrong with it; never a part of it, for one is a password.
local function read_url(url)
  local path = url:match("^unix:(/[^?]+)$")
  if path then
    return { path = path, tls = false, database = 0 }
  end
  local scheme, rest = url:match("^(rediss?)://(.+)$")
  if not scheme then
    return nil, "must be redis://[user][:password@]host[:port][/database], rediss://... or unix:/path"
  end
  local userinfo, place = rest:match("^(.*)@([^@]*)$")
  place = place or rest
  local authority, database = place:match("^([^/]+)/?(%d*)$")
  local host, port = (authority or ""):match("^(.*):(%d*)$") -- the last colon: an address may end in digits, too
  host = host or authority or ""
  local number = tonumber(port and port ~= "" and port or 6379)
  host = host:match("^%[([%x:.]+)%]$") or host:match("^[%w._-]+$")
  if not host or number < 1 or number > 65535 then
    return nil, "names no host and port"
  elseif (tonumber(database) or 0) > LAST_DATABASE then
    return nil, "names a database that no Redis has"
  end
  local user, password = (userinfo or ""):match("^([^:]*):?(.*)$")
  if user ~= "" and password == "" then
    return nil, "names a user without a password; a password alone has a colon before it"
  end
  return { host = host, port = number, tls = scheme == "rediss", database = tonumber(database) or 0,
    user = user ~= "" and unescape(user) or nil, password = password ~= "" and unescape(password) or nil }
end

--- The option `share` of fnf.new, for a Redis at this URL. Nothing is connected yet.
---@param options { url: string, prefix?: string, account?: string, timeout?: number } timeout: seconds (0.05)
---@return fnf.ShareOption
function share.redis(options)
  local problem, settings = check.table(options, REDIS, "option"), nil
  if not problem then
    settings, problem = read_url(options.url)
    problem = problem and "option url " .. problem
  end
  if problem then
    error("fnf.share.redis: " .. problem, 2)
  end
  settings.timeout = options.timeout or TIMEOUT
  return setmetatable({ redis = settings, prefix = options.prefix, account = options.account }, Option)
end

--- What is wrong with an option `share`, or nil.
---@param value any not nil
---@param platform fnf.Platform
---@return string|nil
function share.validate(value, platform)
  if getmetatable(value) == Option then
    local problem = value.redis.tls and platform.no_redis_tls and platform.no_redis_tls()
    return problem and "option share: rediss:// cannot be: " .. problem or nil
  elseif type(value) ~= "table" then
    return "option share must be what fnf.share.redis returns, or a table with a command"
  end
  local problem = check.table(value, COMMAND, "entry")
  return problem and "option share: " .. problem
end

---- what a client shares ----

---@class fnf.Share
---@field private client fnf.Client
---@field private option fnf.ShareOption
---@field private process? string a name of this client's own, in this process
---@field private forks? integer by which a process is told from the one it was forked from
---@field private connections table<fnf.Platform, fnf.RedisConnection>
---@field private by_operation table<string, fnf.SharedAnswers>
---@field private account? string
---@field private key? string id of the key it was made of
local Share = {}
Share.__index = Share

---@param option fnf.ShareOption checked
---@param client fnf.Client
---@return fnf.Share
function share.new(option, client)
  return setmetatable({ client = client, option = option, connections = setmetatable({}, { __mode = "k" }),
    by_operation = {} }, Share)
end

--- A name of this client's own. A client that nginx has made before its workers is another one in each of them.
---@return string
function Share:name()
  local platform = self.client.platform
  local forks = platform.forks and platform.forks()
  if not self.process or forks ~= self.forks then
    self.process, self.forks = platform.nonce() or "1", forks
  end
  return self.process
end

--- A word of hexadecimal digits for a text.
---@param text string
---@return string
function Share:digest(text)
  return self.client.platform.digest(text):sub(1, 32)
end

--- The hash of the account; nil as long as there is no key.
local function account_of(self, platform)
  local name = self.option.account
  if not name then
    local provider, client = self.client.provider, self.client
    local found = provider:current(client:key_time(platform)) or provider:get(context.of { client = client,
      platform = platform })
    name = found and found.access_key_id
  end
  if name and name ~= self.key then
    self.key, self.account = name, self:digest(("%s %s"):format(name, self.client:host()))
  end
  return name and self.account
end

local function connection_of(self, platform)
  local found = self.connections[platform]
  if not found then
    local command = self.option.command or platform.redis(self.option.redis)
    found = connection.new(command, platform.now, function(message)
      self.client:tell("warning", { message = message })
    end)
    self.connections[platform] = found
  end
  return found
end

--- Run a script for this process on keys of the account; nil while Redis is away, and where nothing may wait for it.
---@param text string
---@param names string[] of keys, without what all have in common
---@param values string[] after the name of the process
---@return any|nil
function Share:run(text, names, values)
  local platform = self.client:choose_platform()
  if platform.waitless then
    return nil
  end
  local found = connection_of(self, platform)
  local account = not found:is_away() and account_of(self, platform)
  if not account then
    return nil
  end
  local keys, words = {}, { self:name() }
  for i, name in ipairs(names) do
    keys[i] = ("%s{%s}:%s"):format(self.option.prefix or PREFIX, account, name)
  end
  for _, value in ipairs(values) do
    words[#words + 1] = value
  end
  return found:run(text, keys, words)
end

--- Warn of a value that makes no sense, now and then; it counts for nothing.
---@param what string
function Share:doubt(what)
  local now = self.client.platform.now()
  if now >= (self.doubt_at or now) then
    self.doubt_at = now + DOUBT_PAUSE
    self.client:tell("warning", { message = ("%s in Redis makes no sense, and counts for nothing"):format(what) })
  end
end

--- The answers to an operation.
---@param row fnf.Operation
---@return fnf.SharedAnswers
function Share:answers(row)
  local found = self.by_operation[row.action] or answers.new(self, row)
  self.by_operation[row.action] = found
  return found
end

--- The rate limiter of an operation.
---@param row fnf.Operation
---@param quota { rate: number, burst: number, probe?: boolean }
---@return fnf.SharedRateLimiter
function Share:rate_limiter(row, quota)
  return permits.new(self, row.action, quota)
end

return share
