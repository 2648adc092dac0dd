/*
 * What libFuzzer drives: the C core, one target at a time, named by FNF_FUZZ. A broken invariant aborts.
 * SPDX-License-Identifier: MIT
 *
 * buf        encoded and hexadecimal text has the size and the bytes that it must have; the cap holds
 * canonical  the order of parameters does not matter; the text has no byte that may not travel
 * sign       the same key and text give the same signature, whatever was signed between
 * rsa        any bytes as a key of RSA: refused, or it signs the same twice; OpenSSL's errors stay as they were
 * head       the head of an answer is judged alike twice, and each line once refused stays refused
 * file       a file is read whole or refused, at whatever capacity
 * process    what a program prints is kept to the limit and no byte beyond, in whatever pieces it comes
 * normalize  any text through core.mark, lua-cjson and core.normalize: never raises, and a second time changes nothing
 * answer     any bytes as an answer over a pair of sockets: one outcome, the same whole and in pieces, within the caps
 * transports the same bytes by libcurl and by the reader of nginx's cosockets: both make the same of them
 *
 * Built with FNF_LINEAR instead (`make fuzz-linear`), it is a program that repeats each file named to 10 KB and to
 * 40 KB, and counts the edges of the core's control flow that they take: four times as many at most.
 */
#define _GNU_SOURCE /* memfd_create, pipe2 */
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <openssl/err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "canonical.h"
#include "file.h"
#include "head.h"
#include "process.h"
#include "sign.h"
#include "targets.h"

const char *__asan_default_options(void);
int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int luaopen_fnf_core(lua_State *L);

/* What is freed waits in 2 MB, which stay in the processor's cache, instead of 256, and no block remembers its callers:
 * five times as many inputs. To look into what was found, run it again with ASAN_OPTIONS=malloc_context_size=30. */
const char *__asan_default_options(void) {
  return "quarantine_size_mb=2:thread_local_quarantine_size_kb=256:malloc_context_size=1:max_malloc_fill_size=0:"
         "detect_leaks=0";
}

