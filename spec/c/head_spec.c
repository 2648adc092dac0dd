/*
 * Specs of head.h: heads as they come over the wire, each with the verdict.
 * SPDX-License-Identifier: MIT
 */
#include "head.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "tap.h"

/* The first fault of a head, taken in line by line; NULL: none. */
static const char *fault_of(const char *text, int is_streamed, struct fnf_head *head) {
  *head = (struct fnf_head){.is_streamed = is_streamed};
  while (*text) {
    const char *end = strchr(text, '\n');
    size_t size = end ? (size_t)(end - text) + 1 : strlen(text);
    if (!fnf_head_take(head, memory_before_wall((struct fnf_str){text, size})))
      return head->fault;
    text += size;
  }
  return NULL;
}

#define OK "HTTP/1.1 200 OK\r\n"

static void takes_what_all_take(void) {
  static const char *const heads[] = {OK "\r\n",
                                      OK "Content-Length: 5\r\n\r\n",
                                      OK "Content-Length:5\r\n\r\n",
                                      OK "Content-Length: \t5 \t\r\n\r\n",
                                      OK "Content-Length: 0005\r\n\r\n",
                                      OK "Content-Length: 1234567890\r\n\r\n",
                                      OK "Content-Length: 00000000000000000000000000000000000000005\r\n\r\n",
                                      OK "Content-Length: 1000000000000000\r\n\r\n",
                                      OK "Content-Length: 5\r\ncontent-length: 5\r\n\r\n",
                                      OK "Content-Length: 5, 5\r\n\r\n",
                                      OK "Content-Length: 5\r\n \r\n\r\n",
                                      OK "Content-Length-X: nonsense\r\n\r\n",
                                      OK "Xontent-Length: nonsense\r\n\r\n",
                                      OK "Content-Lengt: nonsense\r\n\r\n",
                                      OK "Transfer-Encoding: chunked\r\n\r\n",
                                      OK "TRANSFER-ENCODING: Chunked\r\nContent-Length: 3\r\n\r\n",
                                      OK "Some: value\r\n folded\r\n\tmore\r\n\r\n",
                                      OK "Empty:\r\n\r\n",
                                      OK "Server: \xc3\xa4\r\n\r\n",
                                      "HTTP/1.1 200 OK\nA: b\n\n",
                                      "HTTP/1.0 200 OK\r\n\r\n",
                                      "HTTP/1.1 200\r\n\r\n",
                                      "HTTP/1.1 200 \r\n\r\n",
                                      "HTTP/1.1   200   OK\r\n\r\n",
                                      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                                      "HTTP/1.1 600 Odd\r\n\r\n"};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    struct fnf_head head;
    const char *fault = fault_of(heads[i], 0, &head);
    tap_check(!fault && head.is_complete, "12.5: head %zu is taken (%s)", i, fault ? fault : "not complete");
  }
}

