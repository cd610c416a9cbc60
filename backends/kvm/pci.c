/* SPDX-License-Identifier: ISC */
/*
 * PCI configuration space of bus 0 by mechanism #1 (PCI 3.0, section 3.2.2.3.2):
 * the functions, their capabilities, base addresses and MSI-X. Bridges are not
 * followed: a virtual machine's devices stand on bus 0.
 */
#include "backends/pvh/cpu.h"
#include "backends/kvm/pc_internal.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
enum {
    PCI_VENDOR = 0x00, PCI_DEVICE = 0x02, PCI_COMMAND = 0x04, PCI_STATUS = 0x06,
    PCI_SUBCLASS = 0x0a, PCI_CLASS = 0x0b, PCI_HEADER = 0x0e, PCI_BAR = 0x10,
    PCI_SUBSYSTEM = 0x2e, PCI_CAPABILITIES = 0x34, PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
};
enum { COMMAND_IO = 1, COMMAND_MEMORY = 2, COMMAND_MASTER = 4, STATUS_CAPABILITIES = 0x10 };
enum { CAP_MSIX = 0x11, MSIX_ENABLE = 0x8000, MSIX_MASK_ALL = 0x4000 };
enum { FUNCTIONS_MAX = 32 };

static struct pc_pci functions[FUNCTIONS_MAX] PVH_SEALED;
static size_t n_functions PVH_SEALED;
static uint32_t next_bar PVH_SEALED;    /* for BARs that firmware left empty; 0: none shall be */
static uint32_t next_port PVH_SEALED;

static void select(const struct pc_pci *pci, uint8_t off)
{
    cpu_out32(CONFIG_ADDRESS, 0x80000000 | (uint32_t)pci->dev << 11 | (uint32_t)pci->fn << 8 |
                                  (off & 0xfcu));
}

uint8_t pc_pci_load8(const struct pc_pci *pci, uint8_t off)
{
    select(pci, off);
    return cpu_in8((uint16_t)(CONFIG_DATA + (off & 3)));
}

uint16_t pc_pci_load16(const struct pc_pci *pci, uint8_t off)
{
    select(pci, off);
    return cpu_in16((uint16_t)(CONFIG_DATA + (off & 2)));
}

uint32_t pc_pci_load32(const struct pc_pci *pci, uint8_t off)
{
    select(pci, off);
    return cpu_in32(CONFIG_DATA);
}

void pc_pci_store8(const struct pc_pci *pci, uint8_t off, uint8_t v)
{
    select(pci, off);
    cpu_out8((uint16_t)(CONFIG_DATA + (off & 3)), v);
}

void pc_pci_store16(const struct pc_pci *pci, uint8_t off, uint16_t v)
{
    select(pci, off);
    cpu_out16((uint16_t)(CONFIG_DATA + (off & 2)), v);
}

void pc_pci_store32(const struct pc_pci *pci, uint8_t off, uint32_t v)
{
    select(pci, off);
    cpu_out32(CONFIG_DATA, v);
}

/* ---- Functions ---- */

PVH_BOOT static bool function_read(struct pc_pci *pci)
{
    pci->vendor = pc_pci_load16(pci, PCI_VENDOR);
    if (pci->vendor == 0xffff)
        return false;
    pci->device = pc_pci_load16(pci, PCI_DEVICE);
    pci->subsystem = pc_pci_load16(pci, PCI_SUBSYSTEM);
    pci->class_code = pc_pci_load8(pci, PCI_CLASS);
    pci->subclass = pc_pci_load8(pci, PCI_SUBCLASS);
    return true;
}

PVH_BOOT static bool bars_empty(const struct pc_pci *pci)
{
    for (uint8_t n = 0; n < 6; n++) {
        uint32_t bar = pc_pci_load32(pci, (uint8_t)(PCI_BAR + 4 * n));
        if ((bar & 1) == 0 && (bar & ~UINT32_C(15)) != 0)
            return false;
    }
    return true;
}

PVH_BOOT void pc_pci_init(void)
{
    /* The address register remembers what is written if the mechanism exists. */
    cpu_out32(CONFIG_ADDRESS, 0x80000000);
    if (cpu_in32(CONFIG_ADDRESS) != 0x80000000)
        return;
    bool empty = true;
    for (uint8_t dev = 0; dev < 32; dev++) {
        struct pc_pci pci = { .dev = dev };
        uint8_t n_fn = 1;
        for (uint8_t fn = 0; fn < n_fn && n_functions < FUNCTIONS_MAX; fn++) {
            pci.fn = fn;
            if (!function_read(&pci))
                continue;
            uint8_t header = pc_pci_load8(&pci, PCI_HEADER);
            if (fn == 0 && (header & 0x80) != 0)
                n_fn = 8;
            if ((header & 0x7f) == 0) {
                empty = empty && bars_empty(&pci);
                functions[n_functions++] = pci;
            }
        }
    }
    /*
     * Firmware that assigns nothing (qboot) leaves every BAR empty: then, and
     * only then, the hole below the I/O APIC is ours to give out.
     */
    next_bar = empty ? 0xfd000000 : 0;
    next_port = empty ? 0xc000 : 0;
}

