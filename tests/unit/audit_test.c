/* SPDX-License-Identifier: ISC */
/*
 * The audit of an image on the smallest file that passes it, and on that file with
 * one thing changed; and the decoder under it.
 */
#include <stdlib.h>
#include <string.h>

#include <tern/base.h>

#include "suites.h"
#include "tools/audit.h"
#include "tools/x86.h"

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

static void segment(uint8_t *file, int i, uint32_t type, uint32_t flags, uint64_t off, uint64_t at,
                    uint64_t file_len, uint64_t mem_len)
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

static void section(uint8_t *file, int i, uint32_t type, uint64_t flags, uint64_t at, uint64_t off,
                    uint64_t len, uint32_t link)
{
    uint8_t *p = file + SECTIONS + i * 64;
    tern_store_le32(p + 4, type);
    tern_store_le64(p + 8, flags);
    tern_store_le64(p + 16, at);
    tern_store_le64(p + 24, off);
    tern_store_le64(p + 32, len);
    tern_store_le32(p + 40, link);
}

static void image_make(uint8_t file[FILE_LEN])
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
static char *audited(const uint8_t *file, size_t len, enum audit_verdict *verdict)
{
    char *said = NULL;
    size_t said_len = 0;
    FILE *to = open_memstream(&said, &said_len);
    ck_assert_ptr_nonnull(to);
    *verdict = audit_elf(file, len, NULL, NULL, to, 0);
    fclose(to);
    return said;
}

START_TEST(test_audit_passes_a_sealed_image)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    char *said = audited(file, sizeof file, &verdict);
    ck_assert_int_eq(verdict, AUDIT_SEALED);
    ck_assert_ptr_null(strstr(said, "failed"));
    free(said);
}
END_TEST

#define FIELD(segment, field) PHDRS + (segment) * PHDR_LEN + (field)

struct edit {
    size_t off, n;
    uint8_t octets[16];
};

static void edits_make(uint8_t file[FILE_LEN], const struct edit edits[3])
{
    image_make(file);
    for (size_t i = 0; i < 3; i++)
        memcpy(file + edits[i].off, edits[i].octets, edits[i].n);
}

