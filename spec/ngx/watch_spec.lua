-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()
local core = require "fnf.core"
local emulator = require "fnf.emulator"

local nginx = require "spec.support.nginx.server"

local CONFIGURATION = [[
  lua_shared_dict fnf 1m;
  init_by_lua_block {
    cjson = require("cjson").new()
    calls = require "spec.support.nginx.calls"
    client = calls.client("$emulator", { access_key_id = "$id", access_key_secret = "$secret" })
    start = require("fnf.ngx").watch
    function watch(options)
      local args = ngx.req.get_uri_args()
      local given = { dict = "fnf", client = client, FlowName = "f", ExecutionName = args.execution or "e",
        MapRunName = args.run, min_delay = tonumber(args.min), max_delay = tonumber(args.max) }
      for name, value in pairs(options or {}) do given[name] = value end
      return start(given)
    end
    in_init = select(2, pcall(start, { dict = "fnf", client = client }))
  }
  init_worker_by_lua_block { start { dict = "fnf", client = client, rate_limit = $rate_limit } }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /watch {
      content_by_lua_block { watch() calls.say { worker = ngx.worker.pid() } }
    }
    location /get {
      content_by_lua_block {
        local run, state = watch():get()
        calls.say { Status = run and run.Status, state = state }
      }
    }
    location /wait {
      content_by_lua_block {
        local run, err = watch():wait(tonumber(ngx.var.arg_seconds or 15))
        local outcome = calls.outcome(run, err)
        outcome.last = err and err.last and err.last.Status
        calls.say(outcome)
      }
    }
    location /gone {
      content_by_lua_block {
        local one = watch()
        ngx.shared.fnf:flush_all()
        calls.say(calls.outcome(one:wait(1)))
      }
    }
    location /cancelled {
      content_by_lua_block { calls.say(calls.outcome(watch():wait(15, function() return true end))) }
    }
    location /misuse {
      content_by_lua_block {
        local said = { init = in_init }
        said.dict = select(2, pcall(start, { dict = "other", client = client }))
        said.names = select(2, pcall(start, { dict = "fnf", client = client, FlowName = "f" }))
        said.client = select(2, pcall(start, { dict = "fnf", client = {} }))
        said.option = select(2, pcall(start, { dict = "fnf", client = client, Flowname = "f" }))
        said.wait = select(2, pcall(function() start { dict = "fnf", client = client }:wait(1) end))
        said.seconds = select(2, pcall(function() watch { MapRunName = "never" }:wait(-1) end))
        said.rate_limit = select(2, pcall(start, { dict = "fnf", client = client, rate_limit = { rate = -1 } }))
        said.probe = select(2, pcall(start, { dict = "fnf", client = client, rate_limit = { probe = true } }))
        said.delays = select(2, pcall(start, { dict = "fnf", client = client, min_delay = 2, max_delay = 1 }))
        calls.say(said)
      }
    }
  }
]]

