/* SPDX-License-Identifier: ISC */
/*
 * The handshake with a backend, its end, and the next: everything that a backend
 * or its toolstack may do, in order and out of it.
 */
#include "suites.h"
#include "xen_fixture.h"
#include "xen_world.h"

#include <stdio.h>
#include <string.h>

static struct world w;
static uint8_t frame[2000];

static void begin(const struct netfront_config *config)
{
    world_init(&w, config);
    world_features_all(&w);
}

static void setup(void) { begin(NULL); }
static void teardown(void)
{
    ck_assert_ptr_eq(fx_broken(&w.nf), NULL);
    world_free(&w);
}

static void assert_up(void)
{
    ck_assert_int_eq(w.nf.state, NETFRONT_CONNECTED);
    ck_assert(w.nf.link.up);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CONNECTED);
    ck_assert_uint_eq(world_state(&w), XenbusStateConnected);
    ck_assert(w.back.nb.tx != NULL);
    /* A frame each way. */
    struct tern_tx tx;
    size_t before = w.back.nb.n_frames;
    uint64_t received = w.nf.stats.rx_frames;
    ck_assert_int_eq(w.nf.link.ops->tx_slot(&w.nf.link, 60, &tx), TERN_OK);
    memset(tx.data, 7, 60);
    w.nf.link.ops->tx_commit(&w.nf.link, &tx, 60);
    w.nf.link.ops->flush(&w.nf.link);
    ck_assert_uint_eq(netback_take(&w.back.nb), 1);
    ck_assert_uint_eq(w.back.nb.n_frames, before + 1);
    ck_assert(netback_deliver(&w.back.nb, frame, 60, 0, 0, 0));
    world_run(&w);
    ck_assert_uint_eq(w.nf.stats.rx_frames, received + 1);
}

/* Down, and nothing of the connection is left but what is held. */
static void assert_down(void)
{
    ck_assert(!w.nf.link.up);
    ck_assert_int_eq(w.nf.state, NETFRONT_CLOSED);
    ck_assert_uint_eq(fake_n_granted(&w.x), 0);
    ck_assert_uint_eq(w.x.n_open, 1);    /* the store's port */
}

static void attach(uint16_t domid)
{
    world_attach(&w, domid);
    world_run(&w);
}

/* ---- Beginning ---- */

START_TEST(test_device_connects)
{
    attach(0);
    assert_up();
    ck_assert_str_eq(world_key(&w, "request-rx-copy"), "1");
    ck_assert_str_eq(world_key(&w, "feature-rx-notify"), "1");
    ck_assert_str_eq(world_key(&w, "feature-sg"), "1");
    ck_assert_str_eq(world_key(&w, "feature-gso-tcpv4"), "1");
    ck_assert_str_eq(world_key(&w, "feature-gso-tcpv6"), "1");
    ck_assert_str_eq(world_key(&w, "feature-ipv6-csum-offload"), "1");
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "0");
    ck_assert_ptr_null(world_key(&w, "event-channel"));
    ck_assert_uint_eq(w.s.n_commits, 1);
    ck_assert_uint_eq(w.nf.link.mtu, 1500);
    ck_assert_uint_eq(w.nf.link.mac[5], 5);
    ck_assert_uint_eq(w.nf.link.offloads,
                      TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM | TERN_OFFLOAD_TX_TSO4 |
                          TERN_OFFLOAD_TX_TSO6 | TERN_OFFLOAD_RX_GRO);
}
END_TEST

START_TEST(test_guest_without_a_device_waits)
{
    world_run(&w);
    ck_assert(!w.nf.link.up);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
    attach(0);
    assert_up();
}
END_TEST

START_TEST(test_device_was_there_before_the_guest)
{
    attach(3);
    store_restore(&w.s, WORLD_GUEST);
    xenstore_restart(&w.xs, w.s.ring, w.s.port);    /* as at a start: watches fire at once */
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(test_backend_id_that_comes_late_is_waited_for)
{
    char id[STORE_PATH];
    world_attach(&w, 4);
    snprintf(id, sizeof id, "%s/backend-id", w.front);
    store_remove(&w.s, id);
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
    ck_assert(!w.nf.link.up);
    store_set(&w.s, id, "4");
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.bus.bus.domid, 4);
}
END_TEST

