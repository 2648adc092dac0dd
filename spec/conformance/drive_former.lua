--- Starts the emulator with tasks that wait for a report, for drive_former.js, and ends with its verdict.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"

local emulator = assert(require("fnf.emulator").start {})
local client = fnf.new { endpoint = emulator.url, access_key_id = emulator.access_key_id,
  access_key_secret = emulator.access_key_secret }
assert(client:create_flow { Name = "asking", Type = "FDL", Description = "waits",
  Definition = "Name: asking\nStates:\n  - Type: Task\n    Name: Ask\n    TaskMode: WaitForCustomCallback\n" })
for _, name in ipairs { "reported", "refused", "stopped" } do
  assert(client:start_execution { FlowName = "asking", ExecutionName = name })
end
emulator:clock { advance = 1000 }
local tokens = {}
for _, task in ipairs(emulator:tasks().tasks) do
  tokens[#tokens + 1] = task.ExecutionName ~= "stopped" and "'" .. task.TaskToken .. "'" or nil
end
local first, _, third = os.execute(("node spec/conformance/drive_former.js %s %s %s %s"):format(emulator.url,
  emulator.access_key_id, emulator.access_key_secret, table.concat(tokens, " ")))
emulator:stop()
os.exit((first == true or first == 0) and (third or 0) == 0 and 0 or 1)
