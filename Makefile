# Build, test and try fnf; `make help` lists what there is. Needs GNU make.
# SPDX-License-Identifier: MIT

LUA ?= 5.4
CC ?= cc
CFLAGS ?= -O2 -g
WARNINGS = -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef $(if $(CI),-Werror)
PREFIX ?= /usr/local

# LuaJIT runs what is built for Lua 5.1.
abi = $(if $(filter luajit,$(LUA)),5.1,$(LUA))
lua = $(if $(filter luajit,$(LUA)),luajit,lua$(LUA))
build = build/$(abi)

headers = $(wildcard csrc/*.h)
core = $(addprefix csrc/,lua_core.c lua_signer.c lua_host.c lua_normalize.c sign.c canonical.c random.c clock.c file.c \
  process.c buf.c fnf.c)
curl = $(addprefix csrc/,lua_curl.c http.c transfer.c head.c resolve.c clock.c buf.c fnf.c)

# The pkg-config name of Lua $(1) differs between systems.
lua_cflags = $(shell for name in lua$(1) lua-$(1) lua$(subst .,,$(1)); do pkg-config --cflags $$name 2>/dev/null && break; done)

lua_libs = $(shell for name in lua$(1) lua-$(1) lua$(subst .,,$(1)); do pkg-config --libs $$name 2>/dev/null && break; done)

.PHONY: all build test check browser demo openresty-demo bench install uninstall clean deps env help
all: build

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

build: needs ## compile both modules for LUA=5.4 (5.1, 5.3, luajit); installs nothing, tells what is missing
	@$(MAKE) --no-print-directory modules

.PHONY: needs
needs:
	@missing=; need() { what=$$1; shift; "$$@" >/dev/null 2>&1 || { echo "missing: $$what" >&2; missing=yes; }; }; \
	need "a C compiler (gcc)" command -v $(CC); \
	need "pkg-config" command -v pkg-config; \
	need "headers of Lua $(abi) (liblua$(abi)-dev; LUA= is one of 5.1, 5.3, 5.4, luajit)" \
	  sh -c "echo '#include <lua.h>' | $(CC) $(call lua_cflags,$(abi)) -E -"; \
	need "libcurl 7.62 or newer, with headers (libcurl4-openssl-dev)" pkg-config --atleast-version=7.62 libcurl; \
	need "OpenSSL 3 or newer, with headers (libssl-dev)" pkg-config --atleast-version=3 libcrypto; \
	[ -z "$$missing" ] || { echo "On Debian and Ubuntu \`make deps\` installs these; elsewhere it lists them." >&2; exit 1; }

.PHONY: modules
modules: $(build)/fnf/core.so $(build)/fnf/curl.so

build/%/fnf/core.so: $(core) $(headers) Makefile
	@mkdir -p $(@D)
	$(CC) $(WARNINGS) $(CFLAGS) -fPIC $(call lua_cflags,$*) $(shell pkg-config --cflags libcrypto) -shared -o $@ $(core) $(LDFLAGS) $(shell pkg-config --libs libcrypto)

build/%/fnf/curl.so: $(curl) $(headers) Makefile
	@mkdir -p $(@D)
	$(CC) $(WARNINGS) $(CFLAGS) -fPIC $(call lua_cflags,$*) $(shell pkg-config --cflags libcurl) -shared -o $@ $(curl) $(LDFLAGS) $(shell pkg-config --libs libcurl)

# The C specs: the core without its glue, every allocation through spec/c/memory.c.
spec_c = $(wildcard spec/c/*.c) $(filter-out csrc/lua_%,$(wildcard csrc/*.c))
spec_c_flags = $(WARNINGS) -g -Icsrc -Ispec/c $(shell pkg-config --cflags libcurl libssl)
spec_c_libs = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=free \
  $(shell pkg-config --libs libcurl libssl libcrypto) -lpthread
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

.PHONY: test-c test-c-memory
test-c: build build/c/spec build/c/spec-sanitized $(build)/states ## test the C core, plain and under ASan and UBSan
	build/c/spec
	build/c/spec-sanitized
	$(run) $(build)/states spec/c/states/use.lua

test-c-memory: deps build/c/spec ## test the C core under valgrind
	@.ci/deps bench
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

bench: build ## measure against references in C (about a minute)
	@.ci/deps bench
	@$(MAKE) --no-print-directory $(bench_programs)
	@$(run) $(lua) bench/run.lua $(CURDIR)/build/bench

# Absolute, so that the exports hold in any folder; the system's own paths stay behind.
lua_path = $(CURDIR)/lua/?.lua;$(CURDIR)/emulator/lua/?.lua;;
lua_cpath = $(CURDIR)/$(build)/?.so;;

run = LUA_PATH='$(lua_path)' LUA_CPATH='$(lua_cpath)'

env: ## print the exports that make `require "fnf"` work from this checkout
	@echo "export LUA_PATH='$(lua_path)' LUA_CPATH='$(lua_cpath)'"

# nginx's own Lua is 5.1, whatever Lua the rest runs in; a client called while nginx starts uses libcurl.
in_nginx = build/5.1/fnf/core.so build/5.1/fnf/curl.so

test: deps build $(in_nginx) build/c/server build/c/spec ## build and pass every test
	@build/c/spec
	@$(run) $(lua) spec/run.lua $(BUSTED)

browser: build $(in_nginx) ## look at the status page in a real browser; screenshots in build/screenshots
	@.ci/deps browser
	@cd spec/browser && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --silent; }
	@$(run) $(lua) spec/run.lua spec/ngx/browser_spec.lua

openresty-demo: build $(in_nginx) ## watch MapRuns of the local emulator in nginx; prints the address of the page
	@$(run) $(lua) examples/openresty/demo.lua

demo: deps build ## wait for a MapRun on the local emulator, with live progress
	@$(run) $(lua) examples/demo.lua

.PHONY: conformance
conformance: build ## check signatures against the vendor's own JavaScript code, both ways
	@.ci/deps conformance
	@cd spec/conformance && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --silent; }
	@$(run) $(lua) spec/conformance/requests.lua > build/requests.jsonl
	@node spec/conformance/recompute.js < build/requests.jsonl
	@$(run) $(lua) spec/conformance/drive.lua

.PHONY: rows
rows: build ## write anew what follows from the rows of the operations
	@for kind in parameters results methods; do $(run) $(lua) spec/support/operation_types.lua $$kind > lua/fnf/types/$$kind.lua; done
	@$(run) $(lua) spec/support/operations_page.lua > build/operations.md && cp build/operations.md docs/operations.md
	@$(lua) spec/support/module_map.lua < CONTRIBUTING.md > build/CONTRIBUTING.md && cp build/CONTRIBUTING.md CONTRIBUTING.md

check: ## formatter and linters; warnings are errors
	@.ci/deps check
	clang-format --dry-run -Werror csrc/*.[ch] spec/c/*.[ch] bench/*.c
	for file in csrc/*.c; do clang-tidy --quiet --warnings-as-errors='*' $$file -- -std=c11 $(call lua_cflags,5.4) 2>/dev/null || exit 1; done
	luacheck --quiet lua emulator spec bench examples bin/fnf emulator/bin/fnf-emulator

install: build ## install below PREFIX=/usr/local, DESTDIR allowed
	for tree in lua emulator/lua; do (cd $$tree && find . -name '*.lua' ! -path './fnf/types*' -exec install -D -m 644 {} $(DESTDIR)$(PREFIX)/share/lua/$(abi)/{} \;) || exit 1; done
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/lib/lua/$(abi)/fnf $(build)/fnf/core.so $(build)/fnf/curl.so
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 bin/fnf $(DESTDIR)$(PREFIX)/bin/fnf
	sed '1s|.*|#!/usr/bin/env $(lua)|' emulator/bin/fnf-emulator > $(DESTDIR)$(PREFIX)/bin/fnf-emulator
	chmod 755 $(DESTDIR)$(PREFIX)/bin/fnf-emulator

uninstall: ## remove what install put below PREFIX
	for tree in lua emulator/lua; do (cd $$tree && find . -name '*.lua' -exec rm -f $(DESTDIR)$(PREFIX)/share/lua/$(abi)/{} \;) || exit 1; done
	rm -f $(DESTDIR)$(PREFIX)/lib/lua/$(abi)/fnf/core.so $(DESTDIR)$(PREFIX)/lib/lua/$(abi)/fnf/curl.so
	rm -f $(DESTDIR)$(PREFIX)/bin/fnf $(DESTDIR)$(PREFIX)/bin/fnf-emulator
	for folder in $(DESTDIR)$(PREFIX)/share/lua/$(abi)/fnf $(DESTDIR)$(PREFIX)/lib/lua/$(abi)/fnf; do \
	  [ ! -d $$folder ] || find $$folder -depth -type d -empty -delete; done

clean: ## remove what was built
	rm -rf build

deps: ## install the system packages that are missing (Debian, Ubuntu)
	@.ci/deps
