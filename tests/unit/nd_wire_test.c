/* SPDX-License-Identifier: ISC */
/*
 * Neighbour Discovery: the checks of RFC 4861 one by one, options by a table,
 * each length of each option, and what we send read back.
 */
#include "exact.h"
#include "suites.h"

#include "libnet/nd_wire.h"

static const uint8_t any[16] = { 0 };
static const uint8_t local[16] = { 0xfe, 0x80, [15] = 2 };
static const uint8_t global[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 2 };
static const uint8_t other[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 3 };
static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t solicited[16] = { 0xff, 2, [11] = 1, [12] = 0xff, [15] = 2 };
static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 2 };

static uint8_t msg[2048];

/* A message of this type without options; target and destination are `other`. */
static size_t msg_make(uint8_t type)
{
    static const uint8_t lens[] = { 8, 16, 24, 24, 40 };
    memset(msg, 0, sizeof msg);
    msg[0] = type;
    if (type >= ICMP6_NS)
        memcpy(msg + 8, other, 16);
    if (type == ICMP6_REDIRECT)
        memcpy(msg + 24, other, 16);
    return lens[type - ICMP6_RS];
}

static size_t option_add(size_t len, const void *octets, size_t octets_len)
{
    memcpy(msg + len, octets, octets_len);
    return len + octets_len;
}

static const uint8_t source_link[8] = { 1, 1, 2, 0, 0, 0, 0, 2 };
static const uint8_t target_link[8] = { 2, 1, 2, 0, 0, 0, 0, 2 };

/* A sender that is always right. */
static struct tern_nd_from from_of(const uint8_t *src, const uint8_t *dst)
{
    return (struct tern_nd_from){ .src = src, .dst = dst, .hop_limit = 255 };
}

static enum tern_nd_fault parse(size_t len, struct tern_nd_from from)
{
    uint8_t *p = exact(msg, len);
    struct tern_nd_msg nd;
    enum tern_nd_fault fault = tern_nd_parse(p, len, &from, &nd);
    free(p);
    return fault;
}

/* ---- Messages ---------------------------------------------------------------- */

START_TEST(test_nd_rejects_every_truncation_and_code)
{
    for (uint8_t type = ICMP6_RS; type <= ICMP6_REDIRECT; type++) {
        size_t len = msg_make(type);
        struct tern_nd_from from = from_of(local, local);
        for (size_t n = 0; n < len; n++)
            ck_assert_int_eq(parse(n, from), TERN_ND_MALFORMED);
        ck_assert_int_eq(parse(len, from), TERN_ND_GOOD);
        for (unsigned code = 1; code < 256; code++) {
            msg[1] = (uint8_t)code;
            ck_assert_int_eq(parse(len, from), TERN_ND_MALFORMED);
        }
        msg[1] = 0;
        from.fragmented = true;
        ck_assert_int_eq(parse(len, from), TERN_ND_FRAGMENTED);
    }
    /* Neighbours in numbers are not of this protocol. */
    msg_make(ICMP6_RS);
    msg[0] = ICMP6_RS - 1;
    ck_assert_int_eq(parse(40, from_of(local, local)), TERN_ND_MALFORMED);
    msg[0] = ICMP6_REDIRECT + 1;
    ck_assert_int_eq(parse(40, from_of(local, local)), TERN_ND_MALFORMED);
}
END_TEST

/* "ND/RA with hop limit != 255, or source not link-local" */
START_TEST(hostile_net_33_nd_from_off_the_link)
{
    for (uint8_t type = ICMP6_RS; type <= ICMP6_REDIRECT; type++) {
        size_t len = msg_make(type);
        struct tern_nd_from from = from_of(local, local);
        for (unsigned hops = 0; hops < 256; hops++) {
            from.hop_limit = (uint8_t)hops;
            ck_assert_int_eq(parse(len, from), hops == 255 ? TERN_ND_GOOD : TERN_ND_NOT_LOCAL);
        }
        bool of_router = type == ICMP6_RA || type == ICMP6_REDIRECT;
        ck_assert_int_eq(parse(len, from_of(global, local)),
                         of_router ? TERN_ND_NOT_LOCAL : TERN_ND_GOOD);
        ck_assert_int_eq(parse(len, from_of(any, solicited)),
                         of_router ? TERN_ND_NOT_LOCAL : TERN_ND_GOOD);
    }
}
END_TEST

