/* SPDX-License-Identifier: ISC */
/*
 * The note by which tools know an image (System V ABI, chapter 5, "Note Section"): its
 * name is "Tern", there is nothing in it, and its type is the backend that the image is
 * made for. Each backend has one, in an object that every image of its takes.
 */
#ifndef TERN_BACKENDS_PVH_NOTE_H
#define TERN_BACKENDS_PVH_NOTE_H

#include <stdint.h>

#define PVH_NOTE_NAME "Tern"

enum { PVH_NOTE_KVM = 1, PVH_NOTE_XEN = 2 };

struct pvh_note {
    uint32_t name_len, desc_len, type;
    char name[8];    /* padded to a multiple of 4 */
};

#define PVH_NOTE_OF(backend)                                                              \
    static const struct pvh_note pvh_note                                                 \
        __attribute__((section(".note.tern"), used, aligned(4))) = {                      \
            sizeof PVH_NOTE_NAME, 0, backend, PVH_NOTE_NAME                               \
        }

#endif
