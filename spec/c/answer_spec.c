/*
 * Specs of http.h: answers good, bad, cut, too big and missing.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "exchange.h"
#include "tap.h"

static void answers_well(void) {
  struct exchange exchange = exchange_open(0);
  struct fnf_http_answer answer = exchange_get(&exchange, "/nul");
  tap_check(answer.status == FNF_OK && answer.http_status == 200 && answer.sent, "an answer has a status");
  tap_same(answer.headers, FNF_STR("Server: spec\r\nContent-Length: 4\r\n"), "its headers are lines");
  tap_same(answer.body, FNF_STR("a\0b\0"), "its body may hold NUL");
  answer = exchange_get(&exchange, "/body/0");
  tap_check(answer.status == FNF_OK && answer.body.size == 0 && answer.body.data, "an empty body is a text");
  answer = exchange_get(&exchange, "/redirect");
  tap_check(answer.http_status == 302, "a redirect is an answer");
  tap_same(answer.body, FNF_STR("move"), "and not followed");
  answer = exchange_get(&exchange, "/gzip");
  tap_same(answer.body, FNF_STR("\x1f\x8b...!"), "a coding nobody asked for is not undone");
  answer = exchange_get(&exchange, "/interim/3");
  tap_check(answer.http_status == 200 && exchange_has(answer.headers, "Server: spec"), "the final answer counts");
  tap_check(!exchange_has(answer.headers, "Early"), "not the interim ones");
  answer = exchange_get(&exchange, "/trailer");
  tap_same(answer.body, FNF_STR("{}"), "a chunked body is joined");
  answer = exchange_get(&exchange, "/status/429");
  tap_check(answer.status == FNF_OK && answer.http_status == 429, "a refusal is an answer");
  exchange_close(&exchange);
}

/* Rows: what the server does, how that is called, whether the request left. */
static void names_failures(void) {
  static const struct {
    const char *path;
    enum fnf_status status;
  } rows[] = {{"/empty", FNF_NETWORK},
              {"/reset", FNF_NETWORK},
              {"/cut/1000", FNF_PROTOCOL},
              {"/cut-chunked", FNF_PROTOCOL},
              {"/garbage", FNF_PROTOCOL},
              {"/headers/65519", FNF_OK},
              {"/headers/65520", FNF_PROTOCOL},
              {"/headers/1000000", FNF_PROTOCOL},
              {"/long-line/60000", FNF_OK},
              {"/long-line/66000", FNF_PROTOCOL},
              {"/long-line/1000000", FNF_PROTOCOL},
              {"/interim/60", FNF_OK},
              {"/interim/70", FNF_PROTOCOL},
              {"/bare-interim/50", FNF_OK},
              {"/bare-interim/100000", FNF_PROTOCOL},
              {"/body/8388608", FNF_OK},
              {"/body/8388609", FNF_PROTOCOL},
              {"/endless/8388608", FNF_OK},
              {"/endless/8388609", FNF_PROTOCOL}};
  struct exchange exchange = exchange_open(0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct fnf_http_answer answer = exchange_get(&exchange, rows[i].path);
    tap_check(answer.status == rows[i].status, "%s is %s, not %s (%s)", rows[i].path, fnf_status_name(rows[i].status),
              fnf_status_name(answer.status), answer.message ? answer.message : "");
    tap_check(answer.sent, "%s: the request was sent", rows[i].path);
    if (answer.status == FNF_OK)
      tap_check(!answer.message && answer.http_status == 200, "%s: no message", rows[i].path);
    else
      tap_check(answer.message && answer.message[0] && !strchr(answer.message, '\n') && !answer.http_status,
                "%s: one line of message", rows[i].path);
    tap_check(exchange_get(&exchange, "/count").status == FNF_OK, "%s: the next request is well", rows[i].path);
  }
  exchange_close(&exchange);
}

static void times_out(void) {
  struct exchange exchange = exchange_open(0);
  struct fnf_http_request request = {.url = FNF_STR("/hang"), .timeout_ms = 50};
  struct fnf_http_answer answer = exchange_do(&exchange, request);
  tap_check(answer.status == FNF_TIMEOUT && answer.sent, "no answer in time, though sent");
  tap_check(exchange_get(&exchange, "/count").status == FNF_OK, "the next request is well");
  exchange_close(&exchange);
}

/* libcurl by itself would send the same bytes, the same nonce in them, over another connection. */
static void leaves_repeating_to_the_caller(void) {
  struct exchange exchange = exchange_open(0);
  tap_same(exchange_get(&exchange, "/die-after/1").body, FNF_STR("1.1"), "a connection that will be dead");
  struct fnf_http_answer answer = exchange_get(&exchange, "/die-after/1");
  tap_check(answer.status == FNF_NETWORK, "a request that the kept connection swallowed has failed");
  tap_check(answer.sent, "it may have been carried out, so it counts as sent");
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("3.1"),
           "nothing was sent over the second, opened in vain; the next request is well");
  exchange_close(&exchange);
}

static void cannot_connect(void) {
  struct exchange exchange = exchange_open(0);
  server_deafen(exchange.server);
  struct fnf_http_answer answer = exchange_get(&exchange, "/count");
  tap_check(answer.status == FNF_NETWORK && !answer.sent, "a refused connection: not sent");
  tap_check(answer.message && answer.message[0], "and said so");

  struct fnf_http_request request = {.method = FNF_STR("GET"), .timeout_ms = 5000, .connect_timeout_ms = 5000};
  static const struct {
    struct fnf_str url;
    enum fnf_status status;
  } rows[] = {{FNF_STR("http://fnf.invalid/"), FNF_NETWORK},
              {FNF_STR("ftp://127.0.0.1/"), FNF_PROTOCOL},
              {FNF_STR("file:///etc/hostname"), FNF_PROTOCOL},
              {FNF_STR("http://:0:0/"), FNF_BAD_INPUT},
              {FNF_STR("http://"), FNF_BAD_INPUT},
              {FNF_STR(""), FNF_BAD_INPUT}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t id = 0;
    request.url = rows[i].url;
    enum fnf_status status = fnf_http_start(exchange.http, &request, &id);
    if (status == FNF_OK) {
      answer = exchange_take(&exchange);
      status = answer.status;
      tap_check(!answer.sent, "'%s' is not sent", rows[i].url.data);
    }
    tap_check(status == rows[i].status, "'%s' is %s, not %s", rows[i].url.data, fnf_status_name(rows[i].status),
              fnf_status_name(status));
  }
  exchange_close(&exchange);
}

void answer_spec(void) {
  tap_suite("answer");
  answers_well();
  names_failures();
  times_out();
  leaves_repeating_to_the_caller();
  cannot_connect();
}
