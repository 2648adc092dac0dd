/*
 * Throw-away certificates for the loopback server.
 * SPDX-License-Identifier: MIT
 */
#include "certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static int add_name(X509 *certificate, const char *name) {
  char value[128];
  (void)snprintf(value, sizeof value, "%s:%s", strspn(name, "0123456789.") == strlen(name) ? "IP" : "DNS", name);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
  int done = extension && X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return done;
}

static X509 *make(EVP_PKEY *key, const char *name, long shift_s) {
  X509 *certificate = X509_new();
  X509_NAME *subject = X509_get_subject_name(certificate);
  int done = X509_set_version(certificate, 2) && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
             X509_gmtime_adj(X509_getm_notBefore(certificate), shift_s - 3600) &&
             X509_gmtime_adj(X509_getm_notAfter(certificate), shift_s + 3600) &&
             X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"spec", -1, -1, 0) &&
             X509_set_issuer_name(certificate, subject) && X509_set_pubkey(certificate, key) &&
             add_name(certificate, name) && X509_sign(certificate, key, EVP_sha256());
  if (done)
    return certificate;
  X509_free(certificate);
  return NULL;
}

SSL_CTX *certificate_context(const char *name, long shift_s, const char *file) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = key ? make(key, name, shift_s) : NULL;
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  FILE *out = fopen(file, "w");
  int done = certificate && context && out && PEM_write_X509(out, certificate) &&
             SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;
  if (out)
    (void)fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (done)
    return context;
  SSL_CTX_free(context);
  return NULL;
}
