/* SPDX-License-Identifier: ISC */
/*
 * A TCP client on Tern's own TCP/IP: tap_netcat DEVICE ADDRESS/PREFIX PEER:PORT.
 * Its input (a pipe or terminal) goes to the peer, whose words it prints.
 */
#include <tern/tcp.h>
#include <tern/unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct tern_unix_loop loop;
static struct tern_tap tap;
static struct {    /* all that the stack will ever need */
    struct tern_net net; struct tern_drbg drbg; struct tern_ipv4_neighbour neighbours[8];
    struct tern_tcp_conn conn; struct tern_tcp_half half; struct tern_tcp_time_wait wait;
    struct tern_tcp_work work; struct tern_tcp_flight flights[8]; struct tern_tcp_listener listener;
    struct tern_block_pool pool; _Alignas(16) uint8_t blocks[1024 * 2048]; uint32_t buckets[8];
} m;
static struct tern_stream *stream;
static enum tern_err result = TERN_INVALID;

/* Reads to where it will be sent from. Without room it rests until the event. */
static void ready(struct tern_unix_watch *in, uint32_t events)
{
    size_t room = 0;
    uint8_t *at = events != 0 ? tern_stream_reserve(stream, 1, &room) : NULL;
    ssize_t n = at != NULL ? read(in->fd, at, room) : 0;
    tern_stream_commit(stream, n > 0 ? (size_t)n : 0);
    if (n <= 0)
        tern_unix_loop_unwatch(&loop, in);
    if (n <= 0 && at != NULL)
        tern_stream_finish(stream);
}

static void room(struct tern_stream *s)    /* and `opened` */
{
    static struct tern_unix_watch in = { .ready = ready };
    if (tern_unix_loop_watch(&loop, &in, STDIN_FILENO, TERN_UNIX_READ) != TERN_OK)
        tern_stream_abort(s, TERN_UNSUPPORTED);
}

static size_t data(struct tern_stream *s, uint8_t *octets, size_t len)
{
    if (fwrite(octets, 1, len, stdout) != len || fflush(stdout) != 0)
        tern_stream_abort(s, TERN_ABORTED);
    return len;
}

static void closed(struct tern_stream *s, enum tern_err why)
{
    (void)s, result = why;
    tern_unix_loop_stop(&loop);
}

int main(int argc, char **argv)
{
    static const struct tern_stream_events events = { room, data, NULL, room, NULL, closed };
    static struct tern_ipv4 ipv4 = { .config = { m.neighbours, .n_neighbours = 8 } };
    static struct tern_tcp tcp = { .config = { &m.conn, 1, &m.half, 1, &m.wait, 1, &m.work, 1,
        m.flights, 8, &m.listener, 1, .buckets = m.buckets, .n_buckets = 8 } };
    const struct tern_net_use parts[] = {
        { &tern_ipv4, &ipv4 }, { &tern_tcp, &tcp }, { &tern_newreno, NULL }, { NULL, NULL } };
    const struct tern_net_config config = { &loop.turn, &m.drbg, &m.pool, .parts = parts };
    struct tern_ipv4_address at = { .prefix_len = 0 };
    struct tern_endpoint_addr peer;
    uint8_t seed[TERN_SEED_LEN];
    if (argc < 4 || getentropy(seed, 32) != 0 || tern_drbg_init(&m.drbg, seed) != TERN_OK ||
        tern_prefix_parse(argv[2], strlen(argv[2]), &at.addr, &at.prefix_len) != TERN_OK ||
        tern_endpoint_addr_parse(argv[3], strlen(argv[3]), &peer) != TERN_OK ||
        tern_block_pool_init(&m.pool, m.blocks, sizeof m.blocks, 2048) != TERN_OK ||
        tern_unix_loop_init(&loop, NULL) != TERN_OK || tern_net_init(&m.net, &config) != TERN_OK ||
        tern_tap_open(&tap, &loop, argv[1], NULL) != TERN_OK ||
        tern_net_attach(&m.net, &tap.link) != TERN_OK || tern_ipv4_set(&m.net, 0, &at) != TERN_OK ||
        tern_tcp_connect(&m.net, &peer, NULL, NULL, &events, NULL, &stream) != TERN_OK ||
        tern_unix_loop_run(&loop) != TERN_OK || result != TERN_OK)
        fprintf(stderr, "tap_netcat DEVICE ADDRESS/PREFIX PEER:PORT: %s\n", tern_err_text(result));
    return result != TERN_OK;
}
