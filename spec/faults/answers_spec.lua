--- Each row of answers.lua, over libcurl and over cosockets: both make the same of it.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local core = require "fnf.core"

local answers = require "spec.faults.answers"
local calls = require "spec.support.nginx.calls"
local effort = require "spec.support.effort"
local nginx = require "spec.support.nginx.server"
local plain = require "fnf.platform.plain"
local service = require "spec.support.nginx.service"

-- What nginx's core logs on its own account when something is broken on purpose.
local BY_NGINX_ITSELF = { "recv%(%) failed %(104: Connection reset by peer%)" }

local CONFIGURATION = [[
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    hostile_server = require "spec.faults.hostile_server"
    client = calls.client("http://127.0.0.1:$other", { max_attempts = 1 })
    other = calls.client("http://localhost:$other", { max_attempts = 1 }) -- of a pool of its own
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
    location /heard { content_by_lua_block { calls.say { head = hostile_server.heads[#hostile_server.heads] } } }
  }
  server {
    listen 127.0.0.1:$other;
    lingering_close off;
    large_client_header_buffers 4 32k;
    location / { content_by_lua_block { hostile_server.serve() } }
    location @reset { reset_timedout_connection on; return 444; }
  }
]]

describe("a hostile server", function()
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

  local client -- of libcurl, a new one for each spec: what a row breaks, the next must not meet

  before_each(function()
    client = calls.client("http://127.0.0.1:" .. server.other, { max_attempts = 1, proxy = "" })
  end)

  after_each(function()
    client:close()
  end)

  local transports = {
    { name = "libcurl", refuses = not plain.versions():find "^7%.", describe = function(row)
      return calls.describe(client, row.name, { attempt_timeout = row.timeout })
    end },
    { name = "cosockets", describe = function(row)
      local arguments = { "flow", row.name, "timeout", tostring(row.timeout or 5), "other", row.deaf and "1" or "" }
      return ask("/describe?" .. core.encode(arguments))
    end },
  }

  for _, transport in ipairs(transports) do
    for _, row in ipairs(answers) do
      it(("over %s is made the right thing of: %s"):format(transport.name, row.name), function()
        local most = row.within or 5
        local seconds = effort.least(most, function()
          local began = core.now()
          local outcome = transport.describe(row)
          local expect, seen = transport.refuses and outcome.kind and row.libcurl_8 or row.expect, {}
          for field in pairs(expect) do
            seen[field] = outcome[field]
          end
          assert.same(expect, seen, outcome.text)
          return core.now() - began
        end)
        assert.is_true(seconds < most, "took " .. seconds)
      end)
    end

    it(("over %s has no part in the next answer when its own comes too late"):format(transport.name), function()
      local late = transport.describe { name = "an answer after the deadline", timeout = 0.3 }
      assert.equal("timeout", late.kind)
      local first = transport.describe { name = "a length" }
      assert.matches("%-01$", first.RequestId, nil, "a connection that was given up is used again")
      core.sleep(0.5) -- the late answer is there by now
      local second = transport.describe { name = "a length" }
      assert.equal(first.RequestId:match "^%d+", second.RequestId:match "^%d+")
    end)

    it(("over %s leaves nothing behind by cookies, Alt-Svc, HSTS or Refresh"):format(transport.name), function()
      local name = "cookies, other services and a vow of TLS"
      local first, second = transport.describe { name = name }, transport.describe { name = name }
      assert.equal(first.RequestId:match "^%d+", second.RequestId:match "^%d+")
      local head = ask("/heard").head
      assert.matches("^GET /%?", head)
      assert.is_nil(head:lower():find("\ncookie:", 1, true), head)
      assert.is_nil(head:find("SECRET", 1, true), head)
    end)
  end
end)

-- The service vows over TLS that its host speaks TLS alone, and its other port does not.
describe("a vow of TLS (HSTS)", function()
  local upstream, server

  setup(function()
    upstream = service.start()
    server = nginx.start { values = { tls = upstream.other, plain = upstream.port, service = upstream.directory },
      http = [[
        init_by_lua_block { calls = require "spec.support.nginx.calls" }
        server {
          listen 127.0.0.1:$port;
          location /ready { return 200; }
          location /describe {
            lua_ssl_trusted_certificate $service/ca.pem;
            content_by_lua_block {
              local secure = calls.describe(calls.client("https://localhost:$tls", {}), "f")
              calls.say { secure, calls.describe(calls.client("http://localhost:$plain", {}), "f") }
            }
          }
        }
      ]] }
  end)

  teardown(function()
    server:stop()
    upstream:stop()
  end)

  it("over libcurl binds no later request of the same pool", function()
    local pool = require("fnf.curl").pool { ca_file = upstream.directory .. "/ca.pem", no_proxy = "*" }
    for _, base in ipairs { "https://localhost:" .. upstream.other, "http://localhost:" .. upstream.port } do
      assert(pool:start { method = "GET", url = base .. "/?Action=DescribeMapRun", timeout = 5, connect_timeout = 5 })
      local id, status, headers
      repeat
        pool:wait(1)
        id, status, headers = pool:take()
      until id
      assert.equal(200, status, headers)
      assert.matches("\n?Strict%-Transport%-Security: max%-age", headers)
    end
    pool:close()
  end)

  it("over cosockets binds no later request of the same worker", function()
    local outcomes = cjson.decode((assert(server:get "/describe")))
    assert.same({ "Running", "Running" }, { outcomes[1].Status, outcomes[2].Status }, outcomes[1].text)
  end)
end)
