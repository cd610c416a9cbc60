/* SPDX-License-Identifier: ISC */
/* All parts whose counters have names. */
#include "net_metrics.h"

const struct net_names *const tern_net_names[] = {
    &tern_net_names_ipv4, &tern_net_names_ipv6, &tern_net_names_udp,
    &tern_net_names_dhcp4, &tern_net_names_dhcp6, &tern_net_names_linklocal4,
    &tern_net_names_tcp, &tern_net_names_forward, NULL,
};
