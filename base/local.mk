# SPDX-License-Identifier: ISC
#
# libtern-base: what all libraries share.

lib_LTLIBRARIES += base/libtern-base.la

base_libtern_base_la_CFLAGS = $(TERN_LIB_CFLAGS)
base_libtern_base_la_LDFLAGS = -no-undefined -version-info 0:0:0 \
    -export-symbols-regex '^tern_'
# In reading order.
base_libtern_base_la_SOURCES = \
    base/base_internal.h \
    base/err.c \
    base/addr.c \
    base/endpoint_addr.c \
    base/addr_policy.c \
    base/dial_order.c \
    base/wheel.c \
    base/turn.c \
    base/block.c \
    base/siphash.c \
    base/checksum.c \
    base/date.c \
    base/chacha20.c \
    base/drbg.c \
    base/sha256.c \
    base/archive.c \
    base/metrics.c \
    base/feed_internal.h \
    base/feed_in.c \
    base/feed_out.c \
    base/feed.c \
    base/base_size.c

# Small, but for hashes and sums. ChaCha20 is not small either: for size it costs 15,000
# instructions more before a guest's first frame.
base/libtern_base_la-%.lo: CFLAGS := $(TERN_SMALL)
$(patsubst %,base/libtern_base_la-%.lo,siphash checksum chacha20 sha256): CFLAGS := $(CFLAGS)
