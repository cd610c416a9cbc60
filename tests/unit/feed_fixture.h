/* SPDX-License-Identifier: ISC */
/*
 * A feed, an owner that moves its octets, and a user that notes what happens.
 * Each file of tests that includes this has them for itself.
 */
#ifndef TERN_TESTS_UNIT_FEED_FIXTURE_H
#define TERN_TESTS_UNIT_FEED_FIXTURE_H

#include <check.h>
#include <string.h>

#include <tern/feed.h>

#define BLOCK_LEN 2048u
#define DATA_CAP (BLOCK_LEN - sizeof(struct tern_block))

static _Alignas(16) uint8_t pool_mem[64 * BLOCK_LEN];
static struct tern_block_pool pool;
static struct tern_turn turn;
static struct tern_feed feed;
static uint64_t now_ns;

/* ---- A user that notes what happens ---------------------------------------------- */

static struct {
    char trace[512];              /* events by their words */
    uint8_t got[1 << 17];
    size_t n_got;
    size_t take;                  /* how much of the next data to take at most */
    enum tern_err why;
    unsigned n_closed;
    bool attach;
    void (*in_data)(struct tern_stream *s);
    void (*in_opened)(struct tern_stream *s);
    void (*in_closed)(struct tern_stream *s);
} user;

static inline void note(const char *word)
{
    ck_assert_uint_lt(strlen(user.trace) + strlen(word) + 2, sizeof user.trace);
    if (user.trace[0] != '\0')
        strcat(user.trace, " ");
    strcat(user.trace, word);
}

static inline void user_opened(struct tern_stream *s)
{
    note("opened");
    if (user.in_opened != NULL)
        user.in_opened(s);
}

static inline size_t user_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    ck_assert_uint_ge(len, 1);
    size_t n = len < user.take ? len : user.take;
    note(n == 0 ? "offer" : "data");
    ck_assert_uint_le(n, sizeof user.got - user.n_got);
    memcpy(user.got + user.n_got, data, n);
    memset(data, 0xdd, n);    /* what is taken may be overwritten */
    user.n_got += n;
    if (user.take != SIZE_MAX)
        user.take -= n;
    if (user.in_data != NULL)
        user.in_data(s);
    return n;
}

static inline void user_ended(struct tern_stream *s)
{
    (void)s;
    note("ended");
}

static inline void user_room(struct tern_stream *s)
{
    (void)s;
    note("room");
}

static inline void user_flush(struct tern_stream *s)
{
    (void)s;
    note("flush");
}

static inline void user_closed(struct tern_stream *s, enum tern_err why)
{
    note("closed");
    user.why = why;
    user.n_closed++;
    /* Nothing does anything any more. */
    ck_assert_uint_eq(tern_stream_write(s, pool_mem, 1), 0);
    ck_assert_uint_eq(tern_stream_borrow(s, pool_mem, 1), 0);
    tern_stream_commit(s, 0);
    tern_stream_resume(s);
    tern_stream_close(s);
    tern_stream_abort(s, TERN_BUG);
    if (user.in_closed != NULL)
        user.in_closed(s);
}

static const struct tern_stream_events noting = {
    .opened = user_opened,
    .data = user_data,
    .ended = user_ended,
    .room = user_room,
    .flush = user_flush,
    .closed = user_closed,
};

/* As noting, but without the entries that have a default, and without flush. */
static const struct tern_stream_events quiet = {
    .opened = user_opened,
    .data = user_data,
    .room = user_room,
    .closed = user_closed,
};

static const struct tern_stream_events *events_to_attach;

static inline void accept_user(void *app, struct tern_stream *s)
{
    ck_assert_ptr_eq(app, &user);
    note("accept");
    if (user.attach)
        tern_stream_attach(s, events_to_attach, &user);
}

/* ---- The owner --------------------------------------------------------------------- */

static inline void setup_blocks(size_t n_blocks, const struct tern_feed_config *config)
{
    memset(&user, 0, sizeof user);
    user.take = SIZE_MAX;
    user.attach = true;
    events_to_attach = &quiet;
    now_ns = TERN_SECOND_NS;
    ck_assert_int_eq(tern_block_pool_init(&pool, pool_mem, n_blocks * BLOCK_LEN, BLOCK_LEN),
                     TERN_OK);
    tern_turn_init(&turn, NULL, now_ns);
    tern_feed_init(&feed, &turn, &pool, config);
}

static inline void setup(const struct tern_feed_config *config)
{
    setup_blocks(64, config);
}

static inline uint64_t run(void)
{
    uint64_t next_ns;
    while ((next_ns = tern_turn_run(&turn, now_ns)) <= now_ns)
        continue;
    return next_ns;
}

static inline void open_feed(void)
{
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    (void)run();
    ck_assert_str_eq(user.trace, "accept opened");
    user.trace[0] = '\0';
}

static inline void input(const char *text)
{
    ck_assert_uint_eq(tern_feed_input(&feed, (const uint8_t *)text, strlen(text)), strlen(text));
}

/* Takes all output, `step` octets at a time, into out; returns how many. */
static inline size_t output(uint8_t *out, size_t cap, size_t step)
{
    struct tern_feed_span span;
    size_t n = 0;
    while (tern_feed_output(&feed, &span)) {
        size_t len = span.len < step ? span.len : step;
        ck_assert_uint_le(len, cap - n);
        memcpy(out + n, span.data, len);
        tern_feed_sent(&feed, len);
        n += len;
    }
    return n;
}

static inline void expect_output(const char *text)
{
    uint8_t out[4096];
    size_t n = output(out, sizeof out, SIZE_MAX);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_mem_eq(out, text, n);
}

/* All blocks are back and `closed` came once. */
static inline void expect_over(enum tern_err why)
{
    ck_assert_uint_eq(user.n_closed, 1);
    ck_assert_int_eq(user.why, why);
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_CLOSED);
    ck_assert_int_eq(tern_feed_why(&feed), why);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    ck_assert_uint_eq(run(), TERN_NEVER);
    ck_assert_uint_eq(user.n_closed, 1);
    ck_assert_uint_eq(tern_feed_input(&feed, pool_mem, 1), 0);
    ck_assert_uint_eq(tern_feed_input_room(&feed, 1), 0);
}

#endif