describe("a watch", function()
  local cloud, server

  local function start(rate_limit)
    server = nginx.start { http = CONFIGURATION, main = "worker_processes 4;", values = { emulator = cloud.url,
      id = cloud.access_key_id, secret = cloud.access_key_secret, rate_limit = rate_limit } }
  end

  before_each(function()
    cloud = assert(emulator.start())
    start "false"
  end)

  local expected

  after_each(function()
    local errors = server:errors(expected)
    expected = nil
    server:stop()
    cloud:stop()
    assert.equal("", errors)
  end)

  local function ask(path)
    local body = assert(server:get(path))
    return cjson.decode(body)
  end

  local function map_run(specification)
    specification.FlowName, specification.ExecutionName = "f", specification.ExecutionName or "e"
    return cloud:map_run(specification).MapRunName
  end

  --- Times of the polls the service has seen so far.
  local function polls()
    local times = {}
    for _, request in ipairs(cloud:requests().requests) do
      times[#times + 1] = request.at
    end
    return times
  end

  local function until_polls(count)
    nginx.until_true(function()
      return #polls() >= count
    end, count .. " polls")
  end

  it("costs one poll at a time, whatever the number of workers and requests", function()
    local run = map_run { items = 10, item_duration = 100 }
    local began = core.now()
    for _ = 1, 40 do
      server:begin(("/wait?run=%s&min=0.2&max=0.2&seconds=2"):format(run))
    end
    for _ = 1, 40 do
      local _, status, _, body = server:finish()
      assert.equal(200, status, body)
      local outcome = cjson.decode(body)
      assert.same({ "timeout", "Running" }, { outcome.kind, outcome.last })
      assert.matches("no end in 2 seconds, still Running", outcome.message)
    end
    local times = polls()
    local most = (core.now() - began) / 0.2 + 1 -- of one poller
    assert.is_true(#times >= 6 and #times <= most, #times .. " polls")
    for i = 2, #times do
      assert.is_true(times[i] - times[i - 1] > 0.15, times[i] - times[i - 1])
    end
  end)

  it("polls as often as it may, and no more often", function()
    local run = map_run { items = 10, item_duration = 100 }
    ask("/watch?min=0.1&max=0.1&run=" .. run)
    until_polls(12)
    local times = polls()
    for i = 2, 12 do
      assert.is_true(times[i] - times[i - 1] > 0.07, times[i] - times[i - 1])
    end
    assert.is_true(times[12] - times[1] < 11 * 0.3, times[12] - times[1])
  end)

  --- Watch eight runs that do not end, at that rate.
  local function watch_eight(rate_limit)
    server:stop()
    start(rate_limit)
    for i = 1, 8 do
      map_run { MapRunName = "run-" .. i, items = 10, item_duration = 100 }
      ask("/watch?min=0.1&max=0.1&run=run-" .. i)
    end
  end

  it("keeps all watched runs within one quota, before and after a reload", function()
    watch_eight "{ rate = 5, burst = 3 }"
    until_polls(5)
    server:reload()
    until_polls(20)
    local times, seen = polls(), {}
    for i = 5, #times do
      -- 4 polls span at least the time in which the fourth was earned; 30 ms for the clock of the other nginx.
      assert.is_true(times[i] - times[i - 4] > 1 / 5 - 0.03, times[i] - times[i - 4])
    end
    assert.is_true(#times - 3 <= 5 * (times[#times] - times[1]) + 1, #times .. " polls")
    for _, request in ipairs(cloud:requests().requests) do
      seen[request.parameters.MapRunName] = true
    end
    for i = 1, 8 do
      assert.is_true(seen["run-" .. i], "run-" .. i .. " was never polled")
    end
  end)

  it("polls less often where others use the quota, too", function()
    cloud:quota { enforce = true, limits = { DescribeMapRun = { size = 3, refill = 10 } } }
    watch_eight "{ rate = 40, burst = 8 }"
    until_polls(60)
    local answers = cloud:requests().answers.DescribeMapRun
    assert.is_true(answers["429"] > 0 and answers["429"] < 0.5 * answers["200"], ("%d throttled, %d answered"):format(
      answers["429"], answers["200"]))
  end)

  it("tells at once what is known, and every waiting request of the end", function()
    local run = map_run { items = 10, Concurrency = 10, item_duration = 1 }
    local path = "?run=" .. run .. "&min=0.1&max=0.3"
    assert.is_nil(ask("/get" .. path).Status)
    for _ = 1, 20 do
      server:begin("/wait" .. path)
    end
    for _ = 1, 20 do
      local _, _, _, body = server:finish()
      assert.equal("Succeeded", cjson.decode(body).Status)
    end
    local known = ask("/get" .. path)
    assert.same({ "Succeeded", true, 10 }, { known.Status, known.state.ended, known.state.run.ItemCounts.Succeed })
    local count = #polls()
    assert.equal("Succeeded", ask("/wait" .. path).Status)
    assert.equal(count, #polls())
  end)

  it("survives what may heal, and tells of it meanwhile", function()
    local run = map_run { items = 1, item_duration = 100 }
    local path = "?run=" .. run .. "&min=0.1&max=0.1"
    ask("/watch" .. path)
    until_polls(1)
    cloud:fault { kind = "status", status = 500, times = 3 }
    nginx.until_true(function()
      local state = ask("/get" .. path).state
      return state.error and state.error.status == 500
    end, "an error in the shared state")
    nginx.until_true(function()
      return not ask("/get" .. path).state.error
    end, "an answer")
  end)

  it("ends on what cannot heal, and begins anew when it is asked for again", function()
    local path = "?run=later&min=0.1&max=0.1"
    local outcome = ask("/wait" .. path)
    assert.same({ "service", 404 }, { outcome.kind, outcome.status })
    map_run { MapRunName = "later", items = 1, item_duration = 0.01 }
    assert.equal("Succeeded", ask("/wait" .. path).Status)
  end)

  it("loses no end over a reload, and holds up none", function()
    local run = map_run { items = 10, Concurrency = 10, item_duration = 1000 }
    ask("/watch?min=0.1&max=0.2&run=" .. run)
    until_polls(3)
    local old = server:workers()
    server:reload()
    nginx.until_true(function()
      for _, pid in ipairs(server:workers()) do
        for _, gone in ipairs(old) do
          if pid == gone then
            return false
          end
        end
      end
      return true
    end, "the end of the old workers, while the run goes on")
    -- New workers, and nobody has named the run to them.
    until_polls(#polls() + 3)
    cloud:clock { advance = 1000 }
    assert.equal("Succeeded", ask("/wait?run=" .. run).Status)
  end)

  it("goes on in another worker when the one that polled crashes", function()
    expected = { "exited on signal 9" }
    local run = map_run { items = 10, Concurrency = 10, item_duration = 100 }
    ask("/watch?min=0.1&max=0.2&run=" .. run)
    until_polls(3)
    for _, pid in ipairs(server:workers()) do
      server:signal("KILL", pid)
    end
    local before = #polls()
    until_polls(before + 3)
  end)

  it("raises misuse in words", function()
    local said = ask "/misuse"
    assert.matches("add `lua_shared_dict other 1m;`", said.dict, 1, true)
    assert.matches("FlowName, ExecutionName and MapRunName go together", said.names)
    assert.matches("client", said.client)
    assert.matches("did you mean FlowName", said.option)
    assert.matches("init_worker_by_lua", said.init)
    assert.matches("it has no names", said.wait)
    assert.matches("positive", said.seconds)
    assert.matches("option rate_limit: entry rate must be at least", said.rate_limit)
    assert.matches("a watch does not probe", said.probe)
    assert.matches("option min_delay is greater than max_delay", said.delays)
  end)

  it("is not waited for where it is gone from the dictionary, or the caller gives up", function()
    local run = map_run { items = 1, item_duration = 100 }
    assert.equal("cancelled", ask("/cancelled?run=" .. run).kind)
    local outcome = ask("/gone?run=" .. run)
    assert.same({ "network", false }, { outcome.kind, outcome.sent })
    assert.matches("is the dictionary too small?", outcome.message, 1, true)
  end)
end)
