--- Executions of the emulator from start to end, over HTTP.
-- SPDX-License-Identifier: MIT
--
-- One subject: what an execution does shows in its description, its history, its lists and its children at once.
local asker = require "spec.support.signed_requests"
local core = require "fnf.core"
local json = require "fnf.json"

local DEFINITION = [[
Type: StateMachine
SpecVersion: v1
Name: orders
StartAt: Prepare
States:
  - Type: Pass
    Name: Prepare
    Next: Each
  - Type: Map
    Name: Each
    ProcessorConfig: { ExecutionMode: Express }
    ItemsPath: $Input.orders
    MaxConcurrency: 2
    End: true
]]

describe("the emulator's executions", function()
  local emulator, client

  setup(function()
    emulator = assert(require("fnf.emulator").start())
    client = asker.new(emulator)
  end)

  teardown(function() emulator:stop() end)

  local function good(status, object)
    assert.same({ 200 }, { status, object and object.Code })
    object.RequestId = nil
    return object
  end

  local function post(...)
    return good(client:post(...))
  end

  local function get(...)
    return good(client:get(...))
  end

  local function refused(status, code, got, object)
    assert.same({ status, code }, { got, object and object.Code })
    return object.Message
  end

  before_each(function()
    emulator:reset()
    emulator:clock { freeze = true }
    post("CreateFlow", { Name = "orders", Type = "FDL", Description = "d", Definition = DEFINITION,
      Environment = '{"Variables":[{"Name":"a","Value":"b","Description":"c"}]}' })
  end)

  after_each(function() assert.equal("", emulator:error_log()) end)

  local INPUT = '{"orders":[1,2,3,4]}'

  local function start(name, more)
    local form = { FlowName = "orders", ExecutionName = name, Input = INPUT }
    for key, value in pairs(more or {}) do
      form[key] = value or nil
    end
    return client:post("StartExecution", form)
  end

  local function look(name)
    return get("DescribeExecution", { FlowName = "orders", ExecutionName = name })
  end

  local function history(name, query)
    query = query or {}
    query.FlowName, query.ExecutionName = "orders", name
    return get("GetExecutionHistory", query)
  end

  local function types_of(events)
    local types = {}
    for index, event in ipairs(events) do
      types[index] = event.Type
    end
    return types
  end

  describe("starting", function()
    it("run from then on and end as their states say", function()
      local started = good(start "e1")
      assert.same({ "orders", "e1", "Running", INPUT, DEFINITION }, { started.FlowName, started.Name, started.Status,
        started.Input, started.FlowDefinition })
      assert.matches("^%d+%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", started.StartedTime)
      emulator:clock { advance = 2 }
      assert.equal("Running", look("e1").Status)
      emulator:clock { advance = 0.1 }
      local ended = look "e1"
      assert.same({ "Succeeded", "{}" }, { ended.Status, ended.Output })
      assert.is_true(ended.StoppedTime > ended.StartedTime)
      assert.same({ Variables = { { Name = "a", Value = "b" } } }, ended.Environment)
    end)

    it("get a name where none is given, each time another", function()
      local first, second = good(start()), good(start())
      assert.matches("^%x+$", first.Name)
      assert.are_not.equal(first.Name, second.Name)
    end)

    it("give back the running one of the name, and refuse that of an ended one", function()
      good(start "e1")
      assert.equal(INPUT, good(start("e1", { Input = '{"another":1}' })).Input)
      assert.equal(1, #get("ListExecutions", { FlowName = "orders" }).Executions)
      emulator:clock { advance = 10 }
      assert.equal("Execution e1 for flow orders already exists.", refused(400, "ExecutionAlreadyExists", start "e1"))
    end)

    it("are refused as documented", function()
      refused(404, "FlowNotExists", start("e1", { FlowName = "none" }))
      refused(404, "FlowNotExists", start("e1", { Qualifier = "1" }))
      refused(400, "MissingRequiredParams", start("e1", { FlowName = false }))
      for _, more in ipairs { { ExecutionName = "1" }, { ExecutionName = "a:b" }, { Input = "[1]" }, { Input = "x" },
        { Input = '{"a":' } } do
        refused(400, "InvalidArgument", start("e1", more))
      end
    end)

    it("follow a version or an alias, turn about by weight", function()
      post("PublishFlowVersion", { FlowName = "orders" })
      post("UpdateFlow", { Name = "orders", Definition = "Name: orders" })
      post("PublishFlowVersion", { FlowName = "orders" })
      post("CreateFlowAlias", { FlowName = "orders", Name = "live",
        RoutingConfigurations = '[{"Version":"1","Weight":1},{"Version":"2","Weight":3}]' })
      local old = 0
      for _ = 1, 8 do
        if good(start(nil, { Qualifier = "live" })).FlowDefinition == DEFINITION then
          old = old + 1
        end
      end
      assert.equal(2, old)
      assert.equal(DEFINITION, good(start("one", { Qualifier = "1" })).FlowDefinition)
      assert.equal(3, #get("ListExecutions", { FlowName = "orders", Qualifier = "1" }).Executions)
      assert.equal(8, #get("ListExecutions", { FlowName = "orders", Qualifier = "live" }).Executions)
    end)

    it("can be held at Starting, and end as a script says", function()
      emulator:script { FlowName = "orders", starting = 3, outcome = "TimedOut" }
      assert.equal("Starting", good(start "e1").Status)
      assert.same({}, history("e1").Events)
      emulator:clock { advance = 3 }
      assert.equal("Running", look("e1").Status)
      emulator:clock { advance = 3 }
      assert.equal("TimedOut", look("e1").Status)
      assert.equal("ExecutionTimedOut", types_of(history("e1").Events)[11])
    end)
  end)

  describe("starting in sync", function()
    local function sync(more)
      local form = { FlowName = "orders", ExecutionName = "s" }
      for key, value in pairs(more or {}) do
        form[key] = value
      end
      return client:post("StartSyncExecution", form)
    end

    it("answer with the end, under a name that is never the same", function()
      emulator:clock { freeze = false }
      local first = good(sync())
      assert.same({ "Succeeded", "{}" }, { first.Status, first.Output })
      assert.matches("^s:%x+%-%x+%-%x+%-%x+%-%x+$", first.Name)
      assert.is_nil(first.ErrorCode)
      assert.are_not.equal(first.Name, good(sync()).Name)
      assert.equal("Succeeded", look(first.Name).Status)
    end)

    it("tell a failure with status 200", function()
      emulator:clock { freeze = false }
      emulator:script { outcome = "Failed", Error = "Bad", Cause = "worse" }
      local failed = good(sync())
      assert.same({ "Failed", "Bad", "worse" }, { failed.Status, failed.ErrorCode, failed.ErrorMessage })
    end)

    it("are refused as documented", function()
      refused(404, "FlowNotExists", sync { FlowName = "none" })
      refused(400, "InvalidArgument", sync { ExecutionName = "s:1" })
      refused(400, "InvalidArgument", sync { Input = "1" })
    end)
  end)

  describe("stopping", function()
    local function stop(more)
      local form = { FlowName = "orders", ExecutionName = "e1" }
      for key, value in pairs(more or {}) do
        form[key] = value
      end
      return client:post("StopExecution", form)
    end

    it("answer as before the stop, and are Stopped then with their MapRuns Aborted", function()
      good(start "e1")
      emulator:clock { advance = 1.5 }
      local map_run = json.decode(history("e1").Events[8].EventDetail).output.MapRunName
      assert.equal("Running", good(stop { Error = "Mine", Cause = "enough" }).Status)
      local stopped = look "e1"
      assert.equal("Stopped", stopped.Status)
      assert.is_string(stopped.StoppedTime)
      local events = history("e1").Events
      assert.equal("ExecutionStopped", events[#events].Type)
      assert.same({ error = "Mine", cause = "enough" }, json.decode(events[#events].EventDetail))
      assert.equal("Aborted", get("DescribeMapRun",
        { FlowName = "orders", ExecutionName = "e1", MapRunName = map_run }).Status)
      emulator:clock { advance = 100 }
      assert.same(stopped, look "e1")
      assert.equal("Execution 'e1' for flow 'orders' has already completed.",
        refused(400, "ExecutionAlreadyCompleted", stop()))
    end)

    it("take the time that a script says, and start no MapRun once over", function()
      emulator:script { stopping = 0.05, step_duration = 1 }
      good(start "e1")
      good(stop())
      assert.equal("Running", look("e1").Status)
      assert.equal("Running", good(stop()).Status)
      emulator:clock { advance = 50 }
      assert.equal("Stopped", look("e1").Status)
      assert.same({ "ExecutionStarted", "StepEntered", "StepStarted", "ExecutionStopped" },
        types_of(history("e1").Events))
    end)

    it("are refused as documented", function()
      assert.equal("Execution e1 for flow orders does not exist.", refused(404, "ExecutionNotExists", stop()))
      refused(404, "FlowNotExists", stop { FlowName = "none" })
      for _, more in ipairs { { Error = ("é"):rep(129) }, { Cause = ("x"):rep(4097) }, { Error = "" } } do
        refused(400, "InvalidArgument", stop(more))
      end
      good(start "e1")
      good(stop { Error = ("é"):rep(128), Cause = ("x"):rep(4096) })
    end)
  end)

  describe("described with WaitTimeSeconds", function()
    local waiting

    setup(function() waiting = asker.new(emulator) end)

    teardown(function() waiting:close() end)

    -- Status, object and seconds of the held look, with something done while it is held.
    local function held(seconds, meanwhile)
      local began, pool = core.now(), waiting.pool
      local prepared = waiting:prepare { action = "DescribeExecution", timeout = 40,
        query = { FlowName = "orders", ExecutionName = "e1", WaitTimeSeconds = seconds } }
      local id = assert(pool:start(prepared))
      pool:wait(0.05)
      if meanwhile then
        meanwhile()
      end
      while pool:in_flight() > 0 do
        pool:wait(5)
      end
      local taken, status, _, text = pool:take()
      assert(taken == id)
      return status, json.decode(text), core.now() - began
    end

    it("answer at once what has ended, and at 0 what has not", function()
      good(start "e1")
      assert.equal("Running", get("DescribeExecution", { FlowName = "orders", ExecutionName = "e1",
        WaitTimeSeconds = "0" }).Status)
      emulator:clock { advance = 10 }
      local _, object, seconds = held "30"
      assert.equal("Succeeded", object.Status)
      assert.is_true(seconds < 20)
    end)

    it("answer when the execution ends, and others are served meanwhile", function()
      emulator:clock { freeze = false }
      good(start("e1", { Input = '{"orders":[1]}' }))
      local meanwhile
      local status, object, seconds = held("30", function() meanwhile = look("e1").Status end)
      assert.same({ 200, "Succeeded", "Running" }, { status, object.Status, meanwhile })
      assert.is_true(seconds > 0.9 and seconds < 20)
    end)

    it("answer when a stop, a jump of the clock or a deletion ends it", function()
      good(start "e1")
      local _, object = held("30", function()
        post("StopExecution", { FlowName = "orders", ExecutionName = "e1" })
      end)
      assert.equal("Stopped", object.Status)
      emulator:reset()
      emulator:clock { freeze = true }
      post("CreateFlow", { Name = "orders", Type = "FDL", Description = "d", Definition = DEFINITION })
      good(start "e1")
      _, object = held("30", function() emulator:clock { advance = 60 } end)
      assert.equal("Succeeded", object.Status)
      emulator:reset()
      post("CreateFlow", { Name = "orders", Type = "FDL", Description = "d", Definition = DEFINITION })
      emulator:script { outcome = "Running" }
      good(start "e1")
      _, object = held("30", function() post("DeleteFlow", { Name = "orders" }) end)
      assert.equal("FlowNotExists", object.Code)
    end)

    it("answer Running when the time is over", function()
      good(start "e1")
      local status, object, seconds = held "1"
      assert.same({ 200, "Running" }, { status, object.Status })
      assert.is_true(seconds >= 0.99 and seconds < 20)
    end)

    it("take 0 to 60 seconds", function()
      good(start "e1")
      for _, seconds in ipairs { "61", "-1", "1.5", "x" } do
        refused(400, "InvalidArgument", client:get("DescribeExecution", { FlowName = "orders", ExecutionName = "e1",
          WaitTimeSeconds = seconds }))
      end
      refused(404, "ExecutionNotExists", client:get("DescribeExecution",
        { FlowName = "orders", ExecutionName = "e2", WaitTimeSeconds = "60" }))
    end)
  end)

  describe("with a history", function()
    it("tell every step, with lower-case keys in the details", function()
      good(start("e1", { Input = '{"orders":[1],"empty":[]}' }))
      emulator:clock { advance = 60 }
      local events = history("e1").Events
      assert.same({ "ExecutionStarted", "StepEntered", "StepStarted", "StepSucceeded", "StepExited", "StepEntered",
        "StepStarted", "MapRunStarted", "StepSucceeded", "StepExited", "ExecutionSucceeded" }, types_of(events))
      assert.equal('{"input":{"orders":[1],"empty":[]}}', events[1].EventDetail)
      assert.same({ 1, 0, "" }, { events[1].EventId, events[1].ScheduleEventId, events[1].StepName })
      assert.same({ 8, 7, "Each" }, { events[8].EventId, events[8].ScheduleEventId, events[8].StepName })
      assert.is_true(events[11].Time > events[1].Time)
    end)

    it("grow with time, and an event never changes", function()
      good(start "e1")
      local before = history("e1").Events
      assert.equal(3, #before)
      emulator:clock { advance = 1 }
      local after = history("e1").Events
      assert.equal(8, #after)
      for index, event in ipairs(before) do
        assert.same(event, after[index])
      end
    end)

    it("come in pages, and the token is the number of an event", function()
      emulator:script { steps = 500, step_duration = 0 }
      good(start "e1")
      emulator:clock { advance = 60 }
      local count, pages, query = 0, 0, { Limit = "999" }
      repeat
        local page = history("e1", query)
        for _, event in ipairs(page.Events) do
          count = count + 1
          assert.equal(count, event.EventId)
        end
        pages, query.NextToken = pages + 1, page.NextToken
        assert.is_true(not page.NextToken or page.NextToken:find "^%d+$" ~= nil)
      until not page.NextToken
      assert.same({ 2011, 3 }, { count, pages })
      assert.equal(60, #history("e1").Events)
    end)

    it("write MapRunStarted in whatever shape a script says", function()
      emulator:script { map_run_started = [[{"Output":"{\"deep\":{\"mapRunName\":\"$MapRunName\"}}"}]] }
      good(start "e1")
      emulator:clock { advance = 1 }
      local output = json.decode(json.decode(history("e1").Events[8].EventDetail).Output)
      assert.equal("Running", get("DescribeMapRun", { FlowName = "orders", ExecutionName = "e1",
        MapRunName = output.deep.mapRunName }).Status)
    end)

    it("are refused as documented", function()
      refused(404, "ExecutionNotExists", client:get("GetExecutionHistory",
        { FlowName = "orders", ExecutionName = "x" }))
      good(start "e1")
      for _, query in ipairs { { Limit = "1000" }, { Limit = "0" }, { NextToken = "x" } } do
        query.FlowName, query.ExecutionName = "orders", "e1"
        refused(400, "InvalidArgument", client:get("GetExecutionHistory", query))
      end
    end)
  end)

  describe("with Map states", function()
    local function map_run_of(name)
      for _, event in ipairs(history(name).Events) do
        if event.Type == "MapRunStarted" then
          return json.decode(event.EventDetail).output.MapRunName
        end
      end
    end

    it("start a MapRun of as many items as their input has", function()
      good(start "e1")
      assert.is_nil(map_run_of "e1")
      emulator:clock { advance = 1.1 }
      local run = get("DescribeMapRun", { FlowName = "orders", ExecutionName = "e1", MapRunName = map_run_of "e1" })
      assert.same({ "Running", 2, { Pending = 0, Running = 2, Succeed = 2, Failed = 0, Aborted = 0, Total = 4 } },
        { run.Status, run.Concurrency, run.ItemCounts })
    end)

    it("fail with it, or with what a script says of it", function()
      emulator:script { map_runs = { { StepName = "Each", items = 10, failure_share = 0.5 },
        { StepName = "Another", items = 1 } } }
      good(start "e1")
      emulator:clock { advance = 60 }
      assert.equal("Failed", look("e1").Status)
      local events = history("e1").Events
      assert.same({ "StepFailed", "StepExited", "ExecutionFailed" },
        { events[#events - 2].Type, events[#events - 1].Type, events[#events].Type })
      assert.equal("MapRunFailed", json.decode(events[#events].EventDetail).error)
    end)

    it("are longer for a slower MapRun", function()
      good(start("e1", { Input = '{"orders":[1,2,3,4,5,6]}' }))
      emulator:clock { advance = 0.5 }
      get("UpdateMapRun", { FlowName = "orders", ExecutionName = "e1", MapRunName = map_run_of "e1",
        Concurrency = "1" })
      emulator:clock { advance = 5 }
      assert.equal("Running", look("e1").Status)
      emulator:clock { advance = 1 }
      assert.equal("Succeeded", look("e1").Status)
    end)

    it("list the children of a MapRun", function()
      emulator:script { map_runs = { { StepName = "Each", items = 100, Concurrency = 10, failure_share = 0.1,
        ToleratedFailedPercentage = 50 } } }
      good(start "e1")
      emulator:clock { advance = 5.1 }
      local name = map_run_of "e1"
      local seen, query = {}, { FlowName = "orders", MapRunName = name, Limit = "25" }
      repeat
        local page = get("ListExecutions", query)
        for _, child in ipairs(page.Executions) do
          seen[child.Status] = (seen[child.Status] or 0) + 1
          assert.equal(child.Status == "Running", child.StoppedTime == nil)
        end
        query.NextToken = page.NextToken
      until not page.NextToken
      assert.same({ Succeeded = 45, Failed = 5, Running = 10 }, seen)
      assert.equal(5, #get("ListExecutions", { FlowName = "orders", MapRunName = name, Status = "Failed" }).Executions)
      local _, _, _, text = client:ask { action = "ListExecutions", query = { FlowName = "orders", MapRunName = "x" } }
      assert.matches('^{"Executions":%[%],', text)
    end)

    describe("whose items fail by name", function()
      local name

      before_each(function()
        emulator:script { map_runs = { { StepName = "Each", Concurrency = 2, ToleratedFailedCount = 9,
          Output = '{"done":$Number}', fail = { ["3"] = { Error = "Timeout", Cause = "no answer" }, ["5"] = {} } } } }
        good(start("e1", { Input = '{"orders":[{"id":12345678901234567890},2,"x y",4,[],6]}' }))
        emulator:clock { advance = 60 }
        name = map_run_of "e1"
      end)

      it("have a child for each, with its input, output and history", function()
        local page = get("ListExecutions", { FlowName = "orders", MapRunName = name })
        local seen = {}
        for number, child in ipairs(page.Executions) do
          seen[number] = ("%s %s %s"):format(child.Input, child.Status, child.Output or "-")
        end
        assert.same({ '{"id":12345678901234567890} Succeeded {"done":1}', '2 Succeeded {"done":2}', '"x y" Failed -',
          '4 Succeeded {"done":4}', "[] Failed -", '6 Succeeded {"done":6}' }, seen)
        local child = page.Executions[3]
        local events = get("GetExecutionHistory", { FlowName = "orders", ExecutionName = child.Name }).Events
        assert.same({ "ExecutionStarted", '{"input":"x y"}' }, { events[1].Type, events[1].EventDetail })
        assert.same({ "ExecutionFailed", '{"error":"Timeout","cause":"no answer"}' },
          { events[#events].Type, (events[#events].EventDetail:gsub('^{("cause":"no answer"),(.*)}$', "{%2,%1}")) })
        child = get("DescribeExecution", { FlowName = "orders", ExecutionName = page.Executions[5].Name })
        assert.same({ "Failed", "[]" }, { child.Status, child.Input })
        events = get("GetExecutionHistory", { FlowName = "orders", ExecutionName = child.Name }).Events
        assert.matches("Item 5 failed.", events[#events].EventDetail, 1, true)
      end)

      it("leave out what a list of metadata has not, and know no child that never was", function()
        local page = get("ListExecutions", { FlowName = "orders", MapRunName = name, MetadataOnly = "true" })
        assert.is_nil(page.Executions[1].Input)
        for _, other in ipairs { name .. ":0", name .. ":7", "x:1" } do
          for _, action in ipairs { "GetExecutionHistory", "DescribeExecution" } do
            local status = client:ask { action = action, query = { FlowName = "orders", ExecutionName = other } }
            assert.equal(404, status)
          end
        end
      end)
    end)

    it("show children that are listed late, or never", function()
      emulator:map_run { FlowName = "orders", ExecutionName = "late", MapRunName = "late", items = 10,
        Concurrency = 1, list_lag = 5 }
      emulator:map_run { FlowName = "orders", ExecutionName = "never", MapRunName = "never", items = 10,
        listed = false }
      emulator:clock { advance = 10.5 }
      local function listed(run, status)
        return #get("ListExecutions", { FlowName = "orders", MapRunName = run, Status = status }).Executions
      end
      assert.same({ 5, 0 }, { listed("late", "Succeeded"), listed "never" })
      assert.equal("Succeeded", get("DescribeExecution", { FlowName = "orders", ExecutionName = "late:9" }).Status)
      emulator:clock { advance = 5 }
      assert.equal(10, listed("late", "Succeeded"))
      for _, wrong in ipairs { { fail = { ["0"] = {} } }, { fail = { ["1"] = 2 } }, { fail = "1" },
        { list_lag = -1 } } do
        assert.has_error(function()
          emulator:map_run(wrong)
        end)
      end
    end)

    it("belong to MapRuns that a test adds, and end with them", function()
      local run = emulator:map_run { FlowName = "orders", ExecutionName = "mine", StepName = "Each", items = 10 }
      assert.same({ "Running", run.MapRunName }, { look("mine").Status, map_run_of "mine" })
      emulator:clock { advance = 1 }
      assert.equal("Succeeded", look("mine").Status)
      assert.equal("ExecutionSucceeded", history("mine").Events[7].Type)
    end)
  end)

  describe("listed", function()
    local function names(query)
      query = query or {}
      query.FlowName = "orders"
      local list = {}
      repeat
        local page = get("ListExecutions", query)
        for _, entry in ipairs(page.Executions) do
          list[#list + 1] = entry.Name
        end
        query.NextToken = page.NextToken
      until not page.NextToken
      return table.concat(list, " ")
    end

    it("come latest first, in pages", function()
      local _, _, _, text = client:ask { action = "ListExecutions", query = { FlowName = "orders" } }
      assert.matches('^{"Executions":%[%],', text)
      for number = 1, 5 do
        good(start("e" .. number))
      end
      assert.equal("e5 e4 e3 e2 e1", names())
      assert.equal("e5 e4 e3 e2 e1", names { Limit = "2" })
      local first = get("ListExecutions", { FlowName = "orders", Limit = "2" })
      good(start "e6")
      assert.equal("e3 e2 e1", names { NextToken = first.NextToken })
    end)

    it("are filtered by status, prefix and time", function()
      good(start "a1")
      emulator:clock { advance = 60 }
      local between = good(start "a2").StartedTime
      emulator:clock { advance = 1 }
      good(start "b3")
      post("StopExecution", { FlowName = "orders", ExecutionName = "b3" })
      assert.equal("a2 a1", names { ExecutionNamePrefix = "a" })
      assert.equal("a2", names { Status = "Running" })
      assert.equal("b3", names { Status = "Stopped" })
      assert.equal("b3 a2", names { StartedTimeBegin = between })
      assert.equal("a2 a1", names { StartedTimeEnd = between })
      assert.equal("a2", names { StartedTimeBegin = between, StartedTimeEnd = between, Status = "Running" })
    end)

    it("leave out what is large on request", function()
      good(start "e1")
      emulator:clock { advance = 60 }
      local full = get("ListExecutions", { FlowName = "orders" }).Executions[1]
      local bare = get("ListExecutions", { FlowName = "orders", MetadataOnly = "true" }).Executions[1]
      assert.same({ DEFINITION, INPUT, "{}" }, { full.FlowDefinition, full.Input, full.Output })
      full.FlowDefinition, full.Input, full.Output = nil, nil, nil
      assert.same(full, bare)
    end)

    it("are refused as documented", function()
      refused(404, "FlowNotExists", client:get("ListExecutions", { FlowName = "none" }))
      for _, query in ipairs { { Limit = "100" }, { Status = "Done" }, { StartedTimeBegin = "yesterday" },
        { MetadataOnly = "1" }, { NextToken = "x" } } do
        query.FlowName = "orders"
        refused(400, "InvalidArgument", client:get("ListExecutions", query))
      end
    end)

    it("are gone with their flow", function()
      good(start "e1")
      post("DeleteFlow", { Name = "orders" })
      for _, action in ipairs { "DescribeExecution", "GetExecutionHistory" } do
        refused(404, "FlowNotExists", client:get(action, { FlowName = "orders", ExecutionName = "e1" }))
      end
    end)
  end)

  describe("with tasks that wait", function()
    before_each(function()
      emulator:script { tasks = { "Approve" } }
      post("CreateFlow", { Name = "asking", Type = "FDL", Description = "d", Definition = "Name: asking\nStates:\n"
        .. "  - Type: Task\n    Name: Ask\n    TaskMode: WaitForCustomCallback\n" })
      post("StartExecution", { FlowName = "asking", ExecutionName = "e1" })
    end)

    local function report(action, token, form)
      return client:post(action, form, { TaskToken = token })
    end

    local function status()
      return get("DescribeExecution", { FlowName = "asking", ExecutionName = "e1" }).Status
    end

    it("15.7: take a token in the form, too, as older clients send it", function()
      emulator:clock { advance = 1000 }
      local token = emulator:tasks().tasks[1].TaskToken
      good(client:post("ReportTaskFailed", { TaskToken = token, Error = "No" }))
      refused(400, "TaskAlreadyCompleted", client:post("ReportTaskSucceeded", { TaskToken = token, Output = "{}" }))
    end)

    it("go on with the output of a report", function()
      local tasks = emulator:tasks().tasks
      assert.same({ 1, "asking", "e1", "Ask" },
        { #tasks, tasks[1].FlowName, tasks[1].ExecutionName, tasks[1].StepName })
      local token = tasks[1].TaskToken
      refused(409, "TaskInvalidState", report("ReportTaskSucceeded", token, { Output = "{}" }))
      emulator:clock { advance = 1000 }
      assert.equal("Running", status())
      local event = good(report("ReportTaskSucceeded", token, { Output = '{"yes":[]}' })).EventId
      local events = get("GetExecutionHistory", { FlowName = "asking", ExecutionName = "e1" }).Events
      assert.same({ "TaskSucceeded", '{"output":{"yes":[]}}' }, { events[event].Type, events[event].EventDetail })
      assert.equal("Task " .. token .. " has already completed.",
        refused(400, "TaskAlreadyCompleted", report("ReportTaskFailed", token, { Error = "no" })))
      assert.equal("Approve", emulator:tasks().tasks[1].StepName)
      emulator:clock { advance = 1 }
      good(report("ReportTaskSucceeded", emulator:tasks().tasks[1].TaskToken, { Output = "7" }))
      assert.equal("Succeeded", status())
      assert.equal("7", get("DescribeExecution", { FlowName = "asking", ExecutionName = "e1" }).Output)
      assert.is_nil(emulator:tasks().tasks)
    end)

    it("fail with the error of a report", function()
      emulator:clock { advance = 1 }
      local token = emulator:tasks().tasks[1].TaskToken
      local event = good(report("ReportTaskFailed", token, { Error = "No", Cause = "never" })).EventId
      assert.equal("Failed", status())
      local events = get("GetExecutionHistory", { FlowName = "asking", ExecutionName = "e1" }).Events
      assert.same({ "TaskFailed", "ExecutionFailed" }, { events[event].Type, events[#events].Type })
      assert.same({ error = "No", cause = "never" }, json.decode(events[#events].EventDetail))
    end)

    it("take no report once the execution is over", function()
      emulator:clock { advance = 1 }
      local token = emulator:tasks().tasks[1].TaskToken
      post("StopExecution", { FlowName = "asking", ExecutionName = "e1" })
      assert.is_nil(emulator:tasks().tasks)
      refused(400, "TaskAlreadyCompleted", report("ReportTaskSucceeded", token, { Output = "{}" }))
      post("DeleteFlow", { Name = "asking" })
      refused(400, "InvalidArgument", report("ReportTaskSucceeded", token, { Output = "{}" }))
    end)

    it("are refused as documented", function()
      refused(400, "InvalidArgument", report("ReportTaskSucceeded", "none+/=", { Output = "{}" }))
      refused(400, "InvalidArgument", report("ReportTaskSucceeded", "none", { Output = "{" }))
      refused(400, "MissingRequiredParams", report("ReportTaskSucceeded", "none", {}))
      refused(400, "MissingRequiredParams", client:post("ReportTaskSucceeded", { Output = "{}" }))
      refused(400, "MissingRequiredParams", report("ReportTaskFailed", "none", { Cause = "x" }))
      refused(400, "InvalidArgument", report("ReportTaskFailed", "none", { Error = ("x"):rep(129) }))
      refused(400, "InvalidArgument", report("ReportTaskFailed", "none", { Error = "x", Cause = "" }))
    end)
  end)

  it("are behind in lists and histories by so many seconds as a script says", function()
    emulator:script { step_duration = 2, list_delay = 5, history_delay = 3 }
    post("StartExecution", { FlowName = "orders", ExecutionName = "late" })
    local function seen(status)
      local list = get("ListExecutions", { FlowName = "orders", Status = status }).Executions
      local events = get("GetExecutionHistory", { FlowName = "orders", ExecutionName = "late" }).Events
      return { #list, #events, events[#events] and events[#events].Type }
    end
    assert.same({ 0, 0 }, seen "Running")
    emulator:clock { advance = 4 }
    assert.same({ 0, 3, "StepStarted" }, seen "Running")
    emulator:clock { advance = 2 }
    assert.equal("Running", get("ListExecutions", { FlowName = "orders" }).Executions[1].Status)
    emulator:clock { advance = 200 }
    assert.equal("ExecutionSucceeded", seen("Succeeded")[3])
    assert.same({ 0 }, { seen("Running")[1] })
  end)

  it("refuse a script that cannot be", function()
    for _, case in ipairs {
      { { speed = 1 }, "unknown field 'speed'" },
      { { starting = -1 }, "starting must be seconds, 0 or more" },
      { { outcome = "Done" }, "outcome must be Succeeded, Failed, TimedOut or Running" },
      { { Output = "{" }, "Output must be a text that holds JSON" },
      { { tasks = { 1 } }, "tasks must be a list of names" },
      { { map_runs = { { items = -1 } } }, "items must be" },
      { { map_runs = { Each = {} } }, "map_runs must be a list of objects" },
    } do
      assert.error_matches(function() emulator:script(case[1]) end, case[2])
    end
  end)

  it("have the documented quotas on request, each operation its own", function()
    emulator:quota { enforce = true }
    good(start "e1")
    local function granted(action, form)
      local count = 0
      for _ = 1, 120 do
        local status
        if form then
          status = client:post(action, { FlowName = "orders" })
        else
          status = client:get(action, { FlowName = "orders", ExecutionName = "e1" })
        end
        if status == 429 then
          return count
        end
        count = count + 1
      end
      return count
    end
    assert.is_true(granted("StartExecution", true) >= 99)
    local looks = granted "DescribeExecution"
    assert.is_true(looks >= 50 and looks <= 55)
    looks = granted "GetExecutionHistory"
    assert.is_true(looks >= 50 and looks <= 55)
    looks = granted "ListExecutions"
    assert.is_true(looks >= 10 and looks <= 12)
  end)

  it("have limits of number and size on request", function()
    emulator:quota { enforce = true, resources = { running_executions = 2 } }
    good(start "e1")
    good(start "e2")
    refused(429, "ResourceThrottled", start "e3")
    good(start "e2")
    post("StopExecution", { FlowName = "orders", ExecutionName = "e1" })
    good(start "e3")
    refused(429, "ResourceThrottled", start "e4")
    emulator:clock { advance = 60 }
    local input = '{"a":"' .. ("x"):rep(64 * 1024 - 8) .. '"}'
    good(start("e4", { Input = input }))
    refused(400, "EntityTooLarge", start("e5", { Input = input .. " " }))
    emulator:quota { enforce = false }
    good(start("e5", { Input = input .. " " }))
    assert.error_matches(function() emulator:quota { enforce = true, resources = { flows = 1 } } end,
      "unknown resource 'flows'")
  end)
end)
