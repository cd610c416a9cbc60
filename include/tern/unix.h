/* SPDX-License-Identifier: ISC */
/*
 * The unix backend: an event loop, a host over kernel sockets, and TAP
 * devices as links. Each is usable without the others.
 *
 * A program with a main of its own that serves on kernel sockets:
 *
 *     static struct tern_unix_loop loop;
 *     struct tern_host *host;
 *     tern_unix_loop_init(&loop, NULL);
 *     tern_sockets_open(&loop, NULL, &host);
 *     tern_listen(host, 7, echo_accept, NULL);
 *     tern_unix_loop_run(&loop);
 *     tern_sockets_close(host);
 *     tern_unix_loop_close(&loop);
 *
 * A program without one defines tern_main (host.h) and links libtern-unix,
 * whose archive then brings main.
 *
 * The loop belongs to one thread. Its clock is CLOCK_MONOTONIC.
 */
#ifndef TERN_UNIX_H
#define TERN_UNIX_H

#include <tern/host.h>
#include <tern/link.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Addresses --------------------------------------------------------- */

/*
 * For tern_endpoint_addr_parse_zone, which then reads "[fe80::1%eth0]:80": the kernel's
 * number of the interface of that name. user is not looked at.
 */
uint16_t tern_unix_link_of(void *user, const char *name, size_t name_len);

/* ---- The loop ---------------------------------------------------------- */

struct tern_unix_loop;

/* What a descriptor can be watched for, and what its callback is told. */
#define TERN_UNIX_READ 0x0001u
#define TERN_UNIX_WRITE 0x0004u
#define TERN_UNIX_ERROR 0x0008u     /* told, watched for or not */
#define TERN_UNIX_HANGUP 0x0010u    /* told, watched for or not */
#define TERN_UNIX_PEER_END 0x2000u  /* the peer shut its direction down */
#define TERN_UNIX_EDGE 0x80000000u  /* told once a change, not for as long as it lasts */

/*
 * A watched descriptor, placed by the caller until it is unwatched. `ready` is
 * set by the caller; it may watch and unwatch any descriptor, its own too, and
 * free the watch once that is unwatched.
 */
struct tern_unix_watch {
    void (*ready)(struct tern_unix_watch *watch, uint32_t events);
    int fd;              /* the loop's */
    uint32_t events;     /* the loop's: what it is watched for */
};

/* A signal that is taken in the loop, placed until the loop is closed. */
struct tern_unix_signal {
    void (*caught)(struct tern_unix_signal *signal, int number);
    int number;
    struct tern_unix_signal *next;    /* the loop's */
};

#define TERN_UNIX_BATCH 128    /* descriptors a step */

/* Placed. Members are not part of the interface, but for turn. */
struct tern_unix_loop {
    struct tern_turn turn;
    uint64_t deadline_ns;
    int epoll_fd, signal_fd;
    struct tern_unix_watch signal_watch;
    struct tern_unix_signal *signals;
    bool stop;
    bool coarse;                      /* no epoll_pwait2: waits are rounded up to milliseconds */
    size_t n_batch, batch_at;
    struct tern_unix_watch *batch[TERN_UNIX_BATCH];
    uint64_t n_steps, n_events;
};

/*
 * Starts a loop. config may be NULL: defaults. TERN_FULL: no descriptor is
 * left; TERN_UNSUPPORTED: no epoll; TERN_MISMATCH: compiled with another
 * version of this header.
 */
enum tern_err tern_unix_loop_init_sized(struct tern_unix_loop *loop, size_t loop_len,
                                        const struct tern_turn_config *config, size_t config_len);
static inline enum tern_err tern_unix_loop_init(struct tern_unix_loop *loop,
                                                const struct tern_turn_config *config)
{
    return tern_unix_loop_init_sized(loop, sizeof *loop, config, sizeof *config);
}

/* Gives the loop's descriptors back and unblocks its signals. */
void tern_unix_loop_close(struct tern_unix_loop *loop);

/*
 * Watches fd for events (TERN_UNIX_*). Watched already: changes what for.
 * TERN_INVALID: fd cannot be watched; TERN_FULL: the kernel has no room.
 */
enum tern_err tern_unix_loop_watch(struct tern_unix_loop *loop, struct tern_unix_watch *watch,
                                   int fd, uint32_t events);

/*
 * Stops watching, before fd is closed. No call to watch->ready follows, not
 * for events of the present step either. Harmless when it is not watched.
 */
