/* SPDX-License-Identifier: ISC */
/*
 * ICMPv6's errors on the whole stack: which packets are answered with one, how
 * it looks (RFC 8200, RFC 4443 sections 2.4 and 3), and which of those that
 * come in are believed.
 */
#include "net6_fixture.h"
#include "suites.h"

static uint8_t frame[PACKET_CAP];
static const char us[] = "2001:db8::1", peer[] = "2001:db8::2";

/* One with a second address, whose peer's MAC is known; nothing is on the wire. */
static struct net6_fixture *met(void)
{
    static struct net6_msg m;
    struct net6_fixture *f = net6_fixture();
    struct tern_ipv6_address a = { .addr = addr6("2001:db8::9"), .prefix_len = 64 };
    f->ipv6.config.no_dad = true;
    ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &a), TERN_OK);
    f->ipv6.config.no_dad = false;
    net6_ns(&m, us);
    net6_mac(&m, 1, packet_mac_peer);
    net6_say(f, peer, "ff02::1:ff00:1", &m);
    net6_pass(f, 10 * TERN_SECOND_NS);
    fake_link_clear(&f->wire);
    memset(&f->ipv6.stats, 0, sizeof f->ipv6.stats);
    return f;
}

static void in(struct net6_fixture *f, const char *src, const char *dst, uint8_t next,
               const uint8_t *payload, size_t len)
{
    struct net6_from from = { .src = src, .dst = dst, .hop_limit = 64 };
    size_t n = net6_frame(frame, &from, payload, len);
    memcpy(frame + PACKET_ETH + 40, payload, len);
    frame[PACKET_ETH + 6] = next;
    uint64_t next_ns = fake_link_input(&f->wire, frame, n, f->now_ns);
    while (next_ns <= f->now_ns)
        next_ns = tern_net_poll(&f->net, f->now_ns);
}

/* The error that was sent, or NULL: its octets from its type on. */
static const uint8_t *error_of(struct net6_fixture *f)
{
    const struct fake_frame *sent;
    while ((sent = fake_link_take(&f->wire)) != NULL)
        if (sent->data[PACKET_ETH + 6] == IPV6_ICMP && sent->data[PACKET_ETH + 40] < 128)
            return sent->data + PACKET_ETH + 40;
    return NULL;
}

/* ---- Errors that we send ------------------------------------------------ */

static const struct {
    const char *why, *dst;
    uint8_t next, octets[16], len;
    int code;    /* of a Parameter Problem; -1: silence */
    uint32_t pointer;
} questions[] = {
    { "an option to be skipped", us, 60, { 59, 0, 0x3e, 4 }, 8, -1, 0 },
    { "an option to be dropped", us, 60, { 59, 0, 0x7e, 4 }, 8, -1, 0 },
    { "an option to be answered", us, 60, { 59, 0, 0xbe, 4 }, 8, 2, 42 },
    { "one to be answered unless to many", us, 0, { 59, 0, 0, 0xfe, 3 }, 8, 2, 43 },
    { "that to many", "ff02::1", 0, { 59, 0, 0, 0xfe, 3 }, 8, -1, 0 },
    { "one to be answered, to many", "ff02::1", 60, { 59, 0, 0xbe, 4 }, 8, 2, 42 },
    { "a route that we are not at the end of", us, 43, { 59, 0, 0, 1 }, 8, 0, 42 },
    { "a route of an unknown type", us, 43, { 59, 0, 99, 1 }, 8, 0, 42 },
    { "a route that has arrived", us, 43, { 59, 0, 0, 0 }, 8, -1, 0 },
    { "an unknown protocol", us, 99, { 0 }, 8, 1, 6 },
    { "an unknown protocol behind options", us, 60, { 99, 0, 1, 4 }, 8, 1, 40 },
    { "hop-by-hop options behind others", us, 60, { 0, 0, 1, 4, 0, 0, 0, 0, 59, 0, 1, 4 }, 16, 1,
      40 },
    { "a fragment of odd length", us, 44, { 59, 0, 0, 1, 0, 0, 0, 1 }, 15, 0, 4 },
    { "a fragment past the longest packet", us, 44, { 59, 0, 0xff, 0xf8, 0, 0, 0, 1 }, 16, 0, 42 },
    { "a protocol that nobody brings", us, 6, { 0 }, 8, 1, 6 },
    { "that to many", "ff02::1", 6, { 0 }, 8, -1, 0 },
    { "no next header", us, 59, { 0 }, 8, -1, 0 },
};

