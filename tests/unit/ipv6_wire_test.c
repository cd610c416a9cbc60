/* SPDX-License-Identifier: ISC */
/*
 * IPv6's header and extension headers: tables of chains, good and bad, what
 * answers each, and every truncation of a good one.
 */
#include "exact.h"
#include "suites.h"

#include "libnet/ipv6_wire.h"

/* fe80::2 to 2001:db8::1, or to ff02::1. */
static const uint8_t peer[16] = { 0xfe, 0x80, [15] = 2 };
static const uint8_t us[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };
static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };

static uint8_t pkt[70000];

static size_t pkt_make(const uint8_t *dst, uint8_t next, const uint8_t *payload, size_t len)
{
    struct tern_ipv6_hdr hdr = { .src = peer, .dst = dst, .payload_len = (uint16_t)len,
                                 .next = next, .hop_limit = 64 };
    tern_ipv6_hdr_emit(pkt, &hdr);
    if (len > 0)
        memcpy(pkt + IPV6_HDR_LEN, payload, len);
    return IPV6_HDR_LEN + len;
}

/* Checks and walks a packet of which the first contig octets can be read. */
static enum tern_ipv6_fault walk(struct tern_ipv6_chain *chain, size_t contig, size_t len)
{
    uint8_t *p = exact(pkt, contig);
    struct tern_ipv6_view v;
    enum tern_ipv6_fault fault = tern_ipv6_view_init(&v, p, contig, len);
    if (fault == TERN_IPV6_GOOD) {
        memset(chain, 0xee, sizeof *chain);
        fault = tern_ipv6_chain_walk(chain, &v, contig);
    }
    free(p);
    return fault;
}

/* ---- The header ------------------------------------------------------------ */

START_TEST(test_ipv6_header_that_is_emitted_parses_back)
{
    struct tern_ipv6_hdr hdr = { .src = peer, .dst = us, .flow_label = 0xfabcde,
                                 .payload_len = 0x102, .traffic_class = 0xb8, .next = IPV6_UDP,
                                 .hop_limit = 7 };
    static const uint8_t octets[8] = { 0x6b, 0x8a, 0xbc, 0xde, 1, 2, 17, 7 };
    struct tern_ipv6_view v;
    tern_ipv6_hdr_emit(pkt, &hdr);
    ck_assert_mem_eq(pkt, octets, 8);
    ck_assert_int_eq(tern_ipv6_view_init(&v, pkt, 298, 298), TERN_IPV6_GOOD);
    ck_assert_uint_eq(v.total_len, 40 + 0x102);
    ck_assert_uint_eq(ipv6_traffic_class(v.hdr), 0xb8);
    ck_assert_uint_eq(ipv6_flow_label(v.hdr), 0xabcde);    /* 20 bits, whatever was given */
    struct tern_addr a = ipv6_addr(v.hdr + IPV6_DST);
    ck_assert_mem_eq(a.octets, us, 16);
    ck_assert_mem_eq(v.hdr + IPV6_SRC, peer, 16);
}
END_TEST

START_TEST(test_ipv6_header_rejects_every_truncation)
{
    static const uint8_t echo[8] = { 128 };
    struct tern_ipv6_chain c;
    size_t len = pkt_make(us, IPV6_ICMP, echo, 8);
    for (size_t n = 0; n < len; n++)
        ck_assert_int_eq(walk(&c, n, n), n < 40 ? TERN_IPV6_SHORT : TERN_IPV6_BAD_PAYLOAD_LEN);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    /* What is behind the payload is padding of the link. */
    ck_assert_int_eq(walk(&c, len, len + 100), TERN_IPV6_GOOD);
}
END_TEST

/* "payload length > data: checksum reads beyond", CVE-2020-17441. */
START_TEST(hostile_net_3_payload_length_past_the_data)
{
    static const uint8_t echo[16] = { 128 };
    struct tern_ipv6_view v;
    size_t len = pkt_make(us, IPV6_ICMP, echo, 16);
    for (unsigned said = 0; said <= 0xffff; said++) {
        tern_store_be16(pkt + IPV6_PAYLOAD_LEN, (uint16_t)said);
        ck_assert_int_eq(tern_ipv6_view_init(&v, pkt, len, len),
                         said <= 16 ? TERN_IPV6_GOOD : TERN_IPV6_BAD_PAYLOAD_LEN);
    }
}
END_TEST

