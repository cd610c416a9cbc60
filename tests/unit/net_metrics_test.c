/* SPDX-License-Identifier: ISC */
/*
 * The stack's counters by their names: which sets there are, that a drop is one
 * under its reason, and that no name stands for two.
 */
#include "net_fixture.h"
#include "packet.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* The value of tern_<area>_<name> with a label's value; *n: how often it is there. */
static uint64_t value_of(const struct tern_net *net, const char *area, const char *name,
                         const char *label_value, size_t *n)
{
    struct tern_metrics set;
    uint64_t value = UINT64_MAX;

    *n = 0;
    for (size_t i = 0; tern_net_metrics(net, i, &set); i++) {
        struct tern_metric m = { 0 };
        ck_assert_ptr_null(set.labels[0].name);
        while (tern_metrics_next(&set, &m)) {
            if (strcmp(tern_metrics_area(&set), area) != 0 || strcmp(m.name, name) != 0 ||
                strcmp(m.label_value, label_value) != 0)
                continue;
            value = m.value;
            ++*n;
        }
    }
    return value;
}

static uint64_t value(const struct tern_net *net, const char *area, const char *name,
                      const char *label_value)
{
    size_t n;
    uint64_t found = value_of(net, area, name, label_value, &n);
    ck_assert_msg(n == 1, "%s %s %s is there %zu times", area, name, label_value, n);
    return found;
}

START_TEST(test_a_stack_shows_the_parts_that_it_has)
{
    struct net_fixture *f = net_fixture();
    struct tern_metrics set;
    char areas[64] = "";

    for (size_t i = 0; tern_net_metrics(&f->net, i, &set); i++) {
        ck_assert_uint_lt(strlen(areas) + strlen(tern_metrics_area(&set)) + 2, sizeof areas);
        strcat(strcat(areas, tern_metrics_area(&set)), " ");
    }
    ck_assert_str_eq(areas, "link ipv4 ipv4 udp ");    /* neither DHCP nor TCP */
}
END_TEST

START_TEST(test_every_name_is_there_once)
{
    struct net_fixture *f = net_fixture();
    struct tern_metrics set;
    size_t n, n_names = 0;

    for (size_t i = 0; tern_net_metrics(&f->net, i, &set); i++) {
        struct tern_metric m = { 0 };
        for (; tern_metrics_next(&set, &m); n_names++) {
            (void)value_of(&f->net, tern_metrics_area(&set), m.name, m.label_value, &n);
            ck_assert_msg(n == 1, "%s_%s %s", tern_metrics_area(&set), m.name, m.label_value);
            for (const char *c = m.name; *c != '\0'; c++)
                ck_assert(strchr("abcdefghijklmnopqrstuvwxyz0123456789_", *c) != NULL);
            ck_assert(*m.help != '\0' && strpbrk(m.help, "\\\n\"") == NULL);
        }
    }
    ck_assert_uint_eq(n_names, (sizeof f->net.stats + sizeof f->ipv4.stats + sizeof f->udp.stats) /
                                   sizeof(uint64_t));
}
END_TEST

START_TEST(test_a_dropped_frame_is_one_under_its_reason)
{
    struct net_fixture *f = net_fixture();
    uint8_t frame[13] = { 0 };

    net_fixture_in(f, frame, sizeof frame);
    net_fixture_in(f, frame, sizeof frame);
    ck_assert_uint_eq(value(&f->net, "link", "in_drops", "short"), 2);
    ck_assert_uint_eq(value(&f->net, "link", "in_drops", "bad_vlan"), 0);
    ck_assert_uint_eq(value(&f->net, "link", "in_frames", ""), f->net.stats.rx_frames);
    f->ipv4.stats.in_bad_checksum = 3;
    f->ipv4.stats.ip.pmtu_refused = 4;
    f->udp.stats.errors_lost = 5;
    ck_assert_uint_eq(value(&f->net, "ipv4", "in_hdr_errors", "bad_checksum"), 3);
    ck_assert_uint_eq(value(&f->net, "ipv4", "pmtu_refused", ""), 4);
    ck_assert_uint_eq(value(&f->net, "udp", "icmp_drops", "superseded"), 5);
}
END_TEST

Suite *net_metrics_suite(void)
{
    Suite *suite = suite_create("net_metrics");
    TCase *tc = tcase_create("net_metrics");
    tcase_add_test(tc, test_a_stack_shows_the_parts_that_it_has);
    tcase_add_test(tc, test_every_name_is_there_once);
    tcase_add_test(tc, test_a_dropped_frame_is_one_under_its_reason);
    suite_add_tcase(suite, tc);
    return suite;
}
