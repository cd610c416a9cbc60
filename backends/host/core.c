/* SPDX-License-Identifier: ISC */
/*
 * The half of a host that does not depend on who carries the octets: log,
 * options, modules, pools, random octets, wall time, events and draining.
 */
#include <string.h>

#include "host_internal.h"

#define LOG_LINES_A_SECOND 200u
#define DRAIN_LOOK_NS (10 * TERN_MILLISECOND_NS)    /* how often streams are counted */

static struct tern_host_core *core_of(struct tern_host *host)
{
    return TERN_CONTAINER_OF(host, struct tern_host_core, host);
}

uint64_t tern_host_core_wall_ns(struct tern_host *host)
{
    struct tern_host_core *core = core_of(host);
    uint64_t now_ns = host->turn->now_ns;

    if (core->wall_offset != NULL &&
        (core->wall_offset_ns == 0 || now_ns - core->wall_read_ns >= TERN_SECOND_NS)) {
        core->wall_offset_ns = core->wall_offset(core);
        core->wall_read_ns = now_ns;
    }
    return core->wall_offset_ns == 0 ? 0 : now_ns + core->wall_offset_ns;
}

enum tern_err tern_host_core_random(struct tern_host *host, uint8_t *out, size_t len)
{
    return tern_drbg_fill(&core_of(host)->drbg, out, len);
}

const char *tern_host_core_option(struct tern_host *host, const char *key)
{
    struct tern_host_core *core = core_of(host);
    return core->options != NULL ? tern_host_options_get(core->options, key) : NULL;
}

const struct tern_module *tern_host_core_module(struct tern_host *host, const char *name)
{
    const struct tern_module *m = core_of(host)->modules;
    for (; m != NULL && m->name != NULL; m++)
        if (tern_text_equal(m->name, name))
            return m;
    return NULL;
}

enum tern_err tern_host_core_modules(struct tern_host_core *core, struct tern_modules *modules,
                                     const struct tern_module *given, size_t n)
{
    static const char none[] = "modules were given to an appliance that takes none";

    if (core->options != NULL && core->options->appliance->modules != NULL)
        return core->options->appliance->modules->take(core, modules, given, n);
    if (n > 0)
        tern_host_core_log(&core->host, TERN_LOG_WARN, none, sizeof none - 1);
    return TERN_OK;
}

void *tern_host_core_pool(struct tern_host *host, const char *name, size_t elem_len, size_t *n)
{
    struct tern_host_core *core = core_of(host);
    *n = 0;
    return core->carver != NULL ? tern_carver_get(core->carver, name, elem_len, n) : NULL;
}

/* "2026-11-23T08:03:28.123456Z " by the proleptic Gregorian calendar (RFC 3339). */
static void time_add(struct tern_text *text, uint64_t wall_ns)
{
    static const char widths[] = "4222226", behind[] = "--T::.Z";
    struct tern_date d;
    tern_date_of(wall_ns / TERN_SECOND_NS, &d);
    const uint32_t numbers[] = { d.year, d.month, d.day, d.hour, d.minute, d.second,
                                 (uint32_t)(wall_ns % TERN_SECOND_NS / 1000) };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        tern_text_u64_wide(text, numbers[i], (size_t)(widths[i] - '0'));
        tern_text_add_n(text, behind + i, 1);
    }
    tern_text_add_n(text, " ", 1);
}

