/* SPDX-License-Identifier: ISC */
/*
 * Hostile segments, case by case: what other stacks fell over, and what this
 * one does instead, with the exact counter and answer.
 */
#include "suites.h"
#include "tcp_script.h"

/* 6. TCP data offset < 5 or beyond segment (CVE-2020-24341, CVE-2018-16603). */
START_TEST(hostile_net_6_data_offset_below_five_or_beyond)
{
    SCRIPT(0);
    script_accepted(t);
    uint8_t l4[128];
    for (unsigned words = 0; words < 16; words++) {
        size_t len = script_emit(t, &(struct script_seg){ .flags = PA, .seq = 1, .ack = 1,
                                                          .len = 3 }, l4);
        l4[12] = (uint8_t)(words << 4);
        script_in_raw(t, l4, len);    /* 23 octets: only five words fit */
    }
    ck_assert_uint_eq(STAT(drop_bad_offset), 15);
    ck_assert_uint_eq(STAT(drop_bad_checksum), 0);
    QUIET();
}
END_TEST

/* 7. TCP payload length derived from bad IP length (CVE-2021-31890, CVE-2020-11907). */
START_TEST(hostile_net_7_payload_length_from_a_bad_ip_length)
{
    SCRIPT(0);
    script_accepted(t);
    static uint8_t l4[256], frame[512];
    struct packet_ip4 ip = { .src = SCRIPT_PEER, .dst = SCRIPT_US, .protocol = 6 };
    size_t len = script_emit(t, &(struct script_seg){ .flags = PA, .seq = 1, .ack = 1,
                                                      .len = 50 }, l4);
    for (uint16_t total = 0; total <= 200; total++) {
        size_t frame_len = packet_ip4(frame, &ip, l4, len);
        tern_store_be16(frame + 16, total);
        packet_ip4_resum(frame);
        fake_link_input(t->wire, frame, frame_len, t->now_ns);
        script_sane(t);
        t->now_ns += TERN_MILLISECOND_NS;
    }
    /* Only the true length has the true checksum. */
    ck_assert_uint_eq(t->n_taken, 50);
    LOG("data(50)");
    ck_assert_uint_eq(STAT(drop_short), 20);    /* 20 to 39: an IP packet, but no TCP header */
    ck_assert_uint_eq(STAT(drop_bad_checksum), 50);
}
END_TEST

/* 15. ICMP frag-needed with tiny MTU, for a real or a forged connection (CVE-2004-1060). */
START_TEST(hostile_net_15_frag_needed_with_a_tiny_mtu)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 1460);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 1460);
    static const uint16_t mtus[] = { 1, 67, 1500, 65535 };
    for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++)
        script_icmp(t, 3, 4, mtus[i], 1);
    struct tern_tcp_info info;
    tern_tcp_info(t->s, &info);
    ck_assert_uint_eq(info.mss, 1460);
    ck_assert_uint_eq(STAT(icmp_pmtu), 0);
    script_icmp(t, 3, 4, 1000, 1462);    /* a number that is not in flight */
    script_icmp(t, 3, 4, 1000, 0);
    ck_assert_uint_eq(STAT(icmp_out_of_window), 2);
    QUIET();
    ck_assert_uint_eq(STAT(icmp_pmtu_bad), 4);
    script_icmp(t, 3, 4, 68, 1);    /* believed as far as 552, and that routers cut the rest */
    tern_tcp_info(t->s, &info);
    ck_assert_uint_eq(info.mss, 512);
    ck_assert_uint_eq(STAT(icmp_pmtu), 1);
    for (uint32_t i = 0; i < 3; i++) {
        OUT(.flags = A, .seq = 1 + 512 * i, .ack = 1, .len = i < 2 ? 512 : 436);
        ck_assert_uint_eq(t->last.data[14 + 6] & 0x40, 0);    /* DF */
    }
    QUIET();
    static const uint16_t again[] = { 68, 296, 551, 552 };
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++)
        script_icmp(t, 3, 4, again[i], 1);
    ck_assert_uint_eq(STAT(icmp_pmtu_bad), 8);
    QUIET();
}

