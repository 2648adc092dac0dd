--- One plain HTTP exchange of a source that is no service of the signed kind: metadata, a URI, a token server.
-- SPDX-License-Identifier: MIT

local endpoint = require "fnf.endpoint"
local errors = require "fnf.errors"

local exchange = {}

local LIMIT = 64 * 1024 -- bytes of an answer
local TIMEOUT, CONNECT_TIMEOUT = 15, 5 -- seconds: 5 to connect, 10 to read (CREDENTIALS.md section 7)

local function split(url)
  local scheme, authority = url:match("^(%a+)://([^/?#]*)")
  return scheme and scheme:lower(), authority
end

--- What is wrong with a URL that keys come from, or nil: https, or http to this machine.
---@param url any
---@return string|nil problem without the URL, which may hold a secret
function exchange.validate(url)
  if type(url) ~= "string" then
    return "is missing, or no text"
  end
  local scheme, authority = split(url)
  if url:find("[%c%s]") then
    return "holds a blank or control character"
  elseif not scheme or authority == "" then
    return "is no URL such as https://host/path"
  elseif authority:find("@", 1, true) then
    return "must not carry user info"
  elseif scheme ~= "https" and not (scheme == "http" and endpoint.is_loopback(authority)) then
    return "must begin with https:// (http:// only to this machine, such as http://127.0.0.1:8080/)"
  end
end

--- Scheme and host of a URL, without its path.
---@param url string
---@return string
function exchange.origin(url)
  return url:match("^%a+://[^/?#]*") or ""
end

--- Send a request and get the body of the 200 that answers it.
---@param context fnf.CallContext
---@param request table a fnf.Request of which only `method` and `url` must be there
---@param what string who is asked, in words
---@return string|nil
---@return fnf.Error|nil
function exchange.ask(context, request, what)
  if context.left() <= 0 then
    return nil, errors.credentials(("%s was not asked: the deadline has passed"):format(what))
  end
  local scheme, authority = split(request.url)
  local answer, cause = context.send {
    method = request.method, url = request.url, headers = request.headers or {}, body = request.body,
    timeout = request.timeout or TIMEOUT, connect_timeout = request.connect_timeout or CONNECT_TIMEOUT,
    -- A proxy must not see what is meant for this machine.
    direct = request.direct or scheme == "http" and endpoint.is_loopback(authority),
  }
  if not answer then
    return nil, cause.kind == "cancelled" and cause
      or errors.credentials(("%s cannot be asked: %s"):format(what, cause.message), cause)
  elseif #answer.body > LIMIT then
    return nil, errors.credentials(("%s answered with more than 64 KiB"):format(what))
  elseif answer.status ~= 200 then
    local err = errors.credentials(("%s answered with HTTP status %d"):format(what, answer.status))
    err.retryable = answer.status >= 500 or answer.status == 429 or nil
    return nil, err
  end
  return answer.body
end

return exchange