START_TEST(test_nothing_is_sent_before_the_backend_is_connected)
{
    struct tern_tx tx;
    w.back.stubborn = true;
    attach(0);
    ck_assert_uint_eq(world_state(&w), XenbusStateConnected);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_OFFERED);
    ck_assert(!w.nf.link.up);
    ck_assert_int_eq(w.nf.link.ops->tx_slot(&w.nf.link, 60, &tx), TERN_UNREACHABLE);
    /* What its scripts write meanwhile is no new beginning. */
    char path[STORE_PATH];
    snprintf(path, sizeof path, "%s/hotplug-status", w.back.dir);
    store_set(&w.s, path, "connected");
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_OFFERED);
    ck_assert_uint_eq(w.s.n_commits, 1);
    w.back.stubborn = false;
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(test_keys_that_collide_are_written_again)
{
    w.s.n_eagain = 3;
    attach(0);
    assert_up();
    ck_assert_uint_eq(w.s.n_commits, 1);
}
END_TEST

START_TEST(test_features_that_are_missing_are_off)
{
    w.back.n_features = 0;
    world_feature(&w, "feature-rx-copy", "1");
    attach(0);
    assert_up();
    /* IPv4 checksums are on unless they are said not to be. */
    ck_assert_uint_eq(w.nf.link.offloads,
                      TERN_OFFLOAD_TX_CSUM | TERN_OFFLOAD_RX_CSUM | TERN_OFFLOAD_RX_GRO);
    ck_assert(w.nf.peer.csum4 && !w.nf.peer.csum6 && !w.nf.peer.split);
    ck_assert_ptr_nonnull(world_key(&w, "event-channel"));
    ck_assert_ptr_null(world_key(&w, "event-channel-tx"));
    ck_assert_uint_eq(w.bus.n_bad, 0);
}
END_TEST

START_TEST(test_checksums_that_are_off_are_off)
{
    world_feature(&w, "feature-no-csum-offload", "1");
    world_feature(&w, "feature-ipv6-csum-offload", "0");
    attach(0);
    assert_up();
    ck_assert_uint_eq(w.nf.link.offloads, TERN_OFFLOAD_RX_CSUM | TERN_OFFLOAD_RX_GRO);
}
END_TEST

START_TEST(test_keys_of_another_frontend_are_removed)
{
    world_attach(&w, 0);
    static const char *const old[] = { "event-channel", "multi-queue-num-queues",
                                       "feature-no-csum-offload" };
    for (size_t i = 0; i < 3; i++) {
        char path[STORE_PATH];
        snprintf(path, sizeof path, "%s/%s", w.front, old[i]);
        store_set(&w.s, path, "1");
    }
    world_run(&w);
    assert_up();
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(world_key(&w, old[i]));
}
END_TEST

START_TEST(test_groups_are_asked_for_when_wanted)
{
    world_free(&w);
    begin(&(struct netfront_config){ .filter = true });
    ck_assert_int_eq(netfront_join(&w.nf, (uint8_t[]){ 1, 0, 0x5e, 0, 0, 9 }), TERN_OK);
    attach(0);
    ck_assert_str_eq(world_key(&w, "request-multicast-control"), "1");
    (void)netback_take(&w.back.nb);
    ck_assert_uint_eq(w.back.nb.n_groups, 1);
}
END_TEST

START_TEST(test_aggregates_that_we_do_not_want_are_not_promised)
{
    world_free(&w);
    begin(&(struct netfront_config){ .no_gso = true });
    attach(0);
    ck_assert_str_eq(world_key(&w, "feature-gso-tcpv4"), "0");
    ck_assert_str_eq(world_key(&w, "feature-gso-tcpv6"), "0");
    assert_up();
}
END_TEST

START_TEST(test_mtu_is_the_frontends_key_within_bounds)
{
    static const struct { const char *text; uint16_t mtu; } rows[] = {
        { "9000", 9000 }, { "1500", 1500 }, { "1400", 1400 }, { "68", 68 }, { "67", 1500 },
        { "0", 1500 }, { "9217", 9216 }, { "65535", 9216 }, { "65536", 1500 }, { "x", 1500 },
        { "", 1500 },
    };
    char path[STORE_PATH];
    world_attach(&w, 0);
    snprintf(path, sizeof path, "%s/mtu", w.front);
    store_set(&w.s, path, rows[_i].text);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.link.mtu, rows[_i].mtu);
}
END_TEST

