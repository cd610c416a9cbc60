/* SPDX-License-Identifier: ISC */
/*
 * The network device of Xen (xen/io/netif.h) as a link: a frontend that does
 * not trust its backend, with one queue.
 *
 * Every page that is granted was carved for that, and each belongs to one side
 * of the traffic for good: what is sent stands in pages that the backend may
 * only read, what is received in pages that it may write as long as it is
 * connected. A received frame is copied once, before anything looks at it, into
 * a private arena, which is free again when the stack's input returns. Grants
 * are given when a backend is connected and taken back when it is left. A page
 * that the backend still holds then is kept back: nothing uses it until its
 * grant has ended.
 *
 * A backend may go, and another come, with another domain and other features:
 * the link stays attached to its stack, goes down and comes up.
 *
 *     started          the backend agrees         all rings ready
 *     CLOSED -- netfront_open --> OPEN -- netfront_go --> CONNECTED
 *       ^                          |                       |     |
 *       +----- netfront_close -----+---------- ... --------+     | breach
 *       |                                                        v
 *       +------------------- netfront_close ------------------ BROKEN
 *
 * netfront_bus.c drives these with what the store says; the loop around it:
 *
 *     for (;;) {
 *         uint64_t now_ns = pvh_now_ns(), due_ns = xenstore_poll(&store, now_ns);
 *         uint64_t deadline_ns;
 *         if (!netfront_poll(&net, now_ns, &deadline_ns))
 *             deadline_ns = tern_turn_run(&turn, now_ns);
 *         // the earliest of deadline_ns, due_ns and netfront_due(&net)
 *         if (deadline_ns > now_ns && xenstore_idle(&store) && netfront_idle(&net))
 *             wait(deadline_ns);
 *     }
 */
#ifndef TERN_XEN_NETFRONT_H
#define TERN_XEN_NETFRONT_H

#include <tern/link.h>

#include "gnttab.h"
#include "xen_ring.h"

#define NETFRONT_FRAME_MAX 65535u     /* XEN_NETIF_MAX_TX_SIZE: 16 bits, Ethernet included */
#define NETFRONT_TX_HEAD 2u           /* where a slot's frame begins: aligns its IP header */
#define NETFRONT_LONG_PAGES 17u       /* pages of a slot for 64 KiB: 17 and an extra are 18 slots */
#define NETFRONT_PARTS 19u            /* slots of one received frame, at most */
#define NETFRONT_RX_LEAST 19u         /* receive pages without which a 64 KiB frame cannot come */
#define NETFRONT_ARENA_LEAST (68u << 10)
#define NETFRONT_ARENA (256u << 10)
#define NETFRONT_GROUPS (2 * TERN_LINK_GROUPS)    /* those told of, and those to be told of */
#define NETFRONT_DEAF_NS (2 * TERN_SECOND_NS)
#define NETFRONT_DEAF_MOST 7u
#define NETFRONT_NO_SLOT 0xffffu

enum netfront_breach {
    NETFRONT_BREACH_PROD,          /* more answers than requests */
    NETFRONT_BREACH_BACKWARDS,     /* fewer answers than there were before */
    NETFRONT_BREACH_TX_ID,         /* an id outside the ring */
    NETFRONT_BREACH_TX_PENDING,    /* the id of no request that waits */
    NETFRONT_BREACH_TX_STATUS,     /* a status that does not exist */
    NETFRONT_BREACH_TX_NULL,       /* an empty answer where no extra was sent */
    NETFRONT_BREACH_RX_EXTENT,     /* octets outside the page */
    NETFRONT_BREACH_RX_FLAGS,      /* flags that were not agreed on */
    NETFRONT_BREACH_RX_SLOTS,      /* a frame of too many slots */
    NETFRONT_BREACH_RX_EXTRA,      /* extra information that was not agreed on */
    NETFRONT_BREACH_RX_GSO,        /* segments of no size, or of an unknown kind */
    NETFRONT_BREACH_RX_TOO_LONG,   /* a frame longer than 65,535 octets */
    NETFRONT_BREACH_COUNT
};

const char *netfront_breach_text(enum netfront_breach breach);

/* How much memory the driver takes. Zeros: the defaults. */
struct netfront_config {
    uint16_t n_rx;         /* receive pages, 32 to 256; 256 */
    uint16_t n_tx;         /* pages of short slots (two frames of 1,500 octets each); 48 */
    uint16_t n_tx_long;    /* slots for a frame of 64 KiB; 6 */
    size_t arena_len;      /* private memory for received frames; NETFRONT_ARENA */
    uint8_t mac[6];        /* to be had in place of the store's; zeros: the store's */
    bool no_gso;           /* neither sends nor receives aggregates */
};

