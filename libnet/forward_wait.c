/* SPDX-License-Identifier: ISC */
/*
 * Packets that wait for a neighbour: whole, in blocks, a few a neighbour and
 * TERN_FORWARD_WAITING in all. Who is woken may stand inside the neighbour cache,
 * so packets only change lists there; they go on, or are answered, at the turn's
 * end.
 */
#include "forward_internal.h"

void tern_forward_held_init(struct tern_forward *f)
{
    for (uint32_t i = TERN_FORWARD_WAITING; i-- > 0;) {
        f->held[i].next = f->held_free;
        f->held_free = i + 1;
    }
}

/* Room for one more behind those that wait for n? *last is the link to set. */
static bool has_room(struct tern_forward *f, struct tern_neighbour *n, uint32_t **last)
{
    unsigned count = 0;
    for (*last = &n->waiting[f->slot]; **last != 0; *last = &f->held[**last - 1].next)
        count++;
    return f->held_free != 0 && count < f->net->max_waiting_per_neighbour;
}

bool tern_forward_hold(struct forward_job *job, struct tern_neighbour *n)
{
    struct tern_forward *f = job->f;
    const struct tern_net_packet *pkt = job->pkt;
    struct tern_block *block = NULL;
    uint32_t *last;
    if (pkt->rx->gso == TERN_GSO_NONE && job->total_len <= f->net->blocks->data_cap &&
        has_room(f, n, &last))
        block = tern_block_take(f->net->blocks);
    if (block == NULL)
        return false;
    tern_rx_copy(pkt->rx, pkt->l4_off - pkt->l3_len, block->data, job->total_len);
    struct tern_forward_held *h = &f->held[f->held_free - 1];
    *last = f->held_free;
    f->held_free = h->next;
    *h = (struct tern_forward_held){ .block = block, .src = pkt->src, .dst = pkt->dst,
                                     .len = (uint16_t)job->total_len,
                                     .l3_len = (uint16_t)pkt->l3_len, .in_link = pkt->link,
                                     .network = pkt->network, .protocol = pkt->protocol,
                                     .csum = pkt->rx->csum };
    f->stats.waiting++;
    return true;
}

void tern_forward_wake(struct tern_net *net, void *context, uint32_t *list, enum tern_err why)
{
    struct tern_forward *f = context;
    uint32_t first = *list;
    *list = 0;
    for (uint32_t at = first; at != 0; at = f->held[at - 1].next) {
        f->held[at - 1].failed = why != TERN_OK;
        if (f->held[at - 1].next == 0) {
            *(f->due_first == 0 ? &f->due_first : &f->held[f->due_last - 1].next) = first;
            f->due_last = at;
            break;
        }
    }
    tern_net_worked(net);
}

/* The way is looked up anew: the route may be another by now. */
static void go_on(struct tern_forward *f, const struct tern_forward_held *h,
                  struct tern_net_packet *pkt)
{
    struct forward_job job;
    struct tern_neighbour *n = NULL;
    if (!tern_forward_job_init(&job, f, pkt))
        return;
    job.family->transport_find(&job);
    if (!h->failed && tern_forward_way(&job, &n) == TERN_OK) {
        tern_forward_output(&job, n->mac);
        return;
    }
    f->stats.no_neighbour++;
    job.family->error(&job, FORWARD_NO_NEIGHBOUR, 0);
}

void tern_forward_held_run(struct tern_net *net, void *context)
{
    struct tern_forward *f = context;
    /* Each is served once: what waits anew is refused. */
    while (f->due_first != 0) {
        uint32_t at = f->due_first;
        struct tern_forward_held h = f->held[at - 1];
        uint8_t *l3 = h.block->data;
        struct tern_span span = { .data = l3, .len = h.len };
        struct tern_rx rx = { .spans = &span, .n_spans = 1, .csum = h.csum };
        struct tern_net_packet pkt = { .rx = &rx, .src = h.src, .dst = h.dst,
                                       .l3 = l3, .l3_len = h.l3_len,
                                       .l4 = l3 + h.l3_len, .l4_off = h.l3_len,
                                       .l4_len = (size_t)h.len - h.l3_len,
                                       .l4_contig = (size_t)h.len - h.l3_len,
                                       .network = h.network, .link = h.in_link,
                                       .protocol = h.protocol, .transit = true };
        f->due_first = h.next;
        f->stats.waiting--;
        go_on(f, &h, &pkt);
        tern_block_give(net->blocks, h.block);
        f->held[at - 1] = (struct tern_forward_held){ .next = f->held_free };
        f->held_free = at;
    }
}
