/* SPDX-License-Identifier: ISC */
/*
 * A network device that broke a rule, or gave up, and is begun anew: when, with
 * what memory, and what it may have become meanwhile.
 */
#include "suites.h"
#include "virtio_net_fixture.h"

#include <stdlib.h>
#include <string.h>

#define CTRL_ALL (FAKE_CTRL_VQ | FAKE_CTRL_RX | FAKE_CTRL_MAC | FAKE_ANNOUNCE)

static struct net_fixture x;
static uint8_t frame[2048];

static void setup(void)
{
    fixture_begin(&x, FAKE_ALL | CTRL_ALL | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC, NULL);
}

static void teardown(void) { fixture_end(&x); }

/* ---- Steps ---------------------------------------------------------------- */

/* The device breaks a rule, which the next poll finds. */
static void break_rule(void)
{
    unsigned n_changed = x.n_changed;
    bool was_up = x.net.link.up;
    fake_used_idx(&x.f, FAKE_RX, (uint16_t)(x.net.rx.used_idx + x.net.rx.n_bufs + 1));
    ck_assert(fixture_poll(&x) == was_up);
    ck_assert(x.f.dev.stopped && !x.net.link.up);
    ck_assert_uint_eq(x.n_changed, n_changed + was_up);
}

/* How long the driver waits; the time then comes. */
static uint64_t wait(void)
{
    for (unsigned i = 0; i < 3 && !virtio_net_idle(&x.net); i++)
        fixture_poll(&x);
    ck_assert(virtio_net_idle(&x.net));
    uint64_t due_ns = virtio_net_due(&x.net), wait_ns = due_ns - x.now_ns;
    ck_assert_uint_gt(due_ns, x.now_ns);
    unsigned n_resets = x.f.n_resets;
    x.now_ns = due_ns - 1;
    ck_assert(!fixture_poll(&x));
    ck_assert_uint_eq(x.f.n_resets, n_resets);
    x.now_ns = due_ns;
    return wait_ns;
}

/* After this the driver can carve nothing. */
static void memory_end(void)
{
    x.f.io_used = x.f.io_len;
    x.f.own_used = x.f.own_len;
}

static void assert_traffic(void)
{
    unsigned n_input = x.n_input;
    size_t n_sent = x.f.n_sent;
    ck_assert(x.net.link.up);
    for (unsigned i = 0; i < 600; i++) {    /* the rings go round, slots come back */
        fixture_fill(frame, 1000, (uint8_t)i);
        ck_assert(fake_deliver(&x.f, NULL, frame, 1000));
        ck_assert(fixture_poll(&x));
        fixture_assert_got(&x, 0, frame, 1000);
        ck_assert_int_eq(fixture_send(&x, frame, 1000), TERN_OK);
        x.net.link.ops->flush(&x.net.link);
        ck_assert_uint_eq(x.f.n_sent, n_sent + 1);
        ck_assert_uint_eq(x.f.sent[n_sent].len, x.f.hdr_len + 1000);
        ck_assert_mem_eq(x.f.sent[n_sent].octets + x.f.hdr_len, frame, 1000);
        fake_sent_clear(&x.f);
        n_sent = 0;
    }
    ck_assert_uint_eq(x.n_input, n_input + 600);
}

static void assert_begun(unsigned restarts)
{
    unsigned n_changed = x.n_changed;
    ck_assert(fixture_poll(&x));
    ck_assert(!x.f.dev.stopped);
    ck_assert_uint_eq(x.net.stats.restarts, restarts);
    ck_assert_uint_eq(x.n_changed, n_changed + 1);
    ck_assert_uint_eq(virtio_net_due(&x.net), TERN_NEVER);
    ck_assert_uint_eq(x.f.status & 0x8f, 0x0f);    /* DRIVER_OK and all before it */
}

static void assert_not_begun(const char *why)
{
    x.f.log_len = 0;
    x.f.log[0] = '\0';
    fixture_poll(&x);
    ck_assert(x.f.dev.stopped && !x.net.link.up);
    ck_assert_ptr_nonnull(strstr(x.f.log, why));
    ck_assert_int_eq(fixture_send(&x, frame, 60), TERN_UNREACHABLE);
}

