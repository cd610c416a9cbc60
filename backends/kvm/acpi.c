/* SPDX-License-Identifier: ISC */
/*
 * What ACPI tells without an interpreter of its byte code: the interrupt
 * controllers (MADT), the power management registers (FADT), and, found in the
 * DSDT by their encodings, the sleep type of S5, the generic event device and
 * places of virtio-mmio devices. ACPI 6.4, sections 5.2 and 20.2; each table is
 * checked for its length and checksum before it is read.
 */
#include <string.h>

#include "backends/pvh/cpu.h"
#include "backends/kvm/pc_internal.h"

enum { HEADER_LEN = 36, TABLE_MAX = 1024 * 1024 };

struct pc_acpi pc_acpi PVH_SEALED;

/* A table whose length and sum are checked; len 0: there is none. */
struct table {
    const uint8_t *octets;
    size_t len;
};

PVH_BOOT static struct table table_open(uint64_t at)
{
    struct table none = { NULL, 0 };
    const uint8_t *octets = pvh_phys(at, HEADER_LEN);
    if (octets == NULL)
        return none;
    size_t len = tern_load_le32(octets + 4);
    if (len < HEADER_LEN || len > TABLE_MAX || pvh_phys(at, len) == NULL ||
        !pvh_phys_sums_to_zero(octets, len))
        return none;
    return (struct table){ octets, len };
}

PVH_BOOT static bool table_is(struct table t, const char *signature)
{
    return memcmp(t.octets, signature, 4) == 0;
}

/* ---- MADT (section 5.2.12) ---- */

/* The trigger and polarity of an override: section 5.2.12.5, MPS INTI flags. */
PVH_BOOT static struct pc_line inti_line(uint32_t gsi, uint16_t flags, bool level, bool active_low)
{
    struct pc_line line = { gsi, level, active_low };
    if ((flags & 3) != 0)
        line.active_low = (flags & 3) == 3;
    if ((flags >> 2 & 3) != 0)
        line.level = (flags >> 2 & 3) == 3;
    return line;
}

PVH_BOOT static void madt_entry(const uint8_t *e, size_t len)
{
    uint8_t source = len >= 4 ? e[3] : 0xff;    /* once: what is checked is what is used */
    if (e[0] == 1 && len >= 12 && pc_acpi.n_ioapics < 8) {
        pc_acpi.ioapics[pc_acpi.n_ioapics].base = tern_load_le32(e + 4);
        pc_acpi.ioapics[pc_acpi.n_ioapics].gsi_base = tern_load_le32(e + 8);
        pc_acpi.n_ioapics++;
    } else if (e[0] == 2 && len >= 10 && e[2] == 0 && source < 16) {
        /* The SCI is level and active low unless its override says otherwise. */
        bool sci = source == pc_acpi.sci;
        pc_acpi.isa[source] =
            inti_line(tern_load_le32(e + 4), tern_load_le16(e + 8), sci, sci);
    } else if (e[0] == 5 && len >= 12) {
        pc_acpi.lapic_base = tern_load_le64(e + 4);
    }
}

PVH_BOOT static void madt_read(struct table t)
{
    if (t.len < 44)
        return;
    pc_acpi.lapic_base = tern_load_le32(t.octets + 36);
    size_t off = 44;
    while (t.len - off >= 2) {
        size_t len = t.octets[off + 1];
        if (len < 2 || len > t.len - off)
            return;
        madt_entry(t.octets + off, len);
        off += len;
    }
}

/* ---- FADT (section 5.2.9) ---- */

