/*
 * Runs every suite of the C core.
 * SPDX-License-Identifier: MIT
 */
#include "memory.h"
#include "tap.h"

int main(void) {
  memory_watch_libraries();
  clock_spec();
  fnf_spec();
  buf_spec();
  random_spec();
  file_spec();
  process_spec();
  resolve_spec();
  sign_spec();
  vectors_spec();
  libcrypto_spec();
  head_spec();
  libcurl_spec(); /* first of those with a pool */
  http_spec();
  transfer_spec();
  tls_spec();
  memory_spec();
  return tap_report();
}