/* ---- It comes back ---------------------------------------------------------- */

START_TEST(hostile_net_55_device_that_broke_a_rule_is_begun_anew_with_its_memory)
{
    assert_traffic();
    memory_end();
    for (unsigned n = 1; n <= 3; n++) {
        break_rule();
        wait();
        assert_begun(n);
        assert_traffic();
        ck_assert_uint_eq(x.f.dev.breaches[VIRTIO_BREACH_USED_IDX], n);
    }
    ck_assert_ptr_nonnull(strstr(x.f.log, "has begun anew"));
}
END_TEST

START_TEST(hostile_net_55_device_that_asks_for_a_reset_is_begun_anew)
{
    x.f.status |= VIRTIO_STATUS_NEEDS_RESET;
    fake_config_change(&x.f);
    ck_assert(fixture_poll(&x));
    ck_assert(!x.net.link.up);
    memory_end();
    ck_assert_uint_eq(wait(), TERN_SECOND_NS);
    assert_begun(1);
    assert_traffic();
    for (int i = 0; i < VIRTIO_BREACH_COUNT; i++)
        ck_assert_uint_eq(x.f.dev.breaches[i], 0);
}
END_TEST

START_TEST(hostile_net_55_legacy_device_is_begun_anew)
{
    fixture_end(&x);
    fixture_legacy(&x, FAKE_ALL & ~VIRTIO_F_VERSION_1 & (_i == 0 ? ~FAKE_MRG_RXBUF : ~0ull));
    break_rule();
    memory_end();
    x.f.queue_max = 512;    /* longer rings than there is memory for */
    wait();
    assert_not_begun("no memory for its queues");
    x.f.queue_max = 256;
    wait();
    ck_assert(fixture_poll(&x));
    ck_assert_uint_eq(x.net.stats.restarts, 1);
    assert_traffic();
}
END_TEST

/* What the device still held, and what had come of a frame, is forgotten with it. */
START_TEST(hostile_net_55_what_was_under_way_ends_with_the_device)
{
    uint8_t *buf;
    uint16_t id = fake_take(&x.f, FAKE_RX, &buf, NULL);
    memset(buf, 0, 12);
    tern_store_le16(buf + 10, 2);
    fake_give(&x.f, FAKE_RX, id, 2048);
    fake_show(&x.f, FAKE_RX);
    ck_assert(!fixture_poll(&x));
    ck_assert_uint_eq(x.net.n_parts, 1);
    (void)fixture_fill_up(&x, 60);
    (void)fixture_fill_up(&x, 60000);
    ck_assert(x.net.tx_owed && x.net.tx_long_owed);
    x.f.ctrl_silent = true;
    tern_store_le16(x.f.config + 6, 3);    /* the wish to be announced */
    fake_config_change(&x.f);
    ck_assert(fixture_poll(&x));
    ck_assert(x.net.ctrl_busy);
    break_rule();
    x.f.honest_tx = true;
    x.f.ctrl_silent = false;
    memory_end();
    wait();
    unsigned n_tx_room = x.n_tx_room;
    assert_begun(1);
    ck_assert(!x.net.tx_owed && !x.net.tx_long_owed);    /* a link that comes up says so, too */
    fake_sent_clear(&x.f);
    assert_traffic();
    ck_assert_uint_eq(x.n_tx_room, n_tx_room);
    ck_assert_uint_eq(x.net.n_tx_long_free, x.net.n_tx_long);
}
END_TEST

