/*
 * What the loopback server does for each path.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "server.h"

/* Every one of these returns 1 to go on with the connection. */
typedef int answer(struct server_connection *connection, size_t number);

static int send_text(struct server_connection *connection, const char *text) {
  return server_send(connection, (struct fnf_str){text, strlen(text)});
}

static int send_head(struct server_connection *connection, size_t body_size) {
  char head[128];
  (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nServer: spec\r\nContent-Length: %zu\r\n\r\n", body_size);
  return send_text(connection, head);
}

static int send_body(struct server_connection *connection, struct fnf_str body) {
  return send_head(connection, body.size) && server_send(connection, body);
}

/* `size` bytes of x. */
static int send_filler(struct server_connection *connection, size_t size) {
  char filler[4096];
  memset(filler, 'x', sizeof filler);
  while (size > sizeof filler && server_send(connection, (struct fnf_str){filler, sizeof filler}))
    size -= sizeof filler;
  return size <= sizeof filler && server_send(connection, (struct fnf_str){filler, size});
}

/* The request as it came. */
static int echo(struct server_connection *connection, size_t number) {
  (void)number;
  return send_body(connection, (struct fnf_str){connection->request, connection->request_size});
}

/* Which request of which connection this is. */
static int count(struct server_connection *connection, size_t number) {
  char text[64];
  (void)number;
  int size = snprintf(text, sizeof text, "%d.%d", connection->number, connection->requests);
  return send_body(connection, (struct fnf_str){text, (size_t)size});
}

/* Nothing, until the client goes. */
static int hang(struct server_connection *connection, size_t number) {
  char byte;
  (void)number;
  (void)recv(connection->socket, &byte, 1, 0);
  return 0;
}

static int empty(struct server_connection *connection, size_t number) {
  (void)connection, (void)number;
  return 0;
}

/* An answer to the first n requests of the connection, then none. */
static int die_after(struct server_connection *connection, size_t number) {
  return (size_t)connection->requests <= number && count(connection, 0);
}

static int reset(struct server_connection *connection, size_t number) {
  struct linger now = {1, 0};
  (void)number;
  (void)setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  /* Connecting to nothing drops a TCP connection with RST, whoever else holds it. */
  struct sockaddr nothing = {.sa_family = AF_UNSPEC};
  (void)connect(connection->socket, &nothing, sizeof nothing);
  return 0;
}

static int cut(struct server_connection *connection, size_t number) {
  return send_head(connection, number) && send_filler(connection, number / 2) && 0;
}

static int cut_chunked(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n40\r\nonly") && 0;
}

static int body(struct server_connection *connection, size_t number) {
  return send_head(connection, number) && send_filler(connection, number);
}

/* No length told: the end of the connection is the end. */
static int endless(struct server_connection *connection, size_t number) {
  return send_text(connection, "HTTP/1.1 200 OK\r\n\r\n") && send_filler(connection, number) && 0;
}

/* n bytes of header lines, the status line and the last empty one apart; 124 at least. */
static int headers(struct server_connection *connection, size_t number) {
  int good = send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
  for (number -= 19; good && number > 0;) {
    size_t line = number < 205 ? number : 100;
    good = send_text(connection, "X: ") && send_filler(connection, line - 5) && send_text(connection, "\r\n");
    number -= line;
  }
  return good && send_text(connection, "\r\n");
}

/* n interim answers of a thousand bytes each, then the final one. */
static int interim(struct server_connection *connection, size_t number) {
  int good = 1;
  for (size_t i = 0; good && i < number; i++)
    good = send_text(connection, "HTTP/1.1 103 Early Hints\r\nEarly: ") && send_filler(connection, 963) &&
           send_text(connection, "\r\n\r\n");
  return good && count(connection, 0);
}

/* n interim answers without a header. */
static int bare_interim(struct server_connection *connection, size_t number) {
  int good = 1;
  for (size_t i = 0; good && i < number; i++)
    good = send_text(connection, "HTTP/1.1 102 Processing\r\n\r\n");
  return good && count(connection, 0);
}

/* One header line of n bytes. */
static int long_line(struct server_connection *connection, size_t number) {
  return send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ") && send_filler(connection, number) &&
         send_text(connection, "\r\n\r\n");
}

static int redirect(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 4\r\n\r\nmove");
}

/* Marked as compressed though nobody asked for that. */
static int gzip(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n\x1f\x8b...!");
}

static int nul(struct server_connection *connection, size_t number) {
  (void)number;
  return send_body(connection, FNF_STR("a\0b\0"));
}

static int garbage(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection, "this is no HTTP\r\n\r\n") && 0;
}

static int status(struct server_connection *connection, size_t number) {
  char text[64];
  (void)snprintf(text, sizeof text, "HTTP/1.1 %zu Whatever\r\nContent-Length: 2\r\n\r\n{}", number);
  return send_text(connection, text);
}

static int trailer(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
                               "2\r\n{}\r\n0\r\nX-Late: trailer\r\n\r\n");
}

/* An answer, and then a second one that nobody asked for. */
static int surplus(struct server_connection *connection, size_t number) {
  int good = count(connection, number) && send_body(connection, FNF_STR("evil"));
  server_note_afterthought(connection->server);
  return good;
}