static const struct {
    const char *words;
    struct edit edits[3];
    const char *said;
} changes[] = {
    { "another class", { { 4, 1, { 1 } } }, "not an ELF program" },
    { "an object file", { { 16, 1, { 1 } } }, "not an ELF program" },
    { "another machine", { { 18, 1, { 3 } } }, "not an ELF program" },
    { "no segments", { { 56, 1, { 0 } } }, "table of segments" },
    { "too many segments", { { 56, 1, { 33 } } }, "table of segments" },
    { "segments of another length", { { 54, 1, { 32 } } }, "table of segments" },
    { "segments past the end", { { 33, 1, { 0xff } } }, "table of segments" },
    { "sections of another length", { { 58, 1, { 40 } } }, "table of sections" },
    { "sections past the end", { { 42, 1, { 0xff } } }, "table of sections" },
    { "written and executed text", { { FIELD(S_TEXT, FLAGS), 1, { 7 } } },
      "both written and executed" },
    { "executed data", { { FIELD(S_DATA, FLAGS), 1, { 7 } } }, "both written and executed" },
    { "executed constants", { { FIELD(S_CONSTANTS, FLAGS), 1, { 5 } } },
      "3 segments are executed" },
    { "no text", { { FIELD(S_TEXT, FLAGS), 1, { 4 } } }, "1 segments are executed" },
    { "text past the end", { { FIELD(S_TEXT, OFF), 3, { 0, 0, 1 } } }, "2 segments are executed" },
    { "notes alone", { { FIELD(S_BOOT, TYPE), 1, { 4 } }, { 56, 1, { 1 } } },
      "nothing to load" },
    { "a segment past the end",
      { { FIELD(S_DATA, FILE_SIZE), 8, { 0, 0, 0, 0, 0, 0, 0, 0x80 } } }, "cut off" },
    { "an offset that wraps",
      { { FIELD(S_DATA, OFF), 8, { 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } },
      "cut off" },
    { "data in the first MiB",
      { { FIELD(S_DATA, AT), 3, { 0xa0, 0xf0, 0x0f } },
        { FIELD(S_DATA, PHYS), 3, { 0xa0, 0xf0, 0x0f } } },
      "lies within the first MiB" },
    { "a segment that passes 4 GiB", { { FIELD(S_DATA, MEM_SIZE), 8, { 0, 0, 0, 0, 1 } } },
      "passes 4 GiB" },
    { "more in the file than in memory", { { FIELD(S_DATA, MEM_SIZE), 2, { 8, 0 } } }, "cut off" },
    { "another physical address", { { FIELD(S_DATA, PHYS), 3, { 0, 0, 0x10 } } },
      "is loaded to 0x100000" },
    { "text that is not aligned", { { FIELD(S_TEXT, ALIGN), 2, { 1, 0 } } }, "not aligned" },
    { "an alignment that is none", { { FIELD(S_TEXT, ALIGN), 2, { 0, 0x18 } } }, "not aligned" },
    { "a place in the file that does not fit", { { FIELD(S_DATA, OFF), 1, { 0xa8 } } },
      "not aligned" },
    { "data over constants", { { FIELD(S_DATA, AT), 16,
      { 0xa0, 0x20, 0x20, 0, 0, 0, 0, 0, 0xa0, 0x20, 0x20 } } }, "segments 3 and 4 share a page" },
    { "data over text", { { FIELD(S_DATA, AT), 16,
      { 0xa0, 0x10, 0x20, 0, 0, 0, 0, 0, 0xa0, 0x10, 0x20 } } }, "segments 1 and 4 share a page" },
    { "an interpreter", { { FIELD(S_NOTE, TYPE), 1, { 3 } } }, "an interpreter" },
    { "a dynamic segment", { { FIELD(S_NOTE, TYPE), 1, { 2 } } }, "dynamic" },
    { "thread-local data", { { FIELD(S_NOTE, TYPE), 1, { 7 } } }, "thread-local" },
    { "a segment of another kind", { { FIELD(S_NOTE, TYPE), 1, { 5 } } }, "of another kind" },
    { "an executable stack",
      { { FIELD(S_NOTE, TYPE), 8, { 0x51, 0xe5, 0x74, 0x64, 7, 0, 0, 0 } } },
      "an executable stack" },
    { "relocations", { { SECTIONS + 2 * 64 + 4, 1, { 4 } } }, "relocations" },
    { "relocations of the short kind", { { SECTIONS + 2 * 64 + 4, 1, { 9 } } }, "relocations" },
    { "a note of another kind", { { CONSTANTS + 8, 1, { 17 } } }, "no PVH note" },
    { "a note of another name", { { CONSTANTS + 12, 1, { 'Y' } } }, "no PVH note" },
    { "a note of \"Xen\" for others alone", { { CONSTANTS + 8, 1, { 1 } } },
      "type 1 of \"Xen\", is none for PVH" },
    { "a note with a wild length", { { CONSTANTS + 4, 4, { 0xff, 0xff, 0xff, 0xff } } },
      "no note at 0x202040" },
    { "a note with a wild name", { { CONSTANTS, 4, { 0xfc, 0xff, 0xff, 0xff } } },
      "no note at 0x202040" },
    { "a note without an entry", { { CONSTANTS + 4, 1, { 0 } } }, "is no PVH note" },
    { "an entry of 7 octets", { { CONSTANTS + 4, 1, { 7 } } }, "is no PVH note" },
    { "an entry of 5 octets", { { CONSTANTS + 4, 1, { 5 } } }, "is no PVH note" },
    { "a note whose name has 3 octets", { { CONSTANTS, 1, { 3 } } }, "is no PVH note" },
    { "a note of type 18 of another name", { { CONSTANTS + 12, 3, { 'G', 'N', 'U' } } },
      "the note of type 18 at 0x202040 is no PVH note" },
    { "a head of a note behind it",
      { { FIELD(S_NOTE, FILE_SIZE), 1, { 28 } }, { FIELD(S_NOTE, MEM_SIZE), 1, { 28 } } },
      "no note at 0x202058" },
    { "a longer name behind it",
      { { FIELD(S_NOTE, FILE_SIZE), 1, { 36 } }, { FIELD(S_NOTE, MEM_SIZE), 1, { 36 } },
        { CONSTANTS + 24, 1, { 1 } } }, "no note at 0x202058" },
    { "no notes at all",
      { { FIELD(S_NOTE, FILE_SIZE), 1, { 0 } }, { FIELD(S_NOTE, MEM_SIZE), 1, { 0 } } },
      "there is no PVH note" },
    { "notes past the end", { { FIELD(S_NOTE, OFF), 3, { 0, 0, 1 } } }, "notes are cut off" },
    { "notes that memory has none of", { { FIELD(S_NOTE, MEM_SIZE), 1, { 0 } } },
      "notes are cut off" },
    { "notes that memory has more of", { { FIELD(S_NOTE, MEM_SIZE), 1, { 25 } } },
      "0x18 octets in the file, and 0x19 in memory" },
    { "notes aligned to 16", { { FIELD(S_NOTE, ALIGN), 1, { 16 } } }, "aligned to 16, not to 4" },
    { "notes aligned to 8", { { FIELD(S_NOTE, ALIGN), 1, { 8 } } }, "aligned to 8, not to 4" },
    { "notes aligned to nothing", { { FIELD(S_NOTE, ALIGN), 1, { 0 } } },
      "aligned to 0, not to 4" },
    { "notes that are not loaded", { { FIELD(S_NOTE, AT), 3, { 0, 0, 0x7f } } },
      "not among the constants" },
    { "notes that are loaded elsewhere", { { FIELD(S_NOTE, AT), 1, { 0x44 } } },
      "not among the constants" },
    { "notes that are written", { { FIELD(S_CONSTANTS, FLAGS), 1, { 6 } } },
      "not among the constants" },
    { "notes that are executed", { { FIELD(S_CONSTANTS, FLAGS), 1, { 5 } } },
      "not among the constants" },
    { "a second segment of notes",
      { { FIELD(S_DATA, TYPE), 1, { 4 } }, { FIELD(S_DATA, AT), 3, { 0xa0, 0x20, 0x20 } } },
      "2 segments of notes" },
    { "a second one that memory has none of",
      { { FIELD(S_DATA, TYPE), 1, { 4 } }, { FIELD(S_DATA, MEM_SIZE), 2, { 0, 0 } } },
      "2 segments of notes" },
    { "no segment of notes", { { FIELD(S_NOTE, TYPE), 1, { 0 } } }, "0 segments of notes" },
    { "Multiboot's magic", { { 0x160, 4, { 0x02, 0xb0, 0xad, 0x1b } } }, "Multiboot at 0x160" },
    { "Multiboot's magic in the text", { { TEXT + 0x14, 4, { 0x02, 0xb0, 0xad, 0x1b } } },
      "Multiboot at 0x1014" },
    { "Multiboot 2's magic", { { 0x160, 4, { 0xd6, 0x50, 0x52, 0xe8 } } },
      "Multiboot 2 at 0x160" },
    { "Linux's magic", { { 0x202, 4, "HdrS" } }, "Linux at 0x202" },
    { "an entry in data", { { CONSTANTS + 16, 3, { 0xa0, 0x30, 0x20 } } }, "is not code" },
    { "an ELF entry in the text", { { 24, 3, { 0x00, 0x10, 0x20 } } },
      "is not in the boot pages" },
    { "boot pages that load CR4", { { BOOT_END - 1, 1, { 0xe0 } } }, "does not load CR3" },
    { "boot pages that read CR3", { { BOOT_END - 2, 1, { 0x20 } } }, "does not load CR3" },
    { "boot pages that end otherwise", { { BOOT_END - 3, 1, { 0x90 } } }, "does not load CR3" },
    { "boot pages of two octets",
      { { FIELD(S_BOOT, FILE_SIZE), 2, { 2, 0 } }, { CONSTANTS + 16, 2, { 0, 0 } } },
      "does not load CR3" },
    { "boot pages away from the text", { { FIELD(S_TEXT, AT), 16,
      { 0, 0x50, 0x20, 0, 0, 0, 0, 0, 0, 0x50, 0x20 } } }, "does not follow the boot pages" },
    { "boot pages that are not in the file", { { FIELD(S_BOOT, FILE_SIZE), 2, { 0xf0, 0x0f } } },
      "not in the file" },
    { "text that is not in the file", { { FIELD(S_TEXT, MEM_SIZE), 2, { 0, 1 } } },
      "not in the file" },
    { "constants among code", { { SECTIONS + 64 + 8, 1, { 2 } } }, "is no code" },
    { "code among data", { { SECTIONS + 64 + 16, 3, { 0xa0, 0x30, 0x20 } } },
      "is code, and segment 4" },
    { "wrmsr", { { TEXT + 20, 2, { 0x0f, 0x30 } } }, "wrmsr at 0x201014 (in function)" },
    { "mov to CR0", { { TEXT + 20, 3, { 0x0f, 0x22, 0xc0 } } },
      "mov to a control register at 0x201014" },
    { "mov to CR8", { { TEXT + 20, 4, { 0x44, 0x0f, 0x22, 0xc0 } } },
      "control register at 0x201014" },
    { "lgdt", { { TEXT + 20, 3, { 0x0f, 0x01, 0x10 } } }, "lgdt at 0x201014" },
    { "vmcall", { { TEXT + 20, 3, { 0x0f, 0x01, 0xc1 } } }, "vmcall at 0x201014" },
    { "vmmcall", { { TEXT + 20, 3, { 0x0f, 0x01, 0xd9 } } }, "vmmcall at 0x201014" },
    { "getsec", { { TEXT + 20, 2, { 0x0f, 0x37 } } }, "getsec at 0x201014" },
    { "vmxon", { { TEXT + 20, 4, { 0xf3, 0x0f, 0xc7, 0x30 } } }, "vmxon at 0x201014" },
    { "wrmsrns with a number", { { TEXT + 20, 9, { 0xc4, 0xe7, 0x7a, 0xf6, 0xc0, 0, 0, 0, 0 } } },
      "wrmsrns at 0x201014" },
    { "insertq", { { TEXT + 20, 6, { 0xf2, 0x0f, 0x78, 0xc0, 0xb8, 0xb8 } } },
      "no instruction at 0x201014" },
    { "ltr", { { TEXT + 20, 3, { 0x0f, 0x00, 0xd8 } } }, "ltr at 0x201014" },
    { "lmsw", { { TEXT + 20, 3, { 0x0f, 0x01, 0xf0 } } }, "lmsw at 0x201014" },
    { "ltr of constant zeros", { { TEXT + 9, 1, { 0 } } }, "ltr at 0x201008" },
    { "lgdt of constant zeros", { { TEXT + 10, 1, { 0x15 } } }, "lgdt at 0x201008" },
    { "a lidt without int3", { { TEXT + 15, 1, { 0x90 } } }, "lidt at 0x201008" },
    { "a lidt at the end of the text", { { TEXT + 53, 7, { 0x0f, 0x01, 0x1d, 0x24, 0x10 } } },
      "lidt at 0x201035" },
    /* Read one octet off, it would be a lidt of zeros, and int3 behind it. */
    { "a lidt behind a prefix", { { TEXT + 52, 8, { 0x66, 0x0f, 0x01, 0x1d, 0x10, 0, 0, 0xcc } } },
      "lidt at 0x201034" },
    { "a lidt of something", { { ZEROS + 9, 1, { 1 } } }, "lidt at 0x201008" },
    { "a lidt of data", { { TEXT + 11, 4, { 0x91, 0x20, 0, 0 } } }, "lidt at 0x201008" },
    { "a lidt of data that is zero",
      { { FIELD(S_CONSTANTS, FLAGS), 1, { 6 } } }, "lidt at 0x201008" },
    { "a lidt of what is not there", { { TEXT + 11, 4, { 0, 0, 0, 0x80 } } },
      "lidt at 0x201008" },
    { "no instruction", { { TEXT + 20, 1, { 0x06 } } }, "no instruction at 0x201014" },
    { "an instruction cut off", { { TEXT + TEXT_LEN - 1, 1, { 0xb8 } } },
      "no instruction at 0x20103b" },
    /* Names are the file's: what is wrong with them leaves the address alone. */
    { "wild names", { { TEXT + 20, 2, { 0x0f, 0x30 } },
      { SECTIONS + 2 * 64 + 40, 4, { 0xff, 0xff, 0xff, 0xff } } }, "wrmsr at 0x201014\n" },
    { "symbols past the end", { { TEXT + 20, 2, { 0x0f, 0x30 } },
      { SECTIONS + 2 * 64 + 24, 4, { 0xff, 0xff, 0xff, 0x7f } } }, "wrmsr at 0x201014\n" },
    { "names past the end", { { TEXT + 20, 2, { 0x0f, 0x30 } },
      { SECTIONS + 3 * 64 + 24, 4, { 0xff, 0xff, 0xff, 0x7f } } }, "wrmsr at 0x201014\n" },
    { "a name past the names", { { TEXT + 20, 2, { 0x0f, 0x30 } },
      { SYMBOLS + 24, 4, { 0xff, 0xff, 0xff, 0x7f } } }, "wrmsr at 0x201014\n" },
    { "a name without an end", { { TEXT + 20, 2, { 0x0f, 0x30 } },
      { SECTIONS + 3 * 64 + 32, 1, { 5 } } }, "wrmsr at 0x201014\n" },
    { "a first table of symbols that has none", { { TEXT + 20, 2, { 0x0f, 0x30 } },
      { SECTIONS + 4, 1, { 2 } } }, "wrmsr at 0x201014\n" },
    { "a name that is no word", { { TEXT + 20, 2, { 0x0f, 0x30 } },
      { NAMES + 3, 1, { 0x1b } } }, "wrmsr at 0x201014\n" },
};

/* Lines that begin with a word. */
static size_t lines(const char *said, const char *word)
{
    size_t n = 0;
    for (const char *p = said; p != NULL && *p != '\0'; p = strchr(p, '\n') + 1)
        n += strncmp(p, word, strlen(word)) == 0;
    return n;
}

/* Whether a line that begins with "failed" has these words, which may end it. */
static bool fails_with(const char *said, const char *words)
{
    for (const char *p = said; *p != '\0'; p = strchr(p, '\n') + 1) {
        const char *found = strstr(p, words);
        if (strncmp(p, "failed  ", 8) == 0 && found != NULL && found < strchr(p, '\n') + 1)
            return true;
    }
    return false;
}

START_TEST(test_audit_names_what_is_changed)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    edits_make(file, changes[_i].edits);
    char *said = audited(file, sizeof file, &verdict);
    ck_assert_msg(verdict == AUDIT_FAILED, "%s: passes", changes[_i].words);
    ck_assert_msg(fails_with(said, changes[_i].said), "%s: %s", changes[_i].words, said);
    ck_assert_uint_lt(lines(said, "ok "), 11);
    if (strstr(said, "not an ELF") != NULL || strstr(said, "table of") != NULL)
        ck_assert_uint_eq(lines(said, ""), 1);
    free(said);
}
END_TEST

