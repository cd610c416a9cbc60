/* SPDX-License-Identifier: ISC */
/*
 * A guest's whole surroundings under Xen.
 */
#include "xen_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void key_path(char path[STORE_PATH], const char *dir, const char *name)
{
    snprintf(path, STORE_PATH, "%s/%s", dir, name);
}

static void set(struct world *w, const char *dir, const char *name, const char *value)
{
    char path[STORE_PATH];
    key_path(path, dir, name);
    store_set(&w->s, path, value);
}

static void set_number(struct world *w, const char *dir, const char *name, uint32_t value)
{
    char text[12];
    snprintf(text, sizeof text, "%u", value);
    set(w, dir, name, text);
}

const char *world_key(const struct world *w, const char *name)
{
    char path[STORE_PATH];
    key_path(path, w->front, name);
    return store_get(&w->s, path);
}

static uint32_t number(const struct world *w, const char *name)
{
    const char *value = world_key(w, name);
    return value != NULL ? (uint32_t)strtoul(value, NULL, 10) : 0;
}

uint32_t world_state(const struct world *w)
{
    return number(w, "state");
}

/* ---- The backend ---- */

void world_back_state(struct world *w, uint32_t state)
{
    w->back.state = state;
    set_number(w, w->back.dir, "state", state);
}

void world_feature(struct world *w, const char *key, const char *value)
{
    struct world_back *b = &w->back;
    for (size_t i = 0; i < b->n_features; i++)
        if (strcmp(b->features[i][0], key) == 0) {
            b->features[i][1] = value;
            return;
        }
    FAKE_HOLD(b->n_features < WORLD_KEYS);
    b->features[b->n_features][0] = key;
    b->features[b->n_features++][1] = value;
}

void world_features_all(struct world *w)
{
    static const char *const all[] = {
        "feature-rx-copy", "feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6",
        "feature-ipv6-csum-offload", "feature-split-event-channels", "feature-multicast-control",
    };
    w->back.n_features = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        world_feature(w, all[i], "1");
}

static void back_probe(struct world *w)
{
    for (size_t i = 0; i < w->back.n_features; i++)
        if (w->back.features[i][1] != NULL)
            set(w, w->back.dir, w->back.features[i][0], w->back.features[i][1]);
    world_back_state(w, XenbusStateInitWait);
}

void world_attach(struct world *w, uint16_t domid)
{
    w->back.domid = domid;
    w->back.attached = true;
    w->back.offline = false;
    snprintf(w->back.dir, sizeof w->back.dir, "/local/domain/%u/backend/vif/%u/0", domid,
             w->s.domid);
    snprintf(w->front, sizeof w->front, "/local/domain/%u/device/vif/0", w->s.domid);
    set_number(w, w->front, "state", XenbusStateInitialising);
    set(w, w->front, "mac", "00:16:3e:00:00:05");
    world_back_state(w, XenbusStateInitialising);
    set_number(w, w->front, "backend-id", domid);
    set(w, w->front, "backend", w->back.dir);
    back_probe(w);
}

static void back_disconnect(struct world *w)
{
    if (w->back.nb.tx != NULL)
        w->back.n_disconnects++;
    netback_disconnect(&w->back.nb);
}

void world_detach(struct world *w)
{
    w->back.offline = true;
    back_disconnect(w);
    world_back_state(w, XenbusStateClosing);
    world_run(w);
    w->back.attached = false;
    store_remove(&w->s, w->front);
    store_remove(&w->s, w->back.dir);
}

/* Its domain is destroyed: Xen takes back what it held, its directory vanishes. */
void world_back_dies(struct world *w)
{
    back_disconnect(w);
    w->back.attached = false;
    store_remove(&w->s, w->back.dir);
}

void world_back_restart(struct world *w)
{
    back_disconnect(w);
    back_probe(w);
}

