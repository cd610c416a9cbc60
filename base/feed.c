/* SPDX-License-Identifier: ISC */
/*
 * The stream provider without I/O: a feed's life, its visits, and sets of
 * feeds. The order of a visit is that of struct tern_stream_events.
 */
#include "feed_internal.h"

#include <string.h>

#define IN_MAX_DEFAULT 65536u
#define OUT_MAX_DEFAULT 65536u
#define LINGER_DEFAULT_NS (5 * TERN_SECOND_NS)

/* How often to look again for a block when the pool was empty. */
#define STARVED_NS (10 * TERN_MILLISECOND_NS)

/* ---- News ---------------------------------------------------------------------- */

static void set_ready(struct tern_feed_set *set, struct tern_feed *feed)
{
    feed->ready_next = NULL;
    *set->ready_last = feed;
    set->ready_last = &feed->ready_next;
    tern_provider_ready(&set->provider);
}

void tern_feed_wake(struct tern_feed *feed)
{
    if (feed_has(feed, FEED_VISITING)) {
        feed->flags |= FEED_AGAIN;
        return;
    }
    if (feed_has(feed, FEED_READY))
        return;
    feed->flags |= FEED_READY;
    if (feed->set != NULL)
        set_ready(feed->set, feed);
    else
        tern_provider_ready(&feed->provider);
}

void tern_feed_touch(struct tern_feed *feed)
{
    if (!feed_has(feed, FEED_VISITING))
        tern_feed_wake(feed);
}

void tern_feed_fail(struct tern_feed *feed, enum tern_err why)
{
    if (!feed_is_alive(feed))
        return;
    feed->flags |= FEED_FAILED;
    feed->why = why != TERN_OK ? why : TERN_ABORTED;
    tern_feed_touch(feed);
}

/* ---- The stream's ops ------------------------------------------------------------ */

static void feed_resume(struct tern_stream *s)
{
    struct tern_feed *feed = feed_of(s);
    if (!feed_is_alive(feed))
        return;
    feed->flags |= FEED_OFFER;
    tern_feed_wake(feed);
}

static void feed_finish(struct tern_stream *s)
{
    struct tern_feed *feed = feed_of(s);
    if (!feed_is_alive(feed) || feed_has(feed, FEED_FINISHED))
        return;
    tern_feed_out_commit(s, 0);
    feed->flags |= FEED_FINISHED;
    feed->flags &= ~(uint32_t)FEED_SHORT;
    tern_feed_touch(feed);
}

static void feed_close(struct tern_stream *s)
{
    struct tern_feed *feed = feed_of(s);
    if (!feed_is_alive(feed) || feed_has(feed, FEED_CLOSING))
        return;
    if (feed_has(feed, FEED_CONNECTING)) {    /* RFC 9293 section 3.10.4, SYN-SENT */
        tern_feed_fail(feed, TERN_ABORTED);
        return;
    }
    feed_finish(s);
    feed->flags |= FEED_CLOSING;
    tern_feed_touch(feed);
}

static void feed_abort(struct tern_stream *s, enum tern_err why)
{
    tern_feed_fail(feed_of(s), why);
}

static const struct tern_stream_info *feed_info(const struct tern_stream *s,
                                                struct tern_stream_info *info)
{
    const struct tern_feed *feed = (const struct tern_feed *)(const void *)s;
    *info = (struct tern_stream_info){
        .provider = "feed",
        .local = feed->local,
        .peer = feed->peer,
        .room = tern_feed_out_room(feed),
        .reserve_max = tern_feed_out_reserve_max(feed),
        .unsent = feed->unsent,
    };
    return info;
}

static const struct tern_stream_ops feed_ops = {
    .write = tern_feed_out_write,
    .borrow = tern_feed_out_borrow,
    .reserve = tern_feed_out_reserve,
    .commit = tern_feed_out_commit,
    .resume = feed_resume,
    .finish = feed_finish,
    .close = feed_close,
    .abort = feed_abort,
    .info = feed_info,
};

/* ---- A visit --------------------------------------------------------------------- */

