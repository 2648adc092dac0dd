-- CPU of a signed DescribeMapRun in ratios to the best bare libcurl, ours beside others; `make bench-peers`.
-- SPDX-License-Identifier: MIT
--
-- One server, one run: the candidates take turns and the cheapest turn of each counts. All keep their connections; all
-- but the reference sign by ACS3-HMAC-SHA256 and read the answer as a table. CPU is that of the whole process, user and
-- system, without its start and first calls.

package.path = "bench/?.lua;" .. package.path
local server = require "server"
local turns = require "turns"

local programs, lua = assert(arg[1], "usage: run.lua folder-of-programs"), assert(arg[-1])
local TURNS, CALLS, FEW, IN_FLIGHT = 5, 4000, 1000, 64

local function ours(candidate, address, count, in_flight)
  return { "ours in " .. candidate, ("BENCH_SIGNATURE=ACS3-HMAC-SHA256 %s bench/calls.lua %s %d %s"):format(candidate,
    address, count, in_flight) }
end

local function candidates(at, address, in_flight)
  local url = turns.output_of(("BENCH_SIGNATURE=ACS3-HMAC-SHA256 %s bench/calls.lua %s url"):format(lua, address))
    :match("%S+")
  local bare = in_flight == "" and "calls" or "polls"
  local list = {
    { "bare libcurl in C", ("%s/%s '%s' %d %s"):format(programs, bare, url, CALLS, in_flight) },
    { "the same, guarding itself against SIGPIPE",
      ("BENCH_GUARDED=1 %s/%s '%s' %d %s"):format(programs, bare, url, CALLS, in_flight) },
    ours(lua, address, CALLS, in_flight),
    { "the vendor's JavaScript client", ("node bench/peers/vendor.js %s %d %s"):format(address, FEW, in_flight) },
  }
  if in_flight == "" then
    table.insert(list, 4, { "by hand in lua5.1: lua-curl, luaossl, lua-cjson",
      ("lua5.1 bench/peers/by_hand.lua %s %d"):format(address, CALLS) })
  end
  for _, row in ipairs(list) do
    row[2] = ("FNF_CA_FILE=%s NODE_EXTRA_CA_CERTS=%s %s"):format(at.authority, at.authority, row[2])
  end
  return list
end

local function compare(at, title, address, in_flight)
  local list, commands = candidates(at, address, in_flight), {}
  for i, row in ipairs(list) do
    commands[i] = row[2]
  end
  local cpu = turns.cheapest(TURNS, commands)
  for i, row in ipairs(list) do
    turns.say(title, "%6.2f   %s", cpu[i] / cpu[1], row[1])
  end
end

local folder = turns.output_of("mktemp -d"):match("%S+")
math.randomseed(os.time())
local at = server.start(folder)
local done, reason = pcall(function()
  for _, row in ipairs { { "HTTP", at.plain }, { "HTTPS", at.kept } } do
    compare(at, row[1] .. ", one at a time", row[2], "")
    compare(at, ("%s, %d in flight"):format(row[1], IN_FLIGHT), row[2], tostring(IN_FLIGHT))
  end
end)
server.stop(folder)
os.execute("rm -rf " .. folder)
assert(done, reason)
