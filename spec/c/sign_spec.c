/*
 * Specs of sign.h and canonical.h beyond the vectors: keys, reuse, refusals.
 * SPDX-License-Identifier: MIT
 */
#include "sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "canonical.h"
#include "tap.h"
#include "vectors.h"

static const char *const names[] = {"HMAC-SHA1", "ACS3-HMAC-SHA256", "ACS3-HMAC-SM3", "ACS3-RSA-SHA256"};

static struct fnf_str text_of(const char *text) {
  return (struct fnf_str){text, strlen(text)};
}

static void finds_algorithms(void) {
  enum fnf_algorithm algorithm;
  for (int i = 0; i < 4; i++)
    tap_check(fnf_algorithm_find(text_of(names[i]), &algorithm) && (int)algorithm == i, "%s is known", names[i]);
  tap_check(!fnf_algorithm_find(FNF_STR(""), &algorithm), "no name is no algorithm");
  tap_check(!fnf_algorithm_find(FNF_STR("hmac-sha1"), &algorithm), "case matters");
  tap_check(!fnf_algorithm_find(FNF_STR("HMAC-SHA1\0"), &algorithm), "a NUL matters");
}

static void sign_once(struct fnf_signer *signer, struct fnf_buf *out, struct fnf_str text) {
  fnf_buf_reset(out);
  (void)fnf_sign_mac(signer, out, text);
}

/* A MAC kept for reuse must begin anew each time, whatever came between. */
static void signs_again(enum fnf_algorithm algorithm) {
  struct fnf_signer *signer = NULL;
  struct fnf_buf first, second;
  fnf_buf_init(&first, 4096);
  fnf_buf_init(&second, 4096);
  (void)fnf_signer_new(&signer, algorithm, FNF_STR("secret"));
  if (tap_check(signer != NULL, "%s: a signer", names[algorithm])) {
    sign_once(signer, &first, FNF_STR("text"));
    sign_once(signer, &second, FNF_STR("another"));
    tap_check(first.size && second.size == first.size && memcmp(first.data, second.data, first.size) != 0,
              "%s: two texts have two signatures", names[algorithm]);
    (void)fnf_sign_hash(signer, &second, FNF_STR("a hash between"));
    struct fnf_buf full;
    fnf_buf_init(&full, 3);
    tap_check(fnf_sign_mac(signer, &full, FNF_STR("text")) == FNF_TOO_BIG, "%s: a full buffer is told",
              names[algorithm]);
    fnf_buf_free(&full);
    sign_once(signer, &second, FNF_STR("text"));
    tap_same(fnf_buf_str(&second), fnf_buf_str(&first), "%s: one text has one signature", names[algorithm]);
    sign_once(signer, &second, (struct fnf_str){"", 0});
    tap_check(second.size == first.size, "%s: nothing can be signed", names[algorithm]);
  }
  fnf_signer_free(signer);
  fnf_buf_free(&first);
  fnf_buf_free(&second);
}

/* OpenSSL's own HMAC is the judge of keys shorter and longer than a block. */
static void takes_any_secret(void) {
  static const size_t sizes[] = {0, 1, 62, 63, 64, 65, 66, 127, 128, 129, 4096};
  static char secret[4097];
  struct fnf_buf got, want;
  fnf_buf_init(&got, 200);
  fnf_buf_init(&want, 200);
  for (size_t i = 0; i < sizeof secret; i++)
    secret[i] = (char)(i * 7);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct fnf_signer *signer = NULL;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    (void)HMAC(EVP_sha256(), secret, (int)sizes[i], (const unsigned char *)"text", 4, mac, &size);
    fnf_buf_reset(&want);
    fnf_buf_add_hex(&want, (struct fnf_str){(char *)mac, size});
    if (fnf_signer_new(&signer, FNF_ACS3_HMAC_SHA256, (struct fnf_str){secret, sizes[i]}) == FNF_OK)
      sign_once(signer, &got, FNF_STR("text"));
    tap_same(fnf_buf_str(&got), fnf_buf_str(&want), "a secret of %zu bytes", sizes[i]);
    fnf_signer_free(signer);
  }
  fnf_buf_free(&got);
  fnf_buf_free(&want);
}

