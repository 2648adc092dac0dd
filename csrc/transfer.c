/*
 * One exchange on one libcurl handle: load, read, authorities.
 * SPDX-License-Identifier: MIT
 *
 * One subject: what is set on a handle and what is read from it are the two ends of one exchange.
 */
#define _FILE_OFFSET_BITS 64    /* readdir: as in file.c */
#define _POSIX_C_SOURCE 200809L /* opendir */
#include "transfer.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_LIMIT = 64 * 1024, KEPT_CAPACITY = 64 * 1024, PROBE = 64 * 1024 };

/* ---- authorities ---- */

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

struct fnf_authorities fnf_transfer_choose_authorities(const char *file, const char *directory) {
  if (directory && is_hashed(directory))
    return (struct fnf_authorities){.directory = directory};
  return (struct fnf_authorities){.file = file};
}

struct fnf_authorities fnf_transfer_authorities(const char *ca_file) {
  const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
  if (ca_file || version->age < CURLVERSION_SEVENTH)
    return (struct fnf_authorities){.file = ca_file};
  return fnf_transfer_choose_authorities(version->cainfo, version->capath);
}

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
  int is_first = fnf_head_begins(&transfer->head), is_trailer = !is_first && transfer->head.is_complete;
  transfer->is_used = 1;
  if (!fnf_head_take(&transfer->head, (struct fnf_str){data, length}))
    return 0;
  if (is_first) {
    /* An interim answer's headers give way to the final one's, but what they
     * took stays counted, status lines too: the cap holds for all together. */
    (void)fnf_buf_reserve(headers, length);
    if (headers->status == FNF_OK) {
      headers->limit -= headers->size + length;
      fnf_buf_reset(headers);
    }
  } else if (is_trailer) {
    (void)fnf_buf_reserve(headers, length); /* they say nothing that we need, but may not be endless */
    if (headers->status == FNF_OK)
      headers->limit -= length;
  } else if (!transfer->head.is_complete) {
    fnf_buf_add(headers, (struct fnf_str){data, length});
  }
  return headers->status == FNF_OK ? length : 0;
}

/* ---- life ---- */

/* For how long an address is taken for a name's: for a burst of connections. A
 * service that moves is asked at its old, dead address no longer than that. */
enum { NAME_SECONDS = 1 };

static int begins(struct fnf_str text, struct fnf_str word) {
  return text.size >= word.size && memcmp(text.data, word.data, word.size) == 0;
}

/* Whether no SIGPIPE can come of what libcurl writes: since 7.88 all that these
 * libraries of TLS have to say goes by its own sockets, with MSG_NOSIGNAL. To
 * keep the signal away all the same costs six system calls an exchange, which
 * are a fifth of its time, and changes what all threads of the process do. */
static int writes_without_signal(const curl_version_info_data *version) {
  const char *name = version->ssl_version ? version->ssl_version : "";
  struct fnf_str tls = {name, strlen(name)};
  return version->version_num >= 0x075800 && (begins(tls, FNF_STR("OpenSSL/")) || begins(tls, FNF_STR("GnuTLS/")));
}

/* The connection's own settings, the same for every exchange of a pool. */
static CURLcode configure(struct fnf_transfer *transfer, const struct fnf_http_options *options) {
  CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
#define SET(option, value) code = code == CURLE_OK ? curl_easy_setopt(transfer->easy, option, value) : code
  SET(CURLOPT_ERRORBUFFER, transfer->message);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, transfer);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, transfer);
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
  if (transfer->authorities.file || transfer->authorities.directory) {
    SET(CURLOPT_CAINFO, transfer->authorities.file);
    SET(CURLOPT_CAPATH, transfer->authorities.directory);
  }
  SET(CURLOPT_SSLCERT, options->cert_file);
  SET(CURLOPT_SSLKEY, options->key_file);
  SET(CURLOPT_PROXY, options->proxy);
  SET(CURLOPT_USERAGENT, options->user_agent);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  SET(CURLOPT_DNS_CACHE_TIMEOUT, (long)NAME_SECONDS);
  SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)FNF_HTTP_MAX_BODY);
  /* libcurl keeps SIGPIPE away itself unless told to leave signals alone, which
   * it must be where it would use SIGALRM to end a name look-up. */
  int is_blocking = !(transfer->version->features & CURL_VERSION_ASYNCHDNS);
  SET(CURLOPT_NOSIGNAL, is_blocking || writes_without_signal(transfer->version) ? 1L : 0L);
