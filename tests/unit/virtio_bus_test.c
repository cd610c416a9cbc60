/* SPDX-License-Identifier: ISC */
/*
 * The two transports on registers that are the test's memory: which devices
 * they take, and what they make of capabilities and registers that lie. The
 * services of the ground below (backends/pvh/pvh.h) are the test's.
 */
#include "suites.h"

#include "virtio_fake.h"

#include <backends/kvm/virtio_pvh.h>

#include "virtio_fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BAR_LEN = 0x4000, CAPS = 8, PORT = 0xc040 };

static uint8_t config[256];
static uint8_t *bar;              /* BAR 4 */
static uint8_t *regs;             /* of an MMIO device */
static uint8_t cap_at[CAPS];
static unsigned n_caps, n_cap_calls, n_enabled, n_disabled, n_interrupts;
static bool endless, no_msix, no_line, no_port_bar, no_vectors;
static uint8_t ports[64];         /* of a legacy PCI device */
static size_t ports_len;          /* 0: it has no I/O BAR */
static struct pvh_pci pci;
static struct pvh_mmio mmio;
static void (*handlers[3])(void *arg);
static void *handler_arg;
static char said[512];
static struct virtio_dev dev;

/* ---- The ground --------------------------------------------------------------- */

size_t pvh_pci_count(void) { return 1; }
const struct pvh_pci *pvh_pci_get(size_t i) { (void)i; return &pci; }
size_t pvh_mmio_count(void) { return 1; }
const struct pvh_mmio *pvh_mmio_get(size_t i) { (void)i; return &mmio; }
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
    size_t used = strlen(said);
    if (len < sizeof said - used)
        memcpy(said + used, text, len);
}

uint8_t pvh_pci_load8(const struct pvh_pci *p, uint8_t off) { (void)p; return config[off]; }
uint32_t pvh_pci_load32(const struct pvh_pci *p, uint8_t off)
{
    (void)p;
    ck_assert_uint_le(off, 252);
    return tern_load_le32(config + off);
}

uint8_t pvh_pci_cap(const struct pvh_pci *p, uint8_t id, unsigned nth, size_t least)
{
    (void)p;
    ck_assert_uint_eq(id, 9);
    ck_assert_uint_ge(least, 16);
    n_cap_calls++;
    if (endless)
        return cap_at[nth % n_caps];
    return nth < n_caps ? cap_at[nth] : 0;
}

enum tern_err pvh_pci_bar(const struct pvh_pci *p, unsigned n, volatile void **base, size_t *len)
{
    (void)p;
    ck_assert_uint_lt(n, 6);
    if (n != 4)
        return TERN_INVALID;
    *base = bar;
    *len = BAR_LEN;
    return TERN_OK;
}

void pvh_pci_enable(const struct pvh_pci *p) { (void)p; n_enabled++; }
void pvh_pci_disable(const struct pvh_pci *p) { (void)p; n_disabled++; }

enum tern_err pvh_pci_msix(const struct pvh_pci *p, unsigned entry, void (*handler)(void *arg),
                           void *arg)
{
    (void)p;
    if (no_msix)
        return TERN_UNSUPPORTED;
    handlers[entry] = handler;
    handler_arg = arg;
    return TERN_OK;
}

enum tern_err pvh_irq_line(const struct pvh_line *line, void (*handler)(void *arg), void *arg)
{
    ck_assert_uint_eq(line->gsi, 47);
    handlers[2] = handler;
    handler_arg = arg;
    return TERN_OK;
}

void pvh_pci_msix_off(const struct pvh_pci *p) { (void)p; }

bool pvh_pci_line(const struct pvh_pci *p, struct pvh_line *line)
{
    (void)p;
    *line = (struct pvh_line){ .gsi = 47, .level = true };
    return !no_line;
}

enum tern_err pvh_pci_port_bar(const struct pvh_pci *p, unsigned n, uint16_t *port, size_t *len)
{
    (void)p;
    ck_assert_uint_eq(n, 0);
    *port = PORT;
    *len = ports_len;
    return ports_len > 0 && !no_port_bar ? TERN_OK : TERN_INVALID;
}

/* Every access lies inside the BAR. */
static uint8_t *port_at(uint16_t port, size_t width)
{
    ck_assert_uint_ge(port, PORT);
    ck_assert_uint_le(port - PORT + width, ports_len);
    return ports + (port - PORT);
}