/* What suits a machine with so many octets of memory: an eighth of it at most. */
struct netfront_config netfront_config_for(uint64_t memory_len);

/* What has been agreed on with a backend, checked. */
struct netfront_peer {
    uint16_t domid;
    uint16_t mtu;
    uint8_t mac[6];
    bool sg, gso4, gso6, csum4, csum6, split, groups;
};

/* Where the backend finds us. */
struct netfront_keys {
    uint32_t tx_ref, rx_ref;
    uint32_t port_tx, port_rx;    /* one port without split */
};

/* Frames, each in exactly one counter, and what befell the connection. */
struct netfront_stats {
    uint64_t rx_frames, rx_octets, rx_batches;
    uint64_t rx_runt;         /* dropped: shorter than an Ethernet header */
    uint64_t rx_error;        /* dropped: the backend says that it failed */
    uint64_t tx_frames, tx_octets;
    uint64_t tx_full;         /* slots refused: each owed a tx_room */
    uint64_t tx_refused;      /* requests that the backend says it dropped or failed */
    uint64_t tx_stale;        /* dropped: committed after the connection they were lent in */
    uint64_t tx_bad;          /* dropped: an aggregate that no backend could take apart */
    uint64_t tx_summed;       /* checksums completed here */
    uint64_t changes;         /* changes told to the stack */
    uint64_t connects;
    uint64_t storms;          /* times that a port was masked for bringing no work */
    uint64_t no_pages;        /* connections not made: too many pages are kept back */
    uint64_t groups_refused;  /* by the backend: it is not asked to filter again */
};

/* A page: its grant, and whether it still has to be taken back. */
struct netfront_page {
    uint32_t ref;        /* GNTTAB_NONE: nobody but us reaches it */
    bool held;           /* its grant would not end: not to be used */
};

struct netfront_port {
    struct xen_port event;
    bool open;
};

/* One data slot of the frame that is being gathered. */
struct netfront_part {
    uint16_t page, off, len;
};

/* A group: whether it is listened to, and whether the backend has been told so. */
struct netfront_group {
    uint8_t mac[6];
    bool wanted, told;
};

enum netfront_state { NETFRONT_CLOSED, NETFRONT_OPEN, NETFRONT_CONNECTED, NETFRONT_BROKEN };

/* Members are the driver's; the stack uses link. */
struct netfront {
    struct tern_link link;
    struct xen_env *env;
    struct gnttab *grants;
    enum netfront_state state;
    bool carrier, news;          /* news: the stack has to be told */
    bool suspended;
    bool tx_owed, tx_long_owed;
    bool groups_due;             /* there may be something to tell */
    bool chooses;                /* the stack has said which groups it listens to */
    bool rx_more, rx_failed;
    uint8_t rx_want, rx_flags, gso;
    uint16_t gso_size, n_parts, n_rx_free, n_tx_id_free;
    uint16_t n_tx_free, n_tx_long_free;
    uint16_t n_tx_slots;         /* short ones; long ones have the next numbers */
    uint16_t n_groups;
    uint16_t n_groups_asked;     /* requests about groups that are not answered yet */
    struct netfront_page *pages;
    uint8_t *io;                 /* pages: rings and rx, short tx, long tx */
    uint8_t *tx_pending;         /* requests of each slot that are not answered yet */
    uint16_t *tx_free, *tx_long_free;    /* stacks of slots */
    uint32_t rx_len;             /* octets in parts */
    uint32_t n_tx_extras;        /* extras that are not answered yet */
    uint32_t tx_reserved;        /* ring slots for frames that are lent */
    uint32_t tx_cap;             /* octets of frame in a short slot */
    uint16_t n_pages, n_any, n_short;
    struct xen_ring rx, tx;
    uint8_t *arena;              /* private */
    struct netfront_peer peer;
    uint64_t deaf_at_ns;         /* when a backend that has looked at nothing is deaf; 0: it has */
    unsigned n_deaf;             /* times in a row that it was: each is waited for twice as long */
    uint32_t epoch;              /* of the connection: lent slots remember it */
    struct netfront_port ports[2];    /* tx (or both), rx */
    struct netfront_config config;
    struct netfront_stats stats;
    uint64_t breaches[NETFRONT_BREACH_COUNT];

    uint16_t rx_slot[XEN_RING_SLOTS];    /* the page behind each ring slot */
    uint16_t rx_free[XEN_RING_SLOTS + 2];
    struct netfront_part parts[NETFRONT_PARTS];
    uint16_t tx_id_slot[XEN_RING_SLOTS];    /* which slot a request belongs to */
    bool tx_id_pending[XEN_RING_SLOTS];
    uint16_t tx_id_free[XEN_RING_SLOTS];
    struct netfront_group groups[NETFRONT_GROUPS];

