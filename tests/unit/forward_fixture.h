/* SPDX-License-Identifier: ISC */
/*
 * A router of both families between two fake links. We are 10.0.0.1/24 and
 * 2001:db8::1/64 on link 0, 10.1.0.1/24 and 2001:db8:1::1/64 on link 1, where
 * 10.1.0.9 and fe80::9 lead to 198.51.100.0/24 and 2001:db8:9::/48; the hosts .2
 * and ::2 of both are known. A test says its packets with the numbers of a
 * family: { &v4, ... } or { &v6, ... }.
 */
#ifndef TERN_TESTS_FORWARD_FIXTURE_H
#define TERN_TESTS_FORWARD_FIXTURE_H

#include "fake_link.h"
#include "packet.h"

#include <tern/forward.h>
#include <tern/ipv6.h>

#include <check.h>

struct forward_fixture {
    struct tern_turn turn;
    struct tern_drbg drbg;
    struct tern_block_pool blocks;
    struct tern_net net;
    struct tern_ipv4 ipv4;
    struct tern_ipv6 ipv6;
    struct tern_udp udp;
    struct tern_forward forward;
    struct tern_neighbour neighbours[2][16];
    struct tern_reassembly reassemblies[2][2];
    struct tern_udp_endpoint endpoints[4];
    struct fake_link wires[2];
    uint64_t now_ns;
    _Alignas(16) uint8_t block_mem[64 * 2048];
};

/* A family, and the same addresses in it. */
struct forward_family {
    bool v6;
    const char *a, *b;              /* the hosts on link 0 and link 1 */
    const char *us[2];              /* of each link */
    const char *far_b;              /* behind link 1's gateway */
    const char *unknown_b;          /* on link 1, and nobody has it */
    const char *nowhere;            /* no route leads there */
    const char *local;              /* of the link only */
    const char *group;
};
extern const struct forward_family forward_v4, forward_v6;

/* The two, for tests that run once for each. */
enum { V4, V6, FORWARD_FAMILIES };
extern const struct forward_family *const forward_families[FORWARD_FAMILIES];

/* One that forwards both families, with these offloads on link 1; nothing on the wires. */
struct forward_fixture *forward_fixture(unsigned offloads);

/* Started with a policy. */
struct forward_fixture *forward_fixture_with(unsigned offloads, tern_forward_allow_fn *allow);

void forward_pass_time(struct forward_fixture *f, uint64_t ns);

/* A packet, whose transport's sum is made right. */
struct forward_say {
    const struct forward_family *family;
    const char *src, *dst;
    uint8_t protocol, ttl;          /* ttl 0: 64 */
    uint16_t frag;                  /* IPv4's flags and offset */
    const uint8_t *options;         /* IPv4's, or IPv6's extension headers with their next */
    size_t options_len;
    uint8_t next;                   /* IPv6's next header, with extension headers */
    uint8_t data_off;               /* TCP's, as on the wire; 0: 0x50 */
    bool bad_sum;
    const uint8_t *dst_mac;         /* NULL: ours */
};

/* From a to b, TCP, not to be cut. */
struct forward_say forward_tcp(const struct forward_family *family);

/* An octet string of len octets behind a TCP header (flags: 0x18), or UDP's; 40000 to port. */
size_t forward_frame(uint8_t *frame, const struct forward_say *say, uint16_t port, size_t len);

/* Makes that and hands it up on link 0. */
void forward_in(struct forward_fixture *f, const struct forward_say *say, uint16_t port,
                size_t len);
void forward_in_as(struct forward_fixture *f, const struct forward_say *say, uint16_t port,
                   size_t len, uint8_t csum, uint8_t gso, uint16_t seg_len);

/* The next frame on a link, or NULL; MLD's, IGMP's and questions for neighbours are passed over. */
const struct fake_frame *forward_sent(struct forward_fixture *f, unsigned link);

/* It left on link 1 as it came, but for hop limit and header's sum; nothing is left to take. */
void forward_passed_whole(struct forward_fixture *f, const struct forward_say *say, uint16_t port,
                          size_t len);
bool forward_quiet(struct forward_fixture *f);

/* Answers the question for addr, which must be the next on link 1. */
void forward_answer(struct forward_fixture *f, const struct forward_family *family,
                    const char *addr, const uint8_t mac[6]);

/*
 * The next frame on link 0 is an ICMP error of type and code from us to a's host,
 * with the word and a quote of the packet; all sums are right.
 */
void forward_error_is(struct forward_fixture *f, const struct forward_family *family,
                      uint8_t type, uint8_t code, uint32_t word);

/* Is the transport's sum (TCP's or UDP's) of a sent frame right? And IPv4's header's. */
bool forward_sums_ok(const uint8_t *frame);

/* The sum over the counters of what was received: each packet is in one. */
void forward_counted(const struct forward_fixture *f);

#endif
