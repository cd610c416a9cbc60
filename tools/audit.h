/* SPDX-License-Identifier: ISC */
/*
 * What an ELF file proves about the seal of the guest in it (System V ABI, chapter
 * 4 and 5; the x86/HVM direct boot ABI). The file is hostile: each offset is
 * checked before it is followed.
 */
#ifndef TERN_TOOLS_AUDIT_H
#define TERN_TOOLS_AUDIT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum audit_verdict {
    AUDIT_SEALED,    /* all that can be proved holds */
    AUDIT_HIDDEN,    /* all but this: octets within other instructions would undo the seal */
    AUDIT_FAILED,
};

/*
 * Who knows better than the file's symbols what lies at an address: returns a name,
 * or NULL. May be NULL itself.
 */
typedef const char *audit_name(void *arg, uint64_t at);

/*
 * Reads the file's octets and writes a line for each property to `to`: "ok",
 * "failed" or "note", and what. With quiet, failures and notes only.
 */
enum audit_verdict audit_elf(const uint8_t *file, size_t len, audit_name *name, void *name_arg,
                             FILE *to, int quiet);

#endif