#undef SET
  return code;
}

/* A new handle in the place of the old one; its connections stay, being the pool's. */
static enum fnf_status renew(struct fnf_transfer *transfer) {
  curl_easy_cleanup(transfer->easy);
  transfer->is_used = 0;
  transfer->easy = curl_easy_init();
  if (!transfer->easy)
    return FNF_NO_MEMORY;
  CURLcode code = configure(transfer, transfer->options);
  if (code == CURLE_OK)
    code = transfer->setup(transfer);
  if (code == CURLE_OK)
    return FNF_OK;
  curl_easy_cleanup(transfer->easy);
  transfer->easy = NULL;
  return code == CURLE_OUT_OF_MEMORY ? FNF_NO_MEMORY : FNF_UNSUPPORTED;
}

/* From 7.83.0 until 8.1.1 libcurl kept a pointer to the last header of the last
 * answer. Where the next begins with a folded line, it frees that once more. */
static int frees_headers_twice(const struct fnf_transfer *transfer) {
  unsigned version = transfer->version->version_num;
  return version >= 0x075300 && version < 0x080101;
}

enum fnf_status fnf_transfer_open(struct fnf_transfer *transfer, const struct fnf_http_options *options,
                                  struct fnf_authorities authorities, fnf_transfer_setup *setup) {
  fnf_buf_init(&transfer->lines, LINES_LIMIT);
  fnf_buf_init(&transfer->next_lines, LINES_LIMIT);
  fnf_buf_init(&transfer->upload, FNF_TRANSFER_MAX_UPLOAD);
  fnf_buf_init(&transfer->headers, FNF_HTTP_MAX_HEADERS);
  fnf_buf_init(&transfer->body, FNF_HTTP_MAX_BODY);
  transfer->options = options;
  transfer->authorities = authorities;
  transfer->setup = setup;
  transfer->version = curl_version_info(CURLVERSION_NOW);
  return renew(transfer);
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

/* ---- a request ---- */

static int is_blank(struct fnf_str text) {
  size_t i = 0;
  while (i < text.size && text.data[i] == ' ')
    i++;
  return i == text.size;
}

static enum fnf_status write_lines(struct fnf_buf *lines, const struct fnf_http_request *request) {
  fnf_buf_reset(lines);
  for (size_t i = 0; i < request->header_count; i++) {
    struct fnf_str name = request->headers[i].name, value = request->headers[i].value;
    if (!name.size || memchr(name.data, ':', name.size) || !fnf_is_clean(name, '!') || !fnf_is_clean(value, ' '))
      return FNF_BAD_INPUT;
    fnf_buf_add(lines, name);
    /* libcurl takes "Name:" for a header to leave out, "Name;" for an empty one */
    fnf_buf_add(lines, is_blank(value) ? FNF_STR(";") : FNF_STR(": "));
    if (!is_blank(value))
      fnf_buf_add(lines, value);
    fnf_buf_add_char(lines, '\0');
  }
  return lines->status;
}

/* Make the header list anew, unless it would be the last request's again. */
static enum fnf_status set_headers(struct fnf_transfer *transfer, const struct fnf_http_request *request) {
  struct fnf_buf *lines = &transfer->next_lines, *last = &transfer->lines;
  enum fnf_status status = write_lines(lines, request);
  if (status != FNF_OK)
    return status;
  if (transfer->list && lines->size == last->size && (!last->size || memcmp(lines->data, last->data, last->size) == 0))
    return FNF_OK;
  /* Without it libcurl would ask before sending a large body, and wait a second for leave. */
  struct curl_slist *list = curl_slist_append(NULL, "Expect:");
  for (size_t at = 0; list && at < lines->size; at += strlen(lines->data + at) + 1) {
    struct curl_slist *longer = curl_slist_append(list, lines->data + at);
    if (!longer)
      curl_slist_free_all(list);
    list = longer;
  }
  curl_slist_free_all(transfer->list);
  transfer->list = list;
  struct fnf_buf swap = *last;
  *last = *lines;
  *lines = swap;
  return list ? FNF_OK : FNF_NO_MEMORY;
}

static void shrink(struct fnf_buf *buf, size_t limit) {
  if (buf->capacity > KEPT_CAPACITY)
    fnf_buf_free(buf);
  fnf_buf_reset(buf);
  buf->limit = limit;
}

static int equals(struct fnf_str text, struct fnf_str word) {
  return text.size == word.size && memcmp(text.data, word.data, word.size) == 0;
}

/* Where the path of a URL begins that may be sent apart from its host, which
 * spares libcurl most of its work on long URLs: not where a proxy must be told
 * the whole. 0: nowhere. */
static size_t find_target(const struct fnf_http_request *request) {
  struct fnf_str url = request->url;
  size_t at = 0;
  if (request->direct && begins(url, FNF_STR("http://")))
    at = 7;
  else if (begins(url, FNF_STR("https://"))) /* a proxy tunnels it */
    at = 8;
  while (at && at < url.size && url.data[at] != '/' && url.data[at] != '?' && url.data[at] != '#')
    at++;
  int has_path = at && at < url.size && url.data[at] == '/';
  return has_path && !memchr(url.data, '#', url.size) ? at : 0;
}

/* Host, path, method and body, each ended by NUL: the caller's bytes may go before they are sent. */
static enum fnf_status copy(struct fnf_buf *out, const struct fnf_http_request *request, size_t target) {
  struct fnf_str url = request->url;
  fnf_buf_add(out, (struct fnf_str){url.data, target});
  if (target)
    fnf_buf_add_char(out, '\0');
  fnf_buf_add(out, (struct fnf_str){url.data + target, url.size - target});
  fnf_buf_add_char(out, '\0');
  fnf_buf_add(out, request->method);
  fnf_buf_add_char(out, '\0');
  fnf_buf_add(out, request->body);
  return out->status;
}

/* A URL of libcurl's own kinds, as they are allowed: http or https, in any case. */
static int is_secure(struct fnf_str url) {
  return url.size > 4 && (url.data[4] | 0x20) == 's';
}

static CURLcode set_options(struct fnf_transfer *transfer, const struct fnf_http_request *request, size_t target) {
  int get = equals(request->method, FNF_STR("GET")), post = equals(request->method, FNF_STR("POST"));
  const char *url = transfer->upload.data, *path = target ? url + target + 1 : NULL;
  const char *method = url + request->url.size + 1 + (target > 0), *body = method + request->method.size + 1;
  CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
#define SET(option, value) code = code == CURLE_OK ? curl_easy_setopt(transfer->easy, option, value) : code
  SET(CURLOPT_REQUEST_TARGET, path);
  if (post || request->body.data) {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    SET(CURLOPT_POSTFIELDS, body);
  } else {
    SET(CURLOPT_HTTPGET, 1L);
  }
  SET(CURLOPT_CUSTOMREQUEST, post || (get && !request->body.data) ? NULL : method);
  SET(CURLOPT_HTTPHEADER, transfer->list);
  /* Wait for a handshake that may bring HTTP/2. Without TLS none comes, and libcurl would wait for a whole answer. */
  SET(CURLOPT_PIPEWAIT, is_secure(request->url) ? 1L : 0L);
  SET(CURLOPT_NOPROXY, request->direct ? "*" : transfer->options->no_proxy);
  SET(CURLOPT_FRESH_CONNECT, 0L);
  SET(CURLOPT_TIMEOUT_MS, request->timeout_ms);
  SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
#undef SET
  return code;
}

enum fnf_status fnf_transfer_load(struct fnf_transfer *transfer, const struct fnf_http_request *request) {
  if (!fnf_is_clean(request->url, '!') || !fnf_is_clean(request->method, '!') || !request->method.size)
    return FNF_BAD_INPUT;
  enum fnf_status status = set_headers(transfer, request);
  if (status != FNF_OK)
    return status;
  shrink(&transfer->upload, FNF_TRANSFER_MAX_UPLOAD);
  shrink(&transfer->headers, FNF_HTTP_MAX_HEADERS);
  shrink(&transfer->body, FNF_HTTP_MAX_BODY);
  transfer->message[0] = '\0';
  transfer->sendings = 0;
  transfer->received = -1;
  transfer->head = (struct fnf_head){.is_streamed = is_secure(request->url)};
  size_t target = find_target(request);
  status = copy(&transfer->upload, request, target);
  if (status == FNF_OK && (!transfer->easy || (transfer->is_used && frees_headers_twice(transfer))))
    status = renew(transfer);
  if (status != FNF_OK)
    return status;
  return set_options(transfer, request, target) == CURLE_OK ? FNF_OK : FNF_NO_MEMORY;
}

enum fnf_status fnf_transfer_reload(struct fnf_transfer *transfer, long timeout_ms) {
  transfer->message[0] = '\0';
  transfer->sendings = 0;
  CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
  if (code == CURLE_OK)
    code = curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, timeout_ms > 0 ? timeout_ms : 1L);
  return code == CURLE_OK ? FNF_OK : FNF_NO_MEMORY;
}

