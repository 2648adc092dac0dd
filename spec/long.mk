# The long runs: torture, fuzzing, mutants, soak, and what is shipped. docs/testing-of-fnf.md has their figures.
# SPDX-License-Identifier: MIT

.PHONY: torture
build/torture/%: spec/torture/host.c Makefile spec/long.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -O1 -g -fno-builtin $(call lua_cflags,$*) -o $@ $< $(call lua_libs,$*) -ldl -Wl,-E

torture: build build/torture/5.4
torture: ## let every allocation and system call of a call fail; SAMPLE=20 of a kind, SCHEME=http, START=warm
	@$(run) $(lua) spec/torture/run.lua build/torture/5.4 $(or $(SAMPLE),whole) $(or $(SEED),1) $(SCHEME) $(START)

# Each target for FUZZ_SECONDS (or FUZZ_RUNS; with a SEED the same each time), over the corpus of the repository; what
# is found new stays in build/fuzz.
fuzz_targets = buf canonical sign rsa head file process normalize answer transports
FUZZ_SECONDS ?= 10
FUZZ_RUNS ?= -1

fuzz_c = spec/fuzz/targets.c spec/fuzz/answer.c $(filter-out csrc/lua_curl.c csrc/lua_redis.c,$(wildcard csrc/*.c))
fuzz_flags = -std=c11 -O1 -g -Icsrc $(call lua_cflags,5.4) $(shell pkg-config --cflags libcurl libcrypto)
fuzz_libs = $(call lua_libs,5.4) $(shell pkg-config --libs libcurl libcrypto) -lpthread -Wl,-E

# Without trace-cmp, a call at each comparison of each byte: two to four times as many inputs. What compares texts is
# seen all the same.
build/fuzz/targets: $(fuzz_c) spec/fuzz/targets.h $(headers) Makefile spec/long.mk
	@mkdir -p $(@D)
	clang $(fuzz_flags) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	  -fno-sanitize-coverage=trace-cmp -o $@ $(fuzz_c) $(fuzz_libs)

build/fuzz/linear: $(fuzz_c) spec/fuzz/targets.h $(headers) Makefile spec/long.mk
	@mkdir -p $(@D)
	clang $(fuzz_flags) -DFNF_LINEAR -fsanitize-coverage=trace-pc -o $@ $(fuzz_c) $(fuzz_libs)

.PHONY: fuzz fuzz-c fuzz-linear fuzz-lua
fuzz: fuzz-c fuzz-linear fuzz-lua
fuzz: ## fuzz C by libFuzzer with ASan and UBSan, and the parsers in Lua; FUZZ_SECONDS=10 a target

fuzz-c: build/fuzz/targets
	@for target in $(fuzz_targets); do \
	  mkdir -p build/fuzz/$$target; \
	  FNF_FUZZ=$$target $< -max_total_time=$(FUZZ_SECONDS) -runs=$(FUZZ_RUNS) -seed=$(or $(SEED),0) \
	    -max_len=512 -timeout=60 -detect_leaks=0 -rss_limit_mb=1024 \
	    -artifact_prefix=build/fuzz/$$target- build/fuzz/$$target spec/fuzz/corpus/$$target \
	    >build/fuzz/$$target.log 2>&1 || \
	    { tail -40 build/fuzz/$$target.log; exit 1; }; \
	  sed -n "s/^Done \([0-9]*\) runs.*/$$target: \1 executions/p" build/fuzz/$$target.log; \
	done

fuzz-linear: build/fuzz/linear
	@for target in $(fuzz_targets); do \
	  FNF_FUZZ=$$target $< spec/fuzz/corpus/$$target/* $$(find build/fuzz/$$target -type f 2>/dev/null) || exit 1; done

fuzz-lua: build
	@LUA_PATH='./?.lua;$(lua_path)' LUA_CPATH='$(lua_cpath)' \
	  $(lua) spec/fuzz/parsers.lua $(FUZZ_SECONDS) $(or $(SEED),1) $(FUZZ_RUNS)

# Marks the lines of Lua that run, for LUA_INIT and nginx; docs in its head.
build/coverage/%/hook.so: spec/coverage/hook.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -Wall -Wextra -O2 -fPIC -shared $(call lua_cflags,$*) -o $@ $< -ldl

coverage_hooks = build/coverage/5.4/hook.so build/coverage/5.1/hook.so

# Each C file is compiled once for all that is tested, so that nginx' modules, those of Lua 5.4 and the C specs count
# into the same figures; the glue twice, for it differs between the Luas.
coverage_flags = -std=c11 -O0 -g --coverage -fPIC -Icsrc -Ispec/c $(shell pkg-config --cflags libcurl libssl)
coverage_pure = $(patsubst csrc/%.c,build/coverage/objects/%.o,$(filter-out csrc/lua_%,$(1)))
coverage_glue = $(patsubst csrc/%.c,build/coverage/objects/$(2)/%.o,$(filter csrc/lua_%,$(1)))
coverage_module = $(CC) --coverage -shared -o build/$(1)/fnf/$(2).so $(call coverage_pure,$($(2))) \
  $(call coverage_glue,$($(2)),$(1))
coverage_spec = $(patsubst %.c,build/coverage/spec/%.o,$(notdir $(filter spec/c/%,$(spec_c_main)) vectors.c))

build/coverage/objects/%/lua_redis.o: coverage_flags += $(redis_flags)
build/coverage/objects/5.4/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(CC) $(coverage_flags) $(call lua_cflags,5.4) -c -o $@ $<
build/coverage/objects/5.1/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(CC) $(coverage_flags) $(call lua_cflags,5.1) -c -o $@ $<
build/coverage/objects/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(CC) $(coverage_flags) -c -o $@ $<
build/coverage/spec/%.o: spec/c/%.c
	@mkdir -p $(@D)
	$(CC) $(spec_c_flags) -O1 -c -o $@ $<
build/coverage/spec/%.o: spec/c/glue/%.c
	@mkdir -p $(@D)
	$(CC) $(spec_c_flags) $(redis_flags) -O1 -c -o $@ $<
build/coverage/spec/5.4/main.o build/coverage/spec/5.1/main.o: build/coverage/spec/%/main.o: spec/c/glue/main.c
	@mkdir -p $(@D)
	$(CC) $(spec_c_flags) $(call lua_cflags,$*) -O1 -c -o $@ $<
build/coverage/spec/vectors.o: build/c/vectors.c
	@mkdir -p $(@D)
	$(CC) $(spec_c_flags) -O1 -c -o $@ $<
coverage_host = $(CC) --coverage -Wl,-u,__gcov_dump -o build/$(1)/glue $(addprefix build/coverage/spec/,$(1)/main.o \
  hiredis.o calls.o memory.o tap.o) $(call coverage_pure,$(sort $(core) $(curl))) \
  $(call coverage_glue,$(sort $(core) $(curl) $(redis)),$(1)) $(call lua_libs,$(1)) \
  $(filter-out %OPENSSL_cleanse,$(spec_c_libs)) $(glue_libs)

.PHONY: coverage coverage-build
# In the copy that spec/coverage/run.lua makes, over its modules: its objects' counts stay in it.
coverage-build: $(call coverage_pure,$(wildcard csrc/*.c)) $(coverage_spec) build/c/server \
  $(addprefix build/coverage/spec/,hiredis.o 5.4/main.o 5.1/main.o) \
  $(foreach abi,5.4 5.1,$(call coverage_glue,$(wildcard csrc/*.c),$(abi)))
	@mkdir -p build/5.4/fnf build/5.1/fnf
	$(foreach abi,5.4 5.1,$(call coverage_module,$(abi),core) -lcrypto && $(call coverage_module,$(abi),curl) -lcurl && \
	  $(call coverage_module,$(abi),redis) $(redis_libs) &&) \
	$(foreach abi,5.4 5.1,$(call coverage_host,$(abi)) &&) \
	$(CC) --coverage -Wl,-u,__gcov_dump -o build/c/spec $(coverage_spec) \
	  $(call coverage_pure,$(wildcard csrc/*.c)) $(spec_c_libs)

coverage: build $(coverage_hooks)
coverage: ## run the specs and name lines and branches that none runs, in most of an hour; SPECS=spec/call
	@.ci/deps share
	@LUA_PATH='./?.lua;$(lua_path)' LUA_CPATH='$(lua_cpath)' lua5.4 spec/coverage/run.lua $(SPECS)

# What a mutant in C must pass first, one object built anew.
mutant_flags = -std=c11 -g -O1 -w $(sanitizers) -Icsrc -Ispec/c $(shell pkg-config --cflags libcurl libssl)
build/mutant/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(CC) $(mutant_flags) -c -o $@ $<
build/mutant/%.o: spec/c/%.c
	@mkdir -p $(@D)
	$(CC) $(mutant_flags) -c -o $@ $<
build/mutant/%.o: spec/mutation/%.c
	@mkdir -p $(@D)
	$(CC) $(mutant_flags) -c -o $@ $<
build/mutant/vectors.o: build/c/vectors.c
	@mkdir -p $(@D)
	$(CC) $(mutant_flags) -c -o $@ $<

build/mutant/quick build/mutant/failing: build/mutant/%: build/mutant/%.o \
  $(patsubst %.c,build/mutant/%.o,$(notdir $(filter-out spec/c/main.c,$(spec_c_main)) vectors.c))
	$(CC) $(sanitizers) -o $@ $^ $(spec_c_libs)

.PHONY: mutants
mutants: build $(in_nginx) build/c/server build/mutant/quick build/mutant/failing $(coverage_hooks)
mutants: ## break the code COUNT=300 times and see whether a spec notices; SEED=1
	@LUA_PATH='./?.lua;$(lua_path)' LUA_CPATH='$(lua_cpath)' \
	  lua5.4 spec/mutation/run.lua $(or $(COUNT),300) $(or $(SEED),1) $(FILE)

# Every C spec with char unsigned; those without a network for big endian and 32 bits, in qemu.
build/c/spec-unsigned: $(spec_c_main) build/c/vectors.c $(headers) $(wildcard spec/c/*.h) Makefile
	$(CC) $(spec_c_flags) -O1 -funsigned-char -o $@ $(spec_c_main) build/c/vectors.c $(spec_c_libs)

.PHONY: foreign
foreign: deps-foreign build/c/spec-unsigned ## pass the C specs with char unsigned, with big endian and with 32 bits
	build/c/spec-unsigned
	spec/foreign/run.sh

.PHONY: static sbom binary-rock
static: ## cppcheck and gcc's analyzer over the C, at zero findings
	@.ci/deps proof
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	  -D'__has_include(x)=1' -DLIBCURL_VERSION_NUM=0x080000 -DOPENSSL_VERSION_NUMBER=0x30000000L -Icsrc csrc
	for file in $(filter-out $(if $(glue_redis),,csrc/lua_redis.c),$(wildcard csrc/*.c)); do \
	  gcc -std=c11 -O1 -fanalyzer -Wall -Wextra -Werror -c -o /dev/null $(call lua_cflags,5.4) \
	  $(shell pkg-config --cflags libcurl libcrypto hiredis 2>/dev/null || pkg-config --cflags libcurl libcrypto) \
	  $$file || exit 1; done

sbom: build ## print what the rocks need, as CycloneDX
	@$(run) lua5.4 spec/supply/sbom.lua

binary-rock: ## build the rock, bit for bit the same from the same commit
	@spec/supply/rock.sh

.PHONY: soak
soak: build $(in_nginx) ## poll for MINUTES=1 over both transports, with faults; memory and descriptors must stay flat
	@LUA_PATH='./?.lua;$(lua_path)' LUA_CPATH='$(lua_cpath)' $(lua) spec/soak/run.lua $(or $(MINUTES),1)