void hold(int condition, const char *what) {
  if (condition)
    return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

int same(struct fnf_str one, struct fnf_str other) {
  return one.size == other.size && (one.size == 0 || memcmp(one.data, other.data, one.size) == 0);
}

size_t piece_of(struct fnf_str input) {
  size_t sum = 0;
  for (size_t i = 0; i < input.size; i++)
    sum = sum * 31 + (unsigned char)input.data[i];
  return 1 + (input.size ? sum % input.size : 0);
}

static void fuzz_buf(struct fnf_str input) {
  struct fnf_buf buf;
  size_t limit = input.size > 0 ? (size_t)(unsigned char)input.data[0] * 4 : 16;
  fnf_buf_init(&buf, limit);
  fnf_buf_add_encoded(&buf, input);
  size_t plain = 0;
  for (size_t i = 0; i < buf.size; i++)
    plain += buf.data[i] != '%' || (i += 2, 1);
  hold(buf.size <= limit, "the cap");
  hold(buf.status != FNF_OK || plain == input.size, "a byte each");
  fnf_buf_reset(&buf);
  fnf_buf_add_hex(&buf, input);
  hold(buf.status == FNF_TOO_BIG ? input.size * 2 > limit : buf.size == input.size * 2, "two digits each");
  fnf_buf_free(&buf);
}

enum { MOST_PAIRS = 32 };

/* Names and values between NULs. */
static size_t split(struct fnf_str input, struct fnf_pair *pairs) {
  size_t count = 0;
  while (input.size && count < MOST_PAIRS) {
    size_t name = strnlen(input.data, input.size), rest = input.size - name;
    size_t value = rest > 1 ? strnlen(input.data + name + 1, rest - 1) : 0;
    pairs[count].name = (struct fnf_str){input.data, name};
    pairs[count++].value = (struct fnf_str){rest > 1 ? input.data + name + 1 : "", value};
    size_t used = name + 1 + value + 1;
    used = used < input.size ? used : input.size;
    input = (struct fnf_str){input.data + used, input.size - used};
  }
  return count;
}

static void fuzz_canonical(struct fnf_str input) {
  struct fnf_pair pairs[MOST_PAIRS], turned[MOST_PAIRS];
  size_t count = split(input, pairs);
  int twice = 0;
  for (size_t i = 0; i < count; i++) {
    turned[count - 1 - i] = pairs[i];
    for (size_t k = 0; k < i; k++)
      twice |= same(pairs[i].name, pairs[k].name);
  }
  struct fnf_buf one, other, names;
  fnf_buf_init(&one, 1 << 20), fnf_buf_init(&other, 1 << 20), fnf_buf_init(&names, 1 << 20);
  fnf_canonical_params(&one, pairs, count);
  fnf_canonical_params(&other, turned, count);
  hold(twice || same(fnf_buf_str(&one), fnf_buf_str(&other)), "the order of parameters");
  for (size_t i = 0; i < one.size; i++)
    hold(one.data[i] > ' ' && one.data[i] < 127, "a byte that may not travel");
  fnf_buf_reset(&other);
  fnf_canonical_rpc(&other, FNF_STR("GET"), fnf_buf_str(&one));
  hold(other.status != FNF_OK || other.size >= one.size, "the text to sign holds the parameters");
  fnf_buf_reset(&one);
  fnf_canonical_headers(&one, &names, pairs, count);
  fnf_buf_free(&one), fnf_buf_free(&other), fnf_buf_free(&names);
}

static void fuzz_sign(struct fnf_str input) {
  struct fnf_signer *signer = NULL;
  struct fnf_str secret = {input.data, input.size / 2},
                 text = {input.data + input.size / 2, input.size - input.size / 2};
  enum fnf_algorithm algorithm = input.size ? (enum fnf_algorithm)((unsigned char)input.data[0] % 3) : FNF_HMAC_SHA1;
  struct fnf_buf one, other;
  hold(fnf_signer_new(&signer, algorithm, secret) == FNF_OK, "any secret is a key of HMAC");
  fnf_buf_init(&one, 1 << 16), fnf_buf_init(&other, 1 << 16);
  hold(fnf_sign_mac(signer, &one, text) == FNF_OK, "signing");
  (void)fnf_sign_hash(signer, &other, secret);
  fnf_buf_reset(&other);
  hold(fnf_sign_mac(signer, &other, text) == FNF_OK && same(fnf_buf_str(&one), fnf_buf_str(&other)), "the same again");
  fnf_buf_free(&one), fnf_buf_free(&other);
  fnf_signer_free(signer);
}

/* Apart from `sign`: OpenSSL takes a hundred times as long to refuse a key as to sign by HMAC. */
static void fuzz_rsa(struct fnf_str input) {
  struct fnf_signer *signer = NULL;
  struct fnf_buf one, other;
  fnf_buf_init(&one, 1 << 16), fnf_buf_init(&other, 1 << 16);
  enum fnf_status status = fnf_signer_new(&signer, FNF_ACS3_RSA_SHA256, input);
  hold(status == FNF_BAD_INPUT || status == FNF_OK, "refused or not");
  hold((status == FNF_OK) == (signer != NULL), "a signer");
  if (signer) {
    status = fnf_sign_mac(signer, &one, input);
    hold(fnf_sign_mac(signer, &other, input) == status && same(fnf_buf_str(&one), fnf_buf_str(&other)),
         "the same again");
  }
  hold(ERR_peek_error() == 0, "an error is left");
  fnf_buf_free(&one), fnf_buf_free(&other);
  fnf_signer_free(signer);
}

static int judge(struct fnf_str input, struct fnf_head *head) {
  int lines = 0, refused = 0;
  memset(head, 0, sizeof *head);
  while (input.size) {
    const char *end = memchr(input.data, '\n', input.size);
    size_t size = end ? (size_t)(end - input.data) + 1 : input.size;
    int taken = fnf_head_take(head, (struct fnf_str){input.data, size});
    hold(!(refused && taken && !head->fault), "a refusal is forgotten");
    refused |= !taken;
    lines += taken;
    input = (struct fnf_str){input.data + size, input.size - size};
  }
  return lines;
}

static void fuzz_head(struct fnf_str input) {
  struct fnf_head one, other;
  hold(judge(input, &one) == judge(input, &other) && one.fault == other.fault && one.length == other.length,
       "the same judgement twice");
  hold(one.fault || !one.has_length || one.length >= 0, "a negative length");
}

static void fuzz_file(struct fnf_str input) {
  static char room[4096];
  static int fd = -1;
  char path[64];
  if (fd < 0)
    fd = memfd_create("fuzz", 0);
  hold(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, input.data, input.size, 0) == (ssize_t)input.size, "a file");
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  size_t capacity = input.size ? (size_t)(unsigned char)input.data[0] * 4 : 16;
  struct fnf_file file;
  enum fnf_status status = fnf_file_read(path, room, capacity, &file);
  hold(status == FNF_OK ? same((struct fnf_str){room, file.size}, input) : input.size >= capacity, "whole or refused");
}

