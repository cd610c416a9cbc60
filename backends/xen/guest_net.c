/* SPDX-License-Identifier: ISC */
/*
 * The network device of a guest of Xen, and its place in the loop; what the
 * toolstack wants (docs/misc/xenstore-paths.pandoc of Xen, "control/shutdown"):
 * the end, a new start, a suspend; and what a person types on the console.
 *
 * A device or a store that has broken a rule is left alone for a while, then
 * begun with anew, each time after twice as long; so is a device that could not be
 * agreed on.
 */
#include <string.h>

#include "xen_public.h"
#include <xen/hvm/params.h>

#include "backends/pvh/guest.h"
#include "backends/pvh/pvh_internal.h"
#include "backends/pvh/retry.h"
#include "machine.h"
#include "netfront_bus.h"

enum { DEVICES_MAX = 16, GRANT_FRAMES = 1 /* a link's */, CTRL_C = 3 };

const char guest_backend[] = "xen";

/* How many links there are at most: guest_links.c has more. */
#ifndef GUEST_LINKS
#define GUEST_LINKS 1
#endif

static struct nic {
    struct netfront net;
    struct netfront_bus bus;
    struct pvh_retry retry;
    char dir[sizeof "device/vif/4294967295"];
} nics[GUEST_LINKS];

static struct {
    struct gnttab grants;
    struct xenstore store;
    uint64_t store_due_ns;
    struct pvh_retry store_retry;
    struct xenstore_watch wish;
    struct xenstore_request wish_read, wish_answer, features[3];
    bool wish_again, suspend;
    struct tern_net_host *host;
} xen;

static size_t n_links(void)
{
    return GUEST_LINKS == 1 ? 1 : tern_host_links.n;
}

/* ---- The start ---- */

static struct {
    enum tern_err err;
    bool done;
    uint8_t data[XENSTORE_VALUE_CAP];
    size_t len;
} answer;

static void answered(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    (void)r;
    answer.done = true;
    answer.err = err == TERN_OK && len > sizeof answer.data ? TERN_INVALID : err;
    answer.len = answer.err == TERN_OK ? len : 0;
    if (answer.len > 0)
        memcpy(answer.data, data, len);
}

/* The value of a key; waits for it, at most XENSTORE_TIMEOUT_NS. */
TERN_COLD
static enum tern_err ask(const char *path)
{
    static struct xenstore_request request;
    request.done = answered;
    answer.done = false;
    enum tern_err err = xenstore_read(&xen.store, &request, XENSTORE_NO_TX, path);
    while (err == TERN_OK && !answer.done) {
        if (xen.store.state == XENSTORE_BROKEN)
            return TERN_ABORTED;
        uint64_t now_ns = pvh_now_ns();
        uint64_t due_ns = xenstore_poll(&xen.store, now_ns);
        if (!answer.done && due_ns > now_ns && xenstore_idle(&xen.store))
            pvh_wait(due_ns);
    }
    return err == TERN_OK ? answer.err : err;
}

/*
 * Of device number i its directory, and its address: zeros if that is none. False:
 * there is no such device.
 */
PVH_BOOT
static bool nic_read(uint32_t i, char dir[sizeof nics->dir], uint8_t mac[6])
{
    char number[11], path[XENSTORE_PATH_CAP];
    xenstore_text(number, sizeof number, i);
    xenstore_join(dir, sizeof nics->dir, "device/vif", number);
    xenstore_join(path, sizeof path, dir, "mac");
    enum tern_err err = ask(path);
    if (err == TERN_UNREACHABLE)
        return false;
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "xen: the store: %s: %s\n", path, tern_err_text(err));
    if (!xenstore_mac(answer.data, answer.len, mac))
        memset(mac, 0, 6);
    return true;
}

/* guest_links.c has another one. */
static void nics_choose(struct tern_host_settings *s);

