--- How an answer goes over the wire, the broken ways included.
-- SPDX-License-Identifier: MIT

local delivery = {}

local PIECE = ("x"):rep(64 * 1024)

local function head(answer, length)
  ngx.status = answer.status
  for name, value in pairs(answer.headers) do
    ngx.header[name] = value
  end
  if length then
    ngx.header["Content-Length"] = length
  end
end

local function send(text)
  ngx.print(text)
  ngx.flush(true)
end

local function plain(answer)
  head(answer, #answer.body)
  ngx.print(answer.body)
end

local function half(answer)
  head(answer, #answer.body)
  send(answer.body:sub(1, math.floor(#answer.body / 2)))
end

local function cut(answer)
  half(answer)
  return ngx.exit(444)
end

local function stall(answer, fault)
  half(answer)
  ngx.sleep(fault.seconds)
  ngx.print(answer.body:sub(math.floor(#answer.body / 2) + 1))
end

-- A length that is too small leaves the rest in the connection, where the next answer is expected.
local function wrong_length(answer)
  head(answer, math.max(0, #answer.body - 10))
  ngx.print(answer.body)
end

-- Valid JSON all the way, so that only the size can be what a client objects to.
local function huge(answer)
  local opening, closing = '{"Status":"Running","Padding":"', '"}'
  local left = math.max(0, answer.length - #opening - #closing)
  head(answer, not answer.chunked and left + #opening + #closing or nil)
  ngx.print(opening)
  while left > 0 do
    local size = math.min(left, #PIECE)
    if not ngx.print(size == #PIECE and PIECE or PIECE:sub(1, size)) or not ngx.flush(true) then
      return
    end
    left = left - size
  end
  ngx.print(closing)
end

-- What nginx itself would never send needs the bare socket, which it hands out in HTTP/1 only.
local function bare(write)
  return function(answer)
    assert(ngx.req.socket(true)):send(write(answer))
    return ngx.exit(444)
  end
end

local function header_lines(answer)
  local lines = {}
  for name, value in pairs(answer.headers) do
    lines[#lines + 1] = name .. ": " .. value .. "\r\n"
  end
  return table.concat(lines)
end

local function with_trailers(answer)
  return "HTTP/1.1 200 OK\r\n" .. header_lines(answer) .. "Transfer-Encoding: chunked\r\nTrailer: X-Fnf-Trailer\r\n"
    .. "Connection: close\r\n\r\n"
    .. ("%x;extension=1\r\n%s\r\n"):format(#answer.body, answer.body) .. "0\r\nX-Fnf-Trailer: end\r\n\r\n"
end

local function with_bad_status_line(answer)
  return "HTTP/1.1 OK\r\n" .. header_lines(answer) .. "Content-Length: " .. #answer.body .. "\r\n\r\n" .. answer.body
end

local ways = {
  plain = plain, cut = cut, stall = stall, wrong_length = wrong_length, huge = huge,
  trailers = bare(with_trailers), bad_status_line = bare(with_bad_status_line),
  -- nginx resets the connection of a closed request where reset_timedout_connection is on: in @reset.
  reset = function()
    return ngx.exec "@reset"
  end,
  close = function()
    return ngx.exit(444)
  end,
}

--- Sends the answer. Does not return where the connection ends with it.
---@param answer fnf.emulator.Answer with its body
---@param way? string
---@param fault? table
function delivery.send(answer, way, fault)
  return ways[way or "plain"](answer, fault)
end

return delivery
