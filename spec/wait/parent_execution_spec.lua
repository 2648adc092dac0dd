--- Waits for MapRuns that are the last step of their execution, whose end announces theirs.
-- SPDX-License-Identifier: MIT

package.path = "./bench/?.lua;" .. package.path

local client = require "fnf.client"
local clock = require "waiting.clock"
local errors = require "fnf.errors"
local json = require "fnf.json"
require "fnf.methods"

local WAYS = { DescribeMapRun = "polls", DescribeExecution = "holds", ListExecutions = "lists",
  GetExecutionHistory = "histories" }

--- A service whose executions "1", "2", ... end at `ends[i]`, their runs at `runs_end[i]` or then; `refuse(action, n)`
--- may give another answer to the n-th request of an action. Holds last, on a clock that only sleep moves.
local function service(ends, fields)
  local self = { platform = clock.new(1), polls = {}, holds = {}, lists = {}, histories = {},
    in_flight = 0, most = 0, events = {} }
  for name, value in pairs(fields or {}) do
    self[name] = value
  end
  local platform = self.platform

  local function hold(request, ending, cancel)
    local left = math.min(tonumber(request.url:match("WaitTimeSeconds=(%d+)") or 0), ending - platform.now())
    self.in_flight = self.in_flight + 1
    self.most = math.max(self.most, self.in_flight)
    local slept = left <= 0 or platform.sleep(left, cancel)
    self.in_flight = self.in_flight - 1
    return slept
  end

  --- Those that run, in one page; the beginnings of runs, and no end.
  local function list(action)
    local found = {}
    for i, ending in ipairs(ends) do
      found[#found + 1] = platform.now() < ending and { Name = tostring(i), Status = "Running" } or nil
    end
    return { status = 200, headers = {}, body = json.encode { RequestId = "r",
      Executions = action == "ListExecutions" and found or nil } }
  end

  function self.answer(request, cancel)
    local action, name = request.url:match("Action=(%w+)"), request.url:match("ExecutionName=(%w+)")
    local log, place = self[WAYS[action]], tonumber(name)
    log[#log + 1] = { at = platform.now(), execution = name, run = request.url:match("MapRunName=(%w+)"),
      seconds = tonumber(request.url:match("WaitTimeSeconds=(%d+)")) }
    local row = self.refuse and self.refuse(action, #log)
    if row then
      if row.after then
        platform.sleep(row.after, cancel)
      end
      return row.answer, row.err
    end
    if action == "ListExecutions" or action == "GetExecutionHistory" then
      return list(action)
    end
    local ending = ends[place]
    if action == "DescribeMapRun" then
      ending = self.runs_end and self.runs_end[place] or ending
    elseif not hold(request, ending, cancel) then
      return nil, errors.cancelled()
    end
    local status = platform.now() >= ending and "Succeeded" or "Running"
    return { status = 200, headers = {}, body = json.encode { Status = status, MapRunName = log[#log].run,
      Name = log[#log].run == nil and name or nil } }
  end

  platform.send = self.answer

  function self.client(_, more)
    local all = { region = "cn-hangzhou", access_key_id = "id", access_key_secret = "secret",
      on_event = function(event, told)
        self.events[#self.events + 1] = { name = event, fields = told }
      end }
    for name, value in pairs(more or {}) do
      all[name] = value
    end
    return assert(client.new(all, platform))
  end

  function self.heard(_, name, operation)
    local count = 0
    for _, event in ipairs(self.events) do
      count = count + (event.name == name and event.fields.operation == operation and 1 or 0)
    end
    return count
  end
  return self
end

local NAMES = { FlowName = "f", ExecutionName = "1", MapRunName = "m" }
local REFUSED = { status = 403, headers = {}, body = '{"Code":"AccessDenied","Message":"no","RequestId":"r"}' }

local function options(more)
  local all = { last_step = true }
  for name, value in pairs(more or {}) do
    all[name] = value
  end
  return all
end

--- So many runs, each in an execution of its own, or all in the first.
local function list_of(count, together)
  local list = {}
  for i = 1, count do
    list[i] = { FlowName = "f", ExecutionName = tostring(together and 1 or i), MapRunName = "m" .. i }
  end
  return list
end

describe("a wait for the last step of an execution", function()
  it("learns of the end at once, with fewer polls", function()
    local plain, watched = service { 1000 }, service { 1000 }
    assert(plain:client():wait_map_run(NAMES))
    local run = assert(watched:client():wait_map_run(NAMES, options()))
    assert.equal("Succeeded", run.Status)
    assert.is_true(watched.platform.now() - 1000 < 0.5, watched.platform.now())
    assert.is_true(#watched.polls <= 0.4 * #plain.polls, ("%d of %d"):format(#watched.polls, #plain.polls))
    assert.equal(60, watched.holds[1].seconds)
    assert.is_true(#watched.holds <= 18, #watched.holds)
    assert.equal(1, watched:heard("done", "DescribeMapRun"))
  end)

  it("does not wait for an execution that goes on", function()
    local cloud = service({ 5000 }, { runs_end = { 100 } })
    assert.equal("Succeeded", assert(cloud:client():wait_map_run(NAMES, options())).Status)
    assert.is_true(cloud.platform.now() <= 220, cloud.platform.now())
    assert.equal(0, cloud.in_flight)
  end)

  it("goes on for a run that outlives its execution", function()
    local cloud = service({ 50 }, { runs_end = { 80 } })
    assert.equal("Succeeded", assert(cloud:client():wait_map_run(NAMES, options())).Status)
    assert.is_true(cloud.platform.now() >= 80 and cloud.platform.now() < 110, cloud.platform.now())
    for _, hold in ipairs(cloud.holds) do
      assert.is_true(hold.at <= 50)
    end
  end)

  it("goes on without the execution where that may not be polled", function()
    local cloud = service({ 100 }, { refuse = function(action)
      return action == "DescribeExecution" and { answer = REFUSED }
    end })
    assert.equal("Succeeded", assert(cloud:client():wait_map_run(NAMES, options())).Status)
    assert.same({ 1, 1 }, { #cloud.holds, cloud:heard("warning", "DescribeExecution") })
  end)

  it("has polls held for less where a long one is cut off, and survives that", function()
    local cloud = service({ 900 }, { refuse = function(action, n)
      return action == "DescribeExecution" and n <= 6 and { after = 20, err = errors.new { kind = "network",
        message = "the connection was reset", retryable = true, sent = true } }
    end })
    assert.equal("Succeeded", assert(cloud:client():wait_map_run(NAMES, options())).Status)
    local seconds = {}
    for i = 1, 7 do
      seconds[i] = cloud.holds[i].seconds
    end
    assert.same({ 60, 30, 15, 7, 4, 4, 4 }, seconds)
    assert.is_true(cloud.platform.now() - 900 < 30)
  end)

  it("keeps its deadline", function()
    for _, timeout in ipairs { 0.5, 3, 31, 90 } do
      local cloud = service { 1000 }
      local run, err = cloud:client():wait_map_run(NAMES, options { timeout = timeout })
      assert.is_nil(run)
      assert.same({ "timeout", "Running" }, { err.kind, err.last.Status })
      assert.is_true(cloud.platform.now() <= timeout + 1e-6, cloud.platform.now())
      for _, hold in ipairs(cloud.holds) do
        assert.is_true(hold.at + hold.seconds <= timeout)
      end
    end
  end)

  it("ends when the caller cancels it in a hold", function()
    local cloud = service { 1000 }
    local run, err = cloud:client():wait_map_run(NAMES, options { cancel = function()
      return cloud.platform.now() > 100
    end })
    assert.is_nil(run)
    assert.equal("cancelled", err.kind)
    assert.is_true(cloud.platform.now() < 200)
    assert.equal(0, cloud.in_flight)
  end)

  it("goes on from a checkpoint", function()
    local cloud, checkpoint = service { 300 }, nil
    local waiting = cloud:client()
    waiting:wait_map_run(NAMES, { timeout = 100, on_progress = function(_, _, wait)
      checkpoint = wait:checkpoint()
    end })
    assert.equal("Succeeded", assert(waiting:resume(checkpoint, options())).Status)
    assert.is_true(cloud.platform.now() - 300 < 0.5)
    assert.is_true(#cloud.holds > 0)
  end)

  it("asks without holding where a transport of the caller's would be held up", function()
    local cloud = service { 300 }
    local waiting = cloud:client { transport = function(request)
      return cloud.answer(request)
    end }
    assert.equal("Succeeded", assert(waiting:wait_map_run(NAMES, options())).Status)
    assert.is_true(#cloud.holds > 1)
    for _, hold in ipairs(cloud.holds) do
      assert.equal(0, hold.seconds)
    end
  end)

  it("is no option where there is no execution to poll", function()
    local waiting = service({ 1 }):client()
    assert.has_error(function()
      waiting:wait_execution({ FlowName = "f", ExecutionName = "1" }, { last_step = true })
    end)
    assert.has_error(function()
      waiting:wait_map_run(NAMES, { last_step = "yes" })
    end)
  end)
end)

describe("waits for the last steps of executions", function()
  it("share one poll held open at each", function()
    local cloud = service { 400 }
    local runs, failures = cloud:client():wait_map_runs(list_of(8, true), options())
    assert.is_nil(failures)
    assert.same({ 8, 1 }, { #runs, cloud.most })
    assert.is_true(cloud.platform.now() - 400 < 1, cloud.platform.now())
    assert.is_true(#cloud.holds <= 9, #cloud.holds)
  end)

  it("leave half of the connections to other polls", function()
    for connections, most in pairs { [32] = 16, [5] = 2, [1] = 0 } do
      local ends = {}
      for i = 1, 40 do
        ends[i] = 50 + 5 * i
      end
      local cloud = service(ends)
      local runs, failures = cloud:client { max_connections = connections }:wait_map_runs(list_of(40), options())
      assert.is_nil(failures)
      assert.same({ 40, most }, { #runs, cloud.most })
      assert.equal(most == 0, #cloud.holds == 0)
    end
  end)

  it("come one by one, or the first, without waiting for a hold", function()
    local cloud = service { 300, 20, 100 }
    local places = {}
    for place, run in cloud:client():wait_map_runs(list_of(3), options { each = true }) do
      places[#places + 1] = place
      assert.equal("Succeeded", run.Status)
      assert.is_true(cloud.platform.now() - ({ 300, 20, 100 })[place] < 1)
    end
    assert.same({ 2, 3, 1 }, places)
    local close = service { 103, 100, 101 }
    for place in close:client():wait_map_runs(list_of(3), options { each = true }) do
      assert.is_true(close.platform.now() - ({ 103, 100, 101 })[place] < 1, close.platform.now())
    end
    local other = service { 300, 20, 100 }
    local place = other:client():wait_map_runs(list_of(3), options { any = true })
    assert.equal(2, place)
    assert.is_true(other.platform.now() < 21)
    assert.equal(0, other.in_flight)
  end)
end)
