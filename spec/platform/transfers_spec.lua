--- Transfers that tasks wait for, over a pool whose answers all come at once.
-- SPDX-License-Identifier: MIT

package.path = "./bench/?.lua;" .. package.path

local transfers = require "fnf.platform.transfers"
local runs = require "waiting.runs"
local scheduler = require "fnf.platform.scheduler"
local platform = require("fnf.platform.plain").new {}

local PLACES = 128 -- transfers of one pool at once: see fnf.platform.transfers

--- A pool that answers what was started whenever somebody waits, `most` the most at once.
local function new_pool()
  local pool = { most = 0, started = {}, ended = {}, count = 0 }
  function pool:start()
    self.count = self.count + 1
    self.started[#self.started + 1] = self.count
    self.most = math.max(self.most, #self.started)
    return self.count
  end
  function pool:wait(seconds, ...)
    assert(self.started[1] or ... or seconds == 0, "nothing is in flight: a task waits for nothing")
    for _, one in ipairs { self, ... } do
      one.started, one.ended, one.landed = {}, one.started, true
    end
  end
  function pool:cancel(id)
    for _, list in ipairs { self.started, self.ended } do
      for i, other in ipairs(list) do
        if other == id then
          table.remove(list, i)
        end
      end
    end
  end
  function pool:take()
    local id = table.remove(self.ended, 1)
    if id then
      return id, 200, "", "answer " .. id
    end
  end
  return pool
end

local PATIENCE = 30 -- questions to a cancel, ten a second: a lost answer would be waited for without end

--- So many tasks at once; `sends(i)` is how often the i-th sends, `cancel(i)` what may end it. False: nothing came.
local function run(pool, count, sends, cancel)
  local functions, asked = {}, 0
  for i = 1, count do
    functions[i] = function()
      local body
      for _ = 1, sends(i) do
        body = select(3, transfers.send(scheduler.current(), pool, {}, cancel and cancel(i)))
      end
      return body or false
    end
  end
  return assert(scheduler.gather(functions, function()
    asked = asked + 1
    return asked > PATIENCE
  end))
end

describe("transfers", function()
  it("bring each answer to the task that waits for it", function()
    local pool = new_pool()
    assert.same({ "answer 1", "answer 2", "answer 3" }, run(pool, 3, function() return 1 end))
  end)

  it("let no more fly than there are places, and the others after them", function()
    local pool = new_pool()
    local results = run(pool, 3 * PLACES + 5, function(i) return i % 3 + 1 end)
    assert.equal(3 * PLACES + 5, #results)
    assert.is_true(pool.most <= PLACES, pool.most)
  end)

  it("lose nobody when the last place becomes free while one is on its way from the line", function()
    for last = PLACES - 1, PLACES + 2 do
      local pool = new_pool()
      assert.equal(last + 1, #run(pool, last + 1, function(i) return i == PLACES and 3 or 1 end))
    end
  end)

  -- More than fly stand in line here, so who is called by a landing and does not fly has to call another.

  it("let others go when those that are called from the line cannot be sent", function()
    local pool, refused = new_pool(), 0
    local start = pool.start
    function pool:start(request)
      if self.count < PLACES or refused == 2 * PLACES then
        return start(self, request)
      end
      refused = refused + 1
      return nil, "bad input", "refused"
    end
    assert.equal(3 * PLACES + 9, #run(pool, 3 * PLACES + 9, function() return 1 end))
    assert.equal(PLACES + 9, pool.count)
  end)

  it("let others go when those that are called from the line do not want to any more", function()
    local pool = new_pool()
    local function cancel(i)
      return i > PLACES and i <= 3 * PLACES and function() return pool.landed end or nil
    end
    assert.equal(3 * PLACES + 9, #run(pool, 3 * PLACES + 9, function() return 1 end, cancel))
    assert.equal(PLACES + 9, pool.count)
  end)

  it("of several pools are waited for together", function()
    local pools, functions = { new_pool(), new_pool(), new_pool() }, {}
    for i, pool in ipairs(pools) do
      functions[i] = function()
        return (select(3, transfers.send(scheduler.current(), pool, {})))
      end
    end
    assert.same({ "answer 1", "answer 1", "answer 1" }, (scheduler.gather(functions)))
  end)

  it("that are in flight or in line end when their pool is closed", function()
    local pool, sent, functions = new_pool(), {}, {}
    function pool:wait()
      transfers.close_pool(self)
    end
    for i = 1, PLACES + 3 do
      functions[i] = function()
        local _, reason, _, was_sent = transfers.send(scheduler.current(), pool, {})
        assert.equal("network", reason)
        sent[i] = was_sent
        return true
      end
    end
    assert.equal(PLACES + 3, #assert(scheduler.gather(functions)))
    assert.same({ true, false }, { sent[PLACES], sent[PLACES + 1] })
  end)

  it("are cancelled when the loop that waits for them is interrupted, and the next ones go as before", function()
    local pool, cancelled = new_pool(), {}
    local cancel, wait = pool.cancel, pool.wait
    function pool.wait()
      error("interrupted!", 0)
    end
    function pool:cancel(id)
      cancelled[#cancelled + 1] = id
      cancel(self, id)
    end
    local done, reason = pcall(run, pool, 2, function() return 1 end)
    table.sort(cancelled)
    assert.same({ false, "interrupted!", { 1, 2 } }, { done, reason, cancelled })
    assert.is_nil(scheduler.current())
    pool.wait = wait
    assert.same({ "answer 3", "answer 4" }, run(pool, 2, function() return 1 end))
  end)

  --- A task that does this and that: sends, gives up, sleeps, waits for others, fails, closes the pool.
  local function busy(random, pool, depth)
    return function()
      for _ = 1, math.floor(4 * random()) do
        local chance, task = random(), scheduler.current()
        if chance < 0.7 and not pool.closed then
          transfers.send(task, pool, {}, random() < 0.1 and function() return random() < 0.3 end or nil)
        elseif chance < 0.75 then
          scheduler.sleep(task, 1e-4)
        elseif chance < 0.85 and depth < 3 then
          scheduler.gather { busy(random, pool, depth + 1), busy(random, pool, depth + 1) }
        elseif chance > 0.99 then
          return nil, "no luck"
        elseif chance > 0.985 and not pool.closed then
          pool.closed = true
          transfers.close_pool(pool)
        end
      end
      return true
    end
  end

  it("end whatever the tasks do, and are forgotten then", function()
    local kept = setmetatable({}, { __mode = "k" })
    for case = 1, 200 do
      local random, functions, pool = runs.random(case), {}, new_pool()
      kept[pool] = case
      for i = 1, math.floor(random() ^ 3 * 3 * PLACES) do
        functions[i] = busy(random, pool, 1)
      end
      local began = platform.now()
      scheduler.gather(functions, function()
        assert(platform.now() - began < 5, case)
      end)
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(kept))
  end)
end)
