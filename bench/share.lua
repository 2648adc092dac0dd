--- What sharing costs a poll: commands of Redis', and time in round trips of it. `lua bench/share.lua`, in the root.
-- SPDX-License-Identifier: MIT
--
-- A real Redis on a socket; the service is a function, so that what remains is this library and Redis.

package.path = "./?.lua;" .. package.path
local core = require "fnf.core"
local fnf = require "fnf"
local operations = require "fnf.operations"
local redis_server = require "spec.support.redis_server"
local wait = require "fnf.wait.wait"

local POLLS, TURNS = 500, 5
local ANSWER = '{"RequestId":"r","FlowName":"f","ExecutionName":"e","MapRunName":"m","Status":"Running",'
  .. '"Concurrency":10,"ItemCounts":{"Total":100,"Pending":50,"Running":10,"Succeed":40,"Failed":0,"Aborted":0}}'

local missing = redis_server.missing()
if missing then
  print("share: not measured: " .. missing)
  return
end
local server = redis_server.start()

--- Microseconds of one poll, with or without sharing.
local function poll_time(share)
  local client = fnf.new { endpoint = "http://127.0.0.1:1", access_key_id = "i", access_key_secret = "s", share = share,
    rate_limit = { rate = 1e5, burst = 1e5 }, transport = function()
      return { status = 200, headers = {}, body = ANSWER }
    end }
  local one = wait.new(wait.context(client, operations.describe_map_run, {}), { FlowName = "f", ExecutionName = "e",
    MapRunName = "m" })
  local began = core.now()
  while one.polls < POLLS do -- the first step may go by the answer of the turn before
    one:step()
  end
  return (core.now() - began) / POLLS * 1e6
end

local function round_trip()
  local connection = assert(require("fnf.redis").connect { path = server.path, timeout = 1 })
  local began = core.now()
  for _ = 1, POLLS do
    assert(connection:command("PING"))
  end
  connection:close()
  return (core.now() - began) / POLLS * 1e6
end

local alone, shared, trip = math.huge, math.huge, math.huge
for _ = 1, TURNS do
  alone = math.min(alone, poll_time())
  shared = math.min(shared, poll_time(fnf.share.redis { url = server.url, timeout = 1 }))
  trip = math.min(trip, round_trip())
end
local commands = tonumber(server:cli("INFO commandstats"):match("cmdstat_evalsha:calls=(%d+)")) / (TURNS * POLLS)
local key = server:cli("--raw KEYS '*answer*'"):match("[^\n]+")
local bytes = server:cli(("MEMORY USAGE '%s'"):format(key)):match("%d+")
server:stop()

local LINE = "a shared poll: %.1f commands, %.1f round trips of Redis (%.0f of %.0f us; alone %.0f us); a run: %s bytes"
print(LINE:format(commands, (shared - alone) / trip, shared - alone, trip, alone, bytes))
