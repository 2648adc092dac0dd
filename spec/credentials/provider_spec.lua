-- Keys that end: renewed ahead of it, by one at a time, the old ones used meanwhile.
-- SPDX-License-Identifier: MIT
local fake_sources = require "spec.support.fake_sources"
local credentials = require "fnf.credentials"
local errors = require "fnf.errors"

local URI = "GET http://127.0.0.1:9/keys"
local EXPIRED = { status = 400, body = '{"Code":"InvalidSecurityToken.Expired","Message":"expired","RequestId":"r"}' }
local DOWN = { status = 503, body = "" }

local function from_uri()
  return credentials.uri { uri = "http://127.0.0.1:9/keys" }
end

--- Keys named 1, 2, 3, ... that live so many seconds; how often they were asked for in `count`.
local function mint(place, life)
  place.count = 0
  return function()
    place.count = place.count + 1
    return fake_sources.temporary(tostring(place.count), place.clock + life)
  end
end

--- The service refuses keys of these names as expired, and answers all others.
local function refuse(place, names)
  place.answers["GET https://cn-hangzhou.fnf.aliyuncs.com/"] = function(sent)
    return names[sent.query.AccessKeyId] and EXPIRED or { Status = "Running", MapRunName = "run" }
  end
end

local function describe_run(client, options)
  return client:describe_map_run(fake_sources.names, options)
end