START_TEST(hostile_net_55_slot_lent_over_a_breach_is_not_sent_from)
{
    struct tern_tx before, late[2];
    const struct tern_link_ops *ops = x.net.link.ops;
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(ops->tx_slot(&x.net.link, 60, &late[i]), TERN_OK);
    ck_assert_int_eq(ops->tx_slot(&x.net.link, 60, &before), TERN_OK);
    break_rule();
    ops->tx_commit(&x.net.link, &before, 60);
    ck_assert_uint_eq(x.net.stats.tx_stale, 1);
    wait();
    assert_begun(1);
    ops->tx_commit(&x.net.link, &late[0], 60);
    ops->tx_commit(&x.net.link, &late[1], 0);
    ops->flush(&x.net.link);
    ck_assert_uint_eq(x.net.stats.tx_stale, 2);
    ck_assert_uint_eq(x.f.n_sent, 0);
    ck_assert_uint_eq(x.net.n_tx_free, x.net.n_tx);    /* each once */
    assert_traffic();
}
END_TEST

/* ---- When -------------------------------------------------------------------- */

START_TEST(hostile_net_55_device_that_breaks_again_and_again_waits_longer)
{
    static const uint64_t waits_s[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300 };
    enum { N = sizeof waits_s / sizeof waits_s[0] };
    for (unsigned i = 0; i < N; i++) {
        break_rule();
        ck_assert_uint_eq(wait(), waits_s[i] * TERN_SECOND_NS);
        assert_begun(i + 1);
    }
    x.now_ns += 59 * TERN_SECOND_NS;
    break_rule();
    ck_assert_uint_eq(wait(), 300 * TERN_SECOND_NS);
    assert_begun(N + 1);
    x.now_ns += 60 * TERN_SECOND_NS;    /* it has lasted */
    break_rule();
    ck_assert_uint_eq(wait(), TERN_SECOND_NS);
    assert_begun(N + 2);
    ck_assert_uint_eq(x.f.dev.breaches[VIRTIO_BREACH_USED_IDX], N + 2);
}
END_TEST

/* ---- It does not come back ------------------------------------------------------ */

/* Until the status reads 0 the device may still write what it was given. */
START_TEST(hostile_net_55_memory_of_a_device_that_never_resets_is_never_used_again)
{
    fake_deliver(&x.f, NULL, frame, 60);
    x.f.never_resets = true;
    x.f.status = 0x0f;
    break_rule();
    uint8_t *before = malloc(x.f.io_len);
    memcpy(before, x.f.io, x.f.io_len);
    unsigned n_notified = x.f.q[FAKE_RX].n_notified;
    uint64_t n_frames = x.net.stats.rx_frames, waited_ns = 0;
    unsigned n_resets = x.f.n_resets, n = 0;
    for (; waited_ns < 3600 * TERN_SECOND_NS; n++) {
        waited_ns += wait();
        assert_not_begun("does not reset");
    }
    ck_assert_uint_le(n, 20);    /* one attempt each time, and no more than these in an hour */
    ck_assert_uint_eq(x.f.n_resets, n_resets + n);
    ck_assert_int_eq(memcmp(before, x.f.io, x.f.io_len), 0);
    free(before);
    ck_assert_uint_eq(x.f.q[FAKE_RX].n_notified, n_notified);
    ck_assert_uint_eq(x.net.stats.rx_frames, n_frames);
    ck_assert_uint_eq(x.net.stats.restarts, 0);
    x.f.never_resets = false;    /* at last */
    wait();
    assert_begun(1);
    assert_traffic();
}
END_TEST

START_TEST(hostile_net_55_device_that_cannot_be_begun_anew_is_asked_again)
{
    break_rule();
    memory_end();
    wait();
    x.f.refuses_features = true;
    assert_not_begun("does not take the features");
    x.f.refuses_features = false;
    ck_assert_uint_eq(wait(), 2 * TERN_SECOND_NS);
    x.f.restless = true;
    assert_not_begun("never stands still");
    x.f.restless = false;
    ck_assert_uint_eq(wait(), 4 * TERN_SECOND_NS);
    x.f.config[0] = 0x01;    /* a group's */
    assert_not_begun("no station's");
    ck_assert_uint_eq(x.net.link.mac[0], 0x52);
    x.f.config[0] = 0x52;
    wait();
    x.f.queue_max = 0;
    assert_not_begun("has no two queues");
    x.f.queue_max = 256;
    wait();
    x.f.offered &= ~VIRTIO_F_VERSION_1;
    assert_not_begun("is a legacy device");
    x.f.offered |= VIRTIO_F_VERSION_1;
    ck_assert_uint_eq(wait(), 32 * TERN_SECOND_NS);
    assert_begun(1);
    assert_traffic();
}
END_TEST

