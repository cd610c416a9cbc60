/* SPDX-License-Identifier: ISC */
/*
 * The PCI transport on registers that are the test's memory: which devices it takes,
 * and what it makes of capabilities and registers that lie.
 */
#include "suites.h"

#include "virtio_bus_fixture.h"
#include "virtio_fake.h"

#include <stdlib.h>
#include <string.h>

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
    bus_caps_honest();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bus.pci.vendor = rows[i].vendor;
        bus.pci.device = rows[i].device;
        bus.pci.subsystem = rows[i].subsystem;
        ck_assert_msg(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET) == rows[i].err, "%s",
                      rows[i].why);
    }
    ck_assert_uint_eq(bus.n_enabled, 2);
    ck_assert_str_eq(bus.said, "");
}
END_TEST

START_TEST(test_pci_registers_are_where_the_capabilities_say)
{
    bus_caps_honest();
    bus_cap_add(1, 4, 0x800, 0x800);    /* the first of each type counts (section 4.1.4.1) */
    bus_cap_add(2, 4, 0x800, 0x800);
    bus_cap_add(4, 4, 0x800, 0x800);
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_str_eq(bus.dev.name, "pci 00:02.0");
    tern_store_le32(bus.bar + 4, 0x21);    /* features: both halves, as memory has but one */
    ck_assert_uint_eq(bus.dev.ops->features(&bus.dev), UINT64_C(0x2100000021));
    bus.dev.ops->set_status(&bus.dev, 7);
    ck_assert_uint_eq(bus.bar[0x14], 7);
    ck_assert_uint_eq(bus.dev.ops->status(&bus.dev), 7);
    bus.bar[0x15] = 9;
    ck_assert_uint_eq(bus.dev.ops->generation(&bus.dev), 9);
    memcpy(bus.bar + 0x2000, "\x11\x22\x33\x44", 4);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 1, 1 }), 0x22);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 2, 2 }), 0x4433);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 0, 4 }), 0x44332211);
}
END_TEST

START_TEST(test_pci_queue_starts_with_its_addresses_and_vector)
{
    struct virtio_queue q = { .desc = NULL };
    bus_caps_honest();
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_OK);
    bus.dev.interrupt = bus_interrupt;
    bus.dev.interrupt_arg = &bus.dev;
    ck_assert_int_eq(bus.dev.ops->irq_start(&bus.dev), TERN_OK);
    ck_assert_int_eq(virtio_queue_init(&q, &bus.dev, 1, 64, 1), TERN_OK);
    tern_store_le16(bus.bar + 0x1e, 3);    /* queue_notify_off, times 4 */
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le16(bus.bar + 0x16), 1);
    ck_assert_uint_eq(tern_load_le16(bus.bar + 0x18), 64);
    ck_assert_uint_eq(tern_load_le16(bus.bar + 0x1a), 1);
    ck_assert_uint_eq(tern_load_le16(bus.bar + 0x1c), 1);
    ck_assert_uint_eq(tern_load_le64(bus.bar + 0x20), (uintptr_t)q.desc);
    ck_assert_uint_eq(tern_load_le64(bus.bar + 0x28), (uintptr_t)q.avail);
    ck_assert_uint_eq(tern_load_le64(bus.bar + 0x30), (uintptr_t)q.used);
    tern_store_le16(bus.bar + 0x300c, 0xffff);
    bus.dev.ops->notify(&bus.dev, 1);
    ck_assert_uint_eq(tern_load_le16(bus.bar + 0x300c), 1);
    bus.handlers[1](bus.handler_arg);
    ck_assert_uint_eq(bus.n_interrupts, 1);
    ck_assert(!bus.dev.config_changed);
    bus.handlers[0](bus.handler_arg);
    ck_assert_uint_eq(bus.n_interrupts, 2);
    ck_assert(bus.dev.config_changed);
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
        bus.n_caps = 0;
        memset(bus.said, 0, sizeof bus.said);
        bus_cap_add(1, rows[i].which, rows[i].off, rows[i].len);
        bus_cap_add(2, 4, 0x3000, 0x1000);
        ck_assert_msg(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET) == TERN_UNSUPPORTED,
                      "%s", rows[i].why);
        ck_assert_ptr_nonnull(strstr(bus.said, "no interface where it can be reached"));
        /* A second one that is right is taken in its place. */
        bus_cap_add(1, 4, 0, 0x1000);
        ck_assert_msg(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET) == TERN_OK,
                      "%s", rows[i].why);
    }
}
END_TEST

START_TEST(hostile_net_55_capabilities_without_end)
{
    bus.endless = true;
    bus_cap_add(5, 4, 0, 0x1000);
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
    ck_assert_uint_le(bus.n_cap_calls, 64);
    ck_assert_uint_eq(bus.n_enabled, 0);
}
END_TEST

