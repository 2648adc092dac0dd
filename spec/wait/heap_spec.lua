--- A heap by time.
-- SPDX-License-Identifier: MIT

local heap = require "fnf.wait.heap"

describe("a heap by time", function()
  it("gives out what is due first, however it came in", function()
    local q, times, state = heap.new(), {}, 7
    for i = 1, 500 do
      state = state * 16807 % 2147483647
      times[i] = state % 97
      q:put(times[i], i)
      if i % 5 == 0 then
        local item, time = q:take()
        assert.equal(times[item], time)
        times[item] = nil
      end
    end
    local last, count = -1, 0
    while q:first() do
      local first = q:first()
      local item, time = q:take()
      assert.same({ first, times[item] }, { time, time })
      assert.is_true(time >= last)
      last, count = time, count + 1
    end
    assert.same({ 400, 0 }, { count, q.size })
  end)

  it("has nothing to give when it is empty", function()
    local q = heap.new()
    assert.is_nil(q:take())
    assert.is_nil(q:first())
    q:put(1, "one")
    assert.same({ "one", 1 }, { q:take() })
    assert.is_nil(q:take())
  end)
end)
