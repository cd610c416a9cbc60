# SPDX-License-Identifier: ISC
#
# Unit tests of tcp.

check_PROGRAMS += tests/unit/tcp_main
tests_unit_tcp_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_tcp_main_LDADD = libnet/libtern-net.la base/libtern-base.la $(CHECK_LIBS)
tests_unit_tcp_main_SOURCES = \
    tests/unit/tcp_main.c \
    tests/unit/fake_link.h \
    tests/unit/fake_link.c \
    tests/unit/packet.h \
    tests/unit/packet.c \
    tests/unit/tcp_script.h \
    tests/unit/tcp_script.c \
    tests/unit/tcp_wire_test.c \
    tests/unit/tcp_open_test.c \
    tests/unit/tcp_input_test.c \
    tests/unit/tcp_close_test.c \
    tests/unit/tcp_hostile_test.c \
    tests/unit/tcp_rules_test.c \
    tests/unit/tcp_pool_test.c \
    tests/unit/tcp_recv_test.c \
    tests/unit/tcp_ack_test.c \
    tests/unit/tcp_output_test.c \
    tests/unit/tcp_timer_test.c
