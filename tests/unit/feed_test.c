/* SPDX-License-Identifier: ISC */
/*
 * The stream provider without I/O, from both of its sides: the owner's, who
 * moves octets, and the user's, who has the stream. What every provider must
 * do alike is in tests/stream; here is what only a feed has, and its limits.
 */
#include "suites.h"

#include <tern/feed.h>

#include <stdlib.h>
#include <string.h>

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

static void note(const char *word)
{
    ck_assert_uint_lt(strlen(user.trace) + strlen(word) + 2, sizeof user.trace);
    if (user.trace[0] != '\0')
        strcat(user.trace, " ");
    strcat(user.trace, word);
}

static void user_opened(struct tern_stream *s)
{
    note("opened");
    if (user.in_opened != NULL)
        user.in_opened(s);
}

static size_t user_data(struct tern_stream *s, uint8_t *data, size_t len)
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

static void user_ended(struct tern_stream *s)
{
    (void)s;
    note("ended");
}

static void user_room(struct tern_stream *s)
{
    (void)s;
    note("room");
}

static void user_flush(struct tern_stream *s)
{
    (void)s;
    note("flush");
}

static void user_closed(struct tern_stream *s, enum tern_err why)
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

static void accept_user(void *app, struct tern_stream *s)
{
    ck_assert_ptr_eq(app, &user);
    note("accept");
    if (user.attach)
        tern_stream_attach(s, events_to_attach, &user);
}

/* ---- The owner --------------------------------------------------------------------- */

static void setup_blocks(size_t n_blocks, const struct tern_feed_config *config)
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

static void setup(const struct tern_feed_config *config)
{
    setup_blocks(64, config);
}

static uint64_t run(void)
{
    uint64_t next_ns;
    while ((next_ns = tern_turn_run(&turn, now_ns)) <= now_ns)
        continue;
    return next_ns;
}

static void open_feed(void)
{
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    (void)run();
    ck_assert_str_eq(user.trace, "accept opened");
    user.trace[0] = '\0';
}

static void input(const char *text)
{
    ck_assert_uint_eq(tern_feed_input(&feed, (const uint8_t *)text, strlen(text)), strlen(text));
}

/* Takes all output, `step` octets at a time, into out; returns how many. */
static size_t output(uint8_t *out, size_t cap, size_t step)
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

static void expect_output(const char *text)
{
    uint8_t out[4096];
    size_t n = output(out, sizeof out, SIZE_MAX);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_mem_eq(out, text, n);
}

/* All blocks are back and `closed` came once. */
static void expect_over(enum tern_err why)
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

/* ---- Begins -------------------------------------------------------------------------- */

START_TEST(test_feed_that_is_not_attached_in_accept_is_aborted)
{
    setup(NULL);
    user.attach = false;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    input("GET");
    ck_assert_str_eq(user.trace, "");    /* a call runs no event */
    (void)run();
    ck_assert_str_eq(user.trace, "accept");
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_CLOSED);
    ck_assert_int_eq(tern_feed_why(&feed), TERN_ABORTED);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

static void abort_it(struct tern_stream *s)
{
    tern_stream_abort(s, TERN_UNSUPPORTED);
    ck_assert_uint_eq(tern_stream_write(s, pool_mem, 10), 0);
    size_t room;
    ck_assert_ptr_null(tern_stream_reserve(s, 1, &room));
    tern_stream_abort(s, TERN_BUG);    /* the first reason stays */
    tern_stream_finish(s);
}

START_TEST(test_feed_gives_opened_before_data_that_came_with_the_connection)
{
    setup(NULL);
    events_to_attach = &noting;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_INVALID);
    input("GET");
    tern_feed_end(&feed);
    (void)run();
    ck_assert_str_eq(user.trace, "accept opened data ended flush");
}
END_TEST

START_TEST(test_feed_that_failed_before_accept_is_offered_to_nobody)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    tern_feed_error(&feed, TERN_RESET);
    (void)run();
    ck_assert_str_eq(user.trace, "");
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_CLOSED);
    ck_assert_int_eq(tern_feed_why(&feed), TERN_RESET);
}
END_TEST

START_TEST(test_feed_connect_gives_opened_only_when_connected)
{
    setup(NULL);
    struct tern_endpoint_addr peer = { .port = 80 }, local = { .port = 40000 };
    struct tern_stream_info info;
    ck_assert_int_eq(tern_feed_connect(&feed, &peer, &quiet, &user), TERN_OK);
    ck_assert_int_eq(tern_feed_connect(&feed, &peer, &quiet, &user), TERN_INVALID);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"early", 5), 5);
    (void)run();
    ck_assert_str_eq(user.trace, "");
    tern_feed_connected(&feed, &local);
    (void)run();
    ck_assert_str_eq(user.trace, "opened");
    tern_feed_connected(&feed, &local);
    (void)run();
    ck_assert_str_eq(user.trace, "opened");
    ck_assert_uint_eq(tern_stream_info(&feed.stream, &info)->local.port, 40000);
    ck_assert_uint_eq(tern_stream_info(&feed.stream, &info)->peer.port, 80);
    expect_output("early");
}
END_TEST

