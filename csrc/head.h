/*
 * The head of an answer, line by line: whether all readers would take it alike.
 * SPDX-License-Identifier: MIT
 *
 * libcurl is lenient: it takes `Content-Length: 22abc` for 22, of two lengths
 * the last, `200X` for 200 and a head that was cut for a whole one. Where
 * something between us and the service reads the same bytes otherwise, one
 * answer becomes two, or half. So such a head is refused, by the rules that the
 * reader inside nginx has, too. Allocates nothing.
 */
#ifndef FNF_HEAD_H
#define FNF_HEAD_H

#include "fnf.h"

#pragma GCC visibility push(hidden)

/* Zero-initialised before the first line. */
struct fnf_head {
  int status;              /* of the last status line; below 200: an interim answer */
  int is_complete;         /* its empty line has come: what follows the final one's are trailers */
  const char *fault;       /* NULL, or the first that was found, static */
  long long length;        /* told, if has_length */
  int has_length, codings; /* codings: how many transfer codings were told */
  int is_streamed;         /* set by the caller: HTTP/2 may be spoken, whose status line libcurl makes up */
  int lines;               /* since the status line */
  int trailers;            /* lines behind the last chunk, folded ones aside */
  int kind;                /* of the last line, which a folded one goes on with */
};

/* Take in the next line, its end included. 0: it has a fault. */
int fnf_head_take(struct fnf_head *head, struct fnf_str line);

/* Whether the line, not taken in yet, is the first of an answer. */
int fnf_head_begins(const struct fnf_head *head);

#pragma GCC visibility pop

#endif
