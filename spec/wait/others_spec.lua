--- Others who know of the ends of MapRuns: executions held without being told to, histories and lists.
-- SPDX-License-Identifier: MIT

package.path = "./bench/?.lua;" .. package.path

local client = require "fnf.client"
local clock = require "waiting.clock"
local errors = require "fnf.errors"
local json = require "fnf.json"
require "fnf.methods"

local REFUSED = { status = 403, headers = {}, body = '{"Code":"AccessDenied","Message":"no","RequestId":"r"}' }

--- The events of an execution by so many seconds: its Map steps begin at once, and end with their runs.
local function events_of(self, execution, now)
  local events = {}
  local function add(kind, step, detail)
    events[#events + 1] = { EventId = #events + 1, Type = kind, StepName = step, EventDetail = detail or "{}" }
  end
  for _, run in ipairs(self.runs) do
    if run.execution == execution then
      add("MapRunStarted", "step " .. run.name, ('{"output":{"MapRunName":"%s"}}'):format(run.name))
    end
  end
  for _, run in ipairs(self.runs) do
    if run.execution == execution and run.ending <= now then
      for _, kind in ipairs(self.form) do
        add(kind, "step " .. run.name)
      end
    end
  end
  return events
end

local actions = {}

function actions.DescribeMapRun(self, params, now)
  for _, run in ipairs(self.runs) do
    if run.name == params.MapRunName then
      return { MapRunName = run.name, Status = run.ending <= now and (run.status or "Succeeded") or "Running" }
    end
  end
end

function actions.DescribeExecution(self, params, now, cancel)
  local ending = self.executions[params.ExecutionName]
  local left = math.min(tonumber(params.WaitTimeSeconds), ending - now)
  if left > 0 and not self.platform.sleep(left, cancel) then
    return nil
  end
  return { Name = params.ExecutionName, Status = self.platform.now() >= ending and "Stopped" or "Running" }
end

function actions.GetExecutionHistory(self, params, now)
  local events, page = events_of(self, params.ExecutionName, now - self.history_late), {}
  local from = tonumber(params.NextToken or 0)
  for i = from + 1, math.min(#events, from + self.page) do
    page[#page + 1] = events[i]
  end
  local last = from + #page
  return { RequestId = "r", Events = page, NextToken = #events > last and tostring(last) or nil }
end

function actions.ListExecutions(self, params, now)
  assert(params.Status == "Running" and params.MetadataOnly == "true")
  local names, page = {}, {}
  for name, ending in pairs(self.executions) do
    names[#names + 1] = ending > now - self.list_late and not self.unlisted[name] and name or nil
  end
  table.sort(names)
  local from = tonumber(params.NextToken or 0)
  for i = from + 1, math.min(#names, from + 9) do
    page[#page + 1] = { Name = names[i], Status = "Running", StartedTime = "2026-01-01T00:00:00.000Z" }
  end
  return { RequestId = "r", Executions = page, NextToken = #names > from + 9 and tostring(from + 9) or nil }
end

local function parameters(url)
  local found = {}
  for name, value in url:gmatch("([%w]+)=([^&]*)") do
    found[name] = value:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  end
  return found
end

--- A service of runs { name, execution, ending, status }; an execution ends with its last run unless `executions` says
--- when. `refuse(action, n)` may give another answer to the n-th request of an action, or an error.
local function service(runs, fields)
  local self = { platform = clock.new(1), runs = runs, executions = {}, form = { "StepSucceeded", "StepExited" },
    history_late = 0, list_late = 0, page = 999, unlisted = {}, asked = {}, warnings = {}, ends = {} }
  for _, run in ipairs(runs) do
    self.executions[run.execution] = math.max(self.executions[run.execution] or 0, run.ending)
  end
  for name, value in pairs(fields or {}) do
    self[name] = value
  end
  function self.platform.send(request, cancel)
    local params = parameters(request.url)
    local action = params.Action
    self.asked[action] = (self.asked[action] or 0) + 1
    local answer, err
    if self.refuse then
      answer, err = self.refuse(action, self.asked[action], self.platform, cancel)
    end
    if answer or err then
      return answer, err
    end
    local object = actions[action](self, params, self.platform.now(), cancel)
    return object and { status = 200, headers = {}, body = json.encode(object) } or nil,
      not object and errors.cancelled() or nil
  end
  return self
end

local function client_of(self, more)
  local all = { region = "cn-hangzhou", access_key_id = "id", access_key_secret = "secret",
    on_event = function(event, told)
      if event == "warning" and told.message then
        self.warnings[#self.warnings + 1] = told.operation
      end
    end }
  for name, value in pairs(more or {}) do
    all[name] = value
  end
  return assert(client.new(all, self.platform))
end

--- Wait for all of them; mean seconds from the ends until they were told, and how each was.
local function wait(self, options, waiting)
  local list, told, sum = {}, {}, 0
  for i, run in ipairs(self.runs) do
    list[i] = { FlowName = "f", ExecutionName = run.execution, MapRunName = run.name }
  end
  options = options or {}
  function options.on_end(place, how)
    assert(not told[place], "told twice")
    told[place] = how
    sum = sum + self.platform.now() - self.runs[place].ending
  end
  local runs, failures = (waiting or client_of(self)):wait_map_runs(list, options)
  assert(not failures)
  for place in ipairs(list) do
    assert(runs[place].Status ~= "Running" and told[place])
  end
  return sum / #list, told
end

--- So many runs, so many an execution, that end one after the other.
local function crowd(count, together, every)
  local runs = {}
  for i = 1, count do
    runs[i] = { name = "m" .. i, execution = ("e%03d"):format(math.ceil(i / together)), ending = 20 + i * (every or 5) }
  end
  return runs
end

local function count(told, how)
  local found = 0
  for _, way in pairs(told) do
    found = found + (way == how and 1 or 0)
  end
  return found
end

--- By themselves where a task can be suspended inside pcall; in Lua 5.1 a single wait has to be told.
local ASKING = _VERSION == "Lua 5.1" and not rawget(_G, "jit") and { others = true } or nil

describe("13.3: a wait whose execution is stopped", function()
  local STOPPED = { { name = "m", execution = "e", ending = 1234, status = "Aborted" } }

  it("knows within a second, without being told to ask", function()
    local cloud = service(STOPPED)
    local run = assert(client_of(cloud):wait_map_run({ FlowName = "f", ExecutionName = "e", MapRunName = "m" }, ASKING))
    assert.equal("Aborted", run.Status)
    assert.is_true(cloud.platform.now() - 1234 < 1, cloud.platform.now())
    assert.is_true(cloud.asked.DescribeExecution <= 22, cloud.asked.DescribeExecution) -- each held for a minute
    assert.is_nil(cloud.asked.ListExecutions)
    assert.is_nil(cloud.asked.GetExecutionHistory)
  end)

  it("asks nobody else if it is not to, or if a transport of the caller's has not been told of it", function()
    for _, way in ipairs { "option", "transport" } do
      local cloud = service(STOPPED)
      local waiting = client_of(cloud, { transport = way == "transport" and cloud.platform.send or nil })
      assert(waiting:wait_map_run({ FlowName = "f", ExecutionName = "e", MapRunName = "m" },
        way == "option" and { others = false } or nil))
      assert.equal(0, cloud.asked.DescribeExecution or 0)
    end
  end)

  it("asks no more for the flow, with one warning, where it may not, or no answer comes", function()
    local function silent(platform, cancel)
      platform.sleep(3, cancel)
      return nil, errors.new { kind = "timeout", message = "no answer", retryable = true }
    end
    for requests, answer in pairs { [1] = function() return REFUSED end, [3] = silent } do
      local later = { name = "later", execution = "e2", ending = 9000 }
      local cloud = service({ STOPPED[1], later }, { refuse = function(action, _, platform, cancel)
        if action == "DescribeExecution" then
          return answer(platform, cancel)
        end
      end })
      local waiting = client_of(cloud)
      for _ = 1, 2 do
        assert(waiting:wait_map_run({ FlowName = "f", ExecutionName = "e", MapRunName = "m" }, ASKING))
      end
      assert.same({ requests, { "DescribeExecution" } }, { cloud.asked.DescribeExecution, cloud.warnings })
      assert(waiting:wait_map_run({ FlowName = "other", ExecutionName = "e2", MapRunName = "later" }, ASKING))
      assert.is_true(cloud.asked.DescribeExecution > requests)
    end
  end)
end)

describe("13.3: the ends of many", function()
  it("are told as soon as their executions', and described after", function()
    local cloud = service(crowd(12, 1, 0))
    local lag, told = wait(cloud)
    assert.equal(12, count(told, "execution"))
    assert.is_true(lag < 0.01, lag)
  end)

  it("are told by their own descriptions where nobody else is asked", function()
    local cloud = service(crowd(12, 1))
    local lag, told = wait(cloud, { others = false })
    assert.equal(12, count(told, "described"))
    assert.is_true(lag > 0 and not cloud.asked.DescribeExecution)
  end)

  local GOES_ON = {}
  for i = 1, 100 do
    GOES_ON[("e%03d"):format(i)] = 5000
  end

  for _, form in ipairs { { "StepSucceeded", "StepExited" }, { "StepExited" }, { "StepFailed", "StepExited" },
    { "MapRunSucceeded", "StepSucceeded" } } do
    it("are told by the histories of executions that go on, once one was seen: " .. form[1], function()
      local plain, cloud = service(crowd(60, 5), { executions = GOES_ON }), service(crowd(60, 5), {
        executions = GOES_ON, form = form })
      local before = wait(plain, { others = false })
      local lag, told = wait(cloud)
      assert.is_true(count(told, "history") >= 45, count(told, "history"))
      assert.is_true(lag < 0.5 * before, ("%g s, %g s"):format(lag, before))
      assert.same({}, cloud.warnings)
    end)
  end

  it("are told by histories that are late, or come in pages", function()
    for _, fields in ipairs { { history_late = 5 }, { page = 3 } } do
      fields.executions = GOES_ON
      local cloud = service(crowd(60, 5), fields)
      local _, told = wait(cloud)
      assert.is_true(count(told, "history") > 20, count(told, "history"))
    end
  end)

  it("are not waited for in histories that do not tell them, with one warning", function()
    local cloud = service(crowd(60, 5), { executions = GOES_ON, form = { "Something" } })
    local waiting = client_of(cloud)
    local _, told = wait(cloud, nil, waiting)
    assert.equal(60, count(told, "described"))
    assert.same({ 4, { "GetExecutionHistory" } }, { cloud.asked.GetExecutionHistory, cloud.warnings })
  end)

  it("are told by the list of those that run, if it had them before", function()
    local cloud = service(crowd(60, 1), { unlisted = { e060 = true } })
    local lag, told = wait(cloud, nil, client_of(cloud, { max_connections = 2 }))
    assert.is_true(count(told, "list") > 25, count(told, "list"))
    assert.is_true(told[60] ~= "list")
    assert.is_true(lag < 5, lag)
    assert.is_true(cloud.asked.ListExecutions < cloud.platform.now())
  end)

  it("are told by a list that is late, and no list is asked where there is a hold for each execution", function()
    local late = service(crowd(60, 1), { list_late = 10 })
    wait(late, nil, client_of(late, { max_connections = 2 }))
    local held = service(crowd(16, 1))
    wait(held)
    assert.is_nil(held.asked.ListExecutions)
  end)

  it("are looked for no more in a list that holds too many others", function()
    local executions, runs = {}, crowd(20, 1)
    for _, run in ipairs(runs) do
      executions[run.execution] = run.ending
    end
    for i = 1, 2000 do
      executions[("d%04d"):format(i)] = 1e6
    end
    local cloud = service(runs, { executions = executions })
    wait(cloud, nil, client_of(cloud, { max_connections = 2 }))
    assert.is_true(cloud.asked.ListExecutions <= 8, cloud.asked.ListExecutions)
  end)

  for _, action in ipairs { "ListExecutions", "GetExecutionHistory", "DescribeExecution" } do
    it(("are found without %s where that is refused, fails or makes no sense"):format(action), function()
      local answers = { REFUSED, { status = 500, headers = {}, body = "{}" },
        { status = 200, headers = {}, body = "[]" },
        { status = 400, headers = {}, body = '{"Code":"InvalidArgument","Message":"m","RequestId":"r"}' },
        { status = 200, headers = {}, body = '{"RequestId":"r","Status":5,"Executions":{"a":1},"Events":[1,{}]}' } }
      for _, answer in ipairs(answers) do
        local cloud = service(crowd(24, 3), { refuse = function(asked)
          return asked == action and answer or nil
        end })
        wait(cloud, nil, client_of(cloud, { max_connections = 2 }))
        assert.is_true(#cloud.warnings <= 1)
      end
    end)
  end
end)
