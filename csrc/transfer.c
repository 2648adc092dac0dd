/*
 * One libcurl handle and the exchange it carries: the lower half of http.h.
 * SPDX-License-Identifier: MIT
 */
#include "transfer.h"

#include <string.h>

#include "ca.h"

enum { LINES_LIMIT = 64 * 1024 };

/* ---- libcurl's callbacks ---- */

static size_t on_body(char *data, size_t size, size_t count, void *user) {
  struct fnf_transfer *transfer = user;
  fnf_buf_add(&transfer->body, (struct fnf_str){data, size * count});
  return transfer->body.status == FNF_OK ? size * count : 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *user) {
  struct fnf_transfer *transfer = user;
  struct fnf_buf *headers = &transfer->headers;
  size_t length = size * count;
  if (length >= 5 && memcmp(data, "HTTP/", 5) == 0) {
    /* An interim answer's headers give way to the final one's, but what they
     * took stays counted, status lines too: the cap holds for all together. */
    (void)fnf_buf_reserve(headers, length);
    if (headers->status == FNF_OK) {
      headers->limit -= headers->size + length;
      fnf_buf_reset(headers);
    }
  } else if (length > 2) {
    fnf_buf_add(headers, (struct fnf_str){data, length});
  }
  return headers->status == FNF_OK ? length : 0;
}

#if LIBCURL_VERSION_NUM >= 0x075000
/* A kept connection that dies before the first byte makes libcurl send the
 * same bytes again, with a nonce that the service may have seen already. Only
 * the caller may repeat a request: it signs it anew. */
static int on_send(void *user, char *their_ip, char *our_ip, int their_port, int our_port) {
  struct fnf_transfer *transfer = user;
  (void)their_ip, (void)our_ip, (void)their_port, (void)our_port;
  return transfer->sendings++ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}
#endif

/* ---- life ---- */

/* The connection's own settings, the same for every exchange of a pool. */
static CURLcode configure(struct fnf_transfer *transfer, const struct fnf_http_options *options) {
  const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
  struct fnf_ca ca = {.file = options->ca_file};
  if (!ca.file && version->age >= CURLVERSION_SEVENTH)
    ca = fnf_ca_choose(version->cainfo, version->capath);
  CURLcode code = CURLE_OK;
#define SET(option, value) code = code == CURLE_OK ? curl_easy_setopt(transfer->easy, option, value) : code
  SET(CURLOPT_PRIVATE, transfer);
  SET(CURLOPT_ERRORBUFFER, transfer->message);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, transfer);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, transfer);
#if LIBCURL_VERSION_NUM >= 0x075000
  SET(CURLOPT_PREREQFUNCTION, on_send);
  SET(CURLOPT_PREREQDATA, transfer);
#endif
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_CAINFO, ca.file);
  SET(CURLOPT_CAPATH, ca.directory);
  SET(CURLOPT_SSLCERT, options->cert_file);
  SET(CURLOPT_SSLKEY, options->key_file);
  SET(CURLOPT_PROXY, options->proxy);
  SET(CURLOPT_USERAGENT, options->user_agent);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)FNF_HTTP_MAX_BODY);
  /* libcurl guards against SIGPIPE itself unless told to leave signals alone,
   * which it must be where it would use SIGALRM to end a name look-up. */
  SET(CURLOPT_NOSIGNAL, version->features & CURL_VERSION_ASYNCHDNS ? 0L : 1L);
#undef SET
  return code;
}

enum fnf_status fnf_transfer_open(struct fnf_transfer *transfer, const struct fnf_http_options *options) {
  fnf_buf_init(&transfer->lines, LINES_LIMIT);
  fnf_buf_init(&transfer->next_lines, LINES_LIMIT);
  fnf_buf_init(&transfer->upload, FNF_TRANSFER_MAX_UPLOAD);
  fnf_buf_init(&transfer->headers, FNF_HTTP_MAX_HEADERS);
  fnf_buf_init(&transfer->body, FNF_HTTP_MAX_BODY);
  transfer->no_proxy = options->no_proxy;
  transfer->easy = curl_easy_init();
  if (!transfer->easy)
    return FNF_NO_MEMORY;
  CURLcode code = configure(transfer, options);
  if (code == CURLE_OK)
    return FNF_OK;
  fnf_transfer_close(transfer);
  return code == CURLE_OUT_OF_MEMORY ? FNF_NO_MEMORY : FNF_UNSUPPORTED;
}

void fnf_transfer_close(struct fnf_transfer *transfer) {
  curl_easy_cleanup(transfer->easy);
  curl_slist_free_all(transfer->list);
  fnf_transfer_abandon(transfer);
}

void fnf_transfer_abandon(struct fnf_transfer *transfer) {
  transfer->easy = NULL;
  transfer->list = NULL;
  fnf_buf_free(&transfer->lines);
  fnf_buf_free(&transfer->next_lines);
  fnf_buf_free(&transfer->upload);
  fnf_buf_free(&transfer->headers);
  fnf_buf_free(&transfer->body);
}

/* ---- an answer ---- */

/* Whether the first byte of an answer was seen. libcurl then says "out of
 * memory" of a header line over 100 KiB. */
static int has_begun(const struct fnf_transfer *transfer) {
  curl_off_t first_byte_us = 0;
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
  return first_byte_us > 0;
}

static enum fnf_status judge(const struct fnf_transfer *transfer) {
  switch (transfer->code) {
  case CURLE_OK:
    return FNF_OK;
  case CURLE_OUT_OF_MEMORY:
    return has_begun(transfer) ? FNF_PROTOCOL : FNF_NO_MEMORY;
  case CURLE_OPERATION_TIMEDOUT:
    return FNF_TIMEOUT;
  case CURLE_SSL_CONNECT_ERROR:
    return FNF_TLS;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_ENGINE_SETFAILED:
    return FNF_CERTIFICATE;
  case CURLE_WRITE_ERROR: /* a callback refused */
    return transfer->body.status == FNF_NO_MEMORY || transfer->headers.status == FNF_NO_MEMORY ? FNF_NO_MEMORY
                                                                                               : FNF_PROTOCOL;
  case CURLE_FILESIZE_EXCEEDED:
  case CURLE_PARTIAL_FILE:
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_BAD_CONTENT_ENCODING:
    return FNF_PROTOCOL;
  case CURLE_URL_MALFORMAT:
    return FNF_BAD_INPUT;
  default:
    return FNF_NETWORK;
  }
}

static const char *explain(const struct fnf_transfer *transfer) {
  if (transfer->headers.status == FNF_TOO_BIG || (transfer->code == CURLE_OUT_OF_MEMORY && has_begun(transfer)))
    return "headers of more than 64 KiB";
  if (transfer->body.status == FNF_TOO_BIG || transfer->code == CURLE_FILESIZE_EXCEEDED)
    return "a body of more than 8 MiB";
  if (transfer->code == CURLE_ABORTED_BY_CALLBACK)
    return "the kept connection ended before an answer came";
  return transfer->message[0] ? transfer->message : curl_easy_strerror(transfer->code);
}

void fnf_transfer_read(struct fnf_transfer *transfer, struct fnf_http_answer *answer) {
  long sent_bytes = 0;
  *answer = (struct fnf_http_answer){.status = judge(transfer)};
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
  answer->sent = sent_bytes > 0 || transfer->sendings > 0;
  if (answer->status == FNF_OK) {
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer->http_status);
    answer->headers = fnf_buf_str(&transfer->headers);
    answer->body = fnf_buf_str(&transfer->body);
  } else {
    answer->message = explain(transfer);
  }
}
