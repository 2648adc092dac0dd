/*
 * Random bytes from libcrypto, in stock.
 * SPDX-License-Identifier: MIT
 */
#include "random.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

static enum fnf_status refill(struct fnf_random *random) {
  (void)ERR_set_mark();
  int done = RAND_bytes(random->stock, (int)sizeof random->stock) == 1;
  (void)ERR_pop_to_mark();
  random->forks = fnf_fork_count();
  random->left = done ? sizeof random->stock : 0;
  return done ? FNF_OK : FNF_CRYPTO;
}

enum fnf_status fnf_random_take(struct fnf_random *random, unsigned char *bytes, size_t size) {
  if (size > sizeof random->stock)
    return FNF_TOO_BIG;
  if ((random->left < size || random->forks != fnf_fork_count()) && refill(random) != FNF_OK)
    return FNF_CRYPTO;
  random->left -= size;
  memcpy(bytes, random->stock + random->left, size);
  memset(random->stock + random->left, 0, size);
  return FNF_OK;
}
