/* SPDX-License-Identifier: ISC */
/*
 * Replays a capture: our stack takes the place of one of its hosts, gets the
 * frames that the others sent, at the times at which they came, and must say
 * what the host said: the same octets in every conversation, and the same end.
 *
 *     replay FILE.pcap ADDRESS/PREFIX|auto MAC [GATEWAY|ADDRESS]
 *
 * auto: IPv6's, by routers and DHCPv6, and it must come to have ADDRESS; the
 * secret of its identifiers is that of tests/unix/station.
 *
 * On port 7 there is an echo, as the captured host had one. Numbers that each
 * host chooses for itself (TCP's initial sequence number and timestamps,
 * DHCPv6's transaction) are put into the others' frames as ours; nothing else of
 * them is changed.
 */
#include "summary.h"

#include <tern/ipv6.h>
#include <tern/net.h>
#include <tern/tcp.h>

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_CONNS 64u
#define N_BLOCKS 512u
#define SLOT_CAP 1518u

static struct {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_ipv6 ipv6;
    struct tern_dhcp6 dhcp6;
    uint8_t xid[3];       /* of the DHCPv6 message that we sent last */
    struct tern_udp udp;
    struct tern_tcp tcp;
    struct tern_neighbour neighbours[16];
    struct tern_reassembly reassemblies[4];
    struct tern_udp_endpoint endpoints[4];
    struct tern_tcp_conn conns[N_CONNS];
    struct tern_tcp_half halves[N_CONNS];
    struct tern_tcp_time_wait time_waits[N_CONNS];
    struct tern_tcp_work works[N_CONNS];
    struct tern_tcp_flight flights[4 * N_CONNS];
    struct tern_tcp_listener listeners[2];
    uint32_t buckets[256];
    struct tern_link link;
    uint8_t slot[SLOT_CAP];
    uint8_t asked[128];    /* an answer to our last question for a MAC, if asked_len */
    size_t asked_len;
    uint64_t now_ns;
    struct { struct tern_addr addr; uint8_t mac[6]; } others[128];
    size_t n_others;
    _Alignas(16) uint8_t block_mem[N_BLOCKS * 2048];
} r;

static struct summary want, got;

static void die(const char *what)
{
    fprintf(stderr, "replay: %s\n", what);
    exit(2);
}

/* ---- The link: what is sent goes into the summary ---- */

static enum tern_err tx_slot(struct tern_link *link, size_t len, struct tern_tx *tx)
{
    (void)link;
    memset(tx, 0, sizeof *tx);
    if (len > SLOT_CAP)
        die("a slot beyond slot_max");
    tx->data = r.slot;
    tx->cap = SLOT_CAP;
    return TERN_OK;
}

static const uint8_t *other_mac(const uint8_t *addr, size_t len)
{
    for (size_t i = 0; i < r.n_others; i++)
        if (memcmp(r.others[i].addr.octets + 16 - len, addr, len) == 0 &&
            tern_addr_is_v4(&r.others[i].addr) == (len == 4))
            return r.others[i].mac;
    return NULL;
}

/* The captured host may have known its neighbours: the capture's MACs answer us. */
static void arp_note(const uint8_t *frame)
{
    const uint8_t *mac = other_mac(frame + 38, 4);
    if (mac == NULL)
        return;
    memcpy(r.asked, frame, 42);
    memcpy(r.asked, r.link.mac, 6);
    memcpy(r.asked + 6, mac, 6);
    r.asked[21] = 2;
    memcpy(r.asked + 22, mac, 6);
    memcpy(r.asked + 28, frame + 38, 4);
    memcpy(r.asked + 32, r.link.mac, 6);
    memcpy(r.asked + 38, frame + 28, 4);
    r.asked_len = 42;
}

