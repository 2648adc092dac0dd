-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()

local effort = require "spec.support.effort"
local nginx = require "spec.support.nginx.server"
local service = require "spec.support.nginx.service"

local CONFIGURATION = [[
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    client = calls.client("http://127.0.0.1:$service", { rate_limit = false })
    named = calls.client("http://localhost:$service", { rate_limit = false, max_attempts = 1 })
    core = require "fnf.core"
    fnf = require "fnf"
    function gather(functions, cancel)
      return fnf.gather(functions, cancel and { cancel = cancel })
    end
    function slow(name)
      return function()
        local names = { FlowName = name, ExecutionName = "e", MapRunName = "m", RequestId = "sleep0.3" }
        return client:describe_map_run(names)
      end
    end
    -- What came of it, how long it took, and whether the one that had most to do did it all.
    function outcome(functions, cancel)
      local all = false
      functions[#functions + 1] = function()
        ngx.sleep(0.6)
        all = true
        return "late"
      end
      local began = ngx.now()
      local done, results, err = pcall(gather, functions, cancel)
      ngx.update_time()
      local seconds = ngx.now() - began
      ngx.sleep(0.7)
      return { done = done, seconds = seconds, all = all, err = tostring(done and err or results),
        results = done and results and #results }
    end
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /all {
      content_by_lua_block {
        local functions = {}
        for i = 1, 20 do functions[i] = slow("flow-" .. i) end
        local began = ngx.now()
        local results = gather(functions)
        local names = {}
        for i, run in ipairs(results) do names[i] = run.RequestId end
        calls.say { names = names, seconds = ngx.now() - began }
      }
    }
    location /fails { content_by_lua_block { calls.say(outcome { slow "a", function() return nil, "refused" end }) } }
    location /raises { content_by_lua_block { calls.say(outcome { slow "a", function() error("broke", 0) end }) } }
    location /cancelled {
      content_by_lua_block {
        local ending = ngx.now() + 0.2
        calls.say(outcome({ slow "a" }, function() return ngx.now() >= ending end))
      }
    }
    location /killed {
      content_by_lua_block {
        calls.describe(named, "warm")
        local _, err = gather {
          function()
            gather { function() return calls.describe(named, "a") end, function() return true end }
            ngx.sleep(9)
          end,
          function() ngx.sleep(0.1) return nil, "refused" end,
        }
        calls.say { err = err }
      }
    }
    location /orphans {
      content_by_lua_block {
        local names = { FlowName = "a", ExecutionName = "e", MapRunName = "m" }
        local options = { min_delay = 0.1, max_delay = 0.2, timeout = 3600 }
        local function wait() return client:wait_map_run(names, options) end
        local _, err = gather {
          function() return gather { wait, function() return gather { wait, wait } end } end,
          function() ngx.sleep(0.3) return nil, "refused" end,
        }
        calls.say { err = err }
      }
    }
    location /late {
      content_by_lua_block {
        local late
        local _, err = gather {
          function()
            return gather { function() ngx.sleep(0.3) late = calls.describe(client, "late") return true end }
          end,
          function() ngx.sleep(0.1) return nil, "refused" end,
        }
        ngx.sleep(0.5)
        late.err = err
        calls.say(late)
      }
    }
    location /busy {
      content_by_lua_block {
        local outcomes = {}
        local function describe(options, seconds)
          local answer = calls.outcome(named:describe_map_run({ FlowName = "a", ExecutionName = "e", MapRunName = "m",
            RequestId = seconds and "sleep" .. seconds }, options))
          outcomes[answer.Status or answer.kind] = true
          return true
        end
        local function draw(i)
          local ending = core.now() + math.random() * 0.2
          return describe { attempt_timeout = 0.02 + math.random() * 0.1,
            cancel = i % 2 == 0 and function() return core.now() > ending end or nil }
        end
        -- One of each kind, however busy the machine is.
        local function in_time() return describe { attempt_timeout = 20 } end
        local function late() return describe({ attempt_timeout = 0.02 }, 2) end
        local function cancelled()
          local ending = core.now() + 0.05
          return describe({ cancel = function() return core.now() > ending end }, 2)
        end
        local function stand_still()
          for _ = 1, 4 do
            ngx.sleep(math.random() * 0.03)
            local ending = core.now() + math.random() * 0.06
            while core.now() < ending do end
          end
          return true
        end
        for round = 1, 8 do
          local list = { stand_still }
          for i = 2, 20 do list[i] = function() return draw(i) end end
          if round % 2 == 1 then list[2], list[3], list[4] = in_time, late, cancelled end
          list[21] = round % 2 == 0 and function() ngx.sleep(0.1) return nil, "refused" end or nil
          gather(list)
        end
        calls.say(outcomes)
      }
    }
    location /nothing { content_by_lua_block { calls.say { results = #gather {} } } }
    location /nested {
      content_by_lua_block {
        local results = gather { function() return #gather { slow "a", slow "b" } end, slow "c" }
        calls.say { inner = results[1], outer = results[2].RequestId }
      }
    }
    location /waits {
      content_by_lua_block {
        local list = {}
        for i = 1, 60 do
          list[i] = { FlowName = "flow-" .. i, ExecutionName = "e", MapRunName = "m", RequestId = "sleep0.2" }
        end
        local began = ngx.now()
        local runs, failures = client:wait_map_runs(list, { until_status = "Running" })
        calls.say { count = #runs, last = runs[60].RequestId, failed = failures ~= nil, seconds = ngx.now() - began }
      }
    }
    location /announced {
      content_by_lua_block {
        local names = { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
        local began = ngx.now()
        local run, err = client:wait_map_run(names, { last_step = true, max_polls = 2, min_delay = 1 })
        calls.say { err = run == nil and err.message, polls = err.observed.polls, seconds = ngx.now() - began }
      }
    }
    location /log {
      log_by_lua_block { said = { gather { slow "a" } } }
      return 200;
    }
    location /said { content_by_lua_block { calls.say { none = said[1] == nil, err = tostring(said[2]) } } }
  }
]]

describe("gather in nginx", function()
  local upstream, server

  setup(function()
    upstream = service.start()
    server = nginx.start { http = CONFIGURATION, values = { service = upstream.port } }
  end)

  teardown(function()
    server:stop()
    upstream:stop()
  end)

  after_each(function()
    assert.equal("", server:errors())
  end)

  local function ask(path)
    local body = assert(server:get(path))
    return cjson.decode(body)
  end

  it("runs all at the same time and keeps their order", function()
    local seconds = effort.least(1.5, function()
      local outcome = ask "/all"
      assert.same({ "flow-1 -", "flow-7 -", "flow-20 -" }, { outcome.names[1], outcome.names[7], outcome.names[20] })
      return outcome.seconds
    end)
    assert.is_true(seconds < 1.5, seconds)
  end)

  for path, row in pairs {
    ["/fails"] = { true, "refused" }, ["/raises"] = { false, "broke" },
    ["/cancelled"] = { true, "cancelled: cancelled by the caller" },
  } do
    it("ends the others when one " .. path:sub(2), function()
      local seconds = effort.least(0.5, function()
        local outcome = ask(path)
        assert.same({ row[1], row[2], false }, { outcome.done, outcome.err, outcome.all })
        return outcome.seconds
      end)
      assert.is_true(seconds < 0.5, seconds)
    end)
  end

  it("may be nested, and may have nothing to do", function()
    assert.same({ inner = 2, outer = "c -" }, ask "/nested")
    assert.same({ results = 0 }, ask "/nothing")
  end)

  it("12.24: lets a request end although a thread with threads of its own was ended", function()
    local body = assert(server:get("/killed", { timeout = 10 }))
    assert.same({ err = "refused" }, cjson.decode(body))
  end)

  it("12.24: ends what was gathered within what it ends", function()
    local body = assert(server:get("/orphans", { timeout = 10 }))
    assert.same({ err = "refused" }, cjson.decode(body))
  end)

  it("sends nothing for what nobody waits for any more", function()
    local outcome = ask "/late"
    assert.same({ "refused", "cancelled", false }, { outcome.err, outcome.kind, outcome.sent })
  end)

  it("12.24: keeps track of threads that end in time, late or cancelled in a busy worker", function()
    local body = assert(server:get("/busy", { timeout = 30 }))
    assert.same({ Running = true, timeout = true, cancelled = true }, cjson.decode(body))
  end)

  it("carries many waits of one request", function()
    local seconds = effort.least(3, function()
      local outcome = ask "/waits"
      assert.same({ 60, "flow-60 -", false }, { outcome.count, outcome.last, outcome.failed })
      return outcome.seconds
    end)
    assert.is_true(seconds < 3, seconds)
  end)

  it("carries a look held at an execution beside a wait for its last step", function()
    local seconds = effort.least(1.8, function()
      local outcome = ask "/announced"
      assert.equal(2, outcome.polls, outcome.err)
      return outcome.seconds
    end)
    assert.is_true(seconds >= 1 and seconds < 1.8, seconds) -- 2 without it
  end)

  it("says where it cannot", function()
    server:get "/log"
    local outcome = ask "/said"
    assert.is_true(outcome.none)
    assert.matches("in the phase log", outcome.err)
  end)
end)
