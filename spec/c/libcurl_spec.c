/*
 * Specs of http.h where libcurl or the system fails: each call of a kind once, and what it is called then.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* fork */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "exchange.h"
#include "memory.h"
#include "tap.h"
#include "transfer.h"

/* Before any other pool: what has begun does not begin again. */
static void begins_without_libcurl(void) {
  static const struct {
    const char *call;
    int error;
  } rows[] = {{"pthread_mutex_lock", EINVAL}, {"curl_global_init", CURLE_FAILED_INIT}};
  const struct fnf_http_options options = {.no_proxy = "*"};
  struct fnf_http *http = NULL;
  long before = memory_in_use();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    calls_fail_at(rows[i].call, 1, rows[i].error);
    enum fnf_status status = fnf_http_new(&http, &options);
    tap_check(calls_failed() == 1 && status == FNF_UNSUPPORTED && !http && memory_in_use() == before,
              "%s failing: no pool, which is %s", rows[i].call, fnf_status_name(status));
  }
  tap_check(fnf_http_new(&http, &options) == FNF_OK && http, "the next pool begins anew");
  fnf_http_free(http);
}

/* A new pool's first exchange, with a call failing at the n-th. */
static enum fnf_status exchange_with(const struct exchange *exchange, const char *method, long n, int error,
                                     int *failed) {
  struct exchange own = {.server = exchange->server};
  struct fnf_http_request request = {.method = {method, strlen(method)}, .url = FNF_STR("/count")};
  const struct fnf_http_options options = {.no_proxy = "*"};
  int64_t id = 0;
  if (fnf_http_new(&own.http, &options) != FNF_OK)
    return FNF_SYSTEM;
  calls_fail_at("curl_easy_setopt", n, error);
  enum fnf_status status = exchange_send(&own, request, &id);
  *failed = calls_failed();
  if (status == FNF_OK)
    status = exchange_take(&own).status;
  else if (fnf_http_in_flight(own.http) || exchange_get(&own, "/count").status != FNF_OK)
    status = FNF_SYSTEM; /* what failed must be gone, and the next be well */
  fnf_http_free(own.http);
  return status;
}

static void fails_at_every_option(const char *method) {
  static const struct {
    int error;
    enum fnf_status of_handle;
  } rows[] = {{CURLE_OUT_OF_MEMORY, FNF_NO_MEMORY}, {CURLE_UNKNOWN_OPTION, FNF_UNSUPPORTED}};
  struct exchange exchange = exchange_open(0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    enum { MOST = 100 };
    long before = memory_in_use(), n = 0;
    int failed = 1, as_told = 0, of_handle = 0;
    while (failed && ++n < MOST) {
      enum fnf_status status = exchange_with(&exchange, method, n, rows[i].error, &failed);
      as_told += status == (failed ? FNF_NO_MEMORY : FNF_OK);
      of_handle += failed && status == FNF_UNSUPPORTED;
    }
    tap_check(n > 30 && n < MOST && as_told + of_handle == n, "%s: each of %ld options that fails is told (%d)", method,
              n - 1, as_told);
    tap_check((of_handle > 20) == (rows[i].of_handle == FNF_UNSUPPORTED),
              "%s: those of a new handle that this libcurl lacks are called so (%d)", method, of_handle);
    tap_check(memory_in_use() == before, "%s: an option that fails leaks nothing", method);
  }
  exchange_close(&exchange);
}

