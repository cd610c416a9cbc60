/* SPDX-License-Identifier: ISC */
/*
 * The groups that are listened to on a link, as multicast MAC addresses: what a
 * device that filters has to let pass.
 *
 * Several groups of IPv4 share an address (RFC 1112 section 6.4), and so do
 * those of several endpoints: users are counted. Who finds no place in the table
 * is counted too; as long as there is one, the link delivers all groups, so
 * nobody is ever deaf.
 */
#include "eth_wire.h"
#include "net_internal.h"

TERN_COLD
void tern_net_groups_tell(struct tern_net *net, uint8_t link)
{
    struct tern_net_link *own = &net->links[link];
    if (own->link->ops->groups != NULL)
        own->link->ops->groups(own->link, own->n_groups_more == 0 ? own->groups[0] : NULL,
                               own->n_groups);
}

/*
 * Who leaves a group that has a place gives up that one, whichever way it came: so
 * it can be that all is heard for longer than it need be, and never for too short.
 */
TERN_COLD
void tern_net_group_join(struct tern_net *net, uint8_t link, const uint8_t mac[6], bool leave)
{
    struct tern_net_link *own = &net->links[link];
    uint32_t i = 0, change = leave ? UINT32_MAX : 1;
    while (i < own->n_groups && !eth_equal(own->groups[i], mac))
        i++;
    if (i < own->n_groups) {
        own->group_users[i] += change;
        if (own->group_users[i] > 0)
            return;
        own->n_groups--;
        eth_copy(own->groups[i], own->groups[own->n_groups]);
        own->group_users[i] = own->group_users[own->n_groups];
    } else if (!leave && i < TERN_LINK_GROUPS) {
        own->n_groups++;
        eth_copy(own->groups[i], mac);
        own->group_users[i] = 1;
    } else {
        own->n_groups_more += change;
    }
    tern_net_groups_tell(net, link);
}
