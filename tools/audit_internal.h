/* SPDX-License-Identifier: ISC */
/*
 * What the files of the audit share. In reading order:
 *
 *   audit.h          what it is for
 *   audit_file.c     lines, the file's tables, names
 *   audit.c          segments, the seal, the text
 *   audit_entry.c    the way in
 *   x86.c            instructions
 */
#ifndef AUDIT_INTERNAL_H
#define AUDIT_INTERNAL_H

#include <inttypes.h>
#include <stdbool.h>

#include "audit.h"

enum { AUDIT_PAGE = 4096 };
enum { PHDRS_MAX = 32, SHDRS_MAX = 256, SAID_MAX = 16 };
enum { PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR = 6, PT_TLS };
#define PT_GNU_STACK 0x6474e551u
enum { X = 1, W = 2, R = 4 };
enum { SHT_SYMTAB = 2, SHT_RELA = 4, SHT_DYNAMIC = 6, SHT_REL = 9, SHT_RELR = 19 };
enum { SHF_ALLOC = 2, SHF_EXECINSTR = 4 };

struct segment {
    uint32_t type, flags;
    uint64_t off, at, phys, file_len, mem_len, align;
    bool in_file;             /* its octets lie in the file, its pages below 4 GiB */
    const uint8_t *octets;    /* if they do: file_len of them */
};

struct section {
    uint32_t type, link;
    uint64_t flags, at, off, len;
    bool in_file;
};

struct audit {
    const uint8_t *file;
    size_t len;
    audit_name *name;
    void *name_arg;
    FILE *to;
    int quiet;
    size_t n_failed, n_said;
    struct segment segments[PHDRS_MAX];
    size_t n_segments;
    struct section sections[SHDRS_MAX];
    size_t n_sections;
    uint64_t entry;
    const struct segment *boot, *text;    /* NULL: there is none */
};

/* A failure; of one property no more than SAID_MAX are told. */
__attribute__((format(printf, 2, 3))) void audit_fail(struct audit *a, const char *format, ...);

/* The end of a property: holds if nothing has failed since `before`. */
__attribute__((format(printf, 3, 4))) void audit_holds(struct audit *a, size_t before,
                                                       const char *format, ...);

/* Reads the file's tables. False: nothing more can be said of this file. */
bool audit_headers_read(struct audit *a);

bool audit_within(uint64_t off, uint64_t len, uint64_t whole);
bool audit_is_load(const struct segment *s);

/* Its octets in the file, if it is there and all of [at, at + len) is; else NULL. */
const uint8_t *audit_octets_at(const struct audit *a, uint64_t at, uint64_t len,
                               const struct segment **where);

/*
 * "(in name)", or nothing. A walk through the file's symbols, of which there may be
 * millions: to be asked for no more often than something is said.
 */
const char *audit_place_said(const struct audit *a, uint64_t at, char out[256]);

/* The same for audit_fail(), which may not say it. */
const char *audit_place(const struct audit *a, uint64_t at, char out[256]);

/* The way in: sets a->boot. What other loaders would take the file for. */
void audit_entry_check(struct audit *a);
void audit_magic_check(struct audit *a);

#endif