static void fuzz_process(struct fnf_str input) {
  int ends[2], ended = 0;
  size_t limit = input.size ? (size_t)(unsigned char)input.data[0] * 4 : 0;
  size_t piece = piece_of(input);
  struct fnf_process process = {.forks = fnf_fork_count(), .is_open = 1};
  hold(pipe2(ends, O_NONBLOCK) == 0, "a pipe");
  process.output = ends[0];
  fnf_buf_init(&process.text, limit);
  hold(fnf_buf_reserve(&process.text, limit) == FNF_OK, "room");
  enum fnf_status status = FNF_OK;
  for (size_t at = 0; at < input.size && status == FNF_OK; at += piece) {
    size_t size = input.size - at < piece ? input.size - at : piece;
    hold(write(ends[1], input.data + at, size) == (ssize_t)size, "a pipe's room");
    status = fnf_process_look(&process, &ended);
    hold(process.text.size <= at + size &&
             same(fnf_buf_str(&process.text), (struct fnf_str){input.data, process.text.size}),
         "the bytes");
  }
  (void)close(ends[1]);
  if (status == FNF_OK)
    status = fnf_process_look(&process, &ended);
  hold(ended && status == (input.size > limit ? FNF_TOO_BIG : FNF_OK), "the limit");
  hold(status != FNF_OK || same(fnf_buf_str(&process.text), input), "all of it");
  fnf_process_free(&process);
  hold(!process.text.data && !process.is_open, "freed");
}

static const char NORMALIZE[] =
    "local core, cjson = ..., require('cjson').new()\n"
    "cjson.decode_max_depth(32)\n"
    "cjson.decode_invalid_numbers(false)\n"
    "local function copy(v)\n"
    "  if type(v) ~= 'table' then return v end\n"
    "  local c = setmetatable({}, getmetatable(v))\n"
    "  for k, x in pairs(v) do c[k] = copy(x) end\n"
    "  return c\n"
    "end\n"
    "local function equal(a, b)\n"
    "  if type(a) ~= 'table' or type(b) ~= 'table' then return a == b and math.type(a) == math.type(b) end\n"
    "  for k, x in pairs(a) do if not equal(x, b[k]) then return false end end\n"
    "  for k in pairs(b) do if a[k] == nil then return false end end\n"
    "  return getmetatable(a) == getmetatable(b)\n"
    "end\n"
    "local floats, integers = { f = true }, { i = true }\n"
    "return function(text)\n"
    "  local marked = core.mark(text)\n"
    "  local read, value = pcall(cjson.decode, marked or '')\n"
    "  local normal = read and core.normalize({ value }, floats, integers)\n"
    "  if not normal then return end\n"
    "  for k in pairs(normal) do assert(k == 1, 'a key') end\n"
    "  local function has_mark(v)\n"
    "    if type(v) == 'string' then return v:byte() == 255 end\n"
    "    if type(v) == 'table' then for _, x in pairs(v) do if has_mark(x) then return true end end end\n"
    "  end\n"
    "  if has_mark(normal) then return end -- it was in the text, and a second time would take it for ours\n"
    "  local again = assert(core.normalize(copy(normal), floats, integers))\n"
    "  assert(equal(normal, again), 'a second time it is something else')\n"
    "end\n";

