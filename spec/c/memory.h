/*
 * Memory that fails on request, memory that ends at a wall.
 * SPDX-License-Identifier: MIT
 *
 * The specs are linked with --wrap for malloc and its kin, so every
 * allocation of the core goes through here; libcurl and libcrypto are given
 * the same functions. Counts are per thread: the loopback server, which runs
 * in others, never fails.
 */
#ifndef SPEC_MEMORY_H
#define SPEC_MEMORY_H

#include "fnf.h"

/* Let libcurl and libcrypto allocate here too; before their first use. */
void memory_watch_libraries(void);

/* Make the n-th allocation of this thread from now fail, once; 0: none. */
void memory_fail_at(long n);

/* The same for the n-th and all that follow it. */
void memory_fail_from(long n);

/* Whether it came to that. Stops the failing. */
int memory_has_failed(void);

/* Allocations of the core alone, freed ones deducted, in this thread. */
long memory_in_use(void);

/* A copy of the text whose last byte is the last before an unreadable page;
 * the copy lives until the program ends. */
struct fnf_str memory_before_wall(struct fnf_str text);

#endif
