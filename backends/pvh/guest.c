/* SPDX-License-Identifier: ISC */
/*
 * A whole guest: what main is to a process. Before the seal the options are
 * read, the network device is started and all memory is placed; after it a host
 * over libnet runs the appliance, and the loop turns until the appliance has
 * drained.
 */
#include <string.h>

#include "backends/pvh/guest.h"

/* Payload gets what is left over, but no more than this unless memory= says so. */
#define BLOCKS_DEFAULT ((size_t)64 << 20)

struct guest {
    struct tern_host_options options;
    struct tern_host_settings settings;
    struct tern_carver carver;
    struct tern_link *link;
    struct tern_turn turn;
    struct tern_net_host *host;
    size_t n_appliance_pools;    /* the first ones in carver */
    uint8_t *blocks;
    size_t blocks_len;
    struct tern_modules modules;
};

static struct guest guest;    /* one a machine, by its nature */

/* ---- Before the seal ---- */

TERN_COLD
static void options_read(struct guest *g)
{
    enum tern_err err = tern_host_options_init(&g->options, &tern_appliance, NULL);
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "%s: the appliance's descriptor: %s\n", guest_backend,
                 tern_err_text(err));
    for (size_t i = 0; i < pvh_word_count() && err == TERN_OK; i++)
        err = tern_host_options_word(&g->options, pvh_word(i));
    if (err == TERN_OK)
        err = tern_host_options_settle(&g->options, TERN_HOST_GUEST);
    if (err == TERN_OK)
        err = tern_host_options_settings(&g->options, &g->settings);
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_USAGE, "%s: %s\n", tern_appliance.name, g->options.error);
}

static void pool_clear(const struct tern_carved *pool)
{
    memset(pool->at, 0, pool->n * pool->elem_len);
}

/*
 * The stack's pools. Most of a start's work is clearing memory, so TCP's tables,
 * the largest, are left to TCP, which clears them when it begins.
 */
static void net_pools_clear(const struct guest *g)
{
    for (size_t i = g->n_appliance_pools; i < g->carver.n_pools; i++) {
        if (memcmp(g->carver.pools[i].name, "tcp.", 4) != 0)
            pool_clear(&g->carver.pools[i]);
    }
}

static void appliance_pools_clear(const struct guest *g)
{
    for (size_t i = 0; i < g->n_appliance_pools; i++)
        pool_clear(&g->carver.pools[i]);
}

/* print-memory: the budget on this machine, and the end. */
TERN_COLD
static _Noreturn void memory_print(const struct guest *g, size_t rest)
{
    char lines[4096];
    struct tern_text text;
    tern_text_init(&text, lines, sizeof lines);
    tern_carver_print(&g->carver, rest, TERN_NET_BLOCK_LEN, &text);
    pvh_log(lines, text.len);
    pvh_exit(0);
}

/*
 * The pools and, behind them, the blocks take the longest stretch of RAM; the
 * driver has found room in the short ones below it where it could.
 */
TERN_COLD
static void memory_place(struct guest *g)
{
    tern_carver_init(&g->carver);
    enum tern_err err =
        tern_carver_add_appliance(&g->carver, &tern_appliance, g->settings.connections);
    g->n_appliance_pools = g->carver.n_pools;
    if (err == TERN_OK)
        err = tern_net_host_plan(&g->carver, &g->settings);
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "%s: %s\n", tern_appliance.name, g->carver.error);

    size_t total = tern_carver_total(&g->carver);
    size_t len = pvh_mem_longest();
    if (g->settings.memory > len)
        pvh_fail(PVH_STATUS_USAGE, "%s: option memory: only %lu KiB of RAM are free in one piece\n",
                 tern_appliance.name, (unsigned long)len >> 10);
    if (g->settings.memory != 0)
        len = (size_t)g->settings.memory;
    if (g->settings.memory == 0 && total < len && len - total > BLOCKS_DEFAULT)
        len = total + BLOCKS_DEFAULT;
    size_t rest = 0, used = 0;
    err = tern_carver_rest(&g->carver, len, TERN_BLOCKS_LEAST, &rest);
    if (err == TERN_OK && g->options.print_memory)
        memory_print(g, rest);
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "%s: %s\n", tern_appliance.name, g->carver.error);
    uint8_t *mem = pvh_mem_carve(len, 64);
    err = mem != NULL ? tern_carver_place(&g->carver, mem, len, true, &used) : TERN_FULL;
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "%s: %s\n", tern_appliance.name, g->carver.error);
    net_pools_clear(g);
    g->blocks = mem + used;
    g->blocks_len = len - used;
}

