--- Where a connection of nginx's leads: names with several addresses, silent name servers, and the words of a refusal.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()

local effort = require "spec.support.effort"
local nginx = require "spec.support.nginx.server"
local nginx_connect = require "fnf.platform.nginx_connect"

local CONFIGURATION = [[
  resolver 127.0.0.1:$port;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
  }
  init_worker_by_lua_block {
    local names = { ["half.test"] = { "127.0.0.4", "127.0.0.2" }, ["hanging.test"] = { "127.0.0.4", "127.0.0.3" },
      ["dead.test"] = { "127.0.0.2", "127.0.0.5" }, ["silent.test"] = false }
    require("spec.support.nginx.name_server").start($port, names)
    require("spec.support.nginx.name_server").hang("127.0.0.3", $other)
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /connect {
      resolver 127.0.0.1:$port;
      content_by_lua_block {
        local args = ngx.req.get_uri_args()
        local client = calls.client("http://" .. args.name .. ":$other", { max_attempts = 1,
          connect_timeout = tonumber(args.within or 2) })
        local began, outcomes = ngx.now(), {}
        local cancel = args.cancel and function() return ngx.now() > began + 0.2 end or nil
        local function create()
          return calls.outcome(client:call("Any", {}, { method = "GET", repeatable = false, cancel = cancel }))
        end
        for i = 1, tonumber(args.times or 1) do outcomes[i] = create() end
        ngx.update_time()
        outcomes[1].seconds = ngx.now() - began
        calls.say(outcomes)
      }
    }
    location /certificates {
      content_by_lua_block {
        local connect, outcomes = require "fnf.platform.nginx_connect", {}
        for _, name in ipairs { "client.pem", "port", "targets" } do
          local address = connect.address_of("http://127.0.0.4:$other/")
          local sock = assert(connect.open(address, { repeatable = true, connect_timeout = 2 }, { name = name }))
          assert(sock:setkeepalive(2000, 8))
          local anyone = ngx.socket.tcp()
          assert(anyone:connect("127.0.0.4", $other))
          outcomes[name] = anyone:getreusedtimes()
          anyone:close()
        end
        calls.say(outcomes)
      }
    }
  }
  server {
    listen 127.0.0.4:$other;
    $six
    location / { return 200 '{"RequestId":"$server_addr"}'; }
  }
]]

--- Whether this machine has ::1.
local function has_ipv6()
  local file = io.open "/proc/net/if_inet6"
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text:find("^0+1 ") ~= nil or text:find("\n0+1 ") ~= nil
end

describe("a connection of nginx's", function()
  local server

  setup(function()
    local six = has_ipv6() and "listen [::1]:$other;" or ""
    server = nginx.start { http = CONFIGURATION:gsub("%$six", six), values = { server_addr = "$server_addr" } }
  end)

  teardown(function()
    server:stop()
  end)

  after_each(function()
    assert.equal("", server:errors { "while resolving, resolver" })
  end)

  local function connect(arguments)
    local body = assert(server:get("/connect?" .. arguments))
    return cjson.decode(body)
  end

  it("12.6: reaches localhost where only IPv6 listens", function()
    if not has_ipv6() then
      return pending "needs ::1"
    end
    local outcomes = connect "name=localhost"
    assert.equal("::1", outcomes[1].RequestId, outcomes[1].text)
  end)

  it("is kept for its client certificate alone, whatever that file is called", function()
    assert.same({ ["client.pem"] = 0, port = 0, targets = 0 }, cjson.decode((server:get "/certificates")))
  end)

  it("12.6: takes another address at once where one refuses", function()
    local seconds = effort.least(2, function()
      local outcomes = connect "name=half.test&times=60"
      for _, outcome in ipairs(outcomes) do
        assert.equal("127.0.0.4", outcome.RequestId, outcome.text)
      end
      return outcomes[1].seconds
    end)
    assert.is_true(seconds < 2, seconds)
  end)

  it("12.6: takes another address within connect_timeout where one hangs", function()
    for _, outcome in ipairs(connect "name=hanging.test&times=3&within=5") do
      assert.equal("127.0.0.4", outcome.RequestId, outcome.text)
    end
  end)

  it("says of an address that hangs that there was no connection in time, and nothing of name servers", function()
    local outcome = connect("name=127.0.0.3&within=0.3")[1]
    assert.same({ "timeout", false, true }, { outcome.kind, outcome.sent, outcome.retryable })
    assert.matches("no connection in time", outcome.message, 1, true)
  end)

  it("is not waited for once the caller has given up", function()
    local seconds = effort.least(1, function()
      local outcome = connect("name=127.0.0.3&within=5&cancel=1")[1]
      assert.same({ "cancelled", false }, { outcome.kind, outcome.sent })
      return outcome.seconds
    end)
    assert.is_true(seconds < 1, seconds)
  end)

  it("takes four numbers for an address only if each is one of a byte", function()
    assert.is_false(nginx_connect.address_of "http://127.0.0.255/".named)
    assert.is_true(nginx_connect.address_of "http://127.0.0.256/".named)
  end)

  it("12.6: says when none of them answers", function()
    local outcome = connect("name=dead.test")[1]
    assert.same({ "network", false, true }, { outcome.kind, outcome.sent, outcome.retryable })
    assert.matches("no connection to dead.test:%d+: connection refused", outcome.message)
  end)

  it("12.25: names the directive of name servers that are silent", function()
    local seconds = effort.least(0.9, function()
      local outcome = connect("name=silent.test&within=0.3")[1]
      assert.same({ "timeout", false, true }, { outcome.kind, outcome.sent, outcome.retryable })
      assert.matches("the name servers of the directive resolver do not answer", outcome.message, 1, true)
      return outcome.seconds
    end)
    assert.is_true(seconds < 0.9, seconds)
  end)

  it("names the directive of name servers that know no such name", function()
    local outcome = connect("name=unknown.test")[1]
    assert.same({ "network", false }, { outcome.kind, outcome.sent })
    assert.matches("directive resolver", outcome.message, 1, true)
  end)

  local WORDS = {
    { "20: unable to get local issuer certificate", "lua_ssl_trusted_certificate" },
    { "unable to get local issuer certificate", "lua_ssl_trusted_certificate" },
    { "unable to get issuer certificate", "lua_ssl_trusted_certificate" },
    { "unable to verify the first certificate", "lua_ssl_trusted_certificate" },
    { "self signed certificate", "lua_ssl_trusted_certificate" },
    { "self-signed certificate in certificate chain", "lua_ssl_trusted_certificate" },
    { "certificate chain too long", "lua_ssl_verify_depth" },
    { "certificate host mismatch", "another name" },
    { "no resolver defined to resolve \"x\"", "set the directive resolver" },
    { "x could not be resolved (3: Host not found)", "directive resolver" },
    { "network is unreachable", "ipv6=off" },
    { "no route to host", "ipv6=off" },
    { "address family not supported by protocol", "ipv6=off" },
  }
  for _, row in ipairs(WORDS) do
    it(("12.25: has a hint for: %s"):format(row[1]), function()
      local text = nginx_connect.hinted(row[1])
      assert.equal(1, text:find(row[1], 1, true))
      assert.is_truthy(text:find(row[2], #row[1] + 1, true), text)
    end)
  end

  it("has none for other words", function()
    assert.equal("connection refused", nginx_connect.hinted "connection refused")
  end)
end)
