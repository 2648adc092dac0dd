/*
 * Names of statuses, the fork count, and pinning the shared object.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* dladdr, RTLD_NODELETE */
#include "fnf.h"

#include <dlfcn.h>
#include <pthread.h>

/* The one piece of process-wide state: a child must be able to tell that it is one. */
static unsigned fork_count;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void count_fork(void) {
  fork_count++;
}

static void watch_forks(void) {
  /* Fails only without memory; then forks go unnoticed, which is what every
   * program that never heard of atfork lives with. */
  (void)pthread_atfork(NULL, NULL, count_fork);
}

unsigned fnf_fork_count(void) {
  (void)pthread_once(&fork_once, watch_forks);
  return fork_count;
}

const char *fnf_status_name(enum fnf_status status) {
  switch (status) {
  case FNF_OK:
    return "ok";
  case FNF_NO_MEMORY:
    return "no memory";
  case FNF_TOO_BIG:
    return "too big";
  case FNF_BAD_INPUT:
    return "bad input";
  case FNF_UNSUPPORTED:
    return "unsupported";
  case FNF_CRYPTO:
    return "crypto";
  case FNF_NETWORK:
    return "network";
  case FNF_TIMEOUT:
    return "timeout";
  case FNF_TLS:
    return "tls";
  case FNF_CERTIFICATE:
    return "certificate";
  case FNF_PROXY:
    return "proxy";
  case FNF_PROTOCOL:
    return "protocol";
  case FNF_SYSTEM:
    return "system";
  }
  return "unknown";
}

void fnf_wipe(void *bytes, size_t size) {
  volatile unsigned char *byte = bytes;
  while (size--)
    *byte++ = 0;
}

void fnf_pin(void) {
#ifdef RTLD_NODELETE
  Dl_info here;
  if (dladdr((void *)&fork_count, &here) && here.dli_fname)
    (void)dlopen(here.dli_fname, RTLD_NOW | RTLD_NODELETE);
#endif
}
