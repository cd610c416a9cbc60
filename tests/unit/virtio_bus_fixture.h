/* SPDX-License-Identifier: ISC */
/*
 * Registers that are the test's memory, and the services of the ground below
 * (backends/kvm/pc.h), which are the test's too.
 */
#ifndef TERN_TESTS_UNIT_VIRTIO_BUS_FIXTURE_H
#define TERN_TESTS_UNIT_VIRTIO_BUS_FIXTURE_H

#include <backends/kvm/virtio_pvh.h>

enum { BAR_LEN = 0x4000, CAPS = 8, PORT = 0xc040 };

struct bus {
    uint8_t config[256];
    uint8_t *bar;              /* BAR 4 */
    uint8_t *regs;             /* of an MMIO device */
    uint8_t cap_at[CAPS];
    unsigned n_caps, n_cap_calls, n_enabled, n_disabled, n_interrupts;
    bool endless, no_msix, no_line, no_port_bar, no_vectors;
    uint8_t ports[64];         /* of a legacy PCI device */
    size_t ports_len;          /* 0: it has no I/O BAR */
    struct pc_pci pci;
    struct pc_mmio mmio;
    void (*handlers[3])(void *arg);
    void *handler_arg;
    char said[512];
    struct virtio_dev dev;
};

extern struct bus bus;

void bus_setup(void);
void bus_teardown(void);

/* One capability more; all of them as QEMU has them. */
void bus_cap_add(uint8_t type, uint8_t which, uint32_t off, uint32_t len);
void bus_caps_honest(void);

/* A handler that counts. */
void bus_interrupt(void *arg);

#endif
