--- Tortures describe_map_run: `lua spec/torture/run.lua HOST [whole|SAMPLE [SEED [http|https [warm|cold]]]]`.
-- SPDX-License-Identifier: MIT
--
-- Against the emulator. `whole` lets every allocation and every system call fail, one after the other; a number is
-- about how many places of each kind are drawn, by the seed, and one error of each system call. The other words are the
-- only scheme and the only start (see describe.lua). A hang is two minutes without an end. Exits with 1 if anything
-- crashed, hung, leaked, was wrong, or was not usable after.

local emulators = require "fnf.emulator"
local shell = require "fnf.emulator.shell"

local host, sample, seed, scheme, start = arg[1], arg[2] or "10", tonumber(arg[3] or 1), arg[4], arg[5]
local MOST = "1000000"

-- About how many places there are of http and https, which only spreads a sample.
local MEMORY = { warm = { lua = { 110, 110 }, malloc = { 110, 4500 } },
  cold = { lua = { 2500, 2500 }, malloc = { 9000, 13000 } } }
local CALLS = {
  open = { "EMFILE", "EMFILE+", "EINTR", "ENOSPC", warm = { 2, 3 }, cold = { 40, 40 } },
  read = { "EINTR", "EIO", "EIO+", "ECONNRESET", "EMFILE", "ENOSPC", warm = { 3, 25 }, cold = { 3, 25 } },
  connect = { "EINTR", "ENETUNREACH", "ENETUNREACH+", "ECONNREFUSED", "EMFILE", "ENOSPC", warm = { 1, 1 },
    cold = { 1, 1 } },
  send = { "ENOSPC", "ENOSPC+", "ECONNRESET", "EINTR", "EAGAIN", "EMFILE", warm = { 1, 3 }, cold = { 1, 3 } },
}

local kinds = {} -- what, how, places of http and of https, start
for _, begun in ipairs { "warm", "cold" } do
  for _, how in ipairs { "once", "on" } do
    for _, what in ipairs { "lua", "malloc" } do
      kinds[#kinds + 1] = { what, how, MEMORY[begun][what], begun }
    end
  end
  for _, what in ipairs { "open", "read", "connect", "send" } do
    for i, how in ipairs(CALLS[what]) do
      if sample == "whole" or i == 1 + seed % #CALLS[what] then
        kinds[#kinds + 1] = { what, how, CALLS[what][begun], begun }
      end
    end
  end
end

local emulator = assert(emulators.start())
local made = assert(emulator:map_run { items = 10 })
local failed, runs = false, 0
for place, endpoint in ipairs { emulator.url, emulator.https_url } do
  local own_scheme = endpoint:match "^%a+"
  for _, kind in ipairs(kinds) do
    if (not scheme or scheme == own_scheme) and (not start or start == kind[4]) then
      local many = kind[3][place]
      local step = sample == "whole" and 1 or math.max(1, math.floor(many / tonumber(sample)))
      local done, line = shell.run('"$@" 2>&1', host, kind[1], kind[2], tostring(1 + seed % step), MOST,
        tostring(step), "spec/torture/describe.lua", endpoint,
        endpoint == emulator.https_url and emulator.ca_file or "", emulator.access_key_id,
        emulator.access_key_secret, made.FlowName, made.ExecutionName, made.MapRunName, kind[4])
      print(("%s %s %s"):format(own_scheme, kind[4], line))
      io.stdout:flush()
      failed = failed or not done
      runs = runs + tonumber(line:match "runs (%d+)" or 0)
    end
  end
end
emulator:stop()
print(("%d runs: %s"):format(runs, failed and "FAILED" or "no crash, hang, leak or wrong answer"))
os.exit(failed and 1 or 0)
