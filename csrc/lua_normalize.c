/*
 * The JSON half of module "fnf.core": text as lua-cjson may have it, and what it decodes as results have it.
 * SPDX-License-Identifier: MIT
 */
#include "lua_normalize.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"

static const char LIST[] = "fnf.list"; /* the metatable's name in the registry */

enum { MARK = 0xFF, EMPTY = ']' };
enum { SHORT = 15 }; /* digits that every double holds */

#if LUA_VERSION_NUM >= 503
static const uint64_t MOST = (uint64_t)LUA_MAXINTEGER, LEAST = (uint64_t)LUA_MAXINTEGER + 1;
#else
static const uint64_t MOST = (UINT64_C(1) << 53) - 1, LEAST = (UINT64_C(1) << 53) - 1;
#endif

static int is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* ---- text for lua-cjson ---- */

struct scan {
  const char *at, *end;
  const char *copied; /* up to here the buffer has it */
  luaL_Buffer out;
  int shorts; /* whether short whole numbers may stay */
};

static void put_before(struct scan *s, const char *at, const char *text, size_t size) {
  luaL_addlstring(&s->out, s->copied, (size_t)(at - s->copied));
  luaL_addlstring(&s->out, text, size);
  s->copied = at;
}

static const char *skip_digits(const char *at, const char *end) {
  while (at < end && is_digit(*at))
    at++;
  return at;
}

static const char *skip_blanks(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
    at++;
  return at;
}

/* Only a name is followed by a colon; names are nobody's values, and stay. */
static int is_name(const char *after, const char *end) {
  after = skip_blanks(after, end);
  return after < end && *after == ':';
}

/* The end of the number that begins at `at`, which is before `end`, or NULL if it is none. */
static const char *number_end(const char *at, const char *end, int *is_whole) {
  if (*at == '-')
    at++;
  const char *first = at;
  at = skip_digits(at, end);
  if (at == first || (*first == '0' && at - first > 1))
    return NULL;
  *is_whole = 1;
  if (at < end && *at == '.') {
    first = ++at;
    at = skip_digits(at, end);
    *is_whole = 0;
    if (at == first)
      return NULL;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-'))
      at++;
    first = at;
    at = skip_digits(at, end);
    *is_whole = 0;
    if (at == first)
      return NULL;
  }
  return at;
}

static int mark_number(struct scan *s) {
  static const char opening[] = {'"', (char)MARK}, closing[] = {'"'};
  int is_whole = 0;
  const char *begin = s->at;
  s->at = number_end(begin, s->end, &is_whole);
  if (!s->at || (s->at < s->end && !strchr(" \t\r\n,]}:", *s->at)))
    return -1;
  if ((is_whole && s->shorts && s->at - begin <= SHORT) || is_name(s->at, s->end))
    return 0;
  put_before(s, begin, opening, sizeof opening);
  put_before(s, s->at, closing, sizeof closing);
  return 0;
}

static void mark_string(struct scan *s) {
  static const char mark[] = {(char)MARK};
  const char *begin = ++s->at;
  while (s->at < s->end && *s->at != '"')
    s->at += *s->at == '\\' && s->end - s->at > 1 ? 2 : 1;
  if (s->at == s->end)
    return; /* lua-cjson says what is wrong */
  s->at++;
  if ((unsigned char)*begin == MARK && !is_name(s->at, s->end))
    put_before(s, begin, mark, sizeof mark);
}

static void mark_list(struct scan *s) {
  static const char inside[] = {'"', (char)MARK, EMPTY, '"'};
  s->at = skip_blanks(s->at + 1, s->end);
  if (s->at < s->end && *s->at == ']')
    put_before(s, s->at, inside, sizeof inside);
}

static int core_mark(lua_State *L) {
  struct fnf_str text = fnf_check_str(L, 1);
  struct scan s = {.at = text.data, .end = text.data + text.size, .copied = text.data};
  s.shorts = strcmp(localeconv()->decimal_point, ".") == 0;
  if (memchr(text.data, 0, text.size)) {
    lua_pushnil(L);
    lua_pushliteral(L, "it holds a NUL");
    return 2;
  }
  lua_settop(L, 1);
  luaL_buffinit(L, &s.out);
  while (s.at < s.end) {
    if (*s.at == '"') {
      mark_string(&s);
    } else if (*s.at == '[') {
      mark_list(&s);
    } else if (*s.at != '-' && !is_digit(*s.at)) {
      s.at++;
    } else if (mark_number(&s) < 0) {
      lua_settop(L, 0);
      lua_pushnil(L);
      lua_pushliteral(L, "it holds a malformed number");
      return 2;
    }
  }
  if (s.copied == text.data) { /* as most texts are */
    lua_settop(L, 1);
    return 1;
  }
  put_before(&s, s.end, "", 0);
  luaL_pushresult(&s.out);
  return 1;
}

/* ---- values of lua-cjson ---- */

enum { VALUE = 1, FLOATS, INTEGERS };

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

/* Digits, maybe with a minus, as a number on the stack; 0 if they are others, or a number that Lua cannot hold exactly.
 */