START_TEST(test_feed_connect_that_fails_is_closed_without_opened)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_connect(&feed, NULL, &quiet, &user), TERN_OK);
    tern_feed_error(&feed, TERN_REFUSED);
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_FAILED);
    (void)run();
    ck_assert_str_eq(user.trace, "closed");
    expect_over(TERN_REFUSED);
}
END_TEST

START_TEST(test_feed_closed_while_it_connects_is_aborted)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_connect(&feed, NULL, &quiet, &user), TERN_OK);
    tern_stream_close(&feed.stream);
    (void)run();
    ck_assert_str_eq(user.trace, "closed");
    expect_over(TERN_ABORTED);
}
END_TEST

START_TEST(test_feed_that_ends_both_ways_while_it_connects_still_opens_first)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_connect(&feed, NULL, &noting, &user), TERN_OK);
    tern_stream_finish(&feed.stream);
    tern_feed_end(&feed);
    (void)run();
    ck_assert_str_eq(user.trace, "");
    tern_feed_connected(&feed, NULL);
    (void)run();
    ck_assert_str_eq(user.trace, "opened ended flush closed");
    expect_over(TERN_OK);
}
END_TEST

/* ---- Reading ------------------------------------------------------------------------- */

START_TEST(test_feed_offers_untaken_data_again_only_with_cause)
{
    setup(NULL);
    open_feed();
    user.take = 2;
    input("abcd");
    (void)run();
    ck_assert_str_eq(user.trace, "data");
    now_ns += TERN_SECOND_NS;
    (void)run();
    ck_assert_str_eq(user.trace, "data");
    input("e");                          /* new data */
    (void)run();
    ck_assert_str_eq(user.trace, "data offer");
    user.take = 1;
    tern_stream_resume(&feed.stream);    /* resume */
    (void)run();
    ck_assert_str_eq(user.trace, "data offer data");
    tern_feed_end(&feed);                /* an end is not ended while data waits */
    (void)run();
    ck_assert_str_eq(user.trace, "data offer data");
    user.take = SIZE_MAX;
    tern_stream_resume(&feed.stream);
    (void)run();
    ck_assert_mem_eq(user.got, "abcde", 5);
    ck_assert_uint_eq(user.n_got, 5);
}
END_TEST

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}

static const struct tern_stream_events echoing = { .data = echo_data, .closed = user_closed };

START_TEST(test_feed_echo_never_hangs_and_loses_nothing)
{
    static const struct { size_t n_blocks, in_max, out_max, step; } cases[] = {
        { 2, 1, 1, 1 },         { 2, 0, 0, 100 },         { 3, 5000, 10, 7 },
        { 64, 10, 5000, 4000 }, { 64, 0, 0, SIZE_MAX },   { 16, 3000, 3000, 1 },
    };
    struct tern_feed_config config = { .in_max = cases[_i].in_max, .out_max = cases[_i].out_max };
    static uint8_t sent[20000], back[20000];
    size_t n_sent = 0, n_back = 0;
    setup_blocks(cases[_i].n_blocks, &config);
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 31 + i / 256);
    events_to_attach = &echoing;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    for (unsigned turns = 0; n_back < sizeof sent; turns++) {
        ck_assert_uint_lt(turns, 100000);
        n_sent += tern_feed_input(&feed, sent + n_sent, sizeof sent - n_sent);
        (void)run();
        n_back += output(back + n_back, sizeof back - n_back, cases[_i].step);
    }
    ck_assert_mem_eq(sent, back, sizeof sent);
    tern_feed_end(&feed);    /* the default of ended: close */
    (void)run();
    expect_over(TERN_OK);
}
END_TEST

START_TEST(test_feed_takes_no_more_than_its_limit_and_tells_when_there_is_room)
{
    struct tern_feed_config config = { .in_max = 10 };
    setup(&config);
    open_feed();
    user.take = 0;
    ck_assert_uint_eq(tern_feed_input_room(&feed, 100), 10);
    ck_assert_uint_eq(tern_feed_input(&feed, (const uint8_t *)"0123456789ab", 12), 10);
    ck_assert(tern_feed_is_choked(&feed));
    ck_assert_uint_eq(tern_feed_input_room(&feed, 100), 0);
    size_t room;
    ck_assert_ptr_null(tern_feed_input_reserve(&feed, &room));
    (void)run();
    user.take = 4;
    tern_stream_resume(&feed.stream);
    (void)run();
    ck_assert(!tern_feed_is_choked(&feed));
    ck_assert_uint_eq(tern_feed_input_room(&feed, 100), 4);
    ck_assert_uint_eq(tern_feed_input_room(&feed, 3), 3);
}
END_TEST

