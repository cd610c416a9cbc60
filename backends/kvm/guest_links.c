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

/* A machine's network device of use. */
struct nic {
    char name[sizeof devs->name_text];
    uint8_t mac[6];
    size_t at;        /* its place, for virtio_pvh_find */
    size_t link;      /* whose it is; GUEST_LINKS: nobody's */
};

/* Lists all devices and leaves each reset and switched off. */
PVH_BOOT
static size_t nics_find(struct nic nics[NICS_MAX])
{
    size_t at = 0, n = 0;
    while (n < NICS_MAX && virtio_pvh_find(VIRTIO_TYPE_NET, &at, devs) == TERN_OK) {
        struct nic *nic = &nics[n];
        *nic = (struct nic){ .at = at - 1, .link = GUEST_LINKS };
        for (size_t i = 0; i + 1 < sizeof nic->name && devs->name[i] != '\0'; i++)
            nic->name[i] = devs->name[i];
        n += virtio_net_address(devs, nic->mac) == TERN_OK;
        virtio_pvh_leave(at);
    }
    return n;
}

/* Of two with one address that is the first. NULL: there is none. */
PVH_BOOT
static struct nic *nic_of(struct nic *nics, size_t n, const struct tern_host_settings *own)
{
    for (size_t i = 0; i < n; i++)
        if (nics[i].link == GUEST_LINKS &&
            (!own->has_nic || memcmp(nics[i].mac, own->nic, 6) == 0))
            return &nics[i];
    return NULL;
}

static const char numbers[GUEST_LINKS][2] = { "0", "1", "2", "3" };

/* Those that are named first; then each link takes the next that nobody else names. */
PVH_BOOT
static void nics_share(struct nic *nics, size_t n)
{
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < n_links(); k++) {
            const struct tern_host_settings *own = &tern_host_links.of[k];
            if (own->has_nic != (pass == 0))
                continue;
            struct nic *nic = nic_of(nics, n, own);
            if (nic != NULL)
                nic->link = k;
            else if (!own->has_nic)
                pvh_logf("kvm: net%u: there is no network device left for it\n", (unsigned)k);
            else
                pvh_logf("kvm: option nic%s: no network device has that address\n",
                         &numbers[k][k == 0]);
        }
    }
}

PVH_BOOT
static void nics_choose(struct tern_host_settings *s)
{
    static struct nic nics[NICS_MAX];
    size_t n = nics_find(nics), n_taken = 0;

    tern_host_links.of[0] = *s;
    if (tern_host_links.options != NULL &&
        tern_host_links_settle(&tern_host_links, tern_host_links.options, TERN_HOST_GUEST, s) !=
            TERN_OK)
        pvh_fail(PVH_STATUS_USAGE, "%s: %s\n", tern_appliance.name,
                 tern_host_links.options->error);
    nics_share(nics, n);
    for (size_t i = 0; i < n; i++) {
        const struct nic *nic = &nics[i];
        const uint8_t *mac = nic->mac;
        size_t at = nic->at, k = nic->link;
        bool good = k < n_links() && virtio_pvh_find(VIRTIO_TYPE_NET, &at, &devs[k]) == TERN_OK;
        n_taken += good;
        pvh_logf("kvm: %02x:%02x:%02x:%02x:%02x:%02x, %s: %s%s\n", mac[0], mac[1], mac[2], mac[3],
                 mac[4], mac[5], nic->name, good ? "net" : "not taken", good ? numbers[k] : "");
    }
    if (n_taken < n_links())
        pvh_fail(PVH_STATUS_SETUP, "kvm: not each link has a network device\n");
}
