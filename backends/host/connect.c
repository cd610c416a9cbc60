/* SPDX-License-Identifier: ISC */
/* tern_connect: linked, with what libnet has for it, where somebody calls it. */
#include "host_internal.h"

enum tern_err tern_connect(struct tern_host *host, const struct tern_endpoint_addr *peer,
                           const struct tern_stream_events *events, void *user,
                           struct tern_stream **s)
{
    if (host->ops->connect != NULL)
        return host->ops->connect(host, peer, events, user, s);
    struct tern_net_host *h = TERN_CONTAINER_OF(host, struct tern_net_host, core.host);
    *s = NULL;
    if (h->tcp == NULL)
        return TERN_UNSUPPORTED;
    if (!tern_host_core_may_connect(&h->core))
        return TERN_REFUSED;
    return tern_tcp_connect(&h->net, peer, NULL, NULL, events, user, s);
}
