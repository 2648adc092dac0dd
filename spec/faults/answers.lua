--- What a server can do to an answer, as rows: one table for every transport.
-- SPDX-License-Identifier: MIT
--
-- `script` goes over the wire: a string is sent, a number is a pause in seconds; then the connection is closed, unless
-- `keep` (serve the next request on it), `deaf` (take one, and close) or `hang` (say nothing more). `expect` is what a
-- client makes of it: `Status` of the result, or the error's fields; `libcurl_8`: what that may be over libcurl 8,
-- which refuses it by itself from some version on.
-- `timeout` is the client's; it must be done `within` so many seconds.

local BODY = '{"Status":"Running","MapRunName":"m","RequestId":"00000000-00"}'
local OK = { Status = "Running" }
local PROTOCOL = { kind = "protocol", sent = true, retryable = true }
-- An answer came, it just is none of the service's.
local SENSELESS = { kind = "protocol", retryable = true }
local NETWORK = { kind = "network", sent = true, retryable = true }
local TIMEOUT = { kind = "timeout", sent = true, retryable = true }

local function head(lines, first)
  return (first or "HTTP/1.1 200 OK") .. "\r\n" .. lines .. "\r\n"
end

local function length(body, first, lines)
  return head(("Content-Length: %d\r\n%s"):format(#body, lines or ""), first) .. body
end

local function chunk(text)
  return ("%x\r\n%s\r\n"):format(#text, text)
end

local CHUNKED = head "Transfer-Encoding: chunked\r\n"
local MEGABYTE = ("x"):rep(1024 * 1024)

local function repeated(first, piece, count, last)
  local script = { first }
  for i = 1, count do
    script[i + 1] = piece
  end
  script[#script + 1] = last
  return script
end

local function drip(text, pause)
  local script = {}
  for i = 1, #text do
    script[2 * i - 1], script[2 * i] = text:sub(i, i), pause
  end
  return script
end

return {
  -- Ends of a body.
  { name = "a length", script = { length(BODY) }, keep = true, expect = OK },
  { name = "a length, byte by byte", script = drip(length(BODY), 0.001), keep = true, expect = OK },
  { name = "equal lengths", script = { length(BODY, nil, ("Content-Length: %d\r\n"):format(#BODY)) }, expect = OK },
  { name = "chunks", script = { CHUNKED, chunk(BODY:sub(1, 7)), 0.01, chunk(BODY:sub(8)), "0\r\n\r\n" }, keep = true,
    expect = OK },
  { name = "chunks, byte by byte", script = drip(CHUNKED .. chunk(BODY) .. "0\r\nA: b\r\n\r\n", 0.001), keep = true,
    expect = OK },
  { name = "chunks with trailers", keep = true, expect = OK,
    script = { CHUNKED .. chunk(BODY) .. "0\r\nExpires: never\r\nX-Sum: 1\r\n\r\n" } },
  { name = "chunks with extensions", expect = OK,
    script = { CHUNKED .. ("%x;name=value\r\n%s\r\n0;last\r\n\r\n"):format(#BODY, BODY) } },
  { name = "chunks beside a length", expect = OK,
    script = { head "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" .. chunk(BODY) .. "0\r\n\r\n" } },
  { name = "a close", script = { head "" .. BODY:sub(1, 9), 0.01, BODY:sub(10) }, expect = OK },
  { name = "a close in HTTP/1.0", script = { head("", "HTTP/1.0 200 OK") .. BODY }, expect = OK },
  { name = "lines that end in LF alone", expect = OK,
    script = { ("HTTP/1.1 200 OK\nContent-Length: %d\n\n%s"):format(#BODY, BODY) } },
  { name = "no reason phrase", script = { length(BODY, "HTTP/1.1 200") }, expect = OK },
  { name = "more bytes than the length", script = { length(BODY) .. "surplus" }, expect = OK, keep = true },

  { name = "one answer for each connection", script = { length(BODY) }, deaf = true, expect = OK },

  -- Answers without a body, and answers before the answer.
  { name = "204", script = { head("", "HTTP/1.1 204 No Content") }, keep = true, expect = SENSELESS },
  { name = "304", script = { head("Content-Length: 99\r\n", "HTTP/1.1 304 Not Modified") }, keep = true,
    expect = SENSELESS },
  { name = "an empty body", script = { length "" }, keep = true, expect = SENSELESS },
  { name = "interim answers", keep = true, expect = OK,
    script = { head("", "HTTP/1.1 100 Continue"), 0.01, head("Link: x\r\n", "HTTP/1.1 103 Hints") .. length(BODY) } },
  { name = "interim answers without end", expect = PROTOCOL,
    script = repeated("", head("X: " .. ("x"):rep(9000) .. "\r\n", "HTTP/1.1 100 Continue"), 8, length(BODY)) },

  -- Words that a browser would remember.
  { name = "cookies, other services and a vow of TLS", keep = true, expect = OK, script = { length(BODY, nil,
    "Set-Cookie: session=SECRET; Path=/\r\nAlt-Svc: h2=\"127.0.0.1:1\"; ma=86400\r\n"
      .. "Strict-Transport-Security: max-age=31536000\r\nRefresh: 0; url=/x\r\n") } },

  -- Refusals of the service are no faults of the transport.
  { name = "a refusal", keep = true, expect = { kind = "service", status = 429, code = "ResourceThrottled" },
    script = { length('{"Code":"ResourceThrottled","Message":"slow"}', "HTTP/1.1 429 Too Many") } },
  { name = "a redirect", script = { length("", "HTTP/1.1 302 Found", "Location: /x\r\n") }, expect = SENSELESS },
  { name = "a page", script = { length "<html></html>" }, expect = SENSELESS },

  -- Cut.
  { name = "reset before an answer", reset = true, expect = NETWORK },
  { name = "closed before an answer", script = {}, expect = NETWORK },
  { name = "closed in the body", script = { head "Content-Length: 100\r\n" .. BODY }, expect = PROTOCOL },
  { name = "closed in a chunk", script = { CHUNKED .. "fff\r\n" .. BODY }, expect = PROTOCOL },
  { name = "closed between chunks", script = { CHUNKED .. chunk(BODY) }, expect = PROTOCOL },

  -- Nonsense.
  { name = "no HTTP", script = { "SSH-2.0-OpenSSH_9.2\r\n" }, expect = PROTOCOL },
  { name = "a status of two digits", script = { length(BODY, "HTTP/1.1 20 OK") }, expect = PROTOCOL },
  { name = "a status that is no number", script = { length(BODY, "HTTP/1.1 2xx OK") }, expect = PROTOCOL },
  { name = "a status between several blanks", script = { length(BODY, "HTTP/1.1   200   OK") }, expect = OK,
    libcurl_8 = PROTOCOL },
  { name = "a control character behind the status", script = { length(BODY, "HTTP/1.1 200\1 OK") },
    expect = PROTOCOL },
  { name = "a NUL behind the status", script = { length(BODY, "HTTP/1.1 200 \0OK") }, expect = PROTOCOL },
  { name = "a version past 1.1", script = { length(BODY, "HTTP/1.3 200 OK") }, expect = PROTOCOL },
  { name = "a header whose name goes on in the next line", expect = PROTOCOL,
    script = { "HTTP/1.1 200 OK\r\nContent\r\n -Length: 9\r\n\r\n" .. BODY } },
  { name = "a length that is no number", script = { head "Content-Length: many\r\n" .. BODY }, expect = PROTOCOL },
  { name = "a negative length", script = { head "Content-Length: -1\r\n" .. BODY }, expect = PROTOCOL },
  { name = "a header without a name", script = { "HTTP/1.1 200 OK\r\nServer x\r\nContent-Length: 9\r\n\r\n" .. BODY },
    expect = PROTOCOL },
  { name = "a chunk size that is no number", script = { CHUNKED .. "zz\r\n" .. BODY },
    expect = PROTOCOL },
  { name = "a chunk size past all numbers", script = { CHUNKED .. ("F"):rep(17) .. "\r\n" .. BODY },
    expect = PROTOCOL },
  { name = "a chunk longer than it said", script = { CHUNKED .. "5\r\n" .. BODY .. "\r\n0\r\n\r\n" },
    expect = PROTOCOL },

  -- Too much.
  { name = "headers of 70 KiB", expect = PROTOCOL,
    script = repeated("HTTP/1.1 200 OK\r\n", "X: " .. ("x"):rep(1019) .. "\r\n", 70, "\r\n" .. BODY) },
  { name = "one header of 70 KiB", script = { "HTTP/1.1 200 OK\r\nX: " .. ("x"):rep(70 * 1024) .. "\r\n\r\n" .. BODY },
    expect = PROTOCOL },
  { name = "a length of 9 MiB", script = { head "Content-Length: 9437184\r\n" }, hang = true, expect = PROTOCOL },
  { name = "9 MiB in chunks", script = repeated(CHUNKED, chunk(MEGABYTE), 9, "0\r\n\r\n"), expect = PROTOCOL },
  { name = "9 MiB until close", script = repeated(head "", MEGABYTE, 9), expect = PROTOCOL },

  -- Too late.
  { name = "no answer", script = {}, hang = true, timeout = 0.3, within = 0.6, expect = TIMEOUT },
  { name = "half a head", script = { "HTTP/1.1 200 OK\r\nContent-" }, hang = true, timeout = 0.3, within = 0.6,
    expect = TIMEOUT },
  { name = "half a body", script = { length(BODY):sub(1, -9) }, hang = true, timeout = 0.3, within = 0.6,
    expect = TIMEOUT },
  { name = "an answer after the deadline", script = { 0.6, length(BODY) }, keep = true, timeout = 0.3, within = 0.6,
    expect = TIMEOUT },
  { name = "a body that drips past the deadline", script = drip(length(BODY .. (" "):rep(99)), 0.02), timeout = 0.4,
    within = 0.8, expect = TIMEOUT },
}
