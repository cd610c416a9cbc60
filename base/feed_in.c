/* SPDX-License-Identifier: ISC */
/*
 * A feed's input: octets from the peer wait in blocks until the user takes
 * them. What finds no room is refused, never dropped.
 */
#include "feed_internal.h"

#include <string.h>

/* May input have one more block, if n_free are free and it holds n_held? */
static bool in_may_take(const struct tern_feed *feed, size_t n_free, size_t n_held)
{
    /*
     * Input only leaves when a user can answer it: were all blocks full of
     * input, no answer would find one, and all would stand still.
     */
    size_t n_for_output = feed->pool->n_blocks / 8;
    if (n_for_output == 0 && feed->pool->n_blocks > 1)
        n_for_output = 1;
    return n_free > n_for_output && n_held <= n_free / 4;
}

static bool in_is_open(const struct tern_feed *feed)
{
    return feed_is_alive(feed) && !feed_has(feed, FEED_IN_END);
}

/* Takes a block for input, not yet in the list. NULL: input has to wait. */
static struct tern_block *in_block_take(struct tern_feed *feed)
{
    if (!in_may_take(feed, feed->pool->n_free, feed->n_in_blocks))
        return NULL;
    struct tern_block *block = tern_block_take(feed->pool);
    if (block != NULL)
        feed->n_in_blocks++;
    return block;
}

static void in_block_give(struct tern_feed *feed, struct tern_block *block)
{
    feed->n_in_blocks--;
    tern_block_give(feed->pool, block);
}

static void in_append(struct tern_feed *feed, struct tern_block *block)
{
    if (feed->in_last != NULL)
        feed->in_last->next = block;
    else
        feed->in_first = block;
    feed->in_last = block;
}

/* Octets were added: they, and what was not taken before, are offered. */
static void in_added(struct tern_feed *feed, size_t len)
{
    feed->in_len += len;
    feed->flags |= FEED_OFFER;
    tern_feed_wake(feed);
}

/* Input was refused: a visit will watch for room. */
static void in_choke(struct tern_feed *feed)
{
    if (!feed_has(feed, FEED_CHOKED))
        tern_feed_wake(feed);
    feed->flags |= FEED_CHOKED;
}

size_t tern_feed_input_room(const struct tern_feed *feed, size_t most)
{
    if (!in_is_open(feed))
        return 0;
    if (feed_has(feed, FEED_CLOSING))
        return most;
    size_t max = feed->config.in_max - feed->in_len;
    if (max > most)
        max = most;
    size_t room = feed_tail_room(feed, feed->in_last);
    size_t n_free = feed->pool->n_free, n_held = feed->n_in_blocks;
    while (room < max && in_may_take(feed, n_free, n_held)) {
        room += feed->pool->data_cap;
        n_free--;
        n_held++;
    }
    return room < max ? room : max;
}

bool tern_feed_is_choked(const struct tern_feed *feed)
{
    return in_is_open(feed) && tern_feed_input_room(feed, 1) == 0;
}

unsigned tern_feed_wants(struct tern_feed *feed)
{
    if (!feed_is_alive(feed))
        return 0;
    if (feed_has(feed, FEED_CONNECTING))
        return TERN_FEED_WRITE;
    unsigned wants = feed->unsent > 0 ? TERN_FEED_WRITE : 0;
    if (tern_feed_is_choked(feed))
        in_choke(feed);
    else if (in_is_open(feed))
        wants |= TERN_FEED_READ;
    return wants;
}

size_t tern_feed_input(struct tern_feed *feed, const uint8_t *data, size_t len)
{
    if (!in_is_open(feed) || len == 0)
        return 0;
    if (feed_has(feed, FEED_CLOSING))    /* nobody reads any more: discard */
        return len;
    size_t taken = 0;
    size_t max = feed->config.in_max - feed->in_len;
    if (max > len)
        max = len;
    while (taken < max) {
        size_t room = feed_tail_room(feed, feed->in_last);
        if (room == 0) {
            struct tern_block *block = in_block_take(feed);
            if (block == NULL)
                break;
            in_append(feed, block);
            continue;
        }
        struct tern_block *last = feed->in_last;
        size_t n = max - taken < room ? max - taken : room;
        memcpy(last->data + last->off + last->len, data + taken, n);
        last->len += (uint32_t)n;
        taken += n;
    }
    if (taken < len)
        in_choke(feed);
    if (taken > 0)
        in_added(feed, taken);
    return taken;
}

uint8_t *tern_feed_input_reserve(struct tern_feed *feed, size_t *room)
{
    if (!in_is_open(feed) || feed->in_reserved != NULL || feed_has(feed, FEED_IN_TAIL))
        return NULL;
    size_t tail = feed_tail_room(feed, feed->in_last);
    size_t max = feed->config.in_max - feed->in_len;
    struct tern_block *block = NULL;
    /* A short rest of a block makes short reads: rather a new one, if there is one. */
    if (max > 0 && tail < feed->pool->data_cap / 4)
        block = in_block_take(feed);
    if (max == 0 || (block == NULL && tail == 0)) {
        in_choke(feed);
        return NULL;
    }
    if (block != NULL) {
        feed->in_reserved = block;
        *room = feed->pool->data_cap < max ? feed->pool->data_cap : max;
        return block->data;
    }
    feed->flags |= FEED_IN_TAIL;
    *room = tail < max ? tail : max;
    return feed->in_last->data + feed->in_last->off + feed->in_last->len;
}

void tern_feed_input_commit(struct tern_feed *feed, size_t len)
{
    struct tern_block *block = feed->in_reserved;
    bool in_tail = feed_has(feed, FEED_IN_TAIL);
    if (!in_is_open(feed) || feed_has(feed, FEED_CLOSING))
        len = 0;
    feed->flags &= ~(uint32_t)FEED_IN_TAIL;
    feed->in_reserved = NULL;
    if (block != NULL && len > 0)
        in_append(feed, block);
    else if (block != NULL)
        in_block_give(feed, block);
    if (in_tail && len == 0 && feed->in_last->len == 0)
        tern_feed_in_take(feed, 0);    /* emptied meanwhile, and kept for this */
    if (len == 0 || (block == NULL && !in_tail))
        return;
    feed->in_last->len += (uint32_t)len;
    in_added(feed, len);
}

/* ---- For the visit -------------------------------------------------------------- */

void tern_feed_in_take(struct tern_feed *feed, size_t n)
{
    struct tern_block *block = feed->in_first;
    block->off += (uint32_t)n;
    block->len -= (uint32_t)n;
    feed->in_len -= n;
    if (block->len > 0 || (block == feed->in_last && feed_has(feed, FEED_IN_TAIL)))
        return;
    feed->in_first = block->next;
    if (feed->in_first == NULL)
        feed->in_last = NULL;
    in_block_give(feed, block);
}

void tern_feed_in_drop(struct tern_feed *feed)
{
    struct tern_block *block = feed->in_first, *next;
    for (; block != NULL; block = next) {
        next = block->next;
        if (next == NULL && feed_has(feed, FEED_IN_TAIL))
            feed->in_reserved = block;    /* lent: the commit gives it back */
        else
            in_block_give(feed, block);
    }
    feed->flags &= ~(uint32_t)FEED_IN_TAIL;
    feed->in_first = feed->in_last = NULL;
    feed->in_len = 0;
}

void tern_feed_end(struct tern_feed *feed)
{
    if (!in_is_open(feed))
        return;
    feed->flags |= FEED_IN_END;
    tern_feed_wake(feed);
}
