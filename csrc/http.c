/*
 * One connection pool over libcurl's multi interface: start, wait, take, cancel.
 * SPDX-License-Identifier: MIT
 *
 * One subject: its slots, its connections and the waiting for them are one state.
 */
#define _DEFAULT_SOURCE /* strdup, MSG_DONTWAIT */
#include "http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#if defined(__has_include)
#if __has_include(<linux/tcp.h>)
#include <linux/tcp.h> /* of Linux, not glibc's: it counts the bytes */
#define HAS_TCP_INFO 1
#endif
#endif

#include "clock.h"
#include "transfer.h"

enum { DEFAULT_CONNECTIONS = 32, FIRST_SLOTS = 8, NS_PER_MS = 1000000, GRACE_MS = 5, BLIND_MS = 20 };

/* A connection as far as its socket tells: libcurl does not say which it takes. */
struct connection {
  int socket;
  int our_port, their_port; /* 0: not known yet */
  char their_ip[INET6_ADDRSTRLEN];
  int64_t received;  /* when the last request left */
  int is_one_by_one; /* it has carried an answer of HTTP/1: between two there is nothing to read */
};

enum slot_state { SLOT_FREE, SLOT_IN_FLIGHT, SLOT_ENDED };

struct slot {
  struct fnf_transfer transfer; /* first: libcurl hands back its address */
  enum slot_state state;
  struct slot *next; /* in the free or the ended list */
  int32_t index;
  int64_t uses;        /* makes the transfer's number unique */
  int64_t deadline_ns; /* while in flight */
  struct fnf_http *http;
  int socket;   /* that the request left by, or -1 */
  int is_stale; /* what it was to leave by is no good */
};

struct fnf_http {
  CURLM *multi;
  CURLSH *share;                   /* of TLS sessions: a handle may be younger than its connection */
  struct fnf_http_options options; /* owned copies */
  struct fnf_authorities authorities;
  struct connection *connections;
  size_t connection_count, connection_capacity;
  struct slot **slots; /* pointers: libcurl borrows the slots */
  int32_t slot_count, slot_capacity;
  struct slot *first_free, *first_ended, *last_ended;
  struct slot *taken; /* last, and not used again since; or NULL */
  size_t in_flight;
  int64_t deadline_ns; /* no transfer's deadline is earlier */
  unsigned forks;
};

/* ---- life ---- */

/* Not pthread_once: what lacked memory only is tried again by the next pool. */
static pthread_mutex_t curl_lock = PTHREAD_MUTEX_INITIALIZER;
static CURLcode curl_ready = CURLE_FAILED_INIT;

static int init_curl(void) {
  if (pthread_mutex_lock(&curl_lock) != 0)
    return 0;
  if (curl_ready != CURLE_OK)
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  int is_ready = curl_ready == CURLE_OK;
  (void)pthread_mutex_unlock(&curl_lock);
  return is_ready;
}

/* Copy the borrowed options. 0: no memory. */
static int own_options(struct fnf_http_options *owned, const struct fnf_http_options *options) {
  const char *const from[] = {options->ca_file, options->cert_file, options->key_file,
                              options->proxy,   options->no_proxy,  options->user_agent};
  const char **const to[] = {&owned->ca_file, &owned->cert_file, &owned->key_file,
                             &owned->proxy,   &owned->no_proxy,  &owned->user_agent};
  int done = 1;
  owned->max_connections = options->max_connections ? options->max_connections : DEFAULT_CONNECTIONS;
  for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
    *to[i] = from[i] ? strdup(from[i]) : NULL;
    done = done && (*to[i] || !from[i]);
  }
  return done;
}

static void free_options(struct fnf_http_options *owned) {
  const char *const all[] = {owned->ca_file, owned->cert_file, owned->key_file,
                             owned->proxy,   owned->no_proxy,  owned->user_agent};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free((void *)all[i]);
}