/* The same for a solicitation; nobody answers those of duplicate address detection. */
static void solicitation_note(const uint8_t *frame, const struct summary_packet *pkt)
{
    uint8_t *icmp = r.asked + 54;
    const uint8_t *target = frame + pkt->l4_off + 8, *mac = other_mac(target, 16);
    if (mac == NULL || tern_addr_is_any(&pkt->src))
        return;
    memcpy(r.asked, r.link.mac, 6);
    memcpy(r.asked + 6, mac, 6);
    memcpy(r.asked + 12, frame + 12, 10);
    r.asked[19] = 32;
    memcpy(r.asked + 22, target, 16);
    memcpy(r.asked + 38, pkt->src.octets, 16);
    memset(icmp, 0, 32);
    icmp[0] = 136;
    icmp[4] = 0x60;    /* solicited, override */
    memcpy(icmp + 8, target, 16);
    icmp[24] = 2;
    icmp[25] = 1;
    memcpy(icmp + 26, mac, 6);
    r.asked_len = 54 + 32;
    struct summary_packet answer = { .protocol = 58, .l4_len = 32 };
    memcpy(answer.src.octets, target, 16);
    answer.dst = pkt->src;
    uint32_t sum = tern_checksum_add(summary_pseudo_sum(&answer), icmp, 32);
    tern_store_be16(icmp + 2, tern_checksum_finish(sum));
}

static void tx_commit(struct tern_link *link, struct tern_tx *tx, size_t len)
{
    (void)link;
    if (len == 0)
        return;
    summary_add(&got, tx->data, len);
    struct summary_packet pkt;
    if (tern_load_be16(tx->data + 12) == 0x0806 && tx->data[21] == 1)
        arp_note(tx->data);
    if (!summary_packet(tx->data, len, &pkt) || pkt.l4_len < 12)
        return;
    const uint8_t *l4 = tx->data + pkt.l4_off;
    if (pkt.protocol == 58 && l4[0] == 135)
        solicitation_note(tx->data, &pkt);
    if (pkt.protocol == 17 && tern_load_be16(l4 + 2) == 547)
        memcpy(r.xid, l4 + 9, 3);
}

static void flush(struct tern_link *link)
{
    (void)link;
}

static const struct tern_link_ops ops = {
    .tx_slot = tx_slot, .tx_commit = tx_commit, .flush = flush,
};

/* ---- The echo ---- */

static void udp_received(struct tern_endpoint *ep, struct tern_dgram *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        in[i].hop_limit = in[i].ecn = 0;
        (void)tern_endpoint_send(ep, &in[i], 1);
    }
}

static const struct tern_endpoint_events udp_echo = { .received = udp_received };

static size_t tcp_data(struct tern_stream *s, uint8_t *data, size_t len)
{
    return tern_stream_write(s, data, len);
}

static const struct tern_stream_events tcp_echo = { .data = tcp_data };

static void tcp_accept(void *app, struct tern_stream *s)
{
    tern_stream_attach(s, &tcp_echo, app);
}

static enum tern_err address_set(const char *address, const char *gateway)
{
    struct tern_net_address a = { .prefix_len = 0 };
    if (strcmp(address, "auto") == 0)
        return tern_net_auto(&r.net, 0, TERN_IPV6_AUTO);
    if (tern_prefix_parse(address, strlen(address), &a.addr, &a.prefix_len) != TERN_OK ||
        (gateway != NULL && tern_addr_parse(gateway, strlen(gateway), &a.gateway) != TERN_OK))
        return TERN_INVALID;
    return tern_net_address_set(&r.net, 0, &a);
}

