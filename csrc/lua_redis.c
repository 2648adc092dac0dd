/*
 * Module "fnf.redis": commands to a Redis server over hiredis, one after the other.
 * SPDX-License-Identifier: MIT
 *
 * redis.connect(options) -> connection | nil, status, message
 *   options: host and port, or path (of a socket); timeout (seconds); tls (true: the server shows a certificate for
 *   host, of an authority in the PEM file ca_file, else of one that the system trusts)
 * connection:command(name, ...) -> reply | nil, status, message
 *   name and arguments are strings; reply: string, integer, false (nothing there) or a list of
 *   those; a list in a list is false, for no command here answers one
 * connection:is_open() -> whether a command may be sent: not if it is closed, if it came over a fork, or if the server
 *   has ended it or said what nobody asked for; never blocks
 * connection:close()
 * redis.tls: whether it was built with hiredis_ssl, without which `tls` fails
 *
 * `timeout` bounds the connecting, and after it each command with its answer, however slowly that drips (TLS's
 * handshake: each reading of it); a call blocks until then, and for as long as the system's resolver takes before
 * (give an address where that may be long). An answer of more than 2 MiB, or a list of more than 65,536 entries, is
 * none.
 * `status` is a name of fnf_status; "bad input" is a refusal of Redis', whose words are the message, and leaves the
 * connection usable. After any other failure it is closed, and so is one that came over a fork. Misuse raises.
 * Links hiredis only; with FNF_REDIS_TLS defined, hiredis_ssl and OpenSSL, too.
 */
#define _DEFAULT_SOURCE /* pthread_sigmask, struct timeval */

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <hiredis/hiredis.h>
#ifdef FNF_REDIS_TLS
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif

#include "clock.h"
#include "glue.h"

#define CONNECTION "fnf.redis"
#define MOST_BYTES ((size_t)2 * 1024 * 1024) /* of an answer */
#define MOST_ENTRIES 65536                   /* of a list */

#if HIREDIS_MAJOR >= 1
typedef size_t entry_count;
#else
typedef int entry_count;
#endif

struct connection {
  redisContext *redis; /* NULL: closed */
  redisReply *reply;   /* kept here while it is pushed, for that may raise */
  int64_t timeout_ns;
  redisReplyObjectFunctions functions; /* hiredis's own, but for lists */
  void *(*create_list)(const redisReadTask *, entry_count);
  int is_too_long; /* a list was */
  unsigned forks;
};

static void drop_reply(struct connection *self) {
  if (self->reply)
    freeReplyObject(self->reply);
  self->reply = NULL;
}

static int close_connection(lua_State *L) {
  struct connection *self = luaL_checkudata(L, 1, CONNECTION);
  drop_reply(self);
  if (self->redis)
    redisFree(self->redis);
  self->redis = NULL;
  return 0;
}

/* ---- answers within bounds ---- */

/* hiredis makes room for as many entries as a list says it has, be it billions. NULL is "no memory" to it. */
static void *create_list(const redisReadTask *task, entry_count count) {
  struct connection *self = task->privdata;
  self->is_too_long = count > MOST_ENTRIES;
  return self->is_too_long ? NULL : self->create_list(task, count);
}

static void bound_lists(struct connection *self) {
  redisReader *reader = self->redis->reader;
  self->functions = *reader->fn;
  self->create_list = self->functions.createArray;
  self->functions.createArray = create_list;
  reader->fn = &self->functions;
  reader->privdata = self;
}

/* Send what was appended and read the answer, within the time of one command for all of it: the socket's own bounds
 * one reading. FNF_NETWORK: the context says why; of all else `reason_of` knows. */
static enum fnf_status exchange(struct connection *self) {
  const redisReader *reader = self->redis->reader;
  int64_t ending = fnf_clock_monotonic_ns() + self->timeout_ns;
  size_t received = 0;
  void *reply = NULL;
  int sent = 0;
  if (reader->pos < reader->len)
    return FNF_PROTOCOL; /* what nobody asked for, behind the last answer: it would be taken for this one */
  while (!sent) {
    if (redisBufferWrite(self->redis, &sent) != REDIS_OK)
      return FNF_NETWORK;
    if (!sent && fnf_clock_monotonic_ns() >= ending)
      return FNF_TIMEOUT;
  }
  while (redisGetReplyFromReader(self->redis, &reply) == REDIS_OK && !reply) {
    size_t before = reader->len; /* what hiredis has read of a list leaves its buffer */
    if (received > MOST_BYTES)
      return FNF_TOO_BIG;
    if (fnf_clock_monotonic_ns() >= ending)
      return FNF_TIMEOUT;
    if (redisBufferRead(self->redis) != REDIS_OK)
      return FNF_NETWORK;
    received += reader->len - before;
  }
  self->reply = reply;
  if (!reply)
    return self->is_too_long ? FNF_TOO_BIG : FNF_NETWORK;
  return FNF_OK;
}

static const char *reason_of(enum fnf_status status) {
  return status == FNF_TIMEOUT   ? "no whole answer in time"
         : status == FNF_TOO_BIG ? "an answer of more than 2 MiB, or with a list of more than 65536 entries"
                                 : "an answer that nobody asked for";
}