/* libcurl's loop: what it cannot go on with ends, and the pool with it does not. */
static void ends_what_cannot_go_on(void) {
  static const struct {
    const char *call;
    int error;
  } rows[] = {{"curl_multi_perform", CURLM_OUT_OF_MEMORY}, {"curl_multi_poll", CURLM_OUT_OF_MEMORY}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct exchange exchange = exchange_open(0);
    struct fnf_http_answer answer;
    int64_t ended = exchange_start(&exchange, "/count"), cancelled = 0, hanging = 0;
    while (fnf_http_in_flight(exchange.http))
      fnf_http_wait(exchange.http, 1000);
    cancelled = exchange_start(&exchange, "/hang");
    hanging = exchange_start(&exchange, "/hang");
    fnf_http_cancel(exchange.http, cancelled);
    (void)fnf_http_take(exchange.http, &answer);
    tap_check(answer.id == ended && answer.status == FNF_OK, "one has ended, one is cancelled, one hangs");
    calls_fail_at(rows[i].call, 1, rows[i].error);
    fnf_http_wait(exchange.http, 1000);
    int failed = calls_failed();
    tap_check(failed == 1 && fnf_http_in_flight(exchange.http) == 0, "%s failing leaves none in flight", rows[i].call);
    tap_check(fnf_http_take(exchange.http, &answer) && answer.id == hanging && answer.status == FNF_NO_MEMORY,
              "%s failing ends the one that hung, as no memory", rows[i].call);
    tap_check(!fnf_http_take(exchange.http, &answer), "%s failing ends no other", rows[i].call);
    tap_check(exchange_get(&exchange, "/count").status == FNF_OK, "%s failing: the next is well", rows[i].call);
    exchange_close(&exchange);
  }
}

static void cannot_begin(void) {
  struct exchange exchange = exchange_open(0);
  int64_t id = 0;
  struct fnf_http_request request = {.url = FNF_STR("/count")};
  calls_fail_at("curl_multi_add_handle", 1, CURLM_OUT_OF_MEMORY);
  enum fnf_status status = exchange_send(&exchange, request, &id);
  tap_check(calls_failed() == 1 && status == FNF_NO_MEMORY && id == 0 && fnf_http_in_flight(exchange.http) == 0,
            "a transfer that libcurl does not take is not in flight");
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.1"), "the next is well");
  exchange_close(&exchange);
}

/* A kept connection is no good, and then libcurl is neither. */
static void cannot_begin_again(void) {
  static const struct {
    const char *call;
    long n;
    int error;
  } rows[] = {{"curl_easy_setopt", 1, CURLE_OUT_OF_MEMORY},
              {"curl_easy_setopt", 2, CURLE_OUT_OF_MEMORY},
              {"curl_multi_add_handle", 1, CURLM_OUT_OF_MEMORY}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct exchange exchange = exchange_open(1);
    (void)exchange_get(&exchange, "/count");
    (void)exchange_start(&exchange, "/count");
    calls_fail_at("recv", 1, ECONNRESET);
    calls_fail_at(rows[i].call, rows[i].n, rows[i].error);
    struct fnf_http_answer answer = exchange_take(&exchange);
    tap_check(calls_failed() == 2 && answer.status == FNF_NO_MEMORY && !answer.sent,
              "%s failing (%ld) where it begins again is %s, and nothing was sent", rows[i].call, rows[i].n,
              fnf_status_name(answer.status));
    tap_check(exchange_get(&exchange, "/count").status == FNF_OK, "%s failing: the next is well", rows[i].call);
    exchange_close(&exchange);
  }
}

/* ---- the system ---- */

/* What is not known of a connection is not looked at; the request leaves all the same. */
static void sends_without_a_look(void) {
  static const struct {
    const char *call;
    int error;
  } rows[] = {{"getsockname", ENOBUFS}, {"getpeername", ENOTCONN}, {"inet_ntop", ENOSPC}, {"getsockopt", ENOPROTOOPT}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct exchange exchange = exchange_open(0);
    calls_fail_from(rows[i].call, 1, rows[i].error);
    struct fnf_http_answer first = exchange_get(&exchange, "/count");
    tap_same(first.body, FNF_STR("1.1"), "%s failing: an answer", rows[i].call);
    tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.2"), "%s failing: and one more", rows[i].call);
    tap_check(calls_failed() > 1, "%s was asked", rows[i].call);
    tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.3"), "%s no longer failing: again", rows[i].call);
    exchange_close(&exchange);
  }
}