START_TEST(test_icmp6_parameter_problems_by_table)
{
    struct net6_fixture *f = met();
    in(f, peer, questions[_i].dst, questions[_i].next, questions[_i].octets, questions[_i].len);
    const uint8_t *error = error_of(f);
    ck_assert_msg((error != NULL) == (questions[_i].code >= 0), "%s", questions[_i].why);
    if (error == NULL)
        return;
    ck_assert_uint_eq(error[0], ICMP6_PARAMETER);
    ck_assert_msg(error[1] == questions[_i].code &&
                      tern_load_be32(error + 4) == questions[_i].pointer,
                  "%s: code %u, pointer %u", questions[_i].why, error[1],
                  tern_load_be32(error + 4));
    ck_assert_mem_eq(error + 8, frame + PACKET_ETH, 40u + questions[_i].len);
    ck_assert_uint_eq(f->ipv6.stats.icmp_errors_out, 1);
}
END_TEST

START_TEST(test_icmp6_no_error_goes_to_nobody)
{
    static const uint8_t options[8] = { 59, 0, 0xbe, 4 };
    struct net6_fixture *f = met();
    in(f, "::", "ff02::1", 0, options, sizeof options);
    ck_assert_uint_eq(f->ipv6.stats.icmp_not_allowed, 1);
    ck_assert_ptr_null(error_of(f));
    ck_assert_uint_eq(f->ipv6.stats.icmp_full, 0);
}
END_TEST

static const struct {
    const char *why;
    uint8_t next, octets[16], len;
} in_front[] = {
    { "hop-by-hop options", 0, { 58, 0, 0xbe, 4 }, 8 },
    { "destination options", 60, { 58, 0, 0xbe, 4 }, 8 },
    { "a route", 43, { 58, 0, 0, 1 }, 8 },
    { "a fragment of odd length", 44, { 58, 0, 0, 1, 0, 0, 0, 1 }, 8 },
};

/* RFC 4443 section 2.4 (e.1), (e.2), also when the error stands behind what is at fault. */
START_TEST(test_icmp6_no_error_is_about_an_error_behind_other_headers)
{
    static const uint8_t types[] = { ICMP6_UNREACHABLE, 100, ICMP6_REDIRECT, ICMP6_ECHO };
    uint8_t payload[8 + 15] = { 0 };
    struct net6_fixture *f = met();
    memcpy(payload, in_front[_i].octets, in_front[_i].len);
    for (size_t i = 0; i < sizeof types; i++) {
        payload[8] = types[i];
        in(f, peer, us, in_front[_i].next, payload, sizeof payload);
        ck_assert_msg((error_of(f) != NULL) == (types[i] == ICMP6_ECHO), "%s, type %u",
                      in_front[_i].why, types[i]);
    }
    ck_assert_uint_eq(f->ipv6.stats.icmp_not_allowed, 3);
}
END_TEST

/* The same of a first fragment whose rest does not come. */
START_TEST(test_icmp6_nothing_is_said_of_an_error_that_stays_a_fragment)
{
    static const uint8_t types[] = { ICMP6_UNREACHABLE, ICMP6_ECHO };
    uint8_t payload[8 + 16] = { 58, 0, 0, 1, 0, 0, 0, 1 };
    payload[8] = types[_i];
    struct net6_fixture *f = met();
    in(f, peer, us, 44, payload, sizeof payload);
    net6_pass(f, 61 * TERN_SECOND_NS);
    ck_assert_uint_eq(f->ipv6.stats.ip.frag_timed_out, 1);
    ck_assert_uint_eq(f->ipv6.stats.icmp_not_allowed, types[_i] != ICMP6_ECHO);
}
END_TEST

