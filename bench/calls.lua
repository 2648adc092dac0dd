-- The library, sequentially: `calls.lua ENDPOINT COUNT` prints seconds of CPU per describe_map_run; with COUNT "url",
-- the URL of one such request.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"

local WARM_UP = 20
local endpoint, count = arg[1], arg[2]
local params = { FlowName = "orders-flow", ExecutionName = "exec-2026-11-23-0001",
  MapRunName = "c39142f1345b196d678333c41f113200" }

local function show(request)
  print(request.url)
  os.exit(0)
end

local client = fnf.new { endpoint = endpoint, access_key_id = "LTAI5tAbCdEfGhIjKlMnOpQr", user_agent = "bench",
  access_key_secret = "a-secret-of-thirty-characters.", transport = count == "url" and show or nil }

local function call(times)
  for _ = 1, times do
    local run = assert(client:describe_map_run(params))
    assert(run.ItemCounts.Succeed == 1940)
  end
end

call(WARM_UP)
local start = os.clock()
call(tonumber(count))
print(("%.9f"):format((os.clock() - start) / count))
