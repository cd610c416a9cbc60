/* SPDX-License-Identifier: ISC */
/*
 * The network driver's connection to a backend: its beginning, its end and the
 * next; pages that are held; memory; suspend and resume.
 */
#include "suites.h"
#include "xen_fixture.h"

#include <string.h>

static struct xen_fixture fx;
static uint8_t frame[NETFRONT_FRAME_MAX + 1];

static void setup(void) { fx_begin(&fx, NULL, &fixture_peer_all); }
static void teardown(void) { fx_end(&fx); }

static void restart(const struct netfront_config *config, const struct netfront_peer *peer)
{
    fx_end(&fx);
    fx_begin(&fx, config, peer);
}

/* ---- Connections ---- */

START_TEST(test_link_says_what_was_agreed_on)
{
    ck_assert(fx.nf.link.up);
    ck_assert_uint_eq(fx.nf.link.mtu, 1500);
    ck_assert_uint_eq(fx.nf.link.slot_max, 65535);
    ck_assert_mem_eq(fx.nf.link.mac, fixture_peer_all.mac, 6);
    ck_assert_uint_eq(fx.nf.link.offloads,
                      TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM | TERN_OFFLOAD_TX_TSO4 |
                          TERN_OFFLOAD_TX_TSO6 | TERN_OFFLOAD_RX_GRO);
}
END_TEST

START_TEST(test_link_without_aggregates_says_so)
{
    restart(&(struct netfront_config){ .no_gso = true }, &fixture_peer_all);
    ck_assert_uint_eq(fx.nf.link.slot_max, 2046);
    ck_assert_uint_eq(fx.nf.link.offloads, TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM);
}
END_TEST

START_TEST(test_carrier_goes_and_comes)
{
    netfront_carrier(&fx.nf, false);
    ck_assert(!netfront_idle(&fx.nf));
    ck_assert(fx_poll(&fx));
    ck_assert(!fx.nf.link.up);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_UNREACHABLE);
    netfront_carrier(&fx.nf, true);
    ck_assert(fx_poll(&fx));
    ck_assert(fx.nf.link.up);
    ck_assert_uint_eq(fx.n_changed, 2);
    netfront_carrier(&fx.nf, true);
    ck_assert(!fx_poll(&fx));
}
END_TEST

START_TEST(test_closed_device_leaves_nothing_granted_or_open)
{
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    ck_assert_uint_eq(fake_n_granted(&fx.x), 0);
    ck_assert_uint_eq(fx.x.n_open, 0);
    ck_assert(fx_poll(&fx));
    ck_assert(!fx.nf.link.up);
    netfront_close(&fx.nf);
    ck_assert(!fx_poll(&fx));
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_UNREACHABLE);
}
END_TEST

START_TEST(test_another_backend_with_other_features_takes_over)
{
    struct netfront_peer other = { .domid = 12, .mtu = 9000, .mac = { 2, 2, 2, 2, 2, 2 },
                                   .sg = true, .csum6 = true };
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx_flush(&fx);
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    ck_assert(fx_poll(&fx));
    fx.nb.holds_answers = false;
    fx_connect(&fx, &other);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_changed, 2);
    ck_assert_uint_eq(fx.n_tx_room, 1);    /* owed since the first one */
    ck_assert(fx.nf.link.up);
    ck_assert_uint_eq(fx.nf.link.mtu, 9000);
    ck_assert_mem_eq(fx.nf.link.mac, other.mac, 6);
    ck_assert_uint_eq(fx.x.n_open, 1);
    fx_fill(frame, 9018, 4);
    ck_assert_int_eq(fx_send(&fx, frame, 9018), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    ck_assert_mem_eq(fx.nb.frames[0].octets, frame, 9018);
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    ck_assert(fx_poll(&fx));
    fx_assert_got(&fx, 0, frame, 60);
    ck_assert_uint_eq(fx.nf.stats.connects, 2);
}
END_TEST

