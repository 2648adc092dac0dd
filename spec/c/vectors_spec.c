/*
 * Every signing vector at every stage that it gives.
 * SPDX-License-Identifier: MIT
 */
#include "vectors.h"

#include <string.h>

#include "memory.h"
#include "sign.h"
#include "tap.h"

enum { MOST_PAIRS = 256, LIMIT = 1 << 20 };

enum stage { PAYLOAD, PARAMS, NAMES, LINES, REQUEST, HASHED, TO_SIGN, SIGNATURE, AUTHORIZATION, SIGNED_QUERY, STAGES };

/* What the vectors call them; the lines are part of the request. */
static const char *const acs3_names[STAGES] = {
    [PAYLOAD] = "payload_hash",      [PARAMS] = "canonical_query",          [NAMES] = "signed_headers",
    [REQUEST] = "canonical_request", [HASHED] = "hashed_canonical_request", [TO_SIGN] = "string_to_sign",
    [SIGNATURE] = "signature",       [AUTHORIZATION] = "authorization"};
static const char *const rpc_names[STAGES] = {[PARAMS] = "canonical_params",
                                              [TO_SIGN] = "string_to_sign",
                                              [SIGNATURE] = "signature",
                                              [SIGNED_QUERY] = "signed_query"};

/* Append pairs whose every text ends at an unreadable page. */
static size_t copy_pairs(struct fnf_pair *out, size_t count, struct vector_pairs from) {
  for (size_t i = 0; i < from.count && count < MOST_PAIRS; i++)
    out[count++] = (struct fnf_pair){memory_before_wall(from.pairs[i].name), memory_before_wall(from.pairs[i].value)};
  return count;
}

static void run_rpc(const struct vector *vector, struct fnf_signer *signer, struct fnf_buf *out) {
  struct fnf_pair pairs[MOST_PAIRS];
  size_t count = copy_pairs(pairs, 0, vector->query);
  count = copy_pairs(pairs, count, vector->form);
  fnf_canonical_params(&out[PARAMS], pairs, count);
  fnf_canonical_rpc(&out[TO_SIGN], vector->method, fnf_buf_str(&out[PARAMS]));
  (void)fnf_sign_mac(signer, &out[SIGNATURE], fnf_buf_str(&out[TO_SIGN]));
  fnf_buf_add(&out[SIGNED_QUERY], fnf_buf_str(&out[PARAMS]));
  fnf_buf_add(&out[SIGNED_QUERY], FNF_STR("&Signature="));
  fnf_buf_add_encoded(&out[SIGNED_QUERY], fnf_buf_str(&out[SIGNATURE]));
}

static void authorize(const struct vector *vector, struct fnf_signer *signer, struct fnf_buf *out) {
  struct fnf_buf *line = &out[AUTHORIZATION];
  fnf_buf_add(line, fnf_signer_name(signer));
  fnf_buf_add(line, FNF_STR(" Credential="));
  fnf_buf_add(line, vector->access_key_id);
  fnf_buf_add(line, FNF_STR(",SignedHeaders="));
  fnf_buf_add(line, fnf_buf_str(&out[NAMES]));
  fnf_buf_add(line, FNF_STR(",Signature="));
  fnf_buf_add(line, fnf_buf_str(&out[SIGNATURE]));
}

static void run_acs3(const struct vector *vector, struct fnf_signer *signer, struct fnf_buf *out) {
  struct fnf_pair pairs[MOST_PAIRS];
  fnf_canonical_params(&out[PARAMS], pairs, copy_pairs(pairs, 0, vector->query));
  fnf_canonical_headers(&out[LINES], &out[NAMES], pairs, copy_pairs(pairs, 0, vector->headers));
  (void)fnf_sign_hash(signer, &out[PAYLOAD], memory_before_wall(vector->body));
  struct fnf_acs3 parts = {vector->method, fnf_buf_str(&out[PARAMS]), fnf_buf_str(&out[LINES]),
                           fnf_buf_str(&out[NAMES]), fnf_buf_str(&out[PAYLOAD])};
  fnf_canonical_acs3(&out[REQUEST], &parts);
  (void)fnf_sign_hash(signer, &out[HASHED], fnf_buf_str(&out[REQUEST]));
  (void)fnf_sign_acs3_text(signer, &out[TO_SIGN], fnf_buf_str(&out[REQUEST]));
  (void)fnf_sign_mac(signer, &out[SIGNATURE], fnf_buf_str(&out[TO_SIGN]));
  authorize(vector, signer, out);
}

static void compare(const struct vector *vector, const char *const *names, const struct fnf_buf *out) {
  for (size_t i = 0; i < vector->expected.count; i++) {
    struct fnf_pair want = vector->expected.pairs[i];
    int stage = 0;
    while (stage < STAGES && (!names[stage] || strcmp(names[stage], want.name.data) != 0))
      stage++;
    if (tap_check(stage < STAGES, "%s: stage %s is known", vector->id.data, want.name.data))
      tap_same(fnf_buf_str(&out[stage]), want.value, "%s: %s", vector->id.data, want.name.data);
  }
}

static void run(const struct vector *vector) {
  struct fnf_buf out[STAGES];
  struct fnf_signer *signer = NULL;
  enum fnf_algorithm algorithm = FNF_HMAC_SHA1;
  for (int i = 0; i < STAGES; i++)
    fnf_buf_init(&out[i], LIMIT);
  int found = fnf_algorithm_find(vector->algorithm, &algorithm);
  enum fnf_status status = fnf_signer_new(&signer, algorithm, memory_before_wall(vector->secret));
  if (tap_check(found && status == FNF_OK, "%s: a signer for its key", vector->id.data)) {
    tap_same(fnf_signer_name(signer), vector->algorithm, "%s: the algorithm's name", vector->id.data);
    (algorithm == FNF_HMAC_SHA1 ? run_rpc : run_acs3)(vector, signer, out);
    compare(vector, algorithm == FNF_HMAC_SHA1 ? rpc_names : acs3_names, out);
  }
  for (int i = 0; i < STAGES; i++)
    fnf_buf_free(&out[i]);
  fnf_signer_free(signer);
}

void vectors_spec(void) {
  tap_suite("vectors");
  tap_check(vector_count == 65, "all 65 vectors are here");
  for (size_t i = 0; i < vector_count; i++)
    run(&vectors[i]);
}