/* RPC's key is the secret and "&": the same rule around a block's end. */
static void adds_the_suffix(void) {
  static const size_t sizes[] = {0, 62, 63, 64, 65};
  static char secret[66];
  struct fnf_buf got;
  fnf_buf_init(&got, 200);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct fnf_signer *signer = NULL;
    unsigned char mac[EVP_MAX_MD_SIZE], base64[64];
    unsigned size = 0;
    memset(secret, 's', sizes[i]);
    secret[sizes[i]] = '&';
    (void)HMAC(EVP_sha1(), secret, (int)sizes[i] + 1, (const unsigned char *)"text", 4, mac, &size);
    int length = EVP_EncodeBlock(base64, mac, (int)size);
    if (fnf_signer_new(&signer, FNF_HMAC_SHA1, (struct fnf_str){secret, sizes[i]}) == FNF_OK)
      sign_once(signer, &got, FNF_STR("text"));
    tap_same(fnf_buf_str(&got), (struct fnf_str){(char *)base64, (size_t)length}, "RPC secret of %zu", sizes[i]);
    fnf_signer_free(signer);
  }
  fnf_buf_free(&got);
}

static void refuses_what_is_no_rsa_key(void) {
  static const char *const secrets[] = {"", "secret", "-----BEGIN",
                                        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
                                        "-----BEGIN PRIVATE KEY-----\nMAo=\n-----END PRIVATE KEY-----\n",
                                        /* a good key of another kind (Ed25519, all zero) */
                                        "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                        /* encrypted: nobody may be asked for a passphrase */
                                        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
                                        "AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                                        "AAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n"};
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    struct fnf_signer *signer = (struct fnf_signer *)(void *)secrets; /* whatever was there before */
    enum fnf_status status = fnf_signer_new(&signer, FNF_ACS3_RSA_SHA256, text_of(secrets[i]));
    tap_check(status == FNF_BAD_INPUT && !signer, "RSA: secret %zu is refused", i);
  }
  tap_check(ERR_peek_error() == 0, "OpenSSL's error queue stays empty");
}

/* A key is the same with and without armour, and with what tools write before it. */
static void takes_an_rsa_key_in_its_armour(void) {
  static const char *const forms[] = {"%.*s", "-----BEGIN PRIVATE KEY-----\n%.*s\n-----END PRIVATE KEY-----\n",
                                      "Bag Attributes\n-----BEGIN PRIVATE KEY-----\n%.*s\n-----END PRIVATE KEY-----"};
  struct fnf_buf first, other;
  char secret[8192];
  size_t rsa = 0;
  while (rsa + 1 < vector_count && vectors[rsa].algorithm.data[5] != 'R')
    rsa++;
  fnf_buf_init(&first, 4096);
  fnf_buf_init(&other, 4096);
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    struct fnf_signer *signer = NULL;
    struct fnf_str bare = vectors[rsa].secret;
    (void)snprintf(secret, sizeof secret, forms[i], (int)bare.size, bare.data);
    if (fnf_signer_new(&signer, FNF_ACS3_RSA_SHA256, text_of(secret)) == FNF_OK)
      sign_once(signer, i ? &other : &first, FNF_STR("text"));
    tap_check(signer != NULL, "RSA: a key is taken in form %zu", i);
    tap_same(fnf_buf_str(i ? &other : &first), fnf_buf_str(&first), "RSA: and signs as in every form");
    fnf_signer_free(signer);
  }
  fnf_buf_free(&first);
  fnf_buf_free(&other);
}

static const char wiped_key[] = "the key whose copies are counted";
static _Thread_local int wiped; /* copies of it, plain or as HMAC pads it */