/* "RA flood with 10^5 prefixes": no more than so many options in one. */
START_TEST(hostile_net_33_options_are_limited_in_number)
{
    for (size_t n = 0; n < 200; n++) {
        size_t len = msg_make(ICMP6_RA);
        for (size_t i = 0; i < n; i++)
            len = option_add(len, (const uint8_t[8]){ ND_OPT_ROUTE, 1 }, 8);
        ck_assert_int_eq(parse(len, from_of(local, all_nodes)),
                         n <= ND_OPTIONS_MAX ? TERN_ND_GOOD : TERN_ND_MALFORMED);
    }
}
END_TEST

struct addr_case {
    const char *why;
    uint8_t type, flags;
    const uint8_t *src, *dst, *target, *redirected;
    const uint8_t *option;
    enum tern_nd_fault fault;
};

static const struct addr_case addr_cases[] = {
    { "RS of nobody", 133, 0, any, all_nodes, NULL, NULL, NULL, TERN_ND_GOOD },
    { "RS of nobody with a MAC", 133, 0, any, all_nodes, NULL, NULL, source_link,
      TERN_ND_BAD_ADDR },
    { "RS with a MAC", 133, 0, local, all_nodes, NULL, NULL, source_link, TERN_ND_GOOD },
    { "NS of nobody", 135, 0, any, solicited, other, NULL, NULL, TERN_ND_GOOD },
    { "NS of nobody to one", 135, 0, any, other, other, NULL, NULL, TERN_ND_BAD_ADDR },
    { "NS of nobody to all", 135, 0, any, all_nodes, other, NULL, NULL, TERN_ND_BAD_ADDR },
    { "NS of nobody with a MAC", 135, 0, any, solicited, other, NULL, source_link,
      TERN_ND_BAD_ADDR },
    { "NS of nobody with the other's MAC", 135, 0, any, solicited, other, NULL, target_link,
      TERN_ND_GOOD },
    { "NS", 135, 0, global, global, other, NULL, source_link, TERN_ND_GOOD },
    { "NS for a group", 135, 0, global, solicited, all_nodes, NULL, NULL, TERN_ND_BAD_ADDR },
    { "NA", 136, 0x60, global, local, other, NULL, target_link, TERN_ND_GOOD },
    { "NA to all", 136, 0x20, global, all_nodes, other, NULL, target_link, TERN_ND_GOOD },
    { "NA to all that was asked for", 136, 0x40, global, all_nodes, other, NULL, target_link,
      TERN_ND_BAD_ADDR },
    { "NA for a group", 136, 0, global, local, all_nodes, NULL, NULL, TERN_ND_BAD_ADDR },
    { "Redirect to the destination itself", 137, 0, local, global, other, other, NULL,
      TERN_ND_GOOD },
    { "Redirect to a router", 137, 0, local, global, local, other, target_link, TERN_ND_GOOD },
    { "Redirect to a third", 137, 0, local, global, global, other, NULL, TERN_ND_BAD_ADDR },
    { "Redirect for a group", 137, 0, local, global, local, all_nodes, NULL, TERN_ND_BAD_ADDR },
};

START_TEST(test_nd_addresses_by_table)
{
    const struct addr_case *t = &addr_cases[_i];
    size_t len = msg_make(t->type);
    msg[4] = t->flags;
    if (t->target != NULL)
        memcpy(msg + 8, t->target, 16);
    if (t->redirected != NULL)
        memcpy(msg + 24, t->redirected, 16);
    if (t->option != NULL)
        len = option_add(len, t->option, 8);
    ck_assert_msg(parse(len, from_of(t->src, t->dst)) == t->fault, "%s", t->why);
}
END_TEST

START_TEST(test_nd_solicited_node_addresses_are_of_one_prefix)
{
    size_t len = msg_make(ICMP6_NS);
    for (size_t i = 0; i < 13; i++) {
        uint8_t dst[16];
        memcpy(dst, solicited, 16);
        dst[i] ^= 1;
        ck_assert_int_eq(parse(len, from_of(any, dst)), TERN_ND_BAD_ADDR);
    }
}
END_TEST

