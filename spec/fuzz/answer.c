/*
 * Any bytes as an answer: over libcurl, whose socket is played here, and over the reader of nginx's cosockets.
 * SPDX-License-Identifier: MIT
 *
 * The functions of sockets that this file has take the place of the C library's in the whole process: what libcurl
 * connects is one end of a pair that is made once, so that it is a descriptor like any other; what it is asked about
 * the connection, and the bytes that come, so many at a time, are answered from memory. A pair for each exchange, and
 * a system call for each piece, cost twice as much as all the rest.
 */
#define _GNU_SOURCE /* syscall */
#include <arpa/inet.h>
#include <lauxlib.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buf.h"
#include "http.h"
#include "targets.h"

enum { OUR_PORT = 40000, THEIR_PORT = 1 };

static struct {
  struct fnf_str bytes;
  size_t piece;    /* most bytes at a time; 0: no connection is wanted */
  size_t received; /* by libcurl, so far */
  int has_ended;   /* and libcurl knows it */
  int near, far;   /* the ends; -1: none yet */
  int is_open, is_asked;
  int requests;
} peer = {.near = -1, .far = -1};

int socket(int domain, int type, int protocol) {
  int ends[2];
  if (!peer.piece || domain != AF_INET || (type & 0xF) != SOCK_STREAM)
    return (int)syscall(SYS_socket, domain, type, protocol);
  if (peer.near < 0) {
    hold(socketpair(AF_UNIX, type, 0, ends) == 0, "a pair");
    peer.near = ends[0];
    peer.far = ends[1];
  }
  hold(!peer.is_open, "one connection at a time");
  peer.is_open = peer.is_asked = 1;
  peer.received = 0;
  peer.has_ended = 0;
  return peer.near;
}

int close(int fd) {
  if (fd != peer.near || fd < 0)
    return (int)syscall(SYS_close, fd);
  hold(peer.is_open, "closed twice");
  peer.is_open = 0;
  return 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
  return fd == peer.near ? 0 : (int)syscall(SYS_connect, fd, address, size);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags) {
  if (fd != peer.near)
    return syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
  peer.requests++;
  return (ssize_t)size;
}

ssize_t recv(int fd, void *room, size_t size, int flags) {
  if (fd != peer.near)
    return syscall(SYS_recvfrom, fd, room, size, flags, NULL, NULL);
  size_t more = peer.is_asked ? peer.bytes.size - peer.received : 0; /* a kept connection has ended */
  size = size < peer.piece ? size : peer.piece;
  size = size < more ? size : more;
  if (size)
    memcpy(room, peer.bytes.data + peer.received, size);
  if (flags & MSG_PEEK)
    return (ssize_t)size;
  peer.received += size;
  peer.has_ended |= size == 0;
  return (ssize_t)size;
}

/* There is always something to read of it: bytes, or the end. */
int poll(struct pollfd *list, nfds_t count, int timeout_ms) {
  int ready = 0;
  for (nfds_t i = 0; i < count; i++) {
    int is_near = list[i].fd == peer.near && peer.near >= 0;
    list[i].revents = is_near ? list[i].events & (POLLIN | POLLOUT) : 0;
    ready += list[i].revents != 0;
  }
  return ready ? ready : (int)syscall(SYS_poll, list, count, timeout_ms);
}

static int loopback(struct sockaddr *address, socklen_t *size, in_port_t port) {
  struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  memcpy(address, &found, *size < sizeof found ? *size : sizeof found);
  *size = sizeof found;
  return 0;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *size) {
  return fd == peer.near ? loopback(address, size, OUR_PORT) : (int)syscall(SYS_getsockname, fd, address, size);
}

int getpeername(int fd, struct sockaddr *address, socklen_t *size) {
  return fd == peer.near ? loopback(address, size, THEIR_PORT) : (int)syscall(SYS_getpeername, fd, address, size);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
  return fd == peer.near ? 0 : (int)syscall(SYS_setsockopt, fd, level, name, value, size);
}

int getsockopt(int fd, int level, int name, void *room, socklen_t *size) {
  if (fd == peer.near && level == IPPROTO_TCP && name == TCP_INFO && *size == sizeof(struct tcp_info)) {
    *(struct tcp_info *)room = (struct tcp_info){
        .tcpi_bytes_received = peer.received + (size_t)peer.has_ended}; /* Linux counts the end for one */
    return 0;
  }
  return (int)syscall(SYS_getsockopt, fd, level, name, room, size);
}

/* What came of it; headers and body are copied. */
struct outcome {
  enum fnf_status status;
  long http_status;
  struct fnf_buf headers, body;
};

