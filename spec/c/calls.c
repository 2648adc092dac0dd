/*
 * Calls of the system and of libraries that fail on request.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* posix_spawn, getaddrinfo */
#include "calls.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { MOST = 2 };

static _Thread_local struct {
  const char *name; /* NULL: none fails */
  long until;
  int for_good, error;
} asked[MOST];
static _Thread_local int failed, error; /* how many, and that of the one that fails now */

static void ask(const char *name, long n, int by, int for_good) {
  size_t i = 0;
  while (i < MOST && asked[i].name)
    i++;
  if (i == MOST)
    abort();
  asked[i].name = name;
  asked[i].until = n;
  asked[i].for_good = for_good;
  asked[i].error = by;
}

void calls_fail_at(const char *name, long n, int by) {
  ask(name, n, by, 0);
}

void calls_fail_from(const char *name, long n, int by) {
  ask(name, n, by, 1);
}

int calls_failed(void) {
  int count = failed;
  failed = 0;
  memset(asked, 0, sizeof asked);
  return count;
}

static int fails(const char *name) {
  for (size_t i = 0; i < MOST; i++)
    if (asked[i].name && strcmp(asked[i].name, name) == 0 && --asked[i].until <= 0) {
      error = asked[i].error;
      failed++;
      if (!asked[i].for_good)
        asked[i].name = NULL;
      return 1;
    }
  return 0;
}

int calls_fail(const char *name, int *by) {
  int now = fails(name);
  if (now && by)
    *by = error;
  return now;
}

#define WRAPPED(type, name, parameters, ...) WRAPPED_AS(#name, type, name, parameters, __VA_ARGS__)

/* `failure` is what it returns then. */
#define WRAPPED_AS(as, type, name, parameters, arguments, failure)                                                     \
  type __real_##name parameters;                                                                                       \
  type __wrap_##name parameters;                                                                                       \
  type __wrap_##name parameters {                                                                                      \
    return fails(as) ? (failure) : __real_##name arguments;                                                            \
  }

/* ---- the system ---- */

static int by_errno(void) {
  errno = error;
  return -1;
}

WRAPPED(int, pipe, (int ends[2]), (ends), by_errno())
WRAPPED(int, fstat, (int file, struct stat *found), (file, found), by_errno())
WRAPPED(ssize_t, read, (int file, void *room, size_t size), (file, room, size), by_errno())
WRAPPED(ssize_t, recv, (int socket, void *room, size_t size, int flags), (socket, room, size, flags),
        error ? by_errno() : 0)
WRAPPED(pid_t, waitpid, (pid_t id, int *code, int options), (id, code, options), by_errno())
WRAPPED(int, kill, (pid_t id, int number), (id, number), by_errno())
WRAPPED(int, getsockname, (int socket, struct sockaddr *name, socklen_t *size), (socket, name, size), by_errno())
WRAPPED(int, getpeername, (int socket, struct sockaddr *name, socklen_t *size), (socket, name, size), by_errno())
WRAPPED(const char *, inet_ntop, (int family, const void *from, char *to, socklen_t size), (family, from, to, size),
        (by_errno(), NULL))
WRAPPED(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex), error)
WRAPPED(int, posix_spawn_file_actions_init, (posix_spawn_file_actions_t * actions), (actions), error)
WRAPPED(int, posix_spawn_file_actions_adddup2, (posix_spawn_file_actions_t * actions, int from, int to),
        (actions, from, to), error)
WRAPPED(int, posix_spawn_file_actions_addopen,
        (posix_spawn_file_actions_t * actions, int file, const char *path, int flags, mode_t mode),
        (actions, file, path, flags, mode), error)
WRAPPED(int, posix_spawnattr_init, (posix_spawnattr_t * attributes), (attributes), error)
WRAPPED(int, posix_spawnattr_setflags, (posix_spawnattr_t * attributes, short flags), (attributes, flags), error)
WRAPPED(int, posix_spawnattr_setpgroup, (posix_spawnattr_t * attributes, pid_t group), (attributes, group), error)
WRAPPED(int, posix_spawnattr_setsigmask, (posix_spawnattr_t * attributes, const sigset_t *set), (attributes, set),
        error)
WRAPPED(int, posix_spawnattr_setsigdefault, (posix_spawnattr_t * attributes, const sigset_t *set), (attributes, set),
        error)
int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found);

/* A list of lists, which are freed as one. */
static int find_often(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  int why = 0;
  for (int i = 0; i < 20 && !why; i++) {
    why = __real_getaddrinfo(host, service, hints, found);
    while (!why && *found)
      found = &(*found)->ai_next;
  }
  return why;
}

WRAPPED(int, getaddrinfo,
        (const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found),
        (host, service, hints, found), error == CALLS_MANY_ADDRESSES ? find_often(host, service, hints, found) : error)
WRAPPED(int, getnameinfo,
        (const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size, char *service,
         socklen_t service_size, int flags),
        (address, size, host, host_size, service, service_size, flags), error)

#ifdef __GLIBC__ /* as it calls them where files may be large */
WRAPPED_AS("fstat", int, fstat64, (int file, void *found), (file, found), by_errno())
#endif

/* It does not fail, but says that it is so many seconds later. */
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
  int result = __real_clock_gettime(clock, now);
  if (fails("clock_gettime"))
    now->tv_sec += error;
  return result;
}