static enum fnf_status open_multi(struct fnf_http *http) {
  long most = http->options.max_connections;
  http->forks = fnf_fork_count();
  http->first_free = http->first_ended = http->last_ended = http->taken = NULL;
  http->deadline_ns = INT64_MAX;
  http->connection_count = 0;
  http->share = curl_share_init();
  http->multi = http->share ? curl_multi_init() : NULL;
  if (!http->multi) {
    (void)curl_share_cleanup(http->share);
    http->share = NULL;
    return FNF_NO_MEMORY;
  }
  (void)curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  /* Both: HTTP/2 would open a connection a transfer under the total alone. */
  (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
  (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, most);
  (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, most);
  return FNF_OK;
}

enum fnf_status fnf_http_new(struct fnf_http **out, const struct fnf_http_options *options) {
  *out = NULL;
  if (!init_curl())
    return FNF_UNSUPPORTED;
  struct fnf_http *http = calloc(1, sizeof *http);
  if (!http)
    return FNF_NO_MEMORY;
  enum fnf_status status = own_options(&http->options, options) ? open_multi(http) : FNF_NO_MEMORY;
  http->authorities = fnf_transfer_authorities(http->options.ca_file);
  if (status == FNF_OK)
    *out = http;
  else
    fnf_http_free(http);
  return status;
}

/* 1 in a forked child that has not adopted the pool. */
static int is_inherited(const struct fnf_http *http) {
  return http->forks != fnf_fork_count();
}

static void free_slots(struct fnf_http *http) {
  int forked = is_inherited(http);
  int32_t count = http->slot_count;
  http->taken = NULL;
  http->slot_count = http->slot_capacity = 0; /* a connection that closes meanwhile looks for its slot in vain */
  http->in_flight = 0;
  for (int32_t i = 0; i < count; i++) {
    struct slot *slot = http->slots[i];
    if (!forked && slot->state == SLOT_IN_FLIGHT)
      (void)curl_multi_remove_handle(http->multi, slot->transfer.easy);
    if (forked)
      fnf_transfer_abandon(&slot->transfer);
    else
      fnf_transfer_close(&slot->transfer);
    free(slot);
  }
  free(http->slots);
  http->slots = NULL;
  if (!forked) {
    (void)curl_multi_cleanup(http->multi); /* which closes the connections, and tells us */
    (void)curl_share_cleanup(http->share);
  }
  http->multi = NULL;
  http->share = NULL;
}

void fnf_http_free(struct fnf_http *http) {
  if (!http)
    return;
  free_slots(http);
  free(http->connections);
  free_options(&http->options);
  free(http);
}

/* Make the pool this process's own: in a forked child, begin afresh. */
static enum fnf_status adopt(struct fnf_http *http) {
  if (!is_inherited(http))
    return http->multi ? FNF_OK : open_multi(http);
  free_slots(http);
  return open_multi(http);
}

/* ---- connections ---- */

static struct connection *find_connection(struct fnf_http *http, int socket) {
  for (size_t i = 0; i < http->connection_count; i++)
    if (http->connections[i].socket == socket)
      return &http->connections[i];
  return NULL;
}

/* A socket is new. One that there is no memory to note is used without a look at it. */
static int on_open(void *user, curl_socket_t socket, curlsocktype purpose) {
  struct fnf_http *http = user;
  (void)purpose;
  if (http->connection_count == http->connection_capacity) {
    size_t capacity = http->connection_capacity ? http->connection_capacity * 2 : FIRST_SLOTS;
    struct connection *connections = realloc(http->connections, capacity * sizeof *connections);
    if (!connections)
      return CURL_SOCKOPT_OK;
    http->connections = connections;
    http->connection_capacity = capacity;
  }
  http->connections[http->connection_count++] = (struct connection){.socket = socket};
  return CURL_SOCKOPT_OK;
}

/* Bytes that a connection has brought so far, or -1. */
static int64_t count_received(int socket) {
#ifdef HAS_TCP_INFO
  struct tcp_info info;
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
      size >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
    return (int64_t)info.tcpi_bytes_received;
#endif
  (void)socket;
  return -1;
}

/* What libcurl does not tell apart by its codes: whether anything came, and how much. */
static void note_received(struct fnf_http *http, const struct connection *connection) {
  int64_t received = count_received(connection->socket);
  for (int32_t i = 0; i < http->slot_count; i++) {
    struct slot *slot = http->slots[i];
    if (slot->state != SLOT_IN_FLIGHT || slot->socket != connection->socket)
      continue;
    if (received >= 0 && connection->received >= 0)
      slot->transfer.received = received - connection->received;
    slot->socket = -1; /* the next one may have the same number */
  }
}

static int on_close(void *user, curl_socket_t socket) {
  struct fnf_http *http = user;
  struct connection *connection = find_connection(http, socket);
  if (connection) {
    note_received(http, connection);
    *connection = http->connections[--http->connection_count];
  }
  return close(socket);
}

static int port_of(const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
  return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

/* Find out the ends of a connection, once. 0: it has none yet. */
static int know_ends(struct connection *connection) {
  struct sockaddr_storage ours = {0}, theirs = {0};
  socklen_t our_size = sizeof ours, their_size = sizeof theirs;
  if (connection->our_port)
    return 1;
  if (getsockname(connection->socket, (struct sockaddr *)&ours, &our_size) != 0 ||
      getpeername(connection->socket, (struct sockaddr *)&theirs, &their_size) != 0)
    return 0;
  const void *bytes = theirs.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)(void *)&theirs)->sin6_addr
                                                   : (const void *)&((struct sockaddr_in *)(void *)&theirs)->sin_addr;
  if (!inet_ntop(theirs.ss_family, bytes, connection->their_ip, sizeof connection->their_ip))
    return 0;
  connection->our_port = port_of(&ours);
  connection->their_port = port_of(&theirs);
  return connection->our_port != 0;
}

