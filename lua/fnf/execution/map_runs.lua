--- The MapRuns of an execution, out of its event history: the service has no ListMapRuns.
-- SPDX-License-Identifier: MIT
--
-- The pages say that an execution writes MapRunStarted, with the MapRun's name in its output. They do not show one, so
-- this reads whatever shape that may mean (API.md section 3).

local ascii = require "fnf.ascii"
local errors = require "fnf.errors"
local event_detail = require "fnf.execution.event_detail"
local operations = require "fnf.operations"
local pages = require "fnf.call.pages"

local map_runs = {}

---@class fnf.MapRunFound
---@field FlowName string
---@field ExecutionName string of the parent
---@field MapRunName? string
---@field StepName? string
---@field StartedTime? string the time of the event
---@field EventId? integer

local NAME = { "maprunname" }

--- The MapRunName in the EventDetail of a MapRunStarted: in its output first, else anywhere.
---@param detail any
---@return string|nil
function map_runs.name_in(detail)
  detail = event_detail.open(detail)
  if not detail then
    return nil
  end
  local output = event_detail.open(event_detail.member(detail, "output"))
  return output and event_detail.search(output, NAME) or event_detail.search(detail, NAME)
end

--- What an event tells about the start of a MapRun; nil if it tells of something else. Its name is nil where none could
--- be found.
---@param event table of GetExecutionHistory
---@param parent table with FlowName and ExecutionName
---@return fnf.MapRunFound|nil
function map_runs.read(event, parent)
  if type(event) ~= "table" or ascii.lower(tostring(event.Type)) ~= "maprunstarted" then
    return nil
  end
  return { FlowName = parent.FlowName, ExecutionName = parent.ExecutionName,
    MapRunName = map_runs.name_in(event.EventDetail), StepName = event.StepName, StartedTime = event.Time,
    EventId = event.EventId }
end

--- An iterator over the MapRuns an execution has started so far, in the order of its history. It raises the error
--- object, also at a MapRunStarted without a name: a MapRun passed over in silence would be waited for by nobody.
---@param client fnf.Client
---@param params table as GetExecutionHistory
---@param options table of every single request
---@return fun(): fnf.MapRunFound|nil
function map_runs.each(client, params, options)
  local row = operations.get_execution_history
  local next_event = pages.items(client, row, params, options)
  return function()
    for event in next_event do
      local found = map_runs.read(event, params)
      if found and not found.MapRunName then
        error(errors.new { kind = "protocol", operation = row.action, retryable = false,
          message = ("event %s is a MapRunStarted without a MapRunName"):format(tostring(found.EventId)) }, 0)
      elseif found then
        return found
      end
    end
  end
end

return map_runs
