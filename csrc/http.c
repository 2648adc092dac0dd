/*
 * One connection pool over libcurl's multi interface: start, wait, take.
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

#include "clock.h"
#include "pool.h"

enum { NS_PER_MS = 1000000, GRACE_MS = 5, BLIND_MS = 20 };

enum fnf_status fnf_http_start(struct fnf_http *http, const struct fnf_http_request *request, int64_t *id) {
  enum fnf_status status = fnf_pool_adopt(http);
  if (status == FNF_OK && !http->first_free)
    status = fnf_pool_add_slot(http);
  if (status != FNF_OK)
    return status;
  struct fnf_slot *slot = http->first_free;
  status = fnf_transfer_prepare(&slot->transfer, request);
  if (status != FNF_OK)
    return status;
  if (curl_multi_add_handle(http->multi, slot->transfer.easy) != CURLM_OK)
    return FNF_NO_MEMORY;
  http->first_free = slot->next;
  http->in_flight++;
  slot->state = FNF_SLOT_IN_FLIGHT;
  slot->uses++;
  slot->deadline_ns = fnf_clock_monotonic_ns() + ((int64_t)request->timeout_ms + GRACE_MS) * NS_PER_MS;
  if (slot->deadline_ns < http->deadline_ns)
    http->deadline_ns = slot->deadline_ns;
  *id = fnf_pool_number(slot);
  return FNF_OK;
}

/* End what has outlived its deadline: libcurl, whose own deadline is a little
 * earlier, forgets those that wait for a connection. */
static void end_overdue(struct fnf_http *http, int64_t now_ns) {
  http->deadline_ns = INT64_MAX;
  for (int32_t i = 0; i < http->slot_count; i++) {
    struct fnf_slot *slot = http->slots[i];
    if (slot->state != FNF_SLOT_IN_FLIGHT)
      continue;
    if (slot->deadline_ns <= now_ns) {
      slot->transfer.code = CURLE_OPERATION_TIMEDOUT;
      fnf_pool_end_slot(http, slot);
    } else if (slot->deadline_ns < http->deadline_ns) {
      http->deadline_ns = slot->deadline_ns;
    }
  }
}

/* Let libcurl do what it can now, and put what ended into its list. */
static enum fnf_status work(struct fnf_http *http) {
  int running = 0, left = 0;
  if (curl_multi_perform(http->multi, &running) != CURLM_OK)
    return FNF_NO_MEMORY;
  for (CURLMsg *note = curl_multi_info_read(http->multi, &left); note;
       note = curl_multi_info_read(http->multi, &left)) {
    void *transfer = NULL;
    CURLcode code = note->data.result;
    (void)curl_easy_getinfo(note->easy_handle, CURLINFO_PRIVATE, &transfer);
    struct fnf_slot *slot = transfer; /* its first member */
    slot->transfer.code = code;
    fnf_pool_end_slot(http, slot);
  }
  int64_t now_ns = fnf_clock_monotonic_ns();
  if (http->deadline_ns <= now_ns)
    end_overdue(http, now_ns);
  return FNF_OK;
}

/* The time to wait, cut at the earliest deadline. */
static int until_deadline(const struct fnf_http *http, int timeout_ms) {
  int64_t left_ms = (http->deadline_ns - fnf_clock_monotonic_ns()) / NS_PER_MS + 1;
  if (left_ms >= timeout_ms)
    return timeout_ms;
  return left_ms > 0 ? (int)left_ms : 0;
}

/* Work on every pool. 1 in *ended: there is something to take. */
static enum fnf_status work_all(struct fnf_http *const *pools, size_t count, int *ended) {
  enum fnf_status status = FNF_OK;
  *ended = 0;
  for (size_t i = 0; i < count && status == FNF_OK; i++) {
    status = fnf_pool_adopt(pools[i]);
    if (status == FNF_OK)
      status = work(pools[i]);
    *ended = *ended || pools[i]->first_ended;
  }
  return status;
}

/* Add what a pool waits for to what another one polls, and shorten the time to its own. */
static enum fnf_status join(const struct fnf_http *http, struct curl_waitfd *room, unsigned *used, int *timeout_ms) {
  fd_set readers, writers, troubles;
  int highest = -1;
  long own_ms = -1;
  FD_ZERO(&readers);
  FD_ZERO(&writers);
  FD_ZERO(&troubles);
  if (curl_multi_fdset(http->multi, &readers, &writers, &troubles, &highest) != CURLM_OK ||
      curl_multi_timeout(http->multi, &own_ms) != CURLM_OK)
    return FNF_NO_MEMORY;
  for (int socket = 0; socket <= highest && *used < FD_SETSIZE; socket++) {
    int events =
        (FD_ISSET(socket, &readers) ? CURL_WAIT_POLLIN : 0) | (FD_ISSET(socket, &writers) ? CURL_WAIT_POLLOUT : 0);
    if (events)
      room[(*used)++] = (struct curl_waitfd){.fd = socket, .events = (short)events};
  }
  /* Without sockets it may wait for what cannot be seen, or have too many. */
  long most_ms = highest < 0 ? BLIND_MS : until_deadline(http, *timeout_ms);
  own_ms = own_ms >= 0 && own_ms < most_ms ? own_ms : most_ms;
  *timeout_ms = own_ms < *timeout_ms ? (int)own_ms : *timeout_ms;
  return FNF_OK;
}

enum fnf_status fnf_http_wait_all(struct fnf_http *const *pools, size_t count, int timeout_ms) {
  struct curl_waitfd others[FD_SETSIZE];
  unsigned used = 0;
  int ended = 0;
  enum fnf_status status = work_all(pools, count, &ended);
  if (status != FNF_OK || ended || timeout_ms <= 0 || count == 0)
    return status;
  for (size_t i = 1; i < count && status == FNF_OK; i++)
    status = join(pools[i], others, &used, &timeout_ms);
  if (status != FNF_OK)
    return status;
  if (curl_multi_poll(pools[0]->multi, others, used, until_deadline(pools[0], timeout_ms), NULL) != CURLM_OK)
    return FNF_NO_MEMORY;
  return work_all(pools, count, &ended);
}

enum fnf_status fnf_http_wait(struct fnf_http *http, int timeout_ms) {
  return fnf_http_wait_all(&http, 1, timeout_ms);
}

int fnf_http_take(struct fnf_http *http, struct fnf_http_answer *answer) {
  if (fnf_pool_is_inherited(http) || !http->first_ended)
    return 0;
  struct fnf_slot *slot = http->first_ended;
  http->first_ended = slot->next;
  if (!http->first_ended)
    http->last_ended = NULL;
  fnf_transfer_read(&slot->transfer, answer);
  answer->id = fnf_pool_number(slot);
  fnf_pool_free_slot(http, slot);
  return 1;
}

void fnf_http_cancel(struct fnf_http *http, int64_t id) {
  int64_t index = id % FNF_HTTP_MAX_TRANSFERS;
  if (fnf_pool_is_inherited(http) || id < 0 || index >= http->slot_count)
    return;
  struct fnf_slot *slot = http->slots[index];
  if (slot->state != FNF_SLOT_IN_FLIGHT || fnf_pool_number(slot) != id)
    return;
  (void)curl_multi_remove_handle(http->multi, slot->transfer.easy);
  http->in_flight--;
  fnf_pool_free_slot(http, slot);
}

size_t fnf_http_in_flight(const struct fnf_http *http) {
  return fnf_pool_is_inherited(http) ? 0 : http->in_flight;
}
