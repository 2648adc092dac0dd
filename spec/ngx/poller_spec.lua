-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()
local emulator = require "fnf.emulator"

local nginx = require "spec.support.nginx.server"

local CONFIGURATION = [[
  lua_shared_dict fnf 1m;
  lua_shared_dict other 1m;
  lua_shared_dict tiny 12k;
  lua_shared_dict small 64k;
  lua_max_running_timers 16;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    function new(options)
      local all = { access_key_id = "$id", access_key_secret = "$secret" }
      for name, value in pairs(options or {}) do all[name] = value end
      return calls.client("$emulator", all)
    end
    function watch(client, run, dict)
      return require("fnf.ngx").watch { dict = dict or "fnf", client = client, FlowName = "f", ExecutionName = "e",
        MapRunName = run, min_delay = 0.1, max_delay = 0.2, rate_limit = false }
    end
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /runs/ { content_by_lua_block { require("fnf.ngx").status { dict = "fnf", max_listeners = 0 } } }
    location /closed {
      content_by_lua_block {
        local client = new()
        watch(client, ngx.var.arg_run)
        client:close()
        calls.say {}
      }
    }
    location /get {
      content_by_lua_block {
        lasting = lasting or new()
        local run, state = watch(lasting, ngx.var.arg_run):get()
        calls.say { Status = run and run.Status, polls = state.polls }
      }
    }
    location /group {
      content_by_lua_block {
        lasting = lasting or new()
        local run = require("fnf.ngx").watch { dict = "fnf", client = lasting, FlowName = "f", ExecutionName = "e",
          MapRunName = ngx.var.arg_run, group = ngx.var.arg_run == "own" and "g" or "g " .. ngx.worker.pid(),
          min_delay = 0.1, max_delay = 0.2, rate_limit = false }:get()
        calls.say { Status = run and run.Status }
      }
    }
    location /groups {
      content_by_lua_block {
        local one = select(2, watch(new(), "a"):get()).group
        local same = select(2, watch(new(), "b"):get()).group
        local other = select(2, watch(new { access_key_id = "another" }, "c"):get()).group
        local groups = { one, same, other }
        for i, role in ipairs { "reader", "reader", "writer" } do
          local source = require("fnf").credentials.ecs_ram_role { role_name = role, endpoint = "$emulator" }
          groups[3 + i] = select(2, watch(require("fnf").new { endpoint = "$emulator", credentials = source },
            "role " .. i):get()).group
        end
        calls.say(groups)
      }
    }
    location /two {
      content_by_lua_block {
        local heard = 0
        local client = new { on_event = function(name) heard = heard + (name == "poll" and 1 or 0) end }
        local own = client.on_event
        watch(client, "a") watch(client, "a", "other") watch(client, "a")
        client:tell("poll", {})
        calls.say { heard, ngx.shared.fnf:get "count fnf_polls_total", ngx.shared.other:get "count fnf_polls_total" }
      }
    }
    location /raises {
      content_by_lua_block {
        local broken = 0
        watch(new { on_event = function()
          broken = broken + 1
          if broken < 3 then error "the listener broke" end
        end }, "raises")
        calls.say {}
      }
    }
    location /full {
      content_by_lua_block {
        local warnings = {}
        local client = new { on_event = function(name, fields)
          if name == "warning" then warnings[#warnings + 1] = fields.message end
        end }
        for i = 1, 60 do watch(client, ("long"):rep(25) .. i, "tiny") end
        calls.say(warnings)
      }
    }
    location /fill {
      content_by_lua_block {
        local room = 4096
        while room >= 8 do
          fills = (fills or 0) + 1
          if not ngx.shared.small:safe_set("fill " .. fills, ("x"):rep(room)) then room = room / 2 end
        end
        calls.say {}
      }
    }
    location /polls {
      content_by_lua_block {
        lasting = lasting or new()
        watch(lasting, "growing", "small")
        calls.say(ngx.shared.small:get "count fnf_polls_total" or 0)
      }
    }
    location /starve {
      content_by_lua_block {
        for _ = 1, 20 do ngx.timer.at(0, function() ngx.sleep(1.5) end) end
        calls.say {}
      }
    }
    location /odd {
      content_by_lua_block {
        local shared = require("fnf.ngx.shared_state").open "fnf"
        local state = { id = "odd", group = "g", names = {}, polls = 1, limits = {}, keep = 1, due = 1,
          run = { Status = "Running", Unknown = { nil, nil, 3 }, Concurrency = 1 / 0,
            ItemCounts = { Total = 5, Failed = 1 / 0 } }, progress = { seconds = 1, latest = 1 / 0 } }
        local done, reason = shared:put(state)
        state.history = { { 1 / 0, 1 } }
        local again, problem = shared:put(state)
        calls.say { done = done, reason = reason, state = shared:state "odd", again = again, problem = problem }
      }
    }
    location /late {
      content_by_lua_block {
        local shared = require("fnf.ngx.shared_state").open "other"
        local function put(status, ended)
          assert(shared:put { id = "late", group = "g", names = {}, polls = 1, limits = {}, keep = 60, ended = ended,
            run = { Status = status } })
        end
        put("Running") put("Succeeded", true) put("Running")
        calls.say { Status = shared:state("late").run.Status, ended = shared:has_ended "late" }
      }
    }
    location /codes {
      content_by_lua_block {
        local client, metrics = new(), require "fnf.ngx.metrics"
        local shared = require("fnf.ngx.shared_state").open "other"
        metrics.listen(client, shared)
        for i = 1, 300 do
          client:tell("response", { operation = "Op" .. i, seconds = 0.1,
            error = { kind = "service", code = "Bad\255" .. i } })
        end
        client:tell("response", { operation = "DescribeMapRun", seconds = 0.1,
          error = { kind = "service", code = "FlowNotExists" } })
        shared:put { id = "x", group = "g", polls = 0, limits = {}, keep = 1,
          names = { FlowName = "f\255", ExecutionName = "\195\164", MapRunName = "m" }, progress = { rate = 1 } }
        shared:register { id = "y", group = "g", polls = 0, limits = {}, keep = 1, names = {} }
        ngx.print(metrics.text(shared))
      }
    }
  }
]]

