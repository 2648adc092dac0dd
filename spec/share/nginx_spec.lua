--- Two nginxes, one Redis: their watches cost one poll, and a Redis that is silent holds up no worker.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local core = require "fnf.core"
local emulator = require "fnf.emulator"
local nginx = require "spec.support.nginx.server"
local redis_server = require "spec.support.redis_server"

local CONFIGURATION = [[
  lua_shared_dict fnf 1m;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    warnings = {}
    client = calls.client("$emulator", { access_key_id = "$id", access_key_secret = "$secret",
      share = require("fnf").share.redis { url = "$redis", timeout = 1 }, on_event = function(name, fields)
        if name == "warning" then table.insert(warnings, fields.message or tostring(fields.error)) end
      end })
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /watch {
      content_by_lua_block {
        local watch = require("fnf.ngx").watch { dict = "fnf", client = client, FlowName = "f", ExecutionName = "e",
          MapRunName = ngx.var.arg_run, min_delay = 0.2, max_delay = 0.2 }
        local run, err = watch:wait(20)
        local _, state = watch:get()
        calls.say { Status = run and run.Status or tostring(err), polls = state.polls, warnings = #warnings }
      }
    }
    location /wait {
      content_by_lua_block {
        local turns, done = 0, false
        local counting = ngx.thread.spawn(function()
          while not done do
            turns = turns + 1
            ngx.sleep(0.01)
          end
        end)
        local run, err = client:wait_map_run({ FlowName = "f", ExecutionName = "e", MapRunName = ngx.var.arg_run },
          { others = false, timeout = 20 })
        done = true
        ngx.thread.wait(counting)
        calls.say { Status = run and run.Status or tostring(err), turns = turns, warning = warnings[1] }
      }
    }
    location /log {
      log_by_lua_block {
        local told = #warnings
        local done, run, err = pcall(client.wait_map_run, client, { FlowName = "f", ExecutionName = "e",
          MapRunName = "m" }, { timeout = 1 })
        ngx.shared.fnf:set("log", ("%s %s %s"):format(done, run, err))
        for i = told + 1, #warnings do
          if warnings[i]:find "Redis" then ngx.log(ngx.ERR, warnings[i]) end
        end
      }
      return 200;
    }
    location /logged { content_by_lua_block { ngx.print(ngx.shared.fnf:get "log") } }
  }
]]

local missing = redis_server.missing()

describe("in nginx, sharing through Redis", function()
  if missing then
    pending(missing)
    return
  end

  local cloud, redis, machines

  setup(function()
    cloud, redis, machines = assert(emulator.start()), redis_server.start(), {}
    for i = 1, 2 do
      machines[i] = nginx.start { http = CONFIGURATION, main = "worker_processes 1;", values = { emulator = cloud.url,
        id = cloud.access_key_id, secret = cloud.access_key_secret, redis = redis.url } }
    end
  end)

  teardown(function()
    local errors = ""
    for _, machine in ipairs(machines) do
      errors = errors .. machine:errors()
      machine:stop()
    end
    redis:stop()
    cloud:stop()
    assert.equal("", errors)
  end)

  local function new_run(seconds)
    return cloud:map_run { FlowName = "f", ExecutionName = "e", items = 10, Concurrency = 1,
      item_duration = seconds / 10 }.MapRunName
  end

  it("asks no Redis in a phase that may not wait for it", function()
    machines[1]:get "/log"
    local said = nginx.until_true(function()
      return (machines[1]:get "/logged")
    end, "/logged")
    assert.matches("^true nil DescribeMapRun: network: nginx cannot wait for an answer in the phase log", said)
  end)

  it("makes watches of two machines cost the polls of one", function()
    local run = new_run(3)
    local began = core.now()
    for _, machine in ipairs(machines) do
      machine:begin("/watch?run=" .. run)
    end
    for _, machine in ipairs(machines) do
      local _, status, _, body = machine:finish()
      assert.equal(200, status, body)
      local said = cjson.decode(body)
      assert.same({ "Succeeded", 0 }, { said.Status, said.warnings })
    end
    local polls = #cloud:requests().requests
    assert.is_true(polls <= 1.3 * (core.now() - began) / 0.2 + 1, polls .. " polls")
    assert.is_true(redis:cli("--raw KEYS '*answer*'"):find("answer", 1, true) ~= nil)
  end)

  it("holds up no worker while Redis is silent, and goes on without", function()
    local run = new_run(0.3)
    redis:signal("STOP")
    finally(function()
      redis:signal("CONT")
    end)
    machines[1]:begin("/wait?run=" .. run)
    local _, status, _, body = machines[1]:finish()
    local said = cjson.decode(body)
    assert.same({ 200, "Succeeded" }, { status, said.Status })
    assert.is_truthy(said.warning:find("Redis is away", 1, true), said.warning)
    -- A worker held up for the second that Redis is waited for would have turned a few times at the end only.
    assert.is_true(said.turns > 20, said.turns .. " turns")
  end)
end)

