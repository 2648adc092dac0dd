--- The workers of a group: what is polled when, on a clock that only sleep moves.
-- SPDX-License-Identifier: MIT

package.path = "./bench/?.lua;" .. package.path

local clock = require "waiting.clock"
local poll_queue = require "fnf.wait.poll_queue"

--- A queue of `count` that notes each poll: `plan(name, n, now)` is the delay after the n-th poll of one, nil its end.
local function new(count, plan)
  local platform = clock.new(1)
  local context = { platform = platform, open = count, limits = { min_delay = 0 } }
  local log, names = {}, {}
  local made = poll_queue.new(context, function()
    context.open = context.open - 1
  end)
  made.wakeable = true
  for i = 1, count do
    names[i] = { polls = 0, step = function(self)
      self.polls = self.polls + 1
      log[#log + 1] = ("%g:%d"):format(platform.now(), i)
      local delay = plan(i, self.polls, self, made)
      return delay == nil, delay
    end }
  end
  return made, names, log, platform
end

local function work(made, workers)
  local tasks = {}
  made:add_workers(workers, nil, tasks)
  made.context.platform.gather(tasks)
end

describe("a queue of polls", function()
  it("is worked off in the order of what is due", function()
    local made, all, log = new(3, function(_, n) return n == 1 and 10 or nil end)
    made:put(5, all[1])
    made:put(3, all[2])
    made:put(4, all[3])
    work(made, 1)
    assert.same({ "3:2", "4:3", "5:1", "13:2", "14:3", "15:1" }, log)
  end)

  for workers = 1, 3 do
    it(("wakes one of %d workers for what is to be polled now, and polls once"):format(workers), function()
      local made, all, log = new(3, function(i, n, _, self)
        if i == 1 and n == 1 then
          self:poll_now(self.others[3])
          return 50
        end
      end)
      made.others = all
      made:put(5, all[1])
      made:put(100, all[2])
      made:put(200, all[3])
      work(made, workers)
      assert.same({ "5:1", "5:3", "55:1", "100:2" }, log)
    end)
  end

  it("polls once more what is to be polled now while it is polling", function()
    local made, all, log = new(1, function(_, n, one, self)
      if n == 1 then
        self:poll_now(one)
        return 70
      end
      return n == 2 and 20 or nil
    end)
    made:put(5, all[1])
    work(made, 1)
    assert.same({ "5:1", "5:1", "25:1" }, log)
  end)

  it("puts back what a worker holds when it is to stop", function()
    local made, all, log, platform = new(2, function() end)
    made:put(5, all[1])
    made:put(90, all[2])
    local tasks = {}
    made:add_workers(2, function() return platform.now() >= 5 end, tasks)
    platform.gather(tasks)
    assert.same({ "5:1" }, log)
    assert.same({ all[2], 90 }, { made:take() })
  end)

  it("gives what is left once, also what was put in the same place twice", function()
    local made, all = new(2, function() end)
    for _, due in ipairs { 5, 3, 5 } do -- moved forward, polled, and planned for the same time again
      made:put(due, all[1])
    end
    made:put(4, all[2])
    local left = {}
    for one in made:drain() do
      left[#left + 1] = one
    end
    assert.same({ all[2], all[1] }, left)
    assert.equal(2, #left)
  end)

  it("13.1: never asks a step twice that neither polls nor ends, before the deadline or past it", function()
    for i, delay in ipairs { 0, -5, 0 / 0, 1e-9, 0, 0 / 0 } do
      local polls = i > 4
      local platform, steps, settled = clock.new(1), 0, nil
      local context = { platform = platform, open = 1, deadline = 3, limits = { min_delay = 0 } }
      local made = poll_queue.new(context, function(_, outcome)
        settled = { outcome, platform.now() }
      end)
      made:put(0, { polls = 0, step = function(self)
        steps = steps + 1
        self.polls = self.polls + (polls and 1 or 0) -- a poll that took no time
        assert(steps < 1000, "it spins")
        return false, delay
      end })
      work(made, 2)
      assert.is_true(steps <= 302, steps)
      assert.same({ false, 3 }, settled)
    end
  end)

  it("polls now what has just been polled when min_delay has passed", function()
    local made, all, log = new(1, function(_, n) return n == 1 and 50 or nil end)
    made.context.limits.min_delay = 2
    made:put(5, all[1])
    local waker = { polls = 0, step = function(self)
      self.polls = 1
      made:poll_now(all[1])
      return true
    end }
    made:put(6, waker)
    made.context.open = 2
    work(made, 2)
    assert.same({ "5:1", "7:1" }, log)
  end)

  it("polls once what is due when min_delay has passed, however often it is to be polled now", function()
    local made, all, log = new(1, function(_, n) return n == 1 and 2 or nil end)
    made.context.limits.min_delay, made.context.open = 2, 2
    made:put(5, all[1])
    made:put(6, { polls = 0, step = function(self)
      self.polls = 1
      made:poll_now(all[1])
      made:poll_now(all[1])
      return true
    end })
    work(made, 2)
    assert.same({ "5:1", "7:1" }, log)
  end)
end)
