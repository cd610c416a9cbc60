/* SPDX-License-Identifier: ISC */
/*
 * The unix backend inside.
 *
 * In reading order:
 *     loop.c            epoll, one turn a step
 *     sockaddr.c        addresses and errors of the kernel and ours
 *     sockets_conn.c    a connection: a feed with a socket beside it
 *     sockets_listen.c  listeners and accepting
 *     sockets_dgram.c   datagram endpoints; sockets_control.c: what goes beside the octets
 *     sockets.c         the host over them: opening, closing, its table
 *     tap.c             TAP devices as links; vnet.c: their header
 *     tap_host.c        the host over libnet on such a link
 *     seal.h, seal_*.c  what the process gives up once tern_main is over
 *     modules.c         files that are given to the appliance
 *     process.c         options, pools, signals: what main does
 *     checksum.c        sums and copies for this machine
 *     main.c            a member of its own: a program may bring another main
 */
#ifndef TERN_UNIX_INTERNAL_H
#define TERN_UNIX_INTERNAL_H

#include <sys/socket.h>

#include <tern/feed.h>
#include <tern/unix.h>

#include "backends/host/host_internal.h"

/* ---- loop.c ---------------------------------------------------------------- */

/*
 * Forgets a watch whose descriptor is closed next: as unwatch, without the
 * system call that closing makes needless.
 */
void tern_unix_loop_forget(struct tern_unix_loop *loop, struct tern_unix_watch *watch);

/* ---- sockaddr.c ------------------------------------------------------------ */

/* The kernel's number of an interface as struct tern_endpoint_addr has it. */
uint16_t tern_unix_link(unsigned number);

/* Ours to the kernel's, for a socket of this family; returns its length, 0: not of it. */
socklen_t tern_unix_sockaddr(const struct tern_endpoint_addr *addr, int family,
                             struct sockaddr_storage *to);

/* The kernel's to ours; all zero for a family that is neither. */
void tern_unix_sockaddr_load(const struct sockaddr_storage *from, struct tern_endpoint_addr *addr);

/* What errno of a connection means to its user. */
enum tern_err tern_unix_err(int number);

/* ---- sockets.c, for every host of this backend ------------------------------------- */

/* A host's log_line: to standard error. */
void tern_unix_log_line(struct tern_host_core *core, const char *line, size_t len);

/* A host's wall_offset, and its ended: stops the loop. */
uint64_t tern_unix_wall_offset(struct tern_host_core *core);
void tern_unix_ended(struct tern_host_core *core);

/* TERN_SEED_LEN octets from the kernel. */
enum tern_err tern_unix_seed(uint8_t seed[TERN_SEED_LEN]);

/* ---- sockets_*.c --------------------------------------------------------------- */

struct tern_sockets;

#define TERN_SOCKETS_BLOCK_LEN 4096u    /* with its header */

/* What a connection has to do, and where it waits. */
#define CONN_CONNECTING 0x01u    /* the handshake is under way */
#define CONN_WRITABLE 0x02u      /* the kernel had room at the last look */
#define CONN_QUEUED 0x04u        /* in the list of those to read */
#define CONN_STARVED 0x08u       /* readable, and its feed takes nothing now */
#define CONN_PEER_END 0x10u      /* the peer's FIN is in, perhaps behind data */
#define CONN_SHUT 0x20u          /* our FIN is out */
#define CONN_EOF 0x40u           /* the peer's FIN was read */
#define CONN_NAMED 0x80u         /* feed.local is known */

struct tern_socket_conn {
    struct tern_feed feed;    /* first: its stream is the connection's */
    struct tern_unix_watch watch;
    struct tern_sockets *sockets;
    struct tern_socket_conn *next, **link;    /* in the free list, or the one it waits in */
    unsigned flags;
};

struct tern_socket_listener {
    struct tern_listener listener;
    struct tern_unix_watch watch;
    struct tern_socket_listener *next;    /* in the list of those open, or free */
    tern_accept_fn *accept;
    void *app;
    int fd;
    bool paused;      /* by its user */
    bool waiting;     /* for a free connection or descriptor */
};