local WORKERS = [[
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    client = calls.client("http://127.0.0.1:1", { share = require("fnf").share.redis { url = "$redis", timeout = 5 } })
    client.share:name()
  }
  init_worker_by_lua_block {
    ngx.timer.at(0, function()
      local limiter = client:rate_limiter(require("fnf.operations").describe_map_run)
      limiter:pause(limiter:take(ngx.now()), ngx.now())
    end)
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
  }
]]

describe("in nginx, a client that was made before the workers", function()
  if missing then
    pending(missing)
    return
  end

  it("is another process in each of them", function()
    local redis = redis_server.start()
    local machine = nginx.start { http = WORKERS, main = "worker_processes 3;", values = { redis = redis.url } }
    finally(function()
      machine:stop()
      redis:stop()
    end)
    nginx.until_true(function()
      local key = redis:cli "--raw KEYS '*processes:*'"
      return key ~= "" and redis:cli(("--raw ZCARD '%s'"):format(key)) == "3"
    end, "three processes")
    assert.equal("", machine:errors())
  end)
end)

describe("in nginx, a Redis that has an IPv6 address", function()
  if missing then
    pending(missing)
    return
  end

  it("16: is asked by it", function()
    local port = require("fnf.emulator.ports").free_pair(os.tmpname())
    local redis = redis_server.start(("--bind 127.0.0.1 ::1 --port %d"):format(port))
    local machine = nginx.start { http = WORKERS, main = "worker_processes 1;",
      values = { redis = ("redis://[::1]:%d"):format(port) } }
    finally(function()
      machine:stop()
      redis:stop()
    end)
    nginx.until_true(function()
      return redis:cli "--raw KEYS '*processes:*'" ~= ""
    end, "a process")
    assert.equal("", machine:errors())
  end)
end)

local GUARDED = [[
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    function wait_by(url)
      local warnings = {}
      local client = calls.client("$emulator", { access_key_id = "$id", access_key_secret = "$secret",
        share = require("fnf").share.redis { url = url, timeout = 1 }, on_event = function(name, fields)
          if name == "warning" then table.insert(warnings, fields.message or tostring(fields.error)) end
        end })
      local run, err = client:wait_map_run({ FlowName = "f", ExecutionName = "e", MapRunName = ngx.var.arg_run },
        { others = false, timeout = 20 })
      calls.say { Status = run and run.Status or tostring(err), warnings = table.concat(warnings, "\n") }
    end
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /untrusted { content_by_lua_block { wait_by "$untrusted" } }
    location / {
      lua_ssl_trusted_certificate $authority;
      location /right { content_by_lua_block { wait_by "$right" } }
      location /numbered { content_by_lua_block { wait_by "$numbered" } }
      location /wrong { content_by_lua_block { wait_by "$wrong" } }
      location /misnamed { content_by_lua_block { wait_by "$misnamed" } }
    }
  }
]]

describe("in nginx, a Redis with TLS and a password", function()
  if missing then
    pending(missing)
    return
  end

  local cloud, redis, machine

  setup(function()
    cloud, redis = assert(emulator.start()), redis_server.start_tls "--requirepass right-secret"
    local right = redis.tls_url:format ":right-secret@"
    local numbered = redis.tls_url:format "default:right-secret@" .. "/3"
    machine = nginx.start { http = GUARDED, values = { emulator = cloud.url, id = cloud.access_key_id,
      secret = cloud.access_key_secret, authority = redis.ca_file, right = right, numbered = numbered,
      untrusted = redis.tls_url:format "default:right-secret@", -- which shares no connection with the others
      wrong = redis.tls_url:format ":wrong-secret@", misnamed = right:gsub("localhost", "127.0.0.1") } }
  end)
  teardown(function()
    machine:stop()
    redis:stop()
    cloud:stop()
  end)

  local function wait(path)
    local run = cloud:map_run { FlowName = "f", ExecutionName = "e", items = 1, item_duration = 0.01 }
    machine:begin(path .. "?run=" .. run.MapRunName)
    local _, status, _, body = machine:finish()
    local said = cjson.decode(body)
    assert.same({ 200, "Succeeded" }, { status, said.Status })
    return said.warnings
  end

  it("is used where the certificate is trusted and the password right", function()
    assert.equal("", wait "/right")
    assert.is_truthy(redis:cli("-a right-secret --no-auth-warning --raw KEYS '*answer*'"):find("answer", 1, true))
  end)

  it("is used by a user's password, in the database that the URL names", function()
    assert.equal("", wait "/numbered")
    assert.is_truthy(redis:cli("-a right-secret --no-auth-warning -n 3 --raw KEYS '*answer*'"):find("answer", 1, true))
  end)

  local REFUSED = { untrusted = "lua_ssl_trusted_certificate", misnamed = "no TLS connection",
    wrong = "refuses user and password: WRONGPASS" }
  for name, words in pairs(REFUSED) do
    it("is done without, with one warning, where it is " .. name, function()
      local warnings = wait("/" .. name)
      assert.is_truthy(warnings:find("Redis is away", 1, true), warnings)
      assert.is_truthy(warnings:find(words, 1, true), warnings)
      assert.is_nil(warnings:find("\n", 1, true), warnings)
      assert.is_nil(warnings:find("secret", 1, true), warnings)
    end)
  end
end)