START_TEST(test_feed_reads_in_place_without_a_copy)
{
    setup(NULL);
    open_feed();
    size_t room = 0, again = 0;
    uint8_t *at = tern_feed_input_reserve(&feed, &room);
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(room, DATA_CAP);
    ck_assert_ptr_null(tern_feed_input_reserve(&feed, &again));    /* one at a time */
    memcpy(at, "abc", 3);
    tern_feed_input_commit(&feed, 3);
    uint8_t *next = tern_feed_input_reserve(&feed, &room);
    ck_assert_ptr_eq(next, at + 3);    /* the rest of the block */
    ck_assert_uint_eq(room, DATA_CAP - 3);
    (void)run();                       /* what came before is taken meanwhile */
    ck_assert_uint_eq(user.n_got, 3);
    memcpy(next, "def", 3);
    tern_feed_input_commit(&feed, 3);
    (void)run();
    ck_assert_mem_eq(user.got, "abcdef", 6);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    ck_assert_ptr_nonnull(tern_feed_input_reserve(&feed, &room));
    tern_feed_input_commit(&feed, 0);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

START_TEST(test_feed_gives_the_tail_back_when_it_was_read_into_for_nothing)
{
    setup(NULL);
    open_feed();
    size_t room;
    input("abc");
    ck_assert_ptr_nonnull(tern_feed_input_reserve(&feed, &room));
    (void)run();
    ck_assert_uint_eq(pool.n_free, pool.n_blocks - 1);
    tern_feed_input_commit(&feed, 0);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    input("d");
    (void)run();
    ck_assert_mem_eq(user.got, "abcd", 4);
}
END_TEST

START_TEST(test_feed_keeps_room_that_is_lent_when_the_stream_fails)
{
    for (unsigned in_tail = 0; in_tail < 2; in_tail++) {
        setup(NULL);
        open_feed();
        size_t room;
        user.take = 0;
        if (in_tail)
            input("abc");
        ck_assert_ptr_nonnull(tern_feed_input_reserve(&feed, &room));
        tern_stream_abort(&feed.stream, TERN_ABORTED);
        (void)run();
        ck_assert_uint_eq(user.n_closed, 1);
        ck_assert_uint_eq(pool.n_free, pool.n_blocks - 1);
        ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_INVALID);
        tern_feed_input_commit(&feed, room);
        expect_over(TERN_ABORTED);
    }
}
END_TEST

START_TEST(test_feed_leaves_blocks_to_output_when_input_is_greedy)
{
    static struct tern_feed feeds[32];
    static uint8_t data[16 * BLOCK_LEN];
    setup_blocks(16, NULL);
    user.take = 0;
    for (size_t i = 0; i < 32; i++) {
        tern_feed_init(&feeds[i], &turn, &pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&feeds[i], NULL, NULL, accept_user, &user), TERN_OK);
        (void)run();
        (void)tern_feed_input(&feeds[i], data, sizeof data);
        user.trace[0] = '\0';
    }
    ck_assert_uint_eq(pool.n_free, 2);    /* an eighth */
    ck_assert_uint_gt(tern_stream_write(&feeds[0].stream, data, 100), 0);
}
END_TEST

START_TEST(test_feed_hears_and_answers_newcomers_whatever_slow_readers_hold)
{
    static struct tern_feed slow[24];
    static uint8_t much[32 * BLOCK_LEN];
    setup(NULL);
    for (size_t i = 0; i < 24; i++) {
        tern_feed_init(&slow[i], &turn, &pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&slow[i], NULL, NULL, accept_user, &user), TERN_OK);
        (void)run();
        ck_assert_uint_gt(tern_stream_write(&slow[i].stream, much, sizeof much), 0);
    }
    user.trace[0] = '\0';
    open_feed();
    input("a question");
    (void)run();
    ck_assert_uint_eq(user.n_got, 10);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, much, 100), 100);
}
END_TEST

START_TEST(test_feed_starved_by_others_looks_again_without_being_told)
{
    setup_blocks(4, NULL);
    open_feed();
    struct tern_block *others[4];
    for (size_t i = 0; i < 4; i++)
        others[i] = tern_block_take(&pool);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, pool_mem, 10), 0);
    ck_assert_uint_eq(tern_feed_input(&feed, pool_mem, 10), 0);
    ck_assert(tern_feed_is_choked(&feed));
    uint64_t deadline_ns = run();
    ck_assert_uint_gt(deadline_ns, now_ns);
    ck_assert_uint_ne(deadline_ns, TERN_NEVER);
    now_ns = deadline_ns;
    deadline_ns = run();
    ck_assert_str_eq(user.trace, "");    /* still none */
    for (size_t i = 0; i < 4; i++)
        tern_block_give(&pool, others[i]);
    now_ns = deadline_ns;
    ck_assert_uint_eq(run(), TERN_NEVER);
    ck_assert_str_eq(user.trace, "room");
    ck_assert(!tern_feed_is_choked(&feed));
}
END_TEST

