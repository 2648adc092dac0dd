rockspec_format = "3.0"
package = "fnf-redis"
version = "scm-1"

-- Built from a checkout: `luarocks make lua/fnf/share/fnf-redis-scm-1.rockspec`, in its root (where a second
-- rockspec would leave plain `luarocks make` without a choice).
source = {
  url = ".",
}

description = {
  summary = "Commands to Redis over hiredis, for fnf clients that share answers and quota outside nginx",
  license = "MIT",
}

dependencies = {
  "lua >= 5.1, < 5.6, ~= 5.2",
  "fnf",
}

external_dependencies = {
  HIREDIS = { library = "hiredis" },
}

build = {
  type = "builtin",
  modules = {
    ["fnf.redis"] = {
      sources = { "csrc/lua_redis.c", "csrc/clock.c", "csrc/fnf.c" },
      libraries = { "hiredis" },
      incdirs = { "$(HIREDIS_INCDIR)" },
      libdirs = { "$(HIREDIS_LIBDIR)" },
    },
  },
}
