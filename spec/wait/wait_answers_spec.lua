--- A wait that goes by what other processes have seen: share.answers as its other side.
-- SPDX-License-Identifier: MIT

local rate_limiter = require "fnf.call.rate_limiter"
local fake_platform = require "spec.support.fake_platform"
local wait = require "fnf.wait.wait"
local operations = require "fnf.operations"
local time = require "fnf.time"

local ROW = operations.describe_map_run

--- A wait whose looks find what the script says, one after another: an answer, seconds to look again, or nothing.
local function shared(looks, runs, options)
  local cloud = fake_platform.new(runs or {})
  local client, seen = cloud:client(), { put = {}, left = 0, looks = 0 }
  local answers = {}
  function answers.look()
    seen.looks = seen.looks + 1
    local found = table.remove(looks, 1)
    if type(found) == "table" then
      return found
    end
    return nil, found or nil
  end
  function answers.put(_, _, run)
    seen.put[#seen.put + 1] = run and run.Status or "nothing"
  end
  function answers.leave(_, waits)
    seen.left = seen.left + #waits
  end
  client.share = { answers = function() return answers end }
  local all = options or {}
  all.rate_limiter = false
  local context = wait.context(client, ROW, all)
  return wait.new(context, fake_platform.names), cloud, seen
end

local function answer(status, age)
  return { run = fake_platform.run({ Status = status }).body, age = age or 0 }
end

describe("a wait that shares", function()
  it("ends by a final answer of another's, without a request", function()
    local w, cloud = shared { answer "Succeeded" }
    local ended, run = w:step()
    assert.same({ true, "Succeeded", 0 }, { ended, run and run.Status, #cloud.sent })
  end)

  it("polls where nobody has seen anything, and says what it saw", function()
    local w, cloud, seen = shared({ false }, { fake_platform.run(), { status = 500 } }, { max_attempts = 1 })
    local ended, delay = w:step()
    assert.is_false(ended)
    assert.is_true(delay > 0)
    w:step()
    assert.same({ 2, { "Running", "nothing" } }, { #cloud.sent, seen.put })
  end)

  it("polls when that is due, where no others wait for the same quota", function()
    local w, cloud = shared({ false, false }, { fake_platform.run(), fake_platform.run() })
    w:step(cloud.clock)
    w:step(cloud.clock)
    assert.equal(2, #cloud.sent)
  end)

  it("puts its first poll off to its place among those that began together, where more share the quota now", function()
    local w, cloud, seen = shared({ false }, { fake_platform.run() })
    w.context.rate_limiter = rate_limiter.new { rate = 1, burst = 1 }
    w.context.first, w.place = cloud.clock - 1, 5
    local ended, delay = w:step(cloud.clock)
    assert.same({ false, 0, 0 }, { ended, seen.looks, #cloud.sent })
    assert.is_true(math.abs(delay - (w.context.rate_limiter:first_poll(5) - 1)) < 1e-6, delay)
    cloud.clock = cloud.clock + delay
    w:step(cloud.clock)
    assert.same({ 1, 1 }, { seen.looks, #cloud.sent })
  end)

  it("looks again after as long as it is told, while another polls, not after its end", function()
    local w, cloud = shared { 0.4 }
    local ended, delay = w:step()
    assert.same({ false, 0.4, 0 }, { ended, delay, #cloud.sent })
  end)

  it("plans by what another has seen, from when that was", function()
    local fresh, _, looked = shared { answer "Running" }
    local ended, delay = fresh:step()
    assert.is_false(ended)
    assert.equal(1, looked.looks)
    local aged = shared { answer("Running", 0.1) }
    local _, sooner = aged:step()
    assert.is_true(sooner < delay, sooner)
  end)

  it("plans by what another saw some seconds ago as that one did then", function()
    local function delay_after(age)
      local seen = answer("Running", age)
      local w, cloud = shared { seen }
      seen.run.StartedTime = time.timestamp(cloud.platform.time() - 100 - age)
      seen.run.ItemCounts = { Total = 1000, Succeed = 500, Running = 10 }
      return select(2, w:step()) + age
    end
    assert.is_true(delay_after(0) > 20)
    assert.is_true(math.abs(delay_after(0) - delay_after(5)) < 1e-6)
  end)

  it("counts a Status that is no text by what it is", function()
    for _, status in ipairs { 7, {}, true } do
      local w = shared { answer(status) }
      w:step()
      assert.same({ [type(status)] = 1 }, w.statuses)
    end
  end)

  it("takes in no answer that is older than its own", function()
    local w, cloud, seen = shared({ false, answer("Pausing", 50), false }, { fake_platform.run(), fake_platform.run() })
    w:step()
    cloud.clock = cloud.clock + 40
    w:step()
    assert.same({ 2, { "Running", "Running" } }, { #cloud.sent, seen.put })
    assert.is_nil(w.statuses.Pausing)
  end)

  it("polls itself at once where what another saw is too old to plan by", function()
    local w, cloud = shared({ answer("Running", 900), false }, { fake_platform.run() })
    local ended = w:step()
    assert.same({ false, 1 }, { ended, #cloud.sent })
  end)

  it("sleeps where the shortest of delays follows on what another has just seen", function()
    local w, cloud, seen = shared({ answer "Running" }, {}, { min_delay = 0.01, max_delay = 0.01 })
    assert.same({ { false, 0.01 }, 0, 1 }, { { w:step() }, #cloud.sent, seen.looks })
  end)

  it("never sleeps past its deadline for another's sake", function()
    local w = shared({ 5 }, {}, { timeout = 2 })
    local ended, delay = w:step()
    assert.is_false(ended)
    assert.is_true(delay <= 2, delay)
  end)
end)

describe("a wait whose first answer is what another process saw", function()
  it("reckons with the age that the run had then", function()
    local looks = {}
    local w, cloud = shared(looks)
    looks[1], looks[2] = answer("Running", 5), 1 -- and then another polls
    looks[1].run.StartedTime = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(cloud.platform.time()) - 100)
    looks[1].run.ItemCounts = { Total = 10, Succeed = 5 }
    assert.is_false((w:step()))
    assert.is_true(math.abs(w.progress:seconds() - 95) < 1.5, w.progress:seconds())
  end)
end)