describe("what polls for the watches of a worker", function()
  local cloud, server, expected

  before_each(function()
    cloud = assert(emulator.start())
    server = nginx.start { http = CONFIGURATION, main = "worker_processes 1;", values = { emulator = cloud.url,
      id = cloud.access_key_id, secret = cloud.access_key_secret } }
  end)

  after_each(function()
    local errors = server:errors(expected)
    expected = nil
    server:stop()
    cloud:stop()
    assert.equal("", errors)
  end)

  local function ask(path)
    return cjson.decode((assert(server:get(path))))
  end

  local function until_status(run, status)
    nginx.until_true(function()
      return ask("/get?run=" .. run).Status == status
    end, run .. " " .. status)
  end

  it("goes on when a client that was made for a request is closed, for its watch and for later ones", function()
    for _, name in ipairs { "first", "second" } do
      cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = name, items = 2, Concurrency = 2,
        item_duration = 0.3 }
      ask("/closed?run=" .. name)
    end
    nginx.until_true(function()
      local runs = cjson.decode((assert(server:get "/runs/status.json"))).map_runs
      return #runs == 2 and runs[1].Status == "Succeeded" and runs[2].Status == "Succeeded"
    end, "both ends")
  end)

  it("is one for an account, and another for another account, without its key in sight", function()
    local groups = ask "/groups"
    assert.equal(groups[1], groups[2])
    assert.not_equal(groups[1], groups[3])
    assert.is_nil(groups[3]:find("another", 1, true))
    assert.equal(groups[4], groups[5])
    assert.not_equal(groups[4], groups[6])
  end)

  it("polls for a group whatever its name, also that of another with the number of a worker", function()
    for _, name in ipairs { "own", "numbered" } do
      cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = name, items = 1, item_duration = 0.1 }
      nginx.until_true(function()
        return ask("/group?run=" .. name).Status == "Succeeded"
      end, name)
    end
  end)

  it("is counted once in each dictionary, and leaves on_event to its owner", function()
    assert.same({ 1, 1, 1 }, ask "/two")
  end)

  it("12.11: keeps what can be encoded of a description, whatever came", function()
    local said = ask "/odd"
    assert.same({ true, "Running", 5 }, { said.done, said.state.run.Status, said.state.run.ItemCounts.Total })
    assert.is_nil(said.state.run.Concurrency)
    assert.is_nil(said.state.run.ItemCounts.Failed)
    assert.is_true(said.state.overdue > 1000)
    assert.same({ nil, "a number must be finite" }, { said.again, said.problem })
  end)

  it("keeps an end, whatever a poll says that began before another worker took over", function()
    assert.same({ Status = "Succeeded", ended = true }, ask "/late")
  end)

  it("12.12: counts foreign words as other, in labels of valid UTF-8", function()
    local text = assert(server:get "/codes")
    assert.matches('fnf_errors_total{operation="other",code="other"} 300\n', text, 1, true)
    assert.matches('fnf_errors_total{operation="DescribeMapRun",code="FlowNotExists"} 1\n', text, 1, true)
    assert.matches('{flow_name="f?",execution_name="\195\164",map_run_name="m"}', text, 1, true)
    assert.is_nil(text:find "\255")
  end)

  it("polls again after a listener of the caller's has raised", function()
    expected = { "fnf: a poll failed: .*the listener broke" }
    cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = "raises", items = 1, item_duration = 0.1 }
    ask "/raises"
    nginx.until_true(function()
      local runs = cjson.decode((assert(server:get "/runs/status.json"))).map_runs
      return runs[1] and runs[1].Status == "Succeeded"
    end, "the end")
    assert.matches("the listener broke", server:errors(), 1, true)
  end)

  it("warns of what does not fit into the dictionary", function()
    local warnings = ask "/full"
    assert.matches("a MapRun to watch does not fit into the dictionary: ", warnings[1], 1, true)
    assert.matches("fnf: a MapRun to watch does not fit into the dictionary: ", server:log(), 1, true)
  end)

  it("warns once of a run that has outgrown the dictionary, and not at each poll", function()
    cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = "growing", items = 1000, Concurrency = 20,
      item_duration = 1 }
    nginx.until_true(function() return ask "/polls" > 0 end, "a poll")
    ask "/fill"
    local function warned()
      return select(2, server:log():gsub("a watched MapRun does not fit into the dictionary: ", ""))
    end
    nginx.until_true(function() return warned() > 0 end, "the warning")
    local polls = ask "/polls"
    nginx.until_true(function() return ask "/polls" > polls + 5 end, "more polls")
    assert.equal(1, warned())
  end)

  it("12.23: goes on after nginx has dropped its timer, once somebody asks", function()
    expected = { "lua_max_running_timers are not enough" }
    cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = "slow", items = 20, Concurrency = 20,
      item_duration = 5 }
    until_status("slow", "Running")
    ask "/starve"
    until_status("slow", "Succeeded")
  end)

  it("12.24: refuses listeners beyond the cap", function()
    local _, status = server:get "/runs/events"
    assert.equal(503, status)
  end)
end)

describe("a worker that polls nothing itself", function()
  local before

  setup(function()
    before = rawget(_G, "ngx")
    rawset(_G, "ngx", { worker = { pid = function() return 7 end, exiting = function() return true end },
      timer = { at = function() return true end } })
  end)

  teardown(function()
    rawset(_G, "ngx", before)
  end)

  it("lets go of the clients of runs that ended in another", function()
    local poller = require "fnf.ngx.poller"
    local running, one = {}, nil
    local shared = { name = "d", has_ended = function(_, id) return not running[id] end }
    for i = 1, 1000 do
      running = { ["run " .. i] = true }
      local client = { outliving = function(self) return self end }
      one = poller.of(shared, "d", "group of the spec", client, "run " .. i, false)
    end
    local kept = 0
    for _ in pairs(one.clients) do
      kept = kept + 1
    end
    assert.is_true(kept <= 66, kept)
    assert.is_truthy(one.clients["run 1000"])
  end)
end)
