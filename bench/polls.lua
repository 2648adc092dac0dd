-- The library, many waits at once: `polls.lua ENDPOINT WAITS POLLS` prints seconds of CPU per poll, bytes of Lua memory
-- and of resident memory per wait, and the connections that are open.
-- SPDX-License-Identifier: MIT
--
-- Nothing ends. Delays are so short that something is always due, as many polls in flight as there are connections.
-- Memory is counted when each wait has been polled and keeps what it saw; the list of names is the caller's.

local fnf = require "fnf"

local endpoint, waits, polls = arg[1], tonumber(arg[2]), tonumber(arg[3])
local DELAY = 0.05 -- seconds

local client = fnf.new { endpoint = endpoint, access_key_id = "LTAI5tAbCdEfGhIjKlMnOpQr", user_agent = "bench",
  access_key_secret = "a-secret-of-thirty-characters.", rate_limit = false }

local list = {}
for i = 1, waits do
  list[i] = { FlowName = "orders-flow", ExecutionName = "exec-2026-11-23-0001", MapRunName = ("%032x"):format(i) }
end

local function lua_bytes()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count" * 1024
end

local function resident_bytes()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmRSS:%s*(%d+) kB"
    if kilobytes then
      return kilobytes * 1024
    end
  end
end

--- Established connections to the endpoint, as the kernel lists them.
local function connections()
  local far, found = (":%04X"):format(endpoint:match ":(%d+)$"), 0
  for line in io.lines "/proc/net/tcp" do
    local address, state = line:match "^%s*%d+: %S+ (%S+) (%x%x)"
    found = found + (state == "01" and address:sub(-5) == far and 1 or 0)
  end
  return found
end

local seen, begun, lua_memory, memory = 0, nil, nil, nil
assert(client:describe_map_run(list[1])) -- what a first call loads is no wait's
local lua_before, before = lua_bytes(), resident_bytes()

local function tell()
  local cpu = (os.clock() - begun) / polls
  print(("%.9f %.0f %.0f %d"):format(cpu, lua_memory / waits, memory / waits, connections()))
  os.exit(0)
end

client:wait_map_runs(list, { min_delay = DELAY, max_delay = DELAY, on_progress = function()
  seen = seen + 1
  if seen == waits then
    lua_memory, memory = lua_bytes() - lua_before, resident_bytes() - before
    begun = os.clock()
  elseif seen == waits + polls then
    tell()
  end
end })
