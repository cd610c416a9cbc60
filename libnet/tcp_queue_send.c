/* SPDX-License-Identifier: ISC */
/*
 * What was written and is not acknowledged: a list of blocks, each with octets
 * of its own or with a pointer to borrowed ones.
 *
 *   snd_first                       snd_last
 *      |                               |
 *      v                               v
 *   [octets] -> [borrowed: ptr] -> [octets ...room] -> [reserved] -> [reserved]
 *      ^                                     ^
 *      SND.UNA (after our SYN)               the first reserved span may be here
 *
 * Reserved spans follow snd_last until commit makes them part of the queue; if
 * nothing is queued, snd_last is NULL and they begin at snd_first. n_reserved
 * counts spans; if it is one more than the blocks behind snd_last, the first
 * span is snd_last's own room.
 *
 * The work block remembers where SND.NXT is, so a long queue costs no walk.
 */
#include "tcp_internal.h"

#include <string.h>

#define BORROWED UINT32_MAX    /* as a block's off: its data is a pointer to the octets */
#define BORROW_LEAST 512u      /* fewer octets than this are rather copied, if they fit */

/* ---- Blocks ------------------------------------------------------------------------------- */

static bool is_borrowed(const struct tern_block *block)
{
    return block->off == BORROWED;
}

static const uint8_t *octets_of(const struct tern_block *block)
{
    if (!is_borrowed(block))
        return block->data + block->off;
    const uint8_t *at;
    memcpy(&at, block->data, sizeof at);
    return at;
}

/* The first n octets are acknowledged. */
static void block_advance(struct tern_block *block, uint32_t n)
{
    if (is_borrowed(block)) {
        const uint8_t *at = octets_of(block) + n;
        memcpy(block->data, &at, sizeof at);
    } else {
        block->off += n;
    }
    block->len -= n;
}

static size_t tail_room(const struct tern_tcp_conn *conn)
{
    const struct tern_block *last = conn->snd_last;
    if (last == NULL || is_borrowed(last))
        return 0;
    return conn->tcp->net->blocks->data_cap - last->off - last->len;
}

static size_t queue_room(const struct tern_tcp_conn *conn)
{
    return TCP_QUEUE_MAX - (conn->snd_end - conn->snd_una);
}

/* A block behind all others, reserved ones too; NULL: none is free, or it would be unfair. */
static struct tern_block *block_append(struct tern_tcp_conn *conn)
{
    struct tern_block_pool *pool = conn->tcp->net->blocks;
    if (conn->n_snd_blocks == UINT16_MAX || !tern_block_fair(pool, conn->n_snd_blocks))
        return NULL;
    struct tern_block *block = tern_block_take(pool);
    conn->n_snd_blocks++;
    struct tern_block **link = conn->snd_last != NULL ? &conn->snd_last->next : &conn->snd_first;
    while (*link != NULL)    /* over reserved ones, fewer than TERN_RESERVE_SPANS */
        link = &(*link)->next;
    *link = block;
    return block;
}

static void chain_give(struct tern_tcp_conn *conn, struct tern_block *block)
{
    while (block != NULL) {
        struct tern_block *next = block->next;
        tern_block_give(conn->tcp->net->blocks, block);
        conn->n_snd_blocks--;
        block = next;
    }
}

/* May anything be written? */
static bool is_open(const struct tern_tcp_conn *conn)
{
    return !conn->over && !conn->fin_queued && !conn->discard;
}

static void queued(struct tern_tcp_conn *conn, size_t len)
{
    conn->snd_end += (uint32_t)len;
    if (len > 0)
        tern_tcp_conn_join(conn);
}

/* ---- The user's side ------------------------------------------------------------------------ */

bool tern_tcp_send_has_room(const struct tern_tcp_conn *conn)
{
    return is_open(conn) && queue_room(conn) > 0 &&
           (tail_room(conn) >= TERN_RESERVE_LEAST ||
            tern_block_fair(conn->tcp->net->blocks, conn->n_snd_blocks));
}

size_t tern_tcp_send_room(const struct tern_tcp_conn *conn)
{
    if (!is_open(conn))
        return 0;
    const struct tern_block_pool *pool = conn->tcp->net->blocks;
    size_t n = tern_block_fair_more(pool, conn->n_snd_blocks);
    size_t room = tail_room(conn) + n * pool->data_cap;
    return room < queue_room(conn) ? room : queue_room(conn);
}

size_t tern_tcp_send_write(struct tern_tcp_conn *conn, const uint8_t *data, size_t len)
{
    (void)tern_tcp_send_commit(conn, 0);
    if (!is_open(conn))
        return 0;
    size_t left = len < queue_room(conn) ? len : queue_room(conn), done = 0;
    while (done < left) {
        if (tail_room(conn) == 0) {
            struct tern_block *block = block_append(conn);
            if (block == NULL)
                break;
            conn->snd_last = block;
        }
        struct tern_block *last = conn->snd_last;
        size_t n = tail_room(conn);
        if (n > left - done)
            n = left - done;
        memcpy(last->data + last->off + last->len, data + done, n);
        last->len += (uint32_t)n;
        done += n;
    }
    if (done < len)
        conn->room_wanted = true;
    queued(conn, done);
    return done;
}

size_t tern_tcp_send_borrow(struct tern_tcp_conn *conn, const uint8_t *data, size_t len)
{
    (void)tern_tcp_send_commit(conn, 0);
    if (!is_open(conn) || len == 0)
        return 0;
    if (len < BORROW_LEAST && len <= tail_room(conn))
        return tern_tcp_send_write(conn, data, len);
    struct tern_block *block = len <= queue_room(conn) ? block_append(conn) : NULL;
    if (block == NULL) {
        conn->room_wanted = true;
        return 0;
    }
    block->off = BORROWED;
    block->len = (uint32_t)len;
    memcpy(block->data, &data, sizeof data);
    conn->snd_last = block;
    queued(conn, len);
    return len;
}

