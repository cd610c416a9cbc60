/* SPDX-License-Identifier: ISC */
/*
 * The console: octets cross in order, what finds no room is not lost unseen, and
 * indices that no backend could have written end it.
 */
#include "access_watch.h"
#include "suites.h"
#include "xen_fake.h"

#include <backends/xen/xen_console.h>
#include <xen/io/console.h>

#include <string.h>

enum { PORT = 5 };

static struct xen_fake x;
static struct xen_console console;
static struct xencons_interface *ring;

static void setup(void)
{
    fake_init(&x);
    x.ports[PORT] = (struct fake_port){ .open = true, .domid = 0 };
    void *page = x.env.carve_io(&x.env, XEN_PAGE_LEN);
    ring = page;
    xen_console_init(&console, &x.env, page, PORT);
}

static void teardown(void) { fake_free(&x); }

/* What the backend takes: at most n octets. */
static size_t take(char *to, size_t n)
{
    size_t got = 0;
    for (; got < n && ring->out_cons != ring->out_prod; got++)
        to[got] = ring->out[ring->out_cons++ % sizeof ring->out];
    return got;
}

static void type(const char *text)
{
    for (; *text != '\0'; text++)
        ring->in[ring->in_prod++ % sizeof ring->in] = *text;
}

START_TEST(test_console_octets_cross_both_ways)
{
    char got[16];
    ck_assert_uint_eq(xen_console_write(&console, "tern: up\r\n", 10), 10);
    ck_assert_uint_eq(x.ports[PORT].n_notified, 1);
    ck_assert_uint_eq(take(got, sizeof got), 10);
    ck_assert_mem_eq(got, "tern: up\r\n", 10);
    type("stop");
    ck_assert_uint_eq(xen_console_read(&console, got, 3), 3);
    ck_assert_mem_eq(got, "sto", 3);
    ck_assert_uint_eq(xen_console_read(&console, got, 3), 1);
    ck_assert_int_eq(got[0], 'p');
    ck_assert_uint_eq(ring->in_cons, 4);
    ck_assert_uint_eq(xen_console_read(&console, got, 3), 0);
    ck_assert_uint_eq(x.ports[PORT].n_notified, 3);
}
END_TEST

START_TEST(test_console_that_is_full_takes_what_fits)
{
    static char text[3000], got[3000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 23);
    ck_assert_uint_eq(xen_console_write(&console, text, sizeof text), 2048);
    ck_assert_uint_eq(xen_console_write(&console, text + 2048, 952), 0);
    ck_assert_uint_eq(x.ports[PORT].n_notified, 1);    /* nothing new, nothing told */
    ck_assert_uint_eq(take(got, 100), 100);
    ck_assert_uint_eq(xen_console_write(&console, text + 2048, 952), 100);
    ck_assert_uint_eq(take(got + 100, 2900), 2048);
    ck_assert_mem_eq(got, text, 2148);
    ck_assert_uint_eq(console.breaches, 0);
}
END_TEST

START_TEST(test_console_goes_on_where_a_loader_stopped_and_over_the_end_of_numbers)
{
    char got[8];
    ring->out_prod = ring->out_cons = UINT32_MAX - 2;
    ring->in_prod = ring->in_cons = UINT32_MAX;
    xen_console_init(&console, &x.env, ring, PORT);
    ck_assert_uint_eq(xen_console_write(&console, "abcdef", 6), 6);
    ck_assert_uint_eq(ring->out_prod, 3);
    ck_assert_uint_eq(take(got, sizeof got), 6);
    ck_assert_mem_eq(got, "abcdef", 6);
    type("xyz");
    ck_assert_uint_eq(xen_console_read(&console, got, sizeof got), 3);
    ck_assert_mem_eq(got, "xyz", 3);
}
END_TEST

/* 2,049 octets that we have not written; ones that we wrote taken back. */
START_TEST(hostile_net_55_console_index_that_cannot_be)
{
    static const uint32_t out_cons[] = { 1, (uint32_t)-2049, 0x80000000u };
    char got[8];
    ring->out_cons = out_cons[_i];
    ck_assert_uint_eq(xen_console_write(&console, "abc", 3), 0);
    ck_assert_uint_eq(console.breaches, 1);
    ck_assert_uint_eq(ring->out_prod, 0);
    ck_assert_uint_eq(xen_console_read(&console, got, sizeof got), 0);
    ck_assert_uint_eq(xen_console_write(&console, "abc", 3), 0);
    ck_assert_uint_eq(console.breaches, 1);
    ck_assert_uint_eq(x.ports[PORT].n_notified, 0);
}
END_TEST

START_TEST(hostile_net_55_console_more_typed_than_its_ring_holds)
{
    static const uint32_t in_prod[] = { 1025, 0xffffffffu, 0x80000000u };
    char got[2048];
    memset(got, 7, sizeof got);
    ring->in_prod = in_prod[_i];
    ck_assert_uint_eq(xen_console_read(&console, got, sizeof got), 0);
    ck_assert_uint_eq(console.breaches, 1);
    ck_assert_int_eq(got[0], 7);
    ck_assert_uint_eq(ring->in_cons, 0);
    ck_assert_uint_eq(xen_console_write(&console, "abc", 3), 0);
}
END_TEST

START_TEST(hostile_net_55_console_indices_of_ours_are_never_read)
{
    char got[8];
    ck_assert_uint_eq(xen_console_write(&console, "ab", 2), 2);
    ring->out_prod = 77;
    ring->in_cons = 99;
    type("xyz");
    ck_assert_uint_eq(xen_console_write(&console, "cd", 2), 2);
    ck_assert_uint_eq(ring->out_prod, 4);
    ck_assert_int_eq(ring->out[2], 'c');
    ck_assert_uint_eq(xen_console_read(&console, got, sizeof got), 3);
    ck_assert_uint_eq(ring->in_cons, 3);
}
END_TEST

