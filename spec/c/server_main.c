/*
 * The loopback server as a program, for the Lua specs: prints its port, runs until its reader is gone.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* poll */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "server.h"

static struct server server;

int main(void) {
  if (!server_start(&server))
    return 1;
  printf("%d\n", server.port);
  (void)fflush(stdout);
  struct pollfd reader = {.fd = STDOUT_FILENO};
  while (poll(&reader, 1, -1) < 0 || !(reader.revents & (POLLERR | POLLHUP | POLLNVAL)))
    continue;
  return 0;
}
