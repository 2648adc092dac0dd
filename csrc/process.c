/*
 * An external program run without a shell.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* posix_spawnp, kill */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PIECE = 4096 };

/* ---- starting ---- */

/* A pipe that no program inherits and whose reading end never waits. */
static int open_pipe(int ends[2]) {
  if (pipe(ends) != 0)
    return errno;
  if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) != -1 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) != -1 &&
      fcntl(ends[0], F_SETFL, O_NONBLOCK) != -1)
    return 0;
  int error = errno;
  (void)close(ends[0]);
  (void)close(ends[1]);
  return error;
}

/* Output first: a host without standard streams may have the pipe's end at 0. */
static int set_streams(posix_spawn_file_actions_t *actions, int output) {
  int error = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
  return error ? error : posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
}

/* A group of its own; no signal blocked, and those that a host ignores for itself as a fresh program has them. */
static int set_attributes(posix_spawnattr_t *attributes) {
  sigset_t none, defaults;
  (void)sigemptyset(&none);
  (void)sigemptyset(&defaults);
  (void)sigaddset(&defaults, SIGPIPE);
  (void)sigaddset(&defaults, SIGCHLD);
  int error =
      posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  if (!error)
    error = posix_spawnattr_setpgroup(attributes, 0);
  if (!error)
    error = posix_spawnattr_setsigmask(attributes, &none);
  return error ? error : posix_spawnattr_setsigdefault(attributes, &defaults);
}

static int spawn(pid_t *id, char *const words[], int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int error = posix_spawn_file_actions_init(&actions);
  if (error)
    return error;
  error = posix_spawnattr_init(&attributes);
  if (!error) {
    error = set_streams(&actions, output);
    if (!error)
      error = set_attributes(&attributes);
    if (!error)
      error = posix_spawnp(id, words[0], &actions, &attributes, words, environ);
    (void)posix_spawnattr_destroy(&attributes);
  }
  (void)posix_spawn_file_actions_destroy(&actions);
  return error;
}

static enum fnf_status status_of_error(int error) {
  return error == ENOMEM ? FNF_NO_MEMORY : FNF_SYSTEM;
}

enum fnf_status fnf_process_start(struct fnf_process *process, char *const words[], size_t limit) {
  int ends[2];
  *process = (struct fnf_process){.forks = fnf_fork_count()};
  fnf_buf_init(&process->text, limit);
  /* All at once: growing would leave copies of a secret behind. */
  if (fnf_buf_reserve(&process->text, limit) != FNF_OK)
    return process->text.status;
  process->error = open_pipe(ends);
  if (process->error)
    return status_of_error(process->error);
  process->error = spawn(&process->id, words, ends[1]);
  (void)close(ends[1]);
  if (process->error) {
    (void)close(ends[0]);
    process->id = 0;
    return status_of_error(process->error);
  }
  process->output = ends[0];
  process->is_open = 1;
  return FNF_OK;
}

/* ---- looking ---- */

static enum fnf_status read_output(struct fnf_process *process) {
  struct fnf_buf *text = &process->text;
  char piece[PIECE];
  for (;;) {
    ssize_t count = read(process->output, piece, sizeof piece);
    if (count > 0)
      fnf_buf_add(text, (struct fnf_str){piece, (size_t)count});
    else if (count == 0 || errno != EINTR)
      break; /* its end, or nothing more for now */
    if (text->status != FNF_OK)
      break;
  }
  fnf_wipe(piece, sizeof piece);
  return text->status;
}

static int exit_status_of(int code) {
  return WIFSIGNALED(code) ? 128 + WTERMSIG(code) : WEXITSTATUS(code);
}

/* Whether the program has ended, waiting for it or not. */
static int reap(struct fnf_process *process, int options) {
  int code = 0;
  pid_t id;
  do
    id = waitpid(process->id, &code, options);
  while (id < 0 && errno == EINTR);
  if (id == 0)
    return 0;
  process->exit_status = id < 0 ? FNF_PROCESS_LOST : exit_status_of(code);
  process->id = 0;
  return 1;
}

enum fnf_status fnf_process_look(struct fnf_process *process, int *ended) {
  /* First whether it has ended: all it printed is then in the pipe already. */
  *ended = !process->id || reap(process, WNOHANG);
  return read_output(process);
}

void fnf_process_free(struct fnf_process *process) {
  if (process->id && process->forks == fnf_fork_count()) {
    (void)kill(-process->id, SIGKILL);
    int is_killed = kill(process->id, SIGKILL) == 0; /* it may have left its group, or run as another user */
    (void)reap(process, is_killed ? 0 : WNOHANG);
  }
  if (process->is_open)
    (void)close(process->output);
  if (process->text.data)
    fnf_wipe(process->text.data, process->text.capacity);
  fnf_buf_free(&process->text);
  process->id = 0;
  process->is_open = 0;
}