START_TEST(test_backend_that_cannot_copy_is_refused)
{
    world_feature(&w, "feature-rx-copy", _i == 0 ? "0" : NULL);
    attach(0);
    assert_down();
    ck_assert_uint_eq(world_state(&w), XenbusStateClosed);
    ck_assert_ptr_nonnull(strstr(w.x.log, "cannot copy"));
}
END_TEST

START_TEST(hostile_xen_address_that_is_none_is_refused)
{
    static const char *const macs[] = { "", "00:16:3e:00:00", "00:16:3e:00:00:0g",
                                        "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00",
                                        "00:16:3e:00:00:05 " };
    char path[STORE_PATH];
    world_attach(&w, 0);
    snprintf(path, sizeof path, "%s/mac", w.front);
    store_set(&w.s, path, macs[_i]);
    world_run(&w);
    assert_down();
    ck_assert_ptr_nonnull(strstr(w.x.log, "no address"));
    ck_assert_uint_eq(w.bus.n_bad, 1);
}
END_TEST

START_TEST(hostile_xen_features_that_are_no_numbers_are_off_and_counted)
{
    static const char *const texts[] = { "2", "yes", "-1", "1 ", "", "4294967297" };
    for (size_t i = 1; i < w.back.n_features; i++)
        w.back.features[i][1] = texts[_i];
    attach(0);
    assert_up();
    ck_assert_uint_eq(w.bus.n_bad, 6);
    ck_assert(!w.nf.peer.sg && !w.nf.peer.gso4 && !w.nf.peer.gso6 && !w.nf.peer.csum6 &&
              !w.nf.peer.split && !w.nf.peer.groups);
}
END_TEST

START_TEST(hostile_xen_backend_that_is_no_path_or_domain_is_none)
{
    static const struct { const char *key, *value; } rows[] = {
        { "backend", "" }, { "backend", "local" }, { "backend", "/a//b" }, { "backend", "/a b" },
        { "backend-id", "" }, { "backend-id", "32752" }, { "backend-id", "65536" },
        { "backend-id", "-1" }, { "backend-id", "dom0" },
    };
    char path[STORE_PATH];
    world_attach(&w, 0);
    snprintf(path, sizeof path, "%s/%s", w.front, rows[_i].key);
    store_set(&w.s, path, rows[_i].value);
    world_run(&w);
    assert_down();
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
    ck_assert_uint_ge(w.bus.bus.n_bad, 1);
}
END_TEST

START_TEST(hostile_xen_state_that_is_none_changes_nothing)
{
    static const char *const states[] = { "", "9", "4294967295", "four", "-1" };
    char path[STORE_PATH];
    attach(0);
    snprintf(path, sizeof path, "%s/state", w.back.dir);
    store_set(&w.s, path, states[_i]);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.bus.bus.n_bad, 1);
}
END_TEST

START_TEST(test_keys_that_the_store_does_not_take_are_said)
{
    w.s.n_eagain = 1000;
    attach(0);
    assert_down();
    ck_assert_uint_eq(world_state(&w), XenbusStateClosed);
    ck_assert_ptr_nonnull(strstr(w.x.log, "does not take our keys"));
    ck_assert_uint_eq(w.s.n_tx_open, 0);
    w.s.n_eagain = 0;
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    assert_up();
}
END_TEST

/* Its features do not fit into a path of ours, so it has none. */
START_TEST(hostile_xen_backend_in_the_longest_directory_is_refused)
{
    static char dir[STORE_PATH], path[STORE_PATH];
    memset(dir, 'd', 115);
    dir[0] = '/';
    world_attach(&w, 0);
    w.back.attached = false;
    snprintf(path, sizeof path, "%s/state", dir);
    store_set(&w.s, path, "2");
    snprintf(path, sizeof path, "%s/backend", w.front);
    store_set(&w.s, path, dir);
    world_run(&w);
    assert_down();
    ck_assert_ptr_nonnull(strstr(w.x.log, "cannot copy"));
}
END_TEST

/* ---- Carrier ---- */

START_TEST(test_carrier_follows_the_backends_key)
{
    char path[STORE_PATH];
    world_feature(&w, "carrier", "0");
    attach(0);
    ck_assert_int_eq(w.nf.state, NETFRONT_CONNECTED);
    ck_assert(!w.nf.link.up);
    snprintf(path, sizeof path, "%s/carrier", w.back.dir);
    store_set(&w.s, path, "1");
    world_run(&w);
    assert_up();
    store_set(&w.s, path, "0");
    world_run(&w);
    ck_assert(!w.nf.link.up);
    store_set(&w.s, path, "up");
    world_run(&w);
    ck_assert(!w.nf.link.up);
    store_remove(&w.s, path);
    world_run(&w);
    assert_up();
}
END_TEST

