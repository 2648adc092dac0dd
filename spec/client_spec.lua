--- The way of a call: signed, sent, read; told by events; never a secret in any text.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"
local fake_platform = require "spec.support.fake_platform"
local signing = require "fnf.call.request"

describe("a call", function()
  it("asks for what was named, as the service spells it", function()
    local cloud = fake_platform.new { fake_platform.run { Status = "Succeeded" } }
    local run = assert(cloud:client():describe_map_run(fake_platform.names))
    assert.equal("Succeeded", run.Status)
    local sent = cloud.sent[1]
    assert.equal("GET", sent.method)
    assert.equal(1, (sent.url:find("https://cn-hangzhou.fnf.aliyuncs.com/?", 1, true)))
    for name, value in pairs { Action = "DescribeMapRun", Version = "2019-03-15", Format = "json",
      SignatureMethod = "HMAC-SHA1", SignatureVersion = "1.0", AccessKeyId = "KeyOfTheSpec",
      FlowName = fake_platform.names.FlowName, ExecutionName = fake_platform.names.ExecutionName,
      MapRunName = fake_platform.names.MapRunName } do
      assert.equal(value, sent.query[name])
    end
    assert.is_nil(sent.query.SecurityToken)
    assert.is_nil(sent.body)
  end)

  it("carries a security token where there is one", function()
    local cloud = fake_platform.new { fake_platform.run(), fake_platform.run() }
    assert(cloud:client({ security_token = fake_platform.token }):describe_map_run(fake_platform.names))
    assert.equal(fake_platform.token, cloud.sent[1].query.SecurityToken)
    assert(cloud:client({ security_token = fake_platform.token,
      signature = "ACS3-HMAC-SHA256" }):describe_map_run(fake_platform.names))
    assert.equal(fake_platform.token, cloud.sent[2].headers["x-acs-security-token"])
  end)

  it("leaves the caller's tables as they are", function()
    local cloud = fake_platform.new { fake_platform.refusal(429, "X"), fake_platform.run() }
    local params = { FlowName = "f", ExecutionName = "e", MapRunName = fake_platform.names.MapRunName }
    local options = { attempt_timeout = 3, timeout = 20, max_attempts = 2 }
    assert(cloud:client():describe_map_run(params, options))
    assert.same({ FlowName = "f", ExecutionName = "e", MapRunName = fake_platform.names.MapRunName }, params)
    assert.same({ attempt_timeout = 3, timeout = 20, max_attempts = 2 }, options)
  end)

  it("sends parameters that the caller's table inherits", function()
    local cloud = fake_platform.new { fake_platform.run() }
    local heir = setmetatable({ MapRunName = fake_platform.names.MapRunName }, { __index = fake_platform.names })
    assert(cloud:client():describe_map_run(heir))
    assert.equal(fake_platform.names.FlowName, cloud.sent[1].query.FlowName)
  end)

  it("makes its key once for all that the same credentials sign", function()
    local made, own = 0, signing.key
    function signing.key(...)
      made = made + 1
      return own(...)
    end
    local cloud = fake_platform.new { fake_platform.run({}, { times = 6 }) }
    local client = cloud:client { credentials = function()
      return { access_key_id = "KeyOfTheSpec", access_key_secret = fake_platform.secret,
        expires = cloud.platform.time() + 3600 }
    end }
    for call = 1, 6 do
      assert(client:describe_map_run(fake_platform.names))
      cloud.clock = cloud.clock + (call == 3 and 3600 or 1)
    end
    signing.key = own
    assert.equal(2, made)
  end)

  it("says its name and version, or the caller's", function()
    local cloud = fake_platform.new { fake_platform.run(), fake_platform.run() }
    assert(cloud:client():describe_map_run(fake_platform.names))
    assert.is_truthy(cloud.sent[1].headers["user-agent"]:find("^fnf%-lua/%d"))
    assert(cloud:client({ user_agent = "mine/1" }):describe_map_run(fake_platform.names))
    assert.equal("mine/1", cloud.sent[2].headers["user-agent"])
  end)
end)