uint8_t pvh_port_load8(uint16_t port) { return *port_at(port, 1); }
uint16_t pvh_port_load16(uint16_t port)
{
    /* A device that has no vector to give reads NO_VECTOR (section 4.1.5.1.2). */
    if (no_vectors && (port == PORT + 20 || port == PORT + 22))
        return 0xffff;
    return tern_load_le16(port_at(port, 2));
}
uint32_t pvh_port_load32(uint16_t port) { return tern_load_le32(port_at(port, 4)); }
void pvh_port_store8(uint16_t port, uint8_t v) { *port_at(port, 1) = v; }
void pvh_port_store16(uint16_t port, uint16_t v) { tern_store_le16(port_at(port, 2), v); }
void pvh_port_store32(uint16_t port, uint32_t v) { tern_store_le32(port_at(port, 4), v); }

volatile void *pvh_mmio_map(uint64_t phys, size_t len)
{
    ck_assert_uint_eq(phys, mmio.base);
    ck_assert_uint_eq(len, mmio.len);
    return regs;
}

/* ---- Devices ------------------------------------------------------------------- */

static void cap_add(uint8_t type, uint8_t which, uint32_t off, uint32_t len)
{
    uint8_t at = (uint8_t)(0x40 + 24 * n_caps);
    cap_at[n_caps++] = at;
    config[at] = 9;
    config[at + 3] = type;
    config[at + 4] = which;
    tern_store_le32(config + at + 8, off);
    tern_store_le32(config + at + 12, len);
    tern_store_le32(config + at + 16, 4);    /* the notify multiplier */
}

static void setup(void)
{
    bar = calloc(1, BAR_LEN);
    regs = calloc(1, 0x200);
    memset(config, 0, sizeof config);
    memset(said, 0, sizeof said);
    n_caps = n_cap_calls = n_enabled = n_disabled = n_interrupts = 0;
    endless = no_msix = no_line = no_port_bar = no_vectors = false;
    memset(ports, 0, sizeof ports);
    ports_len = 32;
    pci = (struct pvh_pci){ .dev = 2, .vendor = 0x1af4, .device = 0x1041 };
    mmio = (struct pvh_mmio){ .base = 0xfeb02e00, .len = 0x200, .line = { .gsi = 47 } };
    tern_store_le32(regs + 0, 0x74726976);
    tern_store_le32(regs + 4, 2);
    tern_store_le32(regs + 8, VIRTIO_TYPE_NET);
}

static void teardown(void)
{
    free(bar);
    free(regs);
}

/* As QEMU has them. */
static void caps_honest(void)
{
    cap_add(5, 0, 0, 0);
    cap_add(1, 4, 0, 0x1000);
    cap_add(3, 4, 0x1000, 0x1000);
    cap_add(4, 4, 0x2000, 0x1000);
    cap_add(2, 4, 0x3000, 0x1000);
}

static void interrupt(void *arg)
{
    ck_assert_ptr_eq(arg, &dev);
    n_interrupts++;
}

START_TEST(test_pci_takes_modern_and_transitional_devices_of_the_type)
{
    static const struct {
        uint16_t vendor, device, subsystem;
        enum tern_err err;
        const char *why;
    } rows[] = {
        { 0x1af4, 0x1041, 0x1100, TERN_OK, "modern" },
        { 0x1af4, 0x1000, 1, TERN_OK, "transitional: the subsystem says what it is" },
        { 0x1af4, 0x1000, 4, TERN_UNREACHABLE, "transitional, another type" },
        { 0x1af4, 0x1044, 1, TERN_UNREACHABLE, "modern, another type" },
        { 0x8086, 0x1041, 1, TERN_UNREACHABLE, "another vendor" },
    };
    caps_honest();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pci.vendor = rows[i].vendor;
        pci.device = rows[i].device;
        pci.subsystem = rows[i].subsystem;
        ck_assert_msg(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET) == rows[i].err, "%s",
                      rows[i].why);
    }
    ck_assert_uint_eq(n_enabled, 2);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(test_pci_registers_are_where_the_capabilities_say)
{
    caps_honest();
    cap_add(1, 4, 0x800, 0x800);    /* the first of each type counts (section 4.1.4.1) */
    cap_add(2, 4, 0x800, 0x800);
    cap_add(4, 4, 0x800, 0x800);
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_str_eq(dev.name, "pci 00:02.0");
    tern_store_le32(bar + 4, 0x21);    /* features: both halves, as memory has but one */
    ck_assert_uint_eq(dev.ops->features(&dev), UINT64_C(0x2100000021));
    dev.ops->set_status(&dev, 7);
    ck_assert_uint_eq(bar[0x14], 7);
    ck_assert_uint_eq(dev.ops->status(&dev), 7);
    bar[0x15] = 9;
    ck_assert_uint_eq(dev.ops->generation(&dev), 9);
    memcpy(bar + 0x2000, "\x11\x22\x33\x44", 4);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 1, 1 }), 0x22);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 2, 2 }), 0x4433);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 0, 4 }), 0x44332211);
}
END_TEST

