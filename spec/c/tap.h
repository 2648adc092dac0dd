/*
 * Checks that count themselves: all the harness the C specs need.
 * SPDX-License-Identifier: MIT
 *
 * Only what fails is printed, as "not ok - suite: name". Single-threaded.
 */
#ifndef SPEC_TAP_H
#define SPEC_TAP_H

#include "fnf.h"

/* The checks that follow belong to this suite. */
void tap_suite(const char *name);

/* Count a check; its name in the manner of printf. Returns `holds`. */
int tap_check(int holds, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* Count a check that two texts are the same, byte for byte. */
int tap_same(struct fnf_str got, struct fnf_str want, const char *name, ...) __attribute__((format(printf, 3, 4)));

/* Print the sums; the exit status of the program. */
int tap_report(void);

/* End a forked child at once, but keep what it covered, if that is counted. */
_Noreturn void tap_exit(int status);

/* The suites, one a file. */
void clock_spec(void);
void fnf_spec(void);
void buf_spec(void);
void random_spec(void);
void file_spec(void);
void process_spec(void);
void resolve_spec(void);
void sign_spec(void);
void vectors_spec(void);
void libcrypto_spec(void);
void head_spec(void);
void libcurl_spec(void);
void http_spec(void);
void transfer_spec(void);
void tls_spec(void);
void memory_pure_spec(void); /* what needs no server; memory_spec has it, too */
void memory_spec(void);

#endif
