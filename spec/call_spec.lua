--- client:call, and how requests of rows and of unlisted operations travel.
-- SPDX-License-Identifier: MIT

local fake_platform = require "spec.support.fake_platform"
local fnf = require "fnf"

local function new_client(answer, options)
  local sent = {}
  local all = { region = "cn-hangzhou", access_key_id = "id", access_key_secret = "secret", max_attempts = 1,
    transport = function(request)
      sent[#sent + 1] = request
      return answer or { status = 200, headers = {}, body = '{"RequestId":"r"}' }
    end }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return fnf.new(all), sent
end

local function has(text, word)
  return (text or ""):find(word, 1, true) ~= nil
end

describe("client:call", function()
  it("sends an operation we do not know as a form, once", function()
    local client, sent = new_client({ status = 500, headers = {}, body = '{"Code":"InternalServerError"}' },
      { max_attempts = 3 })
    local result, err = client:call("ListMapRuns", { FlowName = "f", Deep = { a = { 1 } }, Yes = true, N = 3 })
    assert.is_nil(result)
    assert.equal("ListMapRuns", err.operation)
    assert.is_true(err.outcome_unknown)
    assert.equal(1, #sent)
    assert.equal("POST", sent[1].method)
    assert.is_true(has(sent[1].url, "Action=ListMapRuns"))
    assert.equal("Deep=%7B%22a%22%3A%5B1%5D%7D&FlowName=f&N=3&Yes=true", sent[1].body)
  end)

  it("sends it as a query where the caller says GET, and repeats it where the caller says so", function()
    local client, sent = new_client({ status = 500, headers = { ["retry-after"] = "0" }, body = "{}" },
      { max_attempts = 2 })
    client:call("ListMapRuns", { FlowName = "f" }, { method = "GET", repeatable = true })
    assert.equal(2, #sent)
    assert.equal("GET", sent[2].method)
    assert.is_nil(sent[2].body)
    assert.is_true(has(sent[2].url, "FlowName=f"))
  end)

  it("takes what we know of an operation from its row, and its parameters as they are", function()
    local client, sent = new_client()
    assert(client:call("ReportTaskSucceeded", { TaskToken = "t", Output = "{}", Brand = "new" }))
    assert.equal("POST", sent[1].method)
    assert.is_true(has(sent[1].url, "TaskToken=t"))
    assert.equal("Brand=new&Output=%7B%7D", sent[1].body)
  end)

  it("takes no number that has lost digits, nor one that is none", function()
    local client, sent = new_client()
    for _, row in ipairs { { 2 ^ 60, "digits may be lost already" }, { math.huge, "must be finite" } } do
      local done, raised = pcall(function() client:call("NewAction", { N = row[1] }) end)
      assert.is_false(done)
      assert.is_true(has(raised, row[2]), raised)
    end
    assert.equal(0, #sent)
  end)

  it("is not sent once its deadline has passed, while its cancel was asked, say", function()
    local cloud = fake_platform.new { fake_platform.run() }
    local _, err = cloud:client():describe_map_run(fake_platform.names, { timeout = 5, cancel = function()
      cloud.clock = cloud.clock + 6
    end })
    assert.same({ "timeout", false, 0 }, { err.kind, err.sent, #cloud.sent })
  end)

  it("tells of a region that may be misspelt where its host is not found", function()
    local cloud = fake_platform.new { { kind = "network", message = "Could not resolve host", sent = false } }
    local _, err = cloud:client({ region = "cn-hangzou", max_attempts = 1 }):describe_map_run(fake_platform.names)
    assert.is_true(has(err.message, "Could not resolve host; ") and has(err.message, "cn-hangzhou"), err.message)
  end)

  it("needs no parameters", function()
    local client, sent = new_client()
    assert(client:call("DescribeRegions"))
    assert.equal("", sent[1].body)
  end)

  it("raises at the caller's line what cannot be sent", function()
    local client, sent = new_client()
    for _, case in ipairs {
      { {}, {}, "the name of an operation expected" },
      { "Two words", {}, "the name of an operation expected" },
      { "Do", "text", "a table of parameters expected, got string" },
      { "Do", { Signature = "x" }, "parameter Signature belongs to every request" },
      { "Do", { AccessKeyId = "x" }, "parameter AccessKeyId belongs to every request" },
      { "Do", { ["a b"] = "x" }, "must be a word" },
      { "Do", { 1 }, "must be a word" },
      { "Do", { A = print }, "parameter A must be a string, number, boolean or table, is a function" },
      { "Do", { A = 0 / 0 }, "parameter A must be finite" },
      { "Do", { A = { print } }, "parameter A cannot be written as JSON" },
      { "Do", {}, "option method must be one of", { method = "PUT" } },
    } do
      local done, message = pcall(function()
        client:call(case[1], case[2], case[4])
      end)
      assert.is_false(done)
      assert.truthy(message:find("call_spec%.lua:%d+: call: "), message)
      assert.truthy(message:find(case[3], 1, true), message)
    end
    assert.equal(0, #sent)
  end)
end)

describe("an operation", function()
  it("gets the time it takes: 310 s to run an Express flow, the wait and 10 s more for a held request", function()
    local client, sent = new_client { status = 200, headers = {}, body = '{"RequestId":"r","Status":"Running"}' }
    assert(client:start_sync_execution { FlowName = "f" })
    assert(client:describe_execution { FlowName = "f", ExecutionName = "e", WaitTimeSeconds = 60 })
    assert(client:describe_execution { FlowName = "f", ExecutionName = "e", WaitTimeSeconds = 0 })
    assert(client:describe_execution { FlowName = "f", ExecutionName = "e" })
    assert(client:describe_execution({ FlowName = "f", ExecutionName = "e", WaitTimeSeconds = 60 },
      { attempt_timeout = 5 }))
    local timeouts = {}
    for i, request in ipairs(sent) do
      timeouts[i] = request.timeout
    end
    assert.same({ 310, 70, 15, 15, 5 }, timeouts)
  end)

  it("writes tables as JSON and leaves the JSON strings of a result as they are", function()
    local client, sent = new_client { status = 200, headers = {},
      body = '{"RequestId":"r","Status":"Running","Name":"e","Input":"{\\"a\\":1.0}","Output":null}' }
    local result = assert(client:start_sync_execution { FlowName = "f", Input = { a = 1 } })
    assert.is_true(has(sent[1].body, "Input=%7B%22a%22%3A1%7D"))
    assert.equal('{"a":1.0}', result.Input)
    assert.is_nil(result.Output)
    assert.equal("1", tostring(fnf.decode(result.Input).a))
  end)

  it("has integers in nested records, and Weight as one even where it comes as text", function()
    local client = new_client { status = 200, headers = {}, body = '{"RequestId":"r","Aliases":[{"Name":"a",'
      .. '"RoutingConfigurations":[{"Version":"1","Weight":"30"},{"Version":"2","Weight":70}]}]}' }
    local routes = assert(client:list_flow_aliases { FlowName = "f" }).Aliases[1].RoutingConfigurations
    assert.equal("30", tostring(routes[1].Weight))
    assert.equal(100, routes[1].Weight + routes[2].Weight)
    assert.equal("1", routes[1].Version)
  end)

  it("is not repeated after PreconditionFailed if it writes, and is if it reads", function()
    local refusal = { status = 412, headers = { ["retry-after"] = "0" }, body = '{"Code":"PreconditionFailed"}' }
    local client, sent = new_client(refusal, { max_attempts = 2 })
    local _, err = client:update_flow { Name = "f", Description = "d" }
    assert.equal(1, #sent)
    assert.is_false(err.retryable)
    assert.is_nil(err.outcome_unknown)
    client:describe_flow { Name = "f" }
    assert.equal(3, #sent)
  end)

  it("is repeated after a refusal that asks for it, even if it must not be repeated otherwise", function()
    local refusal = { status = 409, headers = { ["retry-after"] = "0" }, body = '{"Code":"ConcurrentUpdateError"}' }
    local client, sent = new_client(refusal, { max_attempts = 2 })
    client:create_schedule { FlowName = "f", ScheduleName = "s", CronExpression = "0 * * * * *" }
    assert.equal(2, #sent)
  end)
end)
