/*
 * Specs of random.h.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* fork */
#include "random.h"

#include <openssl/err.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "tap.h"

enum { DRAWS = 1000 };

static void never_repeats(void) {
  static unsigned char drawn[DRAWS][16];
  struct fnf_random random = {0};
  int repeats = 0, failures = 0;
  for (int i = 0; i < DRAWS; i++) {
    failures += fnf_random_take(&random, drawn[i], sizeof drawn[i]) != FNF_OK;
    for (int j = 0; j < i; j++)
      repeats += memcmp(drawn[i], drawn[j], sizeof drawn[i]) == 0;
  }
  tap_check(failures == 0 && repeats == 0, "%d draws over many stocks are all different", DRAWS);
}

static void gives_odd_sizes(void) {
  static unsigned char bytes[2049];
  struct fnf_random random = {0};
  tap_check(fnf_random_take(&random, bytes, 2049) == FNF_TOO_BIG, "more than a stock is refused");
  tap_check(fnf_random_take(&random, bytes, 2048) == FNF_OK && random.left == 0, "a whole stock can be had");
  tap_check(fnf_random_take(&random, bytes, 0) == FNF_OK, "no bytes can be had");
  tap_check(fnf_random_take(&random, bytes, 2047) == FNF_OK, "nearly a stock can be had");
  tap_check(fnf_random_take(&random, bytes, 2) == FNF_OK && random.left == 2046, "a rest too small is not handed out");
  unsigned char stock_left[2] = {0};
  memcpy(stock_left, random.stock + 2046, 2);
  tap_check(stock_left[0] == 0 && stock_left[1] == 0, "what was handed out is wiped from the stock");
  tap_check(ERR_peek_error() == 0, "OpenSSL's error queue stays empty");
}

static void differs_after_a_fork(void) {
  struct fnf_random random = {0};
  unsigned char ours[16], theirs[16] = {0};
  int pipe_ends[2];
  unsigned forks = fnf_fork_count();
  (void)fnf_random_take(&random, ours, sizeof ours);
  if (!tap_check(pipe(pipe_ends) == 0, "a pipe"))
    return;
  pid_t child = fork();
  if (child == 0) {
    int done = fnf_fork_count() == forks + 1 && fnf_random_take(&random, theirs, sizeof theirs) == FNF_OK;
    tap_exit(done && write(pipe_ends[1], theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
  }
  (void)fnf_random_take(&random, ours, sizeof ours);
  ssize_t size = child > 0 ? read(pipe_ends[0], theirs, sizeof theirs) : 0;
  (void)waitpid(child, NULL, 0);
  (void)close(pipe_ends[0]);
  (void)close(pipe_ends[1]);
  tap_check(size == sizeof theirs, "a child draws bytes and knows that it is one");
  tap_check(memcmp(ours, theirs, sizeof ours) != 0, "parent and child draw different bytes from the same stock");
  tap_check(fnf_fork_count() == forks, "the parent stays the process it was");
}

static void tells_of_a_failing_generator(void) {
  static const struct {
    const char *call;
    int reason;
    enum fnf_status status;
  } rows[] = {{"RAND_bytes", 1, FNF_CRYPTO},
              {"RAND_bytes", ERR_R_MALLOC_FAILURE, FNF_NO_MEMORY},
              {"libcrypto", 0, FNF_NO_MEMORY}}; /* its default context */
  struct fnf_random random = {0};
  unsigned char bytes[16] = {0}, none[16] = {0};
  calls_fail_at("RAND_bytes", 1, 1);
  enum fnf_status status = fnf_random_take(&random, bytes, sizeof bytes);
  tap_check(calls_failed() == 1 && status == FNF_OK && memcmp(bytes, none, sizeof bytes) != 0,
            "a generator that fails once is asked again");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    random = (struct fnf_random){0};
    memset(bytes, 0, sizeof bytes);
    calls_fail_from(rows[i].call, 1, rows[i].reason);
    status = fnf_random_take(&random, bytes, sizeof bytes);
    tap_check(calls_failed() && status == rows[i].status, "row %zu: failing for good is told as %s", i,
              fnf_status_name(status));
    tap_check(memcmp(bytes, none, sizeof bytes) == 0 && random.left == 0 && ERR_peek_error() == 0,
              "row %zu: nothing is handed out, and OpenSSL's error queue stays empty", i);
    tap_check(fnf_random_take(&random, bytes, sizeof bytes) == FNF_OK, "row %zu: and the next has its bytes", i);
  }
}

void random_spec(void) {
  tap_suite("random");
  never_repeats();
  gives_odd_sizes();
  differs_after_a_fork();
  tells_of_a_failing_generator();
}
