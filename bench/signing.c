/*
 * What a signature costs beside the bare digest of the same bytes.
 * SPDX-License-Identifier: MIT
 *
 * Prints, per family: nanoseconds of the digest (fetched once, context used
 * again), of our signature, and of OpenSSL's one-shot HMAC().
 */
#define _POSIX_C_SOURCE 200809L
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "sign.h"

enum { ROUNDS = 150, TIMES = 400 };

static const char rpc_text[] =
    "GET&%2F&AccessKeyId%3DLTAI5tAbCdEfGhIjKlMnOpQr%26Action%3DDescribeMapRun%26ExecutionName%3Dexec-2026-11-23-"
    "0001%26FlowName%3Dorders-flow%26Format%3Djson%26MapRunName%3Dc39142f1345b196d678333c41f113200%26SignatureMethod%"
    "3DHMAC-SHA1%26SignatureNonce%3D6f1c0a5f9f0e4c7b8d2a3b4c5d6e7f80%26SignatureVersion%3D1.0%26Timestamp%3D2026-11-"
    "23T09%253A04%253A56Z%26Version%3D2019-03-15";

static const char acs3_text[] =
    "GET\n/\nExecutionName=exec-2026-11-23-0001&FlowName=orders-flow&MapRunName=c39142f1345b196d678333c41f113200\n"
    "host:cn-hangzhou.fnf.aliyuncs.com\nx-acs-action:DescribeMapRun\nx-acs-content-sha256:"
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nx-acs-date:2026-11-23T09:04:56Z\n"
    "x-acs-signature-nonce:6f1c0a5f9f0e4c7b8d2a3b4c5d6e7f80\nx-acs-version:2019-03-15\n\n"
    "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\n"
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* All that the three candidates work on. */
struct bench {
  struct fnf_signer *signer;
  EVP_MD *md;
  EVP_MD_CTX *context;
  struct fnf_buf out;
  const char *key;
  struct fnf_str first; /* hashed and signed; ACS3: hashed, then its hash signed */
  int is_acs3;
};

typedef void candidate(struct bench *bench);

static void digest(struct bench *bench, struct fnf_str text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!EVP_DigestInit_ex(bench->context, bench->md, NULL) || !EVP_DigestUpdate(bench->context, text.data, text.size) ||
      !EVP_DigestFinal_ex(bench->context, bytes, &size))
    abort();
}

/* As long as ACS3's string to sign: the name, LF and a hash. */
static const struct fnf_str second = {acs3_text, 81};

static void run_digest(struct bench *bench) {
  digest(bench, bench->first);
  if (bench->is_acs3)
    digest(bench, second);
}

static void run_ours(struct bench *bench) {
  fnf_buf_reset(&bench->out);
  struct fnf_str text = bench->first;
  if (bench->is_acs3) {
    (void)fnf_sign_acs3_text(bench->signer, &bench->out, bench->first);
    text = fnf_buf_str(&bench->out);
  }
  if (fnf_sign_mac(bench->signer, &bench->out, text) != FNF_OK)
    abort();
}

static void run_naive(struct bench *bench) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  struct fnf_str text = bench->is_acs3 ? second : bench->first;
  const EVP_MD *md = bench->is_acs3 ? EVP_sha256() : EVP_sha1();
  if (bench->is_acs3 && !EVP_Digest(bench->first.data, bench->first.size, bytes, &size, md, NULL))
    abort();
  if (!HMAC(md, bench->key, (int)strlen(bench->key), (const unsigned char *)text.data, text.size, bytes, &size))
    abort();
}

/* The fastest of many rounds: what the work costs when nobody disturbs it. */
static void measure(struct bench *bench, const char *name) {
  candidate *const candidates[] = {run_digest, run_ours, run_naive};
  double best[3] = {1e9, 1e9, 1e9};
  for (int round = 0; round < ROUNDS; round++)
    for (int i = 0; i < 3; i++) {
      int64_t start = fnf_clock_monotonic_ns();
      for (int n = 0; n < TIMES; n++)
        candidates[i](bench);
      double each = (double)(fnf_clock_monotonic_ns() - start) / TIMES;
      if (each < best[i])
        best[i] = each;
    }
  printf("%s %.0f %.0f %.0f\n", name, best[0], best[1], best[2]);
}

static void run(const char *name, struct fnf_str text, enum fnf_algorithm algorithm) {
  struct bench bench = {.first = text, .key = "a-secret-of-thirty-characters.", .is_acs3 = algorithm != FNF_HMAC_SHA1};
  fnf_buf_init(&bench.out, 4096);
  bench.md = EVP_MD_fetch(NULL, bench.is_acs3 ? "SHA256" : "SHA1", NULL);
  bench.context = EVP_MD_CTX_new();
  if (!bench.md || !bench.context ||
      fnf_signer_new(&bench.signer, algorithm, (struct fnf_str){bench.key, strlen(bench.key)}) != FNF_OK)
    abort();
  measure(&bench, name);
  fnf_signer_free(bench.signer);
  fnf_buf_free(&bench.out);
  EVP_MD_CTX_free(bench.context);
  EVP_MD_free(bench.md);
}

int main(void) {
  run("HMAC-SHA1", (struct fnf_str){rpc_text, sizeof rpc_text - 1}, FNF_HMAC_SHA1);
  run("ACS3-HMAC-SHA256", (struct fnf_str){acs3_text, sizeof acs3_text - 1}, FNF_ACS3_HMAC_SHA256);
  return 0;
}