    struct tern_rx batch[TERN_LINK_BATCH];
    struct tern_span spans[TERN_LINK_BATCH];
};

/*
 * Takes all memory. nf, env and grants are placed; config may be NULL. The link
 * is ready to be attached, and down. TERN_INVALID: config; TERN_FULL: no memory.
 */
enum tern_err netfront_init(struct netfront *nf, struct xen_env *env, struct gnttab *grants,
                            const struct netfront_config *config);

/*
 * Prepares rings, grants and ports for a backend; what it has to be told is in
 * *keys. TERN_FULL: too many pages are kept back, or no grant or port is free;
 * everything is closed again. TERN_INVALID: not closed.
 */
enum tern_err netfront_open(struct netfront *nf, const struct netfront_peer *peer,
                            struct netfront_keys *keys);

/* The backend is connected: posts receive pages, and the link comes up with the carrier. */
void netfront_go(struct netfront *nf, bool carrier);

/* The backend says whether there is a carrier. */
void netfront_carrier(struct netfront *nf, bool carrier);

/*
 * Leaves the backend: the link goes down, ports close, grants end. Pages that
 * the backend still holds are kept back; the next netfront_open tries again.
 * Harmless while closed.
 */
void netfront_close(struct netfront *nf);

/*
 * Before a suspend: nothing more is sent or received. Harmless twice.
 *
 * After it: cancelled says that the domain is the same and all goes on where it
 * was. If not, grants and ports of before do not exist any more; nothing of them
 * is touched, and the device is closed (the caller has restarted the grant table
 * and lets xenbus begin anew). Harmless twice, and without a suspend.
 */
void netfront_suspend(struct netfront *nf);
void netfront_resume(struct netfront *nf, bool cancelled);

/*
 * Tells the stack what is new: room to send, one batch of frames, a change, each
 * a turn of its own. False: there was nothing, and no turn was run. *deadline_ns
 * is what the last turn returned.
 */
bool netfront_poll(struct netfront *nf, uint64_t now_ns, uint64_t *deadline_ns);

/*
 * Does the backend say that it is connected, and has not once looked at what was sent
 * since, for NETFRONT_DEAF_NS? One that was bound anew can map the rings of its former
 * life, fail, and not know it: netfront_bus_reopen. One whose interface is down looks
 * at nothing either: so it is true after that time, then after twice as long, and so on
 * up to NETFRONT_DEAF_NS << NETFRONT_DEAF_MOST, until a frame comes.
 */
bool netfront_deaf(struct netfront *nf, uint64_t now_ns);

/*
 * When the driver itself wants to be polled: a masked port ends its rest, or the backend
 * has to be asked for. TERN_NEVER: never.
 */
uint64_t netfront_due(const struct netfront *nf);

/*
 * Asks the backend for events before the loop waits. False: there is news
 * already, for which no event may come: poll again instead.
 */
bool netfront_idle(struct netfront *nf);

/* The backend has changed something, perhaps itself: it is told of the groups again. */
void netfront_groups_again(struct netfront *nf);

/*
 * Should a backend filter groups? Not before the stack has said which it listens to,
 * not when it wants all, and not after a backend has refused one.
 */
bool netfront_filters(const struct netfront *nf);

/*
 * Does the backend filter, but should no longer? Then it has to be left and connected
 * to anew: netfront_bus_reopen. True once a connection.
 */
bool netfront_filter_over(struct netfront *nf);

/* ---- Between the driver's files --------------------------------------------- */

/* Counts the breach, says so and stops the device; nothing is freed. */
void netfront_breached(struct netfront *nf, enum netfront_breach breach);
bool netfront_sane(struct netfront *nf, enum xen_ring_look look);

static inline uint8_t *netfront_page_at(const struct netfront *nf, uint16_t page)
{
    return nf->io + (size_t)page * XEN_PAGE_LEN;
}

void netfront_rx_start(struct netfront *nf);
size_t netfront_rx_batch(struct netfront *nf);
bool netfront_rx_waiting(const struct netfront *nf);

void netfront_tx_layout(struct netfront *nf);
bool netfront_tx_reclaim(struct netfront *nf);
bool netfront_tx_room(struct netfront *nf);
bool netfront_tx_group(struct netfront *nf, const uint8_t group[6], bool join);
void netfront_notify(struct netfront *nf, unsigned port);
void netfront_groups(struct tern_link *link, const uint8_t *macs, size_t n);
void netfront_groups_begin(struct netfront *nf, bool is_new);
void netfront_groups_send(struct netfront *nf);
bool netfront_groups_wait(const struct netfront *nf);    /* for room in the ring, or answers */
extern const struct tern_link_ops netfront_link_ops;

#endif