START_TEST(test_pci_queue_starts_with_its_addresses_and_vector)
{
    struct virtio_queue q;
    caps_honest();
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_OK);
    dev.interrupt = interrupt;
    dev.interrupt_arg = &dev;
    ck_assert_int_eq(dev.ops->irq_start(&dev), TERN_OK);
    ck_assert_int_eq(virtio_queue_init(&q, &dev, 1, 64, 1), TERN_OK);
    tern_store_le16(bar + 0x1e, 3);    /* queue_notify_off, times 4 */
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le16(bar + 0x16), 1);
    ck_assert_uint_eq(tern_load_le16(bar + 0x18), 64);
    ck_assert_uint_eq(tern_load_le16(bar + 0x1a), 1);
    ck_assert_uint_eq(tern_load_le16(bar + 0x1c), 1);
    ck_assert_uint_eq(tern_load_le64(bar + 0x20), (uintptr_t)q.desc);
    ck_assert_uint_eq(tern_load_le64(bar + 0x28), (uintptr_t)q.avail);
    ck_assert_uint_eq(tern_load_le64(bar + 0x30), (uintptr_t)q.used);
    tern_store_le16(bar + 0x300c, 0xffff);
    dev.ops->notify(&dev, 1);
    ck_assert_uint_eq(tern_load_le16(bar + 0x300c), 1);
    handlers[1](handler_arg);
    ck_assert_uint_eq(n_interrupts, 1);
    ck_assert(!dev.config_changed);
    handlers[0](handler_arg);
    ck_assert_uint_eq(n_interrupts, 2);
    ck_assert(dev.config_changed);
    free(q.posted);
}
END_TEST

START_TEST(hostile_net_55_capability_outside_its_bar)
{
    /* offsets and lengths of the common registers that cannot be */
    static const struct { uint8_t which; uint32_t off, len; const char *why; } rows[] = {
        { 4, 0, 0x37, "one octet short" },
        { 4, 0, 0, "empty" },
        { 4, BAR_LEN, 0x38, "behind the end" },
        { 4, BAR_LEN - 0x34, 0x38, "over the end" },
        { 4, 0, BAR_LEN + 1, "longer than the BAR" },
        { 4, 0xfffffffcu, 0x38, "an offset that wraps" },
        { 4, 4, 0xffffffffu, "a length that wraps" },
        { 4, 2, 0x38, "not aligned" },
        { 0, 0, 0x38, "a BAR that is none" },
        { 6, 0, 0x38, "no such BAR" },
        { 255, 0, 0x38, "no such BAR" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        n_caps = 0;
        memset(said, 0, sizeof said);
        cap_add(1, rows[i].which, rows[i].off, rows[i].len);
        cap_add(2, 4, 0x3000, 0x1000);
        ck_assert_msg(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET) == TERN_UNSUPPORTED, "%s",
                      rows[i].why);
        ck_assert_ptr_nonnull(strstr(said, "no interface where it can be reached"));
        /* A second one that is right is taken in its place. */
        cap_add(1, 4, 0, 0x1000);
        ck_assert_msg(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET) == TERN_OK, "%s", rows[i].why);
    }
}
END_TEST

START_TEST(hostile_net_55_capabilities_without_end)
{
    endless = true;
    cap_add(5, 4, 0, 0x1000);
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
    ck_assert_uint_le(n_cap_calls, 64);
    ck_assert_uint_eq(n_enabled, 0);
}
END_TEST

START_TEST(hostile_net_55_notify_capability_at_the_end_of_configuration_space)
{
    cap_add(1, 4, 0, 0x1000);
    cap_at[n_caps] = 0xf0;    /* 16 octets fit, the multiplier does not */
    memset(config + 0xf0, 0, 16);
    config[0xf3] = 2;
    config[0xf4] = 4;
    tern_store_le32(config + 0xfc, 0x1000);
    n_caps++;
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
}
END_TEST

