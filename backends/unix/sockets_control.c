/* SPDX-License-Identifier: ISC */
/*
 * What the kernel says of a datagram beside its octets, and what it is told of
 * one (cmsg(3), ip(7), ipv6(7), udp(7)): addresses, ECN, hop limit, segments.
 */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "unix_internal.h"

static void control_load_one(const struct cmsghdr *c, struct tern_dgram *d)
{
    int number = 0;
    size_t len = c->cmsg_len - CMSG_LEN(0);
    memcpy(&number, CMSG_DATA(c), len < sizeof number ? len : sizeof number);

    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        memcpy(d->local.addr.octets, &info.ipi6_addr, 16);
        d->link = tern_unix_link((unsigned)info.ipi6_ifindex);
        if (d->local.addr.octets[0] == 0xff)
            d->flags |= TERN_DGRAM_MULTICAST;
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        uint32_t to = ntohl(info.ipi_addr.s_addr);
        d->local.addr = tern_addr_v4(to);
        d->link = tern_unix_link((unsigned)info.ipi_ifindex);
        if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
            d->flags |= TERN_DGRAM_MULTICAST;
    } else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
               (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
        d->ecn = (uint8_t)(number & 3);
    } else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
               (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
        d->hop_limit = (uint8_t)number;
    } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
        d->seg_len = (uint16_t)number;
    }
}

void tern_unix_control_load(struct msghdr *msg, struct tern_dgram *d)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
        control_load_one(c, d);
}

/* One item of ancillary data at the end of msg's; there is room for all we have. */
static void control_add(struct msghdr *msg, int level, int type, const void *data, size_t len)
{
    struct cmsghdr c = { .cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type };
    uint8_t *at = (uint8_t *)msg->msg_control + msg->msg_controllen;
    memset(at, 0, CMSG_SPACE(len));
    memcpy(at, &c, sizeof c);
    memcpy(at + CMSG_LEN(0), data, len);
    msg->msg_controllen += CMSG_SPACE(len);
}

void tern_unix_control_store(struct msghdr *msg, const struct tern_dgram *d)
{
    bool v4 = tern_addr_is_v4(&d->peer.addr);
    int ecn = d->ecn & 3, hops = d->hop_limit;

    if (!tern_addr_is_any(&d->local.addr) || d->link != 0) {
        /* For IPv4 too: the kernel takes the mapped form here (ip(7) has only IPv4's). */
        struct in6_pktinfo info = { .ipi6_ifindex = d->link };
        struct in_pktinfo info4 = { .ipi_ifindex = d->link };
        if ((d->flags & TERN_DGRAM_MULTICAST) == 0) {
            memcpy(&info.ipi6_addr, d->local.addr.octets, 16);
            memcpy(&info4.ipi_spec_dst, d->local.addr.octets + 12, 4);
        }
        if (v4)
            control_add(msg, IPPROTO_IP, IP_PKTINFO, &info4, sizeof info4);
        else
            control_add(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    if (ecn != 0)
        control_add(msg, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, &ecn,
                    sizeof ecn);
    if (hops != 0)
        control_add(msg, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT, &hops,
                    sizeof hops);
    if (d->seg_len != 0 && d->seg_len < d->len)
        control_add(msg, IPPROTO_UDP, UDP_SEGMENT, &d->seg_len, sizeof d->seg_len);
}
