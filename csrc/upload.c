/*
 * What leaves: a request checked, copied and loaded into a transfer.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "transfer.h"

enum { KEPT_CAPACITY = 64 * 1024 };

static int is_clean(struct fnf_str text, unsigned char lowest) {
  for (size_t i = 0; i < text.size; i++)
    if ((unsigned char)text.data[i] < lowest || text.data[i] == 0x7F)
      return 0;
  return 1;
}

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
    if (!name.size || memchr(name.data, ':', name.size) || !is_clean(name, '!') || !is_clean(value, ' '))
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

static int begins(struct fnf_str text, struct fnf_str word) {
  return text.size >= word.size && memcmp(text.data, word.data, word.size) == 0;
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

static CURLcode load(struct fnf_transfer *transfer, const struct fnf_http_request *request, size_t target) {
  int get = equals(request->method, FNF_STR("GET")), post = equals(request->method, FNF_STR("POST"));
  const char *url = transfer->upload.data, *path = target ? url + target + 1 : NULL;
  const char *method = url + request->url.size + 1 + (target > 0), *body = method + request->method.size + 1;
  CURLcode code = CURLE_OK;
#define SET(option, value) code = code == CURLE_OK ? curl_easy_setopt(transfer->easy, option, value) : code
  SET(CURLOPT_URL, url);
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
  SET(CURLOPT_PIPEWAIT, request->url.size > 4 && (url[4] | 0x20) == 's' ? 1L : 0L);
  SET(CURLOPT_NOPROXY, request->direct ? "*" : transfer->no_proxy);
  SET(CURLOPT_TIMEOUT_MS, request->timeout_ms);
  SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
#undef SET
  return code;
}

enum fnf_status fnf_transfer_prepare(struct fnf_transfer *transfer, const struct fnf_http_request *request) {
  if (!is_clean(request->url, '!') || !is_clean(request->method, '!') || !request->method.size)
    return FNF_BAD_INPUT;
  enum fnf_status status = set_headers(transfer, request);
  if (status != FNF_OK)
    return status;
  shrink(&transfer->upload, FNF_TRANSFER_MAX_UPLOAD);
  shrink(&transfer->headers, FNF_HTTP_MAX_HEADERS);
  shrink(&transfer->body, FNF_HTTP_MAX_BODY);
  transfer->message[0] = '\0';
  transfer->sendings = 0;
  size_t target = find_target(request);
  status = copy(&transfer->upload, request, target);
  if (status != FNF_OK)
    return status;
  return load(transfer, request, target) == CURLE_OK ? FNF_OK : FNF_NO_MEMORY;
}