/* ---- It has become another --------------------------------------------------------- */

START_TEST(test_device_that_begins_anew_may_have_another_address_and_mtu)
{
    static const struct {
        uint64_t less;
        uint8_t mac5;
        uint16_t mtu, is_mtu;
        uint8_t is_mac5;
    } rows[] = {
        { 0, 0x77, 1400, 1400, 0x77 },
        { 0, 0x78, 9000, 2012, 0x78 },        /* as long as the slots of the start are */
        { FAKE_MAC, 0x79, 1500, 1500, 0x78 }, /* it says none: what it was */
        { FAKE_MTU, 0x56, 1280, 1500, 0x56 },
        { FAKE_MRG_RXBUF, 0x56, 9000, 2012, 0x56 },
    };
    uint64_t offered = x.f.offered;
    memory_end();
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        break_rule();
        x.f.offered = offered & ~rows[i].less;
        x.f.config[5] = rows[i].mac5;
        tern_store_le16(x.f.config + 10, rows[i].mtu);
        wait();
        assert_begun(i + 1);
        ck_assert_uint_eq(x.net.link.mtu, rows[i].is_mtu);
        ck_assert_uint_eq(x.net.link.mac[5], rows[i].is_mac5);
        assert_traffic();
    }
}
END_TEST

START_TEST(test_device_that_begins_anew_may_offer_less_and_then_all_again)
{
    static const struct {
        uint64_t less;
        uint16_t queue_max, offloads;
        uint32_t slot_max;
    } rows[] = {
        { FAKE_HOST_TSO4, 256, 0x35, VIRTIO_NET_FRAME_MAX },
        { FAKE_HOST_TSO4 | FAKE_HOST_TSO6, 256, 0x31, 2030 },
        { FAKE_CSUM, 256, 0x30, 2030 },
        { FAKE_GUEST_CSUM, 256, 0x07, VIRTIO_NET_FRAME_MAX },
        { FAKE_MRG_RXBUF, 256, 0x17, VIRTIO_NET_FRAME_MAX },
        { VIRTIO_F_EVENT_IDX, 256, 0x37, VIRTIO_NET_FRAME_MAX },
        { VIRTIO_F_INDIRECT_DESC, 256, 0x37, VIRTIO_NET_FRAME_MAX },
        { CTRL_ALL, 256, 0x37, VIRTIO_NET_FRAME_MAX },
        { 0, 8, 0x17, VIRTIO_NET_FRAME_MAX },    /* rings too short for large frames to come */
        { 0, 2, 0x17, VIRTIO_NET_FRAME_MAX },
        { 0, 1024, 0x37, VIRTIO_NET_FRAME_MAX },
    };
    uint64_t offered = x.f.offered;
    memory_end();
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        break_rule();
        x.f.offered = offered & ~rows[i].less;
        x.f.queue_max = rows[i].queue_max;
        wait();
        assert_begun(i + 1);
        ck_assert_uint_eq(x.f.taken, x.f.offered & ~(rows[i].offloads & TERN_OFFLOAD_RX_GRO ? 0 :
                                                     FAKE_GUEST_TSO4 | FAKE_GUEST_TSO6) &
                                         ~(rows[i].offloads & TERN_OFFLOAD_TX_CSUM ? 0 :
                                           FAKE_HOST_TSO4 | FAKE_HOST_TSO6));
        ck_assert_uint_eq(x.net.link.offloads, rows[i].offloads);
        ck_assert_uint_eq(x.net.link.slot_max, rows[i].slot_max);
        ck_assert(x.net.has_ctrl == ((rows[i].less & FAKE_CTRL_VQ) == 0));
        ck_assert_uint_le(x.net.rx.n_bufs, 256);
        assert_traffic();
    }
    ck_assert_uint_eq(x.net.n_tx, 120);
}
END_TEST

