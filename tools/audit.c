/* SPDX-License-Identifier: ISC */
/*
 * The audit of an image. Its subject is the layout of backends/pvh/tern.ld:
 *
 *      boot        read, execute; unmapped by its own last instruction
 *      text        read, execute; directly behind
 *      constants   read
 *      data        read, write
 *
 * Each property is one function here. That the boot pages do what they should
 * is for a boot to show; that nothing else can, is shown here.
 */
#include <string.h>

#include <tern/base.h>

#include "audit_internal.h"
#include "x86.h"

/* ---- Segments ------------------------------------------------------------------- */

static void whole_check(struct audit *a)
{
    size_t before = a->n_failed;
    for (size_t i = 0; i < a->n_segments; i++) {
        uint32_t type = a->segments[i].type;
        if (type != PT_NULL && type != PT_LOAD && type != PT_NOTE &&
            type != PT_PHDR && type != PT_GNU_STACK)
            audit_fail(
                a, "a loader should do more than load: segment %zu is %s (type 0x%" PRIx32 ")",
                i,
                type == PT_INTERP    ? "an interpreter"
                : type == PT_DYNAMIC ? "dynamic"
                : type == PT_TLS     ? "thread-local"
                                     : "of another kind",
                type);
    }
    for (size_t i = 0; i < a->n_sections; i++) {
        uint32_t type = a->sections[i].type;
        if (a->sections[i].len > 0 && (type == SHT_RELA || type == SHT_REL ||
                                       type == SHT_RELR || type == SHT_DYNAMIC))
            audit_fail(a, "section %zu holds relocations or dynamic linking", i);
    }
    audit_holds(a, before, "no interpreter, nothing dynamic, no relocations");
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
            audit_fail(a, "segment %zu is cut off, or passes 4 GiB", i);
        else if (s->at != s->phys)
            audit_fail(a,
                       "segment %zu is loaded to 0x%" PRIx64
                       " and used at 0x%" PRIx64,
                       i, s->phys, s->at);
        else if (s->at < UINT64_C(1) << 20)    /* firmware runs what lies there */
            audit_fail(a, "segment %zu, at 0x%" PRIx64 ", lies within the first MiB", i, s->at);
        else if (s->align != 0 && ((s->align & (s->align - 1)) != 0 ||
                                   ((s->at - s->off) & (s->align - 1)) != 0))
            audit_fail(a, "segment %zu is not aligned as it says", i);
    }
    if (n == 0)
        audit_fail(a, "there is nothing to load");
    audit_holds(a, before,
                "%zu segments, each whole, and loaded where it is used", n);
}

static void overlap_check(struct audit *a)
{
    size_t before = a->n_failed;
    for (size_t i = 0; i < a->n_segments; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct segment *s = &a->segments[i], *t = &a->segments[k];
            if (!audit_is_load(s) || !audit_is_load(t))
                continue;
            if (s->at / AUDIT_PAGE <= (t->at + t->mem_len - 1) / AUDIT_PAGE &&
                t->at / AUDIT_PAGE <= (s->at + s->mem_len - 1) / AUDIT_PAGE)
                audit_fail(a, "segments %zu and %zu share a page", k, i);
        }
    }
    audit_holds(a, before, "no two segments share a page");
}

static void rights_check(struct audit *a)
{
    size_t before = a->n_failed;
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        char name[256];
        if (s->type == PT_GNU_STACK ? (s->flags & X) != 0
                                    : (s->flags & W) != 0 && (s->flags & X) != 0)
            audit_fail(a, "segment %zu at 0x%" PRIx64 "%s is %s", i, s->at,
                       audit_place(a, s->at, name),
                       s->type == PT_GNU_STACK ? "an executable stack"
                                               : "both written and executed");
    }
    audit_holds(
        a, before,
        "no segment is both written and executed, and no stack is executed");
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
            bool touches = audit_is_load(t) && t->in_file &&
                           s->at < t->at + t->mem_len &&
                           (s->len > t->at || s->at > t->at - s->len);
            bool runs = (s->flags & SHF_EXECINSTR) != 0;
            if (touches && runs != ((t->flags & X) != 0))
                audit_fail(a,
                           "section %zu at 0x%" PRIx64
                           " is %scode, and segment %zu is %sexecuted",
                           i, s->at, runs ? "" : "no ", k, runs ? "not " : "");
        }
    }
    audit_holds(a, before, "constants and data are not executed");
}

