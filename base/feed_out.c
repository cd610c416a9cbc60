/* SPDX-License-Identifier: ISC */
/*
 * A feed's output: a queue of pieces. Copied octets stand in blocks, in one
 * list for all pieces; borrowed ones stay where they are. Two neighbours of
 * which none is borrowed are one piece, so few pieces are enough.
 *
 *     pieces   | copied 3000 | borrowed 900 | copied 50 |
 *     blocks   [ 2032 ][ 968 + 50 ]
 */
#include "feed_internal.h"

#include <string.h>

#define N_PIECES (2 * TERN_FEED_BORROWS + 1)

static bool out_is_open(const struct tern_feed *feed)
{
    return feed_is_alive(feed) && !feed_has(feed, FEED_FINISHED);
}

/* How many more octets may be copied or lent by the configuration. */
static size_t out_allowance(const struct tern_feed *feed)
{
    return feed->config.out_max - feed->out_len - feed->reserved_len;
}

static size_t out_tail_room(const struct tern_feed *feed)
{
    return feed_tail_room(feed, feed->out_last) - feed->reserved_tail_len;
}

/*
 * How many blocks more output may have. Beyond its first one only of the upper
 * half of the pool: peers that read slowly or not at all would else take what
 * newcomers need to be heard and answered at all.
 */
static size_t out_more(const struct tern_feed *feed)
{
    const struct tern_block_pool *pool = feed->pool;
    size_t fair = tern_block_fair_more(pool, feed->n_out_blocks), half = pool->n_blocks / 2;
    size_t more = pool->n_free > half ? pool->n_free - half : 0;
    if (more == 0 && feed->n_out_blocks == 0)
        more = 1;
    return fair < more ? fair : more;
}

static struct tern_block *out_block_take(struct tern_feed *feed)
{
    if (out_more(feed) == 0)
        return NULL;
    struct tern_block *block = tern_block_take(feed->pool);
    if (block != NULL)
        feed->n_out_blocks++;
    return block;
}

static void out_block_give(struct tern_feed *feed, struct tern_block *block)
{
    feed->n_out_blocks--;
    tern_block_give(feed->pool, block);
}

static void out_append(struct tern_feed *feed, struct tern_block *block)
{
    block->next = NULL;
    if (feed->out_last != NULL)
        feed->out_last->next = block;
    else
        feed->out_first = block;
    feed->out_last = block;
}

static struct tern_feed_piece *out_piece(struct tern_feed *feed, size_t i)
{
    return &feed->pieces[(feed->piece_first + i) % N_PIECES];
}

static void out_piece_add(struct tern_feed *feed, const uint8_t *borrowed, size_t len)
{
    feed->unsent += len;
    if (borrowed == NULL) {
        struct tern_feed_piece *last = out_piece(feed, feed->n_pieces - 1u);
        feed->out_len += len;
        if (feed->n_pieces > 0 && last->borrowed == NULL) {
            last->len += len;
            return;
        }
    } else {
        feed->n_borrowed++;
    }
    *out_piece(feed, feed->n_pieces++) = (struct tern_feed_piece){ borrowed, len };
}

/* A call was cut short: `room` comes when `want` octets would find room. */
static void out_short(struct tern_feed *feed, size_t want)
{
    feed->flags |= FEED_SHORT;
    feed->short_want = want;
    tern_feed_touch(feed);
}

size_t tern_feed_out_room(const struct tern_feed *feed)
{
    if (!out_is_open(feed))
        return 0;
    size_t max = out_allowance(feed);
    size_t room = out_tail_room(feed) + out_more(feed) * feed->pool->data_cap;
    return room < max ? room : max;
}

size_t tern_feed_out_reserve_max(const struct tern_feed *feed)
{
    size_t max = TERN_RESERVE_SPANS * feed->pool->data_cap;
    return max < feed->config.out_max ? max : feed->config.out_max;
}

bool tern_feed_out_has_room(const struct tern_feed *feed)
{
    return feed->n_borrowed < TERN_FEED_BORROWS &&
           tern_feed_out_room(feed) >= feed->short_want;
}