/* By 0: as a system that knows less does, which leaves out the end of what it tells. */
static int shortened(socklen_t *size) {
  *size = 0;
  return error ? by_errno() : 0;
}

WRAPPED(int, getsockopt, (int socket, int level, int name, void *value, socklen_t *size),
        (socket, level, name, value, size), shortened(size))

int __real_fcntl(int file, int command, ...);
int __wrap_fcntl(int file, int command, ...);
int __wrap_fcntl64(int file, int command, ...);
int __wrap_fcntl(int file, int command, ...) {
  va_list more;
  va_start(more, command);
  int value = va_arg(more, int);
  va_end(more);
  return fails("fcntl") ? by_errno() : __real_fcntl(file, command, value);
}

int __wrap_fcntl64(int file, int command, ...) {
  va_list more;
  va_start(more, command);
  int value = va_arg(more, int);
  va_end(more);
  return __wrap_fcntl(file, command, value);
}

/* ---- libcrypto ---- */

static int by_reason(void) {
  ERR_raise(ERR_LIB_USER, error);
  return 0;
}

WRAPPED(int, RAND_bytes, (unsigned char *bytes, int size), (bytes, size), by_reason())
WRAPPED_AS("libcrypto", int, EVP_DigestInit_ex, (EVP_MD_CTX * state, const EVP_MD *md, ENGINE *engine),
           (state, md, engine), by_reason())
WRAPPED_AS("libcrypto", int, EVP_DigestUpdate, (EVP_MD_CTX * state, const void *bytes, size_t size),
           (state, bytes, size), by_reason())
WRAPPED_AS("libcrypto", int, EVP_DigestFinal_ex, (EVP_MD_CTX * state, unsigned char *digest, unsigned *size),
           (state, digest, size), by_reason())
WRAPPED_AS("libcrypto", int, EVP_MD_CTX_copy_ex, (EVP_MD_CTX * to, const EVP_MD_CTX *from), (to, from), by_reason())
WRAPPED_AS("libcrypto", int, EVP_DigestSignInit,
           (EVP_MD_CTX * state, EVP_PKEY_CTX **key, const EVP_MD *md, ENGINE *engine, EVP_PKEY *rsa),
           (state, key, md, engine, rsa), by_reason())
WRAPPED_AS("libcrypto", int, EVP_DigestSign,
           (EVP_MD_CTX * state, unsigned char *mac, size_t *size, const unsigned char *text, size_t count),
           (state, mac, size, text, count), by_reason())
WRAPPED(EVP_MD *, EVP_MD_fetch, (OSSL_LIB_CTX * context, const char *name, const char *properties),
        (context, name, properties), (by_reason(), NULL))
WRAPPED_AS("libcrypto", OSSL_LIB_CTX *, OSSL_LIB_CTX_get0_global_default, (void), (), NULL)

/* ---- libcurl ---- */

WRAPPED(CURLcode, curl_global_init, (long flags), (flags), (CURLcode)error)
WRAPPED(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL *easy), (multi, easy), (CURLMcode)error)
WRAPPED(CURLMcode, curl_multi_perform, (CURLM * multi, int *running), (multi, running), (CURLMcode)error)
WRAPPED(CURLMcode, curl_multi_poll,
        (CURLM * multi, struct curl_waitfd others[], unsigned count, int timeout_ms, int *ready),
        (multi, others, count, timeout_ms, ready), (CURLMcode)error)

static long leaves_signals;

int calls_leaves_signals(void) {
  return leaves_signals != 0;
}

#undef curl_easy_setopt
CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...) {
  typedef void callback(void);
  CURLcode code = CURLE_OK;
  va_list more;
  va_start(more, option);
  if (fails("curl_easy_setopt"))
    code = (CURLcode)error;
  else if (option >= CURLOPTTYPE_OFF_T)
    code = __real_curl_easy_setopt(easy, option, va_arg(more, curl_off_t));
  else if (option >= CURLOPTTYPE_FUNCTIONPOINT)
    code = __real_curl_easy_setopt(easy, option, va_arg(more, callback *));
  else if (option >= CURLOPTTYPE_OBJECTPOINT)
    code = __real_curl_easy_setopt(easy, option, va_arg(more, void *));
  else if (option == CURLOPT_NOSIGNAL)
    code = __real_curl_easy_setopt(easy, option, leaves_signals = va_arg(more, long));
  else
    code = __real_curl_easy_setopt(easy, option, va_arg(more, long));
  va_end(more);
  return code;
}

curl_version_info_data *__real_curl_version_info(CURLversion age);

static curl_version_info_data pretended; /* version_num 0: none */

void calls_pretend_libcurl(unsigned version, const char *tls, int has_async_names) {
  pretended = *__real_curl_version_info(CURLVERSION_NOW);
  pretended.age = CURLVERSION_SIXTH;
  pretended.ssl_version = tls;
  pretended.version_num = version;
  pretended.features &= ~CURL_VERSION_ASYNCHDNS;
  pretended.features |= has_async_names ? CURL_VERSION_ASYNCHDNS : 0;
}

curl_version_info_data *__wrap_curl_version_info(CURLversion age);
curl_version_info_data *__wrap_curl_version_info(CURLversion age) {
  return pretended.version_num ? &pretended : __real_curl_version_info(age);
}
