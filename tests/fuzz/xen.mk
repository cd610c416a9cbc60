# SPDX-License-Identifier: ISC
#
# Fuzzers of the Xen drivers.

if HAVE_XEN
if HOST_X86_64
check_PROGRAMS += tests/fuzz/netfront_fuzz tests/fuzz/xenstore_fuzz

tests_fuzz_netfront_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_netfront_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_netfront_fuzz_SOURCES = tests/fuzz/netfront_fuzz.c $(XEN_FAKE)
tests_fuzz_netfront_fuzz_LDADD = backends/xen/libtern-xenfront.la base/libtern-base.la

tests_fuzz_xenstore_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_xenstore_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_xenstore_fuzz_SOURCES = tests/fuzz/xenstore_fuzz.c $(XEN_FAKE)
tests_fuzz_xenstore_fuzz_LDADD = backends/xen/libtern-xenfront.la base/libtern-base.la
endif
endif
EXTRA_DIST += tests/fuzz/seeds/netfront tests/fuzz/seeds/xenstore
