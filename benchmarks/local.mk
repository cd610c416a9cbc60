# SPDX-License-Identifier: ISC
#
# What ./bench measures with.

EXTRA_PROGRAMS += benchmarks/net_tern benchmarks/net_lwip

benchmarks_net_tern_SOURCES = benchmarks/net_tern.c
benchmarks_net_tern_CFLAGS = $(TERN_CFLAGS)
benchmarks_net_tern_LDADD = libnet/libtern-net.la backends/unix/libtern-unix.la \
    libnet/libtern-net.la base/libtern-base.la

benchmarks_net_lwip_SOURCES = benchmarks/net_lwip.c
benchmarks_net_lwip_CFLAGS = -std=gnu11 -O2 -I/usr/include/lwip
benchmarks_net_lwip_LDADD = -llwip
