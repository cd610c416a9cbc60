/* SPDX-License-Identifier: ISC */
/*
 * The host over kernel sockets: what it is made of, its table, its opening and
 * closing.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "seal.h"
#include "unix_internal.h"

#define POOL_HOST "sockets.host"
#define POOL_CONNS "sockets.conn"
#define POOL_LISTENERS "sockets.listener"
#define POOL_ENDPOINTS "sockets.endpoint"
#define POOL_ARENA "sockets.arena"
#define POOL_ARENA_IN "sockets.arena.in"
#define POOL_ARENA_OUT "sockets.arena.out"

_Static_assert(TERN_LOG_LINE_CAP <= PIPE_BUF, "a pipe that polls as writable takes a line");

uint64_t tern_unix_wall_offset(struct tern_host_core *core)
{
    struct timespec t;
    (void)core;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * TERN_SECOND_NS + (uint64_t)t.tv_nsec - tern_unix_now_ns();
}

static const struct tern_host_ops sockets_ops = {
    .listen = tern_sockets_listen,
    .listener_pause = tern_sockets_listener_pause,
    .listener_close = tern_sockets_listener_close,
    .listener_local = tern_sockets_listener_local,
    .connect = tern_sockets_connect,
    .endpoint_open = tern_sockets_endpoint_open,
    .wall_ns = tern_host_core_wall_ns,
    .random = tern_host_core_random,
    .log = tern_host_core_log,
    .option = tern_host_core_option,
    .module = tern_host_core_module,
    .pool = tern_host_core_pool,
    .on_event = tern_host_core_on_event,
    .drained = tern_host_core_drained,
};

/*
 * The system calls of this host once it is sealed. No socket(), bind() or
 * connect(): those of appliances that connect are beside the seal's own.
 */
const struct tern_seal_call tern_sockets_calls[] = {
    { SYS_recvfrom, TERN_SEAL_ALLOW },
    { SYS_sendto, TERN_SEAL_SEND_AT_3 },
    { SYS_sendmsg, TERN_SEAL_SEND_AT_2 },
    { SYS_accept4, TERN_SEAL_ALLOW },
    { SYS_shutdown, TERN_SEAL_ALLOW },
    { SYS_getsockname, TERN_SEAL_ALLOW },
    { SYS_getsockopt, TERN_SEAL_ALLOW },
    { SYS_setsockopt, TERN_SEAL_OPTION },
    { SYS_recvmsg, TERN_SEAL_ALLOW },
    { SYS_recvmmsg, TERN_SEAL_ALLOW },
    { SYS_sendmmsg, TERN_SEAL_SEND_AT_3 },
    { 0, TERN_SEAL_END },
};

void tern_unix_log_line(struct tern_host_core *core, const char *line, size_t len)
{
    struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

    (void)core;
    /* Nobody reads: a log is no reason to stop, nor to wait. A line fits what polls as writable. */
    while (len > 0 && poll(&p, 1, 0) > 0) {
        ssize_t n = write(STDERR_FILENO, line, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line += n;
        len -= (size_t)n;
    }
}

struct tern_unix_loop *tern_unix_host_loop(struct tern_host *host)
{
    return TERN_CONTAINER_OF(host->turn, struct tern_unix_loop, turn);
}

void tern_unix_ended(struct tern_host_core *core)
{
    tern_unix_loop_stop(tern_unix_host_loop(&core->host));
}

enum tern_err tern_sockets_plan(struct tern_carver *carver,
                                const struct tern_sockets_config *config)
{
    const struct {
        const char *name;
        size_t elem_len, n;
        bool scales;
    } pools[] = {
        { POOL_HOST, sizeof(struct tern_sockets), 1, false },
        { POOL_CONNS, sizeof(struct tern_socket_conn), config->n_conns, true },
        { POOL_LISTENERS, sizeof(struct tern_socket_listener), config->n_listeners, false },
        { POOL_ENDPOINTS, sizeof(struct tern_socket_endpoint), config->n_endpoints, false },
        { POOL_ARENA, sizeof(struct tern_dgram_arena), 1, false },
        { POOL_ARENA_IN, DGRAM_CAP, DGRAM_BATCH, false },
        { POOL_ARENA_OUT, DGRAM_OUT_CAP, 1, false },
    };
    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
        enum tern_err err =
            tern_carver_add(carver, pools[i].name, pools[i].elem_len, 16, pools[i].n);
        if (err != TERN_OK)
            return err;
        if (pools[i].scales)
            tern_carver_scales(carver);
    }
    return TERN_OK;
}

enum tern_err tern_unix_seed(uint8_t seed[TERN_SEED_LEN])
{
    size_t at = 0;

    while (at < TERN_SEED_LEN) {
        ssize_t n = getrandom(seed + at, TERN_SEED_LEN - at, 0);
        if (n < 0 && errno != EINTR)
            return TERN_UNSUPPORTED;
        at += n > 0 ? (size_t)n : 0;
    }
    return TERN_OK;
}