uint8_t *tern_tcp_send_reserve(struct tern_tcp_conn *conn, size_t least, size_t *room)
{
    if (!is_open(conn) || least > TERN_RESERVE_LEAST)
        return NULL;
    size_t tail = tail_room(conn);
    if (conn->n_reserved == 0 && tail > 0 && tail >= least) {
        conn->n_reserved = 1;
        *room = tail;
        return conn->snd_last->data + conn->snd_last->off + conn->snd_last->len;
    }
    size_t cap = conn->tcp->net->blocks->data_cap;
    struct tern_block *block = NULL;
    if (conn->n_reserved < TERN_RESERVE_SPANS &&
        queue_room(conn) > (conn->n_reserved + 1u) * cap)
        block = block_append(conn);
    if (block == NULL) {
        conn->room_wanted = true;
        return NULL;
    }
    conn->n_reserved = (conn->n_reserved + 1u) & 0x1f;
    *room = cap;
    return block->data;
}

/* Queues the first len octets of what is reserved, gives the rest back; how many there were. */
size_t tern_tcp_send_commit(struct tern_tcp_conn *conn, size_t len)
{
    if (conn->n_reserved == 0)
        return 0;
    struct tern_block **link = conn->snd_last != NULL ? &conn->snd_last->next : &conn->snd_first;
    size_t n_blocks = 0, done = 0;
    for (const struct tern_block *b = *link; b != NULL; b = b->next)
        n_blocks++;
    if (conn->n_reserved > n_blocks) {    /* the tail's own room comes first */
        done = tail_room(conn) < len ? tail_room(conn) : len;
        /* fine: more spans than blocks: the first is the tail's */
        conn->snd_last->len += (uint32_t)done;
    }
    conn->n_reserved = 0;
    while (*link != NULL && done < len) {
        struct tern_block *block = *link;
        size_t n = conn->tcp->net->blocks->data_cap;
        if (n > len - done)
            n = len - done;
        block->len = (uint32_t)n;
        done += n;
        conn->snd_last = block;
        link = &block->next;
    }
    chain_give(conn, *link);
    *link = NULL;
    queued(conn, done);
    return done;
}

/* ---- The peer's side ---------------------------------------------------- */

/* All that is queued is acknowledged: a lone block goes unread, it may be in no cache. */
static void lone_block_give(struct tern_tcp_conn *conn, struct tern_tcp_work *work)
{
    tern_block_give(conn->tcp->net->blocks, conn->snd_first);
    conn->snd_first = conn->snd_last = NULL;
    conn->n_snd_blocks = 0;
    if (work != NULL)
        work->cursor = NULL;
}

/* The first len octets of the queue are acknowledged. */
void tern_tcp_send_acked(struct tern_tcp_conn *conn, uint32_t len)
{
    struct tern_tcp_work *work = tcp_work(conn);
    if (conn->n_snd_blocks == 1 && conn->n_reserved == 0 && len > 0 &&
        len == conn->snd_end - tcp_snd_first_seq(conn)) {
        lone_block_give(conn, work);
        return;
    }
    while (len > 0) {
        struct tern_block *block = conn->snd_first;
        uint32_t n = block->len < len ? block->len : len;
        if (work != NULL && work->cursor == block)
            work->cursor_seq += n;
        len -= n;
        /* A tail whose room is lent stays, empty. */
        if (n < block->len || (block == conn->snd_last && conn->n_reserved > 0)) {
            block_advance(block, n);
            continue;
        }
        if (work != NULL && work->cursor == block)
            work->cursor = NULL;
        conn->snd_first = block->next;
        if (block == conn->snd_last)
            conn->snd_last = NULL;
        block->next = NULL;
        chain_give(conn, block);
    }
}

uint32_t tern_tcp_send_copy(struct tern_tcp_conn *conn, uint32_t seq, uint8_t *to, size_t len,
                            const struct tern_checksum_ops *ops, uint32_t sum)
{
    struct tern_tcp_work *work = tcp_work(conn);
    struct tern_block *block = conn->snd_first;
    uint32_t block_seq = tcp_snd_first_seq(conn);
    if (work != NULL && work->cursor != NULL && tern_tcp_seq_leq(work->cursor_seq, seq)) {
        block = work->cursor;
        block_seq = work->cursor_seq;
    }
    while (seq - block_seq >= block->len && block->next != NULL) {
        block_seq += block->len;
        block = block->next;
    }
    bool odd = false;
    for (size_t done = 0; done < len;) {
        uint32_t skip = seq + (uint32_t)done - block_seq;
        /* fine: the caller asks for what is queued */
        size_t n = block->len - skip;
        if (n > len - done)
            n = len - done;
        const uint8_t *from = octets_of(block) + skip;
        if (ops == NULL)
            memcpy(to + done, from, n);
        else if (!odd)
            sum = ops->copy(sum, to + done, from, n);
        else    /* RFC 1071 section 2 (B): octets behind an odd number of them are swapped */
            sum = tern_checksum_fold(sum) + tern_checksum_swap(ops->copy(0, to + done, from, n));
        odd ^= n & 1;
        done += n;
        if (done < len) {
            block_seq += block->len;
            block = block->next;
        }
    }
    if (work != NULL) {
        work->cursor = block;
        work->cursor_seq = block_seq;
    }
    return sum;
}

TERN_COLD
void tern_tcp_send_drop(struct tern_tcp_conn *conn)
{
    chain_give(conn, conn->snd_first);
    conn->snd_first = conn->snd_last = NULL;
    conn->n_reserved = 0;
}
