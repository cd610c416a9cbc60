# SPDX-License-Identifier: ISC
#
# Unit tests of IPv6 and its family.

check_PROGRAMS += tests/unit/net6_main
tests_unit_net6_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_net6_main_LDADD = libnet/libtern-net.la base/libtern-base.la $(CHECK_LIBS)
tests_unit_net6_main_SOURCES = \
    tests/unit/net6_main.c \
    tests/unit/exact.h \
    tests/unit/ipv6_wire_test.c \
    tests/unit/icmp6_wire_test.c \
    tests/unit/names_wire_test.c \
    tests/unit/nd_wire_test.c \
    tests/unit/group_wire_test.c \
    tests/unit/dhcp6_wire_test.c \
    tests/unit/fake_link.h \
    tests/unit/fake_link.c \
    tests/unit/packet.h \
    tests/unit/packet.c \
    tests/unit/net6_fixture.h \
    tests/unit/net6_fixture.c \
    tests/unit/ipv6_test.c \
    tests/unit/icmp6_test.c \
    tests/unit/ipv6_addr_test.c \
    tests/unit/nd_test.c \
    tests/unit/nd_router_fixture.h \
    tests/unit/nd_router_test.c \
    tests/unit/nd_router_hostile_test.c \
    tests/unit/nd_redirect_test.c \
    tests/unit/slaac_test.c \
    tests/unit/mld_test.c \
    tests/unit/dhcp6_fixture.h \
    tests/unit/dhcp6_fixture.c \
    tests/unit/dhcp6_test.c \
    tests/unit/dhcp6_lease_test.c \
    tests/unit/dhcp6_answer_test.c
