/* SPDX-License-Identifier: ISC */
/*
 * The network driver with a backend that lies: indices, ids, statuses, lengths,
 * flags and extras that cannot be, frames rewritten after they were shown. Each
 * breach is counted exactly once, stops the device, and takes nothing else with
 * it; a reconnection is possible.
 */
#include "access_watch.h"
#include "suites.h"
#include "xen_fixture.h"

#include <stdlib.h>
#include <string.h>

static struct xen_fixture fx;
static uint8_t frame[NETFRONT_FRAME_MAX + 1];

static void setup(void) { fx_begin(&fx, NULL, &fixture_peer_all); }
static void teardown(void) { fx_end(&fx); }

/*
 * Exactly this breach, once, named in the log. The stack is told that the link
 * is down, once; what the backend can reach is not touched any more, whatever is
 * called; nothing is freed. A new connection works.
 */
static void assert_breach(enum netfront_breach breach)
{
    struct netfront *nf = &fx.nf;
    ck_assert_int_eq(nf->state, NETFRONT_BROKEN);
    for (int i = 0; i < NETFRONT_BREACH_COUNT; i++)
        ck_assert_uint_eq(nf->breaches[i], i == (int)breach ? 1 : 0);
    ck_assert_ptr_nonnull(strstr(fx.x.log, netfront_breach_text(breach)));
    ck_assert(!nf->link.up);
    ck_assert_uint_eq(fx.n_changed, 1);

    uint8_t *before = malloc(fx.x.io_used);
    memcpy(before, fx.x.io, fx.x.io_used);
    unsigned granted = fake_n_granted(&fx.x);
    fx_poll(&fx);
    ck_assert(netfront_idle(nf));
    ck_assert_uint_eq(netfront_due(nf), TERN_NEVER);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_UNREACHABLE);
    fx_flush(&fx);
    netfront_carrier(nf, true);
    fx_poll(&fx);
    fake_raise(&fx.x, fx.keys.port_rx);
    fake_raise(&fx.x, fx.keys.port_tx);
    ck_assert(!fake_awake(&fx.x));
    fx_poll(&fx);
    ck_assert(fx.x.ports[fx.keys.port_rx].raised && fx.x.ports[fx.keys.port_tx].raised);
    netfront_breached(nf, breach);
    ck_assert_int_eq(memcmp(before, fx.x.io, fx.x.io_used), 0);
    free(before);
    ck_assert_uint_eq(fake_n_granted(&fx.x), granted);
    ck_assert_uint_eq(fx.n_changed, 1);
    ck_assert_uint_eq(fx.x.n_closed, 0);
    for (int i = 0; i < NETFRONT_BREACH_COUNT; i++)
        ck_assert_uint_eq(nf->breaches[i], i == (int)breach ? 1 : 0);

    netback_disconnect(&fx.nb);
    netfront_close(nf);
    ck_assert_uint_eq(fake_n_granted(&fx.x), 0);
    fx_connect(&fx, &fixture_peer_all);
    ck_assert(fx_poll(&fx));
    ck_assert(nf->link.up);
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 1);
    ck_assert_int_eq(fx_send(&fx, frame, 60000), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
}

/* Answers the next posted page. */
static void answer(uint16_t offset, uint16_t flags, int16_t status)
{
    uint16_t id = 0;
    (void)netback_rx_take(&fx.nb, &id);
    netback_rx_answer(&fx.nb, id, offset, flags, status);
}

static void answer_extra(uint8_t type, uint8_t flags, uint8_t gso_type, uint16_t size)
{
    uint16_t id;
    struct netif_extra_info e = { .type = type, .flags = flags };
    e.u.gso.type = gso_type;
    e.u.gso.size = size;
    (void)netback_rx_take(&fx.nb, &id);
    netback_rx_extra(&fx.nb, e);
}

static void show_and_poll(void)
{
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_input, 0);
}

/* ---- Indices ---- */

