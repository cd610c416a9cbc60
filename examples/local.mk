# SPDX-License-Identifier: ISC
#
# How other programs link and drive the libraries.

check_PROGRAMS += examples/blocking_http examples/http_epoll examples/tap_echo examples/tap_netcat \
	examples/tap_router
examples_blocking_http_CFLAGS = $(TERN_CFLAGS)
examples_blocking_http_LDADD = libhttp/libtern-http.la base/libtern-base.la
examples_blocking_http_SOURCES = examples/blocking_http.c

examples_http_epoll_CFLAGS = $(TERN_CFLAGS)
examples_http_epoll_LDADD = libhttp/libtern-http.la base/libtern-base.la
examples_http_epoll_SOURCES = examples/http_epoll.c

examples_tap_echo_CFLAGS = $(TERN_CFLAGS)
examples_tap_echo_LDADD = backends/unix/libtern-unix.la libnet/libtern-net.la base/libtern-base.la
examples_tap_echo_SOURCES = examples/tap_echo.c

examples_tap_netcat_CFLAGS = $(TERN_CFLAGS)
examples_tap_netcat_LDADD = backends/unix/libtern-unix.la libnet/libtern-net.la \
	base/libtern-base.la
examples_tap_netcat_SOURCES = examples/tap_netcat.c

examples_tap_router_CFLAGS = $(TERN_CFLAGS)
examples_tap_router_LDADD = backends/unix/libtern-unix.la libnet/libtern-net.la \
	base/libtern-base.la
examples_tap_router_SOURCES = examples/tap_router.c

if HAVE_UV
check_PROGRAMS += examples/http_libuv
examples_http_libuv_CFLAGS = $(TERN_CFLAGS) $(UV_CFLAGS)
examples_http_libuv_LDADD = libhttp/libtern-http.la base/libtern-base.la $(UV_LIBS)
examples_http_libuv_SOURCES = examples/http_libuv.c
endif

if HAVE_GLIB
check_PROGRAMS += examples/http_glib
examples_http_glib_CFLAGS = $(TERN_CFLAGS) $(GLIB_CFLAGS)
examples_http_glib_LDADD = libhttp/libtern-http.la base/libtern-base.la $(GLIB_LIBS)
examples_http_glib_SOURCES = examples/http_glib.c
endif
