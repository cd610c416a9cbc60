# SPDX-License-Identifier: ISC
#
# Fuzzers of the Xen drivers.

# Comparisons of the Xen in one process are no news to a fuzzer of the drivers.
TERN_FUZZ_XEN_CFLAGS = $(TERN_CFLAGS) -fno-sanitize-coverage=trace-cmp

if HAVE_XEN
if HOST_X86_64
check_PROGRAMS += tests/fuzz/netfront_fuzz tests/fuzz/xenstore_fuzz

tests_fuzz_netfront_fuzz_CFLAGS = $(TERN_FUZZ_XEN_CFLAGS)
tests_fuzz_netfront_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_netfront_fuzz_SOURCES = tests/fuzz/netfront_fuzz.h tests/fuzz/netfront_fuzz_backend.c \
    tests/fuzz/netfront_fuzz.c $(TERN_FUZZ_INPUT) $(XEN_FAKE) $(TERN_DRIVER_STACK)
tests_fuzz_netfront_fuzz_LDADD = backends/xen/libtern-xenfront.la libnet/libtern-net.la \
    base/libtern-base.la

tests_fuzz_xenstore_fuzz_CFLAGS = $(TERN_FUZZ_XEN_CFLAGS)
tests_fuzz_xenstore_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_xenstore_fuzz_SOURCES = tests/fuzz/xenstore_fuzz.c $(TERN_FUZZ_INPUT) $(XEN_FAKE)
tests_fuzz_xenstore_fuzz_LDADD = backends/xen/libtern-xenfront.la base/libtern-base.la
endif
endif
EXTRA_DIST += tests/fuzz/seeds/netfront tests/fuzz/seeds/xenstore