/* The neighbour case: the least MTU that is believed as it is leaves DF set. */
START_TEST(hostile_net_15_frag_needed_at_the_limit)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 512);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 512);
    script_icmp(t, 3, 4, 552, 1);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 512);
    ck_assert_uint_eq(t->last.data[14 + 6] & 0x40, 0x40);
    ck_assert_uint_eq(STAT(icmp_pmtu), 1);
}
END_TEST

/* 16. An ICMP hard error must not reset an established connection (CVE-2004-0790). */
START_TEST(hostile_net_16_hard_error_does_not_reset)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 10);
    OUT(.flags = PA, .seq = 1, .ack = 1, .len = 10);
    for (uint8_t code = 0; code <= 15; code++)
        script_icmp(t, 3, code, 0, 1);
    ck_assert_uint_eq(STAT(icmp_hard), 0);
    ck_assert_uint_ge(STAT(icmp_soft), 2);
    ck_assert_int_eq(script_state(t), TERN_TCP_ESTABLISHED);
    LOG("");
}
END_TEST

/* 35. TCP option length 0 or 1: endless parse (CVE-2020-24337, CVE-2019-12258). */
START_TEST(hostile_net_35_option_length_zero_or_one)
{
    SCRIPT(0);
    script_accepted(t);
    uint64_t n = 0;
    for (unsigned kind = 2; kind < 256; kind++) {
        for (uint8_t opt_len = 0; opt_len < 2; opt_len++) {
            uint8_t options[4] = { (uint8_t)kind, opt_len, 1, 1 };
            IN(.flags = PA, .seq = 1, .ack = 1, .len = 4, .options = options, .options_len = 4);
            ck_assert_uint_eq(STAT(drop_bad_options), ++n);
        }
        uint8_t last[4] = { 1, 1, 1, (uint8_t)kind };    /* its length is not even there */
        IN(.flags = PA, .seq = 1, .ack = 1, .len = 4, .options = last, .options_len = 4);
        ck_assert_uint_eq(STAT(drop_bad_options), ++n);
    }
    QUIET();
    LOG("");
}
END_TEST

/* 36. MSS option truncated, or MSS 0, 1, tiny (CVE-2018-16523, -13988, CVE-2019-11479). */
START_TEST(hostile_net_36_mss_truncated_zero_or_tiny)
{
    static const int values[] = { ZERO, 1, 8, 47, 63 };
    SCRIPT(0);
    script_listen(t);
    for (uint8_t opt_len = 2; opt_len < 4; opt_len++) {
        uint8_t options[4] = { 2, opt_len, 0, 0 };
        IN(.flags = S, .options = options, .options_len = 4);
    }
    ck_assert_uint_eq(STAT(drop_bad_options), 2);
    for (size_t i = 0; i < 5; i++) {
        uint16_t port = (uint16_t)(4001 + i);
        IN(.flags = S, .mss = values[i], .port = port);
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = port);
        ck_assert_uint_eq(script_conn(t)->mss, 64);
        static uint8_t octets[1000];
        tern_stream_write(t->s, octets, sizeof octets);
        script_poll(t);
        size_t n = 0;
        const struct fake_frame *frame;
        while ((frame = script_take(t)) != NULL) {
            ck_assert_uint_eq(tern_load_be16(frame->data + 16), 40 + 64);
            n++;
        }
        ck_assert_uint_eq(n, 10);
        tern_stream_abort(t->s, TERN_ABORTED);
        script_poll(t);
        fake_link_clear(t->wire);
    }
}
END_TEST

/* 37. SACK option with bad length or ranges outside the window (CVE-2021-31889). */
START_TEST(hostile_net_37_sack_with_bad_length_or_ranges)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 2920);
    fake_link_clear(t->wire);
    for (uint8_t opt_len = 2; opt_len <= 40; opt_len++) {
        uint8_t options[40];
        memset(options, 0xff, sizeof options);    /* ranges from nowhere to nowhere */
        options[0] = 5;
        options[1] = opt_len;
        IN(.flags = A, .seq = 1, .ack = 1, .options = options, .options_len = 40,
           .wnd = 1000 + opt_len);
    }
    /* Up to 36 there are octets behind it: 0xff with a length of 0xff. */
    ck_assert_uint_eq(STAT(drop_bad_options), 38);
    ck_assert_uint_eq(script_conn(t)->snd_una - t->iss, 1);
    LOG("");
}
END_TEST