/* How much came tells half a head from nothing; a system that does not say leaves it at nothing. */
static void judges_without_a_count(void) {
  static const struct {
    long n;
    int error;
    enum fnf_status status;
  } rows[] = {{0, 0, FNF_PROTOCOL}, /* it is counted as the request leaves, and as the connection ends */
              {1, ENOPROTOOPT, FNF_NETWORK},
              {2, ENOPROTOOPT, FNF_NETWORK},
              {1, 0, FNF_NETWORK}}; /* a system that knows less of a connection */
  struct exchange exchange = exchange_open(0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].n)
      calls_fail_at("getsockopt", rows[i].n, rows[i].error);
    struct fnf_http_answer answer = exchange_get(&exchange, "/cut-head/5");
    tap_check(calls_failed() == (rows[i].n > 0) && answer.status == rows[i].status && answer.sent,
              "row %zu: five bytes of a head are %s, not %s", i, fnf_status_name(rows[i].status),
              fnf_status_name(answer.status));
  }
  exchange_close(&exchange);
}

static void looks_again_after_a_signal(void) {
  static const struct {
    int error;
    const char *answer;
  } rows[] = {{EINTR, "1.2"}, {EAGAIN, "1.2"}, {ECONNRESET, "2.1"}, {0, "2.1"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct exchange exchange = exchange_open(0);
    (void)exchange_get(&exchange, "/count");
    calls_fail_at("recv", 1, rows[i].error);
    struct fnf_str body = exchange_get(&exchange, "/count").body;
    tap_check(calls_failed() == 1, "a kept connection is looked at");
    tap_same(body, (struct fnf_str){rows[i].answer, strlen(rows[i].answer)}, "a look that ends by errno %d",
             rows[i].error);
    exchange_close(&exchange);
  }
}

/* ---- other versions of libcurl ---- */

static void renews_what_frees_twice(void) {
  static const struct {
    unsigned version;
    int is_renewed;
  } rows[] = {{0x0752ff, 0}, {0x075300, 1}, {0x080100, 1}, {0x080101, 0}};
  enum { MORE_THAN_A_LOAD = 25 }; /* options; a new handle has as many and more */
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct exchange exchange = exchange_open(0);
    struct fnf_http_request request = {.url = FNF_STR("/count")};
    int64_t id = 0;
    calls_pretend_libcurl(rows[i].version, NULL, 1);
    tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.1"), "libcurl %x: an answer", rows[i].version);
    calls_fail_at("curl_easy_setopt", MORE_THAN_A_LOAD, CURLE_OUT_OF_MEMORY);
    enum fnf_status status = exchange_send(&exchange, request, &id);
    int failed = calls_failed();
    tap_check(failed == rows[i].is_renewed && status == (failed ? FNF_NO_MEMORY : FNF_OK),
              "libcurl %x: a used handle is %s", rows[i].version, rows[i].is_renewed ? "made anew" : "used again");
    if (status == FNF_OK)
      tap_same(exchange_take(&exchange).body, FNF_STR("1.2"), "libcurl %x: an answer of it", rows[i].version);
    calls_pretend_libcurl(0, NULL, 1);
    tap_check(exchange_get(&exchange, "/count").status == FNF_OK, "libcurl %x: the next is well", rows[i].version);
    tap_check(server_connections(exchange.server) == 1, "libcurl %x: on the same connection", rows[i].version);
    exchange_close(&exchange);
  }
}

static void knows_no_authorities(void) {
  struct fnf_authorities found;
  calls_pretend_libcurl(0x074000, NULL, 1);
  found = fnf_transfer_authorities(NULL);
  tap_check(!found.file && !found.directory, "a libcurl that names no authorities is left its own");
  found = fnf_transfer_authorities("bundle");
  tap_check(found.file && strcmp(found.file, "bundle") == 0 && !found.directory, "a bundle that is given goes before");
  calls_pretend_libcurl(0, NULL, 1);
}

