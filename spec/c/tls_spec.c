/*
 * Specs of http.h: certificates, versions of TLS, who is refused and how.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* mkdtemp, fork's kin */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificate.h"
#include "exchange.h"
#include "tap.h"

static char folder[] = "/tmp/fnf-tls-XXXXXX";
static char good_file[64], other_file[64];

/* A row: what the server shows, what the client trusts, how it must end. */
struct row {
  const char *what, *name, *trusted;
  long shift_s;
  int most_version;
  enum fnf_status status;
};

static struct fnf_http_answer get(SSL_CTX *tls, const char *trusted, struct exchange *exchange) {
  struct fnf_http_options options = {.ca_file = trusted, .no_proxy = "*"};
  *exchange = exchange_open(0);
  fnf_http_free(exchange->http);
  exchange->server->tls = tls;
  if (fnf_http_new(&exchange->http, &options) != FNF_OK)
    abort();
  return exchange_get(exchange, "/count");
}

static void run(const struct row *row) {
  SSL_CTX *tls = certificate_context(row->name, row->shift_s, good_file);
  struct exchange exchange;
  if (!tap_check(tls != NULL, "%s: a certificate", row->what))
    return;
  if (row->most_version) {
    (void)SSL_CTX_set_min_proto_version(tls, 0);
    (void)SSL_CTX_set_max_proto_version(tls, row->most_version);
    SSL_CTX_set_security_level(tls, 0);
  }
  struct fnf_http_answer answer = get(tls, row->trusted, &exchange);
  tap_check(answer.status == row->status, "%s: is %s, not %s (%s)", row->what, fnf_status_name(row->status),
            fnf_status_name(answer.status), answer.message ? answer.message : "");
  tap_check(answer.sent == (row->status == FNF_OK), "%s: the request is sent to the right one alone", row->what);
  if (row->status == FNF_OK) {
    struct fnf_http_request direct = {.url = FNF_STR("/count"), .direct = 1};
    tap_same(exchange_do(&exchange, direct).body, FNF_STR("1.2"), "%s: its connection is kept", row->what);
    tap_check(exchange_get(&exchange, "/cut/1000").status != FNF_OK, "%s: a cut answer is none", row->what);
  }
  exchange_close(&exchange);
  SSL_CTX_free(tls);
}

/* A socket tells what TLS does not: that there is something to read, or an end. */
static void looks_before_it_sends(void) {
  static const char *const paths[] = {"/surplus", "/impatient", "/leave"};
  SSL_CTX *tls = certificate_context("127.0.0.1", 0, good_file);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    struct exchange exchange;
    tap_same(get(tls, good_file, &exchange).body, FNF_STR("1.1"), "12.2: a connection over TLS");
    tap_same(exchange_get(&exchange, paths[i]).body, FNF_STR("1.2"), "12.2: %s: is kept", paths[i]);
    server_await_afterthought(exchange.server);
    tap_same(exchange_get(&exchange, "/count").body, FNF_STR("2.1"), "12.2: %s: and not used again", paths[i]);
    tap_same(exchange_get(&exchange, "/count").body, FNF_STR("2.2"), "12.2: %s: the new one is", paths[i]);
    exchange_close(&exchange);
  }
  SSL_CTX_free(tls);
}

static pthread_t ours;
static volatile sig_atomic_t pipes;

static void note_pipe(int signal) {
  (void)signal;
  pipes += pthread_equal(pthread_self(), ours) != 0; /* the server's threads write without MSG_NOSIGNAL */
}

/* Over TLS and without: an upload to a server that goes while it is written. A
 * program would end at the signal. (Whether one came, were libcurl's writes not
 * marked, hangs on what of the end arrives first: in one run of a few.) */
static void raises_no_signal(void) {
  static char upload[4 * 1024 * 1024];
  SSL_CTX *tls = certificate_context("127.0.0.1", 0, good_file);
  struct sigaction before, noting = {.sa_handler = note_pipe};
  ours = pthread_self();
  for (int is_plain = 0; is_plain < 2; is_plain++) {
    struct exchange exchange;
    struct fnf_http_request request = {
        .method = FNF_STR("POST"), .url = FNF_STR("/count"), .body = {upload, sizeof upload}};
    (void)get(is_plain ? NULL : tls, good_file, &exchange);
    (void)sigaction(SIGPIPE, &noting, &before);
    tap_check(exchange_do(&exchange, request).status != FNF_OK, "an upload that is cut off fails");
    exchange_close(&exchange);
    (void)sigaction(SIGPIPE, &before, NULL);
    tap_check(pipes == 0, "%s: and raises no SIGPIPE", is_plain ? "http" : "https");
  }
  SSL_CTX_free(tls);
}

static void speaks_to_a_plain_server(void) {
  struct exchange exchange;
  struct fnf_http_answer answer = get(NULL, good_file, &exchange);
  tap_check(answer.status == FNF_OK, "http to a plain server is fine");
  char url[64];
  int64_t id = 0;
  int size = snprintf(url, sizeof url, "https://127.0.0.1:%d/count", exchange.server->port);
  struct fnf_http_request request = {
      .method = FNF_STR("GET"), .url = {url, (size_t)size}, .timeout_ms = 300, .connect_timeout_ms = 300};
  (void)fnf_http_start(exchange.http, &request, &id);
  answer = exchange_take(&exchange);
  tap_check(answer.status != FNF_OK && !answer.sent, "https to one gets no request out of us");
  exchange_close(&exchange);
}

static void names_bad_files(void) {
  SSL_CTX *tls = certificate_context("127.0.0.1", 0, good_file);
  struct exchange exchange;
  static const char *const files[] = {"/nowhere/ca.pem", "/dev/null", "/"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    struct fnf_http_answer answer = get(tls, files[i], &exchange);
    tap_check(answer.status == FNF_CERTIFICATE, "CA file %s is certificate, not %s (%s)", files[i],
              fnf_status_name(answer.status), answer.message ? answer.message : "");
    exchange_close(&exchange);
  }
  SSL_CTX_free(tls);
}

void tls_spec(void) {
  static const struct row rows[] = {
      {"a trusted server", "127.0.0.1", good_file, 0, 0, FNF_OK},
      {"TLS 1.2", "127.0.0.1", good_file, 0, TLS1_2_VERSION, FNF_OK},
      {"TLS 1.1", "127.0.0.1", good_file, 0, TLS1_1_VERSION, FNF_TLS},
      {"the system's authorities", "127.0.0.1", NULL, 0, 0, FNF_CERTIFICATE},
      {"another authority", "127.0.0.1", other_file, 0, 0, FNF_CERTIFICATE},
      {"another name", "example.com", good_file, 0, 0, FNF_CERTIFICATE},
      {"an expired certificate", "127.0.0.1", good_file, -86400, 0, FNF_CERTIFICATE},
      {"one not yet good", "127.0.0.1", good_file, 86400, 0, FNF_CERTIFICATE},
  };
  tap_suite("tls");
  if (!tap_check(mkdtemp(folder) != NULL, "a temporary folder"))
    return;
  (void)snprintf(good_file, sizeof good_file, "%s/good.pem", folder);
  (void)snprintf(other_file, sizeof other_file, "%s/other.pem", folder);
  SSL_CTX_free(certificate_context("127.0.0.1", 0, other_file));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    run(&rows[i]);
  looks_before_it_sends();
  raises_no_signal();
  speaks_to_a_plain_server();
  names_bad_files();
  (void)unlink(good_file);
  (void)unlink(other_file);
  (void)rmdir(folder);
}
