/*
 * Specs of transfer.h, through the pool: the bytes that leave and those that must not; answers good, bad, cut, too
 * big and missing; where certificate authorities are looked for. One subject: what one exchange does.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exchange.h"
#include "memory.h"
#include "tap.h"

/* ---- requests ---- */

static struct fnf_http_request request_of(const char *method, const char *path, const char *body) {
  struct fnf_http_request request = {.method = {method, strlen(method)}, .url = {path, strlen(path)}};
  if (body)
    request.body = (struct fnf_str){body, strlen(body)};
  return request;
}

/* Whether the request as the server saw it begins and ends like that. */
static void sends(const struct exchange *exchange, struct fnf_http_request request, const char *line, const char *end) {
  struct fnf_str echo = exchange_do(exchange, request).body;
  size_t first = strlen(line), last = strlen(end);
  int method_size = (int)request.method.size;
  tap_check(echo.size > first && memcmp(echo.data, line, first) == 0, "%.*s: the line is %s", method_size,
            request.method.data, line);
  tap_check(echo.size > last && memcmp(echo.data + echo.size - last, end, last) == 0, "%.*s: the end is right",
            method_size, request.method.data);
}

/* Nothing of one request may show in the next on the same handle. */
static void changes_methods_on_one_handle(void) {
  static const struct {
    const char *method, *body, *line, *end;
  } rows[] = {{"GET", NULL, "GET /echo HTTP/1.1\r\n", "\r\n\r\n"},
              {"PUT", "put=1", "PUT /echo HTTP/1.1\r\n", "\r\n\r\nput=1"},
              {"GET", NULL, "GET /echo HTTP/1.1\r\n", "\r\n\r\n"},
              {"POST", "post=1", "POST /echo HTTP/1.1\r\n", "\r\n\r\npost=1"},
              {"DELETE", NULL, "DELETE /echo HTTP/1.1\r\n", "\r\n\r\n"},
              {"POST", "", "POST /echo HTTP/1.1\r\n", "\r\n\r\n"},
              {"POST", NULL, "POST /echo HTTP/1.1\r\n", "\r\n\r\n"},
              {"GET", "", "GET /echo HTTP/1.1\r\n", "\r\n\r\n"},
              {"PUT", "", "PUT /echo HTTP/1.1\r\n", "\r\n\r\n"},
              {"GET", "odd", "GET /echo HTTP/1.1\r\n", "\r\n\r\nodd"},
              {"GET", NULL, "GET /echo HTTP/1.1\r\n", "\r\n\r\n"}};
  struct exchange exchange = exchange_open(0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    sends(&exchange, request_of(rows[i].method, "/echo", rows[i].body), rows[i].line, rows[i].end);
  struct fnf_str echo = exchange_do(&exchange, request_of("GET", "/echo", NULL)).body;
  tap_check(!exchange_has(echo, "ontent-"), "a GET without a body tells no length and no type of it");
  echo = exchange_do(&exchange, request_of("POST", "/echo", "")).body;
  tap_check(exchange_has(echo, "ontent-Length: 0\r\n"), "a POST of nothing tells so");
  tap_check(server_connections(exchange.server) == 1, "all of that on one connection");
  exchange_close(&exchange);
}

/* Sent apart from its host or not, a path is what the caller wrote. */
static void sends_the_path_as_it_is(void) {
  static const struct {
    const char *path, *line;
  } rows[] = {{"/echo?a=%20%2F~b&c=", "GET /echo?a=%20%2F~b&c= HTTP/1.1\r\n"},
              {"/echo", "GET /echo HTTP/1.1\r\n"},
              {"/echo/?x=http://y/z?", "GET /echo/?x=http://y/z? HTTP/1.1\r\n"},
              {"/echo?a#b", "GET /echo?a HTTP/1.1\r\n"}};
  /* what the host ends at is no path; the server has nothing there, but was asked */
  static const char *const pathless[] = {"", "?a=b", "#a"};
  struct exchange exchange = exchange_open(0);
  for (int direct = 0; direct <= 1; direct++)
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
      struct fnf_http_request request = request_of("GET", rows[i].path, NULL);
      request.direct = direct;
      sends(&exchange, request, rows[i].line, "\r\n\r\n");
      request = request_of("POST", "/echo?q", "a=b");
      request.direct = direct;
      sends(&exchange, request, "POST /echo?q HTTP/1.1\r\n", "\r\n\r\na=b");
    }
  for (size_t i = 0; i < sizeof pathless / sizeof *pathless; i++) {
    struct fnf_http_request request = request_of("GET", pathless[i], NULL);
    request.direct = 1;
    struct fnf_http_answer answer = exchange_do(&exchange, request);
    tap_check(answer.status == FNF_OK && answer.http_status == 404, "a URL without a path, but with '%s'", pathless[i]);
  }
  tap_check(server_connections(exchange.server) == 1, "all of that on one connection");
  exchange_close(&exchange);
}

