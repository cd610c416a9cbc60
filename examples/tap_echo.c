/* SPDX-License-Identifier: ISC */
/*
 * An echo server (RFC 862) on Tern's own TCP/IP, on a TAP device, until a signal:
 *     tap_echo DEVICE ADDRESS/PREFIX PORT
 * The program places the stack and its pools; only the parts listed are linked.
 */
#include <tern/tcp.h>
#include <tern/unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { N = 64 };
static struct tern_unix_loop loop;
static struct {
    struct tern_neighbour neighbours[N];
    struct tern_tcp_conn conns[N];
    struct tern_tcp_half halves[N];
    struct tern_tcp_time_wait waits[N];
    struct tern_tcp_work works[N];
    struct tern_tcp_flight flights[8 * N];
    struct tern_tcp_listener listener;
    uint32_t buckets[4 * N];
    _Alignas(16) uint8_t blocks[1024 * 2048];
} pools;

/* What cannot be written back is not taken: then the peer may not send more. */
static size_t echo(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}
static const struct tern_stream_events events = { .data = echo };

static void come(void *app, struct tern_stream *s) { tern_stream_attach(s, &events, app); }

static void told(struct tern_unix_signal *signal, int number)
{
    (void)signal, (void)number;
    tern_unix_loop_stop(&loop);
}

int main(int argc, char **argv)
{
    static struct tern_ipv4 ipv4 = { .config = { pools.neighbours, .n_neighbours = N } };
    static struct tern_tcp tcp = { .config = {
        pools.conns, N, pools.halves, N, pools.waits, N, pools.works, N, pools.flights, 8 * N,
        &pools.listener, 1, .buckets = pools.buckets, .n_buckets = 4 * N } };
    static struct tern_unix_signal signals[] = { { told, SIGINT, NULL }, { told, SIGTERM, NULL } };
    static struct tern_net net;
    static struct tern_tap tap;
    static struct tern_drbg drbg;
    static struct tern_block_pool blocks;
    const struct tern_net_use parts[] = {
        { &tern_ipv4, &ipv4 }, { &tern_tcp, &tcp }, { &tern_newreno, NULL }, { NULL, NULL } };
    const struct tern_net_config config = { &loop.turn, &drbg, &blocks, .parts = parts };
    struct tern_tcp_listen port = { .backlog = 0 };
    struct tern_tcp_listener *listener;
    struct tern_ipv4_address at = { .prefix_len = 0 };
    uint8_t seed[TERN_SEED_LEN];
    enum tern_err err = argc == 4 && getentropy(seed, sizeof seed) == 0 ? TERN_OK : TERN_INVALID;
    if (err != TERN_OK ||
        (err = tern_prefix_parse(argv[2], strlen(argv[2]), &at.addr, &at.prefix_len)) != TERN_OK ||
        (err = tern_endpoint_addr_parse(argv[3], strlen(argv[3]), &port.local)) != TERN_OK ||
        (err = port.local.port != 0 ? tern_drbg_init(&drbg, seed) : TERN_INVALID) != TERN_OK ||
        (err = tern_block_pool_init(&blocks, pools.blocks, sizeof pools.blocks, 2048)) != TERN_OK ||
        (err = tern_unix_loop_init(&loop, NULL)) != TERN_OK ||
        (err = tern_unix_loop_signal(&loop, &signals[0])) != TERN_OK ||
        (err = tern_unix_loop_signal(&loop, &signals[1])) != TERN_OK ||
        (err = tern_tap_open(&tap, &loop, argv[1], NULL)) != TERN_OK ||
        (err = tern_net_init(&net, &config)) != TERN_OK ||
        (err = tern_net_attach(&net, &tap.link)) != TERN_OK ||
        (err = tern_ipv4_set(&net, 0, &at)) != TERN_OK ||
        (err = tern_tcp_listen(&net, &port, come, NULL, &listener)) != TERN_OK ||
        (err = tern_unix_loop_run(&loop)) != TERN_OK)
        fprintf(stderr, "tap_echo DEVICE ADDRESS/PREFIX PORT: %s\n", tern_err_text(err));
    return err == TERN_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