#if GUEST_LINKS == 1
/* Lists all devices and takes the first, or the one that nic= names. */
PVH_BOOT
static void nics_choose(struct tern_host_settings *s)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < DEVICES_MAX; i++) {
        char dir[sizeof nics->dir];
        uint8_t mac[6];
        if (!nic_read(i, dir, mac))
            continue;
        bool good = nics->dir[0] == '\0' && memcmp(mac, (uint8_t[6]){ 0 }, 6) != 0 &&
                    (!s->has_nic || memcmp(mac, s->nic, 6) == 0);
        pvh_logf("xen: net%u, %02x:%02x:%02x:%02x:%02x:%02x, %s%s\n", n++, mac[0], mac[1],
                 mac[2], mac[3], mac[4], mac[5], dir, good ? ": taken" : "");
        if (good)
            memcpy(nics->dir, dir, sizeof dir);
    }
    if (nics->dir[0] == '\0')
        pvh_fail(PVH_STATUS_SETUP, s->has_nic
                                       ? "xen: option nic: no network device has that address\n"
                                       : "xen: the domain has no network device (vif)\n");
}
#endif

PVH_BOOT
static void store_start(void)
{
    void *page = xen_machine_page(HVM_PARAM_STORE_PFN);
    uint32_t port = (uint32_t)xen_machine_param(HVM_PARAM_STORE_EVTCHN);
    if (page == NULL || port == 0)
        pvh_fail(PVH_STATUS_SETUP, "xen: the domain has no store\n");
    xen_machine_listen(port);
    xenstore_init(&xen.store, &xen_machine_env, page, port);
}

PVH_BOOT
struct tern_link *guest_net_start(struct tern_host_settings *settings)
{
    store_start();
    nics_choose(settings);
    uint32_t n_frames = (uint32_t)n_links() * GRANT_FRAMES;
    void *table = xen_machine_grants(&n_frames);
    enum tern_err err = TERN_FULL;
    if (table != NULL)
        err = gnttab_init(&xen.grants, &xen_machine_env, table,
                          n_frames * (XEN_PAGE_LEN / (uint32_t)sizeof(struct grant_entry_v1)));
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "xen: the grant table: %s\n", tern_err_text(err));
    for (size_t i = 0; i < n_links(); i++) {
        const struct tern_host_settings *own = GUEST_LINKS == 1 ? settings
                                                                : &tern_host_links.of[i];
        struct netfront_config config = netfront_config_for(pvh_mem_total() / n_links());
        if (own->has_mac)
            memcpy(config.mac, own->mac, sizeof config.mac);
        err = netfront_init(&nics[i].net, &xen_machine_env, &xen.grants, &config);
        if (err != TERN_OK)
            pvh_fail(PVH_STATUS_SETUP, "xen: the network device: %s\n", tern_err_text(err));
        if (GUEST_LINKS > 1)
            tern_host_links.link[i] = &nics[i].net.link;
        /* The name is there when the host has begun. */
        if (GUEST_LINKS > 1 && n_links() > 1)
            nics[i].net.link.name = tern_host_links.names[i];
    }
    return &nics->net.link;
}

/* ---- What the toolstack wants ---- */

static void wish_look(void)
{
    xen.wish_again = xenstore_read(&xen.store, &xen.wish_read, XENSTORE_NO_TX,
                                   "control/shutdown") != TERN_OK;
}

static void wish_fired(struct xenstore_watch *w)
{
    (void)w;
    wish_look();
}

static bool is(const uint8_t *data, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(data, text, len) == 0;
}

/* The key is emptied: who wrote it waits for that. */
static void wish_came(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                      size_t len)
{
    (void)r;
    if (xen.wish_again)
        wish_look();
    if (err != TERN_OK || len == 0)
        return;
    if (is(data, len, "suspend"))
        xen.suspend = true;
    else if (is(data, len, "reboot"))
        xen_machine_reboots();
    if (is(data, len, "poweroff") || is(data, len, "halt") || is(data, len, "reboot"))
        pvh_pending_set(PVH_DRAIN);
    else if (!xen.suspend)
        pvh_logf("xen: control/shutdown: a wish that is not known here\n");
    (void)xenstore_write(&xen.store, &xen.wish_answer, XENSTORE_NO_TX, "control/shutdown", "");
}

/* Nothing depends on it: older toolstacks do not let a guest write these. */
static void ignored(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    (void)r;
    (void)err;
    (void)data;
    (void)len;
}

