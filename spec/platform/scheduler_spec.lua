--- Functions at the same time in one thread.
-- SPDX-License-Identifier: MIT

local effort = require "spec.support.effort"
local errors = require "fnf.errors"
local fnf = require "fnf"
local plain = require "fnf.platform.plain"
local scheduler = require "fnf.platform.scheduler"

local platform = plain.new {}

local function sleeper(seconds, ...)
  local results = { n = select("#", ...), ... }
  return function()
    platform.sleep(seconds)
    return (unpack or table.unpack)(results, 1, results.n) -- luacheck: ignore 113 143
  end
end

local function took(body)
  local started = platform.now()
  body()
  return platform.now() - started
end

describe("gather", function()
  it("runs functions at the same time, and returns their results in their order", function()
    local results
    local seconds = effort.least(0.7, function()
      return took(function()
        results = fnf.gather { sleeper(0.4, "slow"), sleeper(0.3, "quick", "second"), function() return "at once" end }
      end)
    end)
    assert.same({ "slow", "quick", "at once" }, results)
    assert.is_true(seconds >= 0.4 and seconds < 0.7)
  end)

  it("of nothing is nothing", function()
    assert.same({}, fnf.gather {})
  end)

  it("works inside of itself", function()
    local seconds = effort.least(0.6, function()
      return took(function()
        local results = fnf.gather { sleeper(0.3, 1), function()
          return fnf.gather({ sleeper(0.3, 2), sleeper(0.3, 3) })[2]
        end }
        assert.same({ 1, 3 }, results)
      end)
    end)
    assert.is_true(seconds < 0.6)
  end)

  it("leaves no task behind: outside of it everything blocks as before", function()
    fnf.gather { sleeper(0.01) }
    assert.is_nil(scheduler.current())
    assert.is_true(platform.sleep(0.01))
  end)

  for name, body in pairs {
    ["returned after nil"] = function() return nil, "no luck" end,
    ["raised"] = function() error("no luck", 0) end,
  } do
    it("ends the others when an error is " .. name, function()
      local slept, ended
      local seconds = took(function()
        local done, result, err = pcall(fnf.gather, { function()
          slept = platform.sleep(5)
          ended = true
          return 1
        end, function()
          platform.sleep(0.02)
          return body()
        end })
        assert.equal("no luck", done and err or result)
      end)
      assert.same({ false, true }, { slept, ended })
      assert.is_true(seconds < 2)
    end)
  end

  it("raises what was raised, whatever it is", function()
    local thing = { mine = true }
    local done, raised = pcall(fnf.gather, { function() error(thing) end })
    assert.is_false(done)
    assert.equal(thing, raised)
  end)

  it("ends a task that does not listen", function()
    local turns = 0
    local done, err = fnf.gather { function()
      while true do
        platform.sleep(1)
        turns = turns + 1
      end
    end, sleeper(0.02, nil, "enough") }
    assert.same({ "enough", 1 }, { err, turns })
    assert.is_nil(done)
  end)

  it("ends by its cancel, in sleep", function()
    local started = platform.now()
    local results, err = fnf.gather({ sleeper(5), function()
      return fnf.gather { sleeper(5), sleeper(6) }
    end }, { cancel = function() return platform.now() - started > 0.1 end })
    assert.is_nil(results)
    assert.same({ "cancelled", true }, { err.kind, errors.is(err) })
    assert.is_true(platform.now() - started < 2)
  end)

  it("asks the cancel of a sleep in it, too", function()
    local started = platform.now()
    local results = fnf.gather { function()
      return platform.sleep(5, function() return platform.now() - started > 0.1 end)
    end }
    assert.same({ false }, results)
    assert.is_true(platform.now() - started < 2)
  end)

  it("blocks in a coroutine of the task's own, which is not the schedule's to suspend", function()
    local results = fnf.gather { function()
      local values = {}
      for value in coroutine.wrap(function()
        for i = 1, 3 do
          platform.sleep(0.01)
          coroutine.yield(i)
        end
      end) do
        values[#values + 1] = value
      end
      return table.concat(values)
    end, sleeper(0.01, "other") }
    assert.same({ "123", "other" }, results)
  end)

  it("raises where a task yields by itself, which nobody would ever resume", function()
    for _, body in ipairs { function() coroutine.yield(1) end, coroutine.yield,
      function() return fnf.gather { function() coroutine.yield() end } end } do
      local done, raised = pcall(fnf.gather, { sleeper(5), body })
      assert.is_false(done)
      assert.matches("called coroutine.yield", raised, 1, true)
      assert.is_true(body == coroutine.yield or raised:find("^%S*scheduler_spec%.lua:%d+: ") ~= nil, raised)
    end
    assert.same({ "next" }, fnf.gather { sleeper(0.01, "next") })
  end)

  it("serves ten thousand sleepers", function()
    local functions = {}
    for i = 1, 10000 do
      functions[i] = sleeper(0.05 + (i % 7) / 1000, i)
    end
    local results = fnf.gather(functions)
    for i = 1, 10000 do
      assert.equal(i, results[i])
    end
  end)

  local MISUSE = {
    { "a list of functions expected, got nil" },
    { "a list of functions expected, got function", function() end },
    { "a list of functions expected, got a table with more in it", { function() end, "x" } },
    { "a list of functions expected, got a table with more in it", { function() end, name = function() end } },
    { "a list of functions expected, got one with holes", { nil, function() end } },
    { "a list of functions expected, got one with holes", { function() end, nil, function() end } },
    { "a list of functions expected, got one with holes", { [0.5] = function() end } },
    { "option cancel must be a function", {}, { cancel = true } },
    { "unknown option cancle (did you mean cancel?)", {}, { cancle = function() end } },
  }
  if _VERSION ~= "Lua 5.1" then -- there ipairs sees no metatable
    MISUSE[#MISUSE + 1] = { "a table with more in it", setmetatable({}, { __index = { "x" } }) }
  end
  for i, row in ipairs(MISUSE) do
    it(("raises misuse at the caller's line, row %d"):format(i), function()
      local done, message = pcall(function()
        fnf.gather(row[2], row[3])
      end)
      assert.is_false(done)
      assert.is_truthy(message:find("^%S*scheduler_spec%.lua:%d+: fnf%.gather: "), message)
      assert.is_truthy(message:find(row[1], 1, true), message)
    end)
  end
end)
