/*
 * The C specs that need no libcurl and no network, for processors of another kind.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "tap.h"

int main(void) {
  unsigned one = 1;
  printf("# %zu bits, %s endian, char is %s\n", sizeof(void *) * 8, *(unsigned char *)&one ? "little" : "big",
         (char)-1 < 0 ? "signed" : "unsigned");
  clock_spec();
  fnf_spec();
  buf_spec();
  random_spec();
  file_spec();
  process_spec();
  sign_spec();
  vectors_spec();
  head_spec();
  return tap_report();
}