/* ---- The end, and the next life ---- */

START_TEST(test_detached_device_closes_in_order)
{
    attach(0);
    assert_up();
    world_detach(&w);
    ck_assert_uint_eq(w.back.state, XenbusStateClosed);
    world_run(&w);
    assert_down();
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
    ck_assert_uint_eq(store_n_watches(&w.s), 2);
}
END_TEST

START_TEST(test_device_comes_back_as_often_as_it_goes)
{
    for (unsigned i = 0; i < 70; i++) {
        attach((uint16_t)(i % 3));
        assert_up();
        ck_assert_uint_eq(store_n_watches(&w.s), 3);
        netback_forget(&w.back.nb);
        world_detach(&w);
        if (i % 2 == 0)    /* or the next one comes before we have looked */
            world_run(&w);
    }
    world_run(&w);
    assert_down();
    ck_assert_uint_eq(w.nf.stats.connects, 70);
}
END_TEST

START_TEST(test_backend_that_closes_is_followed)
{
    attach(0);
    w.back.offline = true;
    netback_disconnect(&w.back.nb);
    world_back_state(&w, XenbusStateClosing);
    world_run(&w);
    assert_down();
    ck_assert_uint_eq(w.back.state, XenbusStateClosed);
    /* It begins again, without a new device. */
    w.back.offline = false;
    world_back_restart(&w);
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(test_backend_that_closes_and_stays_is_asked_to_begin_anew)
{
    attach(0);
    for (unsigned i = 0; i < 20; i++) {
        w.now_ns += XENBUS_LASTED_NS;
        netback_disconnect(&w.back.nb);
        world_back_state(&w, XenbusStateClosing);
        world_run(&w);
        assert_up();
    }
    ck_assert_uint_eq(w.nf.stats.connects, 21);
}
END_TEST

START_TEST(hostile_xen_backend_that_closes_again_and_again_is_left_alone)
{
    attach(0);
    for (unsigned i = 0; i < 20; i++) {
        netback_disconnect(&w.back.nb);
        world_back_state(&w, XenbusStateClosing);
        world_run(&w);
    }
    assert_down();
    ck_assert_uint_eq(w.nf.stats.connects, 1 + XENBUS_REOPENS);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(test_closing_that_is_missed_is_no_harm)
{
    attach(0);
    w.back.offline = true;
    netback_disconnect(&w.back.nb);
    world_back_state(&w, XenbusStateClosing);
    world_back_state(&w, XenbusStateClosed);
    world_run(&w);
    assert_down();
    w.back.offline = false;
    world_back_state(&w, XenbusStateInitWait);
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(test_backend_that_restarts_without_closing_is_found_out)
{
    attach(0);
    assert_up();
    w.back.stubborn = true;
    if (_i == 1) {
        netback_disconnect(&w.back.nb);
        world_back_state(&w, XenbusStateInitialising);
        world_run(&w);
        assert_down();
    }
    world_back_restart(&w);
    world_run(&w);
    w.back.stubborn = false;
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 2);
}
END_TEST

/* One that takes over the rings where the last one left off, before we have looked. */
START_TEST(test_backend_that_restarts_unseen_goes_on)
{
    attach(0);
    assert_up();
    world_back_restart(&w);
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(test_backend_whose_domain_dies_is_left)
{
    attach(9);
    world_back_dies(&w);
    world_run(&w);
    assert_down();
    /* The toolstack names another domain, in the same directory. */
    world_features_all(&w);
    world_feature(&w, "feature-gso-tcpv6", "0");
    world_feature(&w, "feature-split-event-channels", "0");
    attach(11);
    assert_up();
    ck_assert_uint_eq(w.bus.bus.domid, 11);
    ck_assert(!w.nf.peer.split && !w.nf.peer.gso6);
}
END_TEST

START_TEST(test_backend_replaced_while_connected)
{
    attach(9);
    netback_disconnect(&w.back.nb);
    store_remove(&w.s, w.back.dir);
    attach(10);
    assert_up();
    ck_assert_uint_eq(store_n_watches(&w.s), 3);
}
END_TEST

/* It is connected to a frontend that was here before: it has to close first. */
START_TEST(test_backend_connected_to_a_former_frontend_is_closed_first)
{
    world_attach(&w, 0);
    world_back_state(&w, XenbusStateConnected);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.back.n_connects, 1);
}
END_TEST

/* ... and says nothing before it sees that we close. */
START_TEST(test_backend_connected_to_a_former_frontend_sees_us_close)
{
    world_attach(&w, 0);
    world_back_state(&w, XenbusStateConnected);
    w.back.stubborn = true;
    world_run(&w);
    ck_assert_uint_eq(world_state(&w), XenbusStateClosing);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);
    w.back.stubborn = false;
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.back.n_connects, 1);
}
END_TEST