START_TEST(test_icmp6_answers_come_from_the_address_that_was_asked)
{
    static const char *const addrs[] = { us, "2001:db8::9" };
    static const uint8_t echo[16] = { ICMP6_ECHO };
    struct net6_fixture *f = met();
    for (size_t i = 0; i < 2; i++) {
        struct net6_from from = { .src = peer, .dst = addrs[i], .hop_limit = 64 };
        struct tern_addr asked = addr6(addrs[i]);
        net6_in(f, &from, echo, sizeof echo);
        struct net6_heard h = net6_hear(f);
        ck_assert_uint_eq(h.type, ICMP6_ECHO_REPLY);
        ck_assert(tern_addr_equal(&h.src, &asked));
    }
}
END_TEST

/* RFC 8200 section 3: who a packet is for does not look at its hop limit. */
START_TEST(test_icmp6_echo_that_came_with_its_last_hop_is_answered)
{
    static const uint8_t echo[16] = { ICMP6_ECHO };
    struct net6_fixture *f = met();
    struct net6_from from = { .src = peer, .dst = us };
    size_t len = net6_frame(frame, &from, echo, sizeof echo);
    frame[PACKET_ETH + 7] = 0;
    (void)fake_link_input(&f->wire, frame, len, f->now_ns);
    ck_assert_uint_eq(net6_hear(f).type, ICMP6_ECHO_REPLY);
}
END_TEST

/* RFC 4443 section 2.1: of unknown messages errors go up, others are dropped. */
START_TEST(test_icmp6_unknown_messages_are_dropped)
{
    static const uint8_t msg[8] = { 255 };
    struct net6_fixture *f = met();
    struct net6_from from = { .src = peer, .dst = us, .hop_limit = 64 };
    net6_in(f, &from, msg, sizeof msg);
    ck_assert_uint_eq(f->ipv6.stats.icmp_unknown_type, 1);
    ck_assert(net6_quiet(f));
}
END_TEST

/* ---- Errors that we receive --------------------------------------------- */

static const struct {
    const char *why, *src;
    uint8_t type, version, protocol, l4[8];
    size_t cut;                 /* octets that the quote lacks */
    char counter;               /* i: taken, t: by a transport, b: bad, u: unmatched */
} errors[] = {
    { "too big, an answer to an echo", us, 2, 6, 58, { 129 }, 0, 'i' },
    { "unreachable, an answer to an echo", us, 1, 6, 58, { 129 }, 0, 'u' },
    { "too big, an advertisement", us, 2, 6, 58, { 136 }, 0, 'u' },
    { "too big, a port that looks like an answer", us, 2, 6, 17, { 129, 0, 0, 9 }, 0, 't' },
    { "of somebody else's packet", "2001:db8::77", 2, 6, 58, { 129 }, 0, 'b' },
    { "of IPv4's", us, 2, 4, 58, { 129 }, 0, 'b' },
    { "cut before its upper layer", us, 2, 6, 58, { 129 }, 1, 'b' },
    { "cut in its header", us, 2, 6, 58, { 129 }, 20, 'b' },
};

