/*
 * Specs of http.h: a pool on both sides of a fork.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* fork */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exchange.h"
#include "tap.h"

/* What the child found, as bits through a pipe: its exit status may belong to
 * a memory checker. */
enum { NO_FLIGHT = 1, NOTHING_TO_TAKE = 2, CANCEL_HARMLESS = 4, OWN_CONNECTION = 8, KEPT = 16, FREED = 32, ALL = 63 };

static int use_in_child(struct exchange *exchange, int64_t of_parent) {
  struct fnf_http_answer answer;
  int found = fnf_http_in_flight(exchange->http) == 0 ? NO_FLIGHT : 0;
  found |= !fnf_http_take(exchange->http, &answer) ? NOTHING_TO_TAKE : 0;
  fnf_http_cancel(exchange->http, of_parent);
  found |= fnf_http_wait(exchange->http, 0) == FNF_OK ? CANCEL_HARMLESS : 0;
  /* 1 hangs in the parent, 2 is its kept connection. */
  found |= exchange_has(exchange_get(exchange, "/count").body, "3.1") ? OWN_CONNECTION : 0;
  found |= exchange_has(exchange_get(exchange, "/count").body, "3.2") ? KEPT : 0;
  fnf_http_free(exchange->http);
  return found | FREED;
}

static int run_child(struct exchange *exchange, int64_t of_parent, int (*use)(struct exchange *, int64_t)) {
  int ends[2], found = 0;
  if (pipe(ends) != 0)
    return 0;
  pid_t child = fork();
  if (child == 0) {
    found = use(exchange, of_parent);
    _exit(write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
  }
  (void)close(ends[1]);
  if (read(ends[0], &found, sizeof found) != sizeof found)
    found = 0;
  (void)close(ends[0]);
  (void)waitpid(child, NULL, 0);
  return found;
}

static void begins_afresh(void) {
  struct exchange exchange = exchange_open(0);
  struct fnf_http_answer answer;
  int64_t hanging = 0, ended = 0;
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.1"), "the parent has a kept connection");
  hanging = exchange_start(&exchange, "/hang");
  (void)fnf_http_wait(exchange.http, 50);
  ended = exchange_start(&exchange, "/count");
  while (fnf_http_in_flight(exchange.http) > 1)
    (void)fnf_http_wait(exchange.http, 1000);

  int connections = server_connections(exchange.server), found = run_child(&exchange, hanging, use_in_child);
  tap_check(connections == 2, "the hanging one took the kept connection, the ended one its own");
  tap_check(found == ALL, "the child starts afresh, without the parent's transfers and connections (%d)", found);
  tap_check(server_connections(exchange.server) == 3, "the child opened one connection");

  tap_check(fnf_http_in_flight(exchange.http) == 1, "the parent's transfer is still in flight");
  tap_check(fnf_http_take(exchange.http, &answer) && answer.id == ended, "its ended one can be taken");
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("2.2"), "its kept connection is as good as before");
  fnf_http_cancel(exchange.http, hanging);
  tap_check(fnf_http_in_flight(exchange.http) == 0, "its transfer can be cancelled");
  exchange_close(&exchange);
}

static int free_in_child(struct exchange *exchange, int64_t of_parent) {
  (void)of_parent;
  fnf_http_free(exchange->http);
  return FREED;
}

static void frees_an_inherited_pool(void) {
  struct exchange exchange = exchange_open(0);
  (void)exchange_get(&exchange, "/count");
  tap_check(run_child(&exchange, 0, free_in_child) == FREED, "a child may free what it never used");
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.2"), "the parent's connection is as good as before");
  exchange_close(&exchange);
}

void fork_spec(void) {
  tap_suite("fork");
  begins_afresh();
  frees_an_inherited_pool();
}
