-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()

local nginx = require "spec.support.nginx.server"
local service = require "spec.support.nginx.service"

local CONFIGURATION = [[
  lua_shared_dict outcomes 1m;
  lua_ssl_trusted_certificate $service_directory/ca.pem;
  ssl_certificate $service_directory/server.pem;
  ssl_certificate_key $service_directory/server.key;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    client = calls.client("http://127.0.0.1:$service")
    function try(phase)
      local text = require("cjson").encode(calls.describe(client, phase))
      ngx.shared.outcomes:set(phase, text)
    end
    try "init"
    gathered = require("fnf").gather { function() return calls.describe(client, "gathered").RequestId end,
      function() return "both" end }
  }
  init_worker_by_lua_block { try "init_worker" }
  exit_worker_by_lua_block {
    try "exit_worker"
    local file = io.open("$directory/exit_worker", "w")
    file:write(ngx.shared.outcomes:get "exit_worker")
    file:close()
  }
  upstream balanced {
    server 127.0.0.1:1;
    balancer_by_lua_block {
      try "balancer"
      require("ngx.balancer").set_current_peer("127.0.0.1", $service)
    }
  }
  server {
    listen 127.0.0.1:$port;
    listen 127.0.0.1:$other ssl;
    $early
    location /ready { return 200; }
    location /all {
      set_by_lua_block $nothing { try "set" return "" }
      rewrite_by_lua_block { try "rewrite" }
      access_by_lua_block { try "access" }
      content_by_lua_block {
        try "content"
        ngx.thread.wait(ngx.thread.spawn(try, "light_thread"))
        ngx.timer.at(0, function() try "timer" end)
        ngx.print "body"
      }
      header_filter_by_lua_block { try "header_filter" }
      body_filter_by_lua_block { try "body_filter" }
      log_by_lua_block { try "log" }
    }
    location /balanced { proxy_pass http://balanced/ready; }
    location /outcome {
      content_by_lua_block { ngx.print(ngx.shared.outcomes:get(ngx.var.arg_phase)) }
    }
    location /lacking {
      content_by_lua_block {
        local lacking = {}
        local here = require("fnf.platform.nginx").new {}
        for name in pairs(require("fnf.platform.plain").new {}) do
          lacking[#lacking + 1] = here[name] == nil and name or nil
        end
        table.sort(lacking)
        ngx.print(table.concat(lacking, " "))
      }
    }
    location /gathered { content_by_lua_block { ngx.print(table.concat(gathered, " ")) } }
    location /hidden {
      content_by_lua_block {
        local fnf = require "fnf"
        calls.say(calls.describe(fnf.new { endpoint = "http://127.0.0.1:$service",
          credentials = fnf.credentials.env() }, "f"))
      }
    }
    location /wait {
      log_by_lua_block {
        local names = { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
        local outcome = calls.outcome(client:wait_map_run(names, { initial_delay = 5 }))
        local _, err = client:choose_platform().sleep(1)
        outcome.asleep = err.message
        _, err = require("fnf").gather { function() return true end }
        outcome.gathering = err.message
        ngx.shared.outcomes:set("wait", require("cjson").encode(outcome))
      }
      return 200;
    }
  }
]]

local EARLY = [[
    ssl_client_hello_by_lua_block { try "ssl_client_hello" }
    ssl_certificate_by_lua_block { try "ssl_cert" }
    server_rewrite_by_lua_block { if ngx.var.uri == "/all" then try "server_rewrite" end }
]]

-- Where a call is answered, and where it is refused at once.
local PHASES = {
  { "init", true }, { "init_worker", false }, { "set", false }, { "server_rewrite", true }, { "rewrite", true },
  { "access", true }, { "content", true }, { "light_thread", true }, { "timer", true }, { "header_filter", false },
  { "body_filter", false }, { "log", false }, { "balancer", false },
  { "ssl_client_hello", false }, { "ssl_cert", true },
}

describe("a client inside nginx, called in the phase", function()
  local upstream, server

  setup(function()
    upstream = service.start()
    server = nginx.start { http = CONFIGURATION, main = "worker_processes 1;",
      wrapper = "env ALIBABA_CLOUD_ACCESS_KEY_ID=id ALIBABA_CLOUD_ACCESS_KEY_SECRET=secret", values = { early = EARLY,
      service = upstream.port, service_directory = upstream.directory } }
    assert.equal("body", (server:get "/all"))
    assert(server:get "/balanced")
    local tls = assert(require("fnf.curl").pool { ca_file = upstream.directory .. "/ca.pem", no_proxy = "*" })
    assert(tls:start { method = "GET", url = ("https://localhost:%d/ready"):format(server.other), timeout = 5,
      connect_timeout = 5 })
    assert.equal(200, nginx.until_true(function()
      tls:wait(1)
      local _, status = tls:take()
      return status
    end))
    tls:close()
  end)

  teardown(function()
    server:stop()
    upstream:stop()
  end)

  after_each(function()
    assert.equal("", server:errors())
  end)

  local function outcome_of(phase)
    return cjson.decode(nginx.until_true(function()
      local text = server:get("/outcome?phase=" .. phase)
      return text and text ~= "" and text
    end, phase))
  end

  for _, row in ipairs(PHASES) do
    local phase, answered = row[1], row[2]
    it(("%s is %s"):format(phase, answered and "answered" or "refused with its name and the way out"), function()
      local outcome = outcome_of(phase)
      if answered then
        assert.same({ "Running", phase }, { outcome.Status, outcome.RequestId:match "^(.*) %-$" }, outcome.text)
      else
        assert.same({ "network", false }, { outcome.kind, outcome.sent })
        assert.matches("in the phase " .. phase .. "; call from ngx.timer.at(0, ...)", outcome.message, 1, true)
        assert.matches("^DescribeMapRun: ", outcome.text)
      end
    end)
  end

  it("content finds all that a platform has, but programs, what --debug shows, and a Redis without TLS", function()
    assert.equal("no_redis_tls run times", (server:get "/lacking"))
  end)

  it("init gathers, for there is nothing to block", function()
    assert.equal("gathered - both", (server:get "/gathered"))
  end)

  it("content is told that nginx hides the keys of the environment, and by which directive they are seen", function()
    local outcome = cjson.decode((server:get "/hidden"))
    assert.equal("credentials", outcome.kind, outcome.text)
    assert.matches("env ALIBABA_CLOUD_ACCESS_KEY_ID; env ALIBABA_CLOUD_ACCESS_KEY_SECRET;", outcome.message, 1, true)
  end)

  it("log refuses to wait too, at once", function()
    server:get "/wait"
    local outcome = outcome_of "wait"
    for _, name in ipairs { "message", "asleep", "gathering" } do
      assert.matches("in the phase log", outcome[name], 1, true)
    end
  end)

  it("exit_worker is refused with its name", function()
    server:signal("QUIT", server:workers()[1])
    local text = nginx.until_true(function()
      local file = io.open(server.directory .. "/exit_worker")
      local text = file and file:read "*a"
      if file then
        file:close()
      end
      return text and text ~= "" and text
    end, "exit_worker")
    assert.matches("in the phase exit_worker", text)
  end)
end)

describe("clients made while nginx starts", function()
  local STARTED = [[
    init_by_lua_block {
      calls = require "spec.support.nginx.calls"
      local fnf = require "fnf"
      keyed = calls.client "http://127.0.0.1:$service"
      asking = fnf.new { endpoint = "http://127.0.0.1:$service", credentials = function()
        return { access_key_id = "id", access_key_secret = "secret" }
      end }
      local names = { FlowName = "f", ExecutionName = "e", MapRunName = "m", RequestId = "sleep10" }
      local function count_descriptors()
        local pipe = io.popen("ls /proc/" .. ngx.worker.pid() .. "/fd")
        local _, count = pipe:read("*a"):gsub("%d+", "")
        pipe:close()
        return count
      end
      local function raise_meanwhile()
        local asked = 0
        return function()
          asked = asked + 1
          return asked > 1 and error("mine", 0)
        end
      end
      calls.describe(keyed, "f")
      left = { count_descriptors() }
      left[2] = select(2, pcall(keyed.describe_map_run, keyed, names, { cancel = raise_meanwhile() }))
      left[3] = count_descriptors() - left[1]
      left[4] = select(2, pcall(fnf.gather, {
        function() return keyed:describe_map_run(names, { cancel = raise_meanwhile() }) end,
        function() return keyed:describe_map_run(names) end,
      }))
      left[5] = count_descriptors() - left[1]
      at_start = {}
      for name in pairs(package.loaded) do at_start[name] = true end
    }
    server {
      listen 127.0.0.1:$port;
      location /ready { return 200; }
      location /calls {
        content_by_lua_block {
          local fnf, outcomes = require "fnf", {}
          local names = { FlowName = "f", ExecutionName = "e", MapRunName = "m" }
          for i, client in ipairs { keyed, asking } do
            outcomes[i] = assert(client:wait_map_run(names, { until_status = "Running" })).Status
          end
          fnf.gather { function() return keyed:describe_map_run(names) end }
          local read = {}
          for name in pairs(package.loaded) do
            if not at_start[name] then read[#read + 1] = name end
          end
          table.sort(read)
          calls.say { statuses = table.concat(outcomes, " "), read = table.concat(read, " "),
            left = table.concat(left, " ", 2) }
        }
      }
    }
  ]]

  it("read no module from the disk in a request, and leave no connection where a cancel raises", function()
    local upstream = service.start()
    local server = nginx.start { http = STARTED, values = { service = upstream.port } }
    local said = cjson.decode((server:get "/calls"))
    local errors = server:errors()
    server:stop()
    upstream:stop()
    assert.same({ { statuses = "Running Running", read = "", left = "mine 0 mine 0" }, "" }, { said, errors })
  end)
end)
