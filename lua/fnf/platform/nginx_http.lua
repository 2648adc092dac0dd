--- One exchange of HTTP/1.1 over nginx's cosockets: connect, send, read, and keep the connection for the next.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local errors = require "fnf.errors"
local framing = require "fnf.platform.nginx_framing"
local threads = require "fnf.platform.nginx_threads"

local nginx_http = {}

local PIECE = 64 * 1024 -- bytes received at once, at most
local IDLE_CONNECTIONS = 1024 -- kept for each host and worker
local IDLE_MS = 30000 -- how long: shorter than servers commonly keep theirs

--- What nginx says, and what there is to do about it.
local HINTS = {
  { "no resolver defined", "set the directive resolver, for example: resolver 127.0.0.53;" },
  { "^2[01]: ", "set the directive lua_ssl_trusted_certificate to the system's bundle of authorities, and raise "
    .. "lua_ssl_verify_depth above 1 if more than one stands between" },
  { "^1[89]: ", "set the directive lua_ssl_trusted_certificate to the authority that signed it" },
  { "^22: ", "raise the directive lua_ssl_verify_depth" },
  { "host mismatch", "it is for another name; nginx compares names only, never addresses" },
}

local REFUSED = "certificate refused; nginx did not say why: see lua_ssl_trusted_certificate, lua_ssl_verify_depth, or "
  .. "it is for another name"

local function hinted(reason)
  for _, hint in ipairs(HINTS) do
    if reason:find(hint[1]) then
      return ("%s (%s)"):format(reason, hint[2])
    end
  end
  return reason
end

local function failure(kind, message, sent)
  return nil, errors.new { kind = kind, message = message, retryable = true, sent = sent }
end

local function given_up(reason, sent)
  if reason == "cancelled" then
    return nil, errors.cancelled()
  end
  return failure("timeout", "no answer in time", sent)
end

---- where to ----

---@class fnf.Address
---@field scheme "http"|"https"
---@field host string as the certificate names it
---@field target string to connect to
---@field port integer
---@field authority string as the Host header has it
---@field named boolean whether name servers are asked, which takes as long as resolver_timeout says

local addresses = {} -- by the URL's beginning: a client has one or two

local function new_address(beginning)
  local scheme, authority = beginning:match("^(https?)://([^/?#]+)$")
  if not scheme then
    return nil
  end
  local host, port = authority:match("^(.-):?(%d*)$")
  -- RFC 6761: this name always means this machine; no name server needs to be asked.
  local target = host == "localhost" and "127.0.0.1" or host
  return { scheme = scheme, host = host, target = target, authority = authority,
    port = tonumber(port) or (scheme == "https" and 443 or 80), named = not target:find("^%[") and
    not target:find("^[%d.]+$") }
end

--- Where a URL leads, and what is asked for there.
local function address_of(url)
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

local function milliseconds(seconds)
  return math.max(1, math.ceil(seconds * 1000))
end

--- How connections are kept apart: by where they lead and who we are there. Those of `fresh` are never shared.
local function pool_of(address, certificate, fresh)
  local identity = (certificate and certificate.name or "") .. (fresh and " unshared" or "")
  local pool = address[identity]
  if not pool then
    pool = { pool_size = IDLE_CONNECTIONS,
      pool = ("fnf %s %s %d verified %s"):format(address.scheme, address.host, address.port, identity) }
    address[identity] = pool
  end
  return pool
end

--- Connect within the time.
local function open(sock, address, pool, seconds)
  sock:settimeout(milliseconds(seconds))
  if not address.named then
    return sock:connect(address.target, address.port, pool)
  end
  return threads.race(function()
    return sock:connect(address.target, address.port, pool)
  end, seconds)
end

local function shake_hands(sock, address, certificate)
  if certificate then
    sock:setclientcert(certificate.chain, certificate.key)
  end
  local done, reason = sock:sslhandshake(false, address.host, true)
  if done and sock:getreusedtimes() then
    return true
  end
  -- A handshake that never had to wait is said to be done even if it was refused, but the connection is closed then.
  reason = done and REFUSED or tostring(reason)
  sock:close()
  if reason == "timeout" then
    return failure("timeout", "no TLS connection in time", false)
  end
  local refused = reason:find("^%d+: ") or reason:find("certificate", 1, true)
  local _, err = failure("tls", "no TLS connection: " .. hinted(reason), false)
  err.retryable = not refused
  return nil, err
end

