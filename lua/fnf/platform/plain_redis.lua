--- Commands to Redis outside nginx, by fnf.redis over hiredis: each blocks for a round trip.
-- SPDX-License-Identifier: MIT

local plain_redis = {}

local MISSING = "the module fnf.redis is not installed: luarocks make lua/fnf/share/fnf-redis-scm-1.rockspec, "
  .. "or make redis"

--- The first words of a connection: who we are, and where. Nothing of them is in a reason.
local function greet(connection, settings)
  local reply, _, reason = true, nil, nil
  if settings.password and settings.user then
    reply, _, reason = connection:command("AUTH", settings.user, settings.password)
  elseif settings.password then
    reply, _, reason = connection:command("AUTH", settings.password)
  end
  if reply == nil then
    return nil, "refuses user and password: " .. tostring(reason):match("^%S*")
  elseif settings.database > 0 then
    reply, _, reason = connection:command("SELECT", ("%d"):format(settings.database))
  end
  return reply, reason
end

local function connect(settings)
  if settings.tls then -- a password must not go to it in the clear; nginx has come here while it starts
    return nil, "rediss:// is only for phases of nginx that may yield"
  end
  local found, redis = pcall(require, "fnf.redis")
  if not found then
    return nil, MISSING
  end
  local connection, _, reason = redis.connect(settings)
  if not connection then
    return nil, reason
  end
  local greeted
  greeted, reason = greet(connection, settings)
  if greeted == nil then
    connection:close()
    return nil, reason
  end
  return connection
end

--- A function that carries out commands, over a connection opened at the first one and after each failure.
---@param settings fnf.RedisSettings
---@return fnf.RedisCommand
function plain_redis.open(settings)
  local connection
  return function(...)
    local reason
    if not connection then
      connection, reason = connect(settings)
      if not connection then
        return nil, reason
      end
    end
    local reply, _, message = connection:command(...)
    if reply == nil and not message:find("^NOSCRIPT") then -- another may be there next time: a name, a master
      connection:close()
      connection = nil
    end
    return reply, message
  end
end

return plain_redis