START_TEST(test_ipv6_header_rejects_every_other_version)
{
    struct tern_ipv6_view v;
    size_t len = pkt_make(us, IPV6_NONE, NULL, 0);
    for (unsigned version = 0; version < 16; version++) {
        pkt[0] = (uint8_t)(version << 4);
        ck_assert_int_eq(tern_ipv6_view_init(&v, pkt, len, len),
                         version == 6 ? TERN_IPV6_GOOD : TERN_IPV6_BAD_VERSION);
    }
}
END_TEST

/* A jumbo payload with a length of 0 is a fault of its own; with a length, an unknown option. */
START_TEST(test_ipv6_jumbograms_are_told_apart)
{
    static const uint8_t jumbo[16] = { IPV6_ICMP, 0, 0xc2, 4, 0, 1, 0, 0, 128 };
    struct tern_ipv6_chain c;
    size_t len = pkt_make(us, IPV6_HOP_BY_HOP, jumbo, 16);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_BAD_OPTION);
    ck_assert_uint_eq(c.code, 2);
    ck_assert_uint_eq(c.pointer, 42);
    tern_store_be16(pkt + IPV6_PAYLOAD_LEN, 0);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_JUMBO);
    pkt[IPV6_NEXT] = IPV6_NONE;    /* an empty packet */
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
}
END_TEST

/* ---- Chains ------------------------------------------------------------------ */

struct chain_case {
    const char *why;
    uint8_t next;             /* of the fixed header */
    uint8_t octets[64];
    uint8_t len;
    enum tern_ipv6_fault fault;
    uint8_t code;
    uint32_t pointer;
    uint8_t upper, off, next_off;
};

#define HBH IPV6_HOP_BY_HOP
#define DST IPV6_DST_OPTIONS
#define RTG IPV6_ROUTING
#define FRG IPV6_FRAGMENT
#define NO IPV6_NO_ANSWER
#define PADDED 0, 1, 4, 0, 0, 0, 0    /* the rest of a header of 8 octets, PadN only */

