/*
 * Specs of resolve.h, without a name server: addresses as they are, and a resolver that fails.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* getaddrinfo */
#include "resolve.h"

#include <netdb.h>
#include <string.h>

#include "calls.h"
#include "tap.h"

static void takes_addresses_as_they_are(void) {
  static const char *const hosts[] = {"127.0.0.1", "::1"};
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    struct fnf_addresses found = {0};
    const char *reason = NULL;
    tap_check(fnf_resolve(hosts[i], &found, &reason) == FNF_OK && found.count == 1 && reason[0] == '\0', "%s is found",
              hosts[i]);
    tap_check(strcmp(found.text[0], hosts[i]) == 0, "%s is itself, not %s", hosts[i], found.text[0]);
  }
}

static void tells_why_there_are_none(void) {
  static const struct {
    const char *call;
    int error;
    enum fnf_status status;
    const char *reason; /* NULL: the resolver's own words */
  } rows[] = {{"getaddrinfo", EAI_NONAME, FNF_NETWORK, NULL},
              {"getaddrinfo", EAI_AGAIN, FNF_NETWORK, NULL},
              {"getaddrinfo", EAI_MEMORY, FNF_NO_MEMORY, NULL},
              {"getnameinfo", EAI_FAMILY, FNF_NETWORK, "no address of a kind that is known"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct fnf_addresses found = {.count = 7};
    const char *reason = NULL;
    calls_fail_from(rows[i].call, 1, rows[i].error);
    enum fnf_status status = fnf_resolve("127.0.0.1", &found, &reason);
    const char *want = rows[i].reason ? rows[i].reason : gai_strerror(rows[i].error);
    tap_check(calls_failed() && status == rows[i].status && found.count == 0, "row %zu: %s", i,
              fnf_status_name(status));
    tap_check(reason && strcmp(reason, want) == 0, "row %zu: it is said why: %s, not %s", i, want, reason);
  }
}

static void leaves_out_what_does_not_fit(void) {
  struct fnf_addresses found = {0};
  const char *reason = NULL;
  calls_fail_at("getaddrinfo", 1, CALLS_MANY_ADDRESSES);
  enum fnf_status status = fnf_resolve("127.0.0.1", &found, &reason);
  tap_check(calls_failed() == 1 && status == FNF_OK && found.count == FNF_MOST_ADDRESSES,
            "of more addresses than fit, the first %d are taken", FNF_MOST_ADDRESSES);
  tap_check(strcmp(found.text[FNF_MOST_ADDRESSES - 1], "127.0.0.1") == 0, "to the last of them");
}

void resolve_spec(void) {
  tap_suite("resolve");
  takes_addresses_as_they_are();
  tells_why_there_are_none();
  leaves_out_what_does_not_fit();
}
