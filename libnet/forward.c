/* SPDX-License-Identifier: ISC */
/*
 * Forwarding (RFC 1812 section 5.2, RFC 8200): the part, and what becomes of a
 * packet that is for no address of ours.
 *
 * It stands among the transports, of a protocol that no packet has, for it waits
 * for neighbours as they do. The network layers call it by net->forward where
 * they would else drop a packet.
 */
#include "forward_internal.h"

#include <string.h>

/* ---- The way -------------------------------------------------------------- */

static uint32_t hash(const struct tern_addr *a)
{
    uint32_t h = tern_load_be32(a->octets + 12) ^ tern_load_be32(a->octets + 4);
    return (h ^ h >> 16 ^ h >> 8) % TERN_FORWARD_PATHS;
}

/* Where it goes: what was found for this destination before, while that holds, or by route. */
enum tern_err tern_forward_way(struct forward_job *job, struct tern_neighbour **n)
{
    struct tern_forward *f = job->f;
    const struct tern_addr *dst = &job->pkt->dst;
    uint32_t at = hash(dst);
    struct tern_net_path *path = &f->paths[at].path;
    /* fine: a job has its part */
    if (path->network == job->pkt->network && tern_addr_equal(&f->paths[at].dst, dst) &&
        (*n = tern_neigh_of_path(job->ip, path)) != NULL) {
        job->out_link = path->link;
        return TERN_OK;
    }
    const struct tern_route *way = tern_net_route_find(f->net, dst, 0);
    if (way == NULL || (f->flags[way->link] & job->family->flag) == 0 ||
        !job->family->is_used(job->context, way->link))
        return TERN_INVALID;
    const struct tern_addr *hop = tern_addr_is_any(&way->gateway) ? dst : &way->gateway;
    job->out_link = way->link;
    enum tern_err err = tern_neigh_resolve(job->ip, way->link, hop, n);
    f->paths[at].dst = *dst;
    *path = (struct tern_net_path){ .network = job->pkt->network };
    if (err == TERN_OK)
        *path = (struct tern_net_path){ .generation = (*n)->generation,
                                        .neighbour = (uint16_t)(*n - job->ip->neighbours),
                                        .link = way->link, .network = job->pkt->network };
    return err;
}

/* ---- Input ---------------------------------------------------------------- */

static enum tern_forward_verdict judge(const struct forward_job *job)
{
    const struct tern_net_packet *pkt = job->pkt;
    const struct tern_forward_config *config = &job->f->config;
    struct tern_forward_packet view = { .src = pkt->src, .dst = pkt->dst, .l3 = pkt->l3,
                                        .len = job->total_len, .protocol = job->protocol,
                                        .hop_limit = pkt->ttl, .later_fragment = job->later };
    if (config->allow == NULL)
        return TERN_FORWARD_PASS;
    size_t contig = pkt->l3_len + pkt->l4_contig;
    if (!job->later && job->protocol != TERN_FORWARD_UNKNOWN && job->hdr_len <= contig) {
        view.l4 = pkt->l3 + job->hdr_len;
        view.l4_len = contig - job->hdr_len;
        if (view.l4_len >= 4 && (job->protocol == IP_TCP || job->protocol == IP_UDP)) {
            view.src_port = tern_load_be16(view.l4);
            view.dst_port = tern_load_be16(view.l4 + 2);
        }
    }
    return config->allow(config->arg, pkt->link, job->out_link, &view);
}

/*
 * RFC 1858, RFC 3128, RFC 7112: who looks at ports is not to be deceived by a
 * first fragment without them, nor by one that writes over them later.
 */
static bool is_cut(const struct forward_job *job)
{
    size_t least = job->protocol == IP_TCP ? 20 : job->protocol == IP_UDP ? 8 : 0;
    return job->is_bad || (!job->later && job->total_len - job->hdr_len < least);
}

static bool goes_back_by(const struct forward_job *job)
{
    const struct tern_route *way = tern_net_route_find(job->f->net, &job->pkt->src, 0);
    return way != NULL && way->link == job->pkt->link;
}

