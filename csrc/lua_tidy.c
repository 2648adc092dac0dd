/*
 * The tidying half of module "fnf.core": decoded JSON as results have it.
 * SPDX-License-Identifier: MIT
 */
#include "lua_tidy.h"

#include "glue.h"

enum { VALUE = 1, FLOATS, INTEGERS };
enum { MOST_DIGITS = 18 }; /* more may not fit an integer */

/* Stack: ..., key, value. Whether the key is in the set at `set`. */
static int is_in(lua_State *L, int set) {
  if (lua_isnil(L, set))
    return 0;
  lua_pushvalue(L, -2);
  lua_rawget(L, set);
  int found = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return found;
}

/* Stack: ..., key, value, new value. Puts it into the table and drops it. */
static void replace(lua_State *L, int table) {
  lua_pushvalue(L, -3);
  lua_insert(L, -2);
  lua_rawset(L, table);
}

static void tidy_number(lua_State *L, int table) {
#if LUA_VERSION_NUM >= 503
  lua_Integer integer = 0;
  lua_Number number = lua_tonumber(L, -1);
  if (lua_isinteger(L, -1) || is_in(L, FLOATS) || !lua_numbertointeger(number, &integer) ||
      (lua_Number)integer != number)
    return;
  lua_pushinteger(L, integer);
  replace(L, table);
#else
  (void)L, (void)table; /* one number type: 1 is 1 already */
#endif
}

static void tidy_digits(lua_State *L, int table) {
  struct fnf_str text = {NULL, 0};
  lua_Integer integer = 0;
  text.data = lua_tolstring(L, -1, &text.size);
  if (text.size == 0 || text.size > MOST_DIGITS)
    return;
  for (size_t i = 0; i < text.size; i++) {
    if (text.data[i] < '0' || text.data[i] > '9')
      return;
    integer = integer * 10 + (text.data[i] - '0');
  }
  lua_pushinteger(L, integer);
  replace(L, table);
}

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than the decoder allows, which is 32 levels. */
static void tidy(lua_State *L, int table) {
  luaL_checkstack(L, 8, "JSON too deep");
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    switch (lua_type(L, -1)) {
    case LUA_TTABLE:
      tidy(L, lua_gettop(L));
      break;
    case LUA_TNUMBER:
      tidy_number(L, table);
      break;
    case LUA_TSTRING:
      if (is_in(L, INTEGERS))
        tidy_digits(L, table);
      break;
    case LUA_TLIGHTUSERDATA:
      lua_pushnil(L);
      replace(L, table);
      break;
    default:
      break;
    }
  }
}

static int core_tidy(lua_State *L) {
  luaL_checktype(L, VALUE, LUA_TTABLE);
  lua_settop(L, INTEGERS);
  luaL_argcheck(L, lua_isnil(L, FLOATS) || lua_istable(L, FLOATS), FLOATS, "a set expected");
  luaL_argcheck(L, lua_isnil(L, INTEGERS) || lua_istable(L, INTEGERS), INTEGERS, "a set expected");
  tidy(L, VALUE);
  lua_settop(L, VALUE);
  return 1;
}

void fnf_open_tidy(lua_State *L) {
  static const luaL_Reg functions[] = {{"tidy", core_tidy}, {NULL, NULL}};
  fnf_register(L, functions);
}
