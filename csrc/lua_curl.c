/*
 * Module "fnf.curl": the connection pool of http.h for Lua.
 * SPDX-License-Identifier: MIT
 *
 * curl.pool(options|nil) -> pool | nil, status, message
 *   options: ca_file, cert_file, key_file, proxy, no_proxy, user_agent (strings), max_connections
 * pool:start(request) -> id | nil, status, message   id % 65536: its place, given to another once it has been taken
 *   request: method, url, headers|nil ({name = value}), body|nil, timeout, connect_timeout (seconds),
 *   direct|nil (true: by no proxy)
 * pool:wait(seconds, ...)  works until a transfer has ended, a signal came or the time is over; on other pools, too
 * pool:take() -> id, http_status, headers, body     an ended transfer; headers: "Name: value\r\n" lines
 *             -> id, nil, status, message, sent     a failed one; sent: false if it never left this machine
 *             -> nil                                none has ended
 * pool:exchange(request, seconds) -> id, ...         start, wait and take: what took ended first, which may be another
 * pool:times() -> name, connect, tls, first_byte, total    seconds from its start, of the transfer taken last; 0: not
 *             needed; or nothing, once another has begun in its place
 * pool:cancel(id), pool:in_flight() -> count, pool:close()
 * curl.resolve(host) -> { address, ... } | nil, status, message    blocks: see resolve.h
 * curl.versions() -> "7.88.1", "OpenSSL/3.0.11"    of libcurl, and of what it does TLS by
 *
 * `status` is a name of fnf_status: "network", "timeout", "tls", "certificate",
 * "protocol", "bad input", "too big", ... Misuse raises. Links libcurl only.
 */
#include <limits.h>
#include <string.h>

#include "glue.h"
#include "http.h"
#include "resolve.h"

enum { MAX_HEADERS = 32 /* one more than may be given */ };

#define POOL "fnf.pool"

struct pool {
  struct fnf_http *http; /* NULL: closed */
};

static struct fnf_http *check_pool(lua_State *L) {
  struct pool *self = luaL_checkudata(L, 1, POOL);
  luaL_argcheck(L, self->http, 1, "pool is closed");
  return self->http;
}

static int close_pool(lua_State *L) {
  struct pool *self = luaL_checkudata(L, 1, POOL);
  struct fnf_http *http = self->http;
  self->http = NULL;
  fnf_http_free(http);
  return 0;
}

/* A string field without NUL, or NULL; anchored by the table. */
static const char *option(lua_State *L, const char *name) {
  struct fnf_str value = fnf_field_str(L, 1, name);
  if (value.data && strlen(value.data) != value.size)
    luaL_argerror(L, 1, lua_pushfstring(L, "%s: a NUL byte", name));
  return value.data;
}

static int curl_pool(lua_State *L) {
  struct fnf_http_options options = {NULL, NULL, NULL, NULL, NULL, NULL, 0};
  if (!lua_isnoneornil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    options = (struct fnf_http_options){option(L, "ca_file"),
                                        option(L, "cert_file"),
                                        option(L, "key_file"),
                                        option(L, "proxy"),
                                        option(L, "no_proxy"),
                                        option(L, "user_agent"),
                                        0};
    lua_getfield(L, 1, "max_connections");
    luaL_argcheck(L, lua_isnil(L, -1) || lua_tonumber(L, -1) >= 1, 1, "max_connections: at least 1 expected");
    options.max_connections = (long)lua_tointeger(L, -1);
  }
  struct pool *self = fnf_new_object(L, POOL, sizeof *self);
  enum fnf_status status = fnf_http_new(&self->http, &options);
  if (status == FNF_OK)
    return 1;
  return fnf_fail(L, status, status == FNF_NO_MEMORY ? "no memory for connections" : "libcurl could not be set up");
}

/* Seconds in field `name` as milliseconds, rounded up, from 1 to LONG_MAX/2. */
static long milliseconds(lua_State *L, const char *name) {
  lua_getfield(L, 2, name);
  if (lua_type(L, -1) != LUA_TNUMBER)
    luaL_argerror(L, 2, lua_pushfstring(L, "%s: seconds expected", name));
  lua_Number seconds = lua_tonumber(L, -1);
  lua_pop(L, 1);
  if (!(seconds > 0)) /* NaN too */
    return 1;
  return seconds >= INT_MAX / 1000 ? INT_MAX : (long)(seconds * 1000) + 1;
}

/* A double holds it in every Lua; one that has integers finds an integer sooner. */
static void push_id(lua_State *L, int64_t id) {
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(L, id);
#else
  lua_pushnumber(L, (lua_Number)id);
#endif
}

/* Read field `headers` into `room`; strings stay anchored by that table. */
static size_t read_headers(lua_State *L, struct fnf_http_header *room) {
  size_t count = 0;
  lua_getfield(L, 2, "headers");
  if (lua_isnil(L, -1))
    return 0;
  luaL_argcheck(L, lua_istable(L, -1), 2, "headers: table expected");
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    struct fnf_http_header *header = &room[count++];
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING || count == MAX_HEADERS)
      luaL_argerror(L, 2, "headers: at most 31 names with string values expected");
    header->name.data = lua_tolstring(L, -2, &header->name.size);
    header->value.data = lua_tolstring(L, -1, &header->value.size);
  }
  return count;
}

static const char *explain_start(enum fnf_status status) {
  switch (status) {
  case FNF_BAD_INPUT:
    return "a control character or blank in the URL or a header";
  case FNF_TOO_BIG:
    return "headers of more than 64 KiB, a body of more than 16 MiB, or too many transfers at once";
  case FNF_NO_MEMORY:
    return "no memory for a transfer";
  default:
    return "libcurl cannot do what is asked of it";
  }
}

