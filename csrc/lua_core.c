/*
 * Module "fnf.core": signatures, nonces, random numbers, clocks, files and programs for Lua.
 * SPDX-License-Identifier: MIT
 *
 * core.signer, core.encode: see lua_signer.h;  core.mark, core.normalize: see lua_normalize.h
 * core.read, core.process: see lua_host.h
 * core.nonce() -> 32 hex digits | nil, status, message;  core.random() -> number in [0, 1)
 * core.words(params, names) -> how many of the required names it has, if every entry is a word: a text that is not
 *   empty and holds no control character, under one of the names ({ name = is_required }); nil if any may not be
 * core.forks() -> count of forks between the first call and this process: equal ones mean the same process
 * core.now() -> monotonic seconds;  core.time() -> wall seconds;  core.sleep(seconds)
 *
 * Misuse raises. Links libcrypto only, so nginx workers can load it.
 */
#include <stdint.h>
#include <string.h>

#include "clock.h"
#include "glue.h"
#include "lua_host.h"
#include "lua_normalize.h"
#include "lua_signer.h"
#include "random.h"

/* Upvalue 1 of nonce and random is the state's stock. */
static enum fnf_status take_random(lua_State *L, unsigned char *bytes, size_t size) {
  return fnf_random_take(lua_touserdata(L, lua_upvalueindex(1)), bytes, size);
}

static int new_nonce(lua_State *L) {
  static const char digits[] = "0123456789abcdef";
  unsigned char bytes[16];
  char text[2 * sizeof bytes];
  enum fnf_status status = take_random(L, bytes, sizeof bytes);
  if (status != FNF_OK)
    return fnf_fail(L, status, status == FNF_NO_MEMORY ? "no memory for a nonce" : "libcrypto has no random bytes");
  for (size_t i = 0; i < sizeof bytes; i++) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15U];
  }
  lua_pushlstring(L, text, sizeof text);
  return 1;
}

static int new_random(lua_State *L) {
  unsigned char bytes[8];
  uint64_t bits = 0;
  if (take_random(L, bytes, sizeof bytes) == FNF_OK)
    memcpy(&bits, bytes, sizeof bits);
  else /* it spreads pauses and guards nothing */
    bits = (uint64_t)fnf_clock_monotonic_ns() * 0x9E3779B97F4A7C15U;
  lua_pushnumber(L, (lua_Number)(bits >> 11) / 9007199254740992.0); /* 53 bits over 2^53 */
  return 1;
}

static int now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)fnf_clock_monotonic_ns() / 1e9);
  return 1;
}

static int wall_time(lua_State *L) {
  lua_pushnumber(L, (lua_Number)fnf_clock_wall_ns() / 1e9);
  return 1;
}

static int sleep_for(lua_State *L) {
  lua_Number seconds = luaL_checknumber(L, 1);
  luaL_argcheck(L, seconds >= 0 && seconds <= 86400, 1, "seconds from 0 to 86400 expected");
  fnf_clock_sleep_ns((int64_t)(seconds * 1e9));
  return 0;
}

static int forks(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)fnf_fork_count());
  return 1;
}

static int words(lua_State *L) {
  lua_Integer required = 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  if (!lua_istable(L, 1) || lua_getmetatable(L, 1)) /* what it inherits, only Lua sees */
    return 0;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 2)) {
    struct fnf_str text = {NULL, 0};
    if (lua_type(L, -1) != LUA_TSTRING)
      return 0;
    text.data = lua_tolstring(L, -1, &text.size);
    lua_pushvalue(L, -2);
    lua_rawget(L, 2);
    if (lua_isnil(L, -1) || !text.size || !fnf_is_clean(text, ' '))
      return 0;
    required += lua_toboolean(L, -1);
  }
  lua_pushinteger(L, required);
  return 1;
}

FNF_MODULE(luaopen_fnf_core) {
  static const luaL_Reg functions[] = {{"now", now},     {"time", wall_time}, {"sleep", sleep_for},
                                       {"forks", forks}, {"words", words},    {NULL, NULL}};
  fnf_pin();
  lua_newtable(L);
  fnf_register(L, functions);
  fnf_open_signer(L);
  fnf_open_normalize(L);
  fnf_open_host(L);
  struct fnf_random *stock = lua_newuserdata(L, sizeof *stock);
  memset(stock, 0, sizeof *stock);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, new_nonce, 1);
  lua_setfield(L, -3, "nonce");
  lua_pushcclosure(L, new_random, 1);
  lua_setfield(L, -2, "random");
  return 1;
}