enum tern_err tern_sockets_start(struct tern_unix_loop *loop,
                                 const struct tern_sockets_config *config,
                                 const struct tern_carver *carver,
                                 const struct tern_host_options *options, uint8_t *blocks_mem,
                                 size_t blocks_len, struct tern_sockets **sockets)
{
    size_t n;
    struct tern_sockets *s = tern_carver_get(carver, POOL_HOST, sizeof *s, &n);

    tern_host_core_init(&s->core, &sockets_ops, &loop->turn, &s->blocks, "sockets");
    s->core.options = options;
    s->core.carver = carver;
    s->core.level = config->log;
    s->core.log_line = tern_unix_log_line;
    s->core.ended = tern_unix_ended;
    s->core.wall_offset = tern_unix_wall_offset;
    s->core.metrics = tern_sockets_metrics;
    s->core.stop_listening = tern_sockets_listeners_drain;
    s->loop = loop;
    s->feed_config = (struct tern_feed_config){ .in_max = config->in_max,
                                                .out_max = config->out_max,
                                                .linger_ns = config->linger_ns };
    uint8_t seed[TERN_SEED_LEN];
    enum tern_err err = tern_unix_seed(seed);
    if (err != TERN_OK)
        return err;
    tern_drbg_init(&s->core.drbg, seed);
    explicit_bzero(seed, sizeof seed);
    err = tern_block_pool_init(&s->blocks, blocks_mem, blocks_len, TERN_SOCKETS_BLOCK_LEN);
    if (err != TERN_OK)
        return err;
    if (s->feed_config.out_max == 0)    /* whole blocks: as many as reserve lends at once */
        s->feed_config.out_max = TERN_RESERVE_SPANS * s->blocks.data_cap;
    s->conns = tern_carver_get(carver, POOL_CONNS, sizeof *s->conns, &s->n_conns);
    s->listeners = tern_carver_get(carver, POOL_LISTENERS, sizeof *s->listeners, &s->n_listeners);
    s->endpoints = tern_carver_get(carver, POOL_ENDPOINTS, sizeof *s->endpoints, &s->n_endpoints);
    s->arena = tern_carver_get(carver, POOL_ARENA, sizeof *s->arena, &n);
    s->arena->in = tern_carver_get(carver, POOL_ARENA_IN, DGRAM_CAP, &n);
    s->arena->out = tern_carver_get(carver, POOL_ARENA_OUT, DGRAM_OUT_CAP, &n);
    tern_sockets_conns_init(s);
    tern_sockets_listeners_init(s);
    tern_sockets_dgrams_init(s);
    *sockets = s;
    return TERN_OK;
}

void tern_sockets_stop(struct tern_sockets *s)
{
    tern_timer_cancel(s->core.host.turn, &s->core.drain_timer);
    tern_timer_cancel(s->core.host.turn, &s->retry_timer);
    tern_sockets_listeners_stop(s);
    tern_sockets_dgrams_stop(s);
    tern_sockets_conns_stop(s);
}

/* ---- For programs with a main of their own ------------------------------------------ */

void tern_sockets_config_fill(struct tern_sockets_config *config)
{
    if (config->n_conns == 0)
        config->n_conns = 1024;
    if (config->n_listeners == 0)
        config->n_listeners = 16;
    if (config->n_endpoints == 0)
        config->n_endpoints = 16;
    if (config->blocks_len == 0)
        config->blocks_len = config->n_conns > 512 ? config->n_conns * 8192 : 4u << 20;
}

enum tern_err tern_sockets_open_sized(struct tern_unix_loop *loop,
                                      const struct tern_sockets_config *given,
                                      size_t config_len, struct tern_host **host)
{
    struct tern_sockets_config config = { .n_conns = 0 };
    struct tern_carver carver;
    struct tern_sockets *s;
    size_t used;

    *host = NULL;
    if (config_len != sizeof config)
        return TERN_MISMATCH;
    if (given != NULL)
        config = *given;
    tern_sockets_config_fill(&config);
    tern_carver_init(&carver);
    enum tern_err err = tern_sockets_plan(&carver, &config);
    size_t total = tern_carver_total(&carver);
    if (err != TERN_OK || config.blocks_len > SIZE_MAX - total)
        return err != TERN_OK ? err : TERN_INVALID;
    size_t mem_len = total + config.blocks_len;
    uint8_t *mem = mmap(NULL, mem_len, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mem == MAP_FAILED)
        return TERN_FULL;
    err = tern_carver_place(&carver, mem, mem_len, true, &used);
    if (err == TERN_OK)
        err = tern_sockets_start(loop, &config, &carver, NULL, mem + used, mem_len - used, &s);
    if (err != TERN_OK) {
        munmap(mem, mem_len);
        return err;
    }
    s->own_carver = carver;
    s->core.carver = &s->own_carver;
    s->mem = mem;
    s->mem_len = mem_len;
    *host = &s->core.host;
    return TERN_OK;
}

void tern_sockets_close(struct tern_host *host)
{
    struct tern_sockets *s = tern_sockets_of(host);
    tern_sockets_stop(s);
    munmap(s->mem, s->mem_len);
}

const struct tern_sockets_stats *tern_sockets_stats(struct tern_host *host)
{
    return &tern_sockets_of(host)->stats;
}
