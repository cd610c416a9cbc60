# SPDX-License-Identifier: ISC
#
# Fuzzers of net: the whole stack, and each of its protocols in it.

TERN_NET_WORLD = \
    tests/fuzz/net_world.h \
    tests/fuzz/net_world.c \
    tests/fuzz/net_count.h \
    tests/fuzz/net_count.c \
    tests/unit/packet.h \
    tests/unit/packet.c

# What the fuzzers of drivers take their acts from.
TERN_FUZZ_INPUT = \
    tests/fuzz/input.h \
    tests/fuzz/input.c

# The same above a driver that is being fuzzed.
TERN_DRIVER_STACK = \
    tests/fuzz/driver_stack.h \
    tests/fuzz/driver_stack.c \
    tests/fuzz/net_count.h \
    tests/fuzz/net_count.c \
    tests/unit/packet.h \
    tests/unit/packet.c

check_PROGRAMS += tests/fuzz/net_fuzz \
    tests/fuzz/ipv4_reassembly_fuzz \
    tests/fuzz/icmp4_fuzz \
    tests/fuzz/udp_fuzz \
    tests/fuzz/dhcp4_fuzz

tests_fuzz_net_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_net_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_net_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_net_fuzz_SOURCES = tests/fuzz/net_fuzz.c $(TERN_NET_WORLD)

tests_fuzz_ipv4_reassembly_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_ipv4_reassembly_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_ipv4_reassembly_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_ipv4_reassembly_fuzz_SOURCES = tests/fuzz/ipv4_reassembly_fuzz.c $(TERN_NET_WORLD)

tests_fuzz_icmp4_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_icmp4_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_icmp4_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_icmp4_fuzz_SOURCES = tests/fuzz/icmp4_fuzz.c $(TERN_NET_WORLD)

tests_fuzz_udp_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_udp_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_udp_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_udp_fuzz_SOURCES = tests/fuzz/udp_fuzz.c $(TERN_NET_WORLD)

tests_fuzz_dhcp4_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_dhcp4_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_dhcp4_fuzz_LDADD = libnet/libtern-net.la base/libtern-base.la
tests_fuzz_dhcp4_fuzz_SOURCES = tests/fuzz/dhcp4_fuzz.c $(TERN_NET_WORLD)
