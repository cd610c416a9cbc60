/* SPDX-License-Identifier: ISC */
/*
 * DHCPv6: replies option by option, every length of each, nesting, and what
 * the client says octet by octet.
 */
#include "exact.h"
#include "suites.h"

#include "libnet/dhcp6_wire.h"

#define IAID 0x01020304u

static uint8_t msg[4096];

/* Appends an option at off; returns the end. */
static size_t put(size_t off, unsigned code, const void *data, size_t len)
{
    tern_store_be16(msg + off, (uint16_t)code);
    tern_store_be16(msg + off + 2, (uint16_t)len);
    if (data != NULL)
        memcpy(msg + off + 4, data, len);
    else
        memset(msg + off + 4, 0, len);
    return off + 4 + len;
}

static const uint8_t client[10] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 1 };
static const uint8_t server[10] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 2 };

/* A message of this type with both DUIDs. */
static size_t begin(uint8_t type)
{
    memset(msg, 0, sizeof msg);
    tern_store_be32(msg, (uint32_t)type << 24 | 0xabcdef);
    return put(put(4, 1, client, sizeof client), 2, server, sizeof server);
}

static const uint8_t addr_a[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 7 };

/* An address of an IA_NA, with `rest` octets of options to come. */
static size_t put_addr(size_t off, const uint8_t *addr, uint32_t preferred, uint32_t valid,
                       size_t rest)
{
    size_t end = put(off, 5, NULL, 24 + rest) - rest;
    memcpy(msg + off + 4, addr, 16);
    tern_store_be32(msg + off + 20, preferred);
    tern_store_be32(msg + off + 24, valid);
    return end;
}

/* An IA_NA whose options, len octets, begin at the result. */
static size_t put_ia(size_t off, uint32_t iaid, uint32_t t1, uint32_t t2, size_t len)
{
    size_t end = put(off, 3, NULL, 12 + len) - len;
    tern_store_be32(msg + off + 4, iaid);
    tern_store_be32(msg + off + 8, t1);
    tern_store_be32(msg + off + 12, t2);
    return end;
}

/* Parses the first len octets; pointers lead into msg afterwards. */
static enum tern_err parse(size_t len, struct tern_dhcp6_reply *r)
{
    uint8_t *p = exact(msg, len);
    enum tern_err err = tern_dhcp6_reply_parse(p, len, IAID, r);
    if (err == TERN_OK) {
        struct tern_dhcp6_octets *all[] = { &r->client_id, &r->server_id, &r->dns, &r->domains };
        for (size_t i = 0; i < 4; i++)
            if (all[i]->data != NULL)
                all[i]->data = msg + (all[i]->data - p);
    }
    free(p);
    return err;
}

START_TEST(test_dhcp6_reply_gives_each_field)
{
    static const uint8_t dns[32] = { 0x20, 1, [31] = 9 };
    static const uint8_t domains[9] = { 3, 'l', 'a', 'n', 0, 1, 'x', 0 };
    static const uint8_t refresh[4] = { 0, 0, 0x0e, 0x10 }, max_rt[4] = { 0, 0, 0, 90 };
    static const uint8_t ntp[4 + 3 + 4 + 16] = { 0, 3, 0, 3, 1, 'a', 0, 0, 1, 0, 16, 0x20, 1 };
    struct tern_dhcp6_reply r;
    size_t off = begin(DHCP6_REPLY);
    off = put(off, 7, "\377", 1);
    off = put(off, 14, NULL, 0);
    off = put(off, 23, dns, sizeof dns);
    off = put(off, 24, domains, 8);
    off = put(off, 32, refresh, 4);
    off = put(off, 56, ntp, sizeof ntp);
    off = put(off, 82, max_rt, 4);
    off = put(off, 83, refresh, 4);
    off = put_ia(off, IAID, 100, 200, 28 + 8);
    off = put_addr(off, addr_a, 300, 400, 0);
    off = put(off, 13, "\0\0fine", 4);
    ck_assert_int_eq(parse(off, &r), TERN_OK);
    ck_assert(r.type == DHCP6_REPLY && r.xid == 0xabcdef && r.preference == 255 && r.is_rapid);
    ck_assert(r.client_id.len == 10 && memcmp(r.client_id.data, client, 10) == 0);
    ck_assert(r.server_id.len == 10 && memcmp(r.server_id.data, server, 10) == 0);
    ck_assert(r.dns.len == 32 && memcmp(r.dns.data, dns, 32) == 0);
    ck_assert(r.domains.len == 8 && memcmp(r.domains.data, domains, 8) == 0);
    ck_assert(r.refresh_s == 3600 && r.sol_max_rt_s == 90 && r.inf_max_rt_s == 3600);
    ck_assert(r.n_ntp == 1 && memcmp(r.ntp[0].octets, ntp + 11, 16) == 0);
    ck_assert(r.has_ia && r.ia_status == 0 && r.t1_s == 100 && r.t2_s == 200 && r.status == 0);
    ck_assert_uint_eq(r.n_addrs, 1);
    ck_assert_mem_eq(r.addrs[0].addr.octets, addr_a, 16);
    ck_assert(r.addrs[0].preferred_s == 300 && r.addrs[0].valid_s == 400);
    /* Every truncation that is not between two options of the message. */
    size_t n_good = 0;
    for (size_t n = 0; n < off; n++) {
        enum tern_err err = parse(n, &r);
        if (n < 4)
            ck_assert_int_eq(err, TERN_TRUNCATED);
        n_good += err == TERN_OK;
    }
    ck_assert_uint_eq(n_good, 9);
}
END_TEST

