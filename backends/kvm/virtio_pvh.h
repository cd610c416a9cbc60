/* SPDX-License-Identifier: ISC */
/*
 * virtio devices of a PVH guest: over PCI (pc, q35, most hypervisors) and over
 * MMIO (microvm, Firecracker). All calls before the seal.
 */
#ifndef TERN_VIRTIO_PVH_H
#define TERN_VIRTIO_PVH_H

#include <backends/kvm/pc.h>

#include "virtio.h"

/* The machine as drivers see it. */
extern const struct virtio_env virtio_pvh_env;

/*
 * The first device of a type (VIRTIO_TYPE_*) that can be used from place *at on
 * (0: the first of all), PCI before MMIO, in the order of the bus; *at is then
 * the place behind it. dev is placed. Before its driver's init the caller may
 * set interrupt and interrupt_arg. One that cannot be used is named in the log.
 * TERN_UNREACHABLE: there is none.
 */
enum tern_err virtio_pvh_find(uint16_t type, size_t *at, struct virtio_dev *dev);

/*
 * Takes leave of the device in the place before `at`, which virtio_pvh_find gave and
 * which is reset: a PCI function decodes nothing and masters no bus until it is
 * found again. A place in memory has no such switch.
 */
void virtio_pvh_leave(size_t at);

/*
 * Is this function or place a device of that type? Its modern interface goes
 * before its legacy one.
 * TERN_OK: dev is ready for virtio_dev_open. TERN_UNREACHABLE: another thing.
 * TERN_UNSUPPORTED: such a device, which cannot be used, as the log says.
 */
enum tern_err virtio_pci_init(struct virtio_dev *dev, const struct pc_pci *pci, uint16_t type);
enum tern_err virtio_mmio_init(struct virtio_dev *dev, const struct pc_mmio *mmio, uint16_t type);

/*
 * What virtio_pci.c and virtio_pci_legacy.c share. irqs: MSI-X, else the line,
 * else none, as dev->has_msix and has_irq then say.
 */
enum tern_err virtio_pci_legacy_init(struct virtio_dev *dev, const struct pc_pci *pci);
uint8_t virtio_pci_legacy_isr(struct virtio_dev *dev);
void virtio_pci_name(struct virtio_dev *dev, const struct pc_pci *pci);
void virtio_pci_irqs(struct virtio_dev *dev);

#endif
