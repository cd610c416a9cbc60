# SPDX-License-Identifier: ISC
#
# Fuzzers of the tern command's parts.

check_PROGRAMS += tests/fuzz/audit_fuzz
tests_fuzz_audit_fuzz_CFLAGS = $(TERN_CFLAGS)
tests_fuzz_audit_fuzz_LDFLAGS = $(TERN_FUZZ_LDFLAGS)
tests_fuzz_audit_fuzz_SOURCES = tests/fuzz/audit_fuzz.c tools/audit.h tools/audit_internal.h \
    tools/notes.h tools/notes.c tools/audit.c tools/audit_file.c tools/audit_entry.c \
    tools/x86.h tools/x86.c
EXTRA_DIST += tests/fuzz/seeds/audit
