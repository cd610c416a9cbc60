/* SPDX-License-Identifier: ISC */
/*
 * A feed under an owner and a user who do anything at any time. The input is
 * the list of what they do. Octets of both directions are numbered by a
 * pattern, so that a lost, doubled or moved one is seen at once; events come
 * in their order and never inside a call; in the end every block is back.
 */
#include <tern/feed.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_BLOCKS 12u
#define BLOCK_LEN 2048u
#define PATTERN_LEN 4099u    /* a prime: no block or span hides a shift */
#define MOST_LEN 16384u
#define N_STEPS 4096u

static _Alignas(16) uint8_t mem[N_BLOCKS * BLOCK_LEN];
static uint8_t pattern[PATTERN_LEN + MOST_LEN];    /* goes on for what begins in it */
static struct tern_block_pool pool;
static struct tern_turn turn;
static struct tern_feed feed;
static uint64_t now_ns;

/* The list of what is done. */
static const uint8_t *script;
static size_t script_len;

/* How far each direction is, in octets of its pattern. */
static uint64_t in_given, in_taken, out_written, out_sent;
static bool in_event, in_call, accepted, opened, ended, closed, attached;
static bool in_reserved;
static uint8_t *in_place;
static size_t in_place_len;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t next_octet(void)
{
    if (script_len == 0)
        return 0;
    script_len--;
    return *script++;
}

/* A length that is often small and sometimes more than a block. */
static size_t next_len(void)
{
    uint8_t v = next_octet();
    return v < 128 ? v : (size_t)(v - 127) * 61;
}

static uint8_t pattern_at(size_t i)
{
    i %= PATTERN_LEN;
    return (uint8_t)(i * 167 + i / 256);
}

static void pattern_fill(uint8_t *to, uint64_t at, size_t len)
{
    must(len <= MOST_LEN);
    memcpy(to, pattern + at % PATTERN_LEN, len);
}

static void pattern_check(const uint8_t *data, uint64_t at, size_t len)
{
    must(len <= MOST_LEN && memcmp(data, pattern + at % PATTERN_LEN, len) == 0);
}

/* ---- The user -------------------------------------------------------------------- */

static void write_some(struct tern_stream *s, size_t len)
{
    static uint8_t buf[MOST_LEN];
    pattern_fill(buf, out_written, len);
    size_t n = tern_stream_write(s, buf, len);
    must(n <= len);
    out_written += n;
}

static void borrow_some(struct tern_stream *s, size_t len)
{
    size_t at = out_written % PATTERN_LEN;
    if (len > PATTERN_LEN - at)
        len = PATTERN_LEN - at;
    size_t n = tern_stream_borrow(s, pattern + at, len);
    must(n == 0 || n == len);
    out_written += n;
}

static void reserve_some(struct tern_stream *s, size_t least, unsigned n_spans, size_t less)
{
    size_t sum = 0, room = 0;
    tern_stream_commit(s, 0);    /* what an earlier step left */
    for (unsigned i = 0; i < n_spans; i++) {
        uint8_t *span = tern_stream_reserve(s, least, &room);
        if (span == NULL)
            break;
        must(room >= least && i < TERN_RESERVE_SPANS);
        pattern_fill(span, out_written + sum, room);
        sum += room;
    }
    size_t len = less < sum ? sum - less : 0;
    tern_stream_commit(s, len);
    if (tern_feed_state(&feed) == TERN_FEED_OPEN)
        out_written += len;
}

static const struct tern_stream_events events_all, events_few;

static void user_act(struct tern_stream *s)
{
    must(!in_call);
    in_call = true;
    uint8_t what = next_octet();
    switch (what % 16) {
    case 0:
    case 1:
        write_some(s, next_len());
        break;
    case 2:
        borrow_some(s, next_len());
        break;
    case 3:
        reserve_some(s, 1 + next_octet() % TERN_RESERVE_LEAST, 1 + what / 16, next_octet());
        break;
    case 4:
        reserve_some(s, 1, 20, 0);
        break;
    case 5:
        tern_stream_resume(s);
        break;
    case 6:
        if (what / 16 == 0)
            tern_stream_finish(s);
        break;
    case 7:
        if (what / 16 == 0)
            tern_stream_close(s);
        break;
    case 8:
        if (what / 16 == 0)
            tern_stream_abort(s, TERN_UNSUPPORTED);
        break;
    case 9:
        if (attached)
            tern_stream_attach(s, what / 16 % 2 == 0 ? &events_all : &events_few, &feed);
        break;
    case 10: {
        size_t room;    /* left for the visit to give back */
        (void)tern_stream_reserve(s, 1, &room);
        break;
    }
    default:
        break;
    }
    in_call = false;
}

static void enter(void)
{
    must(!in_event && !in_call && !closed && turn.running);
    in_event = true;
}

static void on_opened(struct tern_stream *s)
{
    enter();
    must(!opened);
    opened = true;
    user_act(s);
    in_event = false;
}

static size_t on_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    enter();
    must(opened && !ended && len >= 1);
    pattern_check(data, in_taken, len);
    uint8_t how = next_octet();
    size_t n = how < 200 ? len : how < 220 ? 0 : len < how - 219u ? len : how - 219u;
    in_taken += n;
    user_act(s);
    memset(data, 0xdd, n);
    in_event = false;
    return n;
}

static void on_ended(struct tern_stream *s)
{
    enter();
    must(opened && !ended && in_taken == in_given);
    ended = true;
    user_act(s);
    in_event = false;
}

static void on_other(struct tern_stream *s)    /* room, flush */
{
    enter();
    must(opened);
    user_act(s);
    in_event = false;
}

static void on_closed(struct tern_stream *s, enum tern_err why)
{
    enter();
    closed = true;
    if (why == TERN_OK)
        must(out_sent == out_written);
    user_act(s);
    in_event = false;
}

