/* SPDX-License-Identifier: ISC */
/*
 * A frontend's side of the handshake. Every event leads to a read, every answer
 * to one step; a value that is none counts as none.
 */
#include "xenbus.h"

#include <string.h>

#include "xen_public.h"

enum { DOMID_MOST = 0x7fef };    /* below DOMID_FIRST_RESERVED */

/* ---- Our state -------------------------------------------------------------- */

/* Writes the state that we are in, until what is written is what it is. */
static void state_write(struct xenbus *bus)
{
    char path[XENSTORE_PATH_CAP], text[4];
    if (bus->write_state.busy || bus->written == bus->ours)
        return;
    bus->written = bus->ours;
    xenstore_join(path, sizeof path, bus->dir, "state");
    xenstore_text(text, sizeof text, bus->ours);
    (void)xenstore_write(bus->store, &bus->write_state, XENSTORE_NO_TX, path, text);
}


static void state_set(struct xenbus *bus, uint32_t state)
{
    bus->ours = state;
    state_write(bus);
}

/* ---- Steps ------------------------------------------------------------------- */

static void end(struct xenbus *bus)
{
    bus->life++;
    bus->ops->end(bus);
}

static void begin(struct xenbus *bus)
{
    bus->phase = XENBUS_BEGUN;
    bus->life++;
    bus->reopen = false;
    bus->ops->begin(bus);
}

/* The backend closes: so do we, Closing first and Closed when nothing is left. */
static void close_now(struct xenbus *bus, bool reopen)
{
    bool lasted = bus->phase == XENBUS_CONNECTED &&
                  bus->store->now_ns - bus->connected_ns >= XENBUS_LASTED_NS;
    bus->n_reopens = lasted ? 1 : bus->n_reopens + 1;
    bus->reopen = reopen && bus->n_reopens <= XENBUS_REOPENS;
    state_set(bus, XenbusStateClosing);
    end(bus);
    bus->phase = XENBUS_CLOSED;
    state_set(bus, XenbusStateClosed);
}

/* Its next life. It wants to see us begin, too. */
static void wait_anew(struct xenbus *bus)
{
    bus->phase = XENBUS_WAITING;
    state_set(bus, XenbusStateInitialising);
}

static void while_waiting(struct xenbus *bus)
{
    switch (bus->theirs) {
    case XenbusStateInitWait:
        begin(bus);
        break;
    case XenbusStateConnected:    /* to somebody who was here before us */
        bus->phase = XENBUS_CLOSING;
        state_set(bus, XenbusStateClosing);
        break;
    case XenbusStateClosing:
        close_now(bus, true);
        break;
    case XenbusStateClosed:    /* since before us: it has to see that we begin */
        bus->written = XenbusStateUnknown;
        state_set(bus, XenbusStateInitialising);
        break;
    default:
        break;
    }
}

/* A backend that is back at its beginning has lost us on the way. */
static void while_open(struct xenbus *bus)
{
    switch (bus->theirs) {
    case XenbusStateConnected:
        if (bus->phase == XENBUS_OFFERED) {
            bus->phase = XENBUS_CONNECTED;
            bus->connected_ns = bus->store->now_ns;
            bus->ops->connected(bus);
        } else if (bus->phase == XENBUS_CONNECTED) {
            bus->ops->changed(bus);
        }
        break;
    case XenbusStateInitWait:
        if (bus->phase != XENBUS_CONNECTED)
            break;    /* it has not seen yet what we have written */
        end(bus);
        wait_anew(bus);
        begin(bus);
        break;
    case XenbusStateInitialising:
        end(bus);
        wait_anew(bus);
        break;
    case XenbusStateUnknown:
    case XenbusStateClosing:
    case XenbusStateClosed:
        close_now(bus, true);
        break;
    default:    /* Initialised, Reconfiguring, Reconfigured */
        break;
    }
}

/* In InitWait it has not seen us yet, unless it has come there from Connected: anew. */
static void while_closing(struct xenbus *bus, uint32_t before)
{
    bool anew = bus->theirs == XenbusStateInitWait && before == XenbusStateConnected;
    if (bus->theirs == XenbusStateConnected || (bus->theirs == XenbusStateInitWait && !anew))
        return;
    end(bus);
    bus->phase = XENBUS_CLOSED;
    bus->reopen = true;
    state_set(bus, XenbusStateClosed);
}

