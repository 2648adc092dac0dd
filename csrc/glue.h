/*
 * What the Lua modules need to be one source for Lua 5.1, LuaJIT, 5.3 and 5.4.
 * SPDX-License-Identifier: MIT
 */
#ifndef FNF_GLUE_H
#define FNF_GLUE_H

#include <lauxlib.h>
#include <lua.h>

#include "fnf.h"

/* Opens the definition of a module's entry point, the one symbol that leaves
 * the shared object. */
#if defined(__GNUC__)
#define FNF_MODULE(name)                                                                                               \
  __attribute__((visibility("default"))) int name(lua_State *L);                                                       \
  int name(lua_State *L)
#else
#define FNF_MODULE(name)                                                                                               \
  int name(lua_State *L);                                                                                              \
  int name(lua_State *L)
#endif

#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#define fnf_register(L, functions) luaL_register(L, NULL, functions)
#else
#define fnf_register(L, functions) luaL_setfuncs(L, functions, 0)
#endif

/* As Lua's manual says and its headers do not: a failing luaL_argcheck goes nowhere. */
#if defined(__GNUC__)
/* NOLINTNEXTLINE(readability-redundant-declaration) */
int luaL_argerror(lua_State *L, int arg, const char *text) __attribute__((noreturn));
#endif

/* The bytes of a string argument; anchored by the argument. No coercion of
 * numbers: that would put a text of ours in the place of the caller's value. */
static inline struct fnf_str fnf_check_str(lua_State *L, int arg) {
  struct fnf_str text = {NULL, 0};
  luaL_checktype(L, arg, LUA_TSTRING);
  text.data = lua_tolstring(L, arg, &text.size);
  return text;
}

/* Field `key` of the table at argument `arg`: bytes anchored by that table;
 * {NULL, 0} if absent. Anything but a string raises. */
static inline struct fnf_str fnf_field_str(lua_State *L, int arg, const char *key) {
  struct fnf_str text = {NULL, 0};
  lua_getfield(L, arg, key);
  if (lua_type(L, -1) == LUA_TSTRING)
    text.data = lua_tolstring(L, -1, &text.size);
  else if (!lua_isnil(L, -1))
    luaL_argerror(L, arg, lua_pushfstring(L, "%s: string expected, got %s", key, luaL_typename(L, -1)));
  lua_pop(L, 1);
  return text;
}

static inline void fnf_push_str(lua_State *L, struct fnf_str text) {
  lua_pushlstring(L, text.data, text.size);
}

/* The one way in which a call of a module fails: nil, the name of the status, a
 * text for people. `return fnf_fail(...)`. */
static inline int fnf_fail(lua_State *L, enum fnf_status status, const char *text) {
  lua_pushnil(L);
  lua_pushstring(L, fnf_status_name(status));
  lua_pushstring(L, text);
  return 3;
}

/* A class: methods, and close as __gc and __close. Leaves nothing. */
static inline void fnf_new_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction close) {
  luaL_newmetatable(L, name);
  lua_newtable(L);
  fnf_register(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, close);
  lua_setfield(L, -2, "__close");
  lua_pushliteral(L, "locked"); /* getmetatable must not hand out __gc */
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

/* A new object of that class, zeroed: "closed" until the caller fills it. */
static inline void *fnf_new_object(lua_State *L, const char *name, size_t size) {
  char *object = lua_newuserdata(L, size);
  for (size_t i = 0; i < size; i++)
    object[i] = 0;
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
  return object;
}

#endif