static void features_say(void)
{
    static const char *const keys[] = {
        "control/feature-poweroff", "control/feature-reboot", "control/feature-suspend",
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        xen.features[i].done = ignored;
        (void)xenstore_write(&xen.store, &xen.features[i], XENSTORE_NO_TX, keys[i], "1");
    }
}

/* Xen's idea of the wall may change, and does in another life. */
static uint64_t wall_offset(struct tern_host_core *core)
{
    int64_t offset_ns;
    (void)core;
    return pvh_wall_offset_ns(&offset_ns) ? (uint64_t)offset_ns : 0;
}

void guest_started(struct tern_net_host *host)
{
    xen.host = host;
    host->core.wall_offset = wall_offset;
    for (struct nic *nic = nics; nic < nics + n_links(); nic++)
        netfront_bus_init(&nic->bus, &nic->net, &xen.store, nic->dir);
    xen.wish.fired = wish_fired;
    xen.wish_read.done = wish_came;
    xen.wish_answer.done = ignored;
    (void)xenstore_watch_set(&xen.store, &xen.wish, "control/shutdown");
    features_say();
}

static void typed_look(uint64_t now_ns)
{
    char typed[64];
    size_t n = xen_machine_typed(typed, sizeof typed, now_ns);
    for (size_t i = 0; i < n; i++) {
        if (typed[i] == CTRL_C)
            pvh_pending_set(PVH_DRAIN);
    }
}

/* ---- Another life ---- */

/*
 * Nothing is under way with the store. In a restored domain all grants and
 * channels are void, and there may be another copy of this memory: what is random
 * must be so anew.
 */
static void suspend(void)
{
    xen.suspend = false;
    for (struct nic *nic = nics; nic < nics + n_links(); nic++)
        netfront_suspend(&nic->net);
    pvh_log_flush();
    if (xen_machine_suspend()) {
        pvh_logf("xen: the suspend was cancelled\n");
        for (struct nic *nic = nics; nic < nics + n_links(); nic++)
            netfront_resume(&nic->net, true);
        return;
    }
    xen_machine_resume();
    uint32_t port = (uint32_t)xen_machine_param(HVM_PARAM_STORE_EVTCHN);
    uint64_t page = xen_machine_param(HVM_PARAM_STORE_PFN) * XEN_PAGE_LEN;
    if (page != pvh_mem_phys((const void *)(uintptr_t)xen.store.ring))
        pvh_fail(PVH_STATUS_SETUP, "xen: the store's page has moved\n");
    xen_machine_listen(port);
    if (!pvh_entropy_renew())
        pvh_logf("xen: no entropy in this life but what there was\n");
    uint8_t seed[TERN_SEED_LEN];
    pvh_entropy(seed, sizeof seed);
    tern_drbg_reseed(&xen.host->core.drbg, seed, sizeof seed);
    xen.host->core.wall_offset_ns = 0;    /* is asked for again */

    gnttab_restart(&xen.grants);
    for (struct nic *nic = nics; nic < nics + n_links(); nic++)
        netfront_bus_restart(&nic->bus);
    xenstore_restart(&xen.store, (void *)(uintptr_t)page, port);
    features_say();
    pvh_logf("xen: resumed in another life\n");
}

/* ---- What broke ---- */

/* Is it time to begin anew with what is broken? */
static bool retry_due(struct pvh_retry *r, bool broken, uint64_t now_ns)
{
    if (broken)
        return pvh_retry_due(r, now_ns);
    r->at_ns = 0;
    return false;
}

/* Looked for before a wait, too: what the last turn has sent begins the time. */
static bool left(struct nic *nic, uint64_t now_ns)
{
    if (netfront_deaf(&nic->net, now_ns))
        pvh_logf("xen: the backend has looked at nothing that was sent: begins anew\n");
    else if (netfront_filter_over(&nic->net))
        pvh_logf("xen: all groups are to be heard: begins anew\n");
    else
        return false;
    netfront_bus_reopen(&nic->bus);
    return true;
}

