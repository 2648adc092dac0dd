--- A connection of nginx's to where a URL leads: kept or new, to one of several addresses, with TLS, within the time.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local errors = require "fnf.errors"
local threads = require "fnf.platform.nginx_threads"

local nginx_connect = {}

local IDLE_CONNECTIONS = 1024 -- kept for each host and worker
local TRIES = 16 -- connections to a name: nginx draws one of its addresses each time, so half of them may be dead
local FIRST = 4 -- part of the time for the first of them, which is enough for the other end of the world
local SHORTEST = 0.25 -- seconds for one of the others, of which as many as may be fit into the rest

local NO_IPV6 = "if this machine has no IPv6, say so in the directive resolver: resolver 127.0.0.53 ipv6=off;"
local AUTHORITIES = "set the directive lua_ssl_trusted_certificate to the system's bundle of authorities, and raise "
  .. "lua_ssl_verify_depth above 1 if more than one stands between"

--- What nginx or OpenSSL says, which is with OpenSSL's number in some versions, and what there is to do about it.
local HINTS = {
  { "no resolver defined", "set the directive resolver, for example: resolver 127.0.0.53;" },
  { "could not be resolved", "by the name servers of the directive resolver" },
  { "unreachable", NO_IPV6 },
  { "no route to host", NO_IPV6 },
  { "address family not supported", NO_IPV6 },
  { "unable to get .*issuer certificate", AUTHORITIES },
  { "unable to verify the first certificate", AUTHORITIES },
  { "self.signed certificate", "set the directive lua_ssl_trusted_certificate to the authority that signed it" },
  { "certificate chain too long", "raise the directive lua_ssl_verify_depth" },
  { "^handshake failed", "nginx's error.log says why; if \"wrong version number\", what listens does not speak TLS" },
  { "host mismatch", "it is for another name; nginx compares names only, never addresses" },
}

local REFUSED = "certificate refused; nginx did not say why: see lua_ssl_trusted_certificate, lua_ssl_verify_depth, or "
  .. "it is for another name"
local SILENT = "no connection in time: the name servers of the directive resolver do not answer"

--- A reason, and what there is to do about it.
---@param reason string
---@return string
function nginx_connect.hinted(reason)
  for _, hint in ipairs(HINTS) do
    if reason:lower():find(hint[1]) then
      return ("%s (%s)"):format(reason, hint[2])
    end
  end
  return reason
end

local hinted = nginx_connect.hinted

--- Nothing was sent, and it may pass.
local function failure(kind, message)
  return nil, errors.new { kind = kind, message = message, retryable = true, sent = false,
    misaddressed = message:find("could not be resolved (3: Host not found)", 1, true) and true or nil }
end

---- where to ----

---@class fnf.Address
---@field scheme "http"|"https"
---@field host string as the certificate names it
---@field targets string[] to connect to, each in its turn
---@field port integer
---@field authority string as the Host header has it
---@field named boolean whether name servers are asked, which takes as long as resolver_timeout says
---@field pools table<string, table> options of connections kept apart, by who we are there

local addresses = {} -- by the URL's beginning: a client has one or two

