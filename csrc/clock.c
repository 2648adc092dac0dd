/*
 * Monotonic now, wall time, sleep.
 * SPDX-License-Identifier: MIT
 */
#define _FILE_OFFSET_BITS 64    /* glibc wants it with the next */
#define _TIME_BITS 64           /* where a long has 32 bits, there is a time after 2038, too */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, nanosleep */
#include "clock.h"

#include <time.h>

enum { NS_PER_S = 1000000000 };

static int64_t read_ns(clockid_t clock) {
  struct timespec now = {0, 0};
  /* Cannot fail: POSIX requires both clocks and the pointer is good. */
  (void)clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t fnf_clock_monotonic_ns(void) {
  return read_ns(CLOCK_MONOTONIC);
}

int64_t fnf_clock_wall_ns(void) {
  return read_ns(CLOCK_REALTIME);
}

void fnf_clock_sleep_ns(int64_t duration_ns) {
  if (duration_ns <= 0)
    return;
  struct timespec left = {.tv_sec = (time_t)(duration_ns / NS_PER_S), .tv_nsec = (long)(duration_ns % NS_PER_S)};
  /* Interrupted is over: the caller's host may want to act on the signal. */
  (void)nanosleep(&left, NULL);
}
