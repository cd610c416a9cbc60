/* SPDX-License-Identifier: ISC */
/*
 * Links: what carries Ethernet frames between a driver and the stack above it.
 *
 * A driver places a struct that has a struct tern_link as its first member and
 * fills in ops, mac, mtu, slot_max, offloads and up. The stack (tern_net_attach
 * of net.h, or a link filter) fills in events and user. A filter (a recorder,
 * an impairment, a capture) uses one link and provides another.
 *
 * Received frames are lent for one call of events->input, in batches, and do
 * not change meanwhile: a driver whose other side could still write them takes
 * that right away first, or copies. A frame that is sent is written into one
 * contiguous slot that the driver lends.
 *
 * A driver's turn, whole:
 *
 *     struct tern_rx batch[64];
 *     size_t n = frames_gather(drv, batch, 64);
 *     uint64_t deadline_ns = tern_link_input(&drv->link, batch, n, clock_ns());
 */
#ifndef TERN_LINK_H
#define TERN_LINK_H

#include <tern/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TERN_LINK_BATCH 64u          /* frames a batch */
#define TERN_LINK_HEADER_LEAST 256u  /* octets of a frame that its first span holds */
#define TERN_LINK_GROUPS 32u         /* groups that a link is told of, at most */

struct tern_span {
    uint8_t *data;
    size_t len;
};

/* What is known of a frame's transport checksum. */
enum tern_csum {
    TERN_CSUM_NONE,       /* nothing: verify it */
    TERN_CSUM_PARTIAL,    /* the field holds the pseudo-header's sum; good by construction */
    TERN_CSUM_VALID,      /* the driver's side has verified it */
};

/* What kind of super-frame, if any, a frame is. */
enum tern_gso {
    TERN_GSO_NONE,
    TERN_GSO_TCP4,    /* seg_len payload octets a segment, the last may be shorter */
    TERN_GSO_TCP6,
    TERN_GSO_UDP,     /* several datagrams of seg_len octets to or from one peer */
};

/* One received frame, lent. */
struct tern_rx {
    struct tern_span *spans;    /* the first holds at least min(frame, 256) octets */
    uint16_t n_spans;           /* at least 1 */
    uint16_t seg_len;           /* GSO or GRO segment size, 0 for a plain frame */
    uint8_t gso;                /* enum tern_gso */
    uint8_t csum;               /* enum tern_csum */
    uint32_t hash;              /* a flow hash the device computed, or 0 */
    uint64_t scratch[6];        /* the stack's while it has the frame */
};

/* One slot to send from. */
struct tern_tx {
    uint8_t *data;          /* the frame's first octet, its Ethernet header */
    size_t cap;             /* at least the len that was asked for */
    uint64_t driver[2];     /* the driver's */
    /* What the stack says of the frame; tx_slot clears these, commit reads them. */
    bool csum_partial;      /* sum from csum_start on, store at csum_start + csum_off */
    uint8_t gso;            /* enum tern_gso; needs csum_partial */
    uint16_t csum_start, csum_off;    /* octets, from the frame's start; from csum_start */
    uint16_t seg_len;       /* with gso: payload octets a segment */
    uint16_t hdr_len;       /* with gso: octets of headers before the payload */
};

/* What a link does for frames that are sent, and delivers on receiving. */
#define TERN_OFFLOAD_TX_CSUM 0x0001u    /* csum_partial is honoured */
#define TERN_OFFLOAD_TX_TSO4 0x0002u    /* TERN_GSO_TCP4 */
#define TERN_OFFLOAD_TX_TSO6 0x0004u
#define TERN_OFFLOAD_TX_USO 0x0008u     /* TERN_GSO_UDP */
#define TERN_OFFLOAD_RX_CSUM 0x0010u    /* says PARTIAL or VALID where it can */
#define TERN_OFFLOAD_RX_GRO 0x0020u     /* may deliver super-frames */

struct tern_link;

struct tern_link_ops {
    /*
     * Lends a slot of at least len octets, 1..slot_max. TERN_FULL: none now,
     * and the driver owes one events->tx_room. TERN_UNREACHABLE: the link is
     * down. Several slots may be lent at once; they leave in the order of
     * their commits.
     */
    enum tern_err (*tx_slot)(struct tern_link *link, size_t len, struct tern_tx *tx);

    /* Queues the slot's first len octets as one frame; len 0 gives the slot back. */
    void (*tx_commit)(struct tern_link *link, struct tern_tx *tx, size_t len);

    /* Sends what is queued: one notification or system call for all. */
    void (*flush)(struct tern_link *link);

    /*
     * Says which groups are listened to from now on: the n multicast MAC
     * addresses of six octets each at macs (read), 0..TERN_LINK_GROUPS, in any
     * order, none twice. Frames to others need not be delivered, those to
     * broadcast and to mac always are. macs NULL: all groups, as it is before
     * the first call. The set is the link's over all changes of up; where a
     * device cannot filter so, it delivers more. May be NULL, and then all
     * groups are delivered; a filter passes it on.
     */
    void (*groups)(struct tern_link *link, const uint8_t *macs, size_t n);
};

/*
 * What the stack above implements; libnet's is tern_net_link_events. Each call
 * is a whole turn and returns the next deadline, as tern_turn_run does.
 * tx_commit, flush and groups never lead to input in the same call.
 */
struct tern_link_events {
    uint64_t (*input)(struct tern_link *link, struct tern_rx *rx, size_t n_rx, uint64_t now_ns);
    uint64_t (*tx_room)(struct tern_link *link, uint64_t now_ns);
    uint64_t (*changed)(struct tern_link *link, uint64_t now_ns);    /* up, mac, mtu, offloads */
};

/* The first member of each driver's link, and of a filter's. */
struct tern_link {
    const struct tern_link_ops *ops;
    const struct tern_link_events *events;
    void *user;            /* the stack's: its tern_net, or the filter */
    uint32_t slot_max;     /* the longest frame a slot holds; above mtu + 18 only with TSO */
    uint16_t mtu;          /* octets of an IP packet */
    uint16_t offloads;     /* TERN_OFFLOAD_* */
    uint8_t mac[6];
    bool up;
    uint8_t index;         /* the stack's: this link's number in it */
    const char *name;      /* for people; may be NULL */
};

/* For drivers: hand a batch up, say that there is room, say that something changed. */
static inline uint64_t tern_link_input(struct tern_link *link, struct tern_rx *rx, size_t n_rx,
                                       uint64_t now_ns)
{
    return link->events != NULL ? link->events->input(link, rx, n_rx, now_ns) : TERN_NEVER;
}

static inline uint64_t tern_link_tx_room(struct tern_link *link, uint64_t now_ns)
{
    return link->events != NULL ? link->events->tx_room(link, now_ns) : TERN_NEVER;
}

static inline uint64_t tern_link_changed(struct tern_link *link, uint64_t now_ns)
{
    return link->events != NULL ? link->events->changed(link, now_ns) : TERN_NEVER;
}

#ifdef __cplusplus
}
#endif

#endif
