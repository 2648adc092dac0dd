/*
 * A host of Lua whose memory or system calls fail when told, in forked children.
 * SPDX-License-Identifier: MIT
 *
 * torture WHAT HOW FIRST LAST STEP SCRIPT ARGUMENTS...
 *   WHAT  malloc: of the whole process; lua: of Lua's allocator; open (socket, too), read, connect, send: that system
 *         call
 *   HOW   once: the n-th fails; on: all from the n-th on; a system call's HOW is the errno's name (EMFILE, EINTR, ...),
 *         with a + behind it for all from the n-th on
 *   FIRST LAST STEP  the places n; it ends early at an n that was never reached
 *
 * SCRIPT, given the arguments, returns a function that does the work and returns "right", "error: TEXT" (of an error
 * object) or anything else, which is wrong. A child arms the failure, does the work, disarms, does the work again,
 * which must be right now, and closes Lua; then neither Lua nor the modules of fnf may hold a block. Unless the last
 * argument is "cold", a child goes on with the next places before it closes, for a fork costs three times as much as
 * the work; of a child that ends badly nothing counts, and each of its places gets a child of its own: what then
 * ends well is told as bad only after others. Prints a line of counts; what ended badly is a line on stderr before.
 */
#define _GNU_SOURCE /* RTLD_NEXT, dl_iterate_phdr */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <link.h>
#include <lua.h>
#include <lualib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

enum what { NONE, MALLOC, LUA, OPEN, READ, CONNECT, SEND };

static enum what armed;
static int for_good, error_number;
static long left, failed;
static long lua_blocks; /* held by Lua */

/* Of one child: how many places it had, and how they ended; seen by the parent. */
struct tally {
  long places, ends[16];
  int is_trying;   /* one more, which has not ended */
  int has_session; /* in the last of them libcurl could not keep a session of TLS */
};

static struct tally *tally;

/* ---- whose code calls ---- */

enum whose { OTHERS, FNF, LIBCURL, LIBSSL };

static struct {
  uintptr_t from, to;
  enum whose whose;
} ranges[256];
static size_t range_count;

static int note_range(struct dl_phdr_info *info, size_t size, void *unused) {
  uintptr_t from = UINTPTR_MAX, to = 0;
  (void)size, (void)unused;
  for (int i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_LOAD) {
      uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      from = at < from ? at : from;
      to = at + info->dlpi_phdr[i].p_memsz > to ? at + info->dlpi_phdr[i].p_memsz : to;
    }
  if (range_count < sizeof ranges / sizeof *ranges) {
    ranges[range_count].from = from;
    ranges[range_count].to = to;
    ranges[range_count++].whose = strstr(info->dlpi_name, "/fnf/")         ? FNF
                                  : strstr(info->dlpi_name, "/libcurl.so") ? LIBCURL
                                  : strstr(info->dlpi_name, "/libssl.so")  ? LIBSSL
                                                                           : OTHERS;
  }
  return 0;
}

static enum whose whose_is(void *caller) {
  uintptr_t at = (uintptr_t)caller;
  for (int twice = 0; twice < 2; twice++) { /* what is new was loaded since */
    for (size_t i = 0; i < range_count; i++)
      if (ranges[i].from <= at && at < ranges[i].to)
        return ranges[i].whose;
    range_count = 0;
    (void)dl_iterate_phdr(note_range, NULL);
  }
  return OTHERS;
}

/* Whether libcurl allocates because libssl calls it with a new session: libcurl 7.88 then keeps the name that it frees
 * (Curl_ssl_addsessionid, lib/vtls/vtls.c), and frees it once more with the session of another. */
static int is_session_kept(void) {
  static int is_here; /* it may allocate */
  void *callers[16];
  if (is_here)
    return 0;
  is_here = 1;
  int count = backtrace(callers, sizeof callers / sizeof *callers), i = 0;
  is_here = 0;
  while (i < count && whose_is(callers[i]) == OTHERS) /* this host, and the C library */
    i++;
  int first = i;
  while (i < count && whose_is(callers[i]) == LIBCURL)
    i++;
  return i > first && i < count && whose_is(callers[i]) == LIBSSL;
}