/* 38. SACK storms (CVE-2019-11477, -11478, -5599): SACK is not negotiated and not read. */
START_TEST(hostile_net_38_sack_storm_costs_nothing)
{
    SCRIPT(.n_blocks = 256);
    script_listen(t);
    uint8_t permitted[4] = { 4, 2, 1, 1 };
    IN(.flags = S, .mss = 1460, .options = permitted, .options_len = 4);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    script_write(t, 14600);
    fake_link_clear(t->wire);
    size_t flights = t->tcp.n_flights_free, blocks = t->blocks.n_free;
    for (uint32_t i = 0; i < 10000; i++) {
        uint8_t sack[12] = { 1, 1, 5, 10 };
        tern_store_be32(sack + 4, t->iss + 100 + i % 14000);
        tern_store_be32(sack + 8, t->iss + 108 + i % 14000);
        IN(.flags = A, .seq = 1, .ack = 1, .options = sack, .options_len = 12,
           .wnd = (int)(60000 + i % 5000));
        ck_assert(t->tcp.n_flights_free == flights && t->blocks.n_free == blocks);
    }
    fake_link_clear(t->wire);
    IN(.flags = A, .seq = 1, .ack = 14601);
    ck_assert_uint_eq(script_conn(t)->snd_una, script_conn(t)->snd_nxt);
}
END_TEST

/* 39. Tiny out-of-order segments: bounded ranges, bounded blocks (CVE-2018-5390, -6922). */
START_TEST(hostile_net_39_tiny_out_of_order_segments)
{
    SCRIPT(.n_blocks = 256);
    script_accepted(t);
    for (uint32_t i = 0; i < 5000; i++)
        IN(.flags = A, .seq = 3 + 2 * i, .ack = 1, .len = 1);
    ck_assert_uint_eq(STAT(in_out_of_order), 16);
    ck_assert_uint_eq(STAT(drop_no_range), 5000 - 16);
    ck_assert_uint_eq(t->blocks.n_blocks - t->blocks.n_free, 16);
    ck_assert_uint_eq(STAT(out_dup_acks), 5000);
    /* Filling between them leaves one range, and one block. */
    for (uint32_t i = 0; i < 15; i++)
        IN(.flags = A, .seq = 4 + 2 * i, .ack = 1, .len = 1);
    ck_assert_uint_eq(t->blocks.n_blocks - t->blocks.n_free, 1);
    fake_link_clear(t->wire);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 2);
    ck_assert_uint_eq(t->n_taken, 33);
    ck_assert_uint_eq(t->blocks.n_free, t->blocks.n_blocks);
}
END_TEST

/* 40. Urgent pointer 0, beyond data, on a SYN, on everything (CVE-2019-12255, -12260, ...). */
START_TEST(hostile_net_40_urgent_pointers)
{
    static const uint16_t pointers[] = { 0, 1, 4, 5, 6, 1000, 0x7fff, 0xffff };
    SCRIPT(0);
    script_listen(t);
    IN(.flags = S | U, .urgent = 0xffff, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A | U, .seq = 1, .ack = 1, .urgent = 1);
    LOG("accept opened");
    uint32_t seq = 1;
    for (size_t i = 0; i < 8; i++) {
        IN(.flags = PA | U, .seq = seq, .ack = 1, .len = 5, .urgent = pointers[i]);
        IN(.flags = A | U, .seq = seq + 5, .ack = 1, .urgent = pointers[i]);
        seq += 5;
    }
    ck_assert_uint_eq(t->n_taken, 40);
    ck_assert_uint_eq(STAT(in_urgent), 17);
    IN(.flags = FPA | U, .seq = seq, .ack = 1, .len = 3, .urgent = 0);
    ck_assert_uint_eq(t->n_taken, 43);
}
END_TEST

