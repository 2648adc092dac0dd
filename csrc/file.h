/*
 * A small file read in one go: configuration, credentials, tokens.
 * SPDX-License-Identifier: MIT
 *
 * Regular files only, whatever the links that lead there: a FIFO or a device
 * with such a name must not make the host wait.
 */
#ifndef FNF_FILE_H
#define FNF_FILE_H

#include "fnf.h"

#pragma GCC visibility push(hidden)

struct fnf_file {
  size_t size;   /* bytes read */
  unsigned mode; /* permission bits, 07777 at most */
  int error;     /* errno, if FNF_SYSTEM or FNF_NO_MEMORY */
};

/* Read the file `path` into the caller's `room`. FNF_TOO_BIG: more than
 * `capacity` bytes; FNF_BAD_INPUT: no regular file; FNF_SYSTEM: not there, not
 * readable, or unreadable half-way; FNF_NO_MEMORY: that of the system. Never waits for another process. */
enum fnf_status fnf_file_read(const char *path, char *room, size_t capacity, struct fnf_file *file);

#pragma GCC visibility pop

#endif
