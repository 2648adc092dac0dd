/*
 * An HTTP server on loopback that misbehaves as its paths say.
 * SPDX-License-Identifier: MIT
 *
 * One thread a connection. It reads a whole request (head and a body of
 * Content-Length), then does what answers.c has for the path, which may carry
 * a number: /body/100. It never allocates.
 */
#ifndef SPEC_SERVER_H
#define SPEC_SERVER_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "fnf.h"

enum { SERVER_MOST_CONNECTIONS = 256, SERVER_ROOM = 128 * 1024 };

struct server_connection {
  pthread_t thread;
  struct server *server;
  int socket;
  SSL *tls;             /* NULL: plain */
  int number, requests; /* both count from 1 */
  char request[SERVER_ROOM + 1];
  size_t request_size, head_size;
};

struct server {
  int listener, port;
  SSL_CTX *tls; /* NULL: plain */
  int is_ipv6;
  pthread_t thread;
  int connection_count; /* read by server_connections only */
  int afterthoughts;    /* read by server_await_afterthought only */
  pthread_mutex_t lock;
  struct server_connection connections[SERVER_MOST_CONNECTIONS];
};

/* Listen on a free port of 127.0.0.1, or ::1; 0 if that cannot be. `tls` and
 * `is_ipv6` are set before; `tls` stays the caller's; the rest may be what a
 * stopped server left. */
int server_start(struct server *server);

/* End every connection and thread. */
void server_stop(struct server *server);

/* Stop listening: new connections are refused, those there are go on. */
void server_deafen(struct server *server);

/* Connections accepted so far. */
int server_connections(struct server *server);

/* Wait until a connection has sent, after its answer, what nobody asked for. */
void server_await_afterthought(struct server *server);

/* It has. For answers.c. */
void server_note_afterthought(struct server *server);

/* Send bytes to the client; 0 if it is gone. For answers.c. */
int server_send(struct server_connection *connection, struct fnf_str bytes);

/* Answer the request of the connection; 0: no more requests are wanted. */
int server_answer(struct server_connection *connection);

#endif
