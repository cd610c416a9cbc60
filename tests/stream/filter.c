/* SPDX-License-Identifier: ISC */
/*
 * The test filter. Read it as the pattern for others: every rule of stream.h
 * that a filter has to keep is kept here, with the reason beside it.
 */
#include "filter.h"

#include <string.h>

static struct filter *filter_of(struct tern_stream *s)
{
    return TERN_CONTAINER_OF(s, struct filter, stream);
}

static void change(uint8_t *data, size_t len, uint8_t mask)
{
    for (size_t i = 0; i < len; i++)
        data[i] ^= mask;
}

/* Calls on a stream that has failed do nothing; nor do writes after its end. */
static bool is_open(const struct filter *filter)
{
    return filter->below != NULL && !filter->failed && !filter->finishing;
}

/* ---- Down ---------------------------------------------------------------------- */

/* Writes changed octets into spans of the stream below; returns how many. */
static size_t write_below(struct filter *filter, const uint8_t *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        size_t n_lent = 0, room;
        uint8_t *span;
        for (size_t i = 0; i < TERN_RESERVE_SPANS && n_lent < len - done; i++) {
            span = tern_stream_reserve(filter->below, 1, &room);
            if (span == NULL)
                break;
            size_t n = len - done - n_lent < room ? len - done - n_lent : room;
            memcpy(span, data + done + n_lent, n);
            change(span, n, filter->mask);
            n_lent += n;
        }
        tern_stream_commit(filter->below, n_lent);
        done += n_lent;
        if (n_lent == 0)
            break;    /* the stream below owes us a room */
    }
    return done;
}

/* Sends borrowed octets on. True when none are left. */
static bool borrowed_send(struct filter *filter)
{
    while (filter->n_borrowed > 0) {
        size_t n = write_below(filter, filter->borrowed[0].data, filter->borrowed[0].len);
        filter->borrowed[0].data += n;
        filter->borrowed[0].len -= n;
        if (filter->borrowed[0].len > 0)
            return false;
        filter->n_borrowed--;
        memmove(&filter->borrowed[0], &filter->borrowed[1],
                filter->n_borrowed * sizeof filter->borrowed[0]);
    }
    return true;
}

/* An end waits for what was borrowed before it. */
static void end_send(struct filter *filter)
{
    if (!filter->finishing || filter->failed || filter->below == NULL || !borrowed_send(filter))
        return;
    if (filter->closing)
        tern_stream_close(filter->below);
    else
        tern_stream_finish(filter->below);
}

/* Spans that were lent and not committed are given back. */
static void spans_give(struct filter *filter)
{
    if (filter->n_spans > 0)
        tern_stream_commit(filter->below, 0);
    filter->n_spans = 0;
}

static size_t filter_write(struct tern_stream *s, const uint8_t *data, size_t len)
{
    struct filter *filter = filter_of(s);
    if (!is_open(filter) || len == 0)
        return 0;
    spans_give(filter);
    size_t n = borrowed_send(filter) ? write_below(filter, data, len) : 0;
    if (n < len)
        filter->cut_short = true;
    return n;
}

static size_t filter_borrow(struct tern_stream *s, const uint8_t *data, size_t len)
{
    struct filter *filter = filter_of(s);
    if (!is_open(filter) || len == 0)
        return 0;
    spans_give(filter);
    if (!borrowed_send(filter) && filter->n_borrowed == FILTER_BORROWS) {
        filter->cut_short = true;
        return 0;
    }
    filter->borrowed[filter->n_borrowed].data = data;
    filter->borrowed[filter->n_borrowed].len = len;
    filter->n_borrowed++;
    (void)borrowed_send(filter);
    return len;
}

static uint8_t *filter_reserve(struct tern_stream *s, size_t least, size_t *room)
{
    struct filter *filter = filter_of(s);
    if (!is_open(filter))
        return NULL;
    uint8_t *span = NULL;
    if (filter->n_spans < TERN_RESERVE_SPANS &&
        (filter->n_borrowed == 0 || borrowed_send(filter)))
        span = tern_stream_reserve(filter->below, least, room);
    if (span == NULL) {
        filter->cut_short = true;
        return NULL;
    }
    filter->spans[filter->n_spans].data = span;
    filter->spans[filter->n_spans].len = *room;
    filter->n_spans++;
    return span;
}

static void filter_commit(struct tern_stream *s, size_t len)
{
    struct filter *filter = filter_of(s);
    if (filter->n_spans == 0)
        return;
    if (!is_open(filter))
        len = 0;
    size_t left = len;
    for (size_t i = 0; i < filter->n_spans; i++) {
        size_t n = left < filter->spans[i].len ? left : filter->spans[i].len;
        change(filter->spans[i].data, n, filter->mask);
        left -= n;
    }
    filter->n_spans = 0;
    tern_stream_commit(filter->below, len - left);
}