static void tells_a_proxy_the_whole_url(void) {
  struct exchange exchange = exchange_open(0);
  char proxy[64];
  (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", exchange.server->port);
  struct fnf_http_options options = {.proxy = proxy};
  fnf_http_free(exchange.http);
  exchange.http = NULL;
  if (tap_check(fnf_http_new(&exchange.http, &options) == FNF_OK, "a pool with a proxy")) {
    struct fnf_http_request request = {.method = FNF_STR("GET"),
                                       .url = FNF_STR("http://fnf.invalid/echo?a=b"),
                                       .timeout_ms = 10000,
                                       .connect_timeout_ms = 10000};
    int64_t id = 0;
    (void)fnf_http_start(exchange.http, &request, &id);
    struct fnf_str echo = exchange_take(&exchange).body;
    tap_check(exchange_has(echo, "GET http://fnf.invalid/echo?a=b HTTP/1.1\r\n"), "a proxy is told the whole URL");
    request.direct = 1;
    (void)fnf_http_start(exchange.http, &request, &id);
    tap_check(exchange_take(&exchange).status == FNF_NETWORK, "a direct request goes by none");
  }
  exchange_close(&exchange);
}

static void sends_only_what_it_must(void) {
  static const char *const unwanted[] = {"Accept-Encoding", "Expect:", "Cookie", "Authorization",
                                         "Referer",         "Upgrade", "Proxy-"};
  static char body[100000];
  struct exchange exchange = exchange_open(0);
  memset(body, 'b', sizeof body);
  struct fnf_http_request request = request_of("POST", "/echo", NULL);
  request.body = (struct fnf_str){body, sizeof body};
  struct fnf_str echo = exchange_do(&exchange, request).body;
  for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
    tap_check(!exchange_has(echo, unwanted[i]), "a large POST has no %s", unwanted[i]);
  tap_check(echo.size > sizeof body && memcmp(echo.data + echo.size - sizeof body, body, sizeof body) == 0,
            "and arrives whole");
  request.body = FNF_STR("a\0b\0");
  echo = exchange_do(&exchange, request).body;
  tap_check(echo.size > 4 && memcmp(echo.data + echo.size - 4, "a\0b\0", 4) == 0, "a body may hold NUL");
  exchange_close(&exchange);
}

static struct fnf_str echo_headers(const struct exchange *exchange, const struct fnf_http_header *headers,
                                   size_t count) {
  struct fnf_http_request request = {.url = FNF_STR("/echo"), .headers = headers, .header_count = count};
  return exchange_do(exchange, request).body;
}

static void sends_headers(void) {
  struct fnf_http_header one[] = {{FNF_STR("x-acs-date"), FNF_STR("today")}, {FNF_STR("x-empty"), FNF_STR("")}};
  struct fnf_http_header two[] = {{FNF_STR("x-acs-date"), FNF_STR("now")}, {FNF_STR("accept"), FNF_STR("a: b; c")}};
  struct fnf_http_header blank[] = {{FNF_STR("x-blank"), FNF_STR("  ")}};
  struct exchange exchange = exchange_open(0);
  struct fnf_str echo = echo_headers(&exchange, one, 2);
  tap_check(exchange_has(echo, "\r\nx-acs-date: today\r\n"), "a header is sent as it is");
  tap_check(exchange_has(echo, "\r\nx-empty:\r\n"), "an empty one too");
  echo = echo_headers(&exchange, one, 2);
  tap_check(exchange_has(echo, "\r\nx-acs-date: today\r\n"), "and once more, the list being the same");
  echo = echo_headers(&exchange, two, 2);
  tap_check(exchange_has(echo, "\r\nx-acs-date: now\r\n") && !exchange_has(echo, "today"), "a new list replaces it");
  one[0].value = FNF_STR("later"); /* as long as it was */
  echo = echo_headers(&exchange, one, 1);
  one[0].value = FNF_STR("after");
  echo = echo_headers(&exchange, one, 1);
  tap_check(exchange_has(echo, "\r\nx-acs-date: after\r\n"), "so does one of the same length");
  echo = echo_headers(&exchange, two, 2);
  tap_check(exchange_has(echo, "\r\naccept: a: b; c\r\n") && !exchange_has(echo, "*/*"), "ours replace libcurl's");
  echo = echo_headers(&exchange, two, 1);
  tap_check(exchange_has(echo, "date: now") && !exchange_has(echo, "a: b; c"), "a shorter list is another list");
  echo = echo_headers(&exchange, NULL, 0);
  tap_check(!exchange_has(echo, "x-acs"), "no headers are no headers");
  tap_check(exchange_has(echo_headers(&exchange, blank, 1), "\r\nx-blank:"), "a blank value is sent, not left out");
  exchange_close(&exchange);
}

static enum fnf_status start(const struct exchange *exchange, struct fnf_str method, struct fnf_str path,
                             struct fnf_http_header header) {
  struct fnf_http_request request = {.method = method, .url = path, .headers = &header, .header_count = 1};
  int64_t id = 0;
  enum fnf_status status = exchange_send(exchange, request, &id);
  fnf_http_cancel(exchange->http, id);
  return status;
}

static void refuses_control_characters(void) {
  static const struct fnf_str bad_words[] = {FNF_STR("a b"),  FNF_STR("a\r\nb"), FNF_STR("a\nb"),
                                             FNF_STR("a\0b"), FNF_STR("a\tb"),   FNF_STR("a\x7f")};
  struct fnf_str get = FNF_STR("GET"), path = FNF_STR("/echo");
  struct fnf_http_header good = {FNF_STR("x"), FNF_STR("y")};
  struct exchange exchange = exchange_open(0);
  for (size_t i = 0; i < sizeof bad_words / sizeof *bad_words; i++) {
    struct fnf_str bad = bad_words[i];
    struct fnf_http_header in_name = {bad, FNF_STR("y")}, in_value = {FNF_STR("x"), bad};
    tap_check(start(&exchange, bad, path, good) == FNF_BAD_INPUT, "method %zu is refused", i);
    tap_check(start(&exchange, get, bad, good) == FNF_BAD_INPUT, "url %zu is refused", i);
    tap_check(start(&exchange, get, path, in_name) == FNF_BAD_INPUT, "header name %zu is refused", i);
    if (i > 0) /* a blank may be in a value */
      tap_check(start(&exchange, get, path, in_value) == FNF_BAD_INPUT, "header value %zu is refused", i);
  }
  tap_check(start(&exchange, FNF_STR(""), path, good) == FNF_BAD_INPUT, "no method is refused");
  struct fnf_http_header nameless = {FNF_STR(""), FNF_STR("y")}, colon = {FNF_STR("a:b"), FNF_STR("y")};
  tap_check(start(&exchange, get, path, nameless) == FNF_BAD_INPUT, "a header without a name is refused");
  tap_check(start(&exchange, get, path, colon) == FNF_BAD_INPUT, "a colon in a name is refused");
  struct fnf_http_header utf8 = {FNF_STR("x"), FNF_STR("\xe4\xb8\xad")};
  tap_check(start(&exchange, get, path, utf8) == FNF_OK, "bytes above 127 in a value are the caller's business");
  tap_check(server_connections(exchange.server) <= 1 && fnf_http_in_flight(exchange.http) == 0, "nothing is left");
  tap_check(exchange_get(&exchange, "/count").status == FNF_OK, "the pool stays good");
  exchange_close(&exchange);
}

static void refuses_too_much(void) {
  enum { SIZE = 16 * 1024 * 1024 };
  char *bytes = calloc(1, SIZE);
  int64_t id = 0;
  struct exchange exchange = exchange_open(0);
  if (tap_check(bytes != NULL, "memory")) {
    memset(bytes, 'x', SIZE);
    struct fnf_http_request request = {.method = FNF_STR("POST"), .url = FNF_STR("/echo"), .body = {bytes, SIZE}};
    tap_check(exchange_send(&exchange, request, &id) == FNF_TOO_BIG, "a body of 16 MiB is refused");
    struct fnf_http_header header = {FNF_STR("x"), {bytes, 65 * 1024}};
    request = (struct fnf_http_request){.url = FNF_STR("/echo"), .headers = &header, .header_count = 1};
    tap_check(exchange_send(&exchange, request, &id) == FNF_TOO_BIG, "headers of 65 KiB are refused");
    tap_check(exchange_get(&exchange, "/count").status == FNF_OK, "the pool stays good");
  }
  free(bytes);
  exchange_close(&exchange);
}

/* ---- answers ---- */

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
              {"/endless/8388609", FNF_PROTOCOL},
              {"/odd-trailers/60000", FNF_OK},
              {"/odd-trailers/70000", FNF_PROTOCOL},
              {"/two-lengths", FNF_PROTOCOL}};
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

