# SPDX-License-Identifier: ISC
#
# libtern-unix: the event loop, kernel sockets and TAP. An archive only: an
# appliance that it makes a process of takes main from it.

lib_LTLIBRARIES += backends/unix/libtern-unix.la

backends_unix_libtern_unix_la_CFLAGS = $(TERN_CFLAGS)
backends_unix_libtern_unix_la_LDFLAGS = -static
backends_unix_libtern_unix_la_LIBADD = backends/host/libtern-host.la \
    libnet/libtern-net.la base/libtern-base.la
# In reading order.
backends_unix_libtern_unix_la_SOURCES = \
    backends/unix/unix_internal.h \
    backends/unix/loop.c \
    backends/unix/sockaddr.c \
    backends/unix/sockets_conn.c \
    backends/unix/sockets_listen.c \
    backends/unix/sockets_control.c \
    backends/unix/sockets_dgram.c \
    backends/unix/sockets.c \
    backends/unix/checksum.c \
    backends/unix/vnet.c \
    backends/unix/tap.c \
    backends/unix/tap_host.c \
    backends/unix/seal.h \
    backends/unix/seal_user.c \
    backends/unix/seal_files.c \
    backends/unix/seal_calls.c \
    backends/unix/seal.c \
    backends/unix/metrics.c \
    backends/unix/addresses.c \
    backends/unix/modules.c \
    backends/unix/process.c \
    backends/unix/size.c \
    backends/unix/main.c

tern_HEADERS += include/tern/unix.h
