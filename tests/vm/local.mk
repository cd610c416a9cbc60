# SPDX-License-Identifier: ISC
#
# Images that tests/parts/vm boots: the ground of a guest, trying itself.

if BUILD_KVM
noinst_LTLIBRARIES += tests/vm/libselftest.la
tests_vm_libselftest_la_CFLAGS = $(TERN_LIB_CFLAGS)
tests_vm_libselftest_la_SOURCES = tests/vm/selftest.c
EXTRA_DIST += tests/vm/asset.S

SELFTEST_ARCHIVES = backends/pvh/.libs/libtern-pvh.a \
    base/.libs/libtern-base.a
SELFTEST_DEPS = tests/vm/libselftest.la backends/pvh/libtern-pvh.la base/libtern-base.la \
    tests/vm/asset.S

# An asset of 100,000 octets, and one of 100 MB, which only the test makes.
tests/vm/selftest.elf: $(SELFTEST_DEPS) $(PVH_LINK_DEPS)
	$(AM_V_GEN)head -c 100000 /dev/zero >tests/vm/asset.small && \
	$(CC) -DSELFTEST_ASSET='"tests/vm/asset.small"' -c -o tests/vm/asset-small.o \
	    $(srcdir)/tests/vm/asset.S && \
	$(PVH_LINK) -o $@ tests/vm/asset-small.o --whole-archive tests/vm/.libs/libselftest.a \
	    --no-whole-archive $(SELFTEST_ARCHIVES)
tests/vm/selftest-big.elf: $(SELFTEST_DEPS) $(PVH_LINK_DEPS)
	$(AM_V_GEN)truncate -s 100000000 tests/vm/asset.big && \
	$(CC) -DSELFTEST_ASSET='"tests/vm/asset.big"' -c -o tests/vm/asset-big.o \
	    $(srcdir)/tests/vm/asset.S && \
	$(PVH_LINK) -s -o $@ tests/vm/asset-big.o --whole-archive tests/vm/.libs/libselftest.a \
	    --no-whole-archive $(SELFTEST_ARCHIVES) && \
	rm -f tests/vm/asset-big.o tests/vm/asset.big

noinst_DATA += tests/vm/selftest.elf
CLEANFILES += tests/vm/selftest.elf tests/vm/selftest-big.elf tests/vm/asset-small.o \
    tests/vm/asset-big.o tests/vm/asset.small tests/vm/asset.big
endif