/* Threads (libcurl's of name look-ups) may meet here; a count that is one off does no harm. */
static int fails(enum what what) {
  if (armed != what || (left > 0 && --left > 0))
    return 0;
  if (++failed == 1 && what == MALLOC && is_session_kept())
    tally->has_session = 1;
  if (!for_good)
    armed = NONE;
  return 1;
}

/* ---- blocks of ours: what the code of fnf's modules allocates itself ---- */

enum { MOST_BLOCKS = 4096 };
static void *blocks[MOST_BLOCKS];
static size_t block_count;
static int is_counting;

static void *note(void *block, void *caller) {
  if (is_counting && block && block_count < MOST_BLOCKS && whose_is(caller) == FNF)
    blocks[block_count++] = block;
  return block;
}

/* 1: it was one of ours. */
static int forget(void *block) {
  for (size_t i = block_count; block && i > 0; i--)
    if (blocks[i - 1] == block) {
      blocks[i - 1] = blocks[--block_count];
      return 1;
    }
  return 0;
}

#define CALLER __builtin_return_address(0)

static void *no_memory(void) {
  errno = ENOMEM;
  return NULL;
}

void *malloc(size_t size) {
  return fails(MALLOC) ? no_memory() : note(__libc_malloc(size), CALLER);
}

void *calloc(size_t count, size_t size) {
  return fails(MALLOC) ? no_memory() : note(__libc_calloc(count, size), CALLER);
}

void *realloc(void *block, size_t size) {
  if (fails(MALLOC))
    return no_memory();
  int was_ours = forget(block);
  void *moved = __libc_realloc(block, size);
  if (was_ours && block_count < MOST_BLOCKS && (moved || size))
    blocks[block_count++] = moved ? moved : block;
  return was_ours ? moved : note(moved, CALLER);
}

char *strdup(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = fails(MALLOC) ? no_memory() : note(__libc_malloc(size), CALLER);
  return copy ? memcpy(copy, text, size) : NULL;
}

void free(void *block) {
  (void)forget(block);
  __libc_free(block);
}