START_TEST(test_feed_starved_behind_borrowed_octets_looks_again_once_they_are_sent)
{
    setup_blocks(4, NULL);
    open_feed();
    struct tern_block *others[4];
    for (size_t i = 0; i < 4; i++)
        others[i] = tern_block_take(&pool);
    ck_assert_uint_eq(tern_stream_borrow(&feed.stream, (const uint8_t *)"borrowed", 8), 8);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, pool_mem, 10), 0);
    ck_assert_uint_eq(run(), TERN_NEVER);    /* what is sent brings the next look */
    expect_output("borrowed");
    uint64_t deadline_ns = run();
    ck_assert_uint_ne(deadline_ns, TERN_NEVER);
    for (size_t i = 0; i < 4; i++)
        tern_block_give(&pool, others[i]);
    now_ns = deadline_ns;
    ck_assert_uint_eq(run(), TERN_NEVER);
    ck_assert_str_eq(user.trace, "room");
}
END_TEST

START_TEST(test_feed_says_what_its_owner_should_wait_for)
{
    struct tern_feed_config config = { .in_max = 10 };
    setup(&config);
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);    /* not open */
    open_feed();
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"ab", 2), 2);
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ | TERN_FEED_WRITE);
    user.take = 0;
    input("0123456789");
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_WRITE);
    (void)run();
    expect_output("ab");
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);    /* backpressure */
    user.take = SIZE_MAX;
    tern_stream_resume(&feed.stream);
    (void)run();
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ);
    tern_feed_end(&feed);
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"c", 1), 1);
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_WRITE);
    tern_feed_error(&feed, TERN_RESET);
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);
}
END_TEST

START_TEST(test_feed_that_connects_wants_to_be_told_when_it_can_write)
{
    setup(NULL);
    ck_assert_int_eq(tern_feed_connect(&feed, NULL, &quiet, &user), TERN_OK);
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_WRITE);
    tern_feed_connected(&feed, NULL);
    (void)run();
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ);
}
END_TEST

START_TEST(test_feed_that_may_not_be_read_is_visited_once_it_may)
{
    setup_blocks(4, NULL);
    open_feed();
    struct tern_block *others[4];
    for (size_t i = 0; i < 4; i++)
        others[i] = tern_block_take(&pool);
    ck_assert_uint_eq(tern_feed_wants(&feed), 0);    /* nobody has tried to read */
    uint64_t deadline_ns = run();
    ck_assert_uint_ne(deadline_ns, TERN_NEVER);
    for (size_t i = 0; i < 4; i++)
        tern_block_give(&pool, others[i]);
    now_ns = deadline_ns;
    ck_assert_uint_eq(run(), TERN_NEVER);
    ck_assert_uint_eq(tern_feed_wants(&feed), TERN_FEED_READ);
}
END_TEST

/* ---- Writing ------------------------------------------------------------------------- */

START_TEST(test_feed_keeps_the_order_of_copied_and_borrowed_octets)
{
    struct tern_stream_info info;
    setup(NULL);
    open_feed();
    struct tern_stream *s = &feed.stream;
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"one ", 4), 4);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"two ", 4), 4);
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"three ", 6), 6);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"four ", 5), 5);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"five", 4), 4);
    ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"five", 0), 0);
    struct tern_feed_span spans[8];
    ck_assert_uint_eq(tern_feed_outputs(&feed, spans, 8), 5);
    ck_assert_uint_eq(tern_feed_outputs(&feed, spans, 3), 3);
    ck_assert_uint_eq(tern_feed_outputs(&feed, spans, 0), 0);
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, 23);
    ck_assert_str_eq(info.provider, "feed");
    uint8_t out[64];
    ck_assert_uint_eq(output(out, sizeof out, 3), 23);
    ck_assert_mem_eq(out, "one two three four five", 23);
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, 0);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

START_TEST(test_feed_tells_room_after_a_borrow_that_found_no_place)
{
    setup(NULL);
    open_feed();
    for (size_t i = 0; i < TERN_FEED_BORROWS; i++)
        ck_assert_uint_eq(tern_stream_borrow(&feed.stream, (const uint8_t *)"xy", 2), 2);
    ck_assert_uint_eq(tern_stream_borrow(&feed.stream, (const uint8_t *)"z", 1), 0);
    (void)run();
    tern_feed_sent(&feed, 1);
    (void)run();
    ck_assert_str_eq(user.trace, "");
    tern_feed_sent(&feed, 1);
    (void)run();
    ck_assert_str_eq(user.trace, "room");
    ck_assert_uint_eq(tern_stream_borrow(&feed.stream, (const uint8_t *)"z", 1), 1);
    (void)run();
    expect_output("xyxyxyxyxyxyxyz");
}
END_TEST

START_TEST(test_feed_write_that_fits_exactly_owes_no_room)
{
    struct tern_feed_config config = { .out_max = 5 };
    struct tern_stream_info info;
    setup(&config);
    open_feed();
    ck_assert_uint_eq(tern_stream_info(&feed.stream, &info)->room, 5);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"12345", 5), 5);
    ck_assert_uint_eq(tern_stream_info(&feed.stream, &info)->room, 0);
    (void)run();
    expect_output("12345");
    (void)run();
    ck_assert_str_eq(user.trace, "");
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"123456", 6), 5);
    expect_output("12345");
    (void)run();
    ck_assert_str_eq(user.trace, "room");
}
END_TEST