static const struct chain_case chain_cases[] = {
    { "no extension", 58, { 128 }, 8, TERN_IPV6_GOOD, NO, 0, 58, 40, 6 },
    { "TCP", 6, { 0 }, 20, TERN_IPV6_GOOD, NO, 0, 6, 40, 6 },
    { "UDP", 17, { 0 }, 8, TERN_IPV6_GOOD, NO, 0, 17, 40, 6 },
    { "no next header", 59, { 1, 2, 3 }, 3, TERN_IPV6_GOOD, NO, 0, 59, 40, 6 },
    { "no next header behind options", DST, { 59, PADDED, 7 }, 9, TERN_IPV6_GOOD, NO, 0, 59, 48,
      40 },
    { "each kind at its place", HBH,
      { DST, PADDED, RTG, PADDED, FRG, 0, 0, 0, 0, 0, 0, 0, DST, 0, 0, 0, 0, 0, 0, 9, 58,
        PADDED, 128 }, 48, TERN_IPV6_GOOD, NO, 0, 58, 80, 72 },
    { "options of six Pad1", DST, { 58 }, 16, TERN_IPV6_GOOD, NO, 0, 58, 48, 40 },
    { "padding of seven", DST, { 58, 1, 1, 5, 0, 0, 0, 0, 0, 0x1e, 3, 0, 0, 0, 0, 0 }, 24,
      TERN_IPV6_GOOD, NO, 0, 58, 56, 40 },
    { "padding of eight", DST, { 58, 1, 1, 5, 0, 0, 0, 0, 0, 0, 0x1e, 2, 0, 0, 0, 0 }, 24,
      TERN_IPV6_BAD_OPTION, NO, 0, 0, 0, 0 },
    { "padding that is not zero", DST, { 58, 0, 1, 4, 0, 0, 0, 1 }, 16, TERN_IPV6_BAD_OPTION, NO,
      0, 0, 0, 0 },
    { "PadN of no data", DST, { 58, 0, 1, 0, 1, 0, 1, 0 }, 16, TERN_IPV6_GOOD, NO, 0, 58, 48, 40 },
    { "eight options", DST, { 58, 2, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0 }, 32,
      TERN_IPV6_GOOD, NO, 0, 58, 64, 40 },
    { "nine options", DST,
      { 58, 2, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0, 30, 0 }, 32,
      TERN_IPV6_LONG_CHAIN, NO, 0, 0, 0, 0 },
    { "unknown, to be skipped", DST, { 58, 0, 0x3e, 4, 1, 2, 3, 4 }, 16, TERN_IPV6_GOOD, NO, 0, 58,
      48, 40 },
    { "unknown, to be dropped", DST, { 58, 0, 0x7e, 4, 1, 2, 3, 4 }, 16, TERN_IPV6_BAD_OPTION, NO,
      0, 0, 0, 0 },
    { "unknown, to be answered", DST, { 58, 0, 0xbe, 4, 1, 2, 3, 4 }, 16, TERN_IPV6_BAD_OPTION, 2,
      42, 0, 0, 0 },
    { "unknown, to be answered unless to many", DST, { 58, 0, 0, 0xfe, 3, 2, 3, 4 }, 16,
      TERN_IPV6_BAD_OPTION, 2, 43, 0, 0, 0 },
    { "a router alert of three", HBH, { 58, 0, 5, 3, 0, 0, 0, 0 }, 16, TERN_IPV6_BAD_HDR, 0, 43, 0,
      0, 0 },
    { "a router alert elsewhere", DST, { 58, 0, 5, 3, 0, 0, 0, 0 }, 16, TERN_IPV6_GOOD, NO, 0, 58,
      48, 40 },
    { "hop-by-hop after another", DST, { HBH, PADDED, 58, PADDED }, 24, TERN_IPV6_BAD_NEXT, 1, 40,
      0, 0, 0 },
    { "hop-by-hop twice", HBH, { HBH, PADDED, 58, PADDED }, 24, TERN_IPV6_BAD_NEXT, 1, 40, 0, 0,
      0 },
    { "destination options thrice", DST, { DST, PADDED, DST, PADDED, 58, PADDED }, 32,
      TERN_IPV6_BAD_NEXT, 1, 48, 0, 0, 0 },
    { "routing twice", RTG, { RTG, 0, 0, 0, 0, 0, 0, 0, 58, PADDED }, 24, TERN_IPV6_BAD_NEXT, 1,
      40, 0, 0, 0 },
    { "two atomic fragments", FRG, { FRG, 0, 0, 0, 0, 0, 0, 1, 58 }, 24, TERN_IPV6_BAD_NEXT, 1, 40,
      0, 0, 0 },
    { "ESP", 50, { 0 }, 16, TERN_IPV6_BAD_NEXT, 1, 6, 0, 0, 0 },
    { "AH behind options", DST, { 51, PADDED }, 16, TERN_IPV6_BAD_NEXT, 1, 40, 0, 0, 0 },
    { "IPv4 in IPv6", 4, { 0x45 }, 20, TERN_IPV6_BAD_NEXT, 1, 6, 0, 0, 0 },
    { "IPv6 in IPv6", 41, { 0x60 }, 40, TERN_IPV6_BAD_NEXT, 1, 6, 0, 0, 0 },
    { "an unknown protocol", 253, { 0 }, 0, TERN_IPV6_BAD_NEXT, 1, 6, 0, 0, 0 },
    { "a header of seven octets", DST, { 58, PADDED }, 7, TERN_IPV6_BAD_HDR, 0, 41, 0, 0, 0 },
    { "no header", HBH, { 0 }, 1, TERN_IPV6_BAD_HDR, 0, 41, 0, 0, 0 },
    { "a header past the packet", DST, { 58, 1, 1, 4 }, 15, TERN_IPV6_BAD_HDR, 0, 41, 0, 0, 0 },
};