/* ---- SIGPIPE: hiredis and OpenSSL write without MSG_NOSIGNAL ---- */

struct pipe_guard {
  sigset_t before;
  int blocked;
  int waited;
};

/* Keep SIGPIPE from this thread. */
static struct pipe_guard guard_pipe(void) {
  struct pipe_guard guard;
  sigset_t pipe_set;
  sigset_t pending;
  (void)sigemptyset(&pipe_set);
  (void)sigaddset(&pipe_set, SIGPIPE);
  (void)sigemptyset(&pending);
  (void)sigpending(&pending);
  guard.waited = sigismember(&pending, SIGPIPE) == 1;
  guard.blocked = pthread_sigmask(SIG_BLOCK, &pipe_set, &guard.before) == 0;
  return guard;
}

/* As before; takes away one that came meanwhile, not one that waited already. */
static void release_pipe(const struct pipe_guard *guard) {
  sigset_t pipe_set;
  sigset_t pending;
  if (!guard->blocked)
    return;
  (void)sigemptyset(&pipe_set);
  (void)sigaddset(&pipe_set, SIGPIPE);
  (void)sigemptyset(&pending);
  (void)sigpending(&pending);
  if (!guard->waited && sigismember(&pending, SIGPIPE) == 1) {
    int taken = 0;
    (void)sigwait(&pipe_set, &taken);
  }
  (void)pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}

/* ---- TLS ---- */

#ifdef FNF_REDIS_TLS

/* hiredis_ssl by itself would take a certificate for any name. */
static int expect_host(SSL *ssl, const char *host) {
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
    return 1;
  return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* NULL: no memory, or no authority in the file. */
static SSL *new_session(const char *host, const char *ca_file) {
  SSL *ssl = NULL;
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (context && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
      (ca_file ? SSL_CTX_load_verify_file(context, ca_file) : SSL_CTX_set_default_verify_paths(context)) == 1) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    ssl = SSL_new(context);
  }
  SSL_CTX_free(context);
  if (ssl && !expect_host(ssl, host)) {
    SSL_free(ssl);
    ssl = NULL;
  }
  return ssl;
}

/* Status and, unless FNF_OK, why; the text is static or the connection's. */
static enum fnf_status start_tls(redisContext *redis, const char *host, const char *ca_file, const char **reason) {
  enum fnf_status status = FNF_OK;
  (void)ERR_set_mark();
  SSL *ssl = new_session(host, ca_file);
  if (!ssl) {
    *reason = ca_file ? "no authority can be read from ca_file" : "no TLS session";
    status = FNF_CERTIFICATE;
  } else {
    struct pipe_guard guard = guard_pipe();
    if (redisInitiateSSL(redis, ssl) != REDIS_OK) {
      long verdict = SSL_get_verify_result(ssl);
      status = verdict == X509_V_OK ? FNF_TLS : FNF_CERTIFICATE;
      *reason = verdict == X509_V_OK ? redis->errstr : X509_verify_cert_error_string(verdict);
      SSL_free(ssl); /* not hiredis's, as long as this has not succeeded */
    }
    release_pipe(&guard);
  }
  (void)ERR_pop_to_mark();
  return status;
}

#else

static enum fnf_status start_tls(redisContext *redis, const char *host, const char *ca_file, const char **reason) {
  (void)redis;
  (void)host;
  (void)ca_file;
  *reason = "fnf.redis was built without hiredis_ssl";
  return FNF_UNSUPPORTED;
}

#endif

/* ---- connecting ---- */

