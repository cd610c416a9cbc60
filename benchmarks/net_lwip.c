/* SPDX-License-Identifier: ISC */
/*
 * The peer of the in-memory measurements: Debian's lwIP through its raw API,
 * on one thread (lwip_init only, never tcpip_init), over a ring of 2 KiB slots.
 *
 *   net_lwip bulk OCTETS         ns of CPU a data frame of 1460 octets
 *   net_lwip echo CONNS ROUNDS   ns of CPU a round trip of 64 octets on a
 *                                random one of CONNS connections
 *
 * Two interfaces of one stack (lwIP's state is global); a packet that one
 * sends is copied into the ring and from there into a PBUF_RAM pbuf of the
 * other. No Ethernet and no ARP, which is in lwIP's favour.
 */
#include <lwip/init.h>
#include <lwip/ip4.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS = 256, SLOT_LEN = 2048, PORT = 7 };

static struct {
    uint16_t len;
    uint8_t to;
    uint8_t data[SLOT_LEN];
} ring[SLOTS];
static unsigned ring_head, ring_tail;
static struct netif nifs[2];
static uint64_t n_data_frames, n_received, n_rounds;
static struct tcp_pcb *conns[10000];
static unsigned n_connected;
static char payload[65536];

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static err_t nif_output(struct netif *nif, struct pbuf *p, const ip4_addr_t *to)
{
    (void)nif;
    if (ring_head - ring_tail == SLOTS || p->tot_len > SLOT_LEN)
        return ERR_MEM;
    unsigned i = ring_head++ % SLOTS;
    ring[i].len = p->tot_len;
    ring[i].to = ip4_addr_cmp(to, netif_ip4_addr(&nifs[1]));
    pbuf_copy_partial(p, ring[i].data, p->tot_len, 0);
    if (p->tot_len > 1000)
        n_data_frames++;
    return ERR_OK;
}

static err_t nif_init(struct netif *nif)
{
    nif->name[0] = 't';
    nif->name[1] = 'n';
    nif->mtu = 1500;
    nif->output = nif_output;
    return ERR_OK;
}

static void pump(void)
{
    for (unsigned n = 0; ring_tail != ring_head && n < 64; n++) {
        unsigned i = ring_tail % SLOTS;
        struct pbuf *p = pbuf_alloc(PBUF_RAW, ring[i].len, PBUF_RAM);
        if (p == NULL)
            abort();
        pbuf_take(p, ring[i].data, ring[i].len);
        struct netif *nif = &nifs[ring[i].to];
        ring_tail++;
        if (nif->input(p, nif) != ERR_OK)
            pbuf_free(p);
    }
}

static void timers(void)
{
    static uint64_t last_ms;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
    if (ms - last_ms >= TCP_TMR_INTERVAL) {
        last_ms = ms;
        tcp_tmr();
    }
}

static err_t sink_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (p == NULL)
        return ERR_OK;
    n_received += p->tot_len;
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t echo_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (p == NULL)
        return ERR_OK;
    tcp_write(pcb, p->payload, p->len, TCP_WRITE_FLAG_COPY);
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static tcp_recv_fn server_recv;

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)err;
    tcp_nagle_disable(pcb);
    tcp_recv(pcb, server_recv);
    return ERR_OK;
}

static err_t client_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (p == NULL)
        return ERR_OK;
    n_rounds++;
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)pcb;
    (void)err;
    n_connected++;
    return ERR_OK;
}

static void start(tcp_recv_fn recv)
{
    ip4_addr_t mask, a, b;
    lwip_init();
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&a, 10, 0, 0, 1);
    IP4_ADDR(&b, 10, 0, 0, 2);
    netif_add(&nifs[0], &a, &mask, NULL, NULL, nif_init, ip4_input);
    netif_add(&nifs[1], &b, &mask, NULL, NULL, nif_init, ip4_input);
    for (int i = 0; i < 2; i++) {
        netif_set_up(&nifs[i]);
        netif_set_link_up(&nifs[i]);
    }
    server_recv = recv;
    struct tcp_pcb *l = tcp_new();
    ip_addr_t any;
    ip_addr_copy_from_ip4(any, b);
    if (tcp_bind(l, &any, PORT) != ERR_OK)
        abort();
    l = tcp_listen(l);
    tcp_accept(l, accepted);
}

static struct tcp_pcb *dial(void)
{
    struct tcp_pcb *c = tcp_new();
    ip_addr_t from, to;
    ip_addr_copy_from_ip4(from, *netif_ip4_addr(&nifs[0]));
    ip_addr_copy_from_ip4(to, *netif_ip4_addr(&nifs[1]));
    if (tcp_bind(c, &from, 0) != ERR_OK)
        abort();
    tcp_nagle_disable(c);
    tcp_bind_netif(c, &nifs[0]);    /* else the route is the loop-back of nifs[1] */
    unsigned before = n_connected;
    if (tcp_connect(c, &to, PORT, connected) != ERR_OK)
        abort();
    while (n_connected == before)
        pump();
    return c;
}

static void bulk(uint64_t octets)
{
    start(sink_recv);
    struct tcp_pcb *c = dial();
    uint64_t sent = 0, start_ns = cpu_ns();
    n_data_frames = 0;
    while (n_received < octets) {
        while (sent < octets) {
            uint64_t left = octets - sent;
            uint16_t n = tcp_sndbuf(c) < sizeof payload ? tcp_sndbuf(c) : sizeof payload;
            if (n > left)
                n = (uint16_t)left;
            if (n < 1460 && left > n)
                break;
            if (n == 0 || tcp_write(c, payload, n, 0) != ERR_OK)
                break;
            sent += n;
        }
        tcp_output(c);
        pump();
        timers();
    }
    uint64_t ns = cpu_ns() - start_ns;
    printf("%.1f\n", (double)ns / (double)n_data_frames);
}

static void echo(unsigned n_conns, uint64_t rounds)
{
    uint64_t x = 88172645463325252u;
    start(echo_recv);
    for (unsigned i = 0; i < n_conns; i++) {
        conns[i] = dial();
        tcp_recv(conns[i], client_recv);
    }
    uint64_t start_ns = cpu_ns();
    for (uint64_t r = 0; r < rounds; r++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        struct tcp_pcb *c = conns[x % n_conns];
        uint64_t before = n_rounds;
        tcp_write(c, payload, 64, TCP_WRITE_FLAG_COPY);
        tcp_output(c);
        while (n_rounds == before)
            pump();
        if (r % 64 == 0)
            timers();
    }
    printf("%.1f\n", (double)(cpu_ns() - start_ns) / (double)rounds);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "bulk") == 0)
        bulk(strtoull(argv[2], NULL, 0));
    else if (argc == 4 && strcmp(argv[1], "echo") == 0 && atoi(argv[2]) > 0 &&
             atoi(argv[2]) <= 10000)
        echo((unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 0));
    else {
        fprintf(stderr, "usage: net_lwip bulk OCTETS | echo CONNS(1..10000) ROUNDS\n");
        return 2;
    }
    return 0;
}
