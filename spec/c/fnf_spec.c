/*
 * Specs of fnf.h.
 * SPDX-License-Identifier: MIT
 */
#include "fnf.h"

#include <string.h>

#include "tap.h"

/* In whole words and in the rest of one, each byte at each place. */
static void finds_every_unclean_byte(void) {
  static const unsigned char lowests[] = {' ', '!', 0x80};
  char bytes[19];
  int right = 1;
  for (size_t i = 0; i < sizeof lowests; i++)
    for (size_t at = 0; at < sizeof bytes; at++)
      for (int byte = 0; byte < 256; byte++) {
        memset(bytes, 0xC3, sizeof bytes);
        bytes[at] = (char)byte;
        right = right &&
                fnf_is_clean((struct fnf_str){bytes, sizeof bytes}, lowests[i]) == (byte >= lowests[i] && byte != 0x7F);
      }
  tap_check(right, "a byte that is too low, or DEL, is found wherever it stands");
  tap_check(fnf_is_clean((struct fnf_str){NULL, 0}, ' '), "no bytes are clean");
}

static void names_every_status(void) {
  static const char *const names[] = {"ok",     "no memory", "too big", "bad input", "unsupported",
                                      "crypto", "network",   "timeout", "tls",       "certificate",
                                      "proxy",  "protocol",  "system"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    tap_check(strcmp(fnf_status_name((enum fnf_status)i), names[i]) == 0, "status %zu is called %s, not %s", i,
              names[i], fnf_status_name((enum fnf_status)i));
  tap_check(strcmp(fnf_status_name((enum fnf_status)(sizeof names / sizeof *names)), "unknown") == 0,
            "what is no status is called unknown");
}

void fnf_spec(void) {
  tap_suite("fnf");
  finds_every_unclean_byte();
  names_every_status();
}
