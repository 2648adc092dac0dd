/*
 * Specs of file.h.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* mkdtemp, mkfifo */
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "tap.h"

static char directory[] = "/tmp/fnf-file-XXXXXX";

static const char *path_of(const char *name) {
  static char path[128];
  (void)snprintf(path, sizeof path, "%s/%s", directory, name);
  return path;
}

static void write_file(const char *name, const char *bytes, size_t size, mode_t mode) {
  FILE *file = fopen(path_of(name), "wb");
  if (file) {
    (void)fwrite(bytes, 1, size, file);
    (void)fclose(file);
  }
  (void)chmod(path_of(name), mode);
}

static void reads_to_the_last_byte(void) {
  char room[5] = "----";
  struct fnf_file file;
  write_file("four", "a\0b\n", 4, 0640);
  tap_check(fnf_file_read(path_of("four"), room, 4, &file) == FNF_OK, "a file that just fits is read");
  tap_check(file.size == 4 && memcmp(room, "a\0b\n", 4) == 0 && file.mode == 0640, "with its bytes and its mode");
  memcpy(room, "----", 4);
  tap_check(fnf_file_read(path_of("four"), room, 3, &file) == FNF_TOO_BIG, "one byte more is too big");
  tap_check(room[3] == '-', "and not written behind the room");
  tap_check(fnf_file_read(path_of("four"), room, 0, &file) == FNF_TOO_BIG, "no room is too little");
  write_file("none", "", 0, 0600);
  tap_check(fnf_file_read(path_of("none"), room, 0, &file) == FNF_OK && file.size == 0, "an empty file needs none");
}

static void refuses_what_could_wait(void) {
  char room[4];
  struct fnf_file file;
  (void)mkfifo(path_of("fifo"), 0600);
  tap_check(fnf_file_read(path_of("fifo"), room, 4, &file) == FNF_BAD_INPUT, "a FIFO is refused at once");
  tap_check(fnf_file_read("/dev/zero", room, 4, &file) == FNF_BAD_INPUT, "a device is refused");
  tap_check(fnf_file_read(directory, room, 4, &file) == FNF_BAD_INPUT, "a directory is refused");
  char target[128];
  (void)snprintf(target, sizeof target, "%s", path_of("four"));
  (void)symlink(target, path_of("link"));
  tap_check(fnf_file_read(path_of("link"), room, 4, &file) == FNF_OK, "a link to a file is followed");
}

static void tells_errno(void) {
  char room[4];
  struct fnf_file file;
  tap_check(fnf_file_read(path_of("gone"), room, 4, &file) == FNF_SYSTEM && file.error == ENOENT,
            "a missing file is told by its errno");
  tap_check(fnf_file_read("/proc/self/mem", room, 4, &file) == FNF_SYSTEM && file.error == EIO,
            "a file that fails half-way is told by its errno");
}

static void survives_a_failing_system(void) {
  char room[8];
  struct fnf_file file;
  calls_fail_at("read", 1, EINTR);
  enum fnf_status status = fnf_file_read(path_of("four"), room, 8, &file);
  tap_check(calls_failed() == 1 && status == FNF_OK && file.size == 4, "a read that a signal ends is begun again");
  static const struct {
    long n; /* which read fails */
    int error;
    enum fnf_status status;
  } rows[] = {{1, EIO, FNF_SYSTEM}, {1, ENOMEM, FNF_NO_MEMORY}, {2, EIO, FNF_SYSTEM}, {2, EISDIR, FNF_SYSTEM}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    calls_fail_at("read", rows[i].n, rows[i].error); /* the second asks whether that was all */
    status = fnf_file_read(path_of("four"), room, 4, &file);
    tap_check(calls_failed() == 1 && status == rows[i].status && file.error == rows[i].error,
              "read %ld failing by errno %d is told as %s", rows[i].n, rows[i].error, fnf_status_name(status));
  }
  calls_fail_at("fstat", 1, EOVERFLOW);
  status = fnf_file_read(path_of("four"), room, 4, &file);
  tap_check(calls_failed() == 1 && status == FNF_SYSTEM && file.error == EOVERFLOW,
            "a file that cannot be looked at is told by its errno");
}

void file_spec(void) {
  tap_suite("file");
  if (!tap_check(mkdtemp(directory) != NULL, "a directory"))
    return;
  reads_to_the_last_byte();
  refuses_what_could_wait();
  tells_errno();
  survives_a_failing_system();
  static const char *const names[] = {"four", "none", "fifo", "link"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    (void)unlink(path_of(names[i]));
  (void)rmdir(directory);
}
