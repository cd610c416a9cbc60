/* SPDX-License-Identifier: ISC */
/*
 * The network driver and a backend whose every act is the fuzzer's: it answers
 * what it likes, moves the indices, rewrites rings, slots and frames between the
 * driver's calls, inside them (at notifications, event channels, and while the
 * stack has the frames), and after a chosen single access; it comes and goes, and
 * holds pages when it does.
 *
 * Held to throughout: no access outside (AddressSanitizer); frames that the
 * stack was lent do not change; ids, slots and pages add up; a page that is held
 * is nobody's; at most one breach a connection is counted, it stops the device,
 * and from then on the driver touches nothing that the backend can reach.
 */
#include <backends/xen/netfront.h>
#include <tests/unit/access_watch.h>
#include <tests/unit/xen_netback.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { DOMID = 7, INPUT_MAX = 1024, WATCHES = 2 };

static struct xen_fake x;
static struct netfront nf;
static struct netback nb;
static struct netfront_keys keys;
static const uint8_t *in;
static size_t in_len;
static bool ambush, watching;
static unsigned strike_at, n_accesses, n_watches;
static uint64_t now_ns, n_breaches;
static uint64_t sum;         /* keeps what is read from being optimised away */

#define HOLD(condition)       \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)

static uint8_t next8(void)
{
    if (in_len == 0)
        return 0;
    in_len--;
    return *in++;
}

static uint16_t next16(void)
{
    uint16_t low = next8();
    return (uint16_t)(low | next8() << 8);
}

static uint32_t next32(void)
{
    uint32_t low = next16();
    return low | (uint32_t)next16() << 16;
}

static uint8_t *ring(bool rx)
{
    return (uint8_t *)(uintptr_t)(rx ? nb.rx : nb.tx);
}

/* Writes a value somewhere that the backend can write: a ring's head, a slot, a frame. */
static void strike(void)
{
    uint8_t where = next8(), value = next8();
    uint8_t *r = ring((where & 1) != 0);
    if (r == NULL)
        return;
    switch (where >> 1 & 3) {
    case 0:
        r[next8() % 16] = value;
        break;
    case 1:
        r[64 + next16() % (256 * 12)] = value;
        break;
    case 2:    /* near where the driver reads next */
        r[64 + ((((where & 1) != 0 ? nf.rx.rsp_cons : nf.tx.rsp_cons) + next8() % 4) & 255) *
                   ((where & 1) != 0 ? 8u : 12u) + next8() % 8] = value;
        break;
    default:
        nf.io[next32() % ((uint32_t)nf.n_any * XEN_PAGE_LEN)] = value;
    }
}

static void moment(void)
{
    if (ambush) {
        ambush = false;
        strike();
    }
}

static void on_access(uint8_t *addr, bool written)
{
    (void)addr;
    (void)written;
    if (n_accesses++ != strike_at)
        return;
    strike();
    access_watch_end();
}

static void on_notify(struct xen_fake *fake, uint32_t port)
{
    (void)fake;
    (void)port;
    moment();
}

/* ---- The stack above -------------------------------------------------------- */

static uint64_t hash(const struct tern_rx *rx, size_t n_rx)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n_rx; i++) {
        HOLD(rx[i].n_spans == 1);
        const uint8_t *p = rx[i].spans[0].data;
        size_t len = rx[i].spans[0].len;
        HOLD(len >= 14 && len <= NETFRONT_FRAME_MAX);
        HOLD(p >= nf.arena && len <= nf.config.arena_len - (size_t)(p - nf.arena));
        HOLD((rx[i].gso == TERN_GSO_NONE) == (rx[i].seg_len == 0));
        for (size_t o = 0; o < len; o += 7)
            h = (h ^ p[o]) * 1099511628211u;
    }
    return h;
}

