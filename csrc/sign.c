/*
 * Keys, hashes and signatures over libcrypto.
 * SPDX-License-Identifier: MIT
 */
#include "sign.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "fnf needs OpenSSL 3 or newer: what is found here is older, or not OpenSSL (LibreSSL, say)"
#endif

struct fnf_signer {
  enum fnf_algorithm algorithm;
  EVP_MD *md;                /* fetched once: a one-shot call would fetch every time */
  EVP_MD_CTX *hashing;       /* reused by every hash and signature */
  EVP_MD_CTX *inner, *outer; /* HMAC's midstates: the hash of the padded key; NULL for RSA */
  EVP_PKEY *rsa;             /* NULL but for RSA */
};

static const struct {
  struct fnf_str name;
  const char *md;
} algorithms[] = {
    [FNF_HMAC_SHA1] = {{"HMAC-SHA1", 9}, "SHA1"},
    [FNF_ACS3_HMAC_SHA256] = {{"ACS3-HMAC-SHA256", 16}, "SHA256"},
    [FNF_ACS3_HMAC_SM3] = {{"ACS3-HMAC-SM3", 13}, "SM3"},
    [FNF_ACS3_RSA_SHA256] = {{"ACS3-RSA-SHA256", 15}, "SHA256"},
};

int fnf_algorithm_find(struct fnf_str name, enum fnf_algorithm *algorithm) {
  for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
    struct fnf_str known = algorithms[i].name;
    if (known.size == name.size && memcmp(known.data, name.data, name.size) == 0) {
      *algorithm = (enum fnf_algorithm)i;
      return 1;
    }
  }
  return 0;
}

struct fnf_str fnf_signer_name(const struct fnf_signer *signer) {
  return algorithms[signer->algorithm].name;
}

/* ---- memory ---- */

enum { PROBE = 64 * 1024 };

/* libcrypto has many names for a lack of memory: an algorithm it does not find,
 * a key it cannot read, an operation that fails. So what failed by one of them
 * is tried once more, and what fails twice is named by what is left. */
static int is_doubtful(enum fnf_status status) {
  return status == FNF_UNSUPPORTED || status == FNF_BAD_INPUT || status == FNF_CRYPTO;
}

static enum fnf_status name_failure(enum fnf_status status) {
  if (!is_doubtful(status))
    return status;
  void *probe = OPENSSL_malloc(PROBE);
  int is_short = !probe || ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
  OPENSSL_free(probe);
  return is_short ? FNF_NO_MEMORY : status;
}

/* ---- keys ---- */

enum { BLOCK = 64 /* of all three hashes */ };

static int load_midstate(EVP_MD_CTX *state, const EVP_MD *md, const unsigned char *key, unsigned char pad) {
  unsigned char block[BLOCK];
  for (size_t i = 0; i < sizeof block; i++)
    block[i] = key[i] ^ pad;
  int done = EVP_DigestInit_ex(state, md, NULL) && EVP_DigestUpdate(state, block, sizeof block);
  OPENSSL_cleanse(block, sizeof block);
  return done;
}

/* By hand (RFC 2104): EVP_MAC takes a third more for the same, and up to
 * OpenSSL 3.0.2 does not begin anew with the key it has. */
static enum fnf_status load_hmac(struct fnf_signer *signer, struct fnf_str secret) {
  const struct fnf_str suffix = {"&", signer->algorithm == FNF_HMAC_SHA1};
  unsigned char key[BLOCK] = {0};
  signer->inner = EVP_MD_CTX_new();
  signer->outer = EVP_MD_CTX_new();
  if (!signer->inner || !signer->outer)
    return FNF_NO_MEMORY;
  int done = 1;
  if (secret.size > sizeof key - suffix.size) {
    done = EVP_DigestInit_ex(signer->hashing, signer->md, NULL) &&
           EVP_DigestUpdate(signer->hashing, secret.data, secret.size) &&
           EVP_DigestUpdate(signer->hashing, suffix.data, suffix.size) &&
           EVP_DigestFinal_ex(signer->hashing, key, NULL);
  } else {
    if (secret.size)
      memcpy(key, secret.data, secret.size);
    memcpy(key + secret.size, suffix.data, suffix.size);
  }
  done = done && load_midstate(signer->inner, signer->md, key, 0x36) &&
         load_midstate(signer->outer, signer->md, key, 0x5C);
  OPENSSL_cleanse(key, sizeof key);
  return done ? FNF_OK : FNF_CRYPTO;
}

static enum fnf_status load_rsa(struct fnf_signer *signer, struct fnf_str secret) {
  static const char armour[] = "-----BEGIN PRIVATE KEY-----\n", end[] = "\n-----END PRIVATE KEY-----\n";
  if (secret.size > INT_MAX)
    return FNF_BAD_INPUT;
  int armoured = secret.size && memchr(secret.data, '-', secret.size); /* which Base64 has not */
  BIO *pem = BIO_new(BIO_s_secmem());
  if (!pem)
    return FNF_NO_MEMORY;
  if (!armoured)
    (void)BIO_puts(pem, armour);
  (void)BIO_write(pem, secret.data, (int)secret.size);
  if (!armoured)
    (void)BIO_puts(pem, end);
  /* An empty passphrase, so that an encrypted key fails and nobody is asked at the terminal. */
  signer->rsa = PEM_read_bio_PrivateKey(pem, NULL, NULL, (void *)"");
  BIO_free(pem);
  return signer->rsa && EVP_PKEY_is_a(signer->rsa, "RSA") ? FNF_OK : FNF_BAD_INPUT;
}

