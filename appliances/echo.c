/* SPDX-License-Identifier: ISC */
/*
 * The Echo Protocol (RFC 862) on TCP: every octet goes back where it came from.
 * What cannot be written yet is not taken, and is offered again when there is
 * room.
 */
#include <tern/host.h>

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}

static const struct tern_stream_events echo = { .data = echo_data };

static void echo_accept(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &echo, app);
}

int tern_main(struct tern_host *host)
{
    return (int)tern_listen(host, 7, echo_accept, NULL);
}
