--- A simulated execution: what it is at a moment, out of its steps, the reports of its tasks and the time.
-- Its steps follow each other. A MapRun begins to exist when its step does; MapRuns that a test attaches run beside.
-- SPDX-License-Identifier: MIT

local map_run = require "fnf.emulator.map_run"

local execution = {}

local huge = math.huge

---@class fnf.emulator.Execution
---@field FlowName string
---@field Name string
---@field Input? string
---@field Definition? string
---@field Environment? table
---@field Qualifier? string
---@field Version? string
---@field script table
---@field starts number seconds on the emulator's clock: when it leaves Starting
---@field steps fnf.emulator.Step[]
---@field attached fnf.emulator.Step[]
---@field map_runs table<string, fnf.emulator.MapRun> those that have begun
---@field stop? { at: number, Error?: string, Cause?: string }

---@class fnf.emulator.Problem
---@field Error string
---@field Cause? string

-- The run of a step that begins at `from`; it is the same one at every look, since the past does not change.
local function run_of(self, step, from, now)
  if step.run then
    return step.run
  end
  local run = assert(map_run.new(step.specification, from, step.inputs))
  if self.stop then
    map_run.abort(run, self.stop.at)
  end
  if from <= now then
    step.run = run
    self.map_runs[run.MapRunName] = run
  end
  return run
end

local finish = {}

function finish.plain(_, step, from)
  return from + step.duration
end

function finish.fail(_, step, from)
  return from + step.duration, step
end

function finish.task(_, step)
  local report = step.report
  if report then
    return report.at, report.Error and report
  end
end

function finish.map(self, step, from, now)
  local run = run_of(self, step, from, now)
  local at, status = map_run.ending(run)
  if status == "Succeeded" or not at then
    return at
  end
  return at, { Error = "MapRun" .. status, Cause = ("MapRun %s is %s."):format(run.MapRunName, status) }
end

---@class fnf.emulator.Passage one step on its way
---@field step fnf.emulator.Step
---@field from number
---@field to? number nil if it never ends
---@field problem? fnf.emulator.Problem

-- The steps as far as they are reached, and when and how they end.
local function follow(self, now)
  local passages, at = {}, self.starts
  local stopped_at = self.stop and self.stop.at or huge
  for _, step in ipairs(self.steps) do
    if at > stopped_at then
      return passages
    end
    local passage = { step = step, from = at }
    passage.to, passage.problem = finish[step.kind](self, step, at, now)
    passages[#passages + 1] = passage
    at = passage.to
    if not at or passage.problem then
      return passages, at, passage.problem
    end
  end
  return passages, at
end

local function outcome(self)
  local status = self.script.outcome
  if status == "Succeeded" then
    return nil
  end
  return { status = status, Error = self.script.Error or status, Cause = self.script.Cause }
end

-- Attached MapRuns keep an execution open, and one that did not succeed fails it, at the end.
local function add_attached(self, now, passages, at, problem)
  for _, step in ipairs(self.attached) do
    local passage = { step = step, from = step.run.created }
    passage.to, passage.problem = finish.map(self, step, passage.from, now)
    passages[#passages + 1] = passage
    at = at and passage.to and math.max(at, passage.to)
    problem = problem or passage.problem
  end
  return at, problem
end

---@class fnf.emulator.Course all that is known of an execution at a moment
---@field Status string
---@field ends? number when it ends or ended, if nothing more happens to it
---@field over boolean
---@field status? string how it ends
---@field problem? fnf.emulator.Problem
---@field passages fnf.emulator.Passage[]

--- What the execution is at this moment.
---@param self fnf.emulator.Execution
---@param now number seconds on the emulator's clock
---@return fnf.emulator.Course
function execution.course(self, now)
  local passages, ends, problem = follow(self, now)
  if not problem and ends then
    problem = outcome(self)
  end
  ends, problem = add_attached(self, now, passages, ends, problem)
  local status = problem and (problem.status or "Failed") or "Succeeded"
  if status == "Running" then
    ends = nil
  end
  local stop = self.stop
  if stop and stop.at <= (ends or huge) then
    ends, status, problem = stop.at, "Stopped", stop
  end
  local over = ends ~= nil and ends <= now
  return {
    Status = over and status or now < self.starts and "Starting" or "Running",
    ends = ends, over = over, status = status, problem = problem, passages = passages,
  }
end

--- The MapRun of this name, if it has begun. A known one costs the same however many there are.
---@param self fnf.emulator.Execution
---@param name string
---@param now number
---@return fnf.emulator.MapRun?
function execution.find_run(self, name, now)
  if not self.map_runs[name] then
    execution.course(self, now)
  end
  return self.map_runs[name]
end

--- Ends the execution and its MapRuns, unless it is over; it takes what the script says. What the service does to open
--- MapRuns is not documented; here they are aborted.
---@param self fnf.emulator.Execution
---@param values { Error?: string, Cause?: string }
---@param now number
---@return boolean stopped false if it was over before
function execution.halt(self, values, now)
  if execution.course(self, now).over then
    return false
  end
  self.stop = self.stop or { at = now + self.script.stopping, Error = values.Error, Cause = values.Cause }
  for _, run in pairs(self.map_runs) do
    map_run.abort(run, self.stop.at)
  end
  return true
end

--- The output of one that has succeeded: the script's, else that of its last task, else an empty object.
---@param self fnf.emulator.Execution
---@return string
function execution.output(self)
  if self.script.Output then
    return self.script.Output
  end
  for index = #self.steps, 1, -1 do
    local report = self.steps[index].report
    if report and report.Output then
      return report.Output
    end
  end
  return "{}"
end

return execution
