/*
 * Calls that fnf.redis alone makes, failing on request as those of calls.h.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE /* pthread_sigmask, struct timeval */
#include <hiredis/hiredis.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "calls.h"

redisContext *__real_redisConnectWithTimeout(const char *host, int port, struct timeval timeout);
int __real_redisSetTimeout(redisContext *redis, struct timeval timeout);
int __real_redisAppendCommandArgv(redisContext *redis, int count, const char **words, const size_t *sizes);
int __real_redisBufferWrite(redisContext *redis, int *done);
int __real_redisBufferRead(redisContext *redis);
int __real_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);

redisContext *__wrap_redisConnectWithTimeout(const char *host, int port, struct timeval timeout);
int __wrap_redisSetTimeout(redisContext *redis, struct timeval timeout);
int __wrap_redisAppendCommandArgv(redisContext *redis, int count, const char **words, const size_t *sizes);
int __wrap_redisBufferWrite(redisContext *redis, int *done);
int __wrap_redisBufferRead(redisContext *redis);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);

redisContext *__wrap_redisConnectWithTimeout(const char *host, int port, struct timeval timeout) {
  return calls_fail("redisConnectWithTimeout", NULL) ? NULL : __real_redisConnectWithTimeout(host, port, timeout);
}

int __wrap_redisSetTimeout(redisContext *redis, struct timeval timeout) {
  return calls_fail("redisSetTimeout", NULL) ? REDIS_ERR : __real_redisSetTimeout(redis, timeout);
}

int __wrap_redisAppendCommandArgv(redisContext *redis, int count, const char **words, const size_t *sizes) {
  if (!calls_fail("redisAppendCommandArgv", NULL))
    return __real_redisAppendCommandArgv(redis, count, words, sizes);
  redis->err = REDIS_ERR_OOM;
  return REDIS_ERR;
}

/* By nothing that has left. */
int __wrap_redisBufferWrite(redisContext *redis, int *done) {
  if (!calls_fail("redisBufferWrite", NULL))
    return __real_redisBufferWrite(redis, done);
  *done = 0;
  return REDIS_OK;
}

int __wrap_redisBufferRead(redisContext *redis) {
  if (!calls_fail("redisBufferRead", NULL))
    return __real_redisBufferRead(redis);
  redis->err = REDIS_ERR_EOF;
  strcpy(redis->errstr, "the server has gone");
  return REDIS_ERR;
}

int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before) {
  int error = 0;
  return calls_fail("pthread_sigmask", &error) ? error : __real_pthread_sigmask(how, set, before);
}
