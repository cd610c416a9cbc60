/* SPDX-License-Identifier: ISC */
/*
 * The handshake with a backend: what it may offer and say, in order and out of it.
 */
#include "suites.h"
#include "xen_bus_fixture.h"

#include <stdio.h>
#include <string.h>

START_TEST(test_device_connects)
{
    bus_attach(0);
    bus_assert_up();
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
    bus_attach(0);
    bus_assert_up();
}
END_TEST

START_TEST(test_device_was_there_before_the_guest)
{
    bus_attach(3);
    store_restore(&w.s, WORLD_GUEST);
    xenstore_restart(&w.xs, w.s.ring, w.s.port);    /* as at a start: watches fire at once */
    world_run(&w);
    bus_assert_up();
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
    bus_assert_up();
    ck_assert_uint_eq(w.bus.bus.domid, 4);
}
END_TEST

START_TEST(test_nothing_is_sent_before_the_backend_is_connected)
{
    struct tern_tx tx;
    w.back.stubborn = true;
    bus_attach(0);
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
    bus_assert_up();
}
END_TEST

START_TEST(test_keys_that_collide_are_written_again)
{
    w.s.n_eagain = 3;
    bus_attach(0);
    bus_assert_up();
    ck_assert_uint_eq(w.s.n_commits, 1);
}
END_TEST

START_TEST(test_features_that_are_missing_are_off)
{
    w.back.n_features = 0;
    world_feature(&w, "feature-rx-copy", "1");
    bus_attach(0);
    bus_assert_up();
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
    bus_attach(0);
    bus_assert_up();
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
    bus_assert_up();
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(world_key(&w, old[i]));
}
END_TEST

START_TEST(test_aggregates_that_we_do_not_want_are_not_promised)
{
    world_free(&w);
    bus_begin(&(struct netfront_config){ .no_gso = true });
    bus_attach(0);
    ck_assert_str_eq(world_key(&w, "feature-gso-tcpv4"), "0");
    ck_assert_str_eq(world_key(&w, "feature-gso-tcpv6"), "0");
    bus_assert_up();
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
    bus_assert_up();
    ck_assert_uint_eq(w.nf.link.mtu, rows[_i].mtu);
}
END_TEST

START_TEST(test_backend_that_cannot_copy_is_refused)
{
    world_feature(&w, "feature-rx-copy", _i == 0 ? "0" : NULL);
    bus_attach(0);
    bus_assert_down();
    ck_assert_uint_eq(world_state(&w), XenbusStateClosed);
    ck_assert_ptr_nonnull(strstr(w.x.log, "cannot copy"));
}
END_TEST

START_TEST(hostile_net_55_address_that_is_none_is_refused)
{
    static const char *const macs[] = { "", "00:16:3e:00:00", "00:16:3e:00:00:0g",
                                        "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00",
                                        "00:16:3e:00:00:05 " };
    char path[STORE_PATH];
    world_attach(&w, 0);
    snprintf(path, sizeof path, "%s/mac", w.front);
    store_set(&w.s, path, macs[_i]);
    world_run(&w);
    bus_assert_down();
    ck_assert_ptr_nonnull(strstr(w.x.log, "no address"));
    ck_assert_uint_eq(w.bus.n_bad, 1);
}
END_TEST

START_TEST(hostile_net_55_features_that_are_no_numbers_are_off_and_counted)
{
    static const char *const texts[] = { "2", "yes", "-1", "1 ", "", "4294967297" };
    for (size_t i = 1; i < w.back.n_features; i++)
        w.back.features[i][1] = texts[_i];
    bus_attach(0);
    bus_assert_up();
    ck_assert_uint_eq(w.bus.n_bad, 6);
    ck_assert(!w.nf.peer.sg && !w.nf.peer.gso4 && !w.nf.peer.gso6 && !w.nf.peer.csum6 &&
              !w.nf.peer.split && !w.nf.peer.groups);
}
END_TEST

START_TEST(hostile_net_55_backend_that_is_no_path_or_domain_is_none)
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
    bus_assert_down();
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_LOOKING);
    ck_assert_uint_ge(w.bus.bus.n_bad, 1);
}
END_TEST

START_TEST(hostile_net_55_state_that_is_none_changes_nothing)
{
    static const char *const states[] = { "", "9", "4294967295", "four", "-1" };
    char path[STORE_PATH];
    bus_attach(0);
    snprintf(path, sizeof path, "%s/state", w.back.dir);
    store_set(&w.s, path, states[_i]);
    world_run(&w);
    bus_assert_up();
    ck_assert_uint_eq(w.bus.bus.n_bad, 1);
}
END_TEST

START_TEST(test_keys_that_the_store_does_not_take_are_said)
{
    w.s.n_eagain = 1000;
    bus_attach(0);
    bus_assert_down();
    ck_assert_uint_eq(world_state(&w), XenbusStateClosed);
    ck_assert_ptr_nonnull(strstr(w.x.log, "does not take our keys"));
    ck_assert_uint_eq(w.s.n_tx_open, 0);
    w.s.n_eagain = 0;
    netfront_bus_reopen(&w.bus);
    world_run(&w);
    bus_assert_up();
}
END_TEST

