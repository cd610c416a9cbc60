# SPDX-License-Identifier: ISC
#
# Unit tests of net.

TERN_NET_FIXTURE = \
    tests/unit/fake_link.h \
    tests/unit/fake_link.c \
    tests/unit/packet.h \
    tests/unit/packet.c \
    tests/unit/net_fixture.h \
    tests/unit/net_fixture.c

check_PROGRAMS += tests/unit/net_main
tests_unit_net_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_net_main_LDADD = libnet/libtern-net.la base/libtern-base.la $(CHECK_LIBS)
tests_unit_net_main_SOURCES = \
    tests/unit/net_main.c \
    $(TERN_NET_FIXTURE) \
    tests/unit/net_test.c \
    tests/unit/net_group_test.c \
    tests/unit/net_route_test.c \
    tests/unit/eth_test.c \
    tests/unit/ip_neighbour_test.c \
    tests/unit/arp_frames.h \
    tests/unit/arp_test.c \
    tests/unit/arp_conflict_test.c \
    tests/unit/ipv4_test.c \
    tests/unit/ipv4_output_test.c \
    tests/unit/ipv4_reassembly_test.c \
    tests/unit/icmp4_test.c \
    tests/unit/igmp_test.c \
    tests/unit/udp_fixture.h \
    tests/unit/udp_test.c \
    tests/unit/udp_batch_test.c \
    tests/unit/net_metrics_test.c \
    tests/unit/dhcp4_fixture.h \
    tests/unit/dhcp4_test.c \
    tests/unit/dhcp4_answer_test.c \
    tests/unit/dhcp4_lease_test.c \
    tests/unit/linklocal4_test.c

check_PROGRAMS += tests/unit/forward_main
tests_unit_forward_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_forward_main_LDADD = libnet/libtern-net.la base/libtern-base.la $(CHECK_LIBS)
tests_unit_forward_main_SOURCES = \
    tests/unit/forward_main.c \
    tests/unit/forward_fixture.h \
    tests/unit/forward_fixture.c \
    tests/unit/fake_link.h \
    tests/unit/fake_link.c \
    tests/unit/packet.h \
    tests/unit/packet.c \
    tests/unit/forward_test.c \
    tests/unit/forward_refuse_test.c \
    tests/unit/forward_policy_test.c \
    tests/unit/forward_cut_test.c
