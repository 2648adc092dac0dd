--- An execution as the service describes it.
-- SPDX-License-Identifier: MIT

local execution = require("fnf.emulator.execution")
local store = require("fnf.emulator.store")
local timestamp = require("fnf.emulator.timestamp")

local description = {}

local function shown(seconds) return seconds and timestamp.milliseconds(store.shown(seconds)) end

local function environment(self)
  if not self.Environment then return nil end
  local variables = {}
  for index, variable in ipairs(self.Environment.Variables) do
    variables[index] = { Name = variable.Name, Value = variable.Value }
  end
  return { Variables = variables }
end

--- The fields that DescribeExecution, ListExecutions and StartExecution share.
---@param self fnf.emulator.Execution
---@return table
function description.of(self)
  local course = execution.course(self, store.simulated())
  return {
    FlowName = self.FlowName, Name = self.Name, Status = course.Status, FlowDefinition = self.Definition,
    Input = self.Input, Output = course.Status == "Succeeded" and execution.output(self) or nil,
    Environment = environment(self), StartedTime = shown(self.starts),
    StoppedTime = course.over and shown(course.ends) or nil,
  }
end

return description
