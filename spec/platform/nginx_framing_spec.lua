--- One answer out of a stream of bytes: what is read, what is refused, and that neither costs more than its length.
-- SPDX-License-Identifier: MIT

local framing = require "fnf.platform.nginx_framing"
local response = require "fnf.call.response"

local BODY = "hello"
local MEBIBYTE = 1024 * 1024

--- The bytes, so many at a time, and then the end.
local function stream(bytes, size)
  local at = 1
  return function()
    if at > #bytes then
      return nil, "closed"
    end
    at = at + size
    return bytes:sub(at - size, at - 1)
  end
end

local function filled(text, size)
  return text:rep(math.ceil(size / #text))
end

local function head(lines, first)
  return (first or "HTTP/1.1 200 OK") .. "\r\n" .. lines .. "\r\n"
end

local function length(lines, first)
  return head((lines or "") .. "Content-Length: 5\r\n", first) .. BODY
end

local function chunked(bytes, lines)
  return head((lines or "") .. "Transfer-Encoding: chunked\r\n") .. bytes
end

--- The answer, or what is wrong with it: the same, whatever the pieces it comes in.
local function read(bytes)
  local answer, outcome = framing.read(stream(bytes, #bytes))
  for _, size in ipairs { 1, 2, 3, 7 } do
    local other, other_outcome = framing.read(stream(bytes, size))
    assert.same(answer, other)
    if not answer then -- what is left over is known only where it came in one piece
      assert.same(outcome, other_outcome)
    end
  end
  return answer, outcome
end

describe("an answer over cosockets", function()
  local READ = {
    { "12.5: a folded header", length "X: a\r\n b\r\n\tc: d\r\n" },
    { "a folded header that looks like two", length "A: b\r\nX: a\r\n b: c\r\n" },
    { "12.5: equal lengths in a list", head "Content-Length: 5, 05,5 \r\n" .. BODY },
    { "12.5: a length folded before a blank", head "Content-Length: 5\r\n \r\n" .. BODY },
    { "a value with a colon, a tab or a byte of another alphabet", length "X: a : b\tc \228\r\nY:\r\n" },
    { "a name with a blank within", length "en-US Content-Type: x\r\n" },
    { "no blank behind a colon", head "Content-Length:5\r\n" .. BODY },
    { "the same of a coding", head "Transfer-Encoding:chunked\r\n" .. "5\r\nhello\r\n0\r\n\r\n" },
    { "no reason", length("", "HTTP/1.1 200") },
    { "two equal lengths", length "Content-Length: 05\r\n" },
    { "chunks with words about them", chunked "2;a=b\r\nhe\r\n003 ; c\r\nllo\r\n0\r\nX: 1\r\n y\r\n\r\n" },
    { "a chunk with many zeros", chunked(("0"):rep(99) .. "5\r\nhello\r\n000\r\n\r\n") },
    { "lines that end in a line feed alone", "HTTP/1.1 200 OK\nX: a\n b\nContent-Length: 5\n\nhello" },
    { "neither a length nor chunks: all until the end", head("X: y\r\n") .. BODY },
    { "the same of HTTP/1.0", head("", "HTTP/1.0 200 OK") .. BODY },
    { "interim answers", head("", "HTTP/1.1 100 Continue") .. head("Link: x\r\n", "HTTP/1.1 103 Hints") .. length() },
    { "an interim answer of whatever number", head("", "HTTP/1.1 102 Processing") .. head("", "HTTP/1.1 199 X")
      .. length() },
  }
  for _, row in ipairs(READ) do
    it("is read: " .. row[1], function()
      local answer, outcome = read(row[2])
      assert.equal(BODY, answer and answer.body or outcome.message)
    end)
  end

  local LASTING = { -- whether the connection may serve another request
    { "a length", length(), true },
    { "chunks", chunked "5\r\nhello\r\n0\r\n\r\n", true },
    { "a status without a body", head("", "HTTP/1.1 204 No Content"), true },
    { "304, whatever length it tells", head("Content-Length: 5\r\n", "HTTP/1.1 304 Not Modified"), true },
    { "HTTP/1.0 that keeps it", length("Connection: Keep-Alive\r\n", "HTTP/1.0 200 OK"), true },
    { "HTTP/1.0", length("", "HTTP/1.0 200 OK"), false },
    { "a server that closes", length "Connection: close\r\n", false },
    { "a server that closes, in fewer bytes", length "Connection:close\r\n", false },
    { "the second of two words", length "Connection: x\r\nConnection: Close\r\n", false },
    { "no end but the connection's", head "" .. BODY, false },
    { "both a length and chunks", chunked("5\r\nhello\r\n0\r\n\r\n", "Content-Length: 5\r\n"), false },
    { "bytes behind the answer", length() .. "x", false },
  }
  for _, row in ipairs(LASTING) do
    it(("leaves a connection that may %sbe used again: %s"):format(row[3] and "" or "not ", row[1]), function()
      local answer, lasting = framing.read(stream(row[2], #row[2]))
      assert.is_table(answer)
      assert.equal(row[3], lasting)
    end)
  end

  local LATE = { -- what came before nothing more did in time, or before the end
    { "", "timeout", "no answer in time" },
    { "HTTP/1.1 200 OK\r\nX: y", "timeout", "the answer did not end in time" },
    { head "Content-Length: 5\r\n" .. "hell", "timeout", "the answer did not end in time" },
    { head "" .. "hello", "timeout", "the answer did not end in time" },
    { chunked "5\r\nhello\r\n0\r\n", "timeout", "the answer did not end in time" },
    { "", "closed", "the connection was closed without an answer" },
    { head "" .. "hello", "reset", "the connection broke (reset) in the middle of the answer" },
  }
  for _, row in ipairs(LATE) do
    it(("that ends by %s after %d bytes is an error that says so"):format(row[2], #row[1]), function()
      local pieces = { row[1] ~= "" and row[1] or nil }
      local answer, outcome = framing.read(function()
        return table.remove(pieces, 1), row[2]
      end)
      assert.is_nil(answer)
      assert.equal(row[3], outcome.message)
      local status = row[2] == "timeout" and "timeout" or row[1] == "" and "network" or "protocol"
      assert.equal(status, outcome.status)
    end)
  end

  it("may have 8 MiB by its length or to the end, and not a byte more", function()
    for lines, most in pairs { ["Content-Length: %d\r\n"] = 8 * MEBIBYTE, [""] = 8 * MEBIBYTE } do
      for surplus = 0, 1 do
        local body = ("x"):rep(most + surplus)
        local answer, outcome = framing.read(stream(head(lines:format(#body)) .. body, 65536))
        if surplus == 0 then
          assert.equal(most, answer and #answer.body)
        else
          assert.same({ "protocol", "a body of more than 8 MiB" }, { outcome.status, outcome.message })
        end
      end
    end
  end)

  it("hands on the lines of its headers, whatever they end in", function()
    for _, ends in ipairs { { "\r\n", "\r\n" }, { "\n", "\n" }, { "\r\n", "\n" }, { "\n", "\r\n" } } do
      local lines = ("X: y@Content-Length: 5@"):gsub("@", ends[1])
      local answer = read("HTTP/1.1 200 OK" .. ends[1] .. lines .. ends[2] .. BODY)
      assert.equal(lines, answer.headers)
    end
  end)

  it("12.5: hands on a folded header as one line", function()
    local answer = read(length "Retry-After:\r\n  Sun, 06 Nov\r\n\t1994  \r\n")
    assert.equal("Sun, 06 Nov 1994", response.header(answer.headers, "retry-after"))
    assert.equal("X: a b: c\r\n", read(head "X: a\r\n b: c\r\n" .. BODY).headers)
  end)

  local REFUSED = {
    { "12.5: 200X", length("", "HTTP/1.1 200X"), "not HTTP/1" },
    { "12.5: 200OK", length("", "HTTP/1.1 200OK"), "not HTTP/1" },
    { "a status of four digits", length("", "HTTP/1.1 2000 OK"), "not HTTP/1" },
    { "a control character behind the status", length("", "HTTP/1.1 200\1 OK"), "not HTTP/1" },
    { "NUL behind the status", length("", "HTTP/1.1 200 \0OK"), "not HTTP/1" },
    { "HTTP/1.2", length("", "HTTP/1.2 200 OK"), "not HTTP/1" },
    { "a name that goes on in the next line", length "Cont\r\n ent-Length: 5\r\n", "without a name" },
    { "a blank behind a name, before a fold", length "foo : x\r\n y\r\n", "blank behind the name" },
    { "a status below 100", length("", "HTTP/1.1 099 OK"), "not HTTP/1" },
    { "an answer that changes the protocol", head("", "HTTP/1.1 101 Switching") .. length(), "changes the protocol" },
    { "12.5: a fold behind nothing", length " x: y\r\n", "goes on with none" },
    { "12.5: NUL in a header", length "X: a\0b\r\n", "control character" },
    { "12.5: NUL in a name", length "X\0: a\r\n", "control character" },
    { "12.5: a control in a header", length "X: a\27b\r\n", "control character" },
    { "12.5: a carriage return in a header", length "X: a\rb\r\n", "control character" },
    { "12.5: DEL in a header", length "X: \127\r\n", "control character" },
    { "12.5: a blank behind a name", length "foo : x\r\n", "blank behind the name" },
    { "12.5: a tab behind a name", length "foo\t: x\r\n", "blank behind the name" },
    { "no name", length ": x\r\n", "without a name" },
    { "a line without a colon", length "foo\r\n", "without a name" },
    { "a last line without a colon", head "Content-Length: 5\r\nfoo\r\n" .. BODY, "without a name" },
    { "one before line feeds alone", "HTTP/1.1 200 OK\nContent-Length: 5\nfoo\n\n" .. BODY, "without a name" },
    { "one before a line feed alone", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nfoo\r\n\n" .. BODY, "without a name" },
    { "one before an end of two bytes", "HTTP/1.1 200 OK\nContent-Length: 5\nfoo\n\r\n" .. BODY, "without a name" },
    { "12.5: 5, as a length", head "Content-Length: 5,\r\n" .. BODY, "no length" },
    { "12.5: a blank before a comma", head "Content-Length: 5 ,5\r\n" .. BODY, "no length" },
    { "12.5: two lengths in a list", head "Content-Length: 5, 6\r\n" .. BODY, "no length" },
    { "12.5: a length on a folded line", head "Content-Length:\r\n 5\r\n" .. BODY, "no length" },
    { "12.5: a coding on a folded line", head "Transfer-Encoding:\r\n chunked\r\n" .. "0\r\n\r\n", "transfer coding" },
    { "12.5: no length where it does no harm", chunked("0\r\n\r\n", "Content-Length: 5x\r\n"), "no length" },
    { "12.5: no length of no body", head("Content-Length: x\r\n", "HTTP/1.1 204 No Content"), "no length" },
    { "a length with letters", head "Content-Length: 5abc\r\n" .. BODY, "no length" },
    { "a length beyond all", head "Content-Length: 10000000000000000\r\n" .. BODY, "no length" },
    { "one of no body", head("Content-Length: 9223372036854775807\r\n", "HTTP/1.1 204 No Content"), "no length" },
    { "one of chunks", chunked("5\r\nhello\r\n0\r\n\r\n", "Content-Length: 18446744073709551616\r\n"), "no length" },
    { "one of an interim answer", "HTTP/1.1 103 Early Hints\r\nContent-Length: 17550956297025341313\r\n\r\n"
      .. length "Content-Length: 5\r\n", "no length" },
    { "two lengths that a double takes for one",
      head "Content-Length: 9007199254740993, 9007199254740992\r\n" .. BODY, "no length" },
    { "a length with a dot", head "Content-Length: 5.0\r\n" .. BODY, "no length" },
    { "a length folded before text", head "Content-Length: 5\r\n x\r\n" .. BODY, "no length" },
    { "an empty length", head "Content-Length: \r\n" .. BODY, "no length" },
    { "two lengths", length "Content-Length: 3\r\n", "no length" },
    { "12.5: chunked twice", chunked("0\r\n\r\n", "Transfer-Encoding: chunked\r\n"), "transfer coding" },
    { "12.5: chunked twice in one", head "Transfer-Encoding: chunked, chunked\r\n" .. "0\r\n\r\n", "transfer coding" },
    { "12.5: a line feed alone behind a chunk", chunked "5\r\nhello\n0\r\n\r\n", "longer than it said" },
    { "a trailer without a name", chunked "5\r\nhello\r\n0\r\nbad\r\n\r\n", "without a name" },
    { "a control in the words about a chunk", chunked "5;\0\r\nhello\r\n0\r\n\r\n", "without a size" },
    { "a chunk of sixteen digits", chunked "FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", "more than 8 MiB" },
    { "a chunk that is no number", chunked "0x5\r\nhello\r\n0\r\n\r\n", "without a size" },
  }
  for _, row in ipairs(REFUSED) do
    it("is refused: " .. row[1], function()
      local answer, outcome = read(row[2])
      assert.is_nil(answer)
      assert.equal("protocol", outcome.status)
      assert.matches(row[3], outcome.message, 1, true)
    end)
  end

  it("12.5: that was cut makes no sense, wherever the cut is; without a byte there was none", function()
    for _, whole in ipairs { length(), chunked "3;x\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n" } do
      for size = 0, #whole - 1 do
        local answer, outcome = framing.read(stream(whole:sub(1, size), 9))
        assert.is_nil(answer)
        assert.equal(size == 0 and "network" or "protocol", outcome.status)
      end
    end
  end)

  it("12.5: that was cut by a reset makes no sense either", function()
    local pieces = { "HTTP/1.1 200 OK\r\n" }
    local function receive()
      local piece = table.remove(pieces)
      return piece, not piece and "connection reset by peer" or nil
    end
    local _, outcome = framing.read(receive)
    assert.same({ "protocol", "the connection broke (connection reset by peer) in the middle of the answer" },
      { outcome.status, outcome.message })
    _, outcome = framing.read(receive)
    assert.equal("network", outcome.status)
  end)

  it("12.5: may have 8 MiB in chunks of 512 bytes, and not a byte more", function()
    local piece = "200\r\n" .. ("x"):rep(512) .. "\r\n"
    local pieces = piece:rep(8 * 2048)
    local answer = framing.read(stream(chunked(pieces .. "0\r\n\r\n"), 65536))
    assert.equal(8 * MEBIBYTE, answer and #answer.body)
    local _, outcome = framing.read(stream(chunked(pieces .. "1\r\nx\r\n0\r\n\r\n"), 65536))
    assert.same({ "protocol", "a body of more than 8 MiB" }, { outcome.status, outcome.message })
  end)

  it("12.5: may come in chunks of one byte, and lets others work meanwhile", function()
    local pauses = 0
    local answer = framing.read(stream(chunked(filled("1\r\nx\r\n", 6 * 102400) .. "0\r\n\r\n"), 65536), function()
      pauses = pauses + 1
    end)
    assert.equal(("x"):rep(102400), answer and answer.body)
    assert.equal(100, pauses)
  end)

  it("has 64 KiB for headers, trailers and words about chunks together", function()
    local function words(size)
      local line = "1;" .. ("x"):rep(1000) .. "\r\nx\r\n"
      return framing.read(stream(chunked(filled(line, size) .. "0\r\nX: " .. ("y"):rep(1000) .. "\r\n\r\n"), 4096))
    end
    assert.is_truthy(words(60000))
    local _, outcome = words(70000)
    assert.same({ "protocol", "headers of more than 64 KiB" }, { outcome.status, outcome.message })
  end)

  it("pays for its interim answers, its head, long lines before chunks and trailers out of the same 64 KiB", function()
    local interim, ending = head("Link: " .. ("x"):rep(9000) .. "\r\n", "HTTP/1.1 103 Hints"), "\r\n\r\n"
    for _, line in ipairs { "1\r\n", "1;" .. ("x"):rep(36) .. "\r\n" } do -- twenty bytes of each are free
      for surplus = 0, 1 do
        local begin = interim .. head("Y: " .. ("y"):rep(9000) .. "\r\nTransfer-Encoding: chunked\r\n")
        local spent = #begin + 1000 * math.max(0, #line - 20) + #"T: " + #ending
        local bytes = begin .. (line .. "x\r\n"):rep(1000) .. "0\r\nT: " .. ("t"):rep(65536 + surplus - spent) .. ending
        for _, size in ipairs { #bytes, 4096, 1 } do
          local answer, outcome = framing.read(stream(bytes, size))
          assert.equal(surplus == 0 and 1000 or "headers of more than 64 KiB",
            answer and #answer.body or outcome.message)
        end
      end
    end
  end)

  it("may have a head of 64 KiB, and not a byte more", function()
    for surplus = 0, 1 do
      local bytes = head("X: @\r\nContent-Length: 5\r\n")
      bytes = bytes:gsub("@", ("y"):rep(65536 + surplus - (#bytes - 1)))
      for _, size in ipairs { #bytes, 4096 } do
        local answer, outcome = framing.read(stream(bytes .. BODY, size))
        assert.equal(surplus == 0 and BODY or "headers of more than 64 KiB", answer and answer.body or outcome.message)
      end
    end
  end)
end)

--- Hundreds of steps of Lua that `work` takes, by the debug hook.
local function steps(work)
  local count = 0
  debug.sethook(function()
    count = count + 1
  end, "", 100)
  work()
  debug.sethook()
  return count
end

--- What `read` makes of four times the bytes costs four times the steps; a square within one pattern has no steps, but
--- takes its time.
local function assert_linear(make, read_bytes)
  local cost, seconds = {}, nil
  for index, size in ipairs { 10240, 40960 } do
    local bytes, began = make(size), os.clock()
    cost[index] = steps(function()
      read_bytes(bytes)
    end)
    seconds = os.clock() - began
  end
  assert.is_true(cost[2] < 5 * cost[1] + 10, cost[1] .. " and " .. cost[2] .. " hundred steps")
  assert.is_true(seconds < 2, seconds .. " seconds")
end

describe("12.4: reading", function()
  --- Texts of about so many bytes that make a reader with a careless pattern start over and over.
  local HOSTILE = {
    ["one line without a colon"] = function(size) return head(filled("x", size) .. "\r\n") end,
    ["lines without a colon"] = function(size) return head(filled("x\r\n", size)) end,
    ["colons"] = function(size) return head(filled(":", size) .. "\r\n") end,
    ["blanks before the last byte of a length"] = function(size)
      return head("Content-Length: 5" .. filled(" ", size) .. "x\r\n")
    end,
    ["digits and blanks"] = function(size)
      return head("Content-Length: " .. filled("5", size) .. filled(" ", size) .. "x\r\n")
    end,
    ["lengths"] = function(size) return head(filled("Content-Length: 5\r\n", size)) .. BODY end,
    ["codings"] = function(size) return head(filled("Transfer-Encoding: x\r\n", size)) end,
    ["folds"] = function(size) return head("X: y\r\n" .. filled(" \r\n", size) .. "Content-Length: 0\r\n") end,
    ["carriage returns"] = function(size) return head("X: " .. filled("\r", size) .. "\r\n") end,
    ["interim answers"] = function(size)
      return filled(head("", "HTTP/1.1 100 C"), size) .. length()
    end,
    ["a chunk of zeros and a letter"] = function(size) return chunked(filled("0", size) .. "x\r\n") end,
    ["blanks behind a chunk's size"] = function(size) return chunked("5" .. filled(" ", size) .. "x\r\n") end,
    ["small chunks"] = function(size) return chunked(filled("1\r\nx\r\n", size) .. "0\r\n\r\n") end,
    ["trailers"] = function(size) return chunked("0\r\n" .. filled("X: y\r\n", size) .. "\r\n") end,
  }

  for name, make in pairs(HOSTILE) do
    for _, piece in ipairs { 1, 4096 } do
      it(("%s costs in pieces of %d as much as it is long"):format(name, piece), function()
        assert_linear(make, function(bytes)
          framing.read(stream(bytes, piece))
        end)
      end)
    end
  end

  local HINTS = {
    ["no colon"] = function(size) return ":" .. filled("x", size) end,
    ["blanks"] = function(size) return "Retry-After: 5" .. filled(" ", size) .. "x" end,
    ["lines without a colon"] = function(size) return filled("x\r\n", size) end,
    ["colons"] = function(size) return filled(":", size) end,
    ["carriage returns"] = function(size) return filled("\r", size) end,
    ["limits"] = function(size) return "X-RateLimit-User: " .. filled("TimeLeft: ", size) end,
  }
  for name, make in pairs(HINTS) do
    it(("a header of %s costs as much as it is long"):format(name), function()
      assert_linear(make, response.hint)
    end)
  end
end)
