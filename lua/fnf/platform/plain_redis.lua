--- Commands to Redis outside nginx, by fnf.redis over hiredis: each blocks for a round trip.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"

local plain_redis = {}

local MISSING = "the module fnf.redis is not installed (luarocks make lua/fnf/share/fnf-redis-scm-1.rockspec, or make "
  .. "redis install), or there is no descriptor left to read it by"
local NO_TLS = "fnf.redis was built without TLS: build it by `make redis` where pkg-config knows hiredis_ssl (hiredis "
  .. "1.0 or newer; Debian 13), or give a command of a client that speaks TLS, or a tunnel"
local AUTHORITY = "if nobody this machine trusts has signed it, give its authority as ca_file, or as FNF_CA_FILE"

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

--- The module fnf.redis, or why it is not to be had.
local function load()
  local found, redis = pcall(require, "fnf.redis")
  if found then
    return redis
  elseif errors.is_interrupt(redis) then
    error(redis, 0)
  end
  local words = errors.words_of_loader(redis)
  return nil, words:find("module 'fnf.redis' not found", 1, true) and MISSING or words
end

--- Why there can be no TLS, or nil; a module that is missing is told of when it is used.
---@return string|nil
function plain_redis.no_tls()
  local redis = load()
  return redis and not redis.tls and NO_TLS or nil
end

local function connect(settings, ca_file)
  local redis, missing = load()
  if not redis then
    return nil, missing
  end
  local connection, status, reason = redis.connect { host = settings.host, port = settings.port, path = settings.path,
    timeout = settings.timeout, tls = settings.tls, ca_file = settings.tls and ca_file or nil }
  if not connection then
    return nil, status == "certificate" and ("%s; %s"):format(reason, AUTHORITY) or reason
  end
  local greeted
  greeted, reason = greet(connection, settings)
  if greeted == nil then
    connection:close()
    return nil, reason
  end
  return connection
end

--- A function that carries out commands, over a connection opened at the first one, after each failure, and where the
--- one that was kept has ended since or belongs to the process that this one was forked from.
---@param settings fnf.RedisSettings
---@param ca_file? string PEM file of the authorities to trust; the system's by default
---@return fnf.RedisCommand
function plain_redis.open(settings, ca_file)
  local connection
  return function(...)
    local reason
    if connection and not connection:is_open() then
      connection:close()
      connection = nil
    end
    if not connection then
      connection, reason = connect(settings, ca_file)
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