/* Both in one piece, so that the second is there when the first is. */
static int twofold(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
                               "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
}

/* An answer, and then the word of some servers for a client that says nothing. */
static int impatient(struct server_connection *connection, size_t number) {
  (void)(count(connection, number) &&
         send_text(connection, "HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  (void)shutdown(connection->socket, SHUT_RDWR);
  server_note_afterthought(connection->server);
  return 0;
}

/* An answer, and then the end of the connection, unannounced. */
static int leave(struct server_connection *connection, size_t number) {
  (void)count(connection, number);
  (void)shutdown(connection->socket, SHUT_RDWR);
  server_note_afterthought(connection->server);
  return 0;
}

/* The first header line goes on with one that is not there. */
static int folded_first(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection, "HTTP/1.1 200 OK\r\n folded: line\r\nContent-Length: 0\r\n\r\n");
}

static int two_lengths(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection,
                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 02\r\nContent-Length: 3\r\n\r\n{}");
}

/* The first n bytes of an answer. */
static int cut_head(struct server_connection *connection, size_t number) {
  struct fnf_str whole = FNF_STR("HTTP/1.1 200 OK\r\nServer: spec\r\nContent-Length: 0\r\n\r\n");
  return server_send(connection, (struct fnf_str){whole.data, number < whole.size ? number : whole.size}) && 0;
}

/* A trailer that looks like another answer, and n bytes of other ones. */
static int odd_trailers(struct server_connection *connection, size_t number) {
  int good =
      send_text(connection, "HTTP/1.1 200 OK\r\nServer: spec\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
                            "HTTP/1.1 500 x: y\r\n");
  for (size_t i = 0; good && i < number / 1000; i++)
    good = send_text(connection, "X: ") && send_filler(connection, 995) && send_text(connection, "\r\n");
  return good && send_text(connection, "\r\n");
}

/* As a proxy that wants to know who is there. */
static int refuse_tunnel(struct server_connection *connection) {
  return send_text(connection, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n"
                               "Content-Length: 0\r\n\r\n");
}

/* As a Redis whose answer never ends: a byte each 20 ms, until the client is gone. */
static int redis_drip(struct server_connection *connection, size_t number) {
  const struct timespec pause = {.tv_nsec = 20000000};
  int good = send_text(connection, "+");
  (void)number;
  while (good) {
    (void)nanosleep(&pause, NULL);
    good = send_text(connection, "x");
  }
  return 0;
}

/* As a Redis whose list says that it has so many entries. */
static int redis_list(struct server_connection *connection, size_t number) {
  char text[32];
  (void)snprintf(text, sizeof text, "*%zu\r\n", number);
  return send_text(connection, text);
}

/* As a Redis that answers twice, in one piece. */
static int redis_twice(struct server_connection *connection, size_t number) {
  (void)number;
  return send_text(connection, "+one\r\n+two\r\n");
}

/* As a Redis whose text has n bytes and goes on. */
static int redis_endless(struct server_connection *connection, size_t number) {
  return send_text(connection, "+") && send_filler(connection, number);
}

/* As a Redis whose list has n texts of 1,000 bytes and goes on. */
static int redis_many(struct server_connection *connection, size_t number) {
  int good = send_text(connection, "*60000\r\n");
  for (size_t i = 0; good && i < number; i++)
    good = send_text(connection, "$1000\r\n") && send_filler(connection, 1000) && send_text(connection, "\r\n");
  return good;
}

int server_answer(struct server_connection *connection) {
  static const struct {
    const char *path;
    answer *act;
  } rows[] = {{"/echo", echo},
              {"/count", count},
              {"/hang", hang},
              {"/empty", empty},
              {"/die-after", die_after},
              {"/reset", reset},
              {"/cut", cut},
              {"/cut-chunked", cut_chunked},
              {"/body", body},
              {"/endless", endless},
              {"/headers", headers},
              {"/interim", interim},
              {"/bare-interim", bare_interim},
              {"/long-line", long_line},
              {"/redirect", redirect},
              {"/gzip", gzip},
              {"/nul", nul},
              {"/garbage", garbage},
              {"/status", status},
              {"/trailer", trailer},
              {"/odd-trailers", odd_trailers},
              {"/surplus", surplus},
              {"/twofold", twofold},
              {"/impatient", impatient},
              {"/leave", leave},
              {"/folded-first", folded_first},
              {"/two-lengths", two_lengths},
              {"/cut-head", cut_head},
              {"/redis-drip", redis_drip},
              {"/redis-list", redis_list},
              {"/redis-twice", redis_twice},
              {"/redis-endless", redis_endless},
              {"/redis-many", redis_many}};
  const char *path = memchr(connection->request, ' ', connection->head_size);
  if (memcmp(connection->request, "CONNECT ", 8) == 0)
    return refuse_tunnel(connection);
  if (path && memcmp(path, " http://", 8) == 0) /* as to a proxy */
    path = strchr(path + 8, '/') - 1;
  path = path && path[1] == '/' ? path + 1 : " ";
  size_t size = 1 + strcspn(path + 1, " ?/");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strlen(rows[i].path) == size && memcmp(rows[i].path, path, size) == 0)
      return rows[i].act(connection, path[size] == '/' ? strtoul(path + size + 1, NULL, 10) : 0);
  return send_text(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}
