--- What a MapRun's counts mean, and when to look again.
-- SPDX-License-Identifier: MIT

local progress = require "fnf.progress"

local LIMITS = { min_delay = 1, max_delay = 30 }

describe("progress", function()
  local ROWS = { -- counts, total, done, share
    { { Succeed = 5, Failed = 3, Aborted = 2, Running = 4, Pending = 6, Total = 20 }, 20, 10, 0.5 },
    { { Succeed = 20, Total = 20 }, 20, 20, 1 },
    { { Total = 20 }, 20, 0, 0 },
    { { Succeed = 25, Total = 20 }, 20, 20, 1 }, -- counts of two moments
    { { Succeed = -1, Failed = 2, Total = 4 }, 4, 2, 0.5 },
    { { Succeed = 0, Total = 0 }, nil, nil, nil },
    { { Succeed = 3 }, nil, nil, nil },
    { { Succeed = "3", Total = 6 }, 6, 0, 0 },
    { {}, nil, nil, nil },
    { nil, nil, nil, nil },
    { "many", nil, nil, nil },
    { { Total = "20" }, nil, nil, nil },
  }
  for i, row in ipairs(ROWS) do
    it(("of counts is their total, what is done, and its share, row %d"):format(i), function()
      local seen = progress.new()
      seen:see({ Status = "Running", ItemCounts = row[1] }, 100)
      assert.same({ total = row[2], done = row[3], share = row[4] },
        { total = seen.total, done = seen.done, share = seen.share })
      assert.equal(1, seen.looks)
    end)
  end

  it("forgets what the last answer no longer says", function()
    local seen = progress.new()
    seen:see({ ItemCounts = { Succeed = 1, Total = 2 } }, 100)
    seen:see({}, 107)
    assert.is_nil(seen.share or seen.total or seen.done)
    assert.same({ 2, 7 }, { seen.looks, seen.seconds })
  end)
end)

describe("the next look", function()
  it("is never out of the limits, whatever was seen, missed and drawn", function()
    for _, limits in ipairs { LIMITS, { min_delay = 0.01, max_delay = 0.01 }, { min_delay = 5, max_delay = 3600 } } do
      local seen = progress.new()
      for look = 1, 200 do
        for _, misses in ipairs { 0, 1, 50, 1e6 } do
          for _, chance in ipairs { 0, 0.5, 0.999999 } do
            local delay = seen:next_look(misses, limits, chance)
            assert.is_true(delay >= limits.min_delay and delay <= limits.max_delay, delay)
          end
        end
        seen:see({ Status = "Running", ItemCounts = { Succeed = look, Total = 1000 } }, 100 + look)
      end
    end
  end)

  it("differs between waits that have seen the same", function()
    local seen = progress.new()
    for look = 1, 3 do
      seen:see({ Status = "Running" }, 100 + look)
    end
    assert.are_not.equal(seen:next_look(0, LIMITS, 0.1), seen:next_look(0, LIMITS, 0.9))
  end)
end)