/* What looks odd and is not wrong. */
static const struct {
    const char *words;
    struct edit edits[3];
} oddities[] = {
    { "a section that is not loaded, at the text's address",
      { { SECTIONS + 3 * 64 + 16, 3, { 0, 0x10, 0x20 } } } },
    { "an empty section there",
      { { SECTIONS + 3 * 64 + 16, 3, { 8, 0x10, 0x20 } }, { SECTIONS + 3 * 64 + 8, 1, { 2 } },
        { SECTIONS + 3 * 64 + 32, 1, { 0 } } } },
    { "a segment of no kind in data's place, at the constants' address",
      { { FIELD(S_DATA, TYPE), 1, { 0 } }, { FIELD(S_DATA, AT), 3, { 0xa0, 0x20, 0x20 } } } },
    { "Multiboot's magic between words", { { 0x162, 4, { 0x02, 0xb0, 0xad, 0x1b } } } },
    { "Multiboot 2's magic between long words", { { 0x164, 4, { 0xd6, 0x50, 0x52, 0xe8 } } } },
    { "Linux's magic elsewhere", { { 0x206, 4, "HdrS" } } },
    { "most of Linux's magic", { { 0x202, 4, "HdrT" } } },
    { "an entry of 4 octets, and an empty note behind it", { { CONSTANTS + 4, 1, { 4 } },
      { FIELD(S_NOTE, FILE_SIZE), 1, { 32 } }, { FIELD(S_NOTE, MEM_SIZE), 1, { 32 } } } },
    { "two tables of symbols", { { SECTIONS + 4, 1, { 2 } } } },
    { "a note that is called executable, and not loaded", { { FIELD(S_NOTE, FLAGS), 1, { 5 } } } },
    { "no sections", { { 60, 1, { 0 } } } },
    { "data without octets, behind the end of the file",
      { { FIELD(S_DATA, FILE_SIZE), 1, { 0 } }, { FIELD(S_DATA, OFF), 3, { 0xa0, 0, 0x7f } } } },
    { "half an instruction at the end of a number",
      { { TEXT + 55, 5, { 0xb8, 0, 0, 0x0f, 0x22 } } } },
    { "an instruction of another map in a number",
      { { TEXT + 4, 4, { 0x0f, 0x38, 0x22, 0xc0 } } } },
    /* lmsw reaches neither WP nor PG: it is refused in the open, and let pass within. */
    { "lmsw in a number", { { TEXT + 5, 3, { 0x0f, 0x01, 0xf0 } } } },
};

