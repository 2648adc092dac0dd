--- The whole nginx.conf of docs/openresty.md, as it stands, in real nginx: a request for each phase.
-- SPDX-License-Identifier: MIT

local documents = require "spec.support.documents"
local nginx = require "spec.support.nginx.server"
local shell = require "fnf.emulator.shell"

describe("15.9: the nginx.conf of the page, with the emulator,", function()
  local emulator, server

  setup(function()
    emulator = assert(require("fnf.emulator").start { sample = true })
    emulator:clock { rate = 20 }
    local text
    for _, block in ipairs(documents.blocks(documents.read "docs/openresty.md")) do
      text = text or block.language == "nginx" and block.text:find("\nevents {", 1, true) and block.text
    end
    -- Where this machine's modules are, and nothing more than the page has.
    local path, modules = require("fnf.emulator.nginx_binary").find()
    assert(path, modules)
    local loads = {}
    for i, file in ipairs(modules) do
      loads[i] = ("load_module %s;\n"):format(file)
    end
    text = table.concat(loads) .. text:gsub("load_module [^\n]*\n", "")
    local _, root = shell.run "pwd"
    server = nginx.start { whole = text, wrapper = ("env FNF_ENDPOINT=%s ALIBABA_CLOUD_ACCESS_KEY_ID=%s "
      .. "ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s LUA_PATH=%s/lua/?.lua;; LUA_CPATH=%s/build/5.1/?.so;;"):format(
      emulator.url,
      emulator.access_key_id, emulator.access_key_secret, root, root) }
  end)

  teardown(function()
    server:stop()
    emulator:stop()
  end)

  after_each(function()
    assert.equal("", server:errors { "html/ready" })
  end)

  it("calls in content, twice at the same time, and tells what is wrong", function()
    assert.equal("Running\n", (server:get "/status?execution=nightly-3"))
    assert.equal("orders Running\n", (server:get "/both"))
    local said, status = server:get "/status?execution=none"
    assert.equal(404, status)
    assert.truthy(said:find("ExecutionNotExists", 1, true), said)
  end)

  it("watches in the background, and shows it on the page", function()
    assert.equal("Succeeded\n", (server:get "/watch?execution=nightly-1"))
    assert.truthy(server:get "/map-runs/":find("nightly-1", 1, true))
  end)

  it("lets in by access once the run has succeeded", function()
    assert.equal(503, select(2, server:get "/report?execution=nightly-3"))
    assert.equal("the report\n", (server:get "/report?execution=nightly-1"))
  end)

  it("calls from a timer of log", function()
    assert.equal("thank you\n", (server:get "/order?order=101"))
    nginx.until_true(function()
      return server:log():find("started fnf%-%x+")
    end, "the execution")
  end)
end)
