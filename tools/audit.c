/* SPDX-License-Identifier: ISC */
/*
 * The audit of an image. Its subject is the layout of backends/pvh/tern.ld:
 *
 *      boot        read, execute; unmapped by its own last instruction
 *      text        read, execute; directly behind
 *      constants   read
 *      data        read, write
 *
 * Each property is one function here. That the boot pages do what they should is
 * for a boot to show; that nothing else can, is shown here.
 */
#include "audit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <tern/base.h>

#include "x86.h"

enum { EHDR_LEN = 64, PHDR_LEN = 56, SHDR_LEN = 64, SYM_LEN = 24, PAGE = 4096 };
enum { PHDRS_MAX = 32, SHDRS_MAX = 256, SAID_MAX = 16 };
enum { PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR = 6, PT_TLS };
#define PT_GNU_STACK 0x6474e551u
enum { X = 1, W = 2, R = 4 };
enum { SHT_SYMTAB = 2, SHT_RELA = 4, SHT_DYNAMIC = 6, SHT_REL = 9, SHT_RELR = 19 };
enum { SHF_ALLOC = 2, SHF_EXECINSTR = 4 };
enum { NOTE_PHYS32_ENTRY = 18 };

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

/* ---- Lines ------------------------------------------------------------------ */

/* A failure; of one property no more than SAID_MAX are told. */
__attribute__((format(printf, 2, 3))) static void fail(struct audit *a, const char *format, ...)
{
    a->n_failed++;
    if (a->n_said++ > SAID_MAX)
        return;
    va_list args;
    va_start(args, format);
    fputs("failed  ", a->to);
    if (a->n_said > SAID_MAX)
        fputs("and more of the kind", a->to);
    else
        vfprintf(a->to, format, args);
    fputc('\n', a->to);
    va_end(args);
}

/* The end of a property: holds if nothing has failed since `before`. */
__attribute__((format(printf, 3, 4))) static void holds(struct audit *a, size_t before,
                                                        const char *format, ...)
{
    a->n_said = 0;
    if (a->n_failed != before || a->quiet)
        return;
    va_list args;
    va_start(args, format);
    fputs("ok      ", a->to);
    vfprintf(a->to, format, args);
    fputc('\n', a->to);
    va_end(args);
}

/* ---- The file's tables -------------------------------------------------------- */

static bool within(uint64_t off, uint64_t len, uint64_t whole)
{
    return off <= whole && len <= whole - off;
}

static void segment_read(const struct audit *a, struct segment *s, const uint8_t *p)
{
    *s = (struct segment){
        .type = tern_load_le32(p), .flags = tern_load_le32(p + 4), .off = tern_load_le64(p + 8),
        .at = tern_load_le64(p + 16), .phys = tern_load_le64(p + 24),
        .file_len = tern_load_le64(p + 32), .mem_len = tern_load_le64(p + 40),
        .align = tern_load_le64(p + 48),
    };
    /* One of variables only may be said to begin behind the file's end. */
    uint64_t off = s->file_len > 0 ? s->off : 0;
    s->in_file = within(off, s->file_len, a->len) &&
                 within(s->at, s->mem_len, UINT64_C(1) << 32) && s->file_len <= s->mem_len;
    s->octets = s->in_file ? a->file + off : NULL;
}

static void section_read(const struct audit *a, struct section *s, const uint8_t *p)
{
    *s = (struct section){
        .type = tern_load_le32(p + 4), .flags = tern_load_le64(p + 8),
        .at = tern_load_le64(p + 16), .off = tern_load_le64(p + 24),
        .len = tern_load_le64(p + 32), .link = tern_load_le32(p + 40),
    };
    s->in_file = within(s->off, s->len, a->len);
}

/* False: there is nothing that could be looked at further. */
static bool headers_read(struct audit *a)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
    const uint8_t *h = a->file;
    if (a->len < EHDR_LEN || memcmp(h, ident, sizeof ident) != 0 ||
        tern_load_le16(h + 16) != 2 || tern_load_le16(h + 18) != 62) {
        fail(a, "not an ELF program for x86-64 with fixed addresses");
        return false;
    }
    a->entry = tern_load_le64(h + 24);
    uint64_t phoff = tern_load_le64(h + 32), shoff = tern_load_le64(h + 40);
    size_t n_ph = tern_load_le16(h + 56), n_sh = tern_load_le16(h + 60);
    if (n_ph == 0 || n_ph > PHDRS_MAX || tern_load_le16(h + 54) != PHDR_LEN ||
        !within(phoff, n_ph * PHDR_LEN, a->len)) {
        fail(a, "its table of segments is cut off, or none");
        return false;
    }
    a->n_segments = n_ph;
    for (size_t i = 0; i < n_ph; i++)
        segment_read(a, &a->segments[i], h + phoff + i * PHDR_LEN);
    if (n_sh > SHDRS_MAX || (n_sh > 0 && (tern_load_le16(h + 58) != SHDR_LEN ||
                                          !within(shoff, n_sh * SHDR_LEN, a->len)))) {
        fail(a, "its table of sections is cut off, or too long");
        return false;
    }
    a->n_sections = n_sh;
    for (size_t i = 0; i < n_sh; i++)
        section_read(a, &a->sections[i], h + shoff + i * SHDR_LEN);
    holds(a, 0, "an ELF program for x86-64 with fixed addresses");
    return true;
}

