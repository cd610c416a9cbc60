/* SPDX-License-Identifier: ISC */
/*
 * What a guest of Xen does besides sending frames: which device it takes, what the
 * toolstack's wishes lead to, another life, and what broke. The source is
 * included; the machine is the test's own, and its store is xen_store's.
 */
#include "backends/xen/machine.h"
#include "xen_store.h"

static struct xen_fake x;
#define xen_machine_env x.env
#include "backends/xen/guest_net.c"
#include "xen_guest_fixture.h"

START_TEST(test_guest_takes_the_first_device_or_the_one_it_is_told)
{
    key("device/vif/2/mac", "00:16:3e:00:00:02");
    key("device/vif/7/mac", "no address");
    ck_assert_int_eq(start(), 0);
    ck_assert_str_eq(nics->dir, "device/vif/0");
    ck_assert_str_eq(said, "xen: net0, 00:16:3e:00:00:01, device/vif/0: taken\n"
                           "xen: net1, 00:16:3e:00:00:02, device/vif/2\n"
                           "xen: net2, 00:00:00:00:00:00, device/vif/7\n");
    teardown();
    setup();
    key("device/vif/2/mac", "00:16:3e:00:00:02");
    settings.has_nic = settings.has_mac = true;
    memcpy(settings.nic, "\x00\x16\x3e\x00\x00\x02", 6);
    memcpy(settings.mac, "\x02\x00\x00\x00\x00\x09", 6);
    ck_assert_int_eq(start(), 0);
    ck_assert_str_eq(nics->dir, "device/vif/2");
    ck_assert_mem_eq(nics->net.config.mac, settings.mac, 6);
}
END_TEST

START_TEST(test_guest_without_its_device_does_not_start)
{
    settings.has_nic = true;
    ck_assert_int_eq(start(), PVH_STATUS_SETUP);
    ck_assert_ptr_nonnull(strstr(said, "option nic: no network device has that address"));
    teardown();
    setup();
    store_remove(&s, "/local/domain/5/device/vif/0");
    ck_assert_int_eq(start(), PVH_STATUS_SETUP);
    ck_assert_ptr_nonnull(strstr(said, "the domain has no network device (vif)"));
    teardown();
    setup();
    silent = true;
    ck_assert_int_eq(start(), PVH_STATUS_SETUP);
    ck_assert_ptr_nonnull(strstr(said, "the store: device/vif/0/mac: "));
}
END_TEST

START_TEST(test_guest_drains_when_the_toolstack_wants_it)
{
    static const struct { const char *wish; uint32_t pending; unsigned n_reboots; } rows[] = {
        { "poweroff", PVH_DRAIN, 0 }, { "halt", PVH_DRAIN, 0 }, { "reboot", PVH_DRAIN, 1 },
        { "poweroff now", 0, 0 }, { "crash", 0, 0 },
    };
    started();
    ck_assert_str_eq(key_of("control/feature-suspend"), "1");
    ck_assert_uint_eq(pending, 0);
    key("control/shutdown", rows[_i].wish);
    run();
    ck_assert_uint_eq(pending, rows[_i].pending);
    ck_assert_uint_eq(n_reboots, rows[_i].n_reboots);
    ck_assert_str_eq(key_of("control/shutdown"), "");    /* it was heard */
    ck_assert_int_eq(strstr(said, "a wish that is not known here") != NULL,
                     rows[_i].pending == 0);
    ck_assert_uint_eq(n_suspends, 0);
}
END_TEST

START_TEST(test_guest_drains_when_it_is_told_on_the_console)
{
    started();
    (void)strcpy(typed, "help\r");
    run();
    ck_assert_uint_eq(pending, 0);
    (void)strcpy(typed, "x\003");
    run();
    ck_assert_uint_eq(pending, PVH_DRAIN);
}
END_TEST

/* A console whose port is not listened to for a while is looked at when that is over. */
START_TEST(test_guest_wakes_when_its_console_wants_to_be_looked_at)
{
    started();
    typed_due_ns = now_ns + TERN_MILLISECOND_NS;
    ck_assert_uint_eq(guest_net_until(now_ns, UINT64_MAX), typed_due_ns);
}
END_TEST

START_TEST(test_guest_goes_on_when_a_suspend_was_cancelled)
{
    started();
    cancelled = true;
    key("control/shutdown", "suspend");
    run();
    ck_assert_uint_eq(n_suspends, 1);
    ck_assert(quiet_at_suspend);
    ck_assert(!nics->net.suspended);
    ck_assert_uint_eq(n_resumes + n_renewed, 0);
    ck_assert_str_eq(key_of("control/shutdown"), "");
    run();
    ck_assert_uint_eq(n_suspends, 1);
}
END_TEST

