--- The public face: `require "fnf"`, `fnf.new`, and the functions of the default client.
-- SPDX-License-Identifier: MIT

local fake_platform = require "spec.support.fake_platform"

local PLAIN = "fnf.platform.plain"
local FILE = debug.getinfo(1, "S").short_src
local ENVIRONMENT = { ALIBABA_CLOUD_ACCESS_KEY_ID = "FromTheEnvironment",
  ALIBABA_CLOUD_ACCESS_KEY_SECRET = fake_platform.secret,
  ALIBABA_CLOUD_SECURITY_TOKEN = fake_platform.token, ALIBABA_CLOUD_REGION_ID = "us-west-1" }

describe("the module", function()
  local w, fnf, kept

  before_each(function()
    w = fake_platform.new()
    kept = { [PLAIN] = package.loaded[PLAIN], fnf = package.loaded.fnf }
    package.loaded[PLAIN] = { new = function()
      return w.platform
    end }
    package.loaded.fnf = nil
    fnf = require "fnf"
  end)

  after_each(function()
    package.loaded[PLAIN], package.loaded.fnf = kept[PLAIN], kept.fnf
  end)

  it("asks nobody and looks for no key before the first call", function()
    w.platform.getenv = function(name)
      assert(not name:find("KEY") and not name:find("TOKEN"), "looked for " .. name)
    end
    assert(fnf.new { region = "cn-hangzhou" })
    assert.equal(0, #w.sent)
  end)

  it("does by itself what a client does, as the environment says", function()
    w.environment = ENVIRONMENT
    w.answers = { fake_platform.run(), fake_platform.run { Status = "Failed" } }
    assert.equal("Running", assert(fnf.describe_map_run(fake_platform.names)).Status)
    assert.equal("Failed", assert(fnf.wait_map_run(fake_platform.names, { timeout = 600 })).Status)
    for _, sent in ipairs(w.sent) do
      assert.same({ "FromTheEnvironment", fake_platform.token }, { sent.query.AccessKeyId, sent.query.SecurityToken })
      assert.is_truthy(sent.url:find("^https://us%-west%-1%.fnf%.aliyuncs%.com/"))
    end
  end)

  it("goes where FNF_ENDPOINT says", function()
    w.environment = { FNF_ENDPOINT = "http://127.0.0.1:9", ALIBABA_CLOUD_ACCESS_KEY_ID = "a",
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = "b" }
    w.answers = { fake_platform.run() }
    assert(fnf.describe_map_run(fake_platform.names))
    assert.is_truthy(w.sent[1].url:find("http://127.0.0.1:9/?", 1, true))
  end)

  it("says what the environment lacks: a region is raised, a key is an error", function()
    local done, raised = pcall(fnf.describe_map_run, fake_platform.names)
    assert.is_false(done)
    assert.is_truthy(raised:find("fnf.describe_map_run: no region", 1, true), raised)
    w.environment = { ALIBABA_CLOUD_REGION_ID = "us-west-1" }
    w.answers = { { kind = "network", message = "no metadata service here", times = math.huge } }
    local result, err = fnf.describe_map_run(fake_platform.names)
    assert.is_nil(result)
    assert.equal("credentials", err.kind)
  end)

  it("raises misuse at the caller's line", function()
    w.environment = ENVIRONMENT
    local calls = {
      { "fnf.new: unknown option regoin (did you mean region?)", function() fnf.new { regoin = "x" } end },
      { "fnf.new: a table of options expected, got string", function() fnf.new("cn-hangzhou") end },
      { "fnf.new: a table of options expected, got boolean", function() fnf.new(false) end },
      { "fnf.new: no region", function() w.environment = {} fnf.new() end },
      { "fnf.new: option ca_file: cannot read gone", function() fnf.new { region = "x", ca_file = "gone" } end },
      { "fnf.describe_map_run: missing parameter", function() fnf.describe_map_run {} end },
      { "fnf.wait_map_run: option timeout", function() fnf.wait_map_run(fake_platform.names, { timeout = -1 }) end },
      { "fnf.decode: a string expected, got table", function() fnf.decode {} end },
    }
    for _, row in ipairs(calls) do
      w.environment = ENVIRONMENT
      local line = debug.getinfo(row[2], "S").linedefined
      local done, raised = pcall(row[2])
      assert.is_false(done)
      local wanted = ("%s:%d: %s"):format(FILE, line, row[1])
      assert.equal(wanted, raised:sub(1, #wanted))
    end
  end)

  local TEXTS = {
    { '{"a":null,"b":[1,2.5]}', { b = { 1, 2.5 } } }, { "5", 5 }, { '"x"', "x" }, { "true", true }, { "false", false },
  }
  for _, row in ipairs(TEXTS) do
    it("decodes JSON text: " .. row[1], function()
      assert.same(row[2], fnf.decode(row[1]))
    end)
  end

  it("decodes integers as integers", function()
    assert.equal("5", tostring(fnf.decode("5")))
    assert.equal("7", tostring(fnf.decode('{"n":7}').n))
  end)

  for _, text in ipairs { "", "{", "nul", "null", "[1,]", ("["):rep(1e5) } do
    it("gives a reason for what is no JSON value: " .. text:sub(1, 10), function()
      local value, reason = fnf.decode(text)
      assert.is_nil(value)
      assert.is_string(reason)
    end)
  end

  it("has a version", function()
    assert.is_truthy(fnf._VERSION:find("^%d+%.%d+%.%d+$"))
  end)

  it("15.2: say so when they are called with a colon", function()
    local done, message = pcall(function() fnf:describe_map_run(fake_platform.names) end)
    assert.is_false(done)
    assert.truthy(message:find("fnf_spec.lua:%d+: fnf.describe_map_run: call it with a dot, fnf"), message)
    done, message = pcall(function() fnf:call("DescribeMapRun", {}) end)
    assert.is_false(done)
    assert.truthy(message:find("call it with a dot", 1, true), message)
    for name, call in pairs { new = function() fnf:new { region = "cn-hangzhou" } end,
      decode = function() fnf:decode "{}" end, gather = function() fnf:gather {} end,
      ["credentials.profile"] = function() fnf.credentials:profile "prod" end,
      ["credentials.assume_role"] = function() fnf.credentials:assume_role { role_arn = "x" } end } do
      done, message = pcall(call)
      assert.is_false(done)
      assert.truthy(message:find("fnf_spec.lua:%d+: fnf." .. name .. ": call it with a dot, fnf." .. name), message)
    end
  end)
end)
