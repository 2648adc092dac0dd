/*
 * Where this system keeps its certificate authorities.
 * SPDX-License-Identifier: MIT
 *
 * libcurl as Debian builds it knows a bundle file and a directory. Given both
 * it parses the whole bundle at every new TLS connection (31 to 41 ms), because
 * a directory switches its cache of parsed bundles off. So: the directory
 * alone where it is hashed (OpenSSL then reads the one file it needs), the
 * bundle alone elsewhere.
 */
#ifndef FNF_CA_H
#define FNF_CA_H

#pragma GCC visibility push(hidden)

struct fnf_ca {
  const char *file;      /* borrowed, or NULL */
  const char *directory; /* borrowed, or NULL */
};

/* Choose between a bundle and a directory (either may be NULL): the
 * directory if it holds an OpenSSL hash link such as "3513523f.0". */
struct fnf_ca fnf_ca_choose(const char *file, const char *directory);

#pragma GCC visibility pop

#endif