START_TEST(test_audit_passes_what_is_only_odd)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    edits_make(file, oddities[_i].edits);
    char *said = audited(file, sizeof file, &verdict);
    ck_assert_msg(verdict == AUDIT_SEALED, "%s: %s", oddities[_i].words, said);
    free(said);
}
END_TEST

START_TEST(test_audit_is_quiet_about_what_holds)
{
    uint8_t file[FILE_LEN];
    char said[64] = "";
    FILE *to = fmemopen(said, sizeof said, "w");
    ck_assert_ptr_nonnull(to);
    image_make(file);
    ck_assert_int_eq(audit_elf(file, sizeof file, NULL, NULL, to, 1), AUDIT_SEALED);
    fclose(to);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(test_audit_refuses_more_sections_than_it_has_room_for)
{
    enum { MANY = 300 };
    static uint8_t big[SECTIONS + MANY * 64];
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    memcpy(big, file, sizeof file);
    tern_store_le16(big + 60, MANY);
    char *said = audited(big, sizeof big, &verdict);
    ck_assert_int_eq(verdict, AUDIT_FAILED);
    ck_assert(fails_with(said, "too long"));
    free(said);
}
END_TEST

START_TEST(test_audit_finds_what_hides_in_an_immediate)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    file[TEXT + 5] = 0x0f;
    file[TEXT + 6] = 0x30;
    char *said = audited(file, sizeof file, &verdict);
    ck_assert_int_eq(verdict, AUDIT_HIDDEN);
    ck_assert_ptr_nonnull(strstr(said, "failed  hidden at 0x201005 (in function): wrmsr"));
    free(said);
}
END_TEST