static void exchange(struct outcome *outcome, struct fnf_str input, size_t piece) {
  static struct fnf_http *http;
  static const struct fnf_http_request request = {.method = {"GET", 3},
                                                  .url = {"http://127.0.0.1:1/", 19},
                                                  .direct = 1,
                                                  .timeout_ms = 20000,
                                                  .connect_timeout_ms = 20000};
  struct fnf_http_options options = {.no_proxy = "*"};
  struct fnf_http_answer answer;
  int64_t id = 0;
  if (!http)
    hold(fnf_http_new(&http, &options) == FNF_OK, "a pool");
  peer.bytes = input;
  peer.piece = piece;
  peer.requests = peer.is_asked = 0;
  hold(fnf_http_start(http, &request, &id) == FNF_OK, "a start");
  while (!fnf_http_take(http, &answer))
    fnf_http_wait(http, 1000);
  peer.piece = 0;
  hold(peer.requests == 1, "sent once");
  hold(answer.id == id && fnf_http_in_flight(http) == 0, "one outcome");
  hold(answer.status != FNF_OK || (answer.http_status >= 200 && answer.http_status <= 999), "a status");
  hold(answer.status == FNF_OK || answer.message != NULL, "a reason");
  hold(answer.status != FNF_TIMEOUT, "a hang");
  fnf_buf_init(&outcome->headers, FNF_HTTP_MAX_HEADERS);
  fnf_buf_init(&outcome->body, FNF_HTTP_MAX_BODY);
  fnf_buf_add(&outcome->headers, answer.headers);
  fnf_buf_add(&outcome->body, answer.body);
  outcome->status = answer.status;
  outcome->http_status = answer.http_status;
  hold(answer.status != FNF_OK || answer.body.size + answer.headers.size <= input.size, "more than came");
}

static void forget(struct outcome *outcome) {
  fnf_buf_free(&outcome->headers);
  fnf_buf_free(&outcome->body);
}

/* libcurl before 8.7 (lib/http.c, Curl_http_readwrite_headers) drops what follows a NUL at the beginning of a header
 * line, as far as it came at once: what it then makes of an answer hangs on the pieces. */
static int is_dropped_by_libcurl(struct fnf_str input) {
  for (size_t i = 1; i < input.size; i++)
    if (input.data[i] == '\0' && input.data[i - 1] == '\n')
      return 1;
  return 0;
}

void fuzz_answer(struct fnf_str input) {
  struct outcome whole, pieces;
  if (is_dropped_by_libcurl(input))
    return;
  exchange(&whole, input, SIZE_MAX);
  exchange(&pieces, input, piece_of(input));
  if (whole.status != pieces.status)
    fprintf(stderr, "%s, %s\n", fnf_status_name(whole.status), fnf_status_name(pieces.status));
  hold(whole.status == pieces.status && whole.http_status == pieces.http_status, "in pieces it ends otherwise");
  hold(same(fnf_buf_str(&whole.headers), fnf_buf_str(&pieces.headers)), "in pieces the headers are others");
  hold(same(fnf_buf_str(&whole.body), fnf_buf_str(&pieces.body)), "in pieces the body is another");
  forget(&whole);
  forget(&pieces);
}

static const char READ[] = "local framing = dofile 'lua/fnf/platform/nginx_framing.lua'\n"
                           "return function(text)\n"
                           "  local at = 0\n"
                           "  local answer, problem = framing.read(function()\n"
                           "    at = at + 1\n"
                           "    if at == 1 and text ~= '' then return text end\n"
                           "    return nil, 'closed'\n"
                           "  end)\n"
                           "  if answer then return 'ok', answer.status, answer.body end\n"
                           "  return problem.status, problem.message\n"
                           "end\n";

/* Whether more than an empty line follows what may be the last chunk: libcurl ends such lines at a carriage return or a
 * line feed alone, by rules of its own (Curl_httpchunk_read, lib/http_chunks.c). */
static int has_trailers(struct fnf_str input) {
  for (size_t i = 1; i < input.size; i++) {
    if (input.data[i] != '0' || input.data[i - 1] != '\n')
      continue;
    const char *end = memchr(input.data + i, '\n', input.size - i);
    size_t rest = end ? input.size - (size_t)(end + 1 - input.data) : 0;
    if (rest && (rest < 2 || end[1] != '\r' || end[2] != '\n'))
      return 1;
  }
  return 0;
}

/* Whether libcurl reads over what cosockets refuse in those words: any words between a chunk's digits and the line's
 * end, and a chunk's bytes that end with a line feed alone, or with several carriage returns before it. */
static int libcurl_skips(const char *refusal) {
  return strcmp(refusal, "a chunk without a size") == 0 || strcmp(refusal, "a chunk longer than it said") == 0;
}

void fuzz_transports(struct fnf_str input) {
  static lua_State *L;
  struct outcome outcome;
  if (!L)
    L = open_lua(READ);
  if (is_dropped_by_libcurl(input))
    return;
  exchange(&outcome, input, SIZE_MAX);
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  lua_pushlstring(L, input.data, input.size);
  if (lua_pcall(L, 1, 3, 0) != 0)
    hold(0, lua_tostring(L, -1));
  const char *other = lua_tostring(L, 2);
  const char *one = fnf_status_name(outcome.status == FNF_TOO_BIG ? FNF_PROTOCOL : outcome.status);
  if (outcome.status == FNF_PROXY) /* a 407, whole or not: of proxies, which only libcurl knows */
    one = other;
  if (strcmp(other, fnf_status_name(FNF_PROTOCOL)) == 0 && libcurl_skips(lua_tostring(L, 3)))
    return forget(&outcome);
  if (strcmp(one, other) != 0 && has_trailers(input))
    return forget(&outcome);
  if (strcmp(one, other) != 0)
    hold(0, lua_pushfstring(L, "libcurl: %s, cosockets: %s (%s)", one, other, lua_tostring(L, 3)));
  if (outcome.status == FNF_OK) {
    struct fnf_str body = {NULL, 0};
    body.data = lua_tolstring(L, 4, &body.size);
    hold(outcome.http_status == (long)lua_tointeger(L, 3), "another status");
    hold(same(body, fnf_buf_str(&outcome.body)), "another body");
  }
  forget(&outcome);
}