START_TEST(test_dhcp6_reply_is_of_a_server)
{
    struct tern_dhcp6_reply r;
    size_t off = begin(DHCP6_REPLY);
    for (unsigned type = 0; type < 256; type++) {
        msg[0] = (uint8_t)type;
        ck_assert_int_eq(parse(off, &r), type == 2 || type == 7 ? TERN_OK : TERN_UNSUPPORTED);
    }
    msg[0] = DHCP6_REPLY;
    ck_assert_int_eq(parse(18, &r), TERN_MALFORMED);    /* nobody's */
    off = put(4, 2, server, sizeof server);
    ck_assert_int_eq(parse(off, &r), TERN_MALFORMED);    /* for nobody */
    ck_assert_int_eq(parse(4, &r), TERN_MALFORMED);
}
END_TEST

struct length_case {
    unsigned code;
    size_t least, most, step;
};

static const struct length_case length_cases[] = {
    { 7, 1, 1, 1 }, { 13, 2, 300, 1 }, { 14, 0, 0, 1 }, { 23, 16, 300, 16 }, { 32, 4, 4, 1 },
    { 82, 4, 4, 1 }, { 83, 4, 4, 1 }, { 24, 0, 300, 1 }, { 6, 0, 300, 1 }, { 11, 0, 300, 1 },
    { 12, 0, 300, 1 }, { 19, 0, 300, 1 }, { 25, 0, 300, 1 }, { 4, 0, 300, 1 }, { 9, 0, 300, 1 },
    { 300, 0, 300, 1 }, { 257, 0, 300, 1 },
};

START_TEST(test_dhcp6_options_have_their_lengths)
{
    const struct length_case *t = &length_cases[_i];
    struct tern_dhcp6_reply r;
    for (size_t n = 0; n <= 300; n++) {
        size_t off = put(begin(DHCP6_ADVERTISE), t->code, NULL, n);
        bool good = n >= t->least && n <= t->most && n % t->step == 0;
        ck_assert_msg(parse(off, &r) == (good ? TERN_OK : TERN_MALFORMED), "%u of %zu", t->code,
                      n);
    }
}
END_TEST

START_TEST(test_dhcp6_duids_are_bounded)
{
    struct tern_dhcp6_reply r;
    for (unsigned code = 1; code <= 2; code++) {
        for (size_t n = 0; n <= 200; n++) {
            memset(msg, 0, sizeof msg);
            msg[0] = DHCP6_REPLY;
            size_t off = put(put(4, 3 - code, client, sizeof client), code, NULL, n);
            ck_assert_int_eq(parse(off, &r), n >= 3 && n <= 130 ? TERN_OK : TERN_MALFORMED);
        }
    }
}
END_TEST

START_TEST(test_dhcp6_options_come_once)
{
    static const struct {
        unsigned code;
        size_t len;
        bool once;
    } cases[] = { { 1, 10, true }, { 2, 10, true }, { 7, 1, true }, { 13, 2, true },
                  { 14, 0, true }, { 23, 16, true }, { 24, 0, true }, { 32, 4, true },
                  { 82, 4, true }, { 83, 4, true }, { 56, 20, false }, { 3, 12, false },
                  { 25, 12, false } };
    static const uint8_t ntp[20] = { 0, 1, 0, 16 };
    struct tern_dhcp6_reply r;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t off = begin(DHCP6_REPLY);
        if (cases[i].code > 2)
            off = put(off, cases[i].code, cases[i].code == 56 ? ntp : NULL, cases[i].len);
        off = put(off, cases[i].code, cases[i].code == 56 ? ntp : NULL, cases[i].len);
        ck_assert_int_eq(parse(off, &r), cases[i].once ? TERN_MALFORMED : TERN_OK);
    }
}
END_TEST

