# SPDX-License-Identifier: ISC
#
# Fuzzers of base.

check_PROGRAMS += tests/fuzz/addr_fuzz tests/fuzz/feed_fuzz

tests_fuzz_addr_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_addr_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_addr_fuzz_LDADD = base/libtern-base.la
tests_fuzz_addr_fuzz_SOURCES = tests/fuzz/addr_fuzz.c

tests_fuzz_feed_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_feed_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_feed_fuzz_LDADD = base/libtern-base.la
tests_fuzz_feed_fuzz_SOURCES = tests/fuzz/feed_fuzz.c
