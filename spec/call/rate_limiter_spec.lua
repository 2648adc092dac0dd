--- The request quota as a rate limiter: who may send when.
-- SPDX-License-Identifier: MIT

local rate_limiter = require "fnf.call.rate_limiter"

local QUOTA = { rate = 2, burst = 10 }

--- Take a permit; seconds until it comes.
local function take(p, now)
  return p:pause(p:take(now), now)
end

describe("a rate limiter", function()
  it("lets the burst go at once, and the rest at the rate", function()
    local p = rate_limiter.new(QUOTA)
    local pauses = {}
    for i = 1, 14 do
      pauses[i] = take(p, 100)
    end
    assert.same({ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 1, 1.5, 2 }, pauses)
  end)

  it("never grants more than burst and rate allow, whatever the times of asking", function()
    local p, granted, now, state = rate_limiter.new(QUOTA), {}, 0, 3
    for i = 1, 2000 do
      state = state * 16807 % 2147483647
      now = now + state / 2147483647
      granted[i] = now + take(p, now)
    end
    for i = 2, #granted do
      assert.is_true(granted[i] >= granted[i - 1])
    end
    for first = 1, #granted, 37 do
      for last = first + 10, math.min(first + 300, #granted), 7 do
        assert.is_true(last - first + 1 <= 10 + 2 * (granted[last] - granted[first]) + 1e-6)
      end
    end
  end)

  it("saves up no more than the burst", function()
    local p = rate_limiter.new(QUOTA)
    take(p, 0)
    for _ = 1, 10 do
      assert.equal(0, take(p, 1e6))
    end
    assert.equal(0.5, take(p, 1e6))
  end)

  it("takes back a permit that was not used", function()
    local p = rate_limiter.new { rate = 1, burst = 1 }
    take(p, 0)
    assert.equal(1, take(p, 0))
    p:give_back()
    assert.equal(1, take(p, 0))
    for _ = 1, 5 do
      p:give_back()
    end
    assert.same({ 0, 1 }, { take(p, 0), take(p, 0) })
  end)

  it("is halved by a throttle answer, once for those of one second, and has nothing at once then", function()
    local p = rate_limiter.new(QUOTA)
    p:throttled(0)
    p:throttled(0.5)
    assert.same({ 1, 1 }, { p.rate, take(p, 0.5) + 0.5 })
    p:throttled(1.5)
    assert.equal(0.5, p.rate)
  end)

  it("makes permits wait that were given before a throttle answer", function()
    local p = rate_limiter.new(QUOTA)
    local permits = {}
    for i = 1, 14 do
      permits[i] = p:take(0)
    end
    assert.equal(2, p:pause(permits[14], 0))
    p:throttled(1)
    assert.same({ 0, 2 }, { p:pause(permits[12], 1), p:pause(permits[14], 1) })
    assert.equal(0, p:pause(permits[14], 3))
  end)

  it("lets permits come sooner that were given when it was slow", function()
    local p = rate_limiter.new(QUOTA)
    for second = 1, 8, 2 do
      p:throttled(second)
    end
    local last
    for _ = 1, 10 do
      last = p:take(8)
    end
    local slow = p:pause(last, 8)
    for _ = 1, 100 do
      p:succeeded(8)
    end
    assert.equal(2, p.rate)
    assert.equal(slow / 16, p:pause(last, 8))
  end)

  it("lets later permits come sooner when one before them is given back", function()
    local p = rate_limiter.new { rate = 1, burst = 1 }
    take(p, 0)
    local second, third = p:take(0), p:take(0)
    assert.same({ 1, 2 }, { p:pause(second, 0), p:pause(third, 0) })
    p:give_back()
    assert.equal(1, p:pause(third, 0))
  end)

  it("is never halved to a stand-still, and recovers by success alone, slowly", function()
    local p = rate_limiter.new(QUOTA)
    for second = 1, 100 do
      p:throttled(2 * second)
    end
    assert.equal(2 / 16, p.rate)
    for _ = 1, 10 do
      p:succeeded(300)
    end
    assert.is_true(p.rate > 2 / 16 and p.rate < 1)
    for _ = 1, 100 do
      p:succeeded(300)
    end
    assert.equal(2, p.rate)
  end)

  it("does not mind a clock that stands still or goes back", function()
    local p = rate_limiter.new(QUOTA)
    for _ = 1, 10 do
      take(p, 5)
    end
    assert.equal(0.5, take(p, 5))
    assert.equal(1, take(p, 4))
  end)
end)

describe("the limits of a rate limiter", function()
  local LIMITS = { min_delay = 0.4, max_delay = 120 }

  it("are those of the wait while the quota is large enough", function()
    local p = rate_limiter.new(QUOTA)
    local context = { open = 10 }
    p:join(context)
    assert.equal(LIMITS, p:limits(LIMITS))
  end)

  it("are stretched when there are more waits than the quota can serve, for all alike", function()
    local p = rate_limiter.new(QUOTA)
    local contexts = { { open = 900 }, { open = 100 } }
    p:join(contexts[1])
    p:join(contexts[2])
    local limits = p:limits(LIMITS)
    assert.same({ 10, 880 }, { limits.min_delay, limits.max_delay })
    assert.is_true(limits.thrift > 1)
    contexts[1].open = 0
    assert.equal(120, p:limits(LIMITS).max_delay)
  end)

  it("keep max_delay while a round fits into it", function()
    for waits, longest in pairs { [30] = 120, [200] = 120, [240] = 120, [300] = 180 } do
      local p, context = rate_limiter.new(QUOTA), { open = waits }
      p:join(context)
      assert.equal(longest, p:limits(LIMITS).max_delay)
    end
  end)

  it("count nobody who has gone away", function()
    local p = rate_limiter.new(QUOTA)
    p:join { open = 1000 }
    collectgarbage()
    collectgarbage()
    assert.equal(LIMITS, p:limits(LIMITS))
  end)

  it("spread the first polls of many, a little ahead of their permits", function()
    local p = rate_limiter.new(QUOTA)
    assert.same({ 0, 0 }, { p:first_poll(1), p:first_poll(10) })
    for _, place in ipairs { 20, 1000 } do
      local permit = (place - 10) / 2
      assert.is_true(p:first_poll(place) > permit / 2 and p:first_poll(place) < permit)
    end
  end)
end)
