/* SPDX-License-Identifier: ISC */
/*
 * Which virtio devices a PVH guest has, and what drivers get from it.
 */
#include "backends/pvh/pvh_internal.h"
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

PVH_BOOT enum tern_err virtio_pvh_find(uint16_t type, size_t *at, struct virtio_dev *dev)
{
    size_t n_pci = pc_pci_count(), n = n_pci + pc_mmio_count();
    while (*at < n) {
        size_t i = (*at)++;
        enum tern_err err = i < n_pci ? virtio_pci_init(dev, pc_pci_get(i), type)
                                      : virtio_mmio_init(dev, pc_mmio_get(i - n_pci), type);
        if (err == TERN_OK)
            return TERN_OK;
    }
    return TERN_UNREACHABLE;
}

PVH_BOOT void virtio_pvh_leave(size_t at)
{
    if (at > 0 && at <= pc_pci_count())
        pc_pci_disable(pc_pci_get(at - 1));
}

/* How long a device may take to give entropy before the start goes on without. */
#define ENTROPY_LIMIT_NS (2 * TERN_SECOND_NS)

/* virtio-rng, if the machine has one, beside RDRAND. Asked once, before the seal. */
PVH_BOOT size_t pvh_entropy_source(uint8_t *out, size_t len)
{
    struct virtio_dev dev;
    size_t at = 0;
    if (virtio_pvh_find(VIRTIO_TYPE_RNG, &at, &dev) != TERN_OK)
        return 0;
    size_t n = virtio_rng_read(&dev, out, len, pvh_now_ns, ENTROPY_LIMIT_NS);
    virtio_pvh_leave(at);
    return n;
}
