/*
 * Puts the folder and bundle of $BENCH_CERTS in the place of the system's authorities, as libcurl tells of them.
 * SPDX-License-Identifier: MIT
 *
 * They are copies with the bench's own throw-away authority added, so that a
 * loopback server can be verified by the same number of certificates. Linked
 * into a program or preloaded.
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef curl_version_info_data *version_info(CURLversion age);

curl_version_info_data *curl_version_info(CURLversion age) {
  static curl_version_info_data told;
  static char file[4096];
  const char *folder = getenv("BENCH_CERTS");
  /* Not RTLD_NEXT: Lua loads libcurl for a module alone, out of the search order. */
  void *found = dlsym(dlopen("libcurl.so.4", RTLD_LAZY), "curl_version_info");
  version_info *real = NULL;
  *(void **)&real = found;
  curl_version_info_data *data = real(age);
  if (!folder)
    return data;
  (void)snprintf(file, sizeof file, "%s/ca-certificates.crt", folder);
  told = *data;
  told.cainfo = file;
  told.capath = folder;
  return &told;
}