START_TEST(test_guest_begins_another_life)
{
    uint32_t ref, n_free;
    started();
    /* A copy of this memory, where nothing is renewed, draws the same numbers. */
    struct tern_drbg copy = host.core.drbg;
    n_free = xen.grants.n_free;
    ck_assert_int_eq(gnttab_grant(&xen.grants, 0, FAKE_FRAME_BASE, true, &ref), TERN_OK);
    ck_assert_uint_eq(n_listens, 1);
    wall_ns = 1000;
    ck_assert_uint_eq(host.core.wall_offset(&host.core), 1000);
    host.core.wall_offset_ns = 1000;
    key("control/shutdown", "suspend");
    run();
    ck_assert_uint_eq(n_suspends, 1);
    ck_assert(quiet_at_suspend);
    ck_assert_uint_eq(n_resumes, 1);
    ck_assert_uint_eq(n_renewed, 1);
    ck_assert_uint_eq(n_listens, 2);
    ck_assert_uint_ne(tern_drbg_u32(&host.core.drbg), tern_drbg_u32(&copy));
    ck_assert_uint_eq(xen.grants.n_free, n_free);    /* what was granted before is void */
    ck_assert_uint_eq(host.core.wall_offset_ns, 0);
    ck_assert(!nics->net.suspended);
    ck_assert_ptr_nonnull(strstr(said, "xen: resumed in another life"));
    ck_assert_str_eq(key_of("control/feature-suspend"), "1");
    /* The wish is watched again. */
    key("control/shutdown", "poweroff");
    run();
    ck_assert_uint_eq(pending, PVH_DRAIN);
}
END_TEST

START_TEST(test_guest_is_not_suspended_while_the_store_owes_answers)
{
    uint64_t deadline_ns;
    started();
    xen.suspend = true;
    ck_assert_int_eq(xenstore_read(&xen.store, &xen.wish_read, XENSTORE_NO_TX,
                                   "control/shutdown"), TERN_OK);
    (void)guest_net_poll(now_ns, &deadline_ns);
    ck_assert_uint_eq(n_suspends, 0);
    ck_assert_uint_gt(guest_net_until(now_ns, now_ns + 5), now_ns);    /* it waits, not spins */
    run();
    ck_assert_uint_eq(n_suspends, 1);
}
END_TEST

/* After 1 s, 2 s, 4 s ... 300 s; a minute without trouble, and it is 1 s again. */
START_TEST(test_guest_begins_anew_with_what_broke_ever_later)
{
    struct pvh_retry r = { .at_ns = 0 };
    uint64_t at = 5 * TERN_SECOND_NS, wait = TERN_SECOND_NS;
    for (unsigned i = 0; i < 12; i++) {
        ck_assert(!retry_due(&r, true, at));
        ck_assert_uint_eq(r.at_ns, at + wait);
        ck_assert(!retry_due(&r, true, at + wait - 1));
        at += wait;
        ck_assert(retry_due(&r, true, at));
        ck_assert(!retry_due(&r, false, at));
        wait = 2 * wait < 300 * TERN_SECOND_NS ? 2 * wait : 300 * TERN_SECOND_NS;
    }
    ck_assert(!retry_due(&r, true, at + 61 * TERN_SECOND_NS));
    ck_assert_uint_eq(r.at_ns, at + 62 * TERN_SECOND_NS);
}
END_TEST

/* The store was in the way, a domain held pages, keys came late: what failed once may go. */
START_TEST(test_guest_tries_a_device_again_that_could_not_be_agreed_on)
{
    uint64_t deadline_ns;
    key("device/vif/0/backend", "/back");
    key("device/vif/0/backend-id", "0");
    store_set(&s, "/back/state", "2");
    started();
    ck_assert_str_eq(key_of("device/vif/0/state"), "6");
    ck_assert_ptr_nonnull(strstr(x.log, "its backend cannot copy"));
    store_set(&s, "/back/feature-rx-copy", "1");
    store_set(&s, "/back/state", "6");
    run();
    ck_assert_str_eq(key_of("device/vif/0/state"), "6");
    (void)guest_net_poll(now_ns, &deadline_ns);
    ck_assert_uint_eq(guest_net_until(now_ns, UINT64_MAX), now_ns + TERN_SECOND_NS);
    now_ns += TERN_SECOND_NS;
    run();
    ck_assert_str_eq(key_of("device/vif/0/state"), "1");
    store_set(&s, "/back/state", "2");
    run();
    ck_assert_str_eq(key_of("device/vif/0/state"), "4");
    netfront_close(&nics->net);
}
END_TEST

/* Nothing else is due: the wait for a look ends by itself. */
START_TEST(test_guest_wakes_for_a_backend_that_never_looks)
{
    static uint32_t page[XEN_PAGE_LEN / sizeof(uint32_t)];
    started();
    nics->net.state = NETFRONT_CONNECTED;
    xen_ring_init(&nics->net.rx, page);
    xen_ring_init(&nics->net.tx, page);
    nics->net.tx.req_prod = nics->net.tx.req_shown = 1;
    nics->net.news = false;
    ck_assert_uint_eq(guest_net_until(now_ns, UINT64_MAX), now_ns + NETFRONT_DEAF_NS);
    now_ns += NETFRONT_DEAF_NS;
    ck_assert_uint_eq(guest_net_until(now_ns, UINT64_MAX), now_ns);
    ck_assert_ptr_nonnull(strstr(said, "looked at nothing that was sent"));
    nics->net.state = NETFRONT_CLOSED;
}
END_TEST

