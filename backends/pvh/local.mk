# SPDX-License-Identifier: ISC
#
# What the hypervisor backends share: the ground that a PVH guest stands on. A
# part of their archives; start.o, which every image is linked with, and the
# linker script stand beside the archive that uses them.

if BUILD_KVM
noinst_LTLIBRARIES += backends/pvh/libtern-pvh.la backends/pvh/libtern-start.la

# The processor's interrupt handlers save no vector registers, and traps may
# come anywhere in these files.
PVH_HANDLER_CFLAGS = -mgeneral-regs-only
PVH_FIXED_CFLAGS = -prefer-non-pic $(TERN_FIXED_CFLAGS)
PVH_CFLAGS = $(TERN_LIB_CFLAGS) $(PVH_HANDLER_CFLAGS) $(PVH_FIXED_CFLAGS)

# Nearly all of it runs once, before the first frame: its octets matter, not its speed.
backends/pvh/libtern_pvh_la-%.lo: CFLAGS := $(TERN_SMALL)

backends_pvh_libtern_start_la_CFLAGS = $(PVH_CFLAGS)
backends_pvh_libtern_start_la_SOURCES = \
    backends/pvh/start.S \
    backends/pvh/string.S \
    backends/pvh/shims.c

backends_pvh_libtern_pvh_la_CFLAGS = $(PVH_CFLAGS)
# In reading order.
backends_pvh_libtern_pvh_la_SOURCES = \
    backends/pvh/layout.h \
    backends/pvh/cpu.h \
    backends/pvh/pvh.h \
    backends/pvh/pvh_internal.h \
    backends/pvh/guest.h \
    backends/pvh/note.h \
    backends/pvh/main.c \
    backends/pvh/phys.c \
    backends/pvh/boot.c \
    backends/pvh/cmdline.c \
    backends/pvh/paging.c \
    backends/pvh/windows.c \
    backends/pvh/mem.c \
    backends/pvh/trap.S \
    backends/pvh/trap.c \
    backends/pvh/log.c \
    backends/pvh/uart.c \
    backends/pvh/pending.c \
    backends/pvh/entropy.c \
    backends/pvh/reset.c \
    backends/pvh/guest.c \
    backends/pvh/guest_nics.c \
    backends/pvh/guest_metrics.c

# What every host shares once more, as images have it: fixed in its place.
noinst_LTLIBRARIES += backends/pvh/libtern-host.la
backends_pvh_libtern_host_la_CFLAGS = $(TERN_LIB_CFLAGS) $(PVH_FIXED_CFLAGS)
backends_pvh_libtern_host_la_SOURCES = $(backends_host_libtern_host_la_SOURCES)

# One object, named first in an image's link: what it defines is then never
# taken from an archive. In a folder of its own: start.S makes a start.o too. It is
# installed beside the linker script, where `tern image` looks for both.
backends/pvh/tern/start.o: backends/pvh/libtern-start.la
	$(AM_V_GEN)$(MKDIR_P) backends/pvh/tern && \
	$(LD) -r -o $@ --whole-archive backends/pvh/.libs/libtern-start.a
pvhdir = $(libdir)/tern
pvh_DATA = backends/pvh/tern/start.o backends/pvh/tern.ld

# How an image is linked; objects and archives follow.
PVH_LINK_FLAGS = -static -nostdlib --gc-sections --build-id=sha1 -z noexecstack -n
PVH_LINK = $(LD) $(PVH_LINK_FLAGS) -T $(srcdir)/backends/pvh/tern.ld backends/pvh/tern/start.o
PVH_LINK_DEPS = $(srcdir)/backends/pvh/tern.ld backends/pvh/tern/start.o
CLEANFILES += backends/pvh/tern/start.o
EXTRA_DIST += backends/pvh/tern.ld
endif