START_TEST(hostile_net_40_urgent_pointer_on_connect)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    IN(.flags = SA | U, .ack = 1, .urgent = 1, .mss = 1460);
    OUT(.flags = A, .seq = 1, .ack = 1);
}
END_TEST

/* 41. Blind RST, SYN and data in the window; the budget is each connection's (CVE-2016-5696). */
START_TEST(hostile_net_41_blind_rst_syn_and_data_in_window)
{
    SCRIPT(0);
    script_listen(t);
    uint32_t iss[2];
    for (uint16_t i = 0; i < 2; i++) {
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(4001 + i));
        OUT(.flags = SA, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1, .port = (uint16_t)(4001 + i));
        iss[i] = t->iss;
    }
    fake_link_clear(t->wire);
    t->iss = iss[0];
    for (uint32_t i = 0; i < 100; i++)
        IN(.flags = R, .seq = 2 + 100 * i, .port = 4001);
    for (uint32_t i = 0; i < 10; i++)
        OUT(.flags = A, .seq = 1, .ack = 1);
    QUIET();
    ck_assert_uint_eq(STAT(out_challenge_acks), 10);
    ck_assert_uint_eq(STAT(challenge_limited), 90);
    /* The other connection's answer does not tell of that. */
    t->iss = iss[1];
    IN(.flags = S, .seq = 5, .port = 4002);
    OUT(.flags = A, .seq = 1, .ack = 1);
    /* Data with an ACK of nowhere is not taken. */
    for (uint32_t i = 0; i < 3; i++)
        IN(.flags = PA, .seq = 1, .ack = 0x20000000 * (i + 2), .len = 5, .port = 4002);
    ck_assert_uint_eq(t->n_taken, 0);
    ck_assert_uint_eq(STAT(drop_ack_old) + STAT(drop_ack_unsent), 3);
    /* After five seconds there are ten more. */
    fake_link_clear(t->wire);
    script_pass(t, 5000);
    t->iss = iss[0];
    IN(.flags = R, .seq = 2, .port = 4001);
    OUT(.flags = A, .seq = 1, .ack = 1);
    LOG("accept opened accept opened");
}
END_TEST

static uint32_t syn_ack_iss(struct tcp_script *t, uint16_t port)
{
    IN(.flags = S, .mss = 1460, .ts = true, .ts_val = 1, .port = port);
    OUT(.flags = SA, .ack = 1, .ts = true);
    IN(.flags = R, .seq = 1, .port = port);
    return t->iss;
}

/* 42. Predictable ISN, ports, timestamps (NUMBER:JACK, CVE-2020-27213, CVE-2022-1012). */
START_TEST(hostile_net_42_numbers_are_not_predictable)
{
    SCRIPT(.timestamps = true, .n_conns = 16);
    script_listen(t);
    uint32_t first = syn_ack_iss(t, 4001), ts_first = t->last_ts_val;
    uint32_t second = syn_ack_iss(t, 4002), ts_second = t->last_ts_val;
    ck_assert(first - second > 100000 && second - first > 100000);
    ck_assert(ts_first - ts_second > 1000 && ts_second - ts_first > 1000);
    /* RFC 6528: the same tuple's grows by a tick of four microseconds. */
    script_pass(t, 10);
    ck_assert_uint_eq(syn_ack_iss(t, 4001) - first, 10 * 250);
    ck_assert_uint_eq(t->last_ts_val - ts_first, 10);
    /* RFC 6056: neither the same port nor the next. */
    struct tern_endpoint_addr peer = { .addr = tern_addr_v4(SCRIPT_PEER), .port = 9 };
    uint16_t ports[8];
    size_t n_near = 0;
    for (size_t i = 0; i < 8; i++) {
        struct tern_stream *s;
        struct tern_stream_info info;
        ck_assert_int_eq(tern_tcp_connect(&t->net, &peer, NULL, NULL, NULL, NULL, &s), TERN_OK);
        ports[i] = tern_stream_info(s, &info)->local.port;
        ck_assert_uint_ge(ports[i], 49152);
        if (i > 0 && (uint16_t)(ports[i] - ports[i - 1] + 8) < 16)
            n_near++;
    }
    ck_assert_uint_le(n_near, 1);
}
END_TEST

