/* SPDX-License-Identifier: ISC */
/*
 * TCP's header and options on the wire (RFC 9293 section 3.1, RFC 7323): a
 * segment that is checked, and one to be written. Pure functions.
 *
 *      0       4       8               16              24            31
 *     +-------------------------------+-------------------------------+
 *   0 |          source port          |       destination port        |
 *   4 |                        sequence number                        |
 *   8 |                    acknowledgment number                      |
 *  12 | offset| rsrvd |    flags      |            window             |
 *  16 |           checksum            |        urgent pointer         |
 *  20 |             options, up to 40 octets, then data               |
 *     +---------------------------------------------------------------+
 */
#ifndef TERN_TCP_WIRE_H
#define TERN_TCP_WIRE_H

#include <tern/base.h>

#pragma GCC visibility push(hidden)

enum {
    TCP_SRC_PORT = 0,
    TCP_DST_PORT = 2,
    TCP_SEQ = 4,
    TCP_ACK_NO = 8,
    TCP_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_WINDOW = 14,
    TCP_CHECKSUM = 16,
    TCP_URGENT = 18,
    TCP_HDR_LEN = 20,
    TCP_HDR_MAX = 60,
};

enum {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
};

enum { TCP_OPT_END = 0, TCP_OPT_NOP = 1, TCP_OPT_MSS = 2, TCP_OPT_SCALE = 3, TCP_OPT_TS = 8 };
enum { TCP_OPT_MSS_LEN = 4, TCP_OPT_SCALE_LEN = 3, TCP_OPT_TS_LEN = 10 };

#define TCP_SCALE_NONE 0xffu
#define TCP_SCALE_MAX 14u    /* RFC 7323 section 2.3: more counts as 14 */
#define TCP_TS_SPACE 12u     /* a timestamps option with its two NOPs */

/* A segment whose header and options are checked. */
struct tern_tcp_seg {
    uint32_t seq, ack;
    uint32_t len;            /* payload octets */
    uint32_t ts_val, ts_ecr; /* where has_ts */
    uint32_t data_off;       /* of the payload, from the frame's first octet */
    uint16_t src_port, dst_port;
    uint16_t wnd;            /* as it stands, not scaled */
    uint16_t mss;            /* 0: no such option, or its value */
    uint8_t flags, hdr_len;
    uint8_t scale;           /* TCP_SCALE_NONE: no such option */
    bool has_ts, has_mss;
    bool many;               /* a super-frame: two segments or more in one */
};

/*
 * Reads the fixed header of a segment of len octets, of which the first contig
 * lie at l4 in one run. TERN_TRUNCATED: shorter than a header; TERN_MALFORMED:
 * a data offset below five words or beyond the segment.
 */
enum tern_err tern_tcp_seg_parse(struct tern_tcp_seg *seg, const uint8_t *l4, size_t contig,
                                 size_t len);

/*
 * Reads the options of a segment that tern_tcp_seg_parse has read. Unknown
 * ones are skipped by their length. TERN_MALFORMED: a length of 0 or 1, beyond
 * the header, or not the one its kind has; the segment is then worthless.
 */
enum tern_err tern_tcp_seg_options_parse(struct tern_tcp_seg *seg, const uint8_t *l4);

/* A header to be written. */
struct tern_tcp_hdr {
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint16_t wnd;
    uint16_t mss;            /* 0: no option */
    uint8_t scale;           /* TCP_SCALE_NONE: no option */
    uint8_t flags;
    bool has_ts;
    uint32_t ts_val, ts_ecr;
};

/* How long it will be: a multiple of four. */
size_t tern_tcp_hdr_len(const struct tern_tcp_hdr *hdr);

/* Writes it, its checksum field zero, and returns its length. */
size_t tern_tcp_hdr_emit(const struct tern_tcp_hdr *hdr, uint8_t *to);

#pragma GCC visibility pop

#endif