START_TEST(test_slot_lent_in_a_former_connection_sends_nothing)
{
    struct tern_tx tx, now;
    ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60, &tx), TERN_OK);
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    if (_i == 1) {
        fx_connect(&fx, &fixture_peer_all);
        ck_assert_int_eq(fx.nf.link.ops->tx_slot(&fx.nf.link, 60, &now), TERN_OK);
        ck_assert_ptr_eq(now.data, tx.data);
    }
    fx.nf.link.ops->tx_commit(&fx.nf.link, &tx, 60);
    fx_flush(&fx);
    ck_assert_uint_eq(fx.nf.stats.tx_stale, 1);
    ck_assert_uint_eq(fx.nf.stats.tx_frames, 0);
    if (_i == 1) {
        ck_assert_uint_eq(netback_take(&fx.nb), 0);
        fx.nf.link.ops->tx_commit(&fx.nf.link, &now, 60);
        fx_flush(&fx);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
    }
}
END_TEST

/* It maps the rings of another life, or none, and says that it is connected. */
START_TEST(test_backend_that_never_looks_is_found_out)
{
    ck_assert(!netfront_deaf(&fx.nf, 5));
    ck_assert_uint_eq(netfront_due(&fx.nf), TERN_NEVER);    /* nothing was sent */
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    ck_assert(!netfront_deaf(&fx.nf, 7));
    ck_assert_uint_eq(netfront_due(&fx.nf), 7 + NETFRONT_DEAF_NS);
    ck_assert(!netfront_deaf(&fx.nf, 6 + NETFRONT_DEAF_NS));
    if (_i == 0) {
        uint64_t now_ns = 7, wait_ns = NETFRONT_DEAF_NS;
        for (unsigned n = 0; n < 10; n++) {    /* ever later, up to four minutes */
            (void)netfront_deaf(&fx.nf, now_ns);
            ck_assert_uint_eq(netfront_due(&fx.nf), now_ns + wait_ns);
            ck_assert(!netfront_deaf(&fx.nf, now_ns + wait_ns - 1));
            ck_assert(netfront_deaf(&fx.nf, now_ns += wait_ns));
            wait_ns = n < NETFRONT_DEAF_MOST ? 2 * wait_ns : wait_ns;
        }
        ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));    /* a sign of life */
        ck_assert(fx_poll(&fx));
        (void)netfront_deaf(&fx.nf, now_ns);
        ck_assert_uint_eq(netfront_due(&fx.nf), now_ns + NETFRONT_DEAF_NS);
        return;
    }
    /* One look, by its wish or by an answer, and it is never asked for again. */
    fx.nb.tx[_i] = _i == 1 ? 2 : 1;
    ck_assert(!netfront_deaf(&fx.nf, 9 + NETFRONT_DEAF_NS));
    ck_assert_uint_eq(netfront_due(&fx.nf), TERN_NEVER);
}
END_TEST

/* XSA-396: the backend keeps what it maps. Those pages are not used, and not lost for ever. */
START_TEST(hostile_net_55_pages_that_a_backend_holds_are_kept_back)
{
    uint16_t held_rx = fx.nf.n_any - 1, held_tx = fx.nf.n_any;
    uint32_t rx_ref = fx.nf.pages[held_rx].ref, tx_ref = fx.nf.pages[held_tx].ref;
    ck_assert_ptr_nonnull(fake_map(&fx.x, FIXTURE_BACKEND, rx_ref, true));
    ck_assert_ptr_nonnull(fake_map(&fx.x, FIXTURE_BACKEND, tx_ref, false));
    /* The rings are held too: netback_disconnect has not been called. */
    netfront_close(&fx.nf);
    size_t log_len = fx.x.log_len;
    netfront_close(&fx.nf);
    ck_assert_uint_eq(fx.x.log_len, log_len);    /* said once */
    ck_assert_uint_eq(fake_n_granted(&fx.x), 4);
    ck_assert_ptr_nonnull(strstr(fx.x.log, "kept back"));
    struct netback first = fx.nb;
    fx.nb = (struct netback){ 0 };
    struct netfront_peer other = fixture_peer_all;
    other.domid = 8;
    fx_connect(&fx, &other);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 253);
    ck_assert_uint_eq(fx.nf.n_tx_free, 94);
    /* Neither is given to the new backend, nor touched when frames go by. */
    memset(netfront_page_at(&fx.nf, held_rx), 0xcc, XEN_PAGE_LEN);
    memset(netfront_page_at(&fx.nf, held_tx), 0xcc, XEN_PAGE_LEN);
    for (int i = 0; i < 600; i++) {
        ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
        fx_flush(&fx);
        ck_assert_uint_eq(netback_take(&fx.nb), 1);
        netback_forget(&fx.nb);
        ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
        ck_assert(fx_poll(&fx));
    }
    static uint8_t untouched[XEN_PAGE_LEN];
    memset(untouched, 0xcc, sizeof untouched);
    ck_assert_mem_eq(netfront_page_at(&fx.nf, held_rx), untouched, XEN_PAGE_LEN);
    ck_assert_mem_eq(netfront_page_at(&fx.nf, held_tx), untouched, XEN_PAGE_LEN);
    /* Let go, all of them serve again. */
    netback_disconnect(&first);
    fake_unmap(&fx.x, rx_ref);
    fake_unmap(&fx.x, tx_ref);
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    fx_connect(&fx, &fixture_peer_all);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 256);
    ck_assert_uint_eq(fx.nf.n_tx_free, 96);
}
END_TEST

