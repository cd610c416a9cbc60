/* SPDX-License-Identifier: ISC */
/*
 * The account of a stack of IPv4, UDP and TCP that has come to rest.
 */
#ifndef TERN_TESTS_NET_COUNT_H
#define TERN_TESTS_NET_COUNT_H

#include <tern/net.h>
#include <tern/tcp.h>

/*
 * Each frame that came in stands in exactly one counter, and so does each packet
 * and datagram in it. NULL, or the sum that does not hold.
 */
const char *net_count_wrong(const struct tern_net *net, const struct tern_ipv4 *ipv4,
                            const struct tern_udp *udp, const struct tern_tcp *tcp);

#endif
