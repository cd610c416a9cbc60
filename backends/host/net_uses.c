/* SPDX-License-Identifier: ISC */
/*
 * All parts of libnet: what a host over it is made of. In an archive member of
 * its own, so that an object which defines tern_net_uses takes its place.
 */
#include "host_internal.h"

const struct tern_net_use tern_net_uses[] = {
    { &tern_ipv4, NULL },    { &tern_ipv6, NULL }, { &tern_tcp, NULL },
    { &tern_newreno, NULL }, { &tern_udp, NULL },  { &tern_dhcp4, NULL },
    { &tern_dhcp6, NULL },   { &tern_linklocal4, NULL }, { NULL, NULL },
};
