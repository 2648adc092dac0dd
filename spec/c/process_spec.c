/*
 * Specs of process.h.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* kill, fork */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "clock.h"
#include "memory.h"
#include "tap.h"

enum { LOOKS = 2000, MS = 1000000, LIMIT = 65536 };

static enum fnf_status start(struct fnf_process *process, const char *script, size_t limit) {
  char shell[] = "/bin/sh", option[] = "-c", text[256];
  (void)snprintf(text, sizeof text, "%s", script);
  char *words[] = {shell, option, text, NULL};
  return fnf_process_start(process, words, limit);
}

/* Look until it has ended, for at most ten seconds. */
static enum fnf_status finish(struct fnf_process *process, int *ended) {
  enum fnf_status status = FNF_OK;
  *ended = 0;
  for (int i = 0; i < LOOKS && status == FNF_OK && !*ended; i++) {
    status = fnf_process_look(process, ended);
    if (!*ended)
      fnf_clock_sleep_ns((int64_t)5 * MS);
  }
  return status;
}

static void catches_output(void) {
  struct fnf_process process;
  int ended = 0;
  tap_check(start(&process, "echo some; echo not >/dev/null; exit 7", LIMIT) == FNF_OK, "a program starts");
  tap_check(finish(&process, &ended) == FNF_OK && ended, "it ends");
  tap_same(fnf_buf_str(&process.text), FNF_STR("some\n"), "what it printed is there");
  tap_check(process.exit_status == 7, "its exit status is there");
  tap_check(fnf_process_look(&process, &ended) == FNF_OK && ended, "another look changes nothing");
  fnf_process_free(&process);
  fnf_process_free(&process);
  tap_check(process.text.data == NULL && !process.is_open, "it may be freed twice");
}

static void keeps_its_limit(void) {
  struct fnf_process process;
  int ended = 0;
  (void)start(&process, "printf 12345", 5);
  tap_check(finish(&process, &ended) == FNF_OK && process.text.size == 5, "output of just the limit is kept");
  fnf_process_free(&process);
  (void)start(&process, "printf 123456", 5);
  tap_check(finish(&process, &ended) == FNF_TOO_BIG, "one byte more is too big");
  fnf_process_free(&process);
}

static void ends_it_when_freed(void) {
  struct fnf_process process;
  int ended = 1;
  (void)start(&process, "exec sleep 60", LIMIT);
  pid_t id = process.id;
  tap_check(fnf_process_look(&process, &ended) == FNF_OK && !ended, "a program that runs on has not ended");
  fnf_process_free(&process);
  tap_check(kill(id, 0) == -1 && errno == ESRCH, "it is gone once freed, and reaped");
}

static void ends_it_outside_its_group(void) {
  struct fnf_process process;
  (void)start(&process, "exec sleep 5", LIMIT);
  calls_fail_at("kill", 1, ESRCH);
  fnf_process_free(&process);
  tap_check(calls_failed() == 1 && process.exit_status == 128 + SIGKILL,
            "a program that has left its group is ended, too");
}

static void leaves_what_it_may_not_end(void) {
  struct fnf_process process;
  (void)start(&process, "exec sleep 5", LIMIT);
  pid_t id = process.id;
  calls_fail_from("kill", 1, EPERM);
  fnf_process_free(&process);
  int failed = calls_failed();
  tap_check(failed > 0 && kill(id, 0) == 0 && process.text.data == NULL,
            "a program of another user's is not waited for");
  (void)kill(id, SIGKILL);
  (void)waitpid(id, NULL, 0);
}

static void leaves_it_to_the_parent(void) {
  struct fnf_process process;
  int code = 0;
  (void)start(&process, "exec sleep 60", LIMIT);
  pid_t child = fork();
  if (child == 0) {
    fnf_process_free(&process);
    tap_exit(0);
  }
  (void)waitpid(child, &code, 0);
  tap_check(code == 0 && kill(process.id, 0) == 0, "a forked child that frees its copy leaves the program alone");
  fnf_process_free(&process);
}

static void tells_a_lost_status(void) {
  struct fnf_process process;
  int ended = 0, code = 0;
  (void)start(&process, "exit 3", LIMIT);
  (void)waitpid(process.id, &code, 0); /* as a host that reaps every child would */
  tap_check(finish(&process, &ended) == FNF_OK && ended && process.exit_status == FNF_PROCESS_LOST,
            "a program that the host has reaped has ended somehow");
  fnf_process_free(&process);
}

static void survives_without_memory(void) {
  struct fnf_process process;
  memory_fail_at(1);
  enum fnf_status status = start(&process, "true", LIMIT);
  memory_fail_at(0);
  tap_check(status == FNF_NO_MEMORY && !process.id, "without memory no program is started");
  fnf_process_free(&process);
}