START_TEST(hostile_net_55_more_receive_answers_than_requests)
{
    static const uint32_t prods[] = { 257, 258, 1000, 0x7fffffffu, 0x80000000u, 0xffffffffu };
    fx.nb.rx[2] = prods[_i];
    ck_assert(fx_poll(&fx));
    assert_breach(NETFRONT_BREACH_PROD);
}
END_TEST

START_TEST(hostile_net_55_more_sent_answers_than_requests)
{
    static const uint32_t prods[] = { 2, 257, 0x80000000u, 0xffffffffu };
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    fx.nb.tx[2] = prods[_i];
    fake_raise(&fx.x, fx.keys.port_tx);
    ck_assert(fx_poll(&fx));
    assert_breach(NETFRONT_BREACH_PROD);
}
END_TEST

/* Written into the ring, but not shown yet: an answer to it cannot be. */
START_TEST(hostile_net_55_answer_to_a_request_that_was_not_shown)
{
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx.nb.tx[2] = 1;
    fake_raise(&fx.x, fx.keys.port_tx);
    ck_assert(fx_poll(&fx));
    assert_breach(NETFRONT_BREACH_PROD);
}
END_TEST

START_TEST(hostile_net_55_receive_index_moves_backwards)
{
    answer(0, NETRXF_more_data, 10);
    answer(0, NETRXF_more_data, 10);
    netback_rx_show(&fx.nb);
    ck_assert(!fx_poll(&fx));
    fx.nb.rx[2] = 1;
    ck_assert(fx_poll(&fx));
    assert_breach(NETFRONT_BREACH_PROD);    /* behind what was taken: a huge number */
}
END_TEST

START_TEST(hostile_net_55_receive_index_moves_backwards_between_looks)
{
    for (int i = 0; i < 100; i++)
        answer(0, 0, 60);
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 64);
    fx.nb.rx[2] = 80;    /* 100 were there */
    fx.n_input = 0;
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_input, 0);
    assert_breach(NETFRONT_BREACH_BACKWARDS);
}
END_TEST

START_TEST(hostile_net_55_indices_of_ours_in_the_shared_page_are_never_read)
{
    for (int i = 0; i < 600; i++) {
        fx.nb.rx[0] = fx.nb.rx[3] = 0xdeadbeef;
        fx.nb.tx[0] = fx.nb.tx[3] = 0xdeadbeef;
        ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
        fx_flush(&fx);
        ck_assert_uint_eq(fx.nb.tx[0], (uint32_t)i + 1);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
        netback_forget(&fx.nb);
        fx.nb.rx[0] = fx.nf.rx.req_shown;
        ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
        fx.nb.rx[0] = 0xdeadbeef;
        ck_assert(fx_poll(&fx));
        ck_assert_uint_eq(fx.nb.rx[0], fx.nf.rx.req_prod);
    }
}
END_TEST

/* ---- Answers to what was sent ---- */

static void sent_answered(uint16_t id, int16_t status)
{
    netback_tx_answer(&fx.nb, id, status);
    netback_tx_show(&fx.nb);
    fake_raise(&fx.x, fx.keys.port_tx);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_tx_room, 0);
}

static uint16_t sent(void)
{
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    fx.nb.holds_answers = true;
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    return fx.nb.owed[0].id;
}

START_TEST(hostile_net_55_id_beyond_the_ring)
{
    static const uint16_t ids[] = { 256, 257, 0x7fff, 0x8000, 0xffff };
    (void)sent();
    sent_answered(ids[_i], NETIF_RSP_OKAY);
    assert_breach(NETFRONT_BREACH_TX_ID);
}
END_TEST

START_TEST(hostile_net_55_id_of_no_request_that_waits)
{
    uint16_t id = sent();
    sent_answered((uint16_t)(id == 255 ? 0 : id + 1), NETIF_RSP_OKAY);
    assert_breach(NETFRONT_BREACH_TX_PENDING);
}
END_TEST

/* MSA00: a slot answered twice would be lent twice, and one frame sent for another. */
START_TEST(hostile_net_55_request_answered_twice)
{
    uint16_t id = sent();
    (void)sent();
    netback_tx_answer(&fx.nb, id, NETIF_RSP_OKAY);
    sent_answered(id, NETIF_RSP_OKAY);
    assert_breach(NETFRONT_BREACH_TX_PENDING);
}
END_TEST