/* 43. LAND: a SYN from our own address and port; from a group, broadcast, nowhere. */
START_TEST(hostile_net_43_land_and_impossible_sources)
{
    SCRIPT(0);
    script_listen(t);
    static uint8_t l4[64], frame[128];
    static const uint32_t sources[] = { SCRIPT_US, 0, 0xffffffff, 0xe0000001, 0x7f000001,
                                        0x0a0000ff, 0xf0000001 };
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        struct packet_ip4 ip = { .src = sources[i], .dst = SCRIPT_US, .protocol = 6 };
        size_t len = script_emit(t, &(struct script_seg){ .flags = S, .port = 80 }, l4);
        uint32_t sum = 0;
        tern_store_be16(l4 + 16, 0);
        sum = (sources[i] >> 16) + (sources[i] & 0xffff) + (SCRIPT_US >> 16) +
              (SCRIPT_US & 0xffff) + 6 + (uint32_t)len;
        tern_store_be16(l4 + 16, tern_checksum_finish(tern_checksum_add(sum, l4, len)));
        size_t frame_len = packet_ip4(frame, &ip, l4, len);
        fake_link_input(t->wire, frame, frame_len, t->now_ns);
        QUIET();
        ck_assert_uint_eq(t->tcp.n_halves_free, 4);
    }
    /* Each was dropped once: by IPv4, or by us. */
    ck_assert_uint_eq(t->ipv4.stats.in_bad_source + t->ipv4.stats.in_loopback +
                          STAT(drop_bad_source), 7);
}
END_TEST

/* 44. SYN flood, half-open flood, ACK flood; data on SYN. */
START_TEST(hostile_net_44_syn_and_ack_floods)
{
    SCRIPT(.n_halves = 4, .backlog = 3);
    script_accepted(t);
    uint64_t blocks = t->blocks.n_free;
    for (uint16_t i = 0; i < 10000; i++)
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(10000 + i), .len = 100);
    ck_assert_uint_eq(STAT(drop_backlog), 10000 - 3);
    ck_assert_uint_eq(STAT(half_open), 3);
    script_pass(t, 250);
    for (uint16_t i = 0; i < 10000; i++)
        IN(.flags = S, .mss = 1460, .port = (uint16_t)(20000 + i));
    ck_assert_uint_eq(STAT(half_evicted), 3);    /* each share of time its own */
    ck_assert_uint_eq(STAT(half_open), 3);
    for (uint16_t i = 0; i < 10000; i++)
        IN(.flags = A, .seq = 1, .ack = i, .port = (uint16_t)(30000 + i));
    ck_assert_uint_eq(STAT(drop_listen_ack), 10000);
    ck_assert_uint_eq(STAT(out_rsts), 10000);
    ck_assert_uint_eq(t->blocks.n_free, blocks);
    ck_assert_uint_eq(t->tcp.n_conns_free, 7);
    /* Everyone else is unaffected. */
    t->iss = script_conn(t)->snd_una - 1;
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 5);
    LOG("data(5)");
    script_pass(t, 250);
    fake_link_clear(t->wire);
    IN(.flags = S, .port = 9999);    /* nor is who comes while the backlog is full */
    OUT(.flags = SA, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .port = 9999);
    LOG("accept opened");
    script_pass(t, 70000);
    ck_assert_uint_eq(STAT(half_open), 0);
}
END_TEST

/* 45. Zero-window and one-octet-window hoarding, FIN-WAIT-2 and LAST-ACK hoarding (sockstress). */
START_TEST(hostile_net_45_hoarding_ends)
{
    SCRIPT(0);
    script_accepted(t);    /* a peer that closes its window for ever, and answers probes */
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    script_write(t, 1000);
    tern_stream_close(t->s);
    for (int i = 0; i < 120 && t->s != NULL; i++) {
        script_pass(t, 1000);
        while (t->s != NULL && script_take(t) != NULL)
            IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    }
    LOG("closed(8)");
    ck_assert_uint_eq(STAT(timeouts_user), 1);
    DRAINED();
}
END_TEST