START_TEST(test_dhcp6_times_to_wait_are_in_range_or_ignored)
{
    static const uint32_t values[] = { 0, 59, 60, 86400, 86401, 0xffffffff };
    struct tern_dhcp6_reply r;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t octets[4];
        uint32_t kept = values[i] >= 60 && values[i] <= 86400 ? values[i] : 0;
        tern_store_be32(octets, values[i]);
        size_t off = put(put(begin(DHCP6_REPLY), 82, octets, 4), 83, octets, 4);
        ck_assert_int_eq(parse(off, &r), TERN_OK);
        ck_assert(r.sol_max_rt_s == kept && r.inf_max_rt_s == kept);
    }
}
END_TEST

START_TEST(test_dhcp6_domains_that_are_no_names_are_ignored)
{
    struct tern_dhcp6_reply r;
    size_t off = put(begin(DHCP6_REPLY), 24, "\300\4", 2);
    ck_assert_int_eq(parse(off, &r), TERN_OK);
    ck_assert(r.domains.data == NULL && r.domains.len == 0);
}
END_TEST

START_TEST(test_dhcp6_ntp_servers_are_bounded)
{
    struct tern_dhcp6_reply r;
    for (size_t n = 0; n < 40; n++) {
        /* One suboption of n octets said, in an option of 24. */
        uint8_t ntp[24] = { 0, 2, 0, (uint8_t)n };
        size_t off = put(begin(DHCP6_REPLY), 56, ntp, sizeof ntp);
        /* What is left has to be a suboption, too: of no octets. */
        ck_assert_int_eq(parse(off, &r), n <= 20 && n % 4 == 0 ? TERN_OK : TERN_MALFORMED);
        ntp[1] = 1;
        off = put(begin(DHCP6_REPLY), 56, ntp, sizeof ntp);
        ck_assert_int_eq(parse(off, &r), n == 16 ? TERN_OK : TERN_MALFORMED);
    }
    /* Two are enough. */
    static const uint8_t one[20] = { 0, 1, 0, 16, 0x20 };
    size_t off = begin(DHCP6_REPLY);
    for (unsigned i = 1; i < 5; i++) {
        off = put(off, 56, one, sizeof one);
        ck_assert_int_eq(parse(off, &r), TERN_OK);
        ck_assert_uint_eq(r.n_ntp, i < 2 ? i : 2);
    }
    off = put(begin(DHCP6_REPLY), 56, NULL, 3);
    ck_assert_int_eq(parse(off, &r), TERN_MALFORMED);
    off = put(begin(DHCP6_REPLY), 56, NULL, 0);
    ck_assert_int_eq(parse(off, &r), TERN_MALFORMED);
    off = put(begin(DHCP6_REPLY), 56, NULL, 7);
    ck_assert_int_eq(parse(off, &r), TERN_MALFORMED);
}
END_TEST

/* ---- Addresses ------------------------------------------------------------------- */

START_TEST(test_dhcp6_identity_associations_of_others_are_passed_over)
{
    struct tern_dhcp6_reply r;
    size_t off = put_ia(begin(DHCP6_REPLY), IAID + 1, 1, 2, 28);
    off = put_addr(off, addr_a, 3, 4, 0);
    ck_assert_int_eq(parse(off, &r), TERN_OK);
    ck_assert(!r.has_ia && r.n_addrs == 0);
    /* Where there is no room for options nothing is read of them. */
    off = put_ia(off, IAID, 5, 6, 0);
    ck_assert_int_eq(parse(off, &r), TERN_OK);
    ck_assert(r.has_ia && r.n_addrs == 0 && r.t1_s == 5);
    /* Twice the same is an error. */
    off = put_ia(off, IAID, 5, 6, 0);
    ck_assert_int_eq(parse(off, &r), TERN_MALFORMED);
}
END_TEST

