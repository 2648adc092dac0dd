--- One answer of HTTP/1.1 out of a stream of bytes: where it ends, and whether the connection may be used again. Pure.
-- SPDX-License-Identifier: MIT

local framing = {}

local MAX_HEAD = 64 * 1024 -- bytes of headers, interim answers, chunk lines and trailers included, as in csrc/http.h
local MAX_BODY = 8 * 1024 * 1024 -- bytes of the body

---@class fnf.Problem
---@field status "network"|"timeout"|"protocol"
---@field message string

---@class fnf.Reader
---@field receive fun(): string|nil, string|nil the next bytes, however few; or nil and "closed", "timeout", ...
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

--- What the end of the stream means while more was expected.
local function broken(reason, received)
  if reason == "timeout" then
    return problem("timeout", received and "the answer did not end in time" or "no answer in time")
  elseif reason ~= "closed" then
    return problem("network", "the connection broke: " .. tostring(reason))
  elseif received then
    return senseless "the connection was closed in the middle of the answer"
  end
  return problem("network", "the connection was closed without an answer")
end

function Reader:next()
  local bytes, reason = self.receive()
  if bytes then
    self.received = true
    return bytes
  end
  return broken(reason, self.received)
end

--- A line without its end; CR LF or LF alone.
function Reader:line()
  local from = self.at
  while true do
    local stop = self.buffer:find("\n", from, true)
    local size = (stop or #self.buffer) - self.at + 1
    if size > self.head_left then
      return senseless "headers of more than 64 KiB"
    elseif stop then
      local line = self.buffer:sub(self.at, stop - 1):gsub("\r$", "")
      self.at, self.head_left = stop + 1, self.head_left - size
      return line
    end
    local bytes, why = self:next()
    if not bytes then
      return nil, why
    end
    from = size + 1
    self.buffer, self.at = self.buffer:sub(self.at) .. bytes, 1
  end
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
  self.buffer, self.at = "", 1
  while size <= MAX_BODY do
    local bytes, reason = self.receive()
    if not bytes and reason == "closed" then
      return table.concat(pieces)
    elseif not bytes then
      return broken(reason, true)
    end
    size, pieces[#pieces + 1] = size + #bytes, bytes
  end
  return senseless "a body of more than 8 MiB"
end

---- the head ----

--- Where the first empty line ends. Plain searches: a pattern costs ten times as much.
local function end_of_head(text, from)
  local _, strict = text:find("\n\r\n", from, true)
  local _, lenient = text:find("\n\n", from, true)
  return strict and lenient and math.min(strict, lenient) or strict or lenient
end

--- Whether every line between has a name.
local function has_names(block, from)
  local stop = block:find("\n", from, true)
  while stop and stop < #block - 2 do
    local colon = block:find(":", stop, true)
    stop = block:find("\n", stop + 1, true)
    if not colon or colon > stop then
      return false
    end
  end
  return true
end

--- Header lines up to and with the empty one; one string, for most answers need three of them and no table.
function Reader:block()
  local from = self.at
  while true do
    local stop = end_of_head(self.buffer, from)
    local size = (stop or #self.buffer) - self.at + 1
    if size > self.head_left then
      return senseless "headers of more than 64 KiB"
    elseif stop then
      local block = self.buffer:sub(self.at, stop)
      self.at, self.head_left = stop + 1, self.head_left - size
      return block
    end
    local bytes, why = self:next()
    if not bytes then
      return nil, why
    end
    from = math.max(1, size - 1)
    self.buffer, self.at = self.buffer:sub(self.at) .. bytes, 1
  end
end

--- The values of a header in lower-case text, joined if it comes more than once; nil if it does not.
local function header(text, line, from)
  local _, stop = text:find(line, from or 1, true)
  if not stop then
    return nil
  end
  local first = text:match("^[ \t]*([^\r\n]*)", stop + 1)
  local more = header(text, line, stop)
  return more and first .. "," .. more or first
end

local LENGTH, CODING, CONNECTION = "\ncontent-length:", "\ntransfer-encoding:", "\nconnection:"

--- The head of the final answer; interim ones (1xx) are skipped.
---@return fnf.Answer|nil
---@return string|fnf.Problem text of the headers in lower case, each after a line feed
---@return boolean|nil persistent HTTP/1.1, where connections last unless something is said
local function read_head(reader)
  while true do
    local block, why = reader:block()
    if not block then
      return nil, why
    end
    local minor, status, stop = block:match("^HTTP/1%.(%d) (%d%d%d)%f[^%d][^\n]*()")
    if not minor then
      return senseless "an answer that is not HTTP/1"
    elseif not has_names(block, stop) then
      return senseless "a header line without a name"
    end
    status = tonumber(status)
    if status == 101 then
      return senseless "an answer that changes the protocol"
    elseif status >= 200 then
      return { status = status, headers = block:sub(stop + 1) }, block:sub(stop):lower(), minor ~= "0"
    end
  end
end

---- the body ----

local function read_chunks(reader)
  local pieces, total = {}, 0
  while true do
    local line, why = reader:line()
    if not line then
      return nil, why
    end
    local size = tonumber(line:match("^(%x+)[ \t]*$") or line:match("^(%x+)[ \t]*;") or "", 16)
    if not size then
      return senseless "a chunk without a size"
    elseif size == 0 then
      repeat -- trailers say nothing that we need
        line, why = reader:line()
      until not line or line == ""
      return line and table.concat(pieces), why
    end
    total = total + size
    if total > MAX_BODY then
      return senseless "a body of more than 8 MiB"
    end
    local bytes
    bytes, why = reader:take(size)
    if not bytes then
      return nil, why
    end
    pieces[#pieces + 1] = bytes
    line, why = reader:line()
    if line ~= "" then
      return nil, why or { status = "protocol", message = "a chunk longer than it said" }
    end
  end
end

--- A length, said once or several times alike; nil if it is none.
local function length_of(text)
  local length = text:match("^%d+")
  for other in text:gmatch("[^,]+") do
    if other:match("^%s*(.-)%s*$") ~= length then
      return nil
    end
  end
  return tonumber(length)
end

--- The body, and whether its end is known without closing the connection.
local function read_body(reader, status, text)
  local coding, length = header(text, CODING), header(text, LENGTH)
  if status == 204 or status == 304 then
    return "", true
  elseif coding then
    if not coding:find("^chunked[ \t]*$") then
      return senseless "an answer in a transfer coding that was not asked for"
    end
    local body, why = read_chunks(reader)
    return body, body and not length or why
  elseif not length then
    local body, why = reader:rest()
    return body, body and false or why
  end
  local size = length_of(length)
  if not size then
    return senseless "a Content-Length that is no length"
  elseif size > MAX_BODY then
    return senseless "a body of more than 8 MiB"
  end
  local body, why = reader:take(size)
  return body, body and true or why
end

--- Read one answer.
---@param receive fun(): string|nil, string|nil
---@return fnf.Answer|nil
---@return boolean|fnf.Problem reusable_or_problem
---@return boolean received whether any byte of an answer came
function framing.read(receive)
  local start = { receive = receive, buffer = "", at = 1, received = false, head_left = MAX_HEAD }
  local reader = setmetatable(start, Reader)
  local answer, text, persistent = read_head(reader)
  if not answer then
    return nil, text, reader.received
  end
  local body, ended = read_body(reader, answer.status, text)
  if not body then
    return nil, ended, true
  end
  answer.body = body
  local connection = header(text, CONNECTION) or ""
  local lasting = persistent and not connection:find("close", 1, true) or connection:find("keep-alive", 1, true) ~= nil
  return answer, ended and lasting and reader.at > #reader.buffer, true
end

return framing
