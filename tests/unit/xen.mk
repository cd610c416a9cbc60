# SPDX-License-Identifier: ISC
#
# Unit tests of the Xen drivers: the very objects of an image, with a Xen in the
# test's own process. Single accesses are watched, which is done for x86-64 only.

XEN_FAKE = \
    tests/unit/access_watch.h \
    tests/unit/access_watch.c \
    tests/unit/xen_fake.h \
    tests/unit/xen_fake.c \
    tests/unit/xen_netback.h \
    tests/unit/xen_netback.c \
    tests/unit/xen_store.h \
    tests/unit/xen_store.c \
    tests/unit/xen_world.h \
    tests/unit/xen_world.c

# Those objects have fixed addresses and a canary of their own, where images are built.
XEN_TEST_LINK = -static
if BUILD_KVM
XEN_TEST_LINK += -no-pie
endif

if HAVE_CHECK
if HAVE_XEN
if HOST_X86_64
check_PROGRAMS += tests/unit/xen_main
tests_unit_xen_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_xen_main_SOURCES = \
    tests/unit/xen_main.c \
    $(XEN_FAKE) tests/unit/stack_guard.c \
    tests/unit/xen_fixture.h \
    tests/unit/xen_fixture.c \
    tests/unit/xen_gnttab_test.c \
    tests/unit/xen_net_rx_test.c \
    tests/unit/xen_net_tx_test.c \
    tests/unit/xen_net_group_test.c \
    tests/unit/xen_net_link_test.c \
    tests/unit/xen_breach.h \
    tests/unit/xen_breach.c \
    tests/unit/xen_net_hostile_test.c \
    tests/unit/xen_net_hostile_rx_test.c \
    tests/unit/xen_net_race_test.c \
    tests/unit/xen_store_fixture.h \
    tests/unit/xen_store_fixture.c \
    tests/unit/xen_store_test.c \
    tests/unit/xen_store_watch_test.c \
    tests/unit/xen_store_update_test.c \
    tests/unit/xen_store_hostile_test.c \
    tests/unit/xen_value_test.c \
    tests/unit/xen_bus_fixture.h \
    tests/unit/xen_bus_fixture.c \
    tests/unit/xen_bus_test.c \
    tests/unit/xen_life_test.c \
    tests/unit/xen_reopen_test.c \
    tests/unit/xen_resume_test.c \
    tests/unit/xen_tcp_test.c \
    tests/unit/xen_console_test.c \
    tests/unit/xen_clock_test.c \
    tests/unit/xen_guest_fixture.h \
    tests/unit/xen_guest_test.c
tests_unit_xen_main_LDFLAGS = $(XEN_TEST_LINK)
tests_unit_xen_main_LDADD = backends/xen/libtern-xenfront.la libnet/libtern-net.la \
    base/libtern-base.la $(CHECK_LIBS)

# One source of two objects: with it the first one's test cannot be in one program.
check_PROGRAMS += tests/unit/xen_links_main
tests_unit_xen_links_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_xen_links_main_SOURCES = tests/unit/stack_guard.c tests/unit/xen_links_test.c backends/pvh/guest_nics.c \
    tests/unit/xen_guest_fixture.h \
    $(XEN_FAKE)
tests_unit_xen_links_main_LDFLAGS = $(XEN_TEST_LINK)
tests_unit_xen_links_main_LDADD = backends/xen/libtern-xenfront.la \
    backends/host/libtern-host.la libnet/libtern-net.la base/libtern-base.la $(CHECK_LIBS)

# Under what an image finds itself: its source is included by the test.
check_PROGRAMS += tests/unit/xen_machine_main
tests_unit_xen_machine_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_xen_machine_main_SOURCES = tests/unit/xen_machine_test.c tests/unit/stack_guard.c
tests_unit_xen_machine_main_LDFLAGS = $(XEN_TEST_LINK)
tests_unit_xen_machine_main_LDADD = backends/xen/libtern-xenfront.la base/libtern-base.la $(CHECK_LIBS)
endif
endif
endif
