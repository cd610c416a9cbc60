# SPDX-License-Identifier: ISC
#
# Unit tests of kvm: the drivers' very objects out of the archive that images
# are linked with; under the sanitizers, where it is not built, their sources.
# The test's device watches single accesses, which is done for x86-64 only.

if HOST_X86_64
check_PROGRAMS += tests/unit/kvm_main
tests_unit_kvm_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_kvm_main_SOURCES = \
    tests/unit/kvm_main.c \
    tests/unit/access_watch.h \
    tests/unit/access_watch.c \
    tests/unit/virtio_fake.c \
    tests/unit/virtio_fake.h \
    tests/unit/virtio_net_fixture.c \
    tests/unit/virtio_net_fixture.h \
    tests/unit/virtio_queue_test.c \
    tests/unit/virtio_pieces_test.c \
    tests/unit/virtio_net_test.c \
    tests/unit/virtio_net_frames_test.c \
    tests/unit/virtio_net_hostile_test.c \
    tests/unit/virtio_again_test.c \
    tests/unit/fake_link.h \
    tests/unit/fake_link.c \
    tests/unit/virtio_tcp_test.c \
    tests/unit/virtio_rng_test.c \
    tests/unit/virtio_bus_fixture.c \
    tests/unit/virtio_bus_fixture.h \
    tests/unit/virtio_bus_test.c \
    tests/unit/virtio_mmio_test.c
if BUILD_KVM
tests_unit_kvm_main_SOURCES += tests/unit/stack_guard.c
tests_unit_kvm_main_LDFLAGS = -static -no-pie
tests_unit_kvm_main_LDADD = backends/kvm/libtern-kvm.la libnet/libtern-net.la \
    base/libtern-base.la $(CHECK_LIBS)
else
tests_unit_kvm_main_SOURCES += $(kvm_virtio_pure) $(kvm_virtio_handlers) \
    $(kvm_virtio_guest)
tests_unit_kvm_main_LDADD = libnet/libtern-net.la base/libtern-base.la $(CHECK_LIBS)
endif

# What loader and firmware tell: its sources are included by the test.
check_PROGRAMS += tests/unit/pvh_main
tests_unit_pvh_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_pvh_main_LDADD = $(CHECK_LIBS)
tests_unit_pvh_main_SOURCES = \
    tests/unit/pvh_main.c \
    tests/unit/pvh_fixture.h \
    tests/unit/pvh_fixture.c \
    tests/unit/pvh_acpi_test.c \
    tests/unit/pvh_words_test.c \
    tests/unit/pvh_mem_test.c
endif
