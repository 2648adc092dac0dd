/*
 * The canonical texts that both signature families sign.
 * SPDX-License-Identifier: MIT
 */
#include "canonical.h"

#include <stdlib.h>
#include <string.h>

static int compare_sizes(struct fnf_str a, struct fnf_str b) {
  return (a.size > b.size) - (a.size < b.size);
}

static int compare_bytes(struct fnf_str a, struct fnf_str b) {
  size_t shorter = a.size < b.size ? a.size : b.size;
  int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
  return order ? order : compare_sizes(a, b);
}

static int compare_pairs(const void *a, const void *b) {
  const struct fnf_pair *x = a, *y = b;
  int order = compare_bytes(x->name, y->name);
  return order ? order : compare_bytes(x->value, y->value);
}

void fnf_canonical_params(struct fnf_buf *out, struct fnf_pair *pairs, size_t count) {
  if (count)
    qsort(pairs, count, sizeof *pairs, compare_pairs);
  for (size_t i = 0; i < count; i++) {
    if (i)
      fnf_buf_add_char(out, '&');
    fnf_buf_add_encoded(out, pairs[i].name);
    fnf_buf_add_char(out, '=');
    fnf_buf_add_encoded(out, pairs[i].value);
  }
}

void fnf_canonical_sort(struct fnf_param *params, size_t count) {
  if (count)
    qsort(params, count, sizeof *params, compare_pairs); /* its pair is the first member */
}

void fnf_canonical_planned(struct fnf_buf *out, const struct fnf_param *params, size_t count,
                           const struct fnf_str *later, int where) {
  size_t start = out->size;
  for (const struct fnf_param *param = params; param < params + count; param++) {
    int is_open = param->later != FNF_FIXED;
    if ((where != FNF_ANYWHERE && where != param->in_form) || (is_open && !later[param->later].data))
      continue;
    if (out->size > start)
      fnf_buf_add_char(out, '&');
    fnf_buf_add(out, param->text);
    if (is_open)
      fnf_buf_add_encoded(out, later[param->later]);
  }
}

static void begin_rpc(struct fnf_buf *out, struct fnf_str method) {
  fnf_buf_add(out, method);
  fnf_buf_add(out, FNF_STR("&%2F&"));
}

void fnf_canonical_rpc(struct fnf_buf *out, struct fnf_str method, struct fnf_str params) {
  begin_rpc(out, method);
  fnf_buf_add_encoded(out, params);
}

void fnf_canonical_planned_rpc(struct fnf_buf *out, struct fnf_str method, const struct fnf_param *params, size_t count,
                               const struct fnf_str *later) {
  begin_rpc(out, method);
  size_t start = out->size;
  for (const struct fnf_param *param = params; param < params + count; param++) {
    int is_open = param->later != FNF_FIXED;
    if (is_open && !later[param->later].data)
      continue;
    if (out->size > start)
      fnf_buf_add(out, FNF_STR("%26"));
    fnf_buf_add(out, param->twice);
    if (is_open)
      fnf_buf_add_encoded_twice(out, later[param->later]);
  }
}

static int is_blank(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct fnf_str trim(struct fnf_str text) {
  while (text.size && is_blank(text.data[0]))
    text.data++, text.size--;
  while (text.size && is_blank(text.data[text.size - 1]))
    text.size--;
  return text;
}

static char lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* Whether `text` begins with the lower-case `word`, in any case. */
static int begins(struct fnf_str text, struct fnf_str word) {
  if (text.size < word.size)
    return 0;
  for (size_t i = 0; i < word.size; i++)
    if (lower(text.data[i]) != word.data[i])
      return 0;
  return 1;
}

static int is_signed(struct fnf_str name) {
  return (name.size == 4 && begins(name, FNF_STR("host"))) ||
         (name.size == 12 && begins(name, FNF_STR("content-type"))) || begins(name, FNF_STR("x-acs-"));
}

/* By name in lower case, then by value, so that repeats come sorted. */
static int compare_headers(const void *a, const void *b) {
  const struct fnf_pair *x = a, *y = b;
  for (size_t i = 0; i < x->name.size && i < y->name.size; i++) {
    int order = (unsigned char)lower(x->name.data[i]) - (unsigned char)lower(y->name.data[i]);
    if (order)
      return order;
  }
  int order = compare_sizes(x->name, y->name);
  return order ? order : compare_bytes(x->value, y->value);
}

static int same_name(const struct fnf_pair *a, const struct fnf_pair *b) {
  struct fnf_pair x = {a->name, {"", 0}}, y = {b->name, {"", 0}};
  return compare_headers(&x, &y) == 0;
}

static void add_lower(struct fnf_buf *out, struct fnf_str name) {
  if (fnf_buf_reserve(out, name.size) != FNF_OK)
    return;
  for (size_t i = 0; i < name.size; i++)
    out->data[out->size++] = lower(name.data[i]);
}

void fnf_canonical_headers(struct fnf_buf *lines, struct fnf_buf *names, struct fnf_pair *headers, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (is_signed(headers[i].name))
      headers[kept++] = (struct fnf_pair){headers[i].name, trim(headers[i].value)};
  if (kept)
    qsort(headers, kept, sizeof *headers, compare_headers);
  for (size_t i = 0; i < kept; i++) {
    if (i && same_name(&headers[i - 1], &headers[i])) {
      fnf_buf_add_char(lines, ',');
      fnf_buf_add(lines, headers[i].value);
      continue;
    }
    if (i) {
      fnf_buf_add_char(lines, '\n');
      fnf_buf_add_char(names, ';');
    }
    add_lower(names, headers[i].name);
    add_lower(lines, headers[i].name);
    fnf_buf_add_char(lines, ':');
    fnf_buf_add(lines, headers[i].value);
  }
  if (kept)
    fnf_buf_add_char(lines, '\n');
}

void fnf_canonical_acs3(struct fnf_buf *out, const struct fnf_acs3 *parts) {
  fnf_buf_add(out, parts->method);
  fnf_buf_add(out, FNF_STR("\n/\n"));
  fnf_buf_add(out, parts->query);
  fnf_buf_add_char(out, '\n');
  fnf_buf_add(out, parts->header_lines);
  fnf_buf_add_char(out, '\n');
  fnf_buf_add(out, parts->header_names);
  fnf_buf_add_char(out, '\n');
  fnf_buf_add(out, parts->payload_hash);
}