/* The counter of what ends here; NULL: it goes on. Answers what is to be answered. */
static uint64_t *refuse(struct forward_job *job, bool to_group)
{
    struct tern_forward_stats *stats = &job->f->stats;
    if (to_group)    /* RFC 1812 section 5.3.4 */
        return &stats->link_group;
    enum forward_scope scope = job->family->scope(job->f->net, job->context, job->pkt);
    if (scope == FORWARD_SOURCE_BEYOND)
        job->family->error(job, FORWARD_BEYOND_SCOPE, 0);
    if (scope != FORWARD_GOOD)
        return &stats->bad_source;
    if ((job->f->flags[job->pkt->link] & TERN_FORWARD_CHECK_SOURCE) != 0 && !goes_back_by(job))
        return &stats->wrong_way;
    if (is_cut(job))
        return &stats->cut;
    if (job->pkt->ttl <= 1) {
        job->family->error(job, FORWARD_EXPIRED, 0);
        return &stats->expired;
    }
    return NULL;
}

static uint64_t *pass(struct forward_job *job)
{
    struct tern_forward_stats *stats = &job->f->stats;
    struct tern_neighbour *n = NULL;
    enum tern_err err = tern_forward_way(job, &n);
    if (err == TERN_INVALID) {
        job->family->error(job, FORWARD_NO_ROUTE, 0);
        return &stats->no_route;
    }
    enum tern_forward_verdict verdict = judge(job);
    if (verdict == TERN_FORWARD_REJECT)
        job->family->error(job, FORWARD_PROHIBITED, 0);
    if (verdict != TERN_FORWARD_PASS)
        return verdict == TERN_FORWARD_REJECT ? &stats->rejected : &stats->denied;
    if (err == TERN_OK) {
        tern_forward_output(job, n->mac);
        return NULL;
    }
    if (err == TERN_AGAIN)
        return tern_forward_hold(job, n) ? NULL : &stats->waiting_full;
    job->family->error(job, FORWARD_NO_NEIGHBOUR, 0);
    return &stats->no_neighbour;
}

bool tern_forward_job_init(struct forward_job *job, struct tern_forward *f,
                           struct tern_net_packet *pkt)
{
    const struct tern_net_slot *slot = &f->net->networks[pkt->network];
    const struct tern_forward_family *family =
        f->config.ipv4 != NULL && slot->part == f->config.ipv4->part   ? f->config.ipv4
        : f->config.ipv6 != NULL && slot->part == f->config.ipv6->part ? f->config.ipv6
                                                                       : NULL;
    if (family == NULL)
        return false;
    *job = (struct forward_job){ .f = f, .family = family, .context = slot->context,
                                 .ip = family->ip(slot->context), .pkt = pkt,
                                 .total_len = pkt->l3_len + pkt->l4_len,
                                 .hdr_len = pkt->l3_len, .protocol = pkt->protocol };
    return true;
}

static int input(struct tern_net *net, struct tern_net_packet *pkt, bool to_group)
{
    struct tern_forward *f = net->forward_context;
    struct forward_job job;
    if (!tern_forward_job_init(&job, f, pkt))
        return NET_NOT_FORWARDED;
    pkt->multicast = false;
    if ((f->flags[pkt->link] & TERN_FORWARD_ANY_ADDRESS) != 0 && !to_group &&
        tern_net_network(net, pkt->network)->is_ours(net, job.context, &pkt->dst, 0xff,
                                                      false))
        return NET_IS_OURS;
    if ((f->flags[pkt->link] & job.family->flag) == 0 ||
        !job.family->is_used(job.context, pkt->link) ||
        job.family->scope(net, job.context, pkt) == FORWARD_BAD_DST)
        return NET_NOT_FORWARDED;
    pkt->transit = true;
    f->stats.in++;
    job.family->transport_find(&job);
    uint64_t *counter = refuse(&job, to_group);
    if (counter == NULL)
        counter = pass(&job);
    if (counter != NULL)
        ++*counter;
    return NET_FORWARDED;
}

/* ---- The part ------------------------------------------------------------- */

static enum tern_err forward_init(struct tern_net *net, void *context, uint8_t slot)
{
    struct tern_forward *f = context;
    tern_net_clear(f, sizeof *f, offsetof(struct tern_forward, config), sizeof f->config);
    f->net = net;
    f->slot = slot;
    tern_forward_held_init(f);
    net->forward = input;
    net->forward_context = f;
    return TERN_OK;
}