START_TEST(hostile_net_55_notify_offset_outside_its_window)
{
    static const struct { uint16_t off; uint32_t multiplier; enum tern_err err; } rows[] = {
        { 0x3ff, 4, TERN_OK }, { 0x400, 4, TERN_UNSUPPORTED }, { 0xffff, 4, TERN_UNSUPPORTED },
        { 0xffff, 0xffffffffu, TERN_UNSUPPORTED }, { 1, 1, TERN_UNSUPPORTED },
        { 0x7ff, 2, TERN_OK }, { 0x800, 2, TERN_UNSUPPORTED }, { 0xffff, 0, TERN_OK },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct virtio_queue q;
        n_caps = 0;
        caps_honest();
        tern_store_le32(config + cap_at[4] + 16, rows[i].multiplier);
        ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_OK);
        ck_assert_int_eq(virtio_queue_init(&q, &dev, 0, 2, 1), TERN_OK);
        tern_store_le16(bar + 0x1e, rows[i].off);
        tern_store_le16(bar + 0x1c, 0);
        ck_assert_int_eq(dev.ops->queue_start(&dev, &q), rows[i].err);
        ck_assert_uint_eq(tern_load_le16(bar + 0x1c), rows[i].err == TERN_OK);
        free(q.posted);
    }
}
END_TEST

START_TEST(hostile_net_55_device_registers_shorter_than_its_fields)
{
    cap_add(1, 4, 0, 0x1000);
    cap_add(2, 4, 0x3000, 0x1000);
    cap_add(4, 4, BAR_LEN - 8, 8);
    memset(bar + BAR_LEN - 8, 0xff, 8);
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 6, 2 }), 0xffff);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 8, 2 }), 0);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 10, 2 }), 0);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 255, 1 }), 0);
}
END_TEST

START_TEST(test_mmio_takes_both_versions_of_the_type)
{
    static const struct {
        uint32_t magic, version, id;
        enum tern_err err;
        const char *says;
    } rows[] = {
        { 0x74726976, 2, 1, TERN_OK, "" },
        { 0x74726976, 2, 0, TERN_UNREACHABLE, "" },
        { 0x74726976, 2, 4, TERN_UNREACHABLE, "" },
        { 0x74726977, 2, 1, TERN_UNREACHABLE, "" },
        { 0xffffffffu, 0xffffffffu, 0xffffffffu, TERN_UNREACHABLE, "" },
        { 0x74726976, 1, 1, TERN_OK, "" },
        { 0x74726976, 3, 1, TERN_UNSUPPORTED, "virtio mmio feb02e00: has an unknown version\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(said, 0, sizeof said);
        tern_store_le32(regs, rows[i].magic);
        tern_store_le32(regs + 4, rows[i].version);
        tern_store_le32(regs + 8, rows[i].id);
        ck_assert_int_eq(virtio_mmio_init(&dev, &mmio, VIRTIO_TYPE_NET), rows[i].err);
        ck_assert_str_eq(said, rows[i].says);
    }
    mmio.len = 0xff;
    ck_assert_int_eq(virtio_mmio_init(&dev, &mmio, VIRTIO_TYPE_NET), TERN_UNREACHABLE);
    mmio.len = 0x200;
    uint8_t *there = regs;
    regs = NULL;    /* what cannot be mapped */
    ck_assert_int_eq(virtio_mmio_init(&dev, &mmio, VIRTIO_TYPE_NET), TERN_UNREACHABLE);
    regs = there;
}
END_TEST

/* A legacy device of the type that has these registers. */
static void legacy_begin(void)
{
    pci.device = 0x1000;
    pci.subsystem = 1;
    tern_store_le32(ports + 0, 0x30000020);
    tern_store_le16(ports + 12, 256);
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_OK);
    dev.interrupt = interrupt;
    dev.interrupt_arg = &dev;
}

START_TEST(hostile_net_55_mmio_registers_shorter_than_the_fields)
{
    mmio.len = 0x102;    /* two octets of configuration */
    memset(regs + 0x100, 0xff, 0x100);
    ck_assert_int_eq(virtio_mmio_init(&dev, &mmio, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 0, 2 }), 0xffff);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 1, 1 }), 0xff);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 0, 4 }), 0);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 1, 2 }), 0);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 2, 1 }), 0);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 255, 1 }), 0);
}
END_TEST

/* The number of its page has 32 bits. */
START_TEST(test_legacy_queues_lie_where_they_can_be_told)
{
    struct virtio_queue q = { .desc = (volatile struct virtio_desc *)(UINT64_C(1) << 44),
                              .index = 1, .num = 64 };
    tern_store_le32(regs + 4, 1);
    ck_assert_int_eq(virtio_mmio_init(&dev, &mmio, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_UNSUPPORTED);
    legacy_begin();
    tern_store_le16(ports + 12, 64);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_UNSUPPORTED);
    q.desc = (volatile struct virtio_desc *)((UINT64_C(1) << 44) - 4096);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le32(ports + 8), UINT32_MAX);
}
END_TEST