START_TEST(hostile_net_55_status_that_does_not_exist)
{
    static const int16_t statuses[] = { 2, 100, 0x7fff, -3, -0x8000 };
    sent_answered(sent(), statuses[_i]);
    assert_breach(NETFRONT_BREACH_TX_STATUS);
}
END_TEST

START_TEST(hostile_net_55_empty_answer_without_an_extra)
{
    sent_answered(sent(), NETIF_RSP_NULL);
    assert_breach(NETFRONT_BREACH_TX_NULL);
}
END_TEST

/* Room of both kinds is owed, and one of them is there when the other finds the breach. */
START_TEST(hostile_net_55_broken_device_has_no_room)
{
    struct tern_tx lent[6];
    (void)sent();
    for (size_t i = 0; i < 6; i++)
        ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60000, &lent[i]), TERN_OK);
    ck_assert_int_eq(fx_send(&fx, frame, 60000), TERN_FULL);
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx.nf.link.ops->tx_commit(&fx.nf.link, &lent[0], 0);
    sent_answered(300, NETIF_RSP_OKAY);
    ck_assert_uint_eq(fx.n_tx_room, 0);
    fx.nf.tx_owed = fx.nf.tx_long_owed = false;    /* the next connection has room */
    assert_breach(NETFRONT_BREACH_TX_ID);
}
END_TEST

/* A frame that was being written when the device broke goes nowhere, and is counted. */
START_TEST(hostile_net_55_frame_that_is_lent_over_a_breach)
{
    struct tern_tx lent;
    (void)sent();
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60, &lent), TERN_OK);
    sent_answered(300, NETIF_RSP_OKAY);
    ck_assert_int_eq(fx.nf.state, NETFRONT_BROKEN);
    uint64_t n_frames = fx.nf.stats.tx_frames;
    uint32_t prod = fx.nf.tx.req_prod;
    fx.nf.link.ops->tx_commit(&fx.nf.link, &lent, 60);
    ck_assert_uint_eq(fx.nf.stats.tx_stale, 1);
    ck_assert_uint_eq(fx.nf.stats.tx_frames, n_frames);
    ck_assert_uint_eq(fx.nf.tx.req_prod, prod);
    assert_breach(NETFRONT_BREACH_TX_ID);
}
END_TEST

START_TEST(hostile_net_55_frames_behind_a_breach_are_not_believed)
{
    (void)sent();
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    sent_answered(300, NETIF_RSP_OKAY);
    ck_assert_uint_eq(fx.n_input, 0);
    assert_breach(NETFRONT_BREACH_TX_ID);
}
END_TEST

/* ---- Received frames ---- */

START_TEST(hostile_net_55_octets_outside_the_page)
{
    static const struct { uint16_t offset; int16_t status; } rows[] = {
        { 0, 4097 }, { 0, 0x7fff }, { 1, 4096 }, { 4096, 1 }, { 4097, 0 }, { 4097, 60 },
        { 4095, 2 }, { 0xffff, 1 }, { 0xf000, 0x7fff }, { 0xffff, -1 },
    };
    answer(rows[_i].offset, 0, rows[_i].status);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_EXTENT);
}
END_TEST

START_TEST(hostile_net_55_octets_outside_a_later_page)
{
    answer(0, NETRXF_more_data, 4096);
    answer(100, 0, 4000);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_EXTENT);
}
END_TEST

START_TEST(hostile_net_55_flags_that_were_not_agreed_on)
{
    static const uint16_t flags[] = { NETRXF_gso_prefix, 32, 0x8000, 0xffff };
    answer(0, flags[_i], 60);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_FLAGS);
}
END_TEST

START_TEST(hostile_net_55_extra_behind_a_later_slot)
{
    answer(0, NETRXF_more_data, 60);
    answer(0, NETRXF_extra_info, 60);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_FLAGS);
}
END_TEST

