# SPDX-License-Identifier: ISC
#
# Images that tests/parts/vm boots: the ground of a guest, and its network
# device, trying themselves.

if BUILD_KVM
noinst_LTLIBRARIES += tests/vm/libselftest.la tests/vm/liblinktest.la
tests_vm_libselftest_la_CFLAGS = $(TERN_LIB_CFLAGS)
tests_vm_libselftest_la_SOURCES = \
    tests/vm/selftest.h \
    tests/vm/selftest.c \
    tests/vm/selftest_violate.c \
    tests/vm/selftest_ap.c \
    tests/vm/selftest_run.c
tests_vm_liblinktest_la_CFLAGS = $(PVH_CFLAGS)
tests_vm_liblinktest_la_SOURCES = tests/vm/link.c
EXTRA_DIST += tests/vm/asset.S

VM_GROUND = --start-group backends/pvh/.libs/libtern-pvh.a backends/kvm/.libs/libtern-pc.a \
    --end-group base/.libs/libtern-base.a
VM_GROUND_DEPS = backends/pvh/libtern-pvh.la backends/kvm/libtern-pc.la base/libtern-base.la $(PVH_LINK_DEPS)

# With an asset of 100,000 octets, and with one of 100 MB, which only the test makes.
tests/vm/selftest.elf: tests/vm/libselftest.la tests/vm/asset.S $(VM_GROUND_DEPS)
	$(AM_V_GEN)head -c 100000 /dev/zero >tests/vm/asset.small && \
	$(CC) -DSELFTEST_ASSET='"tests/vm/asset.small"' -c -o tests/vm/asset-small.o \
	    $(srcdir)/tests/vm/asset.S && \
	$(PVH_LINK) -o $@ tests/vm/asset-small.o --whole-archive tests/vm/.libs/libselftest.a \
	    --no-whole-archive $(VM_GROUND)
tests/vm/selftest-big.elf: tests/vm/libselftest.la tests/vm/asset.S $(VM_GROUND_DEPS)
	$(AM_V_GEN)truncate -s 100000000 tests/vm/asset.big && \
	$(CC) -DSELFTEST_ASSET='"tests/vm/asset.big"' -c -o tests/vm/asset-big.o \
	    $(srcdir)/tests/vm/asset.S && \
	$(PVH_LINK) -s -o $@ tests/vm/asset-big.o --whole-archive tests/vm/.libs/libselftest.a \
	    --no-whole-archive $(VM_GROUND) && \
	rm -f tests/vm/asset-big.o tests/vm/asset.big
tests/vm/link.elf: tests/vm/liblinktest.la backends/kvm/libtern-virtio.la \
    backends/kvm/libtern-virtio-handlers.la $(VM_GROUND_DEPS)
	$(AM_V_GEN)$(PVH_LINK) -o $@ --whole-archive tests/vm/.libs/liblinktest.a \
	    --no-whole-archive --start-group backends/kvm/.libs/libtern-virtio.a \
	    backends/kvm/.libs/libtern-virtio-handlers.a backends/pvh/.libs/libtern-pvh.a \
	    backends/kvm/.libs/libtern-pc.a base/.libs/libtern-base.a --end-group

# Stands above the images that it loads.
tests/vm/loader.elf: tests/vm/loader.S tests/vm/loader.c
	$(AM_V_GEN)$(MKDIR_P) tests/vm && \
	$(CC) -c -o tests/vm/loader-start.o $(srcdir)/tests/vm/loader.S && \
	$(CC) $(TERN_LIB_CFLAGS) -O1 -mgeneral-regs-only -mno-red-zone -fno-pic \
	    -fno-stack-protector -c -o tests/vm/loader.o $(srcdir)/tests/vm/loader.c && \
	$(LD) -static -nostdlib -Ttext-segment=0x1000000 -e loader_start -z noexecstack -o $@ \
	    tests/vm/loader-start.o tests/vm/loader.o

noinst_DATA += tests/vm/selftest.elf tests/vm/link.elf tests/vm/loader.elf
EXTRA_DIST += tests/vm/loader.S tests/vm/loader.c
CLEANFILES += tests/vm/loader.elf tests/vm/loader-start.o tests/vm/loader.o
CLEANFILES += tests/vm/selftest.elf tests/vm/selftest-big.elf tests/vm/link.elf \
    tests/vm/asset-small.o tests/vm/asset-big.o tests/vm/asset.small tests/vm/asset.big
endif