/* ---- an answer ---- */

/* Codes of libcurl that its headers here may not know yet, by number: curl.h of 8.17. */
enum {
  CODE_HTTP3 = 95,
  CODE_SSL_CLIENTCERT = 98,
  CODE_TOO_LARGE = 100,
  CODE_ECH_REQUIRED = 101,
};

/* Whether the request may have left. */
static int is_sent(const struct fnf_transfer *transfer) {
#if LIBCURL_VERSION_NUM >= 0x075000
  return transfer->sendings > 0; /* the bytes that libcurl counts are those of a proxy's CONNECT, too */
#else
  long bytes = 0;
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes);
  return bytes > 0;
#endif
}

/* Whether a byte of the answer was seen, or at least the end of its connection. */
static int has_begun(const struct fnf_transfer *transfer) {
  curl_off_t first_byte_us = 0;
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
  return is_sent(transfer) && first_byte_us > 0;
}

/* Until 8.6.0 libcurl says "out of memory" of a header line over 100 KiB. */
static int is_long_line(const struct fnf_transfer *transfer) {
  if ((int)transfer->code == CODE_TOO_LARGE)
    return is_sent(transfer);
  if (transfer->code != CURLE_OUT_OF_MEMORY || transfer->head.is_complete || transfer->version->version_num >= 0x080600)
    return 0;
  return transfer->received < 0 ? has_begun(transfer) : transfer->received > FNF_HTTP_MAX_HEADERS;
}

