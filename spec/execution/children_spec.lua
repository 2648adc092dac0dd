--- The children of a MapRun, page by page, and what ended them.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local failed_run = require "spec.support.failed_run"
local fake_platform = require "spec.support.fake_platform"

local function params(fields)
  local all = { Status = "Failed" }
  for name, value in pairs(fake_platform.names) do
    all[name] = value
  end
  for name, value in pairs(fields or {}) do
    all[name] = value or nil
  end
  return all
end

--- The names of the children that are found, and the error that ends it.
local function walk(cloud, options, fields)
  local found = {}
  local done, err = pcall(function()
    for child in cloud:client { rate_limit = false }:map_run_children(params(fields), options) do
      found[#found + 1] = child
    end
  end)
  return found, not done and err or nil
end

local function messages(cloud)
  local list = {}
  for _, fields in ipairs(cloud:heard "warning") do
    list[#list + 1] = fields.message
  end
  return table.concat(list, "\n"), #list
end

describe("the children of a MapRun", function()
  it("are all listed, page by page, with the service's fields", function()
    local cloud = failed_run.new { failed = 250 }
    local found, err = walk(cloud)
    assert.is_nil(err)
    assert.same({ 250, "child:1", '{"id":250}', "Failed" }, { #found, found[1].Name, found[250].Input,
      found[9].Status })
    assert.same({ DescribeMapRun = 1, ListExecutions = 3 }, cloud.asked)
    assert.equal("", (messages(cloud)))
  end)

  it("come with Error and Cause where they are asked for", function()
    local cloud = failed_run.new { failed = 20, history = function(name)
      return ('{"error":"E","cause":"of %s"}'):format(name)
    end }
    local found = walk(cloud, { causes = true })
    assert.same({ 20, "E", "of child:20" }, { #found, found[20].Error, found[20].Cause })
    assert.equal(20, cloud.asked.GetExecutionHistory)
  end)

  it("that succeeded have no cause to ask for", function()
    local cloud = failed_run.new { children = { failed_run.child(1, { Status = "Succeeded" }) },
      run = { ItemCounts = { Succeed = 1, Failed = 0, Total = 1 } } }
    local found = walk(cloud, { causes = true }, { Status = false })
    assert.same({ 1, nil }, { #found, cloud.asked.GetExecutionHistory })
  end)

  it("that are read over several pages of history have the cause of the last", function()
    local cloud = failed_run.new { failed = 1, answer = function(query)
      if query.Action == "GetExecutionHistory" then
        return { body = { RequestId = "r", NextToken = not query.NextToken and "2" or nil, Events = { query.NextToken
          and { Type = "ExecutionFailed", EventDetail = '{"error":"Last"}' }
          or { Type = "StepFailed", EventDetail = '{"error":"First","cause":"c"}' } } } }
      end
    end }
    local found = walk(cloud, { causes = true })
    assert.same({ "Last", "c" }, { found[1].Error, found[1].Cause })
  end)

  it("are none where none failed", function()
    local found, err = walk(failed_run.new {})
    assert.same({}, { #found > 0 or nil, err })
  end)

  it("are compared with the counts, and a difference is told with both numbers", function()
    local cloud = failed_run.new { failed = 4, run = { ItemCounts = { Failed = 6, Total = 9 } } }
    assert.equal(4, #walk(cloud))
    local text, count = messages(cloud)
    assert.equal(1, count)
    assert.truthy(text:find("4 of 6", 1, true), text)
  end)

  it("are not complained of where there are no counts, or more than they say", function()
    for _, counts in ipairs { false, {}, { Failed = "x" }, { Failed = 1 } } do
      local cloud = failed_run.new { failed = 2, run = { ItemCounts = counts or "odd" } }
      assert.equal(2, #walk(cloud))
      assert.equal("", (messages(cloud)))
    end
  end)

  it("of a MapRun that still runs are those so far, and it is told so", function()
    local cloud = failed_run.new { failed = 2, run = { Status = "Running" } }
    assert.equal(2, #walk(cloud))
    assert.truthy(messages(cloud):find("still Running", 1, true))
  end)

  it("are told of once although a growing list repeats some", function()
    local cloud = failed_run.new { failed = 6, answer = function(query, self)
      if query.Action == "ListExecutions" then
        local first = tonumber(query.NextToken or 1)
        return { body = { RequestId = "r", Executions = { self.children[first], self.children[first + 1],
          self.children[first + 2] }, NextToken = first < 4 and tostring(first + 2) or nil } }
      end
    end }
    local names = {}
    for index, child in ipairs((walk(cloud))) do
      names[index] = child.Name
    end
    assert.same({ "child:1", "child:2", "child:3", "child:4", "child:5", "child:6" }, names)
  end)

  it("are passed over where the list holds anything else", function()
    local cloud = failed_run.new { failed = 1, answer = function(query)
      if query.Action == "ListExecutions" then
        return { body = '{"RequestId":"r","Executions":[1,"x",{},null,{"Name":"child:1","Status":"Failed"}]}' }
      end
    end }
    local found, err = walk(cloud, { causes = true })
    assert.same({ 1, "child:1", "Timeout" }, { #found, found[1] and found[1].Name, found[1] and found[1].Error }, err)
  end)

  it("of a MapRun that does not exist are an error", function()
    local found, err = walk(failed_run.new { answer = function()
      return fake_platform.refusal(404, "ExecutionNotExists")
    end })
    assert.equal(0, #found)
    assert.same({ true, "ExecutionNotExists" }, { errors.is(err), err.code })
  end)

  it("come without causes, and with one warning, where histories may not be read", function()
    local cloud = failed_run.new { failed = 30, history = function()
      return fake_platform.refusal(403, "AccessDenied")
    end }
    local found, err = walk(cloud, { causes = true })
    assert.same({ 30, nil, nil }, { #found, found[1].Error, err })
    local text, count = messages(cloud)
    assert.equal(1, count)
    assert.truthy(text:find("may not read histories", 1, true), text)
    assert.equal(1, cloud.asked.GetExecutionHistory)
  end)

  it("come without the causes of those whose history is gone or odd, and with one warning", function()
    local cloud = failed_run.new { failed = 30, history = function(name)
      local number = tonumber(name:match("%d+"))
      return number % 3 == 0 and fake_platform.refusal(404, "ExecutionNotExists") or number % 3 == 1
        and { body = '{"RequestId":"r","Events":[3,null,{"Type":{}},{"Type":"ExecutionFailed"}]}' } or nil
    end }
    local found, err = walk(cloud, { causes = true })
    assert.same({ 30, nil, "Timeout", nil, nil }, { #found, found[1].Error, found[2].Error, found[3].Error, err })
    assert.equal(1, select(2, messages(cloud)))
  end)

  it("survive a page that stumbles", function()
    local left = 4
    local cloud = failed_run.new { failed = 100, answer = function(query)
      if query.NextToken and left > 0 then
        left = left - 1
        return { status = 500 }
      end
    end }
    local found, err = walk(cloud)
    assert.same({ 100, nil }, { #found, err })
  end)

  it("are asked for in short pages where a long one is more than an answer may be", function()
    local cloud = failed_run.new { failed = 100, answer = function(query)
      if query.Action == "ListExecutions" and tonumber(query.Limit) > 9 then
        return { kind = "protocol", message = "a body of more than 8 MiB" }
      end
    end }
    local found, err = walk(cloud)
    assert.same({ 100, nil, "child:100" }, { #found, err, found[100] and found[100].Name })
    found, err = walk(failed_run.new { failed = 10, answer = function(query)
      return query.Action == "ListExecutions" and { kind = "protocol", message = "odd" } or nil
    end })
    assert.same({ 0, "protocol" }, { #found, err.kind })
  end)

  it("that were found before the list breaks off are handed out, then the error is raised", function()
    local cloud = failed_run.new { failed = 150, answer = function(query)
      return query.NextToken and fake_platform.refusal(403, "AccessDenied") or nil
    end }
    local found, err = walk(cloud)
    assert.same({ 99, "AccessDenied" }, { #found, err and err.code })
  end)

  it("end with what was found when the caller gives up, at any moment", function()
    for moment = 1, 60 do
      local asked = 0
      local cloud = failed_run.new { failed = 20 }
      local found, err = walk(cloud, { causes = true, cancel = function()
        asked = asked + 1
        return asked > moment
      end })
      assert.is_true(err == nil and #found == 20 or err.kind == "cancelled", tostring(err))
    end
  end)

  it("keep a deadline, within the quota", function()
    local cloud = failed_run.new { failed = 500 }
    local found = {}
    local done, err = pcall(function()
      for child in cloud:client():map_run_children(params(), { causes = true, timeout = 20 }) do
        found[#found + 1] = child
      end
    end)
    assert.is_false(done)
    assert.same({ "timeout", true }, { err.kind, cloud.clock - 1000 <= 20 })
    -- Fifty histories at once but for the one that is left alone, five a second, and those that were asked for last.
    assert.is_true(#found >= 140 and #found <= 49 + 5 * 20 + 8, #found .. " found")
  end)

  it("tell of their progress after every page", function()
    local told = {}
    walk(failed_run.new { failed = 150 }, { on_progress = function(seen, expected)
      told[#told + 1] = seen .. "/" .. expected
    end })
    assert.same({ "99/150", "150/150" }, told)
  end)

  it("take memory for a page, however many they are", function()
    local count, most = 0, 0
    local cloud = failed_run.new { failed = 10000 }
    local client = cloud:client { rate_limit = false, on_event = function()
      cloud.events = {}
    end }
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for _ in client:map_run_children(params { Status = "Failed" }, { causes = true }) do
      count = count + 1
      if count % 1000 == 0 then
        collectgarbage()
        most = math.max(most, collectgarbage "count" - before)
      end
    end
    assert.equal(10000, count)
    assert.is_true(most < 2000, most .. " KiB")
  end)

  it("are asked for by names that are checked", function()
    local client = failed_run.new {}:client()
    for _, wrong in ipairs { {}, params { MapRunName = false }, params { Status = "Bad" }, params { Limit = 100 } } do
      assert.is_false((pcall(client.map_run_children, client, wrong)))
    end
    assert.is_false((pcall(client.map_run_children, client, params(), { cause = true })))
  end)
end)
