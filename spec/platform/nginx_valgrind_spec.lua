-- SPDX-License-Identifier: MIT
local cjson = require("cjson").new()
local shell = require "fnf.emulator.shell"

local nginx = require "spec.support.nginx.server"
local service = require "spec.support.nginx.service"

local CONFIGURATION = [[
  lua_shared_dict fnf 1m;
  lua_ssl_trusted_certificate $service_directory/ca.pem;
  init_by_lua_block {
    calls = require "spec.support.nginx.calls"
    client = calls.client "http://127.0.0.1:$service"
    secure = calls.client "https://localhost:$tls"
    in_init = calls.describe(client, "init")
  }
  server {
    listen 127.0.0.1:$port;
    location /ready { return 200; }
    location /runs/ { content_by_lua_block { require("fnf.ngx").status { dict = "fnf" } } }
    location /describe {
      content_by_lua_block {
        local cancel = ngx.var.arg_cancel and function() return false end
        calls.say { calls.describe(client, "plain", { cancel = cancel }), calls.describe(secure, "tls"), in_init }
      }
    }
    location /watch {
      content_by_lua_block {
        require("fnf.ngx").watch { dict = "fnf", client = client, FlowName = "f", ExecutionName = "e", MapRunName = "m",
          min_delay = 0.1, max_delay = 0.1, rate_limit = false }
      }
    }
  }
]]

-- What nginx itself never frees at its end, and says nothing of us.
local BY_NGINX_ITSELF = "ngx_set_environment"

describe("an nginx in valgrind", function()
  it("finds no fault in calls, TLS, a watch and the page", function()
    if not shell.run "command -v valgrind" then
      pending "needs valgrind: .ci/deps bench"
      return
    end
    local upstream = service.start()
    local server = nginx.start { http = CONFIGURATION, values = { service = upstream.port, tls = upstream.other,
      service_directory = upstream.directory },
      wrapper = "valgrind --log-file=valgrind.log --leak-check=full --show-leak-kinds=definite --num-callers=30" }
    for i = 1, 10 do
      local body = assert(server:get("/describe" .. (i % 2 == 0 and "?cancel=1" or "")))
      local answers = cjson.decode(body)
      for _, answer in ipairs(answers) do
        assert.equal("Running", answer.Status, answer.text)
      end
    end
    server:get "/watch"
    nginx.until_true(function()
      local body = server:get "/runs/status.json"
      return body and body:find('"polls":5', 1, true)
    end, "five looks")
    assert(server:get "/runs/")
    assert.equal("", server:errors())
    server:signal "QUIT"
    local log = nginx.until_true(function()
      local file = io.open(server.directory .. "/valgrind.log")
      local text = file:read "*a"
      file:close()
      return text:find "ERROR SUMMARY" and text
    end, "valgrind's summary")
    server:stop()
    upstream:stop()
    for _, fault in ipairs { "Invalid read", "Invalid write", "Invalid free", "Mismatched", "uninitialised" } do
      assert.is_nil(log:find(fault), log)
    end
    for block in log:gmatch "definitely lost in loss record.-==%d+== \n" do
      assert.matches(BY_NGINX_ITSELF, block, 1, true)
    end
  end)
end)