/* The frontend's keys, as a netback with one queue reads them. */
static bool back_connect(struct world *w)
{
    bool split = world_key(w, "event-channel-tx") != NULL;
    if (number(w, "request-rx-copy") != 1 || number(w, "feature-rx-notify") != 1 ||
        world_key(w, "multi-queue-num-queues") != NULL ||
        split == (world_key(w, "event-channel") != NULL))
        return false;
    uint32_t tx = number(w, split ? "event-channel-tx" : "event-channel");
    uint32_t rx = number(w, split ? "event-channel-rx" : "event-channel");
    w->back.n_connects++;
    bool good = netback_connect(&w->back.nb, &w->x, w->back.domid, number(w, "tx-ring-ref"),
                                number(w, "rx-ring-ref"), tx, rx);
    w->back.nb.filters = number(w, "request-multicast-control") == 1;
    return good;
}

/* The frontend's state as the backend sees it. *moves: it is about to see another. */
static uint32_t back_sees(struct world *w, bool *moves)
{
    uint32_t *seen = w->back.seen;
    memmove(seen + 1, seen, (WORLD_LAG - 1) * sizeof *seen);
    seen[0] = world_state(w);
    *moves = false;
    for (unsigned i = 0; i < w->back.lag; i++)
        *moves = *moves || seen[i] != seen[w->back.lag];
    return seen[w->back.lag];
}

static bool back_turn(struct world *w)
{
    bool moves;
    uint32_t before = w->back.state, front = back_sees(w, &moves);
    if (!w->back.attached || w->back.stubborn)
        return false;
    switch (front) {
    case XenbusStateInitialising:    /* Linux goes there over all steps */
        if (before == XenbusStateConnected) {
            back_disconnect(w);
            world_back_state(w, XenbusStateClosing);
            world_back_state(w, XenbusStateClosed);
        }
        if (w->back.state == XenbusStateClosed && !w->back.offline)
            back_probe(w);
        break;
    case XenbusStateConnected:
        if (before != XenbusStateInitWait)
            break;
        if (back_connect(w)) {
            world_back_state(w, XenbusStateConnected);
        } else {    /* keys of a connection that is over: fatal, until we begin anew */
            back_disconnect(w);
            world_back_state(w, XenbusStateClosing);
        }
        break;
    case XenbusStateClosing:
    case XenbusStateClosed:
        if (w->back.ignores_close || before == front || before == XenbusStateClosed)
            break;
        back_disconnect(w);
        world_back_state(w, front);
        break;
    default:
        break;
    }
    return w->back.state != before || moves;
}

/* ---- Everybody ---- */

bool world_turn(struct world *w)
{
    uint32_t cons = w->xs.rsp_cons, prod = w->xs.req_prod;
    bool worked = back_turn(w);
    worked |= store_serve(&w->s);
    uint64_t due_ns = xenstore_poll(&w->xs, w->now_ns);
    worked |= due_ns <= w->now_ns || cons != w->xs.rsp_cons || prod != w->xs.req_prod;
    if (netfront_filter_over(&w->nf)) {
        netfront_bus_reopen(&w->bus);
        worked = true;
    }
    worked |= netfront_poll(&w->nf, w->now_ns, &w->deadline_ns);
    worked |= !xenstore_idle(&w->xs);
    worked |= !netfront_idle(&w->nf);
    return worked;
}

void world_run(struct world *w)
{
    for (unsigned i = 0; world_turn(w); i++)
        FAKE_HOLD(i < 10000);
}

void world_init(struct world *w, const struct netfront_config *config)
{
    memset(w, 0, sizeof *w);
    w->now_ns = 1000;
    fake_init(&w->x);
    store_init(&w->s, &w->x, WORLD_GUEST);
    xenstore_init(&w->xs, &w->x.env, w->s.ring, w->s.port);
    FAKE_HOLD(netfront_init(&w->nf, &w->x.env, &w->x.grants, config) == TERN_OK);
    netfront_bus_init(&w->bus, &w->nf, &w->xs, "device/vif/0");
}

void world_free(struct world *w)
{
    netback_forget(&w->back.nb);
    store_free(&w->s);
    fake_free(&w->x);
}