static uint64_t input(struct tern_link *link, struct tern_rx *rx, size_t n_rx, uint64_t at_ns)
{
    HOLD(n_rx >= 1 && n_rx <= TERN_LINK_BATCH);
    uint64_t before = hash(rx, n_rx);
    moment();
    if (!watching)    /* or each store here would be one to watch */
        for (uint16_t page = 0; page < nf.n_any; page++) {
            uint8_t *p = netfront_page_at(&nf, page);
            if (p != ring(true) && p != ring(false))
                memset(p, (int)(n_rx & 0xff), 64);
        }
    struct tern_tx tx;
    if (link->ops->tx_slot(link, 60, &tx) == TERN_OK) {
        memset(tx.data, 1, 60);
        link->ops->tx_commit(link, &tx, 60);
    }
    link->ops->flush(link);
    HOLD(hash(rx, n_rx) == before);
    sum += before;
    return at_ns;
}

static uint64_t nothing(struct tern_link *link, uint64_t at_ns)
{
    (void)link;
    moment();
    return at_ns;
}

static const struct tern_link_events events = { .input = input, .tx_room = nothing,
                                                .changed = nothing };

/* ---- What must hold ------------------------------------------------------------ */

static void pages_hold(void)
{
    unsigned n_held = 0, n_ours = 0;
    for (uint16_t page = 0; page < nf.n_pages; page++) {
        const struct netfront_page *p = &nf.pages[page];
        n_held += p->held;
        n_ours += p->ref != GNTTAB_NONE;
        HOLD(!p->held || p->ref != GNTTAB_NONE);
    }
    HOLD(fake_n_granted(&x) == n_ours);
    if (nf.state == NETFRONT_CLOSED)
        HOLD(n_held == n_ours);
    if (nf.state == NETFRONT_CLOSED)
        return;
    /* Each receive page is in exactly one place, and none of them is held. */
    static uint8_t seen[XEN_RING_SLOTS + 2];
    memset(seen, 0, sizeof seen);
    for (uint16_t i = 0; i < nf.n_rx_free; i++)
        seen[nf.rx_free[i]]++;
    for (uint32_t i = nf.rx.rsp_cons; i != nf.rx.req_prod; i++)
        seen[nf.rx_slot[i & (XEN_RING_SLOTS - 1)]]++;
    for (uint16_t i = 0; i < nf.n_parts && nf.state == NETFRONT_CONNECTED; i++)
        seen[nf.parts[i].page]++;
    for (uint16_t page = 0; page < nf.n_any; page++)
        HOLD(seen[page] <= 1 && !(seen[page] == 1 && nf.pages[page].held));
}

static void driver_holds(void)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < NETFRONT_BREACH_COUNT; i++)
        n += nf.breaches[i];
    HOLD(n <= n_breaches + 1);
    HOLD(n == n_breaches || nf.state == NETFRONT_BROKEN);
    HOLD(!nf.link.up || nf.state == NETFRONT_CONNECTED);
    pages_hold();
    if (nf.state != NETFRONT_CONNECTED)
        return;
    unsigned n_pending = 0, n_owned = 0;
    for (unsigned id = 0; id < XEN_RING_SLOTS; id++) {
        n_pending += nf.tx_id_pending[id];
        n_owned += nf.tx_id_pending[id] && nf.tx_id_slot[id] != NETFRONT_NO_SLOT;
    }
    HOLD(n_pending + nf.n_tx_id_free == XEN_RING_SLOTS);
    HOLD(n_pending + nf.n_tx_extras == nf.tx.req_prod - nf.tx.rsp_cons);
    HOLD(nf.tx_reserved == 0);
    unsigned n_slots = nf.n_tx_free + nf.n_tx_long_free + 0u, n_waiting = 0, n_all = 0;
    for (unsigned slot = 0; slot < nf.n_tx_slots + (unsigned)nf.config.n_tx_long; slot++) {
        n_waiting += nf.tx_pending[slot];
        n_all += nf.tx_pending[slot] != 0;
    }
    HOLD(n_waiting == n_owned);
    HOLD(n_slots + n_all <= nf.n_tx_slots + (unsigned)nf.config.n_tx_long);
}

