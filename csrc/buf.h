/*
 * Growable bytes with a hard cap and a sticky failure; percent-encoding.
 * SPDX-License-Identifier: MIT
 *
 * A buffer is born with the most bytes it may ever hold. An add that cannot
 * be done sets `status` and changes nothing else; later adds do nothing, so
 * a chain of adds is checked once, at its end. Any buffer that was
 * initialised may be freed, any number of times.
 */
#ifndef FNF_BUF_H
#define FNF_BUF_H

#include "fnf.h"

#pragma GCC visibility push(hidden)

struct fnf_buf {
  char *data; /* owned; NULL until the first add */
  size_t size;
  size_t capacity;
  size_t limit;           /* most bytes it may hold */
  enum fnf_status status; /* FNF_OK, FNF_NO_MEMORY or FNF_TOO_BIG */
};

void fnf_buf_init(struct fnf_buf *buf, size_t limit);

/* Release the memory; the buffer is then as after init. */
void fnf_buf_free(struct fnf_buf *buf);

/* Forget the content and a failure, keep the memory. */
void fnf_buf_reset(struct fnf_buf *buf);

/* Make room for `more` bytes; FNF_OK or the buffer's sticky failure. */
enum fnf_status fnf_buf_reserve(struct fnf_buf *buf, size_t more);

void fnf_buf_add(struct fnf_buf *buf, struct fnf_str bytes);
void fnf_buf_add_char(struct fnf_buf *buf, char byte);

/* Lower-case hexadecimal digits of the bytes. */
void fnf_buf_add_hex(struct fnf_buf *buf, struct fnf_str bytes);

/* The bytes percent-encoded: A-Z a-z 0-9 - _ . ~ stay, every other byte
 * becomes % and two upper-case digits (SIGNING.md section 1). `bytes` must
 * not lie in `buf` itself. */
void fnf_buf_add_encoded(struct fnf_buf *buf, struct fnf_str bytes);

/* The same, encoded once more. */
void fnf_buf_add_encoded_twice(struct fnf_buf *buf, struct fnf_str bytes);

/* The content, borrowed until the next add, reset or free. */
struct fnf_str fnf_buf_str(const struct fnf_buf *buf);

#pragma GCC visibility pop

#endif
