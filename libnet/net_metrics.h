/* SPDX-License-Identifier: ISC */
/*
 * The names of the counters of libnet's parts, an object a part: those of the
 * parts in the table tern_net_names are linked, and only where somebody asks.
 */
#ifndef TERN_NET_METRICS_PARTS_H
#define TERN_NET_METRICS_PARTS_H

#include <tern/metrics.h>
#include <tern/net.h>

#pragma GCC visibility push(hidden)

/* Parts are known by role, number and name, not by address: names of counters link none. */
struct net_names {
    const char *name;
    uint16_t role, id;
    uint32_t context_len;
    const char *text;                 /* of a struct of counters in the context, */
    uint32_t stats_off, ip_off;       /* and where; ip_off 0: there are none of tern_ip_stats */
    void (*own)(const void *context, struct tern_metrics *set);    /* one set more, or NULL */
};

extern const struct net_names tern_net_names_ipv4, tern_net_names_ipv6, tern_net_names_udp;
extern const struct net_names tern_net_names_dhcp4, tern_net_names_dhcp6;
extern const struct net_names tern_net_names_linklocal4, tern_net_names_tcp;
extern const struct net_names tern_net_names_forward;

/*
 * Up to NULL. In an archive member of its own, so that an object which defines it
 * takes its place.
 */
extern const struct net_names *const tern_net_names[];

#pragma GCC visibility pop

#endif
