/*
 * Specs of buf.h.
 * SPDX-License-Identifier: MIT
 */
#include "buf.h"

#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "tap.h"

static void grows_and_keeps(void) {
  struct fnf_buf buf;
  fnf_buf_init(&buf, 1000);
  tap_check(fnf_buf_str(&buf).data != NULL, "an empty buffer has a text");
  fnf_buf_add(&buf, (struct fnf_str){NULL, 0});
  tap_check(buf.status == FNF_OK && buf.size == 0, "nothing may be added");
  for (int i = 0; i < 1000; i++)
    fnf_buf_add_char(&buf, (char)i);
  int right = 1;
  for (int i = 0; i < 1000; i++)
    right = right && buf.data[i] == (char)i;
  tap_check(right && buf.size == 1000 && buf.status == FNF_OK, "a buffer holds all of its limit, NUL included");
  fnf_buf_free(&buf);
  fnf_buf_free(&buf);
  tap_check(!buf.data && !buf.size && buf.limit == 1000, "a buffer may be freed twice and keeps its limit");
  fnf_buf_add(&buf, FNF_STR("again"));
  tap_same(fnf_buf_str(&buf), FNF_STR("again"), "a freed buffer may be used again");
  fnf_buf_free(&buf);
}

static void takes_no_more_memory_than_its_limit(void) {
  static const char bytes[519];
  struct fnf_buf buf;
  fnf_buf_init(&buf, 600);
  fnf_buf_add_char(&buf, 'x');
  fnf_buf_add(&buf, (struct fnf_str){bytes, sizeof bytes});
  tap_check(buf.status == FNF_OK && buf.capacity >= 520 && buf.capacity <= 600, "room is made, but not past the limit");
  fnf_buf_free(&buf);
}

static void refuses_past_its_limit(size_t limit) {
  static const char bytes[600];
  struct fnf_buf buf;
  fnf_buf_init(&buf, limit);
  fnf_buf_add(&buf, (struct fnf_str){bytes, limit});
  tap_check(buf.status == FNF_OK && buf.size == limit, "limit %zu: as much as that fits", limit);
  fnf_buf_add_char(&buf, 'x');
  tap_check(buf.status == FNF_TOO_BIG && buf.size == limit, "limit %zu: one more does not, and changes nothing", limit);
  fnf_buf_reset(&buf);
  fnf_buf_add(&buf, (struct fnf_str){bytes, limit + 1});
  tap_check(buf.status == FNF_TOO_BIG && buf.size == 0, "limit %zu: too much at once adds nothing", limit);
  fnf_buf_add(&buf, (struct fnf_str){bytes, 1});
  fnf_buf_add_hex(&buf, FNF_STR("x"));
  fnf_buf_add_encoded(&buf, FNF_STR("x"));
  fnf_buf_add_encoded(&buf, FNF_STR(" "));
  tap_check(buf.status == FNF_TOO_BIG && buf.size == 0, "limit %zu: a failure is sticky", limit);
  tap_check(fnf_buf_reserve(&buf, 0) == FNF_TOO_BIG, "limit %zu: even for a reservation of nothing", limit);
  fnf_buf_reset(&buf);
  tap_check(fnf_buf_reserve(&buf, limit) == FNF_OK, "limit %zu: a reset forgets the failure", limit);
  tap_check(fnf_buf_reserve(&buf, SIZE_MAX) == FNF_TOO_BIG, "limit %zu: no sum of sizes overflows", limit);
  fnf_buf_free(&buf);
}

