--- Simulated: processes under one quota, each for itself and sharing. `lua bench/shared.lua [seed [most processes]]`
-- SPDX-License-Identifier: MIT
--
-- Prints the table of docs/many-machines.md. The clients, their plans and the scripts are the real ones; the clock, the
-- service and Redis are not.

local root = arg[0]:match("^(.*/)bench/") or arg[0]:match("^bench/") and "" or "../"
package.path = root .. "bench/?.lua;" .. root .. "lua/?.lua;" .. package.path

local client = require "fnf.client"
local clock = require "waiting.clock"
local crowd = require "waiting.crowd"
local json = require "fnf.json"
local plain = require "fnf.platform.plain"
local redis_model = require "waiting.redis_model"
require "fnf.methods"

local WAITS = 50
local RATE, BURST = 2, 10 -- the documented quota of DescribeMapRun
local TRIP = 0.05 -- seconds to the service and back
local SEED, MOST = tonumber(arg[1] or 1), tonumber(arg[2] or 20)

--- The service: what it has seen is counted.
local function serve(platform, drawn, seen)
  local level, at = BURST, 0
  return function(request)
    platform.sleep(TRIP)
    local now = platform.now()
    level, at = math.min(BURST, level + RATE * (now - at)), now
    seen.requests = seen.requests + 1
    if level < 1 then
      seen.throttled = seen.throttled + 1
      return { status = 429, headers = {}, body = '{"Code":"ResourceThrottled","Message":"m","RequestId":"r"}' }
    end
    level = level - 1
    local name = request.url:match("MapRunName=(%d+)")
    local one = drawn[tonumber(name)]
    local run = one.run:describe(now - one.started)
    run.MapRunName, run.StartedTime = name, clock.rfc3339(one.started)
    return { status = 200, headers = {}, body = json.encode(run) }
  end
end

--- So many processes, each with its list of places among the runs.
local function simulate(drawn, lists, shares)
  local platform = clock.new(SEED)
  local seen, lags = { requests = 0, throttled = 0 }, {}
  local transport = serve(platform, drawn, seen)
  local command = shares and redis_model.new(platform.now)
  local tasks = {}
  for i, places in ipairs(lists) do
    tasks[i] = function()
      local own = setmetatable({ gather = false, digest = plain.digest },
        { __index = platform })
      local made = assert(client.new({ endpoint = "http://127.0.0.1:1", access_key_id = "i", access_key_secret = "s",
        transport = transport, max_attempts = 100,
        share = command and { command = command, account = "a" } or nil }, own))
      local runs = {}
      for place, number in ipairs(places) do
        runs[place] = { FlowName = "f", ExecutionName = "e", MapRunName = tostring(number) }
      end
      for place, run, err in made:wait_map_runs(runs, { each = true, others = false }) do
        assert(run, tostring(err))
        local one = drawn[places[place]]
        lags[#lags + 1] = platform.now() - one.started - one.run.duration
      end
    end
  end
  platform.gather(tasks)
  local sum = 0
  for _, lag in ipairs(lags) do
    sum = sum + lag
  end
  return seen.requests / #drawn, sum / #lags, 100 * seen.throttled / seen.requests
end

--- Lists of places: each process its own runs, or all the same.
local function lists_of(processes, waits, same)
  local lists = {}
  for i = 1, processes do
    lists[i] = {}
    for place = 1, waits do
      lists[i][place] = same and place or (i - 1) * waits + place
    end
  end
  return lists
end

local function print_row(drawn, lists, words, shares)
  local polls, lag, throttled = simulate(drawn, lists, shares)
  print(("| %d | %s | %s | %.1f | %.1f s | %.2f %% |"):format(#lists, words, shares and "yes" or "no", polls, lag,
    throttled))
  io.flush()
end

--- Rows of so many processes: in one process what all wait for, then each for itself, then sharing.
local function print_rows(processes, same)
  local count = same and WAITS or processes * WAITS
  local drawn = crowd.draw(count, "under way", SEED)
  local words = same and ("the same %d"):format(WAITS) or ("%d each"):format(WAITS)
  if not same then
    print_row(drawn, lists_of(1, count), tostring(count), false)
  end
  for _, shares in ipairs { false, true } do
    print_row(drawn, lists_of(processes, WAITS, same), words, shares)
  end
end

print("| processes | runs | sharing | polls a run | mean lag | throttled |")
print("| --- | --- | --- | --- | --- | --- |")
print_row(crowd.draw(WAITS, "under way", SEED), lists_of(1, WAITS), tostring(WAITS), false)
for _, same in ipairs { false, true } do
  for _, processes in ipairs { 2, 5, 20 } do
    if processes <= MOST then
      print_rows(processes, same)
    end
  end
end
