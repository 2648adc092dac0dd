-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()

local nginx = require "spec.support.nginx.server"
local service = require "spec.support.nginx.service"
local shell = require "fnf.emulator.shell"

local SERVER = [[
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /describe {
      content_by_lua_block {
        local calls = calls or require "spec.support.nginx.calls"
        local outcome = calls.describe(client or calls.client "http://127.0.0.1:$service", ngx.var.arg_flow)
        outcome.worker = ngx.worker.pid()
        calls.say(outcome)
      }
    }
  }
]]

local SHARED_CLIENT = [[
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    client = calls.client "http://127.0.0.1:$service"
  }
]] .. SERVER

local CALLED_IN_INIT = SHARED_CLIENT:gsub("(client = [^\n]*\n)", [[%1
    first = calls.describe(client, "first")
    local shared = calls.client("http://127.0.0.1:$service")
]]) .. [[
]]

local UNCACHED = "  lua_code_cache off;\n" .. SERVER

local UNCACHED_WATCH = [[
  lua_code_cache off;
  lua_shared_dict fnf 1m;
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /describe {
      content_by_lua_block {
        local calls = require "spec.support.nginx.calls"
        local watch = require("fnf.ngx").watch { dict = "fnf", client = calls.client "http://127.0.0.1:$service",
          FlowName = "f", ExecutionName = "e", MapRunName = "m", min_delay = 0.1, max_delay = 0.1, rate_limit = false }
        local _, state = watch:get()
        calls.say { polls = state.polls, timers = ngx.timer.pending_count() + ngx.timer.running_count() }
      }
    }
  }
]]

--- What a worker has open or mapped that matches.
local function count(pid, script)
  local done, text = shell.run(script, pid)
  assert(done, text)
  return tonumber(text:match "%d+")
end

local DESCRIPTORS = "ls /proc/$1/fd | wc -l"
local CONNECTIONS = "ls -l /proc/$1/fd | grep -c socket: || true"
local LIBCURL = "grep -c libcurl /proc/$1/maps || true"

describe("workers of one nginx", function()
  local upstream

  setup(function()
    upstream = service.start()
  end)

  teardown(function()
    upstream:stop()
  end)

  local function with(http, workers, test)
    local server = nginx.start { http = http, main = ("worker_processes %d;"):format(workers),
      values = { service = upstream.port } }
    local done, reason = pcall(test, server)
    local errors = server:errors()
    server:stop()
    assert(done, reason)
    assert.equal("", errors)
  end

  --- Many requests, a few at a time; `check` sees each answer beside the flow it asked for.
  local function load(server, total, check)
    local flows, sent, done = {}, 0, 0
    local function begin()
      sent = sent + 1
      flows[server:begin("/describe?flow=flow-" .. sent, { headers = { connection = "close" } })] = "flow-" .. sent
    end
    for _ = 1, 32 do
      begin()
    end
    while done < total do
      local id, status, _, body = server:finish()
      assert.equal(200, status, body)
      check(cjson.decode(body), flows[id])
      done = done + 1
      if sent < total then
        begin()
      end
    end
  end

  it("answer 1,200 requests without one foreign body after a client was called in init", function()
    with(CALLED_IN_INIT, 4, function(server)
      local workers, foreign = {}, 0
      load(server, 1200, function(outcome, flow)
        workers[outcome.worker] = true
        foreign = foreign + (outcome.RequestId == flow .. " -" and 0 or 1)
      end)
      assert.equal(0, foreign)
      local used = 0
      for _ in pairs(workers) do
        used = used + 1
      end
      assert.is_true(used > 1, "one worker did it all")
    end)
  end)

  it("inherit no connection from a call in init", function()
    local plain, called
    with(SHARED_CLIENT, 1, function(server)
      plain = count(server:workers()[1], CONNECTIONS)
    end)
    with(CALLED_IN_INIT, 1, function(server)
      called = count(server:workers()[1], CONNECTIONS)
    end)
    assert.equal(plain, called)
  end)

  it("never load libcurl unless init calls", function()
    with(SHARED_CLIENT, 1, function(server)
      load(server, 40, function(outcome)
        assert.equal("Running", outcome.Status, outcome.text)
      end)
      assert.equal(0, count(server:workers()[1], LIBCURL))
    end)
    with(CALLED_IN_INIT, 1, function(server)
      assert.is_true(count(server:workers()[1], LIBCURL) > 0)
    end)
  end)

  it("leak no descriptor with lua_code_cache off", function()
    with(UNCACHED, 1, function(server)
      local function settle()
        return count(server:workers()[1], DESCRIPTORS)
      end
      load(server, 50, function() end)
      local before = settle()
      load(server, 300, function(outcome)
        assert.equal("Running", outcome.Status, outcome.text)
      end)
      nginx.until_true(function()
        return settle() <= before
      end, "the end of its descriptors")
    end)
  end)

  it("leave no timer or descriptor of a watch behind with lua_code_cache off", function()
    with(UNCACHED_WATCH, 1, function(server)
      local function ask()
        return cjson.decode((assert(server:get "/describe")))
      end
      local function until_timers(most)
        return nginx.until_true(function()
          local outcome = ask()
          return outcome.timers <= most and outcome
        end, "the end of its timers")
      end
      load(server, 20, function() end)
      until_timers(3) -- the poller's, that of its poll, and the first of this request's own
      local before = count(server:workers()[1], DESCRIPTORS)
      load(server, 200, function() end)
      local polls = until_timers(3).polls
      nginx.until_true(function()
        return count(server:workers()[1], DESCRIPTORS) <= before
      end, "the end of its descriptors")
      nginx.until_true(function()
        return ask().polls >= polls + 5
      end, "polls that go on")
    end)
  end)
end)
