/*
 * The C specs that a mutant of the signer or of the heads must pass.
 * SPDX-License-Identifier: MIT
 */
#include "tap.h"

int main(void) {
  buf_spec();
  sign_spec();
  vectors_spec();
  head_spec();
  return tap_report();
}
