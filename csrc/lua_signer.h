/*
 * The signing half of module "fnf.core".
 * SPDX-License-Identifier: MIT
 *
 * core.signer(algorithm, access_key_id, access_key_secret) -> signer | nil, status, message
 * signer:plan(method, base, query, form|nil) -> sign | nil, status, message      of RPC's family; a value that is
 *   `false` comes with each request; those of Timestamp and SignatureNonce beside the others
 * sign(values, timestamp|nil, nonce|nil, stages|nil) -> url, form body|nil | nil, status, message
 *   values: { name = text }; what is not among them is left out. false: not all are the table's own texts
 *   of the plan
 * signer:hash(bytes) -> lower-case hex | nil, status, message
 * signer:acs3(method, query, headers, hash, stages|nil) -> wire query, Authorization | nil, status, message
 * signer:close()
 * core.encode(pairs) -> "name=value&..." sorted and percent-encoded | nil, status, message
 *
 * Pairs (query, form, headers) are flat arrays {name, value, name, value, ...}
 * of strings, in any order. A table given as `stages` gets every intermediate
 * text by its name in the vendor's pages, and `signature`. `status` is a name of
 * fnf_status: "no memory", "crypto", and of a new signer "unsupported" or "bad
 * input". Misuse raises, and so do texts over 16 MiB.
 */
#ifndef FNF_LUA_SIGNER_H
#define FNF_LUA_SIGNER_H

#include <lua.h>

#pragma GCC visibility push(hidden)

/* Add `signer` and `encode` to the table on top of the stack. */
void fnf_open_signer(lua_State *L);

#pragma GCC visibility pop

#endif
