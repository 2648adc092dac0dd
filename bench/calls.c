/*
 * Bare libcurl, sequentially: `calls URL COUNT` prints seconds of CPU per call, user and system.
 * SPDX-License-Identifier: MIT
 *
 * One handle, one kept connection, the headers of a DescribeMapRun, the body
 * into a buffer. The signed path is set for each call, as whoever signs must
 * do; as CURLOPT_REQUEST_TARGET, for a URL libcurl would parse and encode.
 * Signals are left alone; with $BENCH_GUARDED libcurl keeps SIGPIPE away, as it
 * does for whoever sets nothing.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP = 20 };

struct body {
  char bytes[65536];
  size_t size;
};

/* Copy what stands before the path of the URL; returns the path. */
static const char *split(const char *url, char *host, size_t room) {
  const char *authority = strstr(url, "://");
  const char *path = authority ? strchr(authority + 3, '/') : NULL;
  if (!path || (size_t)(path - url) >= room) {
    (void)fprintf(stderr, "%s: no URL with a path\n", url);
    exit(2);
  }
  memcpy(host, url, (size_t)(path - url));
  host[path - url] = '\0';
  return path;
}

static size_t on_body(char *data, size_t size, size_t count, void *user) {
  struct body *body = user;
  if (size * count > sizeof body->bytes - body->size)
    return 0;
  memcpy(body->bytes + body->size, data, size * count);
  body->size += size * count;
  return size * count;
}

static void call(CURL *easy, const char *path, struct body *body) {
  long status = 0;
  body->size = 0;
  (void)curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, path);
  CURLcode code = curl_easy_perform(easy);
  (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK || status != 200 || !body->size) {
    (void)fprintf(stderr, "calls: %s, status %ld\n", curl_easy_strerror(code), status);
    exit(1);
  }
}

int main(int argument_count, char **arguments) {
  static const char *const lines[] = {"accept: application/json", "user-agent: bench", "x-acs-action: DescribeMapRun",
                                      "x-acs-version: 2019-03-15"};
  static struct body body;
  struct curl_slist *headers = NULL;
  CURL *easy = curl_easy_init();
  char host[256];
  if (argument_count != 3 || !easy)
    return 2;
  const char *path = split(arguments[1], host, sizeof host);
  (void)curl_easy_setopt(easy, CURLOPT_URL, host);
  (void)curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("FNF_CA_FILE"));
  (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, getenv("BENCH_GUARDED") ? 0L : 1L);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    headers = curl_slist_append(headers, lines[i]);
  (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
  long count = strtol(arguments[2], NULL, 10);
  for (int i = 0; i < WARM_UP; i++)
    call(easy, path, &body);
  clock_t start = clock();
  for (long i = 0; i < count; i++)
    call(easy, path, &body);
  printf("%.9f\n", (double)(clock() - start) / CLOCKS_PER_SEC / (double)count);
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  return 0;
}