static void stack_start(const char *address, const char *gateway, const uint8_t mac[6],
                        uint64_t now_ns)
{
    static const uint8_t seed[TERN_SEED_LEN] = { 1 };
    static const uint8_t secret[16] = { 1 };
    struct tern_endpoint_addr local = { .port = 7 };
    struct tern_tcp_listen listen = { .local = local };
    struct tern_tcp_listener *listener;
    struct tern_endpoint *ep;
    bool four = strchr(address, '.') != NULL, automatic = strcmp(address, "auto") == 0;
    r.now_ns = now_ns;
    tern_turn_init(&r.turn, NULL, now_ns);
    tern_drbg_init(&r.drbg, seed);
    (void)tern_block_pool_init(&r.blocks, r.block_mem, sizeof r.block_mem, 2048);
    r.ipv4.config = (struct tern_ipv4_config){ .neighbours = r.neighbours, .n_neighbours = 16,
                                               .reassemblies = r.reassemblies,
                                               .n_reassemblies = 4 };
    r.ipv6.config = (struct tern_ipv6_config){ .neighbours = r.neighbours, .n_neighbours = 16,
                                               .reassemblies = r.reassemblies,
                                               .n_reassemblies = 4, .stable_secret = secret,
                                               .no_dad = !automatic };
    struct tern_net_use net4 = { &tern_ipv4, &r.ipv4 }, net6 = { &tern_ipv6, &r.ipv6 };
    struct tern_net_use end = { NULL, NULL }, dhcp6 = { &tern_dhcp6, &r.dhcp6 };
    r.udp.config = (struct tern_udp_config){ .endpoints = r.endpoints, .n_endpoints = 4 };
    r.tcp.config = (struct tern_tcp_config){
        .conns = r.conns, .n_conns = N_CONNS, .halves = r.halves, .n_halves = N_CONNS,
        .time_waits = r.time_waits, .n_time_waits = N_CONNS, .works = r.works,
        .n_works = N_CONNS, .flights = r.flights, .n_flights = 4 * N_CONNS,
        .listeners = r.listeners, .n_listeners = 2, .buckets = r.buckets, .n_buckets = 256 };
    struct tern_net_config config = {
        .turn = &r.turn, .drbg = &r.drbg, .blocks = &r.blocks,
        .parts = (const struct tern_net_use[]){ four ? net4 : net6, { &tern_tcp, &r.tcp },
                                                { &tern_udp, &r.udp }, { &tern_newreno, NULL },
                                                automatic ? dhcp6 : end, end } };
    r.link = (struct tern_link){ .ops = &ops, .mtu = 1500, .slot_max = SLOT_CAP, .up = true };
    memcpy(r.link.mac, mac, 6);
    if (tern_net_init(&r.net, &config) != TERN_OK ||
        tern_net_attach(&r.net, &r.link) != TERN_OK || address_set(address, gateway) != TERN_OK ||
        tern_udp_open(&r.net, &local, &udp_echo, NULL, &ep) != TERN_OK ||
        tern_tcp_listen(&r.net, &listen, tcp_accept, NULL, &listener) != TERN_OK)
        die("the stack does not start");
}

/* ---- Time and frames ---- */

static void up(uint8_t *frame, size_t len)
{
    struct tern_span span = { .data = frame, .len = len };
    struct tern_rx rx = { .spans = &span, .n_spans = 1 };
    (void)tern_link_input(&r.link, &rx, 1, r.now_ns);
}

static void asked_answer(void)
{
    while (r.asked_len > 0) {
        uint8_t answer[sizeof r.asked];
        size_t len = r.asked_len;
        memcpy(answer, r.asked, len);
        r.asked_len = 0;
        up(answer, len);
    }
}

static void frame_input(uint8_t *frame, size_t len)
{
    up(frame, len);
    asked_answer();
}

/* One deadline further, but not past end_ns; false: end_ns is reached. */
static bool step(uint64_t end_ns)
{
    uint64_t next_ns = tern_net_poll(&r.net, r.now_ns);
    asked_answer();
    if (next_ns <= r.now_ns)
        return true;
    if (next_ns > end_ns) {
        r.now_ns = end_ns > r.now_ns ? end_ns : r.now_ns;
        return false;
    }
    r.now_ns = next_ns;
    return true;
}

/* sum_off: of the checksum, in the transport's header. */
static void sum_update(uint8_t *frame, const struct summary_packet *pkt, size_t sum_off)
{
    uint8_t *l4 = frame + pkt->l4_off;
    tern_store_be16(l4 + sum_off, 0);
    uint32_t sum = tern_checksum_add(summary_pseudo_sum(pkt), l4, pkt->l4_len);
    tern_store_be16(l4 + sum_off, tern_checksum_finish(sum));
}

static void timestamp_answer(uint8_t *tcp, size_t hdr_len, uint32_t ts)
{
    for (size_t off = 20; off + 10 <= hdr_len && tcp[off] != 0;) {
        if (tcp[off] == 8 && tcp[off + 1] == 10 && tern_load_be32(tcp + off + 6) != 0)
            tern_store_be32(tcp + off + 6, ts);
        off += tcp[off] == 1 || tcp[off + 1] < 2 ? 1 : tcp[off + 1];
    }
}

/* The peer's last word in each conversation, without data: an ACK to be said again. */
static struct last_ack {
    struct summary_packet pkt;
    uint16_t ours, theirs;
    size_t len;
    uint8_t frame[160];
} last_acks[SUMMARY_FLOWS];

