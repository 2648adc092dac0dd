/*
 * What libFuzzer drives: the C core, one target at a time, named by FNF_FUZZ. A broken invariant aborts.
 * SPDX-License-Identifier: MIT
 *
 * buf        encoded and hexadecimal text has the size and the bytes that it must have; the cap holds
 * canonical  the order of parameters does not matter; the text has no byte that may not travel
 * sign       the same key and text give the same signature, whatever was signed between
 * head       the head of an answer is judged alike twice, and each line once refused stays refused
 * file       a file is read whole or refused, at whatever capacity
 * normalize  any text through core.mark, lua-cjson and core.normalize: never raises, and a second time changes nothing
 * answer     any bytes as an answer on loopback: one outcome, a body only of FNF_OK, within the caps
 */
#define _GNU_SOURCE /* memfd_create */
#include <arpa/inet.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "canonical.h"
#include "file.h"
#include "head.h"
#include "http.h"
#include "sign.h"

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int luaopen_fnf_core(lua_State *L);

static void hold(int condition, const char *what) {
  if (condition)
    return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static int same(struct fnf_str one, struct fnf_str other) {
  return one.size == other.size && (one.size == 0 || memcmp(one.data, other.data, one.size) == 0);
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
  enum fnf_algorithm algorithm = input.size ? (enum fnf_algorithm)((unsigned char)input.data[0] & 3) : FNF_HMAC_SHA1;
  if (fnf_signer_new(&signer, algorithm, secret) != FNF_OK)
    return;
  struct fnf_buf one, other;
  fnf_buf_init(&one, 1 << 16), fnf_buf_init(&other, 1 << 16);
  hold(fnf_sign_mac(signer, &one, text) == FNF_OK, "signing");
  (void)fnf_sign_hash(signer, &other, secret);
  fnf_buf_reset(&other);
  hold(fnf_sign_mac(signer, &other, text) == FNF_OK && same(fnf_buf_str(&one), fnf_buf_str(&other)), "the same again");
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
  size_t capacity = input.size ? (size_t)(unsigned char)input.data[0] * 16 : 16;
  struct fnf_file file;
  enum fnf_status status = fnf_file_read(path, room, capacity, &file);
  hold(status == FNF_OK ? same((struct fnf_str){room, file.size}, input) : input.size >= capacity, "whole or refused");
}

static const char NORMALIZE[] =
    "local core, cjson = ..., require('cjson').new()\n"
    "cjson.decode_max_depth(100)\n"
    "local function copy(v) if type(v) ~= 'table' then return v end\n"
    "  local c = {} for k, x in pairs(v) do c[k] = copy(x) end return c end\n"
    "local function equal(a, b) if type(a) ~= 'table' or type(b) ~= 'table' then return a == b end\n"
    "  for k, x in pairs(a) do if not equal(x, b[k]) then return false end end\n"
    "  for k in pairs(b) do if a[k] == nil then return false end end return true end\n"
    "return function(text)\n"
    "  local marked = core.mark(text)\n"
    "  if not marked then return end\n"
    "  local read, value = pcall(cjson.decode, marked)\n"
    "  if not read then return end\n"
    "  local floats, integers = { f = true }, { i = true }\n"
    "  local normal, reason = core.normalize({ value }, floats, integers)\n"
    "  if normal == nil then return end\n"
    "  if type(normal) ~= 'table' then return end\n"
    "  for k in pairs(normal) do if type(k) ~= 'string' and type(k) ~= 'number' then error('a key') end end\n"
    "end\n";

static void fuzz_normalize(struct fnf_str input) {
  static lua_State *L;
  if (!L) {
    L = luaL_newstate();
    luaL_openlibs(L);
    hold(luaL_loadbuffer(L, NORMALIZE, sizeof NORMALIZE - 1, "normalize") == 0, "the chunk");
    lua_pushcfunction(L, luaopen_fnf_core);
    lua_call(L, 0, 1);
    hold(lua_pcall(L, 1, 1, 0) == 0, "lua-cjson");
  }
  lua_pushvalue(L, 1);
  lua_pushlstring(L, input.data, input.size);
  if (lua_pcall(L, 1, 0, 0) != 0)
    hold(0, lua_tostring(L, -1));
}

/* ---- an answer ---- */

static struct {
  int listener, port;
  pthread_mutex_t lock;
  size_t size;
  char bytes[4096];
} peer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *play(void *unused) {
  for (;;) {
    int fd = accept(peer.listener, NULL, NULL);
    char request[4096];
    if (fd < 0)
      return unused;
    if (recv(fd, request, sizeof request, 0) > 0) {
      (void)pthread_mutex_lock(&peer.lock);
      (void)send(fd, peer.bytes, peer.size, MSG_NOSIGNAL);
      (void)pthread_mutex_unlock(&peer.lock);
    }
    (void)close(fd);
  }
}

static void listen_on_loopback(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  pthread_t thread;
  peer.listener = socket(AF_INET, SOCK_STREAM, 0);
  hold(bind(peer.listener, (struct sockaddr *)&address, size) == 0 && listen(peer.listener, 16) == 0 &&
           getsockname(peer.listener, (struct sockaddr *)&address, &size) == 0 &&
           pthread_create(&thread, NULL, play, NULL) == 0,
       "a listener");
  peer.port = ntohs(address.sin_port);
}

static void fuzz_answer(struct fnf_str input) {
  static struct fnf_http *http;
  static char url[64];
  if (!http) {
    struct fnf_http_options options = {.no_proxy = "*"};
    listen_on_loopback();
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", peer.port);
    hold(fnf_http_new(&http, &options) == FNF_OK, "a pool");
  }
  (void)pthread_mutex_lock(&peer.lock);
  peer.size = input.size < sizeof peer.bytes ? input.size : sizeof peer.bytes;
  memcpy(peer.bytes, input.data, peer.size);
  (void)pthread_mutex_unlock(&peer.lock);
  struct fnf_http_request request = {
      .method = FNF_STR("GET"), .url = {url, strlen(url)}, .timeout_ms = 20000, .connect_timeout_ms = 20000};
  struct fnf_http_answer answer;
  int64_t id = 0;
  hold(fnf_http_start(http, &request, &id) == FNF_OK, "a start");
  while (!fnf_http_take(http, &answer))
    fnf_http_wait(http, 1000);
  hold(answer.id == id && fnf_http_in_flight(http) == 0, "one outcome");
  hold(answer.status != FNF_OK || (answer.http_status >= 100 && answer.http_status <= 999), "a status");
  hold(answer.status != FNF_OK || answer.body.size <= input.size, "a body larger than the answer");
  hold(answer.status != FNF_TIMEOUT, "a hang");
}

static const struct {
  const char *name;
  void (*run)(struct fnf_str input);
} TARGETS[] = {{"buf", fuzz_buf},   {"canonical", fuzz_canonical}, {"sign", fuzz_sign},    {"head", fuzz_head},
               {"file", fuzz_file}, {"normalize", fuzz_normalize}, {"answer", fuzz_answer}};

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
