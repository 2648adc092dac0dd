--- Soak, `lua spec/soak/run.lua [MINUTES]`: polls over both transports with faults; memory and descriptors stay flat.
-- SPDX-License-Identifier: MIT
--
-- Each round, while every tenth DescribeMapRun meets a fault: over libcurl a new client, whose key is renewed at every
-- look, waits for three MapRuns at once and is dropped, closed or not; inside an nginx of two workers two requests wait
-- by clients of their own and two by watches. Every minute the nginx gets a HUP in the middle of a round. After a
-- quarter of the time RSS may grow by no more than MOST KiB and descriptors not at all, here and in nginx (its master,
-- and its workers just before each HUP, which then hold up to UNDER_WAY connections of the round); and each wait must
-- have seen its end.

local cjson = require("cjson").new()
local core = require "fnf.core"
local emulators = require "fnf.emulator"
local fnf = require "fnf"
local nginx = require "spec.support.nginx.server"

local MINUTES, MOST, UNDER_WAY = tonumber(arg[1] or 1), 2048, 8 -- four requests, in and out
local PERIOD = math.min(60, MINUTES * 10) -- seconds between two HUPs
local KINDS = { "status", "reset", "drop_reply", "cut" }
local FAULTS = 12 -- more than a round meets

local CONFIGURATION = [[
  lua_shared_dict fnf 2m;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    watch = require("fnf.ngx").watch
    function new_client()
      return require("fnf").new { endpoint = "$emulator", max_attempts = 4, rate_limit = false,
        credentials = function(context)
          return { access_key_id = "$id", access_key_secret = "$secret", expires = context.time() + 1 }
        end }
    end
    lasting = new_client()
    local pace = { min_delay = 0.05, max_delay = 0.2 }
    function names(list)
      for name, value in pairs(ngx.req.get_uri_args()) do list[name] = value end
      return list
    end
    function wait()
      local client = new_client()
      pace.timeout = 60
      calls.say(calls.outcome(client:wait_map_run(names {}, pace)))
      client:close()
    end
    function wait_by_watch()
      local given = names { dict = "fnf", client = lasting, min_delay = 0.05, max_delay = 0.2 }
      calls.say(calls.outcome(watch(given):wait(60)))
    end
  }
  init_worker_by_lua_block { watch { dict = "fnf", client = lasting, rate_limit = false } }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /wait { content_by_lua_block { wait() } }
    location /watch { content_by_lua_block { wait_by_watch() } }
  }
]]

--- RSS in KiB and the count of descriptors of a process.
local function measure(pid)
  local file = assert(io.open(("/proc/%s/status"):format(pid)))
  local rss = tonumber(file:read("*a"):match "VmRSS:%s*(%d+)")
  file:close()
  local count = 0
  for _ in assert(io.popen(("ls /proc/%s/fd"):format(pid == "self" and "$PPID" or pid))):lines() do
    count = count + 1
  end
  return { rss = rss, count = count }
end

local emulator = assert(emulators.start())
local server = nginx.start { http = CONFIGURATION, main = "worker_processes 2;", log = "error", values = {
  emulator = emulator.url, id = emulator.access_key_id, secret = emulator.access_key_secret } }

local first, last = {}, {} -- by the process: what was measured

local function take_measures()
  collectgarbage()
  collectgarbage()
  last.here, last.master = measure "self", measure(server:master())
  last.worker = { rss = 0, count = 0 }
  for _, pid in ipairs(server:workers()) do
    local one = measure(pid)
    last.worker = { rss = math.max(last.worker.rss, one.rss), count = math.max(last.worker.count, one.count) }
  end
end

local function new_run()
  local run = assert(emulator:map_run { items = 6, item_duration = 0.2, Concurrency = 3 })
  return { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
end

local began = core.now()
local hup_at = began + PERIOD
local rounds, waits, lost, hups, polls, faults = 0, 0, 0, 0, 0, 0

local function note(status, text)
  waits = waits + 1
  if status ~= "Succeeded" then
    lost = lost + 1
    io.stderr:write("lost: ", tostring(text), "\n")
  end
end

while core.now() < began + MINUTES * 60 do
  rounds = rounds + 1
  emulator:reset()
  local list = { new_run(), new_run(), new_run() }
  for i = 1, FAULTS do
    emulator:fault { kind = KINDS[(rounds + i) % #KINDS + 1], status = 503, action = "DescribeMapRun",
      after = i == 1 and rounds % 10 or 9 }
  end
  for _, path in ipairs { "/wait", "/wait", "/watch", "/watch" } do
    local run = new_run()
    server:begin(("%s?FlowName=%s&ExecutionName=%s&MapRunName=%s"):format(path, run.FlowName, run.ExecutionName,
      run.MapRunName), { timeout = 90 })
  end
  if core.now() > hup_at then
    take_measures()
    if not first.here and core.now() > began + MINUTES * 15 then
      first = { here = last.here, master = last.master, worker = last.worker }
    end
    server:signal "HUP"
    hups, hup_at = hups + 1, core.now() + PERIOD
  end
  local client = fnf.new { endpoint = emulator.url, max_attempts = 4, rate_limit = false,
    credentials = function(context)
      return { access_key_id = emulator.access_key_id, access_key_secret = emulator.access_key_secret,
        expires = context.time() + 1 }
    end }
  local results, failures = client:wait_map_runs(list, { timeout = 60, min_delay = 0.05, max_delay = 0.2 })
  for i = 1, 3 do
    note(results and results[i] and results[i].Status, results and failures and failures[i] or failures)
  end
  if rounds % 2 == 0 then -- the others are for the collector
    client:close()
  end
  for _ = 1, 4 do
    local _, status, _, body = server:finish()
    local outcome = status == 200 and cjson.decode(body) or {}
    note(outcome.Status, outcome.text or body)
  end
  for _, request in ipairs(emulator:requests().requests) do
    if request.action == "DescribeMapRun" then
      polls, faults = polls + 1, faults + (request.fault and 1 or 0)
    end
  end
end
server:stop()
emulator:stop()

print(("%g minutes: %d rounds, %d waits (3 over libcurl, 2 over cosockets, 2 by watches each), %d lost; %d HUPs; "
  .. "%d polls, %.1f %% with a fault"):format(MINUTES, rounds, waits, lost, hups, polls, 100 * faults / polls))
local is_flat = first.here ~= nil
for _, process in ipairs { "here", "master", "worker" } do
  local one, other = first[process] or last[process], last[process]
  print(("%s: RSS %d -> %d KiB, descriptors %d -> %d"):format(process, one.rss, other.rss, one.count, other.count))
  is_flat = is_flat and other.rss - one.rss <= MOST
    and other.count <= one.count + (process == "worker" and UNDER_WAY or 0)
end
print(lost == 0 and is_flat and "nothing lost, all flat" or "FAILED")
os.exit(lost == 0 and is_flat and 0 or 1)
