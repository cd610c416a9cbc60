# SPDX-License-Identifier: ISC
#
# Captures replayed: a stack in the place of a captured host.

if HAVE_PCAP
check_PROGRAMS += tests/replay/replay
tests_replay_replay_CFLAGS = $(TERN_CFLAGS) $(PCAP_CFLAGS)
tests_replay_replay_LDADD = libnet/libtern-net.la base/libtern-base.la $(PCAP_LIBS)
tests_replay_replay_SOURCES = \
    tests/replay/summary.h \
    tests/replay/summary.c \
    tests/replay/replay.c
endif
EXTRA_DIST += tests/replay/captures
