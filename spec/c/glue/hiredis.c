/*
 * Calls that fnf.redis alone makes, failing on request as those of calls.h.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE /* pthread_sigmask, struct timeval */
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/time.h>

#include "calls.h"

redisContext *__real_redisConnectWithTimeout(const char *host, int port, struct timeval timeout);
int __real_redisSetTimeout(redisContext *redis, struct timeval timeout);
int __real_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);

redisContext *__wrap_redisConnectWithTimeout(const char *host, int port, struct timeval timeout);
int __wrap_redisSetTimeout(redisContext *redis, struct timeval timeout);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);

redisContext *__wrap_redisConnectWithTimeout(const char *host, int port, struct timeval timeout) {
  return calls_fail("redisConnectWithTimeout", NULL) ? NULL : __real_redisConnectWithTimeout(host, port, timeout);
}

int __wrap_redisSetTimeout(redisContext *redis, struct timeval timeout) {
  return calls_fail("redisSetTimeout", NULL) ? REDIS_ERR : __real_redisSetTimeout(redis, timeout);
}

int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before) {
  int error = 0;
  return calls_fail("pthread_sigmask", &error) ? error : __real_pthread_sigmask(how, set, before);
}
