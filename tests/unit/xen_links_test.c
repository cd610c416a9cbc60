/* SPDX-License-Identifier: ISC */
/*
 * A guest of Xen with several links: which device is which link's, what each has of
 * its own, another life of all, what they count. The source is included.
 */
#include <stdlib.h>

#include "backends/xen/machine.h"
#include "xen_store.h"

static struct xen_fake x;
#define xen_machine_env x.env
#include "backends/xen/guest_links.c"
#include "xen_guest_fixture.h"

static struct tern_host_options options;

/* Two devices with an address and one without. */
static void links_setup(void)
{
    tern_host_links = (struct tern_host_links)TERN_HOST_LINKS;
    setup();
    key("device/vif/1/mac", "no address");
    key("device/vif/3/mac", "00:16:3e:00:00:03");
}

/* Takes a line as guest.c does, then starts the devices: 0, or the status of the end. */
static int start_with(const char *line)
{
    static const struct tern_appliance appliance = {
        .size = sizeof(struct tern_appliance), .name = "test",
    };
    static char words[256];

    ck_assert_uint_lt(strlen(line), sizeof words);
    memcpy(words, line, strlen(line) + 1);
    ck_assert_int_eq(tern_host_options_init(&options, &appliance, NULL), TERN_OK);
    options.links = &tern_host_links;
    ck_assert_int_eq(tern_host_options_line(&options, words), TERN_OK);
    ck_assert_int_eq(tern_host_options_settle(&options, TERN_HOST_GUEST), TERN_OK);
    ck_assert_int_eq(tern_host_options_settings(&options, &settings), TERN_OK);
    return start();
}

static void both_started(void)
{
    ck_assert_int_eq(start_with("ip=10.0.0.2/24 ip1=10.0.1.2/24"), 0);
    for (size_t i = 0; i < 2; i++)    /* as tern_host_links_start names them */
        (void)snprintf(tern_host_links.names[i], sizeof tern_host_links.names[i], "net%zu", i);
    guest_started(&host);
    run();
}

/* Who is named has its device; the others take those that are left, in their order. */
static const struct { const char *line, *dirs[2], *said; } bound[] = {
    { "ip=10.0.0.2/24 ip1=10.0.1.2/24", { "device/vif/0", "device/vif/3" },
      "xen: device/vif/1 has no address: not taken\n"
      "xen: 00:16:3e:00:00:01, device/vif/0: net0\n"
      "xen: 00:16:3e:00:00:03, device/vif/3: net1\n" },
    { "nic=00:16:3e:00:00:03 ip1=10.0.1.2/24", { "device/vif/3", "device/vif/0" },
      "xen: device/vif/1 has no address: not taken\n"
      "xen: 00:16:3e:00:00:01, device/vif/0: net1\n"
      "xen: 00:16:3e:00:00:03, device/vif/3: net0\n" },
    { "nic1=00:16:3e:00:00:01", { "device/vif/3", "device/vif/0" }, NULL },
    { "nic=00:16:3e:00:00:01 nic1=00:16:3e:00:00:03", { "device/vif/0", "device/vif/3" }, NULL },
    { "nic=00:16:3e:00:00:03", { "device/vif/3", "" },
      "xen: device/vif/1 has no address: not taken\n"
      "xen: 00:16:3e:00:00:01, device/vif/0: not taken\n"
      "xen: 00:16:3e:00:00:03, device/vif/3: net0\n" },
};

START_TEST(test_links_have_the_devices_that_they_name_or_the_next)
{
    ck_assert_int_eq(start_with(bound[_i].line), 0);
    ck_assert_str_eq(nics[0].dir, bound[_i].dirs[0]);
    ck_assert_str_eq(nics[1].dir, bound[_i].dirs[1]);
    if (bound[_i].said != NULL)
        ck_assert_str_eq(said, bound[_i].said);
    size_t n = bound[_i].dirs[1][0] != '\0' ? 2 : 1;
    ck_assert_uint_eq(tern_host_links.n, n);
    ck_assert_uint_eq(n_links(), n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_ptr_eq(tern_host_links.link[i], &nics[i].net.link);
        /* One link needs no name to be told from others. */
        ck_assert_int_eq(nics[i].net.link.name == tern_host_links.names[i], n > 1);
    }
}
END_TEST

static const struct { const char *line; int status; const char *said; } refused[] = {
    { "ip1=10.0.1.2/24 ip2=10.0.2.2/24", PVH_STATUS_SETUP,
      "xen: net2: there is no network device left for it\n" },
    { "nic1=00:16:3e:00:00:77", PVH_STATUS_SETUP,
      "xen: option nic1: no network device has that address\n" },
    { "nic=00:16:3e:00:00:77 ip1=10.0.1.2/24", PVH_STATUS_SETUP,
      "xen: option nic: no network device has that address\n" },
    { "nic1=00:16:3e:00:00:03 nic2=00:16:3e:00:00:03", PVH_STATUS_USAGE,
      "option nic2: another link has that device" },
    { "ip2=10.0.2.2/24", PVH_STATUS_USAGE, "option ip2: there is no such link" },
};

