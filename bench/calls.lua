-- The library: `calls.lua ENDPOINT COUNT [IN_FLIGHT]` prints seconds of CPU per describe_map_run, one at a time or that
-- many through fnf.gather; with COUNT "url", the URL of one such request. $BENCH_SIGNATURE chooses the signature.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"

local WARM_UP = 20
local endpoint, count, in_flight = arg[1], arg[2], tonumber(arg[3])
local params = { FlowName = "orders-flow", ExecutionName = "exec-2026-11-23-0001",
  MapRunName = "c39142f1345b196d678333c41f113200" }

local function show(request)
  print(request.url)
  os.exit(0)
end

local client = fnf.new { endpoint = endpoint, access_key_id = "LTAI5tAbCdEfGhIjKlMnOpQr", user_agent = "bench",
  access_key_secret = "a-secret-of-thirty-characters.", transport = count == "url" and show or nil,
  max_connections = in_flight, signature = os.getenv "BENCH_SIGNATURE" }

local left = 0 -- calls to be begun

local function call()
  while left > 0 do
    left = left - 1
    local run = assert(client:describe_map_run(params))
    assert(run.ItemCounts.Succeed == 1940)
  end
  return true
end

local callers = {}
for i = 1, in_flight or 0 do
  callers[i] = call
end

local function make(calls)
  left = calls
  return in_flight and assert(fnf.gather(callers)) or call()
end

make(WARM_UP * (in_flight or 1))
local start = os.clock()
make(tonumber(count))
print(("%.9f"):format((os.clock() - start) / count))