/* Its features do not fit into a path of ours, so it has none. */
START_TEST(hostile_net_55_backend_in_the_longest_directory_is_refused)
{
    static char dir[116], path[STORE_PATH];
    memset(dir, 'd', sizeof dir - 1);
    dir[0] = '/';
    world_attach(&w, 0);
    w.back.attached = false;
    snprintf(path, sizeof path, "%s/state", dir);
    store_set(&w.s, path, "2");
    snprintf(path, sizeof path, "%s/backend", w.front);
    store_set(&w.s, path, dir);
    world_run(&w);
    bus_assert_down();
    ck_assert_ptr_nonnull(strstr(w.x.log, "cannot copy"));
}
END_TEST

/* ---- Carrier ---- */

START_TEST(test_carrier_follows_the_backends_key)
{
    char path[STORE_PATH];
    world_feature(&w, "carrier", "0");
    bus_attach(0);
    ck_assert_int_eq(w.nf.state, NETFRONT_CONNECTED);
    ck_assert(!w.nf.link.up);
    snprintf(path, sizeof path, "%s/carrier", w.back.dir);
    store_set(&w.s, path, "1");
    world_run(&w);
    bus_assert_up();
    store_set(&w.s, path, "0");
    world_run(&w);
    ck_assert(!w.nf.link.up);
    store_set(&w.s, path, "up");
    world_run(&w);
    ck_assert(!w.nf.link.up);
    store_remove(&w.s, path);
    world_run(&w);
    bus_assert_up();
}
END_TEST

/* What is answered when the connection is over is not believed, counted or asked again. */
START_TEST(test_carrier_of_a_connection_that_is_over_is_none)
{
    char path[STORE_PATH];
    bus_attach(0);
    snprintf(path, sizeof path, "%s/carrier", w.back.dir);
    store_set(&w.s, path, "up");
    while (!w.bus.carrier.busy)
        (void)world_turn(&w);
    w.s.holds = true;
    for (unsigned i = 0; i < 3; i++)
        (void)world_turn(&w);
    ck_assert_uint_eq(w.s.n_held, 1);
    w.bus.carrier_again = _i == 1;    /* as if it had changed once more */
    w.s.n_held = 0;
    w.s.holds = false;
    uint32_t id = w.bus.carrier.id;
    w.back.offline = true;
    netback_disconnect(&w.back.nb);
    world_back_state(&w, XenbusStateClosing);
    world_run(&w);
    bus_assert_down();
    ck_assert_int_eq(w.bus.bus.phase, XENBUS_WAITING);
    unsigned n_requests = w.s.n_requests;
    store_send(&w.s, XS_READ, id, "up", 2);
    world_run(&w);
    ck_assert(!w.bus.carrier.busy);
    ck_assert_uint_eq(w.s.n_requests, n_requests);
    ck_assert_uint_eq(w.bus.n_bad, 0);
}
END_TEST

static TCase *beginning(void)
{
    TCase *t = tcase_create("beginning");
    tcase_add_checked_fixture(t, bus_setup, bus_teardown);
    tcase_add_test(t, test_device_connects);
    tcase_add_test(t, test_guest_without_a_device_waits);
    tcase_add_test(t, test_device_was_there_before_the_guest);
    tcase_add_test(t, test_backend_id_that_comes_late_is_waited_for);
    tcase_add_test(t, test_nothing_is_sent_before_the_backend_is_connected);
    tcase_add_test(t, test_keys_that_collide_are_written_again);
    tcase_add_test(t, test_features_that_are_missing_are_off);
    tcase_add_test(t, test_checksums_that_are_off_are_off);
    tcase_add_test(t, test_keys_of_another_frontend_are_removed);
    tcase_add_test(t, test_aggregates_that_we_do_not_want_are_not_promised);
    tcase_add_loop_test(t, test_mtu_is_the_frontends_key_within_bounds, 0, 11);
    tcase_add_loop_test(t, test_backend_that_cannot_copy_is_refused, 0, 2);
    tcase_add_loop_test(t, hostile_net_55_address_that_is_none_is_refused, 0, 6);
    tcase_add_loop_test(t, hostile_net_55_features_that_are_no_numbers_are_off_and_counted, 0, 6);
    tcase_add_loop_test(t, hostile_net_55_backend_that_is_no_path_or_domain_is_none, 0, 9);
    tcase_add_loop_test(t, hostile_net_55_state_that_is_none_changes_nothing, 0, 5);
    tcase_add_test(t, test_keys_that_the_store_does_not_take_are_said);
    tcase_add_test(t, hostile_net_55_backend_in_the_longest_directory_is_refused);
    tcase_add_test(t, test_carrier_follows_the_backends_key);
    tcase_add_loop_test(t, test_carrier_of_a_connection_that_is_over_is_none, 0, 2);
    return t;
}

Suite *xen_bus_suite(void)
{
    Suite *suite = suite_create("xen_bus");
    suite_add_tcase(suite, beginning());
    return suite;
}
