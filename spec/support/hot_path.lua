-- What instructions_spec counts, as a program: `hot_path.lua call|decode COUNT`.
-- SPDX-License-Identifier: MIT

local what, count = arg[1], tonumber(arg[2])
local BODY = '{"RequestId":"testRequestId","FlowName":"orders-flow","ExecutionName":"exec-2026-11-23-0001",'
  .. '"MapRunName":"c39142f1345b196d678333c41f113200","Status":"Running","Concurrency":40,"ToleratedFailedCount":0,'
  .. '"ToleratedFailedPercentage":5.5,"StartedTime":"2026-11-23T09:04:56.001Z",'
  .. '"ItemCounts":{"Total":2000,"Succeed":1940,"Failed":12,"Running":40,"Pending":8,"Aborted":0}}'

local run = {}

--- A call and all of it but the exchange.
function run.call()
  local client = require("fnf").new { endpoint = "http://127.0.0.1:1", access_key_id = "LTAI5tAbCdEfGhIjKlMnOpQr",
    access_key_secret = "a-secret-of-thirty-characters.",
    transport = function() return { status = 200, headers = {}, body = BODY } end }
  local params = { FlowName = "orders-flow", ExecutionName = "exec-2026-11-23-0001",
    MapRunName = "c39142f1345b196d678333c41f113200" }
  return function()
    assert(client:describe_map_run(params).ItemCounts.Succeed == 1940)
  end
end

--- The unit: what lua-cjson takes for the answer alone.
function run.decode()
  local cjson = require("cjson").new()
  return function()
    assert(cjson.decode(BODY).ItemCounts.Succeed == 1940)
  end
end

local once = run[what]()
for _ = 1, count do
  once()
end