START_TEST(test_feed_offers_data_before_room_and_then_tells_room)
{
    struct tern_feed_config config = { .out_max = 5 };
    setup(&config);
    open_feed();
    user.take = 0;
    input("in");
    (void)run();
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"123456", 6), 5);
    expect_output("12345");
    user.take = SIZE_MAX;
    (void)run();
    ck_assert_str_eq(user.trace, "offer data room");
}
END_TEST

START_TEST(test_feed_lends_spans_and_commits_over_all_of_them)
{
    struct tern_stream_info info;
    setup(NULL);
    open_feed();
    struct tern_stream *s = &feed.stream;
    size_t most = tern_stream_info(s, &info)->reserve_max, sum = 0, n_spans = 0, room = 0;
    uint8_t *span;
    ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"-", 1), 1);
    for (uint8_t c = 0; (span = tern_stream_reserve(s, 1, &room)) != NULL; n_spans++) {
        for (size_t i = 0; i < room; i++)
            span[i] = (uint8_t)(c++ % 251);
        sum += room;
    }
    ck_assert_uint_le(n_spans, TERN_RESERVE_SPANS);
    ck_assert_uint_ge(n_spans, 8);
    ck_assert_uint_le(sum, most);
    size_t n = DATA_CAP * 3 + 17;    /* the tail of the first, two whole ones, a part */
    tern_stream_commit(s, n);
    static uint8_t out[8 * BLOCK_LEN];
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, n + 1);
    ck_assert_uint_eq(pool.n_blocks - pool.n_free, 4);
    ck_assert_uint_eq(output(out, sizeof out, 1000), n + 1);
    ck_assert_uint_eq(out[0], '-');
    size_t n_right = 0;
    uint8_t c = 0;
    for (size_t i = 0; i < n; i++)
        n_right += out[1 + i] == (uint8_t)(c++ % 251);
    ck_assert_uint_eq(n_right, n);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    tern_stream_commit(s, 100);    /* nothing is reserved */
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, 0);
}
END_TEST

START_TEST(test_feed_reservation_keeps_its_limits)
{
    struct tern_feed_config config = { .out_max = 600 };
    size_t room = 0;
    setup(&config);
    open_feed();
    struct tern_stream *s = &feed.stream;
    ck_assert_ptr_null(tern_stream_reserve(s, TERN_RESERVE_LEAST + 1, &room));
    ck_assert_ptr_nonnull(tern_stream_reserve(s, TERN_RESERVE_LEAST, &room));
    ck_assert_uint_eq(room, 600);
    ck_assert_ptr_null(tern_stream_reserve(s, 1, &room));
    tern_stream_commit(s, 1000);    /* more than was lent is what was lent */
    struct tern_stream_info info;
    ck_assert_uint_eq(tern_stream_info(s, &info)->unsent, 600);
    tern_feed_sent(&feed, 599);
    ck_assert_ptr_nonnull(tern_stream_reserve(s, TERN_RESERVE_LEAST, &room));
    ck_assert_uint_eq(room, 599);
    tern_stream_commit(s, 0);
    ck_assert_uint_eq(tern_stream_write(s, pool_mem, 600), 599);
}
END_TEST

START_TEST(test_feed_write_borrow_finish_and_the_visit_give_reservations_back)
{
    size_t room;
    for (unsigned how = 0; how < 5; how++) {
        setup(NULL);
        open_feed();
        struct tern_stream *s = &feed.stream;
        for (size_t i = 0; i < 3; i++)
            ck_assert_ptr_nonnull(tern_stream_reserve(s, TERN_RESERVE_LEAST, &room));
        switch (how) {
        case 0: ck_assert_uint_eq(tern_stream_write(s, (const uint8_t *)"w", 1), 1); break;
        case 1: ck_assert_uint_eq(tern_stream_borrow(s, (const uint8_t *)"w", 1), 1); break;
        case 2: tern_stream_finish(s); break;
        case 3: tern_stream_close(s); break;
        default: tern_stream_resume(s); (void)run();
        }
        ck_assert_uint_ge(pool.n_free, pool.n_blocks - 1);
        tern_stream_commit(s, 10);
        if (how < 2)
            expect_output("w");
        else
            expect_output("");
        ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    }
}
END_TEST

START_TEST(test_feed_sent_empty_under_a_reservation_keeps_no_empty_block)
{
    size_t room;
    struct tern_feed_span span;
    setup(NULL);
    open_feed();
    static uint8_t data[DATA_CAP - 4];
    ck_assert_uint_eq(tern_stream_write(&feed.stream, data, sizeof data), sizeof data);
    ck_assert_ptr_nonnull(tern_stream_reserve(&feed.stream, 1, &room));
    ck_assert_uint_eq(room, 4);
    tern_feed_sent(&feed, sizeof data);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks - 1);
    tern_stream_commit(&feed.stream, 0);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"abcdef", 6), 6);
    ck_assert(tern_feed_output(&feed, &span));
    ck_assert_uint_eq(span.len, 6);
    expect_output("abcdef");
}
END_TEST

