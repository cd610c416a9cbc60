# SPDX-License-Identifier: ISC
#
# How other programs link and drive the libraries.

check_PROGRAMS += examples/blocking_http
examples_blocking_http_CFLAGS = $(TERN_CFLAGS)
examples_blocking_http_LDADD = libhttp/libtern-http.la base/libtern-base.la
examples_blocking_http_SOURCES = examples/blocking_http.c
