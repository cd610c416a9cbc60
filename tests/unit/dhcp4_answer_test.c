/* SPDX-License-Identifier: ISC */
/*
 * The DHCP client: which answers it takes, and how it reads them.
 */
#include "dhcp4_fixture.h"
#include "suites.h"

START_TEST(test_dhcp4_ignores_what_is_not_for_it)
{
    struct net_fixture *f = start();
    uint8_t msg[1500];
    struct reply r = good;
    r.type = DHCP4_OFFER;
    r.xid = hear(f).xid;
    struct reply other = r;
    other.xid ^= 1;
    say(f, &other);
    ck_assert_uint_eq(dhcp4.stats.in_not_ours, 1);
    size_t len = reply_emit(msg, &r);
    msg[33] ^= 1;    /* another client's */
    say_octets(f, msg, len);
    ck_assert_uint_eq(dhcp4.stats.in_not_ours, 2);
    len = reply_emit(msg, &r);
    msg[0] = 1;    /* a client's request */
    say_octets(f, msg, len);
    ck_assert_uint_eq(dhcp4.stats.in_not_ours, 3);
    struct packet_ip4 ip = { .src = SERVER, .dst = 0xffffffff, .dst_mac = packet_mac_broadcast };
    len = reply_emit(msg, &r);
    net_fixture_in(f, frame, packet_udp(frame, &ip, 6767, 68, msg, len));    /* another port */
    ck_assert_uint_eq(dhcp4.stats.in_not_ours, 4);
    r.type = DHCP4_ACK;
    say(f, &r);    /* for no request */
    r.type = 99;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 2);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_dhcp4_takes_only_the_answer_it_waits_for)
{
    struct net_fixture *f = start();
    struct reply r = good;
    r.xid = hear(f).xid;
    r.type = DHCP4_OFFER;
    say(f, &r);
    ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
    r.type = DHCP4_ACK;
    r.yiaddr = LEASED + 1;
    say(f, &r);    /* another address than was offered */
    r.yiaddr = LEASED;
    r.server = OTHER;
    say(f, &r);    /* another server than was asked */
    r.type = DHCP4_NAK;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 3);
    ck_assert(net_fixture_quiet(f));
    r.type = DHCP4_ACK;
    r.server = SERVER;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.acks, 1);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    r.xid = dhcp4.xid;
    say(f, &r);    /* again, though nothing was asked */
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 4);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    /* T1: only its own server may renew; T2: any, if it says which it is. */
    f->now_ns += 1800 * TERN_SECOND_NS;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_RENEWING);
    r.xid = dhcp4.xid;
    r.server = OTHER;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_unexpected, 5);
    f->now_ns += 1350 * TERN_SECOND_NS;
    net_fixture_pass(f, 2 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_REBINDING);
    r.xid = dhcp4.xid;
    r.server = 0;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, 1);
    r.server = OTHER;
    say(f, &r);
    ck_assert_uint_eq(dhcp4.stats.acks, 2);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
}
END_TEST

