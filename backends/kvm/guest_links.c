/* SPDX-License-Identifier: ISC */
/*
 * The network devices of a guest that has several links: in the place of guest_net.c,
 * which is this file's other half, where an appliance's descriptor has tern_host_links.
 * local.mk says how the linker comes to take the one or the other.
 *
 * Compiled without SSE, as that is.
 */
#define GUEST_LINKS TERN_NET_LINKS
#include "guest_net.c"    /* fine: one source of two objects, which differ by GUEST_LINKS */

struct tern_host_links tern_host_links = TERN_HOST_LINKS;

enum { NICS_MAX = 16 };

/* Lists all devices and leaves each reset and switched off. */
PVH_BOOT
static size_t nics_find(struct guest_nic nics[NICS_MAX])
{
    size_t at = 0, n = 0;
    while (n < NICS_MAX && virtio_pvh_find(VIRTIO_TYPE_NET, &at, devs) == TERN_OK) {
        struct guest_nic *nic = &nics[n];
        *nic = (struct guest_nic){ .at = at - 1 };
        for (size_t i = 0; i + 1 < sizeof nic->name && devs->name[i] != '\0'; i++)
            nic->name[i] = devs->name[i];
        n += virtio_net_address(devs, nic->mac) == TERN_OK;
        virtio_pvh_leave(at);
    }
    return n;
}

PVH_BOOT
static void nics_choose(struct tern_host_settings *s)
{
    static struct guest_nic nics[NICS_MAX];
    size_t n = nics_find(nics);

    guest_nics_share(nics, n, s);
    for (size_t i = 0; i < n; i++) {
        size_t at = nics[i].at, k = nics[i].link;
        if (k < n_links() && virtio_pvh_find(VIRTIO_TYPE_NET, &at, &devs[k]) != TERN_OK)
            pvh_fail(PVH_STATUS_SETUP, "kvm: %s is there no more\n", nics[i].name);
    }
}
