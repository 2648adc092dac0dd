--- `make demo-many`: two processes wait for the same MapRuns of the local emulator, and share answers through Redis.
-- SPDX-License-Identifier: MIT
--
-- The second process is this file again, told where the service and Redis are. On two machines there would be no more
-- to it than the same `url`.

local fnf = require "fnf"

--- Wait for so many runs, and say what that cost.
local function wait_for(name, endpoint, id, secret, redis, count)
  local requests = 0
  local client = fnf.new { endpoint = endpoint, access_key_id = id, access_key_secret = secret,
    share = fnf.share.redis { url = redis }, on_event = function(event, fields)
      if event == "request" then
        requests = requests + 1
      elseif event == "warning" and fields.message then
        io.write(name, ": ", fields.message, "\n")
      end
    end }
  local runs = {}
  for i = 1, count do
    runs[i] = { FlowName = "many", ExecutionName = "e" .. i, MapRunName = ("%032x"):format(i) }
  end
  local ended = assert(client:wait_map_runs(runs, { timeout = 60, others = false }))
  client:close()
  io.write(("%s saw the ends of %d runs by %d requests.\n"):format(name, #ended, requests))
end

if arg[1] then
  return wait_for("the other process", arg[1], os.getenv "DEMO_ID", os.getenv "DEMO_SECRET", arg[2], tonumber(arg[3]))
end

local COUNT = 6
local redis_server = require "spec.support.redis_server"
local missing = redis_server.missing()
if missing then
  io.stderr:write(missing, "\n")
  os.exit(1)
end
local redis = redis_server.start()
local emulator = assert(require("fnf.emulator").start { quota = true })
for i = 1, COUNT do
  assert(emulator:map_run { FlowName = "many", ExecutionName = "e" .. i, MapRunName = ("%032x"):format(i), items = 60,
    Concurrency = 10, item_duration = 0.5 })
end
local other = assert(io.popen(("DEMO_ID=%s DEMO_SECRET=%s %s %s %s %s %d"):format(emulator.access_key_id,
  emulator.access_key_secret, arg[-1], arg[0], emulator.url, redis.url, COUNT)))
wait_for("this process", emulator.url, emulator.access_key_id, emulator.access_key_secret, redis.url, COUNT)
io.write(other:read("*a"))
other:close()
io.write(("The service was asked %d times by both.\n"):format(#emulator:requests().requests))
emulator:stop()
redis:stop()