/* What transports are asked and this is never: nothing is delivered to it. */
static void no_input(struct tern_net *net, void *context, const struct tern_net_packet *pkt)
{
    (void)net;
    (void)context;
    (void)pkt;
}

static void no_error(struct tern_net *net, void *context, const struct tern_net_error *error)
{
    (void)net;
    (void)context;
    (void)error;
}

static void no_visit(struct tern_net *net, void *context, uint32_t index)
{
    (void)net;
    (void)context;
    (void)index;
}

static uint32_t *no_link(void *context, uint32_t index)
{
    struct tern_forward *f = context;
    (void)index;
    return &f->due_first;
}

static void nothing(struct tern_net *net, void *context)
{
    (void)net;
    (void)context;
}

static void no_address(struct tern_net *net, void *context, const struct tern_addr *addr)
{
    (void)net;
    (void)context;
    (void)addr;
}

static void no_change(struct tern_net *net, void *context, uint8_t link)
{
    (void)net;
    (void)context;
    (void)link;
}

static const struct tern_net_transport_ops ops = {
    .init = forward_init,
    .input = no_input,
    .error = no_error,
    .wake = tern_forward_wake,
    .visit = no_visit,
    .ready_link = no_link,
    .put_away = nothing,
    .send = tern_forward_held_run,
    .address_lost = no_address,
    .link_changed = no_change,
};

const struct tern_net_part tern_forward = {
    .name = "forward",
    .role = TERN_NET_TRANSPORT,
    .id = TERN_FORWARD_ID,
    .context_len = sizeof(struct tern_forward),
    .ops = &ops,
};

/* ---- For the application ----------------------------------------------------- */

static struct tern_forward *context_of(const struct tern_net *net)
{
    return tern_net_context(net, &tern_forward);
}

const struct tern_forward_stats *tern_forward_stats(const struct tern_net *net)
{
    const struct tern_forward *f = context_of(net);
    return f != NULL ? &f->stats : NULL;
}

/* IPv6 joins or leaves the group of all routers, as a family's flag comes or goes. */
static enum tern_err family_set(struct tern_forward *f, const struct tern_forward_family *family,
                                uint8_t link, unsigned was, unsigned flags)
{
    if (family == NULL || ((was ^ flags) & family->flag) == 0)
        return TERN_OK;
    void *context = tern_net_context(f->net, family->part);
    if (context == NULL)
        return TERN_UNSUPPORTED;
    return family->group != NULL ? family->group(context, link, (flags & family->flag) == 0)
                                 : TERN_OK;
}

enum tern_err tern_forward_link(struct tern_net *net, uint8_t link, unsigned flags)
{
    struct tern_forward *f = context_of(net);
    if (f == NULL)
        return TERN_UNSUPPORTED;
    if (link >= net->n_links || flags > 15 ||
        ((flags & TERN_FORWARD_IPV4) != 0 && f->config.ipv4 == NULL) ||
        ((flags & TERN_FORWARD_IPV6) != 0 && f->config.ipv6 == NULL))
        return TERN_INVALID;
    unsigned was = f->flags[link];
    enum tern_err err = family_set(f, f->config.ipv4, link, was, flags);
    if (err == TERN_OK)
        err = family_set(f, f->config.ipv6, link, was, flags);
    if (err != TERN_OK) {
        (void)family_set(f, f->config.ipv4, link, flags, was);
        return err;
    }
    f->flags[link] = (uint8_t)flags;
    net->any_address = false;
    net->routes_v6 = 0;
    for (uint8_t i = 0; i < net->n_links; i++) {
        net->any_address |= (f->flags[i] & TERN_FORWARD_ANY_ADDRESS) != 0;
        net->routes_v6 |= (uint8_t)((f->flags[i] & TERN_FORWARD_IPV6) != 0 ? 1u << i : 0);
    }
    tern_net_route_changed(net);    /* no way that was found before holds */
    return TERN_OK;
}

size_t tern_forward_size(void)
{
    return sizeof(struct tern_forward);
}
