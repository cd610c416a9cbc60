/* SPDX-License-Identifier: ISC */
/*
 * What every host has to show: what it is, for how long it has run, how much
 * payload waits. In an archive member of its own: an appliance that shows
 * nothing has none of this.
 */
#include <string.h>

#include "host_internal.h"

static const char build_text[] = "build\0" TERN_INFO("info", "What is running");

static const char core_text[] = "host\0"
    TERN_GAUGE("uptime_seconds", "Seconds since the start")
    TERN_GAUGE("blocks", "")
    TERN_GAUGE("blocks_free", "")
    TERN_GAUGE("blocks_free_least", "The fewest blocks that were ever free")
    TERN_COUNTER("blocks_wanting", "Blocks wanted when none was free")
    TERN_COUNTER("log_lines_lost", "Log lines of more than 200 a second");

bool tern_host_core_metrics(struct tern_host_core *core, size_t i, const char *backend,
                            struct tern_metrics *set)
{
    const struct tern_host *host = &core->host;

    set->values = set->own;
    set->labels[0].name = NULL;
    if (i == 0) {
        set->text = build_text;
        set->own[0] = 1;
        set->labels[0] = (struct tern_metric_label){ "version", TERN_VERSION };
        set->labels[1] = (struct tern_metric_label){ "backend", backend };
        set->labels[2] = (struct tern_metric_label){ "network", host->name };
        set->labels[3] = (struct tern_metric_label){
            "appliance", core->options != NULL ? core->options->appliance->name : "" };
        return true;
    }
    const uint64_t now[] = {
        (host->turn->now_ns - core->start_ns) / TERN_SECOND_NS, host->blocks->n_blocks,
        host->blocks->n_free, host->blocks->n_low, host->blocks->n_empty, core->n_log_lost_ever,
    };
    memcpy(set->own, now, sizeof now);
    set->text = core_text;
    return i == 1;
}