static void visit_begin(struct tern_feed *feed)
{
    struct tern_stream *s = &feed->stream;
    if (feed_has(feed, FEED_ACCEPTING) && feed_is_alive(feed)) {
        feed->flags &= ~(uint32_t)FEED_ACCEPTING;
        feed->accept(feed->app, s);
        if (s->events == NULL)
            tern_feed_fail(feed, TERN_ABORTED);
    }
    if (!feed_is_alive(feed) || (feed->flags & (FEED_CONNECTING | FEED_OPENED)) != 0)
        return;
    feed->flags |= FEED_OPENED;
    tern_stream_emit_opened(s);
}

static void visit_data(struct tern_feed *feed)
{
    struct tern_stream *s = &feed->stream;
    const struct tern_stream_events *events = s->events;
    const void *user = s->user;
    if (!feed_has(feed, FEED_OFFER))
        return;
    feed->flags &= ~(uint32_t)FEED_OFFER;
    while (feed_is_alive(feed) && !feed_has(feed, FEED_CLOSING) && feed->in_len > 0) {
        struct tern_block *block = feed->in_first;
        size_t len = block->len;
        size_t taken = tern_stream_emit_data(s, block->data + block->off, len);
        tern_feed_in_take(feed, taken);
        if (taken == len)
            continue;
        /* What was not taken is the new user's, if there is one (an upgrade). */
        if (taken == 0 || (s->events == events && s->user == user))
            break;
        events = s->events;
        user = s->user;
    }
}

static void visit_end(struct tern_feed *feed)
{
    if (!feed_is_alive(feed) || !feed_has(feed, FEED_IN_END) || feed->in_len > 0 ||
        (feed->flags & (FEED_ENDED | FEED_CLOSING)) != 0)
        return;
    feed->flags |= FEED_ENDED;
    tern_stream_emit_ended(&feed->stream);
}

/* All events of a visit but the last. */
static void visit_events(struct tern_feed *feed)
{
    struct tern_stream *s = &feed->stream;
    visit_begin(feed);
    if (!feed_is_alive(feed) || !feed_has(feed, FEED_OPENED))
        return;
    const struct tern_stream_events *events = s->events;
    const void *user = s->user;
    bool room = feed_has(feed, FEED_SHORT) && tern_feed_out_has_room(feed);
    if (room) {
        feed->flags &= ~(uint32_t)FEED_SHORT;
        feed->flags |= FEED_OFFER;
    }
    visit_data(feed);
    visit_end(feed);
    if (room && feed_is_alive(feed) && !feed_has(feed, FEED_FINISHED))
        tern_stream_emit_room(s);
    if (feed_is_alive(feed))
        tern_stream_emit_flush(s);
    if (feed->in_len > 0 && (s->events != events || s->user != user))
        feed->flags |= FEED_OFFER | FEED_AGAIN;
}

/* Both directions have ended in order, and nothing waits in either. */
static bool visit_is_last(const struct tern_feed *feed)
{
    uint32_t both = FEED_IN_END | FEED_FINISHED;
    return (feed->flags & both) == both && feed->unsent == 0 && feed->in_len == 0 &&
           (feed->flags & (FEED_ENDED | FEED_CLOSING)) != 0;
}

/* The feed waits for a block of a pool that others have emptied: nothing will wake it. */
static bool visit_is_starved(const struct tern_feed *feed)
{
    return (feed_has(feed, FEED_SHORT) && feed->unsent == 0 &&
            !tern_feed_out_has_room(feed)) ||
           (feed_has(feed, FEED_CHOKED) && feed->in_len == 0);
}

/* One timer for all deadlines: the earliest decides. */
static void visit_arm(struct tern_feed *feed)
{
    uint64_t now_ns = feed->turn->now_ns;
    uint64_t due_ns = TERN_NEVER;
    if (feed_has(feed, FEED_CLOSING) && !feed_has(feed, FEED_IN_END) && feed->unsent == 0) {
        if (!feed_has(feed, FEED_LINGERING))
            feed->linger_due_ns = now_ns + feed->config.linger_ns;
        feed->flags |= FEED_LINGERING;
        due_ns = feed->linger_due_ns;
    }
    if (visit_is_starved(feed) && now_ns + STARVED_NS < due_ns)
        due_ns = now_ns + STARVED_NS;
    if (due_ns != TERN_NEVER)
        tern_timer_set(feed->turn, &feed->timer, due_ns);
    else
        tern_timer_cancel(feed->turn, &feed->timer);
}

