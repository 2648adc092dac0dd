--- The specification of a simulated MapRun: its fields, their defaults and what is wrong with one.
-- SPDX-License-Identifier: MIT

local curve = require("fnf.emulator.curve")
local failures = require("fnf.emulator.failures")

local plan = {}

local floor, huge = math.floor, math.huge

local function whole(minimum, maximum)
  return function(value)
    return type(value) == "number" and value == floor(value) and value >= minimum and value <= maximum
  end, ("a whole number from %d to %d"):format(minimum, maximum)
end

local function positive(value) return type(value) == "number" and value > 0 and value < huge end

local function not_negative(value) return type(value) == "number" and value >= 0 and value < huge end

local function text(value) return type(value) == "string" and value ~= "" end

local function between(maximum)
  return function(value) return type(value) == "number" and value >= 0 and value <= maximum end
end

local function row(default, valid, wanted) return { default = default, valid = valid, wanted = wanted } end

-- 10 million items: ten times the most that the service gives on request, and the sums stay exact in a double.
local fields = {
  FlowName = row("flow", text, "a name"),
  ExecutionName = row("execution", text, "a name"),
  MapRunName = row(nil, text, "a name"),
  StepName = row("Map", text, "a name"),
  items = row(100, whole(0, 10000000)),
  Concurrency = row(10, whole(1, 1000000)),
  ToleratedFailedCount = row(nil, whole(0, 10000000)),
  ToleratedFailedPercentage = row(nil, between(100), "a number from 0 to 100"),
  item_duration = row(1, positive, "seconds above 0"),
  pending = row(0, not_negative, "seconds, 0 or more"),
  abort_after = row(nil, not_negative, "seconds, 0 or more"),
  failure_share = row(0, between(1), "a share from 0 to 1"),
  failures = row("spread", function(value) return failures.rules[value] ~= nil end, "spread, first or last"),
  shape = row("linear", function(value) return curve.shapes[value] ~= nil or curve.valid(value) end,
    "the name of a shape or a list of corners [time share, item share]"),
  counts = row(true, function(value) return type(value) == "boolean" end, "true or false"),
}

--- A complete specification out of a given one.
---@param specification table
---@return table? complete every field set or absent by default
---@return string? message the field that is wrong and what it should be
function plan.read(specification)
  for name, value in pairs(specification) do
    local field = fields[name]
    if not field then return nil, ("unknown field '%s'"):format(tostring(name)) end
    if not field.valid(value) then return nil, ("%s must be %s"):format(name, field.wanted) end
  end
  local complete = {}
  for name, field in pairs(fields) do
    local value = specification[name]
    if value == nil then value = field.default end
    complete[name] = value
  end
  return complete
end

return plan
