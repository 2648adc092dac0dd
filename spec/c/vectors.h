/*
 * The signing vectors as C data; vectors.lua writes the definitions.
 * SPDX-License-Identifier: MIT
 */
#ifndef SPEC_VECTORS_H
#define SPEC_VECTORS_H

#include "canonical.h"

struct vector_pairs {
  const struct fnf_pair *pairs;
  size_t count;
};

struct vector {
  struct fnf_str id, algorithm, method, access_key_id, secret, body;
  struct vector_pairs query, headers, form;
  struct vector_pairs expected; /* stage name -> text */
};

extern const struct vector vectors[];
extern const size_t vector_count;

#endif