START_TEST(test_mmio_queue_starts_and_its_interrupt_is_acknowledged)
{
    struct virtio_queue q;
    ck_assert_int_eq(virtio_mmio_init(&dev, &mmio, VIRTIO_TYPE_NET), TERN_OK);
    dev.interrupt = interrupt;
    dev.interrupt_arg = &dev;
    ck_assert_int_eq(dev.ops->irq_start(&dev), TERN_OK);
    tern_store_le32(regs + 0x34, 0x20000);
    ck_assert_uint_eq(dev.ops->queue_max(&dev, 1), 0x8000);    /* no more than a ring can have */
    ck_assert_int_eq(virtio_queue_init(&q, &dev, 1, 64, 1), TERN_OK);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le32(regs + 0x30), 1);
    ck_assert_uint_eq(tern_load_le32(regs + 0x38), 64);
    ck_assert_uint_eq(tern_load_le32(regs + 0x44), 1);
    ck_assert_uint_eq(tern_load_le64(regs + 0x80), (uintptr_t)q.desc);
    ck_assert_uint_eq(tern_load_le64(regs + 0x90), (uintptr_t)q.avail);
    ck_assert_uint_eq(tern_load_le64(regs + 0xa0), (uintptr_t)q.used);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_UNSUPPORTED);    /* it runs already */
    dev.ops->notify(&dev, 1);
    ck_assert_uint_eq(tern_load_le32(regs + 0x50), 1);
    tern_store_le32(regs + 0x60, 0xfffffff1u);
    handlers[2](handler_arg);
    ck_assert_uint_eq(tern_load_le32(regs + 0x64), 1);    /* only what has a meaning */
    ck_assert_uint_eq(n_interrupts, 1);
    ck_assert(!dev.config_changed);
    tern_store_le32(regs + 0x60, 2);
    handlers[2](handler_arg);
    ck_assert(dev.config_changed);
    tern_store_le32(regs + 0x60, 0);
    handlers[2](handler_arg);    /* somebody else's on a shared line */
    ck_assert_uint_eq(n_interrupts, 2);
    free(q.posted);
}
END_TEST

/* A device on an edge line whose registers live: the page of `watched`. */
static struct fake watched;
static unsigned n_reasons;    /* reasons that come while others are acknowledged */
static bool line_high;

static void register_step(struct fake *f, uint8_t *addr, bool written)
{
    uint32_t status = tern_load_le32(f->io + 0x60);
    if (written && addr == f->io + 0x64) {
        status &= ~tern_load_le32(f->io + 0x64);
    } else if (!written && addr == f->io + 0x60 && n_reasons > 0) {
        n_reasons--;
        status |= n_reasons % 2 == 0 ? 2 : 1;    /* the last one is a change */
    }
    line_high = status != 0;
    tern_store_le32(f->io + 0x60, status);
}

/* One edge has come, with `reasons` others behind it. */
static void edge_comes(unsigned reasons)
{
    tern_store_le32(watched.io + 0x60, 1);
    n_reasons = reasons;
    line_high = true;
    dev.config_changed = false;
    n_interrupts = 0;
    fake_watch(&watched, register_step);
    handlers[2](handler_arg);
    fake_watch_end(&watched);
}

START_TEST(test_mmio_edge_line_is_low_when_its_handler_returns)
{
    fake_init(&watched, 0);
    memcpy(watched.io, regs, 0x200);
    free(regs);
    regs = watched.io;
    ck_assert_int_eq(virtio_mmio_init(&dev, &mmio, VIRTIO_TYPE_NET), TERN_OK);
    dev.interrupt = interrupt;
    dev.interrupt_arg = &dev;
    ck_assert_int_eq(dev.ops->irq_start(&dev), TERN_OK);

    /* A change of configuration after the status was read, before it is acknowledged. */
    edge_comes(1);
    ck_assert(!line_high && dev.config_changed && dev.has_irq);
    ck_assert_uint_eq(n_interrupts, 1);
    edge_comes(3);
    ck_assert(!line_high && dev.config_changed && dev.has_irq);
    edge_comes(0);
    ck_assert(!line_high && !dev.config_changed && dev.has_irq);

    /* A device that never falls silent does not hold the processor: it is polled. */
    edge_comes(1001);
    ck_assert(line_high && dev.config_changed && !dev.has_irq);
    ck_assert_uint_ge(n_reasons, 900);
    ck_assert_uint_eq(n_interrupts, 1);

    /* A level line comes back by itself: its status is read once. */
    mmio.line.level = true;
    dev.has_irq = true;
    edge_comes(1001);
    ck_assert(line_high && dev.has_irq);
    ck_assert_uint_eq(n_reasons, 1000);
    fake_free(&watched);
    regs = NULL;
}
END_TEST

