--- Starts the emulator for drive.js and ends with its verdict.
-- SPDX-License-Identifier: MIT

local EXPECTED = 29 -- operations the emulator has

local emulator = assert(require("fnf.emulator").start {})
local run = emulator:map_run { items = 100 }
local command = ("MAP_RUN=%s node spec/conformance/drive.js %s %s %s %d"):format(run.MapRunName,
  emulator.url:match("^http://([^/]+)"), emulator.access_key_id, emulator.access_key_secret, EXPECTED)
local first, _, third = os.execute(command)
emulator:stop()
os.exit((first == true or first == 0) and (third or 0) == 0 and 0 or 1)
