/* SPDX-License-Identifier: ISC */
/*
 * The entropy device: it may give little at a time, nothing, or lie.
 */
#include "suites.h"
#include "virtio_fake.h"

#include <backends/kvm/virtio_rng.h>

#include <string.h>

static struct fake f;
static uint64_t now;
static uint16_t gives_id;
static uint32_t gives_len;
static uint64_t gives_at;
static unsigned n_gifts;    /* how often it answers */

static void setup(void)
{
    n_gifts = 1;
    fake_init(&f, VIRTIO_F_VERSION_1);
    now = 0;
    gives_id = 0;
    gives_len = 32;
    gives_at = 5;
}

static void teardown(void) { fake_free(&f); }

/* Time passes by looking at it; the device answers at its moments. */
static uint64_t clock_ns(void)
{
    if (now >= gives_at && (now - gives_at) % 10 == 0 && n_gifts > 0) {
        uint8_t *buf;
        fake_take(&f, FAKE_RX, &buf, NULL);
        memset(buf, 0x42 + (int)--n_gifts, 32);
        fake_give(&f, FAKE_RX, gives_id, gives_len);
        fake_show(&f, FAKE_RX);
    }
    return now++;
}

START_TEST(test_rng_gives_what_the_device_wrote)
{
    uint8_t out[64] = { 0 }, wanted[32];
    memset(wanted, 0x42, sizeof wanted);
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 32);
    ck_assert_mem_eq(out, wanted, 32);
    ck_assert_uint_eq(out[32], 0);
    ck_assert_uint_eq(f.n_interrupts, 0);
    ck_assert_uint_eq(f.status, 0);    /* stopped again */
}
END_TEST

START_TEST(test_rng_that_gives_less_is_asked_again)
{
    uint8_t out[64] = { 0 }, wanted[32];
    memset(wanted, 0x45, 8);
    memset(wanted + 8, 0x44, 8);
    memset(wanted + 16, 0x43, 8);
    memset(wanted + 24, 0x42, 8);
    gives_len = 8;
    n_gifts = 4;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 32);
    ck_assert_mem_eq(out, wanted, 32);
    ck_assert_uint_eq(out[32], 0);
    ck_assert_uint_eq(f.status, 0);
}
END_TEST

START_TEST(test_rng_that_runs_dry_gives_what_it_gave)
{
    uint8_t out[64] = { 0 };
    gives_len = 7;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 7);
    ck_assert_uint_ge(now, 1000);
    ck_assert_uint_eq(out[6], 0x42);
    ck_assert_uint_eq(out[7], 0);
}
END_TEST

START_TEST(test_rng_that_gives_nothing_is_not_asked_for_ever)
{
    uint8_t out[32];
    gives_len = 0;
    n_gifts = UINT32_MAX;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, UINT64_MAX), 0);
    ck_assert_uint_eq(f.status, 0);
}
END_TEST

START_TEST(test_rng_that_never_answers_is_given_up)
{
    uint8_t out[32];
    gives_at = UINT64_MAX;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 0);
    ck_assert_uint_ge(now, 1000);
    ck_assert_uint_le(now, 1010);
    ck_assert_uint_eq(f.status, 0);
}
END_TEST

START_TEST(test_rng_that_cannot_be_used_gives_nothing)
{
    uint8_t out[32];
    f.queue_max = 1;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 0);
    fake_free(&f);
    fake_init(&f, VIRTIO_F_VERSION_1);
    f.io_used = f.io_len;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 0);
    fake_free(&f);
    fake_init(&f, VIRTIO_F_VERSION_1);
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 0, clock_ns, 1000), 0);    /* nothing wanted */
    ck_assert_ptr_null((const void *)(uintptr_t)f.q[FAKE_RX].desc);
    fake_free(&f);
    fake_init(&f, 0);
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 0);
    ck_assert_ptr_nonnull(strstr(f.log, "legacy"));
}
END_TEST

START_TEST(hostile_net_55_entropy_longer_than_was_asked_for)
{
    uint8_t out[32] = { 0 };
    gives_len = 33;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 0);
    ck_assert_uint_eq(f.dev.breaches[VIRTIO_BREACH_LEN], 1);
    ck_assert_uint_eq(out[0], 0);
}
END_TEST

/* Each answer is held to what that question asked for. */
START_TEST(hostile_net_55_entropy_longer_than_the_rest)
{
    uint8_t out[32] = { 0 };
    gives_len = 17;
    n_gifts = 2;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 0);
    ck_assert_uint_eq(f.dev.breaches[VIRTIO_BREACH_LEN], 1);
}
END_TEST

START_TEST(hostile_net_55_entropy_in_a_buffer_that_it_does_not_have)
{
    uint8_t out[32];
    gives_id = 1;
    ck_assert_uint_eq(virtio_rng_read(&f.dev, out, 32, clock_ns, 1000), 0);
    ck_assert_uint_eq(f.dev.breaches[VIRTIO_BREACH_NOT_IN_FLIGHT], 1);
}
END_TEST

Suite *virtio_rng_suite(void)
{
    Suite *s = suite_create("virtio_rng");
    TCase *tc = tcase_create("rng");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_rng_gives_what_the_device_wrote);
    tcase_add_test(tc, test_rng_that_gives_less_is_asked_again);
    tcase_add_test(tc, test_rng_that_runs_dry_gives_what_it_gave);
    tcase_add_test(tc, test_rng_that_gives_nothing_is_not_asked_for_ever);
    tcase_add_test(tc, test_rng_that_never_answers_is_given_up);
    tcase_add_test(tc, test_rng_that_cannot_be_used_gives_nothing);
    tcase_add_test(tc, hostile_net_55_entropy_longer_than_was_asked_for);
    tcase_add_test(tc, hostile_net_55_entropy_longer_than_the_rest);
    tcase_add_test(tc, hostile_net_55_entropy_in_a_buffer_that_it_does_not_have);
    suite_add_tcase(s, tc);
    return s;
}
