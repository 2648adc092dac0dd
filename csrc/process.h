/*
 * An external program run without a shell, its standard output caught.
 * SPDX-License-Identifier: MIT
 *
 * The program inherits the environment and standard error; its standard input
 * is empty. Nothing here waits for it: look at it now and then. It has a
 * process group of its own, so that freeing it ends what it started, too.
 *
 * A forked child of the host that frees a copy does not touch the program.
 */
#ifndef FNF_PROCESS_H
#define FNF_PROCESS_H

#include <sys/types.h>

#include "buf.h"
#include "fnf.h"

#pragma GCC visibility push(hidden)

enum { FNF_PROCESS_LOST = -1 }; /* the exit status, if the host has reaped the program before us */

/* Zero-initialised may be freed. */
struct fnf_process {
  struct fnf_buf text; /* standard output so far */
  pid_t id;            /* 0 once it has ended */
  int output;          /* reading end of its standard output, if is_open */
  int is_open;
  int exit_status; /* once it has ended; 128 + signal if one killed it; FNF_PROCESS_LOST */
  int error;       /* errno, if the system refused */
  unsigned forks;  /* fnf_fork_count when it was started */
};

/* Start `words[0]`, found as a shell finds it, with `words` (ended by NULL) as
 * its arguments; at most `limit` bytes of output are kept. FNF_SYSTEM: there is
 * no such program, or the system has no room for one; FNF_NO_MEMORY. */
enum fnf_status fnf_process_start(struct fnf_process *process, char *const words[], size_t limit);

/* Take in what it has printed, and whether it has ended, into *ended. What its
 * own children print later is not waited for. FNF_TOO_BIG: more output than the
 * limit; the program goes on until it is freed. */
enum fnf_status fnf_process_look(struct fnf_process *process, int *ended);

/* End it and what it started, if it is still running; wipe its output. One
 * that the system does not let us end, running as another user, is left alone. */
void fnf_process_free(struct fnf_process *process);

#pragma GCC visibility pop

#endif