START_TEST(hostile_net_55_backend_that_holds_everything_ends_the_device_in_order)
{
    for (unsigned page = 0; page < fx.nf.n_pages; page++)
        (void)fake_map(&fx.x, FIXTURE_BACKEND, fx.nf.pages[page].ref, page < fx.nf.n_any);
    netfront_close(&fx.nf);
    ck_assert_int_eq(netfront_open(&fx.nf, &fixture_peer_all, &fx.keys), TERN_FULL);
    ck_assert_uint_eq(fx.nf.stats.no_pages, 1);
    ck_assert_int_eq(fx.nf.state, NETFRONT_CLOSED);
    ck_assert_uint_eq(fx.x.n_open, 0);
    for (unsigned page = 0; page < fx.nf.n_pages; page++)
        fake_unmap(&fx.x, fx.nf.pages[page].ref);
    fx_connect(&fx, &fixture_peer_all);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 256);
}
END_TEST

START_TEST(test_open_without_ports_or_grants_closes_everything_again)
{
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    unsigned ports = fx.x.n_ports_left;
    if (_i < 2) {
        fx.x.n_ports_left = (unsigned)_i;
    } else {
        uint32_t ref;
        while (fx.x.grants.n_free > (unsigned)_i * 50)
            ck_assert_int_eq(gnttab_grant(&fx.x.grants, 1, 1, true, &ref), TERN_OK);
    }
    unsigned before = fake_n_granted(&fx.x);
    ck_assert_int_eq(netfront_open(&fx.nf, &fixture_peer_all, &fx.keys), TERN_FULL);
    ck_assert_uint_eq(fake_n_granted(&fx.x), before);
    ck_assert_uint_eq(fx.x.n_open, 0);
    fx.x.n_ports_left = ports;
    if (_i < 2)
        fx_connect(&fx, &fixture_peer_all);
}
END_TEST

START_TEST(test_open_twice_is_refused)
{
    ck_assert_int_eq(netfront_open(&fx.nf, &fixture_peer_all, &fx.keys), TERN_INVALID);
    netfront_go(&fx.nf, true);
    ck_assert_uint_eq(fx.nf.stats.connects, 1);
}
END_TEST

/* ---- Memory and suspend ---- */

START_TEST(test_netfront_init_refuses_what_cannot_work)
{
    static const struct netfront_config configs[] = {
        { .n_rx = 31 }, { .n_rx = 257 }, { .n_tx = 16 }, { .n_tx = 257 }, { .n_tx_long = 13 },
        { .arena_len = NETFRONT_ARENA_LEAST - 1 },
    };
    struct netfront nf;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        ck_assert_int_eq(netfront_init(&nf, &fx.x.env, &fx.x.grants, &configs[i]), TERN_INVALID);
}
END_TEST

START_TEST(test_init_says_that_memory_is_short)
{
    struct netfront nf;
    fx.x.fail_in = (unsigned)_i + 1;
    ck_assert_int_eq(netfront_init(&nf, &fx.x.env, &fx.x.grants, NULL), TERN_FULL);
}
END_TEST

START_TEST(test_small_machine_gets_a_small_driver)
{
    static const uint64_t mibs[] = { 8, 16, 64 };
    static const uint16_t n_rx[] = { 64, 128, 256 };
    struct netfront_config config = netfront_config_for(mibs[_i] << 20);
    fx_end(&fx);
    fx_begin(&fx, &config, &fixture_peer_all);
    size_t len = (size_t)fx.nf.n_pages * XEN_PAGE_LEN + fx.nf.config.arena_len;
    ck_assert_uint_eq(fx.nf.config.n_rx, n_rx[_i]);
    ck_assert_uint_le(len, mibs[_i] << 17);
    ck_assert_uint_gt(len, (mibs[_i] << 17) / 5);
    fx_fill(frame, 65535, 1);
    ck_assert_int_eq(fx_send(&fx, frame, 65535), TERN_OK);
}
END_TEST

