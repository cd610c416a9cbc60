/* SPDX-License-Identifier: ISC */
/* One end of a connection: what it sends and how, and what it checks. */
#include "end.h"

#include <string.h>

enum { CONTENT_LEN = 1 << 18 };

/* The octets that everybody sends: a stream's octet at position p is content[(key + p) % LEN]. */
static uint8_t content[CONTENT_LEN];

void end_content_init(void)
{
    struct sim_random r = { 1 };
    if (content[0] != 0 || content[1] != 0)
        return;
    for (size_t i = 0; i < CONTENT_LEN; i += 8)
        tern_store_be64(content + i, sim_random_u64(&r));
    content[0] |= 1;
}

static size_t run_len(const struct end *e)
{
    uint64_t at = (e->key + e->n_sent) % CONTENT_LEN;
    uint64_t left = e->n_total - e->n_sent;
    uint64_t room = CONTENT_LEN - at;
    return (size_t)(left < room ? left : room);
}

/* Sends one piece in a style drawn from the seed; returns how many octets went. */
static size_t send_piece(struct end *e)
{
    size_t at = (size_t)((e->key + e->n_sent) % CONTENT_LEN), len = run_len(e);
    size_t want = 1 + sim_random_below(&e->random, 20000);
    if (want > len)
        want = len;
    switch (sim_random_below(&e->random, 4)) {
    case 0:
        return tern_stream_borrow(e->s, content + at, want);
    case 1: {
        size_t done = 0;
        for (unsigned i = 0; i < 3 && done < want; i++) {
            size_t room, least = want - done < 100 ? want - done : 100;
            uint8_t *to = tern_stream_reserve(e->s, least, &room);
            if (to == NULL)
                break;
            size_t n = room < want - done ? room : want - done;
            memcpy(to, content + at + done, n);
            done += n;
            if (n < room)
                break;
        }
        tern_stream_commit(e->s, done);
        return done;
    }
    default:
        return tern_stream_write(e->s, content + at, want);
    }
}

static void end_of_sending(struct end *e)
{
    if (e->finished)
        return;
    e->finished = true;
    if (e->ending == CLOSE && e->ended)
        tern_stream_close(e->s);
    else
        tern_stream_finish(e->s);
}

static void pump(struct end *e)
{
    unsigned pieces = e->lazy ? 1 + sim_random_below(&e->random, 3) : 1000;
    while (e->n_sent < e->n_total && pieces-- > 0) {
        size_t n = send_piece(e);
        if (n == 0)
            break;
        e->n_sent += n;
        if (e->ending == ABORT_MIDWAY && e->n_sent >= e->abort_at) {
            tern_stream_abort(e->s, TERN_ABORTED);
            return;
        }
    }
    if (e->n_sent == e->n_total)
        end_of_sending(e);
    else if (e->lazy && !tern_timer_is_set(&e->timer))
        tern_timer_set(&e->host->turn, &e->timer,
                       e->host->turn.now_ns +
                           sim_random_u64(&e->random) % (50 * TERN_MILLISECOND_NS));
}

static void on_timer(struct tern_timer *timer, uint64_t now_ns)
{
    struct end *e = TERN_CONTAINER_OF(timer, struct end, timer);
    (void)now_ns;
    if (e->s == NULL || e->closed)
        return;
    tern_stream_resume(e->s);
    if (e->opened)
        pump(e);
}

static void on_opened(struct tern_stream *s)
{
    struct end *e = s->user;
    if (e->opened)
        e->wrong = "opened twice";
    e->opened = true;
    pump(e);
}

static size_t on_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct end *e = s->user;
    if (!e->opened || e->ended || e->closed)
        e->wrong = "data out of order with the other events";
    size_t take = len;
    if (e->slow_reader && sim_random_below(&e->random, 3) == 0) {
        take = sim_random_below(&e->random, (uint32_t)len + 1);
        if (!tern_timer_is_set(&e->timer))
            tern_timer_set(&e->host->turn, &e->timer,
                           e->host->turn.now_ns +
                               sim_random_u64(&e->random) % (30 * TERN_MILLISECOND_NS));
    }
    for (size_t i = 0; i < take; i++)
        if (data[i] != content[(e->peer->key + e->n_got + i) % CONTENT_LEN]) {
            e->wrong = "an octet differs from what was sent";
            break;
        }
    e->n_got += take;
    if (e->n_got > e->peer->n_sent)
        e->wrong = "more octets than were sent";
    memset(data, 0xee, take);    /* those taken may be overwritten */
    return take;
}

static void on_ended(struct tern_stream *s)
{
    struct end *e = s->user;
    if (e->ended)
        e->wrong = "ended twice";
    if (e->n_got != e->peer->n_total)
        e->wrong = "ended before all was delivered";
    e->ended = true;
    if (e->ending == CLOSE && e->n_sent == e->n_total)
        tern_stream_close(s);
}

static void on_room(struct tern_stream *s)
{
    pump(s->user);
}

static void on_closed(struct tern_stream *s, enum tern_err why)
{
    struct end *e = s->user;
    if (e->closed)
        e->wrong = "closed twice";
    e->closed = true;
    e->why = why;
    e->s = NULL;
    tern_timer_cancel(&e->host->turn, &e->timer);
}

const struct tern_stream_events end_events = {
    .opened = on_opened, .data = on_data, .ended = on_ended, .room = on_room, .closed = on_closed,
};

void end_attach(struct end *e, struct tern_stream *s)
{
    if (e->s != NULL || e->closed) {
        e->wrong = "accepted twice";
        return;
    }
    e->s = s;
    tern_stream_attach(s, &end_events, e);
}

void end_choose(struct end *e, struct sim_random *r)
{
    static const uint32_t most[] = { 1, 100, 3000, 60000, 400000 };
    e->random.state = sim_random_u64(r);
    e->key = sim_random_below(r, CONTENT_LEN);
    e->n_total = sim_random_below(r, most[sim_random_below(r, 5)] + 1);
    e->lazy = sim_random_below(r, 4) == 0;
    e->slow_reader = sim_random_below(r, 4) == 0;
    e->ending = sim_random_below(r, 2) == 0 ? FINISH : CLOSE;
    if (sim_random_below(r, 20) == 0 && e->n_total > 0) {
        e->ending = ABORT_MIDWAY;
        e->abort_at = 1 + sim_random_below(r, (uint32_t)e->n_total);
    }
    e->timer.fire = on_timer;
}
