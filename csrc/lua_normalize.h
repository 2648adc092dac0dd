/*
 * The JSON half of module "fnf.core": text as lua-cjson may have it, and what it decodes as results have it.
 * SPDX-License-Identifier: MIT
 *
 * core.mark(text) -> text | nil, reason
 *
 * lua-cjson reads numbers by strtod: it drops digits beyond a double's, and
 * takes a decimal comma where the host's locale has one. So it gets to see short
 * whole numbers only; every other literal becomes a string that begins with
 * the byte 0xFF, which no JSON text holds, and `[]` becomes a list of one such
 * string. A string of the text that begins with 0xFF gets another. Refuses
 * what is no JSON number (RFC 8259) and a NUL, where lua-cjson stops reading.
 *
 * core.normalize(value, floats|nil, integers|nil) -> value | nil, reason
 *
 * In place and all the way down. Marked numbers become numbers: whole ones exact
 * to the last of 64 bits where Lua has integers, below 2^53 where it has not;
 * what does not fit stays the text of its digits. Others are doubles, refused
 * if they are not finite. A float without a fraction below 2^53 becomes an
 * integer where Lua has those; in a field named in the set `floats` every
 * number is a float; digits in a field named in the set `integers` become a
 * number. null (lua-cjson's NULL light userdata) becomes absent. A list that is
 * or becomes empty, or gets holes, has the metatable core.list. In C because
 * every field of every answer comes by: a third of what a poll cost in Lua.
 */
#ifndef FNF_LUA_NORMALIZE_H
#define FNF_LUA_NORMALIZE_H

#include <lua.h>

#pragma GCC visibility push(hidden)

/* Add `mark`, `normalize` and `list` to the table on top of the stack. */
void fnf_open_normalize(lua_State *L);

#pragma GCC visibility pop

#endif
