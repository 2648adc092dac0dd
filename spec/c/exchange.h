/*
 * One request to the loopback server, as the specs write it.
 * SPDX-License-Identifier: MIT
 */
#ifndef SPEC_EXCHANGE_H
#define SPEC_EXCHANGE_H

#include "http.h"
#include "server.h"

/* A server and a pool of default options; exchange_close ends both. The
 * server is static: one at a time. */
struct exchange {
  struct server *server;
  struct fnf_http *http;
};
struct exchange exchange_open(long max_connections);
void exchange_close(struct exchange *exchange);

/* The same on ::1; without a pool and with nothing to close where that is not to be had. */
struct exchange exchange_open_ipv6(void);

/* Begin "GET path"; the transfer's number, 0 if it could not be begun. */
int64_t exchange_start(const struct exchange *exchange, const char *path);

/* Begin a request whose url is a path; what is absent is filled in. */
enum fnf_status exchange_send(const struct exchange *exchange, struct fnf_http_request request, int64_t *id);

/* Wait for the next answer; its id is 0 if none comes in half a minute. */
struct fnf_http_answer exchange_take(const struct exchange *exchange);

/* Both. */
struct fnf_http_answer exchange_get(const struct exchange *exchange, const char *path);
struct fnf_http_answer exchange_do(const struct exchange *exchange, struct fnf_http_request request);

/* Whether the text occurs in the bytes. */
int exchange_has(struct fnf_str bytes, const char *text);

#endif