START_TEST(test_nd_message_gives_each_field)
{
    struct tern_nd_from from = from_of(local, local);
    struct tern_nd_msg nd;
    size_t len = msg_make(ICMP6_RA);
    static const uint8_t fields[12] = { 64, 0xc8, 0x07, 0x08, 0, 1, 0, 2, 3, 0, 0, 4 };
    memcpy(msg + 4, fields, sizeof fields);
    len = option_add(len, source_link, 8);
    ck_assert_int_eq(tern_nd_parse(msg, len, &from, &nd), TERN_ND_GOOD);
    ck_assert(nd.type == ICMP6_RA && nd.hop_limit == 64);
    ck_assert_uint_eq(nd.flags, ND_RA_MANAGED | ND_RA_OTHER | 8);
    ck_assert_int_eq(nd_preference(nd.flags), 1);
    ck_assert_uint_eq(nd.lifetime_s, 1800);
    ck_assert_uint_eq(nd.reachable_ms, 0x10002);
    ck_assert_uint_eq(nd.retrans_ms, 0x03000004);
    ck_assert(nd.target == NULL && nd.dst == NULL && nd.nonce == NULL);
    ck_assert_mem_eq(nd.mac, mac, 6);

    /* Of two MACs that of the type counts; the last if there are several. */
    len = msg_make(ICMP6_REDIRECT);
    len = option_add(len, target_link, 8);
    msg[len - 1] = 9;
    len = option_add(len, target_link, 8);
    len = option_add(len, source_link, 8);
    msg[len - 1] = 7;
    ck_assert_int_eq(tern_nd_parse(msg, len, &from, &nd), TERN_ND_GOOD);
    ck_assert_mem_eq(nd.mac, mac, 6);
    ck_assert_ptr_eq(nd.target, msg + 8);
    ck_assert_ptr_eq(nd.dst, msg + 24);

    len = msg_make(ICMP6_NA);
    msg[4] = 0xe0;
    ck_assert_int_eq(tern_nd_parse(msg, len, &from, &nd), TERN_ND_GOOD);
    ck_assert_uint_eq(nd.flags, ND_NA_ROUTER | ND_NA_SOLICITED | ND_NA_OVERRIDE);
    ck_assert_ptr_eq(nd.target, msg + 8);
    ck_assert(nd.dst == NULL && nd.mac == NULL);
}
END_TEST

START_TEST(test_nd_preferences_are_of_two_bits)
{
    ck_assert_int_eq(nd_preference(0x00), 0);
    ck_assert_int_eq(nd_preference(0x08), 1);
    ck_assert_int_eq(nd_preference(0x10), 0);    /* reserved */
    ck_assert_int_eq(nd_preference(0x18), -1);
    ck_assert_int_eq(nd_preference(0xe7), 0);
}
END_TEST

/* ---- Options ------------------------------------------------------------------- */

/* "ND option length 0 (loop) or beyond packet" */
START_TEST(hostile_net_31_option_of_length_zero_or_past_the_end)
{
    for (uint8_t type = ICMP6_RS; type <= ICMP6_REDIRECT; type++) {
        for (unsigned units = 0; units < 256; units++) {
            size_t len = msg_make(type);
            struct tern_nd_from from = from_of(local, local);
            msg[len] = 200;
            msg[len + 1] = (uint8_t)units;
            ck_assert_int_eq(parse(len + 24, from), units == 3 ? TERN_ND_GOOD
                                                               : TERN_ND_MALFORMED);
            /* Fewer than eight octets are no option. */
            for (size_t rest = 1; rest < 8; rest++)
                ck_assert_int_eq(parse(len + rest, from), TERN_ND_MALFORMED);
        }
    }
}
END_TEST

/* The options of an RA that consists of these octets and zeros up to len: how many, the first. */
static unsigned options_read(const uint8_t *octets, size_t octets_len, size_t opt_len,
                             struct tern_nd_option *first, unsigned *n_bad)
{
    struct tern_nd_from from = from_of(local, local);
    struct tern_nd_msg nd;
    struct tern_nd_option o;
    unsigned n = 0;
    size_t len = msg_make(ICMP6_RA);
    option_add(len, octets, octets_len);
    msg[len + 1] = (uint8_t)(opt_len / 8);
    uint8_t *p = exact(msg, len + opt_len);
    ck_assert_int_eq(tern_nd_parse(p, len + opt_len, &from, &nd), TERN_ND_GOOD);
    while (tern_nd_option_next(&nd.options, &o)) {
        if (n++ == 0) {
            *first = o;
            /* Pointers lead into p: into msg instead. */
            if (o.data != NULL)
                first->data = msg + (o.data - p);
        }
    }
    ck_assert_uint_eq(nd.options.len, 0);
    *n_bad = nd.options.n_bad;
    free(p);
    return n;
}

