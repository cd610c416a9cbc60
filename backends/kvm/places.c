/* SPDX-License-Identifier: ISC */
/*
 * Places where virtio-mmio devices may stand: those that ACPI names, those of
 * the command line (Linux: kernel-parameters), and microvm's.
 *
 *   virtio_mmio.device=SIZE@BASE:LINE
 */
#include <string.h>

#include "backends/kvm/pc_internal.h"

enum { MMIO_MAX = 32 };

static struct pc_mmio places[MMIO_MAX] PVH_SEALED;
static size_t n_places PVH_SEALED;

PVH_BOOT bool pc_mmio_add(uint64_t base, size_t len, struct pc_line line)
{
    for (size_t i = 0; i < n_places; i++) {
        if (places[i].base == base)
            return true;
    }
    if (n_places == MMIO_MAX)
        return false;
    places[n_places++] = (struct pc_mmio){ base, len, line };
    return true;
}

/*
 * microvm without ACPI and with auto-kernel-cmdline=off tells nothing: its
 * eight slots of 512 octets begin at 0xfeb00000, with lines from 5 on. The magic
 * value (virtio 1.2, section 4.2.2) tells whether they are there.
 */
PVH_BOOT void pc_mmio_probe(void)
{
    if (pc_acpi.present || n_places > 0)
        return;
    for (uint32_t slot = 0; slot < 8; slot++) {
        uint64_t base = 0xfeb00000 + 0x200 * (uint64_t)slot;
        const volatile void *at = pvh_mmio_map(base, 0x200);
        if (at == NULL || pvh_mmio_load32(at, 0) != 0x74726976)
            return;
        (void)pc_mmio_add(base, 0x200, (struct pc_line){ .gsi = 5 + slot });
    }
}

size_t pc_mmio_count(void)
{
    return n_places;
}

const struct pc_mmio *pc_mmio_get(size_t i)
{
    return i < n_places ? &places[i] : NULL;
}

/* SIZE may end in K; a device that is given twice or too many is an error. */
PVH_BOOT static void take_mmio(const char *value)
{
    uint64_t len, base, line;
    bool good = pvh_number_parse(&value, &len);
    if (good && (*value == 'K' || *value == 'k')) {
        good = len <= UINT64_MAX / 1024;
        len *= 1024;
        value++;
    }
    good = good && *value++ == '@' && pvh_number_parse(&value, &base);
    good = good && *value++ == ':' && pvh_number_parse(&value, &line);
    good = good && (*value == '\0' || *value == ':');    /* an identifier may follow */
    if (!good || len < 0x100 || len > 0x10000 || line > 255)
        pvh_fail(PVH_STATUS_USAGE, "boot: virtio_mmio.device= takes SIZE@BASE:LINE\n");

    /* Linux takes such lines as ISA ones: edge triggered, active high. */
    struct pc_line gsi = { .gsi = (uint32_t)line };
    if (!pc_mmio_add(base, (size_t)len, gsi))
        pvh_fail(PVH_STATUS_USAGE, "boot: too many virtio_mmio.device= words\n");
}

PVH_BOOT bool pvh_machine_word(const char *word)
{
    const char *device = pvh_word_value(word, "virtio_mmio.device=");
    if (device != NULL)
        take_mmio(device);
    return device != NULL;
}
