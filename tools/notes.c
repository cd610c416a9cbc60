/* SPDX-License-Identifier: ISC */
/* The notes of an image; see the header. */
#include "notes.h"

#include <string.h>

#include <tern/base.h>

#include "backends/pvh/note.h"

enum { NAME_LEN = 0, DESC_LEN = 4, TYPE = 8, NOTE_HDR_LEN = 12 };

/* A length in the file, of which 4 octets more would not wrap. */
static uint64_t padded(uint32_t len)
{
    return ((uint64_t)len + 3) & ~UINT64_C(3);
}

bool note_next(const uint8_t *notes, size_t len, size_t *off, struct note *note)
{
    const uint8_t *p = notes + *off;
    size_t left = len - *off;
    if (left < NOTE_HDR_LEN)
        return false;
    uint32_t name_len = tern_load_le32(p + NAME_LEN), desc_len = tern_load_le32(p + DESC_LEN);
    uint64_t whole = NOTE_HDR_LEN + padded(name_len) + padded(desc_len);
    if (whole > left)
        return false;
    *note = (struct note){
        .type = tern_load_le32(p + TYPE),
        .name_len = name_len,
        .desc_len = desc_len,
        .name = p + NOTE_HDR_LEN,
        .desc = p + NOTE_HDR_LEN + padded(name_len),
    };
    *off += (size_t)whole;
    return true;
}

bool note_is_named(const struct note *note, const char *name)
{
    size_t len = strlen(name) + 1;
    return note->name_len == len && memcmp(note->name, name, len) == 0;
}

const char *notes_backend(const uint8_t *notes, size_t len, uint32_t *backend)
{
    struct note note;
    size_t n = 0;
    for (size_t off = 0; off < len;) {
        if (!note_next(notes, len, &off, &note))
            return "a note in it is cut off";
        if (!note_is_named(&note, PVH_NOTE_NAME))
            continue;
        if (note.desc_len != 0)
            return "its note of Tern's is not empty";
        *backend = note.type;
        n++;
    }
    return n == 0   ? "it has no note of Tern's"
           : n == 1 ? NULL
                    : "it has more than one note of Tern's";
}
