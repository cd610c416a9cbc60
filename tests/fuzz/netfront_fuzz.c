/* SPDX-License-Identifier: ISC */
/*
 * The network driver under a whole stack, and a backend whose every act is the
 * fuzzer's: it answers what it likes, moves the indices, rewrites rings, slots and
 * frames between the driver's calls, inside them (at notifications, event
 * channels, and while the stack has the frames), and after single accesses; it
 * comes and goes, and holds pages when it does. Until it lies it is a netback
 * that holds the driver to the protocol.
 *
 * Held to throughout: no access outside (AddressSanitizer); ids, slots and pages
 * add up; a page that is held is nobody's; indices that are the driver's own are
 * never read back; an octet rewritten right after it was read changes nothing, so
 * that a backend which does no more than that is served as an honest one; at most
 * one breach a connection is counted, it stops the device, and from then on the
 * driver touches nothing that the backend can reach. Of the stack: driver_stack.h.
 */
#include <stdlib.h>
#include <string.h>

#include "driver_stack.h"
#include "input.h"
#include "netfront_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { DOMID = 7, INPUT_MAX = 1024, WATCHES = 1 };

static struct netfront_keys keys;
static unsigned n_watches;
static uint64_t now_ns, n_breaches;

/* ---- What must hold ------------------------------------------------------------ */

NO_COVERAGE
static unsigned n_granted(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < FAKE_GRANTS; i++)
        n += (x.table[i].flags & GTF_type_mask) != GTF_invalid;
    return n;
}

NO_COVERAGE
static void pages_hold(void)
{
    unsigned n_held = 0, n_ours = 0;
    for (uint16_t page = 0; page < nf.n_pages; page++) {
        const struct netfront_page *p = &nf.pages[page];
        n_held += p->held;
        n_ours += p->ref != GNTTAB_NONE;
        HOLD(!p->held || p->ref != GNTTAB_NONE);
    }
    HOLD(n_granted() == n_ours);
    if (nf.state == NETFRONT_CLOSED)
        HOLD(n_held == n_ours);
    if (nf.state == NETFRONT_CLOSED)
        return;
    HOLD(nf.rx.req_shown - nf.rx.rsp_cons <= XEN_RING_SLOTS);    /* never past what was shown */
    HOLD(nf.tx.req_shown - nf.tx.rsp_cons <= XEN_RING_SLOTS);
    /* Each receive page is in exactly one place, and none of them is held. */
    static uint8_t seen[XEN_RING_SLOTS + 2];
    memset(seen, 0, sizeof seen);
    for (uint16_t i = 0; i < nf.n_rx_free; i++)
        seen[nf.rx_free[i]]++;
    for (uint32_t i = nf.rx.rsp_cons; i != nf.rx.req_prod; i++)
        seen[nf.rx_slot[i & (XEN_RING_SLOTS - 1)]]++;
    for (uint16_t i = 0; i < nf.n_parts && nf.state == NETFRONT_CONNECTED; i++) {
        seen[nf.parts[i].page]++;
        HOLD((unsigned)nf.parts[i].off + nf.parts[i].len <= XEN_PAGE_LEN);
    }
    for (uint16_t page = 0; page < nf.n_any; page++) {
        const volatile uint32_t *at = (volatile uint32_t *)(void *)netfront_page_at(&nf, page);
        bool ours = at != nf.rx.shared && at != nf.tx.shared && !nf.pages[page].held;
        HOLD(seen[page] <= 1 && (ours || seen[page] == 0));
        HOLD(seen[page] == ours || nf.state != NETFRONT_CONNECTED);
    }
}