START_TEST(test_backend_that_restarts_while_we_close)
{
    attach(0);
    w.back.stubborn = true;
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);
    world_back_restart(&w);
    world_run(&w);
    w.back.stubborn = false;
    world_run(&w);
    assert_up();
}
END_TEST

/* The keys of the former life are still being written when the next one begins. */
START_TEST(test_backend_that_restarts_while_our_keys_are_written)
{
    w.s.n_eagain = 6;
    world_attach(&w, 0);
    while (!w.bus.update.busy)
        (void)world_turn(&w);
    w.back.stubborn = true;
    world_back_state(&w, XenbusStateInitialising);
    while (w.bus.bus.phase != XENBUS_WAITING)
        (void)world_turn(&w);
    world_back_state(&w, XenbusStateInitWait);
    while (w.bus.bus.phase != XENBUS_BEGUN)
        (void)world_turn(&w);
    ck_assert(w.bus.begin_again);
    if (_i == 1) {    /* or it does not */
        w.back.offline = true;
        world_back_state(&w, XenbusStateClosing);
        world_run(&w);
        assert_down();
        ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSED);
        return;
    }
    world_run(&w);
    w.back.stubborn = false;
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
    ck_assert_uint_eq(w.back.n_connects, 1);    /* never with the keys of the former life */
    ck_assert_uint_eq(w.s.n_tx_open, 0);
}
END_TEST

START_TEST(test_backend_that_is_closed_at_the_start_is_woken)
{
    char path[STORE_PATH];
    world_attach(&w, 0);
    world_back_state(&w, XenbusStateClosed);
    snprintf(path, sizeof path, "%s/state", w.front);
    store_set(&w.s, path, "6");    /* left by who was here before */
    world_run(&w);
    assert_up();
}
END_TEST

/* Whatever step is under way when the backend goes, nothing is left of it. */
START_TEST(test_backend_that_goes_in_the_middle_of_the_handshake)
{
    for (unsigned n = 0; n < 24; n++) {
        world_attach(&w, (uint16_t)(n % 2));
        for (unsigned i = 0; i < n; i++)
            (void)world_turn(&w);
        switch (_i) {
        case 0:
            world_back_dies(&w);
            break;
        case 1:
            netback_disconnect(&w.back.nb);
            world_back_state(&w, XenbusStateClosing);
            break;
        case 2:
            world_back_restart(&w);
            break;
        default:
            netback_disconnect(&w.back.nb);
            store_remove(&w.s, w.front);
            store_remove(&w.s, w.back.dir);
            w.back.attached = false;
        }
        world_run(&w);
        if (_i == 1 || _i == 2)
            assert_up();
        else
            assert_down();
        netback_forget(&w.back.nb);
        netback_disconnect(&w.back.nb);
        store_remove(&w.s, w.front);
        store_remove(&w.s, w.back.dir);
        w.back.attached = false;
        world_run(&w);
        assert_down();
        ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
        ck_assert_uint_eq(store_n_watches(&w.s), 2);
        ck_assert_uint_eq(w.s.n_tx_open, 0);
    }
    attach(0);
    assert_up();
}
END_TEST

START_TEST(test_reopen_leaves_and_connects_anew)
{
    attach(0);
    for (unsigned i = 0; i < 5; i++) {
        netfront_bus_reopen(&w.bus);
        world_run(&w);
        assert_up();
    }
    ck_assert_uint_eq(w.back.n_connects, 6);
    ck_assert_uint_eq(w.back.n_disconnects, 5);
}
END_TEST

