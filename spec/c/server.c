/*
 * An HTTP server on loopback: connections, threads, requests.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memmem, strcasestr, MSG_NOSIGNAL */
#include "server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int server_send(struct server_connection *connection, struct fnf_str bytes) {
  while (bytes.size) {
    ssize_t size = connection->tls ? SSL_write(connection->tls, bytes.data, (int)bytes.size)
                                   : send(connection->socket, bytes.data, bytes.size, MSG_NOSIGNAL);
    if (size <= 0)
      return 0;
    bytes.data += size;
    bytes.size -= (size_t)size;
  }
  return 1;
}

static ssize_t receive(struct server_connection *connection) {
  char *room = connection->request + connection->request_size;
  size_t left = SERVER_ROOM - connection->request_size;
  return connection->tls ? SSL_read(connection->tls, room, (int)left) : recv(connection->socket, room, left, 0);
}

/* Bytes of the whole request, or 0 while its head is not complete. */
static size_t measure(struct server_connection *connection) {
  char *text = connection->request;
  text[connection->request_size] = '\0';
  char *end = memmem(text, connection->request_size, "\r\n\r\n", 4);
  if (!end)
    return 0;
  connection->head_size = (size_t)(end - text) + 4;
  char *length = strcasestr(text, "\r\ncontent-length:");
  size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
  return connection->head_size + body;
}

/* 0: the client is gone. Clients here never send a request before the last answer. */
static int read_request(struct server_connection *connection) {
  size_t whole = 0;
  connection->request_size = 0;
  while (!whole || connection->request_size < whole) {
    ssize_t size = receive(connection);
    if (size <= 0)
      return 0;
    connection->request_size += (size_t)size;
    whole = measure(connection);
  }
  connection->requests++;
  return 1;
}

static void *serve(void *argument) {
  struct server_connection *connection = argument;
  if (connection->server->tls) {
    connection->tls = SSL_new(connection->server->tls);
    (void)SSL_set_fd(connection->tls, connection->socket);
  }
  if (!connection->tls || SSL_accept(connection->tls) == 1)
    while (read_request(connection) && server_answer(connection))
      continue;
  SSL_free(connection->tls);
  /* A forked child may hold the socket too; closing alone would not end the connection. */
  (void)shutdown(connection->socket, SHUT_RDWR);
  return NULL;
}

static void *accept_all(void *argument) {
  struct server *server = argument;
  while (server->connection_count < SERVER_MOST_CONNECTIONS) {
    int socket = accept(server->listener, NULL, NULL);
    if (socket < 0)
      break;
    (void)pthread_mutex_lock(&server->lock);
    struct server_connection *connection = &server->connections[server->connection_count];
    connection->server = server;
    connection->socket = socket;
    connection->tls = NULL;
    connection->number = ++server->connection_count;
    connection->requests = 0;
    if (pthread_create(&connection->thread, NULL, serve, connection) != 0)
      abort();
    (void)pthread_mutex_unlock(&server->lock);
  }
  return NULL;
}

int server_start(struct server *server) {
  struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  struct sockaddr *address = server->is_ipv6 ? (struct sockaddr *)&ipv6 : (struct sockaddr *)&ipv4;
  socklen_t size = server->is_ipv6 ? sizeof ipv6 : sizeof ipv4;
  (void)signal(SIGPIPE, SIG_IGN); /* libssl writes without MSG_NOSIGNAL */
  (void)pthread_mutex_init(&server->lock, NULL);
  server->connection_count = server->afterthoughts = 0;
  server->listener = socket(address->sa_family, SOCK_STREAM, 0);
  if (server->listener < 0 || bind(server->listener, address, size) != 0 ||
      listen(server->listener, SERVER_MOST_CONNECTIONS) != 0 || getsockname(server->listener, address, &size) != 0)
    return 0;
  server->port = ntohs(server->is_ipv6 ? ipv6.sin6_port : ipv4.sin_port);
  return pthread_create(&server->thread, NULL, accept_all, server) == 0;
}

void server_deafen(struct server *server) {
  if (server->listener < 0)
    return;
  (void)shutdown(server->listener, SHUT_RDWR);
  (void)pthread_join(server->thread, NULL);
  (void)close(server->listener);
  server->listener = -1;
}

void server_stop(struct server *server) {
  server_deafen(server);
  for (int i = 0; i < server->connection_count; i++) {
    struct server_connection *connection = &server->connections[i];
    (void)shutdown(connection->socket, SHUT_RDWR);
    (void)pthread_join(connection->thread, NULL);
    (void)close(connection->socket);
  }
  (void)pthread_mutex_destroy(&server->lock);
}

void server_note_afterthought(struct server *server) {
  (void)pthread_mutex_lock(&server->lock);
  server->afterthoughts++;
  (void)pthread_mutex_unlock(&server->lock);
}

void server_await_afterthought(struct server *server) {
  const struct timespec pause = {0, 1000000};
  for (int found = 0; !found;) {
    (void)nanosleep(&pause, NULL);
    (void)pthread_mutex_lock(&server->lock);
    found = server->afterthoughts > 0;
    server->afterthoughts -= found;
    (void)pthread_mutex_unlock(&server->lock);
  }
}

int server_connections(struct server *server) {
  (void)pthread_mutex_lock(&server->lock);
  int count = server->connection_count;
  (void)pthread_mutex_unlock(&server->lock);
  return count;
}