static void abort_with_spans(struct tern_stream *s)
{
    size_t room;
    uint8_t *span = tern_stream_reserve(s, 1, &room);
    ck_assert_ptr_nonnull(span);
    tern_stream_abort(s, TERN_UNSUPPORTED);
    memset(span, 1, room);    /* lent to the end of the visit */
    tern_stream_commit(s, room);
}

START_TEST(test_feed_aborted_with_spans_reserved_gives_all_back)
{
    setup(NULL);
    open_feed();
    user.in_data = abort_with_spans;
    input("x");
    (void)run();
    ck_assert_str_eq(user.trace, "data closed");
    expect_over(TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_feed_flushes_after_a_write_from_outside_a_turn)
{
    setup(NULL);
    events_to_attach = &noting;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    (void)run();
    user.trace[0] = '\0';
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"w", 1), 1);
    (void)run();
    ck_assert_str_eq(user.trace, "flush");
}
END_TEST

/* ---- Ends ---------------------------------------------------------------------------- */

START_TEST(test_feed_is_closed_in_order_when_both_ended_and_output_has_left)
{
    for (unsigned peer_first = 0; peer_first < 2; peer_first++) {
        setup(NULL);
        events_to_attach = &noting;
        ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
        (void)run();
        ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"bye", 3), 3);
        if (peer_first) {
            tern_feed_end(&feed);
            (void)run();
            ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_OPEN);
        }
        tern_stream_finish(&feed.stream);
        ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"more", 4), 0);
        (void)run();
        ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_FINISHED);
        input(peer_first ? "" : "still read");
        tern_feed_end(&feed);
        tern_feed_end(&feed);
        ck_assert_uint_eq(tern_feed_input(&feed, (const uint8_t *)"late", 4), 0);
        (void)run();
        ck_assert_uint_eq(user.n_closed, 0);
        expect_output("bye");
        (void)run();
        ck_assert_str_eq(user.trace, peer_first
                                         ? "accept opened flush ended flush flush flush closed"
                                         : "accept opened flush flush data ended flush "
                                           "flush closed");
        expect_over(TERN_OK);
    }
}
END_TEST

START_TEST(test_feed_close_discards_and_lingers_until_the_peer_ends)
{
    setup(NULL);
    open_feed();
    user.take = 0;
    input("untaken");
    (void)run();
    tern_stream_close(&feed.stream);
    tern_stream_close(&feed.stream);
    (void)run();
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
    input("discarded");
    size_t room;
    ck_assert_ptr_nonnull(tern_feed_input_reserve(&feed, &room));
    tern_feed_input_commit(&feed, room);
    now_ns += 4 * TERN_SECOND_NS;
    (void)run();
    ck_assert_uint_eq(user.n_closed, 0);
    tern_feed_end(&feed);
    (void)run();
    ck_assert_str_eq(user.trace, "offer closed");    /* no `ended` after close */
    expect_over(TERN_OK);
}
END_TEST

START_TEST(test_feed_close_gives_up_when_its_linger_time_runs_out)
{
    struct tern_feed_config config = { .linger_ns = TERN_SECOND_NS };
    setup(&config);
    open_feed();
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"bye", 3), 3);
    tern_stream_close(&feed.stream);
    ck_assert_uint_eq(run(), TERN_NEVER);    /* the time begins when all is sent */
    now_ns += 10 * TERN_SECOND_NS;
    ck_assert_uint_eq(run(), TERN_NEVER);
    expect_output("bye");
    uint64_t deadline_ns = run();
    ck_assert_uint_eq(deadline_ns, now_ns + TERN_SECOND_NS);
    now_ns += TERN_SECOND_NS / 2;
    input("x");                              /* does not lengthen it */
    ck_assert_uint_eq(run(), deadline_ns);
    now_ns = deadline_ns;
    (void)run();
    expect_over(TERN_TIMED_OUT);
}
END_TEST

START_TEST(test_feed_abort_in_data_is_closed_in_the_same_visit)
{
    setup(NULL);
    open_feed();
    user.in_data = abort_it;
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"lost", 4), 4);
    input("x");
    (void)run();
    ck_assert_str_eq(user.trace, "data closed");
    expect_over(TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_feed_abort_in_opened_is_closed_without_data)
{
    setup(NULL);
    user.in_opened = abort_it;
    ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
    input("x");
    (void)run();
    ck_assert_str_eq(user.trace, "accept opened closed");
    expect_over(TERN_UNSUPPORTED);
}
END_TEST

START_TEST(test_feed_abort_outside_a_turn_takes_effect_in_the_next)
{
    setup(NULL);
    open_feed();
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"lost", 4), 4);
    tern_stream_abort(&feed.stream, TERN_OK);
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_FAILED);
    ck_assert_str_eq(user.trace, "");
    expect_output("");
    tern_feed_error(&feed, TERN_RESET);    /* too late */
    (void)run();
    ck_assert_str_eq(user.trace, "closed");
    expect_over(TERN_ABORTED);
}
END_TEST