/* What calls the hypervisor undoes a seal with nothing else, from wherever it is read. */
static const struct {
    uint8_t octets[8];    /* the number of a movabs */
    const char *said;     /* at its third octet; NULL: nothing */
} hidden[] = {
    { { 0x0f, 0x01, 0xc1 }, "vmcall" },
    { { 0x0f, 0x01, 0xd9 }, "vmmcall" },
    { { 0x0f, 0x01, 0xd4 }, "vmfunc" },
    { { 0x0f, 0x01, 0xcc }, "an instruction of 0f 01" },
    { { 0x0f, 0x01, 0xc6 }, "wrmsrns" },
    { { 0xc4, 0xe7, 0x7a, 0xf6, 0xc0 }, "wrmsrns" },
    { { 0xc4, 0xc7, 0x7a, 0xf6, 0xc7 }, "wrmsrns" },
    { { 0x62, 0xf7, 0x7e, 0x08, 0xf6, 0xc0 }, "wrmsrns" },
    { { 0xc4, 0xe7, 0x7b, 0xf6, 0xc0 }, NULL },    /* rdmsr */
    { { 0xc4, 0xe3, 0x7a, 0xf6, 0xc0 }, NULL },    /* another map */
    { { 0x0f, 0x01, 0xd1 }, NULL },                /* xsetbv needs CR4 */
    { { 0x0f, 0x37 }, NULL },                      /* so does getsec */
    { { 0x0f, 0x22, 0xc0 }, "mov to a control register" },
    { { 0x0f, 0x01, 0x10 }, "lgdt" },
    { { 0x0f, 0x01, 0x18 }, "lidt" },
    { { 0x0f, 0x23, 0x10 }, NULL },                /* a debug register only traps */
};

START_TEST(test_audit_finds_hypercalls_and_wide_instructions_that_hide)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    char line[80];
    image_make(file);
    memcpy(file + TEXT + 20, (const uint8_t[2]){ 0x48, 0xb8 }, 2);
    memcpy(file + TEXT + 22, hidden[_i].octets, 8);
    char *said = audited(file, sizeof file, &verdict);
    ck_assert_msg(verdict == (hidden[_i].said != NULL ? AUDIT_HIDDEN : AUDIT_SEALED), "%s", said);
    if (hidden[_i].said != NULL) {
        snprintf(line, sizeof line, "hidden at 0x201016 (in function): %s", hidden[_i].said);
        ck_assert_msg(fails_with(said, line), "%s", said);
    }
    free(said);
}
END_TEST

/* A note beside the good one; loaders differ in which they take. */
static const struct {
    uint32_t name_len, desc_len, type;
    char name[4];
    const char *said;    /* NULL: it may be there */
} beside[] = {
    { 4, 20, 3, "GNU", NULL },                     /* a build id */
    { 4, 4, 1, "GNU", NULL },
    { 5, 8, 3, "GNU", NULL },
    { 2, 4, 1, "Xe", NULL },
    { 4, 8, 18, "Xen", "2 notes of type 18" },
    { 4, 4, 18, "Xen", "2 notes of type 18" },
    { 4, 8, 18, "GNU", "is no PVH note" },
    { 4, 8, 18, "GNU", "2 notes of type 18" },
    { 0, 8, 18, "", "is no PVH note" },
    { 4, 12, 18, "Xen", "is no PVH note" },
    { 4, 7, 18, "Xen", "is no PVH note" },
    { 4, 8, 1, "Xen", "type 1 of \"Xen\", is none for PVH" },
    { 4, 12, 19, "Xen", "type 19 of \"Xen\", is none for PVH" },
    { 3, 8, 1, "Xen", "type 1 of \"Xen\", is none for PVH" },
    { 4, 0xfffffff0, 3, "GNU", "no note at" },
    { 0xfffffff0, 4, 3, "GNU", "no note at" },
    { 4, 24, 3, "GNU", "no note at" },
};

/* The good one stands before it and, in another file, behind it. */
START_TEST(test_audit_reads_each_note_beside_the_good_one)
{
    enum { GOOD_LEN = 24, ROOM = 36 };
    uint8_t file[FILE_LEN], good[GOOD_LEN];
    enum audit_verdict verdict;
    for (int first = 0; first < 2; first++) {
        image_make(file);
        uint64_t own = 12 + ((uint64_t)beside[_i].name_len + 3) / 4 * 4 +
                       ((uint64_t)beside[_i].desc_len + 3) / 4 * 4;
        if (own > ROOM)
            own = ROOM;
        memcpy(good, file + CONSTANTS, GOOD_LEN);
        /* Away from the zeros that lidt reads: where data was, which joins the constants. */
        tern_store_le16(file + 60, 0);
        tern_store_le32(file + PHDRS + S_DATA * PHDR_LEN, 0);
        uint64_t whole = DATA + GOOD_LEN + own - CONSTANTS;
        segment(file, S_CONSTANTS, 1, 4, CONSTANTS, 0x202040, whole, whole);
        segment(file, S_NOTE, 4, 4, DATA, 0x2020a0, GOOD_LEN + own, GOOD_LEN + own);
        memset(file + DATA, 0, GOOD_LEN + ROOM);
        uint8_t *p = file + DATA + (first ? GOOD_LEN : 0);
        memcpy(file + DATA + (first ? 0 : own), good, GOOD_LEN);
        tern_store_le32(p, beside[_i].name_len);
        tern_store_le32(p + 4, beside[_i].desc_len);
        tern_store_le32(p + 8, beside[_i].type);
        memcpy(p + 12, beside[_i].name, 4);
        if (beside[_i].name_len == 0)
            memset(p + 12, 0, 4);
        char *said = audited(file, sizeof file, &verdict);
        if (beside[_i].said == NULL) {
            ck_assert_msg(verdict == AUDIT_SEALED, "%d: %s", first, said);
        } else {
            ck_assert_msg(verdict == AUDIT_FAILED, "%d: passes", first);
            ck_assert_msg(fails_with(said, beside[_i].said), "%d: %s", first, said);
        }
        free(said);
    }
}
END_TEST

