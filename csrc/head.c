/*
 * The head of an answer, line by line.
 * SPDX-License-Identifier: MIT
 */
#include "head.h"

#include <string.h>

#define MOST_LENGTH 1000000000000000LL /* more than any answer of ours; LENGTH_DIGITS of nginx_framing.lua */

enum { OTHER, LENGTH, CODING };

static int is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

static int is_blank(char byte) {
  return byte == ' ' || byte == '\t';
}

static struct fnf_str trimmed(struct fnf_str text) {
  while (text.size && is_blank(text.data[0]))
    text = (struct fnf_str){text.data + 1, text.size - 1};
  while (text.size && is_blank(text.data[text.size - 1]))
    text.size--;
  return text;
}

static int has_control(struct fnf_str line) {
  for (size_t i = 0; i < line.size; i++)
    if (((unsigned char)line.data[i] < ' ' && line.data[i] != '\t') || line.data[i] == 0x7F)
      return 1;
  return 0;
}

static struct fnf_str without_end(struct fnf_str line) {
  if (line.size && line.data[line.size - 1] == '\n')
    line.size--;
  if (line.size && line.data[line.size - 1] == '\r')
    line.size--;
  return line;
}

/* Whether the text is that word, which is lower case, in any case. */
static int is_word(struct fnf_str text, const char *word) {
  size_t i = 0;
  for (; i < text.size && word[i]; i++) {
    char byte = text.data[i];
    if ((byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte) != word[i])
      return 0;
  }
  return i == text.size && !word[i];
}

/* ---- the first line ---- */

/* "HTTP/1.x 200 reason", or what libcurl writes of a stream: "HTTP/2 200 ". */
static const char *read_status(struct fnf_head *head, struct fnf_str line) {
  size_t at = sizeof "HTTP/1.1" - 1;
  int is_plain = line.size > at && memcmp(line.data, "HTTP/1.", at - 1) == 0 &&
                 (line.data[at - 1] == '0' || line.data[at - 1] == '1');
  int is_stream = head->is_streamed && line.size == sizeof "HTTP/2 200 " - 1 && memcmp(line.data, "HTTP/", 5) == 0 &&
                  (line.data[5] == '2' || line.data[5] == '3');
  if (!is_plain && !is_stream)
    return "an answer that is not HTTP/1";
  if (is_stream)
    at = sizeof "HTTP/2" - 1;
  size_t blanks = at;
  while (at < line.size && line.data[at] == ' ')
    at++;
  const char *digits = line.data + at;
  size_t first = at;
  while (at < line.size && is_digit(line.data[at]))
    at++;
  if (first == blanks || at - first != 3 || *digits == '0' || (at < line.size && !is_blank(line.data[at])))
    return "a status that is no number of three digits";
  if (has_control(line))
    return "a control character in a header";
  int status = ((digits[0] - '0') * 10 + digits[1] - '0') * 10 + digits[2] - '0';
  *head = (struct fnf_head){.status = status, .is_streamed = head->is_streamed};
  return status == 101 ? "an answer that changes the protocol" : NULL;
}

/* ---- the others ---- */

/* One length, or the same one several times. */
static const char *read_length(struct fnf_head *head, struct fnf_str value) {
  static const char fault[] = "a Content-Length that is no length";
  for (size_t at = 0;; at++) {
    long long length = 0;
    while (at < value.size && is_blank(value.data[at]))
      at++;
    size_t first = at;
    for (; at < value.size && is_digit(value.data[at]) && length < MOST_LENGTH; at++)
      length = length * 10 + (value.data[at] - '0');
    if (at == first || (at < value.size && value.data[at] != ','))
      return fault;
    if (head->has_length && head->length != length)
      return "two lengths that differ";
    head->has_length = 1;
    head->length = length;
    if (at == value.size)
      return NULL;
  }
}

/* The name before a line's colon; NULL, or what is wrong with it. */
static const char *read_name(struct fnf_str *name, struct fnf_str line) {
  const char *colon = memchr(line.data, ':', line.size);
  if (!colon || colon == line.data)
    return "a header line without a name";
  *name = (struct fnf_str){line.data, (size_t)(colon - line.data)};
  return is_blank(name->data[name->size - 1]) ? "a blank between a header's name and its colon" : NULL;
}

static const char *read_field(struct fnf_head *head, struct fnf_str line) {
  struct fnf_str name;
  const char *fault = read_name(&name, line);
  if (fault)
    return fault;
  struct fnf_str value = trimmed((struct fnf_str){line.data + name.size + 1, line.size - name.size - 1});
  head->kind = is_word(name, "content-length") ? LENGTH : is_word(name, "transfer-encoding") ? CODING : OTHER;
  if (head->kind == CODING)
    return head->codings++ || !is_word(value, "chunked") ? "a transfer coding that was not asked for" : NULL;
  /* Where there is no body, or its chunks tell its length, a wrong one does no harm; it is still no length. */
  return head->kind == LENGTH ? read_length(head, value) : NULL;
}

static const char *read_line(struct fnf_head *head, struct fnf_str line) {
  if (has_control(line))
    return "a control character in a header";
  if (!is_blank(line.data[0])) {
    head->lines++;
    return read_field(head, line);
  }
  if (!head->lines)
    return "a folded line without one before it";
  return head->kind != OTHER && trimmed(line).size ? "a folded length or transfer coding" : NULL;
}

/* A trailer says nothing that is needed, but must look like a header: nginx' cosockets are read so, too. */
static const char *read_trailer(struct fnf_head *head, struct fnf_str line) {
  struct fnf_str name;
  if (has_control(line))
    return "a control character in a header";
  if (is_blank(line.data[0]))
    return head->trailers ? NULL : "a folded line without one before it";
  head->trailers++;
  return read_name(&name, line);
}

int fnf_head_begins(const struct fnf_head *head) {
  return !head->status || (head->is_complete && head->status < 200);
}

int fnf_head_take(struct fnf_head *head, struct fnf_str line) {
  line = without_end(line);
  if (head->fault)
    return 0;
  if (fnf_head_begins(head))
    head->fault = read_status(head, line);
  else if (!line.size)
    head->is_complete = 1;
  else
    head->fault = head->is_complete ? read_trailer(head, line) : read_line(head, line);
  return !head->fault;
}
