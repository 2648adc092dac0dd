--- Soak, `lua spec/soak/run.lua [MINUTES]`: polls with faults, new clients and rotating keys; memory stays flat.
-- SPDX-License-Identifier: MIT
--
-- Over libcurl: each round makes a client whose key is renewed at every look, waits for three MapRuns at once while one
-- answer in ten is a fault, and drops the client, closed or not. After a quarter of the time RSS may grow by no more
-- than MOST KiB, descriptors not at all, and each wait must have seen its end.

local emulators = require "fnf.emulator"
local core = require "fnf.core"
local fnf = require "fnf"

local MINUTES, MOST = tonumber(arg[1] or 1), 2048

local function measure()
  collectgarbage()
  collectgarbage()
  local file = assert(io.open "/proc/self/status")
  local rss = tonumber(file:read("*a"):match "VmRSS:%s*(%d+)")
  file:close()
  local count = 0
  for _ in assert(io.popen("ls /proc/$PPID/fd")):lines() do
    count = count + 1
  end
  return rss, count
end

local emulator = assert(emulators.start())
local ending, settled = core.now() + MINUTES * 60, core.now() + MINUTES * 15
local rounds, waits, lost, first_rss, first_count = 0, 0, 0, nil, nil
local KINDS = { "status", "reset", "drop_reply" }
while core.now() < ending do
  rounds = rounds + 1
  emulator:reset()
  local list = {}
  for i = 1, 3 do
    local run = assert(emulator:map_run { items = 3, item_duration = 0.05, Concurrency = 3 })
    list[i] = { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
  end
  emulator:fault { kind = KINDS[rounds % 3 + 1], status = 503, action = "DescribeMapRun" } -- one of about ten
  local client = fnf.new { endpoint = emulator.url, max_attempts = 4, rate_limit = false,
    credentials = function(context)
      return { access_key_id = emulator.access_key_id, access_key_secret = emulator.access_key_secret,
        expires = context.time() + 1 }
    end }
  local results = assert(client:wait_map_runs(list, { timeout = 60, min_delay = 0.05, max_delay = 0.2 }))
  for i = 1, 3 do
    waits = waits + 1
    lost = lost + (results[i] and results[i].Status == "Succeeded" and 0 or 1)
  end
  if rounds % 2 == 0 then -- the others are for the collector
    client:close()
  end
  if not first_rss and core.now() > settled then
    first_rss, first_count = measure()
  end
end
local rss, count = measure()
emulator:stop()
print(("%g minutes: %d clients, %d waits, %d lost; RSS %d -> %d KiB, descriptors %d -> %d"):format(MINUTES, rounds,
  waits, lost, first_rss, rss, first_count, count))
os.exit(lost == 0 and rss - first_rss <= MOST and count <= first_count and 0 or 1)
