/* SPDX-License-Identifier: ISC */
/*
 * Streams of octets, in order, both ways: what TCP, a kernel socket, TLS and
 * the body of an HTTP exchange provide, and what HTTP, WebSocket, DNS over TCP
 * and applications use. A filter uses one stream and provides another.
 *
 * A provider's connection has a struct tern_stream as its first member. Its
 * life: `accept` or a connect call hands it over; the user attaches a table of
 * events; `opened` comes, then `data`, `room` and `ended` as things happen,
 * and `closed` exactly once, last. After `closed` has returned the memory is
 * the provider's again.
 *
 * Visits. Events run only in a visit, which the turn makes (base.h), never
 * inside a call of this header: so any call, on any stream, is legal in any
 * event. Calls on a stream that has failed but has not yet had `closed` do
 * nothing and return 0 or NULL. Outside a turn calls are legal too and take
 * effect in the next. Nothing is sent inside an event: at the end of the visit
 * `flush` runs from the top of the stack down, then the provider sends.
 *
 * What is not attached when accept returns is aborted.
 *
 * An echo server, whole:
 *
 *     static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
 *     {
 *         return tern_stream_write(s, data, len);
 *     }
 *     static const struct tern_stream_events echo = { .data = echo_data };
 *
 *     static void echo_accept(void *app, struct tern_stream *s)
 *     {
 *         tern_stream_attach(s, &echo, app);
 *     }
 */
#ifndef TERN_STREAM_H
#define TERN_STREAM_H

#include <tern/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_stream;

/* What a stream knows about itself. Lent until the next call on the stream. */
struct tern_stream_info {
    const char *provider;                       /* "tcp", "socket", "feed", "tls", "http" */
    struct tern_endpoint_addr local, peer;      /* all zero where there are none */
    const char *alpn;                           /* the protocol negotiated by TLS, or NULL */
    bool tls;                                   /* octets are encrypted below */
    size_t room;            /* how much a write would take now */
    size_t reserve_max;     /* the most that reserve can ever lend between commits */
    size_t unsent;          /* octets written that have not left this provider's hands */
};

/*
 * What the provider below implements. Users call the tern_stream_* functions.
 */
struct tern_stream_ops {
    size_t (*write)(struct tern_stream *s, const uint8_t *data, size_t len);
    size_t (*borrow)(struct tern_stream *s, const uint8_t *data, size_t len);
    uint8_t *(*reserve)(struct tern_stream *s, size_t least, size_t *room);
    void (*commit)(struct tern_stream *s, size_t len);
    void (*resume)(struct tern_stream *s);
    void (*finish)(struct tern_stream *s);
    void (*close)(struct tern_stream *s);
    void (*abort)(struct tern_stream *s, enum tern_err why);
    const struct tern_stream_info *(*info)(const struct tern_stream *s,
                                           struct tern_stream_info *room_for_it);
};

/*
 * What the user above provides. Any entry may be NULL and then has a default.
 * One visit runs them in this order, each at most once but for `data`, which
 * comes once a contiguous run; they never nest.
 */
struct tern_stream_events {
    /*
     * The stream is ready both ways. Exactly once, on every stream, accepted
     * or connected, before any data. Default: nothing.
     */
    void (*opened)(struct tern_stream *s);

    /*
     * len >= 1 octets have arrived in order, in one contiguous run, lent until
     * the callback returns. Returns how many it took, 0..len; those it may
     * overwrite. The rest stays, unchanged, and ends this visit's data; it is
     * offered again with new data, after tern_stream_resume(), and when a
     * write that was cut short finds room. Runs are cut anywhere: a user that
     * needs a whole piece copies into a buffer of its own and takes what it is
     * offered until the piece is complete. Default: takes all.
     */
    size_t (*data)(struct tern_stream *s, uint8_t *data, size_t len);

    /*
     * The peer has ended its direction in order and all its data was taken.
     * Once. Default: tern_stream_close().
     */
    void (*ended)(struct tern_stream *s);

    /*
     * There is room again after a write, borrow or reserve that was cut short.
     * Data that was not taken has been offered again before. Default: nothing.
     */
    void (*room)(struct tern_stream *s);

    /*
     * For filters: the visit is over and what was written will now be sent;
     * seal the open record or frame. May write, reserve and commit on streams
     * below. Default: nothing.
     */
    void (*flush)(struct tern_stream *s);

