/*
 * One exchange on one libcurl handle: load, read, authorities.
 * SPDX-License-Identifier: MIT
 *
 * A handle is configured once, then loaded, run by the pool and read, any
 * number of times. The pool owns it; its address must not change.
 */
#ifndef FNF_TRANSFER_H
#define FNF_TRANSFER_H

#include <curl/curl.h>

#if LIBCURL_VERSION_NUM < 0x074600
#error "fnf needs libcurl 7.70 or newer: the headers found here are older"
#endif

#include "buf.h"
#include "head.h"
#include "http.h"

#pragma GCC visibility push(hidden)

enum { FNF_TRANSFER_MAX_UPLOAD = 16 * 1024 * 1024 /* URL, method and body */ };

/* Where certificate authorities are kept: one of both; neither: libcurl's own. */
struct fnf_authorities {
  const char *file;      /* a bundle, borrowed, or NULL */
  const char *directory; /* borrowed, or NULL */
};

struct fnf_transfer;

/* The pool's own settings of a new handle. */
typedef CURLcode fnf_transfer_setup(struct fnf_transfer *transfer);

struct fnf_transfer {
  CURL *easy;                             /* NULL: closed, or without memory for a new one */
  const struct fnf_http_options *options; /* the pool's, as long as it lives */
  fnf_transfer_setup *setup;
  const curl_version_info_data *version; /* libcurl's own, which it writes anew for each who asks */
  struct fnf_authorities authorities;
  struct curl_slist *list;
  struct fnf_buf lines, next_lines; /* what `list` was made of; room to compare */
  struct fnf_buf upload, headers, body;
  struct fnf_head head; /* what `headers` say */
  char message[CURL_ERROR_SIZE];
  CURLcode code;    /* how the last exchange ended */
  int sendings;     /* times libcurl began to send the request */
  int is_used;      /* the handle has seen headers */
  int64_t received; /* bytes that came after the request left, if the pool saw the connection's end; else -1 */
};

/* Make a handle with the settings and the authorities of a pool, which are
 * borrowed as long as it lives. The transfer is zeroed memory or closed.
 * FNF_UNSUPPORTED: an option cannot be had. */
enum fnf_status fnf_transfer_open(struct fnf_transfer *transfer, const struct fnf_http_options *options,
                                  struct fnf_authorities authorities, fnf_transfer_setup *setup);

/* Free everything; a closed transfer is allowed. */
void fnf_transfer_close(struct fnf_transfer *transfer);

/* Forget what belongs to another process, without closing it. */
void fnf_transfer_abandon(struct fnf_transfer *transfer);

/* Load a request: copies what it needs. FNF_BAD_INPUT: a control character or
 * blank where none may be; FNF_TOO_BIG: headers or a body over their caps. */
enum fnf_status fnf_transfer_load(struct fnf_transfer *transfer, const struct fnf_http_request *request);

/* Prepare what was loaded to be run anew, within that time, over a connection
 * of its own: nothing of it has left. */
enum fnf_status fnf_transfer_reload(struct fnf_transfer *transfer, long timeout_ms);

/* Say how the exchange that ended with transfer->code went: everything in
 * `answer` but its id. Borrowed until the next load. */
void fnf_transfer_read(struct fnf_transfer *transfer, struct fnf_http_answer *answer);

/* The authorities of a pool: its own bundle, which is borrowed, else those that
 * libcurl was built for. Reads a directory: once for a pool, not for a handle. */
struct fnf_authorities fnf_transfer_authorities(const char *ca_file);

/* Choose between a bundle and a directory (either may be NULL): the directory
 * if it holds an OpenSSL hash link such as "3513523f.0".
 *
 * libcurl as Debian builds it knows both. Given both it parses the whole
 * bundle at every new TLS connection (31 to 41 ms), because a directory
 * switches its cache of parsed bundles off; OpenSSL reads from a hashed
 * directory the one file it needs. */
struct fnf_authorities fnf_transfer_choose_authorities(const char *file, const char *directory);

#pragma GCC visibility pop

#endif