describe("keys that end", function()
  local place

  before_each(function() place = fake_sources.new {} end)
  after_each(function()
    assert.is_nil(place:printed():find(fake_sources.mark, 1, true))
    place:close()
  end)

  local function at(client, clock)
    place.clock = clock
    assert(describe_run(client))
    return place:signed().AccessKeyId
  end

  -- life of the keys, last moment of the first ones, first moment of the second
  for _, row in ipairs {
    { 21600, 20699, 20700 }, { 3600, 2699, 2700 }, { 1800, 899, 900 }, { 1799, 1618, 1619 }, { 900, 719, 720 },
    { 360, 179, 180 }, { 100, 49, 50 },
  } do
    it(("of %d s are used for %d s"):format(row[1], row[3]), function()
      place.answers[URI] = mint(place, row[1])
      local client = place:client { credentials = from_uri() }
      assert.are.equal("STS.1", at(client, 0))
      assert.are.equal("STS.1", at(client, row[2]))
      assert.are.equal("STS.2", at(client, row[3]))
      assert.are.equal(2, #place:heard("refresh"))
    end)
  end

  it("stay in use while renewing fails, with pauses between the tries, and never past their end", function()
    place.answers[URI] = mint(place, 1000)
    local client = place:client { credentials = from_uri(), max_attempts = 1 }
    assert.are.equal("STS.1", at(client, 0))
    place.answers[URI] = DOWN
    for clock = 820, 999 do
      assert.are.equal("STS.1", at(client, clock))
    end
    local tries = #place.asked - 1
    assert.is_true(tries >= 180 / 10 and tries <= 180 / 4, tries)
    assert.is_truthy(place:heard("refresh")[2].error)
    place.clock = 1000
    local run, err = describe_run(client)
    assert.is_nil(run)
    assert.are.equal("credentials", err.kind)
    assert.is_true(err.retryable)
    place.answers[URI] = mint(place, 1000)
    assert.are.equal("STS.1", at(client, 1100)) -- the first of the new ones
  end)

  it("are refused if they come expired, with a hint", function()
    place.answers[URI] = fake_sources.temporary("old", 0)
    local run, err = describe_run(place:client { credentials = from_uri() })
    assert.is_nil(run)
    assert.is_truthy(err.message:find("expired already; is the clock right?", 1, true))
  end)

  it("and are refused by the service cause one refresh and one resend", function()
    place.answers[URI] = mint(place, 3600)
    refuse(place, { ["STS.1"] = true })
    local client = place:client { credentials = from_uri() }
    assert(describe_run(client))
    assert.are.equal(2, place.count)
    assert.are.equal(4, #place.sent)
    assert.are.equal("expired", place:heard("retry")[1].reason)
    assert.are.equal(0, place:heard("retry")[1].delay)
  end)

  it("and are refused twice end the call", function()
    place.answers[URI] = mint(place, 3600)
    refuse(place, { ["STS.1"] = true, ["STS.2"] = true, ["STS.3"] = true })
    local run, err = describe_run(place:client { credentials = from_uri() })
    assert.is_nil(run)
    assert.are.equal("InvalidSecurityToken.Expired", err.code)
    assert.is_false(err.retryable)
    assert.are.equal(2, err.attempts)
  end)

  it("and are refused in the middle of a wait do not end it", function()
    place.answers[URI] = mint(place, 3600)
    local polls = 0
    place.answers["GET https://cn-hangzhou.fnf.aliyuncs.com/"] = function(sent)
      polls = polls + 1
      local fresh = sent.query.AccessKeyId == "STS." .. math.floor(polls / 3) + 1
      return not fresh and EXPIRED or { Status = polls > 20 and "Succeeded" or "Running", MapRunName = "run" }
    end
    local client = place:client { credentials = from_uri() }
    local run, err = client:wait_map_run(fake_sources.names, { timeout = 3000 })
    assert.is_nil(err)
    assert.are.equal("Succeeded", run.Status)
    assert.is_true(place.count > 5)
  end)

  it("that were given are not sent twice", function()
    refuse(place, { ["id"] = true })
    local client = place:client { access_key_id = "id", access_key_secret = fake_sources.mark,
      security_token = fake_sources.mark }
    local run, err = describe_run(client)
    assert.is_nil(run)
    assert.are.equal(1, err.attempts)
    assert.is_false(err.retryable)
  end)
end)

describe("many coroutines", function()
  local place

  before_each(function() place = fake_sources.new {} end)
  after_each(function() place:close() end)

  local function gather(count, run)
    local functions, results = {}, {}
    for index = 1, count do
      functions[index] = function()
        results[index] = { run(index) }
      end
    end
    place:gather(functions)
    return results
  end

  it("cause one request for the first key", function()
    place.answers[URI] = mint(place, 3600)
    local client = place:client { credentials = from_uri() }
    local results = gather(1000, function() return describe_run(client) end)
    for index = 1, 1000 do
      assert.are.equal("Running", results[index][1].Status)
    end
    assert.are.equal(1, place.count)
  end)

  it("cause one request ahead of the end, while all others go on", function()
    place.answers[URI] = mint(place, 3600)
    local client = place:client { credentials = from_uri() }
    assert(describe_run(client))
    place.clock = 3000
    local by_old = 0
    place.on_send = function(sent)
      by_old = by_old + (sent.query.AccessKeyId == "STS.1" and 1 or 0)
    end
    gather(1000, function() return assert(describe_run(client)) end)
    assert.are.equal(2, place.count)
    assert.are.equal(999, by_old)
  end)

  it("cause one request after the service refused the key of all", function()
    place.answers[URI] = mint(place, 3600)
    refuse(place, { ["STS.1"] = true })
    local client = place:client { credentials = from_uri() }
    gather(90, function() return assert(describe_run(client)) end)
    assert.are.equal(2, place.count)
  end)

  it("share one failure, each with an error of its own", function()
    place.answers[URI] = { status = 403, body = "" }
    local client = place:client { credentials = from_uri() }
    local results = gather(1000, function() return describe_run(client) end)
    assert.are.equal(1, #place.asked)
    local seen = {}
    for index = 1, 1000 do
      local err = results[index][2]
      assert.is_true(errors.is(err) and not seen[err])
      seen[err] = true
    end
  end)

  it("of two clients share a provider", function()
    place.answers[URI] = mint(place, 3600)
    local provider = from_uri()
    local clients = { place:client { credentials = provider }, place:client { credentials = provider } }
    gather(10, function(index) return assert(describe_run(clients[index % 2 + 1])) end)
    assert.are.equal(1, place.count)
  end)

  it("go on if the one that asked is cancelled", function()
    place.answers[URI] = mint(place, 3600)
    local client, cancelled = place:client { credentials = from_uri() }, false
    local send = place.platform.send
    function place.platform.send(request, cancel)
      if cancel and cancelled then
        return nil, errors.cancelled()
      end
      return send(request, cancel)
    end
    local results = gather(10, function(index)
      local cancel = index == 1 and function()
        local now = cancelled
        cancelled = true
        return now
      end or nil
      return describe_run(client, { cancel = cancel })
    end)
    assert.are.equal("cancelled", results[1][2].kind)
    for index = 2, 10 do
      assert.are.equal("Running", results[index][1].Status)
    end
    assert.are.equal(1, place.count)
  end)

  it("take over from one that was dropped while asking", function()
    place.answers[URI] = mint(place, 3600)
    local client = place:client { credentials = from_uri() }
    local send = place.platform.send
    place.platform.send = function() return coroutine.yield() end
    local dropped = coroutine.create(function() return describe_run(client) end)
    assert(coroutine.resume(dropped))
    place.platform.send = send
    local results = gather(10, function() return describe_run(client) end)
    for index = 1, 10 do
      assert.are.equal("Running", results[index][1].Status)
    end
    assert.are.equal(1, place.count)
    assert.is_true(place.clock >= 20 and place.clock < 25)
    assert.are.equal("suspended", coroutine.status(dropped))
  end)

  it("are told why they may not wait for another's request, where a platform refuses to", function()
    local client = place:client { credentials = from_uri(), max_attempts = 1 }
    place.platform.send = function() return coroutine.yield() end
    local dropped = coroutine.create(function() return describe_run(client) end)
    assert(coroutine.resume(dropped))
    local refusal = errors.new { kind = "network", message = "no waiting in this phase" }
    function place.platform.sleep() return false, refusal end
    assert.are.equal(refusal, select(2, describe_run(client)))
  end)

  it("do not wait past their deadline for another's request", function()
    local client = place:client { credentials = from_uri() }
    local send = place.platform.send
    place.platform.send = function() return coroutine.yield() end
    local dropped = coroutine.create(function() return describe_run(client) end)
    assert(coroutine.resume(dropped))
    place.platform.send = send
    local results = gather(1, function() return describe_run(client, { timeout = 2, max_attempts = 1 }) end)
    assert.are.equal("timeout", results[1][2].kind)
    assert.is_true(place.clock <= 2.1)
  end)
end)

describe("a function of the user's", function()
  local place

  before_each(function() place = fake_sources.new {} end)
  after_each(function() place:close() end)

  it("is asked once while its keys do not end, and again ahead of their end", function()
    local asked = 0
    local client = place:client { credentials = function(context)
      asked = asked + 1
      return { access_key_id = "id" .. asked, access_key_secret = fake_sources.mark,
        expires = asked > 1 and context.time() + 3600 or nil }
    end }
    assert(describe_run(client) and describe_run(client))
    assert.are.equal(1, asked)
    refuse(place, { id1 = true })
    assert(describe_run(client))
    assert.are.equal("id2", place:signed().AccessKeyId)
    place.clock = 3000
    assert(describe_run(client))
    assert.are.equal(3, asked)
  end)

  it("that raised is asked again by the next call", function()
    local asked = 0
    local client = place:client { credentials = function()
      asked = asked + 1
      if asked == 1 then
        error("no vault")
      end
      return { access_key_id = "id", access_key_secret = fake_sources.mark }
    end }
    assert.has_error(function() describe_run(client) end)
    assert(describe_run(client))
    assert.are.equal(0, place.clock)
  end)
end)

