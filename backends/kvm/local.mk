# SPDX-License-Identifier: ISC
#
# libtern-kvm: a guest of KVM-type hypervisors, on virtio devices. An archive
# only, in which an appliance finds all that an image of it needs but start.o.

include backends/kvm/virtio.mk

if BUILD_KVM
# configure's name for the package's version is a register's here.
KVM_CPPFLAGS = $(AM_CPPFLAGS) -UVERSION

# The drivers: what handles interrupts, and what any machine could run. Tests run these very
# objects, in programs that have a fixed place too.
noinst_LTLIBRARIES += backends/kvm/libtern-virtio.la backends/kvm/libtern-virtio-handlers.la
backends_kvm_libtern_virtio_la_CPPFLAGS = $(KVM_CPPFLAGS)
backends_kvm_libtern_virtio_la_CFLAGS = $(TERN_LIB_CFLAGS) $(PVH_FIXED_CFLAGS)
backends_kvm_libtern_virtio_la_SOURCES = \
    $(kvm_virtio_headers) \
    $(kvm_virtio_pure) \
    $(kvm_virtio_guest)
backends_kvm_libtern_virtio_handlers_la_CPPFLAGS = $(KVM_CPPFLAGS)
backends_kvm_libtern_virtio_handlers_la_CFLAGS = $(PVH_CFLAGS)
backends_kvm_libtern_virtio_handlers_la_SOURCES = $(kvm_virtio_handlers)
backends/kvm/libtern_virtio_la-%.lo backends/kvm/libtern_virtio_handlers_la-%.lo \
    backends/pvh/kvm_libtern_virtio_la-retry.lo: CFLAGS := $(TERN_SMALL)

# The PC, all of which runs once but waiting and the clock.
noinst_LTLIBRARIES += backends/kvm/libtern-pc.la
backends/kvm/libtern_pc_la-%.lo: CFLAGS := $(TERN_SMALL)
backends_kvm_libtern_pc_la_CFLAGS = $(PVH_CFLAGS)
# In reading order.
backends_kvm_libtern_pc_la_SOURCES = \
    backends/kvm/pc.h \
    backends/kvm/pc_internal.h \
    backends/kvm/machine.c \
    backends/kvm/on_xen.c \
    backends/kvm/acpi.c \
    backends/kvm/places.c \
    backends/kvm/lapic.c \
    backends/kvm/ioapic.c \
    backends/kvm/pci.c \
    backends/kvm/clock.c \
    backends/kvm/wait.c \
    backends/kvm/exit.c

lib_LTLIBRARIES += backends/kvm/libtern-kvm.la
backends/kvm/libtern_kvm_la-%.lo: CFLAGS := $(TERN_SMALL)
backends_kvm_libtern_kvm_la_CPPFLAGS = $(KVM_CPPFLAGS)
backends_kvm_libtern_kvm_la_CFLAGS = $(PVH_CFLAGS)
backends_kvm_libtern_kvm_la_LDFLAGS = -static
backends_kvm_libtern_kvm_la_LIBADD = backends/pvh/libtern-pvh.la backends/kvm/libtern-pc.la \
    backends/kvm/libtern-virtio.la backends/kvm/libtern-virtio-handlers.la \
    backends/pvh/libtern-host.la libnet/libtern-net.la base/libtern-base.la
# In this order, and before what calls them: an appliance that names tern_host_links has the
# second by then, which does all that the first does; for others the first is found first.
backends_kvm_libtern_kvm_la_SOURCES = backends/kvm/guest_net.c backends/kvm/guest_links.c

pkgconfig_DATA += backends/kvm/tern-kvm.pc
endif