START_TEST(hostile_net_45_last_ack_hoarding_ends)
{
    SCRIPT(0);
    script_accepted(t);
    IN(.flags = FA, .seq = 1, .ack = 1);
    LOG("ended");
    for (int i = 0; i < 120 && t->s != NULL; i++) {
        script_pass(t, 1000);
        while (t->s != NULL && script_take(t) != NULL)
            IN(.flags = A, .seq = 2, .ack = 1);    /* never that of our FIN */
    }
    LOG("closed(8)");
    DRAINED();
}
END_TEST

START_TEST(hostile_net_45_fin_wait_2_hoarding_ends)
{
    SCRIPT(0);
    script_accepted(t);
    tern_stream_close(t->s);
    script_poll(t);
    IN(.flags = A, .seq = 1, .ack = 2);
    for (uint32_t i = 0; i < 70; i++) {    /* kept alive with data that nobody reads */
        script_pass(t, 1000);
        IN(.flags = PA, .seq = 1 + i, .ack = 2, .len = 1);
    }
    LOG("closed(8)");
    ck_assert_uint_eq(STAT(timeouts_linger), 1);
    DRAINED();
}
END_TEST

/* 46. Optimistic ACKs, ACK division, duplicate-ACK spoofing (VU#102014). */
START_TEST(hostile_net_46_optimistic_divided_and_spoofed_acks)
{
    SCRIPT(.n_blocks = 512);
    script_accepted(t);
    script_write(t, 100000);
    for (uint32_t i = 0; i < 10; i++)
        OUT(.flags = A, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
    /* Of what was never sent: challenged, nothing moves. */
    IN(.flags = A, .seq = 1, .ack = 1 + 11 * 1460);
    OUT(.flags = A, .seq = 14601, .ack = 1);
    ck_assert_uint_eq(STAT(drop_ack_unsent), 1);
    /* One segment's worth, octet by octet: one segment of growth, as for one ACK. */
    struct tern_tcp_info info;
    for (uint32_t i = 1; i <= 1460; i++)
        IN(.flags = A, .seq = 1, .ack = 1 + i);
    tern_tcp_info(t->s, &info);
    ck_assert_uint_eq(info.cwnd, 11 * 1460);
    fake_link_clear(t->wire);
    /* A thousand duplicates: the window grows by what is out, not by their number. */
    for (int i = 0; i < 1000; i++) {
        IN(.flags = A, .seq = 1, .ack = 1461);
        fake_link_clear(t->wire);
    }
    tern_tcp_info(t->s, &info);
    ck_assert_uint_le(info.snd_nxt - info.snd_una, 100000);
    ck_assert_uint_le(info.cwnd, info.ssthresh + (info.snd_nxt - info.snd_una) + 2 * 1460);
    ck_assert_uint_eq(STAT(recoveries), 1);
}
END_TEST

/* 47. The peer shrinks its window, or sends beyond ours (smoltcp #489). */
START_TEST(hostile_net_47_shrunken_and_overrun_windows)
{
    SCRIPT(0);
    script_accepted(t);
    script_write(t, 14600);
    fake_link_clear(t->wire);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = 100);
    IN(.flags = A, .seq = 1, .ack = 1, .wnd = ZERO);
    QUIET();
    script_at(t, 1000);    /* it is retransmitted nevertheless: section 3.8.6 */
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    IN(.flags = A, .seq = 1, .ack = 14601, .wnd = ZERO);
    script_write(t, 10);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 14601, .wnd = 10);
    script_pass(t, 2000);
    fake_link_clear(t->wire);
    /* Beyond our window, by one octet and by all that there is. */
    uint32_t wnd = script_conn(t)->rcv_adv - script_conn(t)->rcv_nxt;
    static const uint32_t beyond[] = { 0, 1, 100000, 0x7fffffff, 0x80000000 };
    for (size_t i = 0; i < 5; i++)
        IN(.flags = PA, .seq = 1 + wnd + beyond[i], .ack = 14601, .len = 5);
    ck_assert_uint_eq(STAT(drop_out_of_window), 5);
    IN(.flags = PA, .seq = wnd - 2, .ack = 14601, .len = 100);    /* across the edge */
    ck_assert_uint_eq(STAT(in_out_of_order), 1);
    ck_assert_uint_eq(t->n_taken, 0);
}
END_TEST

