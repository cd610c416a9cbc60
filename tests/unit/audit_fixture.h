/* SPDX-License-Identifier: ISC */
/*
 * The smallest image that passes the audit, and what is said of others.
 */
#ifndef TERN_TESTS_UNIT_AUDIT_FIXTURE_H
#define TERN_TESTS_UNIT_AUDIT_FIXTURE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <tern/base.h>

#include "tools/audit.h"

/* Where things are in the file; addresses are 0x200000 more for the boot pages. */
enum {
    PHDRS = 64, PHDR_LEN = 56, BOOT_END = 0x1000, TEXT = 0x1000, TEXT_LEN = 60, CONSTANTS = 0x1040,
    ZEROS = CONSTANTS + 32, DATA = 0x10a0, SYMBOLS = 0x10b0, NAMES = SYMBOLS + 48,
    SECTIONS = 0x1100, N_SECTIONS = 4, FILE_LEN = SECTIONS + N_SECTIONS * 64,
};
/* Segments, and the offsets of their fields. */
enum { S_BOOT, S_TEXT, S_NOTE, S_CONSTANTS, S_DATA, N_SEGMENTS };
enum {
    TYPE = 0, FLAGS = 4, OFF = 8, AT = 16, PHYS = 24, FILE_SIZE = 32, MEM_SIZE = 40, ALIGN = 48,
};

static inline void segment(uint8_t *file, int i, uint32_t type, uint32_t flags, uint64_t off,
                           uint64_t at, uint64_t file_len, uint64_t mem_len)
{
    uint8_t *p = file + PHDRS + i * PHDR_LEN;
    tern_store_le32(p + TYPE, type);
    tern_store_le32(p + FLAGS, flags);
    tern_store_le64(p + OFF, off);
    tern_store_le64(p + AT, at);
    tern_store_le64(p + PHYS, at);
    tern_store_le64(p + FILE_SIZE, file_len);
    tern_store_le64(p + MEM_SIZE, mem_len);
    tern_store_le64(p + ALIGN, type == 1 ? 4096 : 4);
}

static inline void section(uint8_t *file, int i, uint32_t type, uint64_t flags, uint64_t at,
                           uint64_t off, uint64_t len, uint32_t link)
{
    uint8_t *p = file + SECTIONS + i * 64;
    tern_store_le32(p + 4, type);
    tern_store_le64(p + 8, flags);
    tern_store_le64(p + 16, at);
    tern_store_le64(p + 24, off);
    tern_store_le64(p + 32, len);
    tern_store_le32(p + 40, link);
}

static inline void image_make(uint8_t file[FILE_LEN])
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
    static const uint8_t end[] = { 0x0f, 0x22, 0xd8 };    /* mov %rax, %cr3 */
    static const uint8_t text[] = {
        0x48, 0x89, 0xf8,                                 /* mov %rdi, %rax */
        0xb8, 0x78, 0x56, 0x34, 0x12,                     /* mov $0x12345678, %eax */
        0x0f, 0x01, 0x1d, 0, 0, 0, 0, 0xcc,               /* lidt zeros(%rip); int3 */
        0xc3,
    };
    memset(file, 0, FILE_LEN);
    memcpy(file, ident, sizeof ident);
    tern_store_le16(file + 16, 2);
    tern_store_le16(file + 18, 62);
    tern_store_le64(file + 24, 0x200204);
    tern_store_le64(file + 32, PHDRS);
    tern_store_le64(file + 40, SECTIONS);
    tern_store_le16(file + 54, PHDR_LEN);
    tern_store_le16(file + 56, N_SEGMENTS);
    tern_store_le16(file + 58, 64);
    tern_store_le16(file + 60, N_SECTIONS);
    segment(file, S_BOOT, 1, 5, 0, 0x200000, BOOT_END, BOOT_END);
    segment(file, S_TEXT, 1, 5, TEXT, 0x201000, TEXT_LEN, TEXT_LEN);
    segment(file, S_CONSTANTS, 1, 4, CONSTANTS, 0x202040, 0x60, 0x60);
    segment(file, S_DATA, 1, 6, DATA, 0x2030a0, 16, 0x2000);
    segment(file, S_NOTE, 4, 4, CONSTANTS, 0x202040, 24, 24);
    memcpy(file + BOOT_END - sizeof end, end, sizeof end);
    memset(file + TEXT, 0x90, TEXT_LEN);
    memset(file + TEXT + TEXT_LEN, 0xcc, CONSTANTS - TEXT - TEXT_LEN);
    memcpy(file + TEXT, text, sizeof text);
    tern_store_le32(file + TEXT + 11, 0x202040 + 32 - (0x201000 + 15));
    tern_store_le32(file + CONSTANTS, 4);
    tern_store_le32(file + CONSTANTS + 4, 8);
    tern_store_le32(file + CONSTANTS + 8, 18);
    memcpy(file + CONSTANTS + 12, "Xen", 4);
    tern_store_le64(file + CONSTANTS + 16, 0x200200);
    section(file, 1, 1, 6, 0x201000, TEXT, TEXT_LEN, 0);
    section(file, 2, 2, 0, 0, SYMBOLS, 48, 3);
    section(file, 3, 3, 0, 0, NAMES, 10, 0);
    tern_store_le32(file + SYMBOLS + 24, 1);
    file[SYMBOLS + 24 + 4] = 2;    /* a function */
    tern_store_le64(file + SYMBOLS + 24 + 8, 0x201000);
    tern_store_le64(file + SYMBOLS + 24 + 16, TEXT_LEN);
    memcpy(file + NAMES + 1, "function", 9);
}

/* What is said, for free(). */
static inline char *audited(const uint8_t *file, size_t len, enum audit_verdict *verdict)
{
    char *said = NULL;
    size_t said_len = 0;
    FILE *to = open_memstream(&said, &said_len);
    ck_assert_ptr_nonnull(to);
    *verdict = audit_elf(file, len, NULL, NULL, to, 0);
    fclose(to);
    return said;
}

/* Lines that begin with a word. */
static inline size_t lines(const char *said, const char *word)
{
    size_t n = 0;
    for (const char *p = said; p != NULL && *p != '\0'; p = strchr(p, '\n') + 1)
        n += strncmp(p, word, strlen(word)) == 0;
    return n;
}

/* Whether a line that begins with "failed" has these words, which may end it. */
static inline bool fails_with(const char *said, const char *words)
{
    for (const char *p = said; *p != '\0'; p = strchr(p, '\n') + 1) {
        const char *found = strstr(p, words);
        if (strncmp(p, "failed  ", 8) == 0 && found != NULL && found < strchr(p, '\n') + 1)
            return true;
    }
    return false;
}

#endif
