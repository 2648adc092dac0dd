/*
 * The tidying half of module "fnf.core": decoded JSON as results have it.
 * SPDX-License-Identifier: MIT
 *
 * core.tidy(value, floats|nil, integers|nil) -> value
 *
 * In place and all the way down: null (lua-cjson's NULL light userdata) becomes
 * absent, a float without a fraction an integer where Lua has those, but not in
 * a field named in the set `floats`; digits in a field named in the set
 * `integers` become a number. In C because every field of every answer comes
 * by: a third of what a poll cost in Lua.
 */
#ifndef FNF_LUA_TIDY_H
#define FNF_LUA_TIDY_H

#include <lua.h>

#pragma GCC visibility push(hidden)

/* Add `tidy` to the table on top of the stack. */
void fnf_open_tidy(lua_State *L);

#pragma GCC visibility pop

#endif