START_TEST(test_ipv6_chains_by_table)
{
    const struct chain_case *t = &chain_cases[_i];
    struct tern_ipv6_chain c;
    size_t len = pkt_make(us, t->next, t->octets, t->len);
    ck_assert_msg(walk(&c, len, len) == t->fault, "%s", t->why);
    ck_assert_msg(c.code == t->code && c.pointer == t->pointer, "%s: %u at %u", t->why, c.code,
                  c.pointer);
    if (t->fault == TERN_IPV6_GOOD)
        ck_assert_msg(c.next == t->upper && c.off == t->off && c.next_off == t->next_off, "%s",
                      t->why);
    /* To many: the same, and of all answers the one that disregards that. */
    len = pkt_make(all_nodes, t->next, t->octets, t->len);
    ck_assert_msg(walk(&c, len, len) == t->fault, "%s, to many", t->why);
    bool answered = t->code == 2 && t->octets[t->pointer - 40] >> 6 == 2;
    ck_assert_msg(c.code == (answered ? 2 : NO), "%s, to many", t->why);
}
END_TEST

/* "Batches of extension-header packets, error path recomputes offsets", CVE-2024-38063. */
START_TEST(hostile_net_29_no_chain_is_read_by_the_one_before)
{
    const struct chain_case *last = &chain_cases[_i];
    struct tern_ipv6_chain c = { 0 };
    for (size_t i = 0; i < sizeof chain_cases / sizeof chain_cases[0]; i++) {
        const struct chain_case *t = &chain_cases[i];
        struct tern_ipv6_view v;
        uint8_t *p[2];
        for (size_t k = 0; k < 2; k++) {
            const struct chain_case *now = k == 0 ? t : last;
            size_t len = pkt_make(us, now->next, now->octets, now->len);
            p[k] = exact(pkt, len);
            ck_assert_int_eq(tern_ipv6_view_init(&v, p[k], len, len), TERN_IPV6_GOOD);
            ck_assert_int_eq(tern_ipv6_chain_walk(&c, &v, len), now->fault);
        }
        ck_assert(c.code == last->code && c.pointer == last->pointer);
        ck_assert(last->fault != TERN_IPV6_GOOD ||
                  (c.next == last->upper && c.off == last->off && c.next_off == last->next_off));
        free(p[0]);
        free(p[1]);
    }
}
END_TEST

START_TEST(test_ipv6_chain_rejects_every_truncation)
{
    struct tern_ipv6_chain c;
    const struct chain_case *t = &chain_cases[5];
    for (uint8_t n = 0; n < t->len; n++) {
        size_t len = pkt_make(us, t->next, t->octets, n);
        enum tern_ipv6_fault fault = walk(&c, len, len);
        /* An ICMP header that is too short is not of this layer. */
        ck_assert_int_eq(fault, n == 0   ? TERN_IPV6_JUMBO
                                : n < 40 ? TERN_IPV6_BAD_HDR
                                         : TERN_IPV6_GOOD);
    }
}
END_TEST

START_TEST(test_ipv6_router_alert_is_read_and_written)
{
    uint8_t alert[16] = { 0 };
    struct tern_ipv6_chain c;
    tern_ipv6_alert_emit(alert, IPV6_ICMP);
    size_t len = pkt_make(all_nodes, HBH, alert, 16);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    ck_assert(c.has_alert && c.alert == 0 && c.off == 48 && c.next == IPV6_ICMP);
    pkt[45] = 9;
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    ck_assert_uint_eq(c.alert, 9);
    len = pkt_make(all_nodes, DST, alert, 16);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    ck_assert(!c.has_alert);
}
END_TEST

