--- The operations this emulator knows, gathered from the files that carry them out.
-- SPDX-License-Identifier: MIT

---@class fnf.emulator.Operation
---@field method "GET"|"POST"
---@field parameters fnf.emulator.Parameter[]
---@field carry_out fun(values: table): table?, fnf.emulator.Refusal?

---@type table<string, fnf.emulator.Operation>
local operations = {}

for _, noun in ipairs({ "map_runs" }) do
  for action, row in pairs(require("fnf.emulator.operations." .. noun)) do operations[action] = row end
end

return operations