START_TEST(test_reopen_at_any_step_of_the_handshake_connects)
{
    for (unsigned n = 0; n < 24; n++) {
        world_attach(&w, 0);
        for (unsigned i = 0; i < n; i++)
            (void)world_turn(&w);
        w.back.stubborn = _i == 1;
        netfront_bus_reopen(&w.bus);
        for (unsigned i = 0; i < 5; i++)
            (void)world_turn(&w);
        w.back.stubborn = false;
        world_run(&w);
        assert_up();
        netback_forget(&w.back.nb);
        world_detach(&w);
        world_run(&w);
        assert_down();
    }
}
END_TEST

START_TEST(test_reopen_waits_until_the_backend_has_seen_it)
{
    w.back.stubborn = true;
    attach(0);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_OFFERED);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);    /* it may be about to connect */
    ck_assert_uint_ne(fake_n_granted(&w.x), 0);
    w.back.stubborn = false;
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(test_reopen_without_a_backend_is_harmless)
{
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
    attach(0);
    netfront_bus_reopen(&w.bus);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(hostile_xen_device_that_broke_connects_anew_with_the_same_backend)
{
    attach(0);
    w.back.nb.rx[2] = 9999;
    world_run(&w);
    ck_assert_int_eq(w.nf.state, NETFRONT_BROKEN);
    ck_assert_uint_eq(w.nf.breaches[NETFRONT_BREACH_PROD], 1);
    ck_assert(!w.nf.link.up);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(hostile_xen_backend_that_does_not_let_us_close_is_replaced)
{
    attach(0);
    w.back.ignores_close = true;
    w.back.nb.rx[2] = 9999;
    world_run(&w);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    ck_assert_uint_eq(world_state(&w), XenbusStateClosing);
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_CLOSING);
    ck_assert_uint_ne(fake_n_granted(&w.x), 0);    /* nothing is freed */
    /* It keeps its mappings: two pages stay kept back, and the next one does without. */
    struct netback old = w.back.nb;
    w.back.nb = (struct netback){ 0 };
    w.back.ignores_close = false;
    store_remove(&w.s, w.back.dir);
    attach(7);
    assert_up();
    ck_assert_uint_eq(w.nf.n_any - 2u - netback_rx_posted(&w.back.nb), 2);
    netback_disconnect(&old);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.n_any - 2u - netback_rx_posted(&w.back.nb), 0);
}
END_TEST

START_TEST(hostile_xen_backend_that_toggles_its_state_costs_bounded_work)
{
    attach(0);
    for (unsigned i = 0; i < 500; i++) {
        world_back_state(&w, i * 7 % 9);
        for (unsigned k = 0; k < i % 5; k++)
            (void)world_turn(&w);
    }
    netback_disconnect(&w.back.nb);
    netfront_bus_reopen(&w.bus);
    world_back_restart(&w);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(store_n_watches(&w.s), 3);
}
END_TEST

START_TEST(test_no_grants_left_is_said_and_tried_again_when_asked)
{
    uint32_t refs[FAKE_GRANTS], n = 0;
    while (gnttab_grant(&w.x.grants, 1, FAKE_FRAME_BASE, true, &refs[n]) == TERN_OK)
        n++;
    attach(0);
    ck_assert(!w.nf.link.up);
    ck_assert_uint_eq(world_state(&w), XenbusStateClosed);
    ck_assert_uint_eq(w.x.n_open, 1);
    while (n > 0)
        ck_assert_int_eq(gnttab_end(&w.x.grants, refs[--n]), TERN_OK);
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    assert_up();
}
END_TEST

/* ---- Suspend, resume, a store that begins anew ---- */

START_TEST(test_restored_guest_connects_anew)
{
    attach(0);
    for (unsigned i = 0; i < 3; i++) {
        netfront_suspend(&w.nf);
        /* Another domain, another directory; nothing is held or open. */
        fake_restore(&w.x);
        store_restore(&w.s, (uint16_t)(20 + i));
        ck_assert_int_eq(w.x.env.evtchn_alloc(&w.x.env, 0, &w.s.port), TERN_OK);
        w.back.nb.tx = w.back.nb.rx = NULL;
        netfront_bus_restart(&w.bus);
        xenstore_restart(&w.xs, w.s.ring, w.s.port);
        world_attach(&w, (uint16_t)(i % 2));
        world_run(&w);
        assert_up();
        ck_assert_uint_eq(store_n_watches(&w.s), 3);
        ck_assert_uint_eq(fake_n_granted(&w.x), w.nf.n_pages);
    }
}
END_TEST

