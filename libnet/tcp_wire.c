/* SPDX-License-Identifier: ISC */
/*
 * TCP's header and options, read and written (RFC 9293 section 3.1 and 3.2,
 * RFC 7323 sections 2.2 and 3.2). SACK-permitted and SACK are skipped like
 * every option that we do not know.
 */
#include "tcp_wire.h"

/* NOP, NOP, timestamps of ten octets: RFC 7323 appendix A, what everybody sends. */
#define TS_ALIGNED UINT32_C(0x0101080a)

enum tern_err tern_tcp_seg_parse(struct tern_tcp_seg *seg, const uint8_t *l4, size_t contig,
                                 size_t len)
{
    if (len < TCP_HDR_LEN || contig < TCP_HDR_LEN)
        return TERN_TRUNCATED;
    size_t hdr_len = (size_t)(l4[TCP_OFFSET] >> 4) * 4;
    if (hdr_len < TCP_HDR_LEN || hdr_len > len || hdr_len > contig)
        return TERN_MALFORMED;
    seg->src_port = tern_load_be16(l4 + TCP_SRC_PORT);
    seg->dst_port = tern_load_be16(l4 + TCP_DST_PORT);
    seg->seq = tern_load_be32(l4 + TCP_SEQ);
    seg->ack = tern_load_be32(l4 + TCP_ACK_NO);
    seg->wnd = tern_load_be16(l4 + TCP_WINDOW);
    seg->flags = l4[TCP_FLAGS];
    seg->hdr_len = (uint8_t)hdr_len;
    seg->len = (uint32_t)(len - hdr_len);
    seg->mss = 0;
    seg->scale = TCP_SCALE_NONE;
    seg->has_ts = seg->has_mss = seg->many = false;
    seg->ts_val = seg->ts_ecr = seg->data_off = 0;
    return TERN_OK;
}

/* One option of opt_len octets at opt, both checked against the header's end. */
static enum tern_err option_parse(struct tern_tcp_seg *seg, const uint8_t *opt, size_t opt_len)
{
    switch (opt[0]) {
    case TCP_OPT_MSS:
        if (opt_len != TCP_OPT_MSS_LEN)
            return TERN_MALFORMED;
        seg->has_mss = true;
        seg->mss = tern_load_be16(opt + 2);
        break;
    case TCP_OPT_SCALE:
        if (opt_len != TCP_OPT_SCALE_LEN)
            return TERN_MALFORMED;
        seg->scale = opt[2] <= TCP_SCALE_MAX ? opt[2] : TCP_SCALE_MAX;
        break;
    case TCP_OPT_TS:
        if (opt_len != TCP_OPT_TS_LEN)
            return TERN_MALFORMED;
        seg->has_ts = true;
        seg->ts_val = tern_load_be32(opt + 2);
        seg->ts_ecr = tern_load_be32(opt + 6);
        break;
    default:
        break;
    }
    return TERN_OK;
}

enum tern_err tern_tcp_seg_options_parse(struct tern_tcp_seg *seg, const uint8_t *l4)
{
    const uint8_t *opt = l4 + TCP_HDR_LEN;
    size_t left = (size_t)seg->hdr_len - TCP_HDR_LEN;
    if (left == TCP_TS_SPACE && tern_load_be32(opt) == TS_ALIGNED)
        return option_parse(seg, opt + 2, TCP_OPT_TS_LEN);
    /* Each turn consumes at least one octet of at most forty. */
    while (left > 0 && opt[0] != TCP_OPT_END) {
        if (opt[0] == TCP_OPT_NOP) {
            opt++;
            left--;
            continue;
        }
        if (left < 2 || opt[1] < 2 || opt[1] > left)
            return TERN_MALFORMED;
        size_t opt_len = opt[1];
        enum tern_err err = option_parse(seg, opt, opt_len);
        if (err != TERN_OK)
            return err;
        opt += opt_len;
        left -= opt_len;
    }
    return TERN_OK;
}

size_t tern_tcp_hdr_len(const struct tern_tcp_hdr *hdr)
{
    return TCP_HDR_LEN + (hdr->mss != 0 ? 4u : 0u) +
           (hdr->scale != TCP_SCALE_NONE ? 4u : 0u) + (hdr->has_ts ? TCP_TS_SPACE : 0u);
}

size_t tern_tcp_hdr_emit(const struct tern_tcp_hdr *hdr, uint8_t *to)
{
    size_t hdr_len = tern_tcp_hdr_len(hdr);
    tern_store_be16(to + TCP_SRC_PORT, hdr->src_port);
    tern_store_be16(to + TCP_DST_PORT, hdr->dst_port);
    tern_store_be32(to + TCP_SEQ, hdr->seq);
    tern_store_be32(to + TCP_ACK_NO, hdr->ack);
    to[TCP_OFFSET] = (uint8_t)(hdr_len / 4 << 4);
    to[TCP_FLAGS] = hdr->flags;
    tern_store_be16(to + TCP_WINDOW, hdr->wnd);
    tern_store_be32(to + TCP_CHECKSUM, 0);    /* and the urgent pointer */
    uint8_t *opt = to + TCP_HDR_LEN;
    if (hdr->mss != 0) {
        opt[0] = TCP_OPT_MSS;
        opt[1] = TCP_OPT_MSS_LEN;
        tern_store_be16(opt + 2, hdr->mss);
        opt += 4;
    }
    if (hdr->scale != TCP_SCALE_NONE) {
        opt[0] = TCP_OPT_NOP;
        opt[1] = TCP_OPT_SCALE;
        opt[2] = TCP_OPT_SCALE_LEN;
        opt[3] = hdr->scale;
        opt += 4;
    }
    if (hdr->has_ts) {
        tern_store_be32(opt, TS_ALIGNED);
        tern_store_be32(opt + 4, hdr->ts_val);
        tern_store_be32(opt + 8, hdr->ts_ecr);
    }
    return hdr_len;
}