/* A backend that refuses a group, or a stack that wants all: another connection. */
START_TEST(test_guest_leaves_a_backend_that_should_not_filter)
{
    uint64_t deadline_ns;
    started();
    nics->net.state = NETFRONT_CONNECTED;
    nics->net.suspended = true;    /* nothing else is looked at */
    nics->net.peer.groups = nics->net.chooses = true;
    (void)guest_net_poll(now_ns, &deadline_ns);
    ck_assert_ptr_null(strstr(said, "begins anew"));
    nics->net.chooses = false;
    (void)guest_net_poll(now_ns, &deadline_ns);
    ck_assert_ptr_nonnull(strstr(said, "all groups are to be heard: begins anew"));
    said[0] = '\0';
    (void)guest_net_poll(now_ns, &deadline_ns);
    ck_assert_ptr_null(strstr(said, "begins anew"));
    nics->net.state = NETFRONT_CLOSED;
}
END_TEST

START_TEST(test_guest_asks_a_broken_store_to_begin_anew)
{
    started();
    xenstore_breached(&xen.store, XENSTORE_BREACH_LEN);
    run();
    uint64_t until = guest_net_until(now_ns, UINT64_MAX);
    ck_assert_uint_eq(until, now_ns + TERN_SECOND_NS);
    now_ns = until;
    uint64_t deadline_ns;
    (void)guest_net_poll(now_ns, &deadline_ns);
    ck_assert_int_ne(xen.store.state, XENSTORE_RUNNING);
    ck_assert_uint_eq(xen.store_retry.begun_ns, now_ns);
}
END_TEST

/* Found in the very last look at the rings: nothing else would wake the guest for it. */
START_TEST(test_guest_wakes_to_begin_a_broken_device_anew)
{
    started();
    nics->net.state = NETFRONT_BROKEN;
    ck_assert_uint_eq(guest_net_until(now_ns, UINT64_MAX), now_ns + TERN_SECOND_NS);
    ck_assert_uint_eq(nics->retry.at_ns, now_ns + TERN_SECOND_NS);
    nics->net.state = NETFRONT_CLOSED;
}
END_TEST

START_TEST(test_guest_shows_what_store_and_console_broke)
{
    static struct tern_metrics set;
    started();
    xenstore_breached(&xen.store, XENSTORE_BREACH_TYPE);
    nics->bus.n_bad = 2;
    nics->bus.bus.n_bad = 3;
    ck_assert(guest_net_metrics(2, &set));
    ck_assert_str_eq(set.text, "xen_store");
    ck_assert_uint_eq(set.values[XENSTORE_BREACH_TYPE], 1);
    ck_assert(guest_net_metrics(3, &set));
    ck_assert_str_eq(set.text, "xen");
    ck_assert_uint_eq(set.values[0], 1);
    ck_assert_uint_eq(set.values[1], 5);
    ck_assert(!guest_net_metrics(4, &set));
}
END_TEST

Suite *xen_guest_suite(void)
{
    Suite *suite = suite_create("xen_guest");
    TCase *tc = tcase_create("guest");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_guest_takes_the_first_device_or_the_one_it_is_told);
    tcase_add_test(tc, test_guest_without_its_device_does_not_start);
    tcase_add_loop_test(tc, test_guest_drains_when_the_toolstack_wants_it, 0, 5);
    tcase_add_test(tc, test_guest_drains_when_it_is_told_on_the_console);
    tcase_add_test(tc, test_guest_wakes_when_its_console_wants_to_be_looked_at);
    tcase_add_test(tc, test_guest_goes_on_when_a_suspend_was_cancelled);
    tcase_add_test(tc, test_guest_begins_another_life);
    tcase_add_test(tc, test_guest_is_not_suspended_while_the_store_owes_answers);
    tcase_add_test(tc, test_guest_begins_anew_with_what_broke_ever_later);
    tcase_add_test(tc, test_guest_tries_a_device_again_that_could_not_be_agreed_on);
    tcase_add_test(tc, test_guest_wakes_for_a_backend_that_never_looks);
    tcase_add_test(tc, test_guest_leaves_a_backend_that_should_not_filter);
    tcase_add_test(tc, test_guest_asks_a_broken_store_to_begin_anew);
    tcase_add_test(tc, test_guest_wakes_to_begin_a_broken_device_anew);
    tcase_add_test(tc, test_guest_shows_what_store_and_console_broke);
    suite_add_tcase(suite, tc);
    return suite;
}
