/*
 * Specs of http.h: connections, many transfers at once, cancelling, freeing, both sides of a fork.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* fork */
#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "clock.h"
#include "exchange.h"
#include "memory.h"
#include "tap.h"

static void keeps_its_connection(void) {
  struct exchange exchange = exchange_open(0);
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.1"), "the first request opens a connection");
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.2"), "the second uses it again");
  tap_same(exchange_get(&exchange, "/status/500").body, FNF_STR("{}"), "an error status has a body");
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.4"), "and leaves the connection good");
  exchange_close(&exchange);
}

/* What comes over an idle connection is no answer to the next request, and its end no failure of it. */
static void looks_before_it_sends(void) {
  static const char *const paths[] = {"/surplus", "/impatient", "/leave"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    struct exchange exchange = exchange_open(1);
    struct fnf_http_request post = {.method = FNF_STR("POST"), .url = FNF_STR("/count"), .body = FNF_STR("a=b")};
    tap_same(exchange_get(&exchange, paths[i]).body, FNF_STR("1.1"), "12.2: %s: an answer", paths[i]);
    server_await_afterthought(exchange.server);
    struct fnf_http_answer answer = exchange_do(&exchange, post);
    tap_check(answer.status == FNF_OK, "12.2: %s: the next call is answered (%s)", paths[i],
              fnf_status_name(answer.status));
    tap_same(answer.body, FNF_STR("2.1"), "12.2: %s: over a new connection", paths[i]);
    tap_same(exchange_get(&exchange, "/count").body, FNF_STR("2.2"), "12.2: %s: which is kept", paths[i]);
    exchange_close(&exchange);
  }
}

static void takes_in_the_order_of_ending(void) {
  struct exchange exchange = exchange_open(0);
  struct fnf_http_answer none;
  tap_check(!fnf_http_take(exchange.http, &none), "a pool at rest has nothing to take");
  fnf_http_wait(exchange.http, 0);
  int64_t slow = exchange_start(&exchange, "/hang"), quick = exchange_start(&exchange, "/count");
  tap_check(slow > 0 && quick > 0 && slow != quick, "each transfer has its own number");
  tap_check(fnf_http_in_flight(exchange.http) == 2, "two are in flight");
  tap_check(exchange_take(&exchange).id == quick, "the one that ends first comes first");
  tap_check(fnf_http_in_flight(exchange.http) == 1, "one is in flight");
  fnf_http_cancel(exchange.http, slow);
  tap_check(fnf_http_in_flight(exchange.http) == 0, "none is");
  exchange_close(&exchange);
}

static void cancels(void) {
  struct exchange exchange = exchange_open(0);
  struct fnf_http_answer answer;
  int64_t id = exchange_start(&exchange, "/hang");
  fnf_http_wait(exchange.http, 50);
  fnf_http_cancel(exchange.http, id + 65536);
  fnf_http_cancel(exchange.http, -1);
  fnf_http_cancel(exchange.http, INT64_MAX);
  fnf_http_cancel(exchange.http, INT64_MIN);
  tap_check(fnf_http_in_flight(exchange.http) == 1, "unknown numbers cancel nothing");
  fnf_http_cancel(exchange.http, id);
  fnf_http_cancel(exchange.http, id);
  tap_check(fnf_http_in_flight(exchange.http) == 0, "a transfer may be cancelled, even twice");
  int64_t next = exchange_start(&exchange, "/count");
  tap_check(next != id, "a cancelled number is not used again");
  fnf_http_cancel(exchange.http, id);
  answer = exchange_take(&exchange);
  tap_check(answer.id == next && answer.status == FNF_OK, "its successor on the same handle goes on");
  id = exchange_start(&exchange, "/count");
  while (fnf_http_in_flight(exchange.http))
    fnf_http_wait(exchange.http, 1000);
  fnf_http_cancel(exchange.http, id);
  tap_check(fnf_http_take(exchange.http, &answer) && answer.id == id, "what has ended can be taken though cancelled");
  exchange_close(&exchange);
}

