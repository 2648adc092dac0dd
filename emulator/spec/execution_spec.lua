-- SPDX-License-Identifier: MIT
local events = require "fnf.emulator.events"
local execution = require "fnf.emulator.execution"
local map_run = require "fnf.emulator.map_run"
local script = require "fnf.emulator.script"

describe("a simulated execution", function()
  local function new(given, more)
    local names = 0
    local self = { FlowName = "f", Name = "e", script = assert(script.read(given or {})), starts = 10, attached = {},
      map_runs = {} }
    for name, value in pairs(more or {}) do
      self[name] = value
    end
    self.starts = self.starts + self.script.starting
    self.steps = script.steps(self, function()
      names = names + 1
      return "name" .. names
    end)
    return self
  end

  local function status(self, now)
    return execution.course(self, now).Status
  end

  it("is one short step where nothing is said", function()
    local self = new()
    assert.same({ "Running", "Running", "Succeeded" }, { status(self, 10), status(self, 10.05), status(self, 10.1) })
  end)

  it("is the same whether it is looked at often or once", function()
    local given = { steps = 3, step_duration = 2, map_runs = { { items = 7, Concurrency = 2 }, { StepName = "B" } } }
    local often, once = new(given), new(given)
    for now = 10, 60, 0.25 do
      execution.course(often, now)
    end
    assert.same(events.of(once, 60), events.of(often, 60))
    assert.equal("Succeeded", status(once, 60))
  end)

  it("has no events at the end of a Map step on request", function()
    local function kinds(given)
      local found = {}
      for _, event in ipairs(events.of(new(given), 60)) do
        found[#found + 1] = event.step == "A" and event.type or nil
      end
      return found
    end
    local runs = { { StepName = "A", items = 2 } }
    assert.same({ "StepEntered", "StepStarted", "MapRunStarted", "StepSucceeded", "StepExited" },
      kinds { map_runs = runs })
    assert.same({ "StepEntered", "StepStarted", "MapRunStarted" }, kinds { map_runs = runs, step_ends = false })
  end)

  it("finds one of many MapRuns without a look at all the others", function()
    local self = new { map_runs = { { MapRunName = "own" } } }
    for i = 1, 100 do
      local run = assert(map_run.new({ MapRunName = "m" .. i }, 10))
      self.attached[i], self.map_runs[run.MapRunName] = { kind = "map", run = run }, run
    end
    local ending = map_run.ending
    local looks = 0
    finally(function() map_run.ending = ending end)
    map_run.ending = function(run)
      looks = looks + 1
      return ending(run)
    end
    assert.equal("m50", execution.find_run(self, "m50", 20).MapRunName)
    assert.equal(0, looks)
    assert.is_nil(execution.find_run(self, "own", 9))
    assert.equal("own", execution.find_run(self, "own", 20).MapRunName)
    assert.is_nil(execution.find_run(self, "none", 20))
  end)

  it("tells its end before it comes", function()
    local self = new { starting = 1, steps = 2, step_duration = 3, map_runs = { { items = 10, Concurrency = 5 } } }
    assert.same({ 19, "Succeeded", false }, { execution.course(self, 10).ends, execution.course(self, 10).status,
      execution.course(self, 10).over })
    assert.is_nil(next(self.map_runs))
  end)

  it("never ends with a MapRun that is stuck, a task without a report or a script that says so", function()
    for _, given in ipairs { { map_runs = { { shape = "stuck" } } }, { tasks = { "T" } }, { outcome = "Running" } } do
      local self = new(given)
      assert.same({ "Running" }, { status(self, 1e6), execution.course(self, 1e6).ends })
    end
  end)

  it("ends with the first step that fails", function()
    local self = new { map_runs = { { items = 10, Concurrency = 10, failure_share = 1 }, { StepName = "B" } } }
    local course = execution.course(self, 1000)
    assert.same({ "Failed", "MapRunFailed", 1 }, { course.Status, course.problem.Error, #course.passages })
    self = new({}, { Definition = "States:\n- {Type: Fail, Name: A, Code: Mine}\n- {Type: Pass, Name: B}\n" })
    assert.same({ "Failed", "Mine" }, { status(self, 1000), execution.course(self, 1000).problem.Error })
  end)

  it("stays stopped, and so do its MapRuns", function()
    local self = new { map_runs = { { MapRunName = "m", items = 100 } }, steps = 1 }
    assert.is_true(execution.halt(self, {}, 13))
    assert.is_false(execution.halt(self, {}, 14))
    assert.same({ "Stopped", 13, "Stopped" }, { status(self, 13), execution.course(self, 1e6).ends, status(self, 1e6) })
    assert.same({ "Aborted", 13 }, { map_run.describe(self.map_runs.m, 1e6).Status,
      map_run.describe(self.map_runs.m, 1e6).stopped })
  end)

  it("aborts a MapRun that begins while it is stopping", function()
    local self = new({ stopping = 2, step_duration = 1, map_runs = { { MapRunName = "m" } } },
      { Definition = "States:\n- {Type: Pass, Name: A}\n" })
    execution.halt(self, {}, 10)
    assert.equal("Running", status(self, 11.5))
    assert.equal("Running", map_run.describe(self.map_runs.m, 11.5).Status)
    assert.equal("Stopped", status(self, 12))
    assert.equal("Aborted", map_run.describe(self.map_runs.m, 12).Status)
  end)

  it("keeps the numbers of its events while attached MapRuns add theirs", function()
    local self = new { steps = 2, step_duration = 5 }
    local before = events.of(self, 12)
    local run = assert(map_run.new({ items = 2, Concurrency = 1, MapRunName = "m" }, 12))
    self.map_runs.m, self.attached[1] = run, { name = "Map", kind = "map", run = run }
    local after = events.of(self, 40)
    for index, event in ipairs(before) do
      assert.equal(event.type, after[index].type)
    end
    local last = 0
    for _, event in ipairs(after) do
      assert.is_true(event.at >= last)
      last = event.at
    end
    assert.equal("ExecutionSucceeded", after[#after].type)
  end)

  it("knows when each item of a MapRun is finished", function()
    local run = assert(map_run.new({ items = 10, Concurrency = 2, item_duration = 1 }, 100))
    assert.same({ 100.5, 103, 105 }, { map_run.finished_when(run, 1), map_run.finished_when(run, 6),
      map_run.finished_when(run, 10) })
    map_run.update(run, { Concurrency = 1 }, 102)
    assert.equal(108, map_run.finished_when(run, 10))
    assert.is_nil(map_run.finished_when(assert(map_run.new({ shape = "stuck" }, 0)), 100))
  end)
end)