void tern_unix_loop_unwatch(struct tern_unix_loop *loop, struct tern_unix_watch *watch);

/* Takes signal->number out of ordinary delivery (it is blocked) and into the loop. */
enum tern_err tern_unix_loop_signal(struct tern_unix_loop *loop, struct tern_unix_signal *signal);

/*
 * One step: waits until something is ready, the turn's deadline or until_ns
 * (0: does not wait; TERN_NEVER: as long as it takes), calls what is ready and
 * runs one turn. TERN_AGAIN: a signal without a watch interrupted the wait;
 * the turn was run. TERN_BUG: the descriptors are not the loop's any more.
 */
enum tern_err tern_unix_loop_step(struct tern_unix_loop *loop, uint64_t until_ns);

/* Steps until tern_unix_loop_stop. */
enum tern_err tern_unix_loop_run(struct tern_unix_loop *loop);

/* Ends run after the present step. Legal in any event. */
void tern_unix_loop_stop(struct tern_unix_loop *loop);

/*
 * Makes the next step a turn without a wait: for a program that has set timers
 * or used streams between steps, outside of any event.
 */
void tern_unix_loop_wake(struct tern_unix_loop *loop);

/*
 * For a loop that is not Tern's: a descriptor that is readable when a step
 * would find something, and when the next step is due even if it is not.
 */
int tern_unix_loop_fd(const struct tern_unix_loop *loop);
uint64_t tern_unix_loop_deadline(const struct tern_unix_loop *loop);

/* CLOCK_MONOTONIC now. */
uint64_t tern_unix_now_ns(void);

/* ---- A host over kernel sockets ---------------------------------------- */

struct tern_sockets_config {
    size_t n_conns;         /* connections; 0: 1,024 */
    size_t n_listeners;     /* 0: 16 */
    size_t n_endpoints;     /* 0: 16 */
    size_t blocks_len;      /* octets for payload; 0: 8 KiB a connection, at least 4 MiB */
    size_t in_max;          /* octets of input that may wait for a slow user; 0: 65,536 */
    size_t out_max;         /* octets of copied output that may wait; 0: 16 blocks */
    uint64_t linger_ns;     /* after close, how long to wait for the peer's end; 0: 5 s */
    enum tern_log_level log;    /* what goes to standard error; 0: errors alone */
};

/* What a host over kernel sockets has counted. */
struct tern_sockets_stats {
    uint64_t accepted, connected, closed;
    uint64_t refused_full;          /* accept waited: no connection free */
    uint64_t refused_descriptors;   /* accept waited: no descriptor free */
    uint64_t accept_failed;         /* gone again before it was accepted */
    uint64_t reads, writes;         /* system calls */
    uint64_t octets_in, octets_out;
    uint64_t no_block;              /* reads put off: no block free */
    uint64_t dgrams_in, dgrams_out, dgrams_truncated, dgrams_unsent;
    uint64_t n_open;                /* connections now */
};

/*
 * Opens a host on the loop; its memory is mapped here, once. config may be
 * NULL. TERN_FULL: no memory, or no descriptor; TERN_MISMATCH: compiled with
 * another version of this header.
 *
 * Its streams are feeds (feed.h) with epoll beside them: octets are read
 * straight into blocks, and one system call sends all that a turn wrote,
 * borrowed octets from where they lie. A connection reads only when it has a
 * block to read into, so nothing is ever dropped.
 */
enum tern_err tern_sockets_open_sized(struct tern_unix_loop *loop,
                                      const struct tern_sockets_config *config,
                                      size_t config_len, struct tern_host **host);
static inline enum tern_err tern_sockets_open(struct tern_unix_loop *loop,
                                              const struct tern_sockets_config *config,
                                              struct tern_host **host)
{
    return tern_sockets_open_sized(loop, config, sizeof *config, host);
}

/* Closes every descriptor (connections are reset, without events) and unmaps. */
void tern_sockets_close(struct tern_host *host);

const struct tern_sockets_stats *tern_sockets_stats(struct tern_host *host);

/* ---- TAP devices --------------------------------------------------------- */

struct tern_tap_config {
    bool create;          /* make a device that does not exist (needs CAP_NET_ADMIN) */
    bool no_offloads;     /* plain frames only */
    const char *device;   /* NULL: /dev/net/tun */
    uint8_t mac[6];       /* this side's; all zero: a local one made from the name */
    uint16_t mtu;         /* 0: the device's */
};