TERN_COLD
enum tern_err pvh_backend_setup(void)
{
    options_read(&guest);
    guest.link = guest_net_start(&guest.settings);
    memory_place(&guest);
    return TERN_OK;
}

/* ---- After the seal ---- */

static void log_line(struct tern_host_core *core, const char *line, size_t len)
{
    (void)core;
    pvh_log(line, len);
}

/* The loop looks at core->over itself. */
static void ended(struct tern_host_core *core)
{
    (void)core;
}

TERN_COLD
static void core_prepare(struct tern_host_core *core)
{
    int64_t wall_ns;
    if (pvh_wall_offset_ns(&wall_ns))
        core->wall_offset_ns = (uint64_t)wall_ns;
    core->log_line = log_line;
    core->ended = ended;
}

TERN_COLD
static void modules_take(struct guest *g)
{
    struct tern_module given[PVH_MODULES_MAX];
    size_t n = pvh_module_count();
    for (size_t i = 0; i < n; i++) {
        const struct pvh_module *m = pvh_module_get(i);
        given[i] = (struct tern_module){ m->name, m->data, m->len };
    }
    if (tern_host_core_modules(&g->host->core, &g->modules, given, n) != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "%s: %s\n", tern_appliance.name, g->modules.error);
}

TERN_COLD
static void host_start(struct guest *g)
{
    uint8_t seed[TERN_SEED_LEN];
    pvh_entropy(seed, sizeof seed);
    tern_turn_init(&g->turn, NULL, pvh_now_ns());
    struct tern_net_host_config config = {
        .turn = &g->turn, .link = g->link, .settings = &g->settings,
        .carver = &g->carver, .options = &g->options, .seed = seed,
        .blocks_mem = g->blocks, .blocks_len = g->blocks_len, .prepare = core_prepare,
    };
    enum tern_err err = tern_net_host_start(&g->host, &config);
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "%s: %s\n", tern_appliance.name,
                 g->host != NULL && g->host->error[0] != '\0' ? g->host->error
                                                               : tern_err_text(err));
    modules_take(g);
    /* The address is announced, or asked for: the appliance is set up meanwhile. */
    (void)tern_turn_run(&g->turn, pvh_now_ns());
    appliance_pools_clear(g);
    guest_started(g->host);
}

/* One round: what has arrived, or what is due. Returns the next deadline. */
static uint64_t turn(struct guest *g, uint64_t now_ns)
{
    uint64_t deadline_ns;
    if (!guest_net_poll(now_ns, &deadline_ns))
        deadline_ns = tern_turn_run(&g->turn, now_ns);
    /* Who presses the button cannot see whether it was heard, and presses it again. */
    if ((pvh_pending_take() & PVH_DRAIN) != 0 && !g->host->core.draining) {
        tern_host_core_drain(&g->host->core);
        deadline_ns = now_ns;
    }
    return deadline_ns;
}

static int loop(struct guest *g)
{
    for (;;) {
        uint64_t now_ns = pvh_now_ns();
        uint64_t deadline_ns = turn(g, now_ns);
        if (g->host->core.over)
            return g->host->core.status;
        /* A busy loop waits not at all, but lets interrupts in and the log out. */
        if (deadline_ns > now_ns)
            deadline_ns = guest_net_until(now_ns, deadline_ns);
        pvh_wait(deadline_ns);
    }
}

int pvh_backend_main(void)
{
    host_start(&guest);
    int err = tern_main(&guest.host->core.host);
    if (err != TERN_OK)
        pvh_fail(PVH_STATUS_SETUP, "%s: cannot start: %s\n", tern_appliance.name,
                 tern_err_text((enum tern_err)err));
    tern_host_core_seal(&guest.host->core);
    int status = guest.host->core.over ? guest.host->core.status : loop(&guest);
    const struct pvh_stats *stats = pvh_stats();
    pvh_logf("%s: ends with status %d: %lu wake-ups, %lu device and %lu timer interrupts, "
             "%lu octets of log lost\n",
             guest_backend, status, stats->wakeups, stats->irq_device, stats->irq_timer,
             stats->log_dropped);
    return status;
}
