/*
 * Specs of clock.h.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* sigaction, setitimer's kin */
#include "clock.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

enum { MS = 1000000 };

static volatile sig_atomic_t signals;

static void on_signal(int number) {
  (void)number;
  signals++;
}

/* Signals until one has been seen, so that none can come too early to count. */
static void *send_signals(void *sleeper) {
  struct timespec pause = {0, 5 * MS};
  while (!signals) {
    (void)nanosleep(&pause, NULL);
    (void)pthread_kill(*(pthread_t *)sleeper, SIGUSR1);
  }
  return NULL;
}

static void sleeps_until_a_signal(void) {
  struct sigaction action = {.sa_handler = on_signal}, old;
  pthread_t self = pthread_self(), sender;
  (void)sigaction(SIGUSR1, &action, &old);
  int64_t start = fnf_clock_monotonic_ns();
  if (pthread_create(&sender, NULL, send_signals, &self) == 0) {
    fnf_clock_sleep_ns((int64_t)60 * 1000 * MS);
    (void)pthread_join(sender, NULL);
  }
  tap_check(fnf_clock_monotonic_ns() - start < (int64_t)50 * 1000 * MS, "a signal ends a sleep");
  (void)sigaction(SIGUSR1, &old, NULL);
}

void clock_spec(void) {
  tap_suite("clock");
  int64_t last = fnf_clock_monotonic_ns(), back = 0;
  for (int i = 0; i < 1000; i++) {
    int64_t now = fnf_clock_monotonic_ns();
    back += now < last;
    last = now;
  }
  tap_check(back == 0, "monotonic time never goes back");
  int64_t wall_s = fnf_clock_wall_ns() / 1000 / MS, seconds = (int64_t)time(NULL);
  tap_check(wall_s - seconds <= 1 && seconds - wall_s <= 1, "wall time is the system's");

  int64_t start = fnf_clock_monotonic_ns();
  fnf_clock_sleep_ns(20 * MS);
  tap_check(fnf_clock_monotonic_ns() - start >= 20 * MS, "a sleep lasts at least as long as asked for");
  start = fnf_clock_monotonic_ns();
  fnf_clock_sleep_ns(0);
  fnf_clock_sleep_ns(-1);
  fnf_clock_sleep_ns(INT64_MIN);
  tap_check(fnf_clock_monotonic_ns() - start < (int64_t)10 * 1000 * MS, "a sleep of nothing or less returns");
  sleeps_until_a_signal();
}
