/* SPDX-License-Identifier: ISC */
/*
 * I/O APICs: lines of devices to vectors. Intel 82093AA data sheet, section 3:
 * a register is chosen by its number at offset 0 and reached at offset 16.
 */
#include "backends/kvm/pc_internal.h"

enum { SELECT = 0x00, WINDOW = 0x10 };
enum { REG_VERSION = 0x01, REG_REDIRECT = 0x10 };
enum { REDIRECT_LOW = 1u << 13, REDIRECT_LEVEL = 1u << 15, REDIRECT_MASKED = 1u << 16 };

struct ioapic {
    volatile void *at;
    uint32_t gsi_base, n_lines;
};

static struct ioapic ioapics[8] PVH_SEALED;
static size_t n_ioapics PVH_SEALED;

static uint32_t ioapic_load(const struct ioapic *io, uint32_t reg)
{
    pvh_mmio_store32(io->at, SELECT, reg);
    return pvh_mmio_load32(io->at, WINDOW);
}

static void ioapic_store(const struct ioapic *io, uint32_t reg, uint32_t v)
{
    pvh_mmio_store32(io->at, SELECT, reg);
    pvh_mmio_store32(io->at, WINDOW, v);
}

PVH_BOOT static void ioapic_add(uint64_t base, uint32_t gsi_base)
{
    struct ioapic *io = &ioapics[n_ioapics];
    io->at = pvh_mmio_map(base, 0x20);
    if (io->at == NULL)
        return;
    uint32_t version = ioapic_load(io, REG_VERSION);
    if (version == UINT32_MAX)
        return;    /* nothing is there */
    io->gsi_base = gsi_base;
    io->n_lines = (version >> 16 & 0xff) + 1;
    for (uint32_t i = 0; i < io->n_lines; i++)
        ioapic_store(io, REG_REDIRECT + 2 * i, REDIRECT_MASKED);
    n_ioapics++;
}

PVH_BOOT void pc_ioapic_init(void)
{
    for (size_t i = 0; i < pc_acpi.n_ioapics; i++)
        ioapic_add(pc_acpi.ioapics[i].base, pc_acpi.ioapics[i].gsi_base);
    if (pc_acpi.n_ioapics == 0)
        ioapic_add(0xfec00000, 0);    /* where it stands since the 82093AA */
}

static const struct ioapic *ioapic_of(uint32_t gsi)
{
    for (size_t i = 0; i < n_ioapics; i++) {
        if (gsi - ioapics[i].gsi_base < ioapics[i].n_lines)
            return &ioapics[i];
    }
    return NULL;
}

enum tern_err pc_irq_line(const struct pc_line *line, void (*handler)(void *arg), void *arg)
{
    const struct ioapic *io = ioapic_of(line->gsi);
    uint32_t id = pc_lapic_id();
    if (io == NULL || id > 0xff)
        return TERN_UNREACHABLE;
    uint8_t vector = pc_irq_vector(handler, arg, line->gsi);
    if (vector == 0)
        return TERN_FULL;
    uint32_t reg = REG_REDIRECT + 2 * (line->gsi - io->gsi_base);
    ioapic_store(io, reg + 1, id << 24);
    ioapic_store(io, reg, vector | (line->active_low ? REDIRECT_LOW : 0) |
                              (line->level ? REDIRECT_LEVEL : 0));
    return TERN_OK;
}

void pc_ioapic_mask(uint32_t gsi, bool masked)
{
    const struct ioapic *io = ioapic_of(gsi);
    if (io == NULL)
        return;
    uint32_t reg = REG_REDIRECT + 2 * (gsi - io->gsi_base);
    uint32_t low = ioapic_load(io, reg) & ~(uint32_t)REDIRECT_MASKED;
    ioapic_store(io, reg, masked ? low | REDIRECT_MASKED : low);
}