START_TEST(test_mmio_legacy_queue_is_the_number_of_a_page)
{
    struct virtio_queue q;
    tern_store_le32(regs + 4, 1);
    ck_assert_int_eq(virtio_mmio_init(&dev, &mmio, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert(dev.legacy && !dev.ring_fixed);
    ck_assert_int_eq(virtio_queue_init(&q, &dev, 1, 64, 1), TERN_OK);
    ck_assert_uint_eq((uintptr_t)q.used % 4096, (uintptr_t)q.desc % 4096);
    ck_assert_ptr_eq((const void *)((uintptr_t)q.desc + 4096), (const void *)(uintptr_t)q.used);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le32(regs + 0x28), 4096);
    ck_assert_uint_eq(tern_load_le32(regs + 0x30), 1);
    ck_assert_uint_eq(tern_load_le32(regs + 0x38), 64);
    ck_assert_uint_eq(tern_load_le32(regs + 0x3c), 4096);
    ck_assert_uint_eq(tern_load_le32(regs + 0x40), (uint32_t)((uintptr_t)q.desc / 4096));
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_UNSUPPORTED);    /* it runs already */
    ck_assert_uint_eq(dev.ops->generation(&dev), 0);
    free(q.posted);
}
END_TEST

START_TEST(test_pci_transitional_device_without_capabilities_is_legacy)
{
    struct virtio_queue q;
    uint64_t offered;
    legacy_begin();
    ck_assert(dev.legacy && dev.ring_fixed);
    ck_assert_str_eq(dev.name, "pci 00:02.0");
    ck_assert_int_eq(virtio_dev_open(&dev, &offered), TERN_OK);
    ck_assert_uint_eq(offered, 0x30000020);
    ck_assert_int_eq(virtio_dev_agree(&dev, offered, 0x20), TERN_OK);
    ck_assert_uint_eq(tern_load_le32(ports + 4), 0x30000020);
    ck_assert_uint_eq(ports[18], 3);    /* there was no FEATURES_OK */
    ck_assert_int_eq(dev.ops->irq_start(&dev), TERN_OK);
    ck_assert(dev.has_irq && dev.has_msix);
    ck_assert_uint_eq(tern_load_le16(ports + 20), 0);
    ck_assert_int_eq(virtio_queue_init(&q, &dev, 1, 64, 1), TERN_OK);
    ck_assert_uint_eq(q.num, 256);      /* the device's word */
    ck_assert_uint_eq(q.n_bufs, 64);
    ck_assert_ptr_eq((const void *)((uintptr_t)q.desc + 8192), (const void *)(uintptr_t)q.used);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le16(ports + 14), 1);
    ck_assert_uint_eq(tern_load_le32(ports + 8), (uint32_t)((uintptr_t)q.desc / 4096));
    ck_assert_uint_eq(tern_load_le16(ports + 22), 1);
    virtio_dev_go(&dev);
    ck_assert_uint_eq(ports[18], 7);
    dev.ops->notify(&dev, 1);
    ck_assert_uint_eq(tern_load_le16(ports + 16), 1);
    free(q.posted);
}
END_TEST

START_TEST(test_pci_legacy_configuration_moves_with_msix)
{
    memcpy(ports + 20, "\x11\x22\x33\x44\x55\x66", 6);
    legacy_begin();
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 0, 1 }), 0x11);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 4, 2 }), 0x6655);
    dev.has_msix = true;
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 0, 2 }), 0x6655);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 4, 4 }), 0);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 6, 4 }), 0);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 255, 1 }), 0);
}
END_TEST