static void counts_the_encoded_size(void) {
  struct fnf_buf buf;
  fnf_buf_init(&buf, 8);
  fnf_buf_add_encoded(&buf, FNF_STR("a b/"));
  tap_same(fnf_buf_str(&buf), FNF_STR("a%20b%2F"), "an encoding that just fits is added");
  fnf_buf_reset(&buf);
  fnf_buf_add_encoded(&buf, FNF_STR("aab/ "));
  tap_check(buf.status == FNF_TOO_BIG && buf.size == 0, "one that does not fit is not added in part");
  fnf_buf_reset(&buf);
  fnf_buf_add_hex(&buf, FNF_STR("\x00\x7f\x80\xff"));
  tap_same(fnf_buf_str(&buf), FNF_STR("007f80ff"), "hex digits are lower case");
  fnf_buf_reset(&buf);
  fnf_buf_add_hex(&buf, FNF_STR("12345"));
  tap_check(buf.status == FNF_TOO_BIG && buf.size == 0, "hex digits that do not fit are not added in part");
  fnf_buf_reset(&buf);
  fnf_buf_add_hex(&buf, (struct fnf_str){"only these are there to be read", SIZE_MAX / 2 + 1});
  tap_check(buf.status == FNF_TOO_BIG && buf.size == 0, "nor those whose count overflows");
  fnf_buf_free(&buf);
}

/* The rule of RFC 3986's unreserved characters, spelled out. */
static void encode_plainly(char *out, unsigned char byte) {
  static const char stays[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  static const char digits[] = "0123456789ABCDEF";
  memset(out, 0, 4);
  if (byte && strchr(stays, byte)) {
    out[0] = (char)byte;
    return;
  }
  out[0] = '%';
  out[1] = digits[byte / 16];
  out[2] = digits[byte % 16];
}

static void encodes_every_byte(void) {
  struct fnf_buf buf;
  fnf_buf_init(&buf, 16);
  for (int byte = 0; byte < 256; byte++) {
    char text = (char)byte, want[4];
    encode_plainly(want, (unsigned char)byte);
    fnf_buf_reset(&buf);
    fnf_buf_add_encoded(&buf, (struct fnf_str){&text, 1});
    tap_same(fnf_buf_str(&buf), (struct fnf_str){want, strlen(want)}, "byte %d is encoded by the rule", byte);
  }
  fnf_buf_free(&buf);
}

static void encodes_twice_as_once_and_once_more(void) {
  struct fnf_buf once, again, twice;
  char all[256];
  for (int byte = 0; byte < 256; byte++)
    all[byte] = (char)byte;
  fnf_buf_init(&once, 1024);
  fnf_buf_init(&again, 2048);
  fnf_buf_init(&twice, 2048);
  fnf_buf_add_encoded(&once, (struct fnf_str){all, sizeof all});
  fnf_buf_add_encoded(&again, fnf_buf_str(&once));
  fnf_buf_add_encoded_twice(&twice, (struct fnf_str){all, sizeof all});
  tap_same(fnf_buf_str(&twice), fnf_buf_str(&again), "encoding twice is encoding what is encoded");
  fnf_buf_free(&once);
  fnf_buf_free(&again);
  fnf_buf_free(&twice);
}

/* Reading one byte too many would end the program here. */
static void reads_no_further(void) {
  static const struct fnf_str texts[] = {FNF_STR(""),
                                         FNF_STR("a"),
                                         FNF_STR("%"),
                                         FNF_STR("plain-text_only.~"),
                                         FNF_STR("100% \xe4\xb8\xad"),
                                         FNF_STR("\xf0\x9f\x9a")};
  struct fnf_buf buf;
  fnf_buf_init(&buf, 4096);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct fnf_str text = memory_before_wall(texts[i]);
    size_t before = buf.size;
    fnf_buf_add(&buf, text);
    fnf_buf_add_encoded(&buf, text);
    fnf_buf_add_hex(&buf, text);
    tap_check(buf.size >= before + 4 * text.size, "text %zu is read to its end and no further", i);
  }
  fnf_buf_free(&buf);
}

void buf_spec(void) {
  tap_suite("buf");
  grows_and_keeps();
  takes_no_more_memory_than_its_limit();
  refuses_past_its_limit(0);
  refuses_past_its_limit(1);
  refuses_past_its_limit(255);
  refuses_past_its_limit(257);
  refuses_past_its_limit(511);
  counts_the_encoded_size();
  encodes_every_byte();
  encodes_twice_as_once_and_once_more();
  reads_no_further();
}