START_TEST(hostile_net_55_chain_of_twenty_slots)
{
    for (int i = 0; i < 20; i++)
        answer(0, i < 19 ? NETRXF_more_data : 0, 60);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_SLOTS);
}
END_TEST

START_TEST(hostile_net_55_chain_without_an_end)
{
    for (int i = 0; i < 256; i++)
        answer(0, NETRXF_more_data, (int16_t)(_i == 0 ? 0 : 1));
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_SLOTS);
}
END_TEST

START_TEST(hostile_net_55_chain_one_octet_too_long)
{
    for (int i = 0; i < 15; i++)
        answer(0, NETRXF_more_data, 4096);
    answer(0, NETRXF_more_data, 4095);
    answer(0, 0, (int16_t)_i);    /* 65,535 and 65,536 */
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_input, _i == 0);
    if (_i == 1)
        assert_breach(NETFRONT_BREACH_RX_TOO_LONG);
}
END_TEST

START_TEST(hostile_net_55_extra_of_a_kind_that_was_not_agreed_on)
{
    static const uint8_t types[] = { XEN_NETIF_EXTRA_TYPE_NONE, XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
                                     XEN_NETIF_EXTRA_TYPE_MCAST_DEL, XEN_NETIF_EXTRA_TYPE_HASH,
                                     XEN_NETIF_EXTRA_TYPE_MAX, 0x80, 0xff };
    answer(0, NETRXF_extra_info, 60);
    answer_extra(types[_i], 0, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_EXTRA);
}
END_TEST

START_TEST(hostile_net_55_extra_with_flags_that_do_not_exist)
{
    answer(0, NETRXF_extra_info, 60);
    answer_extra(XEN_NETIF_EXTRA_TYPE_GSO, 2, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_EXTRA);
}
END_TEST

START_TEST(hostile_net_55_extras_without_end)
{
    answer(0, NETRXF_extra_info, 60);
    for (int i = 0; i < 200; i++)
        answer_extra(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE,
                     XEN_NETIF_GSO_TYPE_TCPV4, 1000);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_EXTRA);
}
END_TEST

START_TEST(hostile_net_55_aggregate_that_we_did_not_say_we_understand)
{
    fx_end(&fx);
    fx_begin(&fx, &(struct netfront_config){ .no_gso = true }, &fixture_peer_all);
    answer(0, NETRXF_extra_info, 60);
    answer_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
    show_and_poll();
    ck_assert_uint_eq(fx.nf.breaches[NETFRONT_BREACH_RX_EXTRA], 1);
    ck_assert(!fx.nf.link.up);
}
END_TEST

START_TEST(hostile_net_55_segments_of_no_size_or_of_an_unknown_kind)
{
    static const struct { uint8_t type; uint16_t size; } rows[] = {
        { XEN_NETIF_GSO_TYPE_TCPV4, 0 }, { XEN_NETIF_GSO_TYPE_TCPV6, 0 },
        { XEN_NETIF_GSO_TYPE_NONE, 1000 }, { 3, 1000 }, { 0xff, 1000 },
    };
    answer(0, NETRXF_extra_info, 60);
    answer_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, rows[_i].type, rows[_i].size);
    show_and_poll();
    assert_breach(NETFRONT_BREACH_RX_GSO);
}
END_TEST

START_TEST(hostile_net_55_good_chains_before_a_bad_one_still_arrive)
{
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(netback_deliver(&fx.nb, frame, 5000, 0, 0, 0));
    answer(0, 0, 5000);
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 2);
    ck_assert_uint_eq(fx.got[1].len, 5000);
    assert_breach(NETFRONT_BREACH_RX_EXTENT);
}
END_TEST

START_TEST(hostile_net_55_what_stands_behind_a_bad_slot_is_not_looked_at)
{
    uint32_t cons = fx.nf.rx.rsp_cons;
    answer(0, 0, 5000);
    answer(0, 0, 5000);
    show_and_poll();
    ck_assert_uint_eq(fx.nf.rx.rsp_cons, cons + 1);
    assert_breach(NETFRONT_BREACH_RX_EXTENT);
}
END_TEST

/* ---- Memory that changes ---- */

