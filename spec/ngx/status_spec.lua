-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()
local core = require "fnf.core"
local emulator = require "fnf.emulator"

local nginx = require "spec.support.nginx.server"
local shell = require "fnf.emulator.shell"

-- What a browser does with the events, in the words of bash.
local LISTEN = [[exec timeout 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/$1
  printf "GET /runs/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3; cat <&3' bash "$1"]]

local CONFIGURATION = [[
  lua_shared_dict fnf 1m;
  lua_shared_dict many 1m;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    client = calls.client("$emulator", { access_key_id = "$id", access_key_secret = "$secret" })
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /runs { content_by_lua_block { require("fnf.ngx").status { dict = "fnf", title = "Nightly" } } }
    location = /metrics { content_by_lua_block { require("fnf.ngx").status { dict = "fnf" } } }
    location /watch {
      content_by_lua_block {
        require("fnf.ngx").watch { dict = "fnf", client = client, FlowName = "f", ExecutionName = "e",
          MapRunName = ngx.var.arg_run, min_delay = 0.1, max_delay = 0.2, rate_limit = false }
      }
    }
    location /many {
      content_by_lua_block {
        for i = 1, 60 do
          require("fnf.ngx").watch { dict = "many", client = client, FlowName = "f", ExecutionName = "e",
            MapRunName = "run-" .. i, rate_limit = false }
        end
        require("fnf.ngx").status { dict = "many" }
      }
    }
    location /misuse {
      content_by_lua_block {
        local status = require("fnf.ngx").status
        calls.say { select(2, pcall(status, { dict = "other" })), select(2, pcall(status, { dic = "fnf" })) }
      }
    }
  }
]]

describe("the status of watched MapRuns", function()
  local cloud, server

  setup(function()
    cloud = assert(emulator.start())
    server = nginx.start { http = CONFIGURATION, main = "worker_processes 1;", values = { emulator = cloud.url,
      id = cloud.access_key_id, secret = cloud.access_key_secret } }
    cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = "slow", items = 4, Concurrency = 2,
      item_duration = 500, ToleratedFailedCount = 3 }
    cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = "done", items = 5, Concurrency = 5,
      item_duration = 0.01 }
  end)

  teardown(function()
    server:stop()
    cloud:stop()
  end)

  after_each(function()
    assert.equal("", server:errors())
  end)

  local function runs()
    local body = assert(server:get "/runs/status.json")
    return cjson.decode(body).map_runs
  end

  local function watched()
    for _, name in ipairs { "slow", "done", "missing" } do
      server:get("/watch?run=" .. name)
    end
    return nginx.until_true(function()
      local list = runs()
      local known = 0
      for _, run in ipairs(list) do
        known = known + ((run.Status ~= "Unknown" or run.error) and 1 or 0)
      end
      return known >= 3 and known == #list and list
    end, "three watched runs")
  end

  it("is an empty list, and a page that says so, before anything is watched", function()
    local body = server:get "/runs/status.json"
    assert.matches('^{"map_runs":%[%],"summary":"","time":%d+%.%d+}$', body)
    local page, status = server:get "/runs/"
    assert.equal(200, status)
    assert.matches('<p id="none">No MapRun is watched.', page, 1, true)
  end)

  it("lists all as JSON, with counts as the service gave them", function()
    local by_name = {}
    for _, run in ipairs(watched()) do
      by_name[run.MapRunName] = run
    end
    assert.same({ "Running", 4, 2, false }, { by_name.slow.Status, by_name.slow.ItemCounts.Total,
      by_name.slow.ItemCounts.Running, by_name.slow.ended })
    assert.same({ "Succeeded", 5, true }, { by_name.done.Status, by_name.done.ItemCounts.Succeed, by_name.done.ended })
    assert.same({ "Unknown", "ExecutionNotExists" }, { by_name.missing.Status, by_name.missing.error.code })
  end)

  it("is a page under a strict policy", function()
    watched()
    local page, status, headers = server:get "/runs/"
    assert.equal(200, status)
    assert.matches("<title>Nightly</title>", page, 1, true)
    assert.matches('data-field="name">slow</code>', page, 1, true)
    assert.matches('id="summary">1 running \194\183 1 given up \194\183 1 succeeded</p>', page, 1, true)
    assert.matches("0 of 4, 0\226\128\175%", page, 1, true)
    local nonce = headers:match "Content%-Security%-Policy: default%-src 'none'; style%-src 'nonce%-(%x+)'"
    assert.matches('<script nonce="' .. nonce, page, 1, true)
    assert.matches("Cache-Control: no-store", headers, 1, true)
    local again = select(3, server:get "/runs/"):match "nonce%-(%x+)"
    assert.not_equal(nonce, again)
  end)

  it("counts for Prometheus what was asked, and how it went", function()
    watched()
    local text, status, headers = server:get "/metrics"
    assert.equal(200, status)
    assert.matches("text/plain; version=0.0.4", headers, 1, true)
    assert.matches('\nfnf_map_runs{status="Running"} 1\n', text, 1, true)
    assert.matches('\nfnf_map_runs{status="Succeeded"} 1\n', text, 1, true)
    assert.matches('\nfnf_map_run_items{state="Succeed"} 5\n', text, 1, true)
    assert.matches('\nfnf_errors_total{operation="DescribeMapRun",code="ExecutionNotExists"} %d+\n', text)
    local polls = tonumber(text:match "\nfnf_polls_total (%d+)\n")
    local calls = tonumber(text:match '\nfnf_call_seconds_count{operation="DescribeMapRun"} (%d+)\n')
    assert.is_true(polls >= 3 and calls <= polls)
    assert.equal(calls, tonumber(text:match 'le="%+Inf"} (%d+)'))
    local last = 0
    for count in text:gmatch 'fnf_call_seconds_bucket{operation="DescribeMapRun",le="[%d.+Inf]+"} (%d+)' do
      assert.is_true(tonumber(count) >= last)
      last = tonumber(count)
    end
    for line in text:gmatch "[^\n]+" do
      assert.truthy(line:find "^# HELP fnf_%l[%l_]+ %u" or line:find "^# TYPE fnf_%l[%l_]+ %l+$"
        or line:find '^fnf_%l[%l_]+{?.*}? %-?[%d.]+$', line)
    end
  end)

  it("counts a throttled poll as such", function()
    watched()
    cloud:fault { kind = "status", status = 429, times = 1 }
    nginx.until_true(function()
      return (server:get "/metrics"):find('\nfnf_throttles_total{operation="DescribeMapRun"} 1\n', 1, true)
    end, "a throttled poll")
  end)

  it("tells a listening browser of every change, until the worker ends", function()
    watched()
    local stream = io.popen(shell.command(LISTEN, tostring(server.port)))
    nginx.until_true(function()
      local line = stream:read "*l"
      return line and line:find('"MapRunName":"slow"', 1, true)
    end, "the first event")
    local other = io.popen(shell.command(LISTEN, tostring(server.port)))
    nginx.until_true(function()
      local line = other:read "*l"
      return line and line:find('"MapRunName":"slow"', 1, true)
    end, "the first event of another listener")
    cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = "late", items = 1, item_duration = 0.01 }
    server:get "/watch?run=late"
    nginx.until_true(function()
      local line = stream:read "*l"
      return line and line:find('"MapRunName":"late".-"Status":"Succeeded"') or line and line:find "Succeeded.-late"
    end, "the event of the end")
    server:reload()
    local began = core.now()
    local rest = stream:read "*a"
    stream:close()
    other:close()
    assert.is_true(core.now() - began < 30, "the stream held up the reload")
    assert.matches("0\r\n\r\n$", rest)
  end)

  it("tells rate, end and tolerance of a run under way, in all three forms", function()
    cloud:map_run { FlowName = "f", ExecutionName = "e", MapRunName = "steady", items = 4000, Concurrency = 20,
      item_duration = 0.1, ToleratedFailedCount = 7 }
    server:get "/watch?run=steady"
    local seen = nginx.until_true(function()
      for _, run in ipairs(runs()) do
        local known = run.MapRunName == "steady" and run.progress
        if known and known.earliest and known.done >= 600 then -- by then the start is forgotten
          return run
        end
      end
    end, "an estimate of the end")
    local progress = seen.progress
    assert.is_true(progress.rate > 100 and progress.rate < 300, progress.rate)
    assert.is_true(progress.earliest > 1 and progress.latest >= progress.earliest and progress.latest < 60)
    assert.equal(7, progress.tolerance_left)
    assert.same({ true, true, "7 more failures" }, { seen.shown.rate:find "^[%d.]+ items/s$" ~= nil,
      seen.shown.ending:find "^in " ~= nil, seen.shown.last })
    local page = server:get "/runs/"
    assert.matches(">[%d.]+ items/s<", page)
    assert.matches(">in %d[^<]*<", page)
    assert.matches(">7 more failures<", page, 1, true)
    local text = server:get "/metrics"
    local labels = '{flow_name="f",execution_name="e",map_run_name="steady"'
    for _, line in ipairs { "items_per_second" .. labels, "end_seconds" .. labels .. ',bound="earliest"',
      "end_seconds" .. labels .. ',bound="latest"', "tolerance_left" .. labels } do
      assert.matches("\nfnf_map_run_" .. line .. "} ", text, 1, true)
    end
    assert.is_nil(text:find('fnf_map_run_[%l_]+{[^}]*map_run_name="done"'))
  end)

  it("lists many, a few at a time for the sake of others", function()
    assert.equal(60, #cjson.decode((server:get "/many/status.json")).map_runs)
  end)

  it("is GET only, and knows no other path", function()
    local _, status = server:get("/runs/", { method = "POST" })
    assert.equal(405, status)
    _, status = server:get "/runs/other"
    assert.equal(404, status)
    _, status = server:get "/runs.txt"
    assert.equal(404, status)
  end)

  it("15.8: sends whoever left out the slash to where the page stands", function()
    local _, status, headers = server:get "/runs?q=slow"
    assert.equal(301, status)
    assert.matches("Location: ./runs/?q=slow\r\n", headers, 1, true)
  end)

  it("15.8: filters without a script, and finds by all words", function()
    watched()
    local function shown(asked, name)
      local page = server:get("/runs/?q=" .. asked)
      return assert(page:match('<article data%-id="[^"]-MapRunName=' .. name .. '" data%-tone="%l+"( ?%l*)>')) == ""
    end
    assert.same({ true, false, false }, { shown("SLOW+running", "slow"), shown("SLOW+running", "done"),
      shown("SLOW+running", "missing") })
    assert.same({ false, true }, { shown("succeeded", "slow"), shown("succeeded", "done") })
    assert.matches("<p id=\"no-match\">", server:get "/runs/?q=nothing+such", 1, true)
    assert.matches("<p id=\"no-match\" hidden>", server:get "/runs/?q=", 1, true)
    assert.matches('value="&quot;&gt;"', server:get "/runs/?q=%22%3E", 1, true)
  end)

  it("raises misuse in words", function()
    local body = server:get "/misuse"
    local said = cjson.decode(body)
    assert.matches("add `lua_shared_dict other 1m;`", said[1], 1, true)
    assert.matches("unknown option dic %(did you mean dict%?%)", said[2])
  end)
end)
