/*
 * The C spec of failing allocations without a network, for mutants that the quick suites let live.
 * SPDX-License-Identifier: MIT
 */
#include "memory.h"
#include "tap.h"

int main(void) {
  memory_watch_libraries();
  memory_pure_spec();
  return tap_report();
}