START_TEST(test_dhcp4_heeds_conflicts_only_about_its_probe)
{
    const struct tern_net_client_ops *ops = tern_dhcp4.ops;
    struct net_fixture *f = start();
    (void)to_probe(f, &good);
    ck_assert(hear(f).is_arp);
    net_fixture_in(f, frame, packet_arp(frame, packet_mac_broadcast, 1, packet_mac_other, OTHER,
                                        none, PEER));
    struct tern_addr leased = tern_addr_v4(LEASED), next = tern_addr_v4(LEASED + 1);
    ops->conflict(&f->net, &dhcp4, 1, &leased);
    ops->conflict(&f->net, &dhcp4, 0, &next);
    ck_assert_uint_eq(dhcp4.stats.conflicts, 0);
    net_fixture_pass(f, 3 * TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    ops->conflict(&f->net, &dhcp4, 0, &leased);    /* its defence is ARP's */
    ck_assert_uint_eq(dhcp4.stats.conflicts, 0);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    /* Nor does it ask again when another link changes, or its own stays up. */
    fake_link_clear(&f->wire);
    ops->link_changed(&f->net, &dhcp4, 1);
    ops->link_changed(&f->net, &dhcp4, 0);
    net_fixture_pass(f, TERN_SECOND_NS);
    ck_assert_uint_eq(dhcp4.state, DHCP4_BOUND);
    ck_assert(net_fixture_quiet(f));
}
END_TEST

START_TEST(test_dhcp4_says_that_it_is_not_there)
{
    struct net_fixture *f = net_fixture();
    struct tern_dhcp4_lease lease;
    ck_assert_int_eq(tern_dhcp4_get(&f->net, &lease), TERN_INVALID);
}
END_TEST

/* Options that overrun, have no end, length 0; T1 > T2 > lease (CVE-2019-12257 and others). */
START_TEST(hostile_net_51_dhcp_option_table)
{
    static const struct {
        uint8_t octets[24];
        size_t len;
        enum tern_err err;
        const char *why;
    } cases[] = {
        { { 53, 1, 2, 255 }, 4, TERN_OK, "the least" },
        { { 53, 1, 2 }, 3, TERN_MALFORMED, "no end" },
        { { 255 }, 1, TERN_MALFORMED, "no type" },
        { { 0 }, 0, TERN_MALFORMED, "nothing" },
        { { 0, 0, 0, 0 }, 4, TERN_MALFORMED, "only padding" },
        { { 53 }, 1, TERN_MALFORMED, "a number without length" },
        { { 53, 1 }, 2, TERN_MALFORMED, "a length without data" },
        { { 53, 0, 255 }, 3, TERN_MALFORMED, "type of length 0" },
        { { 53, 2, 2, 2, 255 }, 5, TERN_MALFORMED, "type of length 2" },
        { { 53, 1, 2, 53, 1, 5, 255 }, 7, TERN_MALFORMED, "two types" },
        { { 53, 1, 2, 12, 255, 'x', 255 }, 7, TERN_MALFORMED, "a name past the end" },
        { { 53, 1, 2, 12, 2, 'x', 255 }, 7, TERN_MALFORMED, "a name over the end option" },
        { { 53, 1, 2, 12, 0, 255 }, 6, TERN_OK, "an empty name is nothing to us" },
        { { 53, 1, 2, 15, 3, 'a', 0, 'b', 255 }, 9, TERN_OK, "a name with a zero inside" },
        { { 53, 1, 2, 1, 3, 255, 255, 255, 255 }, 9, TERN_MALFORMED, "a mask of 3" },
        { { 53, 1, 2, 1, 5, 255, 255, 255, 0, 0, 255 }, 11, TERN_MALFORMED, "a mask of 5" },
        { { 53, 1, 2, 1, 0, 255 }, 6, TERN_MALFORMED, "a mask of 0" },
        { { 53, 1, 2, 3, 0, 255 }, 6, TERN_MALFORMED, "no router" },
        { { 53, 1, 2, 3, 3, 1, 2, 3, 255 }, 9, TERN_MALFORMED, "three quarters of a router" },
        { { 53, 1, 2, 6, 5, 1, 2, 3, 4, 5, 255 }, 11, TERN_MALFORMED, "a server and a quarter" },
        { { 53, 1, 2, 6, 8, 1, 2, 3, 4, 5, 6, 7, 8, 255 }, 14, TERN_OK, "two servers" },
        { { 53, 1, 2, 51, 2, 1, 1, 255 }, 8, TERN_MALFORMED, "half a lease" },
        { { 53, 1, 2, 26, 1, 5, 255 }, 7, TERN_MALFORMED, "half an MTU" },
        { { 53, 1, 2, 54, 8, 1, 1, 1, 1, 2, 2, 2, 2, 255 }, 14, TERN_MALFORMED, "two ids" },
        { { 0, 53, 1, 2, 0, 0, 255 }, 7, TERN_OK, "padding between options" },
        { { 53, 1, 2, 51, 4, 0, 0, 0, 9, 51, 4, 0, 0, 0, 9, 255 }, 16, TERN_MALFORMED,
          "two leases" },
        { { 53, 1, 2, 52, 1, 0, 255 }, 7, TERN_MALFORMED, "overload 0" },
        { { 53, 1, 2, 52, 1, 4, 255 }, 7, TERN_MALFORMED, "overload 4" },
        { { 53, 1, 2, 52, 1, 1, 255 }, 7, TERN_MALFORMED, "overloaded file without end" },
        { { 53, 1, 2, 52, 1, 2, 255 }, 7, TERN_MALFORMED, "overloaded sname without end" },
        { { 53, 0, 53, 1, 2, 255 }, 6, TERN_OK, "a type in two pieces" },
        { { 53, 1, 2, 6, 3, 1, 2, 3, 6, 2, 4, 5, 255 }, 13, TERN_MALFORMED,
          "a server and a quarter in two pieces" },
        { { 53, 1, 2, 255, 12, 255, 1 }, 7, TERN_OK, "whatever follows the end" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t msg[264];
        struct reply empty = { 0 };
        struct tern_dhcp4_reply got;
        (void)reply_emit(msg, &empty);
        memcpy(msg + 240, cases[i].octets, cases[i].len);
        ck_assert_msg(tern_dhcp4_reply_parse(msg, 240 + cases[i].len, &got) == cases[i].err,
                      "%s", cases[i].why);
    }
}
END_TEST

/* What says before the options that it is not for us or no DHCP. */
START_TEST(test_dhcp4_replies_of_another_kind)
{
    static const struct {
        size_t off;
        enum tern_err err;
    } cases[] = { { 0, TERN_UNSUPPORTED }, { 1, TERN_UNSUPPORTED },   /* op, htype */
                  { 2, TERN_UNSUPPORTED }, { 236, TERN_MALFORMED },   /* hlen, the cookie */
                  { 239, TERN_MALFORMED }, { 10, TERN_OK } };         /* flags */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t msg[300];
        struct reply r = { .type = DHCP4_OFFER };
        struct tern_dhcp4_reply got;
        size_t len = reply_emit(msg, &r);
        msg[cases[i].off] ^= 16;
        ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), cases[i].err);
    }
}
END_TEST