static void rewrite(struct xen_fixture *f)
{
    memset(f->nf.io, 0x5a, (size_t)f->nf.n_any * XEN_PAGE_LEN);
}

/* XSA-155: what the stack sees stands in private memory. */
START_TEST(hostile_net_55_frame_rewritten_while_the_stack_has_it)
{
    fx_fill(frame, 9000, 3);
    ck_assert(netback_deliver(&fx.nb, frame, 9000, 0, 0, 0));
    fx.during_input = rewrite;
    ck_assert(fx_poll(&fx));
    fx_assert_got(&fx, 0, frame, 9000);
}
END_TEST

/* All slots of the ring say something else each time they are looked at. */
START_TEST(hostile_net_55_slots_rewritten_after_they_were_taken)
{
    answer(0, NETRXF_more_data, 100);
    netback_rx_show(&fx.nb);
    ck_assert(!fx_poll(&fx));
    uint8_t *slots = (uint8_t *)(uintptr_t)fx.nb.rx + 64;
    memset(slots, 0xff, 8);    /* the first one, which has been taken */
    answer(0, 0, 100);
    netback_rx_show(&fx.nb);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 1);
    ck_assert_uint_eq(fx.got[0].len, 200);
}
END_TEST

static uint8_t spoiled[4096 * FAKE_PAGES / 8];    /* one bit an octet */
static unsigned n_reads, n_twice;

static bool is_ring(const uint8_t *addr)
{
    const uint8_t *rx = (const uint8_t *)(uintptr_t)fx.nb.rx;
    const uint8_t *tx = (const uint8_t *)(uintptr_t)fx.nb.tx;
    return (addr >= rx && addr < rx + XEN_PAGE_LEN) || (addr >= tx && addr < tx + XEN_PAGE_LEN);
}

/* What has been read is something else from now on. */
static void spoil(uint8_t *addr, bool written)
{
    size_t at = (size_t)(addr - fx.x.io);
    if (written) {
        spoiled[at / 8] &= (uint8_t)~(1u << at % 8);
        return;
    }
    n_reads++;
    n_twice += (spoiled[at / 8] >> at % 8 & 1u) != 0;
    spoiled[at / 8] |= (uint8_t)(1u << at % 8);
    for (size_t i = 0; i < (is_ring(addr) ? 4 : 1); i++)
        addr[i] ^= 0xff;
}

/*
 * XSA-155, for every access: each word of the ring and each octet of a frame is
 * read once and never again; the driver goes by what it has read.
 */
START_TEST(hostile_net_55_everything_rewritten_right_after_it_was_read)
{
    fx_fill(frame, 9000, 5);
    ck_assert(netback_deliver(&fx.nb, frame, 60, NETRXF_data_validated, 0, 0));
    ck_assert(netback_deliver(&fx.nb, frame, 9000, NETRXF_csum_blank, XEN_NETIF_GSO_TYPE_TCPV4,
                              1000));
    ck_assert(netback_deliver(&fx.nb, frame, 5000, 0, 0, 0));
    fx.nb.holds_answers = true;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(fx_send(&fx, frame, 5000), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 3);
    netback_answer(&fx.nb);
    fake_raise(&fx.x, fx.keys.port_tx);
    n_reads = n_twice = 0;
    memset(spoiled, 0, sizeof spoiled);
    uint64_t deadline_ns;
    access_watch(fx.x.io, fx.x.io_used, spoil);
    bool news = netfront_poll(&fx.nf, fx.now_ns, &deadline_ns);
    access_watch_end();
    ck_assert(news);
    ck_assert_uint_eq(n_twice, 0);
    ck_assert_uint_gt(n_reads, 30);
    ck_assert_uint_eq(fx.n_got, 3);
    fx_assert_got(&fx, 0, frame, 60);
    ck_assert_uint_eq(fx.got[0].csum, TERN_CSUM_VALID);
    fx_assert_got(&fx, 1, frame, 9000);
    ck_assert_uint_eq(fx.got[1].seg_len, 1000);
    ck_assert_uint_eq(fx.got[1].gso, TERN_GSO_TCP4);
    fx_assert_got(&fx, 2, frame, 5000);
    ck_assert_uint_eq(fx.nf.n_tx_free, 96);
    ck_assert_uint_eq(fx.nf.n_tx_long_free, 6);
    ck_assert_int_eq(fx.nf.state, NETFRONT_CONNECTED);
}
END_TEST

