/*
 * Specs of ca.h, on folders made for the purpose.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */
#include "ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static int is_directory_chosen(const char *directory, const char *name) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = name[0] ? fopen(path, "w") : NULL;
  if (file)
    (void)fclose(file);
  struct fnf_ca ca = fnf_ca_choose("bundle", directory);
  if (name[0])
    (void)unlink(path);
  int exactly_one = (ca.file != NULL) != (ca.directory != NULL);
  return exactly_one && ca.directory == directory;
}

void ca_spec(void) {
  static const char *const unhashed[] = {"",           "ca.pem",      "3513523.0",      "3513523f0.0", "3513523F.0",
                                         "3513523f.1", "3513523f.r0", "3513523f.0.old", "3513523g.0",  "3513523f"};
  char directory[] = "/tmp/fnf-ca-XXXXXX";
  tap_suite("ca");
  if (!tap_check(mkdtemp(directory) != NULL, "a temporary folder"))
    return;
  tap_check(is_directory_chosen(directory, "3513523f.0"), "a folder with a hash link is preferred to the bundle");
  for (size_t i = 0; i < sizeof unhashed / sizeof *unhashed; i++)
    tap_check(!is_directory_chosen(directory, unhashed[i]), "a folder with '%s' alone is no hashed one", unhashed[i]);
  (void)rmdir(directory);

  struct fnf_ca ca = fnf_ca_choose("bundle", directory);
  tap_check(ca.file && !ca.directory, "a folder that is not there gives the bundle");
  ca = fnf_ca_choose("bundle", "/dev/null");
  tap_check(ca.file && !ca.directory, "a file in place of a folder gives the bundle");
  ca = fnf_ca_choose("bundle", NULL);
  tap_check(ca.file && strcmp(ca.file, "bundle") == 0 && !ca.directory, "no folder gives the bundle");
  ca = fnf_ca_choose(NULL, NULL);
  tap_check(!ca.file && !ca.directory, "nothing gives nothing");
}
