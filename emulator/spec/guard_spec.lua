--- What the emulator verifies, enforces, logs, and is told over its control URL.
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

  describe("verifying", function()
    local families = { false, "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" }

    -- A fresh table each time: the family decides who reads it.
    local function with(family, request)
      request = request or {}
      request.family = family or nil
      return request
    end

    it("accepts both families, with hostile values too", function()
      local odd = emulator:map_run { FlowName = "中 ~*+/%&=?#🚀", ExecutionName = "a b+c\t\1\127", MapRunName = "%2B%%" }
      for _, family in ipairs(families) do
        local status, object = client:describe(odd, with(family))
        assert.same({ 200, "%2B%%" }, { status, object.MapRunName })
      end
    end)

    it("refuses an unknown key", function()
      for _, family in ipairs(families) do
        assert.equal("The AccessKey ID stranger is invalid.", refused(403, "InvalidAccessKeyID",
          with(family, { id = "stranger" })))
      end
    end)

    it("refuses a wrong secret and echoes the string to sign, as the service does", function()
      local message = refused(403, "SignatureNotMatch", { secret = "wrong" })
      assert.is_truthy(message:find("server string to sign is:GET&%2F&AccessKeyId%3D", 1, true))
      message = refused(403, "SignatureNotMatch", { secret = "wrong", family = "ACS3-HMAC-SHA256" })
      assert.matches("server StringToSign is %[ACS3%-HMAC%-SHA256 %x+%]$", message)
    end)

    it("refuses a request that was changed after it was signed", function()
      for _, family in ipairs(families) do
        refused(403, "SignatureNotMatch", with(family, {
          spoil = function(query)
            return (query:gsub("FlowName=f", "FlowName=g"))
          end,
        }))
        refused(403, "SignatureNotMatch", with(family, { spoil = function(query) return query .. "&More=1" end }))
      end
      local function changed(request)
        return with("ACS3-HMAC-SHA256", request)
      end
      refused(400, "IncompleteSignature", changed { headers = { ["x-acs-more"] = "1" } })
      refused(403, "SignatureNotMatch", changed { headers = { ["x-acs-action"] = "UpdateMapRun" } })
      refused(403, "SignatureNotMatch", changed { method = "POST", form = { A = "1" }, body = "A=2" })
      refused(403, "SignatureNotMatch", { method = "POST", form = { A = "1" }, body = "A=2" })
    end)

    it("refuses a body whose hash was not the one that was signed", function()
      local signing = assert(require("fnf.core").signer("ACS3-HMAC-SHA256", "x", "y"))
      refused(403, "SignatureNotMatch", { family = "ACS3-HMAC-SHA256", common = {
        ["x-acs-content-sha256"] = signing:hash "another body",
      } })
    end)

    it("refuses malformed and unknown signatures", function()
      refused(400, "IncompleteSignature", { family = "ACS3-HMAC-SHA256", headers = {
        Authorization = "ACS3-HMAC-SHA256 x",
      } })
      refused(400, "InvalidSignatureMethod", { family = "ACS3-HMAC-SHA256", headers = {
        Authorization = "ACS3-RSA-SHA256 Credential=a,SignedHeaders=b,Signature=00",
      } })
      refused(400, "InvalidSignatureMethod", { common = { SignatureMethod = "HMAC-SHA256" } })
      refused(400, "InvalidSignatureMethod", { common = { SignatureVersion = "2.0" } })
    end)

    it("keeps a window of 15 minutes on both sides", function()
      for _, family in ipairs(families) do
        for _, age in ipairs { 890, -890 } do
          assert.equal(200, (client:describe(run, with(family, { age = age }))))
        end
        for _, age in ipairs { 910, -910 } do
          assert.matches("too large", refused(403, "RequestTimeTooSkewed", with(family, { age = age })))
        end
      end
      refused(400, "InvalidTimeStamp.Format", { common = { Timestamp = "2026-01-01 00:00:00" } })
    end)

    it("takes each nonce once, and only good requests use one up", function()
      for index, family in ipairs(families) do
        local name = family and "x-acs-signature-nonce" or "SignatureNonce"
        local function with_nonce(more)
          more = with(family, more)
          more.common = { [name] = "nonce-" .. index }
          return more
        end
        refused(403, "SignatureNotMatch", with_nonce { secret = "wrong" })
        assert.equal(200, (client:describe(run, with_nonce())))
        refused(400, "SignatureNonceUsed", with_nonce())
      end
      emulator:key { id = "other", secret = "s" }
      local other = { id = "other", secret = "s", common = { SignatureNonce = "nonce-1" } }
      assert.equal(200, (client:describe(run, other)))
    end)

    it("asks for the token of temporary credentials, the right one, until they expire", function()
      emulator:key { id = "guest", secret = "s", token = "t" }
      for _, family in ipairs(families) do
        local name = family and "x-acs-security-token" or "SecurityToken"
        local function guest(token)
          return with(family, { id = "guest", secret = "s", common = { [name] = token } })
        end
        assert.equal(200, (client:describe(run, guest "t")))
        refused(400, "MissingSecurityToken", guest(nil))
        refused(400, "InvalidSecurityToken.MismatchWithAccessKey", guest "u")
        emulator:key { id = "guest", secret = "s", token = "t", expires_in = 0 }
        refused(400, "InvalidSecurityToken.Expired", guest "t")
        emulator:key { id = "guest", secret = "s", token = "t" }
      end
      refused(400, "InvalidSecurityToken.MismatchWithAccessKey", { common = { SecurityToken = "t" } })
      emulator:key { id = "gone", secret = "s", inactive = true }
      refused(400, "InvalidAccessKeyId.Inactive", { id = "gone", secret = "s" })
    end)
  end)

  describe("with a clock that is wrong", function()
    it("refuses good requests and shows its own time in the Date header", function()
      emulator:clock { offset = 3600 }
      local before = require("fnf.core").time()
      local status, object, headers = client:describe(run)
      assert.same({ 403, "RequestTimeTooSkewed" }, { status, object.Code })
      local shown = { [os.date("!%H:%M:%S", math.floor(before + 3600))] = true,
        [os.date("!%H:%M:%S", math.floor(before + 3601))] = true }
      assert.is_true(shown[headers.date:match "%d+:%d+:%d+"])
      assert.equal(200, (client:describe(run, { age = -3600 })))
    end)

    it("does not touch simulated time, nor is it touched by it", function()
      emulator:clock { offset = -3600, advance = 5 }
      local _, object = client:describe(run, { age = 3600 })
      assert.equal(50, object.ItemCounts.Succeed)
    end)
  end)

  describe("enforcing the quota", function()
    local function ask_many(count)
      local seen = {}
      for _ = 1, count do
        local status, object = client:describe(run)
        local name = status == 200 and "200" or status .. " " .. object.Code
        seen[name] = (seen[name] or 0) + 1
      end
      return seen
    end

    it("does so only when asked", function()
      assert.same({ ["200"] = 40 }, ask_many(40))
    end)

    it("gives 10 at once and refuses the rest, without a hint", function()
      emulator:quota { enforce = true, limits = { other = { size = 10, refill = 0 } } }
      assert.same({ ["200"] = 10, ["429 ResourceThrottled"] = 5 }, ask_many(15))
      local status, _, headers = client:describe(run)
      assert.equal(429, status)
      for _, name in ipairs { "retry-after", "x-acs-retry-after", "x-ratelimit-user", "x-ratelimit-user-api" } do
        assert.is_nil(headers[name])
      end
      assert.same({ ["200"] = 10, ["429"] = 6 }, emulator:requests().answers.DescribeMapRun)
    end)

    it("does not count requests that it refuses for another reason", function()
      emulator:quota { enforce = true, limits = { other = { size = 1, refill = 0 } } }
      refused(403, "SignatureNotMatch", { secret = "wrong" })
      assert.equal(200, (client:describe(run)))
      assert.equal(429, (client:describe(run)))
    end)

    it("refills the documented bucket as time passes", function()
      emulator:quota { enforce = true }
      local core = require "fnf.core"
      local started, granted = core.now(), 0
      while core.now() - started < 1.2 do
        if client:describe(run) == 200 then
          granted = granted + 1
        end
      end
      assert.is_true(granted >= 12 and granted <= 13, granted .. " granted")
    end)
  end)

  describe("keeping a log", function()
    it("tells what came and what was answered", function()
      client:describe(run, { headers = { ["User-Agent"] = "spec/1" } })
      refused(403, "SignatureNotMatch", { secret = "wrong" })
      client:describe(run, { family = "ACS3-HMAC-SHA256" })
      local log = emulator:requests()
      assert.equal(3, log.total)
      local first, second, third = log.requests[1], log.requests[2], log.requests[3]
      assert.same({ "DescribeMapRun", "GET", "RPC", 200, "f", "spec/1" }, {
        first.action, first.method, first.family, first.status, first.parameters.FlowName, first.headers["user-agent"],
      })
      assert.same({ 403, "SignatureNotMatch", "ACS3", 200 }, { second.status, second.code, third.family, third.status })
      assert.is_true(first.nonce ~= second.nonce and first.signature ~= second.signature)
      assert.same({ 1, 3 }, { first.serial, third.serial })
      assert.equal(first.connection, third.connection)
    end)

    it("starts anew after a reset, as everything does", function()
      client:describe(run)
      emulator:key { id = "extra", secret = "s" }
      emulator:fault { status = 500 }
      emulator:reset()
      local info = emulator:info()
      assert.same({ 1, 0, false }, { info.clock.rate, info.clock.offset, info.quota })
      assert.same({ total = 0, answers = {}, requests = {} }, emulator:requests())
      refused(403, "InvalidAccessKeyID", { id = "extra", secret = "s" })
      refused(404, "FlowNotExists")
    end)
  end)

  describe("being controlled", function()
    it("refuses figures beyond every calendar and every memory, and goes on", function()
      for _, case in ipairs {
        { "map_run", { item_duration = 1e308 }, "item_duration must be seconds above 0" },
        { "map_run", { pending = 1e300 }, "pending must be seconds, 0 or more" },
        { "map_run", { abort_after = 1e300 }, "abort_after must be seconds, 0 or more" },
        { "script", { step_duration = 1e300 }, "step_duration must be seconds, 0 or more" },
        { "script", { map_runs = { { item_duration = 1e308 } } }, "item_duration must be seconds above 0" },
        { "fault", { kind = "deep", depth = 1e300 }, "depth must be a whole number from 1 to 1000000" },
        { "fault", { kind = "huge", bytes = 1e300 }, "bytes must be a whole number, 1 or more" },
        { "fault", { kind = "skew", seconds = 1e300 }, "seconds must be seconds" },
        { "fault", { retry_after = 1e300 }, "retry_after must be whole seconds" },
        { "clock", { rate = 1e300 }, "rate must be a number from 0 to 1000000" },
        { "clock", { offset = 1e300 }, "offset must be seconds" },
        { "identity", { life = 1e308 }, "life must be seconds above 0" },
        { "quota", { enforce = true, limits = { other = { size = 1e300, refill = 1 } } }, "the limit of other" },
        { "key", { id = "x", secret = "y", expires_in = 1e300 }, "expires_in must be seconds" },
      } do
        local done, message = pcall(function() emulator[case[1]](emulator, case[2]) end)
        assert.is_false(done, case[3])
        assert.matches(case[3], message, 1, true)
      end
      local longest = emulator:map_run { MapRunName = "long", item_duration = 1e9, items = 1e7, Concurrency = 1 }
      assert.equal("Succeeded", longest.final_status)
      for _ = 1, 3 do
        emulator:clock { freeze = true, advance = 1e9 }
      end
      assert.equal(200, (client:describe { FlowName = "flow", ExecutionName = "execution", MapRunName = "long" }))
    end)

    it("takes no parameter that is beyond what JSON can say", function()
      local status, object = client:get("UpdateMapRun", { FlowName = "f", ExecutionName = "e",
        MapRunName = run.MapRunName, Concurrency = ("9"):rep(400) })
      assert.same({ 400, "InvalidArgument" }, { status, object.Code })
    end)

    it("raises what it cannot do at the caller's line", function()
      for _, case in ipairs {
        { "map_run", { items = -1 }, "items must be a whole number" },
        { "map_run", { itms = 1 }, "unknown field 'itms'" },
        { "fault", { kind = "bang" }, "kind must be the name of a fault" },
        { "clock", { advance = -1 }, "advance must be seconds" },
        { "quota", { on = true }, "unknown field 'on'" },
        { "quota", {}, "enforce must be true or false" },
        { "key", { id = "x" }, "secret must be a text that is not empty" },
        { "key", { id = "x", secret = 1 }, "secret must be a text that is not empty" },
      } do
        local done, message = pcall(function() emulator[case[1]](emulator, case[2]) end)
        assert.is_false(done)
        assert.matches("guard_spec.lua:%d+: emulator: " .. case[3], message)
      end
    end)

    local function control(method, path, more)
      local headers = { ["X-Fnf-Token"] = emulator.token }
      for name, value in pairs(more.headers or {}) do
        headers[name] = value or nil
      end
      local status, _, text = client:send {
        method = method, url = emulator.url .. path, body = more.body, headers = headers, timeout = 5,
        connect_timeout = 5,
      }
      return status, text ~= "" and require("cjson").decode(text)
    end

    it("answers JSON to everything under its URL", function()
      for _, case in ipairs {
        { 404, "GET", "/_fnf/nothing" }, { 404, "DELETE", "/_fnf/clock" }, { 400, "POST", "/_fnf/clock", "{" },
        { 400, "POST", "/_fnf/clock", "3" },
      } do
        local status, object = control(case[2], case[3], { body = case[4] })
        assert.equal(case[1], status)
        assert.is_string(object.error)
      end
    end)

    it("lets nobody in without its token, nor by another name than this machine's", function()
      assert.equal(200, (control("GET", "/_fnf/info", {})))
      for _, name in ipairs { "127.0.0.1:1", "localhost", "LOCALHOST:80", "[::1]:8080" } do
        assert.equal(200, (control("GET", "/_fnf/info", { headers = { Host = name } })), name)
      end
      for _, headers in ipairs {
        { ["X-Fnf-Token"] = false }, { ["X-Fnf-Token"] = "guessed" }, { ["X-Fnf-Token"] = emulator.token .. "x" },
        { Host = "evil.example" }, { Host = "127.0.0.1.evil.example:80" }, { Host = "localhost.evil.example" },
        { Host = "evil.example", ["X-Fnf-Token"] = false },
      } do
        for _, path in ipairs { "info", "requests", "nothing" } do
          local status, object = control("GET", "/_fnf/" .. path, { headers = headers })
          assert.equal(403, status)
          assert.is_string(object.error)
        end
        assert.equal(403, (control("POST", "/_fnf/reset", { headers = headers, body = "{}" })))
      end
      assert.equal(200, (client:describe(run)), "a reset got through")
    end)

    it("gives temporary keys without a token, as their clients cannot send one, but to no page", function()
      local open = { ["X-Fnf-Token"] = false }
      local status, object = control("GET", "/_fnf/credentials", { headers = open })
      assert.same({ 200, "Success" }, { status, object.Code })
      for _, headers in ipairs { { Host = "evil.example" }, { Origin = "https://evil.example" },
        { Origin = "null" } } do
        headers["X-Fnf-Token"] = false
        assert.equal(403, (control("GET", "/_fnf/credentials", { headers = headers })))
      end
      local path = "/latest/meta-data/ram/security-credentials/"
      assert.equal(403, (control("GET", path, { headers = { Host = "evil.example" } })))
    end)
  end)
end)
