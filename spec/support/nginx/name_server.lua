--- A name server inside nginx, and an address where connections hang: what cosockets do with both.
-- SPDX-License-Identifier: MIT

local ffi = require "ffi"

ffi.cdef [[
  struct fnf_address { uint16_t family; uint8_t port[2]; uint8_t host[4]; uint8_t rest[8]; };
  int socket(int, int, int);
  int bind(int, const struct fnf_address *, unsigned);
  int listen(int, int);
  int connect(int, const struct fnf_address *, unsigned);
  long recvfrom(int, void *, size_t, int, struct fnf_address *, unsigned *);
  long sendto(int, const void *, size_t, int, const struct fnf_address *, unsigned);
]]

local name_server = {}

local INET, STREAM, DATAGRAM, NONBLOCK, DONTWAIT = 2, 1, 2, 0x800, 0x40
local PAUSE = 0.002 -- seconds between two looks for a question
local SIZE = ffi.sizeof "struct fnf_address"

local function address_of(host, port)
  local address = ffi.new "struct fnf_address"
  address.family, address.port = INET, { math.floor(port / 256), port % 256 }
  local place = 0
  for number in host:gmatch "%d+" do
    address.host[place], place = tonumber(number), place + 1
  end
  return address
end

local function open(kind, address)
  local fd = ffi.C.socket(INET, kind + NONBLOCK, 0)
  assert(ffi.C.bind(fd, address, SIZE) == 0, "the address is taken")
  return fd
end

local A, AAAA = 1, 28

--- The record of an address, of either kind; of the new one there is ::1 alone.
local function record_of(host)
  if host == "::1" then
    return AAAA, "\192\12\0\28\0\1\0\0\0\1\0\16" .. ("\0"):rep(15) .. "\1"
  end
  return A, "\192\12\0\1\0\1\0\0\0\1\0\4" .. ffi.string(address_of(host, 0).host, 4)
end

--- The reply to a question: its addresses of the kind asked for, no such name without any list, and nothing at all to
--- `false`.
local function reply_to(question, names)
  local labels, at = {}, 13
  while question:byte(at) ~= 0 do
    local size = question:byte(at)
    labels[#labels + 1] = question:sub(at + 1, at + size)
    at = at + size + 1
  end
  local hosts = names[table.concat(labels, ".")]
  if hosts == false then
    return nil
  end
  local records = {}
  for _, host in ipairs(hosts or {}) do
    local kind, record = record_of(host)
    records[#records + 1] = kind == question:byte(at + 2) and record or nil
  end
  return question:sub(1, 2) .. "\129" .. (hosts and "\128" or "\131") .. "\0\1\0" .. string.char(#records)
    .. "\0\0\0\0" .. question:sub(13, at + 4) .. table.concat(records)
end

local function serve(fd, names)
  local room, from, size = ffi.new "char[512]", ffi.new "struct fnf_address", ffi.new("unsigned[1]", SIZE)
  while not ngx.worker.exiting() do
    local count = ffi.C.recvfrom(fd, room, 512, DONTWAIT, from, size)
    if count > 12 then
      local reply = reply_to(ffi.string(room, count), names)
      if reply then
        ffi.C.sendto(fd, reply, #reply, 0, from, SIZE)
      end
    else
      ngx.sleep(PAUSE)
    end
  end
end

--- Answer on that port, from init_worker on: `names` has lists of addresses, `false` for a name it says nothing about.
function name_server.start(port, names)
  local fd = open(DATAGRAM, address_of("127.0.0.1", port))
  ngx.timer.at(0, function()
    serve(fd, names)
  end)
end

--- Let connections to that address hang: its queue is full, and nobody takes any out. Where it has `room` for some,
--- they are made, and nobody ever answers.
function name_server.hang(host, port, room)
  local address = address_of(host, port)
  ffi.C.listen(open(STREAM, address), room or 0)
  for _ = 1, room and 0 or 3 do
    ffi.C.connect(ffi.C.socket(INET, STREAM + NONBLOCK, 0), address, SIZE)
  end
end

return name_server