static void filter_resume(struct tern_stream *s)
{
    struct filter *filter = filter_of(s);
    if (filter->below != NULL && !filter->failed)
        tern_stream_resume(filter->below);
}

static void filter_finish(struct tern_stream *s)
{
    struct filter *filter = filter_of(s);
    if (!is_open(filter))
        return;
    spans_give(filter);
    filter->finishing = true;
    end_send(filter);
}

static void filter_close(struct tern_stream *s)
{
    struct filter *filter = filter_of(s);
    if (filter->below == NULL || filter->failed || filter->closing)
        return;
    spans_give(filter);
    filter->finishing = filter->closing = true;
    end_send(filter);
}

static void filter_abort(struct tern_stream *s, enum tern_err why)
{
    struct filter *filter = filter_of(s);
    if (filter->below == NULL || filter->failed)
        return;
    filter->failed = true;
    tern_stream_abort(filter->below, why);
}

static const struct tern_stream_info *filter_info(const struct tern_stream *s,
                                                  struct tern_stream_info *info)
{
    const struct filter *filter = (const struct filter *)(const void *)s;
    *info = *tern_stream_info(filter->below, info);
    for (size_t i = 0; i < filter->n_borrowed; i++)
        info->unsent += filter->borrowed[i].len;
    if (filter->n_borrowed > 0)
        info->room = 0;
    info->provider = "filter";
    return info;
}

static const struct tern_stream_ops filter_ops = {
    .write = filter_write,
    .borrow = filter_borrow,
    .reserve = filter_reserve,
    .commit = filter_commit,
    .resume = filter_resume,
    .finish = filter_finish,
    .close = filter_close,
    .abort = filter_abort,
    .info = filter_info,
};

/* ---- Up ------------------------------------------------------------------------ */

static void below_opened(struct tern_stream *below)
{
    struct filter *filter = below->user;
    tern_stream_emit_opened(&filter->stream);
}

static size_t below_data(struct tern_stream *below, uint8_t *data, size_t len)
{
    struct filter *filter = below->user;
    if (filter->closing)
        return len;
    /* First, or the user's answer to this very data would find no room once more. */
    (void)borrowed_send(filter);
    const struct tern_stream_events *events = filter->stream.events;
    const void *user = filter->stream.user;
    change(data, len, filter->mask);
    size_t taken = tern_stream_emit_data(&filter->stream, data, len);
    change(data + taken, len - taken, filter->mask);    /* what was not taken stays unchanged */
    /* The stream below has the same user as before: only we know that ours is new. */
    if (taken < len && (filter->stream.events != events || filter->stream.user != user))
        tern_stream_resume(below);
    return taken;
}

static void below_ended(struct tern_stream *below)
{
    struct filter *filter = below->user;
    if (!filter->closing)
        tern_stream_emit_ended(&filter->stream);
}

static void below_room(struct tern_stream *below)
{
    struct filter *filter = below->user;
    bool all_sent = borrowed_send(filter);
    end_send(filter);
    if (!all_sent || !filter->cut_short || !is_open(filter))
        return;
    filter->cut_short = false;
    tern_stream_emit_room(&filter->stream);
}

static void below_flush(struct tern_stream *below)
{
    struct filter *filter = below->user;
    tern_stream_emit_flush(&filter->stream);
    spans_give(filter);
    (void)borrowed_send(filter);
    end_send(filter);
}

static void below_closed(struct tern_stream *below, enum tern_err why)
{
    struct filter *filter = below->user;
    filter->failed = true;
    tern_stream_emit_closed(&filter->stream, why);
    filter->below = NULL;    /* the memory is the pool's again */
}

const struct tern_stream_events filter_events = {
    .opened = below_opened,
    .data = below_data,
    .ended = below_ended,
    .room = below_room,
    .flush = below_flush,
    .closed = below_closed,
};

/* ---- Begins -------------------------------------------------------------------- */

void filter_init(struct filter *filter, struct tern_stream *below, uint8_t mask,
                 const struct tern_stream_events *events, void *user)
{
    memset(filter, 0, sizeof *filter);
    filter->stream.ops = &filter_ops;
    filter->below = below;
    filter->mask = mask;
    tern_stream_attach(&filter->stream, events, user);
}

void filter_accept(void *app, struct tern_stream *below)
{
    struct filter_server *server = app;
    for (size_t i = 0; i < server->n_filters; i++) {
        struct filter *filter = &server->filters[i];
        if (filter->below != NULL)
            continue;
        filter_init(filter, below, server->mask, NULL, NULL);
        tern_stream_attach(below, &filter_events, filter);
        server->accept(server->app, &filter->stream);
        if (filter->stream.events == NULL)
            tern_stream_abort(below, TERN_ABORTED);
        return;
    }
    /* None free: not attached, so the stream is aborted. */
}
