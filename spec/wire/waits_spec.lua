--- Many waits and calls at once over the real transport, against the emulator.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"

describe("at once, against the emulator,", function()
  local emulator

  setup(function()
    emulator = assert(require("fnf.emulator").start())
  end)

  teardown(function()
    emulator:stop()
  end)

  before_each(function()
    emulator:reset()
  end)

  local function new_client(options)
    options.endpoint = options.endpoint or emulator.url
    options.access_key_id, options.access_key_secret = emulator.access_key_id, emulator.access_key_secret
    return assert(fnf.new(options))
  end

  --- So many runs, lasting from `least` to `most` seconds.
  local function begin(count, least, most)
    local list = {}
    for i = 1, count do
      local seconds = least + (most - least) * (i * 7919 % count) / count
      local run = assert(emulator:map_run { items = 100, Concurrency = 10, item_duration = seconds / 10 })
      list[i] = { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
    end
    return list
  end

  --- A client that counts throttle answers by whether the first second has passed.
  local function counting(options)
    local heard = { early = 0, late = 0, polls = 0 }
    local core = require "fnf.core"
    local started
    function options.on_event(name)
      started = started or core.now()
      if name == "throttle" then
        local when = core.now() - started < 1 and "early" or "late"
        heard[when] = heard[when] + 1
      elseif name == "request" then
        heard.polls = heard.polls + 1
      end
    end
    return new_client(options), heard
  end

  it("13.3: a wait is told of a stop by its execution, held open without being told to", function()
    local core, held = require "fnf.core", 0
    local run = assert(emulator:map_run { items = 100, Concurrency = 1, item_duration = 600 })
    local names = { FlowName = run.FlowName, ExecutionName = run.ExecutionName, MapRunName = run.MapRunName }
    local client = new_client { on_event = function(event, told)
      held = held + (event == "request" and told.operation == "DescribeExecution" and 1 or 0)
    end }
    local stopped, told
    local runs = client:wait_map_runs({ names }, { min_delay = 0.05, timeout = 60,
      on_end = function(_, how)
        told = how
      end,
      on_progress = function()
        if not stopped then
          stopped = core.now()
          assert(client:stop_execution { FlowName = run.FlowName, ExecutionName = run.ExecutionName })
        end
      end })
    assert.same({ "Aborted", "execution", 1 }, { runs[1].Status, told, held })
    assert.is_true(core.now() - stopped < 20, core.now() - stopped)
  end)

  it("1,000 waits see every end within an enforced quota a hundred times the documented one", function()
    -- What arrives late by half a second, a token of the documented quota, is here a hundred tokens.
    emulator:quota { enforce = true, limits = { DescribeMapRun = { size = 110, refill = 200 } } }
    local list = begin(1000, 2, 9)
    local client, heard = counting { rate_limit = { rate = 200, burst = 10 } }
    local runs, failures = client:wait_map_runs(list, { timeout = 60 })
    client:close()
    assert.is_nil(failures)
    for place = 1, 1000 do
      assert.same({ list[place].MapRunName, "Succeeded", 100 },
        { runs[place].MapRunName, runs[place].Status, runs[place].ItemCounts.Succeed })
    end
    assert.equal(0, heard.late)
    assert.is_true(heard.polls >= 1000)
  end)

  --- How many connections 200 waits at once use, and the protocols they speak.
  local function ways(options)
    local connections, protocols, count = {}, {}, 0
    local client = new_client(options)
    emulator:fault { kind = "delay", delay = 0.02, times = 1000 }
    assert.is_nil(select(2, client:wait_map_runs(begin(200, 0.01, 0.01), { timeout = 60 })))
    client:close()
    for _, request in ipairs(emulator:requests().requests) do
      count = count + (connections[request.connection] and 0 or 1)
      connections[request.connection], protocols[request.protocol] = true, true
    end
    return { count = count, protocols = protocols }
  end

  it("waits share as many connections as they may", function()
    assert.same({ count = 5, protocols = { ["HTTP/1.1"] = true } }, ways { rate_limit = false, max_connections = 5 })
  end)

  it("waits share one connection where HTTP/2 is spoken", function()
    assert.same({ count = 1, protocols = { ["HTTP/2.0"] = true } },
      ways { endpoint = emulator.https_url, ca_file = emulator.ca_file, rate_limit = false })
  end)

  it("waits within the documented quota are never throttled", function()
    emulator:quota { enforce = true }
    local client, heard = counting {}
    local runs, failures = client:wait_map_runs(begin(12, 0.5, 2), { timeout = 60 })
    client:close()
    assert.is_nil(failures)
    assert.equal(12, #runs)
    assert.same({ 0, 0 }, { heard.early, heard.late })
  end)

  it("clients of several settings, calls and waits run in one gather", function()
    local list = begin(3, 0.3, 1)
    local one, other = new_client { rate_limit = false }, new_client { endpoint = emulator.https_url,
      ca_file = emulator.ca_file, rate_limit = false, signature = "ACS3-HMAC-SHA256" }
    local results, err = fnf.gather {
      function() return one:wait_map_run(list[1]) end,
      function() return other:wait_map_run(list[2]) end,
      function() return other:describe_map_run(list[3]) end,
      function() return (one:wait_map_runs(list)) end,
      function() return other:list_flows() end,
    }
    assert.is_nil(err)
    one:close()
    other:close()
    assert.same({ "Succeeded", "Succeeded", list[3].MapRunName, 3 },
      { results[1].Status, results[2].Status, results[3].MapRunName, #results[4] })
  end)

  it("a call that fails ends transfers in flight, and the connections serve on", function()
    local list = begin(1, 60, 60)
    local client = new_client { max_attempts = 1 }
    emulator:fault { kind = "delay", delay = 20, action = "DescribeMapRun" }
    local core = require "fnf.core"
    local started = core.now()
    local results, err = fnf.gather {
      function() return client:describe_map_run(list[1]) end,
      function() return client:describe_flow { Name = "gone" } end,
    }
    assert.is_nil(results)
    assert.equal("service", err.kind)
    assert.is_true(core.now() - started < 10)
    assert.equal("Running", assert(client:describe_map_run(list[1])).Status)
    client:close()
  end)

  it("a client closed by another task ends the transfers of its own, and no others", function()
    local list = begin(1, 60, 60)
    local one, other = new_client { max_attempts = 1 }, new_client {}
    emulator:fault { kind = "delay", delay = 20, action = "DescribeMapRun" }
    local results = assert(fnf.gather {
      function()
        local run, err = one:describe_map_run(list[1])
        return { run, err }
      end,
      function()
        local page = other:list_flows {}
        one:close()
        return page
      end,
    })
    other:close()
    assert.equal("network", results[1][2].kind)
    assert.is_string(results[2].RequestId)
  end)
end)
