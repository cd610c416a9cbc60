/* SPDX-License-Identifier: ISC */
/*
 * The MMIO transport on registers that are the test's memory: which devices it takes,
 * and what it makes of registers that lie.
 */
#include "suites.h"

#include "virtio_bus_fixture.h"
#include "virtio_fake.h"

#include <stdlib.h>
#include <string.h>

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
        memset(bus.said, 0, sizeof bus.said);
        tern_store_le32(bus.regs, rows[i].magic);
        tern_store_le32(bus.regs + 4, rows[i].version);
        tern_store_le32(bus.regs + 8, rows[i].id);
        ck_assert_int_eq(virtio_mmio_init(&bus.dev, &bus.mmio, VIRTIO_TYPE_NET), rows[i].err);
        ck_assert_str_eq(bus.said, rows[i].says);
    }
    bus.mmio.len = 0xff;
    ck_assert_int_eq(virtio_mmio_init(&bus.dev, &bus.mmio, VIRTIO_TYPE_NET), TERN_UNREACHABLE);
    bus.mmio.len = 0x200;
    uint8_t *there = bus.regs;
    bus.regs = NULL;    /* what cannot be mapped */
    ck_assert_int_eq(virtio_mmio_init(&bus.dev, &bus.mmio, VIRTIO_TYPE_NET), TERN_UNREACHABLE);
    bus.regs = there;
}
END_TEST

START_TEST(hostile_net_55_mmio_registers_shorter_than_the_fields)
{
    bus.mmio.len = 0x102;    /* two octets of configuration */
    memset(bus.regs + 0x100, 0xff, 0x100);
    ck_assert_int_eq(virtio_mmio_init(&bus.dev, &bus.mmio, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 0, 2 }), 0xffff);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 1, 1 }), 0xff);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 0, 4 }), 0);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 1, 2 }), 0);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 2, 1 }), 0);
    ck_assert_uint_eq(bus.dev.ops->config(&bus.dev, (struct virtio_field){ 255, 1 }), 0);
}
END_TEST

START_TEST(test_mmio_queue_starts_and_its_interrupt_is_acknowledged)
{
    struct virtio_queue q = { .desc = NULL };
    ck_assert_int_eq(virtio_mmio_init(&bus.dev, &bus.mmio, VIRTIO_TYPE_NET), TERN_OK);
    bus.dev.interrupt = bus_interrupt;
    bus.dev.interrupt_arg = &bus.dev;
    ck_assert_int_eq(bus.dev.ops->irq_start(&bus.dev), TERN_OK);
    tern_store_le32(bus.regs + 0x34, 0x20000);
    /* No more than a ring can have. */
    ck_assert_uint_eq(bus.dev.ops->queue_max(&bus.dev, 1), 0x8000);
    ck_assert_int_eq(virtio_queue_init(&q, &bus.dev, 1, 64, 1), TERN_OK);
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x30), 1);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x38), 64);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x44), 1);
    ck_assert_uint_eq(tern_load_le64(bus.regs + 0x80), (uintptr_t)q.desc);
    ck_assert_uint_eq(tern_load_le64(bus.regs + 0x90), (uintptr_t)q.avail);
    ck_assert_uint_eq(tern_load_le64(bus.regs + 0xa0), (uintptr_t)q.used);
    /* It runs already. */
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_UNSUPPORTED);
    bus.dev.ops->notify(&bus.dev, 1);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x50), 1);
    tern_store_le32(bus.regs + 0x60, 0xfffffff1u);
    bus.handlers[2](bus.handler_arg);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x64), 1);    /* only what has a meaning */
    ck_assert_uint_eq(bus.n_interrupts, 1);
    ck_assert(!bus.dev.config_changed);
    tern_store_le32(bus.regs + 0x60, 2);
    bus.handlers[2](bus.handler_arg);
    ck_assert(bus.dev.config_changed);
    tern_store_le32(bus.regs + 0x60, 0);
    bus.handlers[2](bus.handler_arg);    /* somebody else's on a shared line */
    ck_assert_uint_eq(bus.n_interrupts, 2);
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
    bus.dev.config_changed = false;
    bus.n_interrupts = 0;
    fake_watch(&watched, register_step);
    bus.handlers[2](bus.handler_arg);
    fake_watch_end(&watched);
}