static void while_closed(struct xenbus *bus)
{
    if (bus->theirs == XenbusStateInitialising || bus->theirs == XenbusStateInitWait ||
        (bus->theirs == XenbusStateClosed && bus->reopen))
        wait_anew(bus);
    if (bus->phase == XENBUS_WAITING && bus->theirs == XenbusStateInitWait)
        begin(bus);
}

static void step(struct xenbus *bus, uint32_t before)
{
    switch (bus->phase) {
    case XENBUS_LOOKING:
        break;
    case XENBUS_WAITING:
        while_waiting(bus);
        break;
    case XENBUS_BEGUN:
    case XENBUS_OFFERED:
    case XENBUS_CONNECTED:
        while_open(bus);
        break;
    case XENBUS_CLOSING:
        while_closing(bus, before);
        if (bus->phase == XENBUS_CLOSED)
            while_closed(bus);
        break;
    case XENBUS_CLOSED:
        while_closed(bus);
        break;
    }
}

/* ---- The backend's state ------------------------------------------------------- */

static void state_read(struct xenbus *bus)
{
    if (bus->read_state.busy) {
        bus->state_again = true;
        return;
    }
    bus->state_again = false;
    if (bus->backend[0] != '\0')
        (void)xenstore_read_in(bus->store, &bus->read_state, bus->backend, "state");
}

/*
 * What the backend says while a state of ours is under way may be its answer to
 * an older one. To follow that would be to run after each other for ever: it is
 * asked again when ours stands in the store.
 */
static void state_written(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                          size_t len)
{
    struct xenbus *bus = r->user;
    (void)data;
    (void)len;
    if (err == TERN_OK)
        state_write(bus);
    else    /* it may not stand there: written again when we hear of the backend */
        bus->written = XenbusStateUnknown;
    if (bus->state_later && !bus->write_state.busy) {
        bus->state_later = false;
        state_read(bus);
    }
}

/* A missing key is a backend that has gone. */
static void state_got(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                      size_t len)
{
    struct xenbus *bus = r->user;
    uint32_t state = XenbusStateUnknown;
    if (bus->backend[0] == '\0')
        return;
    if (bus->state_again) {    /* old before it has come, or another backend's */
        state_read(bus);
        return;
    }
    if (bus->write_state.busy) {
        bus->state_later = true;
        return;
    }
    if (err == TERN_OK && !xenstore_number(data, len, XenbusStateReconfigured, &state)) {
        bus->n_bad++;
        return;
    }
    if (err != TERN_OK && err != TERN_UNREACHABLE)
        return;
    uint32_t before = bus->theirs;
    bus->theirs = state;
    step(bus, before);
    if (bus->written == XenbusStateUnknown)
        state_write(bus);
}

static void peer_fired(struct xenstore_watch *w)
{
    state_read(w->user);
}

/* ---- Who the backend is ----------------------------------------------------------- */

static void peer_set(struct xenbus *bus, const char *backend, uint16_t domid)
{
    if (bus->phase != XENBUS_LOOKING && bus->phase != XENBUS_WAITING)
        end(bus);
    bool moves = memcmp(bus->backend, backend, sizeof bus->backend) != 0;
    memcpy(bus->backend, backend, sizeof bus->backend);
    bus->domid = domid;
    bus->theirs = XenbusStateUnknown;
    bus->state_again = bus->read_state.busy;    /* what comes now is the old one's */
    bus->reopen = false;
    bus->n_reopens = 0;
    bus->phase = XENBUS_LOOKING;
    if (backend[0] != '\0')
        wait_anew(bus);
    (void)xenstore_watch_set(bus->store, &bus->watch_peer, bus->backend);
    if (!moves)    /* or the watch tells, when it is set */
        state_read(bus);
}

static void look(struct xenbus *bus);

static void look_done(struct xenbus *bus)
{
    if (--bus->n_looking > 0)
        return;
    if (bus->look_again) {
        look(bus);
        return;
    }
    if (bus->found_id > DOMID_MOST)    /* both, or none */
        memset(bus->found, 0, sizeof bus->found);
    if (memcmp(bus->found, bus->backend, sizeof bus->found) != 0 ||
        (bus->found[0] != '\0' && bus->found_id != bus->domid))
        peer_set(bus, bus->found, (uint16_t)bus->found_id);
}

