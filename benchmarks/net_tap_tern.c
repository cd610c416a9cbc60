/* SPDX-License-Identifier: ISC */
/*
 * An appliance that takes octets on port 9 and gives them on port 19, for
 * measuring what it costs to move them.
 */
#include <tern/host.h>

static const uint8_t octets[262144];

static size_t sink_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    (void)s;
    (void)data;
    return len;
}

/* Copied, as the kernel's send is: borrowing would save what is being measured. */
static void source_room(struct tern_stream *s)
{
    while (tern_stream_write(s, octets, sizeof octets) == sizeof octets)
        continue;
}

static const struct tern_stream_events sink = { .data = sink_data };
static const struct tern_stream_events source = { .opened = source_room, .room = source_room };

static void sink_accept(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &sink, app);
}

static void source_accept(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &source, app);
}

int tern_main(struct tern_host *host)
{
    enum tern_err err = tern_listen(host, 9, sink_accept, NULL);
    return (int)(err == TERN_OK ? tern_listen(host, 19, source_accept, NULL) : err);
}
