--- Lists page by page and entry by entry.
-- SPDX-License-Identifier: MIT

local fake_platform = require "spec.support.fake_platform"
local service = require "spec.support.service"

--- A list of so many entries, whose tokens are the number of the last entry given.
local function list(field, count, size)
  return function(params)
    local from = tonumber(params.NextToken or 0)
    local page = { RequestId = "r", [field] = {} }
    for i = from + 1, math.min(count, from + (tonumber(params.Limit) or size)) do
      page[field][#page[field] + 1] = { Name = "entry-" .. i }
    end
    if from + #page[field] < count then
      page.NextToken = tostring(from + #page[field])
    end
    return page
  end
end

--- Pages one after the other, whatever is asked for.
local function script(...)
  local rows, at = { ... }, 0
  return function()
    at = at + 1
    return rows[at]
  end
end

local function collect(iterator)
  local names = {}
  for entry in iterator do
    names[#names + 1] = entry.Name
  end
  return names
end

local LISTS = {
  { "flows", "ListFlows", "Flows", {} },
  { "executions", "ListExecutions", "Executions", { FlowName = "f" } },
  { "events", "GetExecutionHistory", "Events", { FlowName = "f", ExecutionName = "e" } },
  { "schedules", "ListSchedules", "Schedules", { FlowName = "f" } },
  { "versions", "ListFlowVersions", "FlowVersions", { FlowName = "f" } },
  { "aliases", "ListFlowAliases", "Aliases", { FlowName = "f" } },
}

describe("an iterator", function()
  for _, case in ipairs(LISTS) do
    it("walks through all pages of " .. case[1], function()
      local cloud = service.new()
      cloud.pages[case[2]] = list(case[3], 130, 60)
      local client, count = cloud:client(), 0
      for entry in client[case[1]](client, case[4]) do
        count = count + 1
        assert.equal("entry-" .. count, entry.Name)
      end
      assert.equal(130, count)
      assert.equal(3, cloud:asked(case[2]))
      assert.is_nil(cloud.log[1].params.NextToken)
      assert.equal("60", cloud.log[2].params.NextToken)
    end)
  end

  it("asks for pages of the size the caller wants, and leaves the caller's table alone", function()
    local cloud = service.new { pages = { ListFlows = list("Flows", 10, 60) } }
    local params = { Limit = 4 }
    assert.equal(10, #collect(cloud:client():flows(params)))
    assert.equal(3, #cloud.log)
    assert.same({ Limit = 4 }, params)
  end)

  it("begins where the caller's token says", function()
    local cloud = service.new { pages = { ListFlows = list("Flows", 10, 4) } }
    assert.same({ "entry-9", "entry-10" }, collect(cloud:client():flows { NextToken = "8" }))
  end)

  it("goes over empty pages, and pages without a list, to the end", function()
    local cloud = service.new { pages = { ListFlows = script({ RequestId = "r", NextToken = "a" },
      { RequestId = "r", Flows = {}, NextToken = "b" }, { RequestId = "r", Flows = { { Name = "x" } }, NextToken = "" })
    } }
    assert.same({ "x" }, collect(cloud:client():flows()))
  end)

  for _, token in ipairs { "1790000000123456", "9007199254740993", "12345678901234567890" } do -- 12.9
    it("takes a number as a token, as the history may give, digit by digit: " .. token, function()
      local cloud = service.new { pages = { ListFlows = script { RequestId = "r", Flows = { { Name = "x" } } } } }
      cloud.fault = function(params)
        return not params.NextToken and { status = 200, headers = {},
          body = ('{"RequestId":"r","NextToken":%s}'):format(token) } or nil
      end
      assert.same({ "x" }, collect(cloud:client():flows()))
      assert.equal(token, cloud.log[2].params.NextToken)
    end)
  end

  it("raises an error as the object it is, after what came before it", function()
    local cloud = service.new { pages = { ListFlows = list("Flows", 10, 4) } }
    cloud.fault = function(params)
      return params.NextToken == "4" and { status = 403, headers = {}, body = '{"Code":"AccessDenied"}' } or nil
    end
    local names = {}
    local done, err = pcall(function()
      for flow in cloud:client():flows() do
        names[#names + 1] = flow.Name
      end
    end)
    assert.is_false(done)
    assert.equal("AccessDenied", err.code)
    assert.equal("ListFlows", err.operation)
    assert.equal(4, #names)
  end)

  it("refuses a token that was given before, however long the circle", function()
    for circle = 1, 40 do
      local asked = 0
      local cloud = service.new { pages = { ListFlows = function()
        asked = asked + 1
        return { RequestId = "r", Flows = { { Name = "x" } }, NextToken = "t" .. asked % circle }
      end } }
      local done, err = pcall(collect, cloud:client():flows())
      assert.is_false(done)
      assert.equal("protocol", err.kind)
      assert.truthy(err.message:find("NextToken", 1, true))
      assert.is_true(asked <= 4 * circle + 4, ("%d pages in a circle of %d"):format(asked, circle))
    end
  end)

  it("refuses a list that is none", function()
    local cloud = service.new { pages = { ListFlows = script { RequestId = "r", Flows = "many" } } }
    local done, err = pcall(collect, cloud:client():flows())
    assert.is_false(done)
    assert.equal("protocol", err.kind)
  end)

  it("passes over nulls, and nothing behind them", function()
    local body = '{"RequestId":"r","Flows":[null,{"Name":"a"},null,null,{"Name":"b"},null],"NextToken":"%s"}'
    local cloud = fake_platform.new { { body = body:format "next" }, { body = body:format "" } }
    assert.same({ "a", "b", "a", "b" }, collect(cloud:client():flows()))
    cloud = fake_platform.new { { body = '{"RequestId":"r","Events":[null,{"Type":"MapRunStarted","EventId":2,'
      .. '"EventDetail":"{\\"MapRunName\\":\\"m\\"}"}]}' } }
    local found = cloud:client():map_runs { FlowName = "f", ExecutionName = "e" }()
    assert.equal("m", found and found.MapRunName)
  end)

  it("keeps one page and no more", function()
    local cloud = service.new { pages = { ListFlows = list("Flows", 30000, 300) } }
    local count, before, most = 0, nil, 0
    for _ in cloud:client { on_event = function() end }:flows() do
      count = count + 1
      if count % 3000 == 0 then
        cloud.log = {}
        collectgarbage()
        before = before or collectgarbage("count")
        most = math.max(most, collectgarbage("count") - before)
      end
    end
    assert.equal(30000, count)
    assert.is_true(most < 200, most .. " KiB more at the end than at the start")
  end)
end)

describe("client:pages", function()
  it("returns pages one by one, then nil", function()
    local cloud = service.new { pages = { ListFlows = list("Flows", 10, 4) } }
    local next_page, sizes = cloud:client():pages("ListFlows"), {}
    local page, err = next_page()
    while page do
      sizes[#sizes + 1] = #page.Flows
      page, err = next_page()
    end
    assert.is_nil(err)
    assert.same({ 4, 4, 2 }, sizes)
    assert.is_nil(next_page())
    assert.equal(3, #cloud.log)
  end)

  it("returns nil and the error, and the same page at the next call", function()
    local cloud = service.new { pages = { ListFlows = list("Flows", 10, 4) } }
    local down = false
    cloud.fault = function()
      return down and "before" or nil
    end
    local next_page = cloud:client():pages("ListFlows", {}, { max_attempts = 1 })
    assert.equal("entry-1", next_page().Flows[1].Name)
    down = true
    local page, err = next_page()
    assert.is_nil(page)
    assert.equal("network", err.kind)
    down = false
    assert.equal("entry-5", next_page().Flows[1].Name)
  end)

  it("raises at the caller's line what is wrong with the list's name or parameters", function()
    local client = service.new():client()
    for _, case in ipairs {
      { "ListFlow", {}, "did you mean ListFlows?" }, { 5, {}, "the name of a list expected first" },
      { "DescribeFlow", {}, "the name of a list expected first" },
      { "ListSchedules", {}, "missing parameter FlowName" }, { "ListFlows", { Limit = 0 }, "at least 1" },
    } do
      local done, message = pcall(function()
        client:pages(case[1], case[2])
      end)
      assert.is_false(done)
      assert.truthy(message:find("pages_spec%.lua:%d+: pages: "), message)
      assert.truthy(message:find(case[3], 1, true), message)
    end
  end)
end)