static const struct tern_stream_events events_all = {
    .opened = on_opened,
    .data = on_data,
    .ended = on_ended,
    .room = on_other,
    .flush = on_other,
    .closed = on_closed,
};

/* `ended` by default: close. */
static const struct tern_stream_events events_few = {
    .opened = on_opened,
    .data = on_data,
    .closed = on_closed,
};

static void on_accept(void *app, struct tern_stream *s)
{
    (void)app;
    must(!accepted && !in_call);
    accepted = true;
    uint8_t what = next_octet();
    attached = what % 8 != 0;
    if (attached)
        tern_stream_attach(s, what % 2 == 0 ? &events_all : &events_few, &feed);
    if (what / 64 == 3)
        tern_stream_abort(s, TERN_ABORTED);
}

/* ---- The owner ------------------------------------------------------------------- */

static bool is_discarding(void)
{
    return in_given != in_taken + feed.in_len;
}

static void give(size_t len)
{
    static uint8_t buf[MOST_LEN];
    size_t before = feed.in_len;
    pattern_fill(buf, in_given, len);
    size_t room = tern_feed_input_room(&feed, len);
    must(room <= len);
    size_t n = tern_feed_input(&feed, buf, len);
    must(n == room);
    if (feed.in_len == before + n)    /* kept, not discarded after close */
        in_given += n;
}

static void give_in_place(size_t len)
{
    if (!in_reserved) {
        in_place_len = 0;
        in_place = tern_feed_input_reserve(&feed, &in_place_len);
        in_reserved = in_place != NULL;
        return;
    }
    size_t n = len < in_place_len ? len : in_place_len;
    size_t before = feed.in_len;
    pattern_fill(in_place, in_given, n);
    tern_feed_input_commit(&feed, n);
    if (feed.in_len == before + n)
        in_given += n;
    in_reserved = false;
}

static void send_some(size_t len)
{
    struct tern_feed_span spans[20];
    size_t n = tern_feed_outputs(&feed, spans, 1 + len % 20), sent = 0;
    for (size_t i = 0; i < n; i++) {
        must(spans[i].len > 0);
        size_t part = len - sent < spans[i].len ? len - sent : spans[i].len;
        pattern_check(spans[i].data, out_sent + sent, spans[i].len < 64 ? spans[i].len : 64);
        pattern_check(spans[i].data, out_sent + sent, part);
        sent += part;
        if (part < spans[i].len)
            break;
    }
    tern_feed_sent(&feed, sent);
    out_sent += sent;
}

static void run_turns(void)
{
    for (unsigned i = 0; i < 64 && tern_turn_run(&turn, now_ns) <= now_ns; i++)
        continue;
}

static void owner_act(uint8_t what)
{
    switch (what % 16) {
    case 0:
    case 1:
        if (!in_reserved)
            give(next_len());
        break;
    case 2:
        give_in_place(next_len());
        break;
    case 3:
    case 4:
        send_some(next_len());
        break;
    case 5:
        send_some(8000);
        break;
    case 6:
    case 7:
        run_turns();
        break;
    case 8:
        now_ns += (uint64_t)next_octet() * 10 * TERN_MILLISECOND_NS;
        run_turns();
        break;
    case 9:
        if (what / 16 == 0 && !in_reserved)
            tern_feed_end(&feed);
        break;
    case 10:
        if (what / 16 == 0)
            tern_feed_error(&feed, TERN_RESET);
        break;
    case 11:
        tern_feed_connected(&feed, NULL);
        break;
    default:
        if (accepted && attached)
            user_act(&feed.stream);
        break;
    }
}

static void setup(void)
{
    uint8_t sizes = next_octet(), how = next_octet();
    struct tern_feed_config config = {
        .in_max = sizes % 4 == 0 ? 0 : 1u + sizes * 7u,
        .out_max = sizes % 8 == 1 ? 0 : 1u + sizes * 31u,
        .linger_ns = TERN_SECOND_NS,
    };
    in_given = in_taken = out_written = out_sent = now_ns = 0;
    in_event = in_call = accepted = opened = ended = closed = in_reserved = false;
    for (size_t i = 0; pattern[1] == 0 && i < sizeof pattern; i++)
        pattern[sizeof pattern - 1 - i] = pattern_at(sizeof pattern - 1 - i);
    must(tern_block_pool_init(&pool, mem, (2 + how % (N_BLOCKS - 1)) * BLOCK_LEN, BLOCK_LEN) ==
         TERN_OK);
    tern_turn_init(&turn, NULL, now_ns);
    tern_feed_init(&feed, &turn, &pool, &config);
    if (how >= 128) {
        accepted = attached = true;
        must(tern_feed_connect(&feed, NULL, &events_all, &feed) == TERN_OK);
    } else {
        must(tern_feed_accept(&feed, NULL, NULL, on_accept, NULL) == TERN_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    script = data;
    script_len = size;
    setup();
    for (unsigned i = 0; i < N_STEPS && script_len > 0; i++) {
        owner_act(next_octet());
        if (feed.in_len > 0)
            must(!is_discarding() || tern_feed_state(&feed) != TERN_FEED_OPEN);
    }
    if (in_reserved)
        tern_feed_input_commit(&feed, 0);
    /* Nothing more is done by anybody: an error ends it, once, and all is back. */
    script_len = 0;
    tern_feed_error(&feed, TERN_TIMED_OUT);
    run_turns();
    must(tern_feed_state(&feed) == TERN_FEED_CLOSED);
    must(closed || !attached || !accepted);
    must(pool.n_free == pool.n_blocks);
    must(tern_turn_run(&turn, now_ns) == TERN_NEVER);
    return 0;
}
