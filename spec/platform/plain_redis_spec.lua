--- Commands to Redis by hiredis: the module that cannot be used.
-- SPDX-License-Identifier: MIT

local plain_redis = require "fnf.platform.plain_redis"

local SETTINGS = { host = "127.0.0.1", port = 1, tls = false, database = 0, timeout = 0.05 }

describe("a module fnf.redis", function()
  local loaded, preload = package.loaded["fnf.redis"], package.preload["fnf.redis"]

  local function raise(message)
    package.loaded["fnf.redis"] = nil
    package.preload["fnf.redis"] = function() error(message, 0) end
    return plain_redis.open(SETTINGS)
  end

  after_each(function()
    package.loaded["fnf.redis"], package.preload["fnf.redis"] = loaded, preload
  end)

  it("that cannot be loaded is told in the loader's words: it was said not to be installed", function()
    local command = raise "error loading module 'fnf.redis' from file '/r.so':\n\tlibhiredis.so.1.1.0: cannot open"
    assert.equal("error loading module 'fnf.redis' from file '/r.so': libhiredis.so.1.1.0: cannot open",
      (select(2, command("PING"))))
  end)

  it("is no trouble of a Ctrl-C that comes while it is loaded", function()
    for _, use in ipairs { plain_redis.no_tls, plain_redis.open(SETTINGS) } do
      raise "interrupted!"
      assert.has_error(function() use("PING") end, "interrupted!")
    end
  end)
end)
