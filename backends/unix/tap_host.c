/* SPDX-License-Identifier: ISC */
/*
 * The host over libnet on a TAP device, for link=tap:NAME.
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
    enum tern_err err = tern_carver_add(carver, POOL_TAP, sizeof(struct tern_tap), 16, 1);
    return err == TERN_OK ? tern_net_host_plan(carver, settings) : err;
}

/* One line for people; returns err. */
static enum tern_err complain(const struct tern_host_options *options, const char *device,
                              enum tern_err err)
{
    const char *name = options->appliance->name;

    if (err == TERN_UNREACHABLE)
        fprintf(stderr, "%s: option link: there is no device %s (ip tuntap add %s mode tap)\n",
                name, device, device);
    else if (err == TERN_REFUSED)
        fprintf(stderr, "%s: option link: %s is in use, or not ours to open\n", name, device);
    else if (err == TERN_UNSUPPORTED)
        fprintf(stderr, "%s: option link: %s is no TAP device with IFF_VNET_HDR\n", name, device);
    else if (err == TERN_INVALID)
        fprintf(stderr, "%s: option link: '%s' is no name of a device: 1 to 15 octets\n", name,
                device);
    else
        fprintf(stderr, "%s: option link: %s: %s\n", name, device, tern_err_text(err));
    return err;
}

enum tern_err tern_tap_host_check(const struct tern_host_options *options)
{
    const char *name = options->host[TERN_KEY_LINK];

    if (strncmp(name, "tap:", 4) != 0) {
        fprintf(stderr, "%s: option link: '%s' is not tap:NAME\n", options->appliance->name, name);
        return TERN_INVALID;
    }
    size_t len = strlen(name + 4);
    return len == 0 || len >= IFNAMSIZ ? complain(options, name + 4, TERN_INVALID) : TERN_OK;
}

enum tern_err tern_tap_host_start(struct tern_unix_loop *loop,
                                  const struct tern_host_settings *settings,
                                  const struct tern_carver *carver,
                                  const struct tern_host_options *options, uint8_t *blocks_mem,
                                  size_t blocks_len, struct tern_host_core **core)
{
    const char *name = options->host[TERN_KEY_LINK];
    struct tern_net_host *host = NULL;
    uint8_t seed[TERN_SEED_LEN];
    size_t one;
    struct tern_tap *tap = tern_carver_get(carver, POOL_TAP, sizeof *tap, &one);

    enum tern_err err = tern_unix_seed(seed);
    if (err == TERN_OK)
        err = tern_tap_open(tap, loop, name + 4, NULL);
    if (err != TERN_OK)
        return complain(options, name + 4, err);
    struct tern_net_host_config config = {
        .turn = &loop->turn, .link = &tap->link, .settings = settings, .carver = carver,
        .options = options, .checksum = tern_unix_checksum(), .seed = seed,
        .blocks_mem = blocks_mem, .blocks_len = blocks_len,
    };
    err = tern_net_host_start(&host, &config);
    explicit_bzero(seed, sizeof seed);
    if (err != TERN_OK) {
        fprintf(stderr, "%s: %s\n", options->appliance->name,
                host != NULL && host->error[0] != '\0' ? host->error : tern_err_text(err));
        tern_tap_close(tap);
        return err;
    }
    host->core.log_line = tern_unix_log_line;
    host->core.ended = tern_unix_ended;
    host->core.wall_offset = tern_unix_wall_offset;
    host->core.metrics = tern_tap_host_metrics;
    *core = &host->core;
    return TERN_OK;
}
