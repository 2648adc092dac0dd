/*
 * The addresses of a name, by the system's resolver.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* getaddrinfo */
#include "resolve.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

enum fnf_status fnf_resolve(const char *host, struct fnf_addresses *found, const char **reason) {
  struct addrinfo hints;
  struct addrinfo *list = NULL;
  memset(&hints, 0, sizeof hints);
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  found->count = 0;
  *reason = "";
  int failed = getaddrinfo(host, NULL, &hints, &list);
  if (failed) {
    *reason = gai_strerror(failed);
    return failed == EAI_MEMORY ? FNF_NO_MEMORY : FNF_NETWORK;
  }
  for (const struct addrinfo *one = list; one && found->count < FNF_MOST_ADDRESSES; one = one->ai_next)
    if (!getnameinfo(one->ai_addr, one->ai_addrlen, found->text[found->count], FNF_ADDRESS_SIZE, NULL, 0,
                     NI_NUMERICHOST))
      found->count++;
  freeaddrinfo(list);
  if (found->count)
    return FNF_OK;
  *reason = "no address of a kind that is known";
  return FNF_NETWORK;
}
