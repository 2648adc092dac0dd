/*
 * One connection pool over libcurl's multi interface: start, wait, take, cancel.
 * SPDX-License-Identifier: MIT
 *
 * A pool owns its connections, a few libcurl handles (one per transfer in
 * flight, used again) and every buffer. A transfer is named by a number; a
 * number is never used for a second transfer. One thread at a time. libcurl
 * calls back into this file only, never into Lua.
 *
 * Certificates are verified, TLS 1.2 or newer; no redirects, no netrc, no
 * cookies, no content coding. Proxies come from the options, else from the
 * environment, as with libcurl itself.
 *
 * In a forked child the pool abandons what it inherited (closing would say
 * goodbye in the parent's name) and starts afresh; transfers of the parent are
 * unknown there.
 */
#ifndef FNF_HTTP_H
#define FNF_HTTP_H

#include <stdint.h>

#include "fnf.h"

#pragma GCC visibility push(hidden)

enum {
  FNF_HTTP_MAX_HEADERS = 64 * 1024,    /* bytes of a response's headers, interim ones included */
  FNF_HTTP_MAX_BODY = 8 * 1024 * 1024, /* bytes of a response's body */
  FNF_HTTP_MAX_TRANSFERS = 65536       /* in flight in one pool */
};

/* NUL-terminated, borrowed for the call of fnf_http_new; NULL is the default. */
struct fnf_http_options {
  const char *ca_file, *cert_file, *key_file, *proxy, *no_proxy, *user_agent;
  long max_connections; /* 0: 32 */
};

struct fnf_http_header {
  struct fnf_str name, value;
};

/* Borrowed for the call of fnf_http_start. */
struct fnf_http_request {
  struct fnf_str method, url;
  const struct fnf_http_header *headers;
  size_t header_count;
  struct fnf_str body; /* data NULL: none */
  long timeout_ms;     /* for the whole transfer; at least 1 */
  long connect_timeout_ms;
  int direct; /* no proxy, whatever the options and the environment say */
};

/* Borrowed until the next call on the pool. */
struct fnf_http_answer {
  int64_t id;
  enum fnf_status status;
  long http_status;       /* 0 unless FNF_OK */
  struct fnf_str headers; /* "Name: value\r\n" lines of the final answer */
  struct fnf_str body;
  const char *message; /* one line about a failure, libcurl's words */
  int sent;            /* 0: the request certainly never left this machine */
};

struct fnf_http;

/* Make a pool in *out; connects to nothing. */
enum fnf_status fnf_http_new(struct fnf_http **out, const struct fnf_http_options *options);

/* Free a pool, ending its transfers. NULL is allowed. */
void fnf_http_free(struct fnf_http *http);

/* Begin a transfer, its number into *id. FNF_BAD_INPUT: a control character or
 * blank where none may be; FNF_TOO_BIG: too many in flight. */
enum fnf_status fnf_http_start(struct fnf_http *http, const struct fnf_http_request *request, int64_t *id);

/* Work on the transfers for at most that long, returning early when one has
 * ended or a signal came. 0: only what needs no waiting. Without memory to go
 * on, the transfers end so. */
void fnf_http_wait(struct fnf_http *http, int timeout_ms);

/* The same for several pools at once; each by its own sockets and deadlines. */
void fnf_http_wait_all(struct fnf_http *const *pools, size_t count, int timeout_ms);

/* Fetch an ended transfer, the first to end first. 0: none has. */
int fnf_http_take(struct fnf_http *http, struct fnf_http_answer *answer);

/* Seconds from the start of a transfer to each step; 0 where there was none: a
 * kept connection has neither name, connect nor tls. */
struct fnf_http_times {
  double name, connect, tls, first_byte, total;
};

/* Times of the transfer that was taken last. 0: another has begun in its place,
 * or none was taken. */
int fnf_http_times(struct fnf_http *http, struct fnf_http_times *times);

/* End a transfer without an answer; unknown and ended ones are ignored. */
void fnf_http_cancel(struct fnf_http *http, int64_t id);

/* Transfers started and not yet ended. */
size_t fnf_http_in_flight(const struct fnf_http *http);

/* Versions of what does the work: of libcurl, and of its TLS ("none" without). Static. */
struct fnf_http_versions {
  const char *libcurl;
  const char *tls;
};
struct fnf_http_versions fnf_http_versions(void);

#pragma GCC visibility pop

#endif
