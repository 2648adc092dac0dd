/*
 * The canonical texts that both signature families sign: sorted parameters,
 * header lines, RPC's string to sign, ACS3's canonical request.
 * SPDX-License-Identifier: MIT
 *
 * Pure: time and nonce arrive as ordinary parameters or headers; no clock, no
 * randomness, no cryptography. Inputs are borrowed for the call; every
 * function appends to a buffer of the caller, whose sticky status tells
 * whether it could be done. The rules are those of the vendor's pages on the
 * RPC and V3 signatures; spec/vectors/signing.json holds every stage to them.
 */
#ifndef FNF_CANONICAL_H
#define FNF_CANONICAL_H

#include "buf.h"
#include "fnf.h"

#pragma GCC visibility push(hidden)

struct fnf_pair {
  struct fnf_str name, value;
};

/* Sort the pairs by plain name, as bytes, and append name=value joined by &,
 * both percent-encoded. Reorders `pairs`. */
void fnf_canonical_params(struct fnf_buf *out, struct fnf_pair *pairs, size_t count);

/* A parameter of many requests, encoded once but for a value that comes with each of them. */
struct fnf_param {
  struct fnf_pair plain; /* what it is sorted by; of no use afterwards */
  struct fnf_str text;   /* name=value, or name= before a value that comes later */
  struct fnf_str twice;  /* that text, encoded once more */
  size_t later;          /* which of those values; or FNF_FIXED */
  int in_form;           /* whether it travels in the form, not the query */
};

enum { FNF_FIXED = 65535 };
enum { FNF_IN_QUERY, FNF_IN_FORM, FNF_ANYWHERE };

/* Put parameters into the order of fnf_canonical_params. */
void fnf_canonical_sort(struct fnf_param *params, size_t count);

/* Append sorted parameters as fnf_canonical_params does; those of one place, or all. A later value without data leaves
 * its parameter out. */
void fnf_canonical_planned(struct fnf_buf *out, const struct fnf_param *params, size_t count,
                           const struct fnf_str *later, int where);

/* Append what fnf_canonical_rpc makes of all of them. */
void fnf_canonical_planned_rpc(struct fnf_buf *out, struct fnf_str method, const struct fnf_param *params, size_t count,
                               const struct fnf_str *later);

/* RPC's string to sign: METHOD&%2F&encoded(params). */
void fnf_canonical_rpc(struct fnf_buf *out, struct fnf_str method, struct fnf_str params);

/* Append the canonical lines of the headers that are signed (host,
 * content-type, x-acs-*) to `lines` and their names, joined by ";", to
 * `names`. Reorders and trims `headers`. */
void fnf_canonical_headers(struct fnf_buf *lines, struct fnf_buf *names, struct fnf_pair *headers, size_t count);

/* ACS3's canonical request for path "/", the only one RPC-style products have. */
struct fnf_acs3 {
  struct fnf_str method, query, header_lines, header_names, payload_hash;
};
void fnf_canonical_acs3(struct fnf_buf *out, const struct fnf_acs3 *parts);

#pragma GCC visibility pop

#endif
