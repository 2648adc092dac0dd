/*
 * New TLS connections one after the other: `handshakes fnf|curl URL COUNT` prints seconds of CPU for each.
 * SPDX-License-Identifier: MIT
 *
 * "fnf" is the library's pool with its choice of authorities, "curl" a handle
 * with libcurl's defaults: a bundle and a folder, here those of $BENCH_CERTS.
 * The server closes after each answer and resumes no session.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http.h"

static void check(int holds, const char *what) {
  if (holds)
    return;
  (void)fprintf(stderr, "handshakes: %s\n", what);
  exit(1);
}

static void connect_by_pool(struct fnf_http *http, const char *url) {
  struct fnf_http_request request = {
      .method = FNF_STR("GET"), .url = {url, strlen(url)}, .timeout_ms = 10000, .connect_timeout_ms = 10000};
  struct fnf_http_answer answer = {0};
  int64_t id = 0;
  check(fnf_http_start(http, &request, &id) == FNF_OK, "not started");
  while (!fnf_http_take(http, &answer))
    fnf_http_wait(http, 1000);
  check(answer.status == FNF_OK && answer.http_status == 200, answer.message ? answer.message : "status");
}

static size_t drop(char *data, size_t size, size_t count, void *user) {
  (void)data, (void)user;
  return size * count;
}

static CURL *open_handle(const char *url) {
  const char *folder = getenv("BENCH_CERTS");
  char file[4096];
  CURL *easy = curl_easy_init();
  check(easy && folder, "no handle or no BENCH_CERTS");
  (void)snprintf(file, sizeof file, "%s/ca-certificates.crt", folder);
  (void)curl_easy_setopt(easy, CURLOPT_URL, url);
  (void)curl_easy_setopt(easy, CURLOPT_CAINFO, file);
  (void)curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
  (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
  return easy;
}

int main(int argument_count, char **arguments) {
  if (argument_count != 4)
    return 2;
  const char *url = arguments[2];
  long count = strtol(arguments[3], NULL, 10);
  struct fnf_http_options options = {.no_proxy = "*"};
  struct fnf_http *http = NULL;
  int is_ours = strcmp(arguments[1], "fnf") == 0;
  CURL *easy = is_ours ? NULL : open_handle(url);
  check(!is_ours || fnf_http_new(&http, &options) == FNF_OK, "no pool");
  clock_t start = clock();
  for (long i = 0; i < count; i++)
    if (is_ours)
      connect_by_pool(http, url);
    else
      check(curl_easy_perform(easy) == CURLE_OK, "libcurl failed");
  printf("%.9f\n", (double)(clock() - start) / CLOCKS_PER_SEC / (double)count);
  fnf_http_free(http);
  curl_easy_cleanup(easy);
  return 0;
}
