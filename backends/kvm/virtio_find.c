/* SPDX-License-Identifier: ISC */
/*
 * Which virtio devices a PVH guest has, and what drivers get from it.
 */
#include "virtio_pvh.h"
#include "virtio_rng.h"

static uint64_t address(const void *p)
{
    return pvh_mem_phys(p);
}

const struct virtio_env virtio_pvh_env = {
    .carve_io = pvh_mem_carve_io,
    .carve_bufs = pvh_mem_carve_pages,
    .carve = pvh_mem_carve,
    .address = address,
    .log = pvh_log,
};

enum tern_err virtio_pvh_find(uint16_t type, unsigned nth, struct virtio_dev *dev)
{
    for (size_t i = 0; i < pvh_pci_count(); i++)
        if (virtio_pci_init(dev, pvh_pci_get(i), type) == TERN_OK && nth-- == 0)
            return TERN_OK;
    for (size_t i = 0; i < pvh_mmio_count(); i++)
        if (virtio_mmio_init(dev, pvh_mmio_get(i), type) == TERN_OK && nth-- == 0)
            return TERN_OK;
    return TERN_UNREACHABLE;
}

/* How long a device may take to give entropy before the start goes on without. */
#define ENTROPY_LIMIT_NS (2 * TERN_SECOND_NS)

/* virtio-rng, if the machine has one, beside RDRAND. Asked once, before the seal. */
size_t pvh_entropy_source(uint8_t *out, size_t len)
{
    struct virtio_dev dev;
    if (virtio_pvh_find(VIRTIO_TYPE_RNG, 0, &dev) != TERN_OK)
        return 0;
    return virtio_rng_read(&dev, out, len, pvh_now_ns, ENTROPY_LIMIT_NS);
}
