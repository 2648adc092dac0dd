--- Commands to Redis by hiredis: the module that cannot be used, and the connection that cannot be used again.
-- SPDX-License-Identifier: MIT

local plain_redis = require "fnf.platform.plain_redis"
local redis_server = require "spec.support.redis_server"

local has_ffi, ffi = pcall(require, "ffi")

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

describe("a connection to Redis that was kept", function()
  local missing = redis_server.missing()
  if missing then
    return pending(missing)
  end

  local server, command

  setup(function()
    server = redis_server.start()
  end)
  before_each(function()
    command = plain_redis.open { path = server.path, tls = false, database = 0, timeout = 5 }
    assert.equal("PONG", command "PING")
  end)
  teardown(function()
    server:stop()
  end)

  it("and that Redis has ended since is made anew: its next command failed, and Redis was taken for away", function()
    local id = ("ID %d"):format(command("CLIENT", "ID"))
    server:cli("CLIENT KILL " .. id)
    assert.is_true(redis_server.await(function() return server:cli("CLIENT LIST " .. id) == "" end))
    assert.equal("PONG", command "PING")
  end)

  it("and that came over a fork is made anew, and the parent's goes on: it was taken for away, too", function()
    if not has_ffi then
      return pending "Lua cannot fork, LuaJIT can by its FFI"
    end
    ffi.cdef "int fork(void); int waitpid(int pid, int *status, int options); void _exit(int status);"
    local id = command("CLIENT", "ID")
    local child = ffi.C.fork()
    if child == 0 then
      local done, other = pcall(command, "CLIENT", "ID")
      ffi.C._exit(done and type(other) == "number" and other ~= id and 0 or 1)
    end
    local status = ffi.new "int[1]"
    assert.equal(child, ffi.C.waitpid(child, status, 0))
    assert.equal(0, status[0])
    assert.equal(id, command("CLIENT", "ID"))
  end)
end)