/* Each index becomes another right after it was read. */
static void spoil(uint8_t *addr, bool written)
{
    if (!written && addr >= (uint8_t *)&ring->in_cons)
        memset(addr, 0xee, 4);
}

START_TEST(hostile_net_55_console_indices_rewritten_right_after_they_were_read)
{
    char got[1024];
    ring->in_prod = 600;
    access_watch(x.io, XEN_PAGE_LEN, spoil);
    size_t n_written = xen_console_write(&console, "0123456789", 10);
    size_t n_read = xen_console_read(&console, got, sizeof got);
    access_watch_end();
    ck_assert_uint_eq(n_written, 10);
    ck_assert_uint_eq(n_read, 600);
    ck_assert_uint_eq(console.breaches, 0);
}
END_TEST

START_TEST(test_console_that_is_not_there_takes_nothing)
{
    char got[8];
    xen_console_init(&console, &x.env, NULL, 0);
    ck_assert_uint_eq(xen_console_write(&console, "abc", 3), 0);
    ck_assert_uint_eq(xen_console_read(&console, got, sizeof got), 0);
    ck_assert_uint_eq(console.breaches, 0);
}
END_TEST

/* Nobody listens to a console that broke. */
START_TEST(hostile_net_55_console_that_broke_wakes_nobody)
{
    char got[8];
    ring->in_prod = 1025;
    ck_assert_uint_eq(xen_console_poll(&console, got, sizeof got, 0), 0);
    ck_assert_uint_eq(console.breaches, 1);
    ck_assert(x.ports[PORT].masked);
    fake_raise(&x, PORT);
    ck_assert(!fake_awake(&x));
    ck_assert_uint_eq(xen_console_poll(&console, got, sizeof got, 1), 0);
    ck_assert_uint_eq(xen_console_due(&console), TERN_NEVER);
    ck_assert(!fake_awake(&x));
}
END_TEST

/* Each time for longer, and what was typed meanwhile is found when the pause ends. */
START_TEST(hostile_net_55_console_event_storm_is_masked_with_growing_pauses)
{
    char got[8];
    uint64_t now_ns = TERN_SECOND_NS, pause_ns = TERN_MILLISECOND_NS;
    for (unsigned storm = 0; storm < 10; storm++) {
        unsigned n = 0;
        for (; xen_console_due(&console) == TERN_NEVER; n++) {
            ck_assert_uint_lt(n, 32);
            fake_raise(&x, PORT);
            ck_assert_uint_eq(xen_console_poll(&console, got, sizeof got, now_ns), 0);
        }
        ck_assert_uint_eq(n, storm == 0 ? 32 : 16);
        ck_assert_uint_eq(xen_console_due(&console), now_ns + pause_ns);
        fake_raise(&x, PORT);
        ck_assert(!fake_awake(&x));
        now_ns += pause_ns;
        pause_ns = 2 * pause_ns < 128 * TERN_MILLISECOND_NS ? 2 * pause_ns
                                                           : 128 * TERN_MILLISECOND_NS;
        ck_assert_uint_eq(xen_console_poll(&console, got, sizeof got, now_ns), 0);
        ck_assert_uint_eq(xen_console_due(&console), TERN_NEVER);
        ck_assert(!x.ports[PORT].masked);
        console.event.n_idle--;    /* of the look that ended the pause */
    }
    type("q");
    ck_assert_uint_eq(xen_console_poll(&console, got, sizeof got, now_ns), 1);
    ck_assert_uint_eq(console.event.n_idle + console.event.backoff, 0);
}
END_TEST

/* An index that goes to and fro takes nothing out: octets do, and each once. */
START_TEST(hostile_net_55_console_that_takes_the_same_octets_again_brings_no_work)
{
    char got[8];
    ck_assert_uint_eq(xen_console_write(&console, "abcd", 4), 4);
    for (unsigned i = 0; i < 100 && xen_console_due(&console) == TERN_NEVER; i++) {
        ring->out_cons = i % 2 == 0 ? 4 : 2;
        fake_raise(&x, PORT);
        ck_assert_uint_eq(xen_console_poll(&console, got, sizeof got, 0), 0);
        ck_assert_uint_le(i, 32);
    }
    ck_assert_uint_ne(xen_console_due(&console), TERN_NEVER);
    ck_assert_uint_eq(console.breaches, 0);
}
END_TEST

Suite *xen_console_suite(void)
{
    Suite *s = suite_create("xen_console");
    TCase *tc = tcase_create("console");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_console_octets_cross_both_ways);
    tcase_add_test(tc, test_console_that_is_full_takes_what_fits);
    tcase_add_test(tc, test_console_goes_on_where_a_loader_stopped_and_over_the_end_of_numbers);
    tcase_add_loop_test(tc, hostile_net_55_console_index_that_cannot_be, 0, 3);
    tcase_add_loop_test(tc, hostile_net_55_console_more_typed_than_its_ring_holds, 0, 3);
    tcase_add_test(tc, hostile_net_55_console_indices_of_ours_are_never_read);
    tcase_add_test(tc, hostile_net_55_console_indices_rewritten_right_after_they_were_read);
    tcase_add_test(tc, hostile_net_55_console_that_broke_wakes_nobody);
    tcase_add_test(tc, hostile_net_55_console_event_storm_is_masked_with_growing_pauses);
    tcase_add_test(tc, hostile_net_55_console_that_takes_the_same_octets_again_brings_no_work);
    tcase_add_test(tc, test_console_that_is_not_there_takes_nothing);
    suite_add_tcase(s, tc);
    return s;
}
