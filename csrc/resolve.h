/*
 * The addresses of a name, by the system's resolver.
 * SPDX-License-Identifier: MIT
 *
 * For finding out what is wrong, not for exchanges: it blocks the thread for as
 * long as the resolver takes (seconds, if no server answers). libcurl resolves
 * what is sent by itself, with a limit of time.
 */
#ifndef FNF_RESOLVE_H
#define FNF_RESOLVE_H

#include "fnf.h"

#pragma GCC visibility push(hidden)

enum { FNF_MOST_ADDRESSES = 16, FNF_ADDRESS_SIZE = 46 /* of the longest IPv6 text, with its NUL */ };

/* Addresses as text, in the resolver's order; more than fit are left out. */
struct fnf_addresses {
  char text[FNF_MOST_ADDRESSES][FNF_ADDRESS_SIZE];
  size_t count;
};

/* Find the addresses of a host: a name, or an address as it is. FNF_OK with at
 * least one, FNF_NETWORK if there are none, FNF_NO_MEMORY. `*reason` is then the
 * resolver's own words, static. */
enum fnf_status fnf_resolve(const char *host, struct fnf_addresses *found, const char **reason);

#pragma GCC visibility pop

#endif
