/*
 * A Lua with the modules of fnf linked in, whose memory and calls fail when told: glue FILE ARGUMENTS..., or
 * glue -e TEXT
 * SPDX-License-Identifier: MIT
 *
 * require "failing" has:
 *   memory(n, for_good)             the n-th allocation of fnf from now fails (memory.h); Lua's own do not
 *   call(name, n, error, for_good)  the n-th call of that name fails (calls.h)
 *   stop() -> count                 nothing fails any more; how often something did
 *   in_use() -> count               allocations of fnf that are not freed
 *   fork(f) -> boolean              whether f returned true in a forked child
 */
#define _POSIX_C_SOURCE 200809L /* fork */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "memory.h"
#include "tap.h"

int luaopen_fnf_core(lua_State *L);
int luaopen_fnf_curl(lua_State *L);
int luaopen_fnf_redis(lua_State *L) __attribute__((weak)); /* where hiredis is */

static int fail_memory(lua_State *L) {
  long n = (long)luaL_checkinteger(L, 1);
  if (lua_toboolean(L, 2))
    memory_fail_from(n);
  else
    memory_fail_at(n);
  return 0;
}

/* Names are kept by calls.h as they are given; those of the specs live as long as their state. */
static int fail_call(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  long n = (long)luaL_checkinteger(L, 2);
  int error = (int)luaL_checkinteger(L, 3);
  lua_pushvalue(L, 1);
  (void)luaL_ref(L, LUA_REGISTRYINDEX);
  if (lua_toboolean(L, 4))
    calls_fail_from(name, n, error);
  else
    calls_fail_at(name, n, error);
  return 0;
}

static int stop(lua_State *L) {
  lua_pushinteger(L, calls_failed() + memory_has_failed());
  memory_fail_at(0);
  return 1;
}

static int in_use(lua_State *L) {
  lua_pushinteger(L, memory_in_use());
  return 1;
}

static int in_child(lua_State *L) {
  int code = 0;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  pid_t child = fork();
  if (child == 0) {
    lua_settop(L, 1);
    int done = lua_pcall(L, 0, 1, 0) == 0 && lua_isboolean(L, -1) && lua_toboolean(L, -1);
    if (!done)
      fprintf(stderr, "in the child: %s\n", lua_isstring(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1));
    tap_exit(done ? 0 : 1);
  }
  lua_pushboolean(L, child > 0 && waitpid(child, &code, 0) == child && code == 0);
  return 1;
}

static int open_failing(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"memory", fail_memory}, {"call", fail_call}, {"stop", stop}, {"in_use", in_use}, {"fork", in_child}};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    lua_pushcfunction(L, functions[i].func);
    lua_setfield(L, -2, functions[i].name);
  }
  return 1;
}

static void preload(lua_State *L, const char *name, lua_CFunction open) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, open);
  lua_setfield(L, -2, name);
  lua_pop(L, 2);
}

int main(int count, char **words) {
  memory_watch_libraries();
  lua_State *L = luaL_newstate();
  if (!L || count < 2)
    return 2;
  luaL_openlibs(L);
  preload(L, "failing", open_failing);
  preload(L, "fnf.core", luaopen_fnf_core);
  preload(L, "fnf.curl", luaopen_fnf_curl);
  if (luaopen_fnf_redis)
    preload(L, "fnf.redis", luaopen_fnf_redis);
  lua_newtable(L);
  for (int i = 0; i < count; i++) {
    lua_pushstring(L, words[i]);
    lua_rawseti(L, -2, i - 1); /* the file is 0, as in lua */
  }
  lua_setglobal(L, "arg");
  int failed = strcmp(words[1], "-e") == 0 && count == 3 ? luaL_loadstring(L, words[2]) : luaL_loadfile(L, words[1]);
  for (int i = 2; i < count; i++)
    lua_pushstring(L, words[i]);
  failed = failed || lua_pcall(L, count - 2, 0, 0) != 0;
  if (failed)
    fprintf(stderr, "%s\n", lua_isstring(L, -1) ? lua_tostring(L, -1) : "failed");
  lua_close(L);
  return failed;
}
