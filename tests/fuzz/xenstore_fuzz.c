/* SPDX-License-Identifier: ISC */
/*
 * The store's client, the handshake and the network device's keys, with a store
 * whose every act is the fuzzer's: it changes keys, answers late, twice or not
 * at all, rewrites answers and the ring's indices, also while they are read.
 *
 * Held to throughout: no access outside (AddressSanitizer); a request ends once;
 * watches stay few; what is not connected has nothing granted and no port; a
 * breach stops the client, and a restart heals it.
 */
#include <tests/unit/access_watch.h>
#include <tests/unit/xen_world.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 600, REQUESTS = 4, WATCHES = 1, ACCESSES = 48 };

static struct world w;
static bool tampered;        /* the ring's indices: no honest store goes on from there */
static unsigned mangle_in, strike_at, n_accesses, n_watches;
static struct xenstore_request requests[REQUESTS];
static unsigned n_asked[REQUESTS], n_done[REQUESTS];

static void done(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    size_t i = (size_t)(r - requests);
    uint8_t sum = 0;
    HOLD(err == TERN_OK || err == TERN_UNREACHABLE || err == TERN_AGAIN || err == TERN_REFUSED ||
         err == TERN_TIMED_OUT || err == TERN_ABORTED);
    HOLD(len <= XENSTORE_REPLY_CAP);
    for (size_t k = 0; k < len; k++)
        sum = (uint8_t)(sum + data[k]);
    n_done[i] += 1 + (sum & 0u);
    HOLD(n_done[i] == n_asked[i]);
}

/* Now and then an answer is not what the store has said. */
static void mangle(struct xen_store *s, uint8_t *message, size_t len)
{
    (void)s;
    if (mangle_in == 0 || --mangle_in > 0)
        return;
    for (unsigned i = next8() % 4; i > 0 || input_left() == 0; i--) {
        message[next16() % (uint16_t)len] = next8();
        if (input_left() == 0)
            break;
    }
}

static void strike(void)
{
    uint8_t *ring = (uint8_t *)w.s.ring, where = next8();
    if ((where & 1) != 0) {
        tampered = true;
        ring[2048 + next8() % 28] = next8();
    } else {
        ring[1024 + next16() % 1024] = next8();
    }
}

static void on_access(uint8_t *addr, bool written)
{
    (void)addr;
    (void)written;
    unsigned n = n_accesses++;
    if (n == strike_at)
        strike();
    if (n == strike_at || n_accesses == ACCESSES)
        access_watch_end();
}

/* ---- What must hold ---- */

NO_COVERAGE
static unsigned n_granted(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < FAKE_GRANTS; i++)
        n += (w.x.table[i].flags & GTF_type_mask) != GTF_invalid;
    return n;
}

NO_COVERAGE
static void holds(void)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < XENSTORE_BREACH_COUNT; i++)
        n += w.xs.breaches[i];
    HOLD(w.xs.state != XENSTORE_BROKEN || n > 0);
    unsigned n_ports = 1, n_ours = 0;
    if (w.nf.state != NETFRONT_CLOSED)
        n_ports += w.nf.peer.split ? 2 : 1;
    HOLD(w.x.n_open == n_ports);
    for (uint16_t page = 0; page < w.nf.n_pages; page++)
        n_ours += w.nf.pages[page].ref != GNTTAB_NONE;
    HOLD(n_granted() == n_ours);
    HOLD(w.nf.link.up ? w.nf.state == NETFRONT_CONNECTED : true);
    HOLD(w.bus.bus.phase == XENBUS_CONNECTED || w.bus.bus.phase == XENBUS_CLOSING ||
         w.nf.state != NETFRONT_CONNECTED);
    for (unsigned i = 0; i < REQUESTS; i++)
        HOLD(n_asked[i] - n_done[i] == requests[i].busy);
    for (const char *p = w.bus.bus.backend; *p != '\0'; p++)
        HOLD(*p > ' ' && *p < 127);
}

/* ---- The script ---- */

static void key_change(void)
{
    static const char *const names[] = {
        "state", "carrier", "feature-rx-copy", "feature-sg", "feature-gso-tcpv4",
        "feature-split-event-channels", "mac", "mtu", "backend", "backend-id", "state",
    };
    static const char *const values[] = {
        "0", "1", "2", "3", "4", "5", "6", "", "65536", "00:16:3e:01:02:03",
        "/local/domain/1/backend/vif/5/0", "/local/domain/0/backend/vif/5/0", "//", "x",
    };
    char path[STORE_PATH];
    uint8_t which = next8(), value = next8();
    size_t name = which % (sizeof names / sizeof *names);
    bool ours = name >= 6 && name < 10;
    if (w.front[0] == '\0')
        return;
    snprintf(path, sizeof path, "%s/%s", ours ? w.front : w.back.dir, names[name]);
    if ((value & 0x80) != 0)
        store_remove(&w.s, path);
    else
        store_set(&w.s, path, values[value % (sizeof values / sizeof *values)]);
}

