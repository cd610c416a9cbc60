/* SPDX-License-Identifier: ISC */
/*
 * The notes of an image, as a segment of notes that is aligned to 4 holds them (System V
 * ABI, chapter 5, "Note Section"). The file is hostile: no length is believed.
 */
#ifndef TERN_TOOLS_NOTES_H
#define TERN_TOOLS_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct note {
    uint32_t type, name_len, desc_len;
    const uint8_t *name, *desc;
};

/*
 * Reads the note at *off of the len octets, of which off are behind it already, and moves
 * *off behind it, which is at most len. False, and all as it was: it is cut off.
 */
bool note_next(const uint8_t *notes, size_t len, size_t *off, struct note *note);

/* Is this its name, which ends with a zero? */
bool note_is_named(const struct note *note, const char *name);

/*
 * What is wrong with Tern's note, by which an image says what backend it is made for:
 * there must be one, with nothing in it. NULL: nothing, and *backend is its type.
 */
const char *notes_backend(const uint8_t *notes, size_t len, uint32_t *backend);

#endif