/* 48. Timestamp poisoning: one forged large TSval must not freeze (CVE-2005-0356). */
START_TEST(hostile_net_48_timestamp_poisoning)
{
    SCRIPT(.timestamps = true);
    script_accepted(t);
    uint32_t poison = 100u + 0x7fffffffu;
    /* In the window, but not at its left edge; or with an ACK that cannot be. */
    IN(.flags = PA, .seq = 5000, .ack = 1, .len = 1, .ts = true, .ts_val = poison);
    IN(.flags = PA, .seq = 1, .ack = 5, .len = 1, .ts = true, .ts_val = poison);
    IN(.flags = PA, .seq = 1, .ack = 0x40000000, .len = 1, .ts = true, .ts_val = poison);
    IN(.flags = R, .seq = 2, .ts = true, .ts_val = poison);
    IN(.flags = S, .seq = 1, .ts = true, .ts_val = poison);
    ck_assert_uint_eq(script_conn(t)->ts_recent, 100);
    IN(.flags = PA, .seq = 1, .ack = 1, .len = 7, .ts = true, .ts_val = 101);
    LOG("data(7)");
    ck_assert_uint_eq(STAT(drop_paws), 0);
}
END_TEST

/* 49. Sequence, ACK and timestamp wrap at 2^31 and 2^32 in every comparison. */
START_TEST(hostile_net_49_numbers_wrap_in_every_comparison)
{
    static const uint32_t starts[] = { 0xffffff00, 0x7fffff00, 0xfffffffe, 0x7ffffffe, 0 };
    SCRIPT(.timestamps = true, .n_blocks = 256);
    script_listen(t);
    /* The peer's numbers: SCRIPT_PEER_ISS wraps everywhere; here the clock and others too. */
    uint32_t base = starts[_i] - SCRIPT_PEER_ISS;
    t->data_from = base + 1;
    IN(.flags = S, .seq = base, .mss = 1460, .ts = true, .ts_val = starts[_i]);
    OUT(.flags = SA, .ack = base + 1, .ts = true);
    uint32_t ts = starts[_i], seq = base + 1;
    IN(.flags = A, .seq = seq, .ack = 1, .ts = true, .ts_val = ts);
    for (uint32_t i = 0; i < 100; i++) {
        ts += 7;
        if (i % 3 == 2) {    /* the next one first */
            IN(.flags = PA, .seq = seq + 11, .ack = 1, .len = 11, .ts = true, .ts_val = ts);
            IN(.flags = PA, .seq = seq, .ack = 1, .len = 11, .ts = true, .ts_val = ts);
            seq += 11;
        } else {
            IN(.flags = PA, .seq = seq, .ack = 1, .len = 11, .ts = true, .ts_val = ts);
        }
        seq += 11;
    }
    ck_assert_uint_eq(t->n_taken, seq - base - 1);
    ck_assert_uint_eq(STAT(drop_paws), 0);
    IN(.flags = PA, .seq = seq, .ack = 1, .len = 1, .ts = true, .ts_val = ts - 8);
    ck_assert_uint_eq(STAT(drop_paws), 1);
    fake_link_clear(t->wire);
    /* Ours: 600 kB from wherever our ISN is brings it over some edge in one of the runs. */
    uint32_t sent = 1, acked = 1;
    while (sent < 600000) {
        sent += (uint32_t)script_try_write(t, 20000);
        script_poll(t);
        const struct fake_frame *frame;
        while ((frame = script_take(t)) != NULL)
            acked = tern_load_be32(frame->data + 38) - t->iss +
                    tern_load_be16(frame->data + 16) - 52u;
        IN(.flags = A, .seq = seq, .ack = acked, .ts = true, .ts_val = ts, .ts_ecr = 0);
    }
    ck_assert_uint_eq(STAT(timeouts_rto), 0);
}
END_TEST

