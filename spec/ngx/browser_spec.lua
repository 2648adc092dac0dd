-- SPDX-License-Identifier: MIT
local emulator = require "fnf.emulator"
local shell = require "fnf.emulator.shell"

local nginx = require "spec.support.nginx.server"

local CONFIGURATION = [[
  lua_shared_dict fnf 1m;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    watch = require("fnf.ngx").watch
    client = calls.client("$emulator", { access_key_id = "$id", access_key_secret = "$secret" })
  }
  init_worker_by_lua_block { watch { dict = "fnf", client = client, rate_limit = false } }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /runs/ { content_by_lua_block { require("fnf.ngx").status { dict = "fnf", title = "MapRuns tonight" } } }
    location /watch {
      content_by_lua_block {
        watch { dict = "fnf", client = client, FlowName = "orders", ExecutionName = "nightly-1",
          MapRunName = ngx.unescape_uri(ngx.var.arg_run), min_delay = 0.2, max_delay = 0.5 }
        ngx.say "watched"
      }
    }
  }
]]

describe("the status page in Chromium", function()
  it("passes spec/browser/status.mjs", function()
    local found = shell.run [[test -d spec/browser/node_modules/playwright-core &&
      command -v "${FNF_CHROMIUM:-chromium}" && command -v node]]
    if not found then
      pending "needs `make browser`: Chromium, node, and playwright-core in spec/browser"
      return
    end
    local cloud = assert(emulator.start())
    local server = nginx.start { http = CONFIGURATION, main = "worker_processes 2;", values = { emulator = cloud.url,
      id = cloud.access_key_id, secret = cloud.access_key_secret } }
    local passed, said = shell.run([[mkdir -p build/screenshots
      FNF_EMULATOR_TOKEN="$4" timeout 300 node spec/browser/status.mjs "$1" "$2" "$3" build/screenshots]],
      server.url, server:master(), cloud.url, cloud.token)
    local errors = server:errors()
    server:stop()
    cloud:stop()
    assert.is_true(passed, said)
    assert.matches("nothing asked for elsewhere", said)
    assert.equal("", errors)
  end)
end)
