-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()

local nginx = require "spec.support.nginx.server"
local service = require "spec.support.nginx.service"

local COMMON = [[
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    url = "https://localhost:$tls"
    function ask(endpoint, options)
      options = options or {}
      options.max_attempts = 1
      calls.say(calls.describe(calls.client(endpoint, options), "f"))
    end
  }
]]

-- Connections that another location has verified would be used again, so what must fail has an nginx of its own.
local FAILING = COMMON .. [[
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /distrusted { content_by_lua_block { ask(url) } }
    location /shallow {
      lua_ssl_trusted_certificate $service/ca.pem;
      lua_ssl_verify_depth 0;
      content_by_lua_block { ask(url) }
    }
  }
]]

local CONFIGURATION = COMMON .. [[
  init_worker_by_lua_block { require("spec.support.nginx.name_server").hang("127.0.0.3", $other, 8) }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location / {
      lua_ssl_trusted_certificate $service/ca.pem;
      location /trusted { content_by_lua_block { ask(url) } }
      location /address { content_by_lua_block { ask "https://127.0.0.1:$tls" } }
      location /plain { content_by_lua_block { ask "https://localhost:$plain" } }
      location /certified {
        content_by_lua_block { ask(url, { cert_file = "$service/client.pem", key_file = "$service/client.key" }) }
      }
      location /mismatched {
        content_by_lua_block { ask(url, { cert_file = "$service/client.pem", key_file = "$service/ca.pem" }) }
      }
      location /unreadable {
        content_by_lua_block {
          local client = calls.client(url, { cert_file = "$service/client.pem", key_file = "$directory/key" })
          os.remove "$directory/key"
          calls.say(calls.describe(client, "f"))
        }
      }
      location /silent {
        content_by_lua_block { ask("https://127.0.0.3:$other", { connect_timeout = 0.2 }) }
      }
      location /option {
        content_by_lua_block {
          local value = ngx.unescape_uri(ngx.var.arg_value or "$service/ca.pem")
          local version = ngx.config.ngx_lua_version
          ngx.config.ngx_lua_version = tonumber(ngx.var.arg_version) or version
          local done, reason = pcall(require("fnf").new, { region = "x", [ngx.var.arg_name] = value })
          ngx.config.ngx_lua_version = version
          ngx.print(done and "taken" or reason)
        }
      }
    }
  }
]]

describe("TLS over cosockets", function()
  local upstream, server, failing

  setup(function()
    upstream = service.start()
    local values = { tls = upstream.other, plain = upstream.port, service = upstream.directory }
    server = nginx.start { http = CONFIGURATION, values = values }
    failing = nginx.start { http = FAILING, values = values }
  end)

  teardown(function()
    failing:stop()
    server:stop()
    upstream:stop()
  end)

  after_each(function()
    assert.equal("", failing:errors())
    assert.equal("", server:errors { "SSL_do_handshake%(%) failed.*wrong version number" })
  end)

  local function ask(path, where)
    local body = assert((where or server):get(path))
    return cjson.decode(body)
  end

  local function refuses(path, pattern, where)
    local outcome = ask(path, where)
    assert.same({ "tls", false, false }, { outcome.kind, outcome.sent, outcome.retryable }, outcome.text)
    assert.matches(pattern, outcome.message)
  end

  it("works with an authority that is trusted", function()
    assert.equal("f -", ask("/trusted").RequestId)
    assert.equal("f -", ask("/trusted").RequestId)
  end)

  it("names the directive that an unknown authority needs", function()
    refuses("/distrusted", "lua_ssl_trusted_certificate", failing)
  end)

  it("names the directive that a long chain needs", function()
    refuses("/shallow", "lua_ssl_verify_depth", failing)
  end)

  it("refuses a certificate for another name", function()
    refuses("/address", "it is for another name")
  end)

  it("tells a broken handshake, which may heal, from a bad certificate", function()
    local outcome = ask "/plain"
    assert.same({ "tls", false, true }, { outcome.kind, outcome.sent, outcome.retryable }, outcome.text)
    assert.matches("does not speak TLS", outcome.message)
  end)

  it("shows the client certificate, on connections of its own", function()
    assert.equal("f CN=client", ask("/certified").RequestId)
    assert.equal("f -", ask("/trusted").RequestId)
    assert.equal("f CN=client", ask("/certified").RequestId)
  end)

  it("says when the client certificate cannot be used", function()
    refuses("/mismatched", "the client certificate cannot be used")
  end)

  it("says when the key of the client certificate is gone", function()
    os.execute(("cp %s/client.key %s/key"):format(upstream.directory, server.directory))
    refuses("/unreadable", "the client certificate cannot be used: No such file")
  end)

  it("waits for a server that never shakes hands until connect_timeout", function()
    local outcome = ask "/silent"
    assert.same({ "timeout", false, true }, { outcome.kind, outcome.sent, outcome.retryable }, outcome.text)
    assert.matches("no TLS connection in time", outcome.message, 1, true)
  end)

  it("takes for a certificate only what is a file with something in it", function()
    for _, path in ipairs { "/", "/dev/null", "/nowhere" } do
      assert.matches("cannot read " .. path, server:get("/option?name=cert_file&value=" .. path), 1, true)
    end
    assert.equal("taken", (server:get "/option?name=cert_file"))
  end)

  it("takes no certificate where nginx cannot show it, and says so", function()
    for _, name in ipairs { "cert_file", "key_file" } do
      local said = server:get("/option?version=10020&name=" .. name)
      assert.matches("option " .. name .. " has no effect in nginx: ", said, 1, true)
    end
  end)

  for name, way in pairs { ca_file = "set the directive lua_ssl_trusted_certificate instead",
    proxy = "give a transport that goes through the proxy", no_proxy = "cosockets use no proxy" } do
    it("is never asked for " .. name .. ", which it could not honour", function()
      local said = server:get("/option?name=" .. name)
      assert.matches("option " .. name .. " has no effect in nginx: " .. way, said, 1, true)
    end)
  end
end)