/* What a server that dies half-way leaves behind is no answer, though libcurl makes one of it. */
static void refuses_a_head_that_was_cut(void) {
  struct exchange exchange = exchange_open(0);
  for (int size = 0; size < 52; size++) {
    char path[32];
    (void)snprintf(path, sizeof path, "/cut-head/%d", size);
    struct fnf_http_answer answer = exchange_get(&exchange, path);
    tap_check(answer.status == (size ? FNF_PROTOCOL : FNF_NETWORK) && answer.sent,
              "12.5: a head cut after %d bytes is %s (%s)", size, fnf_status_name(answer.status),
              answer.message ? answer.message : "");
    if (size % 2) /* the next comes on a kept connection, the one after that on a new one */
      (void)exchange_get(&exchange, "/count");
  }
  exchange_close(&exchange);
}

static void takes_trailers_for_what_they_are(void) {
  struct exchange exchange = exchange_open(0);
  struct fnf_http_answer answer = exchange_get(&exchange, "/odd-trailers/5000");
  tap_check(answer.http_status == 200, "12.5: a trailer is no status line");
  tap_same(answer.headers, FNF_STR("Server: spec\r\nTransfer-Encoding: chunked\r\n"), "12.5: and no header");
  exchange_close(&exchange);
}

/* libcurl 7.88.1 frees a header twice there, on a handle that was used before. */
static void survives_a_folded_first_line(void) {
  struct exchange exchange = exchange_open(0);
  for (int i = 0; i < 3; i++) {
    tap_check(exchange_get(&exchange, "/headers/1000").status == FNF_OK, "12.1: a used handle");
    struct fnf_http_answer answer = exchange_get(&exchange, "/folded-first");
    tap_check(answer.status == FNF_PROTOCOL, "12.1: an answer that begins with a folded line is %s, and no crash",
              fnf_status_name(answer.status));
  }
  exchange_close(&exchange);
}