/* 50. Simultaneous open and close, SYN and RST in TIME-WAIT (RFC 1337). */
START_TEST(hostile_net_50_simultaneous_open_and_close_then_time_wait)
{
    SCRIPT(0);
    script_connect(t);
    OUT(.flags = S);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = SA, .ack = 1);
    IN(.flags = SA, .ack = 1, .mss = 1460);
    OUT(.flags = A, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    LOG("opened");
    tern_stream_close(t->s);
    script_poll(t);
    OUT(.flags = FA, .seq = 1, .ack = 1);
    IN(.flags = FA, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 2, .ack = 2);
    IN(.flags = A, .seq = 2, .ack = 2);
    LOG("closed(0)");
    ck_assert_uint_eq(STAT(time_wait), 1);
    IN(.flags = R, .seq = 2);
    IN(.flags = S, .seq = 500, .mss = 1460);    /* nobody listens: it is an old duplicate */
    OUT(.flags = A, .seq = 2, .ack = 2);
    QUIET();
    ck_assert_uint_eq(STAT(time_wait), 1);
    ck_assert_uint_eq(STAT(drop_time_wait_rst), 1);
    ck_assert_uint_eq(STAT(drop_time_wait), 1);
    DRAINED();
}
END_TEST

Suite *tcp_hostile_suite(void)
{
    Suite *suite = suite_create("tcp_hostile");
    TCase *tc = tcase_create("hostile");
    tcase_set_timeout(tc, 8);
    tcase_add_test(tc, hostile_net_6_data_offset_below_five_or_beyond);
    tcase_add_test(tc, hostile_net_7_payload_length_from_a_bad_ip_length);
    tcase_add_test(tc, hostile_net_15_frag_needed_with_a_tiny_mtu);
    tcase_add_test(tc, hostile_net_15_frag_needed_at_the_limit);
    tcase_add_test(tc, hostile_net_16_hard_error_does_not_reset);
    tcase_add_test(tc, hostile_net_35_option_length_zero_or_one);
    tcase_add_test(tc, hostile_net_36_mss_truncated_zero_or_tiny);
    tcase_add_test(tc, hostile_net_37_sack_with_bad_length_or_ranges);
    tcase_add_test(tc, hostile_net_38_sack_storm_costs_nothing);
    tcase_add_test(tc, hostile_net_39_tiny_out_of_order_segments);
    tcase_add_test(tc, hostile_net_40_urgent_pointers);
    tcase_add_test(tc, hostile_net_40_urgent_pointer_on_connect);
    tcase_add_test(tc, hostile_net_41_blind_rst_syn_and_data_in_window);
    tcase_add_test(tc, hostile_net_42_numbers_are_not_predictable);
    tcase_add_test(tc, hostile_net_43_land_and_impossible_sources);
    tcase_add_test(tc, hostile_net_44_syn_and_ack_floods);
    tcase_add_test(tc, hostile_net_45_hoarding_ends);
    tcase_add_test(tc, hostile_net_45_last_ack_hoarding_ends);
    tcase_add_test(tc, hostile_net_45_fin_wait_2_hoarding_ends);
    tcase_add_test(tc, hostile_net_46_optimistic_divided_and_spoofed_acks);
    tcase_add_test(tc, hostile_net_47_shrunken_and_overrun_windows);
    tcase_add_test(tc, hostile_net_48_timestamp_poisoning);
    tcase_add_loop_test(tc, hostile_net_49_numbers_wrap_in_every_comparison, 0, 5);
    tcase_add_test(tc, hostile_net_50_simultaneous_open_and_close_then_time_wait);
    suite_add_tcase(suite, tc);
    return suite;
}
