# SPDX-License-Identifier: ISC
#
# libtern-http: the HTTP server. Sources in reading order.

lib_LTLIBRARIES += libhttp/libtern-http.la
libhttp_libtern_http_la_CFLAGS = $(TERN_LIB_CFLAGS)
libhttp_libtern_http_la_LIBADD = base/libtern-base.la
libhttp_libtern_http_la_LDFLAGS = -no-undefined -version-info 0:0:0 \
    -export-symbols-regex '^tern_'
libhttp_libtern_http_la_SOURCES = \
    libhttp/http_internal.h \
    libhttp/http_chars.h \
    libhttp/http_chars.c \
    libhttp/http_name.c \
    libhttp/http_fault.c \
    libhttp/http_request.c \
    libhttp/http_target.c \
    libhttp/http_check.c \
    libhttp/http_chunked.c \
    libhttp/http_framing.c \
    libhttp/http_path.c \
    libhttp/http_etag.c \
    libhttp/http_date.c \
    libhttp/http_status.c \
    libhttp/http_content.c \
    libhttp/http_accept.c \
    libhttp/http_range.c \
    libhttp/http_condition.c \
    libhttp/http_select.c \
    libhttp/http_emit.c \
    libhttp/http_server.c \
    libhttp/http_head.c \
    libhttp/http_conn.c \
    libhttp/http_time.c \
    libhttp/http_exchange.c \
    libhttp/http_respond.c \
    libhttp/http_redirect.c \
    libhttp/http_metrics.h \
    libhttp/http_metrics.c \
    libhttp/http_metrics_html.c \
    libhttp/http_metrics_names.c \
    libhttp/http_metrics_serve.c \
    libhttp/http_size.c \
    libhttp/http_assets.c \
    libhttp/http_archive.c

# Small, but for what looks at each octet of a field's name.
libhttp/libtern_http_la-%.lo: CFLAGS := $(TERN_SMALL)
$(patsubst %,libhttp/libtern_http_la-%.lo,http_name): CFLAGS := $(CFLAGS)

tern_HEADERS += include/tern/http.h include/tern/http_message.h include/tern/http_select.h
EXTRA_DIST += doc/http.md