/* More at once than connections: the rest wait their turn. */
static void runs_many(int count, long connections) {
  enum { MOST = 200 };
  static int64_t ids[MOST];
  struct exchange exchange = exchange_open(connections);
  int answered = 0, mixed_up = 0;
  for (int i = 0; i < count && i < MOST; i++)
    ids[i] = exchange_start(&exchange, "/count");
  for (int i = 0; i < count; i += 7)
    fnf_http_cancel(exchange.http, ids[i]);
  size_t left = fnf_http_in_flight(exchange.http);
  while (fnf_http_in_flight(exchange.http)) {
    struct fnf_http_answer answer = exchange_take(&exchange);
    if (!answer.id)
      break;
    answered += answer.status == FNF_OK;
    for (int i = 0; i < count; i += 7)
      mixed_up += ids[i] == answer.id;
  }
  for (struct fnf_http_answer answer; fnf_http_take(exchange.http, &answer);)
    answered += answer.status == FNF_OK;
  tap_check(left == (size_t)(count - (count + 6) / 7), "%d at once, a seventh cancelled: the rest is in flight", count);
  tap_check(answered == (int)left && !mixed_up, "%d at once: all others are answered, no cancelled one", count);
  tap_check(server_connections(exchange.server) <= (int)connections, "on at most %ld connections", connections);
  exchange_close(&exchange);
}

/* With every connection hanging, the waiting ones end by their own time. */
static void times_out_in_the_queue(void) {
  struct exchange exchange = exchange_open(1);
  struct fnf_http_request request = {.url = FNF_STR("/count"), .timeout_ms = 60};
  int64_t hanging = exchange_start(&exchange, "/hang"), waiting = 0;
  fnf_http_wait(exchange.http, 100);
  (void)exchange_send(&exchange, request, &waiting);
  struct fnf_http_answer answer = exchange_take(&exchange);
  tap_check(answer.id == waiting && answer.status == FNF_TIMEOUT, "a transfer without a connection times out");
  tap_check(!answer.sent, "and was never sent");
  fnf_http_cancel(exchange.http, hanging);
  tap_check(exchange_get(&exchange, "/count").status == FNF_OK, "a cancelled one makes room");
  exchange_close(&exchange);
}

static void waits_no_longer_than_asked(void) {
  struct exchange exchange = exchange_open(0);
  (void)exchange_start(&exchange, "/hang");
  int64_t start = fnf_clock_monotonic_ns();
  fnf_http_wait(exchange.http, 0);
  fnf_http_wait(exchange.http, -1);
  fnf_http_wait(exchange.http, 20);
  tap_check(fnf_clock_monotonic_ns() - start < (int64_t)10 * 1000000000, "waiting ends by its own time");
  tap_check(fnf_http_in_flight(exchange.http) == 1, "and ends nothing else");
  exchange_close(&exchange);
}

/* As many descriptors as select can watch, and one more. */
static int occupy_descriptors(int *files, int most) {
  int count = 0;
  for (int file = dup(STDERR_FILENO); file >= 0 && count < most; file = dup(STDERR_FILENO)) {
    files[count++] = file;
    if (file >= FD_SETSIZE)
      break;
  }
  return count;
}

static void hears_of_high_sockets(void) {
  enum { MOST = FD_SETSIZE + 1, PATIENCE_MS = 8000, TIMES = 10 };
  static int files[MOST];
  struct exchange exchange = exchange_open(0), other = {.server = exchange.server};
  const struct fnf_http_options options = {.no_proxy = "*"};
  struct fnf_http_answer answer;
  int answered = 0;
  tap_check(fnf_http_new(&other.http, &options) == FNF_OK, "a second pool");
  struct fnf_http *const pools[] = {exchange.http, other.http};
  (void)exchange_start(&exchange, "/hang");
  (void)exchange_start(&other, "/hang");
  fnf_http_wait_all(pools, 2, 100); /* both are connected by low sockets */
  int count = occupy_descriptors(files, MOST);
  int is_high = count > 0 && files[count - 1] >= FD_SETSIZE;
  int64_t start = fnf_clock_monotonic_ns();
  for (int i = 0; i < TIMES; i++) { /* the first connects, by timers of its own */
    int64_t id = exchange_start(&other, "/count");
    for (answer.id = 0; answer.id != id && fnf_http_in_flight(other.http) == 2;) {
      fnf_http_wait_all(pools, 2, PATIENCE_MS);
      answered += fnf_http_take(other.http, &answer) && answer.status == FNF_OK;
    }
  }
  int64_t took_ms = (fnf_clock_monotonic_ns() - start) / 1000000;
  while (count > 0)
    (void)close(files[--count]);
  tap_check(is_high && answered == TIMES && took_ms < PATIENCE_MS,
            "answers by a socket that select cannot watch are heard of beside others (%ld ms)", (long)took_ms);
  fnf_http_free(other.http);
  exchange_close(&exchange);
}

