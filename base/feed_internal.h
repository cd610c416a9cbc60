/* SPDX-License-Identifier: ISC */
/*
 * A feed's state, and what its three files tell each other: feed_in.c holds
 * what waits for the user, feed_out.c what waits for the peer, feed.c the life
 * of the stream and its visits.
 */
#ifndef TERN_FEED_INTERNAL_H
#define TERN_FEED_INTERNAL_H

#include <tern/feed.h>

#pragma GCC visibility push(hidden)

enum {
    FEED_OPEN = 1u << 0,         /* accepted or connected, `closed` not yet called */
    FEED_ACCEPTING = 1u << 1,    /* accept is owed */
    FEED_CONNECTING = 1u << 2,   /* under way: the owner has not said tern_feed_connected */
    FEED_OPENED = 1u << 3,       /* `opened` was called */
    FEED_IN_END = 1u << 4,       /* the peer has ended */
    FEED_ENDED = 1u << 5,        /* `ended` was called */
    FEED_FINISHED = 1u << 6,     /* the user has ended */
    FEED_CLOSING = 1u << 7,      /* ... and wants no more input */
    FEED_FAILED = 1u << 8,       /* `closed` is owed, with why */
    FEED_OFFER = 1u << 9,        /* waiting input is to be offered */
    FEED_SHORT = 1u << 10,       /* a write was cut short: `room` is owed */
    FEED_CHOKED = 1u << 11,      /* input was refused */
    FEED_IN_TAIL = 1u << 12,     /* the end of in_last is lent to the owner */
    FEED_LINGERING = 1u << 13,   /* linger_due_ns is set */
    FEED_VISITING = 1u << 14,    /* inside the feed's own visit */
    FEED_AGAIN = 1u << 15,       /* news came inside it */
    FEED_READY = 1u << 16,       /* in the set's (or the provider's) list of news */
    FEED_WORK = 1u << 17,        /* in the set's list of work */
};

static inline bool feed_has(const struct tern_feed *feed, uint32_t flag)
{
    return (feed->flags & flag) != 0;
}

/* Open and not failed: calls on it do something. */
static inline bool feed_is_alive(const struct tern_feed *feed)
{
    return (feed->flags & (FEED_OPEN | FEED_FAILED)) == FEED_OPEN;
}

static inline struct tern_feed *feed_of(struct tern_stream *s)
{
    return TERN_CONTAINER_OF(s, struct tern_feed, stream);
}

/* Room at the end of a list's last block. */
static inline size_t feed_tail_room(const struct tern_feed *feed, const struct tern_block *last)
{
    return last == NULL ? 0 : feed->pool->data_cap - last->off - last->len;
}

/* feed.c: there is news; the feed will be visited (again). */
void tern_feed_wake(struct tern_feed *feed);

/* feed.c: there is something to flush and send; its own visit does that by itself. */
void tern_feed_touch(struct tern_feed *feed);

/* feed.c: the stream is over, for the first reason that is given. */
void tern_feed_fail(struct tern_feed *feed, enum tern_err why);

/* feed_in.c: the first n octets of the first block were taken. */
void tern_feed_in_take(struct tern_feed *feed, size_t n);

/* feed_in.c: drops all input; what is lent to the owner stays until its commit. */
void tern_feed_in_drop(struct tern_feed *feed);

/* feed_out.c: what a cut call waits for is there. */
bool tern_feed_out_has_room(const struct tern_feed *feed);
void tern_feed_out_drop(struct tern_feed *feed);

/* feed_out.c: the writing half of the stream's ops. */
size_t tern_feed_out_write(struct tern_stream *s, const uint8_t *data, size_t len);
size_t tern_feed_out_borrow(struct tern_stream *s, const uint8_t *data, size_t len);
uint8_t *tern_feed_out_reserve(struct tern_stream *s, size_t least, size_t *room);
void tern_feed_out_commit(struct tern_stream *s, size_t len);

/* How much a write would take, and the most that reserve can lend. */
size_t tern_feed_out_room(const struct tern_feed *feed);
size_t tern_feed_out_reserve_max(const struct tern_feed *feed);

#pragma GCC visibility pop

#endif
