/* SPDX-License-Identifier: ISC */
/*
 * The stream provider without I/O. A loop that is not Tern's (blocking
 * sockets, libuv, GLib, a capture, a fuzzer) puts octets in and takes octets
 * out; libraries on the stream contract cannot tell it from TCP.
 *
 * One struct tern_feed is one connection, placed by the caller; its payload
 * waits in blocks of a pool that may serve many. Opened feeds are visited by
 * their turn: after tern_feed_input and the others, call tern_turn_run.
 *
 *     tern_feed_init(&feed, &turn, &pool, NULL);
 *     tern_feed_accept(&feed, NULL, NULL, tern_http_accept, &server);
 *     for (;;) {
 *         size_t room = tern_feed_input_room(&feed, sizeof buf);
 *         ssize_t n = 0;                 // no room: only output makes some
 *         if (room > 0 && (n = read(fd, buf, room)) <= 0) break;
 *         tern_feed_input(&feed, buf, (size_t)n);
 *         tern_turn_run(&turn, clock_ns());
 *         while (tern_feed_output(&feed, &span)) {
 *             if ((n = write(fd, span.data, span.len)) < 0) return;
 *             tern_feed_sent(&feed, (size_t)n);
 *         }
 *     }
 */
#ifndef TERN_FEED_H
#define TERN_FEED_H

#include <tern/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TERN_FEED_BORROWS 8u    /* borrowed pieces queued at once */

/* One queued piece of output: blocks, or borrowed octets. */
struct tern_feed_piece {
    const uint8_t *borrowed;    /* NULL: the octets are at the head of the out blocks */
    size_t len;
};

struct tern_feed_config {
    size_t in_max;         /* octets of input that may wait; 0: 65,536 */
    size_t out_max;        /* copied octets of output that may wait; 0: 65,536 */
    uint64_t linger_ns;    /* after close, how long to wait for the peer's end; 0: 5 s */
};

struct tern_feed_set;

/* Members are not part of the interface. */
struct tern_feed {
    struct tern_stream stream;
    struct tern_turn *turn;
    struct tern_block_pool *pool;
    struct tern_feed_config config;
    struct tern_timer timer;
    struct tern_provider provider;                 /* used when the feed stands alone */
    struct tern_feed_set *set;                     /* or the set it belongs to */
    struct tern_feed *ready_next, *work_next;      /* the set's */
    struct tern_endpoint_addr local, peer;
    tern_accept_fn *accept;
    void *app;
    struct tern_block *in_first, *in_last;
    size_t in_len, n_in_blocks;
    struct tern_block *in_reserved;                /* lent to the owner to read into */
    struct tern_block *out_first, *out_last;       /* the copied octets of output */
    size_t out_len, n_out_blocks;
    struct tern_feed_piece pieces[2 * TERN_FEED_BORROWS + 1];
    uint16_t piece_first, n_pieces, n_borrowed;
    uint16_t n_spans;                              /* reserved: first the tail of out_last */
    struct tern_block *reserved_first, *reserved_last;
    size_t reserved_len, reserved_tail_len;
    size_t short_want;                             /* the room that a cut call waits for */
    size_t unsent;                                 /* octets of output, borrowed ones too */
    uint64_t linger_due_ns;
    uint32_t flags;                                /* feed_internal.h */
    enum tern_err why;
};

/*
 * Many feeds under one provider, visited in the order of their news: for a
 * host that has thousands. Placed; members are not part of the interface.
 */
struct tern_feed_set {
    struct tern_provider provider;
    struct tern_feed *ready_first, **ready_last;
    struct tern_feed *work_first, **work_last;
    void (*send)(struct tern_feed_set *set);    /* the owner's: feeds have output, or ended */
};

/*
 * Starts a set on a turn. send (may be NULL) is called at the end of each turn
 * in which some feed of the set was visited; the owner then takes the feeds
 * that worked by tern_feed_set_next. TERN_MISMATCH: compiled with another
 * version of this header; *set is untouched then.
 */
enum tern_err tern_feed_set_init_sized(struct tern_feed_set *set, size_t set_len,
                                       struct tern_turn *turn,
                                       void (*send)(struct tern_feed_set *set));
static inline enum tern_err tern_feed_set_init(struct tern_feed_set *set, struct tern_turn *turn,
                                               void (*send)(struct tern_feed_set *set))
{
    return tern_feed_set_init_sized(set, sizeof *set, turn, send);
}

/* The next feed that was visited or written to in this turn, or NULL. For use in `send`. */
struct tern_feed *tern_feed_set_next(struct tern_feed_set *set);

/*
 * Makes *feed a closed feed of the turn. config may be NULL (defaults); pool
 * is placed and may be shared. Input leaves an eighth of it, at least a block,
 * to output, so that an answer always finds one; with three blocks, or two a
 * feed when it is shared, neither direction ever waits for the other. With
 * set != NULL the feed is visited by the set's provider. TERN_MISMATCH:
 * compiled with another version of this header; *feed is untouched then.
 */
