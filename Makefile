# Build, test and try fnf; `make help` lists what there is. Needs GNU make (`gmake` on FreeBSD).
# SPDX-License-Identifier: MIT

LUA ?= 5.4
CC ?= cc
CFLAGS ?= -O2 -g
WARNINGS = -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef \
  $(if $(CI),-Werror)
PREFIX ?= /usr/local

$(if $(filter-out 5.1 5.3 5.4 5.5 luajit,$(LUA)),$(error LUA=$(LUA): fnf is built for Lua 5.1, 5.3, 5.4, 5.5 or luajit))

# LuaJIT runs what is built for Lua 5.1.
abi = $(if $(filter luajit,$(LUA)),5.1,$(LUA))
build = build/$(abi)

# Systems call the same program by different names; asked for once, when it is needed.
lua_names = $(if $(filter luajit,$(LUA)),luajit,lua$(LUA) lua-$(LUA) lua$(subst .,,$(LUA)) lua)
lua = $(eval lua := $(shell for name in $(lua_names); do \
  [ "$$($$name -e 'io.write(_VERSION)' 2>/dev/null)" = "Lua $(abi)" ] && echo $$name && break; \
  done))$(or $(lua),lua$(LUA))

headers = $(wildcard csrc/*.h)
redis = $(addprefix csrc/,lua_redis.c clock.c fnf.c)
core = $(addprefix csrc/,lua_core.c lua_signer.c lua_host.c lua_normalize.c sign.c canonical.c random.c clock.c file.c \
  process.c buf.c fnf.c)
curl = $(addprefix csrc/,lua_curl.c http.c transfer.c head.c resolve.c clock.c buf.c fnf.c)

# So are the pkg-config names of Lua $(1); that of the newest, and of LuaJIT, may be without a number. Headers of LuaJIT
# serve where there are none of Lua 5.1.
lua_package = $(shell for name in lua$(1) lua-$(1) lua$(subst .,,$(1)) lua $(if $(filter 5.1,$(1)),luajit); do \
  case $$name:$$(pkg-config --modversion $$name 2>/dev/null) in (luajit:2* | *:$(1)*) echo $$name; break ;; esac; done)
lua_cflags = $(shell pkg-config --cflags $(call lua_package,$(1)) 2>/dev/null)
lua_libs = $(shell pkg-config --libs $(call lua_package,$(1)) 2>/dev/null)

# A module takes Lua from the program that loads it.
shared = $(if $(filter Darwin,$(shell uname -s)),-bundle -undefined dynamic_lookup,-shared)

.DELETE_ON_ERROR:
.PHONY: all build test check browser demo openresty-demo bench bench-peers install uninstall clean deps env help
all: build

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile spec/long.mk

build: needs ## compile both modules for LUA=5.4 (5.1, 5.3, 5.5, luajit); installs nothing, tells what is missing
	@$(MAKE) --no-print-directory modules

.PHONY: needs
needs:
	@missing=; need() { what=$$1; shift; "$$@" >/dev/null 2>&1 || { echo "missing: $$what" >&2; missing=yes; }; }; \
	need "a C compiler (gcc)" command -v $(CC); \
	need "pkg-config" command -v pkg-config; \
	need "headers of Lua $(abi) (liblua$(abi)-dev; LUA= is one of 5.1, 5.3, 5.4, 5.5, luajit)" sh -c \
	  "printf '#include <lua.h>\n#if LUA_VERSION_NUM != $(subst .,0,$(abi))\n#error another\n#endif\n' | \
	  $(CC) $(call lua_cflags,$(abi)) -E -"; \
	found() { pkg-config --modversion $$1 2>/dev/null || echo none; }; \
	need "libcurl 7.70 or newer, with headers (libcurl4-openssl-dev); found: $$(found libcurl)" \
	  pkg-config --atleast-version=7.70 libcurl; \
	need "OpenSSL 3 or newer, with headers (libssl-dev); found: $$(found libcrypto)" \
	  pkg-config --atleast-version=3 libcrypto; \
	[ -z "$$missing" ] || { echo "On Debian and Ubuntu \`make deps\` installs these; docs/platforms.md has" \
	  "their names elsewhere." >&2; exit 1; }

.PHONY: modules
modules: $(build)/fnf/core.so $(build)/fnf/curl.so

build/%/fnf/core.so: $(core) $(headers) Makefile
	@mkdir -p $(@D)
	$(CC) $(WARNINGS) $(CFLAGS) -fPIC $(call lua_cflags,$*) $(shell pkg-config --cflags libcrypto) \
	  $(shared) -o $@ $(core) $(LDFLAGS) $(shell pkg-config --libs libcrypto)

build/%/fnf/curl.so: $(curl) $(headers) Makefile
	@mkdir -p $(@D)
	$(CC) $(WARNINGS) $(CFLAGS) -fPIC $(call lua_cflags,$*) $(shell pkg-config --cflags libcurl) \
	  $(shared) -o $@ $(curl) $(LDFLAGS) $(shell pkg-config --libs libcurl)

# For who shares answers and quota through Redis; nothing else needs it. With TLS where hiredis has it (1.0 or newer).
redis_tls = $(if $(shell pkg-config --exists hiredis_ssl && echo yes),hiredis_ssl libssl libcrypto)
redis_flags = $(if $(redis_tls),-DFNF_REDIS_TLS) \
  $(patsubst -I%,-isystem %,$(shell pkg-config --cflags hiredis $(redis_tls)))
redis_libs = $(shell pkg-config --libs $(redis_tls) hiredis || echo -lhiredis)
build/%/fnf/redis.so: $(redis) $(headers) Makefile
	@mkdir -p $(@D)
	$(CC) $(WARNINGS) $(CFLAGS) -fPIC $(call lua_cflags,$*) $(redis_flags) \
	  $(shared) -o $@ $(redis) $(LDFLAGS) $(redis_libs)

.PHONY: redis
redis: $(build)/fnf/redis.so ## compile the module fnf.redis, which needs hiredis (libhiredis-dev)

# The C specs: the core without its glue.
spec_c = $(wildcard spec/c/*.c) $(filter-out csrc/lua_%,$(wildcard csrc/*.c))
spec_c_flags = $(WARNINGS) -g -Icsrc -Ispec/c $(shell pkg-config --cflags libcurl libssl)
# What fails on request in them (spec/c/memory.c, spec/c/calls.c).
export wrapped = $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc strdup free pipe fcntl fcntl64 fstat fstat64 \
  read recv waitpid kill getsockname getpeername getsockopt inet_ntop getaddrinfo getnameinfo \
  pthread_mutex_lock clock_gettime \
  $(addprefix posix_spawn,_file_actions_init _file_actions_adddup2 _file_actions_addopen attr_init attr_setflags \
  attr_setpgroup attr_setsigmask attr_setsigdefault) RAND_bytes OPENSSL_cleanse OSSL_LIB_CTX_get0_global_default \
  $(addprefix EVP_,MD_fetch DigestInit_ex DigestUpdate DigestFinal_ex MD_CTX_copy_ex DigestSign DigestSignInit) \
  $(addprefix curl_,global_init version_info easy_setopt multi_add_handle multi_perform multi_poll))
comma = ,
spec_c_libs = $(wrapped) $(shell pkg-config --libs libcurl libssl libcrypto) -lpthread
spec_c_main = $(filter-out spec/c/server_main.c,$(spec_c))
sanitizers = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

build/c/vectors.c: spec/vectors/signing.json spec/c/vectors.lua
	@mkdir -p $(@D)
	$(lua) spec/c/vectors.lua $< > $@

build/c/spec: $(spec_c_main) build/c/vectors.c $(headers) $(wildcard spec/c/*.h) Makefile
	$(CC) $(spec_c_flags) -O1 -o $@ $(spec_c_main) build/c/vectors.c $(spec_c_libs)

build/c/spec-sanitized: $(spec_c_main) build/c/vectors.c $(headers) $(wildcard spec/c/*.h) Makefile
	$(CC) $(spec_c_flags) -O1 $(sanitizers) -o $@ $(spec_c_main) build/c/vectors.c $(spec_c_libs)

# The server of the C specs as a program, for the Lua specs.
build/c/server: spec/c/server_main.c spec/c/server.c spec/c/answers.c $(wildcard spec/c/*.h) Makefile
	@mkdir -p $(@D)
	$(CC) $(spec_c_flags) -O1 -o $@ $(filter %.c,$^) $(shell pkg-config --libs libssl libcrypto) -lpthread

# States of Lua opened and closed in one process.
build/%/states: spec/c/states/main.c Makefile
	$(CC) $(WARNINGS) -g $(call lua_cflags,$*) -o $@ $< $(call lua_libs,$*) -lpthread

# The glue with all that fails on request; with fnf.redis where hiredis is. Not of the modules: those take what they
# call from libraries.
glue_redis = $(if $(shell pkg-config --exists hiredis && echo yes),spec/c/glue/hiredis.c csrc/lua_redis.c)
glue_libs = $(addprefix -Wl$(comma)--wrap=,redisConnectWithTimeout redisSetTimeout redisAppendCommandArgv \
  redisBufferWrite redisBufferRead pthread_sigmask) $(redis_libs) -Wl,-E
glue_c = spec/c/glue/main.c spec/c/calls.c spec/c/memory.c spec/c/tap.c $(sort $(core) $(curl)) $(glue_redis)
build/%/glue: $(glue_c) $(headers) $(wildcard spec/c/*.h) Makefile
	@mkdir -p $(@D)
	$(CC) $(spec_c_flags) -O1 $(call lua_cflags,$*) $(redis_flags) -o $@ $(glue_c) $(call lua_libs,$*) \
	  $(filter-out %OPENSSL_cleanse,$(spec_c_libs)) \
	  $(if $(glue_redis),$(glue_libs),-Wl,-E)

.PHONY: test-c test-c-memory
test-c: build build/c/spec build/c/spec-sanitized build/c/server $(build)/states $(build)/glue
test-c: ## test the C core, plain and under ASan and UBSan
	build/c/spec
	build/c/spec-sanitized
	$(run) $(build)/states spec/c/states/use.lua
	$(run) $(build)/glue spec/run.lua spec/c/glue/failures.lua

test-c-memory: deps-bench build/c/spec ## test the C core under valgrind
	valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect --error-exitcode=9 \
	  --child-silent-after-fork=yes build/c/spec

# The bench's references, and what counts them.
bench_c = $(filter-out csrc/lua_%,$(wildcard csrc/*.c))
bench_flags = $(WARNINGS) $(CFLAGS) -Icsrc $(shell pkg-config --cflags libcurl libcrypto)
bench_libs = $(shell pkg-config --libs libcurl libcrypto) -lpthread
bench_programs = $(addprefix build/bench/,signing calls polls handshakes spawn allocations.so authorities.so)

build/bench/handshakes: bench/authorities.c
build/bench/%.so: bench/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(bench_flags) -fPIC -shared -o $@ $<

build/bench/%: bench/%.c $(bench_c) $(headers) Makefile
	@mkdir -p $(@D)
	$(CC) $(bench_flags) -o $@ $(filter %.c,$^) $(bench_libs)

bench: build ## measure against references in C (about ten minutes, most of them under valgrind)
	@.ci/deps bench
	@$(MAKE) --no-print-directory $(bench_programs)
	@$(run) $(lua) bench/run.lua $(CURDIR)/build/bench

# What a folder's package-lock.json names, if that is newer.
packages = { [ node_modules/.package-lock.json -nt package-lock.json ] || \
	  npm ci --ignore-scripts --no-audit --no-fund --silent; }

bench-peers: deps-peers build ## measure beside the vendor's JavaScript client and a script by hand (about two minutes)
	@$(MAKE) --no-print-directory build/bench/calls build/bench/polls
	@cd spec/conformance && $(packages)
	@$(run) NODE_PATH=spec/conformance/node_modules $(lua) bench/peers/run.lua $(CURDIR)/build/bench

.PHONY: pictures
pictures: deps-pictures ## draw the pictures of docs/waiting.md and print its tables (ten minutes)
	@$(MAKE) --no-print-directory LUA=luajit modules
	@LUA_CPATH='$(CURDIR)/build/5.1/?.so;;' luajit bench/waiting.lua 3000 3 0 docs

# Absolute, so that the exports hold in any folder; the system's own paths stay behind.
lua_path = $(CURDIR)/lua/?.lua;$(CURDIR)/emulator/lua/?.lua;;
lua_cpath = $(CURDIR)/$(build)/?.so;;

run = LUA_PATH='$(lua_path)' LUA_CPATH='$(lua_cpath)'

env: ## print the exports that make `require "fnf"` work from this checkout
	@echo "export LUA_PATH='$(lua_path)' LUA_CPATH='$(lua_cpath)'"

# nginx's own Lua is 5.1, whatever Lua the rest runs in; a client called while nginx starts uses libcurl.
in_nginx = build/5.1/fnf/core.so build/5.1/fnf/curl.so

test: deps-test build $(in_nginx) build/c/server build/c/spec ## build and pass every test, in about ten minutes
	$(if $(BUSTED),,@echo "All tests take about ten minutes on two cores; one: make test BUSTED=spec/json_spec.lua")
	@build/c/spec
	@$(run) $(lua) spec/run.lua $(BUSTED)

browser: build $(in_nginx) ## look at the status page in a real browser; screenshots in build/screenshots
	@.ci/deps browser
	@cd spec/browser && $(packages)
	@$(run) $(lua) spec/run.lua spec/ngx/browser_spec.lua

openresty-demo: build $(in_nginx) ## watch MapRuns of the local emulator in nginx; prints the address of the page
	@$(run) $(lua) examples/openresty/demo.lua

.PHONY: picture
picture: build $(in_nginx) ## draw docs/watch.svg anew: a real watch of the emulator's MapRuns
	@.ci/deps terminal
	@$(run) $(lua) spec/support/watch_picture.lua > build/watch.svg && cp build/watch.svg docs/watch.svg

demo: deps-demo build ## wait for a MapRun on the local emulator, with live progress
	@$(run) $(lua) examples/demo.lua

.PHONY: demo-many bench-share
demo-many: build ## two processes share answers and quota through a private Redis
	@.ci/deps share $(LUA)
	@$(MAKE) --no-print-directory redis
	@LUA_PATH='$(CURDIR)/?.lua;$(lua_path)' LUA_CPATH='$(lua_cpath)' $(lua) examples/many_machines.lua

bench-share: build ## what sharing costs a poll, in commands and round trips of Redis
	@.ci/deps share $(LUA)
	@$(MAKE) --no-print-directory redis
	@$(run) $(lua) bench/share.lua

.PHONY: conformance
conformance: build ## check signatures against the vendor's own JavaScript code, both ways
	@.ci/deps conformance
	@cd spec/conformance && $(packages)
	@$(run) $(lua) spec/conformance/requests.lua > build/requests.jsonl
	@node spec/conformance/recompute.js < build/requests.jsonl
	@$(run) $(lua) spec/conformance/drive.lua
	@$(run) $(lua) spec/conformance/drive_former.lua

.PHONY: rows
rows: build ## write anew what follows from the rows of the operations
	@for kind in parameters results methods module; do \
	  $(run) $(lua) spec/support/operation_types.lua $$kind > lua/fnf/types/$$kind.lua; done
	@$(run) $(lua) spec/support/operations_page.lua > build/operations.md && cp build/operations.md docs/operations.md
	@$(lua) spec/faults/page.lua > build/faults.md && cp build/faults.md docs/faults.md
	@$(run) $(lua) spec/support/module_map.lua < CONTRIBUTING.md > build/CONTRIBUTING.md && \
	  cp build/CONTRIBUTING.md CONTRIBUTING.md

check: ## formatter and linters; warnings are errors
	@.ci/deps check
	clang-format --dry-run -Werror csrc/*.[ch] spec/c/*.[ch] bench/*.c
	for file in csrc/*.c; do clang-tidy --quiet --warnings-as-errors='*' $$file -- \
	  -std=c11 $(call lua_cflags,5.4) 2>/dev/null || exit 1; done
	luacheck --quiet lua emulator spec bench examples bin/fnf emulator/bin/fnf-emulator

# By the options of `install` that every system has.
lua_folder = $(DESTDIR)$(PREFIX)/share/lua/$(abi)
so_folder = $(DESTDIR)$(PREFIX)/lib/lua/$(abi)/fnf
bin_folder = $(DESTDIR)$(PREFIX)/bin
share_folder = $(DESTDIR)$(PREFIX)/share

# What other programs read of the command: below share, and what `fnf` is asked for it.
texts = man/man1/fnf.1 bash-completion/completions/fnf zsh/site-functions/_fnf fish/vendor_completions.d/fnf.fish
asked-man = help manual
asked-bash-completion = completion bash
asked-zsh = completion zsh
asked-fish = completion fish

.PHONY: install-texts
install-texts: build
	@$(run) $(lua) -e 'require "argparse"' 2>/dev/null || \
	  { echo "argparse is missing, and with it fnf's man page and completions"; exit 0; }; \
	$(foreach text,$(texts),install -d $(share_folder)/$(dir $(text)) && \
	  $(run) $(lua) bin/fnf $(asked-$(firstword $(subst /, ,$(text)))) > $(share_folder)/$(text) && ) true

install: build install-texts ## install below PREFIX=/usr/local, DESTDIR allowed
	install -d $(so_folder) $(bin_folder)
	for tree in lua emulator/lua; do find $$tree -name '*.lua' | while read -r file; do \
	  to="$(lua_folder)/$${file#$$tree/}"; \
	  install -d "$${to%/*}" && install -m 644 "$$file" "$$to" || exit 1; done || exit 1; done
	install -m 755 $(build)/fnf/*.so $(so_folder)
	install -m 755 bin/fnf $(bin_folder)/fnf
	sed '1s|.*|#!/usr/bin/env $(lua)|' emulator/bin/fnf-emulator > $(bin_folder)/fnf-emulator
	chmod 755 $(bin_folder)/fnf-emulator

uninstall: ## remove what install put below PREFIX
	for tree in lua emulator/lua; do find $$tree -name '*.lua' | while read -r file; do \
	  rm -f "$(lua_folder)/$${file#$$tree/}" || exit 1; done || exit 1; done
	rm -f $(addprefix $(so_folder)/,core.so curl.so redis.so) $(bin_folder)/fnf $(bin_folder)/fnf-emulator
	rm -f $(addprefix $(share_folder)/,$(texts))
	for folder in $(lua_folder)/fnf $(so_folder); do \
	  [ ! -d $$folder ] || find $$folder -depth -type d -empty -delete; done

# To pack a source rock, LuaRocks takes the source from an address, or from an archive by its full path.
build/rock/%-scm-1.src.rock: FORCE
	@mkdir -p $(@D)
	@git archive --prefix=$*-scm-1/ -o $(@D)/$*-scm-1.tar.gz HEAD:$(tree)
	@git show HEAD:$(tree)$(folder)$*-scm-1.rockspec | \
	  sed 's|url = "."|url = "file://$(CURDIR)/$(@D)/$*-scm-1.tar.gz"|' > $(@D)/$*-scm-1.rockspec
	@cd $(@D) && luarocks pack $*-scm-1.rockspec

build/rock/fnf-cli-scm-1.src.rock: folder = lua/fnf/cli/
build/rock/fnf-redis-scm-1.src.rock: folder = lua/fnf/share/
build/rock/fnf-emulator-scm-1.src.rock: tree = emulator/

.PHONY: rock FORCE
rock: $(foreach name,fnf fnf-cli fnf-redis fnf-emulator,build/rock/$(name)-scm-1.src.rock)
rock: ## pack what is committed as source rocks, in build/rock

include spec/long.mk

clean: ## remove what was built
	rm -rf build

deps: ## install the system packages that are missing (Debian, Ubuntu)
	@.ci/deps all $(LUA)

deps-%:
	@.ci/deps $* $(LUA)

.PHONY: fresh
fresh: deps-fresh ## both commands of the README in an empty RELEASE=trixie (bookworm, ...), as root
	@.ci/fresh $(RELEASE)