void __real_OPENSSL_cleanse(void *bytes, size_t size);
void __wrap_OPENSSL_cleanse(void *bytes, size_t size);

void __wrap_OPENSSL_cleanse(void *bytes, size_t size) {
  static const unsigned char pads[] = {0, 0x36, 0x5C};
  const unsigned char *copy = bytes;
  for (size_t i = 0; i < sizeof pads && size >= sizeof wiped_key; i++) {
    size_t at = 0;
    while (at < sizeof wiped_key - 1 && copy[at] == ((unsigned char)wiped_key[at] ^ pads[i]))
      at++;
    wiped += at == sizeof wiped_key - 1;
  }
  __real_OPENSSL_cleanse(bytes, size);
}

static void wipes_each_copy_of_a_key(void) {
  struct fnf_signer *signer = NULL;
  wiped = 0;
  (void)fnf_signer_new(&signer, FNF_ACS3_HMAC_SHA256, (struct fnf_str){wiped_key, sizeof wiped_key - 1});
  tap_check(signer && wiped >= 3, "three copies of a key are wiped: it, and both as HMAC pads it (%d were)", wiped);
  fnf_signer_free(signer);
}

static void keeps_foreign_errors(void) {
  struct fnf_signer *signer = NULL;
  ERR_raise(ERR_LIB_USER, 1);
  unsigned long foreign = ERR_peek_last_error();
  (void)fnf_signer_new(&signer, FNF_ACS3_RSA_SHA256, FNF_STR("no key"));
  tap_check(foreign && ERR_peek_last_error() == foreign, "a failure leaves the host's OpenSSL errors alone");
  ERR_clear_error();
  fnf_signer_free(NULL);
}

/* Before and behind a value, each byte that is a blank to some. */
static void trims_values(void) {
  struct fnf_buf lines, signed_names;
  fnf_buf_init(&lines, 1000);
  fnf_buf_init(&signed_names, 1000);
  static const char *const values[] = {" a b ", "\ta b\t", "\ra b\r", "\na b\n", "\r\n\t a b \t\r\n"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    struct fnf_pair header = {FNF_STR("host"), text_of(values[i])};
    fnf_buf_reset(&lines);
    fnf_canonical_headers(&lines, &signed_names, &header, 1);
    tap_same(fnf_buf_str(&lines), FNF_STR("host:a b\n"), "value %zu is signed without the blanks about it", i);
  }
  fnf_buf_free(&lines);
  fnf_buf_free(&signed_names);
}

/* Names differ only in case or in a byte above 127; repeats are joined. */
static void sorts_headers(void) {
  struct fnf_pair headers[] = {{FNF_STR("X-Acs-B"), FNF_STR("2")},       {FNF_STR("x-acs-b"), FNF_STR("\n 1\t\r\n")},
                               {FNF_STR("x-acs-\xff"), FNF_STR("high")}, {FNF_STR("Accept"), FNF_STR("no")},
                               {FNF_STR("hosts"), FNF_STR("no")},        {FNF_STR("HOST"), FNF_STR("h")},
                               {FNF_STR("x-acs-"), FNF_STR("")},         {FNF_STR("X-ACS-AZ"), FNF_STR("z")},
                               {FNF_STR("date"), FNF_STR("no")},         {FNF_STR("content-types"), FNF_STR("no")},
                               {FNF_STR("x-other-name"), FNF_STR("no")}};
  struct fnf_buf lines, signed_names;
  fnf_buf_init(&lines, 1000);
  fnf_buf_init(&signed_names, 1000);
  fnf_canonical_headers(&lines, &signed_names, headers, sizeof headers / sizeof *headers);
  tap_same(fnf_buf_str(&lines), FNF_STR("host:h\nx-acs-:\nx-acs-az:z\nx-acs-b:1,2\nx-acs-\xff:high\n"), "header lines");
  tap_same(fnf_buf_str(&signed_names), FNF_STR("host;x-acs-;x-acs-az;x-acs-b;x-acs-\xff"), "header names");
  fnf_buf_reset(&lines);
  fnf_canonical_headers(&lines, &signed_names, NULL, 0);
  fnf_canonical_params(&lines, NULL, 0);
  tap_check(lines.size == 0 && lines.status == FNF_OK, "no headers and no parameters give no text");
  lines.limit = signed_names.limit = 2;
  fnf_buf_reset(&signed_names);
  fnf_canonical_headers(&lines, &signed_names, headers, 1);
  tap_check(lines.status == FNF_TOO_BIG && signed_names.status == FNF_TOO_BIG && signed_names.size == 0,
            "names that do not fit are told, and not added in part");
  fnf_buf_free(&lines);
  fnf_buf_free(&signed_names);
}