static void send(size_t n, size_t len)
{
    struct tern_tx tx;
    for (size_t i = 0; i < n; i++) {
        if (nf.link.ops->tx_slot(&nf.link, len, &tx) != TERN_OK)
            break;
        HOLD(tx.cap >= len);
        memset(tx.data, 3, len);
        if ((len & 1) != 0 && len >= 64) {    /* what a stack says of TCP over IPv4 */
            tern_store_be16(tx.data + 12, 0x0800);
            tx.data[14] = 0x45;
            tx.data[23] = 6;
            tx.csum_partial = true;
            tx.csum_start = 34;
            tx.csum_off = 16;
            if (len > 2000) {
                tx.gso = TERN_GSO_TCP4;
                tx.seg_len = 1000;
            }
        }
        nf.link.ops->tx_commit(&nf.link, &tx, (len & 2) != 0 ? 0 : len);
    }
}

/* The driver of a stopped device leaves all that it can reach alone. */
static void stopped_holds(void)
{
    static uint8_t before[FAKE_PAGES * XEN_PAGE_LEN];
    uint64_t deadline_ns;
    memcpy(before, x.io, x.io_used);
    ambush = false;
    unsigned granted = fake_n_granted(&x);
    netfront_poll(&nf, now_ns, &deadline_ns);
    HOLD(!nf.link.up && netfront_idle(&nf));
    send(2, 60);
    nf.link.ops->flush(&nf.link);
    HOLD(!netfront_poll(&nf, now_ns, &deadline_ns));
    HOLD(memcmp(before, x.io, x.io_used) == 0);
    HOLD(fake_n_granted(&x) == granted);
}

/* ---- The script ------------------------------------------------------------------ */

static void connect(void)
{
    uint8_t less = next8();
    struct netfront_peer peer = {
        .domid = (uint16_t)(DOMID + (less >> 7)), .mtu = (less & 1) != 0 ? 1500 : 4000,
        .mac = { 2 }, .sg = (less & 2) == 0, .gso4 = true, .gso6 = true,
        .csum4 = (less & 4) == 0, .csum6 = true, .split = (less & 8) == 0,
        .groups = (less & 16) == 0,
    };
    netback_forget(&nb);
    nb = (struct netback){ 0 };
    if (netfront_open(&nf, &peer, &keys) != TERN_OK)
        return;
    HOLD(netback_connect(&nb, &x, peer.domid, keys.tx_ref, keys.rx_ref, keys.port_tx,
                         keys.port_rx));
    nb.lies = true;
    netfront_go(&nf, true);
}

/* The backend goes, and may hold on to some of what it had. */
static void leave(void)
{
    uint8_t how = next8();
    bool broken = nf.state == NETFRONT_BROKEN;
    if ((how & 1) == 0)
        netback_disconnect(&nb);
    for (unsigned i = 0; i < (how >> 1 & 3u); i++)
        (void)fake_map(&x, nf.peer.domid, nf.pages[next16() % nf.n_pages].ref, false);
    netfront_close(&nf);
    n_breaches += broken;
    if ((how & 8) != 0)
        for (uint32_t ref = GNTTAB_NR_RESERVED_ENTRIES; ref < FAKE_GRANTS; ref++)
            fake_unmap(&x, ref);
    nb.tx = nb.rx = NULL;
    driver_holds();
    connect();
}

/* Joins or leaves one of a few groups. */
static void group(uint8_t which)
{
    const uint8_t address[6] = { 1, 0, 0x5e, 0, 0, which & 15 };
    if ((which & 16) != 0)
        (void)netfront_leave(&nf, address);
    else
        (void)netfront_join(&nf, address);
}

/* A suspend that comes to nothing, or after which nothing is as it was. */
static void suspend(bool cancelled)
{
    bool broken = nf.state == NETFRONT_BROKEN;
    uint64_t deadline_ns;
    netfront_suspend(&nf);
    HOLD(!netfront_poll(&nf, now_ns, &deadline_ns));
    send(1, 60);
    if (cancelled) {
        netfront_resume(&nf, true);
        return;
    }
    fake_restore(&x);
    nb.tx = nb.rx = NULL;
    netfront_resume(&nf, false);
    n_breaches += broken;
    driver_holds();
    connect();
}

