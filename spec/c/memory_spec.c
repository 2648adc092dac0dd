/*
 * Every allocation fails once: no crash, no leak, and the failure is told.
 * SPDX-License-Identifier: MIT
 */
#include "memory.h"

#include <openssl/crypto.h>
#include <string.h>

#include "canonical.h"
#include "exchange.h"
#include "sign.h"
#include "tap.h"

/* Work that allocates; FNF_OK if all of it was done. */
typedef enum fnf_status work(void);

static enum fnf_status fill_a_buffer(void) {
  struct fnf_buf buf;
  fnf_buf_init(&buf, 1 << 20);
  for (int i = 0; i < 5000; i++) {
    fnf_buf_add(&buf, FNF_STR("text"));
    fnf_buf_add_encoded(&buf, FNF_STR(" "));
    fnf_buf_add_hex(&buf, FNF_STR("x"));
  }
  enum fnf_status status = buf.status;
  fnf_buf_free(&buf);
  return status;
}

/* `status`, unless that is FNF_OK of something wrong. */
static enum fnf_status hold(enum fnf_status status, struct fnf_str got, const char *end) {
  size_t size = strlen(end);
  if (status == FNF_OK && got.size > size)
    got = (struct fnf_str){got.data + got.size - size, size};
  if (status == FNF_OK)
    tap_same(got, (struct fnf_str){end, size}, "what was done in spite of a failure is right");
  return status;
}

static enum fnf_status sign_with(enum fnf_algorithm algorithm, const char *mac) {
  struct fnf_signer *signer = NULL;
  struct fnf_buf out;
  fnf_buf_init(&out, 4096);
  enum fnf_status status = fnf_signer_new(&signer, algorithm, FNF_STR("secret"));
  if (status == FNF_OK)
    status = fnf_sign_acs3_text(signer, &out, FNF_STR("request"));
  if (status == FNF_OK)
    status = fnf_sign_mac(signer, &out, FNF_STR("text"));
  status = hold(status, fnf_buf_str(&out), mac);
  fnf_signer_free(signer);
  fnf_buf_free(&out);
  return status;
}

static enum fnf_status sign_rpc(void) {
  return sign_with(FNF_HMAC_SHA1, "CSfpxuIKEtIixxfWGODbxZ53jtA=");
}

static enum fnf_status sign_acs3(void) {
  return sign_with(FNF_ACS3_HMAC_SHA256, "2f443685592900e619f2f3b2350c3c8a5738e2e7a26bc9a244d3393c3cd6abd6");
}

/* A server that allocates in other threads, where nothing fails. */
static const struct exchange *shared;

static enum fnf_status exchange_twice(void) {
  struct fnf_http_options options = {.ca_file = "ca", .no_proxy = "*", .user_agent = "spec"};
  struct fnf_http_header header = {FNF_STR("x-acs-date"), FNF_STR("today")};
  struct fnf_http_request request = {.method = FNF_STR("POST"),
                                     .url = FNF_STR("/echo"),
                                     .headers = &header,
                                     .header_count = 1,
                                     .body = FNF_STR("a=b"),
                                     .direct = 1};
  struct exchange own = {.server = shared->server};
  enum fnf_status status = fnf_http_new(&own.http, &options);
  for (int i = 0; status == FNF_OK && i < 2; i++) {
    int64_t id = 0;
    status = exchange_send(&own, request, &id);
    while (status == FNF_OK && fnf_http_in_flight(own.http))
      fnf_http_wait(own.http, 10000);
    struct fnf_http_answer answer;
    if (status == FNF_OK && fnf_http_take(own.http, &answer))
      status = hold(answer.status, answer.body, "\r\n\r\na=b");
  }
  fnf_http_free(own.http);
  return status;
}

/* Do the work with its first, second, ... allocation failing, until none does. */
static void fails_everywhere(const char *name, work *act) {
  enum { MOST = 5000 };
  int failures = 0, silent = 0, done = 0, leaks = 0;
  for (long n = 1; n < MOST && !done; n++) {
    struct exchange exchange = exchange_open(0);
    long before = memory_in_use();
    shared = &exchange;
    memory_fail_at(n);
    enum fnf_status status = act();
    int failed = memory_has_failed();
    failures += failed;
    silent += failed && status == FNF_OK;
    leaks += memory_in_use() != before;
    done = !failed && status == FNF_OK;
    exchange_close(&exchange);
  }
  tap_check(done && failures > 0, "%s: without failures it works (%d failed)", name, failures);
  tap_check(leaks == 0, "%s: a failing allocation leaks nothing (%d of %d did)", name, leaks, failures);
  /* libcurl goes on without what it can do without. */
  tap_check(silent < failures, "%s: a failing allocation is told (%d of %d were not)", name, silent, failures);
}

void memory_spec(void) {
  tap_suite("memory");
  fails_everywhere("buf", fill_a_buffer);
  fails_everywhere("RPC signature", sign_rpc);
  fails_everywhere("ACS3 signature", sign_acs3);
  fails_everywhere("exchange", exchange_twice);
}