/* The backend acts once, after the driver's access of this number. */
static unsigned act_at, n_accesses;
static void (*act)(void);

static void act_once(uint8_t *addr, bool written)
{
    (void)addr;
    (void)written;
    if (n_accesses++ != act_at)
        return;
    act();
    access_watch_end();
}

static void deliver_one(void)
{
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
}

static void answer_all(void)
{
    netback_answer(&fx.nb);
}

/* Does the loop sleep through it? Polls as long as there is reason to. */
static bool loop_finds(const unsigned *what)
{
    for (int i = 0; i < 10 && *what == 0; i++) {
        if (netfront_idle(&fx.nf) && !fake_awake(&fx.x))
            return false;
        (void)fx_poll(&fx);
    }
    return *what > 0;
}

/*
 * There is no moment at which a frame, or room that is owed, could come without
 * the loop hearing of it.
 */
START_TEST(hostile_net_55_no_wake_up_is_lost_wherever_the_backend_acts)
{
    bool is_room = _i == 1;
    unsigned n = 0;
    for (act_at = 0;; act_at++) {
        uint64_t deadline_ns;
        fx_end(&fx);
        fx_begin(&fx, &(struct netfront_config){ .n_rx = 32, .n_tx = 17, .n_tx_long = 1 },
                 &fixture_peer_all);
        if (is_room) {
            fx.nb.holds_answers = true;
            while (fx_send(&fx, frame, 60) == TERN_OK)
                continue;
            fx_flush(&fx);
            (void)netback_take(&fx.nb);
        }
        act = is_room ? answer_all : deliver_one;
        n_accesses = 0;
        access_watch(fx.x.io, fx.x.io_used, act_once);
        (void)netfront_poll(&fx.nf, fx.now_ns, &deadline_ns);
        bool sleeps = netfront_idle(&fx.nf);
        access_watch_end();
        if (n_accesses <= act_at)
            break;    /* there are no more moments */
        const unsigned *what = is_room ? &fx.n_tx_room : &fx.n_input;
        ck_assert_msg(*what > 0 || !sleeps || fake_awake(&fx.x), "asleep after access %u", act_at);
        ck_assert_msg(loop_finds(what), "not found after access %u", act_at);
        n++;
    }
    ck_assert_uint_gt(n, 2);
}
END_TEST

static void take_all(void)
{
    (void)netback_take(&fx.nb);
}

/* The backend looks and goes to sleep at any moment: either it has seen the frame, or is told. */
START_TEST(hostile_net_55_no_frame_is_left_with_a_backend_that_sleeps)
{
    unsigned n = 0;
    for (act_at = 0;; act_at++) {
        fx_end(&fx);
        fx_begin(&fx, &(struct netfront_config){ .n_rx = 32, .n_tx = 17, .n_tx_long = 1 },
                 &fixture_peer_all);
        ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
        fx_flush(&fx);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
        unsigned told = fx.x.ports[fx.keys.port_tx].n_notified;
        ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
        act = take_all;
        n_accesses = 0;
        access_watch(fx.x.io, fx.x.io_used, act_once);
        fx_flush(&fx);
        access_watch_end();
        if (n_accesses <= act_at)
            break;
        ck_assert_msg(fx.nb.n_frames == 2 || fx.x.ports[fx.keys.port_tx].n_notified > told,
                      "after access %u", act_at);
        n++;
    }
    ck_assert_uint_ge(n, 2);    /* req_prod, req_event */
}
END_TEST

START_TEST(hostile_net_55_breach_found_while_the_loop_goes_to_sleep)
{
    fx.nb.rx[2] = 1000;
    ck_assert(!netfront_idle(&fx.nf));
    ck_assert(fx_poll(&fx));
    assert_breach(NETFRONT_BREACH_PROD);
}
END_TEST

