--- The options of `fnf.new`: every one checked, by itself and together.
-- SPDX-License-Identifier: MIT

local client = require "fnf.client"
local settings = require "fnf.settings"
local fake_platform = require "spec.support.fake_platform"

local NAN = 0 / 0

local function read(options, cloud)
  options.region = options.region or "cn-hangzhou"
  return settings.read(options, (cloud or fake_platform.new()).platform)
end

describe("an option", function()
  -- name, what is right, what is wrong; every option has its row.
  local ROWS = {
    { "region", { "cn-hangzhou", "us-west-1", "x" }, { "", "cn_hangzhou", "-x", "a.b", "a/b", "a\n", 5, {} } },
    { "network", { "public", "vpc" }, { "", "VPC", "classic", 1 } },
    { "endpoint", { "https://h", "http://127.0.0.1:1" }, { "", "ftp://h", "https://u:p@h", "h/p", "h\r\n", 80 } },
    { "signature", { "HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3" }, { "", "hmac-sha1", "none", 1 } },
    { "attempt_timeout", { 0.1, 15, 86400 }, { 0, -1, NAN, math.huge, 86401, "15" } },
    { "timeout", { 0.1, 15, 864000 }, { 0, -1, NAN, math.huge, "15" } },
    { "connect_timeout", { 0.1, 5 }, { 0, -1, NAN, math.huge, "5" } },
    { "max_attempts", { 1, 100 }, { 0, -1, 1.5, 101, NAN, "3" } },
    { "ca_file", { "ca.pem" }, { "", "missing.pem", "a\0b", 1 } },
    { "cert_file", { "ca.pem" }, { "", "missing.pem", 1 } },
    { "key_file", { "ca.pem" }, { "", "missing.pem", 1 } },
    { "proxy", { "", "http://proxy:3128" }, { "http://p\r\n", "a\0", 1 } },
    { "no_proxy", { "", "a,b" }, { "a\n", 1 } },
    { "user_agent", { "mine/1.0 (x)" }, { "", "a\r\nX: y", 1 } },
    { "rate_limit", { false, {}, { rate = 5 }, { rate = 0.5, burst = 20 } },
      { true, "5", { rate = 0 }, { rate = NAN }, { burst = 0.5 }, { burst = "9" }, { speed = 1 }, { 5 } } },
    { "share", { { command = print }, { command = print, prefix = "a:", account = "ours" },
      require("fnf.share").redis { url = "redis://host" } },
      { true, "redis://host", {}, { command = "print" }, { command = print, prefix = "" }, { url = "redis://host" },
        { command = print, speed = 1 } } },
    { "max_connections", { 1, 1024 }, { 0, 1025, 1.5, "8" } },
    { "on_event", { print }, { "print", {}, true } },
    { "traceparent", { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" }, { "", "00", 1 } },
    { "transport", { print }, { "print", {}, true } },
    { "access_key_id", {}, { "", "a b", "a\n", " a", 5 } },
    { "access_key_secret", {}, { "", "a b", "a\n", "a ", 5 } },
    { "security_token", {}, { "", "a b", "a\r", 5 } },
  }

  local seen = {}
  for _, row in ipairs(ROWS) do
    seen[row[1]] = true
    it("may be right: " .. row[1], function()
      local cloud = fake_platform.new()
      cloud.files["ca.pem"] = "certificates"
      for _, value in ipairs(row[2]) do
        assert.is_truthy(read({ [row[1]] = value }, cloud))
      end
      assert.is_truthy(settings.options[row[1]])
    end)
    it("is refused by its name when wrong: " .. row[1], function()
      for _, value in ipairs(row[3]) do
        local found, problem = read { [row[1]] = value }
        assert.is_nil(found)
        assert.is_truthy(problem:find("option " .. row[1], 1, true), problem)
      end
    end)
  end

  it("has a row above, each of them", function()
    for name in pairs(settings.options) do
      assert.is_true(name == "credentials" or seen[name] or false, "no row tests " .. name)
    end
  end)

  it("that is unknown is refused with the nearest name", function()
    local _, problem = read { acces_key_id = "x" }
    assert.equal("unknown option acces_key_id (did you mean access_key_id?)", problem)
  end)

  it("never has its value repeated", function()
    for name in pairs(settings.options) do
      if not name:find("_file$") then -- a path is what the user has to see
        local _, problem = read { [name] = "Secret of mine\n" }
        assert.is_truthy(problem)
        assert.is_nil(problem:find("Secret", 1, true), problem)
      end
    end
  end)
end)

describe("options together", function()
  local ROWS = {
    { { access_key_id = "a" }, "access_key_id and access_key_secret go together; one is missing" },
    { { access_key_secret = "Secret" }, "access_key_id and access_key_secret go together; one is missing" },
    { { security_token = "Secret" }, "security_token goes with an access_key_id and an access_key_secret" },
    { { ca_file = "gone.pem" }, "option ca_file: cannot read gone.pem" },
  }
  for _, row in ipairs(ROWS) do
    it("are refused: " .. row[2], function()
      local found, problem = read(row[1])
      assert.is_nil(found)
      assert.equal(row[2], problem)
    end)
  end

  it("that are none are refused", function()
    for _, options in ipairs { "text", 5, true } do
      local found, problem = settings.read(options, fake_platform.new().platform)
      assert.is_nil(found)
      assert.equal("a table of options expected, got " .. type(options), problem)
    end
  end)

  it("have defaults where absent", function()
    assert.same({ endpoint = { url = "https://cn-hangzhou.fnf.aliyuncs.com", host = "cn-hangzhou.fnf.aliyuncs.com" },
      attempt_timeout = 15, connect_timeout = 5, max_attempts = 3, signature = "HMAC-SHA1" }, (read {}))
  end)

  it("stay as the caller wrote them", function()
    local options = { region = "cn-hangzhou", access_key_id = "a", access_key_secret = "b", timeout = 1 }
    assert(client.new(options, fake_platform.new().platform))
    assert.same({ region = "cn-hangzhou", access_key_id = "a", access_key_secret = "b", timeout = 1 }, options)
  end)
end)

describe("where to send", function()
  local ROWS = { -- options, environment, url or problem
    { { region = "a" }, {}, "https://a.fnf.aliyuncs.com" },
    { { region = "a", network = "vpc" }, {}, "https://a-internal.fnf.aliyuncs.com" },
    { {}, { ALIBABA_CLOUD_REGION_ID = "b" }, "https://b.fnf.aliyuncs.com" },
    { { region = "a" }, { ALIBABA_CLOUD_REGION_ID = "b" }, "https://a.fnf.aliyuncs.com" },
    { { endpoint = "http://h:1" }, {}, "http://h:1" },
    { { endpoint = "http://h:1", region = "a" }, { FNF_ENDPOINT = "http://e:1" }, "http://h:1" },
    { {}, { FNF_ENDPOINT = "http://e:1" }, "http://e:1" },
    { { region = "a" }, { FNF_ENDPOINT = "http://e:1" }, "http://e:1" },
    { { region = "a" }, { FNF_ENDPOINT = "" }, "https://a.fnf.aliyuncs.com" },
    { {}, {}, "no region" },
    { {}, { ALIBABA_CLOUD_REGION_ID = "" }, "no region" },
    { {}, { ALIBABA_CLOUD_REGION_ID = "b\n" }, "ALIBABA_CLOUD_REGION_ID must be a region id" },
    { {}, { FNF_ENDPOINT = "http://u:Secret@h" }, "FNF_ENDPOINT must not carry user info" },
    { { endpoint = "https://h/Secret" }, {}, "option endpoint must be scheme and host only" },
  }
  for i, row in ipairs(ROWS) do
    it(("is %s, row %d"):format(row[3], i), function()
      local cloud = fake_platform.new()
      cloud.environment = row[2]
      local found, problem = settings.read(row[1], cloud.platform)
      local text = found and found.endpoint.url or problem
      assert.is_truthy(text:find(row[3], 1, true) == 1, text)
      assert.is_nil(text:find("Secret", 1, true))
    end)
  end
end)
