--- Commands to Redis inside nginx, by lua-resty-redis: a kept connection each, and no worker waits.
-- SPDX-License-Identifier: MIT

local nginx_connect = require "fnf.platform.nginx_connect"

local nginx_redis = {}

local IDLE_MS, IDLE_CONNECTIONS = 30000, 64
local MISSING = "lua-resty-redis is not installed: OpenResty has it, Debian as lua-nginx-redis"

--- The module, or why it is not to be had.
local function find_module()
  local reason = MISSING
  for _, name in ipairs { "resty.redis", "nginx.redis" } do
    local found, module = pcall(require, name)
    if found then
      return module
    elseif not tostring(module):find(("module '%s' not found"):format(name), 1, true) then
      reason = ("%s cannot be loaded: %s"):format(name, (tostring(module):gsub("%s*\n%s*", " ")))
    end
  end
  return nil, reason
end

--- The first words of a connection. Nothing of them is in a reason.
local function greet(redis, settings)
  local done, reason = true, nil
  if settings.tls then
    local socket = rawget(redis, "_sock") or rawget(redis, "sock")
    done, reason = nginx_connect.shake_hands(socket, settings.host)
    reason = reason and "no TLS connection: " .. nginx_connect.hinted(reason)
  end
  if done and settings.password then
    if settings.user then
      done, reason = redis:auth(settings.user, settings.password)
    else
      done, reason = redis:auth(settings.password)
    end
    reason = not done and "refuses user and password: " .. tostring(reason):match("^%S*")
  end
  if done and settings.database > 0 then
    done, reason = redis:select(settings.database)
  end
  return done, reason
end

--- The host as nginx takes it: a resolver need not know this machine by its name, and what has colons is an address.
local function target_of(host)
  return host == "localhost" and "127.0.0.1" or host:find(":", 1, true) and ("[%s]"):format(host) or host
end

local function connect(module, settings)
  local redis = module:new()
  redis:set_timeout(settings.timeout * 1000)
  -- Who gave another password has not shown who he is.
  local pool = ("fnf redis %s %d %s %s %s %s"):format(settings.host or settings.path, settings.port or 0,
    tostring(settings.tls), settings.user or "", ngx.md5(settings.password or ""), settings.database)
  local done, reason
  if settings.path then
    done, reason = redis:connect("unix:" .. settings.path, { pool = pool })
  else
    done, reason = redis:connect(target_of(settings.host), settings.port, { pool = pool })
  end
  if done and redis:get_reused_times() == 0 then
    done, reason = greet(redis, settings)
  end
  if not done then
    redis:close()
    return nil, tostring(reason)
  end
  return redis
end

--- A function that carries out commands; any number of light threads may call it at once.
---@param settings fnf.RedisSettings
---@return fnf.RedisCommand
function nginx_redis.open(settings)
  local module
  return function(name, ...)
    local redis, reason
    if not module then
      module, reason = find_module()
      if not module then
        return nil, reason
      end
    end
    redis, reason = connect(module, settings)
    if not redis then
      return nil, reason
    end
    local reply, err = redis[name:lower()](redis, ...)
    if reply or err and err:find("^NOSCRIPT") then
      redis:set_keepalive(IDLE_MS, IDLE_CONNECTIONS)
    else
      redis:close()
    end
    if err then
      return nil, err
    end
    return reply ~= ngx.null and reply or false
  end
end

return nginx_redis