START_TEST(hostile_net_51_dhcp_overloaded_fields)
{
    uint8_t msg[300];
    struct reply r = { .type = DHCP4_OFFER };
    static const uint8_t both[] = { 52, 1, 3 };
    struct tern_dhcp4_reply got;
    r.more = both;
    r.more_len = sizeof both;
    size_t len = reply_emit(msg, &r);
    static const uint8_t file[] = { 54, 4, 10, 0, 0, 1, 255 };
    static const uint8_t sname[] = { 51, 4, 0, 0, 14, 16, 255 };
    memcpy(msg + 108, file, sizeof file);
    memcpy(msg + 44, sname, sizeof sname);
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_OK);
    ck_assert_uint_eq(got.server, 0x0a000001);
    ck_assert_uint_eq(got.lease_s, 3600);
    msg[240 + 4] = 2;    /* overload's length; its second octet is now the end option */
    msg[len++] = 255;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_MALFORMED);
    msg[240 + 4] = 1;
    /* An option may not run out of its field, though octets follow. */
    memset(msg + 108, 0, 128);
    msg[108 + 126] = 12;
    msg[108 + 127] = 1;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_MALFORMED);
    memcpy(msg + 108, file, sizeof file);
    memset(msg + 44, 0, 64);
    msg[44 + 63] = 12;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_MALFORMED);
    /* Overload inside an overloaded field. */
    memcpy(msg + 44, sname, sizeof sname);
    memcpy(msg + 108, both, sizeof both);
    msg[108 + 3] = 255;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_MALFORMED);
}
END_TEST

