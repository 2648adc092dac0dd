--- W3C Trace Context on the requests of a call: whose, which, and what it leaves as it is.
-- SPDX-License-Identifier: MIT

local fake_platform = require "spec.support.fake_platform"

local OURS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
local THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
local names = fake_platform.names

describe("a traceparent", function()
  for _, signature in ipairs { "HMAC-SHA1", "ACS3-HMAC-SHA256" } do
    it("15.5: travels with every attempt of a call, and with no other request: " .. signature, function()
      local cloud = fake_platform.new { { status = 503 }, fake_platform.run(), fake_platform.run() }
      local client = cloud:client { signature = signature }
      assert(client:describe_map_run(names, { traceparent = OURS }))
      assert(client:describe_map_run(names))
      assert.same({ OURS, OURS }, { cloud.sent[1].headers.traceparent, cloud.sent[2].headers.traceparent })
      assert.is_nil(cloud.sent[3].headers.traceparent)
    end)

    it("is not signed: the request is the same but for it: " .. signature, function()
      local sent = {}
      for i, traceparent in ipairs { false, OURS } do
        local cloud = fake_platform.new { fake_platform.run() }
        local client = cloud:client { signature = signature, traceparent = traceparent or nil }
        assert(client:describe_map_run(names))
        sent[i] = cloud.sent[1]
      end
      assert.equal(OURS, sent[2].headers.traceparent)
      sent[2].headers.traceparent = nil
      assert.same(sent[1].headers, sent[2].headers)
      assert.equal(sent[1].url, sent[2].url)
    end)
  end

  it("travels with each poll of a wait, of many, and of client:run; a call's goes before the client's", function()
    local run = fake_platform.run
    local cloud = fake_platform.new { run(), run { Status = "Succeeded" }, run { Status = "Succeeded" },
      { status = 403, body = { Code = "AccessDenied", Message = "no" } } }
    local client = cloud:client { traceparent = THEIRS }
    assert(client:wait_map_run(names, { traceparent = OURS }))
    assert(client:wait_map_runs({ names }, {}))
    assert.is_nil((client:run { FlowName = "orders", traceparent = OURS }))
    local carried = {}
    for i, request in ipairs(cloud.sent) do
      carried[i] = request.headers.traceparent
    end
    assert.same({ OURS, OURS, THEIRS, OURS }, carried)
    assert.is_nil(cloud.sent[4].params.traceparent)
  end)

  it("leaves what the client learns with the client, and knows when it is closed", function()
    local cloud = fake_platform.new { { status = 500, times = 3 } }
    local client = cloud:client()
    local traced = client:traced(OURS)
    traced.skew = 7
    assert.equal(7, client.skew)
    client:close()
    local _, err = traced:perform(require("fnf.operations").describe_map_run, names)
    assert.equal("cancelled", err.kind)
  end)

  for _, wrong in ipairs { "", "00", OURS:upper(), OURS .. "-x", "ff" .. OURS:sub(3), OURS:gsub("4bf.-%-", "x-", 1), 7,
    "00-" .. ("0"):rep(32) .. OURS:sub(36), OURS:sub(1, 36) .. ("0"):rep(16) .. "-01", OURS .. "\r\nx: y" } do
    it("is refused where it is none: " .. tostring(wrong):gsub("%c", "?"), function()
      local client = fake_platform.new({}):client()
      local done, message = pcall(function() client:describe_map_run(names, { traceparent = wrong }) end)
      assert.is_false(done)
      assert.truthy(message:find("traceparent_spec.lua:%d+: describe_map_run: option traceparent must be"), message)
    end)
  end

  it("of a later version may go on", function()
    local cloud = fake_platform.new { fake_platform.run() }
    assert(cloud:client():describe_map_run(names, { traceparent = "01" .. OURS:sub(3) .. "-what-comes" }))
  end)
end)
