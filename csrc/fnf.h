/*
 * Words shared by every file of the C core: borrowed bytes, statuses, fork count.
 * SPDX-License-Identifier: MIT
 *
 * Nothing here allocates. Everything is safe to call from any thread.
 */
#ifndef FNF_H
#define FNF_H

#include <stddef.h>

/* What a header of the core declares stays inside the shared object; only the
 * entry points of the Lua modules are exported. By pragma, around our own
 * declarations alone, because a LuaRocks builtin build passes no flags. */
#pragma GCC visibility push(hidden)

/* Borrowed bytes: valid as long as their owner says; may hold NUL. */
struct fnf_str {
  const char *data;
  size_t size;
};

/* A fnf_str of a string literal. */
#define FNF_STR(literal) ((struct fnf_str){"" literal, sizeof(literal) - 1})

/* Whether no byte is below `lowest`, at most 0x80, and none is DEL. */
int fnf_is_clean(struct fnf_str text, unsigned char lowest);

/* How a call of the core ended. Everything but FNF_OK left its outputs
 * unusable but safe to free. */
enum fnf_status {
  FNF_OK,
  FNF_NO_MEMORY,   /* an allocation failed */
  FNF_TOO_BIG,     /* a cap was reached */
  FNF_BAD_INPUT,   /* the caller's bytes cannot be used */
  FNF_UNSUPPORTED, /* a library here lacks the algorithm or feature */
  FNF_CRYPTO,      /* libcrypto failed for no reason of ours */
  FNF_NETWORK,     /* no answer: name, connection or transfer broke */
  FNF_TIMEOUT,     /* no answer in time */
  FNF_TLS,         /* the handshake broke: it may heal */
  FNF_CERTIFICATE, /* the peer or a certificate file is not acceptable: it will not heal */
  FNF_PROXY,       /* a proxy wants other credentials: it will not heal */
  FNF_PROTOCOL,    /* an answer came that is not HTTP, is cut or too big */
  FNF_SYSTEM       /* the operating system refused; its errno says why */
};

/* The name of a status, lower case, static: "ok", "no memory", ... */
const char *fnf_status_name(enum fnf_status status);

/* Number of forks between the first call of this function and this process:
 * equal numbers mean the same process. Lets owners of connections and random
 * bytes notice that they were copied into a child. */
unsigned fnf_fork_count(void);

/* Overwrite a secret, even where nothing reads those bytes any more. */
void fnf_wipe(void *bytes, size_t size);

/* Keep the shared object that holds this code mapped until the process ends,
 * so that what libraries registered with it (atfork handlers, thread-local
 * destructors) outlives a dlclose by a dying lua_State. */
void fnf_pin(void);

#pragma GCC visibility pop

#endif