struct tern_socket_endpoint {
    struct tern_endpoint endpoint;
    struct tern_unix_watch watch;
    struct tern_sockets *sockets;
    struct tern_socket_endpoint *next;          /* in the free list */
    struct tern_socket_endpoint *ready_next;    /* in the list of those with news */
    struct tern_endpoint_addr local;
    int fd, family;
    bool ready, readable, failed, wants_room, blocked;
};

#define DGRAM_BATCH 32u
#define DGRAM_CAP 65536u    /* a receive buffer: a whole GRO batch */
#define DGRAM_OUT_CAP (128u * 1024u)

struct tern_dgram_out {
    struct tern_socket_endpoint *endpoint;
    struct tern_dgram dgram;
};

/* One queue of octets to send, one arena to receive in, for all endpoints. */
struct tern_dgram_arena {
    uint8_t (*in)[DGRAM_CAP];     /* DGRAM_BATCH of them */
    uint8_t *out;                 /* DGRAM_OUT_CAP octets */
    size_t out_len;
    struct tern_dgram_out queue[DGRAM_BATCH];
    size_t n_queue;
    struct tern_socket_endpoint *reserved_by;
    struct tern_dgram reserved;
};

struct tern_sockets {
    struct tern_host_core core;    /* first */
    struct tern_unix_loop *loop;
    struct tern_feed_set set;
    struct tern_feed_config feed_config;
    struct tern_stream_ops stream_ops;            /* the feed's, with our info */
    const struct tern_stream_ops *feed_ops;
    struct tern_provider reader;                  /* visits connections to read */
    struct tern_provider dgrams;                  /* visits endpoints */
    struct tern_block_pool blocks;
    struct tern_carver own_carver;                /* of a program with its own main */
    struct tern_socket_conn *conns, *free_conns;
    size_t n_conns;
    struct tern_socket_conn *read_first, **read_last;
    struct tern_socket_conn *starved;
    struct tern_socket_listener *listeners, *free_listeners, *open_listeners;
    size_t n_listeners;
    struct tern_socket_endpoint *endpoints, *free_endpoints;
    size_t n_endpoints;
    struct tern_socket_endpoint *ready_first, **ready_last;
    struct tern_dgram_arena *arena;
    struct tern_timer retry_timer;                /* accepting, after a want of descriptors */
    bool any_waiting;
    void *mem;
    size_t mem_len;
    struct tern_sockets_stats stats;
};

static inline struct tern_sockets *tern_sockets_of(struct tern_host *host)
{
    return (struct tern_sockets *)(void *)host;
}

/* Puts defaults in the place of zeros. */
void tern_sockets_config_fill(struct tern_sockets_config *config);

/* Adds the pools of a host with these numbers to a plan. */
enum tern_err tern_sockets_plan(struct tern_carver *carver,
                                const struct tern_sockets_config *config);

/*
 * Opens a host in a placed plan; blocks_mem is for payload. options may be
 * NULL. The structs themselves are in the plan.
 */
enum tern_err tern_sockets_start(struct tern_unix_loop *loop,
                                 const struct tern_sockets_config *config,
                                 const struct tern_carver *carver,
                                 const struct tern_host_options *options, uint8_t *blocks_mem,
                                 size_t blocks_len, struct tern_sockets **sockets);
/* Closes all descriptors and leaves the turn; the memory is the caller's. */
void tern_sockets_stop(struct tern_sockets *sockets);

/* sockets_conn.c */
void tern_sockets_conns_init(struct tern_sockets *s);
/* Takes a free connection for a socket and opens its feed as accepted; false: it is gone. */
void tern_socket_conn_accept(struct tern_sockets *s, int fd,
                             const struct tern_socket_listener *listener,
                             const struct tern_endpoint_addr *peer);
enum tern_err tern_sockets_connect(struct tern_host *host, const struct tern_endpoint_addr *peer,
                                   const struct tern_stream_events *events, void *user,
                                   struct tern_stream **stream);
void tern_sockets_conns_stop(struct tern_sockets *s);

/* sockets_listen.c */
enum tern_err tern_sockets_listen(struct tern_host *host, const struct tern_listen *listen_at,
                                  tern_accept_fn *accept, void *app,
                                  struct tern_listener **listener);
