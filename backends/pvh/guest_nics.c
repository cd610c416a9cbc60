/* SPDX-License-Identifier: ISC */
/*
 * Which network device is which link's, in a guest that has several links. Only their
 * backends' guest_links.c call this: no other image has it.
 */
#include <string.h>

#include "backends/pvh/guest.h"
#include "backends/pvh/pvh_internal.h"

static const char numbers[TERN_NET_LINKS][2] = { "0", "1", "2", "3" };

/* Of two with one address that is the first. NULL: there is none. */
PVH_BOOT
static struct guest_nic *nic_of(struct guest_nic *nics, size_t n,
                                const struct tern_host_settings *own)
{
    for (size_t i = 0; i < n; i++)
        if (nics[i].link == TERN_NET_LINKS &&
            (!own->has_nic || memcmp(nics[i].mac, own->nic, 6) == 0))
            return &nics[i];
    return NULL;
}

/* Those that are named first; then each link takes the next that nobody else names. */
PVH_BOOT
static size_t bind(struct guest_nic *nics, size_t n)
{
    size_t n_bound = 0;

    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < tern_host_links.n; k++) {
            const struct tern_host_settings *own = &tern_host_links.of[k];
            if (own->has_nic != (pass == 0))
                continue;
            struct guest_nic *nic = nic_of(nics, n, own);
            n_bound += nic != NULL;
            if (nic != NULL)
                nic->link = k;
            else if (!own->has_nic)
                pvh_logf("%s: net%u: there is no network device left for it\n", guest_backend,
                         (unsigned)k);
            else
                pvh_logf("%s: option nic%s: no network device has that address\n",
                         guest_backend, &numbers[k][k == 0]);
        }
    }
    return n_bound;
}

PVH_BOOT
void guest_nics_share(struct guest_nic *nics, size_t n, struct tern_host_settings *s)
{
    tern_host_links.of[0] = *s;
    if (tern_host_links.options != NULL &&
        tern_host_links_settle(&tern_host_links, tern_host_links.options, TERN_HOST_GUEST, s) !=
            TERN_OK)
        pvh_fail(PVH_STATUS_USAGE, "%s: %s\n", tern_appliance.name,
                 tern_host_links.options->error);
    for (size_t i = 0; i < n; i++)
        nics[i].link = TERN_NET_LINKS;
    size_t n_bound = bind(nics, n);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *mac = nics[i].mac;
        bool bound = nics[i].link < TERN_NET_LINKS;
        pvh_logf("%s: %02x:%02x:%02x:%02x:%02x:%02x, %s: %s%s\n", guest_backend, mac[0], mac[1],
                 mac[2], mac[3], mac[4], mac[5], nics[i].name, bound ? "net" : "not taken",
                 bound ? numbers[nics[i].link] : "");
    }
    if (n_bound < tern_host_links.n)
        pvh_fail(PVH_STATUS_SETUP, "%s: not each link has a network device\n", guest_backend);
}
