/*
 * The host half of module "fnf.core".
 * SPDX-License-Identifier: MIT
 */
#include "lua_host.h"

#include <string.h>

#include "file.h"
#include "glue.h"
#include "process.h"

enum { MOST_BYTES = 16 * 1024 * 1024, MOST_WORDS = 1024, FIRST_ROOM = 16 * 1024 };

#define PROCESS "fnf.process"

struct running {
  struct fnf_process process;
  int is_started; /* 0: closed */
};

static int fail_too_big(lua_State *L, const char *format, size_t limit) {
  return fnf_fail(L, FNF_TOO_BIG, lua_pushfstring(L, format, (int)limit));
}

static size_t check_limit(lua_State *L, int arg) {
  lua_Number limit = luaL_checknumber(L, arg);
  luaL_argcheck(L, limit >= 0 && limit <= MOST_BYTES, arg, "bytes from 0 to 16 MiB expected");
  return (size_t)limit;
}

/* ---- files ---- */

/* A file's bytes on the stack. The room grows from little: Lua would collect all its garbage for one as large as the
 * limit. */
static enum fnf_status read_file(lua_State *L, const char *path, size_t limit, struct fnf_file *file) {
  size_t capacity = limit < FIRST_ROOM ? limit : FIRST_ROOM;
  for (;;) {
    char *room = lua_newuserdata(L, capacity + 1);
    enum fnf_status status = fnf_file_read(path, room, capacity, file);
    if (status == FNF_OK)
      lua_pushlstring(L, room, file->size);
    fnf_wipe(room, file->size);
    if (status != FNF_TOO_BIG || capacity == limit)
      return status;
    lua_pop(L, 1);
    capacity = limit / 16 < capacity ? limit : capacity * 16;
  }
}

static int core_read(lua_State *L) {
  struct fnf_file file;
  struct fnf_str path = fnf_check_str(L, 1);
  size_t limit = check_limit(L, 2);
  luaL_argcheck(L, strlen(path.data) == path.size, 1, "a path with a NUL byte");
  enum fnf_status status = read_file(L, path.data, limit, &file);
  switch (status) {
  case FNF_OK:
    lua_pushinteger(L, (lua_Integer)file.mode);
    return 2;
  case FNF_TOO_BIG:
    return fail_too_big(L, "it has more than %d bytes", limit);
  case FNF_BAD_INPUT:
    return fnf_fail(L, status, "it is no regular file");
  default:
    return fnf_fail(L, status, strerror(file.error));
  }
}

/* ---- programs ---- */

static int close_process(lua_State *L) {
  struct running *self = luaL_checkudata(L, 1, PROCESS);
  if (self->is_started)
    fnf_process_free(&self->process);
  self->is_started = 0;
  return 0;
}

/* The words as C wants them; a userdata left on the stack, borrowing from the array. */
static char **read_words(lua_State *L, int arg) {
  luaL_checktype(L, arg, LUA_TTABLE);
  size_t count = (size_t)lua_rawlen(L, arg);
  luaL_argcheck(L, count >= 1 && count <= MOST_WORDS, arg, "1 to 1024 words expected");
  char **words = lua_newuserdata(L, (count + 1) * sizeof *words);
  for (size_t i = 0; i < count; i++) {
    size_t size = 0;
    lua_rawgeti(L, arg, (int)i + 1);
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, arg, "not an array of strings");
    const char *word = lua_tolstring(L, -1, &size);
    luaL_argcheck(L, strlen(word) == size, arg, "a word with a NUL byte");
    words[i] = (char *)word; /* exec takes them without const and changes nothing */
    lua_pop(L, 1);
  }
  words[count] = NULL;
  return words;
}

static int core_process(lua_State *L) {
  size_t limit = check_limit(L, 2);
  char **words = read_words(L, 1);
  struct running *self = fnf_new_object(L, PROCESS, sizeof *self);
  self->is_started = 1;
  enum fnf_status status = fnf_process_start(&self->process, words, limit);
  if (status == FNF_OK)
    return 1;
  return fnf_fail(L, status, self->process.error ? strerror(self->process.error) : "no memory for its output");
}

static int process_look(lua_State *L) {
  struct running *self = luaL_checkudata(L, 1, PROCESS);
  int ended = 0;
  luaL_argcheck(L, self->is_started, 1, "process is closed");
  if (fnf_process_look(&self->process, &ended) != FNF_OK)
    return fail_too_big(L, "it printed more than %d bytes", self->process.text.limit);
  if (!ended) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (self->process.exit_status == FNF_PROCESS_LOST)
    return fnf_fail(L, FNF_SYSTEM, "this program reaps its children itself, so how it ended is unknown");
  fnf_push_str(L, fnf_buf_str(&self->process.text));
  lua_pushinteger(L, self->process.exit_status);
  return 2;
}

void fnf_open_host(lua_State *L) {
  static const luaL_Reg methods[] = {{"look", process_look}, {"close", close_process}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"read", core_read}, {"process", core_process}, {NULL, NULL}};
  fnf_new_class(L, PROCESS, methods, close_process);
  fnf_register(L, functions);
}
