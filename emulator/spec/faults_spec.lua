--- Faults that change the answer.
-- SPDX-License-Identifier: MIT
local asker = require "spec.support.signed_requests"
local cjson = require "cjson"

describe("a fault of the emulator", function()
  local emulator, client, secure, run

  setup(function()
    emulator = assert(require("fnf.emulator").start())
  end)

  teardown(function() emulator:stop() end)

  -- Fresh connections: libcurl by itself sends again what is lost on one that it had used before.
  before_each(function()
    client, secure = asker.new(emulator), asker.new(emulator, { https = true })
    emulator:reset()
    emulator:clock { freeze = true, advance = 5 }
    run = emulator:map_run { FlowName = "f", ExecutionName = "e" }
  end)

  after_each(function()
    assert.equal("", emulator:error_log())
    assert.equal(1, emulator:fault().waiting)
    client:close()
    secure:close()
  end)

  local function request()
    return { action = "DescribeMapRun",
      query = { FlowName = "f", ExecutionName = "e", MapRunName = run.MapRunName } }
  end

  local function wire()
    return asker.wire(client:prepare(request()))
  end

  local function head_and_body(text)
    return text:match "^(.-\r\n)\r\n(.*)$"
  end

  describe("that says no", function()
    it("is an InternalServerError if nothing else is asked for", function()
      emulator:fault()
      local status, object, headers = client:describe(run)
      assert.same({ 500, "InternalServerError", "An internal error has occurred. Please retry." },
        { status, object.Code, object.Message })
      assert.equal(headers["x-acs-request-id"], object.RequestId)
      assert.equal(200, (client:describe(run)))
    end)

    it("has the status, code and message it is told, or the ones that belong together", function()
      for _, case in ipairs {
        { { status = 429 }, 429, "ResourceThrottled", "The request is throttled. Please try again later." },
        { { status = 503 }, 503, "ServiceUnavailable" },
        { { code = "Throttling.User" }, 400, "Throttling.User" },
        { { code = "PreconditionFailed" }, 412, "PreconditionFailed" },
        { { status = 418, code = "Teapot", message = "short and stout" }, 418, "Teapot", "short and stout" },
      } do
        emulator:fault(case[1])
        local status, object = client:describe(run)
        assert.same({ case[2], case[3] }, { status, object.Code })
        assert.is_true(not case[4] or case[4] == object.Message)
      end
    end)

    it("is a proxy's page where the service has no code for the status", function()
      for _, status in ipairs { 502, 504 } do
        emulator:fault { status = status }
        local got, object, headers, text = client:describe(run)
        assert.same({ status, nil, "text/html" }, { got, object, headers["content-type"] })
        assert.matches("<html>", text)
      end
    end)

    it("carries each kind of hint, or none", function()
      local hints = { "x-acs-retry-after", "retry-after", "x-ratelimit-user", "x-ratelimit-user-api" }
      local function headers_of(fault)
        fault.status = 429
        emulator:fault(fault)
        local _, _, headers = client:describe(run)
        local found = {}
        for _, name in ipairs(hints) do
          found[name] = headers[name]
        end
        return found, headers
      end
      assert.same({}, (headers_of {}))
      assert.same({ ["x-acs-retry-after"] = "300" }, (headers_of { retry_after_ms = 300 }))
      assert.same({ ["retry-after"] = "2" }, (headers_of { retry_after = 2 }))
      local found, all = headers_of { retry_at = 0 }
      assert.same({ ["retry-after"] = all.date }, found)
      assert.matches("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$", all.date)
      assert.matches("^Limit:10,Remain:0,TimeLeft:2000,Reset:%d+$",
        headers_of({ rate_limit_user = 2000 })["x-ratelimit-user"])
      assert.matches("^Limit:10,Remain:0,TimeLeft:1,Reset:%d+$",
        headers_of({ rate_limit_api = 1 })["x-ratelimit-user-api"])
      assert.same({ ["retry-after"] = "soon" }, (headers_of { headers = { ["Retry-After"] = "soon" } }))
    end)

    it("can be a redirect to anywhere", function()
      emulator:fault { kind = "redirect", location = emulator.url .. "/trap" }
      local status, _, headers = client:describe(run)
      assert.same({ 302, emulator.url .. "/trap" }, { status, headers.location })
      assert.equal(2, emulator:requests().total + 1)
    end)
  end)

  describe("in the body", function()
    local function text_of(fault)
      emulator:fault(fault)
      local status, headers, text = client:send(client:prepare(request()))
      assert.equal(200, status)
      return text, headers
    end

    it("can be a page with status 200", function()
      local text, headers = text_of { kind = "html" }
      assert.matches("^<!DOCTYPE html>", text)
      assert.equal("text/html", headers["content-type"])
    end)

    it("can be any text, nothing at all, or no object", function()
      assert.equal("{\"Status\":3}", (text_of { kind = "body", body = '{"Status":3}' }))
      assert.equal("", (text_of { kind = "empty" }))
      assert.equal('["Running"]', (text_of { kind = "array" }))
    end)

    it("can be as deep as asked", function()
      assert.matches("^{\"Status\":\"Running\",\"Deep\":" .. ("%["):rep(33) .. ("]"):rep(33) .. "}$",
        (text_of { kind = "deep", depth = 33 }))
      assert.is_false(pcall(cjson.decode, (text_of { kind = "deep" })))
    end)

    it("can end in the middle of the JSON although the length fits", function()
      local text, headers = text_of { kind = "truncated" }
      assert.equal(#text, tonumber(headers["content-length"]))
      assert.is_false(pcall(cjson.decode, text))
      assert.matches("^{", text)
    end)

    it("can be another MapRun's", function()
      local object = cjson.decode((text_of { kind = "other_run" }))
      assert.equal(("f"):rep(32), object.MapRunName)
      assert.equal("Running", object.Status)
    end)

    it("can be gzip that nobody asked for, and real", function()
      local text, headers = text_of { kind = "gzip" }
      assert.equal("gzip", headers["content-encoding"])
      local file = os.tmpname()
      local out = assert(io.open(file, "wb"))
      out:write(text)
      out:close()
      local pipe = io.popen("gzip -dc <" .. file)
      local plain = pipe:read "*a"
      pipe:close()
      os.remove(file)
      assert.equal(run.MapRunName, cjson.decode(plain).MapRunName)
    end)

    it("can be too big, with a length and without", function()
      for _, chunked in ipairs { false, true } do
        emulator:fault { kind = "huge", chunked = chunked, times = 2 }
        assert.same({ nil, "protocol", "a body of more than 8 MiB" }, { client:send(client:prepare(request())) })
        local head, body = head_and_body(wire())
        assert.equal(chunked and "chunked" or nil, head:match "Transfer%-Encoding: (%S+)")
        assert.equal(not chunked and tostring(9 * 1024 * 1024) or nil, head:match "Content%-Length: (%S+)")
        assert.is_true(#body >= 9 * 1024 * 1024)
      end
      emulator:fault { kind = "huge", bytes = 1000 }
      local _, headers, text = client:send(client:prepare(request()))
      assert.same({ "1000", 1000, "Running" }, { headers["content-length"], #text, cjson.decode(text).Status })
    end)
  end)
end)