struct tern_tap_stats {
    uint64_t rx_frames, rx_octets, rx_malformed, rx_down;
    uint64_t tx_frames, tx_octets, tx_full, tx_failed;
    uint64_t reads, writes;    /* system calls */
};

#define TERN_TAP_RX_LEN (1024u * 1024u)    /* the arena that a batch is read into */
#define TERN_TAP_TX_LEN (256u * 1024u)     /* the arena that frames are put together in */
#define TERN_TAP_TX_FRAMES 256u

/* One committed frame. */
struct tern_tap_frame {
    uint32_t off, len;    /* in the arena; the virtio-net header included */
};

/* Placed. The link is its public part. */
struct tern_tap {
    struct tern_link link;
    struct tern_unix_loop *loop;
    struct tern_unix_watch watch;
    int fd;
    uint8_t *memory;      /* mapped: rx arena, tx arena */
    uint32_t tx_off;      /* octets of the tx arena in use */
    uint32_t n_frames;    /* committed and not written */
    uint32_t n_lent;
    bool owes_room, wants_write;
    struct tern_tap_frame frames[TERN_TAP_TX_FRAMES];
    struct tern_rx rx[TERN_LINK_BATCH];
    struct tern_span spans[TERN_LINK_BATCH];
    char name[16];
    struct tern_tap_stats stats;
};

/*
 * Opens the TAP device `name` as a link, with checksum and segmentation
 * offload both ways where the kernel has them (IFF_VNET_HDR). config may be
 * NULL. With loop NULL the caller calls tern_tap_input when tap->fd is
 * readable and tern_tap_output when it is writable.
 *
 * TERN_UNREACHABLE: there is no such device; TERN_REFUSED: no permission;
 * TERN_INVALID: the name; TERN_FULL: no memory or descriptor; TERN_UNSUPPORTED:
 * not a TAP device, or one with settings of another kind; TERN_MISMATCH:
 * compiled with another version of this header.
 */
enum tern_err tern_tap_open_sized(struct tern_tap *tap, size_t tap_len,
                                  struct tern_unix_loop *loop, const char *name,
                                  const struct tern_tap_config *config, size_t config_len);
static inline enum tern_err tern_tap_open(struct tern_tap *tap, struct tern_unix_loop *loop,
                                          const char *name, const struct tern_tap_config *config)
{
    return tern_tap_open_sized(tap, sizeof *tap, loop, name, config, sizeof *config);
}
void tern_tap_close(struct tern_tap *tap);

/* Reads one batch and hands it up: a whole turn; returns the next deadline. */
uint64_t tern_tap_input(struct tern_tap *tap, uint64_t now_ns);

/* Writes what waits; says tx_room if that is owed. Returns the next deadline. */
uint64_t tern_tap_output(struct tern_tap *tap, uint64_t now_ns);

/* ---- Sums and copies for this machine --------------------------------------- */

/* The fastest that the processor runs: AVX2 where it has it, else portable. */
const struct tern_checksum_ops *tern_unix_checksum(void);

/* ---- A whole process ----------------------------------------------------------- */

/*
 * What the archive's main does, for a program that brings its appliance along:
 * reads the options (a line on standard error and status 2 for a bad one;
 * --help), carves the pools, opens the host that they ask for, calls start,
 * runs until drained, and returns the exit status. At most one argument may
 * stand without an option's name: it is the value of the option whose key is
 * `operand`, unless that is NULL.
 */
int tern_unix_main(const struct tern_appliance *appliance, int (*start)(struct tern_host *),
                   const char *operand, int argc, char **argv);

/*
 * For tern_unix_main's `start`: this program reads files beneath dir_fd (open
 * as long as the program lives), by the system calls openat2, fstat and pread64.
 * fstat of the C library may be another, newfstatat, which takes a path and is
 * refused: use syscall(SYS_fstat, fd, &st). Without this call no file can be
 * opened once start has returned and the process is sealed.
 */
void tern_unix_reads_files(struct tern_host *host, int dir_fd);

/* The loop of a host that this backend opened. */
struct tern_unix_loop *tern_unix_host_loop(struct tern_host *host);

/* For other languages: the octets of what a caller places. */
size_t tern_unix_loop_size(void);
size_t tern_unix_watch_size(void);
size_t tern_unix_signal_size(void);
size_t tern_sockets_config_size(void);
size_t tern_tap_size(void);
size_t tern_tap_config_size(void);

#ifdef __cplusplus
}
#endif

#endif