/* "T1 > T2 > lease order violated" (smoltcp PR #1029) */
START_TEST(hostile_net_51_dhcp6_times_out_of_order)
{
    static const struct {
        uint32_t t1, t2, preferred, valid;
        bool has_ia;
        uint8_t n_addrs;
    } cases[] = {
        { 1, 2, 3, 4, true, 1 }, { 2, 2, 4, 4, true, 1 }, { 0, 0, 0, 0, true, 1 },
        { 9, 0, 3, 4, true, 1 }, { 0, 9, 3, 4, true, 1 }, { 3, 2, 3, 4, false, 0 },
        { 0xffffffff, 2, 3, 4, false, 0 }, { 1, 2, 5, 4, true, 0 },
        { 1, 2, 0xffffffff, 0xfffffffe, true, 0 }, { 1, 2, 0xffffffff, 0xffffffff, true, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tern_dhcp6_reply r;
        size_t off = put_ia(begin(DHCP6_REPLY), IAID, cases[i].t1, cases[i].t2, 28 + 6);
        off = put_addr(off, addr_a, cases[i].preferred, cases[i].valid, 0);
        off = put(off, 13, "\0\5", 2);
        ck_assert_int_eq(parse(off, &r), TERN_OK);
        ck_assert(r.has_ia == cases[i].has_ia && r.n_addrs == cases[i].n_addrs);
        ck_assert_uint_eq(r.ia_status, cases[i].has_ia ? 5 : 0);
    }
}
END_TEST

START_TEST(test_dhcp6_addresses_are_of_hosts)
{
    static const struct {
        uint8_t addr[16];
        bool usable;
    } cases[] = {
        { { 0x20, 1, 0x0d, 0xb8, [15] = 1 }, true }, { { 0xfd, [15] = 1 }, true },
        { { 0xff, 2, [15] = 1 }, false }, { { 0xfe, 0x80, [15] = 1 }, false },
        { { 0 }, false }, { { [15] = 1 }, false }, { { [15] = 2 }, true },
        { { [10] = 0xff, 0xff, 10, 0, 0, 1 }, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tern_dhcp6_reply r;
        size_t off = put_ia(begin(DHCP6_REPLY), IAID, 0, 0, 28);
        off = put_addr(off, cases[i].addr, 1, 2, 0);
        ck_assert_int_eq(parse(off, &r), TERN_OK);
        ck_assert_uint_eq(r.n_addrs, cases[i].usable ? 1 : 0);
    }
}
END_TEST

START_TEST(test_dhcp6_addresses_that_failed_do_not_count)
{
    struct tern_dhcp6_reply r;
    for (uint8_t status = 0; status < 6; status++) {
        size_t off = put_ia(begin(DHCP6_REPLY), IAID, 0, 0, 28 + 6 + 28);
        off = put_addr(off, addr_a, 1, 2, 6);
        off = put(off, 13, (const uint8_t[]){ 0, status }, 2);
        off = put_addr(off, addr_a, 3, 4, 0);
        ck_assert_int_eq(parse(off, &r), TERN_OK);
        ck_assert_uint_eq(r.n_addrs, status == 0 ? 2 : 1);
        ck_assert_uint_eq(r.addrs[r.n_addrs - 1].valid_s, 4);
        ck_assert_uint_eq(r.ia_status, 0);
        ck_assert_uint_eq(r.status, 0);
    }
    /* More than there is room for are read, and dropped. */
    size_t off = put_ia(begin(DHCP6_REPLY), IAID, 0, 0, 5 * 28);
    for (unsigned i = 0; i < 5; i++)
        off = put_addr(off, addr_a, i, 10, 0);
    ck_assert_int_eq(parse(off, &r), TERN_OK);
    ck_assert(r.n_addrs == DHCP6_SAID_MAX && r.addrs[1].preferred_s == 1);
}
END_TEST

/* "DHCPv6 sub-option length underflow", CVE-2026-7424. */
START_TEST(hostile_net_53_sub_option_lengths)
{
    struct tern_dhcp6_reply r;
    /* An IA_NA of n octets said, then zeros: options of code 0 and length 0. */
    for (size_t n = 0; n < 80; n++) {
        size_t off = put(begin(DHCP6_REPLY), 3, NULL, n);
        tern_store_be32(msg + off - n, IAID);
        bool good = n >= 12 && n % 4 == 0;
        ck_assert_int_eq(parse(off, &r), good ? TERN_OK : TERN_MALFORMED);
    }
    /* An address of n octets said, in an IA_NA that has room for 24 and no more. */
    for (size_t n = 0; n <= 0xffff; n += n < 64 ? 1 : 251) {
        size_t off = put_ia(begin(DHCP6_REPLY), IAID, 0, 0, 28);
        size_t at = off;
        off = put_addr(off, addr_a, 1, 2, 0);
        tern_store_be16(msg + at + 2, (uint16_t)n);
        /* Behind it the message goes on: that is not its room. */
        off = put(off, 300, NULL, 100);
        ck_assert_int_eq(parse(off, &r), n == 24 ? TERN_OK : TERN_MALFORMED);
    }
    /* A status of n octets said, in an address that has room for 2. */
    for (size_t n = 0; n <= 0xffff; n += n < 64 ? 1 : 251) {
        size_t off = put_ia(begin(DHCP6_REPLY), IAID, 0, 0, 28 + 6);
        off = put_addr(off, addr_a, 1, 2, 6);
        size_t at = off;
        off = put(off, 13, NULL, 2);
        tern_store_be16(msg + at + 2, (uint16_t)n);
        off = put(off, 300, NULL, 100);
        ck_assert_int_eq(parse(off, &r), n == 2 ? TERN_OK : TERN_MALFORMED);
    }
    /* Options of fewer than four octets, at each depth. */
    for (size_t n = 1; n < 4; n++) {
        size_t off = begin(DHCP6_REPLY) + n;
        ck_assert_int_eq(parse(off, &r), TERN_MALFORMED);
        off = put_ia(begin(DHCP6_REPLY), IAID, 0, 0, n) + n;
        ck_assert_int_eq(parse(off, &r), TERN_MALFORMED);
        off = put_addr(put_ia(begin(DHCP6_REPLY), IAID, 0, 0, 28 + n), addr_a, 1, 2, n) + n;
        ck_assert_int_eq(parse(off, &r), TERN_MALFORMED);
    }
}
END_TEST

/* An IA_NA in an IA_NA, an address in an address or in the message: nothing of it is ours. */
START_TEST(hostile_net_53_options_where_they_do_not_belong)
{
    struct tern_dhcp6_reply r;
    size_t off = put_addr(begin(DHCP6_REPLY), addr_a, 1, 2, 0);
    ck_assert_int_eq(parse(off, &r), TERN_OK);
    ck_assert_uint_eq(r.n_addrs, 0);
    off = put_ia(begin(DHCP6_REPLY), IAID, 0, 0, 16 + 28);
    off = put_ia(off, IAID, 7, 8, 28);
    off = put_addr(off, addr_a, 1, 2, 0);
    ck_assert_int_eq(parse(off, &r), TERN_OK);
    ck_assert(r.has_ia && r.n_addrs == 0 && r.t1_s == 0);
    off = put_ia(begin(DHCP6_REPLY), IAID, 0, 0, 28 + 28);
    off = put_addr(off, addr_a, 1, 2, 28);
    off = put_addr(off, addr_a, 3, 4, 0);
    ck_assert_int_eq(parse(off, &r), TERN_OK);
    ck_assert(r.n_addrs == 1 && r.addrs[0].valid_s == 2);
}
END_TEST

/* ---- What we send -------------------------------------------------------------------- */

START_TEST(test_dhcp6_solicit_octet_by_octet)
{
    static const struct tern_dhcp6_request request = {
        .type = DHCP6_SOLICIT, .wants_rapid = true, .has_ia = true, .iaid = IAID,
        .xid = 0xffabcdef, .elapsed_cs = 0x102, .client_id = { client, sizeof client },
    };
    static const uint8_t expected[] = {
        1, 0xab, 0xcd, 0xef, 0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1, 0, 8, 0, 2, 1, 2,
        0, 14, 0, 0, 0, 3, 0, 12, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 6, 0, 8, 0, 23, 0, 24, 0, 56, 0, 82,
    };
    uint8_t out[DHCP6_EMIT_CAP];
    ck_assert_uint_eq(tern_dhcp6_request_emit(out, &request), sizeof expected);
    ck_assert_mem_eq(out, expected, sizeof expected);
}
END_TEST

START_TEST(test_dhcp6_request_octet_by_octet)
{
    struct tern_addr addrs[DHCP6_ADDRS_MAX] = { { { 0 } } };
    memcpy(addrs[1].octets, addr_a, 16);    /* the other place is free */
    struct tern_dhcp6_request request = {
        .type = DHCP6_RELEASE, .has_ia = true, .iaid = IAID, .addrs = addrs,
        .client_id = { client, sizeof client }, .server_id = { server, sizeof server },
    };
    uint8_t expected[] = {
        8, 0, 0, 0, 0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1,
        0, 2, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 2, 0, 8, 0, 2, 0, 0,
        0, 3, 0, 40, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 5, 0, 24, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
        0, 0, 0, 0, 0, 0, 0, 0,
    };
    uint8_t out[DHCP6_EMIT_CAP];
    static const uint8_t without[] = { DHCP6_RELEASE, DHCP6_DECLINE, DHCP6_CONFIRM };
    for (size_t i = 0; i < sizeof without; i++) {
        request.type = expected[0] = without[i];
        ck_assert_uint_eq(tern_dhcp6_request_emit(out, &request), sizeof expected);
        ck_assert_mem_eq(out, expected, sizeof expected);
    }
    static const uint8_t with[] = { DHCP6_REQUEST, DHCP6_RENEW, DHCP6_REBIND };
    for (size_t i = 0; i < sizeof with; i++) {
        request.type = with[i];
        ck_assert_uint_eq(tern_dhcp6_request_emit(out, &request), sizeof expected + 12);
    }
}
END_TEST

START_TEST(test_dhcp6_information_request_wants_all)
{
    static const struct tern_dhcp6_request request = {
        .type = DHCP6_INFORMATION_REQUEST, .client_id = { client, sizeof client },
    };
    static const uint8_t oro[] = { 0, 6, 0, 12, 0, 23, 0, 24, 0, 56, 0, 82, 0, 83, 0, 32 };
    uint8_t out[DHCP6_EMIT_CAP];
    ck_assert_uint_eq(tern_dhcp6_request_emit(out, &request), 24 + sizeof oro);
    ck_assert_mem_eq(out + 24, oro, sizeof oro);
}
END_TEST

START_TEST(test_dhcp6_the_longest_request_fits)
{
    static const uint8_t duid[DHCP6_DUID_MAX] = { 0 };
    struct tern_addr addrs[DHCP6_ADDRS_MAX] = { { { 0x20 } }, { { 0x21 } } };
    const struct tern_dhcp6_request request = {
        .type = DHCP6_INFORMATION_REQUEST, .wants_rapid = true, .has_ia = true, .addrs = addrs,
        .client_id = { duid, sizeof duid }, .server_id = { duid, sizeof duid },
    };
    uint8_t *out = malloc(DHCP6_EMIT_CAP);
    ck_assert_uint_le(tern_dhcp6_request_emit(out, &request), DHCP6_EMIT_CAP);
    free(out);
}
END_TEST

START_TEST(test_dhcp6_duid_is_of_the_mac)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
    uint8_t out[DHCP6_DUID_LL_LEN];
    tern_dhcp6_duid_emit(out, mac);
    ck_assert_mem_eq(out, client, sizeof client);
}
END_TEST

Suite *dhcp6_wire_suite(void)
{
    Suite *s = suite_create("dhcp6_wire");
    TCase *tc = tcase_create("dhcp6_wire");
    tcase_add_test(tc, test_dhcp6_reply_gives_each_field);
    tcase_add_test(tc, test_dhcp6_reply_is_of_a_server);
    tcase_add_loop_test(tc, test_dhcp6_options_have_their_lengths, 0,
                        (int)(sizeof length_cases / sizeof length_cases[0]));
    tcase_add_test(tc, test_dhcp6_duids_are_bounded);
    tcase_add_test(tc, test_dhcp6_options_come_once);
    tcase_add_test(tc, test_dhcp6_times_to_wait_are_in_range_or_ignored);
    tcase_add_test(tc, test_dhcp6_domains_that_are_no_names_are_ignored);
    tcase_add_test(tc, test_dhcp6_ntp_servers_are_bounded);
    tcase_add_test(tc, test_dhcp6_identity_associations_of_others_are_passed_over);
    tcase_add_test(tc, hostile_net_51_dhcp6_times_out_of_order);
    tcase_add_test(tc, test_dhcp6_addresses_are_of_hosts);
    tcase_add_test(tc, test_dhcp6_addresses_that_failed_do_not_count);
    tcase_add_test(tc, hostile_net_53_sub_option_lengths);
    tcase_add_test(tc, hostile_net_53_options_where_they_do_not_belong);
    tcase_add_test(tc, test_dhcp6_solicit_octet_by_octet);
    tcase_add_test(tc, test_dhcp6_request_octet_by_octet);
    tcase_add_test(tc, test_dhcp6_information_request_wants_all);
    tcase_add_test(tc, test_dhcp6_the_longest_request_fits);
    tcase_add_test(tc, test_dhcp6_duid_is_of_the_mac);
    suite_add_tcase(s, tc);
    return s;
}
