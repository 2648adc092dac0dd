-- SPDX-License-Identifier: MIT
local core = require "fnf.core"
local shell = require "fnf.emulator.shell"

describe("examples/openresty", function()
  it("shows five MapRuns on a page, and ends with its terminal", function()
    -- By the Lua that runs this spec; SIGINT is what Ctrl-C sends, and timeout hands it on.
    local demo = io.popen(shell.command [[echo $$; exec timeout -s INT 120 "$(readlink /proc/$PPID/exe)" \
      examples/openresty/demo.lua 2>&1]])
    local pid, said, address = demo:read "*l", {}, nil
    repeat
      local line = demo:read "*l"
      said[#said + 1] = line
      address = line and line:match "http://127%.0%.0%.1:%d+" or address
    until not line or line:find "Ctrl%-C"
    assert.truthy(address, "it printed no address: " .. table.concat(said, "\n"))
    local pool = assert(require("fnf.curl").pool { no_proxy = "*" })
    local function get(target)
      assert(pool:start { method = "GET", url = address .. target, timeout = 30, connect_timeout = 30 })
      repeat
        pool:wait(1)
      until pool:in_flight() == 0
      local _, status, _, body = pool:take()
      return status, body
    end
    local status, body = get "/"
    assert.equal(200, status)
    local _, cards = body:gsub("<article data%-id=\"%w", "")
    assert.equal(5, cards)
    status, body = get "/describe?flow=flow&execution=execution&map_run=00000000000000000000000000000001"
    assert.same({ 200, "Running\n" }, { status, body })
    shell.run('kill -INT "$1"', pid)
    demo:close()
    local gone = core.now()
    repeat
      status = get "/"
    until not status or core.now() > gone + 30
    assert.is_nil(status, "nginx outlived the demo")
    pool:close()
  end)
end)
