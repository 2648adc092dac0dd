--- The operations of the service, gathered from the files that carry them out.
-- SPDX-License-Identifier: MIT

local request = require "fnf.emulator.request"

---@class fnf.emulator.Operation
---@field method "GET"|"POST"
---@field former_method? "GET" that older clients use
---@field parameters fnf.emulator.Parameter[]
---@field version? string of the API, if it is not CloudFlow's
---@field unsigned? boolean it proves itself by its parameters
---@field list? string the field of the answer that is a list, also when it is empty
---@field writes? boolean something may be over sooner for it
---@field carry_out fun(values: table): table?, fnf.emulator.Refusal?

local nouns = {
  "flows", "versions", "executions", "history", "map_runs", "schedules", "regions",
  "sts",
}

---@type table<string, fnf.emulator.Operation>
local operations = {}

for _, noun in ipairs(nouns) do
  for action, row in pairs(require("fnf.emulator.operations." .. noun)) do
    operations[action] = row
    for _, parameter in ipairs(row.parameters) do
      request.complete(parameter)
    end
  end
end

return operations
