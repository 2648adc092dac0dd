-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()
local core = require "fnf.core"

local calls = require "spec.support.nginx.calls"
local faults = require "spec.support.nginx.faults"
local nginx = require "spec.support.nginx.server"

-- What nginx's core logs on its own account when these specs break something on purpose.
local BY_NGINX_ITSELF = { "recv%(%) failed %(104: Connection reset by peer%)", "while resolving, resolver" }

local CONFIGURATION = [[
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    scripted = require "spec.support.nginx.scripted"
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
        calls.say(calls.describe(args.other and other or client, args.flow, options))
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
  }
]]

describe("one exchange", function()
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

  local transports = {
    { name = "libcurl", describe = function(row)
      local client = calls.client("http://127.0.0.1:" .. server.other, { max_attempts = 1, proxy = "" })
      return calls.describe(client, row.name, { attempt_timeout = row.timeout })
    end },
    { name = "cosockets", describe = function(row)
      return ask(("/describe?%s"):format(core.encode { "flow", row.name, "timeout", tostring(row.timeout or 5) }))
    end },
  }

  for _, transport in ipairs(transports) do
    for _, row in ipairs(faults) do
      it(("over %s makes the right thing of %s"):format(transport.name, row.name), function()
        local began = core.now()
        local outcome = transport.describe(row)
        local seconds = core.now() - began
        local expect, seen = row[transport.name] or row.expect, {}
        for field in pairs(expect) do
          seen[field] = outcome[field]
        end
        assert.same(expect, seen, outcome.text)
        assert.is_true(seconds < (row.within or 5), "took " .. seconds)
      end)
    end
  end

  describe("over cosockets", function()
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

    it("asks once more, silently, if a connection used before dies without a byte", function()
      local path = "/describe?" .. core.encode { "flow", "one answer for each connection", "other", "1" }
      local first, second = ask(path), ask(path)
      assert.same({ "Running", "Running" }, { first.Status, second.Status })
      assert.not_equal(first.RequestId, second.RequestId)
      assert.matches("%-01$", second.RequestId)
    end)

    it("ends within a second of being cancelled", function()
      local outcome = ask "/cancel"
      assert.equal("cancelled", outcome.kind)
      assert.is_true(outcome.seconds < 1, outcome.seconds)
    end)

    it("hands an error of the caller's cancel to the caller", function()
      assert.same({ done = false, reason = "cancel broke" }, ask "/raises")
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
      local outcome = ask "/deaf-resolver"
      assert.same({ "timeout", false }, { outcome.kind, outcome.sent })
      assert.is_true(outcome.seconds < 0.6, outcome.seconds)
    end)
  end)
end)