static bool nic_retry(struct nic *nic, uint64_t now_ns)
{
    bool begun = left(nic, now_ns);
    /* Closed, and not because of us: refused, or left for closing too often. */
    bool is_left = nic->net.state == NETFRONT_BROKEN || nic->bus.bus.phase == XENBUS_CLOSED;
    if (retry_due(&nic->retry, is_left, now_ns)) {
        netfront_bus_reopen(&nic->bus);
        begun = true;
    }
    return begun;
}

/* Was anything begun anew? Looked at before a wait, too: it may end before this does. */
static bool retry(uint64_t now_ns)
{
    bool begun = false;
    for (struct nic *nic = nics; nic < nics + n_links(); nic++)
        begun = nic_retry(nic, now_ns) || begun;
    if (retry_due(&xen.store_retry, xen.store.state == XENSTORE_BROKEN, now_ns)) {
        (void)xenstore_reconnect(&xen.store);
        begun = true;
    }
    return begun;
}

/* ---- The loop ---- */

bool guest_net_poll(uint64_t now_ns, uint64_t *deadline_ns)
{
    bool turned = false;
    typed_look(now_ns);
    (void)retry(now_ns);
    xen.store_due_ns = xenstore_poll(&xen.store, now_ns);
    if (xen.suspend && xenstore_is_quiet(&xen.store))
        suspend();
    for (struct nic *nic = nics; nic < nics + n_links(); nic++)
        turned = netfront_poll(&nic->net, now_ns, deadline_ns) || turned;
    return turned;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool nics_idle(void)
{
    for (struct nic *nic = nics; nic < nics + n_links(); nic++)
        if (!netfront_idle(&nic->net))
            return false;
    return true;
}

uint64_t guest_net_until(uint64_t now_ns, uint64_t deadline_ns)
{
    if (xen.suspend || !xenstore_idle(&xen.store) || !nics_idle())
        return xen.suspend ? earlier(deadline_ns, xen.store_due_ns) : now_ns;
    if (retry(now_ns))
        return now_ns;
    deadline_ns = earlier(deadline_ns, xen.store_due_ns);
    deadline_ns = earlier(deadline_ns, xen_machine_typed_due());
    for (struct nic *nic = nics; nic < nics + n_links(); nic++) {
        deadline_ns = earlier(deadline_ns, netfront_due(&nic->net));
        if (nic->retry.at_ns != 0)
            deadline_ns = earlier(deadline_ns, nic->retry.at_ns);
    }
    if (xen.store_retry.at_ns != 0)
        deadline_ns = earlier(deadline_ns, xen.store_retry.at_ns);
    return deadline_ns;
}

/* ---- What it counts ---- */

#define NET_METRICS(X, T)                                                                      \
    X(T, rx_frames, TERN_COUNTER("in_frames", ""))                                            \
    X(T, rx_octets, TERN_COUNTER("in_bytes", ""))                                             \
    X(T, rx_batches, TERN_COUNTER("in_batches", ""))                                          \
    X(T, rx_runt, TERN_COUNTER_REASON("in_drops", "runt", ""))                                \
    X(T, rx_error, TERN_METRIC_ALSO("failed"))                                                \
    X(T, tx_frames, TERN_COUNTER("out_frames", ""))                                           \
    X(T, tx_octets, TERN_COUNTER("out_bytes", ""))                                            \
    X(T, tx_full, TERN_COUNTER("out_waits", "Slots there were not: sent later"))              \
    X(T, tx_refused, TERN_COUNTER_REASON("out_drops", "refused", ""))                         \
    X(T, tx_stale, TERN_METRIC_ALSO("stale"))                                                 \
    X(T, tx_bad, TERN_METRIC_ALSO("bad"))                                                     \
    X(T, tx_summed, TERN_COUNTER("out_summed", ""))                                           \
    X(T, changes, TERN_COUNTER("changes", "Changes of carrier, MTU or backend"))              \
    X(T, connects, TERN_COUNTER("connects", ""))                                              \
    X(T, storms, TERN_COUNTER("storms", ""))                                                  \
    X(T, no_pages, TERN_COUNTER("no_pages", ""))                                              \
    X(T, groups_refused, TERN_COUNTER("groups_refused", ""))

#define BREACH_METRICS(X, T)                                                                   \
    X(T, NETFRONT_BREACH_PROD, TERN_COUNTER_REASON("breaches", "prod",                        \
                                               "Rules the backend broke: it is left"))         \
    X(T, NETFRONT_BREACH_BACKWARDS, TERN_METRIC_ALSO("backwards"))                            \
    X(T, NETFRONT_BREACH_TX_ID, TERN_METRIC_ALSO("tx_id"))                                    \
    X(T, NETFRONT_BREACH_TX_PENDING, TERN_METRIC_ALSO("tx_pending"))                          \
    X(T, NETFRONT_BREACH_TX_STATUS, TERN_METRIC_ALSO("tx_status"))                            \
    X(T, NETFRONT_BREACH_TX_NULL, TERN_METRIC_ALSO("tx_null"))                                \
    X(T, NETFRONT_BREACH_RX_EXTENT, TERN_METRIC_ALSO("rx_extent"))                            \
    X(T, NETFRONT_BREACH_RX_FLAGS, TERN_METRIC_ALSO("rx_flags"))                              \
    X(T, NETFRONT_BREACH_RX_SLOTS, TERN_METRIC_ALSO("rx_slots"))                              \
    X(T, NETFRONT_BREACH_RX_EXTRA, TERN_METRIC_ALSO("rx_extra"))                              \
    X(T, NETFRONT_BREACH_RX_GSO, TERN_METRIC_ALSO("rx_gso"))                                  \
    X(T, NETFRONT_BREACH_RX_TOO_LONG, TERN_METRIC_ALSO("rx_too_long"))

#define STORE_METRICS(X, T)                                                                    \
    X(T, XENSTORE_BREACH_INDEX, TERN_COUNTER_REASON("breaches", "index",                      \
                                                "Rules the store broke: it is left"))          \
    X(T, XENSTORE_BREACH_LEN, TERN_METRIC_ALSO("len"))                                        \
    X(T, XENSTORE_BREACH_ID, TERN_METRIC_ALSO("id"))                                          \
    X(T, XENSTORE_BREACH_TYPE, TERN_METRIC_ALSO("type"))                                      \
    X(T, XENSTORE_BREACH_EVENT, TERN_METRIC_ALSO("event"))

#define OTHER_METRICS(X, T)                                                                    \
    X(T, console, TERN_COUNTER("console_breaches", ""))                                       \
    X(T, values, TERN_COUNTER("bad_values", ""))

struct others {
    uint64_t console, values;
};

TERN_METRICS_TABLE(NET_METRICS, netfront_stats, sizeof(struct netfront_stats), "xen_net");
TERN_METRICS_ARRAY(BREACH_METRICS, breaches, NETFRONT_BREACH_COUNT, "xen_net");
TERN_METRICS_ARRAY(STORE_METRICS, store_breaches, XENSTORE_BREACH_COUNT, "xen_store");
TERN_METRICS_TABLE(OTHER_METRICS, others, sizeof(struct others), "xen");

bool guest_net_metrics(size_t i, struct tern_metrics *set)
{
    static const char *const texts[] = {
        netfront_stats_text, breaches_text, store_breaches_text, others_text,
    };
    const size_t n = 2 * (n_links() - 1);    /* sets of other links than the last */
    const struct nic *nic = &nics[i < n ? i / 2 : n / 2];
    /* A name comes once: what has others is other names. */
    set->area = GUEST_LINKS > 1 && n > 0 && i < n + 2 ? tern_host_links.names[nic - nics] : NULL;
    i = i < n ? i % 2 : i - n;
    const uint64_t *const values[] = {
        (const uint64_t *)(const void *)&nic->net.stats, nic->net.breaches, xen.store.breaches,
        set->own,
    };
    if (i > 3)
        return false;
    set->labels[0].name = NULL;
    set->text = texts[i];
    set->values = values[i];
    set->own[0] = xen_machine_console_breaches();
    set->own[1] = 0;
    for (nic = nics; nic < nics + n_links(); nic++)
        set->own[1] += nic->bus.n_bad + nic->bus.bus.n_bad;
    return true;
}
