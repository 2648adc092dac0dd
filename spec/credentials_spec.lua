--- Where a key comes from.
-- SPDX-License-Identifier: MIT

local client = require "fnf.client"
local credentials = require "fnf.credentials"
local world = require "spec.world"

local ID, SECRET, TOKEN = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
  "ALIBABA_CLOUD_SECURITY_TOKEN"

describe("given keys", function()
  it("are kept although the caller's table changes, and are the same table every time", function()
    local given = { access_key_id = "a", access_key_secret = "b", security_token = "c", timeout = 1 }
    local provider = credentials.static(given)
    given.access_key_id = "other"
    assert.same({ access_key_id = "a", access_key_secret = "b", security_token = "c" }, provider())
    assert.equal(provider(), provider())
  end)
end)

describe("keys of the environment", function()
  local FOUND = {
    { { [ID] = "a", [SECRET] = "b" }, { access_key_id = "a", access_key_secret = "b" } },
    { { [ID] = "a", [SECRET] = "b", [TOKEN] = "c" },
      { access_key_id = "a", access_key_secret = "b", security_token = "c" } },
    { { [ID] = "a", [SECRET] = "b", [TOKEN] = "" }, { access_key_id = "a", access_key_secret = "b" } },
  }
  for i, row in ipairs(FOUND) do
    it(("are found, row %d"):format(i), function()
      local w = world.new()
      w.environment = row[1]
      assert.same(row[2], (credentials.env()(w.platform)))
    end)
  end

  local REFUSED = {
    { {}, "no access key" },
    { { [ID] = "a" }, "no access key" },
    { { [SECRET] = "Secret" }, "no access key" },
    { { [ID] = "", [SECRET] = "Secret" }, "no access key" },
    { { [ID] = "a", [SECRET] = "Secret\n" }, SECRET .. " holds a control character" },
    { { [ID] = "a\r", [SECRET] = "Secret" }, ID .. " holds a control character" },
    { { [ID] = "a", [SECRET] = "b", [TOKEN] = "Secret\0" }, TOKEN .. " holds a control character" },
  }
  for i, row in ipairs(REFUSED) do
    it(("are refused before anything is sent, and not repeated: %s, row %d"):format(row[2], i), function()
      local w = world.new()
      w.environment = row[1]
      local calling = assert(client.new({ region = "cn-hangzhou" }, w.platform))
      for _, method in ipairs { "describe_map_run", "wait_map_run" } do
        local result, err = calling[method](calling, world.names)
        assert.is_nil(result)
        assert.equal("credentials", err.kind)
        assert.is_truthy(err.message:find(row[2], 1, true), err.message)
        assert.is_nil(tostring(err):find("Secret", 1, true))
      end
      assert.same({ 0, 0 }, { #w.sent, #w.sleeps })
    end)
  end

  it("are looked for at the first call, not before", function()
    local w = world.new { world.run(), world.run() }
    local calling = assert(client.new({ region = "cn-hangzhou" }, w.platform))
    assert.equal("credentials", select(2, calling:describe_map_run(world.names)).kind)
    w.environment = { [ID] = "late", [SECRET] = "b" }
    assert(calling:describe_map_run(world.names))
    assert.equal("late", w.sent[1].query.AccessKeyId)
  end)
end)