static struct timeval timeout_of(lua_State *L) {
  lua_getfield(L, 1, "timeout");
  lua_Number seconds = lua_tonumber(L, -1);
  luaL_argcheck(L, seconds > 0 && seconds <= 3600, 1, "timeout: seconds expected");
  lua_pop(L, 1);
  long microseconds = (long)(seconds * 1e6) + 1;
  return (struct timeval){.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
}

static const char *text_of(lua_State *L, const char *name) {
  struct fnf_str text = fnf_field_str(L, 1, name);
  luaL_argcheck(L, !text.data || strlen(text.data) == text.size, 1, "a NUL byte");
  return text.data;
}

static int port_of(lua_State *L) {
  lua_getfield(L, 1, "port");
  lua_Integer port = lua_tointeger(L, -1);
  luaL_argcheck(L, port > 0 && port < 65536, 1, "port: 1 to 65535 expected");
  lua_pop(L, 1);
  return (int)port;
}

static int fail_connection(lua_State *L, struct connection *self, const char *reason) {
  int error = self->redis ? self->redis->err : REDIS_ERR_OOM;
  enum fnf_status status = error == REDIS_ERR_OOM        ? FNF_NO_MEMORY
                           : error == REDIS_ERR_PROTOCOL ? FNF_PROTOCOL
                                                         : FNF_NETWORK;
  int count = fnf_fail(L, status, self->redis && self->redis->errstr[0] ? self->redis->errstr : reason);
  if (self->redis)
    redisFree(self->redis);
  self->redis = NULL;
  return count;
}

static int redis_connect(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  struct timeval timeout = timeout_of(L);
  const char *path = text_of(L, "path");
  const char *host = text_of(L, "host");
  const char *ca_file = text_of(L, "ca_file");
  luaL_argcheck(L, path || host, 1, "host or path expected");
  int port = path ? 0 : port_of(L);
  lua_getfield(L, 1, "tls");
  int tls = lua_toboolean(L, -1);
  luaL_argcheck(L, !tls || !path, 1, "tls: a host expected, not a path");
  struct connection *self = fnf_new_object(L, CONNECTION, sizeof *self);
  self->forks = fnf_fork_count();
  self->timeout_ns = (int64_t)timeout.tv_sec * 1000000000 + (int64_t)timeout.tv_usec * 1000;
  self->redis = path ? redisConnectUnixWithTimeout(path, timeout) : redisConnectWithTimeout(host, port, timeout);
  if (!self->redis || self->redis->err || redisSetTimeout(self->redis, timeout) != REDIS_OK)
    return fail_connection(L, self, "no connection to Redis");
  bound_lists(self);
  const char *reason = NULL;
  enum fnf_status status = tls ? start_tls(self->redis, host, ca_file, &reason) : FNF_OK;
  if (status != FNF_OK) {
    fnf_fail(L, status, reason);
    redisFree(self->redis);
    self->redis = NULL;
    return 3;
  }
  return 1;
}

/* ---- commands ---- */

static void push_scalar(lua_State *L, const redisReply *reply) {
  switch (reply->type) {
  case REDIS_REPLY_STRING:
  case REDIS_REPLY_STATUS:
  case REDIS_REPLY_ERROR:
    lua_pushlstring(L, reply->str, (size_t)reply->len);
    break;
  case REDIS_REPLY_INTEGER:
    lua_pushnumber(L, (lua_Number)reply->integer);
    break;
  default:
    lua_pushboolean(L, 0);
  }
}

static void push_reply(lua_State *L, const redisReply *reply) {
  if (reply->type != REDIS_REPLY_ARRAY) {
    push_scalar(L, reply);
    return;
  }
  lua_newtable(L);
  for (size_t i = 0; i < reply->elements; i++) {
    push_scalar(L, reply->element[i]);
    lua_rawseti(L, -2, (int)i + 1); /* MOST_ENTRIES at most */
  }
}

static int connection_command(lua_State *L) {
  struct connection *self = luaL_checkudata(L, 1, CONNECTION);
  int count = lua_gettop(L) - 1;
  luaL_argcheck(L, count > 0, 2, "a command expected");
  const char **words = lua_newuserdata(L, (size_t)count * sizeof *words);
  size_t *sizes = lua_newuserdata(L, (size_t)count * sizeof *sizes);
  for (int i = 0; i < count; i++) {
    struct fnf_str word = fnf_check_str(L, i + 2);
    words[i] = word.data;
    sizes[i] = word.size;
  }
  if (self->redis && self->forks != fnf_fork_count()) {
    redisFree(self->redis);
    self->redis = NULL;
  }
  if (!self->redis)
    return fnf_fail(L, FNF_NETWORK, "the connection is closed");
  drop_reply(self);
  if (redisAppendCommandArgv(self->redis, count, words, sizes) != REDIS_OK)
    return fail_connection(L, self, "no command");
  struct pipe_guard guard = guard_pipe();
  enum fnf_status status = exchange(self);
  release_pipe(&guard);
  if (status == FNF_NETWORK)
    return fail_connection(L, self, "no answer");
  if (status != FNF_OK) {
    redisFree(self->redis);
    self->redis = NULL;
    return fnf_fail(L, status, reason_of(status));
  }
  if (self->reply->type == REDIS_REPLY_ERROR) {
    lua_pushnil(L);
    lua_pushstring(L, fnf_status_name(FNF_BAD_INPUT));
    push_reply(L, self->reply);
    drop_reply(self);
    return 3;
  }
  push_reply(L, self->reply);
  drop_reply(self);
  return 1;
}

static int connection_is_open(lua_State *L) {
  struct connection *self = luaL_checkudata(L, 1, CONNECTION);
  int is_open = self->redis && self->forks == fnf_fork_count();
  if (is_open) { /* between two commands there is nothing to read but an end */
    struct pollfd socket = {.fd = self->redis->fd, .events = POLLIN};
    is_open = poll(&socket, 1, 0) == 0;
  }
  lua_pushboolean(L, is_open);
  return 1;
}

FNF_MODULE(luaopen_fnf_redis) {
  static const luaL_Reg methods[] = {
      {"command", connection_command}, {"is_open", connection_is_open}, {"close", close_connection}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"connect", redis_connect}, {NULL, NULL}};
  fnf_pin();
  fnf_new_class(L, CONNECTION, methods, close_connection);
  lua_newtable(L);
  fnf_register(L, functions);
#ifdef FNF_REDIS_TLS
  lua_pushboolean(L, 1);
#else
  lua_pushboolean(L, 0);
#endif
  lua_setfield(L, -2, "tls");
  return 1;
}
