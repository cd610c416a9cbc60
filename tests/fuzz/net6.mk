# SPDX-License-Identifier: ISC
#
# Fuzzers of IPv6 and its family.

check_PROGRAMS += tests/fuzz/ipv6_wire_fuzz \
    tests/fuzz/icmp6_wire_fuzz \
    tests/fuzz/nd_wire_fuzz \
    tests/fuzz/mld_wire_fuzz \
    tests/fuzz/igmp_wire_fuzz \
    tests/fuzz/dhcp6_wire_fuzz \
    tests/fuzz/nd_fuzz \
    tests/fuzz/clients_fuzz

tests_fuzz_ipv6_wire_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_ipv6_wire_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_ipv6_wire_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_ipv6_wire_fuzz_SOURCES = tests/fuzz/ipv6_wire_fuzz.c tests/unit/exact.h

tests_fuzz_icmp6_wire_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_icmp6_wire_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_icmp6_wire_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_icmp6_wire_fuzz_SOURCES = tests/fuzz/icmp6_wire_fuzz.c tests/unit/exact.h

tests_fuzz_nd_wire_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_nd_wire_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_nd_wire_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_nd_wire_fuzz_SOURCES = tests/fuzz/nd_wire_fuzz.c tests/unit/exact.h

tests_fuzz_mld_wire_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_mld_wire_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_mld_wire_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_mld_wire_fuzz_SOURCES = tests/fuzz/mld_wire_fuzz.c tests/unit/exact.h

tests_fuzz_igmp_wire_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_igmp_wire_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_igmp_wire_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_igmp_wire_fuzz_SOURCES = tests/fuzz/igmp_wire_fuzz.c tests/unit/exact.h

tests_fuzz_dhcp6_wire_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_dhcp6_wire_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_dhcp6_wire_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_dhcp6_wire_fuzz_SOURCES = tests/fuzz/dhcp6_wire_fuzz.c tests/unit/exact.h

tests_fuzz_nd_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_nd_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_nd_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_nd_fuzz_SOURCES = tests/fuzz/nd_fuzz.c \
    tests/unit/fake_link.h tests/unit/fake_link.c

tests_fuzz_clients_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_clients_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_clients_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_clients_fuzz_SOURCES = tests/fuzz/clients_fuzz.c \
    tests/unit/fake_link.h tests/unit/fake_link.c

check_PROGRAMS += tests/fuzz/forward_fuzz
tests_fuzz_forward_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_forward_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_forward_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_forward_fuzz_SOURCES = tests/fuzz/forward_fuzz.c \
    tests/unit/fake_link.c tests/unit/fake_link.h