START_TEST(test_audit_looks_for_other_protocols_as_far_as_loaders_do)
{
    static const struct {
        size_t off;
        uint32_t magic;
        bool found;
    } cases[] = {
        { 0x1ffc, 0x1badb002, true }, { 0x2000, 0x1badb002, false },
        { 0x1fff, 0x1badb002, false }, { 0x2000, 0xe85250d6, true },
        { 0x7ff8, 0xe85250d6, true }, { 0x8000, 0xe85250d6, false },
        { 0x7ffc, 0xe85250d6, false },
    };
    static uint8_t big[0x8010];
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(big, 0, sizeof big);
        memcpy(big, file, sizeof file);
        tern_store_le32(big + cases[i].off, cases[i].magic);
        char *said = audited(big, sizeof big, &verdict);
        ck_assert_int_eq(verdict, cases[i].found ? AUDIT_FAILED : AUDIT_SEALED);
        ck_assert_int_eq(fails_with(said, "takes for Multiboot"), cases[i].found);
        free(said);
    }
}
END_TEST

static const char *counted(void *arg, uint64_t at)
{
    (void)at;
    ++*(size_t *)arg;
    return NULL;
}

/* A name may take a walk through millions of symbols: none is looked up for nothing. */
START_TEST(test_audit_looks_up_no_name_that_is_not_said)
{
    enum { MANY = 0x1000, AT_OFF = 0x2000 };
    static uint8_t big[AT_OFF + MANY];
    static const uint8_t hides[8] = { 0xb8, 0, 0x0f, 0x30, 0, 0x90, 0x90, 0x90 };
    uint8_t file[FILE_LEN];
    FILE *nowhere = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(nowhere);
    image_make(file);
    segment(file, S_TEXT, 1, 5, AT_OFF, 0x201000, MANY, MANY);
    memcpy(big, file, sizeof file);
    for (size_t i = AT_OFF; i < sizeof big; i += 2)
        memcpy(big + i, (const uint8_t[2]){ 0x0f, 0x30 }, 2);
    size_t n = 0;
    ck_assert_int_eq(audit_elf(big, sizeof big, counted, &n, nowhere, 1), AUDIT_FAILED);
    ck_assert_uint_eq(n, 16);
    for (size_t i = AT_OFF; i < sizeof big; i += 8)
        memcpy(big + i, hides, 8);
    n = 0;
    ck_assert_int_eq(audit_elf(big, sizeof big, counted, &n, nowhere, 1), AUDIT_HIDDEN);
    ck_assert_uint_eq(n, 16);
    fclose(nowhere);
}
END_TEST

START_TEST(test_audit_survives_every_truncation)
{
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    for (size_t len = 0; len < FILE_LEN; len++) {
        uint8_t *exact = malloc(len + 1);    /* a sanitizer sees what is read behind it */
        memcpy(exact, file, len);
        exact = realloc(exact, len > 0 ? len : 1);
        char *said = audited(exact, len, &verdict);
        ck_assert_int_eq(verdict, AUDIT_FAILED);
        free(said);
        free(exact);
    }
}
END_TEST

START_TEST(test_audit_survives_any_value_in_its_tables)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    for (size_t off = 0; off < FILE_LEN; off++) {
        if (off == PHDRS + N_SEGMENTS * PHDR_LEN)
            off = TEXT;    /* nothing reads the boot pages but for their end */
        for (size_t v = 0; v < sizeof values; v++) {
            image_make(file);
            file[off] = values[v];
            free(audited(file, sizeof file, &verdict));
            ck_assert_int_le(verdict, AUDIT_FAILED);
        }
    }
}
END_TEST

START_TEST(test_audit_says_no_more_than_a_little_of_each)
{
    enum { MANY = 0x1000, AT_OFF = 0x2000 };
    static uint8_t big[AT_OFF + MANY];
    uint8_t file[FILE_LEN];
    enum audit_verdict verdict;
    image_make(file);
    segment(file, S_TEXT, 1, 5, AT_OFF, 0x201000, MANY, MANY);
    memcpy(big, file, sizeof file);
    for (size_t i = AT_OFF; i < sizeof big; i += 2)
        memcpy(big + i, (const uint8_t[2]){ 0x0f, 0x30 }, 2);
    char *said = audited(big, sizeof big, &verdict);
    ck_assert_int_eq(verdict, AUDIT_FAILED);
    ck_assert(fails_with(said, "wrmsr at 0x20101e"));
    ck_assert(fails_with(said, "and more of the kind"));
    ck_assert_uint_eq(lines(said, "failed"), 17);
    free(said);
    /* Hidden in numbers. */
    for (size_t i = AT_OFF; i < sizeof big; i += 8)
        memcpy(big + i, (const uint8_t[8]){ 0xb8, 0, 0x0f, 0x30, 0, 0x90, 0x90, 0x90 }, 8);
    said = audited(big, sizeof big, &verdict);
    ck_assert_int_eq(verdict, AUDIT_HIDDEN);
    ck_assert(fails_with(said, "more are hidden"));
    ck_assert_uint_eq(lines(said, "failed"), 17);
    free(said);
}
END_TEST

/* ---- The decoder ------------------------------------------------------------ */

#define UNKNOWN_01 "an instruction of 0f 01 that is not known to be harmless"
#define UNKNOWN_C7 "an unknown instruction of 0f c7"