NO_COVERAGE
static void driver_holds(void)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < NETFRONT_BREACH_COUNT; i++)
        n += nf.breaches[i];
    HOLD(n <= n_breaches + 1);
    HOLD(n == n_breaches || nf.state == NETFRONT_BROKEN);
    HOLD(nf.state != NETFRONT_BROKEN || !driver_stack_honest());
    HOLD(!nf.link.up || nf.state == NETFRONT_CONNECTED);
    HOLD(nf.stats.rx_frames == driver_stack_frames() || !attached);
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
    unsigned granted = n_granted();
    netfront_poll(&nf, now_ns, &deadline_ns);
    HOLD(!nf.link.up && netfront_idle(&nf));
    send(2, 60);
    nf.link.ops->flush(&nf.link);
    HOLD(!netfront_poll(&nf, now_ns, &deadline_ns));
    HOLD(memcmp(before, x.io, x.io_used) == 0);
    HOLD(n_granted() == granted);
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
    driver_stack_forget();
    if (netfront_open(&nf, &peer, &keys) != TERN_OK)
        return;
    HOLD(netback_connect(&nb, &x, peer.domid, keys.tx_ref, keys.rx_ref, keys.port_tx,
                         keys.port_rx));
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

/* Other groups than before, more than there may be, or all; and a backend that refuses some. */
static void group(uint8_t which)
{
    uint8_t macs[TERN_LINK_GROUPS + 1][6];
    size_t n = which % (TERN_LINK_GROUPS + 2u);
    for (size_t i = 0; i < n; i++)
        memcpy(macs[i], (uint8_t[]){ 1, 0, 0x5e, 0, 0, (uint8_t)(which + i) }, 6);
    nf.link.ops->groups(&nf.link, which >= 0xf0 ? NULL : macs[0], n);
    if (which >= 0xe0)
        netfront_groups_again(&nf);
    nb.groups_most = which >= 0xd0 ? which & 7u : 0;
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

/* An honest backend takes what was sent, and its peer sees it. */
static void take(void)
{
    if (nb.lies || nb.tx == NULL || nf.suspended)
        return;
    (void)netback_take(&nb);
    if (netfront_filter_over(&nf))
        HOLD(!nf.peer.groups);
    for (size_t i = 0; i < nb.n_frames; i++)
        driver_stack_sent(nb.frames[i].octets, nb.frames[i].len);
    netback_forget(&nb);
}

static void turn(bool watched)
{
    uint64_t deadline_ns;
    if (watched && n_watches < WATCHES) {
        n_watches++;
        backend_watch(next8());
        (void)netfront_poll(&nf, now_ns, &deadline_ns);
        (void)netfront_idle(&nf);
        backend_watch_end();
    } else {
        now_ns += (uint64_t)next8() << 16;
        (void)netfront_poll(&nf, now_ns, &deadline_ns);
    }
    now_ns += TERN_MILLISECOND_NS;
    driver_stack_turn(now_ns);
    take();
}

static void deliver(uint8_t what)
{
    static uint8_t frame[DRIVER_STACK_FRAME_CAP];
    struct driver_stack_meta meta;
    size_t len = driver_stack_frame(frame, what, next16(), &meta);
    uint16_t flags = meta.partial ? NETRXF_csum_blank | NETRXF_data_validated : 0;
    nb.rx_offset = what & 0xc0;
    nb.rx_slot_max = what == 0xff ? 64 : 0;
    if (len > NETFRONT_FRAME_MAX || nb.rx == NULL || nf.suspended ||
        netback_rx_posted(&nb) > XEN_RING_SLOTS || nb.rx_rsp_prod != nb.rx_req_cons)
        return;
    if (nb.rx_slot_max != 0 && len > NETFRONT_PARTS * 64u)
        return;
    if (netback_deliver(&nb, frame, len, flags, XEN_NETIF_GSO_TYPE_TCPV4, meta.seg_len))
        driver_stack_expect(frame, len);
}

static void answer(void)
{
    uint8_t how = next8();
    uint16_t id = next8();
    backend_lied();
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

/* A frame of so many slots, all alike but perhaps the last. */
static void answer_chain(void)
{
    uint8_t n = next8() % 24, how = next8();
    uint16_t offset = (how & 1) != 0 ? next16() : 0;
    int16_t len = (int16_t)((how & 2) != 0 ? next16() : XEN_PAGE_LEN);
    backend_lied();
    for (uint8_t i = 0; i < n; i++) {
        bool more = i + 1 < n || (how & 4) != 0;
        netback_rx_answer(&nb, i, offset, more ? NETRXF_more_data : 0, len);
    }
    netback_rx_show(&nb);
}

static void answer_extra(void)
{
    struct netif_extra_info e = { .type = next8() % 6, .flags = next8() & 3 };
    e.u.gso.type = next8() & 3;
    e.u.gso.size = next8();
    backend_lied();
    netback_rx_extra(&nb, e);
}

static void act(void)
{
    uint8_t what = next8();
    uint16_t id;
    switch (what & 15) {
    case 0:
    case 1:
        deliver(next8());
        break;
    case 2:
        deliver(next8());
        break;
    case 3:
        if (nb.rx != NULL && (what & 0xc0) == 0xc0)
            answer_chain();
        else if (nb.rx != NULL)
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
        backend_strike();
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
    case 10:
        nb.holds_answers = (what & 16) != 0;
        nb.reversed = (what & 32) != 0;
        if (!nb.lies && !nb.holds_answers && nb.tx != NULL && !nf.suspended)
            netback_answer(&nb);
        if ((what & 0xc0) != 0xc0)
            break;
        backend_lied();    /* answers, asked or not */
        for (unsigned i = 0; nb.tx != NULL && i < 8; i++)
            netback_tx_answer(&nb, nf.tx_id_slot[0] == 0 ? (uint16_t)i : next8(), 0);
        netback_tx_show(&nb);
        break;
    case 11:
        send(1 + next8() % 32, 14 + next16() % 20000);
        nf.link.ops->flush(&nf.link);
        break;
    case 12:
        (void)netfront_idle(&nf);
        break;
    case 13:
        if (nb.rx != NULL && (what & 16) != 0) {
            backend_lied();
            (void)(netback_rx_posted(&nb) <= 256 && netback_rx_take(&nb, &id));
        }
        else if ((what & 0xe0) == 0)
            leave();
        break;
    default:
        turn((what & 16) != 0);
    }
}

static void on_notify(struct xen_fake *fake, uint32_t port)
{
    (void)fake;
    (void)port;
    backend_moment();
}

static bool lent(const uint8_t *frame, size_t len)
{
    bool inside = frame >= nf.arena && len <= nf.config.arena_len - (size_t)(frame - nf.arena);
    return inside && (nf.arena < x.io || nf.arena >= x.io + x.io_used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct driver_stack_config stack = { &nf.link, lent, backend_moment };
    const struct netfront_config config = { .n_rx = 64, .n_tx = 17, .n_tx_long = 2,
                                            .arena_len = NETFRONT_ARENA_LEAST };
    uint64_t deadline_ns;
    input_begin(data, len, INPUT_MAX);
    attached = ambush = false;
    n_watches = 0;
    now_ns = TERN_SECOND_NS;
    n_breaches = 0;
    nb = (struct netback){ 0 };
    fake_init(&x);
    x.notified = on_notify;
    HOLD(netfront_init(&nf, &x.env, &x.grants, &config) == TERN_OK);
    attached = driver_stack_start(&stack, now_ns);
    connect();
    while (input_left() > 0) {
        act();
        driver_holds();
        if (nf.state == NETFRONT_BROKEN) {
            stopped_holds();
            leave();
        }
    }
    ambush = false;
    for (unsigned i = 0; i < 300 && netfront_poll(&nf, now_ns, &deadline_ns); i++)
        take();
    driver_holds();
    driver_stack_finish(now_ns);
    netback_forget(&nb);
    fake_free(&x);
    return 0;
}