START_TEST(test_icmp6_errors_are_believed_about_what_we_have_sent)
{
    struct net6_fixture *f = met();
    const struct tern_ipv6_stats *s = &f->ipv6.stats;
    struct net6_from from = { .src = peer, .dst = us, .hop_limit = 64 };
    struct tern_addr src = addr6(errors[_i].src), dst = addr6(peer);
    struct tern_ipv6_hdr hdr = { .src = src.octets, .dst = dst.octets,
                                 .next = errors[_i].protocol, .payload_len = 1400 };
    uint8_t msg[8 + 40 + 8] = { errors[_i].type };
    tern_store_be32(msg + 4, 1300);
    tern_ipv6_hdr_emit(msg + 8, &hdr);
    msg[8] = (uint8_t)(errors[_i].version << 4);
    tern_store_be16(msg + 12, 1400);
    memcpy(msg + 48, errors[_i].l4, 8);
    net6_in(f, &from, msg, sizeof msg - errors[_i].cut);
    bool taken = errors[_i].counter == 'i' || errors[_i].counter == 't';
    ck_assert_msg(s->icmp_errors_in == taken, "%s", errors[_i].why);
    ck_assert_msg(s->icmp_errors_bad == (errors[_i].counter == 'b'), "%s", errors[_i].why);
    ck_assert_msg(s->icmp_errors_unmatched == (errors[_i].counter == 'u'), "%s", errors[_i].why);
    ck_assert_uint_eq(s->ip.pmtu_lowered, errors[_i].counter == 'i');
}
END_TEST

/* An address that is only asked after has sent nothing. */
START_TEST(test_icmp6_errors_about_a_tentative_address_are_bad)
{
    struct net6_fixture *f = met();
    struct net6_from from = { .src = peer, .dst = us, .hop_limit = 64 };
    struct tern_ipv6_address a = { .addr = addr6("2001:db8::a"), .prefix_len = 64 };
    struct tern_addr dst = addr6(peer);
    struct tern_ipv6_hdr hdr = { .src = a.addr.octets, .dst = dst.octets, .next = 58,
                                 .payload_len = 8 };
    uint8_t msg[8 + 40 + 8] = { ICMP6_TOO_BIG };
    static const uint8_t echo[16] = { ICMP6_ECHO };
    ck_assert_int_eq(tern_ipv6_set(&f->net, 0, &a), TERN_OK);
    tern_store_be32(msg + 4, 1300);
    tern_ipv6_hdr_emit(msg + 8, &hdr);
    tern_store_be16(msg + 12, 8);
    msg[48] = ICMP6_ECHO_REPLY;
    net6_in(f, &from, msg, sizeof msg);
    ck_assert_uint_eq(f->ipv6.stats.icmp_errors_bad, 1);
    from.dst = "2001:db8::a";    /* nor does it hear anything */
    net6_in(f, &from, echo, sizeof echo);
    ck_assert_uint_eq(f->ipv6.stats.in_tentative, 1);
    ck_assert_uint_eq(f->ipv6.stats.icmp_echo_in, 0);
}
END_TEST

Suite *icmp6_suite(void)
{
    Suite *s = suite_create("icmp6");
    TCase *t = tcase_create("errors");
    tcase_add_loop_test(t, test_icmp6_parameter_problems_by_table, 0,
                        (int)(sizeof questions / sizeof questions[0]));
    tcase_add_test(t, test_icmp6_no_error_goes_to_nobody);
    tcase_add_loop_test(t, test_icmp6_no_error_is_about_an_error_behind_other_headers, 0,
                        (int)(sizeof in_front / sizeof in_front[0]));
    tcase_add_loop_test(t, test_icmp6_nothing_is_said_of_an_error_that_stays_a_fragment, 0, 2);
    tcase_add_test(t, test_icmp6_answers_come_from_the_address_that_was_asked);
    tcase_add_test(t, test_icmp6_echo_that_came_with_its_last_hop_is_answered);
    tcase_add_test(t, test_icmp6_unknown_messages_are_dropped);
    tcase_add_loop_test(t, test_icmp6_errors_are_believed_about_what_we_have_sent, 0,
                        (int)(sizeof errors / sizeof errors[0]));
    tcase_add_test(t, test_icmp6_errors_about_a_tentative_address_are_bad);
    tcase_set_timeout(t, 0);
    suite_add_tcase(s, t);
    return s;
}
