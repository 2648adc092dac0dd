--- What sources read: environment variables, configuration files, and answers over plain HTTP.
-- SPDX-License-Identifier: MIT
--
-- The exchange here is for those that are no service of the signed kind: metadata, a URI, a token server.

local endpoint = require "fnf.endpoint"
local errors = require "fnf.errors"

local input = {}

local FILE_LIMIT = 64 * 1024 -- bytes: none of these files is a hundredth of it
local READ_BY_GROUP, READ_BY_ALL = 32, 4 -- permission bits
local ANSWER_LIMIT = 64 * 1024 -- bytes of an answer
local TIMEOUT, CONNECT_TIMEOUT = 15, 5 -- seconds: 5 to connect, 10 to read (CREDENTIALS.md section 7)

--- The value of a variable; nil if it is unset or empty (CREDENTIALS.md section 2).
---@param context fnf.CallContext
---@param name string
---@return string|nil
function input.variable(context, name)
  local value = context.getenv(name)
  return value ~= "" and value or nil
end

---@param context fnf.CallContext
---@param name string
---@return boolean
function input.is_true(context, name)
  return (context.getenv(name) or ""):lower() == "true"
end

--- A path below the home directory; nil without one.
---@param context fnf.CallContext
---@param path string
---@return string|nil
function input.below_home(context, path)
  local home = input.variable(context, "HOME")
  return home and home .. "/" .. path
end

local function has(mode, bit)
  return math.floor(mode / bit) % 2 == 1
end

--- The text of a file.
---@param context fnf.CallContext
---@param path string
---@param what string the file in words: "the CLI's configuration"
---@return string|nil
---@return fnf.Error|integer mode or what went wrong
function input.read(context, path, what)
  local text, mode, message = context.read(path, FILE_LIMIT)
  if not text then
    message = ("cannot read %s %s (%s)"):format(what, path, message)
    return nil, mode == "no memory" and errors.memory(message, false) or errors.credentials(message)
  end
  return text, mode
end

--- The text of a file that holds keys: that others can read it is worth a warning.
---@param context fnf.CallContext
---@param path string
---@param what string
---@return string|nil
---@return fnf.Error|nil
function input.read_private(context, path, what)
  local text, mode = input.read(context, path, what)
  if not text then
    return nil, mode
  elseif has(mode, READ_BY_GROUP) or has(mode, READ_BY_ALL) then
    context.tell("warning", { message = ("%s %s holds keys, and others can read it; chmod 600"):format(what, path) })
  end
  return text
end

local function split(url)
  local scheme, authority = url:match("^(%a+)://([^/?#]*)")
  return scheme and scheme:lower(), authority
end

--- What is wrong with a URL that keys come from, or nil: https, or http to this machine.
---@param url any
---@return string|nil problem without the URL, which may hold a secret
function input.validate_url(url)
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
function input.origin(url)
  return url:match("^%a+://[^/?#]*") or ""
end

--- Send a request and get the body of the 200 that answers it.
---@param context fnf.CallContext
---@param request table a fnf.Request of which only `method` and `url` must be there
---@param what string who is asked, in words
---@return string|nil
---@return fnf.Error|nil
function input.ask(context, request, what)
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
    return nil, errors.is_own(cause) and cause
      or errors.credentials(("%s cannot be asked: %s"):format(what, cause.message), cause)
  elseif #answer.body > ANSWER_LIMIT then
    return nil, errors.credentials(("%s answered with more than 64 KiB"):format(what))
  elseif answer.status ~= 200 then
    local err = errors.credentials(("%s answered with HTTP status %d"):format(what, answer.status))
    err.retryable = answer.status >= 500 or answer.status == 429 or nil
    return nil, err
  end
  return answer.body
end

return input
