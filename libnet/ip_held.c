/* SPDX-License-Identifier: ISC */
/*
 * Datagrams that wait for a neighbour's answer (RFC 1122 section 2.3.2.2,
 * RFC 4861 section 7.2.2): each copied to a block of its neighbour's list, a
 * few a neighbour and a stated number in all.
 */
#include "ip_internal.h"

#include <string.h>

/* What stands at the head of a block that holds one. */
struct held {
    struct tern_addr src, dst;
    uint16_t scope;
    uint8_t protocol, ttl, tos;
    bool dont_fragment;
};

enum tern_err tern_ip_hold(struct tern_ip *ip, struct tern_neighbour *n,
                           const struct tern_net_out *out, const struct tern_span parts[2])
{
    struct tern_net *net = ip->net;
    struct tern_block *block = NULL;
    size_t l4_len = parts[0].len + parts[1].len;
    if (n->n_held < net->max_waiting_per_neighbour && net->n_waiting < net->max_waiting &&
        net->blocks->data_cap >= sizeof(struct held) &&
        l4_len <= net->blocks->data_cap - sizeof(struct held))
        block = tern_block_take(net->blocks);
    if (block == NULL) {
        ip->stats->out_waiting_full++;
        return TERN_AGAIN;
    }
    struct held held = { .src = *out->src,
                         .dst = *out->dst,
                         .scope = out->scope,
                         .protocol = out->protocol,
                         .ttl = out->ttl,
                         .tos = out->tos,
                         .dont_fragment = out->dont_fragment };
    memcpy(block->data, &held, sizeof held);
    tern_ip_parts_copy(block->data + sizeof held, parts, 0, l4_len);
    block->off = (uint32_t)sizeof held;
    block->len = (uint32_t)l4_len;
    if (n->held_first == NULL)
        n->held_first = block;
    else
        n->held_last->next = block;
    n->held_last = block;
    n->n_held++;
    net->n_waiting++;
    return TERN_OK;
}

static struct tern_block *held_take(struct tern_net *net, struct tern_neighbour *n)
{
    struct tern_block *block = n->held_first;
    if (block == NULL)
        return NULL;
    n->held_first = block->next;
    n->n_held--;
    net->n_waiting--;
    return block;
}

void tern_ip_held_send(struct tern_ip *ip, struct tern_neighbour *n)
{
    struct tern_net *net = ip->net;
    struct tern_block *block;
    while ((block = held_take(net, n)) != NULL) {
        struct held held;
        memcpy(&held, block->data, sizeof held);
        struct tern_net_path path = { 0 };
        struct tern_net_out out = { .src = &held.src,
                                    .dst = &held.dst,
                                    .path = &path,
                                    .scope = held.scope,
                                    .protocol = held.protocol,
                                    .ttl = held.ttl,
                                    .tos = held.tos,
                                    .dont_fragment = held.dont_fragment,
                                    .transport = 0xff };
        /* What fails now has been counted there. */
        (void)tern_ip_send(ip, &out, block->data + block->off, block->len);
        tern_block_give(net->blocks, block);
    }
}

void tern_ip_held_drop(struct tern_ip *ip, struct tern_neighbour *n)
{
    struct tern_block *block;
    while ((block = held_take(ip->net, n)) != NULL) {
        ip->stats->out_no_neighbour++;
        tern_block_give(ip->net->blocks, block);
    }
}
