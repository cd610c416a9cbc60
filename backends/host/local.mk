# SPDX-License-Identifier: ISC
#
# What every host shares, compiled as the protocol libraries are: it is linked
# into unikernels too.

noinst_LTLIBRARIES += backends/host/libtern-host.la

# What a host does once, at the start; segments and requests pass by it.
backends/host/libtern_host_la-%.lo \
    backends/host/backends_pvh_libtern_host_la-%.lo: CFLAGS := $(TERN_SMALL)

backends_host_libtern_host_la_CFLAGS = $(TERN_LIB_CFLAGS)
# In reading order.
backends_host_libtern_host_la_SOURCES = \
    backends/host/host_internal.h \
    backends/host/text.c \
    backends/host/options.c \
    backends/host/listens.c \
    backends/host/help.c \
    backends/host/carve.c \
    backends/host/core.c \
    backends/host/modules.c \
    backends/host/metrics.c \
    backends/host/default.c \
    backends/host/net_plan.c \
    backends/host/net_uses.c \
    backends/host/net_listen.c \
    backends/host/net.c \
    backends/host/links.c \
    backends/host/routes.c \
    backends/host/secret.c \
    backends/host/connect.c \
    backends/host/endpoint_open.c
