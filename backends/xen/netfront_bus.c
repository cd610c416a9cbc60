/* SPDX-License-Identifier: ISC */
/*
 * What netfront and netback agree on, over the store (xen/io/netif.h).
 *
 * All keys of the backend are read at once; then ours are written in one
 * transaction, together with the removal of those that another frontend may
 * have left (one that used several queues, or the other kind of event channels).
 * With one queue all keys stand at the top.
 */
#include "netfront_bus.h"

#include <string.h>

#include "xen_public.h"

enum { MTU_DEFAULT = 1500, MTU_LEAST = 68, MTU_MOST = 9216 };

enum key {
    KEY_RX_COPY, KEY_SG, KEY_GSO4, KEY_GSO6, KEY_NO_CSUM4, KEY_CSUM6, KEY_SPLIT, KEY_GROUPS,
    KEY_CARRIER, KEY_MAC, KEY_MTU, KEY_COUNT
};

/* Their names, one behind another in that order. */
static const char key_names[] =
    "feature-rx-copy\0" "feature-sg\0" "feature-gso-tcpv4\0" "feature-gso-tcpv6\0"
    "feature-no-csum-offload\0" "feature-ipv6-csum-offload\0" "feature-split-event-channels\0"
    "feature-multicast-control\0" "carrier\0" "mac\0" "mtu";

/* Those stand in our directory, not the backend's. */
static bool key_is_ours(enum key key)
{
    return key >= KEY_MAC;
}

_Static_assert(KEY_COUNT <= NETFRONT_BUS_READS, "one request a key");

static struct netfront_bus *of(struct xenbus *bus)
{
    return TERN_CONTAINER_OF(bus, struct netfront_bus, bus);
}

static uint32_t value(const struct netfront_bus *nb, enum key key, uint32_t otherwise)
{
    return nb->reads[key].there ? nb->reads[key].number : otherwise;
}

/* ---- Writing ----------------------------------------------------------------- */

/*
 * What we write, one name behind another, each behind a letter for its value: a and b
 * are the rings' references; c is the port for both, d and e are those for sending and
 * receiving; - removes a key; 1 is that; s and g: do segments come, are groups heard?
 */
static const char written[] =
    "atx-ring-ref\0" "brx-ring-ref\0" "cevent-channel\0" "devent-channel-tx\0"
    "eevent-channel-rx\0" "-multi-queue-num-queues\0" "1request-rx-copy\0"
    "1feature-rx-notify\0" "1feature-sg\0" "sfeature-gso-tcpv4\0" "sfeature-gso-tcpv6\0"
    "-feature-no-csum-offload\0" "1feature-ipv6-csum-offload\0" "grequest-multicast-control\0";

static const char *value_of(const struct netfront_bus *nb, const struct netfront_peer *peer,
                            char letter)
{
    switch (letter) {
    case 'a':
    case 'b':
        return nb->texts[letter - 'a'];
    case 'c':
        return peer->split ? NULL : nb->texts[2];
    case 'd':
    case 'e':
        return peer->split ? nb->texts[letter - 'd' + 2] : NULL;
    case 's':
        return nb->nf->config.no_gso ? "0" : "1";
    case 'g':
        return peer->groups ? "1" : "0";
    default:
        return letter == '1' ? "1" : NULL;
    }
}

static void begin(struct xenbus *bus);

/* Is this answer for a life that is over? Then the one that waits for it begins. */
static bool is_stale(struct netfront_bus *nb)
{
    if (nb->life == nb->bus.life && !nb->begin_again)
        return false;
    if (nb->begin_again)
        begin(&nb->bus);
    return true;
}

static void update_done(struct xenstore_update *u, enum tern_err err)
{
    struct netfront_bus *nb = u->user;
    if (is_stale(nb))
        return;
    if (err == TERN_OK)
        xenbus_publish(&nb->bus);
    else if (err == TERN_ABORTED)
        xenbus_aborted(&nb->bus);
    else
        xenbus_refuse(&nb->bus, "the store does not take our keys");
}

static void publish(struct netfront_bus *nb, const struct netfront_peer *peer,
                    const struct netfront_keys *refs)
{
    const uint32_t numbers[] = { refs->tx_ref, refs->rx_ref, refs->port_tx, refs->port_rx };
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        xenstore_text(nb->texts[i], sizeof nb->texts[i], numbers[i]);
    for (const char *at = written; *at != '\0'; at += strlen(at) + 1)
        nb->entries[n++] = (struct xenstore_entry){ .name = at + 1,
                                                    .value = value_of(nb, peer, *at) };
    nb->update.done = update_done;
    nb->update.user = nb;
    if (xenstore_update(nb->bus.store, &nb->update, nb->bus.dir, nb->entries, n) != TERN_OK)
        xenbus_refuse(&nb->bus, "its keys do not fit");
}

/* ---- Reading -------------------------------------------------------------------- */