--- A connection ready to send on, new or used before.
local function connect(address, request, options, fresh)
  local sock = ngx.socket.tcp()
  local pool = pool_of(address, options.certificate, fresh)
  local ending = core.now() + request.connect_timeout
  local done, reason = open(sock, address, pool, request.connect_timeout)
  if not done then
    reason = tostring(reason)
    if reason == "timeout" or reason:find("timed out", 1, true) then
      return failure("timeout", "no connection in time", false)
    end
    return failure("network", ("no connection to %s: %s"):format(address.authority, hinted(reason)), false)
  end
  local reused = sock:getreusedtimes() > 0
  if address.scheme == "https" and not reused then
    sock:settimeout(milliseconds(ending - core.now()))
    local shaken, err = shake_hands(sock, address, options.certificate)
    if not shaken then
      return nil, err
    end
  end
  return sock, reused
end

---- the request ----

local NO_HEADERS = {}
local written = setmetatable({}, { __mode = "k" }) -- lines of header tables, which are the same for many requests

--- Header lines; false if one could end a line early.
local function lines_of(headers)
  local lines = {}
  for name, value in pairs(headers) do
    if name:find("[^%w!#$%%&'*+.^_`|~-]") or value:find("[%z\1-\31\127]") then
      return false
    end
    lines[#lines + 1] = ("%s: %s\r\n"):format(name, value)
  end
  return table.concat(lines)
end

local BREAKS = { " ", "\r", "\n", "\t", "\v", "\f", "\0" } -- what some server takes for the end of a word or line

--- Plain searches: a pattern over a signed URL costs ten times as much.
local function is_one_word(text)
  for _, byte in ipairs(BREAKS) do
    if text:find(byte, 1, true) then
      return false
    end
  end
  return true
end

--- What goes over the wire; nil if something in it could end a line or a word early.
local function text_of(request, address, target)
  local headers = request.headers or NO_HEADERS
  local lines = written[headers]
  if lines == nil then
    lines = lines_of(headers)
    written[headers] = lines
  end
  if not lines or not is_one_word(target) or request.method:find("[^%u]") then
    return nil
  end
  local body = request.body or request.method == "POST" and ""
  local length = body and ("content-length: %d\r\n"):format(#body) or ""
  return request.method .. " " .. target .. " HTTP/1.1\r\nhost: " .. address.authority .. "\r\n" .. lines .. length
    .. "\r\n" .. (body or "")
end

---- the exchange ----

--- Send, and read the answer, until `ending`. The last result says that a connection used before died unheard.
local function converse(sock, reused, text, ending)
  sock:settimeout(milliseconds(ending - core.now()))
  local sent, reason = sock:send(text)
  if not sent then
    local _, err = failure(reason == "timeout" and "timeout" or "network", "sending failed: " .. tostring(reason), true)
    return nil, err, reused and reason ~= "timeout"
  end
  local function receive()
    local left = ending - core.now()
    if left <= 0 then
      return nil, "timeout"
    end
    sock:settimeout(milliseconds(left))
    return sock:receiveany(PIECE)
  end
  local answer, outcome, received = framing.read(receive)
  if not answer then
    sock:close()
    local _, err = failure(outcome.status, outcome.message, true)
    return nil, err, reused and not received and outcome.status == "network"
  end
  return answer, outcome
end

--- One try; with `fresh`, on a connection of its own that nobody uses afterwards.
local function try(request, options, fresh)
  local address, target = address_of(request.url)
  local text = address and text_of(request, address, target)
  if not text then
    local _, err = failure("network", "a control character or blank in the URL or a header", false)
    err.retryable = false
    return nil, err
  end
  local ending = core.now() + request.timeout
  local sock, reused = connect(address, request, options, fresh)
  if not sock then
    return nil, reused
  end
  local answer, outcome, unheard = converse(sock, reused, text, ending)
  if not answer then
    return nil, outcome, unheard
  elseif outcome and not fresh then
    sock:setkeepalive(IDLE_MS, IDLE_CONNECTIONS)
  else
    sock:close()
  end
  return answer
end

local function exchange_once(request, options)
  local answer, err, unheard = try(request, options, false)
  if unheard then
    -- The server had closed the connection before it saw the request.
    return try(request, options, true)
  end
  return answer, err
end

---@class fnf.ExchangeOptions
---@field certificate? { name: string, chain: any, key: any } client certificate as ngx.ssl parses it

--- Send a request and read its answer, yielding meanwhile.
---@param request fnf.Request
---@param options fnf.ExchangeOptions
---@param cancel? fun(): any true once the caller has given up
---@return fnf.Answer|nil
---@return fnf.Error|nil
function nginx_http.send(request, options, cancel)
  if not cancel then
    return exchange_once(request, options)
  end
  local answer, err = threads.race(function()
    return exchange_once(request, options)
  end, request.timeout, cancel)
  if not answer and not errors.is(err) then
    return given_up(err)
  end
  return answer, err
end

return nginx_http
