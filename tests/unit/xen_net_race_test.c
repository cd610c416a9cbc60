/* SPDX-License-Identifier: ISC */
/*
 * The network driver and memory that changes: frames, slots and indices rewritten after
 * they were shown or read, and a backend that acts between any two accesses.
 */
#include "access_watch.h"
#include "suites.h"
#include "xen_breach.h"

#include <string.h>

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
    breach_answer(0, NETRXF_more_data, 100);
    netback_rx_show(&fx.nb);
    ck_assert(!fx_poll(&fx));
    uint8_t *slots = (uint8_t *)(uintptr_t)fx.nb.rx + 64;
    memset(slots, 0xff, 8);    /* the first one, which has been taken */
    breach_answer(0, 0, 100);
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

Suite *xen_net_race_suite(void)
{
    Suite *suite = suite_create("xen_net_race");
    TCase *t = tcase_create("races");
    tcase_add_checked_fixture(t, breach_setup, breach_teardown);
    tcase_add_test(t, hostile_net_55_frame_rewritten_while_the_stack_has_it);
    tcase_add_test(t, hostile_net_55_slots_rewritten_after_they_were_taken);
    tcase_add_test(t, hostile_net_55_everything_rewritten_right_after_it_was_read);
    tcase_add_loop_test(t, hostile_net_55_no_wake_up_is_lost_wherever_the_backend_acts, 0, 2);
    tcase_add_test(t, hostile_net_55_no_frame_is_left_with_a_backend_that_sleeps);
    suite_add_tcase(suite, t);
    return suite;
}
