/*
 * Monotonic now, wall time, sleep.
 * SPDX-License-Identifier: MIT
 */
#ifndef FNF_CLOCK_H
#define FNF_CLOCK_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Nanoseconds of a clock that never goes back, from an unknown start. */
int64_t fnf_clock_monotonic_ns(void);

/* Nanoseconds since 1970-01-01T00:00:00Z; may jump. */
int64_t fnf_clock_wall_ns(void);

/* Sleep that long, or until a signal handler ran; not at all if <= 0. */
void fnf_clock_sleep_ns(int64_t duration_ns);

#pragma GCC visibility pop

#endif
