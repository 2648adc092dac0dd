--- The name that was meant by a misspelt or former one.
-- SPDX-License-Identifier: MIT

local nearest = require "fnf.nearest"

describe("the nearest name", function()
  local NAMES = { region = 1, timeout = 1, connect_timeout = 1, ca_file = 1, cert_file = 1, proxy = 1, no_proxy = 1 }
  local ROWS = {
    { "regoin", "region" }, { "Region", "region" }, { "time_out", "timeout" }, { "cafile", "ca_file" },
    { "connecttimeout", "connect_timeout" }, { "noproxy", "no_proxy" }, { "prox", "proxy" }, { "zzzzzzzzzz", nil },
  }
  for _, row in ipairs(ROWS) do
    it(("to %s is %s"):format(row[1], row[2] or "none"), function()
      assert.same({ row[2] }, { nearest.find(row[1], NAMES) })
    end)
  end

  it("to what is no text, or among none, is none", function()
    assert.is_nil(nearest.find(5, NAMES))
    assert.is_nil(nearest.find({}, NAMES))
    assert.is_nil(nearest.find("x", {}))
  end)

  it("to a megabyte of text is found at once", function()
    local started = os.clock()
    assert.is_nil(nearest.find(("x"):rep(1e6), NAMES))
    assert.is_true(os.clock() - started < 0.5)
  end)

  it("of an option's former name is what it is called now", function()
    local OPTIONS = { rate_limit = 1, timeout = 1, attempt_timeout = 1, cancel = 1 }
    assert.equal("rate_limit", nearest.find("pace", OPTIONS))
    assert.equal("timeout", nearest.find("deadline", OPTIONS))
    assert.equal("timeout", nearest.find("Deadline", OPTIONS))
  end)

  it("is no former one where what took its place is not there either", function()
    assert.is_nil(nearest.find("pace", { region = 1 }))
    assert.is_nil(nearest.find("deadline", { FlowName = 1 }))
  end)
end)

describe("an option by its former name", function()
  local fnf = require "fnf"

  local function refusal(...)
    local done, problem = pcall(...)
    assert.is_false(done)
    return problem
  end

  it("is refused with the name it has now", function()
    assert.is_truthy(refusal(fnf.new, { region = "cn-hangzhou", pace = { rate = 1 } }):find(
      "unknown option pace (did you mean rate_limit?)", 1, true))
    local client = fnf.new { region = "cn-hangzhou", access_key_id = "a", access_key_secret = "b" }
    assert.is_truthy(refusal(client.list_flows, client, {}, { deadline = 5 }):find(
      "unknown option deadline (did you mean timeout?)", 1, true))
  end)
end)