PVH_BOOT static uint16_t fadt_port(struct table t, size_t off)
{
    uint32_t port = off + 4 <= t.len ? tern_load_le32(t.octets + off) : 0;
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* A generic address (section 5.2.3.2) in memory; 0 if it is elsewhere. */
PVH_BOOT static uint64_t fadt_memory(struct table t, size_t off)
{
    if (off + 12 > t.len || t.octets[off] != 0)
        return 0;
    return tern_load_le64(t.octets + off + 4);
}

PVH_BOOT static uint64_t fadt_read(struct table t)
{
    enum { REDUCED_HARDWARE = 1u << 20 };
    if (t.len < 116)
        return 0;
    if ((tern_load_le32(t.octets + 112) & REDUCED_HARDWARE) == 0) {
        pc_acpi.sci = tern_load_le16(t.octets + 46);
        pc_acpi.smi_port = fadt_port(t, 48);
        pc_acpi.smi_enable = t.octets[52];
        pc_acpi.pm1a_event = fadt_port(t, 56);
        pc_acpi.pm1a_control = fadt_port(t, 64);
        pc_acpi.pm1_event_len = t.octets[88];
        pc_acpi.century = t.octets[108] < 128 ? t.octets[108] : 0;
    }
    pc_acpi.sleep_control = fadt_memory(t, 244);
    uint64_t dsdt = t.len >= 148 ? tern_load_le64(t.octets + 140) : 0;
    return dsdt != 0 ? dsdt : tern_load_le32(t.octets + 40);
}

/* ---- DSDT, by its encodings (section 20.2) ---- */

/* An integer object: a byte prefix and an octet, or the constants 0 and 1. */
PVH_BOOT static bool aml_small(const uint8_t *p, size_t len, uint8_t *value)
{
    if (len >= 2 && p[0] == 0x0a) {
        *value = p[1];
        return true;
    }
    if (len >= 1 && p[0] <= 1) {
        *value = p[0];
        return true;
    }
    return false;
}

/* "_S5_", a package (0x12), its length, its count, then SLP_TYPa (section 7.4.2.6). */
PVH_BOOT static void dsdt_s5(const uint8_t *p, size_t len)
{
    if (memcmp(p, "_S5_\x12", 5) != 0)
        return;
    size_t off = 6 + (size_t)(p[5] >> 6) + 1;    /* PkgLength has 1 to 4 octets */
    if (off < len && aml_small(p + off, len - off, &pc_acpi.s5_type))
        pc_acpi.s5 = pc_acpi.s5_type < 8;
}

/*
 * The first extended interrupt descriptor (0x89, section 6.4.3.6) in the next
 * 64 octets: its flags and its first interrupt.
 */
PVH_BOOT static bool crs_interrupt(const uint8_t *p, size_t len, struct pc_line *line)
{
    for (size_t i = 0; i < 64 && len - i >= 9; i++) {
        if (p[i] == 0x89 && tern_load_le16(p + i + 1) >= 6 && p[i + 4] >= 1) {
            *line = (struct pc_line){ tern_load_le32(p + i + 5), (p[i + 3] & 2) == 0,
                                       (p[i + 3] & 4) != 0 };
            return true;
        }
    }
    return false;
}

/* A virtio-mmio device: _HID "LNRO0005", then Memory32Fixed (0x86, section 6.4.3.4). */
PVH_BOOT static void dsdt_virtio(const uint8_t *p, size_t len)
{
    struct pc_line line;
    if (memcmp(p, "LNRO0005", 8) != 0 || !crs_interrupt(p, len, &line))
        return;
    for (size_t i = 8; i < 64 && len - i >= 12; i++) {
        if (p[i] == 0x86 && tern_load_le16(p + i + 1) == 9) {
            uint64_t base = tern_load_le32(p + i + 4);
            size_t size = tern_load_le32(p + i + 8);
            if (size >= 0x100 && size <= 0x10000)
                (void)pc_mmio_add(base, size, line);
            return;
        }
    }
}

/*
 * The generic event device of QEMU: _HID "ACPI0013", its interrupt, and the
 * operation region in memory (ExtOpRegion 5B 80, a name, space 0, a DWord) that
 * holds the event selector.
 */
PVH_BOOT static void dsdt_events(const uint8_t *p, size_t len)
{
    struct pc_line line;
    if (memcmp(p, "ACPI0013", 8) != 0 || !crs_interrupt(p, len, &line))
        return;
    for (size_t i = 8; i < 256 && len - i >= 12; i++) {
        if (p[i] == 0x5b && p[i + 1] == 0x80 && p[i + 6] == 0 && p[i + 7] == 0x0c) {
            pc_acpi.ged_selector = tern_load_le32(p + i + 8);
            pc_acpi.ged_line = line;
            return;
        }
    }
}

/* What may begin at each octet: eight are left there, as many as each reader compares. */
PVH_BOOT static void dsdt_read(struct table t)
{
    for (size_t off = HEADER_LEN; t.len - off >= 8; off++) {
        const uint8_t *p = t.octets + off;
        size_t len = t.len - off;
        if (p[0] == '_') {
            dsdt_s5(p, len);
        } else if (p[0] == 'L') {
            dsdt_virtio(p, len);
        } else if (p[0] == 'A') {
            dsdt_events(p, len);
        }
    }
}

/* ---- The root (section 5.2.5) ---- */

PVH_BOOT static struct table root_table(void)
{
    const uint8_t *rsdp = pvh_phys(pvh_boot.rsdp, 36);
    if (rsdp == NULL || memcmp(rsdp, "RSD PTR ", 8) != 0 || !pvh_phys_sums_to_zero(rsdp, 20))
        return (struct table){ NULL, 0 };
    if (rsdp[15] >= 2 && pvh_phys_sums_to_zero(rsdp, 36)) {
        struct table xsdt = table_open(tern_load_le64(rsdp + 24));
        if (xsdt.len > 0 && table_is(xsdt, "XSDT"))
            return xsdt;
    }
    struct table rsdt = table_open(tern_load_le32(rsdp + 16));
    if (rsdt.len > 0 && table_is(rsdt, "RSDT"))
        return rsdt;
    return (struct table){ NULL, 0 };
}

/* The first table with this signature that the root lists. */
PVH_BOOT static struct table find(struct table root, const char *signature)
{
    size_t width = table_is(root, "XSDT") ? 8 : 4;
    for (size_t off = HEADER_LEN; root.len - off >= width; off += width) {
        const uint8_t *p = root.octets + off;
        struct table t = table_open(width == 8 ? tern_load_le64(p) : tern_load_le32(p));
        if (t.len > 0 && table_is(t, signature))
            return t;
    }
    return (struct table){ NULL, 0 };
}

PVH_BOOT void pc_acpi_init(void)
{
    for (uint32_t i = 0; i < 16; i++)
        pc_acpi.isa[i].gsi = i;
    struct table root = root_table();
    if (root.len == 0)
        return;
    pc_acpi.present = true;
    struct table fadt = find(root, "FACP");
    uint64_t dsdt_at = fadt.len > 0 ? fadt_read(fadt) : 0;
    /* After the FADT, whose SCI decides the defaults of its override. */
    if (pc_acpi.sci < 16)
        pc_acpi.isa[pc_acpi.sci] = (struct pc_line){ pc_acpi.sci, true, true };
    struct table madt = find(root, "APIC");
    if (madt.len > 0)
        madt_read(madt);
    struct table dsdt = table_open(dsdt_at);
    if (dsdt.len > 0 && table_is(dsdt, "DSDT"))
        dsdt_read(dsdt);
}

/* ---- The power button ---- */

enum { PM1_POWER_BUTTON = 1u << 8, PM1_CONTROL_SCI_EN = 1u << 0 };

static volatile void *ged PVH_SEALED;

/*
 * System control interrupt, section 4.8.3.1: the status bits are cleared by
 * writing ones, and the line falls when all enabled ones are clear.
 */
static void sci_arrived(void *arg)
{
    (void)arg;
    uint16_t status = cpu_in16(pc_acpi.pm1a_event);
    cpu_out16(pc_acpi.pm1a_event, status);
    if ((status & PM1_POWER_BUTTON) != 0)
        pvh_pending_set(PVH_DRAIN);
}

/* The selector's bit 1 is "power down"; reading it clears it. */
static void ged_arrived(void *arg)
{
    (void)arg;
    if ((pvh_mmio_load32(ged, 0) & 2) != 0)
        pvh_pending_set(PVH_DRAIN);
}

PVH_BOOT static void sci_init(void)
{
    uint16_t event = pc_acpi.pm1a_event;
    size_t half = pc_acpi.pm1_event_len / 2;
    if (event == 0 || half < 2 || pc_acpi.pm1a_control == 0)
        return;
    if ((cpu_in16(pc_acpi.pm1a_control) & PM1_CONTROL_SCI_EN) == 0 && pc_acpi.smi_port != 0)
        cpu_out8(pc_acpi.smi_port, pc_acpi.smi_enable);
    /* The firmware sets SCI_EN when it has handed over (section 4.8.2.5). */
    for (unsigned i = 0; i < 10000; i++) {
        if ((cpu_in16(pc_acpi.pm1a_control) & PM1_CONTROL_SCI_EN) != 0)
            break;
    }
    struct pc_line line = { pc_acpi.sci, true, true };
    if (pc_acpi.sci < 16)
        line = pc_acpi.isa[pc_acpi.sci];
    /* A press before now stays: it comes as soon as it is enabled. */
    cpu_out16(event, (uint16_t)~PM1_POWER_BUTTON);
    if (pc_irq_line(&line, sci_arrived, NULL) != TERN_OK) {
        pvh_logf("acpi: no I/O APIC has the SCI's line %u: no power button\n", line.gsi);
        return;
    }
    cpu_out16((uint16_t)(event + half), PM1_POWER_BUTTON);
}

PVH_BOOT void pc_acpi_button_init(void)
{
    if (pc_acpi.ged_selector != 0) {
        ged = pvh_mmio_map(pc_acpi.ged_selector, 4);
        if (ged == NULL || pc_irq_line(&pc_acpi.ged_line, ged_arrived, NULL) != TERN_OK)
            pvh_logf("acpi: the event device is out of reach: no power button\n");
        else
            ged_arrived(NULL);    /* a press before now: the line's edge went by, this stays */
    } else {
        sci_init();
    }
    /* For pvh_leave, when nothing can be mapped any more. */
    if (pc_acpi.sleep_control != 0 && pvh_mmio_map(pc_acpi.sleep_control, 1) == NULL)
        pc_acpi.sleep_control = 0;
}
