--- Tortures describe_map_run against the emulator: `lua spec/torture/run.lua HOST [whole|SAMPLE [SEED [SCHEME]]]`.
-- SPDX-License-Identifier: MIT
--
-- `whole` lets every allocation and every system call fail, one after the other; a number is about how many places of
-- each kind are drawn, by the seed. A third word, http or https, is the only scheme. A hang is two minutes without an
-- end. Exits with 1 if anything crashed, hung, leaked, was wrong, or was not usable after.

local emulators = require "fnf.emulator"
local shell = require "fnf.emulator.shell"

local host, sample, seed, scheme = arg[1], arg[2] or "10", tonumber(arg[3] or 1), arg[4]
local MOST = 1000000

-- About how many places there are, which only spreads a sample.
local KINDS = {
  { "lua", "once", 1200 }, { "lua", "on", 1200 }, { "malloc", "once", 600 }, { "malloc", "on", 600 },
  { "open", "EMFILE", 4 }, { "open", "EINTR", 4 }, { "read", "EINTR", 30 }, { "read", "EIO", 30 },
  { "connect", "EINTR", 2 }, { "connect", "ENETUNREACH", 2 }, { "send", "ENOSPC", 2 }, { "send", "ECONNRESET", 2 },
}

local emulator = assert(emulators.start())
local made = assert(emulator:map_run { items = 10 })
local failed, runs = false, 0
for _, endpoint in ipairs { emulator.url, emulator.https_url } do
  for _, kind in ipairs((not scheme or endpoint:match "^%a+" == scheme) and KINDS or {}) do
    local step = sample == "whole" and 1 or math.max(1, math.floor(kind[3] / tonumber(sample)))
    local first, last = sample == "whole" and 1 or 1 + seed % step, sample == "whole" and MOST or kind[3]
    local done, line = shell.run('"$@" 2>&1', host, kind[1], kind[2], tostring(first), tostring(last), tostring(step),
      "spec/torture/describe.lua", endpoint,
      endpoint == emulator.https_url and emulator.ca_file or "", emulator.access_key_id, emulator.access_key_secret,
      made.FlowName, made.ExecutionName, made.MapRunName)
    print((endpoint:match "^%a+") .. " " .. line)
    io.stdout:flush()
    failed = failed or not done
    runs = runs + tonumber(line:match "runs (%d+)" or 0)
  end
end
emulator:stop()
print(("%d runs: %s"):format(runs, failed and "FAILED" or "no crash, hang, leak of Lua's or wrong answer"))
os.exit(failed and 1 or 0)
