# SPDX-License-Identifier: ISC
#
# Fuzzers of libhttp.

check_PROGRAMS += tests/fuzz/http_head_fuzz tests/fuzz/http_chunked_fuzz \
    tests/fuzz/http_target_fuzz tests/fuzz/http_server_fuzz tests/fuzz/http_select_fuzz

tests_fuzz_http_head_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_http_head_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_http_head_fuzz_LDADD = libhttp/libtern-http.la base/libtern-base.la
tests_fuzz_http_head_fuzz_SOURCES = tests/fuzz/http_head_fuzz.c

tests_fuzz_http_chunked_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_http_chunked_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_http_chunked_fuzz_LDADD = libhttp/libtern-http.la base/libtern-base.la
tests_fuzz_http_chunked_fuzz_SOURCES = tests/fuzz/http_chunked_fuzz.c

tests_fuzz_http_target_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_http_target_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_http_target_fuzz_LDADD = libhttp/libtern-http.la base/libtern-base.la
tests_fuzz_http_target_fuzz_SOURCES = tests/fuzz/http_target_fuzz.c

tests_fuzz_http_server_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_http_server_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_http_server_fuzz_LDADD = libhttp/libtern-http.la base/libtern-base.la
tests_fuzz_http_server_fuzz_SOURCES = tests/fuzz/http_server_fuzz.c

tests_fuzz_http_select_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_http_select_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_http_select_fuzz_LDADD = libhttp/libtern-http.la base/libtern-base.la
tests_fuzz_http_select_fuzz_SOURCES = tests/fuzz/http_select_fuzz.c
