/* SPDX-License-Identifier: ISC */
/*
 * A router between TAP devices; TCP to PORT is rejected. '-': without offloads.
 *     tap_router PORT DEVICE ADDRESS/PREFIX[,ADDRESS/PREFIX] [DEVICE ...]
 */
#include <tern/forward.h>
#include <tern/ipv6.h>
#include <tern/unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
enum { N = 256 };
static uint16_t port;
static struct tern_unix_loop loop;
static struct tern_neighbour neighbours[2][N];
static _Alignas(16) uint8_t memory[256 * 2048];

static enum tern_forward_verdict allow(void *arg, uint8_t in_link, uint8_t out_link,
                                       const struct tern_forward_packet *pkt)
{
    (void)arg, (void)in_link, (void)out_link;
    return pkt->protocol == 6 && pkt->dst_port == port ? TERN_FORWARD_REJECT : TERN_FORWARD_PASS;
}

static void told(struct tern_unix_signal *signal, int number)
{
    (void)signal, (void)number, tern_unix_loop_stop(&loop);
}

static enum tern_err link_add(struct tern_net *net, struct tern_tap *tap, char *name, char *list)
{
    const struct tern_tap_config config = { .no_offloads = name[0] == '-' };
    uint8_t link = net->n_links;
    enum tern_err err = tern_tap_open(tap, &loop, name + (name[0] == '-'), &config);
    err = err == TERN_OK ? tern_net_attach(net, &tap->link) : err;
    for (char *at = strtok(list, ","); at != NULL && err == TERN_OK; at = strtok(NULL, ",")) {
        struct tern_net_address a = { .prefix_len = 0 };
        if ((err = tern_prefix_parse(at, strlen(at), &a.addr, &a.prefix_len)) == TERN_OK)
            err = tern_net_address_set(net, link, &a);
    }
    return err == TERN_OK ? tern_forward_link(net, link, TERN_FORWARD_IPV4 | TERN_FORWARD_IPV6)
                          : err;
}

int main(int argc, char **argv)
{
    static struct tern_ipv4 ipv4 = { .config = { neighbours[0], .n_neighbours = N } };
    static struct tern_ipv6 ipv6 = { .config = { neighbours[1], .n_neighbours = N } };
    static struct tern_forward forward = { .config = {
        .ipv4 = &tern_forward_ipv4, .ipv6 = &tern_forward_ipv6, .allow = allow } };
    static struct tern_unix_signal end = { told, SIGINT, NULL };
    static struct tern_net net;
    static struct tern_tap taps[TERN_NET_LINKS];
    static struct tern_drbg drbg;
    static struct tern_block_pool blocks;
    const struct tern_net_use parts[] = { { &tern_ipv4, &ipv4 }, { &tern_ipv6, &ipv6 },
                                          { &tern_forward, &forward }, { NULL, NULL } };
    const struct tern_net_config config = { &loop.turn, &drbg, &blocks, .parts = parts };
    uint8_t seed[TERN_SEED_LEN];
    enum tern_err err = argc > 3 && argc % 2 == 0 && argc <= 2 + 2 * (int)TERN_NET_LINKS &&
                        getentropy(seed, sizeof seed) == 0 ? TERN_OK : TERN_INVALID;
    port = argc > 1 ? (uint16_t)atoi(argv[1]) : 0;
    if (err == TERN_OK && (err = tern_drbg_init(&drbg, seed)) == TERN_OK &&
        (err = tern_block_pool_init(&blocks, memory, sizeof memory, 2048)) == TERN_OK &&
        (err = tern_unix_loop_init(&loop, NULL)) == TERN_OK &&
        (err = tern_unix_loop_signal(&loop, &end)) == TERN_OK)
        err = tern_net_init(&net, &config);
    for (int i = 2; i + 1 < argc && err == TERN_OK; i += 2)
        err = link_add(&net, &taps[net.n_links], argv[i], argv[i + 1]);
    if (err != TERN_OK || (err = tern_unix_loop_run(&loop)) != TERN_OK)
        fprintf(stderr, "tap_router PORT DEVICE ADDRESS/PREFIX...: %s\n", tern_err_text(err));
    const struct tern_forward_stats *s = &forward.stats;
    const uintmax_t n[] = { s->passed, s->super_frames, s->segments, s->expired, s->too_big };
    printf("passed=%ju super_frames=%ju segments=%ju expired=%ju too_big=%ju rejected=%ju\n",
           n[0], n[1], n[2], n[3], n[4], (uintmax_t)s->rejected);
    return err == TERN_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
