/* SPDX-License-Identifier: ISC */
/*
 * The network device of a guest of KVM-type hypervisors: which of them, its
 * interrupt, and its place in the loop.
 *
 * Compiled without SSE: an interrupt handler stands here.
 */
#include <string.h>

#include "backends/pvh/guest.h"
#include "backends/pvh/pvh_internal.h"
#include "virtio_net.h"
#include "virtio_pvh.h"

enum { PENDING_NET = 1u << 1 };    /* beside PVH_DRAIN */

const char guest_backend[] = "kvm";

/* How many links there are at most: guest_links.c has more. */
#ifndef GUEST_LINKS
#define GUEST_LINKS 1
#endif

static struct virtio_dev devs[GUEST_LINKS];
static struct virtio_net nets[GUEST_LINKS];

static size_t n_links(void)
{
    return GUEST_LINKS == 1 ? 1 : tern_host_links.n;
}

static void arrived(void *arg)
{
    (void)arg;
    pvh_pending_set(PENDING_NET);
}

/* guest_links.c has another one. */
static void nics_choose(struct tern_host_settings *s);

#if GUEST_LINKS == 1
/*
 * Lists all network devices and leaves each reset and switched off, then takes the
 * first or the one that nic= names. Of two with its address that is the first.
 */
PVH_BOOT
static void nics_choose(struct tern_host_settings *s)
{
    size_t at = 0, taken = SIZE_MAX;
    uint8_t first[6];    /* of the one that is taken */
    unsigned n = 0;
    while (virtio_pvh_find(VIRTIO_TYPE_NET, &at, devs) == TERN_OK) {
        uint8_t mac[6];
        bool good = virtio_net_address(devs, mac) == TERN_OK;
        bool twin = taken != SIZE_MAX && memcmp(mac, first, 6) == 0;
        good = good && taken == SIZE_MAX && (!s->has_nic || memcmp(mac, s->nic, 6) == 0);
        if (good) {
            taken = at - 1;
            memcpy(first, mac, sizeof first);
        }
        virtio_pvh_leave(at);
        pvh_logf("kvm: net%u, %02x:%02x:%02x:%02x:%02x:%02x, %s%s\n", n++, mac[0], mac[1],
                 mac[2], mac[3], mac[4], mac[5], devs->name,
                 good ? ": taken" : twin ? ": the same address again" : "");
    }
    if (virtio_pvh_find(VIRTIO_TYPE_NET, &taken, devs) != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP,
                 s->has_nic ? "kvm: option nic: no network device has that address\n"
                            : "kvm: the machine has no virtio network device of use\n");
}
#endif

PVH_BOOT
struct tern_link *guest_net_start(struct tern_host_settings *s)
{
    nics_choose(s);
    for (size_t i = 0; i < n_links(); i++) {
        const struct tern_host_settings *own = GUEST_LINKS == 1 ? s : &tern_host_links.of[i];
        struct virtio_net_config config = virtio_net_config_for(pvh_mem_total() / n_links());
        devs[i].interrupt = arrived;
        if (own->has_mac)
            memcpy(config.mac, own->mac, sizeof config.mac);
        enum tern_err err = virtio_net_init(&nets[i], &devs[i], &config);
        if (err != TERN_OK)
            pvh_fail(PVH_STATUS_SETUP, "kvm: the network device: %s\n", tern_err_text(err));
        if (GUEST_LINKS > 1)
            tern_host_links.link[i] = &nets[i].link;
    }
    return &nets[0].link;
}

bool guest_net_poll(uint64_t now_ns, uint64_t *deadline_ns)
{
    bool turned = false;
    for (size_t i = 0; i < n_links(); i++)
        turned = virtio_net_poll(&nets[i], now_ns, deadline_ns) || turned;
    return turned;
}

uint64_t guest_net_until(uint64_t now_ns, uint64_t deadline_ns)
{
    for (size_t i = 0; i < n_links(); i++) {
        if (!virtio_net_idle(&nets[i]))
            return now_ns;
        uint64_t due_ns = virtio_net_due(&nets[i]);
        if (!devs[i].has_irq && due_ns > now_ns + VIRTIO_POLL_NS)
            due_ns = now_ns + VIRTIO_POLL_NS;
        if (due_ns < deadline_ns)
            deadline_ns = due_ns;
    }
    return deadline_ns;
}

void guest_started(struct tern_net_host *host)
{
    (void)host;
}

/* ---- What it counts ---- */

#define VIRTIO_METRICS(X, T)                                                                  \
    X(T, rx_frames, TERN_COUNTER("in_frames", ""))                                            \
    X(T, rx_octets, TERN_COUNTER("in_bytes", ""))                                             \
    X(T, rx_batches, TERN_COUNTER("in_batches", ""))                                          \
    X(T, rx_runt, TERN_COUNTER_REASON("in_drops", "runt", ""))                                \
    X(T, rx_bad_header, TERN_METRIC_ALSO("bad_header"))                                       \
    X(T, tx_frames, TERN_COUNTER("out_frames", ""))                                           \
    X(T, tx_octets, TERN_COUNTER("out_bytes", ""))                                            \
    X(T, tx_full, TERN_COUNTER("out_waits", "Slots there were not: sent later"))              \
    X(T, tx_stale, TERN_COUNTER_REASON("out_drops", "stale", ""))                             \
    X(T, changes, TERN_COUNTER("changes", "Changes of carrier or MTU"))                       \
    X(T, restarts, TERN_COUNTER("restarts", "Times the device was begun anew"))               \
    X(T, ctrl_done, TERN_COUNTER_BY("commands", "result", "done", ""))                        \
    X(T, ctrl_refused, TERN_METRIC_ALSO("refused"))

#define BREACH_METRICS(X, T)                                                                  \
    X(T, VIRTIO_BREACH_USED_IDX, TERN_COUNTER_REASON("breaches", "used_idx",                  \
                                                 "Rules the device broke: it is stopped"))    \
    X(T, VIRTIO_BREACH_ID, TERN_METRIC_ALSO("id"))                                            \
    X(T, VIRTIO_BREACH_NOT_IN_FLIGHT, TERN_METRIC_ALSO("not_in_flight"))                      \
    X(T, VIRTIO_BREACH_LEN, TERN_METRIC_ALSO("len"))                                          \
    X(T, VIRTIO_BREACH_SHORT, TERN_METRIC_ALSO("short"))                                      \
    X(T, VIRTIO_BREACH_NUM_BUFFERS, TERN_METRIC_ALSO("num_buffers"))                          \
    X(T, VIRTIO_BREACH_TOO_LONG, TERN_METRIC_ALSO("too_long"))

TERN_METRICS_TABLE(VIRTIO_METRICS, virtio_net_stats, sizeof(struct virtio_net_stats), "virtio");
TERN_METRICS_ARRAY(BREACH_METRICS, breaches, VIRTIO_BREACH_COUNT, "virtio");

bool guest_net_metrics(size_t i, struct tern_metrics *set)
{
    if (i > 2 * n_links() - 1)
        return false;
    const struct virtio_net *net = &nets[GUEST_LINKS == 1 ? 0 : i / 2];
    /* A name comes once: what has others is other names. */
    if (GUEST_LINKS > 1 && n_links() > 1)
        set->area = tern_host_links.names[i / 2];
    set->labels[0].name = NULL;
    set->text = i % 2 == 0 ? virtio_net_stats_text : breaches_text;
    set->values = i % 2 == 0 ? (const void *)&net->stats : net->dev->breaches;
    return true;
}