static void ends_each_in_its_own_time(void) {
  struct exchange exchange = exchange_open(0);
  struct fnf_http_request quick = {.url = FNF_STR("/hang"), .timeout_ms = 60},
                          slow = {.url = FNF_STR("/hang"), .timeout_ms = 400};
  int64_t first = 0, second = 0, third = 0, start = fnf_clock_monotonic_ns();
  (void)exchange_send(&exchange, slow, &second);
  (void)exchange_send(&exchange, quick, &first);
  third = exchange_start(&exchange, "/hang");
  struct fnf_http_answer answer = exchange_take(&exchange);
  tap_check(answer.id == first && answer.status == FNF_TIMEOUT, "the one with less time ends first");
  answer = exchange_take(&exchange);
  tap_check(answer.id == second && answer.status == FNF_TIMEOUT, "the other has its own time");
  tap_check(fnf_clock_monotonic_ns() - start >= (int64_t)398 * 1000000, "all of it, in libcurl's whole milliseconds");
  tap_check(fnf_http_in_flight(exchange.http) == 1, "one with more time than both goes on");
  /* its deadline comes after libcurl was asked to work, and before it is asked to wait */
  start = fnf_clock_monotonic_ns();
  calls_fail_from("clock_gettime", 2, 3600);
  fnf_http_wait(exchange.http, 20000);
  tap_check(calls_failed() > 0 && fnf_clock_monotonic_ns() - start < (int64_t)10 * 1000000000,
            "a deadline that is over is not waited for");
  tap_check(fnf_http_take(exchange.http, &answer) && answer.id == third && answer.status == FNF_TIMEOUT,
            "and ends what has it");
  exchange_close(&exchange);
}

static void tells_its_times(void) {
  struct exchange exchange = exchange_open(0);
  struct fnf_http_times times;
  tap_check(!fnf_http_times(exchange.http, &times), "no times before an answer was taken");
  (void)exchange_get(&exchange, "/count");
  tap_check(fnf_http_times(exchange.http, &times) && times.connect > 0 && times.tls <= 0 &&
                times.first_byte >= times.connect && times.total >= times.first_byte,
            "times are seconds from the start, in their order");
  (void)exchange_get(&exchange, "/count");
  tap_check(fnf_http_times(exchange.http, &times) && times.first_byte > 0, "those of the last one");
  fnf_http_cancel(exchange.http, exchange_start(&exchange, "/count"));
  tap_check(!fnf_http_times(exchange.http, &times), "none, once another has begun in its place");
  exchange_close(&exchange);
}

static void speaks_by_ipv6(void) {
  struct exchange exchange = exchange_open_ipv6();
  if (!exchange.http) {
    printf("# not run: an exchange by IPv6, for there is no ::1 here\n");
    return;
  }
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.1"), "an answer by IPv6");
  tap_same(exchange_get(&exchange, "/count").body, FNF_STR("1.2"), "whose connection is kept");
  calls_fail_at("recv", 1, ECONNRESET);
  struct fnf_str body = exchange_get(&exchange, "/count").body;
  tap_check(calls_failed() == 1, "and looked at, so its ends are known");
  tap_same(body, FNF_STR("2.1"), "and not used again once it is spent");
  exchange_close(&exchange);
}

/* ---- several pools ---- */

static struct exchange open_beside(const struct exchange *exchange) {
  struct exchange other = {.server = exchange->server};
  const struct fnf_http_options options = {.no_proxy = "*"};
  (void)fnf_http_new(&other.http, &options);
  return other;
}

