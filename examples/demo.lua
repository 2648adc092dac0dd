--- `make demo`: waits for a MapRun on the local emulator, with live progress, and prints the final counts.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"
local emulator = assert(require("fnf.emulator").start())

-- 300 items of 0.5 s, 25 at once: six seconds. One in fifty fails, which is tolerated.
local made = assert(emulator:map_run { items = 300, Concurrency = 25, item_duration = 0.5, failure_share = 0.02,
  ToleratedFailedPercentage = 5 })

local client = assert(fnf.new {
  endpoint = emulator.https_url, ca_file = emulator.ca_file,
  access_key_id = emulator.access_key_id, access_key_secret = emulator.access_key_secret,
})

local WIDTH = 40

local function show(run, progress)
  local filled = math.floor((progress.share or 0) * WIDTH + 0.5)
  local counts = run.ItemCounts or {}
  io.write(("%-9s [%s%s] %3d %%  %d done, %d failed, %d running\n"):format(run.Status, ("#"):rep(filled),
    (" "):rep(WIDTH - filled), math.floor((progress.share or 0) * 100), progress.done or 0, counts.Failed or 0,
    counts.Running or 0))
  io.flush()
end

local final, err = client:wait_map_run(
  { FlowName = made.FlowName, ExecutionName = made.ExecutionName, MapRunName = made.MapRunName },
  { timeout = 60, min_delay = 0.5, max_delay = 2, on_progress = show })
client:close()
emulator:stop()

if not final then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
io.write(("The MapRun has %s: %d of %d items succeeded, %d failed.\n"):format(final.Status:lower(),
  final.ItemCounts.Succeed, final.ItemCounts.Total, final.ItemCounts.Failed))
