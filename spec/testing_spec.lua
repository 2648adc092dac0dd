--- What users test their programs with: scripted answers, faults, a clock moved by hand, and what was asked.
-- SPDX-License-Identifier: MIT

local file = require "pl.file"
local testing = require "fnf.testing"

local RUN = { FlowName = "orders", ExecutionName = "nightly-1", MapRunName = "5f2c8d1e" }
local DONE = { Status = "Succeeded", ItemCounts = { Total = 10, Succeed = 10 } }

describe("a scripted client", function()
  it("gives the answers in their order, with a RequestId, and tells what was asked", function()
    local client, fake = testing.client { { Status = "Running", Name = "a" }, { Name = "b" }, {} }
    assert.equal("Running", client:describe_execution { FlowName = "f", ExecutionName = "a" }.Status)
    assert.equal("b", client:describe_flow { Name = "b" }.Name)
    local result = client:start_execution { FlowName = "f", ExecutionName = "c", Input = { day = 1 } }
    assert.equal("request-3", result.RequestId)
    assert.same({ { FlowName = "f", ExecutionName = "a" }, { Name = "b" },
      { FlowName = "f", ExecutionName = "c", Input = '{"day":1}' } }, fake:asked())
    assert.same({ { Name = "b" } }, fake:asked "DescribeFlow")
    assert.same({}, fake:asked "StopExecution")
    assert.same({ "DescribeExecution", "DescribeFlow", "StartExecution" },
      { fake.sent[1].action, fake.sent[2].action, fake.sent[3].action })
  end)

  it("tells what was asked whatever the signature", function()
    local client, fake = testing.client({ {} }, { signature = "ACS3-HMAC-SHA256" })
    assert(client:create_flow { Name = "b", Type = "FDL", Definition = "x", Description = "y" })
    assert.same({ { Name = "b", Type = "FDL", Definition = "x", Description = "y" } }, fake:asked "CreateFlow")
  end)

  it("is deaf to the environment, and hears the one it is given", function()
    local client, fake = testing.client { {} }
    assert(client:describe_regions {})
    assert.equal("https://cn-hangzhou.fnf.aliyuncs.com/", fake.sent[1].url:match("^[^?]*"))
    local other = testing.new { {}, {} }
    other.environment.FNF_ENDPOINT = "http://127.0.0.1:1"
    assert(other:client():describe_regions {})
    assert.matches("^http://127.0.0.1:1/", other.sent[1].url)
  end)

  it("gives each operation its own, and the rest the others", function()
    local client, fake = testing.client {
      { Name = "of the rest" },
      DescribeExecution = { { Status = "Running", times = 2 }, { Status = "Succeeded" } },
      DescribeFlow = function(request) return { Description = request.params.Name:upper() } end,
    }
    assert.equal("Running", client:describe_execution { FlowName = "f", ExecutionName = "a" }.Status)
    assert.equal("of the rest", client:describe_schedule { FlowName = "f", ScheduleName = "s" }.Name)
    assert.equal("X", client:describe_flow { Name = "x" }.Description)
    assert.equal("Y", client:describe_flow { Name = "y" }.Description)
    assert.equal("Running", client:describe_execution { FlowName = "f", ExecutionName = "a" }.Status)
    assert.equal(1, fake:left())
    assert.equal("Succeeded", client:describe_execution { FlowName = "f", ExecutionName = "a" }.Status)
    assert.equal(0, fake:left())
  end)

  it("leaves the caller's lists as they are, and takes one answer twice in a list for two", function()
    local list = { DONE, DONE, DescribeFlow = { DONE } }
    for _ = 1, 2 do
      local client, fake = testing.client(list)
      assert.equal(3, fake:left())
      for _ = 1, 2 do
        assert.equal("Succeeded", client:describe_map_run(RUN).Status)
      end
      assert(client:describe_flow { Name = "f" })
      assert.equal(0, fake:left())
    end
    assert.equal(2, #list)
    assert.equal(1, #list.DescribeFlow)
  end)

  it("raises when nothing is scripted for a request, and names it", function()
    local client = testing.client { {} }
    assert(client:describe_regions {})
    local _, raised = pcall(client.describe_flow, client, { Name = "f" })
    assert.equal("no answer is scripted for request 2, DescribeFlow", raised)
    _, raised = pcall(function() return testing.client():describe_regions {} end)
    assert.equal("no answer is scripted for request 1, DescribeRegions", raised)
  end)

  it("lasts six hours in a moment", function()
    local client, fake = testing.client { { Status = "Running", ItemCounts = { Total = 10, Running = 10 },
      lasts = 6 * 3600 }, DONE }
    local started = os.clock()
    local run = assert(client:wait_map_run(RUN, { timeout = 7 * 3600 }))
    assert.equal("Succeeded", run.Status)
    assert.is_true(fake.clock >= 6 * 3600 and fake.clock < 6.2 * 3600, fake.clock)
    assert.is_true(math.abs(fake:slept() - fake.clock) < 1)
    assert.is_true(os.clock() - started < 5)
    assert.equal(0, fake:left())
  end)

  it("waits in vain for what runs for ever, until the deadline", function()
    local client, fake = testing.client { { Status = "Running", times = math.huge } }
    assert.equal(1, fake:left())
    local run, err = client:wait_map_run(RUN, { timeout = 3600 })
    assert.same({ nil, "timeout", "Running" }, { run, err.kind, err.last.Status })
    assert.equal(0, fake:left())
    assert.is_true(fake.clock > 3590 and fake.clock <= 3600, fake.clock)
  end)
end)

describe("a scripted fault", function()
  local SEEN = {
    { "429", "service", "ResourceThrottled", 429 },
    { "500", "service", "InternalServerError", 500 },
    { "503", "service", "ServiceUnavailable", 503 },
    { "403", "service", "AccessDenied", 403 },
    { "502", "protocol", nil, 502 },
    { "404", "protocol", nil, 404 },
    { "reset", "network" },
    { "refused", "network" },
    { "truncate", "protocol" },
    { "timeout", "timeout" },
    { "tls", "tls" },
    { { status = 404, Code = "FlowNotExists", Message = "no such flow" }, "service", "FlowNotExists", 404 },
    { { fault = "429", Code = "Throttling.User", takes = 2 }, "service", "Throttling.User", 429 },
    { { kind = "tls", message = "certificate has expired", retryable = false }, "tls" },
    { { body = "<html>" }, "protocol", nil, 200 },
    { { status = 200 }, "protocol", nil, 200 },
    { { takes = 100, Status = "Running" }, "timeout" },
  }
  for i, row in ipairs(SEEN) do
    it(("comes as the world's does, row %d"):format(i), function()
      local client, fake = testing.client({ row[1] }, { max_attempts = 1 })
      local result, err = client:describe_flow { Name = "f" }
      assert.is_nil(result)
      assert.same({ row[2], row[3], row[4] }, { err.kind, err.code, err.status })
      assert.equal(0, fake:left())
    end)
  end

  it("is tried again where the real one is", function()
    local client, fake = testing.client { "429", "reset", { Name = "f" }, "truncate", { fault = "reset", times = 2 } }
    assert.equal("f", client:describe_flow { Name = "f" }.Name)
    assert.same({ 3, 2 }, { #fake:asked "DescribeFlow", #fake.sleeps })
    assert.same({ 1, 1 }, { #fake:heard "throttle", #fake:heard "retry" })
    local result, err = client:describe_flow { Name = "f" }
    assert.same({ nil, "network", 3 }, { result, err.kind, err.attempts })
  end)

  it("takes its time", function()
    local client, fake = testing.client { { Name = "f", takes = 3 }, "timeout", { Name = "g" } }
    assert(client:describe_flow { Name = "f" })
    assert.equal(3, fake.clock)
    assert(client:describe_flow { Name = "g" })
    assert.is_true(fake.clock >= 3 + 15)
  end)

  it("obeys the hint among its headers", function()
    local client, fake = testing.client { { fault = "429", headers = { ["retry-after"] = "7" } }, {} }
    assert(client:describe_regions {})
    assert.same({ 7 }, fake.sleeps)
  end)
end)

describe("the clock", function()
  it("goes on by sleeps, answers and testing.advance, for all fakes alike", function()
    local client, fake = testing.client { {}, {} }
    local other = testing.new()
    testing.advance(60)
    testing.advance(0.5)
    assert.same({ 60.5, 60.5 }, { fake.clock, other.clock })
    assert(client:describe_regions {})
    assert.equal(60.5, fake.sent[1].at)
  end)

  it("may be moved while an answer is on its way", function()
    local client = testing.client { function()
      testing.advance(10)
      return { Status = "Running" }
    end }
    local run, err = client:wait_map_run(RUN, { timeout = 100, max_polls = 50 })
    assert.is_nil(run)
    assert.equal("timeout", err.kind)
    assert.is_true(err.observed.polls == nil or err.observed.polls <= 10)
  end)
end)

describe("fnf.testing raises at the caller's line", function()
  local MISUSE = {
    { function() testing.client(5) end, "fnf.testing.client: answer: a list of answers expected, got number" },
    { function() testing.client { 5 } end, "fnf.testing.client: answer 1: a table, the name of a fault or a function "
      .. "expected, got number" },
    { function() testing.client { {}, "reste" } end, 'answer 2: there is no fault "reste" (did you mean "reset"?)' },
    { function() testing.client { "200" } end, 'answer 1: there is no fault "200": give an HTTP status such as "429", '
      .. "or a name of testing.faults" },
    { function() testing.client { { time = 3 } } end, "answer 1: unknown entry time (did you mean times?)" },
    { function() testing.client { { times = "3" } } end, "answer 1: entry times must be a number that is not" },
    { function() testing.client { { fault = "x" } } end, 'answer 1: there is no fault "x"' },
    { function() testing.client { { fault = "reset", kind = "tls" } } end, "answer 1: entries fault and kind exclude" },
    { function() testing.client { describe_map_run = {} } end, "there is describe_map_run" },
    { function() testing.client { DescribeMapRuns = {} } end,
      "there is no operation DescribeMapRuns (did you mean DescribeMapRun?)" },
    { function() testing.client { DescribeMapRun = { 7 } } end, "DescribeMapRun 1: a table, the name" },
    { function() testing.client({}, { regoin = "x" }) end, "fnf.testing.client: unknown option regoin" },
    { function() testing.new():client { regoin = "x" } end, "fnf.testing: fake:client: unknown option regoin" },
    { function() testing.new():asked "DescribeMapRuns" end, "did you mean DescribeMapRun?" },
    { function() testing.new(7) end, "fnf.testing.new: answer: a list" },
    { function() testing.new(print) end, "fnf.testing.new: a list of answers expected" },
    { function() testing.client(print) end, "fnf.testing.client: a list of answers expected" },
    { function() testing.client({}, 7) end, "fnf.testing.client: a table of options expected, got number" },
    { function() testing.new():client "x" end, "fnf.testing: fake:client: a table of options expected, got string" },
    { function() testing.advance(-1) end, "fnf.testing.advance: a number of seconds" },
    { function() testing.advance(0 / 0) end, "fnf.testing.advance: a number of seconds" },
    { function() testing.advance(math.huge) end, "fnf.testing.advance: a number of seconds" },
  }
  for i, row in ipairs(MISUSE) do
    it(("row %d"):format(i), function()
      local _, raised = pcall(row[1])
      assert.matches("testing_spec.lua:%d+: ", raised)
      assert.truthy(raised:find(row[2], 1, true), raised)
    end)
  end

  it("or, for what a function gave, from the call", function()
    local client = testing.client { function() return { tmes = 1 } end }
    local _, raised = pcall(client.describe_regions, client, {})
    assert.equal("the answer to request 1: unknown entry tmes (did you mean times?)", raised)
  end)
end)

describe("docs/testing.md", function()
  it("names every fault, every entry of an answer and every function", function()
    local page = file.read "docs/testing.md"
    local names = { "testing.client", "testing.new", "testing.advance", "fake:client", "fake:asked", "fake:heard",
      "fake:left", "fake:slept", "fake.sent", "fake.clock", "fake.sleeps", "fake.events", "fake.environment",
      "fake.files", "fake.chance", "fake.answers" }
    for name in pairs(testing.faults) do
      names[#names + 1] = '"' .. name .. '"'
    end
    for _, name in ipairs { "status", "headers", "body", "fault", "kind", "message", "retryable", "sent", "takes",
      "times", "lasts" } do
      names[#names + 1] = "`" .. name .. "`"
    end
    for _, name in ipairs(names) do
      assert.truthy(page:find(name, 1, true), name)
    end
  end)

  it("reads keys from the files it has, and says of those it has not that they are not there", function()
    local fnf = require "fnf"
    local names = { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
    local fake = testing.new { { times = 2, Status = "Running", MapRunName = "m" } }
    fake.environment.HOME = "/home"
    local client = fake:client { credentials = fnf.credentials.profile "p" }
    local _, err = client:describe_map_run(names)
    assert.matches("/home/.aliyun/config.json (No such file or directory)", err.message, 1, true)
    fake.files["/home/.aliyun/config.json"] =
      '{"profiles":[{"name":"p","mode":"AK","access_key_id":"FromFile","access_key_secret":"b"}]}'
    assert(client:describe_map_run(names))
    assert.equal("FromFile", fake.sent[1].query.AccessKeyId)
  end)
end)
