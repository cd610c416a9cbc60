/* SPDX-License-Identifier: ISC */
/*
 * A forwarded packet on its way out: as it came but for its hop limit; cut into
 * fragments or, a super-frame, into its segments; or as a super-frame where the
 * link takes them. A transport's sum stays as it is, for nothing that it covers
 * changes, unless a driver or we have left it to be completed, or made segments.
 */
#include "eth_wire.h"
#include "forward_internal.h"

#include <string.h>

enum { TCP_SEQ = 4, TCP_DATA_OFF = 12, TCP_FLAGS = 13, TCP_CSUM = 16, TCP_LEAST = 20 };
enum { TCP_FIN = 0x01, TCP_PSH = 0x08, TCP_CWR = 0x80 };
enum { UDP_LEN = 4, UDP_CSUM = 6, UDP_LEAST = 8 };

#define SEGMENTS_MAX 256u    /* of a super-frame: 64 KiB in pieces of 256 octets */

/* ---- Slots ---------------------------------------------------------------- */

/* Octets behind the network header, from offset `from` on: out of hdr, then of the frame. */
static void rest_copy(const struct forward_cut *cut, uint8_t *to, size_t from, size_t len)
{
    size_t in_hdr = cut->hdr_len - cut->l3_len, n = 0;
    if (from < in_hdr) {
        n = in_hdr - from < len ? in_hdr - from : len;
        memcpy(to, cut->hdr + cut->l3_len + from, n);
    }
    if (n < len)
        tern_rx_copy(cut->job->pkt->rx, cut->data_off + from + n - in_hdr, to + n, len - n);
}

static enum tern_err slot(const struct forward_cut *cut, size_t len, struct tern_tx *tx)
{
    struct tern_net *net = cut->job->f->net;
    uint8_t link = cut->job->out_link;
    if (ETH_HDR_LEN + len > forward_link(net, link)->slot_max)
        return TERN_INVALID;
    return tern_net_slot_begin(net, link, 0xff, cut->mac, cut->job->family->ethertype, len, tx,
                               NULL);
}

static size_t rest_len(const struct forward_cut *cut)
{
    return cut->hdr_len - cut->l3_len + cut->data_len;
}

enum tern_err tern_forward_piece(struct forward_cut *cut, const uint8_t *l3, size_t l3_len,
                                 size_t from, size_t len)
{
    struct tern_tx tx;
    enum tern_err err = slot(cut, l3_len + len, &tx);
    if (err != TERN_OK)
        return err;
    memcpy(tx.data + ETH_HDR_LEN, l3, l3_len);
    rest_copy(cut, tx.data + ETH_HDR_LEN + l3_len, from, len);
    tern_net_slot_commit(cut->job->f->net, cut->job->out_link, &tx, l3_len + len);
    cut->job->f->stats.fragments++;
    return TERN_OK;
}

/* All ones for zero: for UDP that is the sum, and for TCP it is as good. */
static void sum_store(uint8_t *field, uint32_t sum)
{
    uint16_t value = tern_checksum_finish(sum);
    tern_store_be16(field, value != 0 ? value : 0xffff);
}

/* The whole of it in one frame; gso: as a super-frame, with segments of seg_len octets. */
static enum tern_err whole_send(const struct forward_cut *cut, uint8_t gso, uint16_t seg_len)
{
    const struct forward_job *job = cut->job;
    struct tern_net *net = job->f->net;
    struct tern_tx tx;
    size_t l4_off = job->hdr_len, len = cut->l3_len + rest_len(cut);
    enum tern_err err = slot(cut, len, &tx);
    if (err != TERN_OK)
        return err;
    uint8_t *l3 = tx.data + ETH_HDR_LEN;
    memcpy(l3, cut->hdr, cut->l3_len);
    rest_copy(cut, l3 + cut->l3_len, 0, len - cut->l3_len);
    if (cut->sum_due &&
        (forward_link(net, job->out_link)->offloads & TERN_OFFLOAD_TX_CSUM) != 0) {
        tx.csum_partial = true;
        tx.csum_start = (uint16_t)(ETH_HDR_LEN + l4_off);
        tx.csum_off = cut->csum_off;
        tx.gso = gso;
        tx.seg_len = seg_len;
        tx.hdr_len = gso != TERN_GSO_NONE ? (uint16_t)(ETH_HDR_LEN + cut->hdr_len) : 0;
    } else if (cut->sum_due) {
        sum_store(l3 + l4_off + cut->csum_off,
                  net->checksum->add(0, l3 + l4_off, len - l4_off));
    }
    tern_net_slot_commit(net, job->out_link, &tx, len);
    return TERN_OK;
}