static bool is_load(const struct segment *s)
{
    return s->type == PT_LOAD && s->mem_len > 0;
}

/* Its octets in the file, if it is there and all of [at, at + len) is; else NULL. */
static const uint8_t *octets_at(const struct audit *a, uint64_t at, uint64_t len,
                                const struct segment **where)
{
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        if (is_load(s) && s->in_file && at >= s->at && within(at - s->at, len, s->file_len)) {
            *where = s;
            return s->octets + (at - s->at);
        }
    }
    return NULL;
}

/* ---- Names -------------------------------------------------------------------- */

/* The function at an address, of one table of symbols. NULL: none, or a strange name. */
static const char *symbol_in(const struct audit *a, const struct section *table, uint64_t at)
{
    if (table->link >= a->n_sections)
        return NULL;
    const struct section *names = &a->sections[table->link];
    const uint8_t *best = NULL;
    if (!table->in_file || !names->in_file)
        return NULL;
    for (uint64_t i = 0; i < table->len / SYM_LEN; i++) {
        const uint8_t *sym = a->file + table->off + i * SYM_LEN;
        uint64_t value = tern_load_le64(sym + 8), len = tern_load_le64(sym + 16);
        if ((sym[4] & 15) <= 2 && value <= at && at - value < (len > 0 ? len : 1) &&
            tern_load_le32(sym) > 0)
            best = sym;
    }
    if (best == NULL || tern_load_le32(best) >= names->len)
        return NULL;
    const char *name = (const char *)a->file + names->off + tern_load_le32(best);
    size_t room = (size_t)(names->len - tern_load_le32(best)), n = 0;
    while (n < room && n < 128 && name[n] > ' ' && name[n] < 0x7f)
        n++;
    return n > 0 && n < room && name[n] == '\0' ? name : NULL;
}

/*
 * "(in name)", or nothing. A walk through the file's symbols, of which there may be
 * millions: to be asked for no more often than something is said. The first table of
 * symbols is the only one (System V ABI, chapter 4).
 */
static const char *place_said(const struct audit *a, uint64_t at, char out[256])
{
    const char *name = a->name != NULL ? a->name(a->name_arg, at) : NULL;
    for (size_t i = 0; name == NULL && i < a->n_sections; i++) {
        if (a->sections[i].type == SHT_SYMTAB) {
            name = symbol_in(a, &a->sections[i], at);
            break;
        }
    }
    out[0] = '\0';
    if (name != NULL)
        (void)snprintf(out, 256, " (in %s)", name);
    return out;
}

/* The same for fail(), which may not say it. */
static const char *place(const struct audit *a, uint64_t at, char out[256])
{
    return a->n_said < SAID_MAX ? place_said(a, at, out) : "";
}

/* ---- Segments ------------------------------------------------------------------- */

static void whole_check(struct audit *a)
{
    size_t before = a->n_failed;
    for (size_t i = 0; i < a->n_segments; i++) {
        uint32_t type = a->segments[i].type;
        if (type != PT_NULL && type != PT_LOAD && type != PT_NOTE && type != PT_PHDR &&
            type != PT_GNU_STACK)
            fail(a, "a loader should do more than load: segment %zu is %s (type 0x%" PRIx32 ")",
                 i, type == PT_INTERP ? "an interpreter" : type == PT_DYNAMIC ? "dynamic"
                 : type == PT_TLS ? "thread-local" : "of another kind", type);
    }
    for (size_t i = 0; i < a->n_sections; i++) {
        uint32_t type = a->sections[i].type;
        if (a->sections[i].len > 0 && (type == SHT_RELA || type == SHT_REL || type == SHT_RELR ||
                                       type == SHT_DYNAMIC))
            fail(a, "section %zu holds relocations or dynamic linking", i);
    }
    holds(a, before, "no interpreter, nothing dynamic, no relocations");
}

