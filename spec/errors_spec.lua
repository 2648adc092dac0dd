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
    { "12.21: a bearer's header", "authorization: Bearer " .. SECRET },
    { "12.21: a bearer's header in capitals", "AUTHORIZATION: BEARER " .. SECRET .. " was refused" },
    { "12.21: a bearer's header without a blank", "authorization:Bearer " .. SECRET },
    { "12.21: basic credentials", "Authorization: Basic " .. SECRET },
    { "12.21: a proxy's credentials", "Proxy-Authorization: Basic " .. SECRET .. "\r\nHost: h" },
    { "12.21: a digest", 'authorization: Digest username="u", realm="r", response="' .. SECRET .. '"' },
    { "12.21: a header whose value stands on the next line", "authorization: Bearer\r\n  " .. SECRET .. "\r\nHost: h" },
    { "12.21: a header in JSON", '{"authorization":"Bearer ' .. SECRET .. '"}' },
    { "12.21: a header in JSON in JSON", [[{\"Authorization\": \"Bearer ]] .. SECRET .. [[\"}]] },
    { "12.21: a header in a list", "[('Authorization', 'Bearer " .. SECRET .. "')]" },
    { "12.21: a percent-encoded header", "authorization%3A%20Bearer%20" .. SECRET },
    { "12.21: a scheme alone", "we do not take Bearer " .. SECRET .. " here" },
    { "12.21: a percent-encoded scheme", "we do not take Bearer%20" .. SECRET .. " here" },
    { "12.21: a scheme of another kind", "authorization: acs3 " .. SECRET .. ", and more of " .. SECRET },
    { "12.21: a token in capitals", "TOKEN=" .. SECRET },
    { "12.21: a token in JSON in JSON", [[{\"SecurityToken\":\"]] .. SECRET .. [[\"}]] },
    { "12.21: a token after its name alone", "The token " .. SECRET .. "1 has expired" },
    { "12.21: a password", "proxy password: " .. SECRET },
    { "12.21: user info with an at sign", "proxy http://user:a@" .. SECRET .. "@host refused" },
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
    "Bearer authentication is required. Basic information follows.",
    "The authorization of this user is missing",
    "The token has expired; a secret password helps nobody",
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

describe("12.21: the hiding of a secret that comes back", function()
  local SECRET = "CAIS+8QF/q6Ft5B2y==fSjIr5A7tGPTtlJF0"
  local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

  local function encode(text, escape)
    return (text:gsub("[^%w]", function(byte) return escape:format(byte:byte()) end))
  end

  --- Base64 by the book, bit by bit.
  local function base64(text)
    local bits = text:gsub(".", function(byte)
      local code, found = byte:byte(), ""
      for power = 7, 0, -1 do
        found = found .. math.floor(code / 2 ^ power) % 2
      end
      return found
    end)
    bits = bits .. ("0"):rep(-#bits % 6)
    local digits = bits:gsub("%d%d%d%d%d%d", function(six)
      local value = tonumber(six, 2)
      return DIGITS:sub(value + 1, value + 1)
    end)
    return digits .. ("="):rep(-#digits % 4)
  end

  local function url_safe(text)
    return (text:gsub("+", "-"):gsub("/", "_"):gsub("=", ""))
  end

  --- No six letters of what was hidden stand in the text.
  local function assert_hidden(written, text)
    for at = 1, #written - 5 do
      assert.is_nil(text:find(written:sub(at, at + 5), 1, true), text)
    end
  end

  local FORMS = {
    { "as it is", SECRET },
    { "percent-encoded", encode(SECRET, "%%%02X") },
    { "percent-encoded in small letters", encode(SECRET, "%%%02x") },
    { "percent-encoded in part", (SECRET:gsub("/", "%%2F")) },
    { "percent-encoded twice", encode(encode(SECRET, "%%%02X"), "%%%02X") },
    { "with a blank in the place of a plus", (SECRET:gsub("+", " ")) },
    { "escaped as JSON may be", (SECRET:gsub("/", "\\/")) },
    { "escaped by code", encode(SECRET, "\\u%04x") },
    { "escaped as in HTML", encode(SECRET, "&#%d;") },
    { "in Base64", base64(SECRET) },
    { "in Base64 of an URL", url_safe(base64(SECRET)) },
    { "in Base64 behind one byte", base64(":" .. SECRET):sub(3) },
    { "in Base64 behind two bytes", base64("x:" .. SECRET .. "."):sub(4, -2) },
    { "in Base64 in a query", encode(base64(SECRET), "%%%02X") },
    { "in Base64 of two lines", base64(SECRET):sub(1, 20) .. "\n" .. base64(SECRET):sub(21) },
  }
  for _, form in ipairs(FORMS) do
    it("finds it " .. form[1], function()
      local err = errors.new { kind = "service", code = "X" .. form[2], request_id = form[2],
        message = form[2] .. " is no (" .. form[2] .. ")" }
      errors.hide(err, SECRET)
      for _, field in ipairs { "message", "code", "request_id" } do
        assert_hidden(form[2]:gsub("=+$", ""), err[field])
      end
      assert.is_truthy(err.message:find(" is no (", 1, true), err.message)
    end)

    it("finds where the text breaks off in it " .. form[1], function()
      for length = 490, 500 do
        local err = errors.new { kind = "service", message = ("x"):rep(length - math.floor(#form[2] / 2)) .. form[2] }
        errors.hide(err, SECRET)
        assert_hidden(form[2], err.message)
        assert.is_truthy(err.message:find("^xxx"))
      end
    end)
  end

  it("finds it in the Base64 of URLs where that has signs of its own", function()
    local secret = "??>>~~??>>~~??>>"
    for before = 0, 2 do
      local written = url_safe(base64(("x"):rep(before) .. secret)):sub(before == 0 and 1 or before + 2)
      assert.is_truthy(written:find "[-_]")
      local err = errors.new { kind = "service", message = "no (" .. written .. ")" }
      errors.hide(err, secret)
      assert_hidden(written:sub(1, -3), err.message)
    end
  end)

  it("leaves the rest of the text alone", function()
    local err = errors.new { kind = "service", message = "50% of a\\/b & &#65; are QUJDREVGR0g= ..." }
    errors.hide(err, SECRET)
    assert.equal("50% of a\\/b & &#65; are QUJDREVGR0g= ...", err.message)
    errors.hide(err, "of a")
    errors.hide(err, nil)
    errors.hide(err, {})
    assert.equal("50% of a\\/b & &#65; are QUJDREVGR0g= ...", err.message)
  end)

  it("takes little time for texts that are made for it", function()
    local secret = SECRET:rep(20)
    for _, piece in ipairs { ".", "CAIS...", SECRET:sub(1, 11) .. " ", "0...", "%2E", "\\", "&#46;" } do
      local err = errors.new { kind = "service", code = piece:rep(500), message = piece:rep(500) }
      local started = os.clock()
      errors.hide(err, secret)
      assert.is_true(os.clock() - started < 0.1, ("%q takes %.2f s"):format(piece, os.clock() - started))
    end
  end)

  it("comes to an end whatever the secret is made of", function()
    for _, secret in ipairs { ("."):rep(9), ("%"):rep(9), ("A"):rep(9), "%25%25%25", ("\0"):rep(9), ("+"):rep(9) } do
      local err = errors.new { kind = "service", message = secret:rep(60) }
      errors.hide(err, secret)
      assert.is_nil(err.message:find(secret, 1, true))
    end
  end)
end)