/* Of half a head libcurl may say that nothing came. Linux counts the end of
 * a connection as a byte; and in TLS none proves anything. */
static int is_half_head(const struct fnf_transfer *transfer) {
  return transfer->head.status || (transfer->received > 1 && !transfer->head.is_streamed);
}

/* What libcurl calls a connection that ended where an answer should come. */
static int is_end(const struct fnf_transfer *transfer) {
  return transfer->code == CURLE_GOT_NOTHING || transfer->code == CURLE_ABORTED_BY_CALLBACK ||
         transfer->code == CURLE_SEND_ERROR;
}

static int is_refused_by_proxy(const struct fnf_transfer *transfer) {
  long tunnel = 0, status = 0;
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
  (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  return transfer->code == CURLE_OK ? status == 407 : tunnel == 407 && !is_sent(transfer);
}

static int lacks_memory(const struct fnf_transfer *transfer) {
  return transfer->body.status == FNF_NO_MEMORY || transfer->headers.status == FNF_NO_MEMORY;
}

static enum fnf_status judge_code(const struct fnf_transfer *transfer) {
  if (is_refused_by_proxy(transfer))
    return FNF_PROXY;
  switch ((int)transfer->code) {
  case CURLE_OK: /* which libcurl says of a head that was cut, too */
    return transfer->head.is_complete && transfer->head.status >= 200 ? FNF_OK : FNF_PROTOCOL;
  case CURLE_OUT_OF_MEMORY:
    return is_long_line(transfer) ? FNF_PROTOCOL : FNF_NO_MEMORY;
  case CURLE_OPERATION_TIMEDOUT:
    return FNF_TIMEOUT;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_USE_SSL_FAILED:
  case CURLE_SSL_SHUTDOWN_FAILED:
  case CODE_ECH_REQUIRED:
    return FNF_TLS;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
  case CURLE_SSL_INVALIDCERTSTATUS:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_ENGINE_SETFAILED:
  case CURLE_SSL_ENGINE_INITFAILED:
  case CODE_SSL_CLIENTCERT:
    return FNF_CERTIFICATE;
  case CURLE_WRITE_ERROR: /* a callback refused */
    return lacks_memory(transfer) ? FNF_NO_MEMORY : FNF_PROTOCOL;
  case CURLE_FILESIZE_EXCEEDED:
  case CURLE_PARTIAL_FILE:
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_BAD_CONTENT_ENCODING:
  case CURLE_HTTP2:
  case CODE_HTTP3:
    return FNF_PROTOCOL;
  case CODE_TOO_LARGE:
    return is_long_line(transfer) ? FNF_PROTOCOL : FNF_TOO_BIG;
  case CURLE_URL_MALFORMAT:
    return FNF_BAD_INPUT;
  case CURLE_FAILED_INIT:
  case CURLE_NOT_BUILT_IN:
  case CURLE_UNKNOWN_OPTION:
    return FNF_UNSUPPORTED;
  case CURLE_BAD_FUNCTION_ARGUMENT: /* libcurl's own readers are the ones that complain so of an answer */
    return has_begun(transfer) ? FNF_PROTOCOL : FNF_UNSUPPORTED;
  case CURLE_RECV_ERROR: /* chunks that are none, or a reset in the middle */
  case CURLE_HTTP2_STREAM:
    return has_begun(transfer) ? FNF_PROTOCOL : FNF_NETWORK;
  case CURLE_GOT_NOTHING:
  case CURLE_ABORTED_BY_CALLBACK: /* the same on a kept connection, where libcurl would try once more */
  case CURLE_SEND_ERROR:          /* and at every sixth of these: it counts them over all exchanges of a handle */
    return is_half_head(transfer) ? FNF_PROTOCOL : FNF_NETWORK;
  default:
    return FNF_NETWORK;
  }
}

/* libcurl has many names for a lack of memory: a host it does not find, a handshake that breaks. */
static enum fnf_status judge(const struct fnf_transfer *transfer) {
  enum fnf_status status = judge_code(transfer);
  if (status != FNF_NETWORK && status != FNF_TLS && status != FNF_CERTIFICATE && status != FNF_UNSUPPORTED)
    return status;
  void *probe = malloc(PROBE);
  free(probe);
  return probe ? status : FNF_NO_MEMORY;
}

static const char *explain(const struct fnf_transfer *transfer, enum fnf_status status) {
  if (status == FNF_PROXY)
    return "the proxy wants other credentials than its address has, if any (407)";
  if (status == FNF_NO_MEMORY)
    return "no memory for the exchange";
  if (transfer->head.fault)
    return transfer->head.fault;
  if (transfer->headers.status == FNF_TOO_BIG || is_long_line(transfer))
    return "headers of more than 64 KiB";
  if (transfer->body.status == FNF_TOO_BIG || transfer->code == CURLE_FILESIZE_EXCEEDED)
    return "a body of more than 8 MiB";
  if (transfer->code == CURLE_OK || (status == FNF_PROTOCOL && is_end(transfer)))
    return "the connection was closed in the middle of the answer";
  if (transfer->code == CURLE_ABORTED_BY_CALLBACK)
    return "the kept connection ended before an answer came";
  return transfer->message[0] ? transfer->message : curl_easy_strerror(transfer->code);
}

void fnf_transfer_read(struct fnf_transfer *transfer, struct fnf_http_answer *answer) {
  *answer = (struct fnf_http_answer){.status = judge(transfer)};
  answer->sent = is_sent(transfer) && answer->status != FNF_PROXY;
  if (answer->status == FNF_OK) {
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer->http_status);
    answer->headers = fnf_buf_str(&transfer->headers);
    answer->body = fnf_buf_str(&transfer->body);
  } else {
    answer->message = explain(transfer, answer->status);
  }
}
