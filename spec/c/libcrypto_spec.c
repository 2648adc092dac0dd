/*
 * Specs of sign.h where libcrypto fails: every operation of a key and of a signature once, and from there on for good.
 * SPDX-License-Identifier: MIT
 *
 * Most operations allocate nothing, so that no lack of memory reaches their failure.
 */
#include <limits.h>
#include <openssl/err.h>
#include <string.h>

#include "calls.h"
#include "memory.h"
#include "sign.h"
#include "tap.h"
#include "vectors.h"

/* A key, a hash and a signature into `out`; FNF_OK if all of it was done. */
static enum fnf_status sign_all(struct fnf_buf *out, enum fnf_algorithm algorithm, struct fnf_str secret) {
  struct fnf_signer *signer = NULL;
  enum fnf_status status = fnf_signer_new(&signer, algorithm, secret);
  if (status == FNF_OK)
    status = fnf_sign_acs3_text(signer, out, FNF_STR("request"));
  if (status == FNF_OK)
    status = fnf_sign_mac(signer, out, FNF_STR("text"));
  fnf_signer_free(signer);
  return status;
}

static void fails_everywhere(const char *name, enum fnf_algorithm algorithm, struct fnf_str secret, int for_good) {
  enum { MOST = 100 };
  struct fnf_buf want, got;
  fnf_buf_init(&want, 8192);
  fnf_buf_init(&got, 8192);
  int done = sign_all(&want, algorithm, secret) != FNF_OK, failures = 0, wrong = 0, misnamed = 0, silent = 0, left = 0,
      given_up = 0;
  for (int n = 1; n < MOST && !done; n++) {
    long before = memory_in_use();
    fnf_buf_free(&got);
    if (for_good)
      calls_fail_from("libcrypto", n, 1);
    else
      calls_fail_at("libcrypto", n, 1);
    enum fnf_status status = sign_all(&got, algorithm, secret);
    int has_failed = calls_failed() > 0;
    struct fnf_str x = fnf_buf_str(&got), y = fnf_buf_str(&want);
    failures += has_failed;
    silent += has_failed && for_good && status == FNF_OK;
    given_up += !for_good && status != FNF_OK && n > 1; /* the first is no operation, but the context of all */
    wrong += status == FNF_OK && (x.size != y.size || memcmp(x.data, y.data, x.size) != 0);
    misnamed += status != FNF_OK && status != FNF_CRYPTO && n > 1;
    fnf_buf_free(&got);
    left += memory_in_use() != before || ERR_peek_error() != 0;
    done = !has_failed;
  }
  const char *how = for_good ? "for good" : "once";
  tap_check(done && failures > 5, "%s: each operation of libcrypto fails %s (%d did)", name, how, failures);
  tap_check(!silent && !wrong, "%s: one that fails %s gives no wrong signature (%d) and is told (%d not)", name, how,
            wrong, silent);
  tap_check(!given_up, "%s: one that fails once is done again (%d were not)", name, given_up);
  tap_check(!misnamed && !left, "%s: one that fails %s is called so (%d not) and leaves nothing (%d did)", name, how,
            misnamed, left);
  fnf_buf_free(&want);
  fnf_buf_free(&got);
}

static struct fnf_str rsa_key(void) {
  size_t i = 0;
  while (i + 1 < vector_count && vectors[i].algorithm.data[5] != 'R')
    i++;
  return vectors[i].secret;
}

/* There is memory again when it is asked what failed; libcrypto's own reason tells. */
static void lacks_memory_only(void) {
  struct fnf_buf out;
  struct fnf_signer *signer = NULL;
  fnf_buf_init(&out, 8192);
  calls_fail_from("libcrypto", 2, ERR_R_MALLOC_FAILURE);
  enum fnf_status status = fnf_signer_new(&signer, FNF_HMAC_SHA1, FNF_STR("secret"));
  tap_check(calls_failed() && status == FNF_NO_MEMORY && !signer, "a key without memory is called so (%s)",
            fnf_status_name(status));
  (void)fnf_signer_new(&signer, FNF_HMAC_SHA1, FNF_STR("secret"));
  calls_fail_from("libcrypto", 1, ERR_R_MALLOC_FAILURE);
  status = fnf_sign_mac(signer, &out, FNF_STR("text"));
  tap_check(calls_failed() && status == FNF_NO_MEMORY && out.size == 0, "a signature without memory is called so");
  tap_check(ERR_peek_error() == 0, "OpenSSL's error queue stays empty");
  fnf_signer_free(signer);
  fnf_buf_free(&out);
}

void libcrypto_spec(void) {
  tap_suite("libcrypto");
  struct fnf_str longer = FNF_STR("a secret longer than a block of the hash, so that its own hash is the key");
  for (int for_good = 0; for_good <= 1; for_good++) {
    fails_everywhere("RPC", FNF_HMAC_SHA1, FNF_STR("secret"), for_good);
    fails_everywhere("RPC, a long secret", FNF_HMAC_SHA1, longer, for_good);
    fails_everywhere("ACS3", FNF_ACS3_HMAC_SHA256, FNF_STR("secret"), for_good);
    fails_everywhere("RSA", FNF_ACS3_RSA_SHA256, rsa_key(), for_good);
  }
  lacks_memory_only();
  struct fnf_signer *signer = NULL;
  struct fnf_str huge = {"only its first bytes are there to be read", (size_t)INT_MAX + 1};
  tap_check(fnf_signer_new(&signer, FNF_ACS3_RSA_SHA256, huge) == FNF_BAD_INPUT && !signer,
            "RSA: a secret longer than libcrypto takes is refused unread");
}
