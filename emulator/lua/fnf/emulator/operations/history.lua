--- GetExecutionHistory.
-- SPDX-License-Identifier: MIT

local errors = require("fnf.emulator.errors")
local events = require("fnf.emulator.events")
local paging = require("fnf.emulator.paging")
local store = require("fnf.emulator.store")
local timestamp = require("fnf.emulator.timestamp")

-- Each event was led to by the one before it: true of one step after the other, and no more is documented.
local function described(number, event)
  return {
    EventId = number, ScheduleEventId = number - 1, Type = event.type, StepName = event.step,
    Time = timestamp.milliseconds(store.shown(event.at)), EventDetail = event.detail,
  }
end

-- The token of this list is documented as the number of an event.
local function get(values)
  local found, refusal = store.find_execution(values.FlowName, values.ExecutionName)
  if not found then return nil, refusal end
  local token = values.NextToken or ""
  if not token:find("^%d*$") then
    return nil, errors.refuse("InvalidArgument", "NextToken is not from an answer of this list.")
  end
  local list = events.of(found, store.simulated())
  local page, last = paging.gather(values.Limit, { (tonumber(token) or 0) + 1, #list, 1 }, function(number)
    return described(number, list[number])
  end)
  return { Events = page, NextToken = last and tostring(last) }
end

return {
  GetExecutionHistory = {
    method = "GET", list = "Events", carry_out = get,
    parameters = { { "ExecutionName", required = true }, { "FlowName", required = true }, paging.parameters(999) },
  },
}
