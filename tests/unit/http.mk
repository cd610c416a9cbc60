# SPDX-License-Identifier: ISC
#
# Unit tests of libhttp.

check_PROGRAMS += tests/unit/http_main
tests_unit_http_main_CFLAGS = $(TERN_TEST_CFLAGS)
# Tables that the shared library hides are tested too.
tests_unit_http_main_LDFLAGS = -static
tests_unit_http_main_LDADD = libhttp/libtern-http.la base/libtern-base.la $(CHECK_LIBS)
tests_unit_http_main_SOURCES = \
    tests/unit/http_main.c \
    tests/unit/http_fixture.c \
    tests/unit/http_fixture.h \
    tests/unit/http_request_test.c \
    tests/unit/http_pure_test.c \
    tests/unit/http_server_test.c \
    tests/unit/http_answer_test.c \
    tests/unit/http_exchange_test.c \
    tests/unit/http_choice_test.c \
    tests/unit/http_select_test.c \
    tests/unit/http_assets_test.c \
    tests/unit/archive_make.h \
    tests/unit/archive_make.c \
    tests/unit/http_archive_test.c \
    tests/unit/http_metrics_test.c \
    tests/unit/http_hostile_test.c \
    tests/unit/http_hostile_server_test.c

# libhttp over every provider of streams.
check_PROGRAMS += tests/unit/trace_main
tests_unit_trace_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_trace_main_LDADD = libhttp/libtern-http.la backends/unix/libtern-unix.la \
    libnet/libtern-net.la base/libtern-base.la $(CHECK_LIBS) -lpthread
tests_unit_trace_main_SOURCES = \
    tests/unit/trace_main.c \
    tests/unit/http_trace.c \
    tests/unit/http_trace.h \
    tests/unit/http_trace_test.c \
    tests/sim/hosts.c \
    tests/sim/hosts.h \
    tests/sim/impair.c \
    tests/sim/impair.h \
    tests/sim/sim.c \
    tests/sim/sim.h
EXTRA_DIST += pcaps/README.md pcaps/http-trace.pcap