static void refuses_what_some_take_otherwise(void) {
  static const char *const heads[] = {OK "\001X: control\r\n",
                                      OK "Content-Length: 22abc\r\n",
                                      OK "Content-Length: 22.5\r\n",
                                      OK "Content-Length: +5\r\n",
                                      OK "Content-Length: -5\r\n",
                                      OK "Content-Length: 0x5\r\n",
                                      OK "Content-Length: 1e1\r\n",
                                      OK "Content-Length: 5 5\r\n",
                                      OK "Content-Length: 5,\r\n",
                                      OK "Content-Length: ,5\r\n",
                                      OK "Content-Length: 5 ,5\r\n",
                                      OK "Content-Length: 5,6\r\n",
                                      OK "Content-Length: 5;\r\n",
                                      OK "Content-Length: \"5\"\r\n",
                                      OK "Content-Length:\r\n",
                                      OK "Content-Length: 99999999999999999999999999\r\n",
                                      OK "Content-Length: 18446744073709551621\r\n",
                                      OK "Content-Length: 10000000000000000\r\n",
                                      OK "Content-Length: 5\r\nContent-Length: 3\r\n",
                                      OK "Content-Length: 42\r\n Hello\r\n",
                                      OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                                      OK "Transfer-Encoding: chunked, chunked\r\n",
                                      OK "Transfer-Encoding: gzip, chunked\r\n",
                                      OK "TRANSFER-ENCODING: gzip\r\n",
                                      OK "Transfer-Encoding: identity\r\n",
                                      OK "Transfer-Encoding: chunked\r\n , x\r\n",
                                      OK " folded: first\r\n",
                                      OK "no colon\r\n",
                                      OK ": no name\r\n",
                                      OK "foo : x\r\n",
                                      OK "foo\t: x\r\n",
                                      OK "foo: a\x01z\r\n",
                                      OK "foo: a\rz\r\n",
                                      OK "foo: a\x7f\r\n",
                                      "HTTP/1.1 200X\r\n",
                                      "HTTP/1.1 200OK\r\n",
                                      "HTTP/1.1 200\x01 OK\r\n",
                                      "HTTP/1.1 200 O\x7fK\r\n",
                                      "HTTP/1.2 200 OK\r\n",
                                      "HTTP/1x1 200 OK\r\n",
                                      "HTTP/1.9 200 OK\r\n",
                                      "HTTP/1.1 2000 OK\r\n",
                                      "HTTP/1.1 20000\r\n",
                                      "HTTP/1.1 \r\n",
                                      "HTTP/1.1 20\r\n",
                                      "HTTP/1.1 20 OK\r\n",
                                      "HTTP/1.1 099 OK\r\n",
                                      "HTTP/1.1 OK\r\n",
                                      "HTTP/1.1\r\n",
                                      "HTTP/1.1200 OK\r\n",
                                      "http/1.1 200 OK\r\n",
                                      "HTTP/2 200 OK\r\n",
                                      "HTTP/2 200 \r\n",
                                      "HTTP/11.1 200 OK\r\n",
                                      "HTTP/1. 200 OK\r\n",
                                      "HTTP/1.1\t200 OK\r\n",
                                      "HTTP/1.1 101 Switching\r\n",
                                      "\r\n",
                                      "x\r\n"};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    struct fnf_head head;
    tap_check(fault_of(heads[i], 0, &head) != NULL, "12.5: head %zu is refused: %s", i, heads[i]);
    tap_check(!fnf_head_take(&head, FNF_STR("\r\n")), "12.5: and for good");
  }
  struct fnf_head head = {0};
  tap_check(!fnf_head_take(&head, FNF_STR("")), "nothing is no first line");
  head = (struct fnf_head){0};
  tap_check(fnf_head_take(&head, FNF_STR("HTTP/1.1 200 OK")) && head.status == 200, "a line may come without its end");
  head = (struct fnf_head){0};
  tap_check(fnf_head_take(&head, FNF_STR(OK)) && fnf_head_take(&head, FNF_STR("\n")) && head.is_complete,
            "an empty line may end with LF alone");
  head = (struct fnf_head){0};
  tap_check(fnf_head_take(&head, FNF_STR(OK)) && !fnf_head_take(&head, FNF_STR("foo: a\0b\r\n")),
            "12.5: a NUL byte in a header is refused");
}

static void knows_streams_and_interim_answers(void) {
  struct fnf_head head;
  tap_check(!fault_of("HTTP/2 200 \r\nserver: x\r\n\r\n", 1, &head), "12.5: over TLS there may be HTTP/2");
  tap_check(!fault_of("HTTP/3 200 \r\nserver: x\r\n\r\n", 1, &head), "or HTTP/3");
  tap_check(fault_of("HTTP/4 200 \r\n", 1, &head) && fault_of("HTTX/2 200 \r\n", 1, &head), "and nothing else");
  tap_check(fault_of("HTTP/2 200 OK\r\n", 1, &head) != NULL, "12.5: of which libcurl writes the first line itself");
  tap_check(!fault_of("HTTP/1.1 103 Early\r\nLink: x\r\nContent-Length: 7\r\n\r\n" OK "Content-Length: 5\r\n\r\n", 0,
                      &head) &&
                head.status == 200 && head.length == 5,
            "12.5: an interim answer says nothing of the final one");
  tap_check(!fault_of(OK "\r\nX: trailer\r\n folded\r\nHTTP/1.1 500 x: y\r\nContent-Length: 5x\r\n\r\n", 0, &head) &&
                head.status == 200 && !head.has_length,
            "12.5: what follows the final one's empty line is no head");
  static const char *const trailers[] = {"no name\r\n", ": no name\r\n", "A : b\r\n",
                                         " folded\r\n", "A: b\x19\r\n",  "A: b\r\n c\x7f\r\n"};
  for (size_t i = 0; i < sizeof trailers / sizeof *trailers; i++) {
    char text[128];
    (void)snprintf(text, sizeof text, OK "\r\n%s", trailers[i]);
    tap_check(fault_of(text, 0, &head) != NULL, "18: a trailer that is no header is refused (%zu)", i);
  }
  tap_check(!fault_of(OK "Content-Length: 5", 0, &head) && head.length == 5,
            "12.5: a line may end without a line feed");
  tap_check(!fault_of(OK "Content-Length: 1234567890\r\n", 0, &head) && head.length == 1234567890,
            "a length is the number that its digits say");
  tap_check(!fault_of("HTTP/1.1 579 Odd\r\n", 0, &head) && head.status == 579, "and so is a status");
  tap_check(!fault_of(OK "A: b\r\n", 0, &head) && !head.is_complete,
            "12.5: without its empty line a head is not whole");
}

void head_spec(void) {
  tap_suite("head");
  takes_what_all_take();
  refuses_what_some_take_otherwise();
  knows_streams_and_interim_answers();
}
