# SPDX-License-Identifier: ISC
#
# The tern command. It links Tern's libraries statically, so that build/tern
# is the program itself.

if BUILD_TERN
bin_PROGRAMS += tern
endif

tern_CFLAGS = $(TERN_CFLAGS) $(PACK_CFLAGS)
tern_LDFLAGS = -static
tern_LDADD = backends/unix/libtern-unix.la libhttp/libtern-http.la libnet/libtern-net.la \
    base/libtern-base.la $(PACK_LIBS)
tern_SOURCES = \
    tools/tools.h \
    tools/tern.c \
    tools/headers.h \
    tools/headers.c \
    tools/serve.h \
    tools/serve_open.c \
    tools/serve_files.c \
    tools/serve_log.c \
    tools/serve_send.c \
    tools/serve.c \
    tools/work.h \
    tools/work.c \
    tools/archive.h \
    tools/archive.c \
    tools/image_pack.h \
    tools/image_pack.c \
    tools/image_site.h \
    tools/image_site.c \
    tools/image_map.h \
    tools/image_map.c \
    tools/x86.h \
    tools/x86.c \
    tools/notes.h \
    tools/notes.c \
    tools/audit.h \
    tools/audit_internal.h \
    tools/audit.c \
    tools/audit_file.c \
    tools/audit_entry.c \
    tools/image_audit.h \
    tools/image_audit.c \
    tools/image_internal.h \
    tools/image_find.c \
    tools/image_parts.c \
    tools/image_link.c \
    tools/image_account.c \
    tools/image.c \
    tools/boot.h \
    tools/boot_image.c \
    tools/boot_accel.c \
    tools/boot_qemu.c \
    tools/boot_relay.c \
    tools/boot.c
if HOST_X86_64
tern_SOURCES += tools/boot_probe.S
endif

# Where `tern image` finds headers and appliances while it stands in a build
# directory. Not in the program: an installed one knows no build.
noinst_DATA += tools/source
tools/source: Makefile
	$(AM_V_GEN)$(MKDIR_P) tools && printf '%s\n' '$(abs_top_srcdir)' >$@
CLEANFILES += tools/source