static int push_whole(lua_State *L, struct fnf_str text) {
  int is_negative = text.size > 0 && text.data[0] == '-';
  uint64_t most = is_negative ? LEAST : MOST, sum = 0;
  size_t i = (size_t)is_negative;
  if (i == text.size)
    return 0;
  for (; i < text.size; i++) {
    if (!is_digit(text.data[i]))
      return 0;
    uint64_t digit = (uint64_t)(text.data[i] - '0');
    if (sum > (most - digit) / 10)
      return 0;
    sum = sum * 10 + digit;
  }
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(L, (lua_Integer)(is_negative ? 0 - sum : sum));
#else
  lua_pushnumber(L, is_negative && sum != 0 ? -(lua_Number)sum : (lua_Number)sum);
#endif
  return 1;
}

/* A JSON number as a double, whatever the locale calls the decimal point. */
static lua_Number read_float(lua_State *L, const char *text) {
  const char *point = localeconv()->decimal_point;
  if (strcmp(point, ".") == 0)
    return strtod(text, NULL);
  lua_Number number = strtod(luaL_gsub(L, text, ".", point), NULL);
  lua_pop(L, 1);
  return number;
}

#if LUA_VERSION_NUM >= 503
/* Whether an integer says the same, and no digit was lost on the way. */
static int is_whole(lua_Number number) {
  return fabs(number) < 9007199254740992.0 && (lua_Number)(lua_Integer)number == number;
}

static void push_number(lua_State *L, lua_Number number, int is_float) {
  if (!is_float && is_whole(number))
    lua_pushinteger(L, (lua_Integer)number);
  else
    lua_pushnumber(L, number);
}

/* lua-cjson before 2.1.0.9 makes every number a float, later ones some an integer. */
static void normalize_number(lua_State *L, int table) {
  int is_float = is_in(L, FLOATS);
  lua_Number number = lua_tonumber(L, -1);
  if (is_float != lua_isinteger(L, -1) || (!is_float && !is_whole(number)))
    return; /* it is what it is to be */
  push_number(L, number, is_float);
  replace(L, table);
}
#else
static void push_number(lua_State *L, lua_Number number, int is_float) {
  (void)is_float;
  lua_pushnumber(L, number);
}

static void normalize_number(lua_State *L, int table) {
  (void)L, (void)table; /* one number type: 1 is 1 already */
}
#endif

static void set_list(lua_State *L, int table) {
  luaL_getmetatable(L, LIST);
  lua_setmetatable(L, table);
}

/* Stack: ..., key, value. What a marked literal says, on the stack. -1 if it is beyond every number. */
static int push_literal(lua_State *L, struct fnf_str text) {
  int is_float = is_in(L, FLOATS);
  if (is_float || strpbrk(text.data, ".eE")) {
    lua_Number number = read_float(L, text.data);
    if (!isfinite(number))
      return -1;
    push_number(L, number, is_float);
  } else if (!push_whole(L, text)) {
    fnf_push_str(L, text);
  }
  return 0;
}

/* Stack: ..., key, value: what `core_mark` made of a literal, or of a string with a mark of its own. */
static int normalize_marked(lua_State *L, int table, struct fnf_str text) {
  struct fnf_str inner = {text.data + 1, text.size - 1};
  if (inner.size == 1 && inner.data[0] == EMPTY) {
    set_list(L, table);
    lua_pushnil(L);
  } else if (inner.size > 0 && (unsigned char)inner.data[0] == MARK) {
    fnf_push_str(L, inner);
  } else if (push_literal(L, inner) < 0) {
    return -1;
  }
  replace(L, table);
  return 0;
}

static int normalize_string(lua_State *L, int table) {
  struct fnf_str text = {NULL, 0};
  text.data = lua_tolstring(L, -1, &text.size);
  if (text.size > 0 && (unsigned char)text.data[0] == MARK)
    return normalize_marked(L, table, text);
  int begins_whole = text.size > 0 && (is_digit(text.data[0]) || text.data[0] == '-');
  if (begins_whole && is_in(L, INTEGERS) && push_whole(L, text))
    replace(L, table);
  return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than the decoder allows, which is 32 levels. */
static int normalize(lua_State *L, int table) {
  luaL_checkstack(L, 8, "JSON too deep");
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    switch (lua_type(L, -1)) {
    case LUA_TTABLE:
      if (normalize(L, lua_gettop(L)) < 0)
        return -1;
      break;
    case LUA_TNUMBER:
      normalize_number(L, table);
      break;
    case LUA_TSTRING:
      if (normalize_string(L, table) < 0)
        return -1;
      break;
    case LUA_TLIGHTUSERDATA:
      if (lua_type(L, -2) == LUA_TNUMBER)
        set_list(L, table);
      lua_pushnil(L);
      replace(L, table);
      break;
    default:
      break;
    }
  }
  return 0;
}

static int core_normalize(lua_State *L) {
  luaL_checktype(L, VALUE, LUA_TTABLE);
  lua_settop(L, INTEGERS);
  luaL_argcheck(L, lua_isnil(L, FLOATS) || lua_istable(L, FLOATS), FLOATS, "a set expected");
  luaL_argcheck(L, lua_isnil(L, INTEGERS) || lua_istable(L, INTEGERS), INTEGERS, "a set expected");
  if (normalize(L, VALUE) < 0) {
    lua_pushnil(L);
    lua_pushliteral(L, "it holds a number beyond every finite one");
    return 2;
  }
  lua_settop(L, VALUE);
  return 1;
}

void fnf_open_normalize(lua_State *L) {
  static const luaL_Reg functions[] = {{"mark", core_mark}, {"normalize", core_normalize}, {NULL, NULL}};
  fnf_register(L, functions);
  luaL_newmetatable(L, LIST);
  lua_setfield(L, -2, "list");
}
