/* SPDX-License-Identifier: ISC */
/*
 * The audited file: its tables, read with distrust (System V ABI, chapters 4
 * and 5), the names of its places, and the lines that tell of it.
 */
#include <stdarg.h>
#include <string.h>

#include <tern/base.h>

#include "audit_internal.h"

enum { EHDR_LEN = 64, PHDR_LEN = 56, SHDR_LEN = 64, SYM_LEN = 24 };

/* ---- Lines ------------------------------------------------------------------ */

/* A failure; of one property no more than SAID_MAX are told. */
void audit_fail(struct audit *a, const char *format, ...)
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
void audit_holds(struct audit *a, size_t before, const char *format, ...)
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

bool audit_within(uint64_t off, uint64_t len, uint64_t whole)
{
    return off <= whole && len <= whole - off;
}

static void segment_read(const struct audit *a, struct segment *s,
                         const uint8_t *p)
{
    *s = (struct segment){
        .type = tern_load_le32(p),
        .flags = tern_load_le32(p + 4),
        .off = tern_load_le64(p + 8),
        .at = tern_load_le64(p + 16),
        .phys = tern_load_le64(p + 24),
        .file_len = tern_load_le64(p + 32),
        .mem_len = tern_load_le64(p + 40),
        .align = tern_load_le64(p + 48),
    };
    /* One of variables only may be said to begin behind the file's end. */
    uint64_t off = s->file_len > 0 ? s->off : 0;
    s->in_file = audit_within(off, s->file_len, a->len) &&
                 audit_within(s->at, s->mem_len, UINT64_C(1) << 32) &&
                 s->file_len <= s->mem_len;
    s->octets = s->in_file ? a->file + off : NULL;
}

static void section_read(const struct audit *a, struct section *s,
                         const uint8_t *p)
{
    *s = (struct section){
        .type = tern_load_le32(p + 4),
        .flags = tern_load_le64(p + 8),
        .at = tern_load_le64(p + 16),
        .off = tern_load_le64(p + 24),
        .len = tern_load_le64(p + 32),
        .link = tern_load_le32(p + 40),
    };
    s->in_file = audit_within(s->off, s->len, a->len);
}

/* False: there is nothing that could be looked at further. */
bool audit_headers_read(struct audit *a)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
    const uint8_t *h = a->file;
    if (a->len < EHDR_LEN || memcmp(h, ident, sizeof ident) != 0 ||
        tern_load_le16(h + 16) != 2 || tern_load_le16(h + 18) != 62) {
        audit_fail(a, "not an ELF program for x86-64 with fixed addresses");
        return false;
    }
    a->entry = tern_load_le64(h + 24);
    uint64_t phoff = tern_load_le64(h + 32), shoff = tern_load_le64(h + 40);
    size_t n_ph = tern_load_le16(h + 56), n_sh = tern_load_le16(h + 60);
    if (n_ph == 0 || n_ph > PHDRS_MAX || tern_load_le16(h + 54) != PHDR_LEN ||
        !audit_within(phoff, n_ph * PHDR_LEN, a->len)) {
        audit_fail(a, "its table of segments is cut off, or none");
        return false;
    }
    a->n_segments = n_ph;
    for (size_t i = 0; i < n_ph; i++)
        segment_read(a, &a->segments[i], h + phoff + i * PHDR_LEN);
    if (n_sh > SHDRS_MAX ||
        (n_sh > 0 && (tern_load_le16(h + 58) != SHDR_LEN ||
                      !audit_within(shoff, n_sh * SHDR_LEN, a->len)))) {
        audit_fail(a, "its table of sections is cut off, or too long");
        return false;
    }
    a->n_sections = n_sh;
    for (size_t i = 0; i < n_sh; i++)
        section_read(a, &a->sections[i], h + shoff + i * SHDR_LEN);
    audit_holds(a, 0, "an ELF program for x86-64 with fixed addresses");
    return true;
}

bool audit_is_load(const struct segment *s)
{
    return s->type == PT_LOAD && s->mem_len > 0;
}

/* Its octets in the file, if it is there and all of [at, at + len) is; else NULL. */
const uint8_t *audit_octets_at(const struct audit *a, uint64_t at, uint64_t len,
                               const struct segment **where)
{
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        if (audit_is_load(s) && s->in_file && at >= s->at &&
            audit_within(at - s->at, len, s->file_len)) {
            *where = s;
            return s->octets + (at - s->at);
        }
    }
    return NULL;
}

/* ---- Names -------------------------------------------------------------------- */

/* The function at an address, of one table of symbols. NULL: none, or a strange name. */
static const char *symbol_in(const struct audit *a, const struct section *table,
                             uint64_t at)
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
        if ((sym[4] & 15) <= 2 && value <= at &&
            at - value < (len > 0 ? len : 1) && tern_load_le32(sym) > 0)
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
 * "(in name)", or nothing. A walk through the file's symbols, of which there
 * may be millions: to be asked for no more often than something is said. The
 * first table of symbols is the only one (System V ABI, chapter 4).
 */
const char *audit_place_said(const struct audit *a, uint64_t at, char out[256])
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

/* The same for audit_fail(), which may not say it. */
const char *audit_place(const struct audit *a, uint64_t at, char out[256])
{
    return a->n_said < SAID_MAX ? audit_place_said(a, at, out) : "";
}
