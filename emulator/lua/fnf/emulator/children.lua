--- The child executions of a MapRun, one an item: made up as they are asked for out of the run; none is stored.
-- Number n is the n-th to end. What the service documents of them is that ListExecutions lists them by MapRunName.
-- SPDX-License-Identifier: MIT

local execution = require "fnf.emulator.execution"
local map_run = require "fnf.emulator.map_run"
local store = require "fnf.emulator.store"

local children = {}

---@class fnf.emulator.Child
---@field FlowName string
---@field Name string
---@field Input string
---@field Output? string of one that succeeded
---@field Status string
---@field started number seconds on the emulator's clock
---@field stopped? number
---@field problem? fnf.emulator.Problem

---@class fnf.emulator.Children those of a run at a moment
---@field FlowName string
---@field run fnf.emulator.MapRun
---@field look fnf.emulator.Look
---@field at number
---@field finished integer that have ended by themselves
---@field begun integer that have begun

local function find_run(parent, name)
  for _, each in ipairs(parent.started) do
    local run = execution.find_run(each, name, store.simulated())
    if run then
      return run
    end
  end
end

local function progress(run, look)
  local counts = look.ItemCounts
  if not counts then
    return 0, 0
  end
  local finished = counts.Succeed + counts.Failed
  if look.Status == "Running" then
    return finished, finished + counts.Running
  end
  local stopped = run.starts <= (look.stopped or 0) and math.min(look.settings.Concurrency, counts.Aborted) or 0
  return finished, finished + stopped
end

local function at_moment(flow_name, run, at)
  local look = map_run.describe(run, at)
  local finished, begun = progress(run, look)
  return { FlowName = flow_name, run = run, look = look, at = at, finished = finished, begun = begun }
end

--- The children of a MapRun as a list shows them: as they were `list_lag` seconds ago. None where they are not listed.
---@param parent fnf.emulator.Flow
---@param map_run_name string
---@return fnf.emulator.Children|nil
function children.of(parent, map_run_name)
  local run = find_run(parent, map_run_name)
  return run and run.listed and at_moment(parent.Name, run, store.simulated() - run.list_lag) or nil
end

--- Cheap enough to be asked of every one of a million.
---@param self fnf.emulator.Children
---@param number integer
---@return string
function children.status(self, number)
  if number > self.finished then
    return self.look.stopped and "Stopped" or "Running"
  end
  return map_run.fails(self.run, number) and "Failed" or "Succeeded"
end

-- The form of a child's name is not documented; it is not the form of a name that anybody may give.
function children.name(self, number)
  return ("%s:%d"):format(self.run.MapRunName, number)
end

local STOPPED = { Error = "MapRunStopped", Cause = "The MapRun has ended." }

--- One of them.
---@param self fnf.emulator.Children
---@param number integer
---@return fnf.emulator.Child
function children.describe(self, number)
  local run, status = self.run, children.status(self, number)
  local finished, stopped = map_run.finished_when(run, number), self.look.stopped
  if number <= self.finished then
    stopped = finished
  end
  local ending = finished or stopped or self.at
  return {
    FlowName = self.FlowName, Name = children.name(self, number), Status = status,
    Input = map_run.input(run, number), Output = status == "Succeeded" and map_run.output(run, number) or nil,
    started = math.max(run.starts, math.min(self.at, ending - run.item_duration)), stopped = stopped,
    problem = status == "Failed" and map_run.problem(run, number) or status == "Stopped" and STOPPED or nil,
  }
end

--- The child of this name, if it has begun and the service keeps it.
---@param flow_name string
---@param name string
---@return fnf.emulator.Child|nil
function children.find(flow_name, name)
  local map_run_name, number = name:match "^(.*):(%d+)$"
  local parent = store.flows[flow_name]
  local run = map_run_name and parent and find_run(parent, map_run_name)
  if not run or not run.listed then
    return nil
  end
  local self = at_moment(flow_name, run, store.simulated())
  number = tonumber(number)
  return number >= 1 and number <= self.begun and children.describe(self, number) or nil
end

return children