enum tern_err tern_feed_init_sized(struct tern_feed *feed, size_t feed_len,
                                   struct tern_feed_set *set, struct tern_turn *turn,
                                   struct tern_block_pool *pool,
                                   const struct tern_feed_config *config, size_t config_len);
static inline enum tern_err tern_feed_init(struct tern_feed *feed, struct tern_turn *turn,
                                           struct tern_block_pool *pool,
                                           const struct tern_feed_config *config)
{
    return tern_feed_init_sized(feed, sizeof *feed, NULL, turn, pool, config, sizeof *config);
}
static inline enum tern_err tern_feed_init_in(struct tern_feed *feed, struct tern_feed_set *set,
                                              struct tern_turn *turn,
                                              struct tern_block_pool *pool,
                                              const struct tern_feed_config *config)
{
    return tern_feed_init_sized(feed, sizeof *feed, set, turn, pool, config, sizeof *config);
}

/*
 * Opens it as an accepted connection: accept(app, stream) and then `opened`
 * come in the next visit. Addresses may be NULL. TERN_INVALID if it is open.
 */
enum tern_err tern_feed_accept(struct tern_feed *feed, const struct tern_endpoint_addr *local,
                               const struct tern_endpoint_addr *peer, tern_accept_fn *accept,
                               void *app);

/*
 * Opens it as a connection under way: events are attached, `opened` comes
 * after tern_feed_connected, `closed` alone after tern_feed_error.
 */
enum tern_err tern_feed_connect(struct tern_feed *feed, const struct tern_endpoint_addr *peer,
                                const struct tern_stream_events *events, void *user);
void tern_feed_connected(struct tern_feed *feed, const struct tern_endpoint_addr *local);

/* Input from the peer: copies what fits of len octets (read); returns how many. */
size_t tern_feed_input(struct tern_feed *feed, const uint8_t *data, size_t len);

/* How many octets input would take now, at most `most`. */
size_t tern_feed_input_room(const struct tern_feed *feed, size_t most);

/*
 * In-place input: room in a block to read into, NULL if none is free (nothing
 * is lost: read later; a turn in which tern_feed_is_choked has become false
 * visits the feed). Then tern_feed_input_commit(len), at any later time, 0 to
 * give the room back; until then no other input.
 */
uint8_t *tern_feed_input_reserve(struct tern_feed *feed, size_t *room);
void tern_feed_input_commit(struct tern_feed *feed, size_t len);

/* The peer ended its direction in order. */
void tern_feed_end(struct tern_feed *feed);

/* The connection failed: closed(why) comes in the next visit; output is dropped. */
void tern_feed_error(struct tern_feed *feed, enum tern_err why);

/*
 * One contiguous run of output, lent until tern_feed_sent or, when the stream
 * fails, until the visit that brings `closed`.
 */
struct tern_feed_span {
    const uint8_t *data;
    size_t len;
};

/*
 * The spans at the head of the output, up to n; returns how many. Work is
 * bounded by n. Nothing moves until tern_feed_sent says how many octets, from
 * the head on, have left.
 */
size_t tern_feed_outputs(const struct tern_feed *feed, struct tern_feed_span *spans, size_t n);
static inline bool tern_feed_output(const struct tern_feed *feed, struct tern_feed_span *span)
{
    return tern_feed_outputs(feed, span, 1) == 1;
}
void tern_feed_sent(struct tern_feed *feed, size_t len);

/* What the owner of the real connection has to do when output is empty. */
enum tern_feed_state {
    TERN_FEED_CLOSED,      /* not open (also after `closed`): the owner may free it */
    TERN_FEED_OPEN,
    TERN_FEED_FINISHED,    /* this side ended: shut its direction down once output is empty */
    TERN_FEED_FAILED,      /* aborted by its user or an error: reset the real connection */
};
enum tern_feed_state tern_feed_state(const struct tern_feed *feed);

/* What is a feed's user's reason, once CLOSED or FAILED. */
enum tern_err tern_feed_why(const struct tern_feed *feed);

/* True while input is refused for want of room and the owner should stop reading. */
bool tern_feed_is_choked(const struct tern_feed *feed);

/*
 * What the owner should wait for at the real connection: TERN_FEED_READ while
 * input would be taken, TERN_FEED_WRITE while there is output, or a connect is
 * under way. Ask after each visit; a feed that may not be read is visited again
 * once it may. 0: for nothing, there is backpressure, or both sides have ended.
 */
enum { TERN_FEED_READ = 1, TERN_FEED_WRITE = 2 };
unsigned tern_feed_wants(struct tern_feed *feed);

/* For other languages: the octets of what a caller places. */
size_t tern_feed_size(void);
size_t tern_feed_config_size(void);
size_t tern_feed_set_size(void);

#ifdef __cplusplus
}
#endif

#endif