START_TEST(hostile_net_55_device_that_begins_anew_gets_no_more_than_at_the_start)
{
    static const uint64_t least = VIRTIO_F_VERSION_1 | FAKE_MAC | FAKE_STATUS;
    fixture_end(&x);
    fixture_begin(&x, least, NULL);
    memory_end();
    break_rule();
    x.f.offered = FAKE_ALL | CTRL_ALL | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC;
    wait();
    assert_begun(1);
    ck_assert_uint_eq(x.f.taken, least);
    assert_traffic();
    fixture_end(&x);
    /* A control queue that was offered, and was none. */
    fixture_begin(&x, least | CTRL_ALL, NULL);
    fixture_end(&x);
    memset(&x, 0, sizeof x);
    fake_init(&x.f, least | CTRL_ALL);
    x.f.n_queues = 2;
    ck_assert_int_eq(virtio_net_init(&x.net, &x.f.dev, NULL), TERN_OK);
    ck_assert(!x.net.has_ctrl);
    memory_end();
    virtio_dev_stop(&x.f.dev);
    x.f.n_queues = 3;
    uint64_t deadline_ns;
    (void)virtio_net_poll(&x.net, 0, &deadline_ns);
    ck_assert(virtio_net_poll(&x.net, virtio_net_due(&x.net), &deadline_ns));
    ck_assert(x.net.link.up && !x.net.has_ctrl);
}
END_TEST

START_TEST(test_device_that_begins_anew_is_told_the_filters_again)
{
    static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 0x21 };
    struct virtio_net_config config = { .n_rx = 0 };
    memcpy(config.mac, mac, 6);
    fixture_end(&x);
    fixture_begin(&x, FAKE_ALL | CTRL_ALL, &config);
    for (unsigned i = 0; i < 4; i++)
        fixture_poll(&x);
    ck_assert_uint_eq(x.f.n_ctrl, 3);
    break_rule();
    x.f.n_ctrl = 0;
    wait();
    assert_begun(1);
    for (unsigned i = 0; i < 4; i++)
        fixture_poll(&x);
    ck_assert_uint_eq(x.f.n_ctrl, 3);
    ck_assert_mem_eq(x.f.ctrl[0] + 2, mac, 6);
    ck_assert_mem_eq(x.net.link.mac, mac, 6);
    ck_assert_uint_eq(x.net.stats.ctrl_done, 6);
}
END_TEST

Suite *virtio_again_suite(void)
{
    Suite *s = suite_create("virtio_again");
    TCase *tc = tcase_create("again");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, hostile_net_55_device_that_broke_a_rule_is_begun_anew_with_its_memory);
    tcase_add_test(tc, hostile_net_55_device_that_asks_for_a_reset_is_begun_anew);
    tcase_add_loop_test(tc, hostile_net_55_legacy_device_is_begun_anew, 0, 2);
    tcase_add_test(tc, hostile_net_55_what_was_under_way_ends_with_the_device);
    tcase_add_test(tc, hostile_net_55_slot_lent_over_a_breach_is_not_sent_from);
    tcase_add_test(tc, hostile_net_55_device_that_breaks_again_and_again_waits_longer);
    tcase_add_test(tc, hostile_net_55_memory_of_a_device_that_never_resets_is_never_used_again);
    tcase_add_test(tc, hostile_net_55_device_that_cannot_be_begun_anew_is_asked_again);
    tcase_add_test(tc, test_device_that_begins_anew_may_have_another_address_and_mtu);
    tcase_add_test(tc, test_device_that_begins_anew_may_offer_less_and_then_all_again);
    tcase_add_test(tc, hostile_net_55_device_that_begins_anew_gets_no_more_than_at_the_start);
    tcase_add_test(tc, test_device_that_begins_anew_is_told_the_filters_again);
    suite_add_tcase(s, tc);
    return s;
}
