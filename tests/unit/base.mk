# SPDX-License-Identifier: ISC
#
# Unit tests of base.

check_PROGRAMS += tests/unit/base_main
tests_unit_base_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_base_main_LDADD = base/libtern-base.la $(CHECK_LIBS)
tests_unit_base_main_SOURCES = \
    tests/unit/base_main.c \
    tests/unit/err_test.c \
    tests/unit/addr_test.c \
    tests/unit/dial_order_test.c \
    tests/unit/wheel_test.c \
    tests/unit/turn_test.c \
    tests/unit/block_test.c \
    tests/unit/siphash_test.c \
    tests/unit/checksum_test.c \
    tests/unit/drbg_test.c \
    tests/unit/archive_make.h \
    tests/unit/archive_make.c \
    tests/unit/archive_test.c \
    tests/unit/metrics_test.c \
    tests/unit/feed_fixture.h \
    tests/unit/feed_test.c \
    tests/unit/feed_write_test.c \
    tests/unit/feed_end_test.c

# The stream contract's script over every provider.
check_PROGRAMS += tests/unit/stream_main
tests_unit_stream_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_stream_main_LDADD = backends/unix/libtern-unix.la libnet/libtern-net.la \
    base/libtern-base.la $(CHECK_LIBS)
tests_unit_stream_main_SOURCES = \
    tests/unit/stream_main.c \
    tests/stream/conform.h \
    tests/stream/conform_user.h \
    tests/stream/conform_user.c \
    tests/stream/conform_steps.h \
    tests/stream/conform_script.c \
    tests/stream/conform_ends.c \
    tests/stream/filter.h \
    tests/stream/filter.c \
    tests/stream/filter_driver.c \
    tests/stream/feed_driver.c \
    tests/stream/sockets_driver.c \
    tests/stream/net_driver.c \
    tests/sim/sim.h \
    tests/sim/sim.c \
    tests/sim/impair.h \
    tests/sim/impair.c \
    tests/sim/hosts.h \
    tests/sim/hosts.c \
    tests/stream/conform_test.c
