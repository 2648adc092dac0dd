--- The few commands of Redis that the scripts of fnf.share use, by a simulated clock: for bench/shared.lua alone.
-- SPDX-License-Identifier: MIT

local redis_model = {}

local commands = {}

function commands.HSET(values, key, ...)
  local words = { ... }
  values[key] = values[key] or {}
  for i = 1, #words, 2 do
    values[key][words[i]] = tostring(words[i + 1])
  end
  return #words / 2
end

function commands.HGET(values, key, field)
  return values[key] and values[key][field] or false
end

function commands.HMGET(values, key, ...)
  local found = {}
  for i, field in ipairs { ... } do
    found[i] = commands.HGET(values, key, field)
  end
  return found
end

function commands.HSTRLEN(values, key, field)
  return #(commands.HGET(values, key, field) or "")
end

function commands.GET(values, key)
  return values[key] or false
end

function commands.SET(values, key, value)
  values[key] = value
end

function commands.DEL(values, ...)
  for _, key in ipairs { ... } do
    values[key] = nil
  end
end

--- Of the right type, since nobody else writes.
function commands.TYPE()
  return { ok = "none" }
end

---- sorted sets: members by score; `least` is no more than any of these ----

local function set_of(values, key)
  values[key] = values[key] or { scores = {}, count = 0, least = math.huge }
  return values[key]
end

function commands.ZADD(values, key, score, member)
  local set = set_of(values, key)
  set.count = set.count + (set.scores[member] and 0 or 1)
  set.scores[member], set.least = tonumber(score), math.min(set.least, tonumber(score))
end

function commands.ZREM(values, key, member)
  local set = set_of(values, key)
  set.count = set.count - (set.scores[member] and 1 or 0)
  set.scores[member] = nil
end

function commands.ZCARD(values, key)
  return set_of(values, key).count
end

function commands.ZRANK(values, key, member)
  local set, rank = set_of(values, key), 0
  local own = set.scores[member]
  for other, score in pairs(set.scores) do
    if score < own or score == own and other < member then
      rank = rank + 1
    end
  end
  return rank
end

function commands.ZRANGEBYSCORE(values, key, _, most)
  local set, found = set_of(values, key), {}
  if set.least > most then
    return found
  end
  set.least = math.huge
  for member, score in pairs(set.scores) do
    if score <= most then
      found[#found + 1] = member
    else
      set.least = math.min(set.least, score)
    end
  end
  return found
end

function commands.ZREMRANGEBYSCORE(values, key, _, most)
  if most ~= "+inf" then -- nobody writes senseless scores
    for _, member in ipairs(commands.ZRANGEBYSCORE(values, key, "-inf", most)) do
      commands.ZREM(values, key, member)
    end
  end
end

--- Nothing of these matters to what is simulated.
for _, name in ipairs { "EXPIRE", "PEXPIRE" } do
  commands[name] = function() return 0 end
end

--- A command function for the option `share`: it knows SCRIPT LOAD and EVALSHA.
---@param now fun(): number seconds
---@return fnf.RedisCommand
function redis_model.new(now)
  local values, ends, scripts = {}, {}, {}
  local redis = {}
  function redis.call(name, key, ...)
    if name == "TIME" then
      return { ("%d"):format(math.floor(now())), ("%d"):format(math.floor(now() % 1 * 1e6)) }
    elseif ends[key] and ends[key] <= now() then
      values[key], ends[key] = nil, nil
    end
    if name == "PTTL" then
      return math.floor(1000 * ((ends[key] or now()) - now()))
    elseif name == "SET" then
      ends[key] = now() + tonumber((select(3, ...))) / 1000
    end
    return commands[name](values, key, ...)
  end
  redis.pcall = redis.call
  return function(name, word, count, ...)
    if name == "SCRIPT" then
      local text = "local redis, KEYS, ARGV = ...\n" .. count
      scripts[count] = scripts[count] or assert((loadstring or load)(text)) -- luacheck: ignore 113
      return count
    end
    local keys, arguments = {}, { ... }
    for i = 1, tonumber(count) do
      keys[i] = table.remove(arguments, 1)
    end
    return scripts[word](redis, keys, arguments)
  end
end

return redis_model
