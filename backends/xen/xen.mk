# SPDX-License-Identifier: ISC
#
# The Xen drivers, in reading order: what runs on any machine, given a struct
# xen_env. Nothing in them handles interrupts. Xen's public headers are needed.

xen_pure = \
	backends/xen/xen.c \
	backends/xen/gnttab.c \
	backends/xen/xen_ring.c \
	backends/xen/xenstore.c \
	backends/xen/xenstore_wire.c \
	backends/xen/xenstore_update.c \
	backends/xen/xenstore_value.c \
	backends/xen/xenbus.c \
	backends/xen/netfront.c \
	backends/xen/netfront_rx.c \
	backends/xen/netfront_tx.c \
	backends/xen/netfront_group.c \
	backends/xen/netfront_bus.c \
	backends/xen/xen_console.c \
	backends/pvh/retry.c
xen_headers = \
	backends/xen/xen.h \
	backends/xen/xen_public.h \
	backends/xen/gnttab.h \
	backends/xen/xen_ring.h \
	backends/xen/xenstore.h \
	backends/xen/xenbus.h \
	backends/xen/netfront.h \
	backends/xen/netfront_bus.h \
	backends/xen/xen_console.h \
	backends/pvh/retry.h

# The domain, most of which runs once; what waits and tells the time is small.
if BUILD_KVM
if HAVE_XEN
noinst_LTLIBRARIES += backends/xen/libtern-domain.la
backends/xen/libtern_domain_la-%.lo: CFLAGS := $(TERN_SMALL)
backends_xen_libtern_domain_la_CFLAGS = $(PVH_CFLAGS)
backends_xen_libtern_domain_la_SOURCES = \
	backends/xen/machine.h \
	backends/xen/hypercall.S \
	backends/xen/machine.c \
	backends/xen/events.c \
	backends/xen/xen_clock.c

lib_LTLIBRARIES += backends/xen/libtern-xen.la
backends/xen/libtern_xen_la-%.lo: CFLAGS := $(TERN_SMALL)
backends_xen_libtern_xen_la_CFLAGS = $(TERN_LIB_CFLAGS) $(PVH_FIXED_CFLAGS)
backends_xen_libtern_xen_la_LDFLAGS = -static
backends_xen_libtern_xen_la_LIBADD = backends/pvh/libtern-pvh.la backends/xen/libtern-domain.la \
	backends/xen/libtern-xenfront.la backends/pvh/libtern-host.la libnet/libtern-net.la \
	base/libtern-base.la
# In this order, for the linker to choose, as in backends/kvm/local.mk.
backends_xen_libtern_xen_la_SOURCES = backends/xen/guest_net.c backends/xen/guest_links.c
pkgconfig_DATA += backends/xen/tern-xen.pc
endif
endif

# Built as an image would have them, so that they are what is tested.
if HAVE_XEN
noinst_LTLIBRARIES += backends/xen/libtern-xenfront.la
# The store, the handshake, grants and the console run rarely, and what is done for a
# frame is little beside what its backend does for it: their octets matter.
$(patsubst %,backends/xen/libtern_xenfront_la-%.lo,xen gnttab xenstore xenstore_wire \
	xenstore_update xenstore_value xenbus netfront netfront_rx netfront_tx netfront_group \
	netfront_bus xen_console) \
	backends/pvh/xen_libtern_xenfront_la-retry.lo: \
	CFLAGS := $(TERN_SMALL)
backends_xen_libtern_xenfront_la_CFLAGS = $(TERN_LIB_CFLAGS) $(PVH_FIXED_CFLAGS)
backends_xen_libtern_xenfront_la_SOURCES = $(xen_pure) $(xen_headers)
endif