describe("a transport of the caller's", function()
  local function ask(transport, options)
    local cloud = fake_platform.new()
    options = options or {}
    options.transport, options.max_attempts = transport, options.max_attempts or 1
    return cloud:client(options):describe_map_run(fake_platform.names)
  end

  it("sends instead of libcurl, with all that is needed", function()
    local seen
    local run = assert(ask(function(request)
      seen = request
      return { status = 200, headers = {}, body = '{"Status":"Running"}' }
    end))
    assert.equal("Running", run.Status)
    assert.same({ "GET", 15, 5, "table" }, { seen.method, seen.timeout, seen.connect_timeout, type(seen.headers) })
  end)

  local ROWS = {
    { "nothing", {}, "network", "no reason" },
    { "a reason", { nil, "connection refused" }, "network", "connection refused" },
    { "a timeout", { nil, "timeout" }, "timeout", "timeout" },
    { "an error of ours", { nil, errors.new { kind = "tls", message = "bad" } }, "tls", "bad" },
    { "no status", { { body = "{}" } }, "protocol", "numeric status" },
    { "a textual status", { { status = "200", body = "{}" } }, "protocol", "numeric status" },
    { "a broken status", { { status = 200.5, body = "{}" } }, "protocol", "numeric status" },
    { "NaN as status", { { status = 0 / 0, body = "{}" } }, "protocol", "numeric status" },
    { "no body", { { status = 200 } }, "protocol", "body" },
    { "text", { "200 OK" }, "protocol", "numeric status" },
  }
  for _, row in ipairs(ROWS) do
    it(("that answers %s is an error of kind %s"):format(row[1], row[3]), function()
      local result, err = ask(function()
        return row[2][1], row[2][2]
      end)
      assert.is_nil(result)
      assert.equal(row[3], err.kind)
      assert.is_truthy(tostring(err):find(row[4], 1, true), tostring(err))
    end)
  end

  it("may give a status as a float and no headers", function()
    local _, err = ask(function()
      return { status = 404.0, body = '{"Message":"m"}' }
    end)
    assert.equal("DescribeMapRun: HTTP404 (404): m", tostring(err))
  end)

  it("tells no secret by repeating it in its reason", function()
    local _, err = ask(function()
      return nil, ("refused %s, %s"):format(fake_platform.secret, fake_platform.token)
    end, { security_token = fake_platform.token })
    assert.matches("refused", tostring(err))
    assert.is_nil(tostring(err):find(fake_platform.secret, 1, true) or tostring(err):find(fake_platform.token, 1, true))
  end)

  it("cannot spoil the headers of the next request", function()
    local names = {}
    local client = fake_platform.new():client { transport = function(request)
      names[#names + 1] = request.headers.spoilt or "clean"
      request.headers.spoilt, request.headers["x-acs-action"] = "spoilt", nil
      return { status = 200, headers = {}, body = '{"Status":"Running"}' }
    end }
    assert(client:describe_map_run(fake_platform.names))
    assert(client:describe_map_run(fake_platform.names))
    assert.same({ "clean", "clean" }, names)
  end)
end)

describe("a refused signature", function()
  local function refused(signature, message)
    local cloud = fake_platform.new { function(sent)
      return fake_platform.refusal(403, "SignatureDoesNotMatch", message(sent))
    end }
    local _, err = cloud:client({ signature = signature }):describe_map_run(fake_platform.names)
    return tostring(err)
  end

  it("of the same text means that the secret is wrong", function()
    local request = require "fnf.call.request"
    local stages = {}
    local text = refused("HMAC-SHA1", function(sent)
      local key = request.key("HMAC-SHA1", { access_key_id = "KeyOfTheSpec", access_key_secret = "other" })
      request.sign({ endpoint = { url = "", host = "" }, algorithm = "HMAC-SHA1", version = "2019-03-15",
        user_agent = "", headers = {} }, key, { row = require("fnf.operations").describe_map_run,
        params = fake_platform.names, timestamp = sent.query.Timestamp, nonce = sent.query.SignatureNonce,
        stages = stages })
      return "Specified signature does not match. server string to sign is:" .. stages.string_to_sign
    end)
    assert.is_truthy(text:find("access_key_secret is wrong", 1, true), text)
    assert.is_nil(text:find("KeyOfTheSpec", 1, true))
  end)

  it("of another text means that the request was changed on its way", function()
    for _, signature in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256" } do
      local text = refused(signature, function()
        return "no match, server StringToSign is [ACS3-HMAC-SHA256 0000]"
      end)
      assert.is_truthy(text:find("something between changed the request", 1, true), text)
    end
  end)

  it("without the text names the usual cause", function()
    local text = refused("HMAC-SHA1", function()
      return "no match"
    end)
    assert.is_truthy(text:find("access_key_secret does not belong to access_key_id", 1, true), text)
  end)
end)

describe("a client that is asked how it signs", function()
  it("keeps the texts of each signature in the table it was given", function()
    for signature, named in pairs { ["HMAC-SHA1"] = "string_to_sign", ["ACS3-HMAC-SHA256"] = "canonical_request" } do
      local client = fake_platform.new { fake_platform.run({}, { times = 2 }) }:client { signature = signature }
      assert(client:describe_map_run(fake_platform.names))
      client.stages = {}
      assert(client:describe_map_run(fake_platform.names))
      assert.is_string(client.stages[named])
    end
  end)
end)

describe("a region that is none of those documented", function()
  local MEANT = "did you mean cn-hangzhou?"

  it("is named where its host was not reached, and blamed for nothing else", function()
    local rows = { { { kind = "network", message = "no such host", sent = false }, true },
      { { kind = "network", message = "reset", sent = true }, false },
      { { kind = "tls", message = "certificate", sent = false, retryable = false }, false },
      { { kind = "timeout", message = "late", sent = false }, false } }
    for i, row in ipairs(rows) do
      for region, near in pairs { ["cn-hangzou"] = true, ["cn-hangzhou"] = false } do
        local client = fake_platform.new { row[1] }:client { region = region, max_attempts = 1 }
        local _, err = client:describe_map_run(fake_platform.names)
        local text = tostring(err)
        assert.equal(row[2] and near, text:find(MEANT, 1, true) ~= nil, ("row %d: %s"):format(i, text))
      end
    end
  end)
end)

describe("the events of a call", function()
  it("tell request and response of each attempt", function()
    local cloud = fake_platform.new { { status = 500, takes = 2 }, fake_platform.run() }
    assert(cloud:client():describe_map_run(fake_platform.names))
    local names = {}
    for _, event in ipairs(cloud.events) do
      names[#names + 1] = event.name
    end
    assert.same({ "request", "response", "retry", "request", "response" }, names)
    local response = cloud:heard("response")[1]
    assert.same({ "DescribeMapRun", 1, 500, 2 }, { response.operation, response.attempt, response.status,
      response.seconds })
    assert.equal("cn-hangzhou.fnf.aliyuncs.com", cloud:heard("request")[1].host)
  end)
end)

describe("a lack of memory", function()
  it("12.22: is an error of its own kind, which may pass, and nothing was sent", function()
    local cloud = fake_platform.new { fake_platform.run() }
    local client = cloud:client()
    cloud.platform.nonce = function()
      return nil, "no memory", "no memory for a nonce"
    end
    local run, err = client:describe_map_run(fake_platform.names)
    assert.is_nil(run)
    assert.same({ "memory", true, false, 0 }, { err.kind, err.retryable, err.sent, #cloud.sent })
    run, err = client:start_execution { FlowName = "f" }
    assert.is_nil(run)
    assert.same({ "memory", nil, 0 }, { err.kind, err.outcome_unknown, #cloud.sent })
  end)

  it("12.22: is not taken for a missing key", function()
    local fnf = require "fnf"
    local cloud = fake_platform.new { fake_platform.run() }
    cloud.environment.HOME = "/home/spec"
    cloud.platform.read = function()
      return nil, "no memory", "Cannot allocate memory"
    end
    local client = cloud:client { credentials = fnf.credentials.profile("prod") }
    local run, err = client:describe_map_run(fake_platform.names)
    assert.is_nil(run)
    assert.equal("memory", err.kind)
    assert.matches("Cannot allocate memory", err.message, 1, true)
  end)
end)

describe("a client", function()
  it("shows where it asks, and that it is closed, and no more", function()
    local client = fake_platform.new():client { security_token = fake_platform.token }
    assert.equal("fnf.Client (cn-hangzhou.fnf.aliyuncs.com)", tostring(client))
    client:close()
    assert.equal("fnf.Client (cn-hangzhou.fnf.aliyuncs.com, closed)", tostring(client))
  end)

  it("closes its platform once", function()
    local cloud = fake_platform.new()
    local client = cloud:client()
    client:close()
    client:close()
    assert.equal(1, cloud.closes)
  end)

  it("is what close closes: anything else raises at the caller's line", function()
    local close = fake_platform.new():client().close
    for _, odd in ipairs { false, 5, "x", {}, print } do
      local done, raised = pcall(function() close(odd) end)
      assert.is_false(done)
      assert.matches("client_spec.lua:%d+: fnf.Client: call it with a colon: client:close%(%)", raised)
    end
  end)

  it("ends a wait that is under way when it is closed", function()
    local cloud = fake_platform.new { fake_platform.run({}, { times = math.huge }) }
    local client = cloud:client()
    local result, err = client:wait_map_run(fake_platform.names, { timeout = 60, on_progress = function()
      client:close()
    end })
    assert.is_nil(result)
    assert.same({ 1, "cancelled" }, { #cloud.sent, err.kind })
  end)
end)

describe("listeners of a client's events", function()
  local fnf = require "fnf"
  local heard

  local function note(name)
    return function(event)
      heard[#heard + 1] = name .. " " .. event
    end
  end

  before_each(function()
    heard = {}
  end)

  local function new(on_event)
    return fnf.new { endpoint = "http://127.0.0.1:9", access_key_id = "id", access_key_secret = "secret",
      on_event = on_event }
  end

  it("hear beside the option on_event, the last added first, until they end", function()
    local client = new(note "own")
    local stop = client:listen(note "added")
    client:tell("poll", {})
    stop()
    client:tell("poll", {})
    assert.same({ "added poll", "own poll", "own poll" }, heard)
  end)

  it("leave on_event nil where there are none", function()
    local client = new()
    assert.is_nil(client.on_event)
    client:listen(note "a")()
    assert.is_nil(client.on_event)
  end)

  it("hear of an attempt that was under way already as one that took no time", function()
    local client, seconds
    client = fnf.new { endpoint = "http://127.0.0.1:9", access_key_id = "id", access_key_secret = "secret",
      transport = function()
        client:listen(function(event, fields)
          seconds = event == "response" and fields.seconds or seconds
        end)
        return { status = 200, headers = {}, body = '{"Status":"Running"}' }
      end }
    assert(client:describe_map_run(fake_platform.names))
    assert.equal(0, seconds)
  end)

  it("are functions", function()
    local client = new()
    local done, reason = pcall(client.listen, client, 1)
    assert.is_false(done)
    assert.matches("must be a function", reason)
  end)
end)