START_TEST(test_feed_error_drops_both_queues)
{
    setup(NULL);
    open_feed();
    user.take = 0;
    input("waiting");
    (void)run();
    ck_assert_uint_eq(tern_stream_write(&feed.stream, (const uint8_t *)"lost", 4), 4);
    tern_feed_error(&feed, TERN_RESET);
    expect_output("");
    (void)run();
    ck_assert_str_eq(user.trace, "offer closed");
    expect_over(TERN_RESET);
}
END_TEST

START_TEST(test_feed_s_memory_is_the_owner_s_after_the_turn_of_closed)
{
    setup(NULL);
    open_feed();
    turn.budget = 1;
    tern_feed_error(&feed, TERN_RESET);
    (void)tern_turn_run(&turn, now_ns);    /* its visit was all that the budget paid */
    ck_assert_uint_eq(user.n_closed, 1);
    memset(&feed, 0xee, sizeof feed);
    ck_assert_uint_eq(run(), TERN_NEVER);
}
END_TEST

static void accept_anew(struct tern_stream *s)
{
    (void)s;
    if (user.n_closed == 1)
        ck_assert_int_eq(tern_feed_accept(&feed, NULL, NULL, accept_user, &user), TERN_OK);
}

START_TEST(test_feed_may_be_opened_anew_inside_closed)
{
    setup(NULL);
    open_feed();
    user.in_closed = accept_anew;
    tern_stream_abort(&feed.stream, TERN_ABORTED);
    (void)run();
    ck_assert_str_eq(user.trace, "closed accept opened");
    ck_assert_int_eq(tern_feed_state(&feed), TERN_FEED_OPEN);
    ck_assert_int_eq(tern_feed_why(&feed), TERN_OK);
    tern_feed_error(&feed, TERN_RESET);
    (void)run();
    ck_assert_uint_eq(user.n_closed, 2);
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

/* ---- Another user -------------------------------------------------------------------- */

static void upgrade(struct tern_stream *s)
{
    note("upgrade");
    user.in_data = NULL;
    user.take = SIZE_MAX;
    tern_stream_attach(s, &noting, &user);
}

START_TEST(test_feed_gives_untaken_data_to_the_user_attached_in_data)
{
    for (size_t take = 0; take < 3; take++) {
        setup(NULL);
        open_feed();
        user.in_data = upgrade;
        user.take = take;
        input("ab");
        (void)run();
        ck_assert_uint_eq(user.n_got, 2);
        ck_assert_mem_eq(user.got, "ab", 2);
        ck_assert_int_eq(strncmp(user.trace, take == 0 ? "offer upgrade flush data"
                                             : take == 1 ? "data upgrade data flush"
                                                         : "data upgrade flush", 18), 0);
    }
}
END_TEST

/* ---- Sets ---------------------------------------------------------------------------- */

static struct tern_feed members[3];
static struct tern_feed_set set;

static void set_send(struct tern_feed_set *s)
{
    ck_assert_ptr_eq(s, &set);
    note("send");
    struct tern_feed *member;
    while ((member = tern_feed_set_next(s)) != NULL) {
        char name[2] = { (char)('0' + (member - members)), '\0' };
        note(name);
        struct tern_feed_span span;
        while (tern_feed_output(member, &span))
            tern_feed_sent(member, span.len);
        if (tern_feed_state(member) == TERN_FEED_CLOSED)
            memset(&member->stream, 0xee, sizeof member->stream);    /* the owner's again */
    }
}

START_TEST(test_feed_set_visits_in_the_order_of_news_and_tells_who_worked)
{
    setup(NULL);
    tern_feed_set_init(&set, &turn, set_send);
    for (size_t i = 0; i < 3; i++) {
        tern_feed_init_in(&members[i], &set, &turn, &pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&members[i], NULL, NULL, accept_user, &user), TERN_OK);
    }
    (void)run();
    ck_assert_str_eq(user.trace, "accept opened accept opened accept opened send 0 1 2");
    user.trace[0] = '\0';
    ck_assert_uint_eq(tern_feed_input(&members[2], (const uint8_t *)"x", 1), 1);
    ck_assert_uint_eq(tern_feed_input(&members[0], (const uint8_t *)"x", 1), 1);
    ck_assert_uint_eq(tern_feed_input(&members[2], (const uint8_t *)"x", 1), 1);
    (void)run();
    ck_assert_str_eq(user.trace, "data data send 2 0");
    user.trace[0] = '\0';
    tern_feed_error(&members[1], TERN_RESET);
    ck_assert_uint_eq(tern_stream_write(&members[0].stream, (const uint8_t *)"x", 1), 1);
    (void)run();
    ck_assert_str_eq(user.trace, "closed send 1 0");
    (void)run();
    ck_assert_uint_eq(pool.n_free, pool.n_blocks);
}
END_TEST

START_TEST(test_feed_set_is_bounded_by_the_turn_s_budget)
{
    struct tern_turn_config config = { .budget = 2 };
    setup(NULL);
    tern_turn_init(&turn, &config, now_ns);
    tern_feed_set_init(&set, &turn, NULL);
    for (size_t i = 0; i < 3; i++) {
        tern_feed_init_in(&members[i], &set, &turn, &pool, NULL);
        ck_assert_int_eq(tern_feed_accept(&members[i], NULL, NULL, accept_user, &user), TERN_OK);
    }
    ck_assert_uint_eq(tern_turn_run(&turn, now_ns), now_ns);
    ck_assert_str_eq(user.trace, "accept opened accept opened");
    ck_assert_uint_eq(tern_turn_run(&turn, now_ns), TERN_NEVER);
    ck_assert_str_eq(user.trace, "accept opened accept opened accept opened");
}
END_TEST

