# SPDX-License-Identifier: ISC
#
# Fuzzers of kvm.

if HOST_X86_64
check_PROGRAMS += tests/fuzz/virtio_fuzz
tests_fuzz_virtio_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_virtio_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_virtio_fuzz_SOURCES = \
    tests/fuzz/virtio_fuzz.h \
    tests/fuzz/virtio_fuzz_device.c \
    tests/fuzz/virtio_fuzz.c \
    $(TERN_FUZZ_INPUT) \
    $(TERN_DRIVER_STACK) \
    tests/unit/access_watch.h \
    tests/unit/access_watch.c \
    tests/unit/virtio_fake.c \
    tests/unit/virtio_fake.h \
    $(kvm_virtio_pure)
tests_fuzz_virtio_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la

check_PROGRAMS += tests/fuzz/pvh_fuzz
tests_fuzz_pvh_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_pvh_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_pvh_fuzz_SOURCES = tests/fuzz/pvh_fuzz.c
endif
EXTRA_DIST += tests/fuzz/seeds/virtio tests/fuzz/seeds/pvh
