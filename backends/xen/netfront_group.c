/* SPDX-License-Identifier: ISC */
/*
 * Multicast control (xen/io/netif.h): the backend delivers frames to those
 * groups only that it has been told of. The driver remembers them and tells
 * each backend anew.
 */
#include "netfront.h"

#include <string.h>

static uint16_t find(const struct netfront *nf, const uint8_t group[6])
{
    uint16_t i = 0;
    while (i < nf->n_groups && memcmp(nf->groups[i], group, 6) != 0)
        i++;
    return i;
}

static bool is_spoken_to(const struct netfront *nf)
{
    return nf->state == NETFRONT_CONNECTED && !nf->suspended && nf->config.filter &&
           nf->peer.groups;
}

bool netfront_groups_wait(const struct netfront *nf)
{
    return is_spoken_to(nf) && nf->n_groups_sent < nf->n_groups;
}

/* Tells the backend of the groups that it has not heard of, as far as there is room. */
void netfront_groups_send(struct netfront *nf)
{
    if (!netfront_groups_wait(nf))
        return;
    while (nf->n_groups_sent < nf->n_groups &&
           netfront_tx_group(nf, nf->groups[nf->n_groups_sent], true))
        nf->n_groups_sent++;
    nf->link.ops->flush(&nf->link);
}

enum tern_err netfront_join(struct netfront *nf, const uint8_t group[6])
{
    if ((group[0] & 1) == 0)
        return TERN_INVALID;
    if (find(nf, group) < nf->n_groups)
        return TERN_OK;
    if (nf->n_groups == NETFRONT_GROUPS)
        return TERN_FULL;
    memcpy(nf->groups[nf->n_groups++], group, 6);
    netfront_groups_send(nf);
    return TERN_OK;
}

/*
 * Without room the backend is not told: it delivers some frames too many until
 * it is another.
 */
enum tern_err netfront_leave(struct netfront *nf, const uint8_t group[6])
{
    uint16_t i = find(nf, group);
    if (i == nf->n_groups)
        return TERN_INVALID;
    bool sent = i < nf->n_groups_sent;
    if (sent && is_spoken_to(nf) && netfront_tx_group(nf, group, false))
        nf->link.ops->flush(&nf->link);
    memmove(nf->groups[i], nf->groups[i + 1], (size_t)(nf->n_groups - i - 1) * 6);
    nf->n_groups--;
    nf->n_groups_sent -= sent;
    return TERN_OK;
}