START_TEST(hostile_net_55_notify_capability_at_the_end_of_configuration_space)
{
    bus_cap_add(1, 4, 0, 0x1000);
    bus.cap_at[bus.n_caps] = 0xf0;    /* 16 octets fit, the multiplier does not */
    memset(bus.config + 0xf0, 0, 16);
    bus.config[0xf3] = 2;
    bus.config[0xf4] = 4;
    tern_store_le32(bus.config + 0xfc, 0x1000);
    bus.n_caps++;
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
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
        struct virtio_queue q = { .desc = NULL };
        bus.n_caps = 0;
        bus_caps_honest();
        tern_store_le32(bus.config + bus.cap_at[4] + 16, rows[i].multiplier);
        ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_OK);
        ck_assert_int_eq(virtio_queue_init(&q, &bus.dev, 0, 2, 1), TERN_OK);
        tern_store_le16(bus.bar + 0x1e, rows[i].off);
        tern_store_le16(bus.bar + 0x1c, 0);
        ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), rows[i].err);
        ck_assert_uint_eq(tern_load_le16(bus.bar + 0x1c), rows[i].err == TERN_OK);
        free(q.posted);
    }
}
END_TEST

START_TEST(hostile_net_55_device_registers_shorter_than_its_fields)
{
    bus_cap_add(1, 4, 0, 0x1000);
    bus_cap_add(2, 4, 0x3000, 0x1000);
    bus_cap_add(4, 4, BAR_LEN - 8, 8);
    memset(bus.bar + BAR_LEN - 8, 0xff, 8);
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 6, 2 }), 0xffff);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 8, 2 }), 0);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 10, 2 }), 0);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 255, 1 }), 0);
}
END_TEST

/* A legacy device of the type that has these registers. */
static void legacy_begin(void)
{
    bus.pci.device = 0x1000;
    bus.pci.subsystem = 1;
    tern_store_le32(bus.ports + 0, 0x30000020);
    tern_store_le16(bus.ports + 12, 256);
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_OK);
    bus.dev.interrupt = bus_interrupt;
    bus.dev.interrupt_arg = &bus.dev;
}

START_TEST(test_pci_transitional_device_without_capabilities_is_legacy)
{
    struct virtio_queue q = { .desc = NULL };
    uint64_t offered;
    legacy_begin();
    ck_assert(bus.dev.legacy && bus.dev.ring_fixed);
    ck_assert_str_eq(bus.dev.name, "pci 00:02.0");
    ck_assert_int_eq(virtio_dev_open(&bus.dev, &offered), TERN_OK);
    ck_assert_uint_eq(offered, 0x30000020);
    ck_assert_int_eq(virtio_dev_agree(&bus.dev, offered, 0x20), TERN_OK);
    ck_assert_uint_eq(tern_load_le32(bus.ports + 4), 0x30000020);
    ck_assert_uint_eq(bus.ports[18], 3);    /* there was no FEATURES_OK */
    ck_assert_int_eq(bus.dev.ops->irq_start(&bus.dev), TERN_OK);
    ck_assert(bus.dev.has_irq && bus.dev.has_msix);
    ck_assert_uint_eq(tern_load_le16(bus.ports + 20), 0);
    ck_assert_int_eq(virtio_queue_init(&q, &bus.dev, 1, 64, 1), TERN_OK);
    ck_assert_uint_eq(q.num, 256);      /* the device's word */
    ck_assert_uint_eq(q.n_bufs, 64);
    ck_assert_ptr_eq((const void *)((uintptr_t)q.desc + 8192), (const void *)(uintptr_t)q.used);
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le16(bus.ports + 14), 1);
    ck_assert_uint_eq(tern_load_le32(bus.ports + 8), (uint32_t)((uintptr_t)q.desc / 4096));
    ck_assert_uint_eq(tern_load_le16(bus.ports + 22), 1);
    virtio_dev_go(&bus.dev);
    ck_assert_uint_eq(bus.ports[18], 7);
    bus.dev.ops->notify(&bus.dev, 1);
    ck_assert_uint_eq(tern_load_le16(bus.ports + 16), 1);
    free(q.posted);
}
END_TEST

/* The number of its page has 32 bits. */
START_TEST(test_legacy_queues_lie_where_they_can_be_told)
{
    struct virtio_queue q = { .desc = (volatile struct virtio_desc *)(UINT64_C(1) << 44),
                              .index = 1, .num = 64 };
    tern_store_le32(bus.regs + 4, 1);
    ck_assert_int_eq(virtio_mmio_init(&bus.dev, &bus.mmio, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_UNSUPPORTED);
    legacy_begin();
    tern_store_le16(bus.ports + 12, 64);
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_UNSUPPORTED);
    q.desc = (volatile struct virtio_desc *)((UINT64_C(1) << 44) - 4096);
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le32(bus.ports + 8), UINT32_MAX);
}
END_TEST

