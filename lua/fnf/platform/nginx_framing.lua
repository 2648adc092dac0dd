--- One answer of HTTP/1.1 out of a stream of bytes: where it ends, and whether the connection may be used again. Pure.
-- SPDX-License-Identifier: MIT

local framing = {}

local MAX_HEAD = 64 * 1024 -- bytes of headers, interim answers, trailers and words about chunks included
local MAX_BODY = 8 * 1024 * 1024 -- bytes of the body
local TOO_MUCH = "a body of more than 8 MiB"

---@class fnf.Problem
---@field status "network"|"timeout"|"protocol"
---@field message string

---@class fnf.Reader
---@field receive fun(): string|nil, string|nil the next bytes, however few; or nil and "closed", "timeout", ...
---@field pause fun() lets others work for a moment
---@field buffer string
---@field at integer position of the first byte not yet read
---@field received boolean whether a byte ever came
---@field head_left integer bytes of headers that may still come
local Reader = {}
Reader.__index = Reader

local function problem(status, message)
  return nil, { status = status, message = message }
end

local function senseless(message)
  return problem("protocol", message)
end

local function nothing() end

--- What the end of the stream means while more was expected.
local function broken(reason, received)
  if reason == "timeout" then
    return problem("timeout", received and "the answer did not end in time" or "no answer in time")
  end
  local how = reason == "closed" and "was closed" or ("broke (%s)"):format(tostring(reason))
  if received then
    return senseless(("the connection %s in the middle of the answer"):format(how))
  end
  return problem("network", ("the connection %s without an answer"):format(how))
end

function Reader:next()
  local bytes, reason = self.receive()
  if bytes then
    self.received = true
    return bytes
  end
  return broken(reason, self.received)
end

local TOO_LONG = "headers of more than 64 KiB"