Suite *feed_suite(void)
{
    Suite *suite = suite_create("feed");
    TCase *begins = tcase_create("begins");
    tcase_add_test(begins, test_feed_that_is_not_attached_in_accept_is_aborted);
    tcase_add_test(begins, test_feed_gives_opened_before_data_that_came_with_the_connection);
    tcase_add_test(begins, test_feed_that_failed_before_accept_is_offered_to_nobody);
    tcase_add_test(begins, test_feed_connect_gives_opened_only_when_connected);
    tcase_add_test(begins, test_feed_connect_that_fails_is_closed_without_opened);
    tcase_add_test(begins, test_feed_closed_while_it_connects_is_aborted);
    tcase_add_test(begins, test_feed_that_ends_both_ways_while_it_connects_still_opens_first);
    suite_add_tcase(suite, begins);
    TCase *reading = tcase_create("reading");
    tcase_add_test(reading, test_feed_offers_untaken_data_again_only_with_cause);
    tcase_add_loop_test(reading, test_feed_echo_never_hangs_and_loses_nothing, 0, 6);
    tcase_add_test(reading, test_feed_takes_no_more_than_its_limit_and_tells_when_there_is_room);
    tcase_add_test(reading, test_feed_reads_in_place_without_a_copy);
    tcase_add_test(reading, test_feed_gives_the_tail_back_when_it_was_read_into_for_nothing);
    tcase_add_test(reading, test_feed_keeps_room_that_is_lent_when_the_stream_fails);
    tcase_add_test(reading, test_feed_leaves_blocks_to_output_when_input_is_greedy);
    tcase_add_test(reading, test_feed_hears_and_answers_newcomers_whatever_slow_readers_hold);
    tcase_add_test(reading, test_feed_starved_by_others_looks_again_without_being_told);
    tcase_add_test(reading,
                   test_feed_starved_behind_borrowed_octets_looks_again_once_they_are_sent);
    tcase_add_test(reading, test_feed_says_what_its_owner_should_wait_for);
    tcase_add_test(reading, test_feed_that_connects_wants_to_be_told_when_it_can_write);
    tcase_add_test(reading, test_feed_that_may_not_be_read_is_visited_once_it_may);
    suite_add_tcase(suite, reading);
    TCase *writing = tcase_create("writing");
    tcase_add_test(writing, test_feed_keeps_the_order_of_copied_and_borrowed_octets);
    tcase_add_test(writing, test_feed_tells_room_after_a_borrow_that_found_no_place);
    tcase_add_test(writing, test_feed_write_that_fits_exactly_owes_no_room);
    tcase_add_test(writing, test_feed_offers_data_before_room_and_then_tells_room);
    tcase_add_test(writing, test_feed_lends_spans_and_commits_over_all_of_them);
    tcase_add_test(writing, test_feed_reservation_keeps_its_limits);
    tcase_add_test(writing, test_feed_write_borrow_finish_and_the_visit_give_reservations_back);
    tcase_add_test(writing, test_feed_sent_empty_under_a_reservation_keeps_no_empty_block);
    tcase_add_test(writing, test_feed_aborted_with_spans_reserved_gives_all_back);
    tcase_add_test(writing, test_feed_flushes_after_a_write_from_outside_a_turn);
    suite_add_tcase(suite, writing);
    TCase *ends = tcase_create("ends");
    tcase_add_test(ends, test_feed_is_closed_in_order_when_both_ended_and_output_has_left);
    tcase_add_test(ends, test_feed_close_discards_and_lingers_until_the_peer_ends);
    tcase_add_test(ends, test_feed_close_gives_up_when_its_linger_time_runs_out);
    tcase_add_test(ends, test_feed_abort_in_data_is_closed_in_the_same_visit);
    tcase_add_test(ends, test_feed_abort_in_opened_is_closed_without_data);
    tcase_add_test(ends, test_feed_abort_outside_a_turn_takes_effect_in_the_next);
    tcase_add_test(ends, test_feed_error_drops_both_queues);
    tcase_add_test(ends, test_feed_s_memory_is_the_owner_s_after_the_turn_of_closed);
    tcase_add_test(ends, test_feed_may_be_opened_anew_inside_closed);
    suite_add_tcase(suite, ends);
    TCase *users = tcase_create("users and sets");
    tcase_add_test(users, test_feed_gives_untaken_data_to_the_user_attached_in_data);
    tcase_add_test(users, test_feed_set_visits_in_the_order_of_news_and_tells_who_worked);
    tcase_add_test(users, test_feed_set_is_bounded_by_the_turn_s_budget);
    suite_add_tcase(suite, users);
    return suite;
}