static void waits_for_several_pools(void) {
  enum { MORE_THAN_A_SET = 1100 };
  static struct fnf_http *pools[MORE_THAN_A_SET];
  struct exchange exchange = exchange_open(0), other = open_beside(&exchange), idle = open_beside(&exchange);
  struct fnf_http_answer answer;
  if (!tap_check(other.http && idle.http, "three pools"))
    return;
  fnf_http_wait_all(pools, 0, 1000);
  (void)exchange_start(&exchange, "/hang");
  pools[0] = exchange.http;
  pools[1] = other.http;
  pools[2] = idle.http;
  for (int i = 0; i < 3; i++) {
    int64_t id = exchange_start(&other, "/count"), start = fnf_clock_monotonic_ns();
    int found = 0;
    while (!found && fnf_clock_monotonic_ns() - start < (int64_t)20 * 1000000000) {
      fnf_http_wait_all(pools, 3, 20000);
      found = fnf_http_take(other.http, &answer);
    }
    tap_check(found && answer.id == id && answer.status == FNF_OK, "a wait for several pools ends with any of them");
    tap_check(fnf_clock_monotonic_ns() - start < (int64_t)10 * 1000000000, "and not by its time");
  }
  int64_t quick = exchange_start(&exchange, "/count"), start = fnf_clock_monotonic_ns();
  while (fnf_http_in_flight(exchange.http) > 1)
    fnf_http_wait(exchange.http, 1000);
  fnf_http_wait_all(pools, 3, 20000);
  tap_check(fnf_clock_monotonic_ns() - start < (int64_t)10 * 1000000000, "what can be taken already is not waited for");
  tap_check(fnf_http_take(exchange.http, &answer) && answer.id == quick, "nor lost");

  struct fnf_http_request hanging = {.url = FNF_STR("/hang"), .timeout_ms = 100};
  (void)exchange_send(&other, hanging, &quick);
  for (int i = 1; i < MORE_THAN_A_SET; i++)
    pools[i] = other.http;
  while (fnf_http_in_flight(other.http))
    fnf_http_wait_all(pools, MORE_THAN_A_SET, 20000);
  tap_check(fnf_http_take(other.http, &answer) && answer.id == quick && answer.status == FNF_TIMEOUT,
            "the time of one that is not the first counts, and it may be named too often");
  fnf_http_free(other.http);
  fnf_http_free(idle.http);
  exchange_close(&exchange);
}

static void frees_at_any_time(void) {
  long before = memory_in_use();
  struct exchange exchange = exchange_open(2);
  fnf_http_free(NULL);
  for (int i = 0; i < 10; i++)
    (void)exchange_start(&exchange, i % 2 ? "/hang" : "/count");
  fnf_http_wait(exchange.http, 1000);
  exchange_close(&exchange);
  tap_check(memory_in_use() == before, "a pool freed with transfers in flight, waiting and ended leaves nothing");

  struct fnf_http *http = NULL;
  struct fnf_http_options options = {.max_connections = 1};
  tap_check(fnf_http_new(&http, &options) == FNF_OK && fnf_http_in_flight(http) == 0, "a pool");
  fnf_http_free(http);
  tap_check(memory_in_use() == before, "a pool never used leaves nothing");
}

/* ---- forks ---- */

/* What the child found, as bits through a pipe: its exit status may belong to
 * a memory checker. */
enum { NO_FLIGHT = 1, NOTHING_TO_TAKE = 2, CANCEL_HARMLESS = 4, OWN_CONNECTION = 8, KEPT = 16, FREED = 32, ALL = 63 };

static int use_in_child(struct exchange *exchange, int64_t of_parent) {
  struct fnf_http_answer answer;
  int found = fnf_http_in_flight(exchange->http) == 0 ? NO_FLIGHT : 0;
  found |= !fnf_http_take(exchange->http, &answer) ? NOTHING_TO_TAKE : 0;
  fnf_http_cancel(exchange->http, of_parent);
  fnf_http_wait(exchange->http, 0);
  found |= CANCEL_HARMLESS;
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
    tap_exit(write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
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
  fnf_http_wait(exchange.http, 50);
  ended = exchange_start(&exchange, "/count");
  while (fnf_http_in_flight(exchange.http) > 1)
    fnf_http_wait(exchange.http, 1000);

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

void http_spec(void) {
  tap_suite("http");
  keeps_its_connection();
  looks_before_it_sends();
  takes_in_the_order_of_ending();
  cancels();
  runs_many(100, 32);
  runs_many(60, 3);
  runs_many(20, 1);
  times_out_in_the_queue();
  waits_no_longer_than_asked();
  hears_of_high_sockets();
  ends_each_in_its_own_time();
  tells_its_times();
  speaks_by_ipv6();
  waits_for_several_pools();
  frees_at_any_time();
  begins_afresh();
  frees_an_inherited_pool();
}