static const struct {
    uint8_t code[15];
    size_t len;           /* 0: none */
    const char *unsealing;
} insns[] = {
    { { 0x90 }, 1, NULL },
    { { 0xf3, 0xc3 }, 2, NULL },
    { { 0x89, 0xe4 }, 2, NULL },                                      /* no SIB: a register */
    { { 0x81, 0xc0, 1, 2, 3, 4 }, 6, NULL },
    { { 0x0f, 0xc6, 0xc8, 1 }, 4, NULL },                             /* shufps */
    { { 0x30, 0xc0 }, 2, NULL },                                      /* xor: not 0f 30 */
    { { 0x48, 0xc5, 0xf8, 0x77 }, 0, NULL },                          /* REX before VEX */
    { { 0xf3, 0x0f, 0xae, 0x10 }, 4, NULL },
    { { 0x0f, 0xae, 0xd0 }, 3, NULL },
    { { 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 }, 10, NULL },             /* movabs */
    { { 0x66, 0xb8, 1, 2 }, 4, NULL },
    { { 0xc8, 1, 2, 3 }, 4, NULL },                                   /* enter */
    { { 0xa1, 1, 2, 3, 4, 5, 6, 7, 8 }, 9, NULL },
    { { 0x67, 0xa1, 1, 2, 3, 4 }, 6, NULL },
    { { 0xf6, 0xc0, 1 }, 3, NULL },                                   /* test $1, %al */
    { { 0xf6, 0xd0 }, 2, NULL },                                      /* not %al */
    { { 0xf7, 0xc0, 1, 2, 3, 4 }, 6, NULL },
    { { 0x66, 0xf7, 0xc0, 1, 2 }, 5, NULL },
    { { 0x8b, 0x04, 0x25, 1, 2, 3, 4 }, 7, NULL },                    /* SIB without base */
    { { 0x8b, 0x44, 0x24, 1 }, 4, NULL },
    { { 0x8b, 0x84, 0x24, 1, 2, 3, 4 }, 7, NULL },
    { { 0x8b, 0x05, 1, 2, 3, 4 }, 6, NULL },                          /* relative to rip */
    { { 0x0f, 0x84, 1, 2, 3, 4 }, 6, NULL },
    { { 0x66, 0x0f, 0x84, 1, 2, 3, 4 }, 0, NULL },                    /* differs by maker */
    { { 0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8 }, 6, NULL },                 /* palignr */
    { { 0x66, 0x0f, 0x38, 0xdc, 0xc1 }, 5, NULL },                    /* aesenc */
    { { 0xc5, 0xf8, 0x77 }, 3, NULL },                                /* vzeroupper */
    { { 0xc4, 0xe3, 0x7d, 0x39, 0xc1, 1 }, 6, NULL },                 /* vextracti128 */
    { { 0x62, 0xf1, 0x7c, 0x48, 0x10, 0x47, 1 }, 7, NULL },           /* EVEX, disp8 */
    { { 0x66, 0xc5, 0xf8, 0x77 }, 0, NULL },
    { { 0x48, 0x66, 0x90 }, 3, NULL },                                /* REX before 66 */
    { { 0x06 }, 0, NULL }, { { 0x62 }, 0, NULL }, { { 0x0f, 0x04 }, 0, NULL },
    { { 0xc6, 0xc8, 1 }, 0, NULL }, { { 0xff, 0xf8 }, 0, NULL },
    { { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90 },
      15, NULL },
    { { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x89, 0x05 },
      0, NULL },
    { { 0x0f, 0x30 }, 2, "wrmsr" },
    { { 0x0f, 0x32 }, 2, NULL },                                      /* rdmsr */
    { { 0x0f, 0x20, 0xc0 }, 3, NULL },                                /* from CR0 */
    { { 0x0f, 0x22, 0x05 }, 3, "mov to a control register" },         /* mod does not count */
    { { 0x0f, 0x23, 0xf8 }, 3, "mov to a debug register" },
    { { 0x0f, 0x01, 0x15, 1, 2, 3, 4 }, 7, "lgdt" },
    { { 0x0f, 0x01, 0x18 }, 3, "lidt" },
    { { 0x0f, 0x01, 0x38 }, 3, NULL },                                /* invlpg */
    { { 0x0f, 0x01, 0xd0 }, 3, NULL },                                /* xgetbv */
    { { 0x0f, 0x01, 0xd1 }, 3, "xsetbv" },
    { { 0x0f, 0x01, 0xf8 }, 3, "swapgs" },
    { { 0x0f, 0x01, 0xc6 }, 3, "wrmsrns" },
    { { 0x0f, 0x01, 0x30 }, 3, "lmsw" },
    { { 0x0f, 0x00, 0xd0 }, 3, "lldt" },
    { { 0x0f, 0x00, 0xc8 }, 3, NULL },                                /* str */
    { { 0xf3, 0x48, 0x0f, 0xae, 0xd0 }, 5, "wrfsbase" },
    { { 0x0f, 0xae, 0xf0 }, 3, NULL },                                /* mfence */
    { { 0xc5, 0xf8, 0x22, 0xc0 }, 4, NULL },                          /* VEX has one of them */
    { { 0xc4, 0xe7, 0x7a, 0xf6, 0xc0, 1, 2, 3, 4 }, 9, "wrmsrns" },
    { { 0x62, 0xf7, 0x7e, 0x08, 0xf6, 0xc0, 1, 2, 3, 4 }, 10, "wrmsrns" },
    { { 0xc4, 0xe7, 0x7b, 0xf6, 0xc0, 1, 2, 3, 4 }, 9, NULL },        /* rdmsr */
    { { 0xc4, 0xe7, 0x7a, 0xf8, 0xc0, 1, 2, 3, 4 }, 0, NULL },        /* uwrmsr */
    /* SSE4a's have two numbers where vmread has none: neither is read. */
    { { 0xf2, 0x0f, 0x78, 0xc0, 1, 2 }, 0, NULL }, { { 0x66, 0x0f, 0x78, 0xc0, 1, 2 }, 0, NULL },
    { { 0x0f, 0x78, 0xc0 }, 0, NULL }, { { 0x0f, 0x79, 0xc0 }, 0, NULL },
    { { 0xf2, 0x0f, 0x79, 0xc0 }, 0, NULL },
    { { 0x62, 0xf1, 0x7c, 0x48, 0x78, 0xc1 }, 6, NULL },              /* vcvttps2udq */
    { { 0x0f, 0x37 }, 2, "getsec" },
    { { 0x0f, 0x01, 0x00 }, 3, NULL }, { { 0x0f, 0x01, 0x08 }, 3, NULL },    /* sgdt, sidt */
    { { 0x0f, 0x01, 0x20 }, 3, NULL }, { { 0x0f, 0x01, 0xe0 }, 3, NULL },    /* smsw */
    { { 0xf3, 0x0f, 0x01, 0x28 }, 4, "rstorssp" },
    { { 0x0f, 0x01, 0xc1 }, 3, "vmcall" }, { { 0x0f, 0x01, 0xd9 }, 3, "vmmcall" },
    { { 0xf3, 0x0f, 0x01, 0xd9 }, 4, "vmmcall" }, { { 0x0f, 0x01, 0xc2 }, 3, "vmlaunch" },
    { { 0x0f, 0x01, 0xc3 }, 3, "vmresume" }, { { 0x0f, 0x01, 0xc5 }, 3, "pconfig" },
    { { 0x0f, 0x01, 0xcf }, 3, "encls" }, { { 0x0f, 0x01, 0xd4 }, 3, "vmfunc" },
    { { 0x0f, 0x01, 0xd8 }, 3, "vmrun" }, { { 0x0f, 0x01, 0xda }, 3, "vmload" },
    { { 0xf3, 0x0f, 0x01, 0xc6 }, 4, "wrmsrns" },                     /* wrmsrlist */
    { { 0x0f, 0x01, 0xf9 }, 3, NULL }, { { 0x0f, 0x01, 0xca }, 3, NULL },    /* rdtscp, clac */
    { { 0x0f, 0x01, 0xee }, 3, NULL }, { { 0x0f, 0x01, 0xe8 }, 3, NULL },
    { { 0xf3, 0x0f, 0x01, 0xe8 }, 4, UNKNOWN_01 },                    /* setssbsy */
    { { 0x66, 0x0f, 0x01, 0xcc }, 4, UNKNOWN_01 },                    /* tdcall */
    { { 0x0f, 0x01, 0xef }, 3, UNKNOWN_01 },                          /* wrpkru */
    { { 0x0f, 0x01, 0xc0 }, 3, UNKNOWN_01 }, { { 0x0f, 0x01, 0xff }, 3, UNKNOWN_01 },
    { { 0x0f, 0xc7, 0x08 }, 3, NULL }, { { 0x0f, 0xc7, 0xf0 }, 3, NULL },    /* cmpxchg8b, rdrand */
    { { 0x66, 0x0f, 0xc7, 0xf0 }, 4, NULL }, { { 0x0f, 0xc7, 0xf8 }, 3, NULL },
    { { 0xf3, 0x0f, 0xc7, 0xf8 }, 4, NULL }, { { 0x0f, 0xc7, 0x20 }, 3, NULL },
    { { 0xf3, 0x0f, 0xc7, 0x30 }, 4, "vmxon" }, { { 0x0f, 0xc7, 0x30 }, 3, "vmptrld or vmclear" },
    { { 0x0f, 0xc7, 0x38 }, 3, "vmptrst" }, { { 0xf3, 0x0f, 0xc7, 0xf0 }, 4, "senduipi" },
    { { 0x0f, 0xc7, 0x18 }, 3, "xrstors" }, { { 0x0f, 0xc7, 0xc8 }, 3, UNKNOWN_C7 },
    { { 0x0f, 0xc7, 0x00 }, 3, UNKNOWN_C7 },
    { { 0x66, 0x0f, 0x38, 0x80, 0x00 }, 5, "invept" },
    { { 0x66, 0x0f, 0x38, 0x81, 0x00 }, 5, "invvpid" },
    { { 0xf3, 0x0f, 0x38, 0xf8, 0xc0 }, 5, "uwrmsr" },
    { { 0x66, 0x0f, 0x38, 0xf8, 0x00 }, 5, NULL },                    /* movdir64b */
    { { 0xf3, 0x0f, 0x38, 0xf6, 0xc0 }, 5, NULL },                    /* adox */
};