START_TEST(test_pci_without_msix_takes_the_line_or_is_polled)
{
    for (unsigned modern = 0; modern < 2; modern++) {
        no_msix = true;
        no_line = false;
        if (modern) {
            caps_honest();
            ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_OK);
            dev.interrupt = interrupt;
            dev.interrupt_arg = &dev;
        } else {
            legacy_begin();
        }
        volatile uint8_t *isr = modern ? bar + 0x1000 : ports + 19;
        handlers[2] = NULL;
        n_interrupts = 0;
        dev.config_changed = false;
        ck_assert_int_eq(dev.ops->irq_start(&dev), TERN_OK);
        ck_assert(dev.has_irq && !dev.has_msix);
        handlers[2](handler_arg);    /* somebody else's */
        ck_assert_uint_eq(n_interrupts, 0);
        *isr = 1;
        handlers[2](handler_arg);
        ck_assert_uint_eq(n_interrupts, 1);
        ck_assert(!dev.config_changed);
        *isr = 2;
        handlers[2](handler_arg);
        ck_assert(dev.config_changed);
        *isr = 0;
        no_line = true;
        /* Where vectors would stand, the configuration is, or nobody has asked. */
        uint8_t *vectors = modern ? bar + 0x10 : ports + 20;
        struct virtio_queue q;
        tern_store_le32(vectors, 0x77777777);
        ck_assert_int_eq(dev.ops->irq_start(&dev), TERN_OK);
        ck_assert_uint_eq(tern_load_le16(vectors), 0x7777);
        tern_store_le16(ports + 12, 64);
        ck_assert_int_eq(virtio_queue_init(&q, &dev, 0, 64, 1), TERN_OK);
        ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_OK);
        ck_assert(modern || tern_load_le32(vectors) == 0x77777777);
        ck_assert_uint_eq(tern_load_le16(bar + 0x1a), modern ? 0xffff : 0);    /* NO_VECTOR */
        free(q.posted);
        ck_assert(!dev.has_irq);
        ck_assert_ptr_nonnull(strstr(said, "it is polled"));
    }
}
END_TEST

/* Turns the vector that the driver has just written to NO_VECTOR. */
static void vector_refuse(struct fake *f, uint8_t *addr, bool written)
{
    if (written && (addr == f->io + 0x10 || addr == f->io + 0x1a))
        tern_store_le16(addr, 0xffff);
}

START_TEST(hostile_net_55_vectors_that_a_device_does_not_give)
{
    static struct fake f;
    struct virtio_queue q;
    enum tern_err err, queue_err;
    legacy_begin();
    no_vectors = true;
    ck_assert_int_eq(dev.ops->irq_start(&dev), TERN_UNSUPPORTED);
    ck_assert_int_eq(virtio_queue_init(&q, &dev, 0, 64, 1), TERN_OK);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_UNSUPPORTED);
    free(q.posted);
    /* The modern interface, on memory that is watched. */
    fake_init(&f, 0);
    free(bar);
    bar = f.io;
    pci.device = 0x1041;
    caps_honest();
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_int_eq(virtio_queue_init(&q, &dev, VIRTIO_DEV_QUEUES, 64, 1), TERN_OK);
    ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_INVALID);    /* no room for it here */
    q.index = 0;
    fake_watch(&f, vector_refuse);
    err = dev.ops->irq_start(&dev);
    dev.has_msix = true;
    queue_err = dev.ops->queue_start(&dev, &q);
    fake_watch_end(&f);
    ck_assert_int_eq(err, TERN_UNSUPPORTED);
    ck_assert_int_eq(queue_err, TERN_UNSUPPORTED);
    ck_assert_uint_eq(tern_load_le16(bar + 0x1c), 0);    /* it is not enabled */
    free(q.posted);
    bar = NULL;
    fake_free(&f);
}
END_TEST

/* The list ends with 0, where a device's numbers stand and no capability. */
START_TEST(hostile_net_55_numbers_that_look_like_a_capability)
{
    cap_add(2, 4, 0x3000, 0x1000);
    config[3] = 1;
    config[4] = 4;
    tern_store_le32(config + 8, 0);
    tern_store_le32(config + 12, 0x1000);
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
    ck_assert_uint_eq(n_enabled, 0);
}
END_TEST

START_TEST(hostile_net_55_capabilities_of_unknown_types)
{
    static const uint8_t types[] = { 0, 5, 6, 9, 128, 255 };
    for (size_t i = 0; i < sizeof types; i++)
        cap_add(types[i], 4, 0, 0x1000);
    cap_add(1, 4, 0, 0x1000);
    cap_add(2, 4, 0x3000, 0x1000);
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_ptr_null((const void *)(uintptr_t)dev.isr);
    ck_assert_uint_eq(dev.device_cfg_len, 0);
    ck_assert_uint_eq(dev.ops->config(&dev, (struct virtio_field){ 0, 1 }), 0);
}
END_TEST

