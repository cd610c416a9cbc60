/* SPDX-License-Identifier: ISC */
/*
 * The network devices of a guest of Xen that has several links: in the place of
 * guest_net.c, which is this file's other half, where an appliance's descriptor has
 * tern_host_links. xen.mk says how the linker comes to take the one or the other.
 */
#define GUEST_LINKS TERN_NET_LINKS
#include "guest_net.c"    /* fine: one source of two objects, which differ by GUEST_LINKS */

struct tern_host_links tern_host_links = TERN_HOST_LINKS;

PVH_BOOT
static void nics_choose(struct tern_host_settings *s)
{
    static struct guest_nic found[DEVICES_MAX];
    static const uint8_t none[6];
    size_t n = 0;

    for (uint32_t i = 0; i < DEVICES_MAX; i++) {
        struct guest_nic *nic = &found[n];
        if (!nic_read(i, nic->name, nic->mac))
            continue;
        if (memcmp(nic->mac, none, 6) != 0)
            n++;
        else
            pvh_logf("xen: %s has no address: not taken\n", nic->name);
    }
    guest_nics_share(found, n, s);
    for (size_t i = 0; i < n; i++)
        if (found[i].link < n_links())
            memcpy(nics[found[i].link].dir, found[i].name, sizeof nics->dir);
}