static enum fnf_status make_signer(struct fnf_signer **out, enum fnf_algorithm algorithm, struct fnf_str secret) {
  enum fnf_status status = FNF_NO_MEMORY;
  struct fnf_signer *signer = calloc(1, sizeof *signer);
  if (!signer)
    return status;
  signer->algorithm = algorithm;
  signer->hashing = EVP_MD_CTX_new();
  signer->md = EVP_MD_fetch(NULL, algorithms[algorithm].md, NULL);
  if (!signer->md)
    status = FNF_UNSUPPORTED;
  else if (signer->hashing)
    status = algorithm == FNF_ACS3_RSA_SHA256 ? load_rsa(signer, secret) : load_hmac(signer, secret);
  if (status == FNF_OK)
    *out = signer;
  else
    fnf_signer_free(signer);
  return status;
}

enum fnf_status fnf_signer_new(struct fnf_signer **out, enum fnf_algorithm algorithm, struct fnf_str secret) {
  *out = NULL;
  /* Without its default context, for which there was no memory once, libcrypto 3.0 crashes in the next fetch. */
  if (!OSSL_LIB_CTX_get0_global_default())
    return FNF_NO_MEMORY;
  (void)ERR_set_mark();
  enum fnf_status status = make_signer(out, algorithm, secret);
  if (is_doubtful(status))
    status = make_signer(out, algorithm, secret);
  status = name_failure(status);
  (void)ERR_pop_to_mark();
  return status;
}

void fnf_signer_free(struct fnf_signer *signer) {
  if (!signer)
    return;
  EVP_PKEY_free(signer->rsa);
  EVP_MD_CTX_free(signer->inner);
  EVP_MD_CTX_free(signer->outer);
  EVP_MD_CTX_free(signer->hashing);
  EVP_MD_free(signer->md);
  free(signer);
}

/* ---- hashes and signatures ---- */

static int hash_raw(struct fnf_signer *signer, unsigned char *digest, unsigned *size, struct fnf_str bytes) {
  return EVP_DigestInit_ex(signer->hashing, signer->md, NULL) &&
         EVP_DigestUpdate(signer->hashing, bytes.data, bytes.size) && EVP_DigestFinal_ex(signer->hashing, digest, size);
}

enum fnf_status fnf_sign_hash(struct fnf_signer *signer, struct fnf_buf *out, struct fnf_str bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  (void)ERR_set_mark();
  int done = 0;
  for (int attempt = 0; attempt < 2 && !done; attempt++)
    done = hash_raw(signer, digest, &size, bytes);
  enum fnf_status status = done ? FNF_OK : name_failure(FNF_CRYPTO);
  (void)ERR_pop_to_mark();
  if (status != FNF_OK)
    return status;
  fnf_buf_add_hex(out, (struct fnf_str){(char *)digest, size});
  return out->status;
}

enum fnf_status fnf_sign_acs3_text(struct fnf_signer *signer, struct fnf_buf *out, struct fnf_str request) {
  fnf_buf_add(out, fnf_signer_name(signer));
  fnf_buf_add_char(out, '\n');
  return fnf_sign_hash(signer, out, request);
}

static int sign_rsa(struct fnf_signer *signer, unsigned char *bytes, size_t *size, struct fnf_str text) {
  int done = EVP_DigestSignInit(signer->hashing, NULL, signer->md, NULL, signer->rsa) == 1 &&
             EVP_DigestSign(signer->hashing, bytes, size, (const unsigned char *)text.data, text.size) == 1;
  (void)EVP_MD_CTX_reset(signer->hashing);
  return done;
}

/* The raw signature into `bytes`, which holds *size; its length into *size. */
static int sign_raw(struct fnf_signer *signer, unsigned char *bytes, size_t *size, struct fnf_str text) {
  if (signer->rsa)
    return sign_rsa(signer, bytes, size, text);
  unsigned length = 0;
  int done =
      EVP_MD_CTX_copy_ex(signer->hashing, signer->inner) && EVP_DigestUpdate(signer->hashing, text.data, text.size) &&
      EVP_DigestFinal_ex(signer->hashing, bytes, &length) && EVP_MD_CTX_copy_ex(signer->hashing, signer->outer) &&
      EVP_DigestUpdate(signer->hashing, bytes, length) && EVP_DigestFinal_ex(signer->hashing, bytes, &length);
  *size = length;
  return done;
}

enum fnf_status fnf_sign_mac(struct fnf_signer *signer, struct fnf_buf *out, struct fnf_str text) {
  unsigned char bytes[1024]; /* RSA of 8192 bits */
  unsigned char base64[EVP_MAX_MD_SIZE * 2];
  size_t size = sizeof bytes;
  (void)ERR_set_mark();
  int done = sign_raw(signer, bytes, &size, text);
  if (!done) {
    size = sizeof bytes;
    done = sign_raw(signer, bytes, &size, text);
  }
  enum fnf_status status = done ? FNF_OK : name_failure(FNF_CRYPTO);
  (void)ERR_pop_to_mark();
  if (status != FNF_OK)
    return status;
  if (signer->algorithm == FNF_HMAC_SHA1) {
    int length = EVP_EncodeBlock(base64, bytes, (int)size);
    fnf_buf_add(out, (struct fnf_str){(char *)base64, (size_t)length});
  } else {
    fnf_buf_add_hex(out, (struct fnf_str){(char *)bytes, size});
  }
  return out->status;
}
