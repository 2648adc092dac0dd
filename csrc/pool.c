/*
 * The inside of a pool: its life, its slots and their lists.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_CONNECTIONS = 32, FIRST_SLOTS = 8 };

/* ---- life ---- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready = CURLE_FAILED_INIT;

static void init_curl(void) {
  curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Copy the borrowed options. 0: no memory. */
static int own_options(struct fnf_http_options *owned, const struct fnf_http_options *options) {
  const char *const from[] = {options->ca_file, options->cert_file, options->key_file,
                              options->proxy,   options->no_proxy,  options->user_agent};
  const char **const to[] = {&owned->ca_file, &owned->cert_file, &owned->key_file,
                             &owned->proxy,   &owned->no_proxy,  &owned->user_agent};
  int done = 1;
  owned->max_connections = options->max_connections ? options->max_connections : DEFAULT_CONNECTIONS;
  for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
    *to[i] = from[i] ? strdup(from[i]) : NULL;
    done = done && (*to[i] || !from[i]);
  }
  return done;
}

static void free_options(struct fnf_http_options *owned) {
  const char *const all[] = {owned->ca_file, owned->cert_file, owned->key_file,
                             owned->proxy,   owned->no_proxy,  owned->user_agent};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free((void *)all[i]);
}

static enum fnf_status open_multi(struct fnf_http *http) {
  long most = http->options.max_connections;
  http->forks = fnf_fork_count();
  http->first_free = http->first_ended = http->last_ended = NULL;
  http->deadline_ns = INT64_MAX;
  http->multi = curl_multi_init();
  if (!http->multi)
    return FNF_NO_MEMORY;
  /* Both: HTTP/2 would open a connection a transfer under the total alone. */
  (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
  (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, most);
  (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, most);
  return FNF_OK;
}

enum fnf_status fnf_http_new(struct fnf_http **out, const struct fnf_http_options *options) {
  *out = NULL;
  if (pthread_once(&curl_once, init_curl) != 0 || curl_ready != CURLE_OK)
    return FNF_UNSUPPORTED;
  struct fnf_http *http = calloc(1, sizeof *http);
  if (!http)
    return FNF_NO_MEMORY;
  enum fnf_status status = own_options(&http->options, options) ? open_multi(http) : FNF_NO_MEMORY;
  if (status == FNF_OK)
    *out = http;
  else
    fnf_http_free(http);
  return status;
}

int fnf_pool_is_inherited(const struct fnf_http *http) {
  return http->forks != fnf_fork_count();
}

static void free_slots(struct fnf_http *http) {
  int forked = fnf_pool_is_inherited(http);
  for (int32_t i = 0; i < http->slot_count; i++) {
    struct fnf_slot *slot = http->slots[i];
    if (!forked && slot->state == FNF_SLOT_IN_FLIGHT)
      (void)curl_multi_remove_handle(http->multi, slot->transfer.easy);
    if (forked)
      fnf_transfer_abandon(&slot->transfer);
    else
      fnf_transfer_close(&slot->transfer);
    free(slot);
  }
  free(http->slots);
  if (!forked)
    (void)curl_multi_cleanup(http->multi);
  http->slots = NULL;
  http->multi = NULL;
  http->slot_count = http->slot_capacity = 0;
  http->in_flight = 0;
}

void fnf_http_free(struct fnf_http *http) {
  if (!http)
    return;
  free_slots(http);
  free_options(&http->options);
  free(http);
}

/* ---- slots ---- */

enum fnf_status fnf_pool_add_slot(struct fnf_http *http) {
  if (http->slot_count >= FNF_HTTP_MAX_TRANSFERS)
    return FNF_TOO_BIG;
  if (http->slot_count == http->slot_capacity) {
    int32_t capacity = http->slot_capacity ? http->slot_capacity * 2 : FIRST_SLOTS;
    struct fnf_slot **slots = realloc(http->slots, (size_t)capacity * sizeof(struct fnf_slot *));
    if (!slots)
      return FNF_NO_MEMORY;
    http->slots = slots;
    http->slot_capacity = capacity;
  }
  struct fnf_slot *slot = calloc(1, sizeof *slot);
  if (!slot)
    return FNF_NO_MEMORY;
  enum fnf_status status = fnf_transfer_open(&slot->transfer, &http->options);
  if (status != FNF_OK) {
    free(slot);
    return status;
  }
  slot->index = http->slot_count++;
  slot->next = http->first_free;
  http->slots[slot->index] = slot;
  http->first_free = slot;
  return FNF_OK;
}

int64_t fnf_pool_number(const struct fnf_slot *slot) {
  return slot->uses * FNF_HTTP_MAX_TRANSFERS + slot->index;
}

void fnf_pool_free_slot(struct fnf_http *http, struct fnf_slot *slot) {
  slot->state = FNF_SLOT_FREE;
  slot->next = http->first_free;
  http->first_free = slot;
}

void fnf_pool_end_slot(struct fnf_http *http, struct fnf_slot *slot) {
  (void)curl_multi_remove_handle(http->multi, slot->transfer.easy);
  http->in_flight--;
  slot->state = FNF_SLOT_ENDED;
  slot->next = NULL;
  if (http->last_ended)
    http->last_ended->next = slot;
  else
    http->first_ended = slot;
  http->last_ended = slot;
}

enum fnf_status fnf_pool_adopt(struct fnf_http *http) {
  if (!fnf_pool_is_inherited(http))
    return http->multi ? FNF_OK : open_multi(http);
  free_slots(http);
  return open_multi(http);
}
