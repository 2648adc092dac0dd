--- Nothing the library can print holds a secret, a token, a signature, an Authorization header or a query string.
-- SPDX-License-Identifier: MIT

local client = require "fnf.client"
local settings = require "fnf.settings"
local fake_platform = require "spec.support.fake_platform"

--- Every string in a value, keys and what tostring makes of it included.
local function texts(value, found, seen)
  found, seen = found or {}, seen or {}
  if type(value) ~= "table" then
    found[#found + 1] = tostring(value)
  elseif not seen[value] then
    seen[value] = true
    found[#found + 1] = tostring(value)
    for key, field in pairs(value) do
      texts(key, found, seen)
      texts(field, found, seen)
    end
  end
  return found
end

--- What must not be found after a fake_platform has run its course: the key, and whatever a request carried.
local function forbidden(cloud)
  local words = { fake_platform.secret, fake_platform.token, "TokenOfTheSpec" }
  for _, sent in ipairs(cloud.sent) do
    words[#words + 1] = sent.query.Signature
    words[#words + 1] = sent.url:match("Signature=([^&]+)")
    words[#words + 1] = sent.url:match("%?(.+)$")
    words[#words + 1] = sent.headers.authorization
    words[#words + 1] = sent.headers.authorization and sent.headers.authorization:match("Signature=(%x+)")
  end
  return words
end

local function assert_clean(cloud, ...)
  local all = texts { cloud.events, ... }
  assert.is_true(#all > 5)
  for _, word in ipairs(forbidden(cloud)) do
    for _, text in ipairs(all) do
      if text:find(word, 1, true) then -- an assert for each pair would spend seconds on messages nobody reads
        error(("%q holds %q"):format(text, word))
      end
    end
  end
end

local function echo(status, code, message)
  return function(sent)
    return fake_platform.refusal(status, code, (message:gsub("%$(%w+)", {
      secret = fake_platform.secret, token = fake_platform.token, url = sent.url,
      query = sent.url:match("%?(.*)$") or "",
      authorization = sent.headers.authorization or "", signature = sent.query.Signature or "none",
      header = sent.headers["x-acs-security-token"] or "none" })))
  end
end

local function fault(kind, message)
  return function(sent)
    return { kind = kind, message = (message:gsub("%$url", function()
      return sent.url
    end)) }
  end
end

describe("no text", function()
  local ROWS = {
    { "of a refusal that echoes the string to sign",
      echo(403, "SignatureDoesNotMatch", "no match. server string to sign is:GET&%%2F&$query") },
    { "of a refusal that echoes the query", echo(400, "InvalidArgument", "bad request GET /?$query HTTP/1.1") },
    { "of a refusal that echoes the whole URL", echo(400, "InvalidArgument", "bad URL $url") },
    { "of a refusal that echoes the token", echo(400, "InvalidSecurityToken.Expired", "The token $token has expired") },
    { "of a refusal that echoes the token first", echo(403, "X", "$token") },
    { "of a refusal that echoes the secret", echo(403, "X", "are you sure that your secret is $secret?") },
    { "of a refusal that echoes the Authorization", echo(403, "X", "Authorization: $authorization") },
    { "of a refusal that echoes a token header", echo(403, "X", "x-acs-security-token: $header") },
    { "of a refusal that echoes a signature", echo(403, "X", "you sent Signature=$signature, we want another") },
    { "of a throttle that echoes the token", echo(429, "ResourceThrottled", "slow down, $token") },
    { "of a network fault that names the URL", fault("network", "could not connect to $url") },
    { "of a TLS fault that names the URL", fault("tls", "cannot verify $url: self-signed") },
    { "of HTML", function(sent)
      return { body = "<html>You asked " .. sent.url }
    end },
    { "of a redirect", function(sent)
      return { status = 302, headers = { location = sent.url } }
    end },
    { "of a success", function()
      return fake_platform.run { Status = "Succeeded" }
    end },
  }
  for _, signature in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" } do
    for _, row in ipairs(ROWS) do
      it(("%s holds a secret, by %s"):format(row[1], signature), function()
        local cloud = fake_platform.new { row[2] }
        local calling = cloud:client { security_token = fake_platform.token, signature = signature }
        local run, err = calling:describe_map_run(fake_platform.names)
        local final, ending = calling:wait_map_run(fake_platform.names, { timeout = 20 })
        assert_clean(cloud, run, err, final, ending, tostring(calling))
      end)
    end
  end

  it("of a transport of the caller's holds a secret", function()
    for _, signature in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256" } do
      local cloud = fake_platform.new()
      local calling = cloud:client { security_token = fake_platform.token, signature = signature,
        transport = function(request)
        cloud.sent[#cloud.sent + 1] = { url = request.url, headers = request.headers,
          query = fake_platform.parameters(request.url:match("%?(.*)$")) }
        local lines = {}
        for name, value in pairs(request.headers) do
          lines[#lines + 1] = name .. ": " .. value
        end
        return nil, "cannot send " .. request.url .. " with " .. table.concat(lines, "; ")
      end }
      assert_clean(cloud, { calling:describe_map_run(fake_platform.names) })
    end
  end)

  it("that is raised holds a secret", function()
    local cloud = fake_platform.new()
    for name in pairs(settings.options) do
      if not name:find("_file$") then
        local _, problem = client.new({ region = "cn-hangzhou", access_key_id = "x",
          access_key_secret = fake_platform.secret,
          [name] = fake_platform.secret .. "\n" }, cloud.platform)
        assert.is_nil(problem:find(fake_platform.secret, 1, true), problem)
      end
    end
    local calling = cloud:client { security_token = fake_platform.token }
    for _, misuse in ipairs { { { FlowName = fake_platform.secret .. "\n" } }, { fake_platform.names,
      { timeout = fake_platform.secret } },
      { fake_platform.secret }, { fake_platform.names, fake_platform.secret } } do
      local done, raised = pcall(calling.describe_map_run, calling, misuse[1], misuse[2])
      assert.is_false(done)
      assert.is_nil(raised:find(fake_platform.secret, 1, true), raised)
    end
  end)

  it("of an error made of a proxy's address holds its password", function()
    local cloud = fake_platform.new { { kind = "network", message = "Could not resolve proxy http://user:"
      .. fake_platform.secret
      .. "@proxy:3128" } }
    local _, err = cloud:client({ access_key_secret = "AnotherSecret", max_attempts = 1 })
      :describe_map_run(fake_platform.names)
    assert.is_nil(tostring(err):find(fake_platform.secret, 1, true), tostring(err))
  end)
end)
