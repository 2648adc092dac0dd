/*
 * The C specs without a network, for mutants of the signer and of the heads: up to the first suite that fails.
 * SPDX-License-Identifier: MIT
 */
#include "memory.h"
#include "tap.h"

int main(void) {
  void (*const suites[])(void) = {buf_spec, vectors_spec, sign_spec, libcrypto_spec, head_spec};
  memory_watch_libraries();
  for (unsigned i = 0; i < sizeof suites / sizeof *suites; i++) {
    suites[i]();
    if (tap_report() != 0)
      return 1;
  }
  return 0;
}