static void leaves_signals_alone_where_none_can_come(void) {
  static const struct {
    unsigned version;
    const char *tls;
    int has_async_names, is_left;
  } rows[] = {
      {0x075800, "OpenSSL/3.0.8", 1, 1},        {0x080e01, "GnuTLS/3.8.9", 1, 1},
      {0x0757ff, "OpenSSL/3.0.8", 1, 0},        {0x0757ff, "GnuTLS/3.7.9", 1, 0},
      {0x075801, "NSS/3.87.1", 1, 0},           {0x080001, "wolfSSL/5.6.0", 1, 0},
      {0x075801, "(OpenSSL/3) NSS/3.87", 1, 0}, {0x075801, NULL, 1, 0},
      {0x074a00, "OpenSSL/1.1.1n", 0, 1}, /* by SIGALRM it would end the look-up of a name */
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct exchange exchange = exchange_open(0);
    calls_pretend_libcurl(rows[i].version, rows[i].tls, rows[i].has_async_names);
    tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.1"), "libcurl %x, %s: an answer", rows[i].version,
             rows[i].tls ? rows[i].tls : "no TLS");
    calls_pretend_libcurl(0, NULL, 1);
    tap_check(calls_leaves_signals() == rows[i].is_left, "libcurl %x, %s: signals are %s", rows[i].version,
              rows[i].tls ? rows[i].tls : "no TLS", rows[i].is_left ? "left alone" : "kept away");
    exchange_close(&exchange);
  }
}

static void tells_its_versions(void) {
  struct fnf_http_versions versions = fnf_http_versions();
  tap_check(strcmp(versions.libcurl, curl_version_info(CURLVERSION_NOW)->version) == 0 && strcmp(versions.tls, "none"),
            "libcurl %s does TLS by %s", versions.libcurl, versions.tls);
  calls_pretend_libcurl(0x075801, NULL, 1);
  versions = fnf_http_versions();
  calls_pretend_libcurl(0, NULL, 1);
  tap_check(strcmp(versions.tls, "none") == 0, "one without TLS says so");
}

/* ---- a child without memory ---- */

static void adopts_later(void) {
  struct exchange exchange = exchange_open(0), other = {.server = exchange.server};
  const struct fnf_http_options options = {.no_proxy = "*"};
  (void)exchange_get(&exchange, "/count");
  if (!tap_check(fnf_http_new(&other.http, &options) == FNF_OK, "two pools"))
    return;
  int code = 0;
  pid_t child = fork();
  if (child == 0) {
    struct fnf_http *const pools[] = {exchange.http, other.http};
    struct fnf_http_request request = {.url = FNF_STR("/count")};
    struct fnf_http_times times;
    int64_t id = 0;
    int good = !fnf_http_times(exchange.http, &times);
    memory_fail_from(1);
    good = good && exchange_send(&exchange, request, &id) == FNF_NO_MEMORY && id == 0;
    fnf_http_wait_all(pools, 2, 1000); /* neither can begin: it must not wait for them */
    good = good && memory_has_failed();
    good = good && exchange_has(exchange_get(&exchange, "/count").body, "2.1"); /* there is memory again */
    memory_fail_from(1);
    fnf_http_wait_all(pools, 2, 1); /* the first can, the second cannot */
    good = good && memory_has_failed() && exchange_has(exchange_get(&other, "/count").body, "3.1");
    fnf_http_free(exchange.http);
    fnf_http_free(other.http);
    tap_exit(good ? 0 : 1);
  }
  (void)waitpid(child, &code, 0);
  tap_check(child > 0 && code == 0, "a child without memory begins as soon as there is some (%x)", (unsigned)code);
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.2"), "the parent's connection is as good as before");
  fnf_http_free(other.http);
  exchange_close(&exchange);
}

void libcurl_spec(void) {
  tap_suite("libcurl");
  begins_without_libcurl();
  fails_at_every_option("GET");
  fails_at_every_option("POST");
  ends_what_cannot_go_on();
  cannot_begin();
  cannot_begin_again();
  sends_without_a_look();
  judges_without_a_count();
  looks_again_after_a_signal();
  renews_what_frees_twice();
  knows_no_authorities();
  leaves_signals_alone_where_none_can_come();
  tells_its_versions();
  adopts_later();
}
