-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()
local core = require "fnf.core"

local effort = require "spec.support.effort"
local nginx = require "spec.support.nginx.server"

-- What nginx's core logs on its own account when these specs break something on purpose.
local BY_NGINX_ITSELF = { "recv%(%) failed %(104: Connection reset by peer%)", "while resolving, resolver",
  "send%(%) failed %(%d+: " }

local CONFIGURATION = [[
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    scripted = require "spec.faults.hostile_server"
    client = calls.client("http://127.0.0.1:$other", { max_attempts = 1 })
    other = calls.client("http://localhost:$other", { max_attempts = 1 }) -- of a pool of its own
    slow = calls.client("http://127.0.0.1:$other", { max_attempts = 1, attempt_timeout = 5 })
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /describe {
      content_by_lua_block {
        local args = ngx.req.get_uri_args()
        local options = { attempt_timeout = tonumber(args.timeout) }
        calls.say(calls.describe(args.other == "1" and other or client, args.flow, options))
      }
    }
    location /repeat {
      content_by_lua_block {
        calls.describe(other, "closed before an answer") -- uses up a connection that another spec has left
        scripted.nonces = {}
        local client = calls.client("http://localhost:$other", { max_attempts = tonumber(ngx.var.arg_attempts) })
        local outcomes = {}
        for i = 1, 2 do outcomes[i] = calls.describe(client, "one answer for each connection") end
        calls.say { outcomes = outcomes, nonces = scripted.nonces }
      }
    }
    location /write {
      content_by_lua_block {
        local outcomes = {}
        for i = 1, 4 do
          local write = { method = "GET", repeatable = false }
          outcomes[i] = calls.outcome(slow:call("Write", { FlowName = "one answer for each connection" }, write))
        end
        calls.say(outcomes)
      }
    }
    location /cancel {
      content_by_lua_block {
        local began = ngx.now()
        local answer = calls.describe(slow, "no answer", { cancel = function() return ngx.now() > began + 0.5 end })
        answer.seconds = ngx.now() - began
        calls.say(answer)
      }
    }
    location /raises {
      content_by_lua_block {
        local function cancel() error("cancel broke", 0) end
        local done, reason = pcall(calls.describe, slow, "no answer", { cancel = cancel })
        calls.say { done = done, reason = tostring(reason) }
      }
    }
    location /impossible {
      content_by_lua_block {
        local platform, outcomes = require("fnf.platform.nginx").new {}, {}
        for i, row in ipairs {
          { url = "http://127.0.0.1:$other/a b" }, { url = "http://127.0.0.1:$other/a\r\nb: c" },
          { headers = { ["a b"] = "c" } }, { headers = { a = "b\r\nc: d" } }, { method = "GET /" },
          { url = "ftp://127.0.0.1:$other/" }, { url = "http:///" }, { url = "127.0.0.1" },
        } do
          outcomes[i] = calls.outcome(platform.send { method = row.method or "GET", headers = row.headers,
            url = row.url or "http://127.0.0.1:$other/", timeout = 1, connect_timeout = 1 })
        end
        calls.say(outcomes)
      }
    }
    location /unread {
      content_by_lua_block {
        local unread = "http://127.0.0.1:$other/unread"
        calls.say(calls.outcome(require("fnf.platform.nginx").new({}).send { method = "POST", url = unread,
          headers = {}, body = ("x"):rep(2 ^ 25), timeout = 20, connect_timeout = 5 }))
      }
    }
    location /nothing-listens {
      content_by_lua_block { calls.say(calls.describe(calls.client("http://127.0.0.1:1", { max_attempts = 1 }), "f")) }
    }
    location /no-resolver {
      content_by_lua_block { calls.say(calls.describe(calls.client("http://fnf.test", { max_attempts = 1 }), "f")) }
    }
    location /deaf-resolver {
      resolver 127.0.0.1:$port;
      content_by_lua_block {
        local client = calls.client("http://fnf.test", { max_attempts = 1, connect_timeout = 0.3 })
        local began = ngx.now()
        local answer = calls.describe(client, "f")
        answer.seconds = ngx.now() - began
        calls.say(answer)
      }
    }
  }
  server {
    listen 127.0.0.1:$other;
    lingering_close off;
    large_client_header_buffers 4 32k;
    location / { content_by_lua_block { scripted.serve() } }
    location @reset { reset_timedout_connection on; return 444; }
    location /unread { client_max_body_size 0; reset_timedout_connection on; return 444; }
  }
]]

