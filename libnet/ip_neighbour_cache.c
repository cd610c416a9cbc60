/* SPDX-License-Identifier: ISC */
/*
 * The neighbour cache: a placed array with a keyed hash, an order of use and
 * FIFOs of deadlines, all by 16-bit index. What happens to an entry is
 * ip_neighbour.c's; here it is found, added, kept in order and given up.
 *
 * Invariant: an entry's generation changes whenever what a path has copied of
 * it ends: it can no longer be sent to, has another MAC, or a route has changed.
 */
#include "ip_internal.h"

#include <string.h>

#define INDEX_NONE 0    /* lists hold an index plus one */

static uint16_t index_of(const struct tern_ip *ip, const struct tern_neighbour *n)
{
    return (uint16_t)(n - ip->neighbours + 1);
}

static struct tern_neighbour *at(const struct tern_ip *ip, uint16_t index)
{
    return index != INDEX_NONE ? &ip->neighbours[index - 1] : NULL;
}

static uint16_t *bucket(struct tern_ip *ip, uint8_t link, const struct tern_addr *addr)
{
    uint64_t high = tern_load_le64(addr->octets), low = tern_load_le64(addr->octets + 8);
    return &ip->buckets[tern_siphash_3(ip->key, high, low, (uint64_t)link << 8 | 1) & 255];
}

void tern_neigh_cache_init(struct tern_ip *ip)
{
    memset(ip->neighbours, 0, ip->n_neighbours * sizeof *ip->neighbours);
    ip->generation = 1;
    for (size_t i = ip->n_neighbours; i-- > 0;) {
        struct tern_neighbour *n = &ip->neighbours[i];
        n->generation = 1;
        n->hash_next = ip->free_first;
        ip->free_first = (uint16_t)(i + 1);
    }
    ip->n_free = (uint16_t)ip->n_neighbours;
}

struct tern_neighbour *tern_neigh_find(struct tern_ip *ip, uint8_t link,
                                       const struct tern_addr *addr)
{
    struct tern_neighbour *n = at(ip, *bucket(ip, link, addr));
    while (n != NULL && (!tern_addr_equal(&n->addr, addr) || n->link != link))
        n = at(ip, n->hash_next);
    return n;
}

/* ---- The order of use: first is the next to give way -------------------- */

static void lru_leave(struct tern_ip *ip, struct tern_neighbour *n)
{
    struct tern_neighbour *prev = at(ip, n->lru_prev), *next = at(ip, n->lru_next);
    if (prev != NULL)
        prev->lru_next = n->lru_next;
    else
        ip->lru_first = n->lru_next;
    if (next != NULL)
        next->lru_prev = n->lru_prev;
    else
        ip->lru_last = n->lru_prev;
}

static void lru_join(struct tern_ip *ip, struct tern_neighbour *n)
{
    uint16_t index = index_of(ip, n);
    n->lru_next = INDEX_NONE;
    n->lru_prev = ip->lru_last;
    if (ip->lru_last != INDEX_NONE)
        at(ip, ip->lru_last)->lru_next = index;
    else
        ip->lru_first = index;
    ip->lru_last = index;
}

void tern_neigh_touch(struct tern_ip *ip, struct tern_neighbour *n)
{
    if (ip->lru_last == index_of(ip, n))
        return;
    lru_leave(ip, n);
    lru_join(ip, n);
}

/* ---- Deadlines ---------------------------------------------------------- */

/* What a router says of retries is its link's affair: each link's have a FIFO. */
static size_t fifo_of(const struct tern_neighbour *n)
{
    return n->state == NEIGH_DELAY ? TERN_NET_LINKS : n->link;
}

void tern_neigh_due_clear(struct tern_ip *ip, struct tern_neighbour *n)
{
    if (n->due_ns == 0)
        return;
    size_t fifo = fifo_of(n);
    struct tern_neighbour *prev = at(ip, n->due_prev), *next = at(ip, n->due_next);
    if (prev != NULL)
        prev->due_next = n->due_next;
    else
        ip->due_first[fifo] = n->due_next;
    if (next != NULL)
        next->due_prev = n->due_prev;
    else
        ip->due_last[fifo] = n->due_prev;
    n->due_ns = 0;
}

