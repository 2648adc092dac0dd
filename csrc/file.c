/*
 * A small file read in one go.
 * SPDX-License-Identifier: MIT
 */
#define _FILE_OFFSET_BITS 64    /* where a long has 32 bits, files numbered beyond them are files, too */
#define _POSIX_C_SOURCE 200809L /* O_CLOEXEC */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t read_some(int descriptor, char *room, size_t size) {
  ssize_t count;
  do
    count = read(descriptor, room, size);
  while (count < 0 && errno == EINTR);
  return count;
}

static enum fnf_status fail(struct fnf_file *file) {
  file->error = errno;
  return file->error == ENOMEM ? FNF_NO_MEMORY : FNF_SYSTEM;
}

static enum fnf_status read_all(int descriptor, char *room, size_t capacity, struct fnf_file *file) {
  while (file->size < capacity) {
    ssize_t count = read_some(descriptor, room + file->size, capacity - file->size);
    if (count < 0)
      return fail(file);
    if (count == 0)
      return FNF_OK;
    file->size += (size_t)count;
  }
  char more; /* the room is full: is that all? */
  ssize_t count = read_some(descriptor, &more, 1);
  if (count < 0)
    return fail(file);
  return count == 0 ? FNF_OK : FNF_TOO_BIG;
}

enum fnf_status fnf_file_read(const char *path, char *room, size_t capacity, struct fnf_file *file) {
  struct stat found;
  enum fnf_status status;
  *file = (struct fnf_file){0, 0, 0};
  /* O_NONBLOCK: opening a FIFO without a writer would wait for one. */
  int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0)
    return fail(file);
  if (fstat(descriptor, &found) != 0) {
    status = fail(file);
  } else if (!S_ISREG(found.st_mode)) {
    status = FNF_BAD_INPUT;
  } else {
    file->mode = (unsigned)found.st_mode & 07777U;
    status = read_all(descriptor, room, capacity, file);
  }
  (void)close(descriptor);
  return status;
}