static void gives_fresh_signals(void) {
  struct fnf_process process;
  int ended = 0;
  void (*before)(int) = signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, old;
  (void)sigemptyset(&blocked);
  (void)sigaddset(&blocked, SIGTERM);
  (void)sigprocmask(SIG_BLOCK, &blocked, &old);
  (void)start(&process, "kill -PIPE $$; kill -TERM $$; exit 0", LIMIT);
  (void)finish(&process, &ended);
  tap_check(process.exit_status == 128 + SIGPIPE, "a program does not inherit ignored or blocked signals");
  (void)sigprocmask(SIG_SETMASK, &old, NULL);
  (void)signal(SIGPIPE, before);
  fnf_process_free(&process);
}

static void tells_of_a_missing_program(void) {
  struct fnf_process process;
  char name[] = "/none/program";
  char *words[] = {name, NULL};
  int ended = 0;
  enum fnf_status status = fnf_process_start(&process, words, LIMIT);
  /* valgrind runs posix_spawn as fork and exec, where only the exit status can tell */
  if (status == FNF_OK)
    (void)finish(&process, &ended);
  tap_check((status == FNF_SYSTEM && process.error == ENOENT) || (ended && process.exit_status == 127),
            "a missing program is told");
  fnf_process_free(&process);
}

static int count_descriptors(void) {
  int count = 0;
  for (int file = 0; file < 256; file++)
    count += fcntl(file, F_GETFD) != -1;
  return count;
}

static void tells_of_a_failing_system(void) {
  static const struct {
    const char *call;
    long n;
    int error;
    enum fnf_status status;
  } rows[] = {{"pipe", 1, EMFILE, FNF_SYSTEM},
              {"fcntl", 1, EBADF, FNF_SYSTEM},
              {"fcntl", 2, EBADF, FNF_SYSTEM},
              {"fcntl", 3, EBADF, FNF_SYSTEM},
              {"posix_spawn_file_actions_init", 1, ENOMEM, FNF_NO_MEMORY},
              {"posix_spawn_file_actions_adddup2", 1, ENOMEM, FNF_NO_MEMORY},
              {"posix_spawn_file_actions_addopen", 1, EBADF, FNF_SYSTEM},
              {"posix_spawnattr_init", 1, ENOMEM, FNF_NO_MEMORY},
              {"posix_spawnattr_setflags", 1, EINVAL, FNF_SYSTEM},
              {"posix_spawnattr_setpgroup", 1, EINVAL, FNF_SYSTEM},
              {"posix_spawnattr_setsigmask", 1, EINVAL, FNF_SYSTEM},
              {"posix_spawnattr_setsigdefault", 1, EINVAL, FNF_SYSTEM}};
  int before = count_descriptors();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct fnf_process process;
    calls_fail_at(rows[i].call, rows[i].n, rows[i].error);
    enum fnf_status status = start(&process, "true", LIMIT);
    int failed = calls_failed();
    tap_check(failed == 1 && status == rows[i].status && process.error == rows[i].error && !process.id,
              "%s failing (%ld) is told as %s by its errno", rows[i].call, rows[i].n, fnf_status_name(status));
    fnf_process_free(&process);
    tap_check(count_descriptors() == before, "%s failing (%ld) leaves no descriptor", rows[i].call, rows[i].n);
  }
}

static void goes_on_after_a_signal(void) {
  struct fnf_process process;
  int ended = 0;
  (void)start(&process, "exit 3", LIMIT);
  calls_fail_at("waitpid", 1, EINTR);
  tap_check(finish(&process, &ended) == FNF_OK && calls_failed() == 1 && process.exit_status == 3,
            "a signal that ends the waiting loses no exit status");
  fnf_process_free(&process);
  ended = 0;
  (void)start(&process, "echo some", LIMIT);
  calls_fail_at("read", 1, EINTR);
  tap_check(finish(&process, &ended) == FNF_OK && calls_failed() == 1, "a signal ends a read");
  tap_same(fnf_buf_str(&process.text), FNF_STR("some\n"), "and loses no output");
  fnf_process_free(&process);
}

void process_spec(void) {
  tap_suite("process");
  catches_output();
  keeps_its_limit();
  ends_it_when_freed();
  ends_it_outside_its_group();
  leaves_what_it_may_not_end();
  leaves_it_to_the_parent();
  tells_a_lost_status();
  survives_without_memory();
  gives_fresh_signals();
  tells_of_a_missing_program();
  tells_of_a_failing_system();
  goes_on_after_a_signal();
}