/* ---- system calls ---- */

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int fails_with_errno(enum what what) {
  int failing = fails(what);
  if (failing)
    errno = error_number;
  return failing;
}

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int mode = va_arg(more, int);
  va_end(more);
  return fails_with_errno(OPEN) ? -1 : NEXT(open)(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode) {
  return fails_with_errno(OPEN) ? NULL : NEXT(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode) {
  return fails_with_errno(OPEN) ? NULL : NEXT(fopen64)(path, mode);
}

int socket(int domain, int type, int protocol) {
  return fails_with_errno(OPEN) ? -1 : NEXT(socket)(domain, type, protocol);
}

ssize_t read(int fd, void *room, size_t size) {
  return fails_with_errno(READ) ? -1 : NEXT(read)(fd, room, size);
}

ssize_t recv(int fd, void *room, size_t size, int flags) {
  return fails_with_errno(READ) ? -1 : NEXT(recv)(fd, room, size, flags);
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
  return fails_with_errno(CONNECT) ? -1 : NEXT(connect)(fd, address, size);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags) {
  return fails_with_errno(SEND) ? -1 : NEXT(send)(fd, bytes, size, flags);
}

static void *allocate(void *unused, void *block, size_t old, size_t size) {
  (void)unused, (void)old;
  if (size == 0) {
    lua_blocks -= block != NULL;
    __libc_free(block);
    return NULL;
  }
  if ((!block || size > old) && fails(LUA))
    return NULL;
  lua_blocks += block == NULL;
  return __libc_realloc(block, size);
}

/* How a child ends; what is above these is bad. */
enum end { RIGHT, ERROR, RAISED_MEMORY, NOT_REACHED, WRONG = 10, AFTERWARDS, LEAK };

/* The work once; its answer stays on the stack. */
static enum end work(lua_State *L) {
  lua_pushvalue(L, 1);
  int status = lua_pcall(L, 0, 1, 0);
  const char *said = lua_tostring(L, -1);
  if (status == LUA_ERRMEM ||
      (status != 0 && said && (strstr(said, "not enough memory") || strstr(said, "allocate memory"))))
    return RAISED_MEMORY;
  if (status == 0 && said && strcmp(said, "right") == 0)
    return RIGHT;
  return status == 0 && said && strncmp(said, "error: ", 7) == 0 ? ERROR : WRONG;
}

/* One place. */
static enum end try(lua_State *L, enum what what, long n) {
  (void)alarm(120);
  left = n;
  failed = 0;
  armed = what;
  enum end end = work(L);
  armed = NONE;
  if (end == WRONG)
    fprintf(stderr, "n=%ld: %s\n", n, lua_tostring(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1));
  lua_settop(L, 1);
  if (end < WRONG && work(L) != RIGHT) {
    fprintf(stderr, "n=%ld: afterwards: %s\n", n, lua_tostring(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, -1));
    end = AFTERWARDS;
  }
  lua_settop(L, 1);
  return end < WRONG && failed == 0 ? NOT_REACHED : end;
}

/* Places from n on, up to so many or the first that is not reached, ends badly, or leaves libcurl as it should not be.
 */
static enum end child(lua_State *L, enum what what, long n, long step, long most) {
  enum end end = RIGHT;
  is_counting = 1;
  while (tally->places < most && end < NOT_REACHED && !tally->has_session) {
    tally->is_trying = 1;
    end = try(L, what, n + tally->places * step);
    tally->is_trying = 0;
    tally->ends[end]++;
    tally->places++;
  }
  lua_close(L);
  if (end < WRONG && (lua_blocks != 0 || block_count != 0)) {
    fprintf(stderr, "n=%ld: %ld blocks of Lua's, %zu of fnf's\n", n, lua_blocks, block_count);
    return LEAK;
  }
  return end;
}

static const struct {
  const char *name;
  int number;
} NUMBERS[] = {{"EMFILE", EMFILE}, {"EINTR", EINTR},           {"ENOSPC", ENOSPC}, {"ECONNREFUSED", ECONNREFUSED},
               {"EIO", EIO},       {"ECONNRESET", ECONNRESET}, {"EAGAIN", EAGAIN}, {"ENETUNREACH", ENETUNREACH}};

/* What others do once in a process, and not again where memory failed just then; seen only where nothing was done
 * before (`cold`). docs/testing-of-fnf.md has their places. */
static int is_of_others(const char *said) {
  static const char *const words[] = {"no memory to sign with", /* libcrypto's default context */
                                      "libcrypto has no random bytes",
                                      "libcrypto lacks the algorithm",
                                      "no memory for the exchange", /* libssl: SSL_CTX_new */
                                      "OpenSSL/3.",                 /* libssl, through libcurl */
                                      "undefined symbol",           /* the loader */
                                      "digest algorithm too weak"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strstr(said, words[i]))
      return 1;
  return 0;
}

enum { PLACES = 50 }; /* of a child at most */

static const char *const WHAT[] = {"", "malloc", "lua", "open", "read", "connect", "send"};

int main(int count, char **words) {
  if (count < 7)
    return 2;
  enum what what = NONE;
  for (size_t i = 1; i < sizeof WHAT / sizeof *WHAT; i++)
    what = strcmp(words[1], WHAT[i]) == 0 ? (enum what)i : what;
  for_good = strcmp(words[2], "on") == 0;
  for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++)
    if (strncmp(words[2], NUMBERS[i].name, strlen(NUMBERS[i].name)) == 0) {
      error_number = NUMBERS[i].number;
      for_good = words[2][strlen(NUMBERS[i].name)] == '+';
    }
  int is_cold = strcmp(words[count - 1], "cold") == 0;
  long first = atol(words[3]), last = atol(words[4]), step = atol(words[5]);

  lua_State *L = lua_newstate(allocate, NULL);
  if (!L || what == NONE || step < 1)
    return 2;
  luaL_openlibs(L);
  if (luaL_loadfile(L, words[6]) != 0)
    return fprintf(stderr, "%s\n", lua_tostring(L, -1)), 2;
  for (int i = 7; i < count; i++)
    lua_pushstring(L, words[i]);
  if (lua_pcall(L, count - 7, 1, 0) != 0)
    return fprintf(stderr, "%s\n", lua_tostring(L, -1)), 2;

  tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (tally == MAP_FAILED)
    return 2;
  long ends[16] = {0}, runs = 0, cjson = 0, others = 0, sessions = 0, crashes = 0, hangs = 0, n = first;
  long alone_to = is_cold ? last : -1;         /* up to there, each place has a child of its own */
  long together = 0, bad = 0, bad_before = -1; /* -1: not to be explained */
  while (n <= last && ends[NOT_REACHED] == 0) {
    if (bad_before >= 0 && n > alone_to) {
      together += bad == bad_before;
      bad_before = -1;
    }
    long most = n <= alone_to ? 1 : (last - n) / step + 1;
    most = most < PLACES ? most : PLACES;
    int lines[2], status = 0;
    char said[4096] = "";
    memset(tally, 0, sizeof *tally);
    if (pipe(lines) != 0)
      return 2;
    pid_t pid = fork();
    if (pid == 0) {
      (void)dup2(lines[1], STDERR_FILENO);
      (void)close(lines[0]);
      (void)close(lines[1]);
      _exit(child(L, what, n, step, most));
    }
    (void)close(lines[1]);
    ssize_t size = 0, more;
    while ((more = read(lines[0], said + size, sizeof said - 1 - (size_t)size)) > 0)
      size += more;
    said[size] = '\0';
    (void)close(lines[0]);
    (void)waitpid(pid, &status, 0);
    int is_bad = !WIFEXITED(status) || WEXITSTATUS(status) >= WRONG;
    if (tally->has_session && WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM) {
      sessions++;
      tally->places += tally->is_trying;
      is_bad = 0;
    }
    if (is_bad && most > 1) {
      fprintf(stderr, "n=%ld and on: status %x: %s\n", n, (unsigned)status, said);
      alone_to = n + (most - 1) * step;
      bad_before = bad;
      continue;
    }
    bad += is_bad;
    runs += is_bad ? 1 : tally->places;
    n += step * (is_bad ? 1 : tally->places);
    if (!is_bad)
      for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        ends[i] += tally->ends[i];
    else if (strstr(said, "Out of memory")) /* strbuf.c of lua-cjson: die() */
      cjson++;
    else if (WIFEXITED(status) && WEXITSTATUS(status) == AFTERWARDS && is_cold && is_of_others(said))
      others++;
    else {
      if (WIFEXITED(status) && WEXITSTATUS(status) <= LEAK)
        ends[WEXITSTATUS(status)]++;
      else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        hangs++;
      else
        crashes++;
      fprintf(stderr, "n=%ld: status %x: %s\n", n - step, (unsigned)status, said);
    }
  }
  together += bad_before >= 0 && bad == bad_before;
  lua_close(L);
  printf("%s %s: runs %ld, right %ld, error %ld, raised not enough memory %ld, died in lua-cjson %ld, "
         "of a session in libcurl %ld, "
         "a library unusable for good %ld, wrong %ld, not usable afterwards %ld, leaks %ld, hangs %ld, "
         "crashes %ld, bad only after others %ld, end %s\n",
         words[1], words[2], runs, ends[RIGHT], ends[ERROR], ends[RAISED_MEMORY], cjson, sessions, others, ends[WRONG],
         ends[AFTERWARDS], ends[LEAK], hangs, crashes, together, ends[NOT_REACHED] ? "reached" : "not reached");
  return ends[WRONG] + ends[AFTERWARDS] + ends[LEAK] + hangs + crashes + together > 0;
}
