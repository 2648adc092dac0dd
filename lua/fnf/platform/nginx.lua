--- Everything impure inside nginx: cosockets and light threads where the phase may yield, libcurl while nginx starts.
-- SPDX-License-Identifier: MIT
--
-- A client lives through several phases, so the platform is chosen for each call.

local cancellable = require "fnf.platform.cancellable"
local core = require "fnf.core"
local errors = require "fnf.errors"
local threads = require "fnf.platform.nginx_threads"

local nginx = {}

local MOST_OF_A_FILE = 4 * 1024 * 1024 -- bytes of certificates or a key
local TICK = 0.001 -- seconds: less is none to nginx

--- Phases in which every nginx lets Lua wait; in the others a call would stop all clients of the worker. Two more yield
--- in OpenResty's nginx alone (ssl_client_hello, ssl_session_fetch): without its patches the handshake just breaks.
local YIELDS = { rewrite = true, server_rewrite = true, access = true, content = true, timer = true, preread = true,
  ssl_cert = true }

--- Options that libcurl honours and cosockets cannot, with what does the same in nginx.
local REFUSED = {
  ca_file = "set the directive lua_ssl_trusted_certificate instead",
  proxy = "give a transport that goes through the proxy, such as lua-resty-http",
  no_proxy = "cosockets use no proxy; it can go",
}
local CERTIFICATE = "this ngx_lua has no client certificates (0.10.22 has); give a transport such as lua-resty-http"
local CERTIFICATE_SINCE = 10022 -- version of ngx_lua that brought setclientcert

--- nginx's own table, or nil outside it.
local function host()
  local found = rawget(_G, "ngx")
  return type(found) == "table" and found.get_phase and found or nil
end

--- Whether this Lua runs inside nginx.
---@return boolean
function nginx.is_here()
  return host() ~= nil
end

local function sleep(seconds, cancel)
  return cancellable.sleep(seconds, cancel, function(left)
    ngx.sleep(math.max(TICK, left))
    return not threads.is_orphan()
  end)
end

---- client certificates ----

local function load_certificate(options)
  local ssl = require "ngx.ssl"
  local text, _, reason = core.read(options.cert_file, MOST_OF_A_FILE)
  local key_text, _, key_reason = core.read(options.key_file or options.cert_file, MOST_OF_A_FILE)
  if not text or not key_text then
    return nil, text and key_reason or reason
  end
  local chain, key
  chain, reason = ssl.parse_pem_cert(text)
  key, key_reason = ssl.parse_pem_priv_key(key_text)
  if not chain or not key then
    return nil, chain and key_reason or reason
  end
  return { name = options.cert_file, chain = chain, key = key }
end

--- Options of the exchange, with the certificate read at its first use.
local function exchange_options(options)
  local loaded = not options.cert_file and {} or nil
  return function()
    if not loaded then
      local certificate, reason = load_certificate(options)
      if not certificate then
        return nil, errors.new { kind = "tls", message = "the client certificate cannot be used: " .. tostring(reason),
          sent = false }
      end
      loaded = { certificate = certificate }
    end
    return loaded
  end
end

---- platforms ----

--- While nginx starts there is nothing to block, and nothing that yields: libcurl. Workers are forked from this
--- process, so no connection is left for them to inherit.
local function starting(options)
  local platform = require("fnf.platform.plain").new(options)
  local send, sending = platform.send, 0
  function platform.send(request, cancel)
    sending = sending + 1
    local done, answer, err = pcall(send, request, cancel)
    sending = sending - 1
    if sending == 0 then
      platform.close()
    end
    if not done then -- a cancel of the caller's
      error(answer, 0)
    end
    return answer, err
  end
  return platform
end

--- Where nothing may wait, what would have to says so.
local function unable()
  local message = "nginx cannot wait for an answer in the phase %s; call from ngx.timer.at(0, ...), or in a phase that "
    .. "may yield: rewrite, access, content"
  return errors.new { kind = "network", sent = false, message = message:format(ngx.get_phase()) }
end

local function waitless(platform)
  return setmetatable({
    waitless = true,
    send = function()
      return nil, unable()
    end,
    sleep = function()
      return false, unable()
    end,
  }, { __index = platform })
end

--- Run functions at the same time, as the phase allows: see fnf.ngx.gather.
---@param functions (fun(): any, any)[]
---@param cancel? fun(): any
---@return any[]|nil
---@return any
function nginx.gather(functions, cancel)
  local phase = ngx.get_phase()
  if YIELDS[phase] then
    return threads.gather(functions, cancel)
  elseif phase == "init" then
    return require("fnf.platform.plain").gather(functions, cancel)
  end
  return nil, unable()
end

local function unsupported_options()
  if ngx.config.ngx_lua_version >= CERTIFICATE_SINCE then
    return REFUSED
  end
  local refused = { cert_file = CERTIFICATE, key_file = CERTIFICATE }
  for name, way in pairs(REFUSED) do
    refused[name] = way
  end
  return refused
end

local function environment_hint(names)
  return ("nginx hides the environment from its workers, but for what its configuration names: `env %s;`"):format(
    table.concat(names, "; env "))
end

--- A platform of this nginx. Connections are nginx's own, in the worker's pool, and need no closing. It runs no
--- programs: nginx takes their end for that of a worker.
---@param options { cert_file?: string, key_file?: string }
---@return fnf.Platform
function nginx.new(options)
  local initial
  local find_options = exchange_options(options)
  local platform = { now = core.now, time = core.time, random = core.random, nonce = core.nonce,
    forks = core.forks, getenv = os.getenv, environment_hint = environment_hint, read = core.read,
    unsupported = unsupported_options(), sleep = sleep, gather = nginx.gather,
    close = function() end, redis = require("fnf.platform.nginx_redis").open,
    digest = require("fnf.platform.plain").digest }

  function platform.send(request, cancel)
    local found, err = find_options()
    if not found then
      return nil, err
    end
    if threads.is_orphan() then
      err = errors.cancelled()
      err.sent = false
      return nil, err
    end
    return require("fnf.platform.nginx_http").send(request, found, cancel)
  end

  local elsewhere = waitless(platform)

  --- The platform of the phase that calls.
  function platform.choose()
    local phase = ngx.get_phase()
    if YIELDS[phase] then
      return platform
    elseif phase ~= "init" then
      return elsewhere
    end
    initial = initial or starting(options)
    return initial
  end

  return platform
end

return nginx