START_TEST(hostile_net_55_breach_found_while_the_stack_looks_for_room)
{
    (void)sent();
    while (fx_send(&fx, frame, 60) == TERN_OK)
        if (fx.nf.n_tx_free == 0)
            break;
    fx.nb.tx[2] = 1000;
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_UNREACHABLE);
    ck_assert(fx_poll(&fx));
    assert_breach(NETFRONT_BREACH_PROD);
}
END_TEST

Suite *xen_net_hostile_suite(void)
{
    Suite *suite = suite_create("xen_net_hostile");
    TCase *t = tcase_create("hostile");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, hostile_net_55_more_receive_answers_than_requests, 0, 6);
    tcase_add_loop_test(t, hostile_net_55_more_sent_answers_than_requests, 0, 4);
    tcase_add_test(t, hostile_net_55_answer_to_a_request_that_was_not_shown);
    tcase_add_test(t, hostile_net_55_receive_index_moves_backwards);
    tcase_add_test(t, hostile_net_55_receive_index_moves_backwards_between_looks);
    tcase_add_test(t, hostile_net_55_indices_of_ours_in_the_shared_page_are_never_read);
    tcase_add_loop_test(t, hostile_net_55_id_beyond_the_ring, 0, 5);
    tcase_add_test(t, hostile_net_55_id_of_no_request_that_waits);
    tcase_add_test(t, hostile_net_55_request_answered_twice);
    tcase_add_loop_test(t, hostile_net_55_status_that_does_not_exist, 0, 5);
    tcase_add_test(t, hostile_net_55_empty_answer_without_an_extra);
    tcase_add_test(t, hostile_net_55_broken_device_has_no_room);
    tcase_add_test(t, hostile_net_55_frame_that_is_lent_over_a_breach);
    tcase_add_test(t, hostile_net_55_frames_behind_a_breach_are_not_believed);
    tcase_add_loop_test(t, hostile_net_55_octets_outside_the_page, 0, 10);
    tcase_add_test(t, hostile_net_55_octets_outside_a_later_page);
    tcase_add_loop_test(t, hostile_net_55_flags_that_were_not_agreed_on, 0, 4);
    tcase_add_test(t, hostile_net_55_extra_behind_a_later_slot);
    tcase_add_test(t, hostile_net_55_chain_of_twenty_slots);
    tcase_add_loop_test(t, hostile_net_55_chain_without_an_end, 0, 2);
    tcase_add_loop_test(t, hostile_net_55_chain_one_octet_too_long, 0, 2);
    tcase_add_loop_test(t, hostile_net_55_extra_of_a_kind_that_was_not_agreed_on, 0, 7);
    tcase_add_test(t, hostile_net_55_extra_with_flags_that_do_not_exist);
    tcase_add_test(t, hostile_net_55_extras_without_end);
    tcase_add_test(t, hostile_net_55_aggregate_that_we_did_not_say_we_understand);
    tcase_add_loop_test(t, hostile_net_55_segments_of_no_size_or_of_an_unknown_kind, 0, 5);
    tcase_add_test(t, hostile_net_55_good_chains_before_a_bad_one_still_arrive);
    tcase_add_test(t, hostile_net_55_what_stands_behind_a_bad_slot_is_not_looked_at);
    tcase_add_test(t, hostile_net_55_frame_rewritten_while_the_stack_has_it);
    tcase_add_test(t, hostile_net_55_slots_rewritten_after_they_were_taken);
    tcase_add_test(t, hostile_net_55_everything_rewritten_right_after_it_was_read);
    tcase_add_loop_test(t, hostile_net_55_no_wake_up_is_lost_wherever_the_backend_acts, 0, 2);
    tcase_add_test(t, hostile_net_55_no_frame_is_left_with_a_backend_that_sleeps);
    tcase_add_test(t, hostile_net_55_breach_found_while_the_loop_goes_to_sleep);
    tcase_add_test(t, hostile_net_55_breach_found_while_the_stack_looks_for_room);
    suite_add_tcase(suite, t);
    return suite;
}
