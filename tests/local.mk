# SPDX-License-Identifier: ISC
#
# What ./test runs. check_PROGRAMS are built by `make check-programs`; each
# area's unit tests are one program, each fuzzer is one.

noinst_HEADERS += tests/unit/suites.h

if HAVE_CHECK
include tests/unit/base.mk
include tests/unit/net.mk
include tests/unit/net6.mk
include tests/unit/tcp.mk
include tests/unit/http.mk
include tests/unit/unix.mk
include tests/unit/kvm.mk
include tests/unit/tools.mk
endif
include tests/unit/xen.mk

EXTRA_DIST += tests/cross/check.h tests/cross/check_run.c
# What is no program's source: ./test of an unpacked tarball is whole.
EXTRA_DIST += .clang-format .clang-tidy pcaps tests/xen tests/ip6 tests/parts tests/fuzz/seeds tests/abi tests/abi-layout \
	tests/asks tests/budget tests/hostile tests/manual.pl tests/mutants.files \
	tests/mutants.known tests/mutate tests/peers tests/prometheus.pl tools/setup.sh \
	benchmarks/lib.sh

include tests/sim/local.mk
include tests/replay/local.mk
include tests/vm/local.mk

# What tests/parts/image compares with objdump.
check_PROGRAMS += tests/vm/x86_list
tests_vm_x86_list_CFLAGS = $(TERN_CFLAGS)
tests_vm_x86_list_SOURCES = tests/vm/x86_list.c tools/x86.h tools/x86.c

if FUZZING
include tests/fuzz/base.mk
include tests/fuzz/net.mk
include tests/fuzz/net6.mk
include tests/fuzz/tcp.mk
include tests/fuzz/http.mk
include tests/fuzz/unix.mk
include tests/fuzz/kvm.mk
include tests/fuzz/tools.mk
include tests/fuzz/xen.mk
endif
