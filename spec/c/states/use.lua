-- What every state of states/main.c does: both modules used, some objects left to the collector.
-- SPDX-License-Identifier: MIT
local core, curl = require "fnf.core", require "fnf.curl"
local signer = assert(core.signer("HMAC-SHA1", "id", "secret"))
assert(signer:plan("GET", "?", { "a", false }) { a = "b" }:find("^%?a=b&Signature="))
assert(#core.nonce() == 32)
local pool = assert(curl.pool { no_proxy = "*" })
assert(pool:start { method = "GET", url = "http://127.0.0.1:1/", timeout = 5, connect_timeout = 5 })
while pool:in_flight() > 0 do
  pool:wait(1)
end
local _, status, name = pool:take()
assert(status == nil and name == "network")
pool:close()
assert(curl.pool()):start { method = "GET", url = "http://127.0.0.1:1/", timeout = 5, connect_timeout = 5 }
