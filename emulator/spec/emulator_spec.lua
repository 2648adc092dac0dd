--- What the emulator answers, and what it refuses.
-- SPDX-License-Identifier: MIT
local asker = require "spec.support.signed_requests"

describe("the emulator", function()
  local emulator, client, run

  setup(function()
    emulator = assert(require("fnf.emulator").start())
    client = asker.new(emulator)
  end)

  teardown(function() emulator:stop() end)

  before_each(function()
    emulator:reset()
    emulator:clock { freeze = true }
    run = emulator:map_run { FlowName = "f", ExecutionName = "e", items = 100, Concurrency = 10, item_duration = 1 }
  end)

  after_each(function() assert.equal("", emulator:error_log()) end)

  local function refused(status, code, request)
    local got, object, headers = client:describe(run, request)
    assert.same({ status, code }, { got, object and object.Code })
    assert.equal(object.RequestId, headers["x-acs-request-id"])
    assert.equal(emulator.url:match "//(.*)$", object.HostId)
    return object.Message
  end

  describe("answering DescribeMapRun", function()
    it("tells all ten fields and six counters, and the state of the moment", function()
      local full = emulator:map_run { ToleratedFailedCount = 5, ToleratedFailedPercentage = 2.5, failure_share = 0.02,
        items = 200, Concurrency = 20, item_duration = 1 }
      emulator:clock { advance = 4 }
      local status, object, headers = client:describe(full)
      assert.equal(200, status)
      assert.equal("application/json;charset=utf-8", headers["content-type"])
      assert.matches("^%x+$", object.RequestId)
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%+08:00$", object.StartedTime)
      object.RequestId, object.StartedTime = nil, nil
      assert.same({
        ExecutionName = "execution", MapRunName = full.MapRunName, Status = "Running", Concurrency = 20,
        ToleratedFailedCount = 5, ToleratedFailedPercentage = 2.5,
        ItemCounts = { Pending = 100, Running = 20, Succeed = 78, Failed = 2, Aborted = 0, Total = 200 },
      }, object)
    end)

    it("ends exactly as the simulation said it would", function()
      local failing = emulator:map_run { items = 2000, Concurrency = 100, failure_share = 0.03,
        ToleratedFailedPercentage = 3 }
      assert.same({ 20, "Succeeded", 60 }, { failing.ends_after, failing.final_status, failing.final_counts.Failed })
      emulator:clock { advance = 20 }
      local _, object = client:describe(failing)
      assert.equal("Succeeded", object.Status)
      assert.same(failing.final_counts, object.ItemCounts)
      assert.matches("%+08:00$", object.StoppedTime)
    end)

    it("leaves out what is not there", function()
      local pending = emulator:map_run { pending = 60 }
      local _, object = client:describe(pending)
      assert.equal("Pending", object.Status)
      for _, name in ipairs { "StartedTime", "StoppedTime", "ToleratedFailedCount", "ToleratedFailedPercentage" } do
        assert.is_nil(object[name])
      end
    end)

    it("adopts the caller's RequestId", function()
      local _, object, headers = client:describe(run, { query = { RequestId = "my-own.id_1" } })
      assert.same({ "my-own.id_1", "my-own.id_1" }, { object.RequestId, headers["x-acs-request-id"] })
      _, object = client:describe(run, { query = { RequestId = "no\r\nheader: of mine" } })
      assert.matches("^%x+$", object.RequestId)
    end)

    it("speaks HTTP/1.1 and, over TLS with its own CA, HTTP/2", function()
      local secure = asker.new(emulator, { https = true })
      assert.equal(200, (client:describe(run)))
      assert.equal(200, (secure:describe(run)))
      assert.equal(200, (secure:describe(run, { family = "ACS3-HMAC-SHA256" })))
      local log = emulator:requests()
      assert.same({ "HTTP/1.1", "http" }, { log.requests[1].protocol, log.requests[1].scheme })
      assert.same({ "HTTP/2.0", "https" }, { log.requests[3].protocol, log.requests[3].scheme })
      assert.equal(log.requests[2].connection, log.requests[3].connection)
    end)
  end)

  describe("answering UpdateMapRun", function()
    local function update(query, request)
      request = request or {}
      request.action = "UpdateMapRun"
      request.query = { FlowName = "f", ExecutionName = "e", MapRunName = run.MapRunName }
      for name, value in pairs(query) do
        request.query[name] = value
      end
      return client:ask(request)
    end

    it("changes the run from then on and echoes the settings", function()
      emulator:clock { advance = 5 }
      local status, object = update { Concurrency = "50", ToleratedFailedCount = "7",
        ToleratedFailedPercentage = "12.5" }
      assert.equal(200, status)
      object.RequestId = nil
      assert.same({
        FlowName = "f", ExecutionName = "e", MapRunName = run.MapRunName, Concurrency = 50, ToleratedFailedCount = 7,
        ToleratedFailedPercentage = 12.5,
      }, object)
      emulator:clock { advance = 0.5 }
      local _, look = client:describe(run)
      assert.same({ 50, 7, 12.5, 75, 25 }, {
        look.Concurrency, look.ToleratedFailedCount, look.ToleratedFailedPercentage, look.ItemCounts.Succeed,
        look.ItemCounts.Running,
      })
    end)

    it("refuses values outside the documented ranges", function()
      for _, case in ipairs {
        { { Concurrency = "0" }, "Concurrency must be at least 1." },
        { { Concurrency = "2.5" }, "Concurrency must be an integer." },
        { { Concurrency = "" }, "Concurrency must be an integer." },
        { { ToleratedFailedCount = "-1" }, "ToleratedFailedCount must be at least 0." },
        { { ToleratedFailedPercentage = "100.1" }, "ToleratedFailedPercentage must be at most 100." },
        { { ToleratedFailedPercentage = "nan" }, "ToleratedFailedPercentage must be a number." },
        { { ToleratedFailedPercentage = "0x10" }, "ToleratedFailedPercentage must be a number." },
      } do
        local status, object = update(case[1])
        assert.same({ 400, "InvalidArgument", "Parameter error. " .. case[2] }, { status, object.Code, object.Message })
      end
      local _, look = client:describe(run)
      assert.equal(10, look.Concurrency)
    end)

    it("refuses a run that has ended", function()
      emulator:clock { advance = 10 }
      local status, object = update { Concurrency = "5" }
      assert.same({ 412, "PreconditionFailed" }, { status, object.Code })
    end)

    it("is a GET, as documented", function()
      local status, object = update({}, { method = "POST" })
      assert.same({ 400, "ActionNotSupported" }, { status, object.Code })
    end)
  end)

  describe("refusing", function()
    it("names what does not exist", function()
      assert.equal("Flow g does not exist.", refused(404, "FlowNotExists", { query = { FlowName = "g" } }))
      assert.equal("Execution x for flow f does not exist.",
        refused(404, "ExecutionNotExists", { query = { ExecutionName = "x" } }))
      assert.equal("Execution m for flow f does not exist.",
        refused(404, "ExecutionNotExists", { query = { MapRunName = "m" } }))
    end)

    it("names the missing parameter", function()
      for _, name in ipairs { "FlowName", "ExecutionName", "MapRunName" } do
        assert.equal(("The HTTP query '%s' must be specified."):format(name),
          refused(400, "MissingRequiredParams", { query = { [name] = "" } }))
      end
    end)

    it("names the missing part of a signature", function()
      for _, name in ipairs { "AccessKeyId", "SignatureNonce", "Timestamp", "Version", "SignatureMethod",
        "SignatureVersion", "Format" } do
        assert.matches(name, refused(400, "MissingRequiredParams", { common = { [name] = false } }))
      end
      for _, name in ipairs { "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce",
        "x-acs-content-sha256" } do
        assert.equal(("The HTTP header '%s' must be specified."):format(name),
          refused(400, "MissingRequiredHeader", { family = "ACS3-HMAC-SHA256", common = { [name] = false } }))
      end
    end)

    it("knows its version, its operations and its path, in the right case", function()
      assert.equal("The requested API version '2015-01-01' is not supported yet. Please check.",
        refused(400, "APIVersionNotSupported", { common = { Version = "2015-01-01" } }))
      assert.equal("The requested API operation 'describemaprun' is incorrect. Please check.",
        refused(400, "ActionNotSupported", { common = { Action = "describemaprun" } }))
      refused(404, "InvalidApi.NotFound", { path = "/somewhere" })
      refused(400, "ActionNotSupported", { method = "POST" })
      refused(400, "InvalidArgument", { common = { Format = "XML" } })
    end)

    it("takes no more than 1,024 KiB", function()
      assert.equal("The payload size exceeds maximum allowed size (1048576 bytes).", refused(400, "EntityTooLarge", {
        form = { Input = ("x"):rep(1024 * 1024) },
      }))
      refused(400, "EntityTooLarge", { form = { Input = ("x"):rep(3 * 1024 * 1024) } })
      refused(400, "ActionNotSupported", { form = { Input = ("x"):rep(1000 * 1000) } })
    end)

    it("knows a key that may not do this", function()
      emulator:key { id = "clerk", secret = "s", deny = { "UpdateMapRun" } }
      emulator:key { id = "nobody", secret = "s", deny = { "*" } }
      assert.equal(200, (client:describe(run, { id = "clerk", secret = "s" })))
      refused(403, "AccessDenied", { id = "nobody", secret = "s" })
    end)

    it("can be made to answer every one of the 16 documented codes", function()
      local seen = {}
      local function collect(request)
        local status, object = client:describe(run, request)
        seen[object.Code] = status
      end
      emulator:key { id = "nobody", secret = "s", deny = { "*" } }
      for _, request in ipairs {
        { query = { FlowName = "g" } }, { query = { ExecutionName = "g" } }, { query = { FlowName = "" } },
        { common = { Version = "1" } }, { common = { Action = "Nothing" } }, { common = { Format = "XML" } },
        { id = "unknown" }, { id = "nobody", secret = "s" }, { age = 1000 }, { secret = "wrong" },
        { family = "ACS3-HMAC-SHA256", common = { ["x-acs-date"] = false } },
        { form = { Input = ("x"):rep(1024 * 1024) } },
      } do
        collect(request)
      end
      emulator:quota { enforce = true, limits = { DescribeMapRun = { size = 1, refill = 0 } } }
      client:describe(run)
      collect()
      emulator:quota { enforce = false }
      for _, code in ipairs { "PreconditionFailed", "InternalServerError", "UnsupportedMediaType" } do
        emulator:fault { code = code }
        collect()
      end
      assert.same({
        InvalidArgument = 400, MissingRequiredHeader = 400, MissingRequiredParams = 400, ActionNotSupported = 400,
        APIVersionNotSupported = 400, EntityTooLarge = 400, PreconditionFailed = 412, InternalServerError = 500,
        InvalidAccessKeyID = 403, RequestTimeTooSkewed = 403, SignatureNotMatch = 403, AccessDenied = 403,
        ExecutionNotExists = 404, FlowNotExists = 404, UnsupportedMediaType = 415, ResourceThrottled = 429,
      }, seen)
    end)
  end)
end)

describe("an emulator with the sample", function()
  it("has the flow and the MapRuns of the README's examples, which begin when they are first asked for", function()
    local emulator = assert(require("fnf.emulator").start { sample = true })
    local client = asker.new(emulator)
    local function status_of(name)
      local _, object = client:describe { FlowName = "orders", ExecutionName = name,
        MapRunName = "5f2c8d1e0a7b4c3d9e6f8a1b2c3d4e5f" }
      return object.Status, object.ItemCounts
    end
    for _ = 1, 2 do
      emulator:clock { freeze = true, advance = 100 }
      local status, counts = status_of "nightly-1"
      assert.equal("Running", status)
      assert.equal(0, counts.Succeed)
      emulator:clock { advance = 15 }
      status, counts = status_of "nightly-1"
      assert.same({ "Succeeded", 294, 6 }, { status, counts.Succeed, counts.Failed })
      status, counts = status_of "nightly-2"
      assert.same({ "Failed", 16 }, { status, counts.Failed })
      assert.equal("Running", (status_of "nightly-3"))
      emulator:reset()
    end
    assert.equal("", emulator:error_log())
    emulator:stop()
  end)
end)
