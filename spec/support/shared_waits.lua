--- A process of a crowd that shares through Redis: `lua shared_waits.lua < one JSON object`; prints one of its own.
-- SPDX-License-Identifier: MIT
--
-- In: endpoint, id, secret, share (a URL or nothing), account, runs, timeout, rate_limit. Out: ended, by Status;
-- requests and throttled, of DescribeMapRun; lag, the mean seconds after the ends; warnings.

local core = require "fnf.core"
local fnf = require "fnf"
local json = require "fnf.json"

local order = assert(json.decode(io.read("*a")))
local requests, throttled, warnings = 0, 0, {}

local client = fnf.new { endpoint = order.endpoint, access_key_id = order.id, access_key_secret = order.secret,
  share = order.share and fnf.share.redis { url = order.share, timeout = order.redis_timeout },
  rate_limit = order.rate_limit, max_attempts = 10,
  on_event = function(name, fields)
    if name == "request" and fields.operation == "DescribeMapRun" then
      requests = requests + 1
    elseif name == "response" and fields.error and fields.error.status == 429 then
      throttled = throttled + 1
    elseif name == "warning" and fields.message then
      warnings[#warnings + 1] = fields.message
    end
  end }

local ended, lags = {}, {}
local list = {}
for i, run in ipairs(order.runs) do
  list[i] = { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
end
local began = core.time()
for place, run, err in client:wait_map_runs(list, { each = true, timeout = order.timeout, others = false }) do
  local status = run and run.Status or tostring(err)
  ended[status] = (ended[status] or 0) + 1
  lags[#lags + 1] = core.time() - order.runs[place].ends_at
end
local sum = 0
for _, lag in ipairs(lags) do
  sum = sum + lag
end
client:close()
io.write(assert(json.encode { ended = ended, requests = requests, throttled = throttled, lag = sum / #lags,
  warnings = warnings, seconds = core.time() - began }), "\n")
