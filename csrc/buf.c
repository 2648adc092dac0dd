/*
 * Growable bytes with a hard cap and a sticky failure; percent-encoding.
 * SPDX-License-Identifier: MIT
 */
#include "buf.h"

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

/* One bit a byte of ASCII: A-Z a-z 0-9 - _ . ~ */
static const uint32_t unreserved[4] = {0, 0x03FF6000U, 0x87FFFFFEU, 0x47FFFFFEU};

static int is_unreserved(unsigned char byte) {
  return byte < 128 && ((unreserved[byte >> 5] >> (byte & 31U)) & 1U);
}

void fnf_buf_add_encoded(struct fnf_buf *buf, struct fnf_str bytes) {
  static const char digits[] = "0123456789ABCDEF";
  size_t escapes = 0;
  for (size_t i = 0; i < bytes.size; i++)
    escapes += !is_unreserved((unsigned char)bytes.data[i]);
  if (escapes == 0) {
    fnf_buf_add(buf, bytes);
    return;
  }
  if (fnf_buf_reserve(buf, bytes.size > SIZE_MAX / 3 ? SIZE_MAX : bytes.size + escapes * 2) != FNF_OK)
    return;
  char *out = buf->data + buf->size;
  for (size_t i = 0; i < bytes.size; i++) {
    unsigned char byte = (unsigned char)bytes.data[i];
    if (is_unreserved(byte)) {
      *out++ = (char)byte;
      continue;
    }
    *out++ = '%';
    *out++ = digits[byte >> 4];
    *out++ = digits[byte & 15U];
  }
  buf->size = (size_t)(out - buf->data);
}

struct fnf_str fnf_buf_str(const struct fnf_buf *buf) {
  return (struct fnf_str){buf->data ? buf->data : "", buf->size};
}
