/* SPDX-License-Identifier: ISC */
/*
 * Feeds as a provider: two of them, joined in memory, each with a pool of its
 * own, in three sizes.
 */
#include "conform.h"

#include <tern/feed.h>

#include <check.h>

#define BLOCK_LEN 2048u

static _Alignas(16) uint8_t mem[2][64 * BLOCK_LEN];
static struct tern_block_pool pools[2];
static struct tern_turn turn;
static struct tern_feed_set set;
static struct tern_feed feeds[2];    /* who connects, who accepts */
static bool end_told[2], error_told[2], refuses;
static size_t step_len;              /* octets moved at once */
static uint64_t now_ns;
static tern_accept_fn *accept_fn;
static void *accept_app;

static void setup(size_t n_blocks, const struct tern_feed_config *config, size_t step,
                  tern_accept_fn *accept, void *app)
{
    now_ns = 1;
    step_len = step;
    accept_fn = accept;
    accept_app = app;
    refuses = false;
    tern_turn_init(&turn, NULL, now_ns);
    tern_feed_set_init(&set, &turn, NULL);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(tern_block_pool_init(&pools[i], mem[i], n_blocks * BLOCK_LEN, BLOCK_LEN),
                         TERN_OK);
        end_told[i] = error_told[i] = false;
    }
    tern_feed_init(&feeds[0], &turn, &pools[0], config);
    tern_feed_init_in(&feeds[1], &set, &turn, &pools[1], config);
}

static void setup_ample(tern_accept_fn *accept, void *app)
{
    setup(64, NULL, SIZE_MAX, accept, app);
}

static void setup_small(tern_accept_fn *accept, void *app)
{
    static const struct tern_feed_config config = { .in_max = 100, .out_max = 150 };
    setup(4, &config, SIZE_MAX, accept, app);
}

static void setup_octet(tern_accept_fn *accept, void *app)
{
    static const struct tern_feed_config config = { .in_max = 100, .out_max = 3000 };
    setup(8, &config, 1, accept, app);
}

static struct tern_stream *feed_driver_connect(const struct tern_stream_events *events, void *user,
                                               bool refused)
{
    struct tern_endpoint_addr peer = { .addr = tern_addr_v4(0x7f000001), .port = 7 };
    ck_assert_int_eq(tern_feed_connect(&feeds[0], &peer, events, user), TERN_OK);
    refuses = refused;
    return &feeds[0].stream;
}

/* The cable learns of a connection when it is first looked at. */
static bool handshake(void)
{
    static const struct tern_endpoint_addr local = { .port = 40000 };
    if (tern_feed_state(&feeds[0]) == TERN_FEED_CLOSED || error_told[0] || end_told[0] ||
        tern_feed_state(&feeds[1]) != TERN_FEED_CLOSED || error_told[1] || end_told[1])
        return false;
    if (refuses) {
        error_told[0] = true;
        tern_feed_error(&feeds[0], TERN_REFUSED);
        return true;
    }
    if (tern_feed_state(&feeds[0]) == TERN_FEED_FAILED)
        return false;
    tern_feed_connected(&feeds[0], &local);
    ck_assert_int_eq(tern_feed_accept(&feeds[1], NULL, &local, accept_fn, accept_app), TERN_OK);
    return true;
}

/* Moves what one side put out to the other; true if anything happened. */
static bool carry(size_t i)
{
    struct tern_feed *from = &feeds[i], *to = &feeds[1 - i];
    struct tern_feed_span span;
    bool happened = false;
    if (tern_feed_output(from, &span)) {
        size_t len = span.len < step_len ? span.len : step_len;
        size_t n = tern_feed_input(to, span.data, len);
        tern_feed_sent(from, n);
        happened = n > 0;
    }
    enum tern_feed_state state = tern_feed_state(from);
    bool failed = state == TERN_FEED_FAILED ||
                  (state == TERN_FEED_CLOSED && tern_feed_why(from) != TERN_OK);
    if (failed && !error_told[1 - i] && !error_told[i]) {
        error_told[1 - i] = true;
        tern_feed_error(to, TERN_RESET);
        return true;
    }
    bool over = state == TERN_FEED_FINISHED ||
                (state == TERN_FEED_CLOSED && tern_feed_state(to) != TERN_FEED_CLOSED);
    if (over && !failed && !tern_feed_output(from, &span) && !end_told[1 - i]) {
        end_told[1 - i] = true;
        tern_feed_end(to);
        return true;
    }
    return happened;
}

static void feed_driver_pump(void)
{
    bool busy = true;
    while (busy) {
        busy = handshake();
        uint64_t next_ns = tern_turn_run(&turn, now_ns);
        busy = carry(0) || busy;
        busy = carry(1) || busy;
        busy = busy || next_ns <= now_ns;
    }
}

static void feed_driver_wait(uint64_t ns)
{
    now_ns += ns;
    feed_driver_pump();
}

static const char *feed_driver_teardown(void)
{
    for (size_t i = 0; i < 2; i++) {
        if (tern_feed_state(&feeds[i]) != TERN_FEED_CLOSED)
            return i == 0 ? "the feed that connected" : "the feed that accepted";
        if (pools[i].n_free != pools[i].n_blocks)
            return "blocks";
    }
    if (tern_turn_run(&turn, now_ns) != TERN_NEVER)
        return "a timer";
    return NULL;
}

#define FEED_DRIVER(driver_name, driver_setup, driver_much)  \
    {                                                        \
        .name = driver_name,                                 \
        .setup = driver_setup,                               \
        .connect = feed_driver_connect,                      \
        .pump = feed_driver_pump,                            \
        .wait = feed_driver_wait,                            \
        .teardown = feed_driver_teardown,                    \
        .linger_ns = 5 * TERN_SECOND_NS,                     \
        .long_ns = 3600 * TERN_SECOND_NS,                    \
        .much = driver_much,                                 \
    }

const struct conform_driver conform_feed = FEED_DRIVER("feed", setup_ample, 1 << 20);
const struct conform_driver conform_feed_small = FEED_DRIVER("feed, small", setup_small, 50000);
const struct conform_driver conform_feed_octet =
    FEED_DRIVER("feed, an octet at a time", setup_octet, 20000);