static void line_log(struct tern_host_core *core, enum tern_log_level level, const char *s,
                     size_t len)
{
    static const char *const names[] = { "error ", "warn  ", "info  ", "debug " };
    char line[TERN_LOG_LINE_CAP];
    struct tern_text text;
    uint64_t wall_ns = tern_host_core_wall_ns(&core->host);

    tern_text_init(&text, line, sizeof line - 1);    /* the newline always fits */
    if (wall_ns != 0)
        time_add(&text, wall_ns);
    tern_text_add(&text, names[level]);
    size_t head = text.len;
    tern_text_add_n(&text, s, len);
    /* What came from a peer may not forge a line or steer a terminal. */
    for (size_t i = head; i < text.len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[text.len++] = '\n';
    core->log_line(core, line, text.len);
}

void tern_host_core_log(struct tern_host *host, enum tern_log_level level, const char *s,
                        size_t len)
{
    struct tern_host_core *core = core_of(host);
    uint64_t now_ns = host->turn->now_ns;

    if (level > core->level || core->log_line == NULL)
        return;
    if (level > TERN_LOG_DEBUG)
        level = TERN_LOG_DEBUG;
    if (now_ns - core->log_window_ns >= TERN_SECOND_NS) {
        uint32_t lost = core->n_log_lost;
        core->log_window_ns = now_ns;
        core->n_logged = core->n_log_lost = 0;
        if (lost != 0) {
            char lost_line[64];
            struct tern_text text;
            tern_text_init(&text, lost_line, sizeof lost_line);
            tern_text_u64(&text, lost);
            tern_text_add(&text, " lines were too many and are lost");
            line_log(core, TERN_LOG_WARN, text.at, text.len);
        }
    }
    if (core->n_logged >= LOG_LINES_A_SECOND) {
        core->n_log_lost++;
        core->n_log_lost_ever++;
        return;
    }
    core->n_logged++;
    line_log(core, level, s, len);
}

void tern_host_core_on_event(struct tern_host *host, tern_host_event_fn *event, void *app)
{
    struct tern_host_core *core = core_of(host);
    core->event = event;
    core->event_app = app;
}

void tern_host_core_drained(struct tern_host *host, int status)
{
    struct tern_host_core *core = core_of(host);
    if (core->over)
        return;
    core->over = true;
    core->status = status & 0x7f;
    tern_timer_cancel(host->turn, &core->drain_timer);
    core->ended(core);
}

void tern_host_core_event(struct tern_host_core *core, enum tern_host_event event,
                          const struct tern_addr *addr)
{
    static const char *const words[] = {
        [TERN_HOST_NETWORK_DOWN] = "network down", [TERN_HOST_NETWORK_UP] = "network up",
        [TERN_HOST_ADDRESS] = "address ", [TERN_HOST_ADDRESS_LOST] = "address lost: ",
        [TERN_HOST_DRAIN] = "draining",
    };
    char line[96];
    struct tern_text text;

    tern_text_init(&text, line, sizeof line);
    tern_text_add(&text, words[event]);
    if (addr != NULL)
        tern_text_addr(&text, addr);
    tern_text_add(&text, core->where);
    core->host.ops->log(&core->host, TERN_LOG_INFO, text.at, text.len);
    if (core->event != NULL)
        core->event(core->event_app, event, addr);
}

static bool drain_is_done(struct tern_host_core *core)
{
    if (core->count_streams != NULL)
        core->n_streams = core->count_streams(core);
    return core->n_streams == 0;
}

static void drain_arm(struct tern_host_core *core)
{
    uint64_t due_ns = core->host.turn->now_ns + DRAIN_LOOK_NS;
    if (core->count_streams == NULL || due_ns > core->drain_due_ns)
        due_ns = core->drain_due_ns;
    tern_timer_set(core->host.turn, &core->drain_timer, due_ns);
}

static void drain_fire(struct tern_timer *timer, uint64_t now_ns)
{
    static const char words[] = "drained no further: the time is up";
    struct tern_host_core *core = TERN_CONTAINER_OF(timer, struct tern_host_core, drain_timer);

    if (drain_is_done(core)) {
        tern_host_core_drained(&core->host, 0);
    } else if (now_ns >= core->drain_due_ns) {
        core->host.ops->log(&core->host, TERN_LOG_WARN, words, sizeof words - 1);
        tern_host_core_drained(&core->host, 0);
    } else {
        drain_arm(core);
    }
}

void tern_host_core_drain(struct tern_host_core *core)
{
    if (core->over)
        return;
    if (core->draining) {
        tern_host_core_drained(&core->host, 1);
        return;
    }
    core->draining = true;
    core->drain_due_ns = core->host.turn->now_ns + core->drain_ns;
    tern_host_core_event(core, TERN_HOST_DRAIN, NULL);
    if (core->over)
        return;
    core->stop_listening(core);
    if (drain_is_done(core))
        tern_host_core_drained(&core->host, 0);
    else
        drain_arm(core);
}

void tern_host_core_seal(struct tern_host_core *core)
{
    core->sealed = true;
}

bool tern_host_core_may_connect(const struct tern_host_core *core)
{
    return core->options == NULL || core->options->appliance->connects;
}

void tern_host_core_stream_opened(struct tern_host_core *core)
{
    core->n_streams++;
}

void tern_host_core_stream_closed(struct tern_host_core *core)
{
    core->n_streams--;
    if (core->draining && core->n_streams == 0)
        tern_host_core_drained(&core->host, 0);
}

void tern_host_core_init(struct tern_host_core *core, const struct tern_host_ops *ops,
                         struct tern_turn *turn, struct tern_block_pool *blocks,
                         const char *name)
{
    memset(core, 0, sizeof *core);
    core->host = (struct tern_host){ .ops = ops, .turn = turn, .blocks = blocks, .name = name };
    core->level = TERN_LOG_INFO;
    core->start_ns = turn->now_ns;
    core->drain_ns = 10 * TERN_SECOND_NS;
    core->drain_timer.fire = drain_fire;
}