START_TEST(test_ipv6_chain_ends_within_its_limit)
{
    static uint8_t octets[400];
    struct tern_ipv6_chain c;
    memset(octets, 0, sizeof octets);
    /* One header of 8 * n octets, skipped options in it. */
    for (size_t n = 1; n <= 40; n++) {
        octets[0] = IPV6_ICMP;
        octets[1] = (uint8_t)(n - 1);
        octets[2] = 30;
        octets[3] = (uint8_t)(n * 8 - 4 < 255 ? n * 8 - 4 : 255);
        if (n * 8 - 4 > 255) {
            octets[259] = 30;
            octets[260] = (uint8_t)(n * 8 - 261);
        }
        size_t len = pkt_make(us, DST, octets, n * 8 + 16);
        ck_assert_int_eq(walk(&c, len, len), n <= 27 ? TERN_IPV6_GOOD : TERN_IPV6_LONG_CHAIN);
        ck_assert_uint_eq(c.code, NO);
        if (n <= 27) {    /* ... and in the first run, wherever that ends */
            ck_assert_int_eq(walk(&c, 40 + n * 8, len), TERN_IPV6_GOOD);
            ck_assert_int_eq(walk(&c, 40 + n * 8 - 1, len), TERN_IPV6_LONG_CHAIN);
        }
    }
}
END_TEST

/* "hop-by-hop header length wraps: loop over options never ends", CVE-2020-17442. */
START_TEST(hostile_net_25_hop_by_hop_length_wraps)
{
    uint8_t octets[64] = { IPV6_ICMP, 0, 30, 4 };
    struct tern_ipv6_chain c;
    for (unsigned n = 0; n < 256; n++) {
        octets[1] = (uint8_t)n;
        size_t len = pkt_make(us, HBH, octets, sizeof octets);
        enum tern_ipv6_fault fault = walk(&c, len, len);
        /* Zeros behind the first option: Pad1, at most seven of them. */
        ck_assert_int_eq(fault, n == 0  ? TERN_IPV6_GOOD
                                : n < 8 ? TERN_IPV6_BAD_OPTION
                                        : TERN_IPV6_BAD_HDR);
        if (n >= 8)
            ck_assert(c.code == 0 && c.pointer == 41);
    }
    /* An option of any length in a header of 8: it fits, or that is pointed to. */
    octets[1] = 0;
    for (unsigned n = 0; n < 256; n++) {
        octets[3] = (uint8_t)n;
        size_t len = pkt_make(us, HBH, octets, sizeof octets);
        ck_assert_int_eq(walk(&c, len, len), n <= 4 ? TERN_IPV6_GOOD : TERN_IPV6_BAD_HDR);
        if (n > 4)
            ck_assert(c.code == 0 && c.pointer == 43);
    }
}
END_TEST

/* "extension header length wraps to 0: pointer does not advance", CVE-2020-17444. */
START_TEST(hostile_net_26_extension_length_wraps_to_zero)
{
    static uint8_t octets[4096];
    struct tern_ipv6_chain c;
    static const uint8_t kinds[] = { HBH, DST, RTG, FRG };
    /* 8 * (1 + 31) is 0 in eight bits; 255 is the most there is. */
    static const uint8_t lengths[] = { 31, 63, 127, 255 };
    for (size_t k = 0; k < sizeof kinds; k++) {
        for (size_t i = 0; i < sizeof lengths; i++) {
            octets[0] = kinds[k];
            octets[1] = lengths[i];
            size_t len = pkt_make(us, kinds[k], octets, sizeof octets);
            /* A Fragment header has no length: the second one is one too many. */
            ck_assert_int_eq(walk(&c, len, len),
                             kinds[k] == FRG ? TERN_IPV6_BAD_NEXT : TERN_IPV6_LONG_CHAIN);
            len = pkt_make(us, kinds[k], octets, 64);
            ck_assert_int_eq(walk(&c, len, len),
                             kinds[k] == FRG ? TERN_IPV6_BAD_NEXT : TERN_IPV6_BAD_HDR);
        }
    }
}
END_TEST

/* "destination options longer than the header", CVE-2020-17445; Zephyr's underflow. */
START_TEST(hostile_net_27_options_past_their_header)
{
    struct tern_ipv6_chain c;
    for (size_t at = 2; at < 8; at++) {
        for (unsigned n = 0; n < 256; n++) {
            uint8_t octets[8] = { IPV6_NONE };
            octets[at] = 30;
            if (at < 7)
                octets[at + 1] = (uint8_t)n;
            size_t len = pkt_make(us, DST, octets, sizeof octets);
            bool fits = at < 7 && n <= 6 - at;
            ck_assert_int_eq(walk(&c, len, len), fits ? TERN_IPV6_GOOD : TERN_IPV6_BAD_HDR);
            if (!fits)
                ck_assert(c.code == 0 && c.pointer == 40 + at + 1);
        }
    }
}
END_TEST

