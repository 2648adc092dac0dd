--- The child executions of a MapRun, made up as they are asked for out of the run's counts: none is stored.
-- SPDX-License-Identifier: MIT

local execution = require("fnf.emulator.execution")
local map_run = require("fnf.emulator.map_run")
local paging = require("fnf.emulator.paging")
local store = require("fnf.emulator.store")
local timestamp = require("fnf.emulator.timestamp")

local children = {}

local function find(parent, name)
  for _, each in ipairs(parent.started) do
    local run = execution.find_run(each, name, store.simulated())
    if run then return run end
  end
end

-- How many of the run's items have ended by themselves, and how many more have begun.
local function progress(run, look)
  local counts = look.ItemCounts
  if not counts then return 0, 0 end
  local finished = counts.Succeed + counts.Failed
  if look.Status == "Running" then return finished, counts.Running end
  return finished, run.starts <= (look.stopped or 0) and math.min(look.settings.Concurrency, counts.Aborted) or 0
end

-- Cheap enough to be asked of every one of a million.
local function status_of(run, number, state)
  if number > state.finished then return state.look.stopped and "Stopped" or "Running" end
  local failed = run.rule.among(number, run.failed, run.items) > run.rule.among(number - 1, run.failed, run.items)
  return failed and "Failed" or "Succeeded"
end

local function shown(seconds) return seconds and timestamp.milliseconds(store.shown(seconds)) end

-- The form of a child's name is not documented; it is not the form of a name that anybody may give.
local function describe(parent, run, number, state)
  local finished = map_run.finished_when(run, number)
  local stopped = state.look.stopped
  if number <= state.finished then stopped = finished end
  local ending = finished or stopped or state.now
  return {
    FlowName = parent.Name, Name = ("%s:%d"):format(run.MapRunName, number), Status = status_of(run, number, state),
    StartedTime = shown(math.max(run.starts, math.min(state.now, ending - run.item_duration))),
    StoppedTime = shown(stopped),
  }
end

--- A page of ListExecutions with a MapRunName: those that have begun, in the order of their ends.
---@param parent fnf.emulator.Flow
---@param values { MapRunName: string, Status?: string, ExecutionNamePrefix?: string, Limit: integer }
---@param mark integer the last one of the page before
---@return table answer
function children.list(parent, values, mark)
  local run = find(parent, values.MapRunName)
  if not run then return { Executions = {} } end
  local now = store.simulated()
  local state = { look = map_run.describe(run, now), now = now }
  local begun
  state.finished, begun = progress(run, state.look)
  local prefix, status = values.ExecutionNamePrefix or "", values.Status
  local entries, last = paging.gather(values.Limit, { mark + 1, state.finished + begun, 1 }, function(number)
    if status and status ~= status_of(run, number, state) then return nil end
    local child = describe(parent, run, number, state)
    return child.Name:sub(1, #prefix) == prefix and child
  end)
  return { Executions = entries, NextToken = last and paging.token(last) }
end

return children
