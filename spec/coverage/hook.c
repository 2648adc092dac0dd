/*
 * Marks each line of Lua that runs, in files that all processes of a run share.
 * SPDX-License-Identifier: MIT
 *
 * FNF_COVERAGE_ROOT is a checkout, FNF_COVERAGE a folder that exists. Each source below lua/ and emulator/lua/ gets a
 * file there, named by its path with % for /, of one byte a line: 1 where it ran. The files are mapped shared, so the
 * marks of a process that is killed count like others'. A program of Lua loads this by LUA_INIT; nginx, whose Lua is a
 * shared library, by LD_PRELOAD. Built for each Lua: lua_Debug differs.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_LINES = 4096, MOST_SOURCES = 4096 };

/* A source by its address: a state's string, so another text may come to lie there. */
struct source {
  const char *address;
  char text[256];
  unsigned char *lines; /* NULL: not one of ours */
};

static struct source sources[MOST_SOURCES];
static char root[256], folder[256]; /* kept from the start: nginx takes away its environment */

__attribute__((visibility("default"))) int luaopen_coverage(lua_State *L);

static unsigned char *map_lines(const char *text) {
  size_t length = strlen(root);
  if (!folder[0] || !length || text[0] != '@')
    return NULL;
  char real[PATH_MAX]; /* "./lua", "bin/../lua": as it was searched for */
  if (!realpath(text + 1, real) || strncmp(real, root, length) != 0 || real[length] != '/')
    return NULL;
  const char *below = real + length + 1;
  if (strncmp(below, "lua/", 4) != 0 && strncmp(below, "emulator/lua/", 13) != 0)
    return NULL;
  char path[512];
  int start = snprintf(path, sizeof path, "%s/", folder);
  if (start < 0 || snprintf(path + start, sizeof path - (size_t)start, "%s", below) < 0)
    return NULL;
  for (char *at = path + start; *at; at++)
    *at = *at == '/' ? '%' : *at;
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0)
    return NULL;
  void *lines = MAP_FAILED;
  if (ftruncate(file, MOST_LINES) == 0)
    lines = mmap(NULL, MOST_LINES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return lines == MAP_FAILED ? NULL : lines;
}

static unsigned char *lines_of(const char *text) {
  size_t at = (size_t)(((uintptr_t)text >> 4) * 2654435761U % MOST_SOURCES);
  struct source *source = &sources[at];
  if (source->address != text || strncmp(source->text, text, sizeof source->text - 1) != 0) {
    source->address = text;
    snprintf(source->text, sizeof source->text, "%s", text);
    source->lines = map_lines(text);
  }
  return source->lines;
}

static void mark(lua_State *L, lua_Debug *ar) {
  if (ar->currentline < 0 || ar->currentline >= MOST_LINES || !lua_getinfo(L, "S", ar))
    return;
  unsigned char *lines = lines_of(ar->source);
  if (lines)
    lines[ar->currentline] = 1;
}

static void keep(char *place, const char *name) {
  const char *value = getenv(name);
  if (value)
    snprintf(place, sizeof root, "%s", value);
}

static void begin(lua_State *L) {
  (void)lua_sethook(L, mark, LUA_MASKLINE, 0);
}

/* debug.sethook; what takes its own hook away gets this one back. */
static int set_hook(lua_State *L) {
  int arguments = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, arguments, 0);
  if (!arguments)
    begin(L);
  return 0;
}

int luaopen_coverage(lua_State *L) {
  keep(root, "FNF_COVERAGE_ROOT");
  keep(folder, "FNF_COVERAGE");
  begin(L);
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "sethook");
  lua_pushcclosure(L, set_hook, 1);
  lua_setfield(L, -2, "sethook");
  lua_pop(L, 1);
  return 0;
}

/* What nginx calls for each new state, taken for its own by LD_PRELOAD; other hosts may be linked to another Lua. */
__attribute__((visibility("default"))) void luaL_openlibs(lua_State *L) {
  void (*open)(lua_State *);
  *(void **)&open = dlsym(RTLD_NEXT, "luaL_openlibs");
  open(L);
  if (dlsym(RTLD_DEFAULT, "luaJIT_setmode"))
    luaopen_coverage(L);
}
