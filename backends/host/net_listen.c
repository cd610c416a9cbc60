/* SPDX-License-Identifier: ISC */
/*
 * Listeners of a host over libnet: libnet's, with the head that host.h wants.
 */
#include "host_internal.h"

static struct tern_net_host *host_of(struct tern_host *host)
{
    return TERN_CONTAINER_OF(host, struct tern_net_host, core.host);
}

static struct tern_net_host_listener *listener_of(struct tern_listener *listener)
{
    return TERN_CONTAINER_OF(listener, struct tern_net_host_listener, listener);
}

enum tern_err tern_net_host_listen(struct tern_host *host, const struct tern_listen *at,
                                   tern_accept_fn *accept, void *app,
                                   struct tern_listener **listener)
{
    struct tern_net_host *h = host_of(host);
    struct tern_net_host_listener *l = h->free_listeners;
    struct tern_tcp_listen tcp = { .local = at->local, .backlog = at->backlog };

    if (listener != NULL)
        *listener = NULL;
    if (at->transparent || h->tcp == NULL)
        return TERN_UNSUPPORTED;
    if (h->core.sealed)
        return TERN_REFUSED;
    if (l == NULL)
        return TERN_FULL;
    enum tern_err err = tern_tcp_listen(&h->net, &tcp, accept, app, &l->tcp);
    if (err != TERN_OK)    /* as the kernel says it of an address that is not ours */
        return err == TERN_INVALID ? TERN_UNREACHABLE : err;
    h->free_listeners = l->next;
    l->listener.host = host;
    l->next = h->open_listeners;
    h->open_listeners = l;
    if (listener != NULL)
        *listener = &l->listener;
    return TERN_OK;
}

void tern_net_host_listener_pause(struct tern_listener *listener, bool pause)
{
    struct tern_net_host *h = host_of(listener->host);
    tern_tcp_listener_pause(listener_of(listener)->tcp, pause || h->core.draining);
}

void tern_net_host_listener_close(struct tern_listener *listener)
{
    struct tern_net_host *h = host_of(listener->host);
    struct tern_net_host_listener *l = listener_of(listener), **at = &h->open_listeners;

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    tern_tcp_listener_close(l->tcp);
    l->next = h->free_listeners;
    h->free_listeners = l;
}

void tern_net_host_listener_local(const struct tern_listener *listener,
                                  struct tern_endpoint_addr *addr)
{
    const struct tern_net_host_listener *l =
        (const struct tern_net_host_listener *)(const void *)listener;
    tern_tcp_listener_local(l->tcp, addr);
}

void tern_net_host_stop_listening(struct tern_host_core *core)
{
    struct tern_net_host *h = host_of(&core->host);
    for (struct tern_net_host_listener *l = h->open_listeners; l != NULL; l = l->next)
        tern_tcp_listener_pause(l->tcp, true);
}