static void turn(bool watched)
{
    uint64_t deadline_ns;
    now_ns += (uint64_t)next8() << 16;
    if (watched && n_watches < WATCHES) {
        n_watches++;
        n_accesses = 0;
        strike_at = next8();
        watching = true;
        access_watch(x.io, x.io_used, on_access);
        (void)netfront_poll(&nf, now_ns, &deadline_ns);
        (void)netfront_idle(&nf);
        access_watch_end();
        watching = false;
        return;
    }
    (void)netfront_poll(&nf, now_ns, &deadline_ns);
}

static void answer(void)
{
    uint8_t how = next8();
    uint16_t id = next8();
    if ((how & 1) != 0) {
        netback_tx_answer(&nb, id, (int16_t)(int8_t)next8());
        if ((how & 2) != 0)
            netback_tx_show(&nb);
        return;
    }
    uint16_t offset = (how & 4) != 0 ? next16() : 0;
    netback_rx_answer(&nb, id, offset, next8(), (int16_t)next16());
    if ((how & 2) != 0)
        netback_rx_show(&nb);
}

static void answer_extra(void)
{
    struct netif_extra_info e = { .type = next8() % 6, .flags = next8() & 3 };
    e.u.gso.type = next8() & 3;
    e.u.gso.size = next8();
    netback_rx_extra(&nb, e);
}

static void act(void)
{
    static uint8_t frame[NETFRONT_FRAME_MAX];
    uint8_t what = next8();
    uint16_t id;
    switch (what & 15) {
    case 0:
    case 1:
        if (nb.rx != NULL && netback_rx_posted(&nb) <= 256 && nb.rx_rsp_prod == nb.rx_req_cons)
            (void)netback_deliver(&nb, frame, next16(), what >> 4, what >> 5 & 1 ? 1 : 2,
                                  (what & 128) != 0 ? 1000 : 0);
        break;
    case 2:
    case 3:
        if (nb.rx != NULL)
            answer();
        break;
    case 4:
        if (nb.rx != NULL)
            answer_extra();
        break;
    case 5:
        netback_rx_show(&nb);
        netback_tx_show(&nb);
        break;
    case 6:
        strike();
        break;
    case 7:
        ambush = true;
        break;
    case 8:
        if ((what & 32) != 0)
            group(next8());
        else
            fake_raise(&x, (what & 16) != 0 ? keys.port_tx : keys.port_rx);
        break;
    case 9:
        if ((what & 0xe0) == 0xe0)
            suspend((what & 16) != 0);
        else
            netfront_carrier(&nf, (what & 16) != 0);
        break;
    case 10:    /* answers as many as there are requests that it has seen */
        for (unsigned i = 0; nb.tx != NULL && i < 8; i++)
            netback_tx_answer(&nb, nf.tx_id_slot[0] == 0 ? (uint16_t)i : next8(), 0);
        netback_tx_show(&nb);
        break;
    case 11:
        send(1 + next8() % 32, 1 + next16() % 20000);
        nf.link.ops->flush(&nf.link);
        break;
    case 12:
        (void)netfront_idle(&nf);
        break;
    case 13:
        if (nb.rx != NULL && (what & 16) != 0)
            (void)(netback_rx_posted(&nb) <= 256 && netback_rx_take(&nb, &id));
        else if ((what & 0xe0) == 0)
            leave();
        break;
    default:
        turn((what & 16) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    in = data;
    in_len = len < INPUT_MAX ? len : INPUT_MAX;
    ambush = false;
    n_watches = 0;
    now_ns = 1;
    n_breaches = 0;
    nb = (struct netback){ 0 };
    fake_init(&x);
    x.notified = on_notify;
    const struct netfront_config config = { .n_rx = 64, .n_tx = 17, .n_tx_long = 2,
                                            .arena_len = NETFRONT_ARENA_LEAST, .filter = true };
    HOLD(netfront_init(&nf, &x.env, &x.grants, &config) == TERN_OK);
    nf.link.events = &events;
    connect();
    while (in_len > 0) {
        act();
        driver_holds();
        if (nf.state == NETFRONT_BROKEN) {
            stopped_holds();
            leave();
        }
    }
    netback_forget(&nb);
    fake_free(&x);
    return 0;
}
