/*
 * Bare libcurl, many at once: `polls URL COUNT IN_FLIGHT` prints seconds of CPU per answer, user and system.
 * SPDX-License-Identifier: MIT
 *
 * IN_FLIGHT handles on as many connections, each sent again as soon as its
 * answer has come. The signed path is set for each, as whoever signs must do;
 * as CURLOPT_REQUEST_TARGET, for a URL libcurl would parse and encode. Of
 * $BENCH_GUARDED and signals calls.c tells.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 256, PAUSE_MS = 1000, WARM_UP = 1000 };

struct poll {
  CURL *easy;
  char bytes[4096];
  size_t size;
};

static struct poll polls[MOST];

static void fail(const char *what) {
  (void)fprintf(stderr, "polls: %s\n", what);
  exit(1);
}

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
  struct poll *poll = user;
  if (size * count > sizeof poll->bytes - poll->size)
    return 0;
  memcpy(poll->bytes + poll->size, data, size * count);
  poll->size += size * count;
  return size * count;
}

static void send_poll(CURLM *multi, struct poll *poll, const char *path) {
  poll->size = 0;
  if (curl_easy_setopt(poll->easy, CURLOPT_REQUEST_TARGET, path) || curl_multi_add_handle(multi, poll->easy))
    fail("cannot send");
}

/* Take the answers that have come; returns how many. */
static long take(CURLM *multi, const char *path) {
  long taken = 0;
  int left;
  for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL; taken++) {
    struct poll *poll = NULL;
    long status = 0;
    CURLcode code = message->data.result;
    CURL *easy = message->easy_handle;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &poll);
    if (code != CURLE_OK || status != 200 || !poll->size || curl_multi_remove_handle(multi, easy))
      fail(curl_easy_strerror(code));
    send_poll(multi, poll, path);
  }
  return taken;
}

static void run(CURLM *multi, const char *path, long count) {
  int running;
  while (count > 0) {
    if (curl_multi_perform(multi, &running))
      fail("perform");
    count -= take(multi, path);
    if (curl_multi_poll(multi, NULL, 0, PAUSE_MS, NULL))
      fail("poll");
  }
}

int main(int argument_count, char **arguments) {
  static const char *const lines[] = {"accept: application/json", "user-agent: bench", "x-acs-action: DescribeMapRun",
                                      "x-acs-version: 2019-03-15"};
  long count = argument_count == 4 ? strtol(arguments[2], NULL, 10) : 0;
  long in_flight = argument_count == 4 ? strtol(arguments[3], NULL, 10) : 0;
  CURLM *multi = curl_multi_init();
  char host[256];
  struct curl_slist *headers = NULL;
  if (count < 1 || in_flight < 1 || in_flight > MOST || !multi)
    return 2;
  const char *path = split(arguments[1], host, sizeof host);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    headers = curl_slist_append(headers, lines[i]);
  (void)curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, in_flight);
  for (long i = 0; i < in_flight; i++) {
    struct poll *poll = polls + i;
    poll->easy = curl_easy_init();
    if (!poll->easy)
      return 2;
    (void)curl_easy_setopt(poll->easy, CURLOPT_URL, host);
    (void)curl_easy_setopt(poll->easy, CURLOPT_CAINFO, getenv("FNF_CA_FILE"));
    (void)curl_easy_setopt(poll->easy, CURLOPT_NOSIGNAL, getenv("BENCH_GUARDED") ? 0L : 1L);
    (void)curl_easy_setopt(poll->easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(poll->easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(poll->easy, CURLOPT_WRITEDATA, poll);
    (void)curl_easy_setopt(poll->easy, CURLOPT_PRIVATE, poll);
    send_poll(multi, poll, path);
  }
  run(multi, path, WARM_UP);
  clock_t start = clock();
  run(multi, path, count);
  printf("%.9f\n", (double)(clock() - start) / CLOCKS_PER_SEC / (double)count);
  for (long i = 0; i < in_flight; i++) {
    (void)curl_multi_remove_handle(multi, polls[i].easy);
    curl_easy_cleanup(polls[i].easy);
  }
  (void)curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  return 0;
}