/* ---- The stream's ops ------------------------------------------------------------ */

size_t tern_feed_out_write(struct tern_stream *s, const uint8_t *data, size_t len)
{
    struct tern_feed *feed = feed_of(s);
    tern_feed_out_commit(s, 0);
    if (!out_is_open(feed) || len == 0)
        return 0;
    size_t max = out_allowance(feed);
    if (max > len)
        max = len;
    size_t taken = 0;
    while (taken < max) {
        size_t room = out_tail_room(feed);
        if (room == 0) {
            struct tern_block *block = out_block_take(feed);
            if (block == NULL)
                break;
            out_append(feed, block);
            continue;
        }
        struct tern_block *last = feed->out_last;
        size_t n = max - taken < room ? max - taken : room;
        memcpy(last->data + last->off + last->len, data + taken, n);
        last->len += (uint32_t)n;
        taken += n;
    }
    if (taken > 0)
        out_piece_add(feed, NULL, taken);
    if (taken < len) {
        /* Not for every octet: for a block's worth, or a quarter of a small queue. */
        size_t want = feed->config.out_max / 4 + 1;
        out_short(feed, want < feed->pool->data_cap ? want : feed->pool->data_cap);
    }
    tern_feed_touch(feed);
    return taken;
}

size_t tern_feed_out_borrow(struct tern_stream *s, const uint8_t *data, size_t len)
{
    struct tern_feed *feed = feed_of(s);
    tern_feed_out_commit(s, 0);
    if (!out_is_open(feed) || len == 0)
        return 0;
    if (feed->n_borrowed == TERN_FEED_BORROWS) {
        out_short(feed, 0);
        return 0;
    }
    out_piece_add(feed, data, len);
    tern_feed_touch(feed);
    return len;
}

uint8_t *tern_feed_out_reserve(struct tern_stream *s, size_t least, size_t *room)
{
    struct tern_feed *feed = feed_of(s);
    if (!out_is_open(feed) || least > TERN_RESERVE_LEAST)
        return NULL;
    if (least == 0)
        least = 1;
    size_t max = out_allowance(feed);
    size_t tail = out_tail_room(feed);
    uint8_t *span;
    if (max < least || feed->n_spans == TERN_RESERVE_SPANS) {
        out_short(feed, least);
        return NULL;
    }
    if (feed->n_spans == 0 && tail >= least) {
        *room = tail < max ? tail : max;
        feed->reserved_tail_len = *room;
        span = feed->out_last->data + feed->out_last->off + feed->out_last->len;
    } else {
        struct tern_block *block = out_block_take(feed);
        if (block == NULL) {
            out_short(feed, least);
            return NULL;
        }
        *room = feed->pool->data_cap < max ? feed->pool->data_cap : max;
        block->len = (uint32_t)*room;    /* while reserved: what is lent */
        if (feed->reserved_last != NULL)
            feed->reserved_last->next = block;
        else
            feed->reserved_first = block;
        feed->reserved_last = block;
        span = block->data;
    }
    feed->n_spans++;
    feed->reserved_len += *room;
    return span;
}

/* The tail of out_last was lent; a block that was sent empty meanwhile was kept for it. */
static void out_tail_commit(struct tern_feed *feed, size_t n)
{
    struct tern_block *last = feed->out_last;
    last->len += (uint32_t)n;
    if (last->len > 0)
        return;
    feed->out_first = feed->out_last = NULL;
    out_block_give(feed, last);
}

void tern_feed_out_commit(struct tern_stream *s, size_t len)
{
    struct tern_feed *feed = feed_of(s);
    if (feed->n_spans == 0)
        return;
    if (!out_is_open(feed))
        len = 0;
    else if (len > feed->reserved_len)
        len = feed->reserved_len;
    size_t n = len < feed->reserved_tail_len ? len : feed->reserved_tail_len;
    if (feed->reserved_tail_len > 0)
        out_tail_commit(feed, n);
    size_t left = len - n;
    struct tern_block *block = feed->reserved_first, *next;
    for (; block != NULL; block = next) {
        next = block->next;
        n = left < block->len ? left : block->len;
        block->len = (uint32_t)n;
        left -= n;
        if (n > 0)
            out_append(feed, block);
        else
            out_block_give(feed, block);
    }
    feed->reserved_first = feed->reserved_last = NULL;
    feed->reserved_len = feed->reserved_tail_len = 0;
    feed->n_spans = 0;
    if (len > 0) {
        out_piece_add(feed, NULL, len);
        tern_feed_touch(feed);
    }
}

