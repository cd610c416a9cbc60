/* SPDX-License-Identifier: ISC */
/*
 * A guest's command line comes from its hypervisor: any octets at all.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/host/host_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct tern_option own[] = {
    { .key = "listen", .value_name = "ADDR:PORT", .fallback = ":80" },
    { .key = NULL },
};
static const struct tern_appliance appliance = { .size = sizeof(struct tern_appliance),
                                                 .name = "fuzz", .options = own };

static void insist(bool what)
{
    if (!what)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tern_host_options options;
    struct tern_host_settings settings;
    char *line = malloc(len + 1);

    if (line == NULL)
        return 0;
    memcpy(line, data, len);
    line[len] = '\0';
    insist(tern_host_options_init(&options, &appliance, NULL) == TERN_OK);
    enum tern_err err = tern_host_options_line(&options, line);
    if (err == TERN_OK)
        err = tern_host_options_settle(&options, TERN_HOST_GUEST);
    if (err == TERN_OK)
        err = tern_host_options_settings(&options, &settings);
    insist((err == TERN_OK) == (options.error[0] == '\0'));
    insist(memchr(options.error, '\0', sizeof options.error) != NULL);
    if (err == TERN_OK) {
        insist(settings.connections >= 1 && settings.connections <= 10000000);
        insist(settings.mtu == 0 || settings.mtu >= 576);
        insist(settings.n_addresses <= TERN_HOST_ADDRESSES);
        for (size_t i = 0; i < settings.n_addresses; i++) {
            const struct tern_net_address *a = &settings.addresses[i];
            insist(a->prefix_len <= (tern_addr_is_v4(&a->addr) ? 32 : 128));
            insist(settings.has_ip[!tern_addr_is_v4(&a->addr)]);
            insist(tern_addr_is_any(&a->gateway) ||
                   tern_addr_is_v4(&a->gateway) == tern_addr_is_v4(&a->addr));
        }
        insist((settings.mac[0] & 1) == 0);
        insist(tern_host_options_get(&options, "listen") != NULL);
    }
    free(line);
    return 0;
}
