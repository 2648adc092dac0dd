/*
 * The inside of a pool: its slots and their lists, the upper half of http.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef FNF_POOL_H
#define FNF_POOL_H

#include <curl/curl.h>

#include "transfer.h"

#pragma GCC visibility push(hidden)

enum fnf_slot_state { FNF_SLOT_FREE, FNF_SLOT_IN_FLIGHT, FNF_SLOT_ENDED };

struct fnf_slot {
  struct fnf_transfer transfer; /* first: libcurl hands back its address */
  enum fnf_slot_state state;
  struct fnf_slot *next; /* in the free or the ended list */
  int32_t index;
  int64_t uses;        /* makes the transfer's number unique */
  int64_t deadline_ns; /* while in flight */
};

struct fnf_http {
  CURLM *multi;
  struct fnf_http_options options; /* owned copies */
  struct fnf_slot **slots;         /* pointers: libcurl borrows the slots */
  int32_t slot_count, slot_capacity;
  struct fnf_slot *first_free, *first_ended, *last_ended;
  size_t in_flight;
  int64_t deadline_ns; /* no transfer's deadline is earlier */
  unsigned forks;
};

/* Make the pool this process's own: in a forked child, begin afresh. */
enum fnf_status fnf_pool_adopt(struct fnf_http *http);

/* 1 in a forked child that has not adopted the pool. */
int fnf_pool_is_inherited(const struct fnf_http *http);

/* Put one more slot at the head of the free list. */
enum fnf_status fnf_pool_add_slot(struct fnf_http *http);

/* The number by which a slot's present transfer is known outside. */
int64_t fnf_pool_number(const struct fnf_slot *slot);

/* Back to the free list. */
void fnf_pool_free_slot(struct fnf_http *http, struct fnf_slot *slot);

/* Take a slot's transfer out of libcurl's hands and put it at the end of the ended list. */
void fnf_pool_end_slot(struct fnf_http *http, struct fnf_slot *slot);

#pragma GCC visibility pop

#endif
