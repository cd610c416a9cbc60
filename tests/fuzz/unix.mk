# SPDX-License-Identifier: ISC
#
# Fuzzers of what hosts share.

check_PROGRAMS += tests/fuzz/host_options_fuzz

tests_fuzz_host_options_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_host_options_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_host_options_fuzz_LDADD = backends/host/libtern-host.la base/libtern-base.la
tests_fuzz_host_options_fuzz_SOURCES = tests/fuzz/host_options_fuzz.c

check_PROGRAMS += tests/fuzz/archive_fuzz
tests_fuzz_archive_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_archive_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_archive_fuzz_LDADD = backends/host/libtern-host.la libhttp/libtern-http.la \
    base/libtern-base.la
tests_fuzz_archive_fuzz_SOURCES = tests/fuzz/archive_fuzz.c