/* Start the request at argument 2 and push its number; or what `fnf_fail` pushes. */
static enum fnf_status start(lua_State *L, struct fnf_http *http) {
  struct fnf_http_header headers[MAX_HEADERS];
  int64_t id = 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  struct fnf_http_request request = {.method = fnf_field_str(L, 2, "method"),
                                     .url = fnf_field_str(L, 2, "url"),
                                     .headers = headers,
                                     .body = fnf_field_str(L, 2, "body"),
                                     .timeout_ms = milliseconds(L, "timeout"),
                                     .connect_timeout_ms = milliseconds(L, "connect_timeout")};
  luaL_argcheck(L, request.method.data && request.url.data, 2, "method and url expected");
  lua_getfield(L, 2, "direct");
  request.direct = lua_toboolean(L, -1);
  lua_pop(L, 1);
  request.header_count = read_headers(L, headers);
  enum fnf_status status = fnf_http_start(http, &request, &id);
  if (status == FNF_OK)
    push_id(L, id);
  else
    (void)fnf_fail(L, status, explain_start(status));
  return status;
}

static int pool_start(lua_State *L) {
  return start(L, check_pool(L)) == FNF_OK ? 1 : 3;
}

static int check_ms(lua_State *L, int arg) {
  lua_Number seconds = luaL_checknumber(L, arg);
  luaL_argcheck(L, seconds >= 0, arg, "seconds expected");
  return seconds >= INT_MAX / 1000 ? INT_MAX : (int)(seconds * 1000 + 0.999);
}

static int pool_wait(lua_State *L) {
  struct fnf_http *http = check_pool(L);
  int top = lua_gettop(L);
  size_t count = 1;
  int timeout_ms = check_ms(L, 2);
  struct fnf_http *alone[] = {http};
  struct fnf_http **pools = top < 3 ? alone : lua_newuserdata(L, (size_t)top * sizeof(struct fnf_http *));
  pools[0] = http;
  for (int arg = 3; arg <= top; arg++) {
    struct pool *other = luaL_checkudata(L, arg, POOL);
    luaL_argcheck(L, other->http, arg, "pool is closed");
    if (other->http != http)
      pools[count++] = other->http;
  }
  fnf_http_wait_all(pools, count, timeout_ms);
  return 0;
}

/* Push what `pool:take` returns; the count of it. */
static int take(lua_State *L, struct fnf_http *http) {
  struct fnf_http_answer answer;
  if (!fnf_http_take(http, &answer)) {
    lua_pushnil(L);
    return 1;
  }
  push_id(L, answer.id);
  if (answer.status == FNF_OK) {
    lua_pushinteger(L, (lua_Integer)answer.http_status);
    fnf_push_str(L, answer.headers);
    fnf_push_str(L, answer.body);
    return 4;
  }
  (void)fnf_fail(L, answer.status, answer.message);
  lua_pushboolean(L, answer.sent);
  return 5;
}

static int pool_take(lua_State *L) {
  return take(L, check_pool(L));
}

static int pool_exchange(lua_State *L) {
  struct fnf_http *http = check_pool(L);
  int timeout_ms = check_ms(L, 3);
  if (start(L, http) != FNF_OK)
    return 3;
  fnf_http_wait(http, timeout_ms);
  return 1 + take(L, http);
}

static int pool_times(lua_State *L) {
  struct fnf_http_times times;
  if (!fnf_http_times(check_pool(L), &times))
    return 0;
  lua_pushnumber(L, times.name);
  lua_pushnumber(L, times.connect);
  lua_pushnumber(L, times.tls);
  lua_pushnumber(L, times.first_byte);
  lua_pushnumber(L, times.total);
  return 5;
}

static int pool_cancel(lua_State *L) {
  struct fnf_http *http = check_pool(L);
  lua_Number id = luaL_checknumber(L, 2);
  if (id >= 1 && id < 9007199254740992.0) /* what a number holds exactly; others were never given out */
    fnf_http_cancel(http, (int64_t)id);
  return 0;
}

static int pool_in_flight(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)fnf_http_in_flight(check_pool(L)));
  return 1;
}

/* ---- what a doctor asks ---- */

static int curl_resolve(lua_State *L) {
  struct fnf_addresses found;
  const char *reason = NULL;
  struct fnf_str host = fnf_check_str(L, 1);
  luaL_argcheck(L, host.size > 0 && host.size < 256 && strlen(host.data) == host.size, 1, "a host's name expected");
  enum fnf_status status = fnf_resolve(host.data, &found, &reason);
  if (status != FNF_OK)
    return fnf_fail(L, status, reason);
  lua_createtable(L, (int)found.count, 0);
  for (size_t i = 0; i < found.count; i++) {
    lua_pushstring(L, found.text[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

static int curl_versions(lua_State *L) {
  struct fnf_http_versions versions = fnf_http_versions();
  lua_pushstring(L, versions.libcurl);
  lua_pushstring(L, versions.tls);
  return 2;
}

FNF_MODULE(luaopen_fnf_curl) {
  static const luaL_Reg methods[] = {{"start", pool_start},         {"wait", pool_wait},   {"take", pool_take},
                                     {"exchange", pool_exchange},   {"times", pool_times}, {"cancel", pool_cancel},
                                     {"in_flight", pool_in_flight}, {"close", close_pool}, {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"pool", curl_pool}, {"resolve", curl_resolve}, {"versions", curl_versions}, {NULL, NULL}};
  fnf_pin();
  fnf_new_class(L, POOL, methods, close_pool);
  lua_newtable(L);
  fnf_register(L, functions);
  return 1;
}
