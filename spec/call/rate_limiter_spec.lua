--- The request quota as a rate limiter: who may send when.
-- SPDX-License-Identifier: MIT

local rate_limiter = require "fnf.call.rate_limiter"

local QUOTA = { rate = 2, burst = 10 }

--- Take a permit; seconds until it comes.
local function take(p, now)
  return p:pause(p:take(now), now)
end

describe("a rate limiter that is full", function()
  it("refills from when the first request has come to the service: a fourth of what the others take, at most 1/4 s",
    function()
      for _, row in ipairs { { 4, 3, 0.125 }, { 2, 9, 0.25 } } do
        local p = rate_limiter.new { rate = row[1], burst = row[2] }
        for _ = 1, row[2] do
          assert.equal(0, p:pause(p:take(100), 100))
        end
        assert.equal(row[3] + 1 / row[1], p:pause(p:take(100), 100))
      end
    end)
end)

describe("a rate limiter", function()
  it("lets the burst go at once, and the rest at the rate", function()
    local p = rate_limiter.new(QUOTA)
    local pauses = {}
    for i = 1, 14 do
      pauses[i] = take(p, 100)
    end
    assert.same({ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.75, 1.25, 1.75, 2.25 }, pauses)
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
    assert.equal(0.75, take(p, 1e6))
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

  it("leaves room for first polls of other processes, where it is known how many runs they wait for", function()
    local p = rate_limiter.new(QUOTA)
    local context = { open = 50 }
    p:join(context)
    local alone = { p:first_poll(1), p:first_poll(50) }
    p.load = 1000
    assert.equal(alone[1], p:first_poll(1))
    assert.is_true(p:first_poll(50) > 19 * alone[2])
    p.load = 50
    assert.same(alone, { p:first_poll(1), p:first_poll(50) })
  end)

  it("may begin empty", function()
    local p = rate_limiter.new { rate = 2, burst = 10, empty = true }
    assert.same({ 0.5, 1 }, { take(p, 0), take(p, 0) })
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
    assert.equal(2.25, p:pause(permits[14], 0))
    p:throttled(1.25)
    assert.same({ 0, 2 }, { p:pause(permits[12], 1.25), p:pause(permits[14], 1.25) })
    assert.equal(0, p:pause(permits[14], 3.25))
  end)

  it("reckons with a first request that comes late to a service whose bucket is full until then", function()
    local p, now, late, tokens, at = rate_limiter.new(QUOTA), 0, 0.25, 10, 0.25
    for i = 1, 40 do
      local permit = p:take(now)
      now = now + p:pause(permit, now)
      assert.equal(0, p:pause(permit, now))
      local arrives = now + (i <= 10 and late or 0) -- the first ones over new connections
      tokens, at = math.min(10, tokens + (arrives - at) * 2) - 1, arrives
      assert.is_true(tokens >= 0, i)
    end
    assert.is_true(math.abs(now - late - 15) < 1e-6, now)
    now = now + 10 -- full again
    for _ = 1, 20 do -- and as fast as ever, one after the other
      local began = now
      now = now + 0.5
      assert.equal(0, p:pause(p:take(now), began + 0.5))
    end
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
    for second = 9, 108 do
      p:succeeded(second)
    end
    assert.equal(2, p.rate)
    local fresh = rate_limiter.new { rate = 2, burst = 10 }
    assert.is_true(slow > 70 and p:pause(last, 108) == 0 and take(fresh, 0) == 0)
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
    for second = 201, 210 do
      p:succeeded(second)
    end
    assert.is_true(p.rate > 2 / 16 and p.rate < 1, p.rate)
    for second = 211, 310 do
      p:succeeded(second)
    end
    assert.equal(2, p.rate)
  end)

  it("wins back for a silence between two answers no more than for ten seconds", function()
    for silence, rate in pairs { [5] = 1.1, [10] = 1.2, [11] = 1.2, [1000] = 1.2 } do
      local p = rate_limiter.new(QUOTA)
      p:throttled(0)
      p:succeeded(silence)
      assert.equal(rate, p.rate)
    end
  end)

  it("has permits come at the rate there was until it was changed", function()
    local p = rate_limiter.new(QUOTA)
    p:throttled(0)
    local permit
    for _ = 1, 11 do
      permit = p:take(0)
    end
    p:succeeded(10) -- ten have come by one a second, the next by 1.2
    assert.is_true(math.abs(p:pause(permit, 10) - 1 / 1.2) < 1e-9)
  end)

  it("is not sped up by being told the quota that it was throttled in, and is slowed down by a smaller one", function()
    for limit, rate in pairs { [600] = 1, [120] = 1, [30] = 0.5 } do -- of a minute
      local p = rate_limiter.new(QUOTA)
      p:throttled(0)
      p:told({ limit = limit, remain = limit, left = 60 }, 1)
      assert.equal(rate, p.rate)
    end
  end)

  it("that has probed above the quota that it is told stays there", function()
    for probe, rate in pairs { [false] = 4, [true] = 5 } do
      local p = rate_limiter.new { rate = 4, burst = 10, probe = probe }
      p.rate = 5
      p:told({ limit = 240, remain = 240, left = 60 }, 0)
      assert.equal(rate, p.rate)
    end
  end)

  it("takes the quota that the service tells: a whole window at once, what is left of one by and by", function()
    local function told(quota, burst)
      local p = rate_limiter.new { rate = 2, burst = burst or 10 }
      p:told(quota, 0)
      return p
    end
    local fresh = told { limit = 600, remain = 600, left = 60 }
    assert.equal(10, fresh.rate)
    assert.equal(0, take(fresh, 0))
    local half = told({ limit = 600, remain = 300, left = 60 }, 1000)
    assert.same({ 10, 0.1 }, { half.rate, take(half, 0) })
    local most = told({ limit = 600, remain = 450, left = 60 }, 1000)
    for _ = 1, 300 do
      assert.equal(0, take(most, 0))
    end
    assert.equal(0.1, take(most, 0))
    local spent = told({ limit = 600, remain = 0, left = 60 }, 1000)
    assert.equal(600 / 10 + 1 / 10, take(spent, 0)) -- as many as the rate gives until the window ends come later
    assert.equal(1e5, told({ limit = 1e9, remain = 1e9, left = 1 }).rate)
    assert.equal(0.5, told({ limit = 30, remain = 30, left = 60 }).rate)
  end)

  it("keeps the longest time that was left of a window, until the limit is another", function()
    local p = rate_limiter.new(QUOTA)
    p:told({ limit = 600, remain = 600, left = 60 }, 0)
    p:told({ limit = 600, remain = 590, left = 30 }, 30)
    assert.equal(10, p.rate)
    p:told({ limit = 900, remain = 900, left = 60 }, 60)
    assert.equal(15, p.rate)
  end)

  it("has those plan anew who planned by a rate that is two thirds of the present one, or less", function()
    for _, row in ipairs { { 179, 0 }, { 180, 1 }, { 600, 1 } } do -- of a minute: 2.98, 3 and 10 a second
      local p, planned = rate_limiter.new(QUOTA), 0
      p:join { open = 1, plan_anew = function() planned = planned + 1 end }
      p:join { open = 1 }
      p:told({ limit = row[1], remain = row[1], left = 60 }, 0)
      p:told({ limit = row[1], remain = row[1], left = 60 }, 1)
      assert.equal(row[2], planned)
    end
  end)

  it("uses half of a larger quota after a throttle above its own rate, and a quarter after another", function()
    local p = rate_limiter.new(QUOTA)
    p:told({ limit = 600, remain = 600, left = 60 }, 0)
    p:throttled(1)
    p:told({ limit = 600, remain = 600, left = 60 }, 2)
    assert.equal(2 + (10 - 2) / 2, p.most)
  end)

  it("stretches the delays of waits that a quota is too small for, and no others", function()
    local LIMITS = { min_delay = 0.4, max_delay = 120 }
    for _, row in ipairs { { 1, 0.4, 120 }, { 16, 0.4, 120 }, { 40, 0.4, 120, 2.5 }, { 100, 1, 120, 6.25 },
      { 1000, 10, 880, 62.5 } } do
      local p = rate_limiter.new(QUOTA)
      p:join { open = row[1] }
      local limits = p:limits(LIMITS)
      assert.same({ row[2], row[3], row[4] }, { limits.min_delay, limits.max_delay, limits.stretch })
    end
  end)

  it("does not mind a clock that stands still or goes back", function()
    local p = rate_limiter.new(QUOTA)
    for _ = 1, 10 do
      take(p, 5)
    end
    assert.equal(0.75, take(p, 5))
    assert.equal(1.25, take(p, 4))
  end)
end)

--- Wait for a permit as a call does; the time when it has come.
local function send(p, now)
  local permit = p:take(now)
  now = now + 0.01
  while p:pause(permit, now) > 0 do
    now = now + p:pause(permit, now)
  end
  return now
end

describe("13.4: a rate limiter that is told the quota", function()
  local function told(p, limit, remain, left, now)
    p:told({ limit = limit, remain = remain, left = left }, now)
  end

  it("uses a larger one", function()
    local p, now = rate_limiter.new(QUOTA), 0
    for i = 1, 500 do
      now = send(p, now)
      told(p, 600, 600 - i, 60 - now, now)
    end
    assert.is_true(math.abs(p.rate - 10) < 0.1, p.rate)
    assert.is_true(now > 48 and now < 55, now)
  end)

  it("keeps a smaller one without being throttled into it, whatever other programs take of it", function()
    for _, others in ipairs { 0, 0.3 } do -- requests a second
      local p, now, sent, window, taken = rate_limiter.new(QUOTA), 0, 0, -1, 0
      while now < 600 do
        now = send(p, now)
        local left = 10 - now % 10
        if math.floor(now / 10) ~= window then
          window, taken = math.floor(now / 10), 0
        end
        taken, sent = taken + 1, sent + 1
        local remain = 10 - taken - math.ceil(others * (10 - left))
        assert.is_true(sent < 15 or remain >= 0, ("at %g s, %d"):format(now, remain)) -- the first window is a surprise
        told(p, 10, math.max(0, remain), left, now)
      end
      assert.is_true(sent > (1 - others) * 540, sent)
    end
  end)

  it("has nothing come before the next window when none is left of this", function()
    local p = rate_limiter.new(QUOTA)
    take(p, 0)
    told(p, 20, 0, 7, 1)
    local pause = take(p, 1)
    assert.is_true(pause >= 7 and pause < 8, pause)
  end)

  it("believes less of a larger one with each throttle above the configured rate", function()
    local p = rate_limiter.new(QUOTA)
    told(p, 100, 99, 10, 0)
    local rates = { p.rate }
    for second = 10, 40, 10 do
      p:throttled(second)
      told(p, 100, 50, 5, second)
      for after = 1, 9 do
        p:succeeded(second + after)
      end
      p.rate = p.most
      rates[#rates + 1] = p.rate
    end
    assert.same({ 10, 6, 4, 3, 2.5 }, rates)
  end)

  it("does not take a window for shorter than a second, nor grow without bounds", function()
    local p = rate_limiter.new(QUOTA)
    told(p, 5, 4, 0, 0)
    assert.equal(5, p.rate)
    told(p, 999999999, 999999999, 0, 0)
    assert.is_true(p.rate <= 1e5)
  end)
end)

describe("13.4: rate limiters of programs that share a quota", function()
  --- Requests of each in the last two thirds of an hour, where two a second pass in all, and one begins far behind.
  local function sent_by(limiters)
    local level, at, counts, due, permits, state = 0, 0, { 0, 0 }, { 0, 0 }, {}, 3
    while math.min(due[1], due[2]) < 3600 do
      local i = due[1] <= due[2] and 1 or 2
      local now, p = due[i], limiters[i]
      permits[i] = permits[i] or p:take(now)
      local pause = p:pause(permits[i], now)
      if pause == 0 then
        level, at, permits[i] = math.min(10, level + 2 * (now - at)), now, nil
        if level >= 1 then
          level = level - 1
          counts[i] = counts[i] + (now > 1200 and 1 or 0)
          p:succeeded(now)
        else
          p:throttled(now)
        end
      end
      state = state * 16807 % 2147483647
      due[i] = now + math.max(0.05, pause) * (1 + 0.1 * state / 2147483647) -- as calls sleep
    end
    return counts
  end

  it("come to a half each, however far behind one begins", function()
    local limiters = { rate_limiter.new(QUOTA), rate_limiter.new(QUOTA) }
    for second = 0, 10, 2 do
      limiters[2]:throttled(second - 20)
    end
    local counts = sent_by(limiters)
    assert.is_true(counts[1] + counts[2] > 0.8 * 2 * 2400, counts[1] + counts[2])
    assert.is_true(math.min(counts[1], counts[2]) > 0.45 * (counts[1] + counts[2]),
      ("%d, %d"):format(counts[1], counts[2]))
  end)
end)

describe("13.4: a rate limiter that probes", function()
  local function wanted(p, from, to, throttled)
    local now = from
    while now < to do
      now = send(p, now)
      if throttled and throttled(now) then
        p:throttled(now)
      else
        p:succeeded(now)
      end
    end
    return p.rate
  end

  it("grows above its rate while permits are waited for and no throttle comes", function()
    local p = rate_limiter.new { rate = 2, burst = 10, probe = true }
    assert.is_true(math.abs(wanted(p, 0, 100) - 4) < 0.2, p.rate)
    p:throttled(100)
    assert.is_true(math.abs(p.rate - 2) < 0.1)
  end)

  it("does not grow while nobody waits, nor without the option", function()
    local p = rate_limiter.new { rate = 2, burst = 10, probe = true }
    for second = 1, 1000 do
      take(p, second)
      p:succeeded(second)
    end
    assert.equal(2, p.rate)
    assert.equal(2, wanted(rate_limiter.new(QUOTA), 0, 100))
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
    assert.is_true(limits.stretch > 1)
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
