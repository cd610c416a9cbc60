/* SPDX-License-Identifier: ISC */
/*
 * The host over libnet on TAP devices, for link=tap:NAME, link1=tap:NAME...
 */
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "seal.h"
#include "unix_internal.h"

#define POOL_TAP "tap.link"

/* Frames are read and written: the system calls of every host. */
const struct tern_seal_call tern_tap_host_calls[] = { { 0, TERN_SEAL_END } };

enum tern_err tern_tap_host_plan(struct tern_carver *carver,
                                 const struct tern_host_settings *settings)
{
    size_t n = settings->links != NULL ? settings->links->n : 1;
    enum tern_err err = tern_carver_add(carver, POOL_TAP, sizeof(struct tern_tap), 16, n);
    return err == TERN_OK ? tern_net_host_plan(carver, settings) : err;
}

static const char *link_of(const struct tern_host_options *options, size_t k)
{
    return k == 0 ? options->host[TERN_KEY_LINK] : options->links->given[k][TERN_KEY_LINK];
}

const char *tern_tap_host_device(const struct tern_host_options *options, size_t k)
{
    const char *link = link_of(options, k);
    return link != NULL && strncmp(link, "tap:", 4) == 0 ? link + 4 : NULL;
}

/* One line for people; returns err. */
static enum tern_err complain(const struct tern_host_options *options, size_t k,
                              enum tern_err err)
{
    const char *device = tern_tap_host_device(options, k);
    char line[200];

    if (err == TERN_UNREACHABLE)
        snprintf(line, sizeof line,
                 "option link: there is no device %s (ip tuntap add %s mode tap)", device, device);
    else if (err == TERN_REFUSED)
        snprintf(line, sizeof line, "option link: %s is in use, or not ours to open", device);
    else if (err == TERN_UNSUPPORTED)
        snprintf(line, sizeof line, "option link: %s is no TAP device with IFF_VNET_HDR", device);
    else if (err == TERN_INVALID && device != NULL)
        snprintf(line, sizeof line, "option link: '%s' is no name of a device: 1 to 15 octets",
                 device);
    else if (err == TERN_INVALID)
        snprintf(line, sizeof line, "option link: '%s' is not tap:NAME", link_of(options, k));
    else
        snprintf(line, sizeof line, "option link: %s: %s", device, tern_err_text(err));
    tern_host_links_number(line, sizeof line, k);
    fprintf(stderr, "%s: %s\n", options->appliance->name, line);
    return err;
}

enum tern_err tern_tap_host_check(const struct tern_host_options *options)
{
    for (size_t k = 0; k < TERN_NET_LINKS; k++) {
        const char *name = tern_tap_host_device(options, k);
        size_t len = name != NULL ? strlen(name) : 0;
        if (link_of(options, k) != NULL && (len == 0 || len >= IFNAMSIZ))
            return complain(options, k, TERN_INVALID);
    }
    return TERN_OK;
}

static void taps_close(struct tern_tap *taps, size_t n)
{
    while (n-- > 0)
        tern_tap_close(&taps[n]);
}

static void core_prepare(struct tern_host_core *core)
{
    core->log_line = tern_unix_log_line;
    core->ended = tern_unix_ended;
    core->wall_offset = tern_unix_wall_offset;
    core->metrics = tern_tap_host_metrics;
}

enum tern_err tern_tap_host_start(struct tern_unix_loop *loop,
                                  const struct tern_host_settings *settings,
                                  const struct tern_carver *carver,
                                  const struct tern_host_options *options, uint8_t *blocks_mem,
                                  size_t blocks_len, struct tern_host_core **core)
{
    struct tern_net_host *host = NULL;
    uint8_t seed[TERN_SEED_LEN];
    size_t n = 0, opened = 0;
    struct tern_tap *taps = tern_carver_get(carver, POOL_TAP, sizeof *taps, &n);

    enum tern_err err = tern_unix_seed(seed);
    for (; opened < n && err == TERN_OK; opened++) {
        err = tern_tap_open(&taps[opened], loop, tern_tap_host_device(options, opened), NULL);
        options->links->link[opened] = &taps[opened].link;
    }
    if (err != TERN_OK) {
        opened -= opened > 0;
        taps_close(taps, opened);
        return complain(options, opened, err);
    }
    struct tern_net_host_config config = {
        .turn = &loop->turn, .link = &taps[0].link, .settings = settings, .carver = carver,
        .options = options, .checksum = tern_unix_checksum(), .seed = seed,
        .blocks_mem = blocks_mem, .blocks_len = blocks_len, .prepare = core_prepare,
    };
    err = tern_net_host_start(&host, &config);
    explicit_bzero(seed, sizeof seed);
    if (err != TERN_OK) {
        fprintf(stderr, "%s: %s\n", options->appliance->name,
                host != NULL && host->error[0] != '\0' ? host->error : tern_err_text(err));
        taps_close(taps, n);
        return err;
    }
    *core = &host->core;
    return TERN_OK;
}