/* The connection with those ends, or NULL. Two may share a port of ours. */
static struct connection *find_by_ends(struct fnf_http *http, int our_port, const char *their_ip, int their_port) {
  for (size_t i = 0; i < http->connection_count; i++) {
    struct connection *connection = &http->connections[i];
    if (know_ends(connection) && connection->our_port == our_port && connection->their_port == their_port &&
        strcmp(connection->their_ip, their_ip) == 0)
      return connection;
  }
  return NULL;
}

/* Whether a request that leaves by a kept connection now could get what is no
 * answer to it: the peer has ended the connection, or sent something unasked
 * (over TLS that may be a word about the connection alone; a new one is cheap).
 * Streams beside each other leave something to read at any time. */
static int is_spent(const struct connection *connection) {
  char byte;
  ssize_t size = recv(connection->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size > 0 ? connection->is_one_by_one : size == 0 || (errno != EAGAIN && errno != EINTR);
}

#if LIBCURL_VERSION_NUM >= 0x075000
/* The request is about to leave. A kept connection that dies before the first
 * byte makes libcurl send the same bytes again, with a nonce that the service
 * may have seen already. Only the caller may repeat a request: it signs it anew. */
static int on_send(void *user, char *their_ip, char *our_ip, int their_port, int our_port) {
  struct slot *slot = user;
  long opened = 0;
  (void)our_ip;
  if (slot->transfer.sendings)
    return CURL_PREREQFUNC_ABORT;
  struct connection *connection = find_by_ends(slot->http, our_port, their_ip, their_port);
  (void)curl_easy_getinfo(slot->transfer.easy, CURLINFO_NUM_CONNECTS, &opened);
  slot->is_stale = connection && !opened && is_spent(connection);
  if (slot->is_stale)
    return CURL_PREREQFUNC_ABORT;
  slot->socket = connection ? connection->socket : -1;
  if (connection)
    connection->received = count_received(connection->socket);
  slot->transfer.sendings++;
  return CURL_PREREQFUNC_OK;
}
#endif

static CURLcode set_up(struct fnf_transfer *transfer) {
  struct slot *slot = (struct slot *)transfer; /* its first member */
  CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_SHARE, slot->http->share);
#define SET(option, value) code = code == CURLE_OK ? curl_easy_setopt(transfer->easy, option, value) : code
  SET(CURLOPT_SOCKOPTFUNCTION, on_open);
  SET(CURLOPT_SOCKOPTDATA, slot->http);
  SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
  SET(CURLOPT_CLOSESOCKETDATA, slot->http);
#if LIBCURL_VERSION_NUM >= 0x075000
  SET(CURLOPT_PREREQFUNCTION, on_send);
  SET(CURLOPT_PREREQDATA, slot);
#endif
#undef SET
  return code;
}

