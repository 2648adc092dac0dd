/*
 * Where this system keeps its certificate authorities.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L /* opendir */
#include "ca.h"

#include <dirent.h>
#include <string.h>

static int is_hash_link(const char *name) {
  return strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".0") == 0;
}

static int is_hashed(const char *directory) {
  int found = 0;
  DIR *entries = opendir(directory);
  if (!entries)
    return 0;
  for (struct dirent *entry = readdir(entries); entry && !found; entry = readdir(entries))
    found = is_hash_link(entry->d_name);
  (void)closedir(entries);
  return found;
}

struct fnf_ca fnf_ca_choose(const char *file, const char *directory) {
  if (directory && is_hashed(directory))
    return (struct fnf_ca){.directory = directory};
  return (struct fnf_ca){.file = file};
}