size_t pc_pci_count(void)
{
    return n_functions;
}

const struct pc_pci *pc_pci_get(size_t i)
{
    return i < n_functions ? &functions[i] : NULL;
}

void pc_pci_enable(const struct pc_pci *pci)
{
    uint16_t command = pc_pci_load16(pci, PCI_COMMAND);
    pc_pci_store16(pci, PCI_COMMAND, command | COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER);
}

PVH_BOOT void pc_pci_disable(const struct pc_pci *pci)
{
    uint16_t all = COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER;
    pc_pci_store16(pci, PCI_COMMAND, (uint16_t)(pc_pci_load16(pci, PCI_COMMAND) & ~all));
}

PVH_BOOT uint8_t pc_pci_cap(const struct pc_pci *pci, uint8_t id, unsigned nth, size_t least)
{
    if ((pc_pci_load16(pci, PCI_STATUS) & STATUS_CAPABILITIES) == 0)
        return 0;
    uint8_t off = pc_pci_load8(pci, PCI_CAPABILITIES) & 0xfc;
    /* 192 octets hold at most 48 capabilities: a longer list goes in circles. */
    for (unsigned i = 0; i < 48 && off >= 0x40; i++) {
        uint16_t head = pc_pci_load16(pci, off);
        if ((head & 0xff) == id && 256u - off >= least && nth-- == 0)
            return off;
        off = (uint8_t)(head >> 8 & 0xfc);
    }
    return 0;
}

/* ---- Base addresses (PCI 3.0, section 6.2.5.1) ---- */

/* A 64-bit BAR takes two registers. */
struct bar {
    uint8_t off;
    bool wide;
    uint64_t base, len;
};

static void bar_store(const struct pc_pci *pci, struct bar bar, uint64_t v)
{
    pc_pci_store32(pci, bar.off, (uint32_t)v);
    if (bar.wide)
        pc_pci_store32(pci, (uint8_t)(bar.off + 4), (uint32_t)(v >> 32));
}

static uint64_t bar_load(const struct pc_pci *pci, struct bar bar)
{
    uint64_t v = pc_pci_load32(pci, bar.off);
    if (bar.wide)
        v |= (uint64_t)pc_pci_load32(pci, (uint8_t)(bar.off + 4)) << 32;
    return v & ~UINT64_C(15);
}

/* Writing ones shows which bits the device decodes; nothing is decoded meanwhile. */
static void bar_measure(const struct pc_pci *pci, struct bar *bar)
{
    uint16_t command = pc_pci_load16(pci, PCI_COMMAND);
    uint16_t quiet = command & (uint16_t)~(COMMAND_IO | COMMAND_MEMORY);
    pc_pci_store16(pci, PCI_COMMAND, quiet);
    bar->base = bar_load(pci, *bar);
    bar_store(pci, *bar, UINT64_MAX);
    uint64_t mask = bar_load(pci, *bar);
    if (!bar->wide && mask != 0)
        mask |= UINT64_C(0xffffffff00000000);
    bar->len = 0 - mask;
    bar_store(pci, *bar, bar->base);
    pc_pci_store16(pci, PCI_COMMAND, command);
}

static void bar_assign(const struct pc_pci *pci, struct bar *bar)
{
    if (next_bar == 0 || bar->len > 0x100000)
        return;
    uint32_t at = (next_bar + (uint32_t)bar->len - 1) & ~((uint32_t)bar->len - 1);
    if (at > 0xfec00000 - bar->len)
        return;
    bar->base = at;
    next_bar = at + (uint32_t)bar->len;
    bar_store(pci, *bar, bar->base);
}

PVH_BOOT
enum tern_err pc_pci_bar(const struct pc_pci *pci, unsigned n, volatile void **base, size_t *len)
{
    if (n > 5)
        return TERN_INVALID;
    struct bar bar = { .off = (uint8_t)(PCI_BAR + 4 * n) };
    uint32_t type = pc_pci_load32(pci, bar.off) & 7;
    if ((type & 1) != 0 || (type == 4 && n == 5))
        return TERN_INVALID;
    bar.wide = type == 4;
    bar_measure(pci, &bar);
    if (bar.len == 0 || (bar.len & (bar.len - 1)) != 0)
        return TERN_INVALID;
    if (bar.base == 0)
        bar_assign(pci, &bar);
    *base = bar.base != 0 ? pvh_mmio_map(bar.base, bar.len) : NULL;
    *len = bar.len;
    return *base != NULL ? TERN_OK : TERN_UNSUPPORTED;
}