START_TEST(hostile_net_55_legacy_registers_that_lie)
{
    static const struct { uint16_t num; enum tern_err err; const char *why; } rows[] = {
        { 0, TERN_UNSUPPORTED, "no such queue" }, { 64, TERN_OK, "just enough" },
        { 32, TERN_UNSUPPORTED, "too short" }, { 100, TERN_UNSUPPORTED, "no power of two" },
        { 0x8000, TERN_OK, "the longest that there can be" },
        { 0xffff, TERN_UNSUPPORTED, "no ring" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct virtio_queue q;
        memset(ports, 0, sizeof ports);
        legacy_begin();
        tern_store_le16(ports + 12, rows[i].num);
        enum tern_err err = virtio_queue_init(&q, &dev, 0, 64, 1);
        ck_assert_msg(err == rows[i].err, "%s", rows[i].why);
        if (err != TERN_OK)
            continue;
        tern_store_le16(ports + 12, 16);    /* another length the second time */
        ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_UNSUPPORTED);
        tern_store_le16(ports + 12, rows[i].num);
        tern_store_le32(ports + 8, 77);     /* a queue that it has already */
        ck_assert_int_eq(dev.ops->queue_start(&dev, &q), TERN_UNSUPPORTED);
        free(q.posted);
    }
    ports_len = 20;    /* no room for the configuration */
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
    ports_len = 0;
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
    ports_len = 32;
    no_port_bar = true;
    ck_assert_int_eq(virtio_pci_init(&dev, &pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_find_takes_pci_before_mmio)
{
    size_t at = 0;
    caps_honest();
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &at, &dev), TERN_OK);
    ck_assert_str_eq(dev.name, "pci 00:02.0");
    size_t second = at, behind_pci = at;
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &at, &dev), TERN_OK);
    ck_assert_str_eq(dev.name, "mmio feb02e00");
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &at, &dev), TERN_UNREACHABLE);
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &at, &dev), TERN_UNREACHABLE);
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &second, &dev), TERN_OK);
    ck_assert_str_eq(dev.name, "mmio feb02e00");
    /* One that is left is switched off: a function is, a place in memory cannot be. */
    virtio_pvh_leave(0);
    virtio_pvh_leave(second);
    ck_assert_uint_eq(n_disabled, 0);
    virtio_pvh_leave(behind_pci);
    ck_assert_uint_eq(n_disabled, 1);
    at = 0;
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_RNG, &at, &dev), TERN_UNREACHABLE);
}
END_TEST

Suite *virtio_bus_suite(void)
{
    Suite *s = suite_create("virtio_bus");
    TCase *tc = tcase_create("bus");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_pci_takes_modern_and_transitional_devices_of_the_type);
    tcase_add_test(tc, test_pci_registers_are_where_the_capabilities_say);
    tcase_add_test(tc, test_pci_queue_starts_with_its_addresses_and_vector);
    tcase_add_test(tc, hostile_net_55_capability_outside_its_bar);
    tcase_add_test(tc, hostile_net_55_capabilities_without_end);
    tcase_add_test(tc, hostile_net_55_notify_capability_at_the_end_of_configuration_space);
    tcase_add_test(tc, hostile_net_55_notify_offset_outside_its_window);
    tcase_add_test(tc, hostile_net_55_device_registers_shorter_than_its_fields);
    tcase_add_test(tc, test_mmio_takes_both_versions_of_the_type);
    tcase_add_test(tc, test_mmio_legacy_queue_is_the_number_of_a_page);
    tcase_add_test(tc, test_pci_transitional_device_without_capabilities_is_legacy);
    tcase_add_test(tc, test_pci_legacy_configuration_moves_with_msix);
    tcase_add_test(tc, test_pci_without_msix_takes_the_line_or_is_polled);
    tcase_add_test(tc, hostile_net_55_vectors_that_a_device_does_not_give);
    tcase_add_test(tc, hostile_net_55_numbers_that_look_like_a_capability);
    tcase_add_test(tc, hostile_net_55_capabilities_of_unknown_types);
    tcase_add_test(tc, hostile_net_55_legacy_registers_that_lie);
    tcase_add_test(tc, hostile_net_55_mmio_registers_shorter_than_the_fields);
    tcase_add_test(tc, test_legacy_queues_lie_where_they_can_be_told);
    tcase_add_test(tc, test_mmio_queue_starts_and_its_interrupt_is_acknowledged);
    tcase_add_test(tc, test_mmio_edge_line_is_low_when_its_handler_returns);
    tcase_add_test(tc, test_find_takes_pci_before_mmio);
    suite_add_tcase(s, tc);
    return s;
}