/* "type 0 routing header must be refused", and all that are under way (RFC 5095). */
START_TEST(hostile_net_28_routing_headers_that_have_not_arrived)
{
    struct tern_ipv6_chain c;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned left = 0; left < 256; left += 51) {
            uint8_t octets[32] = { IPV6_NONE, 2, (uint8_t)type, (uint8_t)left };
            size_t len = pkt_make(us, RTG, octets, sizeof octets);
            ck_assert_int_eq(walk(&c, len, len), left == 0 ? TERN_IPV6_GOOD
                                                           : TERN_IPV6_BAD_ROUTING);
            if (left != 0)
                ck_assert(c.code == 0 && c.pointer == 42);
            else
                ck_assert(c.off == 64 && c.next == IPV6_NONE);
        }
    }
}
END_TEST

/* ---- Fragments ----------------------------------------------------------------- */

START_TEST(test_ipv6_fragment_is_reported)
{
    uint8_t octets[64] = { FRG, PADDED };
    struct tern_ipv6_chain c;
    tern_ipv6_fragment_emit(octets + 8, DST, 1232, true, 0x01020304);
    size_t len = pkt_make(us, DST, octets, 16 + 24);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    ck_assert(c.has_fragment && c.more);
    ck_assert_uint_eq(c.frag_off, 1232);
    ck_assert_uint_eq(c.frag_id, 0x01020304);
    ck_assert_uint_eq(c.frag_hdr_off, 48);
    ck_assert_uint_eq(c.frag_next_off, 40);
    ck_assert_uint_eq(c.frag_next, DST);
    ck_assert_uint_eq(c.off, 56);
    /* The last one may have any length, and says no more. */
    tern_ipv6_fragment_emit(octets + 8, 253, 1232, false, 5);
    len = pkt_make(us, DST, octets, 16 + 23);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    ck_assert(c.has_fragment && !c.more && c.frag_next == 253);
    /* The reserved bits do not count. */
    pkt[57] = 0xff;
    pkt[59] |= 6;
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    ck_assert(c.frag_off == 1232 && !c.more);
}
END_TEST

START_TEST(test_ipv6_fragment_of_odd_length_is_answered)
{
    uint8_t octets[64] = { 0 };
    struct tern_ipv6_chain c;
    tern_ipv6_fragment_emit(octets, IPV6_UDP, 8, true, 1);
    for (size_t n = 0; n < 40; n++) {
        size_t len = pkt_make(us, FRG, octets, 8 + n);
        ck_assert_int_eq(walk(&c, len, len), n % 8 == 0 ? TERN_IPV6_GOOD : TERN_IPV6_BAD_FRAGMENT);
        if (n % 8 != 0)
            ck_assert(c.code == 0 && c.pointer == IPV6_PAYLOAD_LEN);
    }
}
END_TEST

/* "reassembled length > 65,535", CVE-1999-0128; the payload is what counts. */
START_TEST(hostile_net_18_ipv6_fragment_past_the_longest_packet)
{
    uint8_t octets[64] = { FRG, PADDED };
    struct tern_ipv6_chain c;
    tern_ipv6_fragment_emit(octets, IPV6_UDP, 65528, false, 1);
    size_t len = pkt_make(us, FRG, octets, 8 + 7);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    len = pkt_make(us, FRG, octets, 8 + 8);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_BAD_FRAGMENT);
    ck_assert(c.code == 0 && c.pointer == 42);
    /* Headers before it are in the payload, too. */
    memcpy(octets, (const uint8_t[]){ FRG, PADDED }, 8);
    tern_ipv6_fragment_emit(octets + 8, IPV6_UDP, 65520, false, 1);
    len = pkt_make(us, DST, octets, 16 + 7);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    len = pkt_make(us, DST, octets, 16 + 8);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_BAD_FRAGMENT);
    ck_assert(c.code == 0 && c.pointer == 50);
}
END_TEST