static void knows_a_refusing_proxy(void) {
  static const struct fnf_str urls[] = {FNF_STR("http://fnf.invalid/status/407"), FNF_STR("https://fnf.invalid/echo")};
  struct exchange exchange = exchange_open(0);
  char proxy[64];
  (void)snprintf(proxy, sizeof proxy, "http://user:word@127.0.0.1:%d", exchange.server->port);
  struct fnf_http_options options = {.proxy = proxy};
  fnf_http_free(exchange.http);
  exchange.http = NULL;
  for (size_t i = 0; i < 2 && (exchange.http || fnf_http_new(&exchange.http, &options) == FNF_OK); i++) {
    struct fnf_http_request request = {.method = FNF_STR("POST"),
                                       .url = urls[i],
                                       .body = FNF_STR("a=b"),
                                       .timeout_ms = 10000,
                                       .connect_timeout_ms = 9000};
    int64_t id = 0;
    (void)fnf_http_start(exchange.http, &request, &id);
    struct fnf_http_answer answer = exchange_take(&exchange);
    tap_check(answer.status == FNF_PROXY && !answer.sent, "12.7: %s: 407 is the proxy's, and nothing was sent (%s)",
              urls[i].data, fnf_status_name(answer.status));
    tap_check(answer.message && !strstr(answer.message, "word"), "12.7: and said without the password");
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

/* ---- codes of libcurl ---- */

/* What a transfer has seen when it ends with a code. */
struct seen {
  int code;
  enum fnf_status status; /* what it is to be called */
  const char *message;    /* with these words, or NULL */
  int sent, status_line, is_complete, is_streamed;
  int64_t received;    /* 0: not counted */
  unsigned of_version; /* 0: of this libcurl */
};

static const struct fnf_authorities no_authorities = {NULL, NULL};

static CURLcode set_nothing(struct fnf_transfer *transfer) {
  (void)transfer;
  return CURLE_OK;
}

static void judge(struct fnf_transfer *transfer, const char *what, const struct seen *rows, size_t count) {
  const curl_version_info_data *version = transfer->version;
  for (size_t i = 0; i < count; i++) {
    struct fnf_http_answer answer;
    const struct seen *row = &rows[i];
    curl_version_info_data other = *version;
    other.version_num = row->of_version ? row->of_version : version->version_num;
    transfer->version = &other;
    transfer->code = (CURLcode)row->code;
    transfer->sendings = row->sent;
    transfer->received = row->received ? row->received : -1;
    transfer->head =
        (struct fnf_head){.status = row->status_line, .is_complete = row->is_complete, .is_streamed = row->is_streamed};
    fnf_transfer_read(transfer, &answer);
    tap_check(answer.status == row->status && answer.sent == (row->sent && row->status != FNF_PROXY),
              "%s, row %zu: code %d is %s, not %s", what, i, row->code, fnf_status_name(row->status),
              fnf_status_name(answer.status));
    tap_check(!answer.message == (row->status == FNF_OK), "%s, row %zu: a failure has words", what, i);
    tap_check(!row->message || strcmp(answer.message, row->message) == 0, "%s, row %zu: %s, not %s", what, i,
              row->message, answer.message);
  }
  transfer->version = version;
}

/* As a server, a proxy or another libcurl would have them come. */
static void names_codes(void) {
  static const char cut[] = "the connection was closed in the middle of the answer",
                    big[] = "headers of more than 64 KiB", kept[] = "the kept connection ended before an answer came",
                    none[] = "no memory for the exchange";
  static const struct seen unsent[] = {{.code = CURLE_COULDNT_CONNECT, .status = FNF_NETWORK},
                                       {.code = CURLE_COULDNT_RESOLVE_HOST, .status = FNF_NETWORK},
                                       {.code = 12345, .status = FNF_NETWORK, .message = "Unknown error"},
                                       {.code = CURLE_OPERATION_TIMEDOUT, .status = FNF_TIMEOUT},
                                       {.code = CURLE_SSL_CONNECT_ERROR, .status = FNF_TLS},
                                       {.code = CURLE_USE_SSL_FAILED, .status = FNF_TLS},
                                       {.code = CURLE_SSL_SHUTDOWN_FAILED, .status = FNF_TLS},
                                       {.code = 101, .status = FNF_TLS},
                                       {.code = CURLE_PEER_FAILED_VERIFICATION, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_CERTPROBLEM, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_CIPHER, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_CACERT_BADFILE, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_CRL_BADFILE, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_ISSUER_ERROR, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_PINNEDPUBKEYNOTMATCH, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_INVALIDCERTSTATUS, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_ENGINE_NOTFOUND, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_ENGINE_SETFAILED, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_SSL_ENGINE_INITFAILED, .status = FNF_CERTIFICATE},
                                       {.code = 98, .status = FNF_CERTIFICATE},
                                       {.code = CURLE_UNSUPPORTED_PROTOCOL, .status = FNF_PROTOCOL},
                                       {.code = CURLE_URL_MALFORMAT, .status = FNF_BAD_INPUT},
                                       {.code = CURLE_FAILED_INIT, .status = FNF_UNSUPPORTED},
                                       {.code = CURLE_NOT_BUILT_IN, .status = FNF_UNSUPPORTED},
                                       {.code = CURLE_UNKNOWN_OPTION, .status = FNF_UNSUPPORTED},
                                       {.code = CURLE_BAD_FUNCTION_ARGUMENT, .status = FNF_UNSUPPORTED},
                                       {.code = CURLE_RECV_ERROR, .status = FNF_NETWORK},
                                       {.code = CURLE_HTTP2_STREAM, .status = FNF_NETWORK},
                                       {.code = CURLE_OUT_OF_MEMORY, .status = FNF_NO_MEMORY, .message = none},
                                       {.code = 100, .status = FNF_TOO_BIG},
                                       {.code = CURLE_GOT_NOTHING, .status = FNF_NETWORK}};
  static const struct seen sent[] = {
      {.sent = 1, .code = CURLE_OK, .status_line = 200, .is_complete = 1, .status = FNF_OK},
      {.sent = 1, .code = CURLE_OK, .status_line = 200, .status = FNF_PROTOCOL, .message = cut},
      {.sent = 1, .code = CURLE_OK, .status_line = 103, .is_complete = 1, .status = FNF_PROTOCOL, .message = cut},
      {.sent = 1, .code = CURLE_FILESIZE_EXCEEDED, .status = FNF_PROTOCOL, .message = "a body of more than 8 MiB"},
      {.sent = 1, .code = CURLE_WRITE_ERROR, .status = FNF_PROTOCOL},
      {.sent = 1, .code = CURLE_PARTIAL_FILE, .status = FNF_PROTOCOL},
      {.sent = 1, .code = CURLE_WEIRD_SERVER_REPLY, .status = FNF_PROTOCOL},
      {.sent = 1, .code = CURLE_BAD_CONTENT_ENCODING, .status = FNF_PROTOCOL},
      {.sent = 1, .code = CURLE_HTTP2, .status = FNF_PROTOCOL},
      {.sent = 1, .code = 95, .status = FNF_PROTOCOL},
      {.sent = 1, .code = 100, .status = FNF_PROTOCOL, .message = big},
      {.sent = 1, .code = CURLE_BAD_FUNCTION_ARGUMENT, .status = FNF_PROTOCOL},
      {.sent = 1, .code = CURLE_RECV_ERROR, .status = FNF_PROTOCOL},
      {.sent = 1, .code = CURLE_HTTP2_STREAM, .status = FNF_PROTOCOL},
      /* a header line too long, or no memory for it */
      {.sent = 1, .code = CURLE_OUT_OF_MEMORY, .of_version = 0x0805ff, .status = FNF_PROTOCOL, .message = big},
      {.sent = 1, .code = CURLE_OUT_OF_MEMORY, .of_version = 0x080600, .status = FNF_NO_MEMORY, .message = none},
      {.sent = 1, .code = CURLE_OUT_OF_MEMORY, .of_version = 0x0805ff, .is_complete = 1, .status = FNF_NO_MEMORY},
      {.sent = 1, .code = CURLE_OUT_OF_MEMORY, .of_version = 0x0805ff, .received = 65536, .status = FNF_NO_MEMORY},
      {.sent = 1, .code = CURLE_OUT_OF_MEMORY, .of_version = 0x0805ff, .received = 65537, .status = FNF_PROTOCOL},
      /* an end: before a head, within it, or one of which TLS says nothing */
      {.sent = 1, .code = CURLE_GOT_NOTHING, .received = 1, .status = FNF_NETWORK},
      {.sent = 1, .code = CURLE_GOT_NOTHING, .received = 2, .status = FNF_PROTOCOL, .message = cut},
      {.sent = 1, .code = CURLE_GOT_NOTHING, .received = 2, .is_streamed = 1, .status = FNF_NETWORK},
      {.sent = 1, .code = CURLE_SEND_ERROR, .status_line = 200, .status = FNF_PROTOCOL, .message = cut},
      {.sent = 1, .code = CURLE_SEND_ERROR, .status = FNF_NETWORK},
      {.sent = 1, .code = CURLE_ABORTED_BY_CALLBACK, .received = 2, .status = FNF_PROTOCOL, .message = cut},
      {.sent = 1, .code = CURLE_ABORTED_BY_CALLBACK, .status = FNF_NETWORK, .message = kept}};
  struct exchange exchange = exchange_open(0);
  struct fnf_http_options options = {.no_proxy = "*"};
  struct fnf_transfer transfer = {0};
  struct fnf_http_answer answer;
  char url[64];
  int size = snprintf(url, sizeof url, "http://127.0.0.1:%d/count", exchange.server->port);
  struct fnf_http_request request = {
      .method = FNF_STR("GET"), .url = {url, (size_t)size}, .timeout_ms = 10000, .connect_timeout_ms = 10000};
  tap_check(fnf_transfer_open(&transfer, &options, no_authorities, set_nothing) == FNF_OK &&
                fnf_transfer_load(&transfer, &request) == FNF_OK,
            "a transfer that has not begun");
  judge(&transfer, "not sent", unsent, sizeof unsent / sizeof *unsent);
  memory_fail_from(1);
  transfer.code = CURLE_COULDNT_RESOLVE_HOST;
  fnf_transfer_read(&transfer, &answer);
  tap_check(memory_has_failed() && answer.status == FNF_NO_MEMORY && strcmp(answer.message, none) == 0,
            "what fails without memory lacks memory, by whatever name");
  (void)fnf_transfer_load(&transfer, &request);
  tap_check(curl_easy_perform(transfer.easy) == CURLE_OK, "one that has had an answer");
  judge(&transfer, "sent", sent, sizeof sent / sizeof *sent);
  fnf_transfer_close(&transfer);

  static const struct seen tunnel[] = {{.code = CURLE_RECV_ERROR, .status = FNF_PROXY},
                                       {.code = CURLE_GOT_NOTHING, .sent = 1, .status = FNF_NETWORK}};
  char proxy[64];
  (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", exchange.server->port);
  options = (struct fnf_http_options){.proxy = proxy};
  request.url = FNF_STR("https://fnf.invalid/");
  transfer = (struct fnf_transfer){0};
  tap_check(fnf_transfer_open(&transfer, &options, no_authorities, set_nothing) == FNF_OK &&
                fnf_transfer_load(&transfer, &request) == FNF_OK && curl_easy_perform(transfer.easy) != CURLE_OK,
            "one whose tunnel is refused");
  judge(&transfer, "tunnel", tunnel, sizeof tunnel / sizeof *tunnel);
  fnf_transfer_close(&transfer);
  exchange_close(&exchange);
}

/* ---- authorities ---- */

static int is_directory_chosen(const char *directory, const char *name) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = name[0] ? fopen(path, "w") : NULL;
  if (file)
    (void)fclose(file);
  struct fnf_authorities found = fnf_transfer_choose_authorities("bundle", directory);
  if (name[0])
    (void)unlink(path);
  int exactly_one = (found.file != NULL) != (found.directory != NULL);
  return exactly_one && found.directory == directory;
}

static void chooses_authorities(void) {
  static const char *const unhashed[] = {"",           "ca.pem",      "3513523.0",      "3513523f0.0", "3513523F.0",
                                         "3513523f.1", "3513523f.r0", "3513523f.0.old", "3513523g.0",  "3513523f"};
  char directory[] = "/tmp/fnf-ca-XXXXXX";
  if (!tap_check(mkdtemp(directory) != NULL, "a temporary folder"))
    return;
  tap_check(is_directory_chosen(directory, "3513523f.0"), "a folder with a hash link is preferred to the bundle");
  for (size_t i = 0; i < sizeof unhashed / sizeof *unhashed; i++)
    tap_check(!is_directory_chosen(directory, unhashed[i]), "a folder with '%s' alone is no hashed one", unhashed[i]);
  (void)rmdir(directory);

  struct fnf_authorities found = fnf_transfer_choose_authorities("bundle", directory);
  tap_check(found.file && !found.directory, "a folder that is not there gives the bundle");
  found = fnf_transfer_choose_authorities("bundle", "/dev/null");
  tap_check(found.file && !found.directory, "a file in place of a folder gives the bundle");
  found = fnf_transfer_choose_authorities("bundle", NULL);
  tap_check(found.file && strcmp(found.file, "bundle") == 0 && !found.directory, "no folder gives the bundle");
  found = fnf_transfer_choose_authorities(NULL, NULL);
  tap_check(!found.file && !found.directory, "nothing gives nothing");
}

void transfer_spec(void) {
  tap_suite("transfer");
  changes_methods_on_one_handle();
  sends_the_path_as_it_is();
  tells_a_proxy_the_whole_url();
  sends_only_what_it_must();
  sends_headers();
  refuses_control_characters();
  refuses_too_much();
  answers_well();
  names_failures();
  refuses_a_head_that_was_cut();
  takes_trailers_for_what_they_are();
  survives_a_folded_first_line();
  knows_a_refusing_proxy();
  times_out();
  leaves_repeating_to_the_caller();
  cannot_connect();
  names_codes();
  chooses_authorities();
}
