/* SPDX-License-Identifier: ISC */
/* tern_endpoint_open: linked, with what libnet has for it, where somebody calls it. */
#include "host_internal.h"

enum tern_err tern_endpoint_open(struct tern_host *host, const struct tern_endpoint_addr *local,
                                 const struct tern_endpoint_events *events, void *user,
                                 struct tern_endpoint **ep)
{
    if (host->ops->endpoint_open != NULL)
        return host->ops->endpoint_open(host, local, events, user, ep);
    struct tern_net_host *h = TERN_CONTAINER_OF(host, struct tern_net_host, core.host);
    *ep = NULL;
    if (h->udp == NULL)
        return TERN_UNSUPPORTED;
    if (h->core.sealed && !tern_host_core_may_connect(&h->core))
        return TERN_REFUSED;
    return tern_udp_open(&h->net, local, events, user, ep);
}