static void last_ack_note(const uint8_t *frame, const struct summary_packet *pkt, size_t hdr_len)
{
    const uint8_t *tcp = frame + pkt->l4_off;
    uint16_t theirs = tern_load_be16(tcp), ours = tern_load_be16(tcp + 2);
    size_t hdrs_len = pkt->l4_off + hdr_len, data_len = pkt->l4_len - hdr_len;
    if (hdrs_len > sizeof last_acks[0].frame || (tcp[13] & 6) != 0)
        return;
    for (size_t i = 0; i < SUMMARY_FLOWS; i++) {
        struct last_ack *a = &last_acks[i];
        if (a->len != 0 && (!tern_addr_equal(&a->pkt.src, &pkt->src) || a->ours != ours ||
                            a->theirs != theirs))
            continue;
        uint8_t *own = a->frame + (tcp - frame);
        uint32_t seq = tern_load_be32(tcp + 4) + (uint32_t)data_len + (tcp[13] & 1);
        if (a->len != 0 && tern_load_be32(own + 4) - seq < UINT32_C(1) << 31)
            seq = tern_load_be32(own + 4);    /* it had said more before */
        a->pkt = *pkt;
        a->pkt.l4_len = hdr_len;
        a->ours = ours;
        a->theirs = theirs;
        a->len = hdrs_len;
        memcpy(a->frame, frame, hdrs_len);
        tern_store_be32(own + 4, seq);
        own[13] = 0x10;
        if (!tern_addr_is_v4(&pkt->src)) {
            tern_store_be16(a->frame + 18, (uint16_t)(hdrs_len - 54));
            return;
        }
        tern_store_be16(a->frame + 16, (uint16_t)(hdrs_len - 14));
        tern_store_be16(a->frame + 24, 0);
        uint32_t sum = tern_checksum_add(0, a->frame + 14, pkt->l4_off - 14);
        tern_store_be16(a->frame + 24, tern_checksum_finish(sum));
        return;
    }
}

/*
 * An acknowledgment of the host's octets becomes one of ours: its distance
 * from the initial sequence number stays. What the host had said by then we
 * should have said too, so time may pass a little; what we still have not
 * said (we meet losses at our own pace) is not acknowledged.
 */
static void tcp_translate(uint8_t *frame, const struct summary_packet *pkt)
{
    uint8_t *tcp = frame + pkt->l4_off;
    if (pkt->l4_len < 20)
        return;
    size_t hdr_len = (size_t)(tcp[12] >> 4) * 4;
    uint16_t theirs = tern_load_be16(tcp), ours = tern_load_be16(tcp + 2);
    const struct summary_flow *host = summary_tcp(&want, &pkt->src, ours, theirs);
    if (hdr_len < 20 || hdr_len > pkt->l4_len || !(tcp[13] & 0x10) || host == NULL ||
        !host->started)
        return;
    last_ack_note(frame, pkt, hdr_len);
    uint32_t acked = tern_load_be32(tcp + 8) - host->iss;
    const struct summary_flow *us = summary_tcp(&got, &pkt->src, ours, theirs);
    uint64_t end_ns = r.now_ns + 100 * TERN_MILLISECOND_NS;
    while ((us == NULL || !us->started || acked > us->next - us->iss) && step(end_ns))
        us = summary_tcp(&got, &pkt->src, ours, theirs);
    us = summary_tcp(&got, &pkt->src, ours, theirs);    /* what the last step has said */
    if (us == NULL || !us->started)
        return;
    if (acked > us->next - us->iss)
        acked = us->next - us->iss;
    tern_store_be32(tcp + 8, us->iss + acked);
    timestamp_answer(tcp, hdr_len, us->last_ts);
    sum_update(frame, pkt, 16);
}

/* A server's answer is one to what we have asked. */
static void dhcp6_translate(uint8_t *frame, const struct summary_packet *pkt)
{
    if (pkt->l4_len < 12 || tern_load_be16(frame + pkt->l4_off + 2) != 546)
        return;
    memcpy(frame + pkt->l4_off + 9, r.xid, 3);
    sum_update(frame, pkt, 6);
}

/*
 * The capture is over. While we have not said all that the host said, the
 * peers acknowledge what we say.
 */