lua_State *open_lua(const char *chunk) {
  lua_State *L = luaL_newstate();
  hold(L != NULL, "a state");
  luaL_openlibs(L);
  hold(luaL_loadstring(L, chunk) == 0, "the chunk");
  lua_pushcfunction(L, luaopen_fnf_core);
  lua_call(L, 0, 1);
  if (lua_pcall(L, 1, 1, 0) != 0)
    hold(0, lua_tostring(L, -1));
  return L;
}

static void fuzz_normalize(struct fnf_str input) {
  static lua_State *L;
  if (!L)
    L = open_lua(NORMALIZE);
  lua_pushvalue(L, 1);
  lua_pushlstring(L, input.data, input.size);
  if (lua_pcall(L, 1, 0, 0) != 0)
    hold(0, lua_tostring(L, -1));
}

static const struct {
  const char *name;
  void (*run)(struct fnf_str input);
} TARGETS[] = {{"buf", fuzz_buf},         {"canonical", fuzz_canonical},
               {"sign", fuzz_sign},       {"rsa", fuzz_rsa},
               {"head", fuzz_head},       {"file", fuzz_file},
               {"process", fuzz_process}, {"normalize", fuzz_normalize},
               {"answer", fuzz_answer},   {"transports", fuzz_transports}};

static void (*target)(struct fnf_str input);

int LLVMFuzzerInitialize(int *count, char ***words) {
  (void)count, (void)words;
  const char *name = getenv("FNF_FUZZ");
  for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++)
    if (name && strcmp(name, TARGETS[i].name) == 0)
      target = TARGETS[i].run;
  hold(target != NULL, "FNF_FUZZ names no target");
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  target((struct fnf_str){(const char *)data, size});
  return 0;
}

#ifdef FNF_LINEAR

/* clang calls it at each edge of what is compiled with -fsanitize-coverage=trace-pc. */
void __sanitizer_cov_trace_pc(void);

static long edges;

void __sanitizer_cov_trace_pc(void) {
  edges++;
}

enum { SHORT = 10000, LONG = 4 * SHORT };

/* Edges for the file's bytes, over and over up to a size. */
static long cost(struct fnf_str piece, size_t size) {
  static char room[LONG];
  for (size_t at = 0; at < size; at++)
    room[at] = piece.data[at % piece.size];
  struct fnf_str input = {room, size};
  target(input); /* what is done once, and what grows to its size, is done */
  edges = 0;
  target(input);
  return edges;
}

int main(int count, char **words) {
  static char room[SHORT];
  (void)LLVMFuzzerInitialize(&count, &words);
  for (int i = 1; i < count; i++) {
    FILE *file = fopen(words[i], "rb");
    hold(file != NULL, words[i]);
    struct fnf_str piece = {room, fread(room, 1, sizeof room, file)};
    (void)fclose(file);
    if (!piece.size)
      continue;
    long few = cost(piece, SHORT), many = cost(piece, LONG);
    if (many > 4 * few + few / 4 + 1000) {
      fprintf(stderr, "%s: %ld edges for 10 KB, %ld for 40 KB\n", words[i], few, many);
      return 1;
    }
  }
  printf("%s: %d inputs, linear\n", getenv("FNF_FUZZ"), count - 1);
  return 0;
}

#endif
