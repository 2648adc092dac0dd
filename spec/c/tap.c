/*
 * Checks that count themselves.
 * SPDX-License-Identifier: MIT
 */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *suite = "";
static int passed, failed;

void tap_suite(const char *name) {
  suite = name;
}

static int count(int holds, const char *name, va_list values) {
  if (holds) {
    passed++;
    return 1;
  }
  failed++;
  printf("not ok - %s: ", suite);
  vprintf(name, values);
  printf("\n");
  (void)fflush(stdout);
  return 0;
}

int tap_check(int holds, const char *name, ...) {
  va_list values;
  va_start(values, name);
  int result = count(holds, name, values);
  va_end(values);
  return result;
}

static void show(const char *label, struct fnf_str text) {
  printf("  %s (%zu bytes): ", label, text.size);
  for (size_t i = 0; i < text.size && i < 600; i++)
    printf(text.data[i] < ' ' ? "\\%03o" : "%c", (unsigned char)text.data[i]);
  printf("\n");
}

int tap_same(struct fnf_str got, struct fnf_str want, const char *name, ...) {
  int same = got.size == want.size && (!got.size || memcmp(got.data, want.data, got.size) == 0);
  va_list values;
  va_start(values, name);
  (void)count(same, name, values);
  va_end(values);
  if (!same) {
    show("got", got);
    show("want", want);
  }
  return same;
}

int tap_report(void) {
  printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}

extern void __gcov_dump(void) __attribute__((weak)); /* of gcc's --coverage; `make coverage` links it */

void tap_exit(int status) {
  if (__gcov_dump)
    __gcov_dump();
  _exit(status);
}