/* ---- slots ---- */

/* Put one more slot at the head of the free list. */
static enum fnf_status add_slot(struct fnf_http *http) {
  if (http->slot_count >= FNF_HTTP_MAX_TRANSFERS)
    return FNF_TOO_BIG;
  if (http->slot_count == http->slot_capacity) {
    int32_t capacity = http->slot_capacity ? http->slot_capacity * 2 : FIRST_SLOTS;
    struct slot **slots = realloc(http->slots, (size_t)capacity * sizeof(struct slot *));
    if (!slots)
      return FNF_NO_MEMORY;
    http->slots = slots;
    http->slot_capacity = capacity;
  }
  struct slot *slot = calloc(1, sizeof *slot);
  if (!slot)
    return FNF_NO_MEMORY;
  slot->http = http;
  enum fnf_status status = fnf_transfer_open(&slot->transfer, &http->options, http->authorities, set_up);
  if (status != FNF_OK) {
    fnf_transfer_close(&slot->transfer);
    free(slot);
    return status;
  }
  slot->index = http->slot_count++;
  slot->next = http->first_free;
  http->slots[slot->index] = slot;
  http->first_free = slot;
  return FNF_OK;
}

/* The number by which a slot's present transfer is known outside. */
static int64_t number_of(const struct slot *slot) {
  return slot->uses * FNF_HTTP_MAX_TRANSFERS + slot->index;
}

/* Back to the free list. */
static void free_slot(struct fnf_http *http, struct slot *slot) {
  slot->state = SLOT_FREE;
  slot->next = http->first_free;
  http->first_free = slot;
}

/* Take a slot's transfer out of libcurl's hands and put it at the end of the ended list. */
static void end_slot(struct fnf_http *http, struct slot *slot) {
  (void)curl_multi_remove_handle(http->multi, slot->transfer.easy);
  http->in_flight--;
  slot->state = SLOT_ENDED;
  slot->next = NULL;
  if (http->last_ended)
    http->last_ended->next = slot;
  else
    http->first_ended = slot;
  http->last_ended = slot;
}

/* ---- transfers ---- */

enum fnf_status fnf_http_start(struct fnf_http *http, const struct fnf_http_request *request, int64_t *id) {
  enum fnf_status status = adopt(http);
  if (status == FNF_OK && !http->first_free)
    status = add_slot(http);
  if (status != FNF_OK)
    return status;
  struct slot *slot = http->first_free;
  if (slot == http->taken)
    http->taken = NULL;
  status = fnf_transfer_load(&slot->transfer, request);
  if (status != FNF_OK)
    return status;
  if (curl_multi_add_handle(http->multi, slot->transfer.easy) != CURLM_OK)
    return FNF_NO_MEMORY;
  http->first_free = slot->next;
  http->in_flight++;
  slot->state = SLOT_IN_FLIGHT;
  slot->socket = -1;
  slot->is_stale = 0;
  slot->uses++;
  slot->deadline_ns = fnf_clock_monotonic_ns() + ((int64_t)request->timeout_ms + GRACE_MS) * NS_PER_MS;
  if (slot->deadline_ns < http->deadline_ns)
    http->deadline_ns = slot->deadline_ns;
  *id = number_of(slot);
  return FNF_OK;
}

/* End what has outlived its deadline: libcurl, whose own deadline is a little
 * earlier, forgets those that wait for a connection. */
static void end_overdue(struct fnf_http *http, int64_t now_ns) {
  http->deadline_ns = INT64_MAX;
  for (int32_t i = 0; i < http->slot_count; i++) {
    struct slot *slot = http->slots[i];
    if (slot->state != SLOT_IN_FLIGHT)
      continue;
    if (slot->deadline_ns <= now_ns) {
      slot->transfer.code = CURLE_OPERATION_TIMEDOUT;
      end_slot(http, slot);
    } else if (slot->deadline_ns < http->deadline_ns) {
      http->deadline_ns = slot->deadline_ns;
    }
  }
}