START_TEST(test_pci_legacy_configuration_moves_with_msix)
{
    memcpy(bus.ports + 20, "\x11\x22\x33\x44\x55\x66", 6);
    legacy_begin();
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 0, 1 }), 0x11);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 4, 2 }), 0x6655);
    bus.dev.has_msix = true;
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 0, 2 }), 0x6655);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 4, 4 }), 0);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 6, 4 }), 0);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 255, 1 }), 0);
}
END_TEST

START_TEST(test_pci_without_msix_takes_the_line_or_is_polled)
{
    for (unsigned modern = 0; modern < 2; modern++) {
        bus.no_msix = true;
        bus.no_line = false;
        if (modern) {
            bus_caps_honest();
            ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_OK);
            bus.dev.interrupt = bus_interrupt;
            bus.dev.interrupt_arg = &bus.dev;
        } else {
            legacy_begin();
        }
        volatile uint8_t *isr = modern ? bus.bar + 0x1000 : bus.ports + 19;
        bus.handlers[2] = NULL;
        bus.n_interrupts = 0;
        bus.dev.config_changed = false;
        ck_assert_int_eq(bus.dev.ops->irq_start(&bus.dev), TERN_OK);
        ck_assert(bus.dev.has_irq && !bus.dev.has_msix);
        bus.handlers[2](bus.handler_arg);    /* somebody else's */
        ck_assert_uint_eq(bus.n_interrupts, 0);
        *isr = 1;
        bus.handlers[2](bus.handler_arg);
        ck_assert_uint_eq(bus.n_interrupts, 1);
        ck_assert(!bus.dev.config_changed);
        *isr = 2;
        bus.handlers[2](bus.handler_arg);
        ck_assert(bus.dev.config_changed);
        *isr = 0;
        bus.no_line = true;
        /* Where vectors would stand, the configuration is, or nobody has asked. */
        uint8_t *vectors = modern ? bus.bar + 0x10 : bus.ports + 20;
        struct virtio_queue q = { .desc = NULL };
        bus.dev.irq_asked = false;
        tern_store_le32(vectors, 0x77777777);
        ck_assert_int_eq(bus.dev.ops->irq_start(&bus.dev), TERN_OK);
        ck_assert_uint_eq(tern_load_le16(vectors), 0x7777);
        tern_store_le16(bus.ports + 12, 64);
        ck_assert_int_eq(virtio_queue_init(&q, &bus.dev, 0, 64, 1), TERN_OK);
        ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_OK);
        ck_assert(modern || tern_load_le32(vectors) == 0x77777777);
        ck_assert_uint_eq(tern_load_le16(bus.bar + 0x1a), modern ? 0xffff : 0);    /* NO_VECTOR */
        free(q.posted);
        ck_assert(!bus.dev.has_irq);
        ck_assert_ptr_nonnull(strstr(bus.said, "it is polled"));
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
    struct virtio_queue q = { .desc = NULL };
    enum tern_err err, queue_err;
    legacy_begin();
    bus.no_vectors = true;
    ck_assert_int_eq(bus.dev.ops->irq_start(&bus.dev), TERN_UNSUPPORTED);
    ck_assert_int_eq(virtio_queue_init(&q, &bus.dev, 0, 64, 1), TERN_OK);
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_UNSUPPORTED);
    free(q.posted);
    q = (struct virtio_queue){ .desc = NULL };
    /* The modern interface, on memory that is watched. */
    fake_init(&f, 0);
    free(bus.bar);
    bus.bar = f.io;
    bus.pci.device = 0x1041;
    bus_caps_honest();
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_int_eq(virtio_queue_init(&q, &bus.dev, VIRTIO_DEV_QUEUES, 64, 1), TERN_OK);
    /* No room for it here. */
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_INVALID);
    q.index = 0;
    fake_watch(&f, vector_refuse);
    err = bus.dev.ops->irq_start(&bus.dev);
    bus.dev.has_msix = true;
    queue_err = bus.dev.ops->queue_start(&bus.dev, &q);
    fake_watch_end(&f);
    ck_assert_int_eq(err, TERN_UNSUPPORTED);
    ck_assert_int_eq(queue_err, TERN_UNSUPPORTED);
    ck_assert_uint_eq(tern_load_le16(bus.bar + 0x1c), 0);    /* it is not enabled */
    free(q.posted);
    bus.bar = NULL;
    fake_free(&f);
}
END_TEST

/* The list ends with 0, where a device's numbers stand and no capability. */
START_TEST(hostile_net_55_numbers_that_look_like_a_capability)
{
    bus_cap_add(2, 4, 0x3000, 0x1000);
    bus.config[3] = 1;
    bus.config[4] = 4;
    tern_store_le32(bus.config + 8, 0);
    tern_store_le32(bus.config + 12, 0x1000);
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
    ck_assert_uint_eq(bus.n_enabled, 0);
}
END_TEST

