--- Many waits at once, on a clock that only sleep moves.
-- SPDX-License-Identifier: MIT

local fake_platform = require "spec.support.fake_platform"

local RUNNING, DONE = "Running", "Succeeded"

--- A service whose runs end at their times; `wrong` are those that answer otherwise.
local function crowd(ends, wrong)
  return fake_platform.new { function(request, w)
    local name = request.query.MapRunName
    local place = tonumber(name)
    if wrong and wrong[place] then
      return wrong[place]
    end
    local done = math.max(0, math.min(100, math.floor((w.clock - 1000) / ends[place] * 100)))
    return { body = { MapRunName = name, Status = w.clock - 1000 >= ends[place] and DONE or RUNNING,
      ItemCounts = { Total = 100, Succeed = done } } }
  end }
end

local function list_of(ends)
  local list = {}
  for place in ipairs(ends) do
    list[place] = { FlowName = "f", ExecutionName = "e", MapRunName = tostring(place) }
  end
  return list
end

local function wait(ends, options, wrong)
  local w = crowd(ends, wrong)
  return w, w:client():wait_map_runs(list_of(ends), options)
end

describe("waiting for many MapRuns", function()
  it("returns the final description of each, by its place in the list", function()
    local w, runs, failures = wait { 30, 5, 200, 5, 90 }
    assert.is_nil(failures)
    for place = 1, 5 do
      assert.same({ tostring(place), DONE }, { runs[place].MapRunName, runs[place].Status })
    end
    assert.is_true(w.clock - 1000 < 230)
    assert.equal(5, #w:heard "done")
  end)

  it("for none is over at once", function()
    local w, runs, failures = wait {}
    assert.same({}, runs)
    assert.is_nil(failures)
    assert.equal(0, #w.sent)
  end)

  it("goes on for the others when one cannot be found out", function()
    local _, runs, failures = wait({ 10, 20, 30 }, {}, { [2] = fake_platform.refusal(404, "ExecutionNotExists") })
    assert.same({ DONE, false, DONE }, { runs[1].Status, runs[2], runs[3].Status })
    assert.same({ 2, "ExecutionNotExists" }, { next(failures), failures[2].code })
    assert.is_nil(next(failures, 2))
  end)

  it("returns place and description of the first to end, if any will do", function()
    local w, place, run, err = wait({ 300, 20, 400 }, { any = true })
    assert.same({ 2, DONE }, { place, run.Status })
    assert.is_nil(err)
    assert.is_true(w.clock - 1000 < 60)
  end)

  it("returns place and error of the first to end, if that is one", function()
    local _, place, run, err = wait({ 300, 20 }, { any = true }, { [2] = fake_platform.refusal(403, "AccessDenied") })
    assert.is_nil(run)
    assert.same({ 2, "AccessDenied" }, { place, err.code })
  end)

  it("iterates over the ends in their order, and polls no more once left", function()
    local w, ends = wait({ 300, 20, 100 }, { each = true })
    local places = {}
    for place, run, err in ends do
      assert.same({ DONE, nil }, { run.Status, err })
      places[#places + 1] = place
      if #places == 2 then
        break
      end
    end
    assert.same({ 2, 3 }, places)
    local polls = #w.sent
    w.clock = w.clock + 1000
    assert.equal(polls, #w.sent)
    assert.equal(1, (ends()))
    assert.is_nil(ends())
  end)

  it("ends all at the deadline, with what each has seen", function()
    local w, runs, failures = wait({ 5, 1000, 2000 }, { timeout = 60 })
    assert.same({ DONE, false, false }, { runs[1].Status, runs[2], runs[3] })
    for place = 2, 3 do
      assert.same({ "timeout", RUNNING }, { failures[place].kind, failures[place].last.Status })
      assert.is_true(failures[place].observed.polls > 1)
    end
    assert.is_true(w.clock - 1000 <= 60)
  end)

  it("ends all when cancelled", function()
    local w = crowd { 5, 1000, 2000 }
    local runs, failures = w:client():wait_map_runs(list_of { 5, 1000, 2000 }, { cancel = function()
      return w.clock >= 1050
    end })
    assert.same({ DONE, false, false }, { runs[1].Status, runs[2], runs[3] })
    assert.same({ "cancelled", "cancelled" }, { failures[2].kind, failures[3].kind })
    assert.is_true(w.clock < 1051)
  end)

  it("keeps the quota, whatever the number", function()
    local ends = {}
    for place = 1, 200 do
      ends[place] = 20 + place
    end
    local w = wait(ends)
    for i = 11, #w.sent do
      for k = i - 10, 1, -10 do
        assert.is_true(i - k + 1 <= 10 + 2 * (w.sent[i].at - w.sent[k].at) + 1e-6)
      end
    end
  end)

  it("polls every one, and starves none, when the quota is too small", function()
    local ends = {}
    for place = 1, 300 do
      ends[place] = place % 3 == 0 and 40 or 3000
    end
    local w = wait(ends)
    local last, longest = {}, 0
    for _, sent in ipairs(w.sent) do
      local name = sent.query.MapRunName
      longest = math.max(longest, sent.at - (last[name] or 1000))
      last[name] = sent.at
    end
    assert.is_true(longest <= 2 * 300 / 2 + 60, longest) -- two rounds, and the first polls of all
  end)

  it("asks as fast as it likes without a rate limiter", function()
    local ends = {}
    for place = 1, 100 do
      ends[place] = -1
    end
    local w = crowd(ends)
    assert(w:client { rate_limit = false }:wait_map_runs(list_of(ends)))
    assert.same({ 100, 1000 }, { #w.sent, w.clock })
  end)

  local MISUSE = {
    { nil, nil, "a list of parameters expected, got nil" },
    { { FlowName = "f" }, nil, "a list of parameters expected, got a table with the key FlowName" },
    { { { FlowName = "f", ExecutionName = "e" } }, nil, "entry 1: missing parameter MapRunName" },
    { { { FlowName = "f", ExecutionName = "e", MapRunName = "m" }, 5 }, nil, "entry 2: a table of parameters" },
    { { nil, fake_platform.names }, nil, "a list of parameters expected, got one with holes" },
    { { fake_platform.names, nil, fake_platform.names }, nil, "a list of parameters expected, got one with holes" },
    { {}, { until_status = { nil, "Paused" } }, "option until_status must be a string or a list of strings" },
    { {}, { until_status = { [0.5] = "Paused" } }, "option until_status must be a string or a list of strings" },
    { {}, { any = 1 }, "option any must be a boolean" },
    { {}, { each = true, any = true }, "options any and each exclude each other" },
    { {}, { min_delay = 5, max_delay = 1 }, "option min_delay is greater than max_delay" },
  }
  for i, row in ipairs(MISUSE) do
    it(("raises misuse at the caller's line, row %d"):format(i), function()
      local client = fake_platform.new({}):client()
      local done, message = pcall(function()
        client:wait_map_runs(row[1], row[2])
      end)
      assert.is_false(done)
      assert.is_truthy(message:find("^%S*group_spec%.lua:%d+: wait_map_runs: "), message)
      assert.is_truthy(message:find(row[3], 1, true), message)
    end)
  end
end)
