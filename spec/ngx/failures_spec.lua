--- Asking the status page why items of a run failed.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local emulator = require "fnf.emulator"
local nginx = require "spec.support.nginx.server"
local shell = require "fnf.emulator.shell"

local CONFIGURATION = [[
  lua_shared_dict fnf 1m;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    client = calls.client("$emulator", { access_key_id = "$id", access_key_secret = "$secret" })
    raising = calls.client("$emulator", { access_key_id = "$id", access_key_secret = "$secret",
      on_event = function(_, fields)
        if fields.operation == "ListExecutions" then error "the listener broke" end
      end })
    narrow = calls.client("$emulator", { access_key_id = "narrow", access_key_secret = "secret-of-narrow" })
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /runs/ { content_by_lua_block { require("fnf.ngx").status { dict = "fnf" } } }
    location /silent/ { content_by_lua_block { require("fnf.ngx").status { dict = "fnf", explain = false } } }
    location /watch {
      content_by_lua_block {
        require("fnf.ngx").watch { dict = "fnf", client = _G[ngx.var.arg_client or "client"], FlowName = "f",
          ExecutionName = "e", MapRunName = ngx.var.arg_run, min_delay = 0.1, max_delay = 0.2, rate_limit = false }
      }
    }
  }
]]

describe("the status page, asked why items failed,", function()
  local cloud, server

  setup(function()
    cloud = assert(emulator.start())
    cloud:key { id = "narrow", secret = "secret-of-narrow", deny = { "ListExecutions" } }
    server = nginx.start { http = CONFIGURATION, main = "worker_processes 1;", values = { emulator = cloud.url,
      id = cloud.access_key_id, secret = cloud.access_key_secret } }
  end)

  teardown(function()
    server:stop()
    cloud:stop()
  end)

  local expected

  after_each(function()
    local errors = server:errors(expected)
    expected = nil
    assert.equal("", errors)
  end)

  local function run_of(name)
    for _, run in ipairs(cjson.decode((server:get "/runs/status.json")).map_runs) do
      if run.MapRunName == name then
        return run
      end
    end
  end

  --- A run of the emulator that is watched to its end.
  local function ended(name, fields, client)
    local made = { FlowName = "f", ExecutionName = "e", MapRunName = name, items = 20, Concurrency = 20,
      item_duration = 0.01, ToleratedFailedCount = 20 }
    for field, value in pairs(fields) do
      made[field] = value
    end
    cloud:map_run(made)
    server:get("/watch?run=" .. name .. (client and "&client=" .. client or ""))
    return nginx.until_true(function()
      local run = run_of(name)
      return run and run.ended and run
    end, name .. " has ended")
  end

  --- The status and the body of a POST to explain, with these headers.
  local function ask(id, headers, path)
    local words = { [[url=$1; shift; exec curl -s -w ' %{http_code} %{redirect_url}' "$@" "$url"]],
      server.url .. (path or "/runs/") .. "explain", "--data-urlencode", "id=" .. (id or "") }
    for _, header in ipairs(headers or {}) do
      words[#words + 1] = "-H"
      words[#words + 1] = header
    end
    local _, said = shell.run((table.unpack or unpack)(words)) -- luacheck: ignore 113 143
    local body, status, location = said:match "^(.-) ?(%d+) (%S*)$"
    return tonumber(status), body, location
  end

  local function histories()
    local count = 0
    for _, request in ipairs(cloud:requests().requests) do
      count = count + (request.action == "GetExecutionHistory" and 1 or 0)
    end
    return count
  end

  it("finds out, once, and keeps it for all who look", function()
    local run = ended("failing", { fail = { ["2"] = { Error = "Timeout", Cause = "no answer in 17 ms" },
      ["3"] = { Error = "Timeout", Cause = "no answer in 18 ms" }, ["9"] = { Error = "BadOrder" } } })
    assert.same({ true, nil, 0 }, { run.shown.askable, run.shown.errors, histories() })
    assert.equal(204, (ask(run.id)))
    run = run_of "failing"
    assert.same({ false, "2 \195\151 Timeout: no answer in N ms", "1 \195\151 BadOrder: Item N failed." },
      { run.shown.askable, run.shown.errors[1], run.shown.errors[2] })
    assert.same({ 3, true }, { run.failures.failed, run.failures.complete })
    assert.matches("<li>2 \195\151 Timeout: no answer in N ms</li>", (server:get "/runs/"), 1, true)
    assert.equal(204, (ask(run.id)))
    assert.equal(3, histories())
  end)

  it("sends back a browser without a script", function()
    local run = ended("plain", { failure_share = 0.5 })
    local status, _, location = ask(run.id, { "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: same-origin" })
    assert.same({ 303, server.url .. "/runs/" }, { status, location })
    assert.matches("10 \195\151 ItemFailed", (server:get "/runs/"), 1, true)
  end)

  it("asks nothing for another site, of a run without failures, or of none", function()
    local run, good = ended("foreign", { failure_share = 0.5 }), ended("good", {})
    local before = histories()
    for _, headers in ipairs { { "Sec-Fetch-Site: cross-site" }, { "Sec-Fetch-Site: same-site" },
      { "Origin: http://evil.example" }, { "Origin: null" } } do
      assert.equal(403, (ask(run.id, headers)))
    end
    local status, said = ask(good.id)
    assert.same({ 409, "there is nothing to ask" }, { status, said })
    assert.equal(404, (ask "none"))
    assert.equal(404, (ask(nil)))
    assert.equal(405, (select(2, server:get "/runs/explain")))
    assert.equal(405, (ask(run.id, {}, "/silent/")))
    assert.same({ before, false }, { histories(), run_of("good").shown.askable })
    assert.equal(204, (ask(run.id, { "Origin: " .. server.url })))
  end)

  it("says so where it cannot be found out, and may be asked again", function()
    local run = ended("denied", { failure_share = 0.5 }, "narrow")
    assert.equal(204, (ask(run.id)))
    run = run_of "denied"
    assert.matches("AccessDenied", run.shown.errors[1], 1, true)
    assert.is_true(run.shown.askable)
  end)

  it("survives a listener of the caller's that raises, and says where to look", function()
    expected = { "fnf: asking why items failed: .*the listener broke" }
    local run = ended("broken", { failure_share = 0.5 }, "raising")
    assert.equal(204, (ask(run.id)))
    assert.matches("it could not be asked; see nginx's error log", run_of("broken").shown.errors[1], 1, true)
  end)
end)