static void agree(struct netfront_bus *nb)
{
    struct netfront_keys refs;
    struct netfront_peer peer = {
        .domid = nb->bus.domid,
        .sg = value(nb, KEY_SG, 0) == 1,
        .gso4 = value(nb, KEY_GSO4, 0) == 1,
        .gso6 = value(nb, KEY_GSO6, 0) == 1,
        .csum4 = value(nb, KEY_NO_CSUM4, 0) == 0,
        .csum6 = value(nb, KEY_CSUM6, 0) == 1,
        .split = value(nb, KEY_SPLIT, 0) == 1,
        .groups = value(nb, KEY_GROUPS, 0) == 1 && netfront_filters(nb->nf),
    };
    uint32_t mtu = value(nb, KEY_MTU, MTU_DEFAULT);
    if (mtu < MTU_LEAST)    /* nothing that an IP host could live with */
        mtu = MTU_DEFAULT;
    peer.mtu = (uint16_t)(mtu < MTU_MOST ? mtu : MTU_MOST);
    bool own_mac = memcmp(nb->nf->config.mac, (const uint8_t[6]){ 0 }, 6) != 0;
    memcpy(peer.mac, own_mac ? nb->nf->config.mac : nb->mac, sizeof peer.mac);
    if (value(nb, KEY_RX_COPY, 0) != 1)
        xenbus_refuse(&nb->bus, "its backend cannot copy");
    else if (!own_mac && !nb->has_mac)
        xenbus_refuse(&nb->bus, "has no address");
    else if (netfront_open(nb->nf, &peer, &refs) != TERN_OK)
        xenbus_refuse(&nb->bus, "cannot be opened");
    else
        publish(nb, &peer, &refs);
}

static void key_got(struct xenstore_request *r, enum tern_err err, const uint8_t *data, size_t len)
{
    struct netfront_bus *nb = r->user;
    struct netfront_read *read = TERN_CONTAINER_OF(r, struct netfront_read, request);
    enum key key = (enum key)(read - nb->reads);
    read->there = false;
    if (err == TERN_OK && key == KEY_MAC)
        read->there = nb->has_mac = xenstore_mac(data, len, nb->mac);
    else if (err == TERN_OK)
        read->there = xenstore_number(data, len, key == KEY_MTU ? UINT16_MAX : 1,
                                      &read->number);
    nb->n_bad += err == TERN_OK && !read->there;
    nb->aborted = nb->aborted || err == TERN_ABORTED;
    nb->unread = nb->unread || (err != TERN_OK && err != TERN_UNREACHABLE);
    if (--nb->n_reading > 0 || is_stale(nb))
        return;
    if (nb->aborted)
        xenbus_aborted(&nb->bus);
    else if (nb->unread)
        xenbus_refuse(&nb->bus, "the store does not say what it can");
    else
        agree(nb);
}

/* Waits until nothing of a former life is under way. */
static void begin(struct xenbus *bus)
{
    struct netfront_bus *nb = of(bus);
    nb->begin_again = nb->n_reading > 0 || nb->update.busy;
    if (nb->begin_again)
        return;
    if (bus->phase != XENBUS_BEGUN)
        return;
    nb->life = bus->life;
    nb->has_mac = nb->aborted = nb->unread = false;
    nb->n_reading = 1;    /* until all are asked */
    const char *name = key_names;
    for (enum key key = 0; key < KEY_COUNT; key++, name += strlen(name) + 1) {
        struct netfront_read *read = &nb->reads[key];
        read->there = false;
        read->request.done = key_got;
        read->request.user = nb;
        if (xenstore_read_in(bus->store, &read->request,
                             key_is_ours(key) ? bus->dir : bus->backend, name) == TERN_OK)
            nb->n_reading++;
    }
    nb->n_reading--;    /* some are under way: ours, at least, always fit */
}

/* ---- Connected --------------------------------------------------------------------- */

static void carrier_read(struct netfront_bus *nb)
{
    nb->carrier_again = nb->carrier.busy;
    if (!nb->carrier_again)
        (void)xenstore_read_in(nb->bus.store, &nb->carrier, nb->bus.backend, "carrier");
}

/* A backend without this key has a carrier. */
static void carrier_got(struct xenstore_request *r, enum tern_err err, const uint8_t *data,
                        size_t len)
{
    struct netfront_bus *nb = r->user;
    uint32_t carrier = 1;
    if (nb->bus.phase != XENBUS_CONNECTED)
        return;
    if (nb->carrier_again) {
        carrier_read(nb);
        return;
    }
    if (err == TERN_OK && !xenstore_number(data, len, 1, &carrier)) {
        nb->n_bad++;
        return;
    }
    if (err == TERN_OK || err == TERN_UNREACHABLE)
        netfront_carrier(nb->nf, carrier == 1);
}

static void connected(struct xenbus *bus)
{
    struct netfront_bus *nb = of(bus);
    netfront_go(nb->nf, value(nb, KEY_CARRIER, 1) == 1);
    carrier_read(nb);    /* it may have changed since */
}

static void changed(struct xenbus *bus)
{
    carrier_read(of(bus));
    netfront_groups_again(of(bus)->nf);
}

static void end(struct xenbus *bus)
{
    netfront_close(of(bus)->nf);
}

static const struct xenbus_ops ops = {
    .begin = begin, .connected = connected, .changed = changed, .end = end,
};

void netfront_bus_init(struct netfront_bus *nb, struct netfront *nf, struct xenstore *store,
                       const char *dir)
{
    memset(nb, 0, sizeof *nb);
    nb->nf = nf;
    nb->carrier.done = carrier_got;
    nb->carrier.user = nb;
    xenbus_init(&nb->bus, store, &ops, nf->link.name, dir);
}

void netfront_bus_reopen(struct netfront_bus *nb)
{
    xenbus_reopen(&nb->bus);
}

void netfront_bus_restart(struct netfront_bus *nb)
{
    netfront_resume(nb->nf, false);
    xenbus_restart(&nb->bus);
}
