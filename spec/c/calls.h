/*
 * Calls of the system and of libraries that fail on request.
 * SPDX-License-Identifier: MIT
 *
 * The specs are linked with --wrap for them (`wrapped` of the Makefile), so that
 * a call of the core comes by here first. Only those of the thread that asked
 * fail: the loopback server runs in others.
 *
 * `name` is the function's; "libcrypto" is any operation of it. `error` is what
 * the function fails by: errno for a system call, what it returns for the others,
 * a reason (ERR_R_...) for those of libcrypto. recv by 0 is at the end of what
 * comes; clock_gettime is so many seconds ahead.
 */
#ifndef SPEC_CALLS_H
#define SPEC_CALLS_H

/* Make the n-th call of that name from now fail, once; another name, too, may be
 * asked for, and no third. */
void calls_fail_at(const char *name, long n, int error);

/* The same for the n-th and all that follow it. */
void calls_fail_from(const char *name, long n, int error);

enum { CALLS_MANY_ADDRESSES = 1 }; /* no error of getaddrinfo: it finds the same address twenty times */

/* How many have failed since. Stops the failing. */
int calls_failed(void);

/* Whether this call of that name fails, for who wraps one more function; what it
 * fails by into *error, which may be NULL. */
int calls_fail(const char *name, int *error);

/* From now on libcurl says that it is of that version (0x075801: 7.88.1), with
 * that TLS ("OpenSSL/3.0", NULL: none), that it knows no default authorities, and
 * whether it looks names up without blocking; version 0: the truth again. */
void calls_pretend_libcurl(unsigned version, const char *tls, int has_async_names);

/* Whether the last handle that was told so is to leave signals alone. */
int calls_leaves_signals(void);

#endif