static void segments_check(struct audit *a)
{
    size_t before = a->n_failed, n = 0;
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        if (s->type != PT_LOAD)
            continue;
        n++;
        if (!s->in_file)
            fail(a, "segment %zu is cut off, or passes 4 GiB", i);
        else if (s->at != s->phys)
            fail(a, "segment %zu is loaded to 0x%" PRIx64 " and used at 0x%" PRIx64, i, s->phys,
                 s->at);
        else if (s->align < PAGE || (s->align & (s->align - 1)) != 0 ||
                 ((s->at - s->off) & (s->align - 1)) != 0)
            fail(a, "segment %zu is not aligned to pages", i);
    }
    if (n == 0)
        fail(a, "there is nothing to load");
    holds(a, before, "%zu segments, each whole, and loaded where it is used", n);
}

static void overlap_check(struct audit *a)
{
    size_t before = a->n_failed;
    for (size_t i = 0; i < a->n_segments; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct segment *s = &a->segments[i], *t = &a->segments[k];
            if (!is_load(s) || !is_load(t))
                continue;
            if (s->at / PAGE <= (t->at + t->mem_len - 1) / PAGE &&
                t->at / PAGE <= (s->at + s->mem_len - 1) / PAGE)
                fail(a, "segments %zu and %zu share a page", k, i);
        }
    }
    holds(a, before, "no two segments share a page");
}

static void rights_check(struct audit *a)
{
    size_t before = a->n_failed;
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        char name[256];
        if (s->type == PT_GNU_STACK ? (s->flags & X) != 0
                                    : (s->flags & W) != 0 && (s->flags & X) != 0)
            fail(a, "segment %zu at 0x%" PRIx64 "%s is %s", i, s->at, place(a, s->at, name),
                 s->type == PT_GNU_STACK ? "an executable stack" : "both written and executed");
    }
    holds(a, before, "no segment is both written and executed, and no stack is executed");
}

/* What sections call constants or data must not lie where things are executed. */
static void sections_check(struct audit *a)
{
    size_t before = a->n_failed;
    for (size_t i = 0; i < a->n_sections; i++) {
        const struct section *s = &a->sections[i];
        if ((s->flags & SHF_ALLOC) == 0 || s->len == 0)
            continue;
        for (size_t k = 0; k < a->n_segments; k++) {
            const struct segment *t = &a->segments[k];
            bool touches = is_load(t) && t->in_file && s->at < t->at + t->mem_len &&
                           (s->len > t->at || s->at > t->at - s->len);
            bool runs = (s->flags & SHF_EXECINSTR) != 0;
            if (touches && runs != ((t->flags & X) != 0))
                fail(a, "section %zu at 0x%" PRIx64 " is %scode, and segment %zu is %sexecuted", i,
                     s->at, runs ? "" : "no ", k, runs ? "not " : "");
        }
    }
    holds(a, before, "constants and data are not executed");
}

/* ---- The way in ------------------------------------------------------------------- */

/* Whether the same octets are loaded to where these are said to lie, to be read only. */
static bool among_constants(const struct audit *a, const struct segment *s)
{
    const struct segment *where = NULL;
    const uint8_t *loaded = octets_at(a, s->at, s->file_len, &where);
    return where != NULL && loaded == s->octets && (where->flags & (R | W | X)) == R;
}

/*
 * Loaders read notes in their own ways: with or without their place in memory, by this
 * or that alignment, with or without their names, the first or the last of several. Only
 * what all of them read alike is let pass.
 */
static const struct segment *notes_find(struct audit *a)
{
    const struct segment *notes = NULL;
    size_t n = 0;
    for (size_t i = 0; i < a->n_segments; i++) {
        if (a->segments[i].type == PT_NOTE) {
            notes = &a->segments[i];
            n++;
        }
    }
    if (n != 1)
        fail(a, "%zu segments of notes, with or without a PVH note: there must be one", n);
    else if (!notes->in_file)
        fail(a, "the notes are cut off, or longer than their place");
    else if (notes->file_len != notes->mem_len)
        fail(a, "the notes are 0x%" PRIx64 " octets in the file, and 0x%" PRIx64 " in memory",
             notes->file_len, notes->mem_len);
    else if (notes->align != 4)
        fail(a, "the notes are aligned to %" PRIu64 ", not to 4", notes->align);
    else if (!among_constants(a, notes))
        fail(a, "the notes are not among the constants that are loaded");
    return n == 1 && notes->in_file ? notes : NULL;
}