START_TEST(test_mmio_edge_line_is_low_when_its_handler_returns)
{
    fake_init(&watched, 0);
    memcpy(watched.io, bus.regs, 0x200);
    free(bus.regs);
    bus.regs = watched.io;
    ck_assert_int_eq(virtio_mmio_init(&bus.dev, &bus.mmio, VIRTIO_TYPE_NET), TERN_OK);
    bus.dev.interrupt = bus_interrupt;
    bus.dev.interrupt_arg = &bus.dev;
    ck_assert_int_eq(bus.dev.ops->irq_start(&bus.dev), TERN_OK);

    /* A change of configuration after the status was read, before it is acknowledged. */
    edge_comes(1);
    ck_assert(!line_high && bus.dev.config_changed && bus.dev.has_irq);
    ck_assert_uint_eq(bus.n_interrupts, 1);
    edge_comes(3);
    ck_assert(!line_high && bus.dev.config_changed && bus.dev.has_irq);
    edge_comes(0);
    ck_assert(!line_high && !bus.dev.config_changed && bus.dev.has_irq);

    /* A device that never falls silent does not hold the processor: it is polled. */
    edge_comes(1001);
    ck_assert(line_high && bus.dev.config_changed && !bus.dev.has_irq);
    ck_assert_uint_ge(n_reasons, 900);
    ck_assert_uint_eq(bus.n_interrupts, 1);

    /* A level line comes back by itself: its status is read once. */
    bus.mmio.line.level = true;
    bus.dev.has_irq = true;
    edge_comes(1001);
    ck_assert(line_high && bus.dev.has_irq);
    ck_assert_uint_eq(n_reasons, 1000);
    fake_free(&watched);
    bus.regs = NULL;
}
END_TEST

START_TEST(test_mmio_legacy_queue_is_the_number_of_a_page)
{
    struct virtio_queue q = { .desc = NULL };
    tern_store_le32(bus.regs + 4, 1);
    ck_assert_int_eq(virtio_mmio_init(&bus.dev, &bus.mmio, VIRTIO_TYPE_NET), TERN_OK);
    ck_assert(bus.dev.legacy && !bus.dev.ring_fixed);
    ck_assert_int_eq(virtio_queue_init(&q, &bus.dev, 1, 64, 1), TERN_OK);
    ck_assert_uint_eq((uintptr_t)q.used % 4096, (uintptr_t)q.desc % 4096);
    ck_assert_ptr_eq((const void *)((uintptr_t)q.desc + 4096), (const void *)(uintptr_t)q.used);
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_OK);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x28), 4096);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x30), 1);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x38), 64);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x3c), 4096);
    ck_assert_uint_eq(tern_load_le32(bus.regs + 0x40), (uint32_t)((uintptr_t)q.desc / 4096));
    /* It runs already. */
    ck_assert_int_eq(bus.dev.ops->queue_start(&bus.dev, &q), TERN_UNSUPPORTED);
    ck_assert_uint_eq(bus.dev.ops->generation(&bus.dev), 0);
    free(q.posted);
}
END_TEST

Suite *virtio_mmio_suite(void)
{
    Suite *s = suite_create("virtio_mmio");
    TCase *tc = tcase_create("bus");
    tcase_add_checked_fixture(tc, bus_setup, bus_teardown);
    tcase_add_test(tc, test_mmio_takes_both_versions_of_the_type);
    tcase_add_test(tc, test_mmio_legacy_queue_is_the_number_of_a_page);
    tcase_add_test(tc, hostile_net_55_mmio_registers_shorter_than_the_fields);
    tcase_add_test(tc, test_mmio_queue_starts_and_its_interrupt_is_acknowledged);
    tcase_add_test(tc, test_mmio_edge_line_is_low_when_its_handler_returns);
    suite_add_tcase(s, tc);
    return s;
}