void tern_neigh_due_set(struct tern_ip *ip, struct tern_neighbour *n, uint64_t delay_ns)
{
    tern_neigh_due_clear(ip, n);
    size_t fifo = fifo_of(n);
    uint16_t index = index_of(ip, n);
    n->due_ns = ip->net->turn->now_ns + delay_ns;
    n->due_next = INDEX_NONE;
    n->due_prev = ip->due_last[fifo];
    struct tern_neighbour *last = at(ip, ip->due_last[fifo]);
    if (last == NULL) {
        ip->due_first[fifo] = index;
    } else {
        last->due_next = index;
        if (n->due_ns < last->due_ns)    /* a router has shortened the retries */
            n->due_ns = last->due_ns;
    }
    ip->due_last[fifo] = index;
    tern_ip_rearm(ip, n->due_ns);
}

struct tern_neighbour *tern_neigh_due_first(struct tern_ip *ip, size_t fifo)
{
    return at(ip, ip->due_first[fifo]);
}

/* ---- Adding and giving up ----------------------------------------------- */

void tern_neigh_remove(struct tern_ip *ip, struct tern_neighbour *n)
{
    tern_ip_held_drop(ip, n);
    tern_net_wake(ip->net, n->waiting, TERN_UNREACHABLE);
    lru_leave(ip, n);
    uint16_t *from = bucket(ip, n->link, &n->addr);
    while (*from != index_of(ip, n))
        from = &at(ip, *from)->hash_next;
    *from = n->hash_next;
    tern_neigh_state_set(ip, n, NEIGH_FREE);
    n->hash_next = ip->free_first;
    ip->free_first = index_of(ip, n);
    ip->n_free++;
}

/* One that nothing says is alive: it failed, or has long been neither heard nor used. */
static bool may_give_way(const struct tern_neighbour *n)
{
    return n->state == NEIGH_FAILED || n->state == NEIGH_STALE;
}

/* The entries looked at before giving up: work stays bounded with a full cache. */
#define LRU_LOOKS 16

static struct tern_neighbour *victim(struct tern_ip *ip)
{
    uint64_t now_ns = ip->net->turn->now_ns;
    struct tern_neighbour *n = at(ip, ip->lru_first);
    for (size_t i = 0; n != NULL && i < LRU_LOOKS; i++, n = at(ip, n->lru_next)) {
        if (may_give_way(n))
            return n;
        if (n->state == NEIGH_REACHABLE && now_ns >= n->check_ns &&
            now_ns - n->confirmed_ns >= ip->reachable_ns[n->link])
            return n;
    }
    /*
     * Questions that nobody may ever answer do not fill the cache. Those give way of
     * the link that has most: a scan of one ends no question about another's neighbour.
     */
    size_t n_incomplete = 0, most = 0;
    for (size_t link = 0; link < TERN_NET_LINKS; link++) {
        n_incomplete += ip->n_incomplete[link];
        if (ip->n_incomplete[link] > ip->n_incomplete[most])
            most = link;
    }
    if (n_incomplete > ip->n_neighbours / 2) {
        n = tern_neigh_due_first(ip, most);
        for (size_t i = 0; n != NULL && i < LRU_LOOKS; i++, n = at(ip, n->due_next))
            if (n->state == NEIGH_INCOMPLETE)
                return n;
    }
    return NULL;
}

struct tern_neighbour *tern_neigh_add(struct tern_ip *ip, uint8_t link,
                                      const struct tern_addr *addr, bool asked)
{
    /* A quarter of the cache stays for those whom we want to talk to. */
    if (!asked && ip->n_free <= ip->n_neighbours / 4)
        return NULL;
    if (ip->free_first == INDEX_NONE) {
        struct tern_neighbour *old = victim(ip);
        if (old == NULL)
            return NULL;
        tern_neigh_remove(ip, old);
    }
    struct tern_neighbour *n = at(ip, ip->free_first);
    /* fine: one is free now */
    ip->free_first = n->hash_next;
    ip->n_free--;
    uint32_t generation = ++ip->generation;
    *n = (struct tern_neighbour){ .addr = *addr, .generation = generation, .link = link,
                                       .state = NEIGH_INCOMPLETE };
    ip->n_incomplete[link]++;
    uint16_t *head = bucket(ip, link, addr);
    n->hash_next = *head;
    *head = index_of(ip, n);
    lru_join(ip, n);
    return n;
}

void tern_neigh_invalidate(struct tern_ip *ip)
{
    ip->generation++;
    for (size_t i = 0; i < ip->n_neighbours; i++)
        ip->neighbours[i].generation = ip->generation;
}
