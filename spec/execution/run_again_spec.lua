--- Running the failed items of a MapRun again.
-- SPDX-License-Identifier: MIT

local failed_run = require "spec.support.failed_run"
local fake_platform = require "spec.support.fake_platform"
local json = require "fnf.json"

local names = fake_platform.names

local function again(cloud, options, fields)
  local params = {}
  for _, some in ipairs { names, fields or {} } do
    for name, value in pairs(some) do
      params[name] = value
    end
  end
  return cloud:client { rate_limit = false }:run_again(params, options)
end

local function inputs(result)
  local list = {}
  for index, one in ipairs(result.starts) do
    list[index] = one.Input
  end
  return list
end

--- Ten orders, of which three failed.
local function three(fields)
  local cloud = { children = { failed_run.child(7), failed_run.child(2), failed_run.child(5) },
    execution = {
      Input = '{ "day":"2026-03-01", "orders":[{"id":1},{"id":2},{"id":3},{ "id" : 5 },{"id":7}], "n":1.0}' } }
  for name, value in pairs(fields or {}) do
    cloud[name] = value
  end
  return failed_run.new(cloud)
end

local THREE = '{ "day":"2026-03-01", "orders":[{"id":2},{ "id" : 5 },{"id":7}], "n":1.0}'

local function flow(state)
  return { Input = '{"orders":[1]}', FlowDefinition = '{"States":[{"Type":"Map","Name":"Each"' .. state .. "}]}" }
end

