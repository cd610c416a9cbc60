/* SPDX-License-Identifier: ISC */
/*
 * A TCP client on Tern's own TCP/IP: tap_netcat DEVICE ADDRESS/PREFIX PEER:PORT.
 * Its input goes to the peer, whose words it prints, until both have ended.
 */
#include <tern/tcp.h>
#include <tern/unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct { struct tern_unix_loop loop; struct tern_tap tap;    /* all it will ever need */
    struct tern_net net; struct tern_drbg drbg; struct tern_neighbour neighbours[8];
    struct tern_tcp_conn conn; struct tern_tcp_half half; struct tern_tcp_time_wait wait;
    struct tern_tcp_work work; struct tern_tcp_flight flights[8]; struct tern_tcp_listener listener;
    struct tern_block_pool pool; _Alignas(16) uint8_t blocks[1024 * 2048]; uint32_t buckets[8];
    struct tern_ipv4_address at; struct tern_endpoint_addr peer; uint8_t seed[TERN_SEED_LEN];
    struct tern_stream *stream; enum tern_err result;
} m;

/* Reads to where it will be sent from. Without room it rests until the event. */
static void ready(struct tern_unix_watch *in, uint32_t events)
{
    size_t room;
    ssize_t n = 1;
    for (uint8_t *at; n > 0 && (at = tern_stream_reserve(m.stream, 1, &room)) != NULL;) {
        n = read(STDIN_FILENO, at, room);
        tern_stream_commit(m.stream, n > 0 ? (size_t)n : 0);
        if (n <= 0)
            tern_stream_finish(m.stream);
        else if (events != 0)
            return;
    }
    tern_unix_loop_unwatch(&m.loop, in);
}

static void room(struct tern_stream *s)    /* and `opened` */
{
    static struct tern_unix_watch in = { .ready = ready };
    (void)s;
    if (tern_unix_loop_watch(&m.loop, &in, STDIN_FILENO, TERN_UNIX_READ) != TERN_OK)
        ready(&in, 0);    /* a file: it is always ready */
}

static size_t data(struct tern_stream *s, uint8_t *octets, size_t len)
{
    if (fwrite(octets, 1, len, stdout) != len || fflush(stdout) != 0)
        tern_stream_abort(s, TERN_ABORTED);
    return len;
}

static void ended(struct tern_stream *s) { (void)s; }    /* the peer has; our input has not */
static void closed(struct tern_stream *s, enum tern_err why)
{
    (void)s, m.result = why, tern_unix_loop_stop(&m.loop);
}

int main(int argc, char **argv)
{
    static const struct tern_stream_events events = { room, data, ended, room, NULL, closed };
    static struct tern_ipv4 ipv4 = { .config = { m.neighbours, .n_neighbours = 8 } };
    static struct tern_tcp tcp = { .config = { &m.conn, 1, &m.half, 1, &m.wait, 1, &m.work, 1,
        m.flights, 8, &m.listener, 1, .buckets = m.buckets, .n_buckets = 8 } };
    const struct tern_net_use parts[] = {
        { &tern_ipv4, &ipv4 }, { &tern_tcp, &tcp }, { &tern_newreno, NULL }, { NULL, NULL } };
    const struct tern_net_config config = { &m.loop.turn, &m.drbg, &m.pool, .parts = parts };
    enum tern_err err = argc == 4 && getentropy(m.seed, 32) == 0 ? TERN_OK : TERN_INVALID;
    if (err || (err = tern_drbg_init(&m.drbg, m.seed)) ||
        (err = tern_prefix_parse(argv[2], strlen(argv[2]), &m.at.addr, &m.at.prefix_len)) ||
        (err = tern_endpoint_addr_parse(argv[3], strlen(argv[3]), &m.peer)) ||
        (err = tern_block_pool_init(&m.pool, m.blocks, sizeof m.blocks, 2048)) ||
        (err = tern_unix_loop_init(&m.loop, NULL)) || (err = tern_net_init(&m.net, &config)) ||
        (err = tern_tap_open(&m.tap, &m.loop, argv[1], NULL)) ||
        (err = tern_net_attach(&m.net, &m.tap.link)) || (err = tern_ipv4_set(&m.net, 0, &m.at)) ||
        (err = tern_tcp_connect(&m.net, &m.peer, NULL, NULL, &events, NULL, &m.stream)) ||
        (err = tern_unix_loop_run(&m.loop)) || (err = m.result))
        fprintf(stderr, "tap_netcat DEVICE ADDRESS/PREFIX PEER:PORT: %s\n", tern_err_text(err));
    return err != TERN_OK;
}