--- Bytes up to and with an end that `find` sees from a place on, never longer than two bytes and one. Every byte is
--- looked at and copied once, however few come at a time.
function Reader:through(find)
  local stop = find(self.buffer, self.at)
  local text = self.buffer:sub(self.at, stop)
  if #text > self.head_left then
    return senseless(TOO_LONG)
  elseif stop then
    self.at, self.head_left = stop + 1, self.head_left - #text
    return text
  end
  local pieces, size = { text }, #text
  while true do
    local bytes, why = self:next()
    if not bytes then
      return nil, why
    end
    local tail = text:sub(-2)
    text = tail .. bytes
    stop = find(text, 1)
    local used = (stop or #text) - #tail
    size, pieces[#pieces + 1] = size + used, bytes:sub(1, used)
    if size > self.head_left then
      return senseless(TOO_LONG)
    elseif stop then
      self.buffer, self.at, self.head_left = bytes, used + 1, self.head_left - size
      return table.concat(pieces)
    end
  end
end

local function end_of_line(text, from)
  return (text:find("\n", from))
end

--- A line without its end; CR LF or LF alone.
function Reader:line()
  local line, why = self:through(end_of_line)
  return line and line:sub(1, line:byte(-2) == 13 and -3 or -2), why
end

--- Exactly so many bytes.
function Reader:take(size)
  local have = #self.buffer - self.at + 1
  if have >= size then
    self.at = self.at + size
    return self.buffer:sub(self.at - size, self.at - 1)
  end
  local pieces = { self.buffer:sub(self.at) }
  while have < size do
    local bytes, why = self:next()
    if not bytes then
      return nil, why
    end
    have, pieces[#pieces + 1] = have + #bytes, bytes
  end
  local last = pieces[#pieces]
  local surplus = have - size
  pieces[#pieces] = last:sub(1, #last - surplus)
  self.buffer, self.at = last, #last - surplus + 1
  return table.concat(pieces)
end

--- Everything until the server closes.
function Reader:rest()
  local pieces = { self.buffer:sub(self.at) }
  local size = #pieces[1]
  while size <= MAX_BODY do
    local bytes, reason = self.receive()
    if not bytes and reason == "closed" then
      return table.concat(pieces)
    elseif not bytes then
      return broken(reason, true)
    end
    size, pieces[#pieces + 1] = size + #bytes, bytes
  end
  return senseless(TOO_MUCH)
end

---- the head ----

--- Where the first empty line ends.
local function end_of_head(text, from)
  local stop = text:find("\n", from)
  while stop do
    local first, second = text:byte(stop + 1, stop + 2)
    if first == 10 then
      return stop + 1
    elseif first == 13 and second == 10 then
      return stop + 2
    end
    stop = text:find("\n", stop + 1)
  end
end

--- Whether every line is a name, a colon and a value with nothing else to look at: one pattern a line, which costs a
--- fifth of what the searches of `read_fields` do.
local function are_plain(lines)
  local at = 2
  while at <= #lines do
    local _, stop = lines:find("^[^:%c]*[^:%c ]:[^%c]*\r?\n", at)
    if not stop or lines:byte(at) == 32 then
      return false
    end
    at = stop + 1
  end
  return true
end

--- Header lines as they are meant: a line that begins with a blank goes on with the one before it.
---@param lines string each after a line feed, and one at the end
---@return string|nil
---@return fnf.Problem|nil
local function read_fields(lines)
  if are_plain(lines) then
    return lines
  end
  if lines:find("^\n[ \t]") then
    return senseless "a header that goes on with none"
  elseif lines:find("[%z\1-\8\11\12\14-\31\127]") or lines:find("\r[^\n]") then
    return senseless "a control character in a header"
  elseif lines:find("\n[^:\n\t ][^:\n]*\n") or lines:find("\n:", 1, true) then
    return senseless "a header line without a name"
  elseif lines:find("\n[^:\n\t ][^:\n]*[ \t]:") then
    return senseless "a blank behind the name of a header"
  end
  return (lines:gsub("\r?\n[ \t]+", " "))
end

--- The first value of a header behind a place in lower-case text, and where; nil if there is none.
local function value_of(text, line, from)
  local _, stop = text:find(line, from, true)
  if stop then
    return text:match("^[ \t]*([^\r\n]*)", stop + 1), stop
  end
end

--- The values of a header, joined if it comes more than once; nil if it does not.
local function header(text, line)
  local first, stop = value_of(text, line, 1)
  local all
  while stop do
    local more
    more, stop = value_of(text, line, stop)
    if more then
      all = all or { first }
      all[#all + 1] = more
    end
  end
  return all and table.concat(all, ",") or first
end

local LENGTH, CODING, CONNECTION = "\ncontent-length:", "\ntransfer-encoding:", "\nconnection:"

-- Of a length, zeros in front apart: what is longer is none to libcurl either, whether there is a body or not.
local LENGTH_DIGITS = 16

--- The digits of a length, said once or several times alike; nil if it is none.
local function length_of(value)
  local length, at = nil, 1
  while true do
    local digits, stop = value:match("^[ \t]*0*(%d+)()", at)
    if not digits or #digits > LENGTH_DIGITS or length and digits ~= length then
      return nil
    elseif value:byte(stop) ~= 44 then -- a comma
      return value:find("^[ \t]*$", stop) and digits or nil
    end
    length, at = digits, stop + 1
  end
end

local function read_length(text)
  local length
  local value, stop = value_of(text, LENGTH, 1)
  while stop do
    local said = length_of(value)
    if not said or length and said ~= length then
      return nil
    end
    length = said
    value, stop = value_of(text, LENGTH, stop)
  end
  return tonumber(length)
end

--- What would let other readers find another end of the body, whether there is one or not.
local function frame_problem(text)
  local coding = header(text, CODING)
  if coding and not coding:find("^chunked[ \t]*$") then
    return "an answer in a transfer coding that was not asked for"
  elseif text:find(LENGTH, 1, true) and not read_length(text) then
    return "a Content-Length that is no length"
  end
end

--- The head of the final answer; interim ones (1xx) are skipped.
---@return fnf.Answer|nil
---@return string|fnf.Problem text of the headers in lower case, each after a line feed
---@return boolean|nil persistent HTTP/1.1, where connections last unless something is said
local function read_head(reader)
  while true do
    local block, why = reader:through(end_of_head)
    if not block then
      return nil, why
    end
    local minor, status, reason, stop = block:match "^HTTP/1%.([01]) +(%d%d%d)([^%z\1-\8\10-\31\127]*)\r?()\n"
    if not minor or status < "100" or not reason:find "^[ \t]" and reason ~= "" then
      return senseless "an answer that is not HTTP/1"
    end
    local lines = block:sub(stop, block:byte(-2) == 13 and -3 or -2)
    local fields, problem_of_it = read_fields(lines)
    if not fields then
      return nil, problem_of_it
    end
    local text = fields:lower()
    local fault = frame_problem(text) or fields ~= lines and frame_problem(lines:lower())
    if fault then
      return senseless(fault)
    end
    status = tonumber(status)
    if status == 101 then
      return senseless "an answer that changes the protocol"
    elseif status >= 200 then
      return { status = status, headers = fields:sub(2) }, text, minor ~= "0"
    end
  end
end

---- the body ----

local SIZE_LINE = 20 -- bytes of the line before a chunk that are no headers: what is longer says something
local SIZE_DIGITS = 8 -- of the size: more are more than a body may have, and at last than a number

--- What follows the last chunk says nothing that we need.
local function skip_trailers(reader)
  local lines = { "" }
  repeat
    local line, why = reader:line()
    if not line then
      return nil, why
    end
    lines[#lines + 1] = line
  until line == ""
  return read_fields(table.concat(lines, "\n"))
end

--- The bytes of the next chunk, `room` at most, none at the end; or nil and why not.
local function read_chunk(reader, room)
  local line, why = reader:line()
  if not line then
    return nil, why
  end
  reader.head_left = reader.head_left + math.min(#line + 2, SIZE_LINE)
  local digits = line:match("^(%x+)[ \t]*$") or line:match("^(%x+)[ \t]*;")
  if not digits or line:find("[%z\1-\8\11-\31\127]") then
    return senseless "a chunk without a size"
  end
  local first = digits:find("[^0]")
  if not first then
    return ""
  end
  local size = #digits - first < SIZE_DIGITS and tonumber(digits, 16)
  if not size or size > room then
    return senseless(TOO_MUCH)
  end
  return reader:take(size)
end

local BATCH = 1024 -- chunks in a row; then they become one piece, and others get their turn

local function read_chunks(reader)
  local batches, pieces, total = {}, {}, 0
  while true do
    local bytes, why = read_chunk(reader, MAX_BODY - total)
    if not bytes then
      return nil, why
    elseif bytes == "" then
      local fields, problem_of_it = skip_trailers(reader)
      return fields and table.concat(batches) .. table.concat(pieces), problem_of_it
    end
    total, pieces[#pieces + 1] = total + #bytes, bytes
    local ending
    ending, why = reader:take(2)
    if not ending then
      return nil, why
    elseif ending ~= "\r\n" then
      return senseless "a chunk longer than it said"
    elseif #pieces == BATCH then
      batches[#batches + 1], pieces = table.concat(pieces), {}
      reader.pause()
    end
  end
end

--- The body, and whether its end is known without closing the connection.
local function read_body(reader, status, text)
  local size = read_length(text)
  local body, why, ends
  if status == 204 or status == 304 then
    return "", true
  elseif header(text, CODING) then
    body, why = read_chunks(reader)
    ends = not size
  elseif not size then
    body, why = reader:rest()
    ends = false
  elseif size > MAX_BODY then
    return senseless(TOO_MUCH)
  else
    body, why = reader:take(size)
    ends = true
  end
  if not body then
    return nil, why
  end
  return body, ends
end

--- Read one answer.
---@param receive fun(): string|nil, string|nil
---@param pause? fun() lets others work for a moment
---@return fnf.Answer|nil
---@return boolean|fnf.Problem reusable_or_problem
function framing.read(receive, pause)
  local start = { receive = receive, pause = pause or nothing, received = false, buffer = "", at = 1,
    head_left = MAX_HEAD }
  local reader = setmetatable(start, Reader)
  local answer, text, persistent = read_head(reader)
  if not answer then
    return nil, text
  end
  local body, ended = read_body(reader, answer.status, text)
  if not body then
    return nil, ended
  end
  answer.body = body
  local connection = header(text, CONNECTION) or ""
  local lasting = persistent and not connection:find("close", 1, true) or connection:find("keep-alive", 1, true) ~= nil
  return answer, ended and lasting and reader.at > #reader.buffer
end

return framing
