--- One exchange of HTTP/1.1 over nginx's cosockets: connect, send, read, and keep the connection for the next.
-- SPDX-License-Identifier: MIT

local core = require "fnf.core"
local errors = require "fnf.errors"
local framing = require "fnf.platform.nginx_framing"
local nginx_connect = require "fnf.platform.nginx_connect"
local threads = require "fnf.platform.nginx_threads"

local nginx_http = {}

local milliseconds = nginx_connect.milliseconds
local PIECE = 64 * 1024 -- bytes received at once, at most
local IDLE_CONNECTIONS = 1024 -- kept for each host and worker
local IDLE_MS = 30000 -- how long: shorter than servers commonly keep theirs

local function failure(kind, message, sent)
  return nil, errors.new { kind = kind, message = message, retryable = true, sent = sent }
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

--- A stream that never has to be waited for would keep the worker to itself.
local function pause()
  ngx.sleep(0.001)
end

--- Send, and read the answer, until `ending`.
---@return fnf.Answer|nil
---@return boolean|fnf.Error reusable_or_error
local function converse(sock, text, ending)
  sock:settimeout(milliseconds(ending - core.now()))
  local sent, reason = sock:send(text)
  if not sent then
    return failure(reason == "timeout" and "timeout" or "network", "sending failed: " .. tostring(reason), true)
  end
  local function receive()
    local left = ending - core.now()
    if left <= 0 then
      return nil, "timeout"
    end
    sock:settimeout(milliseconds(left))
    return sock:receiveany(PIECE)
  end
  local answer, outcome = framing.read(receive, pause)
  if not answer then
    return failure(outcome.status, outcome.message, true)
  end
  return answer, outcome
end

--- The same, but not after the caller has given up.
local function converse_unless(cancel, sock, text, ending)
  local answer, outcome = threads.race(function()
    return converse(sock, text, ending)
  end, ending - core.now(), cancel)
  if answer or errors.is(outcome) then
    return answer, outcome
  elseif outcome == "cancelled" then
    return nil, errors.cancelled()
  end
  return failure("timeout", "no answer in time", true)
end

---@class fnf.ExchangeOptions
---@field certificate? { name: string, chain: any, key: any } client certificate as ngx.ssl parses it

--- Send a request and read its answer, yielding meanwhile; once, for whether it may be repeated, with a nonce of its
--- own, is the caller's to know.
---@param request fnf.Request
---@param options fnf.ExchangeOptions
---@param cancel? fun(): any true once the caller has given up
---@return fnf.Answer|nil
---@return fnf.Error|nil
function nginx_http.send(request, options, cancel)
  local address, target = nginx_connect.address_of(request.url)
  local text = address and text_of(request, address, target)
  if not text then
    local _, err = failure("network", "a control character or blank in the URL or a header", false)
    err.retryable = false
    return nil, err
  end
  local ending = core.now() + request.timeout
  local sock, err, lasts = nginx_connect.open(address, request, options.certificate, cancel)
  if not sock then
    return nil, err
  end
  local answer, outcome
  if cancel then
    answer, outcome = converse_unless(cancel, sock, text, ending)
  else
    answer, outcome = converse(sock, text, ending)
  end
  if answer and outcome and lasts then
    sock:setkeepalive(IDLE_MS, IDLE_CONNECTIONS)
  else
    sock:close()
  end
  return answer, not answer and outcome or nil
end

return nginx_http
