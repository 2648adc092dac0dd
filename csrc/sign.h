/*
 * Request signatures of Alibaba Cloud: keys, hashes and MACs over libcrypto.
 * SPDX-License-Identifier: MIT
 *
 * What is signed comes from canonical.h. The stages of the two families:
 *
 *   RPC (HMAC-SHA1):  canonical_params -> canonical_rpc -> sign_mac
 *   ACS3:             canonical_params, canonical_headers, sign_hash
 *                     -> canonical_acs3 -> sign_acs3_text -> sign_mac
 *
 * Inputs are borrowed for the call; a stage appends to a buffer of the
 * caller. A failing call leaves OpenSSL's error queue as it was.
 */
#ifndef FNF_SIGN_H
#define FNF_SIGN_H

#include "buf.h"
#include "fnf.h"

#pragma GCC visibility push(hidden)

enum fnf_algorithm { FNF_HMAC_SHA1, FNF_ACS3_HMAC_SHA256, FNF_ACS3_HMAC_SM3, FNF_ACS3_RSA_SHA256 };

/* A key with its schedule, ready to sign any number of requests; one thread
 * at a time. */
struct fnf_signer;

/* Find the algorithm of that name ("HMAC-SHA1", "ACS3-HMAC-SHA256", ...);
 * 0 if there is none. */
int fnf_algorithm_find(struct fnf_str name, enum fnf_algorithm *algorithm);

/* Make a signer in *out; NULL where that fails. The secret is copied into
 * libcrypto and wiped by fnf_signer_free. For RSA the secret is a PKCS#8 private
 * key in PEM, with or without its armour. FNF_BAD_INPUT: not such a key;
 * FNF_UNSUPPORTED: this libcrypto lacks the algorithm. */
enum fnf_status fnf_signer_new(struct fnf_signer **out, enum fnf_algorithm algorithm, struct fnf_str secret);
void fnf_signer_free(struct fnf_signer *signer);

/* The algorithm's name as it stands in a request; static. */
struct fnf_str fnf_signer_name(const struct fnf_signer *signer);

/* Append the lower-case hex hash of the bytes, by the signer's hash. */
enum fnf_status fnf_sign_hash(struct fnf_signer *signer, struct fnf_buf *out, struct fnf_str bytes);

/* ACS3's string to sign: algorithm LF hash(request). */
enum fnf_status fnf_sign_acs3_text(struct fnf_signer *signer, struct fnf_buf *out, struct fnf_str request);

/* Append the signature of the text: Base64 for RPC, lower-case hex for ACS3. */
enum fnf_status fnf_sign_mac(struct fnf_signer *signer, struct fnf_buf *out, struct fnf_str text);

#pragma GCC visibility pop

#endif
