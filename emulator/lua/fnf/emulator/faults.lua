--- Faults: the kinds there are, the queue they wait in, and the hints they add to an answer.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.emulator.errors"
local fields = require "fnf.emulator.fields"
local timestamp = require "fnf.emulator.timestamp"

local faults = {}

local GZIP_BLOCK = 65535

local function little_endian(value, bytes)
  local out = {}
  for index = 1, bytes do
    out[index] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(out)
end

-- The text as a gzip file of stored blocks. Runs inside nginx only (its CRC).
local function gzip(text)
  local parts = { "\31\139\8\0\0\0\0\0\0\255" }
  for from = 1, math.max(1, #text), GZIP_BLOCK do
    local block = text:sub(from, from + GZIP_BLOCK - 1)
    local last = from + GZIP_BLOCK > #text and "\1" or "\0"
    parts[#parts + 1] = last .. little_endian(#block, 2) .. little_endian(65535 - #block, 2) .. block
  end
  parts[#parts + 1] = little_endian(ngx.crc32_long(text), 4) .. little_endian(#text, 4)
  return table.concat(parts)
end

---@class fnf.emulator.Answer
---@field status integer
---@field headers table<string, string>
---@field object? table becomes the body as JSON
---@field body? string takes the place of the object
---@field length? integer bytes of a huge body
---@field chunked? boolean a huge body without Content-Length

---@class fnf.emulator.FaultKind
---@field carried? boolean is the operation carried out first
---@field needs? string[] fields that such a fault cannot do without
---@field change? fun(answer: fnf.emulator.Answer, fault: table) while the answer is a record
---@field garble? fun(answer: fnf.emulator.Answer) when it has become text
---@field wire? string one of the ways in delivery.lua, "plain" if absent
---@field http1_only? boolean in HTTP/2 there is no such thing: the stream is reset

local PAGE = "<!DOCTYPE html>\n<html><head><title>%d</title></head><body><h1>%d</h1></body></html>\n"

local default_codes = {
  [403] = "AccessDenied", [429] = "ResourceThrottled", [500] = "InternalServerError", [503] = "ServiceUnavailable",
}

local function text(answer, status, body)
  answer.status, answer.object, answer.body = status, nil, body
end

local function html(answer, fault)
  local status = fault.status or 200
  text(answer, status, PAGE:format(status, status))
  answer.headers["Content-Type"] = "text/html"
end

-- A status that has no code of the service's becomes the page that a proxy would show.
local function status(answer, fault)
  local code = fault.code or default_codes[fault.status or 500]
  if not code then
    return html(answer, fault)
  end
  local known = errors.row(code)
  answer.status = fault.status or known and known.status or 500
  answer.object = { Code = code, Message = fault.message or errors.text(code) }
end

local function instead(body)
  return function(answer, fault)
    text(answer, fault.status or 200, body or fault.body)
  end
end

local function deep(answer, fault)
  local depth = fault.depth or 1000
  text(answer, 200, '{"Status":"Running","Deep":' .. ("["):rep(depth) .. ("]"):rep(depth) .. "}")
end

local function huge(answer, fault)
  text(answer, fault.status or 200, "")
  answer.length, answer.chunked = fault.bytes or 9 * 1024 * 1024, fault.chunked
end

local function redirect(answer, fault)
  html(answer, { status = fault.status or 302 })
  answer.headers.Location = fault.location or "/elsewhere"
end

local function other_run(answer)
  if answer.object.MapRunName then
    answer.object.MapRunName = ("f"):rep(32)
  end
end

local function halve(answer)
  answer.body = answer.body:sub(1, math.floor(#answer.body / 2))
end

local function compress(answer)
  answer.headers["Content-Encoding"] = "gzip"
  answer.body = gzip(answer.body)
end

---@type table<string, fnf.emulator.FaultKind>
faults.kinds = {
  -- No, or not here.
  status = { change = status },
  html = { change = html },
  redirect = { change = redirect },

  -- Bodies that make no sense.
  body = { needs = { "body" }, change = instead() },
  empty = { change = instead "" },
  array = { change = instead('["Running"]') },
  deep = { change = deep },
  huge = { change = huge, wire = "huge" },
  truncated = { carried = true, garble = halve },
  other_run = { carried = true, change = other_run },

  -- The right answer in a wrong or rare wrapping.
  gzip = { carried = true, garble = compress },
  trailers = { carried = true, wire = "trailers", http1_only = true },
  wrong_length = { carried = true, wire = "wrong_length" },
  bad_status_line = { carried = true, wire = "bad_status_line", http1_only = true },

  -- Time and connections.
  delay = { carried = true, needs = { "delay" } },
  skew = { carried = true, needs = { "seconds" } },
  stall = { carried = true, needs = { "seconds" }, wire = "stall" },
  cut = { carried = true, wire = "cut" },
  drop_reply = { carried = true, wire = "reset" },
  reset = { wire = "reset" },
  close = { wire = "close" },
}

local function are_texts(value)
  if type(value) ~= "table" then
    return false
  end
  for name, field in pairs(value) do
    if type(name) ~= "string" or type(field) ~= "string" then
      return false
    end
  end
  return true
end

local MOST = 1e9

local rows = {
  kind = fields.one_of(faults.kinds, "the name of a fault", "status"),
  action = fields.custom(fields.is_text, "the name of an operation"),
  times = fields.whole(1, MOST, "a whole number, 1 or more", 1),
  after = fields.whole(0, MOST, "a whole number, 0 or more", 0),
  delay = fields.number(0, 3600, "seconds, 0 to 3600"),
  seconds = fields.shift(),
  status = fields.whole(200, 599, "a whole number from 200 to 599"),
  code = fields.text(), message = fields.text(), body = fields.text(), location = fields.text(),
  bytes = fields.whole(1, MOST, "a whole number, 1 or more"),
  depth = fields.whole(1, 1e6, "a whole number from 1 to 1000000"),
  chunked = fields.flag(),
  headers = fields.custom(are_texts, "names with texts"),
  retry_after_ms = fields.whole(0, 1e12, "milliseconds"),
  retry_after = fields.whole(0, MOST, "whole seconds"),
  retry_at = fields.number(0, 3600, "seconds from now"),
  rate_limit_user = fields.whole(0, 1e12, "milliseconds"),
  rate_limit_api = fields.whole(0, 1e12, "milliseconds"),
}

---@return table
function faults.new()
  return {}
end

--- Puts a fault behind the ones that wait already.
---@param self table
---@param fault table see emulator/README.md
---@return true? done
---@return string? problem what is wrong with it
function faults.add(self, fault)
  local problem = fields.validate(fault, rows)
  if problem then
    return nil, problem
  end
  local complete = fields.complete(fault, rows)
  for _, name in ipairs(faults.kinds[complete.kind].needs or {}) do
    if complete[name] == nil then
      return nil, ("a fault of kind '%s' needs %s"):format(complete.kind, name)
    end
  end
  self[#self + 1] = complete
  return true
end

--- The fault that this request meets: the first one for its action, once as many requests as `after` says have passed.
---@param self table
---@param action? string
---@return table? fault
function faults.take(self, action)
  for index, fault in ipairs(self) do
    if not fault.action or fault.action == action then
      if fault.after > 0 then
        fault.after = fault.after - 1
        return nil
      end
      fault.times = fault.times - 1
      if fault.times == 0 then
        table.remove(self, index)
      end
      return fault
    end
  end
  return nil
end

-- The form of the shared gateway; the service documents none of its own.
local function rate_limit(milliseconds, now)
  return ("Limit:10,Remain:0,TimeLeft:%d,Reset:%d"):format(milliseconds, math.floor(now + milliseconds / 1000))
end

local function whole_number(value)
  return ("%d"):format(value)
end

local hint_rows = {
  retry_after_ms = { "x-acs-retry-after", whole_number },
  retry_after = { "Retry-After", whole_number },
  retry_at = { "Retry-After", function(value, now)
    return timestamp.http(now + value)
  end },
  rate_limit_user = { "x-ratelimit-user", rate_limit },
  rate_limit_api = { "x-ratelimit-user-api", rate_limit },
}

--- Adds what the fault asks for.
---@param headers table<string, string>
---@param fault table
---@param now number the service's wall time, seconds
function faults.add_hints(headers, fault, now)
  for name, hint in pairs(hint_rows) do
    if fault[name] then
      headers[hint[1]] = hint[2](fault[name], now)
    end
  end
  for name, value in pairs(fault.headers or {}) do
    headers[name] = value
  end
end

return faults