struct option_case {
    const char *why;
    uint8_t octets[24];
    uint8_t len;
    bool good;
};

static const struct option_case option_cases[] = {
    { "a MAC", { 1, 1, 2, 0, 0, 0, 0, 1 }, 8, true },
    { "a MAC of 14 octets", { 1, 2, 2, 0, 0, 0, 0, 1 }, 16, false },
    { "a group's MAC", { 2, 1, 3, 0, 0, 0, 0, 1 }, 8, false },
    { "a nonce", { 14, 1, 1, 2, 3, 4, 5, 6 }, 8, true },
    { "a long nonce", { 14, 2 }, 16, true },
    { "a redirected packet of nothing", { 4, 1 }, 8, true },
    { "a redirected packet", { 4, 3 }, 24, true },
    { "an MTU", { 5, 1, 0, 0, 0, 0, 5, 0 }, 8, true },
    { "an MTU of 16 octets", { 5, 2, 0, 0, 0, 0, 5, 0 }, 16, false },
    { "a prefix", { 3, 4, 64, 0xc0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0x20 }, 32, true },
    { "a prefix of 24 octets", { 3, 3, 64, 0xc0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0x20 }, 24,
      false },
    { "a prefix of 40", { 3, 5, 64, 0xc0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0x20 }, 40, false },
    { "the link-local prefix", { 3, 4, 64, 0xc0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0xfe, 0x80 },
      32, false },
    { "a multicast prefix", { 3, 4, 64, 0xc0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0xff, 2 }, 32,
      false },
    { "a default route", { 24, 1, 0, 0x08, 0, 0, 0, 1 }, 8, true },
    { "a route of one bit without room", { 24, 1, 1, 0x08, 0, 0, 0, 1 }, 8, false },
    { "a route of 64 bits", { 24, 2, 64, 0x18, 0, 0, 0, 1, 0x20, 1 }, 16, true },
    { "a route of 65 bits without room", { 24, 2, 65, 0, 0, 0, 0, 1, 0x20, 1 }, 16, false },
    { "a route of 128 bits", { 24, 3, 128, 0, 0, 0, 0, 1, 0x20, 1 }, 24, true },
    { "a route of 129 bits", { 24, 3, 129, 0, 0, 0, 0, 1, 0x20, 1 }, 24, false },
    { "a route of 32 octets", { 24, 4, 64, 0, 0, 0, 0, 1, 0x20, 1 }, 32, false },
    { "a route of reserved preference", { 24, 2, 64, 0x10, 0, 0, 0, 1, 0x20, 1 }, 16, false },
    { "a list of names", { 31, 2, 0, 0, 0, 0, 0, 1, 3, 'c', 'o', 'm', 0 }, 16, true },
    { "a list of no names", { 31, 2 }, 16, false },
    { "a list without room", { 31, 1 }, 8, false },
    { "a list with a pointer", { 31, 2, 0, 0, 0, 0, 0, 1, 0xc0, 8 }, 16, false },
};

START_TEST(test_nd_options_by_table)
{
    const struct option_case *t = &option_cases[_i];
    struct tern_nd_option o;
    unsigned n_bad;
    size_t len = t->len < sizeof t->octets ? t->len : sizeof t->octets;
    unsigned n = options_read(t->octets, len, t->len, &o, &n_bad);
    ck_assert_msg(n == (t->good ? 1 : 0) && n_bad == (t->good ? 0 : 1), "%s", t->why);
    if (t->good)
        ck_assert_uint_eq(o.type, t->octets[0]);
}
END_TEST

START_TEST(test_nd_unknown_options_are_passed_over)
{
    struct tern_nd_option o;
    unsigned n_bad;
    for (unsigned type = 0; type < 256; type++) {
        static const uint8_t known[] = { 1, 2, 3, 4, 5, 14, 24, 25, 31 };
        bool is_known = memchr(known, (int)type, sizeof known) != NULL;
        uint8_t octets[8] = { (uint8_t)type, 1 };
        unsigned n = options_read(octets, 8, 8, &o, &n_bad);
        ck_assert_uint_eq(n + n_bad, is_known ? 1 : 0);
    }
}
END_TEST

