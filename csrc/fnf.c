/*
 * Clean texts, names of statuses, the fork count, and pinning the shared object.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* dladdr, RTLD_NODELETE */
#include "fnf.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

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

int fnf_is_clean(struct fnf_str text, unsigned char lowest) {
  const uint64_t ones = UINT64_MAX / 0xFF, highs = ones * 0x80;
  size_t i = 0;
  for (; text.size - i >= sizeof ones; i += sizeof ones) { /* a word at a time: URLs are long */
    uint64_t word;
    memcpy(&word, text.data + i, sizeof word);
    uint64_t deletes = word ^ (ones * 0x7F);
    if ((((word - ones * lowest) & ~word) | ((deletes - ones) & ~deletes)) & highs)
      return 0;
  }
  for (; i < text.size; i++)
    if ((unsigned char)text.data[i] < lowest || text.data[i] == 0x7F)
      return 0;
  return 1;
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

/* What a volatile pointer calls is not known to the compiler, which so cannot leave it out. */
static void *(*const volatile overwrite)(void *bytes, int byte, size_t size) = memset;

void fnf_wipe(void *bytes, size_t size) {
  (void)overwrite(bytes, 0, size);
}

void fnf_pin(void) {
#ifdef RTLD_NODELETE
  Dl_info here;
  if (dladdr((void *)&fork_count, &here) && here.dli_fname)
    (void)dlopen(here.dli_fname, RTLD_NOW | RTLD_NODELETE);
#endif
}