/* "extension headers make the unfragmentable part huge / nested", CVE-2021-24086. */
START_TEST(hostile_net_22_nested_fragments_and_a_huge_unfragmentable_part)
{
    uint8_t octets[300] = { FRG, 26, 30, 212 };
    struct tern_ipv6_chain c;
    /* 216 octets before the Fragment header: it would end past the limit. */
    tern_ipv6_fragment_emit(octets + 216, IPV6_UDP, 0, true, 1);
    size_t len = pkt_make(us, DST, octets, 216 + 8 + 16);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_LONG_CHAIN);
    /* 208: it just fits. */
    octets[1] = 25;
    octets[3] = 204;
    tern_ipv6_fragment_emit(octets + 208, IPV6_UDP, 0, true, 1);
    len = pkt_make(us, DST, octets, 208 + 8 + 16);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    ck_assert(c.off == 256 && c.frag_hdr_off == 248);
    /* A fragment in a fragment, in a first one and in an atomic one. */
    for (unsigned more = 0; more < 2; more++) {
        tern_ipv6_fragment_emit(octets, FRG, 0, more != 0, 1);
        tern_ipv6_fragment_emit(octets + 8, IPV6_UDP, 8, false, 2);
        len = pkt_make(us, FRG, octets, 16 + 16);
        ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_BAD_NEXT);
        ck_assert(c.code == 1 && c.pointer == 40);
    }
}
END_TEST

/* "atomic and tiny fragments; first fragment without full header chain" (RFC 6946, 7112). */
START_TEST(hostile_net_23_first_fragments_without_all_headers)
{
    struct tern_ipv6_chain c;
    static const struct {
        uint8_t next, least;
    } uppers[] = { { IPV6_TCP, 20 }, { IPV6_UDP, 8 }, { IPV6_ICMP, 4 }, { IPV6_NONE, 0 } };
    for (size_t i = 0; i < sizeof uppers / sizeof uppers[0]; i++) {
        for (size_t n = 0; n <= 48; n += 8) {
            uint8_t octets[64] = { 0 };
            tern_ipv6_fragment_emit(octets, uppers[i].next, 0, true, 1);
            size_t len = pkt_make(us, FRG, octets, 8 + n);
            bool whole = n >= uppers[i].least;
            ck_assert_int_eq(walk(&c, len, len), whole ? TERN_IPV6_GOOD : TERN_IPV6_CUT_CHAIN);
            ck_assert(whole ? c.code == NO : c.code == 3 && c.pointer == 0);
        }
    }
    /* Cut in its options; an atomic one is answered for its header instead. */
    uint8_t octets[16] = { 0 };
    tern_ipv6_fragment_emit(octets, DST, 0, true, 1);
    octets[8] = IPV6_ICMP;
    octets[9] = 1;
    size_t len = pkt_make(us, FRG, octets, 16);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_CUT_CHAIN);
    ck_assert(c.code == 3 && c.pointer == 0);
    octets[3] = 0;
    len = pkt_make(us, FRG, octets, 16);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_BAD_HDR);
    ck_assert(c.code == 0 && c.pointer == 49);
    /* An atomic one is a packet. */
    octets[9] = 0;
    octets[10] = 1;
    octets[11] = 4;
    octets[8] = IPV6_NONE;
    len = pkt_make(us, FRG, octets, 16);
    ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_GOOD);
    ck_assert(c.has_fragment && !c.more && c.frag_off == 0 && c.off == 56);
}
END_TEST

/* "Fragmented IP-in-IP", CVE-2020-11896: there is no decapsulation, in a fragment either. */
START_TEST(hostile_net_24_a_packet_in_an_ipv6_packet)
{
    static const uint8_t protocols[] = { 4, 41, 47, 94, 97 };
    struct tern_ipv6_chain c;
    for (size_t i = 0; i < sizeof protocols; i++) {
        uint8_t octets[128] = { 0 };
        size_t len = pkt_make(us, protocols[i], octets, 64);
        ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_BAD_NEXT);
        ck_assert(c.code == 1 && c.pointer == IPV6_NEXT);
        tern_ipv6_fragment_emit(octets, protocols[i], 0, true, 1);
        len = pkt_make(us, FRG, octets, 8 + 64);
        ck_assert_int_eq(walk(&c, len, len), TERN_IPV6_BAD_NEXT);
        ck_assert(c.code == 1 && c.pointer == 40);
    }
}
END_TEST