/* The last event. The owner may use the feed anew inside it, so it comes last. */
static void feed_closed(struct tern_feed *feed)
{
    tern_timer_cancel(feed->turn, &feed->timer);
    tern_feed_in_drop(feed);
    tern_feed_out_drop(feed);
    feed->flags &= FEED_WORK;
    if (feed->set == NULL)
        tern_provider_leave(&feed->provider);
    tern_stream_emit_closed(&feed->stream, feed->why);
}

static void work_add(struct tern_feed *feed)
{
    struct tern_feed_set *set = feed->set;
    if (set == NULL || feed_has(feed, FEED_WORK))
        return;
    feed->flags |= FEED_WORK;
    feed->work_next = NULL;
    *set->work_last = feed;
    set->work_last = &feed->work_next;
}

static void feed_visit(struct tern_feed *feed)
{
    feed->flags &= ~(uint32_t)(FEED_READY | FEED_AGAIN);
    if (!feed_has(feed, FEED_OPEN))
        return;
    work_add(feed);
    feed->flags |= FEED_VISITING;
    visit_events(feed);
    feed->flags &= ~(uint32_t)FEED_VISITING;
    tern_feed_out_commit(&feed->stream, 0);
    if (feed_has(feed, FEED_CLOSING))
        tern_feed_in_drop(feed);
    if (feed_has(feed, FEED_FAILED) || visit_is_last(feed)) {
        feed_closed(feed);
        return;
    }
    if (feed_has(feed, FEED_CHOKED) && !tern_feed_is_choked(feed))
        feed->flags &= ~(uint32_t)FEED_CHOKED;
    visit_arm(feed);
    if (feed_has(feed, FEED_AGAIN))
        tern_feed_wake(feed);
}

static void feed_fire(struct tern_timer *timer, uint64_t now_ns)
{
    struct tern_feed *feed = TERN_CONTAINER_OF(timer, struct tern_feed, timer);
    if (feed_has(feed, FEED_LINGERING) && !feed_has(feed, FEED_IN_END) &&
        feed->linger_due_ns <= now_ns)
        tern_feed_fail(feed, TERN_TIMED_OUT);
    tern_feed_wake(feed);
}

/* ---- Providers -------------------------------------------------------------------- */

static size_t feed_provider_visit(struct tern_provider *provider, size_t n)
{
    struct tern_feed *feed = TERN_CONTAINER_OF(provider, struct tern_feed, provider);
    (void)n;
    if (!feed_has(feed, FEED_READY))
        return 0;
    feed_visit(feed);
    return 1;
}

static const struct tern_provider_ops feed_provider_ops = { .visit = feed_provider_visit };

static size_t set_provider_visit(struct tern_provider *provider, size_t n)
{
    struct tern_feed_set *set = TERN_CONTAINER_OF(provider, struct tern_feed_set, provider);
    size_t n_served = 0;
    while (n_served < n && set->ready_first != NULL) {
        struct tern_feed *feed = set->ready_first;
        set->ready_first = feed->ready_next;
        if (set->ready_first == NULL)
            set->ready_last = &set->ready_first;
        feed_visit(feed);
        n_served++;
    }
    return n_served;
}

/* What the owner leaves in the list is not kept for another turn. */
static void set_provider_send(struct tern_provider *provider)
{
    struct tern_feed_set *set = TERN_CONTAINER_OF(provider, struct tern_feed_set, provider);
    if (set->send != NULL)
        set->send(set);
    while (tern_feed_set_next(set) != NULL)
        continue;
}

static const struct tern_provider_ops set_provider_ops = {
    .visit = set_provider_visit,
    .send = set_provider_send,
};

enum tern_err tern_feed_set_init_sized(struct tern_feed_set *set, size_t set_len,
                                       struct tern_turn *turn,
                                       void (*send)(struct tern_feed_set *set))
{
    if (set_len != sizeof *set)
        return TERN_MISMATCH;
    memset(set, 0, sizeof *set);
    (void)tern_provider_init(&set->provider, turn, &set_provider_ops);
    set->ready_last = &set->ready_first;
    set->work_last = &set->work_first;
    set->send = send;
    return TERN_OK;
}

