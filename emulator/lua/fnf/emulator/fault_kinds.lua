--- The kinds of faults as rows: what each does to an answer, and how that answer then goes over the wire.
-- SPDX-License-Identifier: MIT

local errors = require("fnf.emulator.errors")
local gzip = require("fnf.emulator.gzip")

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
  if not code then return html(answer, fault) end
  local known = errors.row(code)
  answer.status = fault.status or known and known.status or 500
  answer.object = { Code = code, Message = fault.message or errors.text(code) }
end

local function instead(body)
  return function(answer, fault) text(answer, fault.status or 200, body or fault.body) end
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
  if answer.object.MapRunName then answer.object.MapRunName = ("f"):rep(32) end
end

local function halve(answer)
  answer.body = answer.body:sub(1, math.floor(#answer.body / 2))
end

local function compress(answer)
  answer.headers["Content-Encoding"] = "gzip"
  answer.body = gzip.wrap(answer.body)
end

---@type table<string, fnf.emulator.FaultKind>
return {
  -- No, or not here.
  status = { change = status },
  html = { change = html },
  redirect = { change = redirect },

  -- Bodies that make no sense.
  body = { needs = { "body" }, change = instead() },
  empty = { change = instead("") },
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
