/*
 * Random bytes from libcrypto, in stock.
 * SPDX-License-Identifier: MIT
 *
 * RAND_bytes asks the kernel for the process id on every call, to notice a
 * fork; a stock of bytes makes that one system call for a hundred nonces. The
 * stock is thrown away in a forked child, so no two processes share a nonce.
 */
#ifndef FNF_RANDOM_H
#define FNF_RANDOM_H

#include "fnf.h"

#pragma GCC visibility push(hidden)

struct fnf_random {
  unsigned char stock[2048];
  size_t left;    /* bytes of the stock not handed out yet */
  unsigned forks; /* fnf_fork_count when it was filled */
};

/* Zero-initialised is empty. Fill `bytes` with `size` (at most 2048) bytes
 * that were never handed out before: FNF_OK, FNF_NO_MEMORY or
 * FNF_CRYPTO. */
enum fnf_status fnf_random_take(struct fnf_random *random, unsigned char *bytes, size_t size);

#pragma GCC visibility pop

#endif
