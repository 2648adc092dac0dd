--- What failed, why, and again only that: over the real transport to the emulator, ten thousand children among it.
-- SPDX-License-Identifier: MIT

local effort = require "spec.support.effort"
local fnf = require "fnf"

local DEFINITION = [[
Type: StateMachine
SpecVersion: v1
Name: orders
StartAt: Each
States:
  - Type: Map
    Name: Each
    ItemsPath: $Input.orders
    ProcessorConfig: { ExecutionMode: Express }
    End: true
]]

-- A quota in which ten thousand children are listed in seconds.
local WIDE = { size = 1e6, refill = 1e6 }

describe("after a MapRun has failed, on the emulator", function()
  local emulator, client, warnings

  local function new(options)
    warnings = {}
    local all = { endpoint = emulator.url, access_key_id = emulator.access_key_id,
      access_key_secret = emulator.access_key_secret, on_event = function(name, fields)
        if name == "warning" then
          warnings[#warnings + 1] = fields.message
        end
      end }
    for name, value in pairs(options or {}) do
      all[name] = value
    end
    return fnf.new(all)
  end

  setup(function()
    emulator = assert(require("fnf.emulator").start())
  end)

  teardown(function()
    emulator:stop()
  end)

  before_each(function()
    emulator:reset()
    emulator:clock { freeze = true }
    client = new { rate_limit = false }
    assert(client:create_flow { Name = "orders", Type = "FDL", Definition = DEFINITION, Description = "d" })
  end)

  after_each(function()
    client:close()
  end)

  --- Start an execution over this many items, and let it run to its end; the names of its MapRun.
  local function run(count, map_run, name)
    local list = {}
    for i = 1, count do
      list[i] = ('{"id":1234567890123456%03d}'):format(i) -- more digits than a double has
    end
    map_run.StepName = "Each"
    emulator:script { FlowName = "orders", map_runs = { map_run } }
    assert(client:start_execution { FlowName = "orders", ExecutionName = name or "nightly",
      Input = ('{"day":1,"orders":[%s]}'):format(table.concat(list, ",")) })
    emulator:clock { advance = 100000 }
    return client:map_runs { FlowName = "orders", ExecutionName = name or "nightly" }()
  end

  local function names_of(found, more)
    local names = { FlowName = "orders", ExecutionName = found.ExecutionName, MapRunName = found.MapRunName }
    for name, value in pairs(more or {}) do
      names[name] = value
    end
    return names
  end

  local SIX = {}
  for number, problem in pairs { ["3"] = { "Timeout", "no answer in 3000 ms" }, ["77"] = { "Timeout",
    "no answer in 3107 ms" }, ["104"] = { "BadOrder", "order 104 has no price" }, ["105"] = { "BadOrder",
    "order 105 has no price" }, ["106"] = { "BadOrder", "order 106 has no price" }, ["300"] = { "DiskFull" } } do
    SIX[number] = { Error = problem[1], Cause = problem[2] }
  end

  it("six of 300 items are named, explained, and run again, and then none fails", function()
    local found = run(300, { fail = SIX, ToleratedFailedCount = 10 })
    local ids, causes = {}, {}
    for child in client:map_run_children(names_of(found, { Status = "Failed" }), { causes = true }) do
      ids[#ids + 1], causes[#causes + 1] = child.Input:match("%d+"), child.Error
    end
    assert.equal("1234567890123456003 1234567890123456077 1234567890123456104 1234567890123456105 "
      .. "1234567890123456106 1234567890123456300", table.concat(ids, " "))
    assert.equal("Timeout Timeout BadOrder BadOrder BadOrder DiskFull", table.concat(causes, " "))
    local report = assert(client:explain_map_run(names_of(found)))
    assert.same({ 3, "BadOrder", "order N has no price", 2, 1, 0.6 }, { report.groups[1].count,
      report.groups[1].Error, report.groups[1].form, report.groups[2].count, report.groups[3].count,
      report.tolerance_used })
    emulator:script { FlowName = "orders" } -- what was wrong is mended
    local again = assert(client:run_again(names_of(found)))
    assert.same({ 6, 1 }, { again.items, #again.starts })
    emulator:clock { advance = 1000 }
    local second = client:map_runs { FlowName = "orders", ExecutionName = again.starts[1].ExecutionName }()
    local described = assert(client:describe_map_run(names_of(second)))
    assert.same({ "Succeeded", 6, 0 }, { described.Status, described.ItemCounts.Total, described.ItemCounts.Failed })
    assert.same({ 0, {} }, { assert(client:run_again(names_of(second))).items, warnings })
  end)

  it("ten thousand are listed, explained and run again in memory for a page", function()
    emulator:quota { enforce = true, limits = { other = WIDE, GetExecutionHistory = WIDE } }
    local found = emulator:map_run { FlowName = "orders", ExecutionName = "nightly", items = 10000, failure_share = 1,
      ToleratedFailedCount = 10000, Concurrency = 1000, Cause = "no answer in $Number ms" }
    emulator:clock { advance = 1000 }
    local seen, most = 0, 0
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for _ in client:map_run_children(names_of(found, { Status = "Failed" })) do
      seen = seen + 1
      if seen % 1000 == 0 then
        collectgarbage()
        most = math.max(most, collectgarbage "count" - before)
      end
    end
    assert.equal(10000, seen)
    assert.is_true(most < 1500, most .. " KiB")
    local told = 0
    local report = assert(client:explain_map_run(names_of(found), { limit = 200, on_progress = function()
      told = told + 1
    end }))
    assert.same({ 10000, 200, true, 1, "no answer in N ms" }, { report.failed, report.sampled, report.even,
      #report.groups, report.groups[1].form })
    assert.is_true(told > 100)
    local again = assert(client:run_again(names_of(found), { split = true, dry_run = true, input = function(items)
      return { orders = items }
    end }))
    local sum = 0
    for _, one in ipairs(again.starts) do
      assert.is_true(#one.Input <= 65536)
      sum = sum + one.items
    end
    assert.same({ 10000, 10000, {} }, { again.items, sum, warnings })
  end)

  it("several questions are answered at the same time, and each in its own time", function()
    local found = run(40, { failure_share = 0.5, ToleratedFailedCount = 40 })
    local results = assert(fnf.gather {
      function()
        return client:explain_map_run(names_of(found))
      end,
      function()
        -- Lua 5.1 cannot wait for others within the iterator of a `for`.
        local seen, next_child = 0, client:map_run_children(names_of(found, { Status = "Failed" }), { causes = true })
        local child = next_child()
        while child do
          seen, child = seen + (child.Error == "ItemFailed" and 1 or 0), next_child()
        end
        return seen
      end,
      function()
        return client:run_again(names_of(found), { dry_run = true })
      end,
    })
    assert.same({ 20, 20, 20 }, { results[1].sampled, results[2], results[3].items })
    emulator:fault { kind = "delay", delay = 3, action = "GetExecutionHistory", after = 12, times = 100 }
    local report, err = client:explain_map_run(names_of(found), { timeout = 0.5 })
    assert.same({ nil, "timeout", 20 }, { report, err.kind, err.report.failed })
    assert.is_true(err.report.sampled >= 8 and err.report.sampled < 20, err.report.sampled)
  end)

  it("a list that lags, or that shows no children, is told with both numbers", function()
    local found = run(20, { fail = { ["5"] = {}, ["6"] = {} }, ToleratedFailedCount = 5, listed = false })
    local report = assert(client:explain_map_run(names_of(found)))
    assert.same({ 0, 1 }, { report.failed, #report.warnings })
    assert.truthy(report.warnings[1]:find("0 of 2", 1, true), report.warnings[1])
    local again = assert(client:run_again(names_of(found)))
    assert.same({ 0, 1 }, { again.items, #again.warnings })
    emulator:script { FlowName = "orders", map_runs = { { StepName = "Each", Concurrency = 1, list_lag = 5,
      fail = { ["2"] = {}, ["9"] = {} }, ToleratedFailedCount = 5 } } }
    assert(client:start_execution { FlowName = "orders", ExecutionName = "late", Input = { orders = { 1, 2, 3, 4, 5,
      6, 7, 8, 9, 10 } } })
    emulator:clock { advance = 9.5 }
    found = client:map_runs { FlowName = "orders", ExecutionName = "late" }()
    report = assert(client:explain_map_run(names_of(found)))
    assert.same({ 1, 2 }, { report.failed, #report.warnings })
    assert.truthy(report.warnings[1]:find("1 of 2", 1, true))
    assert.truthy(report.warnings[2]:find("still Running", 1, true))
    emulator:clock { advance = 10 }
    assert.equal(2, assert(client:explain_map_run(names_of(found))).failed)
  end)

  it("a key that may not read histories gets everything but the causes, and one warning", function()
    local found = run(50, { failure_share = 0.5, ToleratedFailedCount = 50 })
    emulator:key { id = "narrow", secret = "secret-of-narrow", deny = { "GetExecutionHistory" } }
    local narrow = new { access_key_id = "narrow", access_key_secret = "secret-of-narrow" }
    local report = assert(narrow:explain_map_run(names_of(found)))
    assert.same({ 25, 25, "Failed", 1, 1 }, { report.failed, report.sampled, report.groups[1].Error,
      #report.warnings, #warnings })
    local _, err = narrow:run_again(names_of(found))
    assert.equal("AccessDenied", err.code)
    narrow:close()
  end)

  it("a MapRun that does not exist is an error, and replies that are lost start nothing twice", function()
    local found = run(10, { failure_share = 0.3, ToleratedFailedCount = 5 })
    local _, err = client:explain_map_run(names_of { ExecutionName = "nightly", MapRunName = "none" })
    assert.equal("ExecutionNotExists", err.code)
    emulator:script { FlowName = "orders" }
    emulator:fault { kind = "drop_reply", action = "StartExecution" }
    local again = assert(client:run_again(names_of(found)))
    local started = 0
    for execution in client:executions { FlowName = "orders" } do
      started = started + (execution.Name ~= "nightly" and 1 or 0)
      assert.is_true(execution.Name == "nightly" or execution.Name == again.starts[1].ExecutionName)
    end
    assert.equal(1, started)
  end)

  it("histories are read within the documented quota, and others throttle no one for long", function()
    local found = run(60, { failure_share = 1, ToleratedFailedCount = 60 })
    -- What a busy machine sends late may be throttled for that; what is sent too soon always is.
    assert.equal(0, effort.least(1, function()
      local quick, before = new {}, #emulator:requests().requests
      emulator:quota { enforce = true }
      local report = assert(quick:explain_map_run(names_of(found), { limit = 55 }))
      emulator:quota { enforce = false }
      assert.equal(55, report.sampled)
      quick:close()
      local throttled = 0
      for i, request in ipairs(emulator:requests().requests) do
        throttled = throttled + (i > before and request.status == 429 and 1 or 0)
      end
      return throttled
    end))
  end)
end)
