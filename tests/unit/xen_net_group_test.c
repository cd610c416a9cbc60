/* SPDX-License-Identifier: ISC */
/*
 * Groups of Ethernet that the network driver joins and leaves.
 */
#include "suites.h"
#include "xen_fixture.h"

static struct xen_fixture fx;
static uint8_t frame[NETFRONT_FRAME_MAX + 1];

static void setup(void) { fx_begin(&fx, NULL, &fixture_peer_all); }
static void teardown(void) { fx_end(&fx); }

static void restart(const struct netfront_config *config, const struct netfront_peer *peer)
{
    fx_end(&fx);
    fx_begin(&fx, config, peer);
}

START_TEST(test_groups_are_told_to_a_backend_that_filters)
{
    static const uint8_t a[6] = { 1, 0, 0x5e, 0, 0, 1 }, b[6] = { 0x33, 0x33, 0, 0, 0, 1 };
    restart(&(struct netfront_config){ .filter = true }, &fixture_peer_all);
    ck_assert_int_eq(netfront_join(&fx.nf, a), TERN_OK);
    ck_assert_int_eq(netfront_join(&fx.nf, b), TERN_OK);
    ck_assert_int_eq(netfront_join(&fx.nf, b), TERN_OK);
    ck_assert_uint_eq(netback_take(&fx.nb), 0);
    ck_assert_uint_eq(fx.nb.n_groups, 2);
    ck_assert_mem_eq(fx.nb.groups[0], a, 6);
    ck_assert_int_eq(netfront_leave(&fx.nf, a), TERN_OK);
    ck_assert_int_eq(netfront_leave(&fx.nf, a), TERN_INVALID);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 1);
    ck_assert_mem_eq(fx.nb.groups[0], b, 6);
    /* The next backend hears of those that are left. */
    netback_disconnect(&fx.nb);
    netfront_close(&fx.nf);
    fx_connect(&fx, &fixture_peer_all);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 1);
    ck_assert_mem_eq(fx.nb.groups[0], b, 6);
}
END_TEST

START_TEST(test_groups_are_not_told_to_others)
{
    static const uint8_t a[6] = { 1, 0, 0x5e, 0, 0, 1 }, host[6] = { 2 };
    struct netfront_peer peer = fixture_peer_all;
    peer.groups = false;
    if (_i == 0)
        restart(&(struct netfront_config){ .filter = true }, &peer);
    ck_assert_int_eq(netfront_join(&fx.nf, a), TERN_OK);
    ck_assert_int_eq(netfront_join(&fx.nf, host), TERN_INVALID);
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, 0);
    /* Nor do they keep the loop awake once a frame was answered. */
    ck_assert_int_eq(fx_send(&fx, frame, 60), TERN_OK);
    fx_flush(&fx);
    ck_assert_uint_eq(netback_take(&fx.nb), 1);
    (void)fx_poll(&fx);
    ck_assert(netfront_idle(&fx.nf));
}
END_TEST

START_TEST(test_groups_wait_for_room_in_the_ring)
{
    restart(&(struct netfront_config){ .filter = true, .n_tx = 128 }, &fixture_peer_all);
    fx.nb.holds_answers = true;
    while (fx_send(&fx, frame, 60) == TERN_OK)
        continue;
    fx_flush(&fx);
    for (uint8_t i = 0; i < NETFRONT_GROUPS; i++)
        ck_assert_int_eq(netfront_join(&fx.nf, (uint8_t[]){ 1, 2, 3, 4, 5, i }), TERN_OK);
    ck_assert_int_eq(netfront_join(&fx.nf, (uint8_t[]){ 1, 2, 3, 4, 5, 99 }), TERN_FULL);
    (void)netback_take(&fx.nb);
    netback_answer(&fx.nb);
    fx.nb.holds_answers = false;
    ck_assert(fx_poll(&fx));
    (void)netback_take(&fx.nb);
    ck_assert_uint_eq(fx.nb.n_groups, NETFRONT_GROUPS);
}
END_TEST

static TCase *groups(void)
{
    TCase *t = tcase_create("groups");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_groups_are_told_to_a_backend_that_filters);
    tcase_add_loop_test(t, test_groups_are_not_told_to_others, 0, 2);
    tcase_add_test(t, test_groups_wait_for_room_in_the_ring);
    return t;
}

Suite *xen_net_group_suite(void)
{
    Suite *suite = suite_create("xen_net_group");
    suite_add_tcase(suite, groups());
    return suite;
}