static void backend_got(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                        size_t len)
{
    struct xenbus *bus = r->user;
    if (err == TERN_OK && !xenstore_path(data, len, bus->found))
        bus->n_bad++;
    if (err != TERN_OK && err != TERN_UNREACHABLE)    /* nothing is known: as it was */
        memcpy(bus->found, bus->backend, sizeof bus->found);
    look_done(bus);
}

static void id_got(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    struct xenbus *bus = r->user;
    if (err == TERN_OK && !xenstore_number(data, len, DOMID_MOST, &bus->found_id))
        bus->n_bad++;
    if (err != TERN_OK && err != TERN_UNREACHABLE)
        bus->found_id = bus->domid;
    look_done(bus);
}

/* Reads the backend's path and domain; the second may be written later than the first. */
static void look(struct xenbus *bus)
{
    if (bus->n_looking > 0) {
        bus->look_again = true;
        return;
    }
    bus->look_again = false;
    bus->n_looking = 2;
    memset(bus->found, 0, sizeof bus->found);
    bus->found_id = UINT32_MAX;
    (void)xenstore_read_in(bus->store, &bus->read_backend, bus->dir, "backend");
    (void)xenstore_read_in(bus->store, &bus->read_id, bus->dir, "backend-id");
}

static void look_fired(struct xenstore_watch *w)
{
    look(w->user);
}

/* ---- Beginning ------------------------------------------------------------------------ */

void xenbus_init(struct xenbus *bus, struct xenstore *store, const struct xenbus_ops *ops,
                 const char *name, const char *dir)
{
    char path[XENSTORE_PATH_CAP];
    memset(bus, 0, sizeof *bus);
    bus->ops = ops;
    bus->store = store;
    bus->name = name;
    bus->dir = dir;
    bus->written = bus->ours = XenbusStateInitialising;    /* the toolstack has written it */
    bus->read_backend.done = backend_got;
    bus->read_id.done = id_got;
    bus->read_state.done = state_got;
    bus->write_state.done = state_written;
    bus->read_backend.user = bus->read_id.user = bus->read_state.user = bus->write_state.user = bus;
    bus->watch_backend.fired = bus->watch_id.fired = look_fired;
    bus->watch_peer.fired = peer_fired;
    bus->watch_backend.user = bus->watch_id.user = bus->watch_peer.user = bus;
    xenstore_join(path, sizeof path, dir, "backend");
    (void)xenstore_watch_set(store, &bus->watch_backend, path);
    xenstore_join(path, sizeof path, dir, "backend-id");
    (void)xenstore_watch_set(store, &bus->watch_id, path);
}

void xenbus_restart(struct xenbus *bus)
{
    bus->life++;
    bus->phase = XENBUS_LOOKING;
    memset(bus->backend, 0, sizeof bus->backend);
    bus->domid = 0;
    bus->reopen = false;
    bus->written = bus->ours = XenbusStateInitialising;
    (void)xenstore_watch_set(bus->store, &bus->watch_peer, "");
}

void xenbus_publish(struct xenbus *bus)
{
    if (bus->phase != XENBUS_BEGUN)
        return;
    bus->phase = XENBUS_OFFERED;
    state_set(bus, XenbusStateConnected);
    if (bus->theirs != XenbusStateInitWait)    /* what came meanwhile was not for us */
        state_read(bus);
}

void xenbus_aborted(struct xenbus *bus)
{
    if (bus->phase != XENBUS_BEGUN)
        return;
    end(bus);
    bus->phase = XENBUS_WAITING;
}

void xenbus_refuse(struct xenbus *bus, const char *why)
{
    if (bus->phase != XENBUS_BEGUN)
        return;
    xen_say(bus->store->env, bus->name, why);
    close_now(bus, false);
}

void xenbus_reopen(struct xenbus *bus)
{
    bus->n_reopens = 0;
    if (bus->phase == XENBUS_CLOSED) {
        bus->reopen = true;
        state_read(bus);
    }
    if (bus->phase != XENBUS_BEGUN && bus->phase != XENBUS_OFFERED &&
        bus->phase != XENBUS_CONNECTED)
        return;
    bus->phase = XENBUS_CLOSING;
    state_set(bus, XenbusStateClosing);
    state_read(bus);
}
