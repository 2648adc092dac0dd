/*
 * What the fuzz targets share: the way to hold an invariant, and the targets of answer.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef FNF_FUZZ_TARGETS_H
#define FNF_FUZZ_TARGETS_H

#include <lua.h>

#include "fnf.h"

/* Abort unless the condition holds. */
void hold(int condition, const char *what);

int same(struct fnf_str one, struct fnf_str other);

/* The size of the pieces that an input comes in, from 1 to all of it: any, but the same each time. */
size_t piece_of(struct fnf_str input);

/* A state with fnf.core, and on its stack only what the chunk returns that is given `core`. */
lua_State *open_lua(const char *chunk);

/* Any bytes as an answer over libcurl: whole and in pieces, one outcome. */
void fuzz_answer(struct fnf_str input);

/* The same bytes over libcurl and over what nginx reads by: they agree. */
void fuzz_transports(struct fnf_str input);

#endif