START_TEST(test_x86_decode_knows_lengths_and_what_undoes_a_seal)
{
    struct x86_insn insn;
    bool good = x86_decode(insns[_i].code, sizeof insns[_i].code, &insn);
    ck_assert_uint_eq(good ? insn.len : 0, insns[_i].len);
    if (!good)
        return;
    const char *name = x86_unsealing(&insn);
    ck_assert_int_eq(name != NULL, insns[_i].unsealing != NULL);
    if (name != NULL)
        ck_assert_str_eq(name, insns[_i].unsealing);
    for (size_t room = 0; room < insn.len; room++) {
        uint8_t *exact = malloc(room + 1);
        memcpy(exact, insns[_i].code, room);
        exact = realloc(exact, room > 0 ? room : 1);
        ck_assert(!x86_decode(exact, room, &insn));
        free(exact);
        ck_assert(x86_decode(insns[_i].code, sizeof insns[_i].code, &insn));
    }
}
END_TEST

Suite *audit_suite(void)
{
    Suite *suite = suite_create("audit");
    TCase *tc = tcase_create("audit");
    tcase_add_test(tc, test_audit_passes_a_sealed_image);
    tcase_add_loop_test(tc, test_audit_names_what_is_changed, 0,
                        sizeof changes / sizeof *changes);
    tcase_add_loop_test(tc, test_audit_passes_what_is_only_odd, 0,
                        sizeof oddities / sizeof *oddities);
    tcase_add_test(tc, test_audit_is_quiet_about_what_holds);
    tcase_add_test(tc, test_audit_refuses_more_sections_than_it_has_room_for);
    tcase_add_test(tc, test_audit_finds_what_hides_in_an_immediate);
    tcase_add_loop_test(tc, test_audit_finds_hypercalls_and_wide_instructions_that_hide, 0,
                        sizeof hidden / sizeof *hidden);
    tcase_add_loop_test(tc, test_audit_reads_each_note_beside_the_good_one, 0,
                        sizeof beside / sizeof *beside);
    tcase_add_test(tc, test_audit_looks_for_other_protocols_as_far_as_loaders_do);
    tcase_add_test(tc, test_audit_looks_up_no_name_that_is_not_said);
    tcase_add_test(tc, test_audit_survives_every_truncation);
    tcase_add_test(tc, test_audit_survives_any_value_in_its_tables);
    tcase_add_test(tc, test_audit_says_no_more_than_a_little_of_each);
    tcase_add_loop_test(tc, test_x86_decode_knows_lengths_and_what_undoes_a_seal, 0,
                        sizeof insns / sizeof *insns);
    suite_add_tcase(suite, tc);
    return suite;
}