describe("an exchange over cosockets", function()
  local server

  setup(function()
    server = nginx.start { http = CONFIGURATION }
  end)

  teardown(function()
    server:stop()
  end)

  after_each(function()
    assert.equal("", server:errors(BY_NGINX_ITSELF))
  end)

  local function ask(path)
    local body = assert(server:get(path))
    return cjson.decode(body)
  end

  local function place(flow)
    return ask("/describe?" .. core.encode { "flow", flow }).RequestId
  end

  local function connection(flow)
    return place(flow):match "^%d+"
  end

  it("uses a connection again after an answer that was read to its end", function()
    for _, flow in ipairs { "a length", "chunks with trailers", "interim answers" } do
      local first = connection(flow)
      assert.equal(first, connection(flow), flow)
    end
  end)

  it("does not where bytes are left over", function()
    assert.not_equal(connection "more bytes than the length", connection "a length")
  end)

  it("12.3: sends nothing twice by itself if a connection used before dies without a byte", function()
    local heard = ask "/repeat?attempts=1"
    assert.same({ "Running", "network" }, { heard.outcomes[1].Status, heard.outcomes[2].kind })
    assert.same({ true, true }, { heard.outcomes[2].sent, heard.outcomes[2].retryable })
    assert.equal(2, #heard.nonces)
  end)

  it("12.3: leaves it to the retry, which has a new nonce", function()
    local heard = ask "/repeat?attempts=2"
    assert.same({ "Running", "Running" }, { heard.outcomes[1].Status, heard.outcomes[2].Status })
    assert.matches("%-01$", heard.outcomes[2].RequestId)
    local seen = {}
    for _, nonce in ipairs(heard.nonces) do
      seen[#seen + 1] = not seen[nonce] and "new" or "old"
      seen[nonce] = true
    end
    assert.same({ "new", "new", "new" }, { seen[1], seen[2], seen[3] })
  end)

  it("12.3: sends a write that must not be repeated over no connection that has idled", function()
    local outcomes = ask "/write"
    assert.same({ "Running", "Running", "Running", "Running" }, { outcomes[1].Status, outcomes[2].Status,
      outcomes[3].Status, outcomes[4].Status })
    for _, outcome in ipairs(outcomes) do
      assert.matches("%-01$", outcome.RequestId)
    end
  end)

  it("ends within a second of being cancelled", function()
    local seconds = effort.least(1, function()
      local outcome = ask "/cancel"
      assert.equal("cancelled", outcome.kind)
      return outcome.seconds
    end)
    assert.is_true(seconds < 1, seconds)
  end)

  it("hands an error of the caller's cancel to the caller", function()
    assert.same({ done = false, reason = "cancel broke" }, ask "/raises")
  end)

  it("is not begun if a URL, a header or a method could end early, or where the URL leads nowhere", function()
    local outcomes = ask "/impossible"
    assert.equal(8, #outcomes)
    for i, outcome in ipairs(outcomes) do
      assert.same({ i, "network", false, false }, { i, outcome.kind, outcome.sent, outcome.retryable })
    end
  end)

  it("says that sending failed where the server reads no more", function()
    local outcome = ask "/unread"
    assert.same({ "network", true, true }, { outcome.kind, outcome.sent, outcome.retryable }, outcome.text)
    assert.matches("sending failed: ", outcome.message, 1, true)
  end)

  it("says when nothing listens", function()
    local outcome = ask "/nothing-listens"
    assert.same({ "network", false, true }, { outcome.kind, outcome.sent, outcome.retryable })
    assert.matches("127%.0%.0%.1:1: connection refused", outcome.message)
  end)

  it("names the directive that a missing resolver needs", function()
    local outcome = ask "/no-resolver"
    assert.same({ "network", false }, { outcome.kind, outcome.sent })
    assert.matches("set the directive resolver", outcome.message)
  end)

  it("keeps connect_timeout although name servers are silent", function()
    local seconds = effort.least(0.6, function()
      local outcome = ask "/deaf-resolver"
      assert.same({ "timeout", false }, { outcome.kind, outcome.sent })
      return outcome.seconds
    end)
    assert.is_true(seconds < 0.6, seconds)
  end)
end)