static void ask(void)
{
    static const char *const paths[] = { "device/vif/0/mac", "control", "/nothing", "device" };
    uint8_t how = next8();
    size_t i = how % REQUESTS;
    enum tern_err err;
    requests[i].done = done;
    const char *path = paths[how >> 2 & 3];
    if ((how & 16) != 0)
        err = xenstore_write(&w.xs, &requests[i], 0, path, "1");
    else if ((how & 32) != 0)
        err = xenstore_remove(&w.xs, &requests[i], 0, path);
    else
        err = xenstore_read(&w.xs, &requests[i], 0, path);
    n_asked[i] += err == TERN_OK;
}

static void say(void)
{
    static uint8_t data[XENSTORE_PAYLOAD_MAX];
    uint32_t type = next8() % 24, id = w.xs.next_id - next8() % 8;
    size_t len = next16() % 64;
    for (size_t i = 0; i < len; i++)
        data[i] = next8();
    store_send(&w.s, type, id, data, (len & 32) != 0 ? len * 60 : len);
}

static void poll(bool watched)
{
    uint64_t deadline_ns;
    bool watch = watched && n_watches < WATCHES;
    w.now_ns += (uint64_t)next8() << 24;
    if (watch) {
        n_watches++;
        n_accesses = 0;
        strike_at = next8() % ACCESSES;
        access_watch((uint8_t *)w.s.ring, XEN_PAGE_LEN, on_access);
    }
    (void)xenstore_poll(&w.xs, w.now_ns);
    if (watch)
        access_watch_end();
    (void)netfront_poll(&w.nf, w.now_ns, &deadline_ns);
}

static void heal(void)
{
    tampered = false;
    store_restore(&w.s, WORLD_GUEST);
    xenstore_restart(&w.xs, w.s.ring, w.s.port);
}

static void act(void)
{
    uint8_t what = next8();
    switch (what & 15) {
    case 0:
        world_attach(&w, what >> 4 & 1);
        break;
    case 1:
        key_change();
        break;
    case 2:
        ask();
        break;
    case 3:
        say();
        break;
    case 4:
        strike();
        break;
    case 5:
        mangle_in = 1 + next8() % 16;
        break;
    case 6:
        w.s.silent = (what & 16) != 0;
        w.s.deaf = (what & 32) != 0;
        w.s.n_eagain = what >> 6;
        break;
    case 7:
        if (w.back.attached)
            world_back_state(&w, what >> 4);
        break;
    case 8:
        w.back.stubborn = (what & 16) != 0;
        if ((what & 32) != 0)
            netfront_bus_reopen(&w.bus);
        break;
    case 9:
        if ((what & 0xf0) == 0 || w.xs.state == XENSTORE_BROKEN)
            heal();
        break;
    case 10:
        w.s.ring->server_features = what >> 4 & 3;
        (void)xenstore_reconnect(&w.xs);
        break;
    case 11:
    case 12:
        if (!tampered)
            (void)world_turn(&w);
        break;
    default:
        poll((what & 16) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    input_begin(data, len, INPUT_MAX);
    mangle_in = n_watches = 0;
    tampered = false;
    memset(requests, 0, sizeof requests);
    memset(n_asked, 0, sizeof n_asked);
    memset(n_done, 0, sizeof n_done);
    const struct netfront_config config = { .n_rx = 32, .n_tx = 17, .n_tx_long = 1,
                                            .arena_len = NETFRONT_ARENA_LEAST };
    world_init(&w, &config);
    world_features_all(&w);
    w.s.mangle = mangle;
    while (input_left() > 0) {
        act();
        holds();
    }
    /* Whatever it has come to: a store and a backend that are honest are enough. */
    mangle_in = 0;
    w.s.mangle = NULL;
    w.s.silent = w.s.deaf = false;
    w.s.n_eagain = 0;
    w.back.stubborn = false;
    heal();
    world_run(&w);
    for (unsigned i = 0; i < REQUESTS; i++)
        HOLD(n_asked[i] == n_done[i]);
    HOLD(store_n_watches(&w.s) <= 3);
    world_free(&w);
    return 0;
}