/*
 * I/O space has 64 KiB, whose upper half is free on a PC but for what firmware
 * put there; here it has put nothing.
 */
PVH_BOOT
enum tern_err pc_pci_port_bar(const struct pc_pci *pci, unsigned n, uint16_t *port, size_t *len)
{
    uint8_t off = (uint8_t)(PCI_BAR + 4 * n);
    if (n > 5 || (pc_pci_load32(pci, off) & 3) != 1)
        return TERN_INVALID;
    uint16_t command = pc_pci_load16(pci, PCI_COMMAND);
    uint16_t quiet = command & (uint16_t)~(COMMAND_IO | COMMAND_MEMORY);
    pc_pci_store16(pci, PCI_COMMAND, quiet);
    uint32_t base = pc_pci_load32(pci, off) & 0xfffc;
    pc_pci_store32(pci, off, UINT32_MAX);
    uint32_t mask = pc_pci_load32(pci, off) & 0xfffc;
    uint32_t size = mask & (0u - mask);
    if (base == 0 && next_port != 0 && size != 0 && size <= 256) {
        base = (next_port + size - 1) & ~(size - 1);
        next_port = base + size <= 0xf000 ? base + size : 0;
    }
    pc_pci_store32(pci, off, base);
    pc_pci_store16(pci, PCI_COMMAND, command);
    if (size == 0)
        return TERN_INVALID;
    *port = (uint16_t)base;
    *len = size;
    return base != 0 && base <= 0x10000 - size ? TERN_OK : TERN_UNSUPPORTED;
}

uint8_t pc_port_load8(uint16_t port) { return cpu_in8(port); }
uint16_t pc_port_load16(uint16_t port) { return cpu_in16(port); }
uint32_t pc_port_load32(uint16_t port) { return cpu_in32(port); }
void pc_port_store8(uint16_t port, uint8_t v) { cpu_out8(port, v); }
void pc_port_store16(uint16_t port, uint16_t v) { cpu_out16(port, v); }
void pc_port_store32(uint16_t port, uint32_t v) { cpu_out32(port, v); }

/*
 * The number is an input of the old interrupt controllers, and so of the I/O
 * APIC that took their place. PCI's lines are level triggered and active low
 * (section 2.2.6) unless ACPI says otherwise.
 */
PVH_BOOT bool pc_pci_line(const struct pc_pci *pci, struct pc_line *line)
{
    uint8_t number = pc_pci_load8(pci, PCI_INTERRUPT_LINE);
    if (pc_pci_load8(pci, PCI_INTERRUPT_PIN) == 0 || number == 0 || number > 15)
        return false;
    *line = pc_acpi.isa[number];
    if (!line->level)
        *line = (struct pc_line){ line->gsi, true, true };
    return true;
}

/* ---- MSI-X (PCI 3.0, section 6.8.2) ---- */

PVH_BOOT
enum tern_err pc_pci_msix(const struct pc_pci *pci, unsigned entry,
                           void (*handler)(void *arg), void *arg)
{
    uint8_t cap = pc_pci_cap(pci, CAP_MSIX, 0, 12);
    if (cap == 0)
        return TERN_UNSUPPORTED;
    uint16_t control = pc_pci_load16(pci, (uint8_t)(cap + 2));
    uint32_t where = pc_pci_load32(pci, (uint8_t)(cap + 4));
    if (entry > (control & 0x7ffu))
        return TERN_UNSUPPORTED;
    volatile void *table;
    size_t len;
    enum tern_err err = pc_pci_bar(pci, where & 7, &table, &len);
    if (err != TERN_OK)
        return TERN_UNSUPPORTED;
    size_t off = (where & ~UINT32_C(7)) + 16 * (size_t)entry;
    if (off >= len || 16 > len - off)
        return TERN_UNSUPPORTED;
    uint64_t address;
    uint32_t data;
    err = pc_irq_msi(handler, arg, &address, &data);
    if (err != TERN_OK)
        return err;

    pc_pci_enable(pci);
    pc_pci_store16(pci, (uint8_t)(cap + 2), MSIX_ENABLE | MSIX_MASK_ALL);
    pvh_mmio_store32(table, off, (uint32_t)address);
    pvh_mmio_store32(table, off + 4, (uint32_t)(address >> 32));
    pvh_mmio_store32(table, off + 8, data);
    pvh_mmio_store32(table, off + 12, 0);    /* unmasked */
    pc_pci_store16(pci, (uint8_t)(cap + 2), MSIX_ENABLE);
    return TERN_OK;
}

void pc_pci_msix_off(const struct pc_pci *pci)
{
    uint8_t cap = pc_pci_cap(pci, CAP_MSIX, 0, 12);
    if (cap != 0)
        pc_pci_store16(pci, (uint8_t)(cap + 2), 0);
}
