/* SPDX-License-Identifier: ISC */
/*
 * Multicast control (xen/io/netif.h): the backend delivers frames to those
 * groups only that it has been told of, each by a request that sends nothing.
 *
 * It is asked for in the handshake, which every backend that offers it heeds; that
 * some would take the wish back at any time (feature-dynamic-multicast-control) is
 * not made use of. What the stack listens to is compared with what this backend has
 * been told, and the difference sent as there is room: what is over first, so that
 * the backend's list, which may be short (Linux has 64), is never longer than the
 * stack's. If it refuses one all the same, or the stack wants all, the only way to
 * hear them is a connection that does not filter: the device connects anew.
 */
#include "netfront.h"

#include <string.h>

bool netfront_filters(const struct netfront *nf)
{
    return nf->chooses && nf->stats.groups_refused == 0;
}

bool netfront_filter_over(struct netfront *nf)
{
    if (nf->state != NETFRONT_CONNECTED || !nf->peer.groups || netfront_filters(nf))
        return false;
    nf->peer.groups = false;
    return true;
}

/* It has a carrier: without one it may not look at the ring. */
bool netfront_groups_wait(const struct netfront *nf)
{
    return nf->link.up && !nf->suspended &&
           ((nf->peer.groups && nf->groups_due) || nf->n_groups_asked > 0);
}

static void forget(struct netfront *nf, unsigned i)
{
    nf->groups[i] = nf->groups[--nf->n_groups];
}

/* Tells the backend what it has not heard, as far as there is room. */
void netfront_groups_send(struct netfront *nf)
{
    if (!nf->groups_due || !netfront_groups_wait(nf) || !nf->peer.groups)
        return;
    for (unsigned join = 0; join < 2; join++) {
        for (unsigned i = nf->n_groups; i-- > 0;) {
            struct netfront_group *g = &nf->groups[i];
            if (g->told == g->wanted || g->wanted != join)
                continue;
            if (!netfront_tx_group(nf, g->mac, join)) {
                nf->link.ops->flush(&nf->link);
                return;
            }
            g->told = join;
            if (!join)
                forget(nf, i);
        }
    }
    nf->groups_due = false;
    nf->link.ops->flush(&nf->link);
}

/*
 * A backend that is new has heard of none. One that may be new, since it has not said
 * so, is told to forget what it may have heard: Linux keeps what it hears twice twice.
 */
void netfront_groups_begin(struct netfront *nf, bool is_new)
{
    for (unsigned i = nf->n_groups; i-- > 0;) {
        struct netfront_group *g = &nf->groups[i];
        if (is_new || (g->told && netfront_tx_group(nf, g->mac, false)))
            g->told = false;
        if (!g->told && !g->wanted)
            forget(nf, i);
    }
    nf->groups_due = true;
    netfront_groups_send(nf);
}

void netfront_groups_again(struct netfront *nf)
{
    if (nf->state == NETFRONT_CONNECTED && !nf->suspended && nf->peer.groups)
        netfront_groups_begin(nf, false);
}

/*
 * There is a place for each: the backend has been told of TERN_LINK_GROUPS at most,
 * since it hears of all that are over before it hears of another.
 */
void netfront_groups(struct tern_link *link, const uint8_t *macs, size_t n)
{
    struct netfront *nf = TERN_CONTAINER_OF(link, struct netfront, link);
    nf->chooses = macs != NULL && n <= TERN_LINK_GROUPS;
    if (!nf->chooses)
        return;
    for (unsigned i = nf->n_groups; i-- > 0;) {
        nf->groups[i].wanted = false;
        if (!nf->groups[i].told)
            forget(nf, i);
    }
    for (const uint8_t *mac = macs; n-- > 0; mac += 6) {
        unsigned i = 0;
        while (i < nf->n_groups && memcmp(nf->groups[i].mac, mac, 6) != 0)
            i++;
        if (i == nf->n_groups) {
            memcpy(nf->groups[i].mac, mac, 6);
            nf->groups[i].told = false;
            nf->n_groups++;
        }
        nf->groups[i].wanted = true;
    }
    nf->groups_due = true;
    netfront_groups_send(nf);
}