START_TEST(test_cancelled_suspend_goes_on)
{
    attach(0);
    netfront_suspend(&w.nf);
    world_run(&w);
    netfront_resume(&w.nf, true);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
}
END_TEST

START_TEST(test_store_that_reconnects_leaves_the_connection_alone)
{
    attach(0);
    w.s.ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION;
    ck_assert_int_eq(xenstore_reconnect(&w.xs), TERN_OK);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
    netback_disconnect(&w.back.nb);    /* our watches work */
    world_back_state(&w, XenbusStateClosing);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 2);
}
END_TEST

START_TEST(test_store_that_reconnects_or_is_silent_while_a_state_is_read)
{
    char path[STORE_PATH];
    attach(0);
    w.s.ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION;
    snprintf(path, sizeof path, "%s/hotplug-status", w.back.dir);
    store_set(&w.s, path, "connected");
    w.s.silent = true;
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    ck_assert(w.bus.bus.read_state.busy);
    w.now_ns += _i == 1 ? XENSTORE_TIMEOUT_NS : 0;
    (void)world_turn(&w);
    w.s.silent = false;
    ck_assert_int_eq(xenstore_reconnect(&w.xs), TERN_OK);
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
}
END_TEST

/* A few turns in which answers are kept back, and then come, the last first. */
static void turns_held(unsigned n)
{
    w.s.holds = true;
    for (unsigned i = 0; i < n; i++)
        (void)world_turn(&w);
    store_release(&w.s);
}

START_TEST(test_handshake_goes_well_in_whatever_order_answers_come)
{
    world_attach(&w, 0);
    for (unsigned i = 0; i < 40; i++) {
        turns_held(3);
        (void)world_turn(&w);
    }
    world_run(&w);
    assert_up();
    ck_assert_uint_eq(w.nf.stats.connects, 1);
}
END_TEST

START_TEST(test_keys_of_a_former_life_are_not_believed)
{
    world_attach(&w, 0);
    w.back.stubborn = true;
    while (w.bus.bus.phase != XENBUS_BEGUN)
        (void)world_turn(&w);
    w.s.holds = true;
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    ck_assert_uint_eq(w.bus.n_reading, 11);
    world_back_state(&w, XenbusStateInitialising);
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    store_release(&w.s);    /* the state first, then the keys */
    world_run(&w);
    assert_down();
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_WAITING);
    w.back.stubborn = false;
    world_back_restart(&w);
    world_run(&w);
    assert_up();
}
END_TEST

START_TEST(test_carrier_that_changes_while_it_is_read_is_read_again)
{
    char path[STORE_PATH];
    attach(0);
    snprintf(path, sizeof path, "%s/carrier", w.back.dir);
    store_set(&w.s, path, "0");
    while (!w.bus.carrier.busy)
        (void)world_turn(&w);
    w.s.holds = true;
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    store_set(&w.s, path, "1");
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    ck_assert(w.bus.carrier.busy && w.bus.bus.read_state.busy);
    store_release(&w.s);
    world_run(&w);
    assert_up();
}
END_TEST

/* Whatever is under way when the store begins anew, the handshake comes to its end. */
START_TEST(test_store_that_reconnects_in_the_middle_of_the_handshake)
{
    for (unsigned n = 0; n < 30; n++) {
        w.s.n_eagain = n % 3;
        w.s.ring->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION;
        world_attach(&w, 0);
        for (unsigned i = 0; i < n; i++) {
            w.back.stubborn = i % 2 == 0;    /* and the backend takes its time */
            (void)world_turn(&w);
        }
        ck_assert_int_eq(xenstore_reconnect(&w.xs), TERN_OK);
        w.back.stubborn = false;
        world_run(&w);
        assert_up();
        netback_forget(&w.back.nb);
        world_detach(&w);
        world_run(&w);
        assert_down();
    }
}
END_TEST

