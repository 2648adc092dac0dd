--- Redis while it is there, and leaving it alone while it is not. Pure: commands and the clock come in.
-- SPDX-License-Identifier: MIT
--
-- Whatever Redis answers but a reply (refused, silent, full, a replica, a wrong password) is one case: it is away. Then
-- it is left alone for a while, which doubles each time, and one caller tries again. Nobody waits for it.

local connection = {}

local SHORTEST, LONGEST = 5, 60 -- seconds it is left alone
local TRIAL = 1 -- seconds for the one who tries again, before another may
local SLOW = 1 -- seconds: an answer that took longer is the last for a while

---@alias fnf.RedisCommand fun(name: string, ...: string): any, any reply, or nil and why not

---@class fnf.RedisConnection
---@field private command fnf.RedisCommand
---@field private now fun(): number monotonic seconds
---@field private warn fun(message: string) told once for each time it goes away
---@field private until_time number not to be asked before
---@field private pause number seconds it is left alone next
---@field private hashes table<string, string> of scripts by their text
local Connection = {}
Connection.__index = Connection

---@param command fnf.RedisCommand
---@param now fun(): number
---@param warn fun(message: string)
---@return fnf.RedisConnection
function connection.new(command, now, warn)
  return setmetatable({ command = command, now = now, warn = warn, until_time = -math.huge, pause = SHORTEST,
    hashes = {} }, Connection)
end

--- Whether it is left alone now.
---@return boolean
function Connection:is_away()
  return self.now() < self.until_time
end

local function leave(self, reason)
  if not self.away then
    self.away = true
    self.warn(("Redis is away (%s): this process goes on alone with its share of the quota, and asks it again later")
      :format(reason))
  end
  self.until_time, self.pause = self.now() + self.pause, math.min(LONGEST, 2 * self.pause)
end

--- A command that runs the script, by its hash where Redis knows it.
local function evaluate(self, text, ...)
  local hash = self.hashes[text]
  if not hash then
    local refused
    hash, refused = self.command("SCRIPT", "LOAD", text)
    if refused or type(hash) ~= "string" then
      return nil, refused or "no hash of a script"
    end
    self.hashes[text] = hash
  end
  local reply, err = self.command("EVALSHA", hash, ...)
  if err and tostring(err):find("NOSCRIPT", 1, true) then
    return self.command("EVAL", text, ...)
  end
  return reply, err
end

--- Run a script.
---@param text string
---@param keys string[]
---@param values string[]
---@return any|nil reply nil: Redis is away, or says nothing
function Connection:run(text, keys, values)
  local begun = self.now()
  if begun < self.until_time then
    return nil
  elseif self.away then
    self.until_time = begun + TRIAL
  end
  local words = { tostring(#keys) }
  for _, list in ipairs { keys, values } do
    for _, word in ipairs(list) do
      words[#words + 1] = word
    end
  end
  local reply, err = evaluate(self, text, (unpack or table.unpack)(words))
  if err or reply == nil then
    leave(self, tostring(err or "no reply"))
    return nil
  end
  if self.now() - begun > SLOW then
    leave(self, ("an answer took %.1f seconds"):format(self.now() - begun))
  else
    self.away, self.until_time, self.pause = nil, begun, SHORTEST
  end
  return reply
end

return connection
