--- The operations this emulator knows, gathered from the files that carry them out.
-- SPDX-License-Identifier: MIT

---@class fnf.emulator.Operation
---@field method "GET"|"POST"
---@field parameters fnf.emulator.Parameter[]
---@field version? string of the API, if it is not CloudFlow's
---@field unsigned? boolean it proves itself by its parameters
---@field carry_out fun(values: table): table?, fnf.emulator.Refusal?

---@type table<string, fnf.emulator.Operation>
local operations = {}

for _, noun in ipairs({ "sts", "map_runs" }) do
  for action, row in pairs(require("fnf.emulator.operations." .. noun)) do operations[action] = row end
end

return operations