/* ---- The owner's side -------------------------------------------------------------- */

size_t tern_feed_outputs(const struct tern_feed *feed, struct tern_feed_span *spans, size_t n)
{
    if (!feed_is_alive(feed))
        return 0;
    const struct tern_block *block = feed->out_first;
    size_t used = 0;    /* of block, by the pieces before */
    size_t n_found = 0;
    for (size_t i = 0; i < feed->n_pieces && n_found < n; i++) {
        const struct tern_feed_piece *piece =
            &feed->pieces[(feed->piece_first + i) % N_PIECES];
        if (piece->borrowed != NULL) {
            spans[n_found++] = (struct tern_feed_span){ piece->borrowed, piece->len };
            continue;
        }
        for (size_t left = piece->len; left > 0 && n_found < n;) {
            size_t len = block->len - used < left ? block->len - used : left;
            spans[n_found++] =
                (struct tern_feed_span){ block->data + block->off + used, len };
            used += len;
            left -= len;
            if (used == block->len) {
                block = block->next;
                used = 0;
            }
        }
    }
    return n_found;
}

/* Takes n octets, all of one copied piece, off the blocks. */
static void out_blocks_take(struct tern_feed *feed, size_t n)
{
    feed->out_len -= n;
    while (n > 0) {
        struct tern_block *block = feed->out_first;
        /* fine: a copied piece has blocks for all its octets */
        size_t step = n < block->len ? n : block->len;
        block->off += (uint32_t)step;
        block->len -= (uint32_t)step;
        n -= step;
        if (block->len > 0 || (block == feed->out_last && feed->reserved_tail_len > 0))
            break;
        feed->out_first = block->next;
        if (feed->out_first == NULL)
            feed->out_last = NULL;
        out_block_give(feed, block);
    }
}

void tern_feed_sent(struct tern_feed *feed, size_t len)
{
    if (!feed_is_alive(feed))
        return;
    while (len > 0 && feed->n_pieces > 0) {
        struct tern_feed_piece *piece = out_piece(feed, 0);
        size_t n = len < piece->len ? len : piece->len;
        if (piece->borrowed == NULL)
            out_blocks_take(feed, n);
        else
            piece->borrowed += n;
        piece->len -= n;
        feed->unsent -= n;
        len -= n;
        if (piece->len > 0)
            break;
        if (piece->borrowed != NULL)
            feed->n_borrowed--;
        feed->piece_first = (uint16_t)((feed->piece_first + 1u) % N_PIECES);
        feed->n_pieces--;
    }
    /* With nothing left to send and still no room, a visit watches the pool. */
    if ((feed_has(feed, FEED_SHORT) && (feed->unsent == 0 || tern_feed_out_has_room(feed))) ||
        (feed_has(feed, FEED_FINISHED) && feed->unsent == 0))
        tern_feed_wake(feed);
}

void tern_feed_out_drop(struct tern_feed *feed)
{
    struct tern_block *block = feed->out_first, *next;
    for (; block != NULL; block = next) {
        next = block->next;
        out_block_give(feed, block);
    }
    for (block = feed->reserved_first; block != NULL; block = next) {
        next = block->next;
        out_block_give(feed, block);
    }
    feed->out_first = feed->out_last = NULL;
    feed->reserved_first = feed->reserved_last = NULL;
    feed->reserved_len = feed->reserved_tail_len = 0;
    feed->n_spans = 0;
    feed->out_len = feed->unsent = 0;
    feed->piece_first = feed->n_pieces = feed->n_borrowed = 0;
}
