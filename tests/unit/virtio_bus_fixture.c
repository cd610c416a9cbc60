/* SPDX-License-Identifier: ISC */
/*
 * The ground below the transports, and devices on it: virtio_bus_fixture.h.
 */
#include "virtio_bus_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct bus bus;

/* ---- The ground --------------------------------------------------------------- */

size_t pc_pci_count(void) { return 1; }
const struct pc_pci *pc_pci_get(size_t i) { (void)i; return &bus.pci; }
size_t pc_mmio_count(void) { return 1; }
const struct pc_mmio *pc_mmio_get(size_t i) { (void)i; return &bus.mmio; }
uint64_t pvh_now_ns(void) { return 0; }
void *pvh_mem_carve(size_t len, size_t align) { (void)align; return calloc(1, len); }

/* Legacy interfaces take the number of a page, in 32 bits. It goes with the process. */
void *pvh_mem_carve_io(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    return p != MAP_FAILED ? p : NULL;
}

void *pvh_mem_carve_pages(size_t len)
{
    return pvh_mem_carve_io(len);
}

void pvh_log(const char *text, size_t len)
{
    size_t used = strlen(bus.said);
    if (len < sizeof bus.said - used)
        memcpy(bus.said + used, text, len);
}

uint8_t pc_pci_load8(const struct pc_pci *p, uint8_t off) { (void)p; return bus.config[off]; }
uint32_t pc_pci_load32(const struct pc_pci *p, uint8_t off)
{
    (void)p;
    ck_assert_uint_le(off, 252);
    return tern_load_le32(bus.config + off);
}

uint8_t pc_pci_cap(const struct pc_pci *p, uint8_t id, unsigned nth, size_t least)
{
    (void)p;
    ck_assert_uint_eq(id, 9);
    ck_assert_uint_ge(least, 16);
    bus.n_cap_calls++;
    if (bus.endless)
        return bus.cap_at[nth % bus.n_caps];
    return nth < bus.n_caps ? bus.cap_at[nth] : 0;
}

enum tern_err pc_pci_bar(const struct pc_pci *p, unsigned n, volatile void **base, size_t *len)
{
    (void)p;
    ck_assert_uint_lt(n, 6);
    if (n != 4)
        return TERN_INVALID;
    *base = bus.bar;
    *len = BAR_LEN;
    return TERN_OK;
}

void pc_pci_enable(const struct pc_pci *p) { (void)p; bus.n_enabled++; }
void pc_pci_disable(const struct pc_pci *p) { (void)p; bus.n_disabled++; }

enum tern_err pc_pci_msix(const struct pc_pci *p, unsigned entry, void (*handler)(void *arg),
                           void *arg)
{
    (void)p;
    if (bus.no_msix)
        return TERN_UNSUPPORTED;
    bus.handlers[entry] = handler;
    bus.handler_arg = arg;
    return TERN_OK;
}

enum tern_err pc_irq_line(const struct pc_line *line, void (*handler)(void *arg), void *arg)
{
    ck_assert_uint_eq(line->gsi, 47);
    bus.handlers[2] = handler;
    bus.handler_arg = arg;
    return TERN_OK;
}

void pc_pci_msix_off(const struct pc_pci *p) { (void)p; }

bool pc_pci_line(const struct pc_pci *p, struct pc_line *line)
{
    (void)p;
    *line = (struct pc_line){ .gsi = 47, .level = true };
    return !bus.no_line;
}

enum tern_err pc_pci_port_bar(const struct pc_pci *p, unsigned n, uint16_t *port, size_t *len)
{
    (void)p;
    ck_assert_uint_eq(n, 0);
    *port = PORT;
    *len = bus.ports_len;
    return bus.ports_len > 0 && !bus.no_port_bar ? TERN_OK : TERN_INVALID;
}

/* Every access lies inside the BAR. */
static uint8_t *port_at(uint16_t port, size_t width)
{
    ck_assert_uint_ge(port, PORT);
    ck_assert_uint_le(port - PORT + width, bus.ports_len);
    return bus.ports + (port - PORT);
}

uint8_t pc_port_load8(uint16_t port) { return *port_at(port, 1); }
uint16_t pc_port_load16(uint16_t port)
{
    /* A device that has no vector to give reads NO_VECTOR (section 4.1.5.1.2). */
    if (bus.no_vectors && (port == PORT + 20 || port == PORT + 22))
        return 0xffff;
    return tern_load_le16(port_at(port, 2));
}
uint32_t pc_port_load32(uint16_t port) { return tern_load_le32(port_at(port, 4)); }
void pc_port_store8(uint16_t port, uint8_t v) { *port_at(port, 1) = v; }
void pc_port_store16(uint16_t port, uint16_t v) { tern_store_le16(port_at(port, 2), v); }
void pc_port_store32(uint16_t port, uint32_t v) { tern_store_le32(port_at(port, 4), v); }

volatile void *pvh_mmio_map(uint64_t phys, size_t len)
{
    ck_assert_uint_eq(phys, bus.mmio.base);
    ck_assert_uint_eq(len, bus.mmio.len);
    return bus.regs;
}

/* ---- Devices ------------------------------------------------------------------- */

void bus_cap_add(uint8_t type, uint8_t which, uint32_t off, uint32_t len)
{
    uint8_t at = (uint8_t)(0x40 + 24 * bus.n_caps);
    bus.cap_at[bus.n_caps++] = at;
    bus.config[at] = 9;
    bus.config[at + 3] = type;
    bus.config[at + 4] = which;
    tern_store_le32(bus.config + at + 8, off);
    tern_store_le32(bus.config + at + 12, len);
    tern_store_le32(bus.config + at + 16, 4);    /* the notify multiplier */
}

void bus_setup(void)
{
    bus.bar = calloc(1, BAR_LEN);
    bus.regs = calloc(1, 0x200);
    memset(bus.config, 0, sizeof bus.config);
    memset(bus.said, 0, sizeof bus.said);
    bus.n_caps = bus.n_cap_calls = bus.n_enabled = bus.n_disabled = bus.n_interrupts = 0;
    bus.endless = bus.no_msix = bus.no_line = bus.no_port_bar = bus.no_vectors = false;
    memset(bus.ports, 0, sizeof bus.ports);
    bus.ports_len = 32;
    bus.pci = (struct pc_pci){ .dev = 2, .vendor = 0x1af4, .device = 0x1041 };
    bus.mmio = (struct pc_mmio){ .base = 0xfeb02e00, .len = 0x200, .line = { .gsi = 47 } };
    tern_store_le32(bus.regs + 0, 0x74726976);
    tern_store_le32(bus.regs + 4, 2);
    tern_store_le32(bus.regs + 8, VIRTIO_TYPE_NET);
}

void bus_teardown(void)
{
    free(bus.bar);
    free(bus.regs);
}

/* As QEMU has them. */
void bus_caps_honest(void)
{
    bus_cap_add(5, 0, 0, 0);
    bus_cap_add(1, 4, 0, 0x1000);
    bus_cap_add(3, 4, 0x1000, 0x1000);
    bus_cap_add(4, 4, 0x2000, 0x1000);
    bus_cap_add(2, 4, 0x3000, 0x1000);
}

void bus_interrupt(void *arg)
{
    ck_assert_ptr_eq(arg, &bus.dev);
    bus.n_interrupts++;
}