/* Two segments are executed, and the last instruction of the first leads to the second. */
static void seal_check(struct audit *a)
{
    size_t before = a->n_failed, n = 0;
    if (a->boot == NULL)
        return;
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        if (!audit_is_load(s) || (s->flags & X) == 0)
            continue;
        if (s == a->boot)
            continue;
        a->text = s;
        n++;
    }
    const struct segment *boot = a->boot, *text = a->text;
    if (n != 1 || !text->in_file) {
        a->text = NULL;
        audit_fail(
            a,
            "%zu segments are executed: there must be the boot pages, and text",
            n + 1);
        return;
    }
    const uint8_t *end = boot->octets + boot->file_len;
    if (boot->at + boot->mem_len != text->at)
        audit_fail(a,
                   "the text, at 0x%" PRIx64 ", does not follow the boot pages",
                   text->at);
    if (boot->mem_len != boot->file_len || text->mem_len != text->file_len)
        audit_fail(a, "code is executed that is not in the file");
    if (boot->file_len < 3 || end[-3] != 0x0f || end[-2] != 0x22 ||
        (end[-1] >> 3 & 7) != 3)
        audit_fail(a,
                   "the last instruction of the boot pages does not load CR3");
    audit_holds(a, before,
                "the boot pages, 0x%" PRIx64 " to 0x%" PRIx64
                ", end with the load of CR3 that unmaps them",
                boot->at, text->at);
}

/* ---- The text ----------------------------------------------------------------------- */

/*
 * What is let pass although x86_unsealing() has a name for it, each at a place and in a
 * form that make it harmless. There is one:
 *
 * `lidt` of ten constant zeros, and int3 behind it: the triple fault by which a guest
 * ends itself where nothing else does. Nobody can use it for anything else.
 */
static bool is_end(const struct audit *a, uint64_t at, const uint8_t *code,
                   size_t room, const struct x86_insn *insn)
{
    static const uint8_t none[10];
    const struct segment *where;
    if (insn->opcode != 0x01 || insn->modrm != 0x1d || insn->len != 7 ||
        room <= 7 || code[7] != 0xcc)
        return false;
    uint64_t target =
        at + 7 + (uint64_t)(int64_t)(int32_t)tern_load_le32(code + 3);
    const uint8_t *operand = audit_octets_at(a, target, sizeof none, &where);
    return operand != NULL && (where->flags & W) == 0 &&
           memcmp(operand, none, sizeof none) == 0;
}

/*
 * An instruction that begins within another one, in its number or address:
 * whoever can jump anywhere can use it. Prefixes before it add nothing.
 */
static void hidden_check(struct audit *a, uint64_t at, const uint8_t *code,
                         size_t room, size_t *n_hidden)
{
    struct x86_insn insn;
    char name[256];
    bool may =
        code[0] == 0x0f || code[0] == 0xc4 || code[0] == 0x62; /* VEX, EVEX */
    if (!may || !x86_decode(code, room, &insn) || !x86_undoes_alone(&insn))
        return;
    if (++*n_hidden <= SAID_MAX)
        fprintf(a->to,
                "failed  hidden at 0x%" PRIx64
                "%s: %s, within another instruction\n",
                at, audit_place_said(a, at, name), x86_unsealing(&insn));
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
            audit_fail(a,
                       "no instruction at 0x%" PRIx64
                       "%s: what follows is not known to be code",
                       at, audit_place(a, at, name));
        lost = lost || !good;
        const char *what = good ? x86_unsealing(&insn) : NULL;
        if (what != NULL && !is_end(a, at, code + off, len - off, &insn))
            audit_fail(a, "%s at 0x%" PRIx64 "%s", what, at,
                       audit_place(a, at, name));
        size_t step = good ? insn.len : 1;
        for (size_t k = 1; k < step; k++)
            hidden_check(a, at + k, code + off + k, len - off - k, &n_hidden);
        off += step;
        n++;
    }
    audit_holds(a, before,
                "of the text's %zu instructions none can undo the seal", n);
    if (n_hidden == 0 && !lost)
        audit_holds(a, before, "nor can what begins within one of them");
    if (n_hidden > SAID_MAX)
        fprintf(a->to, "failed  %zu more are hidden\n", n_hidden - SAID_MAX);
    return n_hidden;
}

enum audit_verdict audit_elf(const uint8_t *file, size_t len, audit_name *name,
                             void *name_arg, FILE *to, int quiet)
{
    struct audit a = {
        .file = file,
        .len = len,
        .name = name,
        .name_arg = name_arg,
        .to = to,
        .quiet = quiet,
    };
    if (!audit_headers_read(&a))
        return AUDIT_FAILED;
    whole_check(&a);
    segments_check(&a);
    overlap_check(&a);
    rights_check(&a);
    sections_check(&a);
    audit_entry_check(&a);
    audit_magic_check(&a);
    seal_check(&a);
    size_t n_hidden = text_check(&a);
    return a.n_failed > 0 ? AUDIT_FAILED
           : n_hidden > 0 ? AUDIT_HIDDEN
                          : AUDIT_SEALED;
}