START_TEST(test_nd_options_give_each_field)
{
    struct tern_nd_option o;
    unsigned n_bad;
    static const uint8_t prefix[24] = { 3, 4, 61, 0xc0, 0, 1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0,
                                        0, 0x20, 1, 0x0d, 0xb8, 1, 2, 3, 0xff };
    ck_assert_uint_eq(options_read(prefix, 24, 32, &o, &n_bad), 1);
    ck_assert(o.prefix_len == 61 && o.flags == (ND_PREFIX_ON_LINK | ND_PREFIX_AUTONOMOUS));
    ck_assert_uint_eq(o.lifetime_s, 0x10002);
    ck_assert_uint_eq(o.preferred_s, 0xffffffff);
    static const uint8_t masked[16] = { 0x20, 1, 0x0d, 0xb8, 1, 2, 3, 0xf8 };
    ck_assert_mem_eq(o.prefix.octets, masked, 16);
    ck_assert_uint_eq(o.mtu, 0);

    static const uint8_t route[16] = { 24, 2, 57, 0x18, 0, 0, 1, 0, 0x20, 1, 0x0d, 0xb8, 1, 2, 3,
                                       0xff };
    ck_assert_uint_eq(options_read(route, 16, 16, &o, &n_bad), 1);
    ck_assert(o.prefix_len == 57 && nd_preference(o.flags) == -1 && o.lifetime_s == 256);
    static const uint8_t masked57[16] = { 0x20, 1, 0x0d, 0xb8, 1, 2, 3, 0x80 };
    ck_assert_mem_eq(o.prefix.octets, masked57, 16);

    static const uint8_t names[16] = { 31, 2, 0, 0, 0, 0, 1, 1, 3, 'c', 'o', 'm', 0 };
    ck_assert_uint_eq(options_read(names, 16, 16, &o, &n_bad), 1);
    ck_assert(o.lifetime_s == 257 && o.len == 8 && memcmp(o.data, names + 8, 8) == 0);

    static const uint8_t nonce[8] = { 14, 1, 1, 2, 3, 4, 5, 6 };
    ck_assert_uint_eq(options_read(nonce, 8, 8, &o, &n_bad), 1);
    ck_assert(o.len == ND_NONCE_LEN && memcmp(o.data, nonce + 2, 6) == 0);

    static const uint8_t packet[16] = { 4, 2, 0, 0, 0, 0, 0, 0, 0x60, 1, 2, 3, 4, 5, 6, 7 };
    ck_assert_uint_eq(options_read(packet, 16, 16, &o, &n_bad), 1);
    ck_assert(o.len == 8 && memcmp(o.data, packet + 8, 8) == 0);
}
END_TEST

/* "RA with RDNSS option of even length", CVE-2020-16898. */
START_TEST(hostile_net_32_rdnss_of_even_length)
{
    static const uint8_t octets[8] = { ND_OPT_RDNSS, 0, 0, 0, 0, 0, 0, 9 };
    for (size_t units = 1; units < 32; units++) {
        struct tern_nd_option o;
        unsigned n_bad;
        unsigned n = options_read(octets, 8, units * 8, &o, &n_bad);
        bool good = units >= 3 && units % 2 == 1;
        ck_assert(n == (good ? 1 : 0) && n_bad == (good ? 0 : 1));
        if (good)
            ck_assert(o.len == units * 8 - 8 && o.len % 16 == 0 && o.lifetime_s == 9);
    }
}
END_TEST

/* "prefix length > 128" (FreeRTOS): of a prefix and of a route. */
START_TEST(hostile_net_32_prefix_length_past_128)
{
    for (unsigned bits = 0; bits < 256; bits++) {
        struct tern_nd_option o;
        unsigned n_bad;
        uint8_t octets[24] = { ND_OPT_PREFIX, 0, (uint8_t)bits };
        memset(octets + 16, 0xaa, 8);
        ck_assert_uint_eq(options_read(octets, 24, 32, &o, &n_bad), bits <= 128 ? 1 : 0);
        octets[0] = ND_OPT_ROUTE;
        memset(octets + 8, 0xaa, 16);
        ck_assert_uint_eq(options_read(octets, 24, 24, &o, &n_bad), bits <= 128 ? 1 : 0);
        if (bits > 128)
            continue;
        for (unsigned i = 0; i < 128; i++)
            ck_assert_uint_eq(o.prefix.octets[i / 8] >> (7 - i % 8) & 1,
                              i < bits ? (i + 1) % 2 : 0);
    }
}
END_TEST

