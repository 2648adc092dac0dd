/*
 * Throw-away certificates for the loopback server.
 * SPDX-License-Identifier: MIT
 */
#ifndef SPEC_CERTIFICATE_H
#define SPEC_CERTIFICATE_H

#include <openssl/ssl.h>

/* A server's TLS with a fresh self-signed certificate for that name (an IP
 * address if it looks like one), good for an hour from now plus `shift_s`;
 * the certificate is written to the file too. NULL: libssl would not. */
SSL_CTX *certificate_context(const char *name, long shift_s, const char *file);

#endif
