/* SPDX-License-Identifier: ISC */
/*
 * The PC around a guest of KVM-type hypervisors, as its drivers see it:
 * interrupts, configuration space, ports, and the places of virtio-mmio devices.
 *
 * Standards: Intel 64 SDM volume 3, ACPI 6.4, PCI Local Bus 3.0.
 */
#ifndef TERN_PC_H
#define TERN_PC_H

#include <backends/pvh/pvh.h>

/* ---- Interrupts --------------------------------------------------------- */

/* How a line behaves, as ACPI says it (_CRS, MADT). */
struct pc_line {
    uint32_t gsi;        /* global system interrupt, the number of an I/O APIC input */
    bool level;          /* level triggered; otherwise edge */
    bool active_low;
};

/*
 * Gives a message-signalled interrupt: the device shall write *data to *addr.
 * The handler runs in pvh_wait. Before the seal. TERN_FULL: no vector is left
 * (there are 24).
 */
enum tern_err pc_irq_msi(void (*handler)(void *arg), void *arg, uint64_t *addr, uint32_t *data);

/*
 * Routes an I/O APIC line to the handler and unmasks it. The handler of a level
 * line silences its device (reads and acknowledges its status register) before
 * it returns; a line that comes back without end is masked until the next
 * pvh_wait and counted. Handlers of one line share it: each is called. Before
 * the seal.
 *
 * TERN_FULL: no vector is left. TERN_UNREACHABLE: no I/O APIC has this line.
 */
enum tern_err pc_irq_line(const struct pc_line *line, void (*handler)(void *arg), void *arg);

/* ---- PCI ---------------------------------------------------------------- */

/* A function on bus 0, found at start by configuration mechanism #1. */
struct pc_pci {
    uint8_t dev, fn;
    uint16_t vendor, device;
    uint16_t subsystem;
    uint8_t class_code, subclass;
};

/* Functions found, in the order of their numbers; at most 32 are kept. */
size_t pc_pci_count(void);
const struct pc_pci *pc_pci_get(size_t i);

/* Configuration space. off is aligned to the width, below 256. */
uint8_t pc_pci_load8(const struct pc_pci *pci, uint8_t off);
uint16_t pc_pci_load16(const struct pc_pci *pci, uint8_t off);
uint32_t pc_pci_load32(const struct pc_pci *pci, uint8_t off);
void pc_pci_store8(const struct pc_pci *pci, uint8_t off, uint8_t v);
void pc_pci_store16(const struct pc_pci *pci, uint8_t off, uint16_t v);
void pc_pci_store32(const struct pc_pci *pci, uint8_t off, uint32_t v);

/* Turns on memory and I/O decoding and bus mastering. After its BARs are known to lie well. */
void pc_pci_enable(const struct pc_pci *pci);
/* Turns the three off: the function answers in configuration space only, and masters no bus. */
void pc_pci_disable(const struct pc_pci *pci);

/*
 * The offset of the nth (from 0) capability with this id, 0 if there is none.
 * At least `least` octets of it lie in configuration space. Work is bounded,
 * whatever the list says. Before the seal.
 */
uint8_t pc_pci_cap(const struct pc_pci *pci, uint8_t id, unsigned nth, size_t least);

/*
 * Maps the memory BAR n (0 to 5) and tells its length. A BAR that no firmware
 * has given an address gets one. Before the seal.
 *
 * TERN_INVALID: not a memory BAR, or of length 0. TERN_UNSUPPORTED: it cannot
 * be mapped (see pvh_mmio_map).
 */
enum tern_err pc_pci_bar(const struct pc_pci *pci, unsigned n, volatile void **base, size_t *len);

/*
 * The same for a BAR in I/O space: *port is its first register. TERN_INVALID:
 * not an I/O BAR, or of length 0. TERN_UNSUPPORTED: it has no place. Before the
 * seal.
 */
enum tern_err pc_pci_port_bar(const struct pc_pci *pci, unsigned n, uint16_t *port, size_t *len);

/* Registers in I/O space: one access each. */
uint8_t pc_port_load8(uint16_t port);
uint16_t pc_port_load16(uint16_t port);
uint32_t pc_port_load32(uint16_t port);
void pc_port_store8(uint16_t port, uint8_t v);
void pc_port_store16(uint16_t port, uint16_t v);
void pc_port_store32(uint16_t port, uint32_t v);

/*
 * The line of the function's INTx interrupt, as firmware has routed it and noted
 * in configuration space (PCI 3.0, section 6.2.4). False: it has noted none.
 * Before the seal.
 */
bool pc_pci_line(const struct pc_pci *pci, struct pc_line *line);

/*
 * MSI-X (PCI 3.0 section 6.8.2): directs table entry `entry` to the handler
 * and turns MSI-X on. Before the seal. TERN_UNSUPPORTED: the function has no
 * usable MSI-X capability or no such entry. TERN_FULL: no vector is left.
 */
enum tern_err pc_pci_msix(const struct pc_pci *pci, unsigned entry,
                           void (*handler)(void *arg), void *arg);

/* Turns MSI-X off, if there is such a thing. */
void pc_pci_msix_off(const struct pc_pci *pci);

/* ---- virtio over MMIO --------------------------------------------------- */

/*
 * A place where a virtio-mmio device may stand, from the DSDT's LNRO0005
 * devices, from virtio_mmio.device= words, or, when there is neither ACPI nor
 * such a word, from microvm's known slots. Most of them are empty (DeviceID 0).
 */
struct pc_mmio {
    uint64_t base;
    size_t len;
    struct pc_line line;
};

size_t pc_mmio_count(void);    /* at most 32 */
const struct pc_mmio *pc_mmio_get(size_t i);

#endif
