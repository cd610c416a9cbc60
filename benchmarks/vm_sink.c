/* SPDX-License-Identifier: ISC */
/*
 * The Discard Protocol (RFC 863) on TCP, to see what a stack alone does with
 * octets that come: they are lent to it, and it reads none. That they are the
 * right ones, other programs check (tests/unix/bulk.c).
 */
#include <tern/host.h>

static size_t sink_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    (void)s;
    (void)data;
    return len;
}

static void sink_ended(struct tern_stream *s)
{
    tern_stream_close(s);
}

static const struct tern_stream_events sink = { .data = sink_data, .ended = sink_ended };

static void sink_accept(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &sink, app);
}

int tern_main(struct tern_host *host)
{
    return (int)tern_listen(host, 9, sink_accept, NULL);
}
