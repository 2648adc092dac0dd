--- What an error object is, and that its texts are one line without secrets.
-- SPDX-License-Identifier: MIT

local errors = require "fnf.errors"

describe("an error object", function()
  it("15.2: joins a text as its line, on either side", function()
    local err = errors.new { kind = "network", message = "reset" }
    assert.equal("failed: network: reset", "failed: " .. err)
    assert.equal("network: reset!", err .. "!")
  end)
end)

describe("an error", function()
  it("knows its own kind from any other table", function()
    assert.is_true(errors.is(errors.new { kind = "network" }))
    for _, other in ipairs { {}, "text", 1, true, setmetatable({}, {}) } do
      assert.is_false(errors.is(other))
    end
    assert.is_false(errors.is(nil))
  end)

  it("always has a message, if only its code or kind", function()
    assert.equal("ResourceThrottled", errors.new({ kind = "service", code = "ResourceThrottled" }).message)
    assert.equal("network", errors.new({ kind = "network" }).message)
  end)

  local LINES = {
    { "network: no route", { kind = "network", message = "no route" } },
    { "protocol (502): an empty answer", { kind = "protocol", status = 502, message = "an empty answer" } },
    { "Throttling (400): slow down", { kind = "service", code = "Throttling", status = 400, message = "slow down" } },
    { "DescribeMapRun: timeout: too late", { kind = "timeout", operation = "DescribeMapRun", message = "too late" } },
    { "A: B (429): c [3 attempts, request 5F]",
      { kind = "service", operation = "A", code = "B", status = 429, message = "c", attempts = 3, request_id = "5F" } },
    { "A: B (403): c [request 5F]",
      { kind = "service", operation = "A", code = "B", status = 403, message = "c", attempts = 1, request_id = "5F" } },
    { "network: c [2 attempts]", { kind = "network", message = "c", attempts = 2 } },
  }
  for _, row in ipairs(LINES) do
    it("reads as one log line: " .. row[1], function()
      assert.equal(row[1], tostring(errors.new(row[2])))
    end)
  end

  it("stays one line whatever code, message and request id hold", function()
    local err = errors.new { kind = "service", status = 400, code = "Bad\r\nCode", message = "two\nlines\0and NUL",
      request_id = "5F\r\nforged: log line", attempts = 2 }
    assert.is_nil(tostring(err):find("%c"))
    assert.equal("Bad Code", err.code)
  end)

  it("cuts what is too long for a log line", function()
    local long = ("x"):rep(1e6)
    local err = errors.new { kind = "service", code = long, message = long, request_id = long }
    assert.is_true(#tostring(err) < 2000)
  end)
end)

describe("the cleaning of texts", function()
  local SECRET = "VerySecret"
  local ROWS = {
    { "an echoed string to sign of the RPC family", "bad; server string to sign is:GET&%2F&Token%3D" .. SECRET },
    { "an echoed string to sign of ACS3", "bad, server StringToSign is [ACS3-HMAC-SHA256 " .. SECRET .. "]" },
    { "a string to sign without introduction", "expected GET&%2F&SecurityToken%3D" .. SECRET .. "%26x" },
    { "a query", "could not ask https://host/?Signature=" .. SECRET .. "&x=1" },
    { "a query in quotes", 'could not ask "https://host/?a=b&c=' .. SECRET .. '"' },
    { "user info in a URL", "proxy http://user:" .. SECRET .. "@host refused" },
    { "a proxy's address that libcurl cannot read", "Unsupported proxy syntax in 'user:p@/" .. SECRET .. "@host'" },
    { "a signature", "Signature=" .. SECRET },
    { "an Authorization header", "ACS3-HMAC-SHA256 Credential=k,SignedHeaders=host,Signature=" .. SECRET },
    { "a signature as JSON", '{"Signature":"' .. SECRET .. '"}' },
    { "a security token", "SecurityToken=" .. SECRET .. " expired" },
    { "a security token header", "x-acs-security-token: " .. SECRET },
    { "a percent-encoded security token", "SecurityToken%3D" .. SECRET .. "%26Timestamp" },
  }
  for _, row in ipairs(ROWS) do
    it("removes " .. row[1], function()
      local text = errors.clean(row[2])
      assert.is_nil(text:find(SECRET, 1, true), text)
      assert.is_true(#text > 0)
    end)
  end

  local KEPT = {
    "The request is throttled. Please try again later.",
    "The difference between the request time 2026-01-01T00:00:00Z and the current time is too large.",
    "Flow what? does not exist.",
    "Specified signature is not matched with our calculation.",
    "Specified SecurityToken is malformed",
    "状态一 does not exist",
  }
  for _, text in ipairs(KEPT) do
    it("leaves alone: " .. text, function()
      assert.equal(text, errors.clean(text))
    end)
  end

  it("takes no time worth speaking of for megabytes of any one character", function()
    for _, text in ipairs { "?", "/", "//a", "a", " ", "=", "Signature ", "Token", "?=", "string to sign " } do
      local started = os.clock()
      errors.clean(text:rep(math.floor(4e6 / #text)))
      assert.is_true(os.clock() - started < 1, ("%q takes %.1f s"):format(text, os.clock() - started))
    end
  end)
end)
