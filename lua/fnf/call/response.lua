--- Status, headers and body to a result table or an error. Pure.
-- SPDX-License-Identifier: MIT

local ascii = require "fnf.ascii"
local errors = require "fnf.errors"
local json = require "fnf.json"
local number = require "fnf.number"
local time = require "fnf.time"

local response = {}

---@class fnf.Answer what a transport brings
---@field status integer
---@field headers table<string, string>|string by name in lower case, or "Name: value\r\n" lines
---@field body string

--- The value of a header, whatever its case.
---@param headers table<string, string>|string|nil
---@param name string in lower case
---@return string|nil
function response.header(headers, name)
  if type(headers) == "table" then
    local value = headers[name]
    if value == nil then
      for key, other in pairs(headers) do
        if type(key) == "string" and #key == #name and ascii.lower(key) == name then
          value = other
        end
      end
    end
    return type(value) == "string" and value or nil
  elseif type(headers) ~= "string" then
    return nil
  end
  -- Line by line, each matched from its beginning: a hostile header must not cost the square of its length.
  local found
  local at = 1
  while at do
    local key, value = headers:match("^([^:\r\n]+):[ \t]*([^\r\n]*)", at)
    if key and #key == #name and ascii.lower(key) == name then
      found = value:match("^.*[^ \t]") or ""
    end
    at = headers:find("\n", at)
    at = at and at + 1
  end
  return found
end

--- A number of seconds that can be slept, or nil.
local function span(seconds)
  return seconds and seconds >= 0 and seconds < math.huge and seconds or nil
end

--- Seconds until a Retry-After, which is a number of them or a date of the server's clock.
local function retry_after(headers)
  local text = response.header(headers, "retry-after")
  if not text then
    return nil
  end
  local seconds = number.read(text)
  if seconds then
    return seconds
  end
  local at = time.from_http(text)
  local now = time.from_http(response.header(headers, "date"))
  return at and now and at - now
end

--- TimeLeft, in milliseconds, of "Limit:1,Remain:0,TimeLeft:2000,Reset:1234" (API.md section 8).
local function time_left(headers, name)
  local text = response.header(headers, name)
  local left = text and text:match("TimeLeft:%s*(%d+)")
  return left and tonumber(left) / 1000
end

local MOST_DIGITS = 9 -- a larger figure is no quota

--- What an answer tells of the user's quota of the operation, whole or not at all: the form is that of the SDK's tests,
--- the meaning that of its names (API.md section 8).
---@param headers table<string, string>|string|nil
---@return fnf.Quota|nil
function response.quota(headers)
  local text = response.header(headers, "x-ratelimit-user-api") or ""
  local limit, remain = text:match("Limit:%s*(%d+)"), text:match("Remain:%s*(%d+)")
  local left = text:match("TimeLeft:%s*(%d+)")
  if limit and remain and left and math.max(#limit, #remain, #left) <= MOST_DIGITS and tonumber(limit) > 0 then
    return { limit = tonumber(limit), remain = tonumber(remain), left = tonumber(left) / 1000 }
  end
end

--- How many seconds the service asks to wait, by the first hint it gives; nil without one.
---@param headers table<string, string>|string|nil
---@return number|nil
function response.hint(headers)
  local milliseconds = span(number.read(response.header(headers, "x-acs-retry-after")))
  local by_api, by_user = time_left(headers, "x-ratelimit-user-api"), time_left(headers, "x-ratelimit-user")
  return milliseconds and milliseconds / 1000
    or by_api and by_user and math.max(by_api, by_user)
    or by_api
    or by_user
    or span(retry_after(headers))
end

--- Statuses below 500 of something between that the next attempt may not meet (RFC 9110, RFC 8470, RFC 6585).
local PASSING = { [408] = true, [425] = true, [429] = true }

--- A refusal in other words than the service's comes from something between; the same request is refused again.
local function protocol(answer, message)
  local status = answer.status
  return nil, errors.new { kind = "protocol", status = status, message = message,
    retryable = status < 400 or status >= 500 or PASSING[status] == true,
    retry_after = response.hint(answer.headers) }
end

--- The first string under one of the names: the SDK core takes both spellings (API.md section 8).
local function first(object, ...)
  for i = 1, select("#", ...) do
    local value = object[select(i, ...)]
    if type(value) == "string" then
      return value
    elseif type(value) == "number" then
      return number.write(value)
    end
  end
end

local function refusal(answer, object)
  local code = first(object, "Code", "code")
  return errors.new {
    kind = "service",
    status = answer.status,
    code = code or ("HTTP" .. answer.status),
    message = first(object, "Message", "message", "Description", "description") or "no message",
    request_id = first(object, "RequestId", "requestId") or response.header(answer.headers, "x-acs-request-id"),
    retry_after = response.hint(answer.headers),
    date = time.from_http(response.header(answer.headers, "date")),
  }
end

--- What is wrong with a body that is no JSON object, in words.
local function describe(answer, reason)
  local coding = response.header(answer.headers, "content-encoding")
  if answer.body == "" then
    return "an empty answer"
  elseif coding and ascii.lower(coding) ~= "identity" then
    return ("an answer coded as %s, which was not asked for"):format(coding)
  elseif answer.body:find("^%s*<") and answer.body:sub(1, 1024):find("plain HTTP") then
    return "an answer that says that this port speaks https; is the endpoint https://?" -- as nginx and Apache put it
  elseif answer.body:find("^%s*<") then
    return "an answer in HTML or XML instead of JSON; is the endpoint right?"
  end
  return "an answer that is no JSON object: " .. reason
end

local function read_object(answer, expected)
  if not answer.body:find("^%s*{") then
    return nil, "it does not begin with a brace"
  end
  return json.decode(answer.body, expected)
end

--- Very old gateways refuse with status 200 and a code (SIGNING.md section 5).
local SUCCESS = { ["200"] = true, OK = true, Success = true, success = true }

local function is_refusal(object)
  return object.Code ~= nil and object.Message ~= nil and not SUCCESS[tostring(object.Code)]
end

local NOTHING = {}

--- A list without the holes that nulls have left in it: whoever walks through it would stop at the first.
local function without_holes(list)
  local places, kept = {}, {}
  for place in pairs(list) do
    places[#places + 1] = place
  end
  table.sort(places)
  for i, place in ipairs(places) do
    kept[i] = list[place]
  end
  return json.list(kept)
end

--- The result of an operation, or what went wrong.
---@param row fnf.Operation
---@param params table what was asked
---@param answer fnf.Answer
---@return table|nil
---@return fnf.Error|nil
function response.read(row, params, answer)
  local status = answer.status
  if status >= 300 and status < 400 then
    return protocol(answer, "a redirect, which a signed request must not follow; is the endpoint right?")
  end
  local wanted = row.answer or {}
  local object, reason = read_object(answer, wanted)
  if not object then
    return protocol(answer, describe(answer, reason))
  end
  if status < 200 or status >= 300 or is_refusal(object) then
    return nil, refusal(answer, object)
  end
  if wanted.must and type(object[wanted.must]) ~= "string" then
    return protocol(answer, "an answer without " .. wanted.must)
  end
  local entries = row.items and object[row.items]
  if type(entries) == "table" and json.is_list(entries) then
    object[row.items] = without_holes(entries)
  end
  for field, parameter in pairs(wanted.same or NOTHING) do
    if object[field] and params[parameter] and object[field] ~= params[parameter] then
      return protocol(answer, ("an answer about another %s than was asked for"):format(parameter))
    end
  end
  return object
end

return response
