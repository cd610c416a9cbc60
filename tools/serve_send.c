/* SPDX-License-Identifier: ISC */
/*
 * An answer that takes more than one visit: the file is read into the room
 * that the stream lends, whenever it has some, a bounded piece at a time, so
 * that a slow peer costs nothing and a large file does not hold up the others.
 */
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "serve.h"

/* Less room than this is not worth a system call. */
#define WORTH_IT TERN_RESERVE_LEAST

/* Reads from the file into lent spans; false: the file has become another. */
static bool spans_fill(int fd, uint64_t off, struct iovec *iov, int n, size_t len, size_t *got)
{
    ssize_t result;
    do
        result = preadv(fd, iov, n, (off_t)off);
    while (result < 0 && errno == EINTR);
    *got = result > 0 ? (size_t)result : 0;
    return result > 0 && *got <= len;
}

/* One read of at most `left` octets into what room there is; 0: none, or it failed. */
static size_t read_some(struct tern_stream *s, int fd, uint64_t off, uint64_t left)
{
    struct iovec iov[TERN_RESERVE_SPANS];
    size_t len = 0, got, room;
    int n = 0;

    while (n < (int)TERN_RESERVE_SPANS && len < left) {
        uint8_t *at = tern_stream_reserve(s, left < WORTH_IT ? (size_t)left : WORTH_IT, &room);
        if (at == NULL)
            break;
        if (room > left - len)
            room = (size_t)(left - len);
        iov[n++] = (struct iovec){ .iov_base = at, .iov_len = room };
        len += room;
    }
    if (n == 0)
        return 0;
    if (!spans_fill(fd, off, iov, n, len, &got)) {
        /* Shorter than it was: the length that was announced cannot be kept. */
        tern_stream_abort(s, TERN_ABORTED);
        return 0;
    }
    tern_stream_commit(s, got);
    return got;
}

/* Until the stream has no more room, which is bounded; then `room` comes again. */
static void send_more(struct tern_stream *s)
{
    struct serve_send *send = s->user;
    const struct serve_file *file = send->file;
    struct tern_http_piece piece;
    size_t n = 1;

    while (send->at < send->body.len && n > 0) {
        tern_http_body_piece(&send->body, send->at, &piece);
        if (piece.is_text)
            n = tern_stream_write(s, (const uint8_t *)piece.text + piece.off, (size_t)piece.len);
        else if (file->whole)
            n = tern_stream_write(s, file->octets->octets + piece.off, (size_t)piece.len);
        else
            n = read_some(s, file->fd, piece.off, piece.len);
        send->at += n;
    }
}

static void send_closed(struct tern_stream *s, enum tern_err why)
{
    struct serve_send *send = s->user;
    struct serve *serve = send->serve;

    (void)why;
    serve_files_give(&serve->files, send->file);
    send->next = serve->free_sends;
    serve->free_sends = send;
}

static const struct tern_stream_events send_events = {
    .room = send_more,
    .closed = send_closed,
};

void serve_send_start(struct serve *serve, struct tern_http_exchange *x, struct serve_file *file,
                      const struct tern_http_body *body, uint64_t at)
{
    struct serve_send *send = serve->free_sends;

    if (send == NULL) {    /* there is one a connection, so this cannot be */
        serve_files_give(&serve->files, file);
        tern_stream_abort(&x->stream, TERN_BUG);
        return;
    }
    serve->free_sends = send->next;
    send->serve = serve;
    send->file = file;
    send->body = *body;
    send->at = at;
    tern_stream_attach(&x->stream, &send_events, send);
    send_more(&x->stream);
}