void tern_sockets_listener_pause(struct tern_listener *listener, bool pause);
void tern_sockets_listener_close(struct tern_listener *listener);
void tern_sockets_listener_local(const struct tern_listener *listener,
                                 struct tern_endpoint_addr *addr);
/* A connection or a descriptor is free again. */
void tern_sockets_listeners_wake(struct tern_sockets *s);
void tern_sockets_listeners_drain(struct tern_host_core *core);
void tern_sockets_listeners_stop(struct tern_sockets *s);
void tern_sockets_listeners_init(struct tern_sockets *s);

/* ---- vnet.c -------------------------------------------------------------------------- */

#define TERN_VNET_LEN 10u

/*
 * Reads a frame's virtio-net header into csum, gso, seg_len and hash.
 * TERN_UNSUPPORTED: a kind of super-frame nobody asked for; TERN_MALFORMED: a
 * super-frame without a segment length.
 */
enum tern_err tern_vnet_parse(const uint8_t *hdr, struct tern_rx *rx);

/* Writes the header for a frame that is sent. */
void tern_vnet_emit(uint8_t *hdr, const struct tern_tx *tx);

/* ---- tap.c --------------------------------------------------------------------------- */

/*
 * The second half of tern_tap_open, for tests: makes a link of tap->fd, a
 * descriptor that keeps frames apart. After an error tern_tap_close.
 */
enum tern_err tern_tap_start(struct tern_tap *tap, struct tern_unix_loop *loop, uint16_t mtu,
                             const uint8_t mac[6]);

/* ---- tap_host.c -------------------------------------------------------------------- */

/* Adds the pools of a host over libnet to a plan. */
enum tern_err tern_tap_host_plan(struct tern_carver *carver,
                                 const struct tern_host_settings *settings);

/* The name of link k's device; NULL: there is no such link, or it is none. */
const char *tern_tap_host_device(const struct tern_host_options *options, size_t k);

/* Is each link= well written? TERN_INVALID, after it has said that it is not. */
enum tern_err tern_tap_host_check(const struct tern_host_options *options);

/*
 * Opens the links that link=, link1=... name, and a host over libnet on them. Says itself
 * what fails.
 */
enum tern_err tern_tap_host_start(struct tern_unix_loop *loop,
                                  const struct tern_host_settings *settings,
                                  const struct tern_carver *carver,
                                  const struct tern_host_options *options, uint8_t *blocks_mem,
                                  size_t blocks_len, struct tern_host_core **core);

/* ---- modules.c ------------------------------------------------------------------------ */

/*
 * Reads the files that options name, and gives them to the core; see
 * tern_host_core_modules. Says itself what fails; TERN_INVALID: what was asked for.
 */
enum tern_err tern_unix_modules(struct tern_host_core *core, struct tern_modules *modules,
                                const struct tern_host_options *options);

/* ---- metrics.c ---------------------------------------------------------------------- */

/* For a core's `metrics`. */
bool tern_sockets_metrics(struct tern_host_core *core, size_t i, struct tern_metrics *set);
bool tern_tap_host_metrics(struct tern_host_core *core, size_t i, struct tern_metrics *set);

/* addresses.c: what each link has, for a page that is made now. */
void tern_tap_host_addresses(const struct tern_net_host *host, struct tern_metrics *set);

/* sockets_control.c: a datagram's ancillary data, of what was received, for what is sent. */
void tern_unix_control_load(struct msghdr *msg, struct tern_dgram *dgram);
/* msg_control has room for CONTROL_CAP octets, of which none are in use. */
void tern_unix_control_store(struct msghdr *msg, const struct tern_dgram *dgram);
#define CONTROL_CAP 256u

/* sockets_dgram.c */
void tern_sockets_dgrams_init(struct tern_sockets *s);
enum tern_err tern_sockets_endpoint_open(struct tern_host *host,
                                         const struct tern_endpoint_addr *local,
                                         const struct tern_endpoint_events *events, void *user,
                                         struct tern_endpoint **endpoint);
void tern_sockets_dgrams_stop(struct tern_sockets *s);

#endif
