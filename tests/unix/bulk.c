/* SPDX-License-Identifier: ISC */
/*
 * An appliance for tests, for every backend: an echo on port 7, a sink on port 9
 * that says how much came and whether it was the pattern, and on port 19 a source
 * of so many octets of it.
 */
#include <string.h>

#include <tern/host.h>

#include "pattern.h"

struct bulk {
    struct bulk *next;
    uint64_t at, len;
    bool wrong;
};

static const struct tern_option bulk_options[] = {
    { .key = "octets", .value_name = "N", .fallback = "268435456",
      .help = "how many the source gives" },
    { .key = NULL },
};

TERN_APPLIANCE(.name = "bulk", .connections = 2048,
    .pools = TERN_POOLS(TERN_POOL("bulk", struct bulk, .per_connection = 1)),
    .options = bulk_options);

static struct bulk *free_bulks;
static uint64_t octets;

static struct bulk *bulk_take(void)
{
    struct bulk *b = free_bulks;
    if (b == NULL)
        return NULL;
    free_bulks = b->next;
    *b = (struct bulk){ .len = octets };
    return b;
}

static void bulk_closed(struct tern_stream *s, enum tern_err why)
{
    struct bulk *b = s->user;
    (void)why;
    b->next = free_bulks;
    free_bulks = b;
}

static void bulk_attach(struct tern_stream *s, const struct tern_stream_events *events)
{
    struct bulk *b = bulk_take();
    if (b != NULL)
        tern_stream_attach(s, events, b);
}

static size_t echo_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}

static size_t sink_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    struct bulk *b = s->user;
    b->wrong = b->wrong || !pattern_is(data, len, b->at);
    b->at += len;
    return len;
}

static void sink_ended(struct tern_stream *s)
{
    struct bulk *b = s->user;
    char line[20 + sizeof " wrong\n"];
    size_t at = 20;
    uint64_t n = b->at;

    memcpy(line + at, b->wrong ? " wrong\n" : " right\n", 7);
    do {
        line[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    (void)tern_stream_write(s, (const uint8_t *)line + at, 27 - at);
    tern_stream_close(s);
}

static void source_room(struct tern_stream *s)
{
    struct bulk *b = s->user;
    size_t room;

    while (b->at < b->len) {
        uint8_t *at = tern_stream_reserve(s, 1, &room);
        if (at == NULL)
            return;
        if (room > b->len - b->at)
            room = (size_t)(b->len - b->at);
        pattern_fill(at, room, b->at);
        tern_stream_commit(s, room);
        b->at += room;
    }
    tern_stream_finish(s);
}

static const struct tern_stream_events echo = { .data = echo_data };
static const struct tern_stream_events sink = {
    .data = sink_data, .ended = sink_ended, .closed = bulk_closed,
};
static const struct tern_stream_events source = {
    .opened = source_room, .room = source_room, .closed = bulk_closed,
};

static void echo_accept(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &echo, app);
}

static void bulk_accept(void *app, struct tern_stream *s)
{
    bulk_attach(s, app);
}

static bool number(const char *text, uint64_t *n)
{
    for (*n = 0; *text >= '0' && *text <= '9' && *n < UINT64_MAX / 100; text++)
        *n = *n * 10 + (uint64_t)(*text - '0');
    return *text == '\0';
}

int tern_main(struct tern_host *host)
{
    size_t n;
    struct bulk *bulks = tern_host_pool(host, "bulk", sizeof *bulks, &n);

    if (!number(tern_host_option(host, "octets"), &octets))
        return TERN_INVALID;
    for (size_t i = 0; i < n; i++) {
        bulks[i].next = free_bulks;
        free_bulks = &bulks[i];
    }
    int err = (int)tern_listen(host, 7, echo_accept, NULL);
    if (err == TERN_OK)
        err = (int)tern_listen(host, 9, bulk_accept, (void *)(uintptr_t)&sink);
    if (err == TERN_OK)
        err = (int)tern_listen(host, 19, bulk_accept, (void *)(uintptr_t)&source);
    return err;
}
