# SPDX-License-Identifier: ISC
#
# Unit tests of the unix backend and of what hosts share.

check_PROGRAMS += tests/unit/unix_main
tests_unit_unix_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_unix_main_LDADD = backends/unix/libtern-unix.la libnet/libtern-net.la \
    base/libtern-base.la $(CHECK_LIBS)
tests_unit_unix_main_SOURCES = \
    tests/unit/unix_main.c \
    tests/unit/host_options_test.c \
    tests/unit/host_links_test.c \
    tests/unit/host_carve_test.c \
    tests/unit/host_core_test.c \
    tests/unit/archive_make.h \
    tests/unit/archive_make.c \
    tests/unit/host_modules_test.c \
    tests/unit/unix_loop_test.c \
    tests/unit/unix_sockets_test.c \
    tests/unit/unix_dgram_test.c \
    tests/unit/unix_vnet_test.c \
    tests/unit/unix_tap_test.c \
    tests/unit/unix_checksum_test.c

# What parts of ./test drive programs with.
check_PROGRAMS += tests/unix/load tests/unix/bulk tests/unix/tap_impaired
tests_unix_load_CFLAGS = $(TERN_CFLAGS)
tests_unix_load_SOURCES = tests/unix/load.c tests/unix/pattern.h
tests_unix_bulk_CFLAGS = $(TERN_CFLAGS)
tests_unix_bulk_LDFLAGS = -static
tests_unix_bulk_LDADD = backends/unix/libtern-unix.la libnet/libtern-net.la base/libtern-base.la
tests_unix_bulk_SOURCES = tests/unix/bulk.c tests/unix/pattern.h
tests_unix_tap_impaired_CFLAGS = $(TERN_CFLAGS)
tests_unix_tap_impaired_LDFLAGS = -static
tests_unix_tap_impaired_LDADD = $(tests_unix_bulk_LDADD)
tests_unix_tap_impaired_SOURCES = tests/unix/tap_impaired.c tests/unix/bulk.c \
    tests/unix/pattern.h tests/sim/impair.h tests/sim/impair.c tests/sim/sim.h tests/sim/sim.c
check_PROGRAMS += tests/unix/station
tests_unix_station_CFLAGS = $(TERN_CFLAGS)
tests_unix_station_LDFLAGS = -static
tests_unix_station_LDADD = $(tests_unix_bulk_LDADD)
tests_unix_station_SOURCES = tests/unix/station.c tests/unix/bulk.c tests/unix/pattern.h
check_PROGRAMS += tests/unix/sealed
tests_unix_sealed_CFLAGS = $(TERN_CFLAGS)
tests_unix_sealed_LDFLAGS = -static
tests_unix_sealed_LDADD = $(tests_unix_bulk_LDADD)
tests_unix_sealed_SOURCES = tests/unix/sealed.c