START_TEST(test_cancelled_suspend_changes_nothing)
{
    ck_assert(netback_deliver(&fx.nb, frame, 60, 0, 0, 0));
    netfront_suspend(&fx.nf);
    netfront_suspend(&fx.nf);
    ck_assert(!fx_poll(&fx));
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_FULL);
    ck_assert(netfront_idle(&fx.nf));
    unsigned granted = fake_n_granted(&fx.x);
    netfront_resume(&fx.nf, true);
    netfront_resume(&fx.nf, true);
    ck_assert_uint_eq(fake_n_granted(&fx.x), granted);
    ck_assert_uint_eq(fx.x.n_closed, 0);
    ck_assert(fx_poll(&fx));
    ck_assert_uint_eq(fx.n_got, 1);
    ck_assert_uint_eq(fx.n_tx_room, 1);
    ck_assert(fx.nf.link.up);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
}
END_TEST

START_TEST(test_carrier_that_goes_during_a_cancelled_suspend_is_told)
{
    netfront_suspend(&fx.nf);
    netfront_carrier(&fx.nf, false);
    ck_assert(fx.nf.link.up);
    netfront_resume(&fx.nf, true);
    ck_assert(fx_poll(&fx));
    ck_assert(!fx.nf.link.up);
}
END_TEST

/* XSA-465: whatever state the device was in, twice, and with no suspend before it. */
START_TEST(hostile_net_55_resume_in_any_state_is_harmless)
{
    if (_i == 1)
        netfront_close(&fx.nf);
    if (_i == 2)
        netfront_breached(&fx.nf, NETFRONT_BREACH_PROD);
    if (_i != 3)
        netfront_suspend(&fx.nf);
    fake_restore(&fx.x);    /* no port is open: to touch one would be caught */
    netfront_resume(&fx.nf, false);
    netfront_resume(&fx.nf, false);
    netfront_close(&fx.nf);
    ck_assert_int_eq(fx.nf.state, NETFRONT_CLOSED);
    ck_assert(!fx.nf.link.up);
    fx.nb = (struct netback){ 0 };
    fx_connect(&fx, &fixture_peer_all);
    ck_assert(fx_poll(&fx));
    ck_assert(fx.nf.link.up);
    ck_assert_uint_eq(netback_rx_posted(&fx.nb), 256);
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
}
END_TEST

static TCase *connecting(void)
{
    TCase *t = tcase_create("connecting");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_link_says_what_was_agreed_on);
    tcase_add_test(t, test_link_without_aggregates_says_so);
    tcase_add_test(t, test_carrier_goes_and_comes);
    tcase_add_test(t, test_closed_device_leaves_nothing_granted_or_open);
    tcase_add_test(t, test_another_backend_with_other_features_takes_over);
    tcase_add_loop_test(t, test_slot_lent_in_a_former_connection_sends_nothing, 0, 2);
    tcase_add_loop_test(t, test_backend_that_never_looks_is_found_out, 0, 3);
    tcase_add_test(t, hostile_net_55_pages_that_a_backend_holds_are_kept_back);
    tcase_add_test(t, hostile_net_55_backend_that_holds_everything_ends_the_device_in_order);
    tcase_add_loop_test(t, test_open_without_ports_or_grants_closes_everything_again, 0, 5);
    tcase_add_test(t, test_open_twice_is_refused);
    tcase_add_test(t, test_netfront_init_refuses_what_cannot_work);
    tcase_add_loop_test(t, test_init_says_that_memory_is_short, 0, 6);
    tcase_add_loop_test(t, test_small_machine_gets_a_small_driver, 0, 3);
    tcase_add_test(t, test_cancelled_suspend_changes_nothing);
    tcase_add_test(t, test_carrier_that_goes_during_a_cancelled_suspend_is_told);
    tcase_add_loop_test(t, hostile_net_55_resume_in_any_state_is_harmless, 0, 4);
    return t;
}

Suite *xen_net_link_suite(void)
{
    Suite *suite = suite_create("xen_net_link");
    suite_add_tcase(suite, connecting());
    return suite;
}
