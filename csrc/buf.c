/*
 * Growable bytes with a hard cap and a sticky failure; percent-encoding.
 * SPDX-License-Identifier: MIT
 */
#include "buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void fnf_buf_init(struct fnf_buf *buf, size_t limit) {
  *buf = (struct fnf_buf){.limit = limit};
}

void fnf_buf_free(struct fnf_buf *buf) {
  free(buf->data);
  fnf_buf_init(buf, buf->limit);
}

void fnf_buf_reset(struct fnf_buf *buf) {
  buf->size = 0;
  buf->status = FNF_OK;
}

enum fnf_status fnf_buf_reserve(struct fnf_buf *buf, size_t more) {
  if (buf->status != FNF_OK)
    return buf->status;
  if (more > buf->limit - buf->size)
    return buf->status = FNF_TOO_BIG;
  size_t need = buf->size + more;
  if (need <= buf->capacity)
    return FNF_OK;
  size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
  while (capacity < need)
    capacity = capacity > buf->limit / 2 ? buf->limit : capacity * 2;
  char *data = realloc(buf->data, capacity);
  if (!data)
    return buf->status = FNF_NO_MEMORY;
  buf->data = data;
  buf->capacity = capacity;
  return FNF_OK;
}

void fnf_buf_add(struct fnf_buf *buf, struct fnf_str bytes) {
  if (bytes.size == 0 || fnf_buf_reserve(buf, bytes.size) != FNF_OK)
    return;
  memcpy(buf->data + buf->size, bytes.data, bytes.size);
  buf->size += bytes.size;
}

void fnf_buf_add_char(struct fnf_buf *buf, char byte) {
  fnf_buf_add(buf, (struct fnf_str){&byte, 1});
}

void fnf_buf_add_hex(struct fnf_buf *buf, struct fnf_str bytes) {
  static const char digits[] = "0123456789abcdef";
  if (fnf_buf_reserve(buf, bytes.size > SIZE_MAX / 2 ? SIZE_MAX : bytes.size * 2) != FNF_OK)
    return;
  for (size_t i = 0; i < bytes.size; i++) {
    unsigned byte = (unsigned char)bytes.data[i];
    buf->data[buf->size++] = digits[byte >> 4];
    buf->data[buf->size++] = digits[byte & 15U];
  }
}

static const bool unreserved[256] = {
    ['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1,
    ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
    ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1,
    ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1,
    ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1,
    ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1,
    ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1};

static void encode(struct fnf_buf *buf, struct fnf_str bytes, struct fnf_str percent) {
  static const char digits[] = "0123456789ABCDEF";
  size_t before = buf->size, at = 0;
  while (at < bytes.size && buf->status == FNF_OK) {
    size_t end = at;
    while (end < bytes.size && unreserved[(unsigned char)bytes.data[end]])
      end++;
    fnf_buf_add(buf, (struct fnf_str){bytes.data + at, end - at});
    if (end < bytes.size) {
      unsigned char byte = (unsigned char)bytes.data[end++];
      const char hex[] = {digits[byte >> 4], digits[byte & 15U]};
      fnf_buf_add(buf, percent);
      fnf_buf_add(buf, (struct fnf_str){hex, sizeof hex});
    }
    at = end;
  }
  if (buf->status != FNF_OK)
    buf->size = before;
}

void fnf_buf_add_encoded(struct fnf_buf *buf, struct fnf_str bytes) {
  encode(buf, bytes, FNF_STR("%"));
}

void fnf_buf_add_encoded_twice(struct fnf_buf *buf, struct fnf_str bytes) {
  encode(buf, bytes, FNF_STR("%25"));
}

struct fnf_str fnf_buf_str(const struct fnf_buf *buf) {
  return (struct fnf_str){buf->data ? buf->data : "", buf->size};
}