local function is_address(host)
  local octets = { host:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, octet in ipairs(octets) do
    if tonumber(octet) > 255 then
      return false -- nginx asks name servers for it
    end
  end
  return octets[1] ~= nil or host:find("^%[") ~= nil
end

local function new_address(beginning)
  local scheme, authority = beginning:match("^(https?)://([^/?#]+)$")
  if not scheme then
    return nil
  end
  local host, port = authority:match("^(.*):(%d*)$")
  host = host or authority
  -- RFC 6761: this name always means this machine; no name server needs to be asked.
  local is_here = host == "localhost"
  return { scheme = scheme, host = host, targets = is_here and { "127.0.0.1", "[::1]" } or { host },
    authority = authority, port = tonumber(port) or (scheme == "https" and 443 or 80),
    named = not is_here and not is_address(host), pools = {} }
end

--- Where a URL leads, and what is asked for there.
---@param url string
---@return fnf.Address|nil
---@return string|nil target path and query
function nginx_connect.address_of(url)
  local beginning = url:match("^%a+://[^/?#]*")
  local address = beginning and (addresses[beginning] or new_address(beginning))
  if not address then
    return nil
  end
  addresses[beginning] = address
  local target = url:sub(#beginning + 1)
  return address, target:byte() == 47 and target or "/" .. target
end

---- the connection ----

--- Seconds as nginx's timeouts have them.
---@param seconds number
---@return integer
function nginx_connect.milliseconds(seconds)
  return math.max(1, math.ceil(seconds * 1000))
end

local milliseconds = nginx_connect.milliseconds

--- How connections are kept apart: by where they lead and who we are there. Those of `fresh` are never shared.
local function pool_of(address, certificate, fresh)
  local identity = (certificate and certificate.name or "") .. (fresh and " unshared" or "")
  local pool = address.pools[identity]
  if not pool then
    pool = { pool_size = IDLE_CONNECTIONS,
      pool = ("fnf %s %s %d verified %s"):format(address.scheme, address.host, address.port, identity) }
    address.pools[identity] = pool
  end
  return pool
end

--- Whether another address would not help.
local function is_final(reason)
  return reason:find("resolve", 1, true) or reason:find("host name", 1, true) or reason:find("memory", 1, true)
end

--- Connect to one target after the other; a name is tried again and again, for nginx never says which of its addresses
--- it took. `heard` is told once it was found.
local function try_each(address, pool, ending, heard)
  local targets, first = address.targets, nil
  local tries, began = address.named and TRIES or #targets, core.now()
  for try = 1, tries do
    local left = ending - core.now()
    if left <= 0 then
      break
    end
    local sock = ngx.socket.tcp()
    local share = try == 1 and left / FIRST or (ending - began) / TRIES
    sock:settimeout(milliseconds(try < tries and math.min(left, math.max(SHORTEST, share)) or left))
    local done, reason = sock:connect(targets[(try - 1) % #targets + 1], address.port, pool)
    heard()
    if done then
      return sock
    end
    first = first or tostring(reason)
    if is_final(first) then
      break
    end
  end
  return nil, first or "timeout"
end

--- Shake hands with a server that is to be this host; or why not.
---@param sock table
---@param host string
---@return boolean|nil
---@return string|nil reason
function nginx_connect.shake_hands(sock, host)
  local done, reason = sock:sslhandshake(false, host, true)
  if done and sock:getreusedtimes() then
    return true
  end
  -- A handshake that never had to wait is said to be done even if it was refused, but the connection is closed then.
  return nil, done and REFUSED or tostring(reason)
end

local function shake_hands(sock, address, certificate)
  if certificate then
    sock:setclientcert(certificate.chain, certificate.key)
  end
  local done, reason = nginx_connect.shake_hands(sock, address.host)
  if done then
    return true
  end
  sock:close()
  if reason == "timeout" then
    return failure("timeout", "no TLS connection in time")
  end
  local refused = reason:find("^%d+: ") or reason:find("certificate", 1, true)
  local _, err = failure("tls", "no TLS connection: " .. hinted(reason))
  err.retryable = not refused
  return nil, err
end

--- A socket to send on; nil and an error, or the words of nginx about the attempt to connect.
local function connect(address, pool, certificate, ending, heard)
  local sock, reason = try_each(address, pool, ending, heard)
  if not sock or address.scheme == "http" or sock:getreusedtimes() > 0 then
    return sock, reason
  end
  sock:settimeout(milliseconds(ending - core.now()))
  local shaken, err = shake_hands(sock, address, certificate)
  return shaken and sock, err
end

--- A connection, new or used before. What may not be repeated gets one of its own: one that has idled may die under it,
--- and nobody would know whether it was done.
---@param address fnf.Address
---@param request fnf.Request
---@param certificate? { name: string, chain: any, key: any }
---@param cancel? fun(): any true once the caller has given up
---@return table|nil socket
---@return fnf.Error|nil
---@return boolean|nil lasts whether it may be kept for the next request
function nginx_connect.open(address, request, certificate, cancel)
  local fresh, resolved = not request.repeatable, false
  local ending = core.now() + request.connect_timeout
  local function work()
    return connect(address, pool_of(address, certificate, fresh), certificate, ending, function()
      resolved = true
    end)
  end
  local sock, reason
  if address.named or cancel then
    sock, reason = threads.race(work, request.connect_timeout, cancel)
  else
    sock, reason = work()
  end
  if sock then
    return sock, nil, not fresh
  elseif errors.is(reason) then
    return nil, reason
  elseif reason == "cancelled" then
    local err = errors.cancelled()
    err.sent = false
    return nil, err
  elseif not resolved or reason:find("could not be resolved.*timed out") then
    return failure("timeout", SILENT)
  elseif reason == "timeout" or reason:find("timed out", 1, true) then
    return failure("timeout", "no connection in time")
  end
  return failure("network", ("no connection to %s: %s"):format(address.authority, hinted(reason)))
end

return nginx_connect