/* libcurl cannot go on with any: left alone they would stay for ever. */
static void end_all(struct fnf_http *http) {
  for (int32_t i = 0; i < http->slot_count; i++) {
    struct slot *slot = http->slots[i];
    if (slot->state != SLOT_IN_FLIGHT)
      continue;
    slot->transfer.code = CURLE_OUT_OF_MEMORY;
    end_slot(http, slot);
  }
}

/* The connection it would have left by is no good: once more, over a new one. 1: begun. */
static int begin_again(struct fnf_http *http, struct slot *slot) {
  int64_t left_ms = (slot->deadline_ns - fnf_clock_monotonic_ns()) / NS_PER_MS - GRACE_MS;
  slot->is_stale = 0;
  (void)curl_multi_remove_handle(http->multi, slot->transfer.easy);
  return fnf_transfer_reload(&slot->transfer, (long)left_ms) == FNF_OK &&
         curl_multi_add_handle(http->multi, slot->transfer.easy) == CURLM_OK;
}

/* What is known of the connection once an answer has come. */
static void note_connection(struct fnf_http *http, const struct slot *slot) {
  long version = 0;
  struct connection *connection = slot->socket < 0 ? NULL : find_connection(http, slot->socket);
  (void)curl_easy_getinfo(slot->transfer.easy, CURLINFO_HTTP_VERSION, &version);
  if (connection && version)
    connection->is_one_by_one = version < CURL_HTTP_VERSION_2_0;
}

/* Put what has ended into its list. 1: some began again. */
static int sort_out(struct fnf_http *http) {
  int left = 0, again = 0;
  for (CURLMsg *note = curl_multi_info_read(http->multi, &left); note;
       note = curl_multi_info_read(http->multi, &left)) {
    void *transfer = NULL;
    CURLcode code = note->data.result;
    (void)curl_easy_getinfo(note->easy_handle, CURLINFO_PRIVATE, &transfer);
    struct slot *slot = transfer; /* its first member */
    int is_stale = slot->is_stale;
    if (is_stale && begin_again(http, slot)) {
      again = 1;
      continue;
    }
    slot->transfer.code = is_stale ? CURLE_OUT_OF_MEMORY : code;
    note_connection(http, slot);
    end_slot(http, slot);
  }
  return again;
}

/* Let libcurl do what it can now. */
static void work(struct fnf_http *http) {
  int running = 0;
  CURLMcode code;
  do
    code = curl_multi_perform(http->multi, &running);
  while (sort_out(http));
  if (code != CURLM_OK)
    end_all(http);
  int64_t now_ns = fnf_clock_monotonic_ns();
  if (http->deadline_ns <= now_ns)
    end_overdue(http, now_ns);
}

/* The time to wait, cut at the earliest deadline. */
static int until_deadline(const struct fnf_http *http, int timeout_ms) {
  int64_t left_ms = (http->deadline_ns - fnf_clock_monotonic_ns()) / NS_PER_MS + 1;
  if (left_ms >= timeout_ms)
    return timeout_ms;
  return left_ms > 0 ? (int)left_ms : 0;
}

/* Work on every pool. 1: there is something to take. */
static int work_all(struct fnf_http *const *pools, size_t count) {
  int ended = 0;
  for (size_t i = 0; i < count; i++) {
    if (adopt(pools[i]) == FNF_OK) /* else it is a child's, and holds no transfer */
      work(pools[i]);
    ended = ended || pools[i]->first_ended;
  }
  return ended;
}

/* Whether a socket has a number that an fd_set does not hold. */
static int has_high_socket(const struct fnf_http *http) {
  size_t i = 0;
  while (i < http->connection_count && http->connections[i].socket < FD_SETSIZE)
    i++;
  return i < http->connection_count;
}