static TCase *beginning(void)
{
    TCase *t = tcase_create("beginning");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_device_connects);
    tcase_add_test(t, test_guest_without_a_device_waits);
    tcase_add_test(t, test_device_was_there_before_the_guest);
    tcase_add_test(t, test_backend_id_that_comes_late_is_waited_for);
    tcase_add_test(t, test_nothing_is_sent_before_the_backend_is_connected);
    tcase_add_test(t, test_keys_that_collide_are_written_again);
    tcase_add_test(t, test_features_that_are_missing_are_off);
    tcase_add_test(t, test_checksums_that_are_off_are_off);
    tcase_add_test(t, test_keys_of_another_frontend_are_removed);
    tcase_add_test(t, test_groups_are_asked_for_when_wanted);
    tcase_add_test(t, test_aggregates_that_we_do_not_want_are_not_promised);
    tcase_add_loop_test(t, test_mtu_is_the_frontends_key_within_bounds, 0, 11);
    tcase_add_loop_test(t, test_backend_that_cannot_copy_is_refused, 0, 2);
    tcase_add_loop_test(t, hostile_xen_address_that_is_none_is_refused, 0, 6);
    tcase_add_loop_test(t, hostile_xen_features_that_are_no_numbers_are_off_and_counted, 0, 6);
    tcase_add_loop_test(t, hostile_xen_backend_that_is_no_path_or_domain_is_none, 0, 9);
    tcase_add_loop_test(t, hostile_xen_state_that_is_none_changes_nothing, 0, 5);
    tcase_add_test(t, test_keys_that_the_store_does_not_take_are_said);
    tcase_add_test(t, hostile_xen_backend_in_the_longest_directory_is_refused);
    tcase_add_test(t, test_carrier_follows_the_backends_key);
    return t;
}

static TCase *living(void)
{
    TCase *t = tcase_create("living");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_detached_device_closes_in_order);
    tcase_add_test(t, test_device_comes_back_as_often_as_it_goes);
    tcase_add_test(t, test_backend_that_closes_is_followed);
    tcase_add_test(t, test_backend_that_closes_and_stays_is_asked_to_begin_anew);
    tcase_add_test(t, hostile_xen_backend_that_closes_again_and_again_is_left_alone);
    tcase_add_test(t, test_closing_that_is_missed_is_no_harm);
    tcase_add_loop_test(t, test_backend_that_restarts_without_closing_is_found_out, 0, 2);
    tcase_add_test(t, test_backend_that_restarts_unseen_goes_on);
    tcase_add_test(t, test_backend_whose_domain_dies_is_left);
    tcase_add_test(t, test_backend_replaced_while_connected);
    tcase_add_test(t, test_backend_connected_to_a_former_frontend_is_closed_first);
    tcase_add_test(t, test_backend_connected_to_a_former_frontend_sees_us_close);
    tcase_add_test(t, test_backend_that_restarts_while_we_close);
    tcase_add_loop_test(t, test_backend_that_restarts_while_our_keys_are_written, 0, 2);
    tcase_add_test(t, test_backend_that_is_closed_at_the_start_is_woken);
    tcase_add_loop_test(t, test_backend_that_goes_in_the_middle_of_the_handshake, 0, 4);
    tcase_add_test(t, test_reopen_leaves_and_connects_anew);
    tcase_add_loop_test(t, test_reopen_at_any_step_of_the_handshake_connects, 0, 2);
    tcase_add_test(t, test_reopen_waits_until_the_backend_has_seen_it);
    tcase_add_test(t, test_reopen_without_a_backend_is_harmless);
    tcase_add_test(t, hostile_xen_device_that_broke_connects_anew_with_the_same_backend);
    tcase_add_test(t, hostile_xen_backend_that_does_not_let_us_close_is_replaced);
    tcase_add_test(t, hostile_xen_backend_that_toggles_its_state_costs_bounded_work);
    tcase_add_test(t, test_no_grants_left_is_said_and_tried_again_when_asked);
    tcase_add_test(t, test_restored_guest_connects_anew);
    tcase_add_test(t, test_cancelled_suspend_goes_on);
    tcase_add_test(t, test_store_that_reconnects_leaves_the_connection_alone);
    tcase_add_loop_test(t, test_store_that_reconnects_or_is_silent_while_a_state_is_read, 0, 2);
    tcase_add_test(t, test_handshake_goes_well_in_whatever_order_answers_come);
    tcase_add_test(t, test_keys_of_a_former_life_are_not_believed);
    tcase_add_test(t, test_carrier_that_changes_while_it_is_read_is_read_again);
    tcase_add_test(t, test_store_that_reconnects_in_the_middle_of_the_handshake);
    return t;
}

Suite *xen_bus_suite(void)
{
    Suite *suite = suite_create("xen_bus");
    suite_add_tcase(suite, beginning());
    suite_add_tcase(suite, living());
    return suite;
}