/* "MTU may only go down to 1280" */
START_TEST(hostile_net_34_mtu_below_the_least)
{
    static const uint32_t mtus[] = { 0, 68, 1279, 1280, 1500, 65536, 0xffffffff };
    for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        struct tern_nd_option o;
        unsigned n_bad;
        uint8_t octets[8] = { ND_OPT_MTU };
        tern_store_be32(octets + 4, mtus[i]);
        unsigned n = options_read(octets, 8, 8, &o, &n_bad);
        ck_assert_uint_eq(n, mtus[i] >= 1280 ? 1 : 0);
        ck_assert_uint_eq(n_bad, mtus[i] >= 1280 ? 0 : 1);
        if (n == 1)
            ck_assert_uint_eq(o.mtu, mtus[i]);
    }
}
END_TEST

/* ---- What we send ------------------------------------------------------------------ */

START_TEST(test_nd_messages_that_are_emitted_parse_back)
{
    static const uint8_t nonce[ND_NONCE_LEN] = { 1, 2, 3, 4, 5, 6 };
    static const struct tern_nd_out outs[] = {
        { .type = ICMP6_RS },
        { .type = ICMP6_RS, .mac = mac },
        { .type = ICMP6_NS, .target = other, .nonce = nonce },
        { .type = ICMP6_NS, .target = other, .mac = mac },
        { .type = ICMP6_NS, .target = other, .mac = mac, .nonce = nonce },
        { .type = ICMP6_NA, .target = other, .mac = mac, .flags = 0xa0 },
        { .type = ICMP6_NA, .target = other, .flags = 0x40 },
    };
    static const size_t lens[] = { 8, 16, 32, 32, 40, 32, 24 };
    for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++) {
        struct tern_nd_from from = from_of(local, local);
        struct tern_nd_msg nd;
        uint8_t out[ND_EMIT_CAP + 1];
        memset(out, 0xee, sizeof out);
        size_t len = tern_nd_emit(out, &outs[i]);
        ck_assert_uint_eq(len, lens[i]);
        ck_assert_uint_eq(out[len], 0xee);
        ck_assert_uint_eq(tern_load_be16(out + ICMP6_CHECKSUM), 0);
        ck_assert_int_eq(tern_nd_parse(out, len, &from, &nd), TERN_ND_GOOD);
        ck_assert_uint_eq(nd.type, outs[i].type);
        ck_assert_uint_eq(nd.flags, outs[i].flags);
        if (outs[i].target != NULL)
            ck_assert_mem_eq(nd.target, outs[i].target, 16);
        ck_assert((nd.mac != NULL) == (outs[i].mac != NULL));
        if (nd.mac != NULL)
            ck_assert_mem_eq(nd.mac, mac, 6);
        ck_assert((nd.nonce != NULL) == (outs[i].nonce != NULL));
        if (nd.nonce != NULL)
            ck_assert(nd.nonce_len == 6 && memcmp(nd.nonce, nonce, 6) == 0);
    }
}
END_TEST

Suite *nd_wire_suite(void)
{
    Suite *s = suite_create("nd_wire");
    TCase *tc = tcase_create("nd_wire");
    tcase_add_test(tc, test_nd_rejects_every_truncation_and_code);
    tcase_add_test(tc, hostile_net_33_nd_from_off_the_link);
    tcase_add_test(tc, hostile_net_33_options_are_limited_in_number);
    tcase_add_loop_test(tc, test_nd_addresses_by_table, 0,
                        (int)(sizeof addr_cases / sizeof addr_cases[0]));
    tcase_add_test(tc, test_nd_solicited_node_addresses_are_of_one_prefix);
    tcase_add_test(tc, test_nd_message_gives_each_field);
    tcase_add_test(tc, test_nd_preferences_are_of_two_bits);
    tcase_add_test(tc, hostile_net_31_option_of_length_zero_or_past_the_end);
    tcase_add_loop_test(tc, test_nd_options_by_table, 0,
                        (int)(sizeof option_cases / sizeof option_cases[0]));
    tcase_add_test(tc, test_nd_unknown_options_are_passed_over);
    tcase_add_test(tc, test_nd_options_give_each_field);
    tcase_add_test(tc, hostile_net_32_rdnss_of_even_length);
    tcase_add_test(tc, hostile_net_32_prefix_length_past_128);
    tcase_add_test(tc, hostile_net_34_mtu_below_the_least);
    tcase_add_test(tc, test_nd_messages_that_are_emitted_parse_back);
    suite_add_tcase(s, tc);
    return s;
}