/* Of all notes just one is for loaders: type 18, of "Xen". False: there is no entry. */
static bool pvh_entry(struct audit *a, const struct segment *notes, uint64_t *entry)
{
    uint64_t left = notes->file_len;
    bool found = false;
    const uint8_t *p = notes->octets;
    size_t n = 0;
    while (left > 0) {
        uint64_t at = notes->at + (notes->file_len - left);
        uint64_t name_len = left < 12 ? 0 : tern_load_le32(p);
        uint64_t desc_len = left < 12 ? 0 : tern_load_le32(p + 4);
        uint64_t len = 12 + ((name_len + 3) & ~UINT64_C(3)) + ((desc_len + 3) & ~UINT64_C(3));
        if (len > left) {
            fail(a, "no note at 0x%" PRIx64 ": it is cut off", at);
            return found;
        }
        uint32_t type = tern_load_le32(p + 8);
        bool is_xen = name_len == 4 && memcmp(p + 12, "Xen", 4) == 0;
        if (type == NOTE_PHYS32_ENTRY) {
            if (!is_xen || (desc_len != 4 && desc_len != 8)) {
                fail(a, "the note of type 18 at 0x%" PRIx64 " is no PVH note: \"Xen\", and an "
                     "address", at);
            } else {
                *entry = desc_len == 8 ? tern_load_le64(p + 16) : tern_load_le32(p + 16);
                found = true;
            }
            n++;
        } else if (name_len >= 3 && memcmp(p + 12, "Xen", 3) == 0) {
            fail(a, "the note at 0x%" PRIx64 ", type %" PRIu32 " of \"Xen\", is none for PVH", at,
                 type);
        }
        p += len;
        left -= len;
    }
    if (n == 0)
        fail(a, "there is no PVH note (type 18 of \"Xen\")");
    else if (n > 1)
        fail(a, "%zu notes of type 18: there must be one PVH note", n);
    return found;
}

static const struct segment *executed_at(const struct audit *a, uint64_t at)
{
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        if (is_load(s) && s->in_file && (s->flags & X) != 0 && at >= s->at &&
            at - s->at < s->file_len)
            return s;
    }
    return NULL;
}

static void entry_check(struct audit *a)
{
    size_t before = a->n_failed;
    const struct segment *notes = notes_find(a);
    uint64_t entry = 0;
    if (notes != NULL && pvh_entry(a, notes, &entry)) {
        if ((a->boot = executed_at(a, entry)) == NULL)
            fail(a, "the PVH note's entry, 0x%" PRIx64 ", is not code", entry);
        else if (executed_at(a, a->entry) != a->boot)
            fail(a, "the ELF entry, 0x%" PRIx64 ", is not in the boot pages", a->entry);
    }
    holds(a, before, "the PVH note leads to 0x%" PRIx64 ", in the boot pages, as the ELF entry",
          entry);
}

/*
 * The magic numbers of other protocols, which loaders look for before they look for
 * notes: those of Multiboot 1 (3.1) and 2 (3.1.1), and of Linux (the boot protocol).
 */
static void magic_check(struct audit *a)
{
    enum { MULTIBOOT_END = 8192, MULTIBOOT2_END = 32768, LINUX_AT = 0x202 };
    size_t before = a->n_failed;
    for (size_t off = 0; off < MULTIBOOT2_END && a->len - off >= 4; off += 4) {
        uint32_t word = tern_load_le32(a->file + off);
        if (off < MULTIBOOT_END && word == 0x1badb002)
            fail(a, "what a loader takes for Multiboot at 0x%zx in the file", off);
        if (off % 8 == 0 && word == 0xe85250d6)
            fail(a, "what a loader takes for Multiboot 2 at 0x%zx in the file", off);
    }
    if (within(LINUX_AT, 4, a->len) && memcmp(a->file + LINUX_AT, "HdrS", 4) == 0)
        fail(a, "what a loader takes for Linux at 0x%x in the file", (unsigned)LINUX_AT);
    holds(a, before, "nothing in the file is taken for another kind of kernel");
}

/* Two segments are executed, and the last instruction of the first leads to the second. */
static void seal_check(struct audit *a)
{
    size_t before = a->n_failed, n = 0;
    if (a->boot == NULL)
        return;
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        if (!is_load(s) || (s->flags & X) == 0)
            continue;
        if (s == a->boot)
            continue;
        a->text = s;
        n++;
    }
    const struct segment *boot = a->boot, *text = a->text;
    if (n != 1 || !text->in_file) {
        a->text = NULL;
        fail(a, "%zu segments are executed: there must be the boot pages, and text", n + 1);
        return;
    }
    const uint8_t *end = boot->octets + boot->file_len;
    if (boot->at + boot->mem_len != text->at)
        fail(a, "the text, at 0x%" PRIx64 ", does not follow the boot pages", text->at);
    if (boot->mem_len != boot->file_len || text->mem_len != text->file_len)
        fail(a, "code is executed that is not in the file");
    if (boot->file_len < 3 || end[-3] != 0x0f || end[-2] != 0x22 || (end[-1] >> 3 & 7) != 3)
        fail(a, "the last instruction of the boot pages does not load CR3");
    holds(a, before, "the boot pages, 0x%" PRIx64 " to 0x%" PRIx64
          ", end with the load of CR3 that unmaps them", boot->at, text->at);
}

