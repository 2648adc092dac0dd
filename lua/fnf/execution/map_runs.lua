--- The MapRuns of an execution, out of its event history: the service has no ListMapRuns.
-- SPDX-License-Identifier: MIT
--
-- The pages say that an execution writes MapRunStarted, with the MapRun's name in its output. They do not show one, so
-- this reads whatever shape that may mean (API.md section 3).

local errors = require "fnf.errors"
local json = require "fnf.json"
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

--- Keys in an order that is the same every time.
local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  return keys
end

--- The value under a key, whatever its case.
local function member(object, name)
  for _, key in ipairs(sorted_keys(object)) do
    if tostring(key):lower() == name then
      return object[key]
    end
  end
end

--- The string under "MapRunName", whatever its case, that lies least deep.
local function search(object)
  local level = { object }
  while #level > 0 do
    local deeper = {}
    for _, each in ipairs(level) do
      local name = member(each, "maprunname")
      if type(name) == "string" and name ~= "" then
        return name
      end
      for _, key in ipairs(sorted_keys(each)) do
        if type(each[key]) == "table" then
          deeper[#deeper + 1] = each[key]
        end
      end
    end
    level = deeper
  end
end

--- JSON where a string holds it.
local function opened(value)
  if type(value) == "string" then
    value = json.decode(value)
  end
  return type(value) == "table" and value or nil
end

--- The MapRunName in the EventDetail of a MapRunStarted: in its output first, else anywhere.
---@param detail any
---@return string|nil
function map_runs.name_in(detail)
  detail = opened(detail)
  if not detail then
    return nil
  end
  local output = opened(member(detail, "output"))
  return output and search(output) or search(detail)
end

--- What an event tells about the start of a MapRun; nil if it tells of something else. Its name is nil where none could
--- be found.
---@param event table of GetExecutionHistory
---@param parent table with FlowName and ExecutionName
---@return fnf.MapRunFound|nil
function map_runs.read(event, parent)
  if type(event) ~= "table" or tostring(event.Type):lower() ~= "maprunstarted" then
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