/* ---- Sums and kinds of addresses --------------------------------------------------- */

START_TEST(test_ipv6_pseudo_sum_is_of_all_fields)
{
    uint8_t pseudo[40] = { 0 };
    memcpy(pseudo, peer, 16);
    memcpy(pseudo + 16, us, 16);
    tern_store_be32(pseudo + 32, 0x12345);
    pseudo[39] = IPV6_TCP;
    ck_assert_uint_eq(tern_checksum_fold(tern_ipv6_pseudo_sum(peer, us, 0x12345, IPV6_TCP)),
                      tern_checksum_fold(tern_checksum_add(0, pseudo, sizeof pseudo)));
}
END_TEST

START_TEST(test_ipv6_addresses_are_told_by_their_first_bits)
{
    uint8_t a[16] = { 0 };
    ck_assert(ipv6_is_any(a) && !ipv6_is_link_local(a) && !ipv6_is_multicast(a));
    for (size_t i = 0; i < 16; i++) {
        a[i] = 1;
        ck_assert(!ipv6_is_any(a));
        a[i] = 0;
    }
    for (unsigned first = 0xfe00; first <= 0xffff; first += 0x10) {
        tern_store_be16(a, (uint16_t)first);
        ck_assert(ipv6_is_link_local(a) == (first >= 0xfe80 && first < 0xfec0));
        ck_assert(ipv6_is_multicast(a) == (first >= 0xff00));
    }
}
END_TEST

Suite *ipv6_wire_suite(void)
{
    Suite *s = suite_create("ipv6_wire");
    TCase *tc = tcase_create("ipv6_wire");
    tcase_add_test(tc, test_ipv6_header_that_is_emitted_parses_back);
    tcase_add_test(tc, test_ipv6_header_rejects_every_truncation);
    tcase_add_test(tc, hostile_net_3_payload_length_past_the_data);
    tcase_add_test(tc, test_ipv6_header_rejects_every_other_version);
    tcase_add_test(tc, test_ipv6_jumbograms_are_told_apart);
    tcase_add_loop_test(tc, test_ipv6_chains_by_table, 0,
                        (int)(sizeof chain_cases / sizeof chain_cases[0]));
    tcase_add_loop_test(tc, hostile_net_29_no_chain_is_read_by_the_one_before, 0,
                        (int)(sizeof chain_cases / sizeof chain_cases[0]));
    tcase_add_test(tc, test_ipv6_chain_rejects_every_truncation);
    tcase_add_test(tc, test_ipv6_router_alert_is_read_and_written);
    tcase_add_test(tc, test_ipv6_chain_ends_within_its_limit);
    tcase_add_test(tc, hostile_net_25_hop_by_hop_length_wraps);
    tcase_add_test(tc, hostile_net_26_extension_length_wraps_to_zero);
    tcase_add_test(tc, hostile_net_27_options_past_their_header);
    tcase_add_test(tc, hostile_net_28_routing_headers_that_have_not_arrived);
    tcase_add_test(tc, test_ipv6_fragment_is_reported);
    tcase_add_test(tc, test_ipv6_fragment_of_odd_length_is_answered);
    tcase_add_test(tc, hostile_net_18_ipv6_fragment_past_the_longest_packet);
    tcase_add_test(tc, hostile_net_22_nested_fragments_and_a_huge_unfragmentable_part);
    tcase_add_test(tc, hostile_net_23_first_fragments_without_all_headers);
    tcase_add_test(tc, hostile_net_24_a_packet_in_an_ipv6_packet);
    tcase_add_test(tc, test_ipv6_pseudo_sum_is_of_all_fields);
    tcase_add_test(tc, test_ipv6_addresses_are_told_by_their_first_bits);
    suite_add_tcase(s, tc);
    return s;
}
