/* SPDX-License-Identifier: ISC */
/* All network layers whose groups endpoints may join. */
#include "net_internal.h"

const struct net_groups *const tern_net_groups[] = {
    &tern_net_groups_ipv4, &tern_net_groups_ipv6, NULL,
};
