/*
 * One request to the loopback server.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memmem */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

static struct server shared;

struct exchange exchange_open_ipv6(void) {
  struct fnf_http_options options = {.no_proxy = "*"};
  struct exchange exchange = {.server = &shared};
  shared.tls = NULL;
  shared.is_ipv6 = 1;
  if (server_start(&shared) && fnf_http_new(&exchange.http, &options) != FNF_OK)
    abort();
  return exchange;
}

struct exchange exchange_open(long max_connections) {
  struct fnf_http_options options = {.max_connections = max_connections, .no_proxy = "*"};
  struct exchange exchange = {.server = &shared};
  shared.tls = NULL;
  shared.is_ipv6 = 0;
  if (!server_start(&shared) || fnf_http_new(&exchange.http, &options) != FNF_OK)
    abort();
  return exchange;
}

void exchange_close(struct exchange *exchange) {
  fnf_http_free(exchange->http);
  server_stop(exchange->server);
}

enum fnf_status exchange_send(const struct exchange *exchange, struct fnf_http_request request, int64_t *id) {
  char url[256];
  const struct server *server = exchange->server;
  int host = snprintf(url, sizeof url, "http%s://%s:%d", server->tls ? "s" : "",
                      server->is_ipv6 ? "[::1]" : "127.0.0.1", server->port);
  memcpy(url + host, request.url.data, request.url.size); /* which may hold NUL, and is short */
  request.url = (struct fnf_str){url, (size_t)host + request.url.size};
  if (!request.method.data)
    request.method = FNF_STR("GET");
  if (!request.timeout_ms)
    request.timeout_ms = 30000;
  if (!request.connect_timeout_ms)
    request.connect_timeout_ms = 10000;
  enum fnf_status status = fnf_http_start(exchange->http, &request, id);
  memset(url, '?', sizeof url); /* borrowed for the call and no longer */
  return status;
}

int64_t exchange_start(const struct exchange *exchange, const char *path) {
  int64_t id = 0;
  struct fnf_http_request request = {.url = {path, strlen(path)}};
  return exchange_send(exchange, request, &id) == FNF_OK ? id : 0;
}

struct fnf_http_answer exchange_take(const struct exchange *exchange) {
  struct fnf_http_answer answer = {0};
  int64_t end = fnf_clock_monotonic_ns() + (int64_t)30 * 1000000000;
  while (!fnf_http_take(exchange->http, &answer) && fnf_clock_monotonic_ns() < end)
    fnf_http_wait(exchange->http, 1000);
  return answer;
}

struct fnf_http_answer exchange_get(const struct exchange *exchange, const char *path) {
  return exchange_start(exchange, path) ? exchange_take(exchange) : (struct fnf_http_answer){0};
}

struct fnf_http_answer exchange_do(const struct exchange *exchange, struct fnf_http_request request) {
  int64_t id = 0;
  return exchange_send(exchange, request, &id) == FNF_OK ? exchange_take(exchange) : (struct fnf_http_answer){0};
}

int exchange_has(struct fnf_str bytes, const char *text) {
  return memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}
