# SPDX-License-Identifier: ISC
#
# Fuzzers of tcp.

check_PROGRAMS += tests/fuzz/tcp_fuzz
tests_fuzz_tcp_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_tcp_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_tcp_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_tcp_fuzz_SOURCES = tests/fuzz/tcp_fuzz.c