describe("run_again", function()
  it("starts an execution of the same flow with only the items that failed, as they were written", function()
    local cloud = three()
    local result = assert(again(cloud))
    assert.same({ 3, 1, { THREE }, {} }, { result.items, #result.starts, inputs(result), result.warnings })
    assert.same({ 1, THREE, names.FlowName }, { #cloud.started, cloud.started[1].Input, cloud.started[1].FlowName })
    assert.truthy(result.starts[1].ExecutionName:find("^fnf%-%x+$"))
    assert.same({ cloud.started[1].Name, "Running" }, { result.starts[1].ExecutionName,
      result.starts[1].execution.Status })
  end)

  it("shows what it would send, and starts nothing, in a dry run", function()
    local cloud = three()
    local result = assert(again(cloud, { dry_run = true }))
    assert.same({ { THREE }, nil, {} }, { inputs(result), result.starts[1].execution, cloud.started })
  end)

  it("is empty, and no error, where nothing failed", function()
    local cloud = failed_run.new {}
    assert.same({ FlowName = names.FlowName, items = 0, starts = {}, warnings = {} }, assert(again(cloud)))
    assert.is_nil(cloud.asked.DescribeExecution)
  end)

  it("runs those of another status, and gives the execution its name and qualifier", function()
    local cloud = three { children = { failed_run.child(1, { Status = "Succeeded" }), failed_run.child(2) } }
    local result = assert(again(cloud, { execution_name = "again" }, { Status = "Succeeded", Qualifier = "prod" }))
    assert.same({ "again", "prod" }, { result.starts[1].ExecutionName, cloud.started[1].Qualifier })
    assert.truthy(cloud.started[1].Input:find('"orders":[{"id":1}]', 1, true))
  end)

  it("asks the flow for its definition where the execution has none", function()
    local cloud = three { execution = { Input = '{"orders":[{"id":2},{"id":5},{"id":7}]}', FlowDefinition = "" } }
    assert.equal(3, assert(again(cloud)).items)
    assert.equal(1, cloud.asked.DescribeFlow)
  end)

  it("finds the list without a path, and by the only distributed Map where the history names no state", function()
    local cloud = three { execution = { Input = '[{"id":7},{"id":5},{"id":2},4]',
      FlowDefinition = '{"States":[{"Name":"Each","ProcessorConfig":{}}]}' }, history_of_parent = {
        { Type = "MapRunStarted", EventDetail = "odd" }, { Type = "MapRunStarted", StepName = "Other",
        EventDetail = '{"MapRunName":"another"}' } } }
    assert.same({ '[{"id":7},{"id":5},{"id":2}]' }, inputs(assert(again(cloud))))
  end)

  it("takes the caller's word for the path", function()
    local cloud = three { execution = { Input = '{"a":{"b":[{"id":2},{"id":7},{"id":5}]}}', FlowDefinition = "odd" } }
    local result = assert(again(cloud, { items_path = "$Input.a.b", dry_run = true }))
    assert.same({ '{"a":{"b":[{"id":2},{"id":7},{"id":5}]}}' }, inputs(result))
  end)

  for _, row in ipairs {
    { { execution = flow ',"ItemReader":{}' }, "ItemReader" },
    { { execution = flow ',"ItemBatcher":{}' }, "ItemBatcher" },
    { { execution = flow ',"ItemConstructor":{}' }, "ItemConstructor" },
    { { execution = flow ',"ItemsPath":"$.a[*]"' }, "no plain path" },
    { { execution = flow ',"ItemsPath":"$.none"' }, '"none"' },
    { { execution = { Input = "no JSON" } }, "no JSON" }, { { execution = { Input = "" } }, "has no Input" },
    { { execution = { Input = '{"orders":[{"id":8}]}' } }, "no item of the list" },
    { { execution = { Input = '{"orders":[{"order":{"id":2}}]}' } }, "no item of the list" },
    { { children = { failed_run.child(1, { Input = "no JSON" }) }, execution = { Input = '{"orders":[1]}' } },
      "no item of the list" },
    { { children = { failed_run.child(1, { Input = 3 }) } }, "no Input of the child child:1" },
  } do
    it("refuses with the reason and starts nothing: " .. row[2], function()
      local cloud = three(row[1])
      local result, err = again(cloud)
      assert.same({ nil, false, 0 }, { result, err and err.retryable, #cloud.started })
      assert.truthy(tostring(err):find(row[2], 1, true), tostring(err))
    end)
  end

  it("lets a function make the Input of what is no plain path", function()
    local cloud = three { execution = flow ',"ItemBatcher":{}' }
    local result = assert(again(cloud, { input = function(items, old)
      return { orders = items, old = old.orders, count = #items }
    end }))
    assert.same({ orders = { { id = 7 }, { id = 2 }, { id = 5 } }, old = { 1 }, count = 3 },
      json.decode(result.starts[1].Input))
    cloud = three { children = { failed_run.child(1, { Input = "no JSON" }) } }
    result = assert(again(cloud, { dry_run = true, input = function(items)
      return ('"%s"'):format(items[1])
    end }))
    assert.same({ '"no JSON"' }, inputs(result))
  end)

  it("raises what such a function raises, and what it returns that is no Input", function()
    for _, wrong in ipairs { function() error "mine" end, function() end, function() return "{" end,
      function() return { print } end, function() return 3 end } do
      local done, raised = pcall(again, three(), { input = wrong })
      assert.is_false(done)
      assert.truthy(tostring(raised):find("mine", 1, true) or tostring(raised):find("option input", 1, true), raised)
    end
  end)

  describe("with more than 64 KiB of items", function()
    local function large()
      local children = {}
      for number = 1, 2000 do
        children[number] = failed_run.child(number, { Input = ('{"id":%d,"text":"%s"}'):format(number, ("x"):rep(80)) })
      end
      return failed_run.new { children = children }
    end

    it("says how many fit", function()
      local cloud = large()
      local result, err = again(cloud)
      assert.same({ nil, 0 }, { result, #cloud.started })
      assert.is_true(err.fits > 600 and err.fits < 700, err.fits)
      assert.truthy(tostring(err):find(("of which %d fit"):format(err.fits), 1, true), tostring(err))
    end)

    it("starts several where it may, and each item once", function()
      local cloud = large()
      local result = assert(again(cloud, { split = true, execution_name = "part" }))
      local seen, count = {}, 0
      for index, started in ipairs(cloud.started) do
        assert.is_true(#started.Input <= 65536)
        assert.equal("part-" .. index, started.Name)
        for _, item in ipairs(json.decode(started.Input).orders) do
          assert.is_nil(seen[item.id])
          seen[item.id], count = true, count + 1
        end
      end
      assert.same({ 2000, #cloud.started, 4 }, { count, #result.starts, #cloud.started })
    end)

    it("says what was started when starting breaks off", function()
      local starts = 0
      local cloud = large()
      cloud.answer = function(query)
        if query.Action == "StartExecution" then
          starts = starts + 1
          return starts == 3 and fake_platform.refusal(403, "AccessDenied") or nil
        end
      end
      local result, err = again(cloud, { split = true })
      assert.same({ nil, "AccessDenied", 2, 4 }, { result, err.code, err.started, #err.again.starts })
      assert.is_table(err.again.starts[2].execution)
      assert.is_nil(err.again.starts[3].execution)
    end)

    it("names an item that never fits", function()
      local cloud = failed_run.new { children = { failed_run.child(1, { Input = '"' .. ("x"):rep(66000) .. '"' }) } }
      local _, err = again(cloud, { split = true })
      assert.same({ 0, "item 1 alone" }, { err.fits, err.message:match("^item 1 alone") })
    end)
  end)

  it("never runs items twice although replies are lost", function()
    for lost = 1, 5 do
      local cloud, starts = three(), 0
      cloud.answer = function(query, self)
        if query.Action == "StartExecution" then
          starts = starts + 1
          if starts <= lost then -- it is done, and the reply is lost
            local sent = self.last
            for _, started in ipairs(self.started) do
              if started.Name == sent.form.ExecutionName then
                return { kind = "network", message = "reset", sent = true }
              end
            end
            self.started[#self.started + 1] = { Name = sent.form.ExecutionName, Input = sent.form.Input }
            return { kind = "network", message = "reset", sent = true }
          end
        end
      end
      local result, err = again(cloud)
      assert.equal(1, #cloud.started)
      assert.is_true(result ~= nil and result.starts[1].ExecutionName == cloud.started[1].Name
        or err.execution_name == cloud.started[1].Name, tostring(err))
    end
  end)

  it("starts nothing twice that has the caller's name, running or ended, and takes no other for its own", function()
    local cloud, ended = three(), false
    cloud.answer = function(query, self)
      if ended and query.Action == "StartExecution" and self.started[1].Name == self.last.form.ExecutionName then
        return fake_platform.refusal(400, "ExecutionAlreadyExists")
      end
    end
    for call = 1, 3 do
      ended = call == 3
      local result, err = again(cloud, { execution_name = "mine" })
      assert.same({ "mine", 1 }, { result and result.starts[1].execution.Name, #cloud.started }, tostring(err))
    end
    for _, over in ipairs { false, true } do
      ended, cloud.started[1].Input = over, '{"orders":[{"id":99}]}'
      local result, err = again(cloud, { execution_name = "mine" })
      assert.same({ nil, "ExecutionAlreadyExists", 0, 1 }, { result, err.code, err.started, #cloud.started })
    end
  end)

  it("says that the MapRun still runs, or that the list lacks some, and runs what there is", function()
    local cloud = three { run = { Status = "Running", ItemCounts = { Failed = 4, Total = 5 } } }
    local result = assert(again(cloud))
    assert.same({ 3, 2 }, { result.items, #result.warnings })
  end)

  it("runs an item once that the list tells of twice", function()
    local cloud = three { children = { failed_run.child(2), failed_run.child(2) } }
    assert.equal(1, assert(again(cloud)).items)
  end)

  it("ends when the caller gives up or the time is over, with nothing started or what was", function()
    for moment = 1, 12 do
      local asked, cloud = 0, three()
      local result, err = again(cloud, { cancel = function()
        asked = asked + 1
        return asked > moment
      end })
      assert.is_true(result ~= nil or err.kind == "cancelled", tostring(err))
    end
    local cloud = failed_run.new { failed = 5000 }
    local result, err = cloud:client():run_again(names, { timeout = 5 })
    assert.same({ nil, "timeout", 0, true }, { result, err.kind, #cloud.started, cloud.clock <= 1005 })
  end)

  it("checks its options and parameters", function()
    local client = failed_run.new {}:client()
    for _, wrong in ipairs { { items_path = "orders" }, { items_path = "$.a", input = print }, { input = "x" },
      { execution_name = "1" }, { dry = true } } do
      assert.is_false((pcall(client.run_again, client, names, wrong)))
    end
    assert.is_false((pcall(client.run_again, client, {})))
  end)
end)