/* As the parameters of a plan must come out: those of one request, sorted as if they had all been there at once. */
static void plans_like_all_at_once(void) {
#define PARAM(name, value, is_later, place, where)                                                                     \
  {                                                                                                                    \
    .plain = {FNF_STR(name), FNF_STR(value)}, .text = FNF_STR(name "=" value), .twice = FNF_STR(name "%3D" value),     \
    .later = (is_later) ? (place) : FNF_FIXED, .in_form = (where)                                                      \
  }
  struct fnf_param params[] = {PARAM("b", "2", 0, 0, FNF_IN_QUERY), PARAM("c", "", 1, 0, FNF_IN_FORM),
                               PARAM("a", "", 1, 1, FNF_IN_QUERY), PARAM("b", "1", 0, 0, FNF_IN_FORM),
                               PARAM("aa", "", 1, 2, FNF_IN_QUERY)};
#undef PARAM
  static const struct {
    int where;
    const char *text;
  } rows[] = {{FNF_ANYWHERE, "a=x%20y&b=1&b=2&c=1"}, {FNF_IN_QUERY, "a=x%20y&b=2"}, {FNF_IN_FORM, "b=1&c=1"}};
  const struct fnf_str later[] = {FNF_STR("1"), FNF_STR("x y"), {NULL, 0}};
  size_t count = sizeof params / sizeof *params;
  struct fnf_buf out, want;
  fnf_buf_init(&out, 1000);
  fnf_buf_init(&want, 1000);
  fnf_canonical_sort(params, 0);
  fnf_canonical_planned(&out, params, 0, later, FNF_ANYWHERE);
  tap_check(out.size == 0 && out.status == FNF_OK, "a plan of nothing gives no text");
  fnf_canonical_sort(params, count);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fnf_buf_reset(&out);
    fnf_canonical_planned(&out, params, count, later, rows[i].where);
    tap_same(fnf_buf_str(&out), text_of(rows[i].text), "a plan's text, place %d", rows[i].where);
  }
  fnf_buf_reset(&out);
  fnf_canonical_planned_rpc(&out, FNF_STR("GET"), params, count, later);
  fnf_canonical_rpc(&want, FNF_STR("GET"), text_of(rows[0].text));
  tap_same(fnf_buf_str(&out), fnf_buf_str(&want), "what is signed of a plan is the encoding of its text");
  size_t before = out.size;
  fnf_canonical_planned(&out, params, count, later, FNF_IN_FORM);
  tap_check(out.size > before && out.data[before] == 'b', "what stood before it is no parameter of its own");
  fnf_buf_free(&out);
  fnf_buf_free(&want);
}

void sign_spec(void) {
  tap_suite("sign");
  finds_algorithms();
  signs_again(FNF_HMAC_SHA1);
  signs_again(FNF_ACS3_HMAC_SHA256);
  signs_again(FNF_ACS3_HMAC_SM3);
  takes_any_secret();
  adds_the_suffix();
  refuses_what_is_no_rsa_key();
  takes_an_rsa_key_in_its_armour();
  wipes_each_copy_of_a_key();
  keeps_foreign_errors();
  trims_values();
  sorts_headers();
  plans_like_all_at_once();
}