    /*
     * The last event, exactly once, also after one's own close or abort, and
     * without `opened` when a connect failed. why is TERN_OK when both sides
     * ended in order. The memory is the provider's once this returns.
     */
    void (*closed)(struct tern_stream *s, enum tern_err why);
};

struct tern_stream {
    const struct tern_stream_ops *ops;
    const struct tern_stream_events *events;    /* NULL: nobody is attached */
    void *user;
};

/*
 * Called once for a new connection, in the visit in which it is established.
 * May only attach, look at info, or abort.
 */
typedef void tern_accept_fn(void *app, struct tern_stream *s);

/* The most that one reserve call may insist on. */
#define TERN_RESERVE_LEAST 512u

/* The most spans lent between two commits. */
#define TERN_RESERVE_SPANS 16u

/*
 * Makes events (placed, constant) and user the stream's user. Allowed in
 * accept, after connect, and in any event: data that the old user has not
 * taken goes to the new one.
 */
static inline void tern_stream_attach(struct tern_stream *s,
                                      const struct tern_stream_events *events, void *user)
{
    s->events = events;
    s->user = user;
}

/* Copies what fits of len octets (read) and returns how many, 0..len. */
static inline size_t tern_stream_write(struct tern_stream *s, const uint8_t *data, size_t len)
{
    return s->ops->write(s, data, len);
}

/*
 * Queues len octets that stay unchanged for the program's life, without a
 * copy. All or nothing: returns len or 0.
 */
static inline size_t tern_stream_borrow(struct tern_stream *s, const uint8_t *data, size_t len)
{
    return s->ops->borrow(s, data, len);
}

/*
 * Lends room to write into: at least `least` octets (1..TERN_RESERVE_LEAST),
 * *room says how many. NULL: no such room now, `room` will come. Called again
 * before commit it lends one more span, after the ones before it; at most
 * TERN_RESERVE_SPANS. All must be committed or given back before the visit's
 * flush is over; write, borrow, finish and close give it back first.
 */
static inline uint8_t *tern_stream_reserve(struct tern_stream *s, size_t least, size_t *room)
{
    return s->ops->reserve(s, least, room);
}

/* Queues the first len octets over all reserved spans, in order; gives the rest back. */
static inline void tern_stream_commit(struct tern_stream *s, size_t len)
{
    s->ops->commit(s, len);
}

/* Offers untaken data again; in any case there will be a visit. */
static inline void tern_stream_resume(struct tern_stream *s)
{
    s->ops->resume(s);
}

/* Ends this side's direction after what was written; the other still reads. */
static inline void tern_stream_finish(struct tern_stream *s)
{
    s->ops->finish(s);
}

/*
 * Finishes, and discards what still arrives, until the peer ends too or the
 * provider's linger time runs out. `closed` follows.
 */
static inline void tern_stream_close(struct tern_stream *s)
{
    s->ops->close(s);
}

/* Breaks the stream off; unsent data is lost. closed(why) follows in a visit. */
static inline void tern_stream_abort(struct tern_stream *s, enum tern_err why)
{
    s->ops->abort(s, why);
}

/*
 * What the stream knows about itself. *info is room for the answer; the result
 * may point at it or into the provider, and is valid until the next call.
 */
static inline const struct tern_stream_info *tern_stream_info(const struct tern_stream *s,
                                                              struct tern_stream_info *info)
{
    return s->ops->info(s, info);
}

/* ---- For providers: events with their defaults ---------------------------- */

static inline void tern_stream_emit_opened(struct tern_stream *s)
{
    if (s->events != NULL && s->events->opened != NULL)
        s->events->opened(s);
}

static inline size_t tern_stream_emit_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    if (s->events == NULL || s->events->data == NULL)
        return len;
    size_t taken = s->events->data(s, data, len);
    return taken <= len ? taken : len;
}

static inline void tern_stream_emit_ended(struct tern_stream *s)
{
    if (s->events != NULL && s->events->ended != NULL)
        s->events->ended(s);
    else
        tern_stream_close(s);
}

static inline void tern_stream_emit_room(struct tern_stream *s)
{
    if (s->events != NULL && s->events->room != NULL)
        s->events->room(s);
}

static inline void tern_stream_emit_flush(struct tern_stream *s)
{
    if (s->events != NULL && s->events->flush != NULL)
        s->events->flush(s);
}

static inline void tern_stream_emit_closed(struct tern_stream *s, enum tern_err why)
{
    if (s->events != NULL && s->events->closed != NULL)
        s->events->closed(s, why);
}

#ifdef __cplusplus
}
#endif

#endif