/* RFC 3396: in the order of options, file, sname, wherever an option is cut. */
START_TEST(test_dhcp4_options_in_pieces_are_one)
{
    uint8_t msg[300];
    struct reply r = { .type = DHCP4_OFFER };
    static const uint8_t more[] = { 52, 1, 3, 6, 3, 10, 0, 0, 121, 2, 24, 192, 51, 1, 0 };
    static const uint8_t file[] = { 6, 1, 1, 121, 5, 0, 2, 10, 0, 0, 6, 0, 51, 2, 0, 14, 255 };
    static const uint8_t sname[] = { 51, 1, 16, 6, 4, 10, 0, 0, 2, 121, 1, 9, 255 };
    struct tern_dhcp4_reply got;
    r.more = more;
    r.more_len = sizeof more;
    size_t len = reply_emit(msg, &r);
    memcpy(msg + 108, file, sizeof file);
    memcpy(msg + 44, sname, sizeof sname);
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, len, &got), TERN_OK);
    ck_assert_uint_eq(got.n_dns, 2);
    ck_assert_uint_eq(got.dns[0], 0x0a000001);
    ck_assert_uint_eq(got.dns[1], 0x0a000002);
    ck_assert_uint_eq(got.lease_s, 3600);
    ck_assert_uint_eq(got.n_routes, 1);
    ck_assert_uint_eq(got.routes[0].prefix, 0xc0000200);
    ck_assert_uint_eq(got.routes[0].gateway, 0x0a000009);
}
END_TEST

/* Longer than what we have said to take (RFC 2132 section 9.10). */
START_TEST(hostile_net_51_dhcp_longer_than_asked_for)
{
    static uint8_t msg[1501];
    struct reply r = { .type = DHCP4_OFFER };
    struct tern_dhcp4_reply got;
    (void)reply_emit(msg, &r);
    memset(msg + 243, 0, sizeof msg - 243);
    /* As much as can be in one number: 1,500 octets less the fixed part. */
    for (size_t off = 243; off < sizeof msg - 257; off += 257) {
        msg[off] = 121;
        msg[off + 1] = 255;
    }
    msg[1499] = msg[1500] = 255;
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, 1500, &got), TERN_OK);
    ck_assert_int_eq(tern_dhcp4_reply_parse(msg, 1501, &got), TERN_MALFORMED);
}
END_TEST

START_TEST(hostile_net_51_dhcp_every_truncation)
{
    struct net_fixture *f = start();
    uint8_t msg[1500];
    struct reply r = good;
    r.type = DHCP4_OFFER;
    r.xid = hear(f).xid;
    size_t len = reply_emit(msg, &r);
    for (size_t cut = 0; cut < len; cut++)
        say_octets(f, msg, cut);
    ck_assert_uint_eq(dhcp4.stats.in_short, 240);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, len - 240);
    ck_assert(net_fixture_quiet(f));
    for (size_t i = 0; i < 10000; i++)
        say_octets(f, msg, len - 1);
    ck_assert_uint_eq(dhcp4.stats.in_malformed, len - 240 + 10000);
    say_octets(f, msg, len);
    ck_assert_uint_eq(hear(f).type, DHCP4_REQUEST);
}
END_TEST

Suite *dhcp4_answer_suite(void)
{
    Suite *suite = suite_create("dhcp4_answer");
    TCase *tc = tcase_create("dhcp4_answer");
    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, test_dhcp4_ignores_what_is_not_for_it);
    tcase_add_test(tc, test_dhcp4_takes_only_the_answer_it_waits_for);
    tcase_add_test(tc, test_dhcp4_heeds_conflicts_only_about_its_probe);
    tcase_add_test(tc, test_dhcp4_says_that_it_is_not_there);
    tcase_add_test(tc, hostile_net_51_dhcp_option_table);
    tcase_add_test(tc, test_dhcp4_replies_of_another_kind);
    tcase_add_test(tc, hostile_net_51_dhcp_overloaded_fields);
    tcase_add_test(tc, test_dhcp4_options_in_pieces_are_one);
    tcase_add_test(tc, hostile_net_51_dhcp_longer_than_asked_for);
    tcase_add_test(tc, hostile_net_51_dhcp_every_truncation);
    suite_add_tcase(suite, tc);
    return suite;
}
