/*
 * Random bytes from libcrypto, in stock.
 * SPDX-License-Identifier: MIT
 */
#include "random.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

static enum fnf_status refill(struct fnf_random *random) {
  /* Without its default context, for which there was no memory once, libcrypto 3.0 has no generator to ask. */
  if (!OSSL_LIB_CTX_get0_global_default())
    return FNF_NO_MEMORY;
  (void)ERR_set_mark();
  int done = 0;
  for (int attempt = 0; attempt < 2 && !done; attempt++) /* the first may have lacked memory only to set itself up */
    done = RAND_bytes(random->stock, (int)sizeof random->stock) == 1;
  int is_short = !done && ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
  (void)ERR_pop_to_mark();
  random->forks = fnf_fork_count();
  random->left = done ? sizeof random->stock : 0;
  return done ? FNF_OK : is_short ? FNF_NO_MEMORY : FNF_CRYPTO;
}

enum fnf_status fnf_random_take(struct fnf_random *random, unsigned char *bytes, size_t size) {
  if (size > sizeof random->stock)
    return FNF_TOO_BIG;
  enum fnf_status status = FNF_OK;
  if (random->left < size || random->forks != fnf_fork_count())
    status = refill(random);
  if (status != FNF_OK)
    return status;
  random->left -= size;
  memcpy(bytes, random->stock + random->left, size);
  memset(random->stock + random->left, 0, size);
  return FNF_OK;
}
