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

function commands.HGETALL(values, key)
  local found = {}
  for field, value in pairs(values[key] or {}) do
    found[#found + 1] = field
    found[#found + 1] = value
  end
  return found
end

function commands.HDEL(values, key, field)
  values[key][field] = nil
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

function commands.DEL(values, key)
  values[key] = nil
end

--- Nothing of these matters to what is simulated.
for _, name in ipairs { "EXPIRE", "PEXPIRE", "ZADD", "ZREMRANGEBYSCORE" } do
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