/* ---- The text ----------------------------------------------------------------------- */

/*
 * What is let pass although x86_unsealing() has a name for it, each at a place and in a
 * form that make it harmless. There is one:
 *
 * `lidt` of ten constant zeros, and int3 behind it: the triple fault by which a guest
 * ends itself where nothing else does. Nobody can use it for anything else.
 */
static bool is_end(const struct audit *a, uint64_t at, const uint8_t *code, size_t room,
                   const struct x86_insn *insn)
{
    static const uint8_t none[10];
    const struct segment *where;
    if (insn->opcode != 0x01 || insn->modrm != 0x1d || insn->len != 7 || room <= 7 ||
        code[7] != 0xcc)
        return false;
    uint64_t target = at + 7 + (uint64_t)(int64_t)(int32_t)tern_load_le32(code + 3);
    const uint8_t *operand = octets_at(a, target, sizeof none, &where);
    return operand != NULL && (where->flags & W) == 0 && memcmp(operand, none, sizeof none) == 0;
}

/*
 * An instruction that begins within another one, in its number or address: whoever can
 * jump anywhere can use it. Prefixes before it add nothing.
 */
static void hidden_check(struct audit *a, uint64_t at, const uint8_t *code, size_t room,
                         size_t *n_hidden)
{
    struct x86_insn insn;
    char name[256];
    bool may = code[0] == 0x0f || code[0] == 0xc4 || code[0] == 0x62;    /* VEX, EVEX */
    if (!may || !x86_decode(code, room, &insn) || !x86_undoes_alone(&insn))
        return;
    if (++*n_hidden <= SAID_MAX)
        fprintf(a->to, "failed  hidden at 0x%" PRIx64 "%s: %s, within another instruction\n", at,
                place_said(a, at, name), x86_unsealing(&insn));
}

static size_t text_check(struct audit *a)
{
    size_t before = a->n_failed, n = 0, n_hidden = 0;
    if (a->text == NULL)
        return 0;
    const uint8_t *code = a->text->octets;
    size_t len = (size_t)a->text->file_len;
    bool lost = false;
    char name[256];
    for (size_t off = 0; off < len;) {
        struct x86_insn insn;
        uint64_t at = a->text->at + off;
        bool good = x86_decode(code + off, len - off, &insn);
        if (!good && !lost)
            fail(a, "no instruction at 0x%" PRIx64 "%s: what follows is not known to be code", at,
                 place(a, at, name));
        lost = lost || !good;
        const char *what = good ? x86_unsealing(&insn) : NULL;
        if (what != NULL && !is_end(a, at, code + off, len - off, &insn))
            fail(a, "%s at 0x%" PRIx64 "%s", what, at, place(a, at, name));
        size_t step = good ? insn.len : 1;
        for (size_t k = 1; k < step; k++)
            hidden_check(a, at + k, code + off + k, len - off - k, &n_hidden);
        off += step;
        n++;
    }
    holds(a, before, "of the text's %zu instructions none can undo the seal", n);
    if (n_hidden == 0 && !lost)
        holds(a, before, "nor can what begins within one of them");
    if (n_hidden > SAID_MAX)
        fprintf(a->to, "failed  %zu more are hidden\n", n_hidden - SAID_MAX);
    return n_hidden;
}

enum audit_verdict audit_elf(const uint8_t *file, size_t len, audit_name *name, void *name_arg,
                             FILE *to, int quiet)
{
    struct audit a = {
        .file = file, .len = len, .name = name, .name_arg = name_arg, .to = to, .quiet = quiet,
    };
    if (!headers_read(&a))
        return AUDIT_FAILED;
    whole_check(&a);
    segments_check(&a);
    overlap_check(&a);
    rights_check(&a);
    sections_check(&a);
    entry_check(&a);
    magic_check(&a);
    seal_check(&a);
    size_t n_hidden = text_check(&a);
    return a.n_failed > 0 ? AUDIT_FAILED : n_hidden > 0 ? AUDIT_HIDDEN : AUDIT_SEALED;
}
