# The long runs: torture, fuzzing, mutants, coverage, soak, and what is shipped. docs/testing-of-fnf.md has their figures.
# SPDX-License-Identifier: MIT

.PHONY: torture
build/torture/%: spec/torture/host.c Makefile spec/long.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -O1 -g -fno-builtin $(call lua_cflags,$*) -o $@ $< $(call lua_libs,$*) -ldl -Wl,-E

torture: build build/torture/5.4 ## let every allocation and system call of a call fail; SAMPLE=20 for so many of a kind
	@$(run) $(lua) spec/torture/run.lua build/torture/5.4 $(or $(SAMPLE),whole) $(or $(SEED),1)
