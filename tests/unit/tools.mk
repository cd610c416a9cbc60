# SPDX-License-Identifier: ISC
#
# Unit tests of the tern command's parts.

check_PROGRAMS += tests/unit/tools_main
tests_unit_tools_main_CFLAGS = $(TERN_TEST_CFLAGS)
tests_unit_tools_main_LDADD = $(CHECK_LIBS)
tests_unit_tools_main_SOURCES = tests/unit/tools_main.c tests/unit/audit_fixture.h \
    tests/unit/notes_test.c \
    tests/unit/audit_test.c tests/unit/audit_search_test.c tests/unit/x86_test.c \
    tools/notes.h tools/notes.c \
    tools/audit.h tools/audit_internal.h \
    tools/audit.c tools/audit_file.c tools/audit_entry.c tools/x86.h tools/x86.c