static void last_acks_say(void)
{
    for (size_t i = 0; i < SUMMARY_FLOWS && last_acks[i].len != 0; i++) {
        struct last_ack *a = &last_acks[i];
        uint32_t before = 0;
        for (size_t n = 0; n < 1000; n++) {
            const struct summary_flow *us = summary_tcp(&got, &a->pkt.src, a->ours, a->theirs);
            const struct summary_flow *host =
                summary_tcp(&want, &a->pkt.src, a->ours, a->theirs);
            if (us == NULL || us->rst || (n > 3 && us->next == before) ||
                us->next - us->iss >= host->next - host->iss)
                break;
            before = us->next;
            uint8_t frame[160], *tcp = frame + a->pkt.l4_off;
            memcpy(frame, a->frame, a->len);
            tern_store_be32(tcp + 8, us->next);
            timestamp_answer(tcp, (size_t)(tcp[12] >> 4) * 4, us->last_ts);
            sum_update(frame, &a->pkt, 16);
            frame_input(frame, a->len);
            uint64_t end_ns = r.now_ns + 300 * TERN_MILLISECOND_NS;
            while (step(end_ns))
                ;
        }
    }
}

static void other_note(const uint8_t *frame, size_t len)
{
    struct summary_packet pkt = { .protocol = 0 };
    if (tern_load_be16(frame + 12) == 0x0806 && len >= 42)
        pkt.src = tern_addr_v4(tern_load_be32(frame + 28));
    else if (!summary_packet(frame, len, &pkt))
        return;
    for (size_t i = 0; i < r.n_others; i++)
        if (tern_addr_equal(&r.others[i].addr, &pkt.src))
            return;
    if (tern_addr_is_any(&pkt.src) || r.n_others == sizeof r.others / sizeof r.others[0])
        return;
    r.others[r.n_others].addr = pkt.src;
    memcpy(r.others[r.n_others++].mac, frame + 6, 6);
}

static void replay(const uint8_t *data, size_t len, uint64_t at_ns)
{
    static uint8_t frame[65536 + 64];
    struct summary_packet pkt;
    if (len < 34 || len > sizeof frame)
        return;
    while (step(at_ns))
        ;
    memcpy(frame, data, len);
    if (memcmp(frame + 6, r.link.mac, 6) == 0) {
        summary_add(&want, frame, len);
        return;
    }
    other_note(frame, len);
    if (summary_packet(frame, len, &pkt) && !pkt.fragment && pkt.protocol == 6)
        tcp_translate(frame, &pkt);
    else if (summary_packet(frame, len, &pkt) && !pkt.fragment && pkt.protocol == 17)
        dhcp6_translate(frame, &pkt);
    frame_input(frame, len);
}

/* Has the stack this address? */
static bool has_address(const char *text)
{
    struct tern_ipv6_address own;
    struct tern_addr addr;
    if (tern_addr_parse(text, strlen(text), &addr) != TERN_OK)
        die("not an address");
    for (size_t i = 0; tern_ipv6_get(&r.net, 0, i, &own) == TERN_OK; i++)
        if (own.state == TERN_IPV6_PREFERRED && tern_addr_equal(&own.addr, &addr))
            return true;
    printf("%s is not ours\n", text);
    return false;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    uint8_t mac[6];
    struct pcap_pkthdr *hdr;
    const uint8_t *data;
    uint64_t n = 0, last_ns = 0;
    if (argc < 4 || argc > 5 ||
        sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
               &mac[4], &mac[5]) != 6)
        die("usage: replay FILE.pcap ADDRESS/PREFIX|auto MAC "
            "[GATEWAY|ADDRESS]");
    pcap_t *file = pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO,
                                                           error);
    if (file == NULL)
        die(error);
    if (pcap_datalink(file) != DLT_EN10MB)
        die("not a capture of Ethernet frames");
    while (pcap_next_ex(file, &hdr, &data) == 1) {
        uint64_t at_ns = (uint64_t)hdr->ts.tv_sec * TERN_SECOND_NS + (uint64_t)hdr->ts.tv_usec;
        if (hdr->caplen != hdr->len)
            die("a frame that was cut");
        if (n++ == 0)
            stack_start(argv[2], argv[4], mac, at_ns);
        replay(data, hdr->caplen, at_ns);
        last_ns = at_ns;
    }
    if (n > 0)
        last_acks_say();
    while (n > 0 && step(last_ns + 5 * TERN_SECOND_NS))
        ;
    pcap_close(file);
    bool same = n > 0 && summary_same(&want, &got);
    if (argc == 5 && strcmp(argv[2], "auto") == 0)
        same &= has_address(argv[4]);
    printf("%llu frames, %zu conversations: %s\n", (unsigned long long)n, want.n_flows,
           same ? "the same" : "different");
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
