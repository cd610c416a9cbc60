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

# http-parse: requests parsed, beside http-parser where that is installed.
EXTRA_PROGRAMS += benchmarks/http_parse_tern
benchmarks_http_parse_tern_SOURCES = benchmarks/http_parse_tern.c benchmarks/http_parse.h
benchmarks_http_parse_tern_CFLAGS = $(TERN_CFLAGS)
benchmarks_http_parse_tern_LDADD = libhttp/libtern-http.la base/libtern-base.la

if HAVE_HTTP_PARSER
EXTRA_PROGRAMS += benchmarks/http_parse_peer
benchmarks_http_parse_peer_SOURCES = benchmarks/http_parse_peer.c benchmarks/http_parse.h
benchmarks_http_parse_peer_CFLAGS = $(TERN_CFLAGS)
benchmarks_http_parse_peer_LDADD = -lhttp_parser
endif
# http: files served; the floor stands beside nginx and h2o.
EXTRA_PROGRAMS += benchmarks/http_floor
benchmarks_http_floor_SOURCES = benchmarks/http_floor.c
benchmarks_http_floor_CFLAGS = $(TERN_CFLAGS)
EXTRA_DIST += benchmarks/http benchmarks/http_parse.sh benchmarks/http_serve.sh

# net over TAP, beside the kernel over veth.
EXTRA_PROGRAMS += benchmarks/net_stream benchmarks/net_tap_tern
benchmarks_net_stream_SOURCES = benchmarks/net_stream.c
benchmarks_net_stream_CFLAGS = $(TERN_CFLAGS)
benchmarks_net_tap_tern_SOURCES = benchmarks/net_tap_tern.c
benchmarks_net_tap_tern_CFLAGS = $(TERN_CFLAGS)
benchmarks_net_tap_tern_LDFLAGS = -static
benchmarks_net_tap_tern_LDADD = backends/unix/libtern-unix.la libnet/libtern-net.la \
    base/libtern-base.la
EXTRA_DIST += benchmarks/net benchmarks/net_tap.sh

# vm: a guest's start, from outside, from dom0, and what its CPU does.
EXTRA_PROGRAMS += benchmarks/vm_start benchmarks/vm_ready
benchmarks_vm_start_SOURCES = benchmarks/vm_start.c
benchmarks_vm_start_CFLAGS = $(TERN_CFLAGS)
benchmarks_vm_ready_SOURCES = benchmarks/vm_ready.c
benchmarks_vm_ready_CFLAGS = $(TERN_CFLAGS)
benchmarks_vm_ready_LDFLAGS = -all-static
bench-programs: benchmarks/vm_count.so
benchmarks/vm_count.so: benchmarks/vm_count.c
	$(AM_V_CCLD)$(MKDIR_P) benchmarks && \
	$(CC) $(TERN_CFLAGS) -O2 -fPIC -shared -o $@ $(srcdir)/benchmarks/vm_count.c
CLEANFILES += benchmarks/vm_count.so
EXTRA_DIST += benchmarks/vm benchmarks/vm_linux.sh benchmarks/vm_load.sh benchmarks/vm_xen.sh \
    benchmarks/vm_count.c benchmarks/vm_sink.c
