--- A real Redis over TLS outside nginx, where hiredis has it; else that it is refused at once, with what to do.
-- SPDX-License-Identifier: MIT

local fnf = require "fnf"
local redis_server = require "spec.support.redis_server"

local missing = redis_server.missing()
local has_tls = not missing and require("fnf.redis").tls

local function new_client(url, ca_file)
  local warnings = {}
  return fnf.new { endpoint = "http://127.0.0.1:1", access_key_id = "i", access_key_secret = "s", ca_file = ca_file,
    share = fnf.share.redis { url = url, timeout = 5 }, transport = function()
      return { status = 200, headers = {}, body = '{"RequestId":"r","Status":"Succeeded","MapRunName":"m"}' }
    end, on_event = function(name, fields)
      if name == "warning" then
        warnings[#warnings + 1] = fields.message or tostring(fields.error)
      end
    end }, warnings
end

describe("rediss:// outside nginx", function()
  if missing then
    pending(missing)
    return
  elseif not has_tls then
    it("is refused where fnf.redis knows no TLS, in words that say what to do", function()
      local done, reason = pcall(new_client, "rediss://:top-secret@localhost:1")
      assert.is_false(done)
      for _, words in ipairs { "option share", "hiredis_ssl", "command", "tunnel" } do
        assert.is_truthy(reason:find(words, 1, true), reason)
      end
      assert.is_nil(reason:find("top-secret", 1, true))
      local connection, status = require("fnf.redis").connect { host = "127.0.0.1", port = 1, timeout = 1, tls = true }
      assert.is_nil(connection)
      assert.is_truthy(status == "network" or status == "unsupported")
    end)
    pending("the rest needs hiredis_ssl, which pkg-config does not know here")
    return
  end

  local redis

  setup(function()
    redis = redis_server.start_tls "--requirepass right-secret"
  end)
  teardown(function()
    redis:stop()
  end)

  local function wait(url, ca_file)
    local client, warnings = new_client(url, ca_file)
    local run = assert(client:wait_map_run { FlowName = "f", ExecutionName = "e", MapRunName = "m" })
    assert.equal("Succeeded", run.Status)
    client:close()
    return warnings
  end

  it("is used where the certificate is trusted and the password right", function()
    assert.same({}, wait(redis.tls_url:format ":right-secret@", redis.ca_file))
    assert.is_truthy(redis:cli("-a right-secret --no-auth-warning --raw KEYS '*answer*'"):find("answer", 1, true))
  end)

  local REFUSED = {
    { "its authority is not trusted", ":right-secret@", nil, "localhost", "ca_file" },
    { "the certificate is for another name", ":right-secret@", true, "127.0.0.1", "mismatch" },
    { "the password is wrong", ":wrong-secret@", true, "localhost", "refuses user and password: WRONGPASS" },
  }
  for _, row in ipairs(REFUSED) do
    it("is done without, with one warning, where " .. row[1], function()
      local url = redis.tls_url:format(row[2]):gsub("localhost", row[4])
      local warnings = wait(url, row[3] and redis.ca_file)
      assert.equal(1, #warnings)
      assert.is_truthy(warnings[1]:find("Redis is away", 1, true), warnings[1])
      assert.is_truthy(warnings[1]:find(row[5], 1, true), warnings[1])
      assert.is_nil(warnings[1]:find("secret", 1, true), warnings[1])
    end)
  end

  it("is not spoken by a Redis that speaks in the clear", function()
    local plain = redis_server.start(("--bind 127.0.0.1 --port %d"):format(
      require("fnf.emulator.ports").free_pair(redis.path .. "plain")))
    local warnings = wait(("rediss://localhost:%s"):format(plain.words:match("--port (%d+)")), redis.ca_file)
    plain:stop()
    assert.is_truthy(warnings[1] and warnings[1]:find("Redis is away", 1, true), warnings[1])
  end)
end)