/* Add what a pool waits for to what another one polls, and shorten the time to its own. */
static void join(const struct fnf_http *http, struct curl_waitfd *room, unsigned *used, int *timeout_ms) {
  fd_set readers, writers, troubles;
  int highest = -1;
  long own_ms = -1;
  FD_ZERO(&readers);
  FD_ZERO(&writers);
  FD_ZERO(&troubles);
  if (!http->multi)
    return;
  (void)curl_multi_fdset(http->multi, &readers, &writers, &troubles, &highest);
  (void)curl_multi_timeout(http->multi, &own_ms);
  for (int socket = 0; socket <= highest && *used < FD_SETSIZE; socket++) {
    int events =
        (FD_ISSET(socket, &readers) ? CURL_WAIT_POLLIN : 0) | (FD_ISSET(socket, &writers) ? CURL_WAIT_POLLOUT : 0);
    if (events)
      room[(*used)++] = (struct curl_waitfd){.fd = socket, .events = (short)events};
  }
  /* It may wait for what cannot be seen. */
  long most_ms = highest < 0 || has_high_socket(http) ? BLIND_MS : until_deadline(http, *timeout_ms);
  own_ms = own_ms >= 0 && own_ms < most_ms ? own_ms : most_ms;
  *timeout_ms = own_ms < *timeout_ms ? (int)own_ms : *timeout_ms;
}

void fnf_http_wait_all(struct fnf_http *const *pools, size_t count, int timeout_ms) {
  struct curl_waitfd others[FD_SETSIZE];
  unsigned used = 0;
  if (work_all(pools, count) || timeout_ms <= 0 || count == 0 || !pools[0]->multi)
    return;
  for (size_t i = 1; i < count; i++)
    join(pools[i], others, &used, &timeout_ms);
  if (curl_multi_poll(pools[0]->multi, others, used, until_deadline(pools[0], timeout_ms), NULL) != CURLM_OK)
    end_all(pools[0]);
  (void)work_all(pools, count);
}

void fnf_http_wait(struct fnf_http *http, int timeout_ms) {
  fnf_http_wait_all(&http, 1, timeout_ms);
}

int fnf_http_take(struct fnf_http *http, struct fnf_http_answer *answer) {
  if (is_inherited(http) || !http->first_ended)
    return 0;
  struct slot *slot = http->first_ended;
  http->first_ended = slot->next;
  if (!http->first_ended)
    http->last_ended = NULL;
  fnf_transfer_read(&slot->transfer, answer);
  answer->id = number_of(slot);
  free_slot(http, slot);
  http->taken = slot;
  return 1;
}

static double seconds_of(CURL *easy, CURLINFO what) {
  curl_off_t time_us = 0;
  (void)curl_easy_getinfo(easy, what, &time_us);
  return (double)time_us / 1e6;
}

int fnf_http_times(struct fnf_http *http, struct fnf_http_times *times) {
  if (is_inherited(http) || !http->taken)
    return 0;
  CURL *easy = http->taken->transfer.easy;
  *times =
      (struct fnf_http_times){seconds_of(easy, CURLINFO_NAMELOOKUP_TIME_T), seconds_of(easy, CURLINFO_CONNECT_TIME_T),
                              seconds_of(easy, CURLINFO_APPCONNECT_TIME_T),
                              seconds_of(easy, CURLINFO_STARTTRANSFER_TIME_T), seconds_of(easy, CURLINFO_TOTAL_TIME_T)};
  return 1;
}

void fnf_http_cancel(struct fnf_http *http, int64_t id) {
  int64_t index = id % FNF_HTTP_MAX_TRANSFERS;
  if (is_inherited(http) || id < 0 || index >= http->slot_count)
    return;
  struct slot *slot = http->slots[index];
  if (slot->state != SLOT_IN_FLIGHT || number_of(slot) != id)
    return;
  (void)curl_multi_remove_handle(http->multi, slot->transfer.easy);
  http->in_flight--;
  free_slot(http, slot);
}

size_t fnf_http_in_flight(const struct fnf_http *http) {
  return is_inherited(http) ? 0 : http->in_flight;
}

struct fnf_http_versions fnf_http_versions(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  return (struct fnf_http_versions){info->version, info->ssl_version ? info->ssl_version : "none"};
}