/* ---- Fragments ------------------------------------------------------------ */

/* No device completes the sum of a packet in pieces. */
static void sum_complete(struct forward_cut *cut)
{
    size_t l4_off = cut->job->hdr_len;
    const struct tern_net *net = cut->job->f->net;
    if (!cut->sum_due)
        return;
    uint32_t sum = net->checksum->add(0, cut->hdr + l4_off, cut->hdr_len - l4_off);
    sum = tern_rx_sum(net, cut->job->pkt->rx, cut->data_off, cut->data_len, sum);
    sum_store(cut->hdr + l4_off + cut->csum_off, sum);
    cut->sum_due = false;
}

static enum tern_err fitting_send(struct forward_cut *cut, size_t mtu)
{
    if (cut->l3_len + rest_len(cut) <= mtu)
        return whole_send(cut, TERN_GSO_NONE, 0);
    sum_complete(cut);
    return cut->job->family->fragments(cut, mtu);
}

/* ---- Super-frames --------------------------------------------------------- */

/*
 * Segment nth, whose payload begins at off: numbers, flags and lengths as its
 * sender would have made them (the last has FIN and PSH, the first alone CWR).
 */
static void segment_headers(struct forward_cut *cut, const uint8_t *whole, size_t off,
                            size_t len, size_t nth, bool last)
{
    const struct forward_job *job = cut->job;
    uint8_t *l4 = cut->hdr + job->hdr_len;
    size_t l4_len = cut->hdr_len - job->hdr_len + len;
    memcpy(cut->hdr, whole, cut->hdr_len);
    job->family->len_set(cut->hdr, cut->l3_len, cut->hdr_len + len, nth);
    if (job->protocol == IP_TCP) {
        tern_store_be32(l4 + TCP_SEQ, tern_load_be32(l4 + TCP_SEQ) + (uint32_t)off);
        if (!last)
            l4[TCP_FLAGS] &= (uint8_t)~(TCP_FIN | TCP_PSH);
        if (nth > 0)
            l4[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
    } else {
        tern_store_be16(l4 + UDP_LEN, (uint16_t)l4_len);
    }
    tern_store_be16(l4 + cut->csum_off,
                    tern_checksum_fold(job->family->pseudo_sum(cut->hdr, l4_len, job->protocol)));
    cut->sum_due = true;
}

static enum tern_err segments_send(struct forward_cut *cut, size_t seg_len, size_t mtu)
{
    uint8_t whole[FORWARD_HDR_CAP];
    size_t data_off = cut->data_off, data_len = cut->data_len;
    memcpy(whole, cut->hdr, cut->hdr_len);
    for (size_t off = 0, nth = 0; off < data_len; off += seg_len, nth++) {
        size_t len = data_len - off < seg_len ? data_len - off : seg_len;
        segment_headers(cut, whole, off, len, nth, off + len == data_len);
        cut->data_off = data_off + off;
        cut->data_len = len;
        enum tern_err err = fitting_send(cut, mtu);
        if (err != TERN_OK)
            return err;
        cut->job->f->stats.segments++;
    }
    return TERN_OK;
}

static bool link_takes(const struct tern_link *link, const struct forward_cut *cut, uint8_t gso)
{
    static const uint16_t offloads[] = { [TERN_GSO_TCP4] = TERN_OFFLOAD_TX_TSO4,
                                         [TERN_GSO_TCP6] = TERN_OFFLOAD_TX_TSO6,
                                         [TERN_GSO_UDP] = TERN_OFFLOAD_TX_USO };
    uint16_t wanted = TERN_OFFLOAD_TX_CSUM | offloads[gso];
    return (link->offloads & wanted) == wanted &&
           ETH_HDR_LEN + cut->l3_len + rest_len(cut) <= link->slot_max;
}

/* The driver of one that comes without a sum's field to complete: the field is made. */
static bool super_sum(struct forward_cut *cut)
{
    const struct forward_job *job = cut->job;
    struct tern_net_packet pkt = *job->pkt;
    size_t l4_len = job->total_len - job->hdr_len, moved = job->hdr_len - pkt.l3_len;
    if (cut->sum_due)
        return true;
    pkt.l4 += moved;
    pkt.l4_off += moved;
    pkt.l4_contig -= moved;
    pkt.l4_len = l4_len;
    pkt.protocol = job->protocol;
    if (!tern_net_packet_sum_ok(job->f->net, &pkt))
        return false;
    tern_store_be16(cut->hdr + job->hdr_len + cut->csum_off,
                    tern_checksum_fold(job->family->pseudo_sum(cut->hdr, l4_len, job->protocol)));
    return cut->sum_due = true;
}

/* ---- All of it ------------------------------------------------------------ */

/*
 * The headers that may change. False: the driver says of the frame what cannot
 * be, or has not all of its headers in the first span.
 */
static bool cut_init(struct forward_cut *cut, const struct forward_job *job, const uint8_t *mac)
{
    const struct tern_net_packet *pkt = job->pkt;
    const struct tern_rx *rx = pkt->rx;
    size_t contig = pkt->l3_len + pkt->l4_contig, l3_off = pkt->l4_off - pkt->l3_len;
    bool super = rx->gso != TERN_GSO_NONE;
    *cut = (struct forward_cut){ .job = job, .mac = mac, .l3_len = pkt->l3_len,
                                 .hdr_len = pkt->l3_len,
                                 .sum_due = rx->csum == TERN_CSUM_PARTIAL };
    if (super || cut->sum_due) {
        bool tcp = job->protocol == IP_TCP;
        if ((!tcp && job->protocol != IP_UDP) || job->later || (super && job->fragment) ||
            contig < job->hdr_len + (tcp ? TCP_LEAST : UDP_LEAST))
            return false;
        size_t l4_len = tcp ? TCP_LEAST : UDP_LEAST;
        if (super && tcp)
            l4_len = (size_t)(pkt->l3[job->hdr_len + TCP_DATA_OFF] >> 4) * 4;
        cut->hdr_len = job->hdr_len + l4_len;
        cut->csum_off = tcp ? TCP_CSUM : UDP_CSUM;
        if (l4_len < (tcp ? TCP_LEAST : UDP_LEAST) || cut->hdr_len > contig ||
            cut->hdr_len > FORWARD_HDR_CAP)
            return false;
    }
    memcpy(cut->hdr, pkt->l3, cut->hdr_len);
    cut->data_off = l3_off + cut->hdr_len;
    cut->data_len = job->total_len - cut->hdr_len;
    job->family->hop(cut->hdr);
    return true;
}

/* What the driver calls it fits what it is. */
static bool super_is_good(const struct forward_cut *cut, const struct tern_rx *rx)
{
    const struct forward_job *job = cut->job;
    uint8_t protocol = rx->gso == TERN_GSO_UDP ? IP_UDP : IP_TCP;
    if (rx->gso > TERN_GSO_UDP || rx->seg_len == 0 || job->protocol != protocol ||
        cut->data_len / rx->seg_len >= SEGMENTS_MAX)
        return false;
    return rx->gso == TERN_GSO_UDP ||
           (rx->gso == TERN_GSO_TCP4) == (job->family->flag == TERN_FORWARD_IPV4);
}

void tern_forward_output(struct forward_job *job, const uint8_t mac[6])
{
    struct tern_forward_stats *stats = &job->f->stats;
    struct tern_link *link = forward_link(job->f->net, job->out_link);
    const struct tern_rx *rx = job->pkt->rx;
    struct forward_cut cut;
    enum tern_err err;
    if (!cut_init(&cut, job, mac)) {
        stats->bad_offload++;
        return;
    }
    size_t mtu = job->family->link_mtu(job->f->net, job->context, job->out_link);
    /* One segment is no more than that. */
    bool super = rx->gso != TERN_GSO_NONE && (rx->seg_len == 0 || cut.data_len > rx->seg_len);
    size_t longest = super ? cut.hdr_len + rx->seg_len : job->total_len;
    if (super && (!super_is_good(&cut, rx) || !super_sum(&cut))) {
        stats->bad_offload++;
        return;
    }
    if (longest > mtu && !job->family->may_cut(cut.hdr)) {
        stats->too_big++;
        job->family->error(job, FORWARD_TOO_BIG, (uint16_t)mtu);
        return;
    }
    if (!super) {
        err = fitting_send(&cut, mtu);
    } else if (longest <= mtu && link_takes(link, &cut, rx->gso)) {
        err = whole_send(&cut, rx->gso, rx->seg_len);
        stats->super_frames += err == TERN_OK;
    } else {
        err = segments_send(&cut, rx->seg_len, mtu);
    }
    if (err != TERN_OK) {
        stats->full++;
        return;
    }
    stats->passed++;
    stats->passed_octets += job->total_len;
}
