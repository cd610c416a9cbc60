# SPDX-License-Identifier: ISC
#
# The tern command. It links Tern's libraries statically, so that build/tern
# is the program itself.

bin_PROGRAMS += tern

tern_CFLAGS = $(TERN_CFLAGS)
tern_LDFLAGS = -static
tern_LDADD = backends/unix/libtern-unix.la libhttp/libtern-http.la libnet/libtern-net.la \
    base/libtern-base.la
tern_SOURCES = \
    tools/tools.h \
    tools/tern.c \
    tools/serve.h \
    tools/serve_files.c \
    tools/serve_log.c \
    tools/serve_send.c \
    tools/serve.c
