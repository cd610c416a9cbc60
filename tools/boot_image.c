/* SPDX-License-Identifier: ISC */
/*
 * tern boot: what an image says of itself before it is run. QEMU says of what is none only
 * what its authors understand, and nothing of one for which there is no room or that is
 * made for another hypervisor.
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/pvh/note.h"
#include "boot.h"
#include "notes.h"

enum { NOTES_CAP = 4096, SEGMENTS_MAX = 32 };

/* What is asked of an image: where it ends in memory, and its notes. */
struct image {
    uint64_t end;
    size_t n_notes;              /* segments of them: there must be one */
    uint8_t notes[NOTES_CAP];
    size_t notes_len;
};

static bool at(FILE *f, uint64_t off, void *octets, size_t len)
{
    return off <= LONG_MAX && fseek(f, (long)off, SEEK_SET) == 0 && fread(octets, len, 1, f) == 1;
}

static bool segment_read(FILE *f, const Elf64_Phdr *part, struct image *image)
{
    if (part->p_type == PT_LOAD && part->p_memsz <= UINT64_MAX - part->p_paddr &&
        part->p_paddr + part->p_memsz > image->end)
        image->end = part->p_paddr + part->p_memsz;
    if (part->p_type != PT_NOTE)
        return true;
    if (image->n_notes++ > 0 || part->p_filesz == 0 || part->p_filesz > NOTES_CAP)
        return false;
    image->notes_len = (size_t)part->p_filesz;
    return at(f, part->p_offset, image->notes, image->notes_len);
}

/* Is it an image at all? */
static bool image_read(FILE *f, struct image *image)
{
    Elf64_Ehdr head;
    Elf64_Phdr part;
    if (!at(f, 0, &head, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != EM_X86_64 ||
        head.e_type != ET_EXEC || head.e_phentsize != sizeof part ||
        head.e_phnum > SEGMENTS_MAX || head.e_phoff > LONG_MAX)
        return false;
    for (unsigned i = 0; i < head.e_phnum; i++)
        if (!at(f, head.e_phoff + i * sizeof part, &part, sizeof part) ||
            !segment_read(f, &part, image))
            return false;
    return image->n_notes == 1;
}

/* Is it made for QEMU? */
static bool backend_check(const struct boot *boot, const struct image *image)
{
    uint32_t backend;
    const char *wrong = notes_backend(image->notes, image->notes_len, &backend);
    if (wrong != NULL)
        fprintf(stderr,
                "tern boot: %s: %s, which would say what it is made for;\n"
                "`tern image` makes one for QEMU\n", boot->image, wrong);
    else if (backend == PVH_NOTE_XEN)
        fprintf(stderr,
                "tern boot: %s: this image is made for Xen: `xl create` starts it, and\n"
                "`./run --xen` shows one; without --backend xen `tern image` makes one for QEMU\n",
                boot->image);
    else if (backend != PVH_NOTE_KVM)
        fprintf(stderr,
                "tern boot: %s: this image is made for a backend that is not known here\n"
                "(type %lu of Tern's note); `tern image` makes one for QEMU\n",
                boot->image, (unsigned long)backend);
    return wrong == NULL && backend == PVH_NOTE_KVM;
}

int boot_image_check(const struct boot *boot)
{
    struct image image = { 0 };
    uint64_t mem = strtoull(boot->mem, NULL, 10) * 1024;
    FILE *f = fopen(boot->image, "rb");
    if (f == NULL) {
        fprintf(stderr, "tern boot: %s: %s\n", boot->image, strerror(errno));
        return 1;
    }
    bool good = image_read(f, &image);
    fclose(f);
    if (!good) {
        fprintf(stderr, "tern boot: %s: not a unikernel; `tern image` makes one\n", boot->image);
        return 1;
    }
    if (!backend_check(boot, &image))
        return 1;
    if (image.end > mem) {
        fprintf(stderr, "tern boot: --mem: %s is too little: the image alone needs %lluK\n",
                boot->mem, (unsigned long long)image.end / 1024 + 1);
        return 2;
    }
    return 0;
}