START_TEST(test_links_without_a_device_do_not_start)
{
    ck_assert_int_eq(start_with(refused[_i].line), refused[_i].status);
    ck_assert_msg(strstr(said, refused[_i].said) != NULL, "%s", said);
    if (refused[_i].status == PVH_STATUS_SETUP)
        ck_assert_ptr_nonnull(strstr(said, "xen: not each link has a network device\n"));
}
END_TEST

START_TEST(test_links_have_a_mac_of_their_own)
{
    ck_assert_int_eq(start_with("mac=02:00:00:00:00:07 mac1=02:00:00:00:00:08"), 0);
    ck_assert_mem_eq(nics[0].net.config.mac, "\x02\x00\x00\x00\x00\x07", 6);
    ck_assert_mem_eq(nics[1].net.config.mac, "\x02\x00\x00\x00\x00\x08", 6);
}
END_TEST

START_TEST(test_links_all_begin_another_life)
{
    key("device/vif/0/backend", "/back/0");
    key("device/vif/3/backend", "/back/3");
    key("device/vif/0/backend-id", "0");
    key("device/vif/3/backend-id", "0");
    store_set(&s, "/back/0/state", "6");
    store_set(&s, "/back/3/state", "6");
    both_started();
    ck_assert_ptr_nonnull(key_of("device/vif/0/state"));
    ck_assert_ptr_nonnull(key_of("device/vif/3/state"));
    key("device/vif/0/state", "0");
    key("device/vif/3/state", "0");
    key("control/shutdown", "suspend");
    run();
    ck_assert_uint_eq(n_suspends, 1);
    ck_assert(quiet_at_suspend);
    ck_assert_uint_eq(n_resumes, 1);
    ck_assert(!nics[0].net.suspended && !nics[1].net.suspended);
    ck_assert_str_eq(key_of("device/vif/0/state"), "1");    /* they say anew what they are */
    ck_assert_str_eq(key_of("device/vif/3/state"), "1");
    cancelled = true;
    key("control/shutdown", "suspend");
    run();
    ck_assert_uint_eq(n_suspends, 2);
    ck_assert(!nics[0].net.suspended && !nics[1].net.suspended);
}
END_TEST

/* The second link's device breaks: the guest wakes for it, and the first is left alone. */
START_TEST(test_links_begin_anew_each_by_itself)
{
    uint64_t deadline_ns;
    both_started();
    nics[1].net.state = NETFRONT_BROKEN;
    ck_assert_uint_eq(guest_net_until(now_ns, UINT64_MAX), now_ns + TERN_SECOND_NS);
    ck_assert_uint_eq(nics[0].retry.at_ns, 0);
    now_ns += TERN_SECOND_NS;
    (void)guest_net_poll(now_ns, &deadline_ns);
    ck_assert_uint_eq(nics[1].retry.begun_ns, now_ns);
    ck_assert_uint_eq(nics[0].retry.begun_ns, 0);
    nics[1].net.state = NETFRONT_CLOSED;
}
END_TEST

/* Each link's under its name; what the guest has once comes once, without one. */
START_TEST(test_links_count_under_their_names)
{
    static const struct { const char *text, *area; uint64_t first; } sets[] = {
        { "xen_net", "net0", 11 }, { "xen_net", "net0", 1 }, { "xen_net", "net1", 22 },
        { "xen_net", "net1", 2 },  { "xen_store", NULL, 0 }, { "xen", NULL, 1 },
    };
    static struct tern_metrics set;
    both_started();
    nics[0].net.stats.rx_frames = 11;
    nics[0].net.breaches[0] = 1;
    nics[1].net.stats.rx_frames = 22;
    nics[1].net.breaches[0] = 2;
    nics[0].bus.n_bad = 3;
    nics[1].bus.bus.n_bad = 4;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        ck_assert(guest_net_metrics(i, &set));
        ck_assert_str_eq(set.text, sets[i].text);
        ck_assert_pstr_eq(set.area, sets[i].area);
        ck_assert_uint_eq(set.values[0], sets[i].first);
    }
    ck_assert_uint_eq(set.values[1], 7);
    ck_assert(!guest_net_metrics(sizeof sets / sizeof sets[0], &set));
}
END_TEST

static Suite *xen_links_suite(void)
{
    Suite *suite = suite_create("xen_links");
    TCase *tc = tcase_create("links");
    tcase_add_checked_fixture(tc, links_setup, teardown);
    tcase_add_loop_test(tc, test_links_have_the_devices_that_they_name_or_the_next, 0,
                        sizeof bound / sizeof bound[0]);
    tcase_add_loop_test(tc, test_links_without_a_device_do_not_start, 0,
                        sizeof refused / sizeof refused[0]);
    tcase_add_test(tc, test_links_have_a_mac_of_their_own);
    tcase_add_test(tc, test_links_all_begin_another_life);
    tcase_add_test(tc, test_links_begin_anew_each_by_itself);
    tcase_add_test(tc, test_links_count_under_their_names);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(xen_links_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