START_TEST(hostile_net_55_capabilities_of_unknown_types)
{
    static const uint8_t types[] = { 0, 5, 6, 9, 128, 255 };
    for (size_t i = 0; i < sizeof types; i++)
        bus_cap_add(types[i], 4, 0, 0x1000);
    bus_cap_add(1, 4, 0, 0x1000);
    bus_cap_add(2, 4, 0x3000, 0x1000);
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_ptr_null((const void *)(uintptr_t)bus.dev.isr);
    ck_assert_uint_eq(bus.dev.device_cfg_len, 0);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 0, 1 }), 0);
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
        struct virtio_queue q = { .desc = NULL };
        memset(bus.ports, 0, sizeof bus.ports);
        legacy_begin();
        tern_store_le16(bus.ports + 12, rows[i].num);
        enum tern_err err = virtio_queue_init(&q, &bus.dev, 0, 64, 1);
        ck_assert_msg(err == rows[i].err, "%s", rows[i].why);
        if (err != TERN_OK)
            continue;
        tern_store_le16(bus.ports + 12, 16);    /* another length the second time */
        ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_UNSUPPORTED);
        tern_store_le16(bus.ports + 12, rows[i].num);
        tern_store_le32(bus.ports + 8, 77);     /* a queue that it has already */
        ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_UNSUPPORTED);
        free(q.posted);
    }
    bus.ports_len = 20;    /* no room for the configuration */
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
    bus.ports_len = 0;
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
    bus.ports_len = 32;
    bus.no_port_bar = true;
    ck_assert_int_eq(virtio_pci_init(&bus.dev, &bus.pci, VIRTIO_TYPE_NET), TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_find_takes_pci_before_mmio)
{
    size_t at = 0;
    bus_caps_honest();
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &at, &bus.dev), TERN_OK);
    ck_assert_str_eq(bus.dev.name, "pci 00:02.0");
    size_t second = at, behind_pci = at;
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &at, &bus.dev), TERN_OK);
    ck_assert_str_eq(bus.dev.name, "mmio feb02e00");
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &at, &bus.dev), TERN_UNREACHABLE);
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &at, &bus.dev), TERN_UNREACHABLE);
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_NET, &second, &bus.dev), TERN_OK);
    ck_assert_str_eq(bus.dev.name, "mmio feb02e00");
    /* One that is left is switched off: a function is, a place in memory cannot be. */
    virtio_pvh_leave(0);
    virtio_pvh_leave(second);
    ck_assert_uint_eq(bus.n_disabled, 0);
    virtio_pvh_leave(behind_pci);
    ck_assert_uint_eq(bus.n_disabled, 1);
    at = 0;
    ck_assert_int_eq(virtio_pvh_find(VIRTIO_TYPE_RNG, &at, &bus.dev), TERN_UNREACHABLE);
}
END_TEST

Suite *virtio_bus_suite(void)
{
    Suite *s = suite_create("virtio_bus");
    TCase *tc = tcase_create("bus");
    tcase_add_checked_fixture(tc, bus_setup, bus_teardown);
    tcase_add_test(tc, test_pci_takes_modern_and_transitional_devices_of_the_type);
    tcase_add_test(tc, test_pci_registers_are_where_the_capabilities_say);
    tcase_add_test(tc, test_pci_queue_starts_with_its_addresses_and_vector);
    tcase_add_test(tc, hostile_net_55_capability_outside_its_bar);
    tcase_add_test(tc, hostile_net_55_capabilities_without_end);
    tcase_add_test(tc, hostile_net_55_notify_capability_at_the_end_of_configuration_space);
    tcase_add_test(tc, hostile_net_55_notify_offset_outside_its_window);
    tcase_add_test(tc, hostile_net_55_device_registers_shorter_than_its_fields);
    tcase_add_test(tc, test_pci_transitional_device_without_capabilities_is_legacy);
    tcase_add_test(tc, test_pci_legacy_configuration_moves_with_msix);
    tcase_add_test(tc, test_legacy_queues_lie_where_they_can_be_told);
    tcase_add_test(tc, test_pci_without_msix_takes_the_line_or_is_polled);
    tcase_add_test(tc, hostile_net_55_vectors_that_a_device_does_not_give);
    tcase_add_test(tc, hostile_net_55_numbers_that_look_like_a_capability);
    tcase_add_test(tc, hostile_net_55_capabilities_of_unknown_types);
    tcase_add_test(tc, hostile_net_55_legacy_registers_that_lie);
    tcase_add_test(tc, test_find_takes_pci_before_mmio);
    suite_add_tcase(s, tc);
    return s;
}
