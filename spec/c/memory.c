/*
 * Memory that fails on request, memory that ends at a wall.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* mmap's MAP_ANONYMOUS */
#include "memory.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

static _Thread_local long until_failure, in_use;
static _Thread_local int has_failed, fails_for_good;

static int fails(void) {
  if (until_failure == 0 || --until_failure > 0)
    return 0;
  has_failed = 1;
  until_failure = fails_for_good;
  return 1;
}

void memory_fail_at(long n) {
  until_failure = n;
  has_failed = fails_for_good = 0;
}

void memory_fail_from(long n) {
  memory_fail_at(n);
  fails_for_good = 1;
}

int memory_has_failed(void) {
  until_failure = 0;
  return has_failed;
}

long memory_in_use(void) {
  return in_use;
}

/* ---- the core's allocations ---- */

static void *counted(void *block) {
  in_use += block != NULL;
  return block;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size) {
  if (fails())
    return NULL;
  return block ? __real_realloc(block, size) : counted(__real_realloc(NULL, size));
}

char *__wrap_strdup(const char *text) {
  return fails() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *block) {
  in_use -= block != NULL;
  __real_free(block);
}

/* ---- the libraries' allocations ---- */

static void *curl_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

static void *curl_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}

static void *curl_realloc(void *block, size_t size) {
  return fails() ? NULL : __real_realloc(block, size);
}

static char *curl_strdup(const char *text) {
  return fails() ? NULL : __real_strdup(text);
}

static void *crypto_malloc(size_t size, const char *file, int line) {
  (void)file, (void)line;
  return size == 0 || fails() ? NULL : __real_malloc(size);
}

static void *crypto_realloc(void *block, size_t size, const char *file, int line) {
  (void)file, (void)line;
  return fails() ? NULL : __real_realloc(block, size);
}

static void crypto_free(void *block, const char *file, int line) {
  (void)file, (void)line;
  __real_free(block);
}

void memory_watch_libraries(void) {
  if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) ||
      curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, __real_free, curl_realloc, curl_strdup, curl_calloc) !=
          CURLE_OK)
    abort();
}

/* ---- the wall ---- */

struct fnf_str memory_before_wall(struct fnf_str text) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (text.size / page + 1) * page;
  char *start = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED || mprotect(start + room, page, PROT_NONE) != 0)
    abort();
  char *copy = start + room - text.size;
  if (text.size)
    memcpy(copy, text.data, text.size);
  return (struct fnf_str){copy, text.size};
}
