/*
 * The host half of module "fnf.core": files and programs of this machine.
 * SPDX-License-Identifier: MIT
 *
 * core.read(path, limit) -> text, mode | nil, status, message
 *   a regular file of at most `limit` bytes; mode: its permission bits. A FIFO or
 *   device is refused, never waited for
 * core.process(words, limit) -> process | nil, status, message
 *   an external program, no shell; words: an array of strings, the program first
 * process:look() -> false                  it is still running
 *                -> output, exit status    it has ended; 128 + signal if one killed it
 *                -> nil, status, message   its output cannot be used
 * process:close()   ends it, and what it started, if it is still running
 *
 * `status` is a name of fnf_status: "system", "bad input", "too big", "no memory".
 * Misuse raises.
 */
#ifndef FNF_LUA_HOST_H
#define FNF_LUA_HOST_H

#include <lua.h>

#pragma GCC visibility push(hidden)

/* Add `read` and `process` to the table on top of the stack. */
void fnf_open_host(lua_State *L);

#pragma GCC visibility pop

#endif