struct tern_feed *tern_feed_set_next(struct tern_feed_set *set)
{
    struct tern_feed *feed = set->work_first;
    if (feed == NULL)
        return NULL;
    set->work_first = feed->work_next;
    if (set->work_first == NULL)
        set->work_last = &set->work_first;
    feed->flags &= ~(uint32_t)FEED_WORK;
    return feed;
}

/* ---- Life ------------------------------------------------------------------------- */

enum tern_err tern_feed_init_sized(struct tern_feed *feed, size_t feed_len,
                                   struct tern_feed_set *set, struct tern_turn *turn,
                                   struct tern_block_pool *pool,
                                   const struct tern_feed_config *config, size_t config_len)
{
    if (feed_len != sizeof *feed || config_len != sizeof *config)
        return TERN_MISMATCH;
    memset(feed, 0, sizeof *feed);
    feed->stream.ops = &feed_ops;
    feed->turn = turn;
    feed->pool = pool;
    feed->set = set;
    feed->timer.fire = feed_fire;
    if (config != NULL)
        feed->config = *config;
    if (feed->config.in_max == 0)
        feed->config.in_max = IN_MAX_DEFAULT;
    if (feed->config.out_max == 0)
        feed->config.out_max = OUT_MAX_DEFAULT;
    if (feed->config.linger_ns == 0)
        feed->config.linger_ns = LINGER_DEFAULT_NS;
    if (set == NULL)
        (void)tern_provider_init(&feed->provider, turn, &feed_provider_ops);
    return TERN_OK;
}

/* Forgets the last connection; the owner's lists and what it was lent stay. */
static void feed_open(struct tern_feed *feed, uint32_t flags)
{
    feed->flags = (feed->flags & FEED_WORK) | FEED_OPEN | flags;
    feed->why = TERN_OK;
    feed->short_want = 0;
    feed->local = feed->peer = (struct tern_endpoint_addr){ .port = 0 };
    feed->stream.events = NULL;
    feed->stream.user = NULL;
}

enum tern_err tern_feed_accept(struct tern_feed *feed, const struct tern_endpoint_addr *local,
                               const struct tern_endpoint_addr *peer, tern_accept_fn *accept,
                               void *app)
{
    if (feed_has(feed, FEED_OPEN) || feed->in_reserved != NULL || accept == NULL)
        return TERN_INVALID;
    feed_open(feed, FEED_ACCEPTING);
    if (local != NULL)
        feed->local = *local;
    if (peer != NULL)
        feed->peer = *peer;
    feed->accept = accept;
    feed->app = app;
    tern_feed_wake(feed);
    return TERN_OK;
}

enum tern_err tern_feed_connect(struct tern_feed *feed, const struct tern_endpoint_addr *peer,
                                const struct tern_stream_events *events, void *user)
{
    if (feed_has(feed, FEED_OPEN) || feed->in_reserved != NULL)
        return TERN_INVALID;
    feed_open(feed, FEED_CONNECTING);
    if (peer != NULL)
        feed->peer = *peer;
    tern_stream_attach(&feed->stream, events, user);
    return TERN_OK;
}

void tern_feed_connected(struct tern_feed *feed, const struct tern_endpoint_addr *local)
{
    if (!feed_is_alive(feed) || !feed_has(feed, FEED_CONNECTING))
        return;
    feed->flags &= ~(uint32_t)FEED_CONNECTING;
    if (local != NULL)
        feed->local = *local;
    tern_feed_wake(feed);
}

void tern_feed_error(struct tern_feed *feed, enum tern_err why)
{
    tern_feed_fail(feed, why);
}

enum tern_feed_state tern_feed_state(const struct tern_feed *feed)
{
    if (!feed_has(feed, FEED_OPEN))
        return TERN_FEED_CLOSED;
    if (feed_has(feed, FEED_FAILED))
        return TERN_FEED_FAILED;
    return feed_has(feed, FEED_FINISHED) ? TERN_FEED_FINISHED : TERN_FEED_OPEN;
}

enum tern_err tern_feed_why(const struct tern_feed *feed)
{
    return feed->why;
}
