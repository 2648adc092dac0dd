/*
 * Runs a Lua file in many states of one process: after one another, then in threads.
 * SPDX-License-Identifier: MIT
 *
 * Closing a state unloads its C modules, so what they registered with the
 * process must not go with them.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { TURNS = 20, THREADS = 4 };

static const char *file;

static void *run_states(void *failures) {
  for (int i = 0; i < TURNS; i++) {
    lua_State *L = luaL_newstate();
    if (!L)
      abort();
    luaL_openlibs(L);
    if (luaL_loadfile(L, file) != 0 || lua_pcall(L, 0, 0, 0) != 0) {
      printf("not ok - states: %s\n", lua_tostring(L, -1));
      (*(int *)failures)++;
    }
    lua_close(L);
  }
  return NULL;
}

int main(int count, char **arguments) {
  pthread_t threads[THREADS];
  int failures[THREADS + 1] = {0}, failed = 0;
  if (count != 2)
    return 2;
  file = arguments[1];
  (void)run_states(&failures[THREADS]);
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, run_states, &failures[i]) != 0)
      abort();
  for (int i = 0; i < THREADS; i++)
    (void)pthread_join(threads[i], NULL);
  for (int i = 0; i <= THREADS; i++)
    failed += failures[i];
  printf("%d passed, %d failed\n", (THREADS + 1) * TURNS - failed, failed);
  return failed ? 1 : 0;
}
