/* SPDX-License-Identifier: ISC */
/*
 * The way into an audited image: the PVH note (x86/HVM direct boot ABI), the
 * ELF entry, and what other protocols' loaders look for.
 */
#include <string.h>

#include <tern/base.h>

#include "audit_internal.h"
#include "backends/pvh/note.h"
#include "notes.h"

enum { NOTE_PHYS32_ENTRY = 18 };

/* Whether the same octets are loaded to where these are said to lie, to be read only. */
static bool among_constants(const struct audit *a, const struct segment *s)
{
    const struct segment *where = NULL;
    const uint8_t *loaded = audit_octets_at(a, s->at, s->file_len, &where);
    return where != NULL && loaded == s->octets &&
           (where->flags & (R | W | X)) == R;
}

/*
 * Loaders read notes in their own ways: with or without their place in memory,
 * by this or that alignment, with or without their names, the first or the last
 * of several. Only what all of them read alike is let pass.
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
        audit_fail(
            a, "%zu segments of notes, with or without a PVH note: there must be one",
            n);
    else if (!notes->in_file)
        audit_fail(a, "the notes are cut off, or longer than their place");
    else if (notes->file_len != notes->mem_len)
        audit_fail(a,
                   "the notes are 0x%" PRIx64
                   " octets in the file, and 0x%" PRIx64 " in memory",
                   notes->file_len, notes->mem_len);
    else if (notes->align != 4)
        audit_fail(a, "the notes are aligned to %" PRIu64 ", not to 4",
                   notes->align);
    else if (!among_constants(a, notes))
        audit_fail(a, "the notes are not among the constants that are loaded");
    return n == 1 && notes->in_file ? notes : NULL;
}

/* Type 18, which QEMU takes for PVH's whatever its name: its entry, if that is what it is. */
static bool pvh_note_read(struct audit *a, const struct note *note, uint64_t at,
                          uint64_t *entry)
{
    if (!note_is_named(note, "Xen") || (note->desc_len != 4 && note->desc_len != 8)) {
        audit_fail(a,
                   "the note of type 18 at 0x%" PRIx64
                   " is no PVH note: \"Xen\", and an "
                   "address",
                   at);
        return false;
    }
    *entry = note->desc_len == 8 ? tern_load_le64(note->desc)
                                 : tern_load_le32(note->desc);
    return true;
}

/*
 * Of all notes just one is for loaders: type 18, of "Xen". And one at most is for those
 * who ask what backend the image is made for: Tern's. False: there is no entry.
 */
static bool notes_check(struct audit *a, const struct segment *notes,
                        uint64_t *entry)
{
    bool found = false;
    size_t len = (size_t)notes->file_len, n = 0, n_terns = 0;
    struct note note;
    for (size_t off = 0; off < len;) {
        uint64_t at = notes->at + off;
        if (!note_next(notes->octets, len, &off, &note)) {
            audit_fail(a, "no note at 0x%" PRIx64 ": it is cut off", at);
            return found;
        }
        if (note.type == NOTE_PHYS32_ENTRY) {
            found |= pvh_note_read(a, &note, at, entry);
            n++;
        } else if (note.name_len >= 3 && memcmp(note.name, "Xen", 3) == 0) {
            audit_fail(a,
                       "the note at 0x%" PRIx64 ", type %" PRIu32
                       " of \"Xen\", is none for PVH",
                       at, note.type);
        } else if (note_is_named(&note, PVH_NOTE_NAME)) {
            if (note.desc_len != 0 || (note.type != PVH_NOTE_KVM && note.type != PVH_NOTE_XEN))
                audit_fail(a,
                           "the note at 0x%" PRIx64 ", type %" PRIu32
                           " of \"Tern\", names no backend",
                           at, note.type);
            n_terns++;
        }
    }
    if (n == 0)
        audit_fail(a, "there is no PVH note (type 18 of \"Xen\")");
    else if (n > 1)
        audit_fail(a, "%zu notes of type 18: there must be one PVH note", n);
    if (n_terns > 1)
        audit_fail(a, "%zu notes of \"Tern\": an image is made for one backend", n_terns);
    return found;
}

static const struct segment *executed_at(const struct audit *a, uint64_t at)
{
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *s = &a->segments[i];
        if (audit_is_load(s) && s->in_file && (s->flags & X) != 0 &&
            at >= s->at && at - s->at < s->file_len)
            return s;
    }
    return NULL;
}

void audit_entry_check(struct audit *a)
{
    size_t before = a->n_failed;
    const struct segment *notes = notes_find(a);
    uint64_t entry = 0;
    if (notes != NULL && notes_check(a, notes, &entry)) {
        if ((a->boot = executed_at(a, entry)) == NULL)
            audit_fail(a, "the PVH note's entry, 0x%" PRIx64 ", is not code",
                       entry);
        else if (executed_at(a, a->entry) != a->boot)
            audit_fail(a,
                       "the ELF entry, 0x%" PRIx64 ", is not in the boot pages",
                       a->entry);
    }
    audit_holds(a, before,
                "the PVH note leads to 0x%" PRIx64
                ", in the boot pages, as the ELF entry",
                entry);
}

/*
 * The magic numbers of other protocols, which loaders look for before they look for
 * notes: those of Multiboot 1 (3.1) and 2 (3.1.1), and of Linux (the boot protocol).
 */
void audit_magic_check(struct audit *a)
{
    enum { MULTIBOOT_END = 8192, MULTIBOOT2_END = 32768, LINUX_AT = 0x202 };
    size_t before = a->n_failed;
    for (size_t off = 0; off < MULTIBOOT2_END && a->len - off >= 4; off += 4) {
        uint32_t word = tern_load_le32(a->file + off);
        if (off < MULTIBOOT_END && word == 0x1badb002)
            audit_fail(a,
                       "what a loader takes for Multiboot at 0x%zx in the file",
                       off);
        if (off % 8 == 0 && word == 0xe85250d6)
            audit_fail(
                a, "what a loader takes for Multiboot 2 at 0x%zx in the file",
                off);
    }
    if (audit_within(LINUX_AT, 4, a->len) &&
        memcmp(a->file + LINUX_AT, "HdrS", 4) == 0)
        audit_fail(a, "what a loader takes for Linux at 0x%x in the file",
                   (unsigned)LINUX_AT);
    audit_holds(a, before,
                "nothing in the file is taken for another kind of kernel");
}
